"""From a graph to the lines of a function: what gets a line and a name, and what is written inside another expression.

The printers of a language add how one operation is spelled. They share the rules of a readable line: the user's names
stand on the left; what is used once and short is written where it is used; a line that grows too long is cut.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.notation import Precedence
from chainrule.emit.naming import Names, identifier

__all__ = ["WIDTH", "Binding", "Expression", "Printer", "Program", "assembled", "quoted"]

WIDTH = 88
_INLINE = 44  # characters: what is longer has a line of its own
_CONDITION = 80  # characters of a condition in a message: deeper parts of a longer one are left out
_DEPTH = 6
_INDENT = "    "


class Binding(IntEnum):
    """How tightly Python's operators bind: the precedences of notation, with a sign where Python has it."""

    LOOSEST = 0
    CONDITIONAL = 2
    OR = 4
    AND = 6
    NOT = 8
    COMPARISON = Precedence.COMPARISON
    SUM = Precedence.SUM
    PRODUCT = Precedence.PRODUCT
    SIGN = 40  # in Python -a * b is (-a) * b, where mathematics reads -(a b)
    POWER = Precedence.POWER
    POSTFIX = Precedence.POSTFIX
    ATOM = Precedence.ATOM


@dataclass(frozen=True, slots=True)
class Expression:
    """A piece of code and how tightly it binds."""

    text: str
    binding: Binding = Binding.ATOM


@dataclass(frozen=True, slots=True)
class Program:
    """Emitted source.

    Attributes:
        source: the text; imports, functions that it needs, and the function itself.
        name: of the function.
        constants: values that the text refers to without holding them: keyword-only parameters of the function.
    """

    source: str
    name: str
    constants: Mapping[str, Any] = field(default_factory=dict)


def _within(written: Expression, binding: Binding) -> str:
    return written.text if written.binding >= binding else f"({written.text})"


def known_name(node: Node) -> str:
    """The name of an operation that can be spelled by its name: a user's own has one that may mean another."""
    return node.primitive.name if node.primitive is not None and node.primitive.module else ""


def quoted(docstring: str | None) -> list[str]:
    """A docstring as lines of a function."""
    if not docstring:
        return []
    lines = docstring.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').strip().splitlines()
    if len(lines) == 1:
        return [f'{_INDENT}"""{lines[0]}"""']
    return [f'{_INDENT}"""{lines[0]}', *(f"{_INDENT}{line}".rstrip() for line in lines[1:]), f'{_INDENT}"""']


def assembled(module: str, above: Sequence[str], function: Sequence[str]) -> str:
    """The whole text: the imports, what stands above the function (constants, then other functions), the function."""
    imported = "import numpy as np\n" if module == "np" else f"import {module}\n"
    imported += "".join(sorted(text for text in above if text.startswith("import ")))
    values = [text for text in above if not text.startswith(("def ", "import "))]
    functions = [text for text in above if text.startswith("def ")]
    head = imported + ("\n" + "".join(values) if values else "")
    return "\n\n".join([head, *functions, "\n".join(function) + "\n"])


