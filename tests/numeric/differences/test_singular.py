"""Where there is no derivative no number is given; steepness and noise are no reason to refuse."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.errors import NonFiniteError
from chainrule.numeric import derivative, directional, gradient, hessian, jacobian, partial
from chainrule.numeric.differences import chosen


@pytest.mark.parametrize(
    ("f", "x", "message"),
    [
        (np.sign, 0.0, r"jumps from -1 to 1 at x = 0"),
        (np.sign, np.float16(0), r"jumps from -1 to 1 at x = 0"),
        (np.sign, np.array([1.0, 0.0]), r"jumps from -1 to 1 at x\[1\] = 0"),
        (lambda x: np.where(x > 1e9, x + 1e6, x), 1e9, r"jumps from 1e\+09 to 1.001e\+09 at x = 1e\+09"),
        (np.floor, 2.0, r"jumps from 1 to 2 at x = 2"),
    ],
)
def test_a_jump_is_named(f, x, message):
    with pytest.raises(NonFiniteError, match=message):
        derivative(f, x)


def test_a_jump_in_one_component_is_named():
    with pytest.raises(NonFiniteError, match=r"jumps from -2 to 2 at x\[0\] = 0"):
        gradient(lambda p: np.sign(p[0]) * p[1], [0.0, 2.0])


def test_what_is_no_jump_is_not_called_one():
    random = np.random.default_rng(0)
    assert derivative(np.abs, 0.0) == 0
    assert abs(derivative(lambda x: np.sin(x) + 1e-3 * random.normal(), 1.0) - np.cos(1)) < 0.2
    assert abs(derivative(lambda x: np.tanh(1e4 * x), 0.0) - 1e4) < 1e-3
    assert abs(derivative(lambda x: np.float32(np.sin(x)), 1.0) - np.cos(1)) < 1e-4


def test_a_function_of_one_number_is_called_for_each_element():
    points = np.array([0.5, 1.5, 3.0])
    np.testing.assert_allclose(derivative(math.exp, points), np.exp(points), rtol=1e-11)
    branching = derivative(lambda x: x**2 if x > 1 else x, points)
    np.testing.assert_allclose(branching, [1.0, 3.0, 6.0], rtol=1e-11)
    with pytest.raises(TypeError, match="must be real number"):
        derivative(lambda x: math.exp("x"), points)


# Functions that at 0 have fewer derivatives than that, and the lowest order of which there is none from either side.
ROUGH = {
    "abs": (np.abs, 2),
    "relu": (lambda x: np.maximum(x, 0), 2),
    "leaky relu": (lambda x: np.where(x > 0, x, 0.01 * x), 2),
    "kink in a curve": (lambda x: np.abs(x) + x**2 + 1, 2),
    "kink in the slope": (lambda x: x * np.abs(x), 3),
    "power": (lambda x: np.abs(x) ** 1.5, 2),
    "cusp": (lambda x: np.sqrt(np.abs(x)), 1),
    "vertical tangent": (np.cbrt, 1),
    "jump": (np.sign, 1),
    "jump in large values": (lambda x: 1e6 + np.sign(x), 1),
    "isolated value": (lambda x: np.where(x == 0, 1.0, 0.0), 1),
    "pole": (lambda x: 1 / x, 1),
    "logarithm": (lambda x: np.log(np.abs(x)), 1),
}


@pytest.mark.parametrize("order", range(1, 7))
@pytest.mark.parametrize(("f", "lowest"), ROUGH.values(), ids=ROUGH)
def test_a_derivative_that_does_not_exist_is_an_error(f, lowest, order):
    if order < lowest or (f is np.cbrt and order == 2):  # its second derivative is odd: infinite with either sign
        assert abs(derivative(f, 0.0, order=order)) < 1
    else:
        with pytest.raises(NonFiniteError, match="at x = 0"):
            derivative(f, 0.0, order=order)


@pytest.mark.parametrize(("f", "lowest"), ROUGH.values(), ids=ROUGH)
@settings(deadline=None, max_examples=10)
@given(scale=st.floats(-3, 3), place=st.sampled_from([0.0, 1.0, -3.0, 100.0]))
def test_wherever_it_is_and_however_large(f, lowest, scale, place):
    order = max(lowest, 1)
    with pytest.raises(NonFiniteError):
        derivative(lambda x: 10**scale * f(x - place), place, order=order)


def test_every_operator_says_so():
    for call in (
        lambda: hessian(lambda p: np.sum(np.abs(p)), [0.0, 1.0]),
        lambda: hessian(lambda p: np.sum(np.abs(p)), [0.0, 1.0], vectorized=False, gradient=np.sign),
        lambda: hessian(lambda p: np.sum(np.floor(p)), [0.5, 2.0]),
        lambda: hessian(lambda p: np.sign(p[0] * p[1]), [0.0, 0.0]),
        lambda: hessian(lambda p: np.abs(p[0] - p[1]), [1.0, 1.0]),
        lambda: partial(lambda p: np.abs(p), 1, [1.0, 0.0], order=2),
        lambda: directional(lambda p: np.abs(p[0] - p[1]), [1.0, 1.0], [1.0, 2.0], order=2),
        lambda: jacobian(np.cbrt, [1.0, 0.0]),
        lambda: gradient(lambda p: np.sum(np.sqrt(np.abs(p))), [1.0, 0.0]),
    ):
        with pytest.raises(NonFiniteError, match=r"no derivative|no such derivative"):
            call()


def test_a_given_step_gives_the_quotient_as_written():
    assert derivative(np.abs, 0.0, h=1e-3, order=2) == pytest.approx(2e3, rel=1e-12)
    assert derivative(np.sign, 0.0, h=1e-3) == pytest.approx(1e3, rel=1e-12)
    assert hessian(lambda p: np.sum(np.abs(p)), [0.0, 1.0], h=1e-3)[0, 0] == pytest.approx(2e3, rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(exponent=st.floats(0, 25), inside=st.floats(-2, 2), height=st.floats(-6, 6))
def test_a_step_however_steep_has_its_slope(exponent, inside, height):
    """tanh beside x = 0 passes for a jump, or for noise, on every scale above 10**-exponent."""
    k, a = 10.0**exponent, 10.0**height
    x = inside / k
    expected = float(a * k * mpmath.sech(mpmath.mpf(k) * mpmath.mpf(x)) ** 2)
    for scheme in ("central", "forward", "backward"):
        assert derivative(lambda x: a * np.tanh(k * x), x, scheme=scheme) == pytest.approx(expected, rel=1e-5)


@settings(deadline=None, max_examples=25)
@given(exponent=st.floats(0, 20), inside=st.floats(-2, 2))
def test_so_has_a_spike(exponent, inside):
    k = 10.0**exponent
    x = inside / k
    found = derivative(lambda x: np.exp(-((k * x) ** 2)), x)
    assert found == pytest.approx(-2 * k * inside * math.exp(-(inside**2)), rel=1e-6, abs=1e-6 * k)


def test_a_step_beside_x_is_not_at_x():
    assert derivative(np.sign, 1e-10) == 0
    assert derivative(lambda x: np.abs(x - 1e-9), 0.0) == pytest.approx(-1, rel=1e-6)
    assert gradient(lambda p: np.tanh(1e12 * p[0]) + np.sin(p[1]), [0.0, 1.0]) == pytest.approx(
        [1e12, math.cos(1)], rel=1e-8
    )


def test_derivatives_that_vanish_slowly_are_zero():
    for scheme in ("central", "forward", "backward"):
        assert derivative(lambda x: (x - 1) ** 4, 1.0, scheme=scheme) == pytest.approx(0, abs=1e-9)
        assert derivative(lambda x: np.abs(x) ** 1.5, 0.0, scheme=scheme) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("scheme", ["central", "forward", "backward"])
def test_formulas_that_agree_at_no_step_give_no_number(scheme, monkeypatch):
    """As random at any distance as at any other, until the rounds are over."""
    monkeypatch.setattr(chosen, "ROUNDS", 3)
    f = lambda x: np.where(x == 0, 0.0, x * (2 + np.sin(1e9 * np.log(np.abs(x) + 1e-300))))
    with pytest.raises(NonFiniteError, match="agree at no step at x = 0: it is rough there"):
        derivative(f, 0.0, scheme=scheme)
