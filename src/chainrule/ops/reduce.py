"""Reductions over axes. `axis` is a tuple of non-negative ints, `keepdims` a bool."""

from __future__ import annotations

import numpy as np

from chainrule.core.axes import reduction
from chainrule.core.derivative import Linear
from chainrule.core.primitive import example, primitive
from chainrule.ops import rules

_AXES = (example((2, 3), axis=(0,), keepdims=False), example((2, 3), axis=(0, 1), keepdims=True),
         example((2, 3, 2), axis=(1,), keepdims=True), example((), axis=(), keepdims=False),
         example((1, 3), axis=(0,), keepdims=False))
_EMPTY = (example((0, 3), axis=(0,), keepdims=False), example((2, 0), axis=(0,), keepdims=False))

sum = primitive("sum", evaluate=np.sum, shape=reduction,
                derivative=Linear(lambda F, g, out, x, axis, keepdims: F.expand_like(g, x, axis=axis, keepdims=keepdims)),
                rule=rules.LINEAR_MAP, examples=(*_AXES, *_EMPTY))

mean = primitive("mean", evaluate=np.mean, shape=reduction,
                 derivative=Linear(lambda F, g, out, x, axis, keepdims:
                                   F.expand_like(g, x, axis=axis, keepdims=keepdims) / F.size(x, axis=axis)),
                 rule=rules.LINEAR_MAP, examples=(*_AXES, *_EMPTY))
