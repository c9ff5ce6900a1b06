"""How far the exact derivative of a traced f is off by rounding: computed again with other last digits in every step.

A derivative that is exact on paper loses the digits that cancel on the way, in f or in the rules of calculus. So each
value gets a random relative error of its own rounding, and the scatter of what comes out is the error bar. Neighbouring
points would not show it: the rounding of exp(w) stays the same while the last digits of a small w change.
Source: D. S. Parker, Monte Carlo arithmetic: exploiting randomness in floating-point arithmetic, UCLA CSD-970002, 1997.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Derivative, Linear, Multilinear, Select
from chainrule.core.graph import Graph, Node
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.numeric.probe import RealArray
from chainrule.passes.reverse import pull

__all__ = ["gradient_rounding"]

SAMPLES = 8
# The largest of so few deviations, and what one may be.
SURE = 4.0
SEED = 20240302


def gradient_rounding(graph: Graph, leaves: Sequence[RealArray], gradient: RealArray) -> RealArray:
    """How far each component of the gradient, given as one vector, may be off by the rounding of all steps of f.

    Zero where the graph cannot be followed. At a kink within rounding it spans both sides.
    """
    random = np.random.default_rng(SEED)
    largest = np.zeros(gradient.shape)
    try:
        with np.errstate(all="ignore"):
            for _ in range(SAMPLES):
                off = np.abs(_perturbed(graph, leaves, random) - gradient)
                largest = np.fmax(largest, np.where(np.isfinite(off), off, 0.0))
    except Exception:
        return np.zeros(gradient.shape)  # what works with the right digits may fail with others: a root of -1e-17, say
    return SURE * largest


def _perturbed(graph: Graph, leaves: Sequence[RealArray], random: np.random.Generator) -> RealArray:
    values: dict[Node, Any] = dict(zip(graph.inputs, leaves, strict=True))
    records = {node: Record(None, (), (), values[node], node.parameters) for node in graph.inputs}
    for node in graph.nodes:
        if node.is_constant:
            values[node] = node.parameters["value"]
        if node.primitive is None:
            continue
        at = [values[operand] for operand in node.operands]
        value = node.primitive.compute(*at, **node.parameters)
        if isinstance(node.dtype, type):
            value = value.item() if hasattr(value, "item") else value
        elif any(operand in records for operand in node.operands) and np.dtype(node.dtype).kind == "f":
            value = _rounded_otherwise(node, value, at, random)
            operands = [records.get(operand) for operand in node.operands]
            records[node] = Record(node.primitive, operands, at, value, node.parameters)
        values[node] = value
    (output,) = graph.outputs
    found: dict[Record, Any] = {}
    if output in records:
        found = pull(list(records.values()), {records[output]: np.ones_like(values[output])[()]}, plain)
    gradients = [np.asarray(found.get(records[n], np.zeros_like(values[n])), np.float64) for n in graph.inputs]
    return np.concatenate([np.zeros(0), *(gradient.ravel() for gradient in gradients)])


def _rounded_otherwise(node: Node, value: Any, at: Sequence[Any], random: np.random.Generator) -> Any:
    assert node.primitive is not None
    derivative = node.primitive.derivative
    if not _rounds(derivative):
        return value
    size: Any = value
    if isinstance(derivative, Linear | Multilinear):  # a sum is rounded as its terms are
        size = node.primitive.compute(*(np.abs(x) if _is_float(x) else x for x in at), **node.parameters)
    eps = float(np.finfo(np.asarray(value).dtype).eps)
    digits = random.uniform(-eps, eps, np.shape(value))
    return (value + digits * size).astype(np.asarray(value).dtype)[()]


def _rounds(derivative: Derivative) -> bool:
    moves = isinstance(derivative, Linear) and derivative.rearranges
    return not moves and not isinstance(derivative, Constant | Select)


def _is_float(x: Any) -> bool:
    return np.asarray(x).dtype.kind == "f"
