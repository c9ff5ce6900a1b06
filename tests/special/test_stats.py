"""Distributions: SciPy's values, mpmath's derivatives at extreme arguments, and what is refused."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.stats

import chainrule as cr
from chainrule.errors import ArgumentError, ShapeError, TraceError

stats = cr.special.stats
WIDE = np.concatenate([[-1e4, -30.0, -1.0, 0.0, 0.2, 0.5, 0.999, 1.0, 2.5, 30.0, 1e4, np.inf, -np.inf, np.nan]])
CONTINUOUS: dict[str, tuple[float, ...]] = {
    "norm": (), "halfnorm": (), "lognorm": (0.7,), "expon": (), "laplace": (), "logistic": (), "cauchy": (),
    "uniform": (), "gamma": (2.3,), "chi2": (3.0,), "invgamma": (1.7,), "beta": (2.5, 0.8), "t": (4.5,),
    "gumbel_r": (), "gumbel_l": (), "weibull_min": (1.6,), "pareto": (2.2,), "halfcauchy": (), "gennorm": (1.4,),
    "truncnorm": (-0.7, 2.4),
}  # fmt: skip
METHODS = ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf")


def complement(theirs: Any, method: str, *a: Any, **placed: Any) -> Any:
    """SciPy's value, and near 1 the logarithm of a probability by its complement, which SciPy has more exactly."""
    other = {"logcdf": "sf", "logsf": "cdf"}.get(method)
    return np.log1p(-getattr(theirs, other)(*a, **placed)) if other else getattr(theirs, method)(*a, **placed)


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("placed", [{}, {"loc": 0.3, "scale": 1.7}])
def test_values_are_those_of_scipy(name: str, placed: dict[str, float]) -> None:
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    for method in METHODS:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            want = getattr(theirs, method)(WIDE, *CONTINUOUS[name], **placed)
            got = getattr(ours, method)(WIDE, *CONTINUOUS[name], **placed)
            want = np.where(want > -0.5, complement(theirs, method, WIDE, *CONTINUOUS[name], **placed), want)
        finite = np.isfinite(want) & (np.abs(want) > 1e-290)  # SciPy takes logarithms of what has become 0
        np.testing.assert_allclose(got[finite], want[finite], rtol=2e-12, err_msg=method)
        want = np.where(np.isinf(WIDE) & np.isnan(want), 0.0, want)  # the gamma density at infinity
        if method in ("pdf", "cdf", "sf"):
            np.testing.assert_allclose(got, want, rtol=2e-12, atol=1e-300, err_msg=method)


@pytest.mark.parametrize("name", [n for n in CONTINUOUS if hasattr(getattr(stats, n), "ppf")])
def test_quantiles(name: str) -> None:
    ours, theirs, shapes = getattr(stats, name), getattr(scipy.stats, name), CONTINUOUS[name]
    q = np.array([1e-12, 0.1, 0.5, 0.9, 1 - 1e-12])
    want = np.where(q > 0.5, theirs.isf(1 - q, *shapes, 0.3, 1.7), theirs.ppf(q, *shapes, 0.3, 1.7))
    np.testing.assert_allclose(ours.ppf(q, *shapes, 0.3, 1.7), want, rtol=2e-9)
    kept = q[name == "pareto" :]  # 1 + 1e-12 has lost the digits
    np.testing.assert_allclose(ours.cdf(ours.ppf(kept, *shapes), *shapes), kept, rtol=1e-9)
    slope = cr.grad(lambda q: np.sum(ours.ppf(q, *shapes)))(q[1:4])
    np.testing.assert_allclose(slope * ours.pdf(ours.ppf(q[1:4], *shapes), *shapes), 1, rtol=1e-12)
    with pytest.raises(ArgumentError, match=rf"{name}: a probability lies between 0 and 1, not 1\.5"):
        ours.ppf(np.array([0.5, 1.5]), *shapes)


K = np.array([-1.0, 0.0, 1.0, 1.5, 3.0, 7.0, 8.0, 100.0])
DISCRETE: dict[str, tuple[float, ...]] = {
    "poisson": (3.7,),
    "binom": (7, 0.3),
    "bernoulli": (0.3,),
    "geom": (0.3,),
    "nbinom": (2.6, 0.4),
}


@pytest.mark.parametrize("name", DISCRETE)
@pytest.mark.parametrize("placed", [{}, {"loc": -1}])
def test_counts_are_those_of_scipy(name: str, placed: dict[str, int]) -> None:
    for method in ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"):
        with np.errstate(all="ignore"):
            want = getattr(getattr(scipy.stats, name), method)(K, *DISCRETE[name], **placed)
            got = getattr(getattr(stats, name), method)(K, *DISCRETE[name], **placed)
            want = np.where(
                want > -0.5, complement(getattr(scipy.stats, name), method, K, *DISCRETE[name], **placed), want
            )
        finite = np.isfinite(want)
        np.testing.assert_allclose(got[finite], want[finite], rtol=1e-11, atol=1e-90, err_msg=method)
    assert np.isneginf(getattr(stats, name).logpmf(K, *DISCRETE[name], **placed)[3])


def test_counts_at_certain_outcomes() -> None:
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(stats.bernoulli.logpmf([0, 1], 0.0), [0, -np.inf])
    np.testing.assert_allclose(stats.binom.logpmf([0, 3], 3, [0.0, 1.0]), [0, 0], atol=1e-14)
    assert stats.poisson.logpmf(0, 0.0) == 0
    assert cr.grad(stats.binom.logpmf, argnums=2)(0, 3, 0.0) == -3
    assert cr.grad(stats.poisson.logpmf, argnums=1)(0, 2.0) == -1


