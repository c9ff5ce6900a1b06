"""Moving axes and components: reshape, transpose, broadcast, concatenate, stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from chainrule.core.axes import AxisRule, follows_second
from chainrule.core.derivative import Elementwise, Linear
from chainrule.core.labels import Labels, repeated_labels, reshaped_labels
from chainrule.core.notation import Call, Postfix, Transparent
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Shape, ShapeRule, elementwise, reduced_shape
from chainrule.errors import ShapeError
from chainrule.ops import rules


@dataclass(frozen=True)
class _Permuted(ShapeRule):
    """Axes in the order `axes`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return tuple(shapes[0][a] for a in parameters["axes"])

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, axes=(0, *(a + 1 for a in parameters["axes"])))

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axes = parameters["axes"]
        return Labels((tuple(range(len(axes))),), axes)


@dataclass(frozen=True)
class _Squeezed(AxisRule):
    """The axes `axis`, of size 1, go away."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return reduced_shape(shapes[0], parameters["axis"], keepdims=False)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axis = parameters["axis"]
        own = tuple([None if i in axis else i for i in range(len(shapes[0]))])
        return Labels((own,), tuple([i for i in own if i is not None]))


@dataclass(frozen=True)
class _Unsqueezed(AxisRule):
    """New axes of size 1 stand at the places `axis` of the result."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        axis, rest = parameters["axis"], iter(shapes[0])
        return tuple(1 if i in axis else next(rest) for i in range(len(shapes[0]) + len(axis)))

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axis, rank = parameters["axis"], len(shapes[0]) + len(parameters["axis"])
        result = tuple([None if i in axis else i for i in range(rank)])
        return Labels((tuple([i for i in result if i is not None]),), result)


@dataclass(frozen=True)
class _GivenShape(ShapeRule):
    """The result has the shape `shape`, in which one size may be -1: what the number of components leaves for it."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        shape = parameters["shape"]
        if -1 not in shape:
            return shape
        known = prod(n for n in shape if n != -1)
        if not known or prod(shapes[0]) % known:
            raise ShapeError(f"an array of shape {shapes[0]} cannot take the shape {shape}")
        return tuple(prod(shapes[0]) // known if n == -1 else n for n in shape)

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        (x,) = operands
        shape = (np.shape(x)[0], *self.infer([np.shape(x)[1:]], parameters))
        missing = len(shape) - np.ndim(x)
        if apply is F.broadcast_to and missing:
            x = F.expand_dims(x, axis=tuple(range(1, 1 + missing)))
        return apply(x, shape=shape)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        shape = self.infer(shapes, parameters)
        return (reshaped_labels if prod(shape) == prod(shapes[0]) else repeated_labels)(shapes[0], shape)


@dataclass(frozen=True)
class _Joined(AxisRule):
    """The operands one behind the other along the axis `axis` (a non-negative int)."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        axis, first = parameters["axis"], shapes[0]
        if any(s[:axis] + s[axis + 1 :] != first[:axis] + first[axis + 1 :] for s in shapes):
            raise ShapeError(f"arrays of shapes {', '.join(map(str, shapes))} cannot be joined along axis {axis}: "
                             "their other sizes differ")
        return (*first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :])


