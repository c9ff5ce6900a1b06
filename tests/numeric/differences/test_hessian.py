"""Hessians and directional derivatives: SymPy is the oracle."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import sympy
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric import directional, gradient, hessian

a, b, c = sympy.symbols("a b c")

# Expressions of a, b, c with a point, also of very different scales.
CASES = [
    (sympy.exp(a) * sympy.sin(b) + c**3 * a, (0.5, -1.2, 2.0)),
    ((1 - a) ** 2 + 100 * (b - a**2) ** 2 + c, (-1.2, 1.0, 0.0)),
    (sympy.log(a) * b / c, (0.1, 2.0, -3.0)),
    (sympy.exp(a * 10**6) * sympy.sin(b / 10**6) + c**2, (1e-6, 1e6, 1.0)),
]


def exact(expression, point):
    substitution = dict(zip((a, b, c), (sympy.Float(p, 30) for p in point), strict=True))
    return np.array(sympy.hessian(expression, (a, b, c)).subs(substitution).evalf(30), float)


def function(expression):
    numeric = sympy.lambdify((a, b, c), expression, "numpy")
    return lambda p: numeric(p[0], p[1], p[2])


@pytest.mark.parametrize(("expression", "point"), CASES)
class TestAgainstSymPy:
    def test_from_values(self, expression, point):
        found, expected = hessian(function(expression), point), exact(expression, point)
        assert np.array_equal(found, found.T)
        # Mixed derivatives come from two others along the axes, so these set the scale of the error.
        size = np.sqrt(np.abs(np.outer(np.diag(expected), np.diag(expected)))) + np.abs(expected)
        assert np.all(np.abs(found - expected) <= 1e-7 * size + 1e-11 * np.abs(expected).max())

    @pytest.mark.parametrize("scheme", ["central", "forward", "complex"])
    def test_from_the_gradient(self, expression, point, scheme):
        parts = sympy.lambdify((a, b, c), [sympy.diff(expression, v) + 0 * a for v in (a, b, c)], "numpy")
        found = hessian(
            function(expression), point, scheme=scheme, gradient=lambda p: np.array(parts(p[0], p[1], p[2]))
        )
        assert np.array_equal(found, found.T)
        expected = exact(expression, point)
        assert np.all(np.abs(found - expected) <= 1e-6 * np.abs(expected) + 1e-9 * np.abs(expected).max())

    def test_along_a_direction(self, expression, point):
        f, v = function(expression), np.array([1e-3, 2e-3, -1e-3]) * np.maximum(np.abs(point), 1e-6)
        assert directional(f, point, v) == pytest.approx(np.dot(gradient(f, point), v), rel=1e-8)
        assert directional(f, point, v, order=2) == pytest.approx(v @ exact(expression, point) @ v, rel=1e-5)


@settings(deadline=None, max_examples=40)
@given(
    matrix=hnp.arrays(np.float64, (3, 3), elements=st.floats(-10, 10, allow_subnormal=False)),
    x=hnp.arrays(np.float64, 3, elements=st.floats(-10, 10, allow_subnormal=False)),
)
def test_of_a_quadratic_form(matrix, x):
    found = hessian(lambda p: p @ matrix @ p / 2, x)
    assert np.allclose(found, (matrix + matrix.T) / 2, rtol=0, atol=1e-5 * (1 + np.abs(matrix).max()))


def test_shapes_and_dtypes():
    x = np.arange(6.0).reshape(2, 3)
    found = hessian(lambda p: np.sum(p**2), x)
    assert found.shape == (2, 3, 2, 3)
    assert found.reshape(6, 6) == pytest.approx(2 * np.eye(6), abs=1e-7)
    assert hessian(lambda p: np.sum(p**2), x.astype(np.float32)).dtype == np.float32
    assert hessian(np.square, 3) == pytest.approx(2, rel=1e-9)
    assert hessian(np.sum, np.zeros((0,))).shape == (0, 0)
    assert hessian(np.sum, np.zeros((0,)), gradient=lambda p: p).shape == (0, 0)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_evaluations(size):
    calls = []

    def f(p):
        calls.append(1)
        return np.sum(p) ** 3

    hessian(f, np.ones(size), h=1e-4, vectorized=False)
    assert len(calls) == size**2 + size + 1


def test_a_fixed_step():
    found = hessian(lambda p: math.exp(p[0]) * p[1] ** 2, [0.0, 3.0], h=1e-3)
    assert found == pytest.approx(np.array([[9, 6], [6, 2]]), abs=1e-4)


def test_misuse():
    with pytest.raises(NotScalarError, match="a Hessian needs a scalar"):
        hessian(np.sin, [1.0, 2.0])
    with pytest.raises(ShapeError, match=r"the gradient has shape \(\), but x has shape \(2,\)"):
        hessian(np.sum, [1.0, 2.0], gradient=np.sum)
    with pytest.raises(ArgumentError, match="h must be"):
        hessian(np.sum, [1.0, 2.0], h=0)
    with pytest.raises(NonFiniteError, match="is nan"):
        hessian(lambda p: np.sqrt(p[0] - 1), [1.0, 2.0])
    with pytest.raises(ShapeError, match=r"v has shape \(1,\), but x has shape \(2,\)"):
        directional(np.sum, [1.0, 2.0], [1.0])
    with pytest.raises(NonFiniteError, match=r"v\[0\] is nan"):
        directional(np.sum, [1.0, 2.0], [math.nan, 1.0])
    with pytest.raises(NonFiniteError, match="along the direction"):
        directional(lambda p: np.sqrt(p[0]), [0.0, 2.0], [1.0, 1.0], h=1e-3)
    assert directional(np.sum, [1.0, 2.0], [0, 0]) == 0
    assert isinstance(directional(np.sum, np.float32([1, 2]), [1, 1]), np.float32)


OPERATORS = [
    pytest.param(hessian, id="hessian"),
    pytest.param(lambda f, x: directional(f, x, np.ones_like(x)), id="directional"),
    pytest.param(lambda f, x: gradient(f, x, scheme="complex"), id="complex"),
    pytest.param(lambda f, x: gradient(f, x, accuracy=8), id="accurate"),
]


@pytest.mark.parametrize("operator", OPERATORS)
class TestHostileFunctions:
    x = np.array([1.0, 3.0])

    def test_writing_into_the_argument(self, operator):
        def scale(p):
            p[1] *= 2
            return np.sum(p)

        with pytest.raises(ArgumentError, match=r"writes into its argument \(x\[1\] was 3.0 and is 6.0"):
            operator(scale, self.x)

    @pytest.mark.parametrize("result", [None, "1.0", True, [1.0], {"loss": 1.0}])
    def test_results_that_are_no_numbers(self, operator, result):
        with pytest.raises(ArgumentError, match=r"the result of|returned a list"):
            operator(lambda p: result, self.x)

    def test_what_f_raises_passes_through_unchanged(self, operator):
        error = KeyError("mine")

        def f(p):
            raise error

        with pytest.raises(KeyError) as caught:
            operator(f, self.x)
        assert caught.value is error

    def test_raising_beside_the_point_only(self, operator):
        def f(p):
            if np.any(p != self.x):
                raise RuntimeError("elsewhere")
            return np.sum(p)

        with pytest.raises(RuntimeError, match="elsewhere"):
            operator(f, self.x)

    def test_nan_beside_the_point(self, operator):
        with pytest.raises((NonFiniteError, ArgumentError), match=r"nan|undefined beside x|not finite"):
            operator(lambda p: np.sum(p) if np.array_equal(p, self.x) else math.nan * p[0], self.x)

    def test_integers_are_promoted(self, operator):
        found = operator(lambda p: np.sum(p**3), np.array([1, 2]))
        assert found.dtype == np.float64
        assert np.all(np.isfinite(found))


# Functions of two components with mpmath as the oracle: at any ratio of the two, both terms of the mixed derivative
# that the axes have alone can be far larger than it.
MIXED = [
    pytest.param(lambda x, y: x**2 + x * y + y**2, id="quadratic form"),
    pytest.param(lambda x, y: x * y, id="product"),
    pytest.param(lambda x, y: x / y, id="quotient"),
    pytest.param(lambda x, y: x**3 + 2 * y**2, id="sum"),
    pytest.param(lambda x, y: (x * y) ** 2 + x, id="square"),
]


@pytest.mark.parametrize("f", MIXED)
@settings(deadline=None, max_examples=40)
@given(exponents=st.tuples(st.floats(-8, 8), st.floats(-8, 8)))
def test_mixed_derivatives_at_any_ratio_of_scales(f, exponents):
    x, y = (10.0**e for e in exponents)
    found = hessian(lambda p: f(p[0], p[1]), [x, y])
    with mpmath.workdps(120):
        place = (mpmath.mpf(x), mpmath.mpf(y))
        orders = [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]
        exact = np.array([[float(mpmath.diff(f, place, n, h=min(place) / 10**30)) for n in row] for row in orders])
        wide = max(x, 1.0), max(y, 1.0)
        value = max(abs(float(f(*place))), abs(f(*wide)))
    # What the rounding of f leaves over steps of the scale of x.
    size = np.abs(exact[0, 1]) + np.sqrt(np.abs(exact[0, 0] * exact[1, 1]))
    rounding = 1e-12 * value / (wide[0] * wide[1])
    assert abs(found[0, 1] - exact[0, 1]) <= 1e-6 * size + rounding
