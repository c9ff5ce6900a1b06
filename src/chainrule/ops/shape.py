"""Moving axes and components: reshape, transpose, broadcast, concatenate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.axes import follows_second
from chainrule.core.derivative import Linear
from chainrule.core.notation import Call, Postfix, Transparent
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Shape, ShapeRule, reduced_shape
from chainrule.ops import rules


@dataclass(frozen=True)
class _Permuted(ShapeRule):
    """Axes in the order `axes`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return tuple(shapes[0][a] for a in parameters["axes"])

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, axes=(0, *(a + 1 for a in parameters["axes"])))


@dataclass(frozen=True)
class _Squeezed(ShapeRule):
    """The axes `axis`, of size 1, go away."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return reduced_shape(shapes[0], parameters["axis"], keepdims=False)

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, axis=tuple(a + 1 for a in parameters["axis"]))


@dataclass(frozen=True)
class _Unsqueezed(ShapeRule):
    """New axes of size 1 stand at the places `axis` of the result."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        axis, rest = parameters["axis"], iter(shapes[0])
        return tuple(1 if i in axis else next(rest) for i in range(len(shapes[0]) + len(axis)))

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, axis=tuple(a + 1 for a in parameters["axis"]))


@dataclass(frozen=True)
class _GivenShape(ShapeRule):
    """The result has the shape `shape`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return parameters["shape"]

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        (x,) = operands
        shape = (np.shape(x)[0], *parameters["shape"])
        missing = len(shape) - np.ndim(x)
        if apply is F.broadcast_to and missing:
            x = F.expand_dims(x, axis=tuple(range(1, 1 + missing)))
        return apply(x, shape=shape)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(i) for i in range(len(axes)))


transpose = primitive("transpose", evaluate=np.transpose, shape=_Permuted(),
                      derivative=Linear(lambda F, g, out, x, axes: F.transpose(g, axes=_inverse(axes))),
                      notation=Postfix("^T", latex=r"^{\top}"), rule=rules.LINEAR_MAP,
                      examples=(example((2, 3), axes=(1, 0)), example((2, 3, 4), axes=(2, 0, 1)), example((), axes=())))

reshape = primitive("reshape", evaluate=np.reshape, shape=_GivenShape(),
                    derivative=Linear(lambda F, g, out, x, shape: F.reshape_like(g, x)),
                    rule=rules.LINEAR_MAP,
                    examples=(example((2, 3), shape=(3, 2)), example((2, 3), shape=(6,)), example((1,), shape=()), example((0, 3), shape=(0,))))

broadcast_to = primitive("broadcast_to", evaluate=np.broadcast_to, shape=_GivenShape(),
                         derivative=Linear(lambda F, g, out, x, shape: F.sum_like(g, x)),
                         notation=Transparent(), rule=rules.LINEAR_MAP,
                         examples=(example((3,), shape=(2, 3)), example((), shape=(2,)), example((2, 1), shape=(4, 2, 3))))

squeeze = primitive("squeeze", evaluate=np.squeeze, shape=_Squeezed(),
                    derivative=Linear(lambda F, g, out, x, axis: F.expand_dims(g, axis=axis)),
                    notation=Transparent(), rule=rules.LINEAR_MAP,
                    examples=(example((2, 1, 3), axis=(1,)), example((1, 1), axis=(0, 1))))

expand_dims = primitive("expand_dims", evaluate=np.expand_dims, shape=_Unsqueezed(),
                        derivative=Linear(lambda F, g, out, x, axis: F.squeeze(g, axis=axis)),
                        notation=Transparent(), rule=rules.LINEAR_MAP,
                        examples=(example((2, 3), axis=(1,)), example((), axis=(0, 1)), example((3,), axis=(0, 2))))

# The shape to follow is known only when it is evaluated: the transpose of reshape.
reshape_like = primitive("reshape_like", evaluate=lambda x, like: np.reshape(x, np.shape(like)), shape=follows_second,
                         dtype=lambda x, like: x,
                         derivative=Linear(lambda F, g, out, x, like: F.reshape_like(g, x), None),
                         notation=Call("reshape"), rule=rules.LINEAR_MAP,
                         examples=(example((6,), (2, 3)), example((2, 3), (3, 2)), example((), (1,))))
