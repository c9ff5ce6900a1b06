"""Comparisons and logic: their values are booleans, which do not change under small changes of the operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Constant
from chainrule.core.notation import Infix, Precedence, Prefix
from chainrule.core.primitive import primitive
from chainrule.core.shapes import elementwise
from chainrule.ops import rules

_COMPARISON = Precedence.COMPARISON

less          = primitive("less",          evaluate=np.less,          shape=elementwise, derivative=Constant(),
                          notation=Infix("<", _COMPARISON),                  rule=rules.STEP)
less_equal    = primitive("less_equal",    evaluate=np.less_equal,    shape=elementwise, derivative=Constant(),
                          notation=Infix("<=", _COMPARISON, latex=r"\leq"),  rule=rules.STEP)
greater       = primitive("greater",       evaluate=np.greater,       shape=elementwise, derivative=Constant(),
                          notation=Infix(">", _COMPARISON),                  rule=rules.STEP)
greater_equal = primitive("greater_equal", evaluate=np.greater_equal, shape=elementwise, derivative=Constant(),
                          notation=Infix(">=", _COMPARISON, latex=r"\geq"),  rule=rules.STEP)
equal         = primitive("equal",         evaluate=np.equal,         shape=elementwise, derivative=Constant(),
                          notation=Infix("==", _COMPARISON, latex="="),      rule=rules.STEP)
not_equal     = primitive("not_equal",     evaluate=np.not_equal,     shape=elementwise, derivative=Constant(),
                          notation=Infix("!=", _COMPARISON, latex=r"\neq"),  rule=rules.STEP)

logical_and   = primitive("logical_and",   evaluate=np.logical_and,   shape=elementwise, derivative=Constant(),
                          notation=Infix("&", _COMPARISON, latex=r"\land"),  rule=rules.STEP)
logical_or    = primitive("logical_or",    evaluate=np.logical_or,    shape=elementwise, derivative=Constant(),
                          notation=Infix("|", _COMPARISON, latex=r"\lor"),   rule=rules.STEP)
logical_xor   = primitive("logical_xor",   evaluate=np.logical_xor,   shape=elementwise, derivative=Constant(),
                          notation=Infix("^", _COMPARISON, latex=r"\oplus"), rule=rules.STEP)
logical_not   = primitive("logical_not",   evaluate=np.logical_not,   shape=elementwise, derivative=Constant(),
                          notation=Prefix("~", latex=r"\lnot"),             rule=rules.STEP)

isnan    = primitive("isnan",    evaluate=np.isnan,    shape=elementwise, derivative=Constant(), rule=rules.STEP)
isfinite = primitive("isfinite", evaluate=np.isfinite, shape=elementwise, derivative=Constant(), rule=rules.STEP)
isinf    = primitive("isinf",    evaluate=np.isinf,    shape=elementwise, derivative=Constant(), rule=rules.STEP)
signbit  = primitive("signbit",  evaluate=np.signbit,  shape=elementwise, derivative=Constant(), rule=rules.STEP)


def _unsaturated(x: Any, out: Any) -> Any:
    return np.logical_not(np.isinf(x) & np.isfinite(out))


# Where a result stayed finite although an operand is infinite, its derivative is a zero by construction.
unsaturated = primitive("unsaturated", evaluate=_unsaturated, shape=elementwise, dtype=lambda x, out: np.dtype(bool),
                        derivative=Constant(), rule=rules.STEP)
