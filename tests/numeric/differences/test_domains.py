"""Beside an edge of the domain: NaN and what f raises mean the same, whatever the container; mpmath is the oracle."""

from __future__ import annotations

import math
import warnings

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.errors import NonFiniteError
from chainrule.numeric import derivative, directional, gradient, hessian, jacobian, partial, step_sweep

mpmath.mp.dps = 40

# Functions of `math`, which raise outside their domain, the same of mpmath, and x at a distance d inside the edge.
EDGES = [
    pytest.param(math.log, mpmath.log, lambda d: d, id="log"),
    pytest.param(math.sqrt, mpmath.sqrt, lambda d: d, id="sqrt"),
    pytest.param(lambda x: x**-1.5 if x > 0 else 1 / 0, lambda x: x ** mpmath.mpf(-1.5), lambda d: d, id="power"),
    pytest.param(lambda x: math.log(-x), lambda x: mpmath.log(-x), lambda d: -d, id="log of -x"),
    pytest.param(lambda x: math.sqrt(1 - x), lambda x: mpmath.sqrt(1 - x), lambda d: 1 - d, id="sqrt of 1 - x"),
    pytest.param(math.asin, mpmath.asin, lambda d: 1 - d, id="asin"),
    pytest.param(math.atanh, mpmath.atanh, lambda d: d - 1, id="atanh"),
]
edges = pytest.mark.parametrize(("f", "reference", "point"), EDGES)


@edges
@pytest.mark.parametrize("scheme", ["central", "forward", "backward"])
@settings(deadline=None, max_examples=25)
@given(exponent=st.floats(-9, -0.3))
def test_the_step_stays_inside_the_domain(f, reference, point, scheme, exponent):
    x = point(10.0**exponent)
    # Beside 1, x itself is a number to 1e-16 only, and its distance from the edge is what counts.
    granted = 1e-6 + 1e-13 / 10.0**exponent * (abs(x) > 0.4)
    assert derivative(f, x, scheme=scheme) == pytest.approx(float(mpmath.diff(reference, x)), rel=granted)


@edges
def test_every_operator_does_so(f, reference, point):
    x, slope = point(1e-6), float(mpmath.diff(reference, point(1e-6)))
    granted = {"rel": 1e-6}
    assert derivative(f, [x, point(0.3)])[0] == pytest.approx(slope, **granted)
    assert derivative(f, [x]) == pytest.approx([slope], **granted)
    assert gradient(lambda p: f(p[0]), [x]) == pytest.approx([slope], **granted)
    assert partial(lambda p: f(p[0]), 0, [x]) == pytest.approx(slope, **granted)
    assert jacobian(lambda p: np.array([f(p[0]), p[1]]), [x, 2.0])[0, 0] == pytest.approx(slope, **granted)
    assert directional(lambda p: f(p[0]) + p[1], [x, 0.0], [1.0, 1.0]) == pytest.approx(slope + 1, **granted)
    curvature = float(mpmath.diff(reference, x, 2))
    assert hessian(lambda p: f(p[0]), [x])[0, 0] == pytest.approx(curvature, rel=1e-3)


def test_an_array_that_raises_as_a_whole_is_undefined_where_one_element_is():
    def strict_log(x):
        if np.any(x <= 0):
            raise ValueError("not positive")
        return np.log(x)

    x = np.array([1e-9, 1.0, 1e-3])
    assert derivative(strict_log, x) == pytest.approx(1 / x, rel=1e-8)
    assert gradient(lambda p: np.sum(strict_log(p)), x) == pytest.approx(1 / x, rel=1e-8)
    batches = gradient(lambda p: np.sum(strict_log(p), axis=1), x, vectorized=True)
    assert batches == pytest.approx(1 / x, rel=1e-8)


@pytest.mark.parametrize("raised", [ValueError, ZeroDivisionError, OverflowError, FloatingPointError])
def test_what_says_undefined(raised):
    def f(x):
        if x < 0:
            raise raised("mine")
        return x * 2

    for scheme, way in (("central", "forward"), ("backward", "forward")):
        with pytest.raises(
            NonFiniteError, match=rf"raised {raised.__name__} \(mine\) at .* below x = 0.*'{way}'"
        ) as caught:
            derivative(f, 0.0, scheme=scheme)
        assert isinstance(caught.value.__cause__, raised)
    assert derivative(f, 0.0, scheme="forward") == pytest.approx(2, rel=1e-12)
    with pytest.raises(NonFiniteError, match=r"raised .* \(mine\) at 0.1 below x = 0.05: take a smaller h"):
        derivative(f, 0.05, h=0.1)


@pytest.mark.parametrize("raised", [KeyError, TypeError, RuntimeError])
def test_what_does_not_say_undefined_passes_through(raised):
    def f(p):
        if np.any(p < 1):
            raise raised("mine")
        return np.sum(p)

    for vectorized in (None, False):
        with pytest.raises(raised, match="mine"):
            gradient(f, [1.0, 2.0], vectorized=vectorized)


def test_what_f_raises_at_x_itself_is_the_users_with_a_note():
    for call in (
        lambda: derivative(math.log, 0.0),
        lambda: gradient(lambda p: math.log(p[0]), [0.0]),
        lambda: step_sweep(math.log, 0.0),
    ):
        with pytest.raises(ValueError, match="math domain error") as caught:
            call()
        assert "at x itself" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match="math domain error") as caught:
        derivative(math.log, [[0.0, 1.0]])
    assert caught.value.__notes__ == ["raised by log at x[0, 0], the point of differentiation"]
    with pytest.raises(ValueError, match="math domain error") as caught:
        derivative(math.log, [1.0, 0.0])
    assert "at x itself" in caught.value.__notes__[0]


@pytest.mark.parametrize("mode", ["raise", "warn"])
@pytest.mark.parametrize("x", [5e-324, 1e-300, 1e-8, 1.0, 1e8, 1e300, np.finfo(float).max / 2**40])
def test_arithmetic_of_our_own_raises_and_warns_of_nothing(x, mode):
    """Whatever the user asks NumPy to do with numerical errors holds for f, which has none here."""
    steady = lambda p: 3 * p[0] + p[1]
    for scheme in ("central", "forward", "complex"):
        with np.errstate(all=mode), warnings.catch_warnings():
            warnings.simplefilter("error")
            assert gradient(steady, [x, 1.0], scheme=scheme)[0] == pytest.approx(3, rel=1e-6)
            assert derivative(lambda p: 3 * p, [x, 1.0], scheme=scheme) == pytest.approx(3, rel=1e-6)
    with np.errstate(all=mode), warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(hessian(steady, [x, 1.0])).all()
        assert step_sweep(lambda t: 3 * t, x).reference == pytest.approx(3)


@pytest.mark.parametrize("x", [0.0, [1.0, 0.0]])
def test_a_function_that_is_infinite_at_x_itself(x):
    with pytest.raises(NonFiniteError, match=r"is -inf at x(\[1\])? = 0 itself: move x into the domain"):
        derivative(lambda t: np.log(np.abs(t)), x)
