"""The public special functions: SciPy's values, mpmath's derivatives, and what they refuse."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import autograd.scipy.special
import autograd.scipy.stats
import mpmath as mp
import numpy as np
import pytest
import scipy.special
import scipy.stats
from autograd.core import primitive_vjps

import chainrule as cr
from chainrule.core.equivalents import equivalent
from chainrule.errors import ArgumentError, TraceError

X = (0.3, 1.7, 4.2)
P = (0.05, 0.4, 0.93)
# The function, its fixed arguments and points for the others, as SciPy takes them; and mpmath's function.
TABLE: dict[str, tuple[tuple[Any, ...], Any]] = {
    "gammaln": ((X,), mp.loggamma),
    "loggamma": ((X,), mp.loggamma),
    "gamma": ((X,), mp.gamma),
    "factorial": ((X,), mp.factorial),
    "digamma": ((X,), mp.digamma),
    "psi": ((X,), mp.digamma),
    "polygamma": ((2, X), lambda n, x: mp.psi(int(n), x)),
    "beta": ((X, (2.5, 0.7, 1.1)), mp.beta),
    "betaln": ((X, (2.5, 0.7, 1.1)), lambda a, b: mp.log(mp.beta(a, b))),
    "multigammaln": (((1.6, 3.0, 9.5), 3), None),
    "binom": (((3.5, 5.0, 8.2), (1.0, 2.5, 4.0)), mp.binomial),
    "zeta": ((2.5, X), mp.zeta),
    "gammainc": ((X, (0.5, 1.7, 9.0)), lambda a, x: mp.gammainc(a, 0, x, regularized=True)),
    "gammaincc": ((X, (0.5, 1.7, 9.0)), lambda a, x: mp.gammainc(a, x, regularized=True)),
    "betainc": ((X, (2.5, 0.7, 1.1), P), lambda a, b, x: mp.betainc(a, b, 0, x, regularized=True)),
    "betaincc": ((X, (2.5, 0.7, 1.1), P), lambda a, b, x: mp.betainc(a, b, x, 1, regularized=True)),
    "rgamma": ((X,), mp.rgamma),
    "gammasgn": (((-0.5, 2.5, -3.2),), lambda x: mp.sign(mp.gamma(x))),
    "poch": ((X, (2.5, 0.7, 1.1)), mp.rf),
    "lambertw": ((X,), mp.lambertw),
    "expn": ((3, X), mp.expint),
    "spence": ((X,), lambda z: mp.re(mp.polylog(2, 1 - z))),
    "hyp1f1": ((0.5, 1.5, X), mp.hyp1f1),
    "hyp2f1": ((0.5, 1.5, 2.0, P), mp.hyp2f1),
    "voigt_profile": ((X, (2.5, 0.7, 1.1), P), lambda x, s, g: mp.re(
        mp.exp(((g - 1j * x) / s) ** 2 / 2) * mp.erfc((g - 1j * x) / (s * mp.sqrt(2)))) / (s * mp.sqrt(2 * mp.pi))),
    "expi": ((X,), mp.ei),
    "exp1": ((X,), mp.e1),
    "erf": ((X,), mp.erf),
    "erfc": ((X,), mp.erfc),
    "erfcx": ((X,), lambda x: mp.exp(x * x) * mp.erfc(x)),
    "erfinv": ((P,), mp.erfinv),
    "erfcinv": ((P,), lambda x: mp.erfinv(1 - x)),
    "ndtr": ((X,), mp.ncdf),
    "log_ndtr": (((-3.0, 0.5, 2.0),), lambda x: mp.log(mp.ncdf(x))),
    "ndtri": ((P,), lambda p: mp.sqrt(2) * mp.erfinv(2 * p - 1)),
    "xlogy": ((X, P), lambda x, y: x * mp.log(y)),
    "xlog1py": ((X, P), lambda x, y: x * mp.log(1 + y)),
    "entr": ((P,), lambda x: -x * mp.log(x)),
    "rel_entr": ((X, P), lambda x, y: x * mp.log(x / y)),
    "kl_div": ((X, P), lambda x, y: x * mp.log(x / y) - x + y),
    "expit": ((X,), lambda x: 1 / (1 + mp.exp(-x))),
    "j0": ((X,), mp.j0),
    "j1": ((X,), mp.j1),
    "jv": ((2, X), mp.besselj),
    "y0": ((X,), lambda x: mp.bessely(0, x)),
    "y1": ((X,), lambda x: mp.bessely(1, x)),
    "yv": ((0.5, X), mp.bessely),
    "i0": ((X,), lambda x: mp.besseli(0, x)),
    "i1": ((X,), lambda x: mp.besseli(1, x)),
    "iv": ((2, X), mp.besseli),
    "k0": ((X,), lambda x: mp.besselk(0, x)),
    "k1": ((X,), lambda x: mp.besselk(1, x)),
    "kv": ((1.5, X), mp.besselk),
    "i0e": ((X,), lambda x: mp.besseli(0, x) * mp.exp(-x)),
    "i1e": ((X,), lambda x: mp.besseli(1, x) * mp.exp(-x)),
    "ive": ((2, X), lambda v, x: mp.besseli(v, x) * mp.exp(-x)),
    "k0e": ((X,), lambda x: mp.besselk(0, x) * mp.exp(x)),
    "k1e": ((X,), lambda x: mp.besselk(1, x) * mp.exp(x)),
    "kve": ((2.5, X), lambda v, x: mp.besselk(v, x) * mp.exp(x)),
}  # fmt: skip


def test_all_that_autograd_differentiates_has_an_equivalent() -> None:
    spaces = [f"scipy.special.{name}" for name in rules_of(autograd.scipy.special)]
    for owner in ("beta", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"):
        module = getattr(autograd.scipy.stats, owner)
        spaces += [
            f"scipy.stats.{owner}.{name}" for name in rules_of(module) if hasattr(getattr(scipy.stats, owner), name)
        ]
    assert len(spaces) > 50
    assert not {path for path in spaces if equivalent(path) is None}


def rules_of(module: Any) -> list[str]:
    return [name for name, value in vars(module).items() if isinstance(value, Callable) and value in primitive_vjps]


def arguments(name: str) -> tuple[list[Any], list[int]]:
    given = [np.array(a) if isinstance(a, tuple) else a for a in TABLE[name][0]]
    return given, [i for i, a in enumerate(given) if isinstance(a, np.ndarray)]


def test_every_function_of_scipy_stands_in_the_table() -> None:
    shared = {name for name in cr.special.__all__ if hasattr(scipy.special, name)}
    elsewhere = {"log_expit", "logit", "softplus", "softmax", "log_softmax", "logsumexp"}  # in test_special.py
    elsewhere |= {"wofz"}  # complex
    assert shared - elsewhere == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_values_are_those_of_scipy(name: str) -> None:
    given, free = arguments(name)
    want = getattr(scipy.special, name)(*given)
    np.testing.assert_allclose(getattr(cr.special, name)(*given), want, rtol=2e-13)
    single = [a.astype(np.float32) if i in free else a for i, a in enumerate(given)]
    assert getattr(cr.special, name)(*single).dtype == np.float32
    lists = [list(a) if i in free else a for i, a in enumerate(given)]
    np.testing.assert_allclose(getattr(cr.special, name)(*lists), want, rtol=2e-13)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[1]])
def test_derivatives_are_those_of_mpmath(name: str) -> None:
    given, free = arguments(name)
    function, exact = getattr(cr.special, name), TABLE[name][1]
    gradient = cr.grad(lambda *a: np.sum(function(*a)), argnums=tuple(free))(*given)
    with mp.workdps(40):
        for i, got in zip(free, gradient, strict=True):
            for k, value in enumerate(got):
                point = [mp.mpf(float(a[k])) if j in free else mp.mpf(a) for j, a in enumerate(given)]
                want = mp.diff(lambda t, i=i, point=point: exact(*point[:i], t, *point[i + 1 :]), point[i])
                assert float(value) == pytest.approx(float(want), rel=1e-12)


@pytest.mark.parametrize("name", [n for n in TABLE if isinstance(getattr(scipy.special, n), np.ufunc)])
def test_ufuncs_of_scipy_are_followed_as_they_are(name: str) -> None:
    given, free = arguments(name)

    def ours(*a: Any) -> Any:
        return np.sum(getattr(cr.special, name)(*a))

    def theirs(*a: Any) -> Any:
        return np.sum(getattr(scipy.special, name)(*a))

    wanted = cr.grad(ours, argnums=tuple(free))(*given)
    for got, want in zip(cr.grad(theirs, argnums=tuple(free))(*given), wanted, strict=True):
        np.testing.assert_array_equal(got, want)


def test_multigammaln() -> None:
    a = np.array([1.6, 3.0])
    want = sum(scipy.special.digamma(a - j / 2) for j in range(3))
    np.testing.assert_allclose(cr.grad(lambda a: np.sum(cr.special.multigammaln(a, 3)))(a), want, rtol=1e-14)
    for d in (0, -1, 1.5, np.ones(2)):
        with pytest.raises(ArgumentError, match="the dimension d of multigammaln is"):
            cr.special.multigammaln(3.0, d)


def test_integers_are_promoted() -> None:
    for dtype in (np.int8, np.int64, bool):
        x = np.ones(2, dtype)
        assert cr.special.gammaln(x).dtype == np.float64
        assert cr.special.jv(1, x).dtype == np.float64

    def counted(x: Any) -> Any:
        return np.sum(scipy.special.gammaln((x > 0) + 1) * x)

    np.testing.assert_array_equal(cr.grad(counted)(np.array([1.0, -1.0])), [0, 0])
    assert cr.special.polygamma(0, 1.5) == scipy.special.digamma(1.5)


def test_complex_arguments() -> None:
    z = np.array([1.5 + 0.5j, -0.3 + 2.0j])
    for name, exact in (("gamma", mp.gamma), ("loggamma", mp.loggamma), ("digamma", mp.digamma)):
        function = getattr(cr.special, name)
        np.testing.assert_allclose(function(z), getattr(scipy.special, name)(z), rtol=1e-14)
        _, change = cr.jvp(function, (z,), (np.ones_like(z),))
        np.testing.assert_allclose(change, [complex(mp.diff(exact, mp.mpc(v))) for v in z], rtol=1e-12)
    _, change = cr.jvp(lambda z: cr.special.jv(2, z), (z,), (np.ones_like(z),))
    np.testing.assert_allclose(change, [complex(mp.besselj(2, mp.mpc(v), derivative=1)) for v in z], rtol=1e-12)
    for name in ("gammaln", "betaln", "j0", "entr"):
        with pytest.raises(ArgumentError, match="real numbers, not complex ones"):
            getattr(cr.special, name)(*[z] * (2 if name == "betaln" else 1))


def test_a_parameter_without_derivative_is_named() -> None:
    for function in (cr.special.jv, scipy.special.jv, cr.special.kve, cr.special.zeta):
        with pytest.raises(TraceError, match=r"there is no derivative by the (order v|exponent x) of"):
            cr.grad(lambda v, function=function: function(v, 2.0))(1.5)
    with pytest.raises(TraceError, match="no derivative by the order n of polygamma"):
        cr.grad(lambda n: cr.special.polygamma(n, 2.0))(1.0)
    with pytest.raises(ArgumentError, match="the order v of jv is one real number, not array"):
        cr.special.jv(np.arange(3), 2.0)
    with pytest.raises(ArgumentError, match=r"the order n of polygamma is a whole number of at least 0, not 1\.5"):
        cr.special.polygamma(1.5, 2.0)


def test_terms_of_entropies_at_and_outside_the_ends() -> None:
    x, y = np.meshgrid([-1.0, 0.0, 0.5, np.inf, np.nan], [-1.0, 0.0, 0.5, 2.0, np.nan])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("rel_entr", "kl_div"):
            ours = getattr(cr.special, name)(x, y)
            np.testing.assert_allclose(ours, getattr(scipy.special, name)(x, y), rtol=1e-13, err_msg=name)
        np.testing.assert_allclose(cr.special.entr(x), scipy.special.entr(x), rtol=1e-15)
    for name in ("xlogy", "xlog1py"):
        ends = np.array([0.0, 0.0, 2.0]), np.array([0.0, -1.0, 0.5]) - (name == "xlogy") * np.array([0, -2.0, 0])
        np.testing.assert_allclose(getattr(cr.special, name)(*ends), getattr(scipy.special, name)(*ends), rtol=1e-15)


@pytest.mark.parametrize("x", [-1e100, -1e8, -1e3, -38.0, -5.0, 0.0, 3.0, 30.0])
def test_the_normal_distribution_in_both_tails(x: float) -> None:
    with mp.workdps(60):
        t = mp.mpf(x)
        ratio = mp.npdf(t) / mp.ncdf(t) if x > -1e4 else -t * (1 + 1 / t**2 - 2 / t**4)
        second = -ratio * (ratio + t) if x > -1e4 else -(1 - 1 / t**2)
        assert cr.grad(cr.special.log_ndtr)(x) == pytest.approx(float(ratio), rel=1e-13)
        assert cr.grad(cr.grad(cr.special.log_ndtr))(x) == pytest.approx(float(second), rel=1e-12)


@pytest.mark.parametrize("x", [-20.0, -1.0, 0.0, 0.4, 2.0, 50.0, 1e5, 1e10])
def test_the_scaled_error_function_and_two_derivatives(x: float) -> None:
    with mp.workdps(80):
        t = mp.mpf(x)
        value = mp.exp(t * t) * mp.erfc(t)
        first = 2 * t * value - 2 / mp.sqrt(mp.pi)
        second = 2 * value + 2 * t * first
        assert float(cr.special.erfcx(x)) == pytest.approx(float(value), rel=1e-14)
        assert cr.grad(cr.special.erfcx)(x) == pytest.approx(float(first), rel=1e-13)
        assert cr.grad(cr.grad(cr.special.erfcx))(x) == pytest.approx(float(second), rel=1e-13)


@pytest.mark.parametrize(("a", "b"), [(1e-8, 1e-8), (0.5, 1e5), (0.5, 1e12), (3.0, 1e6), (1e10, 1e10), (1e10, 1e-3)])
def test_the_log_beta_function_does_not_cancel(a: float, b: float) -> None:
    with mp.workdps(50):
        exact = [mp.mpf(a), mp.mpf(b)]
        value = mp.loggamma(exact[0]) + mp.loggamma(exact[1]) - mp.loggamma(sum(exact))
        assert float(cr.special.betaln(a, b)) == pytest.approx(float(value), rel=2e-14)
        whole = mp.digamma(sum(exact))
        for got, t in zip(cr.grad(cr.special.betaln, argnums=(0, 1))(a, b), exact, strict=True):
            assert got == pytest.approx(float(mp.digamma(t) - whole), rel=1e-14)


@pytest.mark.parametrize(
    ("a", "x"),
    [(1e-2, 1e-5), (1e-2, 3.0), (0.3, 90.0), (1.0, 0.9), (70.0, 1.5), (70.0, 120.0), (1e4, 9.8e3), (1e6, 1.001e6)],
)
def test_the_incomplete_gamma_function_by_its_parameter(a: float, x: float) -> None:
    with mp.workdps(60):
        want = float(mp.diff(lambda a: mp.gammainc(a, 0, mp.mpf(x), regularized=True), mp.mpf(a)))
    assert cr.grad(cr.special.gammainc)(a, x) == pytest.approx(want, rel=1e-12)
    assert cr.grad(cr.special.gammaincc)(a, x) == pytest.approx(-want, rel=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "x"),
    [
        (2, 3, 0.4),
        (0.3, 0.2, 0.9),
        (50, 70, 0.6),
        (1e3, 2e3, 0.34),
        (1e-3, 1e-3, 0.5),
        (300, 0.5, 0.8),
        (0.01, 50, 0.1),
    ],
)
def test_the_incomplete_beta_function_by_its_parameters(a: float, b: float, x: float) -> None:
    by_a, by_b = cr.grad(cr.special.betainc, argnums=(0, 1))(float(a), float(b), x)
    with mp.workdps(40):
        t = mp.mpf(x)
        want = mp.diff(lambda a: mp.betainc(a, b, 0, t, regularized=True), mp.mpf(a))
        assert by_a == pytest.approx(float(want), rel=1e-11)
        want = mp.diff(lambda b: mp.betainc(a, b, 0, t, regularized=True), mp.mpf(b))
        assert by_b == pytest.approx(float(want), rel=1e-11)


@pytest.mark.parametrize("x", [27.1, 30.0, 41.5, 59.0])
def test_the_scaled_complement_keeps_its_digits_where_its_series_begins(x: float) -> None:
    with mp.workdps(40):
        value = mp.exp(mp.mpf(x) ** 2) * mp.erfc(mp.mpf(x))
    assert float(cr.special.erfcx(x)) == pytest.approx(float(value), rel=1e-15)


@pytest.mark.parametrize("x", [0.0, 3.3, 12.7, 25.1, 36.9])
def test_the_logarithm_of_a_probability_near_one_keeps_its_digits(x: float) -> None:
    with mp.workdps(400):
        value = mp.log1p(-mp.erfc(mp.mpf(x) / mp.sqrt(2)) / 2)
    assert float(cr.special.log_ndtr(x)) == pytest.approx(float(value), rel=2e-15)
