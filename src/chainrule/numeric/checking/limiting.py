"""Limiting gradients: what the gradient of a traced f tends to as the point is approached from some direction.

Where a maximum ties or a rectifier is at zero, there is no derivative but one from every side; what lies between two of
them is right. All sides of a step follow from its derivative beside the point. So one pass over the graph gives the
limit along a direction, for all components at once and without a step that would blur it.
Source: F. H. Clarke, Optimization and Nonsmooth Analysis, 1983, theorem 2.5.1: the generalised gradient is the convex
hull of these limits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.derivative import Constant, Elementwise, Reduction
from chainrule.core.graph import Graph, Node
from chainrule.core.record import Record
from chainrule.core.registry import evaluating, plain, primitives
from chainrule.numeric.probe import RealArray
from chainrule.passes.evaluate import values_of
from chainrule.passes.reverse import pull

__all__ = ["Limits", "limits_of"]

# How far the operands of a step are moved off its kink, in units of their tangents. There the derivative is constant on
# each side, or depends on the direction alone, so this is no step that is to be small.
ASIDE = 2.0**-16


class Limits:
    """A traced f at a point where some of its steps have kinks."""

    def __init__(self, graph: Graph, values: dict[Node, Any]) -> None:
        self.graph, self.values = graph, values

    def along(self, direction: Sequence[RealArray]) -> RealArray | None:
        """The limit of the gradient at x + t v as t falls to 0, as one vector; None where it cannot be had.

        `direction` has one array for each input of the graph, in its shape.
        """
        try:
            with np.errstate(all="ignore"):
                return self._along(direction)
        except Exception:
            return None  # a step without forward mode, or undefined beside the point: then nothing is known of it

    def _along(self, direction: Sequence[RealArray]) -> RealArray:
        graph = self.graph
        values, records, tangents = dict(self.values), dict[Node, Record](), dict[Node, Any]()
        order: list[Record] = []
        moved: set[Node] = set()  # what has another value on this side: a jump, or what depends on one
        for node, v in zip(graph.inputs, direction, strict=True):
            records[node] = Record(None, (), (), values[node], node.parameters)
            order.append(records[node])
            tangents[node] = np.asarray(v).astype(np.asarray(values[node]).dtype)[()]
        for node in graph.nodes:
            if node.primitive is None:
                continue
            at, moving = [values[o] for o in node.operands], [tangents.get(o) for o in node.operands]
            if not moved.isdisjoint(node.operands):
                values[node] = _computed(node, at)
                moved.add(node)
            beside = _beside(node, values[node], at, moving)
            value = values[node] if beside is at else _computed(node, beside)
            if isinstance(node.primitive.derivative, Constant):
                if beside is not at:
                    values[node] = value
                    moved.add(node)
            elif any(o in records for o in node.operands) and np.dtype(node.dtype).kind == "f":
                operands = [_spread(records.get(o), x, b) for o, x, b in zip(node.operands, at, beside, strict=True)]
                order += [
                    o for o, n in zip(operands, node.operands, strict=True) if o is not None and o is not records.get(n)
                ]
                records[node] = Record(node.primitive, operands, beside, value, node.parameters)
                order.append(records[node])
                moving = [
                    t if t is None or np.shape(t) == np.shape(b) else np.broadcast_to(t, np.shape(b))
                    for t, b in zip(moving, beside, strict=True)
                ]
                tangent = node.primitive.derivative.push(evaluating, records[node], moving)
                if tangent is not None:
                    tangents[node] = tangent
        (output,) = graph.outputs
        found: dict[Record, Any] = {}
        if output in records:
            found = pull(order, {records[output]: np.ones_like(values[output])[()]}, plain)
        gradients = [np.asarray(found.get(records[n], np.zeros_like(values[n])), np.float64) for n in graph.inputs]
        return np.concatenate([np.zeros(0), *(gradient.ravel() for gradient in gradients)])


def limits_of(graph: Graph, leaves: Sequence[Any]) -> Limits | None:
    """The limits at a point; None where no step of f has a kink there."""
    with np.errstate(all="ignore"):
        values = values_of(graph, leaves)
        found = any(_kinks(node, values[node], [values[o] for o in node.operands]) is not None for node in graph.nodes)
    return Limits(graph, values) if found else None


def _computed(node: Node, operands: Sequence[Any]) -> Any:
    assert node.primitive is not None
    value = node.primitive.compute(*operands, **node.parameters)
    return value.item() if isinstance(node.dtype, type) and hasattr(value, "item") else value


def _kinks(node: Node, value: Any, at: Sequence[Any]) -> NDArray[np.bool_] | None:
    """Where a step is at a kink or a jump, in the shape of its result or one to be broadcast; None where nowhere."""
    if node.primitive is None:
        return None
    if np.dtype(node.dtype).kind == "b" and len(at) == 2 and all(np.asarray(x).dtype.kind in "fiu" for x in at):
        places: Any = np.equal(*at)  # a comparison jumps where both are equal
    else:
        places = np.asarray(False)
        for kink in node.primitive.domain.kinks:
            places = places | np.asarray(kink.where(value, *at, **node.parameters))
    return places if places.any() else None


def _beside(node: Node, value: Any, at: list[Any], moving: Sequence[Any]) -> list[Any]:
    """The operands of a step, moved off its kinks along their tangents; `at` itself where there are none."""
    if all(tangent is None for tangent in moving):
        return at
    where = _kinks(node, value, at)
    if where is None:
        return at
    derivative = node.primitive.derivative if node.primitive is not None else None
    if isinstance(derivative, Reduction):
        axis, keepdims = node.parameters["axis"], node.parameters["keepdims"]
        where = where if keepdims or not axis else np.expand_dims(where, axis)
    elif not isinstance(derivative, Elementwise | Constant):
        where = np.asarray(True)  # whatever the step mixes
    return [_moved(x, tangent, where) for x, tangent in zip(at, moving, strict=True)]


def _moved(x: Any, tangent: Any, where: NDArray[np.bool_]) -> Any:
    if tangent is None or np.asarray(x).dtype.kind != "f":
        return x
    aside = (x + ASIDE * np.asarray(tangent)).astype(np.asarray(x).dtype)
    return np.where(where, aside, x)[()]


def _spread(record: Record | None, x: Any, beside: Any) -> Record | None:
    """The record of an operand that is broadcast, where it was moved in some of the places it was broadcast to."""
    if record is None or np.shape(x) == np.shape(beside):
        return record
    return Record(primitives()["broadcast_like"], [record, None], [x, beside], beside, {})
