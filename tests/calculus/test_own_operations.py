"""Operations of the user's own in derivations: named functions with the derivatives that their rules give."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import chainrule as cr

X = np.array([1.0, 2.0, 3.0])


@cr.primitive
def cubed(x: Any) -> Any:
    return x**3


@cr.define_vjp(cubed)
def _(g: Any, out: Any, x: Any) -> Any:
    return g * 3 * x**2


joined = cr.primitive(lambda x, y: x * y**2)
cr.define_jvp(joined, lambda tangents, out, x, y: tangents[0] * y**2 + 2 * x * y * tangents[1])
lgamma = cr.numeric_rule(math.lgamma)
running = cr.numeric_rule(lambda x: np.cumsum(x) ** 2)


def test_a_function_of_a_number_has_a_prime() -> None:
    derivation = cr.explain(lambda x: x * cubed(x), 2.0, order=2)
    text = derivation.to_text()
    assert "the rule given for cubed: (cubed(x))' = cubed'(x)" in text
    assert "(cubed'(x))' = cubed''(x)" in text
    assert "in floats, as cubed computes with floats only" in text
    assert [part.value for part in derivation.parts] == [32.0, 48.0]
    assert r"\operatorname{cubed}'" in derivation.to_latex()


def test_one_by_differences_inside_of_others_is_said_to_be_one() -> None:
    derivation = cr.explain(lambda x: np.exp(lgamma(lgamma(x) + x)), 3.0)
    text = derivation.to_text()
    assert "by differences: (lgamma(x))' = lgamma'(x)" in text
    want = cr.derivative(lambda x: np.exp(cr.special.gammaln(cr.special.gammaln(x) + x)))(3.0)
    assert derivation.parts[0].value == pytest.approx(want, rel=1e-7)


def test_a_function_of_several_numbers_without_a_name() -> None:
    text = cr.explain(lambda x, y: np.sin(joined(x, y)), 1.0, 2.0, wrt=["x", "y"]).to_text()
    assert "d/dx (g(x, y)) = D1 g(x, y)" in text
    assert "d/dy (g(x, y)) = D2 g(x, y)" in text
    both = cr.explain(lambda x: joined(x, x**2), 1.5)
    assert both.parts[0].value == pytest.approx(5 * 1.5**4)
    assert "D1 g(u, v) u' + D2 g(u, v) v'" in both.to_text()


def test_both_passes() -> None:
    text = cr.explain(lambda x: x * cubed(x), 2.0, method="graph").to_text()
    assert "d/dx (cubed(x)) = cubed'(x) = 12" in text
    assert "in floats, as cubed computes with floats only, and the sums over paths" in text


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(cubed(x)), lambda x: np.sum(x * running(x)), lambda x: x @ joined(x, x)]
)
def test_functions_of_arrays_are_linear_maps(f: Any) -> None:
    derivation = cr.explain(f, X)
    assert "in floats, as" in derivation.to_text()
    np.testing.assert_allclose(derivation.parts[0].value, cr.numeric.gradient(f, X), rtol=1e-6)


def test_what_cannot_be_derived_says_the_way_out() -> None:
    bare = cr.primitive(lambda x: x + 1)
    with pytest.raises(cr.DerivativeMissingError, match="neither its jvp nor its vjp was defined\n  define one with"):
        cr.explain(bare, 1.0)
    with pytest.raises(cr.ArgumentError, match='as cubed computes with floats only\n  method="rules"'):
        cr.explain(cubed, 1.0, method="limit")
    with pytest.raises(cr.DerivativeMissingError, match=r"not derived again\n  chainrule\.hessian"):
        cr.explain(lambda x: np.sum(cubed(x)), X, order=2)
    with pytest.raises(cr.ArgumentError, match="whose gradient is derived"):
        cr.explain(cubed, X)
    turned = cr.primitive(lambda x: x * 1j)
    cr.define_vjp(turned, lambda g, out, x: np.real(1j * g))
    with pytest.raises(cr.DerivativeMissingError, match="has no graph"):
        cr.explain(lambda x: np.real(turned(x) ** 2), 1.0)


def test_a_wrong_rule_is_not_shown() -> None:
    wrong = cr.primitive(lambda x: x**2)
    cr.define_vjp(wrong, lambda g, out, x: g * x)
    with pytest.raises(cr.DerivationError, match="the terms before and after differ by"):
        cr.explain(wrong, 1.5)
