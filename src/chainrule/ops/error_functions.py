"""The error function and its relatives: complement, scaled, inverse, and the logarithm of the normal distribution."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import Domain, Interval, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

_complex_erf = SciPyFunction("scipy.special.erf", 1)
_complex_erfc = SciPyFunction("scipy.special.erfc", 1)
_complex_erfcx = SciPyFunction("scipy.special.erfcx", 1)
_complex_log_ndtr = SciPyFunction("scipy.special.log_ndtr", 1)

# The functions below stand alone, with their tables: their source is printed into code that is taken away. Of complex
# numbers they are SciPy's, and code for real ones does without it.

_ERF_NEAR = (
    -4.2320376764874594e-12, 8.709755232851789e-11, -1.2164764337224506e-09, 1.479243542696247e-08,
    -1.6364645854816389e-07, 1.6462045711013026e-06, -1.4925647581008593e-05, 0.00012055332903350668,
    -0.0008548327021945428, 0.005223977625423455, -0.026866170645129854, 0.1128379167095512, -0.37612638903183754,
    0.1283791670955126)
_ERFC_FAR = (
    -9.175254986154479e-09, 7.400643444423541e-08, 5.86119510740816e-08, -7.814695281605222e-07, 3.094002596414874e-07,
    5.678771361724569e-06, -1.123109042903906e-05, -2.4385652458673137e-05, 0.00015062496967155968,
    -0.00019926047520314312, -0.0007577740426454986, 0.005031970641815106, -0.016197733951822908,
    0.03716751546717087, -0.06633036582079893, 0.09373283500245466, -0.10103906603595157,
    0.06809705425458251, 0.015379652102614133, -0.13962111684056164, 1.2329951186255526)


_ROOT_2 = 1.4142135623730951
_ROOT_PI = 1.7724538509055159


def _polynomial(coefficients: Any, x: Any) -> Any:
    total = coefficients[0]
    for c in coefficients[1:]:
        total = total * x + c
    return total


def _erf_near(x: Any) -> Any:
    # |x| <= 1: erf(x) = x (1 + p(x^2)), p a truncated Chebyshev series
    return x + x * _polynomial(_ERF_NEAR, x * x)


def _erfc_scaled(x: Any) -> Any:
    # x >= 1/2: (1 + 2 x) exp(x^2) erfc(x) as a truncated Chebyshev series in (x - 4) / (x + 4)
    return _polynomial(_ERFC_FAR, (x - 4) / (x + 4)) / (1 + 2 * x)


def _erf(x: Any) -> Any:
    if np.iscomplexobj(x):
        return _complex_erf(x)
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    a = np.clip(np.abs(x), 1.0, 6.0)
    tail = np.copysign(1 - np.exp(-a * a) * _erfc_scaled(a), x)
    return np.where(np.abs(x) < 1, _erf_near(np.clip(x, -1.0, 1.0)), tail).astype(dtype)[()]


def _erfc(x: Any) -> Any:
    if np.iscomplexobj(x):
        return _complex_erfc(x)
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    a = np.clip(np.abs(x), 0.5, 28.0)
    scaled = _erfc_scaled(a)
    # The square of the rounded number is exact; exp(-a * a) would lose the digits that the rounding of a * a has lost.
    r = np.round(a * 1024) / 1024
    tail = np.exp(-r * r) * (scaled + scaled * np.expm1((r - a) * (r + a)))
    near = 1 - _erf_near(np.clip(x, -0.5, 0.5))
    return np.where(np.abs(x) < 0.5, near, np.where(x < 0, 2 - tail, tail)).astype(dtype)[()]



def _erfcx(x: Any) -> Any:
    if np.iscomplexobj(x):
        return _complex_erfcx(x)
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        large = np.maximum(np.abs(x), 27.0)
        y = 1 / (2 * large * large)
        series = 1 - y * (1 - 3 * y * (1 - 5 * y * (1 - 7 * y * (1 - 9 * y * (1 - 11 * y * (1 - 13 * y))))))
        series = series / (_ROOT_PI * large)
        scaled = np.where(np.abs(x) > 27, series, _erfc_scaled(np.clip(np.abs(x), 0.5, 27.0)))
        r = np.round(np.minimum(np.abs(x), 30.0) * 1024) / 1024  # exp(x^2) by a square that is exact, as in _erfc
        rest = np.minimum(np.abs(x), 30.0) - r
        square = np.exp(r * r) * np.exp(rest * (2 * r + rest))
        near = square * (1 - _erf_near(np.clip(x, -0.5, 0.5)))
        out = np.where(np.abs(x) < 0.5, near, np.where(x < 0, 2 * square - scaled, scaled))
        return np.where(x < -29.9, np.inf, out).astype(dtype)[()]


def _erfcx_integral(x: Any, order: int) -> Any:
    if np.iscomplexobj(x):
        return _complex_erfcx_integral(x, order)
    # exp(x^2) times the integral of order n of erfc from x on, which is 2 / (sqrt(pi) n!) times that of
    # t^n exp(-t^2 - 2 x t) from 0 on. Below 1 by its recurrence, in which all terms are positive for x < 0; above by
    # the trapezoidal rule in t = exp(u - exp(-u)) / s, where the integrand has died away at both ends.
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        factorial: Any = 1.0
        before, out = 2 / _ROOT_PI, _erfcx(np.minimum(x, 0.0))
        for n in range(1, order + 1):
            factorial = factorial * n
            before, out = out, (before - 2 * np.minimum(x, 0.0) * out) / (2 * n)
        at = np.maximum(x, 0.0)
        s = np.maximum(at, 1.0)  # of the length over which the integrand decays
        total: Any = 0.0
        h = 1 / 16
        for k in range(-60, 121):
            u = k * h
            t = np.exp(u - np.exp(-u))
            weight = h * t * (1 + np.exp(-u)) * t**order
            total = total + weight * np.exp(-(t / s) * (t / s) - 2 * (at / s) * t)
        far = 2 / (_ROOT_PI * factorial) * total / s ** (order + 1.0)
        return np.where(x < 0, out, far).astype(dtype)[()]


def _complex_erfcx_integral(z: Any, order: int) -> Any:
    # right of the axis: by the recurrence near 0, by the asymptotic series where that cancels; on the left by
    # i^n erfc(z) + (-1)^n i^n erfc(-z), a polynomial that has the same recurrence
    dtype = np.asarray(z).dtype
    z = np.asarray(z, np.complex128)
    with np.errstate(all="ignore"):
        left = z.real < 0
        x = np.where(left, -z, z)
        before, near = 2 / _ROOT_PI, _complex_erfcx(x)
        last, polynomial = 0.0 * z, 0.0 * z + 1
        factorial: Any = 1.0
        for n in range(1, order + 1):
            factorial = factorial * n
            before, near = near, (before - 2 * x * near) / (2 * n)
            last, polynomial = polynomial, (last - 2 * z * polynomial) / (2 * n)
        twice = 2 * np.where(np.abs(x) < 6.5, 6.5, x)
        term, far = factorial + 0.0 * twice, 0.0 * twice
        for m in range(36):
            far = far + term
            term = term * -((2 * m + order + 1) * (2 * m + order + 2) / (m + 1)) / (twice * twice)
        far = far * 2 / (_ROOT_PI * factorial) / twice ** (order + 1.0)
        right = np.where(np.abs(x) < 6.5, near, far)
        whole = 2 * np.exp(z * z) * polynomial
        return np.where(left, whole - (-1) ** order * right, right).astype(dtype)[()]


def _log_ndtr(x: Any) -> Any:
    if np.iscomplexobj(x):
        return _complex_log_ndtr(x)
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        low = np.minimum(x, 0.0)
        tail = np.log(0.5 * _erfcx(-low / _ROOT_2)) - 0.5 * low * low
        # The quotient by the root rounds, and erfc(high / root) would lose x^2 units in the last place by it.
        high = np.clip(x, 0.0, 40.0)
        r = np.round(high * 1024) / 1024
        above = 0.5 * np.exp(-0.5 * r * r) * np.exp(0.5 * (r - high) * (r + high)) * _erfcx(high / _ROOT_2)
        return np.where(x < 0, tail, np.log1p(-above)).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _density_ratio(F: Any, out: Any, x: Any) -> Any:
    # The density divided by the distribution function: by erfcx below 0, where both become 0, and not above, where
    # that becomes infinite.
    factor, root = math.sqrt(2 / math.pi), math.sqrt(2.0)
    if np.dtype(x.dtype).kind == "c":
        return factor / F.erfcx(-x / root)
    below = F.less(x, 0.0)
    low, high = F.where(below, x, 0.0), F.where(below, 0.0, x)
    return F.where(below, factor / F.erfcx(-low / root), factor * F.exp(-0.5 * F.square(high)) / F.erfc(-high / root))


erf = primitive("erf", evaluate=_erf, shape=elementwise, dtype=_floating,
                derivative=Elementwise(lambda F, out, x: 2 / math.sqrt(math.pi) * F.exp(-F.square(x))),
                notation=Call("erf", latex=r"\operatorname{erf}"), rule=rules.ERROR_FUNCTION)

erfc = primitive("erfc", evaluate=_erfc, shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: -2 / math.sqrt(math.pi) * F.exp(-F.square(x))),
                 notation=Call("erfc", latex=r"\operatorname{erfc}"), rule=rules.ERROR_FUNCTION_COMPLEMENT)

erfcx = primitive("erfcx", evaluate=_erfcx, shape=elementwise, dtype=_floating,
                  # 2 x out - 2 / sqrt(pi) has lost all digits by x = 1e8
                  derivative=Elementwise(lambda F, out, x: -2.0 * F.erfcx_integral(x, order=1)),
                  rule=rules.SCALED_ERROR_FUNCTION)

erfcx_integral = primitive("erfcx_integral", evaluate=_erfcx_integral, shape=elementwise, dtype=_floating,
                           derivative=Elementwise(lambda F, out, x, order: (
                               -2 * (order + 1) * F.erfcx_integral(x, order=order + 1))),
                           rule=rules.ERROR_FUNCTION_INTEGRAL,
                           examples=(example((3,), order=1), example((), order=2), example((2, 3), order=3)))

log_ndtr = primitive("log_ndtr", evaluate=_log_ndtr, shape=elementwise, dtype=_floating,
                     derivative=Elementwise(_density_ratio),
                     rule=rules.LOG_NORMAL_DISTRIBUTION)

erfinv = primitive("erfinv", evaluate=SciPyFunction("scipy.special.erfinv", 1), shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, x: math.sqrt(math.pi) / 2 * F.exp(F.square(out))),
                   rule=rules.INVERSE_ERROR_FUNCTION,
                   domain=Domain((Interval(-1.0, 1.0),), kinks=(
                       Kink(lambda out, x: np.abs(x) == 1, "erfinv(x) at -1 and 1, a pole"),)))

erfcinv = primitive("erfcinv", evaluate=SciPyFunction("scipy.special.erfcinv", 1), shape=elementwise, dtype=_floating,
                    derivative=Elementwise(lambda F, out, x: -math.sqrt(math.pi) / 2 * F.exp(F.square(out))),
                    rule=rules.INVERSE_ERROR_FUNCTION_COMPLEMENT,
                    domain=Domain((Interval(0.0, 2.0),), kinks=(
                        Kink(lambda out, x: (x == 0) | (x == 2), "erfcinv(x) at 0 and 2, a pole"),)))

ndtri = primitive("ndtri", evaluate=SciPyFunction("scipy.special.ndtri", 1), shape=elementwise, dtype=_floating,
                  derivative=Elementwise(lambda F, out, x: math.sqrt(2 * math.pi) * F.exp(0.5 * F.square(out))),
                  rule=rules.NORMAL_QUANTILE,
                  domain=Domain((Interval(0.0, 1.0),), kinks=(
                      Kink(lambda out, x: (x == 0) | (x == 1), "ndtri(x) at 0 and 1, a pole"),)))
