"""Lambert's function, the dilogarithm, exponential integrals of an order, and hypergeometric functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Interval, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

_complex_lambertw = SciPyFunction("scipy.special.lambertw", 1)
_scipy_expn = SciPyFunction("scipy.special.expn", 1)
_scipy_hyp1f1 = SciPyFunction("scipy.special.hyp1f1", 1)
_scipy_hyp2f1 = SciPyFunction("scipy.special.hyp2f1", 1)
_END = -0.36787944117144233  # -1/e


def _lambertw(z: Any, branch: int) -> Any:
    # SciPy's values are complex; of a real number on the part of a branch that is real they are real here
    w = _complex_lambertw(z, branch)
    if np.iscomplexobj(z):
        return w.astype(np.asarray(z).dtype)[()]
    dtype = np.result_type(z, 1.0)
    z = np.asarray(z, np.float64)
    inside = (z >= -0.36787944117144233) & ((branch == 0) | (z < 0))
    end = np.where((z == 0) & (branch == -1), -np.inf, np.nan)
    out = np.where(inside, np.real(w), end)
    return np.where(z == -0.36787944117144233, -1.0, out).astype(dtype)[()]


# SciPy computes these in double precision only.


def _expn(x: Any, n: int) -> Any:
    dtype = np.result_type(x, 1.0)
    return np.asarray(_scipy_expn(n, np.asarray(x, np.float64))).astype(dtype)[()]


def _hyp1f1(x: Any, a: Any, b: Any) -> Any:
    return np.asarray(_scipy_hyp1f1(a, b, x)).astype(np.result_type(x, 1.0))[()]


def _hyp2f1(x: Any, a: Any, b: Any, c: Any) -> Any:
    return np.asarray(_scipy_hyp2f1(a, b, c, x)).astype(np.result_type(x, 1.0))[()]


def _log_quotient(z: Any, order: int) -> Any:
    # the derivative of ln(z) / (1 - z): near 1 by its series, elsewhere by (1 - z) f = ln z, differentiated
    dtype = np.result_type(z, 1.0)
    z = np.asarray(z, np.complex128 if dtype.kind == "c" else np.float64)
    with np.errstate(all="ignore"):
        near = np.abs(1 - z) < 0.25
        w = np.where(near, 1 - z, 0.0)
        series: Any = 0.0
        for k in range(27, -1, -1):  # -(1 + w / 2 + w^2 / 3 + ...)
            rising = 1.0
            for i in range(order):
                rising = rising * (k + 1 + i)
            series = series * w - (-1.0) ** order * rising / (k + order + 1)
        y = np.where(near, 2.0, z)
        far = np.log(y) / (1 - y)
        power = 1 / y
        for n in range(1, order + 1):
            far = (n * far + power) / (1 - y)
            power = power * -n / y
        return np.where(near, series, far).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


lambertw = primitive("lambertw", evaluate=_lambertw, shape=elementwise, dtype=_floating,
                     # and not W / (z (1 + W)), which has no value at 0
                     derivative=Elementwise(lambda F, out, z, branch: F.exp(-out) / (1.0 + out)),
                     rule=rules.LAMBERT,
                     domain=Domain((Interval(_END),), kinks=(
                         Kink(lambda out, z, branch: out == -1, "lambertw(z) at -1/e, a pole of the derivative"),)),
                     examples=(example((3,), branch=0), example((2, 3), branch=0), example((), branch=0),
                               example(np.array([-0.3, -0.1]), branch=-1)))

expn = primitive("expn", evaluate=_expn, shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x, n: -F.expn(x, n=n - 1) if n > 1 else -F.exp(-x) / x),
                 rule=rules.EXPONENTIAL_INTEGRAL_N,
                 domain=Domain(POSITIVE.operands, kinks=(Kink(lambda out, x, n: x == 0, "expn(n, x) at 0"),)),
                 examples=(example((3,), n=2), example((), n=1), example((2, 3), n=4)))

spence = primitive("spence", evaluate=SciPyFunction("scipy.special.spence", 1), shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, z: F.log_quotient(z, order=0)), rule=rules.DILOGARITHM,
                   domain=Domain(POSITIVE.operands, kinks=(
                       Kink(lambda out, z: z == 0, "spence(z) at 0, a pole of the derivative"),)))

log_quotient = primitive("log_quotient", evaluate=_log_quotient, shape=elementwise, dtype=_floating,
                         derivative=Elementwise(lambda F, out, z, order: F.log_quotient(z, order=order + 1)),
                         rule=rules.LOG_QUOTIENT, domain=POSITIVE,
                         examples=(example((3,), order=0), example((), order=1), example((2, 3), order=2)))

hyp1f1 = primitive("hyp1f1", evaluate=_hyp1f1, shape=elementwise,
                   dtype=_floating, derivative=Elementwise(
                       lambda F, out, x, a, b: a / b * F.hyp1f1(x, a=a + 1, b=b + 1)),
                   rule=rules.HYPERGEOMETRIC, examples=(example((3,), a=0.5, b=1.5), example((2, 3), a=2.0, b=0.7)))

hyp2f1 = primitive("hyp2f1", evaluate=_hyp2f1, shape=elementwise,
                   dtype=_floating, derivative=Elementwise(
                       lambda F, out, x, a, b, c: a * b / c * F.hyp2f1(x, a=a + 1, b=b + 1, c=c + 1)),
                   rule=rules.HYPERGEOMETRIC, domain=Domain((Interval(-1.0, 1.0),), "x < 1"),
                   examples=(example((3,), a=0.5, b=1.5, c=2.0), example((2, 3), a=1.0, b=0.7, c=1.2)))
