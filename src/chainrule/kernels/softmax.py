"""Softmax and its relatives taken apart into exponentials and sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.kernels.parts import Handler, Part, Parts
from chainrule.kernels.reductions import floating
from chainrule.ops import special

__all__ = ["SOFTMAX"]


def _softmax(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x, axis = parts.F, floating(parts, operands[0]), parameters["axis"]
    e = F.exp(F.subtract(x, _largest(parts, x, axis)))
    return F.divide(e, F.sum(e, axis=axis, keepdims=True))


def _largest(parts: Parts, x: Part, axis: tuple[int, ...]) -> Part:
    return parts.F.max(x, axis=axis, keepdims=True)


def _beside_largest(parts: Parts, x: Part, largest: Part, below: Part, axis: tuple[int, ...]) -> Part:
    """ln(sum(exp(x - largest))) without losing what is small: the others beside the largest one, by log1p."""
    F = parts.F
    top = F.equal(x, largest)
    one = parts.items.number(1, x.dtype)
    count = F.sum(F.where(top, Part(one, (), None), 0.0), axis=axis, keepdims=True)
    rest = F.sum(F.where(top, 0.0, F.exp(below)), axis=axis, keepdims=True)
    return F.log1p(F.add(F.subtract(count, 1.0), rest))


def _log_softmax(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x, axis = parts.F, floating(parts, operands[0]), parameters["axis"]
    largest = _largest(parts, x, axis)
    below = F.subtract(x, largest)
    return F.subtract(below, _beside_largest(parts, x, largest, below, axis))


def _logsumexp(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x, axis = parts.F, floating(parts, operands[0]), parameters["axis"]
    largest = _largest(parts, x, axis)
    below = F.minimum(F.subtract(x, F.where(F.isfinite(largest), largest, 0.0)), 0.0)
    out = F.add(largest, _beside_largest(parts, x, largest, below, axis))
    return out if parameters["keepdims"] else F.squeeze(out, axis=axis)


def _one_hot(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), F, classes = operands, parts.F, parameters["classes"]
    numbers = parts.number(np.arange(classes))
    found = F.equal(F.expand_dims(x, axis=(x.ndim,)), numbers)
    return Part(parts.items.cast(found.item, np.float64), found.shape, found.axis)


SOFTMAX: Mapping[Any, Handler] = {
    special.softmax: _softmax,
    special.log_softmax: _log_softmax,
    special.logsumexp: _logsumexp,
    special.one_hot: _one_hot,
}
