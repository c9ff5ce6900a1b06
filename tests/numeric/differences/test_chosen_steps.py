"""Steps that the function chooses: scales from 1e-12 to 1e12, noise, coarse dtypes, kinks; mpmath is the oracle."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from chainrule.errors import NonFiniteError
from chainrule.numeric import SCHEMES, derivative, gradient, jacobian

mpmath.mp.dps = 40

# Name, f with NumPy, f with mpmath, the point, and the relative error granted to central differences.
SCALES = [
    ("log tiny", np.log, mpmath.log, 1e-12, 1e-11),
    ("log huge", np.log, mpmath.log, 1e12, 1e-11),
    ("sqrt tiny", np.sqrt, mpmath.sqrt, 1e-12, 1e-11),
    ("square tiny", np.square, lambda x: x**2, 1e-12, 1e-11),
    ("reciprocal tiny", np.reciprocal, lambda x: 1 / x, 1e-12, 1e-11),
    ("exp beside zero", np.exp, mpmath.exp, 1e-12, 1e-11),
    ("fast wave", lambda x: np.sin(1e12 * x), lambda x: mpmath.sin(mpmath.mpf(1e12) * x), 1e-12, 1e-11),
    ("fast wave at zero", lambda x: np.sin(1e12 * x), lambda x: mpmath.sin(mpmath.mpf(1e12) * x), 0.0, 1e-11),
    ("wave far out", np.sin, mpmath.sin, 1e12, 1e-11),
    ("slow exponential", lambda x: np.exp(x / 1e12), lambda x: mpmath.exp(x / mpmath.mpf(1e12)), 1e12, 1e-11),
    ("beside a pole", np.tan, mpmath.tan, math.pi / 2 - 1e-6, 1e-11),
    ("high power", lambda x: x**100, lambda x: x**100, 2.0, 1e-11),
    ("nearly flat", lambda x: np.exp(-1 / x**2), lambda x: mpmath.exp(-1 / x**2), 0.05, 1e-10),
    ("an offset", lambda x: 1e6 + np.sin(x), lambda x: 10**6 + mpmath.sin(x), 1.0, 1e-7),
    ("kink nearby", np.abs, abs, 1e-9, 1e-10),
]
CASES = [pytest.param(*case[1:], id=case[0]) for case in SCALES]


def exact(reference, x):
    """A difference again, but in 120 digits, with a step whose truncation is far below those of float64."""
    with mpmath.workdps(120):
        h = mpmath.mpf(10) ** -50
        x = mpmath.mpf(x)
        return float((reference(x + h) - reference(x - h)) / (2 * h))


@pytest.mark.parametrize(("f", "reference", "x", "granted"), CASES)
def test_central_differences_at_any_scale(f, reference, x, granted):
    assert derivative(f, x) == pytest.approx(exact(reference, x), rel=granted)


@pytest.mark.parametrize("scheme", ["forward", "backward"])
@pytest.mark.parametrize(("f", "reference", "x", "granted"), CASES)
def test_one_sided_differences_at_any_scale(f, reference, x, granted, scheme):
    assert derivative(f, x, scheme=scheme) == pytest.approx(exact(reference, x), rel=max(1e-7, 100 * granted))


def test_each_component_has_its_own_step():
    x = np.array([1e-12, 1.0, 1e12])
    assert gradient(lambda p: np.sum(np.log(p)), x) == pytest.approx(1 / x, rel=1e-10)
    assert derivative(np.log, x) == pytest.approx(1 / x, rel=1e-11)
    assert np.diag(jacobian(np.log, x)) == pytest.approx(1 / x, rel=1e-11)


def test_outputs_of_different_scale_do_not_disturb_each_other():
    x = np.array([18.060242, 0.0])
    assert jacobian(np.sin, x) == pytest.approx(np.diag(np.cos(x)), abs=1e-12)


@pytest.mark.parametrize("order", range(1, 7))
def test_any_order_of_derivative(order):
    x = np.array([1e12, 0.7, -2.0])
    shifted = [float(mpmath.sin(mpmath.mpf(float(v)) + order * mpmath.pi / 2)) for v in x]
    granted = {1: 1e-11, 2: 1e-8, 3: 1e-7, 4: 1e-6, 5: 1e-5, 6: 1e-4}[order]
    assert derivative(np.sin, x, order=order) == pytest.approx(shifted, abs=granted)


@pytest.mark.parametrize("accuracy", [2, 4, 6, 8])
def test_more_accurate_formulas_gain_digits(accuracy):
    granted = {2: 1e-9, 4: 1e-12, 6: 1e-13, 8: 1e-13}[accuracy]
    assert derivative(np.exp, 1.0, accuracy=accuracy) == pytest.approx(math.e, rel=granted)


class TestNoise:
    @pytest.mark.parametrize("scheme", SCHEMES)
    @pytest.mark.parametrize(("noise", "granted"), [(1e-9, 1e-4), (1e-6, 1e-2)])
    def test_random(self, scheme, noise, granted):
        random = np.random.default_rng(3)
        for x in (-1.0, 0.3, 2.0):
            found = derivative(lambda x: np.sin(x) + noise * random.standard_normal(np.shape(x)), x, scheme=scheme)
            assert found == pytest.approx(math.cos(x), abs=granted)

    def test_rounded_to_six_places(self):
        assert derivative(lambda x: np.round(np.exp(x), 6), 1.0) == pytest.approx(math.e, rel=1e-4)

    def test_float32_inside(self):
        assert derivative(lambda x: float(np.exp(np.float32(x))), 1.0) == pytest.approx(math.e, rel=1e-4)

    def test_ripple(self):
        found = derivative(lambda x: np.sin(x) + 1e-6 * np.sin(1e9 * x), 1.0)
        assert found == pytest.approx(math.cos(1), rel=1e-2)

    def test_cancellation(self):
        found = derivative(lambda x: (1e6 + np.sin(x)) - 1e6, 1.0)
        assert found == pytest.approx(math.cos(1), abs=1e-6)


class TestDtypes:
    @pytest.mark.parametrize(("dtype", "granted"), [(np.float16, 2e-2), (np.float32, 2e-5), (np.longdouble, 1e-13)])
    def test_the_result_has_the_dtype_and_its_digits(self, dtype, granted):
        x = np.array([0.5, 1.0, 2.0], dtype)
        for found in (derivative(np.exp, x), gradient(lambda p: np.sum(np.exp(p)), x)):
            assert found.dtype == dtype
            assert found.astype(float) == pytest.approx(np.exp([0.5, 1, 2]), rel=granted)

    def test_functions_that_are_not_numpy(self):
        assert derivative(math.erf, 0.5) == pytest.approx(2 / math.sqrt(math.pi) * math.exp(-0.25), rel=1e-12)
        assert gradient(lambda p: math.fsum(float(v) ** 2 for v in p), [1, 2]) == pytest.approx([2, 4], rel=1e-11)
        assert gradient(lambda p: np.array(float(p[0]) * 3), [1.0, 2.0]) == pytest.approx([3, 0], rel=1e-11)


def test_constants_and_symmetric_points_are_flat():
    assert derivative(lambda x: 0 * x + 3, 1.0) == 0
    assert derivative(np.cos, 0.0) == pytest.approx(0, abs=1e-12)
    assert gradient(lambda p: p[0] ** 2, [1.0, 5.0])[1] == 0


def test_an_edge_of_the_domain_is_named():
    with pytest.raises(NonFiniteError, match=r"sqrt is nan at .* below x = 0: no step is small enough; .*'forward'"):
        derivative(np.sqrt, 0.0)
    assert derivative(lambda x: x * np.sqrt(x), 0.0, scheme="forward") == pytest.approx(0, abs=1e-6)
