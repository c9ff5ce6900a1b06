"""The derivative of a step is left out, or written down wrong: times or over its operand, inverted, squared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise, Reduction
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.numeric.diagnosis.backward import Backward, Edge
from chainrule.numeric.diagnosis.changes.change import Change, Key, matched, only_kind
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["inner_factors", "partial_of", "wrong_partials"]


def inner_factors(backward: Backward) -> Iterator[Change]:
    """The cotangent of a step is handed on without the factor that the chain rule puts there."""
    for edge in backward.edges:
        weight = _weight(edge)
        if weight is None:
            continue
        step = edge.step
        place = (backward.key(step), edge.position)
        by = f" by {backward.name(edge.operand)}" if _differentiated(step) > 1 else ""
        left_out = f"the inner factor of {backward.label(step)} is missing: its derivative{by} is left out"
        yield _change(backward, edge, ("inner", *place), Mistake.INNER_FACTOR, lambda: 1.0, left_out)
        derivative = step.primitive.derivative if step.primitive is not None else None
        if isinstance(derivative, Reduction) and derivative.scale is not None:
            common = f"an inner factor of {backward.label(step)} is missing: the one that all components have in common"
            yield _change(
                backward, edge, ("scale", *place), Mistake.INNER_FACTOR, functools.partial(_unscaled, edge), common
            )


def wrong_partials(backward: Backward) -> Iterator[Change]:
    """The derivative of a step times or over one of its operands or its result, inverted, or squared."""
    for edge in backward.edges:
        weight = _weight(edge)
        if weight is None:
            continue
        step = edge.step
        place = (backward.key(step), edge.position)
        for name, wrong in _wrong(backward, edge):
            text = (
                f"the derivative of {backward.label(step)} by {backward.name(edge.operand)} is wrong: "
                f"it is the {'one' if name.startswith('by') else 'right one'} {name}"
            )
            yield _change(backward, edge, ("partial", *place, name), Mistake.WRONG_DERIVATIVE, wrong, text)


def _change(backward: Backward, edge: Edge, key: Key, kind: Mistake, factor: Callable[[], Any], text: str) -> Change:
    """Another factor on the way to an operand than the derivative."""
    site = backward.site(edge.step)
    return Change(
        key, only_kind(kind), edge.operand, edge.term, lambda: _sent(backward, edge, factor()), text, site, scaled=True
    )


def _wrong(backward: Backward, edge: Edge) -> Iterator[tuple[str, Callable[[], Any]]]:
    step = edge.step
    factors = [("its result", step.value)]
    for operand, value in zip(step.operands, step.values, strict=True):
        if operand is not None:
            factors.append((backward.name(operand), value))
        elif np.size(value) > 1:
            factors.append(("its other operand", value))
    if isinstance(step.primitive and step.primitive.derivative, Reduction):
        spread = np.broadcast_to(_spread(step, step.value), np.shape(step.values[0]))
        factors = [("its result", spread)]
    for name, value in factors:
        yield f"times {name}", lambda v=value: _weight(edge) * v  # type: ignore[misc]
        yield f"over {name}", lambda v=value: _weight(edge) / v  # type: ignore[misc]
    yield "inverted", lambda: 1 / np.asarray(_weight(edge))
    yield "squared", lambda: np.square(np.asarray(_weight(edge)))
    derivative = step.primitive.derivative if step.primitive is not None else None
    if not isinstance(derivative, Elementwise):
        return
    for other, partial in enumerate(derivative.partials):
        if other != edge.position and callable(partial):
            yield (
                f"by operand {other + 1}",
                lambda p=partial: p(plain, step.value, *step.values, **step.parameters),  # type: ignore[misc]
            )


def _differentiated(step: Record) -> int:
    return sum(operand is not None for operand in step.operands)


def partial_of(step: Record, position: int) -> Any:
    """The derivative of an elementwise step by one operand, where it is not constant; None for other steps."""
    derivative = step.primitive.derivative if step.primitive is not None else None
    if not isinstance(derivative, Elementwise) or position >= len(derivative.partials):
        return None
    partial = derivative.partials[position]
    with np.errstate(all="ignore"):
        return partial(plain, step.value, *step.values, **step.parameters) if callable(partial) else None


def _weight(edge: Edge) -> Any:
    """What the cotangent is multiplied by, where the step is elementwise or a weighted sum; None where it is not."""
    step = edge.step
    if isinstance(step.primitive and step.primitive.derivative, Reduction):
        with np.errstate(all="ignore"):
            return _unscaled(edge) * _spread(step, _scale(step, np.ones_like(step.value)))
    return partial_of(step, edge.position)


def _sent(backward: Backward, edge: Edge, weight: Any) -> Any:
    step, primal = edge.step, edge.step.values[edge.position]
    cotangent = backward.cotangents[step]
    if step.primitive is not None and isinstance(step.primitive.derivative, Reduction):
        return np.broadcast_to(_spread(step, cotangent), primal.shape) * weight
    with np.errstate(all="ignore"):
        return matched(np.asarray(cotangent * weight), primal)


def _unscaled(edge: Edge) -> Any:
    step = edge.step
    derivative = step.primitive.derivative if step.primitive is not None else None
    assert isinstance(derivative, Reduction)
    return derivative.partial(plain, step.value, *step.values, **step.parameters)


def _scale(step: Record, result: Any) -> Any:
    """What multiplies all components of one result of a reduction alike."""
    derivative = step.primitive.derivative if step.primitive is not None else None
    if not isinstance(derivative, Reduction) or derivative.scale is None:
        return result
    return derivative.scale(plain, result, step.value, *step.values, **step.parameters)


def _spread(step: Record, result: Any) -> Any:
    """A value of the shape of a reduction's result, to be broadcast against its operand."""
    axis, keepdims = step.parameters["axis"], step.parameters["keepdims"]
    return plain.expand_dims(result, axis=axis) if axis and not keepdims else result
