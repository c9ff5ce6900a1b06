"""Values that are subtracted for stability only: a shift of them changes nothing, so no derivative goes through them.

log(sum(exp(x - m))) + m is the same for every m, and m = max(x) keeps it from overflow. A node's response to a shift t
of m is followed through the graph: x - m becomes x - m - t, its exponential is scaled by exp(-t), and so on. Where the
outputs do not respond, the derivative by m is zero, and it need not be computed as a difference that rounding leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.core.graph import Graph, Node
from chainrule.core.shapes import elementwise
from chainrule.passes.rewrites import number, operation

__all__ = ["idle"]

_MOST = 32  # nodes that are looked at: each takes a walk through the graph

_Layout = tuple[int | None, ...]  # for each axis of a node, along which axis of t it varies; None along none


@dataclass(frozen=True, slots=True)
class _Response:
    """What a shift t does to a node: it adds `rate` t, or multiplies by exp(`rate` t)."""

    rate: float
    scales: bool
    layout: _Layout


def idle(graph: Graph) -> list[Node]:
    """The maxima in a graph of which a shift leaves the outputs as they are: equal ones together, or one by one."""
    groups: dict[Any, list[Node]] = {}
    for node in graph.nodes:
        if operation(node) == "max":
            groups.setdefault((node.operands, *node.parameters.items()), []).append(node)
    found: list[Node] = []
    for group in list(groups.values())[:_MOST]:
        found += group if _is_idle(graph, group) else [node for node in group if _is_idle(graph, [node])]
    return found


def _is_idle(graph: Graph, shifted: Sequence[Node]) -> bool:
    axis, kept = shifted[0].parameters["axis"], shifted[0].parameters["keepdims"]
    layout = tuple(None if kept and i in axis else i for i in range(shifted[0].ndim))
    responses = {node: _Response(1.0, False, layout) for node in shifted}
    for node in graph.nodes:
        if node in responses or not any(operand in responses for operand in node.operands):
            continue
        response = _response(node, responses)
        if response is None:
            return False
        if response.rate:
            responses[node] = response
    return not any(output in responses for output in graph.outputs)


def _response(node: Node, responses: Mapping[Node, _Response]) -> _Response | None:
    """The response of a node, given those of its operands; None where it has no such form."""
    rule = _RULES.get(operation(node))
    operands = [responses.get(operand) for operand in node.operands]
    if rule is None or node.primitive is None:
        return None
    if node.primitive.shape is not elementwise:
        return rule(node, operands)
    layouts = [
        (*[None] * (node.ndim - operand.ndim), *response.layout)
        for operand, response in zip(node.operands, operands, strict=True)
        if response is not None
    ]
    if any(layout != layouts[0] for layout in layouts):
        return None
    return rule(node, [None if r is None else replace(r, layout=layouts[0]) for r in operands])


_Operands = Sequence[_Response | None]


def _sum_of(sign: int) -> Callable[[Node, _Operands], _Response | None]:
    def respond(node: Node, operands: _Operands) -> _Response | None:
        x, y = operands
        if any(r is not None and r.scales for r in operands):
            return None
        known = x or y
        rate = (x.rate if x else 0.0) + sign * (y.rate if y else 0.0)
        return None if known is None else replace(known, rate=rate)

    return respond


def _negative(node: Node, operands: _Operands) -> _Response | None:
    (x,) = operands
    return None if x is None or x.scales else replace(x, rate=-x.rate)


def _multiply(node: Node, operands: _Operands) -> _Response | None:
    x, y = operands
    if all(r is None or r.scales for r in operands):
        known = x or y
        return None if known is None else replace(known, rate=sum(r.rate for r in operands if r is not None))
    for response, factor in ((x, node.operands[1]), (y, node.operands[0])):
        value = number(factor)
        if response is not None and not response.scales and value is not None:
            return replace(response, rate=response.rate * float(value))
    return None


def _divide(node: Node, operands: _Operands) -> _Response | None:
    x, y = operands
    if all(r is None or r.scales for r in operands):
        known = x or y
        rate = (x.rate if x else 0.0) - (y.rate if y else 0.0)
        return None if known is None else replace(known, rate=rate)
    value = number(node.operands[1])
    return replace(x, rate=x.rate / float(value)) if x is not None and y is None and value else None


def _exp(node: Node, operands: _Operands) -> _Response | None:
    (x,) = operands
    return None if x is None or x.scales else replace(x, scales=True)


def _log(node: Node, operands: _Operands) -> _Response | None:
    (x,) = operands
    return replace(x, scales=False) if x is not None and x.scales else None


def _reduced(node: Node, operands: _Operands) -> _Response | None:
    """A sum of what is scaled alike is scaled; a mean of what is shifted alike is shifted."""
    (x,) = operands
    axis = node.parameters["axis"]
    if x is None or any(x.layout[a] is not None for a in axis) or not (x.scales or operation(node) == "mean"):
        return None
    if node.parameters["keepdims"]:
        return x
    return replace(x, layout=tuple(label for a, label in enumerate(x.layout) if a not in axis))


def _expand_dims(node: Node, operands: _Operands) -> _Response | None:
    (x,) = operands
    axis = node.parameters["axis"]
    labels = iter(x.layout if x is not None else ())
    layout = tuple(None if a in axis else next(labels) for a in range(node.ndim))
    return None if x is None else replace(x, layout=layout)


def _squeeze(node: Node, operands: _Operands) -> _Response | None:
    (x,) = operands
    axis = node.parameters["axis"]
    return None if x is None else replace(x, layout=tuple(n for a, n in enumerate(x.layout) if a not in axis))


def _getitem(node: Node, operands: _Operands) -> _Response | None:
    """A new axis, or a part of an axis along which t does not vary."""
    x = operands[0]
    pattern = node.parameters["pattern"]
    if x is None or len(operands) > 1:
        return None
    if Ellipsis in pattern:
        place = pattern.index(Ellipsis)
        between = len(x.layout) - sum(part is not None for part in pattern) + 1
        pattern = (*pattern[:place], *[slice(None)] * between, *pattern[place + 1 :])
    labels = list(x.layout)
    layout: list[int | None] = []
    for part in pattern:
        if part is None:
            layout.append(None)
            continue
        label = labels.pop(0)
        if label is not None and part != slice(None):
            return None
        layout += [label] if isinstance(part, slice) else []
    return replace(x, layout=(*layout, *labels))


_RULES: Mapping[str, Callable[[Node, Any], _Response | None]] = {
    "add": _sum_of(1),
    "subtract": _sum_of(-1),
    "negative": _negative,
    "multiply": _multiply,
    "divide": _divide,
    "exp": _exp,
    "log": _log,
    "sum": _reduced,
    "mean": _reduced,
    "expand_dims": _expand_dims,
    "squeeze": _squeeze,
    "getitem": _getitem,
}