def between(a: Any, b: Any) -> Any:
    """The probability of a standard normal value between a and b, by the tail on the left."""
    return mp.ncdf(-a) - mp.ncdf(-b) if a > 0 else mp.ncdf(b) - mp.ncdf(a)


@pytest.mark.parametrize("name", ["poisson", "binom", "bernoulli"])
def test_a_count_is_a_constant(name: str) -> None:
    for method in ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"):
        of = getattr(getattr(stats, name), method)
        by_count, by_last = cr.grad(of, argnums=(0, len(DISCRETE[name])))(0.0, *DISCRETE[name])
        assert by_count == 0
        assert by_last != 0
        assert cr.grad(lambda place, of=of: of(1.0, *DISCRETE[name], loc=place))(1.0) == 0


# Log densities and distribution functions of mpmath, of x and the parameters in the order of SciPy.
EXACT: dict[str, Callable[..., Any]] = {
    "norm.logpdf": lambda x, m, s: -(((x - m) / s) ** 2) / 2 - mp.log(s * mp.sqrt(2 * mp.pi)),
    "norm.logcdf": lambda x, m, s: mp.log(mp.erfc((m - x) / s / mp.sqrt(2)) / 2),
    "norm.logsf": lambda x, m, s: mp.log(mp.erfc((x - m) / s / mp.sqrt(2)) / 2),
    "norm.sf": lambda x, m, s: mp.erfc((x - m) / s / mp.sqrt(2)) / 2,
    "halfnorm.logsf": lambda x, m, s: mp.log(mp.erfc((x - m) / s / mp.sqrt(2))),
    "lognorm.logpdf": lambda x, s: -(mp.log(x) ** 2) / (2 * s * s) - mp.log(s * x * mp.sqrt(2 * mp.pi)),
    "lognorm.logcdf": lambda x, s: mp.log(mp.erfc(-mp.log(x) / s / mp.sqrt(2)) / 2),
    "lognorm.logsf": lambda x, s: mp.log(mp.erfc(mp.log(x) / s / mp.sqrt(2)) / 2),
    "expon.logcdf": lambda x, m, s: mp.log(-mp.expm1(-(x - m) / s)),
    "laplace.logcdf": lambda x, m, s: (x - m) / s - mp.log(2) if x < m else mp.log(1 - mp.exp((m - x) / s) / 2),
    "logistic.logpdf": lambda x, m, s: -abs(x - m) / s - 2 * mp.log(1 + mp.exp(-abs(x - m) / s)) - mp.log(s),
    "cauchy.logpdf": lambda x, m, s: -mp.log(mp.pi * s * (1 + ((x - m) / s) ** 2)),
    "cauchy.cdf": lambda x, m, s: mp.atan2(1, (m - x) / s) / mp.pi,
    "gamma.logpdf": lambda x, a: (a - 1) * mp.log(x) - x - mp.loggamma(a),
    "gamma.cdf": lambda x, a: mp.gammainc(a, 0, x, regularized=True),
    "gamma.sf": lambda x, a: mp.gammainc(a, x, regularized=True),
    "gamma.logsf": lambda x, a: mp.log(mp.gammainc(a, x, regularized=True)),
    "gamma.logcdf": lambda x, a: mp.log(mp.gammainc(a, 0, x, regularized=True)),
    "invgamma.logsf": lambda x, a: mp.log(mp.gammainc(a, 0, 1 / x, regularized=True)),
    "poisson.logsf": lambda k, m: mp.log(mp.gammainc(k + 1, 0, m, regularized=True)),
    "chi2.logpdf": lambda x, n: (n / 2 - 1) * mp.log(x / 2) - x / 2 - mp.loggamma(n / 2) - mp.log(2),
    "chi2.sf": lambda x, n: mp.gammainc(n / 2, x / 2, regularized=True),
    "invgamma.logpdf": lambda x, a: -(a + 1) * mp.log(x) - 1 / x - mp.loggamma(a),
    "beta.logpdf": lambda x, a, b: (a - 1) * mp.log(x) + (b - 1) * mp.log(1 - x) - mp.log(mp.beta(a, b)),
    "beta.cdf": lambda x, a, b: mp.betainc(a, b, 0, x, regularized=True),
    "t.logpdf": lambda x, n: -(n + 1) / 2 * mp.log(1 + x * x / n) - mp.log(mp.beta(n / 2, mp.mpf(1) / 2) * mp.sqrt(n)),
    "t.cdf": lambda x, n: (
        mp.betainc(n / 2, mp.mpf(1) / 2, 0, n / (n + x * x), regularized=True) / 2
        if x < 0
        else 1 - mp.betainc(n / 2, mp.mpf(1) / 2, 0, n / (n + x * x), regularized=True) / 2
    ),
    "poisson.logpmf": lambda k, m: k * mp.log(m) - m - mp.loggamma(k + 1),
    "poisson.cdf": lambda k, m: mp.gammainc(k + 1, m, regularized=True),
    "binom.logpmf": lambda k, n, p: mp.log(mp.binomial(n, k)) + k * mp.log(p) + (n - k) * mp.log(1 - p),
    "binom.cdf": lambda k, n, p: mp.betainc(k + 1, n - k, p, 1, regularized=True),
    "gumbel_r.logsf": lambda x, m, s: mp.log(-mp.expm1(-mp.exp(-(x - m) / s))),
    "gumbel_l.logcdf": lambda x, m, s: mp.log(-mp.expm1(-mp.exp((x - m) / s))),
    "weibull_min.logpdf": lambda x, c: mp.log(c) + (c - 1) * mp.log(x) - x**c,
    "pareto.logpdf": lambda x, b: mp.log(b) - (b + 1) * mp.log(x),
    "halfcauchy.sf": lambda x, m, s: 2 / mp.pi * mp.atan2(s, x - m),
    "gennorm.logpdf": lambda x, b: mp.log(b / 2) - mp.loggamma(1 / b) - abs(x) ** b,
    "gennorm.sf": lambda x, b: mp.gammainc(1 / b, x**b, regularized=True) / 2,
    "truncnorm.logpdf": lambda x, a, b: mp.log(mp.npdf(x) / between(a, b)),
    "truncnorm.logcdf": lambda x, a, b: mp.log(between(a, x) / between(a, b)),
    "vonmises.logpdf": lambda x, k: k * mp.cos(x) - mp.log(2 * mp.pi * mp.besseli(0, k)),
    "wrapcauchy.logpdf": lambda x, c: mp.log((1 - c * c) / (2 * mp.pi * (1 + c * c - 2 * c * mp.cos(x)))),
    "geom.logpmf": lambda k, p: (k - 1) * mp.log(1 - p) + mp.log(p),
    "nbinom.logpmf": lambda k, n, p: mp.log(mp.binomial(k + n - 1, k)) + n * mp.log(p) + k * mp.log(1 - p),
    "nbinom.cdf": lambda k, n, p: mp.betainc(n, k + 1, 0, p, regularized=True),
    "betabinom.logpmf": lambda k, n, a, b: mp.log(mp.binomial(n, k) * mp.beta(k + a, n - k + b) / mp.beta(a, b)),
    "bernoulli.logpmf": lambda k, p: mp.log(p if k else 1 - p),
}
# The points: far tails, tiny and huge parameters. The parameters of which the derivative is taken, and its accuracy.
POINTS: dict[str, list[tuple[tuple[float, ...], tuple[int, ...], float]]] = {
    "norm.logpdf": [((1e8, 1.0, 1e-6), (0, 1, 2), 1e-14), ((1e-200, 0.0, 1e100), (0, 2), 1e-14)],
    "norm.logcdf": [
        ((-60.0, 1.0, 0.5), (0, 1, 2), 1e-13),
        ((-1e6, 0.0, 1.0), (0, 1, 2), 1e-13),
        ((9.0, 0.0, 1.0), (0, 1, 2), 1e-13),
    ],
    "norm.logsf": [((60.0, 1.0, 0.5), (0, 1, 2), 1e-13), ((-9.0, 0.0, 1.0), (0, 1, 2), 1e-13)],
    "norm.sf": [((30.0, 1.0, 1.5), (0, 1, 2), 1e-12)],
    "halfnorm.logsf": [((45.0, 0.5, 0.5), (0, 1, 2), 1e-13)],
    "lognorm.logpdf": [((1e-250, 0.01), (0, 1), 1e-13), ((1e200, 30.0), (0, 1), 1e-13)],
    "lognorm.logcdf": [((1e-20, 0.5), (0, 1), 1e-13)],
    "lognorm.logsf": [((1e30, 0.5), (0, 1), 1e-13)],
    "expon.logcdf": [((1e-12, 0.0, 2.0), (0, 2), 1e-13), ((50.0, 0.0, 1.5), (0, 1, 2), 1e-13)],
    "laplace.logcdf": [((-500.0, 1.0, 0.5), (0, 1, 2), 1e-14), ((40.0, 1.0, 2.0), (0, 1, 2), 1e-13)],
    "logistic.logpdf": [((-800.0, 1.0, 0.5), (0, 1, 2), 1e-14), ((30.0, 1.0, 1.5), (0, 1, 2), 1e-12)],
    "cauchy.logpdf": [((-1e100, 1.0, 0.5), (0, 1, 2), 1e-14), ((1e-3, 0.0, 1e8), (0,), 1e-12)],
    "cauchy.cdf": [((-1e100, 1.0, 0.5), (0, 1, 2), 1e-13)],
    "gamma.logpdf": [((1e-300, 1e-5), (0, 1), 1e-12), ((1e10 + 1e6, 1e10), (0, 1), 1e-9), ((1e-3, 1e6), (0, 1), 1e-13)],
    "gamma.cdf": [((2.0, 50.0), (0, 1), 1e-12), ((1e5 + 700.0, 1e5), (0, 1), 1e-11), ((1e-8, 0.01), (0, 1), 1e-11)],
    "gamma.sf": [((400.0, 50.0), (0, 1), 1e-12), ((90.0, 0.3), (0, 1), 1e-12)],
    "gamma.logsf": [
        ((900.0, 2.5), (0, 1), 1e-12),
        ((1e6, 0.01), (0, 1), 1e-12),
        ((3e4, 1e4), (0, 1), 1e-11),
        ((5.0, 2.5), (0, 1), 1e-12),
        ((0.1, 2.5), (0, 1), 1e-12),
    ],
    "gamma.logcdf": [((1e-200, 2.5), (0, 1), 1e-12), ((2e3, 1e4), (0, 1), 1e-11), ((4.0, 2.5), (0, 1), 1e-12)],
    "invgamma.logsf": [((1e150, 3.0), (0, 1), 1e-12)],
    "poisson.logsf": [((2e3, 10.0), (1,), 1e-12)],
    "chi2.logpdf": [((1e-8, 1e-4), (0, 1), 1e-12), ((1e6 + 1e4, 1e6), (0, 1), 1e-9)],
    "chi2.sf": [((500.0, 3.0), (0, 1), 1e-12)],
    "invgamma.logpdf": [((1e-5, 20.0), (0, 1), 1e-13), ((1e8, 0.01), (0, 1), 1e-12)],
    "beta.logpdf": [
        ((1e-200, 0.01, 1e4), (0, 1, 2), 1e-12),
        ((0.25, 1e8, 3e8), (1, 2), 1e-7),
        ((0.999, 1e-4, 2.0), (0, 1, 2), 1e-12),
    ],
    "beta.cdf": [
        ((1e-8, 0.3, 50.0), (0, 1, 2), 1e-11),
        ((0.9, 30.0, 500.0), (1, 2), 1e-9),
        ((0.02, 40.0, 3.0), (0, 1, 2), 1e-12),
    ],
    "t.logpdf": [
        ((1e60, 3.0), (0, 1), 1e-12),
        ((2.0, 1e-4), (0, 1), 1e-12),
        ((0.7, 1e6), (0,), 1e-13),
        ((0.7, 1e5), (1,), 1e-9),
    ],
    "t.cdf": [((-1e5, 2.5), (0, 1), 1e-12), ((-3.0, 0.05), (0, 1), 1e-12), ((1.5, 300.0), (0, 1), 1e-11)],
    "poisson.logpmf": [
        ((3.0, 1e-200), (1,), 1e-14),
        ((10.0**10, 1e10 + 1e5), (1,), 1e-11),
        ((0.0, 700.0), (1,), 1e-14),
    ],
    "poisson.cdf": [((3.0, 300.0), (1,), 1e-12), ((500.0, 20.0), (1,), 1e-12)],
    "binom.logpmf": [((3.0, 1000.0, 1e-12), (2,), 1e-13), ((999.0, 1000.0, 0.2), (2,), 1e-13)],
    "binom.cdf": [((3.0, 1000.0, 0.3), (2,), 1e-11)],
    "gumbel_r.logsf": [((900.0, 1.0, 0.5), (0, 1, 2), 1e-13), ((-3.0, 0.5, 2.0), (0, 1, 2), 1e-13)],
    "gumbel_l.logcdf": [((-900.0, 1.0, 0.5), (0, 1, 2), 1e-13)],
    "weibull_min.logpdf": [((1e-200, 0.3), (0, 1), 1e-12), ((1e5, 1.7), (0, 1), 1e-13)],
    "pareto.logpdf": [((1e200, 0.01), (0, 1), 1e-13)],
    "halfcauchy.sf": [((1e30, 0.5, 2.0), (0, 2), 1e-13)],
    "gennorm.logpdf": [((1e-30, 0.3), (0, 1), 1e-12), ((40.0, 5.0), (0, 1), 1e-12)],
    "gennorm.sf": [((4.0, 2.5), (0, 1), 1e-11)],
    "truncnorm.logpdf": [((40.5, 40.0, 41.0), (0, 1, 2), 1e-11), ((-30.0, -35.0, 3.0), (0, 2), 1e-13)],
    "truncnorm.logcdf": [((40.5, 40.0, 41.0), (0, 1, 2), 1e-11), ((-0.5, -1.0, 1.5), (0, 1, 2), 1e-12)],
    "vonmises.logpdf": [((0.01, 1e5), (0,), 1e-13), ((0.01, 1e5), (1,), 1e-9), ((3.0, 1e-8), (0, 1), 1e-12)],
    "wrapcauchy.logpdf": [((1e-3, 1 - 2.0**-20), (0, 1), 1e-9), ((3.0, 0.2), (0, 1), 1e-13)],
    "geom.logpmf": [((1e6, 1e-9), (1,), 1e-12)],
    "nbinom.logpmf": [((1e6, 1e6 + 5.0, 0.5), (1, 2), 1e-8), ((0.0, 1e-3, 0.2), (1, 2), 1e-12)],
    "nbinom.cdf": [((20.0, 2.5, 0.01), (1, 2), 1e-10)],
    "betabinom.logpmf": [((3.0, 10.0, 1e-3, 1e5), (2, 3), 1e-11)],
    "bernoulli.logpmf": [((1.0, 1e-300), (1,), 1e-14), ((0.0, 1e-18), (1,), 1e-14)],
}  # fmt: skip
CASES = [(name, *row) for name, rows in POINTS.items() for row in rows]


