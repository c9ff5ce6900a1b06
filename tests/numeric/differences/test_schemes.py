"""Difference formulas: SymPy's weights and polynomials, both exact, are the oracles."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from sympy.calculus.finite_diff import finite_diff_weights

from chainrule.errors import ArgumentError
from chainrule.numeric.differences.schemes import SCHEMES, difference_weights, finer, formula

FORMULAS = [
    (name, derivative, accuracy)
    for name in SCHEMES
    for derivative in (1, 2, 3, 4, 7)
    for accuracy in range(1, 9)
    if name != "central" or accuracy % 2 == 0
]


@pytest.mark.parametrize(("name", "derivative", "accuracy"), FORMULAS)
def test_a_formula_is_exact_for_polynomials_and_has_its_order(name, derivative, accuracy):
    rule = formula(name, derivative, accuracy)

    def of_power(k):
        total = sum(w * Fraction(o) ** k for o, w in zip(rule.offsets, rule.weights, strict=True))
        return Fraction(total, rule.divisor)

    for k in range(derivative + accuracy):
        assert of_power(k) == (math.factorial(derivative) if k == derivative else 0)
    assert of_power(derivative + accuracy) != 0
    assert 0 not in rule.weights
    sides = {"forward": lambda o: o >= 0, "backward": lambda o: o <= 0, "central": lambda o: -o in rule.offsets}
    assert all(map(sides[name], rule.offsets))


@pytest.mark.parametrize("offsets", [(-1, 0, 1), (0, 1, 2, 5), (-3, -1, 2, 4, 7)])
@pytest.mark.parametrize("derivative", [0, 1, 2])
def test_weights_are_those_of_sympy(offsets, derivative):
    expected = finite_diff_weights(derivative, [sympy.Integer(k) for k in offsets], 0)[derivative][-1]
    assert difference_weights(offsets, derivative) == [Fraction(int(w.p), int(w.q)) for w in expected]


@pytest.mark.parametrize("name", SCHEMES)
def test_the_default_is_the_textbook(name):
    assert formula(name) == SCHEMES[name]


@pytest.mark.parametrize("name", SCHEMES)
@pytest.mark.parametrize("derivative", [1, 2, 3])
def test_the_finer_formula_uses_the_same_points(name, derivative):
    rule = formula(name, derivative, 4)
    assert set(rule.offsets) - {0} <= set(finer(rule).offsets)
    assert finer(rule).order > rule.order


def test_amplification_is_the_spread_of_the_result():
    random = np.random.default_rng(0)
    rule = formula("central", 2, 4)
    values = random.normal(size=(100_000, len(rule.offsets)))
    assert np.std(values @ rule.weights / rule.divisor) == pytest.approx(rule.amplification, rel=0.02)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("central", 1, 3), "accuracy = 3 does not exist for central.*take 4, or scheme='forward'"),
        (("forward", 1, 0), "accuracy must be an integer from 1 to 8"),
        (("forward", 1, 9), "accuracy must be an integer from 1 to 8"),
        (("forward", 1, True), "accuracy must be"),
        (("forward", 1, 2.0), "accuracy must be"),
        (("central", 0, 2), "order must be an integer from 1 to 12"),
        (("central", 13, 2), "order must be"),
        (("central", True, 2), "order must be"),
    ],
)
def test_what_does_not_exist(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        formula(*arguments)
