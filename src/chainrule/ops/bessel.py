"""Bessel functions of a fixed order: of both kinds, modified, and scaled by an exponential.

The derivative of a scaled one is a difference of values that agree in ever more digits as x grows. So the derivatives
of all orders are an operation of their own: differences where they keep their digits, and far out the asymptotic
series (Abramowitz and Stegun 9.7.1 and 9.7.2), differentiated term by term.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive, example, primitive
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _pole(name: str) -> Domain:
    return Domain(POSITIVE.operands, kinks=(Kink(lambda out, x, **_: x == 0, f"{name} at 0, a pole"),))


def _fold(name: str) -> Domain:
    return Domain(kinks=(Kink(lambda out, x, **_: x == 0, f"{name} at 0, where the derivative is that of its factor "
                                                          "iv, and 0 for exp(-|x|)"),))


def _order(name: str, written: str, partial: Any, rule: Any, **entry: Any) -> Primitive:
    return primitive(name, evaluate=SciPyFunction(f"scipy.special.{name}", 1), shape=elementwise, dtype=_floating,
                     derivative=Elementwise(partial), notation=Call(written, latex=written), rule=rule, **entry)


def _any_order(name: str, written: str, partial: Any, rule: Any, **entry: Any) -> Primitive:
    notation = Call(written, latex=written, index="order") if written else Call()
    return primitive(name, evaluate=SciPyFunction(f"scipy.special.{name}", 1, ("order",)), shape=elementwise,
                     dtype=_floating, derivative=Elementwise(partial), notation=notation, rule=rule, **entry)


_ORDERS = (example((3,), order=2), example((), order=0.5), example((2, 3), order=3))

# A derivative of order 1 by its two neighbours: J_0 - J_1 / x has no value at 0.
j0 = _order("j0", "J_0", lambda F, out, x: -F.j1(x), rules.BESSEL_0)
j1 = _order("j1", "J_1", lambda F, out, x: 0.5 * (F.j0(x) - F.jv(x, order=2)), rules.BESSEL)
jv = _any_order("jv", "J", lambda F, out, x, order: 0.5 * (F.jv(x, order=order - 1) - F.jv(x, order=order + 1)),
                rules.BESSEL, domain=POSITIVE, examples=_ORDERS)

y0 = _order("y0", "Y_0", lambda F, out, x: -F.y1(x), rules.BESSEL_0, domain=_pole("y0(x)"))
y1 = _order("y1", "Y_1", lambda F, out, x: 0.5 * (F.y0(x) - F.yv(x, order=2)), rules.BESSEL, domain=_pole("y1(x)"))
yv = _any_order("yv", "Y", lambda F, out, x, order: 0.5 * (F.yv(x, order=order - 1) - F.yv(x, order=order + 1)),
                rules.BESSEL, domain=_pole("yv(n, x)"), examples=_ORDERS)

i0 = _order("i0", "I_0", lambda F, out, x: F.i1(x), rules.MODIFIED_BESSEL_0)
i1 = _order("i1", "I_1", lambda F, out, x: 0.5 * (F.i0(x) + F.iv(x, order=2)), rules.MODIFIED_BESSEL)
iv = _any_order("iv", "I", lambda F, out, x, order: 0.5 * (F.iv(x, order=order - 1) + F.iv(x, order=order + 1)),
                rules.MODIFIED_BESSEL, domain=POSITIVE, examples=_ORDERS)

k0 = _order("k0", "K_0", lambda F, out, x: -F.k1(x), rules.BESSEL_0, domain=_pole("k0(x)"))
k1 = _order("k1", "K_1", lambda F, out, x: -0.5 * (F.k0(x) + F.kv(x, order=2)), rules.MODIFIED_BESSEL_2,
            domain=_pole("k1(x)"))
kv = _any_order("kv", "K", lambda F, out, x, order: -0.5 * (F.kv(x, order=order - 1) + F.kv(x, order=order + 1)),
                rules.MODIFIED_BESSEL_2, domain=_pole("kv(n, x)"), examples=_ORDERS)


_ive = SciPyFunction("scipy.special.ive", 1)
_kve = SciPyFunction("scipy.special.kve", 1)


def _scaled_series(x: Any, order: Any, times: Any, sign: Any) -> Any:
    # the sum of sign^k a_k(order) x^(-k - 1/2), differentiated `times` times; good from |x| = 30 and 2 order^2 on
    total: Any = 0.0
    term = x ** (-0.5 - times) * (-1.0) ** times
    for k in range(33):
        if k:
            term = term * (sign * (4.0 * order * order - (2 * k - 1) ** 2) / (8 * k)) / x
        rising = 1.0
        for i in range(times):
            rising = rising * (k + 0.5 + i)
        total = total + rising * term
    return total


def _neighbours(function: Any, x: Any, order: Any, times: Any, weight: Any) -> Any:
    # ((f of order - 1 + f of order + 1) / 2 - f) of f, `times` times; weight is the sign of the first part
    total: Any = 0.0
    ways: Any = 1
    for j in range(times + 1):
        inner: Any = 1
        for i in range(j + 1):
            share = weight**j * (-weight) ** (times - j) * 0.5**j * ways * inner
            total = total + share * function(order - j + 2 * i, x)
            inner = inner * (j - i) // (i + 1)
        ways = ways * (times - j) // (j + 1)
    return total


def _ive_slope(x: Any, order: Any, times: Any) -> Any:
    # at 0 that of the factor iv; of a negative x by parity
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        size = np.abs(x)
        far = size > max(30.0, 2.0 * order * order)
        near = _neighbours(_ive, np.where(far, 1.0, size), order, times, 1.0)
        series = _scaled_series(np.where(far, size, 1.0), order, times, -1.0) / np.sqrt(2 * np.pi)
        out = np.where(far, series, near)
        if order == int(order):
            out = np.where((x < 0) & ((order + times) % 2 == 1), -out, out)
            total: Any = 0.0
            ways: Any = 1
            for i in range(times + 1):
                total = total + ways * 0.5**times * (order - times + 2 * i == 0)
                ways = ways * (times - i) // (i + 1)
            out = np.where(x == 0, total, out)
        else:
            out = np.where(x < 0, np.nan, out)
        return out.astype(dtype)[()]


def _kve_slope(x: Any, order: Any, times: Any) -> Any:
    dtype = np.result_type(x, 1.0)
    x = np.asarray(x, np.complex128 if dtype.kind == "c" else np.float64)
    with np.errstate(all="ignore"):
        far = np.abs(x) > max(30.0, 2.0 * order * order)
        near = _neighbours(_kve, np.where(far, 1.0, x), order, times, -1.0)
        series = _scaled_series(np.where(far, x, 1.0), order, times, 1.0) * np.sqrt(np.pi / 2)
        out = np.where(far, series, near)
        return np.where(x == 0, (-1) ** times * np.inf, out).astype(dtype)[()]


def _scaled_i(x: Any, order: Any) -> Any:
    # SciPy has no values from 3e9 on
    return _ive_slope(x, order, 0)


def _scaled_k(x: Any, order: Any) -> Any:
    return _kve_slope(x, order, 0)


def _slopes(name: str, evaluate: Any, rule: Any, **entry: Any) -> Primitive:
    return primitive(name, evaluate=evaluate, shape=elementwise, dtype=_floating, rule=rule,
                     derivative=Elementwise(lambda F, out, x, order, times: getattr(F, name)(
                         x, order=order, times=times + 1)),
                     examples=(example((3,), order=2, times=1), example((), order=0.5, times=2),
                               example((2, 3), order=0, times=1)), **entry)


# The factor exp(-|x|) of the first modified kind, exp(x) of the second: no value overflows.
_FOLDED = Domain(POSITIVE.operands, kinks=_fold("ive(n, x)").kinks)
i0e = _order("i0e", "", lambda F, out, x: F.ive_slope(x, order=0, times=1), rules.SCALED_BESSEL_0,
             domain=_fold("i0e(x)"))
i1e = _order("i1e", "", lambda F, out, x: F.ive_slope(x, order=1, times=1), rules.SCALED_BESSEL_1,
             domain=_fold("i1e(x)"))
ive = primitive("ive", evaluate=_scaled_i, shape=elementwise, dtype=_floating, rule=rules.SCALED_BESSEL,
                derivative=Elementwise(lambda F, out, x, order: F.ive_slope(x, order=order, times=1)),
                domain=_FOLDED, examples=_ORDERS)
ive_slope = _slopes("ive_slope", _ive_slope, rules.SCALED_BESSEL_AGAIN, domain=_FOLDED)

k0e = _order("k0e", "", lambda F, out, x: F.kve_slope(x, order=0, times=1), rules.SCALED_BESSEL_K_0,
             domain=_pole("k0e(x)"))
k1e = _order("k1e", "", lambda F, out, x: F.kve_slope(x, order=1, times=1), rules.SCALED_BESSEL_K_1,
             domain=_pole("k1e(x)"))
kve = primitive("kve", evaluate=_scaled_k, shape=elementwise, dtype=_floating, rule=rules.SCALED_BESSEL_K,
                derivative=Elementwise(lambda F, out, x, order: F.kve_slope(x, order=order, times=1)),
                domain=_pole("kve(n, x)"), examples=_ORDERS)
kve_slope = _slopes("kve_slope", _kve_slope, rules.SCALED_BESSEL_AGAIN, domain=_pole("kve(n, x)"))
