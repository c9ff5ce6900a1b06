"""The step of a loop, or the right-hand side of an equation, as formulas for a reader, with its derivatives."""

from __future__ import annotations

from chainrule.core.graph import Graph, Node
from chainrule.core.loop import Body, floating
from chainrule.passes.by_rules import by_rules

__all__ = ["step_in_letters"]

_MANY = 4  # formulas: of a step that carries more, its derivatives are not read one by one


def step_in_letters(u: Node) -> tuple[tuple[str, Node], ...]:
    """What a step makes of each carry, and its derivatives where all are of numbers: f(c, x), f_c, f_x.

    Args:
        u: an operation; of one that repeats no body there is nothing to say.
    """
    body = next((value for value in u.parameters.values() if isinstance(value, Body)), None)
    if body is None:
        return ()
    graph = body.graph
    name = graph.name if graph.name.isidentifier() else "f"
    arguments = ", ".join(node.name for node in graph.inputs)
    carries = graph.outputs[: body.carries]
    marks = [""] if len(carries) == 1 else [str(i + 1) for i in range(len(carries))]
    found = [(f"{name}{mark}({arguments})", output) for mark, output in zip(marks, carries, strict=True)]
    by = [x for x in graph.inputs if not x.shape and floating(x.dtype)]
    if len(carries) * len(by) <= _MANY and not any(node.shape for node in graph.nodes):
        for mark, output in zip(marks, carries, strict=True):
            for x in by:
                (slope,) = by_rules(Graph(graph.inputs, (output,)), x).outputs
                found.append((f"{name}{mark}_{x.name}", slope))
    return tuple(found)
