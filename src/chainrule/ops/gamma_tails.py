"""Logarithms of the incomplete gamma functions, with their digits where the functions themselves have become 0.

Far out in a tail ln Q(a, x) = ln(x f(x)) + ln R, with the density f and R = the integral of f from x on, divided by
x f(x): a number of the order of 1 / (x - a). R and the integrals of powers of ln t - psi(a) with it are computed by
the trapezoidal rule in s, after t = x exp(s / rate) or x exp(-s / rate).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.primitive import Primitive, example, primitive
from chainrule.core.series import _exp_minus_1_minus, _half_line, _log_gamma_density
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

_digamma = SciPyFunction("scipy.special.digamma", 1)
_gammainc = SciPyFunction("scipy.special.gammainc", 1)
_gammaincc = SciPyFunction("scipy.special.gammaincc", 1)
_FAR = -500.0  # logarithms from which on they are computed by the tail


def _gamma_tail(a: Any, x: Any, order: int, upper: bool) -> Any:
    # the integral of (ln t - psi(a))^order f(t) over the tail, divided by x f(x)
    dtype = np.result_type(a, x, 1.0)
    a, x = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(x, np.float64))
    with np.errstate(all="ignore"):
        side = 1.0 if upper else -1.0
        change = np.log(x) - _digamma(a)
        rate = np.maximum(side * (x - a), 0.0) + np.sqrt(np.minimum(a, x)) * (a > 1) + np.where(a > 1, 0.0, a)
        total = np.zeros(a.shape)
        for s, weight in _half_line(a.ndim, a.size):
            u = side * (s / rate)
            term = (change + u) ** order * np.exp(-(x * _exp_minus_1_minus(u) + (x - a) * u))
            total = total + np.sum(weight * term, axis=0)
        return (total / rate).astype(dtype)[()]


def _log_gammaincc(a: Any, x: Any) -> Any:
    dtype = np.result_type(a, x, 1.0)
    a, x = np.asarray(a, np.float64), np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        upper, lower = _gammaincc(a, x), _gammainc(a, x)
        near = np.where(upper < 0.5, np.log(upper), np.log1p(-lower))
        far = (upper < 1e-250) & (x > a) & np.isfinite(x)
        t = np.where(far, x, 2 * a + 2)
        tail = _log_gamma_density(a, t) + np.log(t) + np.log(_gamma_tail(a, t, 0, True))
        return np.where(far, tail, near).astype(dtype)[()]


def _log_gammainc(a: Any, x: Any) -> Any:
    dtype = np.result_type(a, x, 1.0)
    a, x = np.asarray(a, np.float64), np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        upper, lower = _gammaincc(a, x), _gammainc(a, x)
        near = np.where(lower < 0.5, np.log(lower), np.log1p(-upper))
        far = (lower < 1e-250) & (x < a) & (x > 0)
        t = np.where(far, x, a / 4)
        tail = _log_gamma_density(a, t) + np.log(t) + np.log(_gamma_tail(a, t, 0, False))
        return np.where(far, tail, near).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _tail_by_a(F: Any, out: Any, a: Any, x: Any, order: int, upper: bool) -> Any:
    total = F.gamma_tail(a, x, order=order + 1, upper=upper) - (F.log(x) - F.digamma(a)) * out
    if order:
        total = total - order * F.polygamma(a, order=1) * F.gamma_tail(a, x, order=order - 1, upper=upper)
    return total


def _tail_by_x(F: Any, out: Any, a: Any, x: Any, order: int, upper: bool) -> Any:
    power = F.power(F.log(x) - F.digamma(a), float(order)) if order else 1.0
    return (-(power if upper else -power) - (a - x) * out) / x


def _log_entry(name: str, evaluate: Any, upper: bool) -> Primitive:
    sign = -1.0 if upper else 1.0

    def places(F: Any, out: Any, a: Any, x: Any) -> tuple[Any, Any]:
        far = F.less(out, _FAR)
        return far, F.where(far, x, 2.0 * a + 2.0 if upper else 0.25 * a)

    def by_a(F: Any, out: Any, a: Any, x: Any) -> Any:
        far, t = places(F, out, a, x)
        tail = F.gamma_tail(a, t, order=1, upper=upper) / F.gamma_tail(a, t, order=0, upper=upper)
        return F.where(far, tail, sign * F.gammainc_moment(a, x, order=1) * F.exp(-F.where(far, 0.0, out)))

    def by_x(F: Any, out: Any, a: Any, x: Any) -> Any:
        far, t = places(F, out, a, x)
        near = F.exp(F.log_gamma_density(a, x) - F.where(far, 0.0, out))
        return sign * F.where(far, 1.0 / (t * F.gamma_tail(a, t, order=0, upper=upper)), near)

    return primitive(name, evaluate=evaluate, shape=elementwise, dtype=_floating, derivative=Elementwise(by_a, by_x),
                     rule=rules.LOG_INCOMPLETE_GAMMA, domain=Domain(POSITIVE.operands, kinks=(
                         Kink(lambda out, a, x: (a == 0) | (x == 0), f"{name} at a or x = 0"),)))


gamma_tail = primitive("gamma_tail", evaluate=_gamma_tail, shape=elementwise, dtype=_floating,
                       derivative=Elementwise(_tail_by_a, _tail_by_x), rule=rules.GAMMA_MOMENT, domain=POSITIVE,
                       examples=(example(np.array([0.5, 2.0]), np.array([3.0, 40.0]), order=0, upper=True),
                                 example(np.array(2.5), np.array(5.0), order=1, upper=True),
                                 example(np.array([[3.0], [20.0]]), np.array([1.0, 2.0]), order=0, upper=False)))
log_gammainc = _log_entry("log_gammainc", _log_gammainc, upper=False)
log_gammaincc = _log_entry("log_gammaincc", _log_gammaincc, upper=True)
