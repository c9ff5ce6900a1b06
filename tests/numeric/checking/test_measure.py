"""One measured slope: its error bar holds, and what has no derivative is named."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from chainrule.errors import NonFiniteError
from chainrule.numeric import check
from chainrule.numeric.checking.measure import Line, measure
from chainrule.numeric.status import Status

EPS = float(np.finfo(float).eps)


def line(f, x, noise=None):
    centre = f(x)
    grid = np.spacing(max(abs(x), 1.0)) * 8

    def at(t):
        value = f(x + t)
        if not math.isfinite(value):
            raise NonFiniteError(f"f is {value}")
        return value

    return Line(
        at,
        centre,
        EPS * abs(centre) / 3 if noise is None else noise,
        EPS,
        max(abs(x), 1.0),
        lambda step: max(round(step / grid), 1) * grid,
    )


@pytest.mark.parametrize("x", [-3.0, -0.5, 1e-3, 0.7, 2.0, 20.0])
@pytest.mark.parametrize("name", ["sin", "exp", "atan", "sinh", "erf", "cos"])
def test_the_error_bar_holds_and_is_small(name, x):
    slope = measure(line(getattr(math, name), x))
    with mpmath.workdps(40):
        exact = float(mpmath.diff(getattr(mpmath, name), mpmath.mpf(x)))
    assert slope.status is Status.CONVERGED
    assert abs(slope.value - exact) <= slope.error
    assert slope.error < 1e-9 * (abs(exact) + abs(getattr(math, name)(x)) + 1e-3)


@pytest.mark.parametrize(("f", "left", "right"), [(abs, -1, 1), (lambda x: max(x, 0.0) * 3 + x * x, 0, 3)])
def test_a_kink_has_two_slopes(f, left, right):
    slope = measure(line(f, 0.0, noise=1e-17))
    assert slope.status is Status.KINK
    assert (slope.left, slope.right) == pytest.approx((left, right), abs=1e-7)
    assert slope.value - slope.error <= left + 1e-7
    assert slope.value + slope.error >= right - 1e-7


def test_a_kink_beside_the_point_is_none():
    slope = measure(line(lambda x: abs(x - 1e-5), 0.0, noise=1e-20))
    assert slope.status is Status.CONVERGED
    assert slope.value == pytest.approx(-1)


def test_a_jump_leaves_the_slope_of_one_side():
    slope = measure(line(lambda x: 2 * x + (x < 0), 0.0, noise=1e-17))
    assert slope.status is Status.JUMP
    assert math.isnan(slope.left)
    assert slope.value == slope.right == pytest.approx(2)
    both = measure(line(lambda x: float(x != 0) + (x < 0), 0.0, noise=1e-17))
    assert both.status is Status.JUMP
    assert math.isnan(both.value)


@pytest.mark.parametrize("f", [lambda x: math.sqrt(abs(x)), lambda x: math.copysign(abs(x) ** (1 / 3), x)])
def test_a_vertical_tangent_has_no_value(f):
    slope = measure(line(f, 0.0, noise=1e-18))
    assert slope.status is Status.UNBOUNDED
    assert math.isnan(slope.value)


def test_noise_makes_the_step_wider_and_the_bar_honest():
    random = np.random.default_rng(0)
    slope = measure(line(lambda x: math.sin(x) + 1e-6 * random.normal(), 1.0, noise=1e-6))
    assert abs(slope.value - math.cos(1.0)) < slope.error < 1e-3


class TestInAReport:
    def test_a_kink_is_named_with_both_slopes_and_the_step(self):
        def loss(w):
            hidden = np.maximum(w, 0)
            return np.sum(hidden * np.array([1.0, 3.0]))

        result = check(loss, lambda w: np.array([1.0, 0.0]), np.array([1.0, 0.0]))
        assert result
        (kink,) = result.kinks
        assert kink.label == "w[1]"
        assert (kink.left, kink.right) == pytest.approx((0, 3), abs=1e-9)
        assert "kink at w[1]: slope " in str(result)
        (note,) = result.notes
        assert "step hidden (maximum), test_measure.py, line" in note

    def test_a_jump_is_told(self):
        result = check(lambda x: np.floor(x) + x, lambda x: 1.0, 2.0)
        assert result
        assert "f jumps at x, on its left" in str(result)
        assert not check(lambda x: np.floor(x) + x, lambda x: 1.5, 2.0)

    def test_no_derivative_fails_whatever_is_claimed(self):
        for claim in (0.0, 1.0, math.inf, 1e9):
            result = check(np.cbrt, claim, 0.0)
            assert not result
            assert "grows without limit" in str(result)

    def test_noise_is_told(self):
        values = np.random.default_rng(1).normal(size=10_000)
        f = lambda x: float(np.sin(x) + 1e-6 * values[int(abs(x) * 1e13) % 10_000])
        result = check(f, math.cos, 1.0)
        assert result, str(result)
        assert "noisy" in str(result)
        assert result.resolution < 1e-2
        assert not check(f, lambda x: -math.cos(x), 1.0)


@pytest.mark.parametrize("seed", range(3))
def test_a_step_over_whole_periods_is_not_believed(seed):
    """As by `estimate`: six values may lie on a straight line by accident, those nearby do not."""
    random = np.random.default_rng(seed)
    points = [(-1.9016352983759945, 1e6)] + [(2 * random.normal(), 10 ** random.uniform(3, 7)) for _ in range(100)]
    for x, omega in points:
        result = check(lambda x, k=omega: math.sin(k * x), lambda x, k=omega: k * math.cos(k * x), float(x))
        assert result, f"{omega}: {result}"


def test_most_is_held():
    calls = []

    def noisy(t):
        calls.append(t)
        return math.sin(1 + t) + 1e-3 * math.sin(1e15 * t)

    found = Line(noisy, math.sin(1.0), 1e-3, EPS, 1.0)
    for most in (6, 12, 24):
        calls.clear()
        measure(found, most=most)
        assert 6 <= len(calls) <= most


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("x", [1e-6, 1e-12, 1e-30])
@pytest.mark.parametrize("log", [np.log, math.log], ids=["nan", "raises"])
def test_the_step_stays_inside_the_domain_of_a_small_component(dtype, x, log):
    """Outside it NumPy's logarithm is NaN, and that of Python raises: both say undefined."""

    def loss(w):
        return sum(log(v) for v in w)

    point = np.array([x, 1], dtype)
    assert check(loss, lambda w: 1 / w, point)
    assert not check(loss, lambda w: 1.01 / w, point)


def test_what_f_raises_at_every_step_is_said():
    def loss(w):
        return math.sqrt(w[0])

    with pytest.raises(
        NonFiniteError, match=r"undefined beside w\[0\].*raised ValueError \(.*\) at .* below w\[0\] = 0"
    ):
        check(loss, lambda w: np.array([1.0]), np.array([0.0]))