@pytest.mark.parametrize(("name", "point", "by", "accuracy"), CASES, ids=[f"{c[0]}{c[1]}" for c in CASES])
def test_gradients_at_extreme_arguments(
    name: str, point: tuple[float, ...], by: tuple[int, ...], accuracy: float
) -> None:
    owner, _, method = name.partition(".")
    function = getattr(getattr(stats, owner), method)
    got = cr.grad(lambda *a: function(*a), argnums=by)(*point)
    with mp.workdps(250):
        exact = [mp.mpf(v) for v in point]
        for i, value in zip(by, got, strict=True):
            step = mp.mpf(10) ** -60 * (abs(exact[i]) or abs(exact[0]))
            ends = (EXACT[name](*exact[:i], exact[i] + s * step, *exact[i + 1 :]) for s in (1, -1))
            want = float((next(ends) - next(ends)) / (2 * step))
            assert value == pytest.approx(want, rel=accuracy, abs=0), f"by parameter {i}"


@pytest.mark.parametrize("name", EXACT)
def test_second_derivatives(name: str) -> None:
    point = {
        "truncnorm": (1.4, 0.3, 2.2),
        "wrapcauchy": (1.4, 0.3),
        "pareto": (1.4, 2.3),
        "geom": (3.0, 0.4),
        "nbinom": (3.0, 2.5, 0.4),
        "betabinom": (3.0, 8.0, 1.2, 0.7),
        "beta": (0.3, 2.5, 1.8),
        "binom": (3.0, 8.0, 0.4),
        "bernoulli": (1.0, 0.4),
        "poisson": (3.0, 2.5),
    }
    owner, _, method = name.partition(".")
    at = point.get(owner) or ((1.4, 0.3, 1.2) if EXACT[name].__code__.co_argcount == 3 else (1.4, 2.3))
    function = getattr(getattr(stats, owner), method)
    last = len(at) - 1
    got = cr.grad(cr.grad(lambda *a: function(*a), argnums=last), argnums=last)(*at)
    with mp.workdps(60):
        exact = [mp.mpf(v) for v in at]
        want = mp.diff(lambda v: EXACT[name](*exact[:last], v), exact[last], 2)
    assert got == pytest.approx(float(want), rel=1e-10)


