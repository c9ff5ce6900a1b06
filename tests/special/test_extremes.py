"""Special functions and two derivatives far out, near poles and at high orders: mpmath's values."""

from __future__ import annotations

import time
import warnings
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import chainrule as cr

special = cr.special


def scaled(bessel: Any, v: float, x: float, times: int, sign: int) -> float:
    """The derivative of exp(sign x) times a modified Bessel function, by its neighbours: with digits to spare."""
    with mp.workdps(30 + 3 * len(f"{x:.0f}")):
        total = mp.mpf(0)
        for j in range(times + 1):
            inner = sum(mp.binomial(j, i) * bessel(v - j + 2 * i, mp.mpf(x)) for i in range(j + 1))
            total += mp.binomial(times, j) * sign ** (times - j) * (-sign) ** j * inner / mp.mpf(2) ** j
        return float(total * mp.exp(sign * mp.mpf(x)))


@pytest.mark.parametrize("x", [1e-3, 3.0, 29.0, 31.0, 700.0, 1e5, 1e10, 1e20])
@pytest.mark.parametrize("v", [0, 1, 2, 2.5])
def test_scaled_bessel_functions_keep_their_digits(v: float, x: float) -> None:
    names = {0: ("i0e", "k0e"), 1: ("i1e", "k1e")}.get(int(v) if v == int(v) else -1, ())
    for bessel, sign, name, of_order in ((mp.besseli, -1, 0, special.ive), (mp.besselk, 1, 1, special.kve)):
        want = [scaled(bessel, v, x, times, sign) for times in range(3)]
        ways = [lambda t, f=of_order: f(v, t), *([getattr(special, names[name])] if names else [])]
        for f in ways:
            got = [float(f(x)), cr.grad(f)(x), cr.grad(cr.grad(f))(x)]
            np.testing.assert_allclose(got, want, rtol=2e-12, atol=1e-300)


def test_scaled_bessel_functions_of_negative_numbers_follow_by_parity() -> None:
    for f, parity in ((special.i0e, 1), (special.i1e, -1), (lambda x: special.ive(3, x), -1)):
        for x in (0.7, 45.0, 1e12):
            assert f(-x) == parity * f(x)
            assert cr.grad(f)(-x) == -parity * cr.grad(f)(x)
            assert cr.grad(cr.grad(f))(-x) == parity * cr.grad(cr.grad(f))(x)
    # At 0 the derivatives are those of the factor without the exponential.
    assert [cr.grad(f)(0.0) for f in (special.i0e, special.i1e)] == [0, 0.5]
    assert [cr.grad(cr.grad(f))(0.0) for f in (special.i0e, special.i1e)] == [0.5, 0]
    assert np.isnan(special.ive(0.5, -1.0))


@pytest.mark.parametrize("x", [-40.0, -1e-9, 0.0, 20.0, 37.0, 39.0, 1e3, 1e200])
def test_the_log_of_the_normal_distribution_is_flat_on_the_right(x: float) -> None:
    with mp.workdps(400 if abs(x) < 1e3 else 30):
        t = mp.mpf(x)
        ratio = mp.npdf(t) / mp.ncdf(t) if x < 1e3 else mp.mpf(0)
        want = [float(ratio), float(-ratio * (ratio + t))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = [cr.grad(special.log_ndtr)(x), cr.grad(cr.grad(special.log_ndtr))(x)]
        forward = cr.hessian(lambda x: np.sum(special.log_ndtr(x)))(np.array([x, 0.5]))[0, 0]
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=0)
    assert forward == pytest.approx(got[1], rel=1e-13, abs=0)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
@pytest.mark.parametrize("x", [1e-9, 3.7, 1e5, -0.5, -1 + 1e-8, -63.3, -64.25, -200.5, -100 + 1e-6])
def test_polygamma_functions_on_both_sides(n: int, x: float) -> None:
    with mp.workdps(60):
        want = mp.psi(n, mp.mpf(x))
        slope = mp.psi(n + 1, mp.mpf(x))
    if 1e-300 < abs(want) < 1e300:
        error = abs(mp.mpf(float(special.polygamma(n, x))) - want)
        assert error <= 1e-14 * (abs(want) + abs(x * slope) * 0.1)


def test_polygamma_functions_of_far_and_of_high_order() -> None:
    start = time.perf_counter()
    assert special.polygamma(1, -1e15 + 0.5) == pytest.approx(np.pi**2, rel=1e-14)
    assert time.perf_counter() - start < 5  # SciPy's sums as many terms as the number is large
    for n in (150, 171, 200):
        assert special.polygamma(n, 10.5) == pytest.approx(float(mp.psi(n, 10.5)), rel=1e-12)
    np.testing.assert_array_equal(special.polygamma(1, np.array([0.0, -3.0, -200.0, np.inf])), [np.inf] * 3 + [0])


def test_orders_and_exponents_are_finite_numbers() -> None:
    for call in (lambda v: special.jv(v, 2.0), lambda v: special.zeta(v, 2.0), lambda v: special.polygamma(v, 2.0)):
        for value in (np.nan, np.inf):
            with pytest.raises(cr.errors.ArgumentError, match="is a finite number, not"):
                call(value)
    with pytest.raises(cr.errors.ArgumentError, match=r"the exponent x of zeta is greater than 1, not 0\.5"):
        special.zeta(0.5)
    with pytest.raises(cr.errors.ArgumentError, match="expected numbers, not"):
        special.gammaln([1.0, [2.0]])
    with pytest.raises(cr.errors.ArgumentError, match="the number of classes of one_hot is"):
        special.one_hot([0, 1], "two")