class Printer(ABC):
    """Writes a function that computes a graph.

    Args:
        graph: what to compute.
        name: of the function.
        leading: nodes whose computation is written before the rest, such as the value before its gradient. An empty
            line stands between them.
        guard_error: the exception that a guard raises.
    """

    module: ClassVar[str]  # that the source imports

    def __init__(self, graph: Graph, name: str, leading: Sequence[Node] = (), guard_error: str = "ValueError") -> None:
        self.graph = graph
        self.name = identifier(name) or "f"
        self.guard_error = guard_error
        self.names = Names(node.name for node in graph.nodes)
        self.names.take(self.name)
        self.lines: list[str] = []
        self.written: dict[Node, Expression] = {}
        self._inlined: set[Node] = set()
        self._leading = leading
        self._forward: set[Node] = set()  # what belongs to the leading nodes, if there are any
        self.order: list[Node] = []
        self.uses: Counter[Node] = Counter()
        self.constants: dict[str, Any] = {}

    def program(self, docstring: str | None) -> Program:
        """The whole source, with the values that it refers to."""
        body = self.body()
        return Program(assembled(self.module, self.above(), [*self.head(docstring), *body]), self.name, self.constants)

    def head(self, docstring: str | None, keywords: Sequence[str] = ()) -> list[str]:
        """The `def` line and the docstring."""
        parameters = [*(self.written[node].text for node in self.graph.inputs), *keywords]
        return [f"def {self.name}({', '.join(parameters)}):", *quoted(docstring)]

    @abstractmethod
    def above(self) -> list[str]:
        """What stands above the function: constants, and functions that it calls."""

    @abstractmethod
    def spell(self, node: Node) -> Expression:
        """One operation on operands that are written already."""

    @abstractmethod
    def literal(self, node: Node, consumer: Node | None) -> Expression:
        """A constant, as an operand of `consumer` or as an output."""

    @abstractmethod
    def is_literal(self, node: Node) -> bool:
        """Whether the value is written where it is used, and needs no line."""

    @abstractmethod
    def references(self, node: Node) -> Sequence[Node]:
        """The nodes that the spelling of this one mentions."""

    def operand(self, node: Node, binding: Binding = Binding.LOOSEST, consumer: Node | None = None) -> str:
        """An operand's text, in parentheses if it binds less tightly than asked for."""
        return _within(self.literal(node, consumer) if self.is_literal(node) else self.written[node], binding)

    def atom(self, node: Node, consumer: Node | None = None) -> str:
        """An operand's name, which the text may mention several times."""
        if node in self._inlined:
            self.assign(node, self.written[node])
        return self.operand(node, Binding.ATOM, consumer)

    def body(self) -> list[str]:
        """The lines of the function, indented, with its return."""
        self._plan()
        for node in self.graph.inputs:
            self.written[node] = Expression(self.names.take(node.name or "x"))
        guards = self._guards()
        turn = 0  # where the leading part ends
        for node in self.order:
            if node in self._forward and node.primitive is not None:
                turn = 0
            elif not turn:
                turn = len(self.lines)
            if node.primitive is not None and not self.is_literal(node):
                self._write(node)
            for outcome in guards.pop(node, ()):
                self._guard(node, outcome)
        if 0 < turn < len(self.lines):
            self.lines.insert(turn, "")
        self._return()
        return [_INDENT + line if line else line for line in self.lines]

    def _plan(self) -> None:
        """What is needed, in which order, and how often each value is mentioned. Branches are checked first."""
        guarded = [guard.node for guard in self.graph.guards]
        roots = [*guarded, *self.graph.outputs]
        order = topological([*guarded, *self._leading, *roots])
        self._forward = set(topological([*guarded, *self._leading]) if self._leading else order)
        self.uses.update(dict.fromkeys(guarded, 1))
        self.uses.update(self.graph.outputs)
        for node in reversed(order):
            if self.uses[node]:
                self.uses.update(self.references(node))
        self.order = [node for node in order if self.uses[node]]

    def _guards(self) -> dict[Node, list[bool | int]]:
        guards: dict[Node, list[bool | int]] = {}
        for guard in self.graph.guards:
            outcomes = guards.setdefault(guard.node, [])
            if guard.outcome not in outcomes:
                outcomes.append(guard.outcome)
                self.uses[guard.node] += len(outcomes) > 1
        return guards

    def _write(self, node: Node) -> None:
        expression = self.spell(node)
        if expression.text.isidentifier() and not node.name:  # another name for the same value needs no line
            self.written[node] = expression
            return
        only_output = self.graph.outputs == (node,)
        own_line = node.name and not (only_output and node not in self._forward)
        used_once = self.uses[node] == 1 and not own_line
        if used_once and len(expression.text) <= (WIDTH - len("    return ") if only_output else _INLINE):
            self.written[node] = expression
            self._inlined.add(node)
            return
        room = WIDTH - len(_INDENT) - len(identifier(node.name) or "v100") - len(" = ")
        while len(expression.text) > room and self._cut(self.references(node)):
            expression = self.spell(node)
        self.assign(node, expression)

    def _cut(self, nodes: Sequence[Node]) -> bool:
        """Give the longest expression written inside a line a line of its own; False if there is none."""
        inside = [node for node in nodes if node in self._inlined]
        if not inside:
            return False
        longest = max(inside, key=lambda node: len(self.written[node].text))
        self.assign(longest, self.written[longest])
        return True

    def assign(self, node: Node, expression: Expression) -> None:
        name = self.names.take(node.name) if node.name else self.names.number("v" if node in self._forward else "g")
        self.lines.append(f"{name} = {expression.text}")
        self.written[node] = Expression(name)
        self._inlined.discard(node)

    def _guard(self, node: Node, outcome: bool | int) -> None:
        condition = self._condition(node)
        if isinstance(outcome, bool):
            test = f"not {self.operand(node, Binding.ATOM)}" if outcome else self.operand(node)
            valid = condition.text if outcome else f"not {_within(condition, Binding.ATOM)}"
        else:
            test = f"int({self.operand(node)}) != {outcome}"
            valid = f"{_within(condition, Binding.SUM)} == {outcome}"
        place = f" (the branch taken in {node.site})" if node.site else ""
        text = f"{self.name} is valid where {valid}{place}"
        message = json.dumps(text, ensure_ascii=not text.isprintable())
        self.lines.append(f"if {test}:")
        line = f"{_INDENT}raise {self.guard_error}({message})"
        if len(_INDENT + line) <= WIDTH:
            self.lines.append(line)
        else:
            self.lines += [f"{_INDENT}raise {self.guard_error}(", f"{_INDENT * 2}{message}", f"{_INDENT})"]

    def _condition(self, node: Node) -> Expression:
        """What a guard tests, for its message: by the names in the user's code, and not by those that were made up."""
        for depth in range(_DEPTH, 1, -1):
            found = self._told(node, depth, {})
            if len(found.text) <= _CONDITION:
                return found
        return self._told(node, 1, {})

    def _told(self, node: Node, depth: int, known: dict[str, Node]) -> Expression:
        if node.name:
            alone = known.setdefault(node.name, node) is node
            return Expression(node.name) if alone else self.written[node]
        if depth == 0:
            return Expression("...")
        parts = {
            part: self._told(part, depth - 1, known) for part in self.references(node) if not self.is_literal(part)
        }
        shown, inlined = {part: self.written[part] for part in parts}, self._inlined
        self.written.update(parts)
        self._inlined = set()
        told = self.spell(node)
        self.written.update(shown)
        self._inlined = inlined
        return told

    def _return(self) -> None:
        outputs = self.graph.outputs
        while True:
            texts = [self.operand(node) for node in outputs]
            line = f"return {texts[0]}" if len(texts) == 1 else f"return {', '.join(texts) or '()'}"
            if len(_INDENT + line) <= WIDTH:
                self.lines.append(line)
                return
            if not self._cut(outputs):
                break
        if len(texts) == 1:
            self.lines.append(line)
        else:
            self.lines += ["return (", *(f"{_INDENT}{text}," for text in texts), ")"]