def test_outside_the_support_the_derivative_is_zero() -> None:
    for name, x in (("gamma", -1.0), ("beta", 1.5), ("expon", -1.0), ("lognorm", -2.0), ("uniform", 2.0)):
        parameters = CONTINUOUS[name]
        by = tuple(range(1 + len(parameters)))
        log, *_ = (getattr(stats, name).logpdf,)
        assert log(x, *parameters) == -math.inf
        assert cr.grad(lambda *a, log=log: log(*a), argnums=by)(x, *parameters) == (0,) * len(by)
    assert cr.grad(stats.gamma.cdf)(-1.0, 2.0) == 0
    assert stats.gamma.cdf(-1.0, 2.0) == 0
    assert stats.beta.sf(2.0, 2.0, 3.0) == 0
    assert stats.poisson.logpmf(2.5, 3.0) == -math.inf
    assert cr.grad(stats.poisson.logpmf, argnums=1)(2.5, 3.0) == 0


def test_what_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"norm: the parameter scale is positive, not -1\.0"):
        stats.norm.logpdf(0.0, 0.0, -1.0)
    with pytest.raises(ArgumentError, match=r"gamma: the parameter a is positive, not 0\.0"):
        cr.grad(lambda a: np.sum(stats.gamma.logpdf(1.0, a)))(np.array([1.0, 0.0]))
    with pytest.raises(ArgumentError, match="t needs df: its parameters are df, loc, scale"):
        stats.t.logpdf(0.0)
    with pytest.raises(ArgumentError, match="norm has no parameter sigma: they are loc, scale"):
        stats.norm.cdf(0.0, sigma=2.0)
    with pytest.raises(ArgumentError, match="norm has the parameters loc, scale, and 3 were given"):
        stats.norm.cdf(0.0, 1.0, 2.0, 3.0)
    with pytest.raises(ArgumentError, match="norm: loc is given twice"):
        stats.norm.cdf(0.0, 1.0, loc=2.0)
    for p in (-0.1, 1.1):
        with pytest.raises(ArgumentError, match="the parameter p lies between 0 and 1"):
            stats.bernoulli.logpmf(1, p)
    with pytest.raises(ArgumentError, match=r"the parameter n is a whole number of at least 0, not 2\.5"):
        stats.binom.logpmf(1, 2.5, 0.5)
    with pytest.raises(ArgumentError, match="the parameter p lies between 0 and 1"):
        stats.binom.logpmf(1, 2, 1.5)
    with pytest.raises(ArgumentError, match="the parameter mu is at least 0, not -1"):
        stats.poisson.logpmf(1, -1.0)
    with pytest.raises(ArgumentError, match="real numbers, not complex"):
        stats.norm.logpdf(1j)
    with pytest.raises(ArgumentError, match="the parameter df is finite, and for an infinite one it is norm, not inf"):
        stats.t.cdf(0.5, np.inf)
    with pytest.raises(ArgumentError, match="norm is not called"):
        stats.norm(0.0, 1.0)
    assert repr(stats.norm) == "<distribution norm>"


