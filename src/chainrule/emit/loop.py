"""Loops as code: the step of a `scan` inside a `for`, run by itself and written into the source of what uses it.

A step of single numbers runs on Python's floats, any other on arrays. What no step changes is computed before the loop,
each row of the ys is written where it belongs in the vector of all results, and sums are added to in place.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.loop import Body
from chainrule.emit.include import included_source
from chainrule.emit.layout import WIDTH, Expression, Printer, Program, assembled
from chainrule.emit.literals import array_literal, dtype_literal, parameter_literal
from chainrule.emit.numpy import NumPyPrinter
from chainrule.emit.python import PythonPrinter
from chainrule.emit.spellings import SPELLINGS
from chainrule.errors import SourceError
from chainrule.ops.flow import SOLVER, path_of_flow
from chainrule.passes.loop import of_numbers

__all__ = ["loop_program"]

_INDENT = "    "


def loop_program(body: Body, reverse: bool, guard_error: str = "GuardError") -> Program:
    """The source of a function of the number of steps and the operands of `scan`, which returns their vector."""
    printer = _printer(body, reverse, guard_error, stand_alone=False)
    lines = printer.function()
    return Program(assembled("np", list(printer.pieces().values()), lines), printer.name, printer.constants)


def _printer(body: Body, reverse: bool, guard_error: str, stand_alone: bool) -> _NumPyLoop | _PythonLoop:
    if of_numbers(body.graph):
        try:
            return _PythonLoop(body, reverse, guard_error)
        except SourceError:  # integers, complex numbers, operations without a form in plain Python
            pass
    return _NumPyLoop(body, reverse, guard_error, stand_alone)


class _Loop(Printer):
    """What both languages share: where the lines of a step go, and what the loop runs over."""

    step: Body
    backwards: bool

    def start(self, body: Body, reverse: bool) -> None:
        self.step, self.backwards = body, reverse
        graph = body.graph
        self.before: list[str] = []
        self.names.take("out")
        self.count = self.names.take("n")
        self.index = self.names.take("i")
        varying = set(graph.inputs[: body.carries + body.rows])
        for node in graph.nodes:
            if any(operand in varying for operand in node.operands):
                varying.add(node)
        self.varying = varying
        self.ys: list[str] = []
        self.parameters: list[str] = []

    def function(self) -> list[str]:
        """The lines of the whole function."""
        graph, body = self.graph, self.step
        self.ys = [self.names.take(f"y{i}") for i in range(len(graph.outputs) - body.carries)]
        step = self.body()
        rows = graph.inputs[body.carries : body.carries + body.rows]
        self.parameters = [
            self.names.take(f"{self.written[node].text}_rows") if node in rows else self.written[node].text
            for node in graph.inputs
        ]
        used = [
            (self.written[node].text, self.rows_of(node, name))
            for node, name in zip(rows, self.parameters[body.carries :], strict=False)
            if self.uses[node]
        ]
        head = f"def {self.name}({', '.join([self.count, *self.parameters])}):"
        loop = [*self._header(used), *step] if step else []
        return [head, *(_INDENT + line for line in [*self.opening(), *self.before, *loop, *self.closing()])]

    def _header(self, rows: Sequence[tuple[str, str]]) -> list[str]:
        counts = f"range({self.count} - 1, -1, -1)" if self.backwards else f"range({self.count})"
        over = [(self.index, counts), *rows] if self.indexed() else list(rows)
        if len(over) < 2:
            name, source = over[0] if over else ("_", f"range({self.count})")
            return [f"for {name} in {source}:"]
        names, sources = zip(*over, strict=True)
        line = f"for {', '.join(names)} in zip({', '.join(sources)}):"
        if len(line) <= WIDTH:
            return [line]
        return [f"for {', '.join(names)} in zip(", *(f"{_INDENT}{source}," for source in sources), "):"]

    def indexed(self) -> bool:
        """Whether the step needs to know its number."""
        return bool(self.ys)

    def rows_of(self, node: Node, name: str) -> str:
        """What the loop runs over for the rows of one of the xs."""
        return f"{name}[::-1]" if self.backwards else name

    @abstractmethod
    def pieces(self) -> Mapping[str, str]:
        """By name, the functions and imports that the function needs."""

    @abstractmethod
    def opening(self) -> list[str]:
        """What stands before the loop and does not depend on the step: where the results go."""

    @abstractmethod
    def closing(self) -> list[str]:
        """How the results leave the loop."""

    @abstractmethod
    def stored(self, i: int, text: str) -> str:
        """How a step keeps a row of the ys."""

    def _write(self, node: Node) -> None:
        if node in self.varying:
            super()._write(node)
            return
        lines, self.lines = self.lines, self.before
        super()._write(node)
        if node in self._inlined:
            self.assign(node, self.written[node])
        self.lines = lines

    def _return(self) -> None:
        graph, carries = self.graph, self.step.carries
        for i, node in enumerate(graph.outputs[carries:]):
            self.lines.append(self.stored(i, self.operand(node)))
        changed = [
            (self.written[before].text, node)
            for before, node in zip(graph.inputs, graph.outputs[:carries], strict=False)
            if before is not node and self.changes(node)
        ]
        while changed:
            texts = [self.operand(node) for _, node in changed]
            line = f"{', '.join(name for name, _ in changed)} = {', '.join(texts)}"
            if len(line) <= WIDTH or not self._cut([node for _, node in changed]):
                self.lines.append(line)
                return

    def changes(self, node: Node) -> bool:
        """Whether a carry gets its next value at the end of the step."""
        return True

    def part(self, i: int, rest: str = "") -> str:
        """Where a result lies in the vector, as code in terms of the number of steps."""
        outputs, carries = self.graph.outputs, self.step.carries
        fixed = sum(prod(node.shape) for node in outputs[: min(i, carries)])
        rows = sum(prod(node.shape) for node in outputs[carries:i])
        start = _linear(fixed, rows, self.count)
        if i < carries:
            return f"{start}:{_linear(fixed + prod(outputs[i].shape), rows, self.count)}"
        return f"{start}:{_linear(fixed, rows + prod(outputs[i].shape), self.count)}"

    def vector(self) -> str:
        outputs, carries = self.graph.outputs, self.step.carries
        size = _linear(
            sum(prod(node.shape) for node in outputs[:carries]),
            sum(prod(node.shape) for node in outputs[carries:]),
            self.count,
        )
        dtype = self.step.dtype
        return f"np.empty({size}{'' if dtype == np.float64 else f', {dtype_literal(dtype)}'})"


def _linear(fixed: int, rows: int, count: str) -> str:
    many = count if rows == 1 else f"{rows} * {count}"
    return str(fixed) if not rows else many if not fixed else f"{fixed} + {many}"


class _NumPyLoop(_Loop, NumPyPrinter):
    """A step of arrays."""

    def __init__(self, body: Body, reverse: bool, guard_error: str, stand_alone: bool) -> None:
        super().__init__(body.graph, body.graph.name, (), guard_error, stand_alone)
        self.start(body, reverse)
        self.sums: dict[Node, Node] = {}

    def _plan(self) -> None:
        super()._plan()
        graph = self.graph
        for before, node in zip(graph.inputs, graph.outputs[: self.step.carries], strict=False):
            # A sum that nothing else sees is added to in place: at the end of many steps that is much of the time.
            if (
                node.primitive is not None
                and node not in self._accumulations
                and node.primitive.evaluate is np.add
                and before in node.operands
                and node.shape == before.shape != ()
                and (node.dtype, self.uses[node], self.uses[before]) == (before.dtype, 1, 1)
            ):
                self.sums[node] = before

    def _write(self, node: Node) -> None:
        before = self.sums.get(node)
        if before is None:
            super()._write(node)
            return
        left, right = node.operands
        self.written[node] = self.written[before]
        self.lines.append(f"{self.written[before].text} += {self.operand(right if left is before else left)}")

    def changes(self, node: Node) -> bool:
        return node not in self.sums

    def pieces(self) -> Mapping[str, str]:
        return self.functions

    def _array(self, node: Node) -> str:
        value = node.parameters["value"]
        if node not in self._arrays:
            text = array_literal(value) if isinstance(value, np.ndarray) else None
            name = self._arrays[node] = self.names.number("c")
            if text is None:
                self._arrays[node] = f"array_{id(value)}"
                self.constants[self._arrays[node]] = value
            else:
                self.before.append(f"{name} = {text}")
        return self._arrays[node]

    def opening(self) -> list[str]:
        carries, ends = self.step.carries, self.step.carries + self.step.rows
        rows = [f"{self.written[node].text} =" for node in self.graph.inputs[carries:ends]]  # NumPy's numbers already
        lines = [line for line in self.numbers_of_numpy() if not line.startswith(tuple(rows))]
        lines.append(f"out = {self.vector()}")
        for i, (name, node) in enumerate(zip(self.ys, self.graph.outputs[carries:], strict=True)):
            shape = "" if node.shape == () else f".reshape({', '.join(map(str, (self.count, *node.shape)))})"
            lines.append(f"{name} = out[{self.part(carries + i)}]{shape}")
        for before in self.sums.values():
            lines.append(f"{self.written[before].text} = np.array({self.written[before].text})")
        return lines

    def closing(self) -> list[str]:
        lines = []
        for i, node in enumerate(self.graph.inputs[: self.step.carries]):
            name = self.written[node].text
            lines.append(f"out[{self.part(i)}] = {name if node.ndim < 2 else f'np.ravel({name})'}")
        return [*lines, "return out"]

    def stored(self, i: int, text: str) -> str:
        return f"{self.ys[i]}[{self.index}] = {text}"


class _PythonLoop(_Loop, PythonPrinter):
    """A step of single numbers: Python's floats take a tenth of the time of NumPy's."""

    def __init__(self, body: Body, reverse: bool, guard_error: str) -> None:
        super().__init__(body.graph, body.graph.name, (), guard_error)
        self.start(body, reverse)

    def pieces(self) -> Mapping[str, str]:
        return {"math": "import math\n", **self.functions}

    def indexed(self) -> bool:
        return False

    def rows_of(self, node: Node, name: str) -> str:
        return f"{super().rows_of(node, name)}.tolist()"

    def opening(self) -> list[str]:
        body = self.step
        rows = range(body.carries, body.carries + body.rows)
        numbers = [name for i, name in enumerate(self.parameters) if i not in rows]
        return [*(f"{name} = float({name})" for name in numbers), *(f"{name} = []" for name in self.ys)]

    def closing(self) -> list[str]:
        lines = [f"out = {self.vector()}"]
        carries = self.step.carries
        lines += [f"out[{i}] = {self.written[node].text}" for i, node in enumerate(self.graph.inputs[:carries])]
        turned = "[::-1]" if self.backwards else ""
        lines += [f"out[{self.part(carries + i)}] = {name}{turned}" for i, name in enumerate(self.ys)]
        return [*lines, "return out"]

    def stored(self, i: int, text: str) -> str:
        return f"{self.ys[i]}.append({text})"


def _call_of_loop(printer: NumPyPrinter, node: Node) -> Expression:
    """A loop inside other code: its function is taken along."""
    body: Body = node.parameters["body"].at([operand.dtype for operand in node.operands])
    reverse = node.parameters["reverse"]
    name = printer.loops.get((body, reverse))
    if name is None and not printer.stand_alone:
        name = printer.loops[body, reverse] = f"run_{id(body)}_{'back' if reverse else 'on'}"
        printer.constants[name] = partial(_run, body, reverse)
    elif name is None:
        inner = _printer(body, reverse, printer.guard_error, printer.stand_alone)
        inner.names.take(inner.name)
        name = inner.name = printer.loops[body, reverse] = printer.names.take(f"{inner.name}_loop")
        text = "\n".join(inner.function()) + "\n"
        if inner.constants:
            raise SourceError(f"the loop over {body.graph.name} cannot be written as source: it holds a large array")
        printer.take_along({**inner.pieces(), name: text})
    arguments = [str(node.parameters["length"]), *(printer.operand(x, consumer=node) for x in node.operands)]
    return Expression(f"{name}({', '.join(arguments)})")


def _run(body: Body, reverse: bool, length: int, *operands: Any) -> Any:
    """A loop within a loop, where the text need not stand by itself: it is taken apart as any other."""
    return Body.engine.run(body, operands, length, reverse)


SPELLINGS["scan"] = _call_of_loop


def _call_of_flow(printer: NumPyPrinter, node: Node) -> Expression:
    """A differential equation inside other code: its right-hand side is a function that the solver calls."""
    body: Body = node.parameters["system"]
    name = printer.loops.get((body, False))
    if name is None:
        inner = NumPyPrinter(body.graph, body.graph.name, (), printer.guard_error, printer.stand_alone)
        name = inner.name = printer.loops[body, False] = printer.names.take(f"{inner.name}_rate")
        lines = inner.body()
        printer.take_along({**inner.functions, name: "\n".join([*inner.head(None), *lines]) + "\n"})
        if inner.constants or len(inner.above()) > len(inner.functions):
            raise SourceError(f"the equation of {body.graph.name} cannot be written as source: it holds an array")
    solver, pieces = included_source(path_of_flow, False)
    printer.take_along({SOLVER.module: f"import {SOLVER.module}\n", **pieces})
    settings = [f"{key}={parameter_literal(node.parameters[key])}" for key in node.parameters if key != "system"]
    operands = [printer.operand(x, consumer=node) for x in node.operands]
    return Expression(f"{solver}({', '.join([SOLVER.path, name, *operands, *settings])})")


SPELLINGS["odeint"] = _call_of_flow
