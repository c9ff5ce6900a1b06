"""Special functions, in NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.notation import Call
from chainrule.core.primitive import primitive
from chainrule.core.shapes import elementwise
from chainrule.ops import rules


def _expit(x: Any) -> Any:
    e = np.exp(-np.abs(x))  # never overflows; both forms below are the same function
    return np.where(np.asarray(x) >= 0, 1 / (1 + e), e / (1 + e))[()]


expit = primitive("expit", evaluate=_expit, shape=elementwise,
                  # s(-x) and not 1 - s(x), which has lost all digits by x = 37
                  derivative=Elementwise(lambda F, out, x: out * F.expit(-x)),
                  notation=Call("sigmoid", latex=r"\sigma"), rule=rules.EXPONENTIAL)