A = np.array([[2.0, 0.5, 0.1], [0.5, 1.5, -0.3], [0.1, -0.3, 0.8]])
MEAN = np.array([0.3, -0.2, 0.7])


def test_the_multivariate_normal_distribution() -> None:
    rows = np.random.default_rng(0).normal(size=(4, 3))
    ours, theirs = stats.multivariate_normal, scipy.stats.multivariate_normal
    for x in (rows, rows[0]):
        for cov in (A, 2.5, np.array([0.5, 1.0, 2.0])):
            np.testing.assert_allclose(ours.logpdf(x, MEAN, cov), theirs.logpdf(x, MEAN, cov), rtol=1e-13)
    np.testing.assert_allclose(ours.pdf(rows, cov=A), theirs.pdf(rows, cov=A), rtol=1e-13)
    np.testing.assert_allclose(ours.logpdf(0.7, 0.2, 1.5), theirs.logpdf(0.7, 0.2, 1.5), rtol=1e-14)
    by_x, by_mean, by_cov = cr.grad(lambda *a: np.sum(ours.logpdf(*a)), argnums=(0, 1, 2))(rows, MEAN, A)
    inverse, off = np.linalg.inv(A), rows - MEAN
    np.testing.assert_allclose(by_x, -off @ inverse, rtol=1e-12)
    np.testing.assert_allclose(by_mean, np.sum(off @ inverse, axis=0), rtol=1e-12)
    want = 0.5 * (inverse @ off.T @ off @ inverse - 4 * inverse)
    np.testing.assert_allclose(by_cov, want, rtol=1e-11, atol=1e-12)
    scale = cr.grad(lambda v: ours.logpdf(rows[0], MEAN, v))(2.5)
    np.testing.assert_allclose(scale, 0.5 * (off[0] @ off[0] / 2.5**2 - 3 / 2.5), rtol=1e-12)
    for cov in (A, 2.5, np.array([0.5, 1.0, 2.0])):
        np.testing.assert_allclose(ours.entropy(MEAN, cov), theirs.entropy(MEAN, cov), rtol=1e-14)
    np.testing.assert_allclose(cr.grad(lambda c: ours.entropy(None, c))(A), 0.5 * np.linalg.inv(A), rtol=1e-12)
    for wrong in (-A, A + np.triu(A, 1), np.zeros((3, 3))):
        with pytest.raises(ArgumentError, match="cov is symmetric and positive definite"):
            ours.logpdf(rows, MEAN, wrong)
    with pytest.raises(ShapeError, match=r"x of shape \(4, 3\) does not hold vectors of size 2"):
        ours.logpdf(rows, np.zeros(2), np.eye(2))
    with pytest.raises(ShapeError, match=r"cov of shape \(2, 2\) does not fit"):
        ours.logpdf(rows, MEAN, np.eye(2))


