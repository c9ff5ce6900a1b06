"""Bessel functions of a fixed order: of both kinds, modified, and scaled by an exponential."""

from __future__ import annotations

from typing import Any

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

# The factor exp(-|x|) of the first modified kind, exp(x) of the second: no value overflows.
i0e = _order("i0e", "", lambda F, out, x: F.i1e(x) - F.sign(x) * out, rules.SCALED_BESSEL,
             domain=_fold("i0e(x)"))
i1e = _order("i1e", "", lambda F, out, x: 0.5 * (F.i0e(x) + F.ive(x, order=2)) - F.sign(x) * out, rules.SCALED_BESSEL,
             domain=_fold("i1e(x)"))
ive = _any_order("ive", "", lambda F, out, x, order: (
                     0.5 * (F.ive(x, order=order - 1) + F.ive(x, order=order + 1)) - F.sign(x) * out),
                 rules.SCALED_BESSEL, domain=Domain(POSITIVE.operands, kinks=_fold("ive(n, x)").kinks),
                 examples=_ORDERS)

k0e = _order("k0e", "", lambda F, out, x: out - F.k1e(x), rules.SCALED_BESSEL_2,
             domain=_pole("k0e(x)"))
k1e = _order("k1e", "", lambda F, out, x: out - 0.5 * (F.k0e(x) + F.kve(x, order=2)),
             rules.SCALED_BESSEL_2, domain=_pole("k1e(x)"))
kve = _any_order("kve", "", lambda F, out, x, order: (
                     out - 0.5 * (F.kve(x, order=order - 1) + F.kve(x, order=order + 1))),
                 rules.SCALED_BESSEL_2, domain=_pole("kve(n, x)"), examples=_ORDERS)
