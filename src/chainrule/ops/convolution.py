"""The convolution of two signals along their last axes; axes before these broadcast, as in a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Multilinear
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, ShapeRule, aligned, broadcast_shapes
from chainrule.errors import ShapeError

CONVOLUTION = Rule("product rule of a convolution", "d(U * V) = dU * V + U * dV, with * for the convolution")

_BACKWARDS = (Ellipsis, slice(None, None, -1))


@dataclass(frozen=True)
class _Convolved(ShapeRule):
    """Of n and m components along the last axes there are n + m - 1."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        if any(not shape or not shape[-1] for shape in shapes):
            raise ShapeError(f"a convolution of shapes {shapes[0]} and {shapes[1]}: there is nothing along a last axis")
        (*lead, n), (*other, m) = shapes
        return (*broadcast_shapes(tuple(lead), tuple(other)), n + m - 1)

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*aligned(F, operands, batched))

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        return leading_labels(shapes, self.infer(shapes, parameters), [1, 1], 1)


def _convolve(a: Any, v: Any) -> Any:
    if a.ndim == v.ndim == 1:
        return np.convolve(a, v)
    lead = np.broadcast_shapes(a.shape[:-1], v.shape[:-1])
    a, v = (np.broadcast_to(x, (*lead, x.shape[-1])) for x in (a, v))
    out = np.empty((*lead, a.shape[-1] + v.shape[-1] - 1), np.result_type(a, v))
    for row in np.ndindex(lead):
        out[row] = np.convolve(a[row], v[row])
    return out


def _transpose(F: Any, g: Array, other: Array, like: Array) -> Array:
    # The transpose of a convolution is a correlation: one with the other signal read backwards, of which a part counts.
    if like.shape[-1] < other.shape[-1]:  # a small part: of a short filter, only that is computed
        lines = F.expand_dims(g, axis=(0,)) if g.ndim == 1 else g  # of a stack NumPy does not copy the windows
        windows = F.windows(lines, axis=lines.ndim - 1, width=other.shape[-1])
        part = F.matmul(windows, F.expand_dims(other, axis=(other.ndim,)))
        return F.getitem(part, pattern=(0, slice(None), 0) if g.ndim == 1 else (Ellipsis, 0))
    whole = F.convolve(g, F.getitem(other, pattern=_BACKWARDS))
    first = other.shape[-1] - 1
    return F.getitem(whole, pattern=(Ellipsis, slice(first, first + like.shape[-1])))


convolve = primitive("convolve", evaluate=_convolve, shape=_Convolved(),
                     derivative=Multilinear(lambda F, g, out, a, v: _transpose(F, g, v, a),
                                            lambda F, g, out, a, v: _transpose(F, g, a, v)),
                     rule=CONVOLUTION,
                     examples=(example((4,), (3,)), example((2,), (5,)), example((1,), (1,)), example((2, 4), (3,)),
                               example((3,), (2, 2)), example((2, 1, 3), (2, 2)), example((0, 2), (3,)),
                               example(np.array([0.5 - 1.0j, 0.3j, 1.2]), np.array([0.7, -0.4 + 0.2j]))))