def test_the_dirichlet_distribution() -> None:
    x, alpha = np.array([0.2, 0.3, 0.5]), np.array([1.0, 2.5, 0.7])
    ours, theirs = stats.dirichlet, scipy.stats.dirichlet
    for given in (x, x[:2], np.stack([x, x[::-1]], axis=1)):
        np.testing.assert_allclose(ours.logpdf(given, alpha), theirs.logpdf(given, alpha), rtol=1e-13)
    np.testing.assert_allclose(ours.pdf(x, alpha), theirs.pdf(x, alpha), rtol=1e-13)
    by_x, by_alpha = cr.grad(ours.logpdf, argnums=(0, 1))(x, alpha)
    np.testing.assert_allclose(by_x, (alpha - 1) / x, rtol=1e-14)
    digamma = scipy.special.digamma
    np.testing.assert_allclose(by_alpha, np.log(x) + digamma(alpha.sum()) - digamma(alpha), rtol=1e-13)
    edge = np.array([0.0, 0.4, 0.6])
    assert ours.logpdf(edge, alpha) == pytest.approx(theirs.logpdf(edge, alpha), rel=1e-14)
    for wrong in (np.array([0.2, 0.3, 0.6]), np.array([-0.2, 0.7, 0.5])):
        with pytest.raises(ArgumentError, match="the components of x are at least 0 and have the sum 1"):
            ours.logpdf(wrong, alpha)
    with pytest.raises(ArgumentError, match="the parameter alpha is positive"):
        ours.logpdf(x, -alpha)
    for shape in ((4, 2), (5,)):
        with pytest.raises(ShapeError, match="does not fit alpha"):
            ours.logpdf(np.ones(shape), alpha)


def test_errors_of_scipy_name_the_distribution() -> None:
    for call, name in (
        (lambda x: scipy.stats.norm.logpdf(x), "norm.logpdf"),
        (lambda x: scipy.stats.t.cdf(x, 3.0), "t.cdf"),
        (lambda x: scipy.stats.gamma(x).logsf(2.0), "gamma.logsf"),
        (lambda x: scipy.stats.poisson.logpmf(2, x), "poisson.logpmf"),
        (lambda x: scipy.stats.multivariate_normal.logpdf(np.ones(2), None, x), "multivariate_normal.logpdf"),
    ):
        with pytest.raises(TraceError, match=rf"scipy\.stats\.{name} cannot be traced: use cr\.special\.stats\.{name}"):
            cr.grad(call)(1.5)


def test_single_precision_vmap_and_emitted_source() -> None:
    x = np.linspace(0.1, 3, 5, dtype=np.float32)
    assert stats.gamma.logpdf(x, np.float32(2.0)).dtype == np.float32
    assert stats.norm.logcdf(x).dtype == np.float32
    rows = np.random.default_rng(1).uniform(0.5, 2, (4, 3))
    np.testing.assert_allclose(
        cr.vmap(lambda r: np.sum(stats.t.logpdf(r, 3.0)))(rows), stats.t.logpdf(rows, 3.0).sum(axis=1), rtol=1e-13
    )

    def loss(mu, sigma):
        return -np.sum(stats.norm.logpdf(rows, mu, sigma))

    text = cr.source(loss, 1.0, 2.0, argnums=(0, 1))
    assert "scipy" not in text
    assert "import scipy.special" in cr.source(lambda a: -np.sum(stats.gamma.logpdf(rows, a)), 2.0)


