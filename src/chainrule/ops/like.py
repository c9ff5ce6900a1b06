"""Plumbing that derivative rules are written with: bring a value to the shape or dtype of another, whatever it is.

These follow the shape of an operand when they are evaluated and not one written down when they were traced, so the
gradient of a graph serves any number of rows. They come in pairs that are each other's transposes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.axes import expanded, follows_first, follows_second, scalar_of_shape
from chainrule.core.derivative import Constant, Linear
from chainrule.core.labels import Folding
from chainrule.core.notation import Filled, Transparent
from chainrule.core.primitive import example, primitive
from chainrule.ops import rules


def _sum_like(x: Any, like: Any) -> Any:
    shape, given = like.shape, x.shape
    if not shape:
        return np.add.reduce(x, axis=None)
    if given[1:] == shape:
        return np.add.reduce(x, axis=0)
    lead = len(given) - len(shape)
    squeezed = tuple(range(lead)) + tuple([lead + i for i, n in enumerate(shape) if n == 1 != given[lead + i]])
    if not squeezed:
        return x
    total = np.add.reduce(x, axis=squeezed, keepdims=True)
    return total.reshape(shape) if lead else total


def _broadcast_like(x: Any, like: Any) -> Any:
    shape = np.shape(like)
    return np.broadcast_to(x, shape) if np.shape(x) != shape else x


def _expand_like(x: Any, like: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    shape = like.shape
    x = np.asarray(x)  # a constant of a graph may be a number of Python's
    if not keepdims and x.ndim:
        x = x.reshape([1 if i in axis else n for i, n in enumerate(shape)])
    if like.size > 4096:
        return np.broadcast_to(x, shape)
    out = np.empty(shape, x.dtype)  # for few numbers faster than a view by strides
    out[...] = x
    return out if shape else out[()]


def _cast_like(x: Any, like: Any) -> Any:
    dtype = like.dtype
    if np.iscomplexobj(x) and dtype.kind != "c":
        x = np.real(x)
    return np.asarray(x, dtype)[()]


def _size(x: Any, axis: tuple[int, ...]) -> int:
    count = 1
    for a in axis:
        count *= x.shape[a]
    return count


def _ones_like(x: Any) -> Any:
    return np.ones_like(x) if np.ndim(x) else np.asarray(x).dtype.type(1)


def _zeros_like(x: Any) -> Any:
    return np.zeros_like(x) if np.ndim(x) else np.asarray(x).dtype.type(0)


def _stop_gradient(x: Any) -> Any:
    return x


def _first(x: Any, like: Any, **_: Any) -> Any:
    return x


def _second(x: Any, like: Any, **_: Any) -> Any:
    return like


sum_like = primitive("sum_like", evaluate=_sum_like, folding=Folding.SUM, shape=follows_second, dtype=_first,
                     derivative=Linear(lambda F, g, out, x, like: F.broadcast_like(g, x), None),
                     notation=Transparent(), rule=rules.LINEAR_MAP,
                     examples=(example((2, 3), (3,)), example((2, 3), (2, 1)), example((3,), ()),
                               example((2, 3), (2, 3))))

broadcast_like = primitive("broadcast_like", evaluate=_broadcast_like, shape=follows_second, dtype=_first,
                           derivative=Linear(lambda F, g, out, x, like: F.sum_like(g, x), None),
                           notation=Transparent(), rule=rules.LINEAR_MAP,
                           examples=(example((3,), (2, 3)), example((2, 1), (2, 3)), example((), (3,)),
                                     example((1,), (0,))))

expand_like = primitive("expand_like", evaluate=_expand_like, shape=expanded, dtype=_first,
                        derivative=Linear(lambda F, g, out, x, like, axis, keepdims:
                                          F.sum_like(F.sum(g, axis=axis, keepdims=keepdims), x), None),
                        notation=Transparent(), rule=rules.LINEAR_MAP,
                        examples=(example((3,), (2, 3), axis=(0,), keepdims=False),
                                  example((2, 1), (2, 3), axis=(1,), keepdims=True),
                                  example((), (2, 3), axis=(0, 1), keepdims=False)))

cast_like = primitive("cast_like", evaluate=_cast_like, shape=follows_first, dtype=_second,
                      derivative=Linear(lambda F, g, out, x, like: F.cast_like(g, x), None),
                      notation=Transparent(), rule=rules.LINEAR_MAP,
                      examples=(example((3,), (2,)), example((), ()),))

zeros_like = primitive("zeros_like", evaluate=_zeros_like, shape=follows_first,
                       derivative=Constant(), notation=Filled("zeros"), rule=rules.STEP,
                       examples=(example((2, 3)), example(()),))

ones_like = primitive("ones_like", evaluate=_ones_like, shape=follows_first,
                      derivative=Constant(), notation=Filled("ones"), rule=rules.STEP,
                      examples=(example((2, 3)), example(()),))

size = primitive("size", evaluate=_size, shape=scalar_of_shape, dtype=lambda x, axis: int,
                 derivative=Constant(), rule=rules.STEP,
                 examples=(example((2, 3), axis=(0,)), example((2, 3), axis=(0, 1)), example((), axis=()),))

stop_gradient = primitive("stop_gradient", evaluate=_stop_gradient, shape=follows_first,
                          derivative=Constant(), rule=rules.STEP, examples=(example((2, 3)), example(())))
