"""Softmax and its relatives taken apart into exponentials and sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.kernels.planning.parts import Handler, Part, Parts
from chainrule.kernels.planning.reductions import floating
from chainrule.ops import exponential, special

__all__ = ["SOFTMAX"]


def _softmax(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x, axis = parts.F, floating(parts, operands[0]), parameters["axis"]
    e = F.exp(F.subtract(x, _largest(parts, x, axis)))
    # The sum is at least 1, so that its inverse is a number; each component saves a division.
    return F.multiply(e, F.reciprocal(F.sum(e, axis=axis, keepdims=True)))


def _largest(parts: Parts, x: Part, axis: tuple[int, ...]) -> Part:
    return parts.F.max(x, axis=axis, keepdims=True)


def _beside_largest(parts: Parts, x: Part, largest: Part, e: Part, axis: tuple[int, ...]) -> Part:
    """sum(exp(x - largest)) - 1 from e = exp(x - largest): log1p of it keeps what is small beside the largest one."""
    F = parts.F
    top = F.equal(x, largest)
    one = Part(parts.items.number(1, x.dtype), (), None)
    count = F.sum(F.where(top, one, 0.0), axis=axis, keepdims=True)
    rest = F.sum(F.where(top, 0.0, e), axis=axis, keepdims=True)
    return F.add(F.subtract(count, 1.0), rest)


def _log_softmax(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x, axis = parts.F, floating(parts, operands[0]), parameters["axis"]
    largest = _largest(parts, x, axis)
    below = F.subtract(x, largest)
    e = F.exp(below)
    others = _beside_largest(parts, x, largest, e, axis)
    out = F.subtract(below, F.log1p(others))
    # The gradient asks for exp(out): the exponentials are there already.
    parts.exponentials[out.item] = lambda: F.multiply(e, F.reciprocal(F.add(others, 1.0)))
    return out


def _exp(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    known = parts.exponentials.get(operands[0].item)
    return parts.elementwise(exponential.exp, operands, parameters) if known is None else known()


def _logsumexp(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    F, x, axis = parts.F, floating(parts, operands[0]), parameters["axis"]
    largest = _largest(parts, x, axis)
    e = F.exp(F.subtract(x, largest))  # NaN where the largest is infinite: then they are the largest, or 0
    out = F.add(largest, F.log1p(_beside_largest(parts, x, largest, e, axis)))
    return out if parameters["keepdims"] else F.squeeze(out, axis=axis)


def _one_hot(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    (x,), F, classes = operands, parts.F, parameters["classes"]
    numbers = parts.number(np.arange(classes))
    found = F.equal(F.expand_dims(x, axis=(x.ndim,)), numbers)
    return Part(parts.items.cast(found.item, np.float64), found.shape, found.axis)


def _logaddexp(parts: Parts, operands: Sequence[Part], parameters: Mapping[str, Any]) -> Part:
    """ln(1 + e^x) where one operand is 0: so its exponential is that of the logistic function beside it."""
    for zero, x in (operands, operands[::-1]):
        number = zero.item.parameters.get("value", 1) if zero.shape == () else 1
        if number == 0 and exponential.logaddexp.infer((zero.item, x.item), {})[1] == x.dtype:
            return parts.F.softplus(x)
    return parts.elementwise(exponential.logaddexp, operands, parameters)


SOFTMAX: Mapping[Any, Handler] = {
    special.softmax: _softmax,
    special.log_softmax: _log_softmax,
    special.logsumexp: _logsumexp,
    special.one_hot: _one_hot,
    exponential.exp: _exp,
    exponential.logaddexp: _logaddexp,
}