def test_angles_and_mixed_counts_are_those_of_scipy() -> None:
    x = np.array([0.3, 2.0, 3.1])
    for name, parameters in (("vonmises", (1.7,)), ("wrapcauchy", (0.4,))):
        for placed in ({}, {"loc": -0.5, "scale": 1.5}):
            got = getattr(stats, name).logpdf(x, *parameters, **placed)
            np.testing.assert_allclose(got, getattr(scipy.stats, name).logpdf(x, *parameters, **placed), rtol=1e-12)
    np.testing.assert_allclose(
        stats.betabinom.pmf(K, 7, 1.2, 0.6), scipy.stats.betabinom.pmf(K, 7, 1.2, 0.6), rtol=1e-12
    )
    assert stats.vonmises.logpdf(1.0, 0.0) == pytest.approx(-np.log(2 * np.pi), rel=1e-15)


def test_the_multinomial_distribution() -> None:
    p = np.array([0.2, 0.0, 0.8])
    x = np.array([[1, 0, 3], [2, 0, 2], [1, 1, 2], [1, 0, 1]])
    np.testing.assert_allclose(stats.multinomial.logpmf(x, 4, p), scipy.stats.multinomial.logpmf(x, 4, p), rtol=1e-13)
    np.testing.assert_allclose(stats.multinomial.pmf(x[0], 4, p), scipy.stats.multinomial.pmf(x[0], 4, p), rtol=1e-13)
    by_p = cr.grad(lambda p: stats.multinomial.logpmf(x[0], 4, p))(np.array([0.2, 0.1, 0.7]))
    np.testing.assert_allclose(by_p, [5, 0, 3 / 0.7], rtol=1e-14)
    with pytest.raises(ArgumentError, match="the components of p are at least 0 and have the sum 1"):
        stats.multinomial.logpmf(x, 4, 2 * p)
    with pytest.raises(ShapeError, match=r"x of shape \(2,\) does not fit p of shape \(3,\)"):
        stats.multinomial.logpmf([1, 3], 4, p)


def test_what_cancels_in_the_textbook_form() -> None:
    with mp.workdps(40):
        n, k, p = 10**8, 5 * 10**7 + 3000, mp.mpf(0.5)
        want = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1) + n * mp.log(p)
        assert stats.binom.logpmf(k, n, 0.5) == pytest.approx(float(want), rel=1e-14)
        assert stats.halfnorm.logsf(1e-10) == pytest.approx(
            float(mp.log(mp.erfc(mp.mpf(1e-10) / mp.sqrt(2)))), rel=1e-14
        )


def test_the_ends_of_a_support_are_silent() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert stats.lognorm.cdf(0.0, 0.5) == 0
        assert cr.grad(stats.lognorm.cdf)(0.0, 0.5) == 0
        assert stats.expon.logcdf(0.0) == -math.inf
        assert stats.gamma.logcdf(-1.0, 1e6) == -math.inf
        assert stats.laplace.ppf(0.0) == -math.inf
        assert cr.grad(stats.gamma.logpdf)(0.0, 1.0) == -1
        assert cr.grad(stats.beta.logpdf)(1.0, 2.0, 1.0) == 1
        assert cr.grad(stats.weibull_min.logpdf)(0.0, 1.0) == -1


def test_what_the_new_ones_refuse() -> None:
    for call, match in (
        (lambda: stats.truncnorm.logpdf(0.0, 1.0, -1.0), "the parameter a is less than b"),
        (lambda: stats.truncnorm.logpdf(0.0, np.nan, 1.0), "the parameter a is a number"),
        (lambda: stats.truncnorm.logpdf(0.0, 0.0, 1.0, scale=-1.0), "the parameter scale is positive"),
        (lambda: stats.vonmises.logpdf(0.0, -1.0), "the parameter kappa is at least 0"),
        (lambda: stats.vonmises.logpdf(0.0, 1.0, scale=0.0), "the parameter scale is positive"),
        (lambda: stats.wrapcauchy.logpdf(0.0, 1.5), r"the parameter c is less than 1, not 1\.5"),
        (lambda: stats.geom.pmf(1, 0.0), "the parameter p is positive and at most 1"),
        (lambda: stats.nbinom.pmf(1, 0.0, 0.5), "the parameter n is positive"),
        (lambda: stats.nbinom.pmf(1, 1.0, 1.5), "the parameter p is positive and at most 1"),
        (lambda: stats.betabinom.pmf(1, 1.5, 1.0, 1.0), "the parameter n is a whole number"),
        (lambda: stats.betabinom.pmf(1, 2, 0.0, 1.0), "the parameter a is positive"),
        (lambda: stats.poisson.pmf(1, 2.0, scale=2.0), "poisson has no parameter scale: they are mu, loc"),
    ):
        with pytest.raises(ArgumentError, match=match):
            call()
    with pytest.raises(AttributeError, match="norm has no rvs here: it has cdf, logcdf, logpdf, logsf, pdf, ppf, sf"):
        stats.norm.rvs(10)
    assert not hasattr(stats.norm, "_nothing")


