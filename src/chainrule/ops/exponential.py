"""Exponentials and logarithms."""

from __future__ import annotations

import math

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Interval, Kink
from chainrule.core.notation import Call, Exponential
from chainrule.core.primitive import primitive
from chainrule.core.shapes import elementwise
from chainrule.ops import rules

# Python numbers: NumPy's float64 would promote float32.
_LN2 = math.log(2.0)
_LN10 = math.log(10.0)


_LOGARITHM = Domain(POSITIVE.operands, kinks=(Kink(lambda out, x: x == 0, "a logarithm at 0, a pole"),))

exp = primitive("exp", evaluate=np.exp, shape=elementwise,
                derivative=Elementwise(lambda F, out, x: out, overflows=True),
                notation=Exponential("exp", latex=r"\exp"), rule=rules.EXPONENTIAL)

exp2 = primitive("exp2", evaluate=np.exp2, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: out * _LN2, overflows=True),
                 notation=Exponential("exp2", latex=r"\exp_2", base="2"), rule=rules.EXPONENTIAL_2)

expm1 = primitive("expm1", evaluate=np.expm1, shape=elementwise,
                  # exp(x) and not out + 1, which has lost all digits by x = -37
                  derivative=Elementwise(lambda F, out, x: F.exp(x), overflows=True),
                  rule=rules.EXPONENTIAL)

log = primitive("log", evaluate=np.log, shape=elementwise,
                derivative=Elementwise(lambda F, out, x: 1 / x),
                notation=Call("ln", latex=r"\ln"), rule=rules.LOGARITHM, domain=_LOGARITHM)

log2 = primitive("log2", evaluate=np.log2, shape=elementwise,
                 derivative=Elementwise(lambda F, out, x: 1 / (x * _LN2)),
                 notation=Call("log2", latex=r"\log_2"), rule=rules.LOGARITHM_2, domain=_LOGARITHM)

log10 = primitive("log10", evaluate=np.log10, shape=elementwise,
                  derivative=Elementwise(lambda F, out, x: 1 / (x * _LN10)),
                  notation=Call("log10", latex=r"\log_{10}"), rule=rules.LOGARITHM_10, domain=_LOGARITHM)

log1p = primitive("log1p", evaluate=np.log1p, shape=elementwise,
                  derivative=Elementwise(lambda F, out, x: 1 / (1 + x)),
                  rule=rules.LOGARITHM_OF_1_PLUS,
                  domain=Domain((Interval(-1.0),), kinks=(Kink(lambda out, x: x == -1, "log(1 + x) at -1, a pole"),)))

logaddexp = primitive("logaddexp", evaluate=np.logaddexp, shape=elementwise,
                      # by the difference of the operands: exp(x - out) has the rounding error of a large out
                      derivative=Elementwise(lambda F, out, x, y: F.expit(x - y),
                                             lambda F, out, x, y: F.expit(y - x)),
                      rule=rules.LOG_OF_SUM)

logaddexp2 = primitive("logaddexp2", evaluate=np.logaddexp2, shape=elementwise,
                       derivative=Elementwise(lambda F, out, x, y: F.expit((x - y) * _LN2),
                                              lambda F, out, x, y: F.expit((y - x) * _LN2)),
                       rule=rules.LOG_OF_SUM_2)
