from __future__ import annotations
from typing import Any
import numpy as np
from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating as F


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    n = np.ndim(x)
    if axis is None:
        return tuple(range(n))
    return tuple(sorted(a + n if a < 0 else a for a in (axis if isinstance(axis, tuple) else (axis,))))


@answers(np.sum)
def _sum(a, axis=None, keepdims=False):
    return F.sum(a, axis=_axes(a, axis), keepdims=keepdims)

@answers(np.mean)
def _mean(a, axis=None, keepdims=False):
    return F.mean(a, axis=_axes(a, axis), keepdims=keepdims)


@answers(np.ndim)
def _ndim(a):
    return a.ndim

@answers(np.shape)
def _shape(a):
    return a.shape