@dataclass(frozen=True)
class _Stacked(_Joined):
    """The operands, of one shape, side by side along the new axis `axis` (a non-negative int)."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        if any(shape != shapes[0] for shape in shapes):
            raise ShapeError(f"arrays of shapes {', '.join(map(str, shapes))} cannot be stacked: the shapes differ")
        axis = parameters["axis"]
        return (*shapes[0][:axis], len(shapes), *shapes[0][axis:])

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axis, rank = parameters["axis"], len(shapes[0])
        own = tuple(range(rank))
        return Labels((own,) * len(shapes), (*own[:axis], None, *own[axis:]))


def _concatenate(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis=axis)


def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis=axis)


def _reshape_like(x: Any, like: Any) -> Any:
    return x.reshape(like.shape)


# NumPy's own functions are wrappers around these methods.
def _reshape(x: Any, shape: tuple[int, ...]) -> Any:
    return x.reshape(shape)


def _transpose(x: Any, axes: tuple[int, ...]) -> Any:
    return x.transpose(axes)


def _expand_dims(x: Any, axis: tuple[int, ...]) -> Any:
    shape = list(x.shape)
    for a in axis:
        shape.insert(a, 1)
    return x.reshape(shape)


def _squeeze(x: Any, axis: tuple[int, ...]) -> Any:
    return x.squeeze(axis)


def _own_part(F: Any, g: Array, out: Array, *operands: Array, axis: int, position: int) -> Array:
    start = sum(operand.shape[axis] for operand in operands[:position])
    part = slice(start, start + operands[position].shape[axis])
    return F.getitem(g, pattern=(*[slice(None)] * axis, part))


def _own_layer(F: Any, g: Array, out: Array, *operands: Array, axis: int, position: int) -> Array:
    return F.getitem(g, pattern=(*[slice(None)] * axis, position))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(i) for i in range(len(axes)))


transpose = primitive("transpose", evaluate=np.transpose, shortcut=_transpose, shape=_Permuted(),
                      derivative=Linear(lambda F, g, out, x, axes: F.transpose(g, axes=_inverse(axes)),
                                        rearranges=True),
                      notation=Postfix("T"), rule=rules.LINEAR_MAP,
                      examples=(example((2, 3), axes=(1, 0)), example((2, 3, 4), axes=(2, 0, 1)), example((), axes=())))

reshape = primitive("reshape", evaluate=np.reshape, shortcut=_reshape, shape=_GivenShape(),
                    derivative=Linear(lambda F, g, out, x, shape: F.reshape_like(g, x),
                                        rearranges=True),
                    rule=rules.LINEAR_MAP,
                    examples=(example((2, 3), shape=(3, 2)), example((2, 3), shape=(6,)), example((1,), shape=()),
                              example((), shape=(1, 1)), example((0, 3), shape=(0,)), example((2, 3), shape=(-1,)),
                              example((2, 3, 2), shape=(4, -1)), example((0, 3), shape=(-1, 3))))

broadcast_to = primitive("broadcast_to", evaluate=np.broadcast_to, shape=_GivenShape(),
                         derivative=Linear(lambda F, g, out, x, shape: F.sum_like(g, x)),
                         notation=Transparent(), rule=rules.LINEAR_MAP,
                         examples=(example((3,), shape=(2, 3)), example((), shape=(2,)),
                                   example((2, 1), shape=(4, 2, 3))))

squeeze = primitive("squeeze", evaluate=np.squeeze, shortcut=_squeeze, shape=_Squeezed(),
                    derivative=Linear(lambda F, g, out, x, axis: F.expand_dims(g, axis=axis),
                                        rearranges=True),
                    notation=Transparent(), rule=rules.LINEAR_MAP,
                    examples=(example((2, 1, 3), axis=(1,)), example((1, 1), axis=(0, 1))))

expand_dims = primitive("expand_dims", evaluate=np.expand_dims, shortcut=_expand_dims, shape=_Unsqueezed(),
                        derivative=Linear(lambda F, g, out, x, axis: F.squeeze(g, axis=axis),
                                        rearranges=True),
                        notation=Transparent(), rule=rules.LINEAR_MAP,
                        examples=(example((2, 3), axis=(1,)), example((), axis=(0, 1)), example((3,), axis=(0, 2))))

# The shape to follow is known only when it is evaluated: the transpose of reshape.
reshape_like = primitive("reshape_like", evaluate=_reshape_like, shape=follows_second,
                         dtype=lambda x, like: x,
                         derivative=Linear(lambda F, g, out, x, like: F.reshape_like(g, x), None),
                         notation=Call("reshape"), rule=rules.LINEAR_MAP,
                         examples=(example((6,), (2, 3)), example((2, 3), (3, 2)), example((), (1,))))

concatenate = primitive("concatenate", evaluate=_concatenate, shape=_Joined(),
                        derivative=Linear(_own_part, variadic=True),
                        rule=rules.REARRANGEMENT,
                        examples=(example((2,), (3,), axis=0), example((2, 3), (2, 1), (2, 2), axis=1),
                                  example((2, 3), axis=0), example((0, 3), (2, 3), axis=0),
                                  example((2, 1, 2), (2, 2, 2), axis=1)))

stack = primitive("stack", evaluate=_stack, shape=_Stacked(),
                  derivative=Linear(_own_layer, variadic=True),
                  rule=rules.REARRANGEMENT,
                  examples=(example((), (), (), axis=0), example((3,), (3,), axis=0), example((3,), (3,), axis=1),
                            example((2, 3), axis=1), example((0,), (0,), axis=1)))

# A copy is written into without the original: what NumPy's own copy is for.
copy = primitive("copy", evaluate=np.copy, shape=elementwise,
                 derivative=Elementwise(1), notation=Transparent(), rule=rules.LINEAR_MAP,
                 examples=(example((2, 3)), example(()), example((0,))))
