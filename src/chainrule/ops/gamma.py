"""The gamma function and its relatives: logarithm, derivatives, the incomplete gamma functions.

With the density f of which P(a, x) is the integral from 0 to x, d/da f = (ln t - psi(a)) f. So the derivative of P by a
is the integral of (ln t - psi(a)) f, and the next ones are made of those of its powers. They are computed by the
trapezoidal rule after t = x exp(-s) or x exp(s) and s = exp(v - exp(-v)) / rate, on the side that holds less weight.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Elementwise
from chainrule.core.domain import POSITIVE, Domain, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.series import _exp_minus_1_minus, _factorial, _half_line, _log_gamma_density
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

# B_2 / 2, B_4 / 4, ...: the series of the digamma function.
_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)
_zeta = SciPyFunction("scipy.special.zeta", 1)
_gammaln = SciPyFunction("scipy.special.gammaln", 1)
_digamma = SciPyFunction("scipy.special.digamma", 1)


def _polygamma(x: Any, order: int) -> Any:
    # SciPy's own widens float32, takes no complex numbers, and sums as many terms as a negative number is large
    if np.iscomplexobj(x):
        return _polygamma_complex(x, order)
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        sign = 1.0 if order % 2 else -1.0
        mirrored = x < -64
        series = _zeta(order + 1, np.where(mirrored, 1 - x, x))
        if order < 171:
            right = sign * _factorial(order) * series
        else:  # the factorial overflows, and the product may not
            right = sign * np.exp(np.log(series) + _gammaln(order + 1.0))
        r = x - np.round(x)
        c, s = np.sin(np.pi * (0.5 - np.abs(r))), np.sin(np.pi * r)
        left = -np.pi * _cotangent_slope(c / s, 1 / (s * s), order) - sign * right
        left = np.where(r == 0, np.inf if order % 2 else -np.inf, left)
        return np.where(mirrored, left, right).astype(dtype)[()]


def _cotangent_slope(cot: Any, csc2: Any, order: Any) -> Any:
    # the derivative of cot(pi z), from cot(pi z) and 1 / sin(pi z)^2: a polynomial in the first, times the second
    coefficients = [-np.pi]
    for _ in range(order - 1):  # (csc2 p(cot))' = -pi csc2 (2 cot p + csc2 p'), and csc2 = 1 + cot^2
        n = len(coefficients)
        after = [0.0] * (n + 1)
        for k in range(n):
            after[k + 1] = after[k + 1] - np.pi * (2 + k) * coefficients[k]
            if k:
                after[k - 1] = after[k - 1] - np.pi * k * coefficients[k]
        coefficients = after
    total: Any = 0.0
    for coefficient in coefficients[::-1]:
        total = total * cot + coefficient
    return total * csc2


def _polygamma_complex(z: Any, order: int) -> Any:
    # by the asymptotic series, after the recurrence has made z large; far on the left by reflection
    dtype = np.asarray(z).dtype
    z = np.asarray(z, np.complex128)
    with np.errstate(all="ignore"):
        left = z.real < -64
        x = np.where(left, 1 - z, z)
        sign, total = 1.0 if order % 2 else -1.0, np.zeros(z.shape, np.complex128)
        for _ in range(80 + order):
            below = (np.abs(x) < 16 + order) | (x.real < 0)
            total = total + np.where(below, x ** -(order + 1.0), 0.0)
            x = np.where(below, x + 1, x)
        total = _factorial(order) * (total + x ** -(order + 1.0) / 2) + _factorial(order - 1) * x ** -float(order)
        for n in range(len(_BERNOULLI), 0, -1):
            power = 2 * n + order
            weight = _BERNOULLI[n - 1] * 2 * n * _factorial(power - 1) / _factorial(2 * n)
            total = total + x ** -float(power) * weight
        right = sign * total
        # of conj(z) below the axis, where exp(2 pi i z) would overflow; cot - i would cancel, so 1 / sin^2 by itself
        up = z.imag >= 0
        turn = 2j * np.pi * (z.real - np.round(z.real) + 1j * np.abs(z.imag))
        turn = np.where(up, turn, 2j * np.pi * (np.conj(z) - np.round(z.real)))
        d = np.expm1(turn)
        slope = _cotangent_slope(1j * (2 + d) / d, -4 * np.exp(turn) / (d * d), order)
        slope = np.where(up, slope, np.conj(slope))
        return np.where(left, -np.pi * slope - sign * right, right).astype(dtype)[()]


def _polygamma_change(x: Any, change: Any, order: int) -> Any:
    # psi(x + change) - psi(x), and for its derivatives: term by term in the recurrence and in the asymptotic series,
    # so that a small change of a large value keeps its digits.
    dtype = np.result_type(x, change, 1.0)
    x, change = np.asarray(x, np.float64), np.asarray(change, np.float64)
    with np.errstate(all="ignore"):
        total: Any = 0.0
        for _ in range(16):
            below = np.minimum(x, x + change) < 16
            # x^-(n+1) - (x + change)^-(n+1)
            term = -np.expm1(-(order + 1) * np.log1p(change / x)) * x ** -(order + 1.0)
            total = total + np.where(below, term, 0.0)
            x = np.where(below, x + 1, x)
        sign = 1 if order % 2 == 0 else -1
        total = sign * _factorial(order) * total
        step = np.log1p(change / x)
        series = -np.expm1(-(order + 1) * step) * x ** -(order + 1.0) * (_factorial(order) / 2)
        first = step if order == 0 else -np.expm1(-order * step) * x**-float(order) * _factorial(order - 1)
        series = series + first
        for n in range(len(_BERNOULLI), 0, -1):
            power = 2 * n + order
            weight = _BERNOULLI[n - 1] * 2 * n * _factorial(power - 1) / _factorial(2 * n)
            series = series - np.expm1(-power * step) * x ** -float(power) * weight
        return (total + sign * series).astype(dtype)[()]


def _peak(a: Any) -> Any:
    # a ln a - a - ln Gamma(a), and ln a - psi(a): by the Stirling series where the terms cancel
    large, small = np.maximum(a, 64.0), np.minimum(a, 64.0)
    y = 1 / (large * large)
    height = 0.5 * np.log(large / (2 * np.pi)) - (1 - y * (1 / 30 - y * (1 / 105 - y / 140))) / (12 * large)
    mean = 1 / (2 * large) + y / 12 * (1 - y * (1 / 10 - y / 21))
    return (np.where(a > 64, height, small * np.log(small) - small - _gammaln(small)),
            np.where(a > 64, mean, np.log(small) - _digamma(small)))


def _whole_gamma_moment(a: Any, order: int) -> Any:
    # that of all t: the central moments of the logarithm of a gamma variate, by its cumulants psi_1(a), psi_2(a), ...
    moments = [np.ones(np.shape(a)), np.zeros(np.shape(a))]
    for n in range(2, order + 1):
        total: Any = 0.0
        for k in range(2, n + 1):
            ways = _factorial(n - 1) // (_factorial(k - 1) * _factorial(n - k))
            total = total + ways * (-1) ** k * _factorial(k - 1) * _zeta(k, a) * moments[n - k]
        moments.append(total)
    return moments[order]


def _gammainc_moment(a: Any, x: Any, order: int) -> Any:
    # the integral from 0 to x of (ln t - psi(a))^order f(t)
    dtype = np.result_type(a, x, 1.0)
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    with np.errstate(all="ignore"):
        inside = (a > 0) & (x > 0) & np.isfinite(x)
        p, q = np.where(inside, a, 1.0), np.where(inside, x, 1.0)
        height, mean = _peak(p)
        near = np.abs(q - p) < 0.5 * p
        end = np.where(near, np.log1p(np.where(near, (q - p) / p, 0.0)), np.log(q) - np.log(p))
        lower = q <= np.maximum(p, 1.0)
        side = np.where(lower, -1.0, 1.0)
        rate = np.maximum(side * (q - p), 0.0) + np.where(p > 1, np.sqrt(p), np.where(lower, p, 1.0))
        total = np.zeros(p.shape)
        for s, weight in _half_line(p.ndim, p.size):
            w = end + side * (s / rate)
            term = weight * (w + mean) ** order * np.exp(height - p * _exp_minus_1_minus(w))
            total = total + np.sum(term, axis=0)
        part = np.where(lower, total / rate, _whole_gamma_moment(p, order) - total / rate)
        edge = np.where(x == np.inf, _whole_gamma_moment(p, order), np.where(x == 0, 0.0, np.nan))
        return np.where(inside, part, np.where(a > 0, edge, np.nan)).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _poles(name: str) -> tuple[Kink, ...]:
    return (Kink(lambda out, x, **_: (x <= 0) & (np.floor(np.real(x)) == x), f"{name} at 0, -1, -2, ...: a pole"),)


_GAMMA = "all real numbers but 0, -1, -2, ..."

gammaln = primitive("gammaln", evaluate=SciPyFunction("scipy.special.gammaln", 1), shape=elementwise, dtype=_floating,
                    derivative=Elementwise(lambda F, out, x: F.digamma(x)),
                    notation=Call("gammaln", latex=r"\ln\Gamma"), rule=rules.LOG_GAMMA,
                    domain=Domain(POSITIVE.operands, _GAMMA, _poles("gammaln(x)")))

loggamma = primitive("loggamma", evaluate=SciPyFunction("scipy.special.loggamma", 1), shape=elementwise,
                     dtype=_floating, derivative=Elementwise(lambda F, out, x: F.digamma(x)),
                     rule=rules.LOG_GAMMA,
                     domain=Domain(POSITIVE.operands, kinks=_poles("loggamma(x)")))

gamma = primitive("gamma", evaluate=SciPyFunction("scipy.special.gamma", 1), shape=elementwise, dtype=_floating,
                  derivative=Elementwise(lambda F, out, x: out * F.digamma(x)),
                  notation=Call("gamma", latex=r"\Gamma"), rule=rules.GAMMA,
                  domain=Domain(POSITIVE.operands, _GAMMA, _poles("gamma(x)")))

rgamma = primitive("rgamma", evaluate=SciPyFunction("scipy.special.rgamma", 1), shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, x: -out * F.digamma(x)), rule=rules.RECIPROCAL_GAMMA,
                   domain=Domain(POSITIVE.operands, _GAMMA, _poles("the rule of rgamma(x)")))

gammasgn = primitive("gammasgn", evaluate=SciPyFunction("scipy.special.gammasgn", 1), shape=elementwise,
                     dtype=_floating, derivative=Constant(), rule=rules.STEP)

poch = primitive("poch", evaluate=SciPyFunction("scipy.special.poch", 2), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, z, m: out * F.polygamma_change(z, m, order=0),
                                        lambda F, out, z, m: out * F.digamma(z + m)),
                 rule=rules.POCHHAMMER, domain=POSITIVE)

digamma = primitive("digamma", evaluate=SciPyFunction("scipy.special.digamma", 1), shape=elementwise, dtype=_floating,
                    derivative=Elementwise(lambda F, out, x: F.polygamma(x, order=1)),
                    notation=Call("digamma", latex=r"\psi"), rule=rules.DIGAMMA,
                    domain=Domain(POSITIVE.operands, _GAMMA, _poles("digamma(x)")))

polygamma = primitive("polygamma", evaluate=_polygamma, shape=elementwise, dtype=_floating,
                      derivative=Elementwise(lambda F, out, x, order: F.polygamma(x, order=order + 1)),
                      notation=Call("psi", latex=r"\psi", index="order"), rule=rules.POLYGAMMA,
                      domain=Domain(POSITIVE.operands, _GAMMA, _poles("polygamma(n, x)")),
                      examples=(example((3,), order=1), example((), order=2), example((2, 3), order=3)))

# psi(x + c) - psi(x) has lost all digits where c is far smaller than x; rules are written with this.
polygamma_change = primitive("polygamma_change", evaluate=_polygamma_change, shape=elementwise, dtype=_floating,
                             derivative=Elementwise(
                                 lambda F, out, x, c, order: F.polygamma_change(x, c, order=order + 1),
                                 lambda F, out, x, c, order: F.polygamma(x + c, order=order + 1)),
                             rule=rules.POLYGAMMA_CHANGE, domain=POSITIVE,
                             examples=(example((3,), (3,), order=0), example((2, 3), (3,), order=1),
                                       example((), (), order=0), example((), (2,), order=2)))

zeta = primitive("zeta", evaluate=SciPyFunction("scipy.special.zeta", 1, ("s",)), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, q, s: -s * F.zeta(q, s=s + 1)),
                 rule=rules.HURWITZ_ZETA, domain=POSITIVE,
                 examples=(example((3,), s=2), example((), s=1.5), example((2, 3), s=3)))

def _excess(F: Any, a: Any, x: Any) -> Any:
    # (a - 1) / x, which is 0 at 0 for a = 1
    flat = F.logical_and(F.equal(a, 1.0), F.equal(x, 0.0))
    return (a - 1.0) / F.where(flat, 1.0, x)


_ENDS = Domain(POSITIVE.operands, kinks=(
    Kink(lambda out, a, x, **_: (a == 0) | (x == 0), "the gamma density at a or x = 0"),))

log_gamma_density = primitive("log_gamma_density", evaluate=_log_gamma_density, shape=elementwise, dtype=_floating,
                              derivative=Elementwise(lambda F, out, a, x: F.log(x) - F.digamma(a),
                                                     lambda F, out, a, x: _excess(F, a, x) - 1.0),
                              rule=rules.LOG_GAMMA_DENSITY, domain=_ENDS)

gammainc = primitive("gammainc", evaluate=SciPyFunction("scipy.special.gammainc", 2), shape=elementwise,
                     dtype=_floating, derivative=Elementwise(
                         lambda F, out, a, x: F.gammainc_moment(a, x, order=1),
                         lambda F, out, a, x: F.exp(F.log_gamma_density(a, x))),
                     rule=rules.INCOMPLETE_GAMMA, domain=_ENDS)

gammaincc = primitive("gammaincc", evaluate=SciPyFunction("scipy.special.gammaincc", 2), shape=elementwise,
                      dtype=_floating, derivative=Elementwise(
                          lambda F, out, a, x: -F.gammainc_moment(a, x, order=1),
                          lambda F, out, a, x: -F.exp(F.log_gamma_density(a, x))),
                      rule=rules.INCOMPLETE_GAMMA_REST, domain=_ENDS)

gammainc_moment = primitive("gammainc_moment", evaluate=_gammainc_moment, shape=elementwise, dtype=_floating,
                            derivative=Elementwise(
                                lambda F, out, a, x, order: (
                                    F.gammainc_moment(a, x, order=order + 1)
                                    - order * F.polygamma(a, order=1) * F.gammainc_moment(a, x, order=order - 1)),
                                lambda F, out, a, x, order: (
                                    F.power(F.log(x) - F.digamma(a), float(order))
                                    * F.exp(F.log_gamma_density(a, x)))),
                            rule=rules.GAMMA_MOMENT, domain=_ENDS,
                            examples=(example((3,), (3,), order=1), example((), (2,), order=1),
                                      example((), (), order=2)))
