"""Terms of entropies, and the exponential integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.primitive import primitive
from chainrule.core.series import _deviance, _log_ratio
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules


def _entr(x: Any) -> Any:
    x = np.asarray(x) * 1.0
    inside = x > 0
    outside = np.where(x < 0, -np.inf, np.where(x == 0, 0.0, x))  # NaN stays
    positive = np.where(inside, x, 1.0)
    return np.where(inside, -positive * np.log(positive), outside).astype(x.dtype)[()]


def _rel_entr(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(np.asarray(x) * 1.0, np.asarray(y) * 1.0)
    inside = (x > 0) & (y > 0)
    p, q = np.where(inside, x, 1.0), np.where(inside, y, 1.0)
    outside = np.where((x == 0) & (y >= 0), 0.0, np.where(np.isnan(x) | np.isnan(y), np.nan, np.inf))
    with np.errstate(invalid="ignore"):
        return np.where(inside, p * _log_ratio(p, q), outside).astype(np.result_type(x, y))[()]


def _kl_div(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(np.asarray(x) * 1.0, np.asarray(y) * 1.0)
    inside = (x > 0) & (y > 0)
    p, q = np.where(inside, x, 1.0), np.where(inside, y, 1.0)
    outside = np.where((x == 0) & (y >= 0), y, np.where(np.isnan(x) | np.isnan(y), np.nan, np.inf))
    with np.errstate(invalid="ignore"):
        return np.where(inside, _deviance(p, q), outside).astype(np.result_type(x, y))[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _ends(name: str) -> Domain:
    return Domain(POSITIVE.operands, kinks=(
        Kink(lambda out, x, y: (x == 0) | (y == 0), f"{name} at x or y = 0, where a derivative is infinite"),))


entr = primitive("entr", evaluate=_entr, shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: -F.log(x) - 1.0), rule=rules.ENTROPY,
                 domain=Domain(POSITIVE.operands, kinks=(Kink(lambda out, x: x == 0, "entr(x) at 0, a pole of "
                                                                                     "the derivative"),)))

rel_entr = primitive("rel_entr", evaluate=_rel_entr, shape=elementwise, dtype=_floating,
                     derivative=Elementwise(lambda F, out, x, y: F.log(x / y) + 1.0, lambda F, out, x, y: -x / y),
                     rule=rules.RELATIVE_ENTROPY, domain=_ends("rel_entr(x, y)"))

kl_div = primitive("kl_div", evaluate=_kl_div, shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, x, y: F.log(x / y), lambda F, out, x, y: (y - x) / y),
                   rule=rules.KULLBACK_LEIBLER, domain=_ends("kl_div(x, y)"))

expi = primitive("expi", evaluate=SciPyFunction("scipy.special.expi", 1), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: F.exp(x) / x),
                 rule=rules.EXPONENTIAL_INTEGRAL,
                 domain=Domain(POSITIVE.operands, "all real numbers but 0", (
                     Kink(lambda out, x: x == 0, "expi(x) at 0, a pole"),)))

exp1 = primitive("exp1", evaluate=SciPyFunction("scipy.special.exp1", 1), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: -F.exp(-x) / x),
                 rule=rules.EXPONENTIAL_INTEGRAL_1,
                 domain=Domain(POSITIVE.operands, kinks=(Kink(lambda out, x: x == 0, "exp1(x) at 0, a pole"),)))
