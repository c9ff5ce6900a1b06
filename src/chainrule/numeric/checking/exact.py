"""The exact derivative of the function under test, where it can be traced: its gradient, and the kinks at the point."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import ops, read  # noqa: F401  enters the primitives and the answers to NumPy
from chainrule.calculus.arguments import function_name
from chainrule.core.graph import Graph, Node
from chainrule.core.record import Record
from chainrule.core.registry import plain, primitives
from chainrule.numeric.checking.objective import Objective
from chainrule.numeric.probe import RealArray, precision
from chainrule.passes.evaluate import values_of
from chainrule.passes.reverse import pull
from chainrule.read.trace import trace

__all__ = ["Exact", "exact_derivative", "exact_gradients"]

# Two orders of summation in the same function differ by this many units of rounding at most.
SAME = 64


@dataclass(frozen=True, slots=True, eq=False)
class Exact:
    """What one forward and one backward pass of f show.

    Attributes:
        graph: f at the point, with one input for each leaf, in their order and under their names.
        gradients: the derivative by each leaf, in its shape.
        kinks: where a step of f has no unique derivative at the point, each as a sentence with the step and its line.
        custom: the names of operations whose derivative the user has defined.
        rounding: what the rounding of all steps may add up to in f.
    """

    graph: Graph
    gradients: Sequence[RealArray]
    kinks: Sequence[str] = ()
    custom: Sequence[str] = ()
    rounding: float = 0.0


def exact_derivative(objective: Objective, value: RealArray) -> Exact | None:
    """The exact derivative at the point, or None where f cannot be traced there.

    `value` is f at the point; a trace that computes another is not believed. Calls f once.
    """
    graph = graph_of(objective)
    return None if graph is None else _differentiate(graph, [_bare(leaf.values) for leaf in objective.leaves], value)


def exact_gradients(graph: Graph, leaves: Sequence[RealArray]) -> Sequence[RealArray] | None:
    """The derivative of a traced f with other leaves; None where they take another branch."""
    found = _differentiate(graph, [_bare(leaf) for leaf in leaves], None)
    return None if found is None else found.gradients


def graph_of(objective: Objective) -> Graph | None:
    """f as a graph of its leaves."""
    values = [leaf.values[()] if leaf.scalar else leaf.values.copy() for leaf in objective.leaves]
    names = [leaf.name for leaf in objective.leaves]
    objective.probe.evaluations += 1
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # What tracing warns of, such as a write into an argument, the plain calls have shown already.
            warnings.simplefilter("ignore")
            graph, _ = trace(
                lambda *leaves: objective.f(*objective.arguments(leaves)),
                values,
                names,
                function_name(objective.f),
                objective.f,
            )
    except Exception:
        # f works on plain values, as was seen: whatever it raises here says only that it takes no traced ones.
        return None
    return graph if len(graph.outputs) == 1 and graph.outputs[0].shape == () else None


def _bare(values: RealArray) -> Any:
    return values[()]


def _differentiate(graph: Graph, leaves: Sequence[Any], expected: RealArray | None) -> Exact | None:
    (output,) = graph.outputs
    try:
        with np.errstate(all="ignore"):
            values = values_of(graph, leaves)
            if expected is not None and not _same(values[output], expected):
                return None
            records = _records(graph, values)
            notes: list[str] = []
            squares: list[float] = []
            found: dict[Record, Any] = {}
            if output in records:
                steps = {records[node]: (number, node) for number, node in _numbered(graph) if node in records}

                def observe(record: Record, cotangent: Any, mask: Any, contributions: Any) -> None:
                    notes.extend(_kinks(record, cotangent, mask, steps))
                    squares.append(_rounding(record, cotangent))

                seed = np.ones_like(records[output].value)[()]
                found = pull(list(records.values()), {records[output]: seed}, plain, observe)
            gradients = [
                np.array(found.get(records[node], np.zeros_like(values[node])), copy=True) for node in graph.inputs
            ]
    except Exception:
        return None  # an operation without a derivative, or a rule that fails: the differences speak alone
    if any(g.dtype.kind != "f" or g.shape != np.shape(x) for g, x in zip(gradients, leaves, strict=True)):
        return None
    return Exact(graph, gradients, tuple(notes), _custom(graph), sum(squares) ** 0.5)


def _same(found: Any, expected: RealArray) -> bool:
    found = np.asarray(found)
    if found.dtype.kind not in "fiu" or found.shape != ():
        return False
    eps = precision(expected) if found.dtype.kind != "f" else precision(expected, found)
    return bool(abs(float(found) - float(expected)) <= SAME * eps * max(abs(float(expected)), 1.0))


def _records(graph: Graph, values: dict[Node, Any]) -> dict[Node, Record]:
    records: dict[Node, Record] = {}
    for node in graph.nodes:
        operands = [records.get(operand) for operand in node.operands]
        if node.is_input:
            records[node] = Record(None, (), (), values[node], node.parameters)
        elif any(operand is not None for operand in operands) and np.dtype(node.dtype).kind in "fc":
            at = [values[operand] for operand in node.operands]
            records[node] = Record(node.primitive, operands, at, values[node], node.parameters)
    return records


def _numbered(graph: Graph) -> list[tuple[int, Node]]:
    return list(enumerate((node for node in graph.nodes if node.primitive is not None), 1))


def _rounding(record: Record, cotangent: Any) -> float:
    """The square of what the rounding of one value does to f, to first order."""
    value = np.asarray(record.value)
    if record.primitive is None or value.dtype.kind != "f" or value.shape != np.shape(cotangent):
        return 0.0
    effect = np.abs(value * cotangent).astype(np.float64) * float(np.finfo(value.dtype).eps)
    return float(np.square(effect[np.isfinite(effect)]).sum())


def _kinks(record: Record, cotangent: Any, mask: Any, steps: dict[Record, tuple[int, Node]]) -> list[str]:
    if record.primitive is None:
        return []
    found = []
    for kink in record.primitive.domain.kinks:
        at = np.asarray(kink.where(record.value, *record.values, **record.parameters))
        if mask is not None and mask.branch is not None:
            at = at & np.asarray(mask.branch)
        if at.shape == np.shape(cotangent):
            at = at & (np.asarray(cotangent) != 0)  # what f does not depend on bends nothing
        if at.any():
            number, node = steps[record]
            name = node.name or str(number)
            where = f", {node.site}" if node.site else ""
            count = int(np.count_nonzero(at))
            many = f" ({count} times)" if count > 1 else ""
            found.append(f"step {name} ({record.primitive.name}){where}: {kink.text}{many}")
    return found


def _custom(graph: Graph) -> tuple[str, ...]:
    known = primitives()
    used = (node.primitive for node in graph.nodes if node.primitive is not None)
    return tuple(dict.fromkeys(p.name for p in used if known.get(p.name) is not p))
