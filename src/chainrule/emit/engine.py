"""How the steps of loops and the right-hand sides of differential equations run: as emitted code.

Bodies stand in `core`, and the operations that repeat them in `ops`; what runs them stands above both, and is entered
here as the engine of all bodies.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.loop import Body, Engine
from chainrule.core.shapes import Array
from chainrule.emit.code import function_from_source
from chainrule.emit.loop import loop_program
from chainrule.emit.numpy import numpy_program
from chainrule.errors import GuardError
from chainrule.passes import flow, loop
from chainrule.passes.batch import batch
from chainrule.passes.fission import fission

__all__: list[str] = []  # reached through `Body.engine`

_LONG = 32  # steps: a shorter loop is not taken apart


class _Emitted(Engine):
    """Loops as emitted code, with the bodies that `loop.loop` makes."""

    def run(self, body: Body, operands: Sequence[Any], length: int, reverse: bool) -> Any:
        try:
            if length >= _LONG and (parts := body.memo("fission", lambda: fission(body))) is not None:
                out = _code(parts.left, reverse)(length, *parts.operands(operands))
                return parts.packed(operands, out, length)
            return _code(body, reverse)(length, *operands)
        except GuardError:
            raise
        except Exception as error:
            place = _place(body, operands, length, reverse)
            if place:
                error.add_note(place)
            raise

    def kept(self, body: Body, active: tuple[bool, ...], sparing: bool) -> Body:
        return body.memo(("kept", active, sparing), lambda: loop.kept(body, active, sparing))

    def transposed(self, body: Body, seeded: tuple[bool, ...]) -> Body:
        return body.memo(("transposed", seeded), lambda: loop.transposed(body, seeded))

    def pushed(self, body: Body, active: tuple[bool, ...]) -> tuple[Body, tuple[bool, ...], tuple[bool, ...]]:
        return body.memo(("pushed", active), lambda: loop.pushed(body, active))

    def batched(
        self, body: Body, flags: tuple[bool, ...], count: int
    ) -> tuple[Body, tuple[bool, ...], tuple[bool, ...]]:
        return body.memo(("batched", flags, count), lambda: loop.batched(body, flags, count))

    def function(self, body: Body) -> Callable[..., Any]:
        return body.memo("function", lambda: _function(body))

    def applied(
        self, F: Any, body: Body, operands: Sequence[Array], batched: Sequence[bool]
    ) -> list[tuple[Array, bool]]:
        graph = body.graph
        return batch(Graph(graph.inputs, graph.outputs, name=graph.name), operands, batched, F)

    def adjoint(self, body: Body, active: tuple[bool, ...]) -> Body:
        return body.memo(("adjoint", active), lambda: flow.adjoint(body, active))

    def sensitivity(self, body: Body, active: tuple[bool, ...]) -> Body:
        return body.memo(("sensitivity", active), lambda: flow.sensitivity(body, active))


Body.engine = _Emitted()


def _function(body: Body) -> Callable[..., Any]:
    program = numpy_program(body.graph, body.graph.name, guard_error="GuardError", stand_alone=False)
    return function_from_source(program.source, program.name, {**program.constants, "GuardError": GuardError})


def _code(body: Body, reverse: bool) -> Callable[..., Any]:
    return body.memo(("code", reverse), lambda: _compiled(body, reverse))


def _compiled(body: Body, reverse: bool) -> Callable[..., Any]:
    program = loop_program(body, reverse)
    return function_from_source(program.source, program.name, {**program.constants, "GuardError": GuardError})


def _place(body: Body, operands: Sequence[Any], length: int, reverse: bool) -> str:
    """The step and the line where a loop raises, found by going through it operation by operation."""
    graph, ends = body.graph, body.carries + body.rows
    carries = list(operands[: body.carries])
    for step in reversed(range(length)) if reverse else range(length):
        rows = [x[step] for x in operands[body.carries : ends]]
        values: dict[Node, Any] = dict(zip(graph.inputs, [*carries, *rows, *operands[ends:]], strict=True))
        for node in graph.nodes:
            if node.is_constant:
                values[node] = node.parameters["value"]
            elif node.primitive is not None:
                try:
                    with np.errstate(all="ignore"):
                        values[node] = node.primitive(*(values[x] for x in node.operands), **node.parameters)
                except Exception:
                    return f"in step {step} of {graph.name}" + _line(node)
        carries = [values[node] for node in graph.outputs[: body.carries]]
    return ""


def _line(node: Node) -> str:
    if node.site is None:
        return ""
    source = linecache.getline(node.site.filename, node.site.line).strip()
    return f", {node.site}" + (f": {source}" if source else "")