# What a density of a power of x has at the end of its support, where its logarithm is minus infinity
AT_ENDS = [
    (stats.gamma.pdf, (0.0, 2.0), (1.0, 0.0)),
    (stats.gamma.pdf, (0.0, 3.0), (0.0, 0.0)),
    (stats.gamma.pdf, (0.0, 1.5), (math.inf, 0.0)),
    (stats.gamma.pdf, (2.0, 2.0, 2.0, 0.5), (4.0, 0.0, -4.0, 0.0)),
    (stats.chi2.pdf, (0.0, 4.0), (0.25, 0.0)),
    (stats.chi2.pdf, (0.0, 5.0), (0.0, 0.0)),
    (stats.beta.pdf, (0.0, 2.0, 3.0), (12.0, 0.0, 0.0)),
    (stats.beta.pdf, (1.0, 2.0, 2.0), (-6.0, 0.0, 0.0)),
    (stats.beta.pdf, (1.0, 0.5, 3.0), (0.0, 0.0, 0.0)),
    (lambda mu: stats.poisson.pmf(0, mu), (0.0,), (-1.0,)),
    (lambda mu: stats.poisson.pmf(1, mu), (0.0,), (1.0,)),
    (lambda mu: stats.poisson.pmf(2, mu), (0.0,), (0.0,)),
    (lambda mu: stats.poisson.pmf(0.5, mu), (0.0,), (0.0,)),
    (lambda p: stats.binom.pmf(1, 4, p), (0.0,), (4.0,)),
    (lambda p: stats.binom.pmf(3, 4, p), (1.0,), (-4.0,)),
    (lambda p: stats.binom.pmf(5, 4, p), (1.0,), (0.0,)),
]


@pytest.mark.parametrize(("density", "point", "by"), AT_ENDS)
def test_densities_at_the_ends_of_their_support(density: Any, point: tuple[float, ...], by: tuple[float, ...]) -> None:
    assert density(*point) == pytest.approx(1.0 if by == (-1.0,) else 0.0)
    gradient = cr.grad(density, argnums=tuple(range(len(point))))(*point)
    np.testing.assert_allclose(gradient, by, rtol=1e-13)
    assert {type(part) for part in gradient} == {np.float64}


def test_an_end_among_other_points() -> None:
    x, a = np.array([0.0, 0.5, 0.0]), np.array([2.0, 2.0, 1.0])
    np.testing.assert_allclose(stats.gamma.pdf(x, a), scipy.stats.gamma.pdf(x, a))
    by_x = cr.grad(lambda x: np.sum(stats.gamma.pdf(x, a)))(x)
    np.testing.assert_allclose(by_x, [1.0, 0.5 * math.exp(-0.5), -1.0], rtol=1e-13)
    mu = np.array([0.0, 2.0])
    np.testing.assert_allclose(stats.poisson.pmf(1, mu), scipy.stats.poisson.pmf(1, mu))
    np.testing.assert_allclose(cr.grad(lambda mu: np.sum(stats.poisson.pmf(1, mu)))(mu), [1.0, -math.exp(-2.0)])


@pytest.mark.parametrize("x", [3e7, 1e9, 1e200, 1e300, 1e308])
@pytest.mark.parametrize("sign", [1, -1])
def test_heavy_tails_as_far_as_numbers_reach(x: float, sign: int) -> None:
    z = mp.mpf(x)
    for name, df in (("cauchy", ()), ("t", (3.0,)), ("t", (40.0,))):
        with mp.workdps(700):
            of = getattr(stats, name)
            n = mp.mpf(df[0] if df else 1)
            kernel = -(n + 1) / 2 * mp.log1p(z * z / n)
            want = kernel - mp.log(mp.beta(n / 2, 0.5)) - mp.log(n) / 2
            slope = -(n + 1) * z / (n + z * z)
            u = n / (n + z * z)
            tail = mp.log(u ** (n / 2) * mp.hyp2f1(n / 2, 0.5, n / 2 + 1, u) / (n * mp.beta(n / 2, 0.5)))
            by_tail = -mp.exp(want - tail)
        assert of.logpdf(sign * x, *df) == pytest.approx(float(want), rel=1e-13)
        assert cr.grad(of.logpdf)(sign * x, *df) == pytest.approx(sign * float(slope), rel=1e-13, abs=0)
        far = of.logsf if sign > 0 else of.logcdf
        assert far(sign * x, *df) == pytest.approx(float(tail), rel=1e-13)
        assert cr.grad(far)(sign * x, *df) == pytest.approx(sign * float(by_tail), rel=1e-12, abs=0)
        if df:
            assert np.isfinite(cr.grad(far, argnums=1)(sign * x, *df))
    half = cr.grad(stats.halfcauchy.logsf)(x)
    assert half == pytest.approx(-1 / x, rel=1e-12)


def test_the_far_tail_by_its_degrees_of_freedom() -> None:
    def tail(n: Any) -> Any:
        u = n / (n + mp.mpf(10) ** 12)
        return mp.log(u ** (n / 2) * mp.hyp2f1(n / 2, 0.5, n / 2 + 1, u) / (n * mp.beta(n / 2, 0.5)))

    with mp.workdps(60):
        want = float(mp.diff(tail, mp.mpf(2.5)))
    assert cr.grad(stats.t.logsf, argnums=1)(1e6, 2.5) == pytest.approx(want, rel=1e-12)


def test_gradients_by_numbers_are_numbers() -> None:
    for gradient in cr.grad(stats.gamma.logsf, argnums=(0, 1))(800.0, 2.0):
        assert type(gradient) is np.float64
