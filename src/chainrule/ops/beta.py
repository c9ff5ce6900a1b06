"""The beta function, its logarithm, binomial coefficients, and the incomplete beta functions.

As for the incomplete gamma functions, the derivatives by the parameters are integrals of the density times powers of
what its logarithm changes by: ln t - mu with mu = psi(a) - psi(a + b), and ln(1 - t) - nu.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Interval, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.primitive import example, primitive
from chainrule.core.series import _deviance, _factorial, _half_line, _stirling_rest
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

_HALF_LOG_2_PI = 0.9189385332046728
_digamma = SciPyFunction("scipy.special.digamma", 1)
_zeta = SciPyFunction("scipy.special.zeta", 1)


def _betaln(a: Any, b: Any) -> Any:
    # The Stirling series of the three gamma functions, with the large terms taken together: their sum is small where
    # they are not, and SciPy loses ten digits at (1/2, 1e5). Small arguments are raised to 8 before.
    dtype = np.result_type(a, b, 1.0)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    a, b = np.minimum(a, b), np.maximum(a, b)
    with np.errstate(all="ignore"):
        raised: Any = 0.0
        for _ in range(8):
            for first in (True, False):
                small, other = (a, b) if first else (b, a)
                below = small < 8
                raised = raised + np.where(below, np.log1p(other / np.where(below, small, 1.0)), 0.0)
                a, b = (np.where(below, a + 1, a), b) if first else (a, np.where(below, b + 1, b))
        rest = _stirling_rest(a) + _stirling_rest(b) - _stirling_rest(a + b)
        out = raised - a * np.log1p(b / a) - (b - 0.5) * np.log1p(a / b) - 0.5 * np.log(a) + _HALF_LOG_2_PI
        return (out + rest).astype(dtype)[()]


def _log_beta_density(a: Any, b: Any, x: Any) -> Any:
    # (a - 1) ln x + (b - 1) ln(1 - x) - ln B(a, b): for large a and b with the large terms taken together
    dtype = np.result_type(a, b, x, 1.0)
    a, b, x = np.broadcast_arrays(*[np.asarray(v, np.float64) for v in (a, b, x)])
    with np.errstate(all="ignore"):
        inside = (x > 0) & (x < 1)
        t = np.where(inside, x, 0.5)
        left, right = np.where(a == 1, 0.0, (a - 1) * np.log(x)), np.where(b == 1, 0.0, (b - 1) * np.log1p(-x))
        far = left + right - _betaln(a, b)
        large = np.minimum(a, b) >= 8
        c, d = np.where(large, a, 8.0), np.where(large, b, 8.0)
        p, q = c / (c + d), d / (c + d)
        rest = _stirling_rest(c) + _stirling_rest(d) - _stirling_rest(c + d)
        near = 0.5 * np.log(c * q) - _HALF_LOG_2_PI - rest - (c + d) * (_deviance(p, t) + _deviance(q, 1 - t))
        out = np.where(large & inside, near - np.log(t) - np.log1p(-t), far)
        return np.where((x >= 0) & (x <= 1), out, np.nan).astype(dtype)[()]


def _ways(n: Any, k: Any) -> Any:
    return _factorial(n) // (_factorial(k) * _factorial(n - k))


def _cumulant(a: Any, b: Any, m: Any, n: Any) -> Any:
    # of ln t and ln(1 - t): the derivatives of ln B(a, b)
    order = m + n
    if order < 2:
        return np.zeros(np.shape(a))
    whole = _zeta(order, a + b)
    part = whole if m and n else whole - _zeta(order, a if m else b)
    return (-1) ** (order + 1) * _factorial(order - 1) * part


def _whole_moment(a: Any, b: Any, m: Any, n: Any) -> Any:
    # that of all t, by the cumulants
    if m + n == 0:
        return np.ones(np.shape(a))
    total: Any = 0.0
    for k in range(m + 1):
        for j in range(n + 1):
            fixed = (k < m) if m else (j < n)  # one of the variates stays in the cumulant
            if fixed:
                ways = _ways(m - 1, k) * _ways(n, j) if m else _ways(n - 1, j)
                total = total + ways * _cumulant(a, b, m - k, n - j) * _whole_moment(a, b, k, j)
    return total


def _betainc_moment(a: Any, b: Any, x: Any, m: int, n: int) -> Any:
    # the integral from 0 to x of (ln t - mu)^m (ln(1 - t) - nu)^n f(t), by w = logit(t) - logit(p), p = a / (a + b)
    dtype = np.result_type(a, b, x, 1.0)
    a, b, x = np.broadcast_arrays(*[np.asarray(v, np.float64) for v in (a, b, x)])
    with np.errstate(all="ignore"):
        inside = (a > 0) & (b > 0) & (x > 0) & (x < 1)
        edge = np.where((a > 0) & (b > 0) & ((x == 0) | (x == 1)), x * _whole_moment(a, b, m, n), np.nan)
        a, b, t = np.where(inside, a, 1.0), np.where(inside, b, 1.0), np.where(inside, x, 0.5)
        p, q = a / (a + b), b / (a + b)
        ln_p, ln_q = -np.log1p(b / a), -np.log1p(a / b)
        rest = [_stirling_rest(np.maximum(v, 8)) for v in (a, b, a + b)]
        height = np.where(np.minimum(a, b) >= 8, 0.5 * np.log(a * q) - _HALF_LOG_2_PI - rest[0] - rest[1] + rest[2],
                          a * ln_p + b * ln_q - _betaln(a, b))
        mu, nu = ln_p - _digamma(a) + _digamma(a + b), ln_q - _digamma(b) + _digamma(a + b)
        end = np.log(t) - np.log1p(-t) - (np.log(a) - np.log(b))
        lower = end <= 0
        side = np.where(lower, -1.0, 1.0)
        slope = side * (b * t - a * (1 - t))
        rate = np.maximum(slope, 0.0) + np.minimum(np.sqrt(a * q), np.where(lower, a, b))
        total: Any = 0.0
        for s, weight in _half_line(a.ndim, a.size):
            w = end + side * (s / rate)
            down, up = np.expm1(np.maximum(-np.maximum(w, -1.0), -700.0)), np.expm1(np.minimum(w, 1.0))
            first = np.where(w < -1, w - np.log1p(p * up), -np.log1p(q * down))
            second = np.where(w > 1, -w - np.log1p(q * down), -np.log1p(p * up))
            change = (first + mu) ** m * (second + nu) ** n
            total = total + np.sum(weight * change * np.exp(height + a * first + b * second), axis=0)
        part = np.where(lower, total / rate, _whole_moment(a, b, m, n) - total / rate)
        return np.where(inside, part, edge).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


betaln = primitive("betaln", evaluate=_betaln, shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, a, b: -F.polygamma_change(a, b, order=0),
                                          lambda F, out, a, b: -F.polygamma_change(b, a, order=0)),
                   rule=rules.LOG_BETA,
                   domain=Domain(POSITIVE.operands, kinks=(
                       Kink(lambda out, a, b: (a == 0) | (b == 0), "betaln(a, b) at a or b = 0, a pole"),)))

beta = primitive("beta", evaluate=SciPyFunction("scipy.special.beta", 2), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, a, b: -out * F.polygamma_change(a, b, order=0),
                                        lambda F, out, a, b: -out * F.polygamma_change(b, a, order=0)),
                 rule=rules.BETA,
                 domain=Domain(POSITIVE.operands, kinks=(
                     Kink(lambda out, a, b: (a == 0) | (b == 0), "beta(a, b) at a or b = 0, a pole"),)))

binom = primitive("binom", evaluate=SciPyFunction("scipy.special.binom", 2), shape=elementwise, dtype=_floating,
                  derivative=Elementwise(
                      lambda F, out, n, k: out * F.polygamma_change(n - k + 1, k, order=0),
                      lambda F, out, n, k: out * F.polygamma_change(k + 1, n - 2 * k, order=0)),
                  rule=rules.BINOMIAL,
                  domain=Domain((Interval(3.0, 6.0), Interval(0.0, 2.0)), "0 <= k <= n"))


def _excess(F: Any, a: Any, x: Any) -> Any:
    # (a - 1) / x, which is 0 at the end of the interval for a = 1
    flat = F.logical_and(F.equal(a, 1.0), F.equal(x, 0.0))
    return (a - 1.0) / F.where(flat, 1.0, x)


def _by_parameter(index: int) -> Any:
    def partial(F: Any, out: Any, a: Any, b: Any, x: Any, m: int, n: int) -> Any:
        # the power of what the density's logarithm changes by is one more; and mu and nu depend on a and b themselves
        total = F.betainc_moment(a, b, x, m=m + 1, n=n) if index == 0 else F.betainc_moment(a, b, x, m=m, n=n + 1)
        whole = F.polygamma(a + b, order=1)
        own = F.polygamma(b if index else a, order=1) - whole
        by_m, by_n = (-whole, own) if index else (own, -whole)
        for count, change, lower in ((m, by_m, (m - 1, n)), (n, by_n, (m, n - 1))):
            if count:
                before = F.betainc_moment(a, b, x, m=lower[0], n=lower[1]) if sum(lower) else F.betainc(a, b, x)
                total = total - count * change * before
        return total

    return partial


_INSIDE = Domain((Interval(0.0), Interval(0.0), Interval(0.0, 1.0)), kinks=(
    Kink(lambda out, a, b, x, **_: (x == 0) | (x == 1), "the beta density at x = 0 or 1"),))
_THREE = (((3,), (3,), (3,)), ((2, 3), (3,), ()), ((), (), ()), ((), (2, 1), (1, 3)))

log_beta_density = primitive("log_beta_density", evaluate=_log_beta_density, shape=elementwise, dtype=_floating,
                             derivative=Elementwise(
                                 lambda F, out, a, b, x: F.log(x) + F.polygamma_change(a, b, order=0),
                                 lambda F, out, a, b, x: F.log1p(-x) + F.polygamma_change(b, a, order=0),
                                 lambda F, out, a, b, x: _excess(F, a, x) - _excess(F, b, 1.0 - x)),
                             rule=rules.LOG_BETA_DENSITY, domain=_INSIDE,
                             examples=tuple(example(*shapes) for shapes in _THREE))

betainc = primitive("betainc", evaluate=SciPyFunction("scipy.special.betainc", 3), shape=elementwise, dtype=_floating,
                    derivative=Elementwise(lambda F, out, a, b, x: F.betainc_moment(a, b, x, m=1, n=0),
                                           lambda F, out, a, b, x: F.betainc_moment(a, b, x, m=0, n=1),
                                           lambda F, out, a, b, x: F.exp(F.log_beta_density(a, b, x))),
                    rule=rules.INCOMPLETE_BETA, domain=_INSIDE, examples=tuple(example(*shapes) for shapes in _THREE))

betaincc = primitive("betaincc", evaluate=SciPyFunction("scipy.special.betaincc", 3), shape=elementwise,
                     dtype=_floating, derivative=Elementwise(
                         lambda F, out, a, b, x: -F.betainc_moment(a, b, x, m=1, n=0),
                         lambda F, out, a, b, x: -F.betainc_moment(a, b, x, m=0, n=1),
                         lambda F, out, a, b, x: -F.exp(F.log_beta_density(a, b, x))),
                     rule=rules.INCOMPLETE_BETA_REST, domain=_INSIDE,
                     examples=tuple(example(*shapes) for shapes in _THREE))

betainc_moment = primitive("betainc_moment", evaluate=_betainc_moment, shape=elementwise, dtype=_floating,
                           derivative=Elementwise(
                               _by_parameter(0), _by_parameter(1),
                               lambda F, out, a, b, x, m, n: (
                                   F.power(F.log(x) + F.polygamma_change(a, b, order=0), float(m))
                                   * F.power(F.log1p(-x) + F.polygamma_change(b, a, order=0), float(n))
                                   * F.exp(F.log_beta_density(a, b, x)))),
                           rule=rules.BETA_MOMENT, domain=_INSIDE,
                           examples=(example((), (2, 1), (3,), m=1, n=0),
                                     example((), (), (), m=1, n=1)))


def _student_density(F: Any, df: Any, t: Any) -> Any:
    return F.exp(-0.5 * (df + 1.0) * F.log1p(F.square(t) / df) - F.betaln(0.5 * df, 0.5)) / F.sqrt(df)


def _student_by_df(F: Any, out: Any, df: Any, t: Any) -> Any:
    # the tail is half of the incomplete beta function of df / 2 and 1/2 at df / (df + t^2)
    moment = F.betainc_moment(0.5 * df, 0.5, df / (df + F.square(t)), m=1, n=0)
    return -0.25 * F.sign(t) * moment - 0.5 * t / df * _student_density(F, df, t)


stdtr = primitive("stdtr", evaluate=SciPyFunction("scipy.special.stdtr", 2), shape=elementwise, dtype=_floating,
                  derivative=Elementwise(_student_by_df, lambda F, out, df, t: _student_density(F, df, t)),
                  rule=rules.STUDENT_DISTRIBUTION, domain=Domain((Interval(0.0), Interval(0.0))))
