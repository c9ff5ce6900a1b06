"""From a graph to something written: what is seen, what is named once, and where parentheses are needed.

A printer receives the nodes in order, each with its operands as they have been written, so nothing recurses and a
graph of any depth can be printed. It knows layouts (`core/notation.py`) and no operation by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.core.graph import Node
from chainrule.core.notation import (
    Bars,
    Call,
    Differential,
    Fraction,
    Infix,
    Notation,
    Postfix,
    Power,
    Precedence,
    Prefix,
    Subscript,
    Transparent,
)

__all__ = ["DerivativeNotation", "Piece", "Printer", "Written", "joined"]

_REPEATABLE = 8  # how many nodes in all a shared expression may add by being written out again: keeps the text linear

Rope = str | tuple[Any, ...]  # text in nested parts: pieces are put together without copying
Edge = Literal["number", "letter", "short", "word", "call", "open", "close", "bar", "minus", "mark"]
Product = Literal["", "scalar", "array", "matrix", "fraction"]
DerivativeNotation = Literal["prime", "leibniz", "partial"]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """An expression as it is written.

    Attributes:
        text: its text, in parts.
        precedence: how tightly its outermost layout binds.
        first, last: what it begins and ends with; decides how it can stand beside another piece.
        product: for a product or quotient, of which kind.
        bars: it has a bar outside of parentheses.
        sign: the sign of its outermost infix layout.
    """

    text: Rope
    precedence: Precedence = Precedence.ATOM
    first: Edge = "mark"
    last: Edge = "mark"
    product: Product = ""
    bars: bool = False
    sign: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The outputs of a graph as text, and the shared expressions in them, each named once, in order."""

    outputs: tuple[str, ...]
    definitions: tuple[tuple[str, str], ...]


def joined(rope: Rope) -> str:
    """The text of a rope.

    >>> joined(("sin", ("(", ("x",), ")")))
    'sin(x)'
    """
    done: list[str] = []
    waiting: list[Rope] = [rope]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            done.append(part)
        else:
            waiting.extend(reversed(part))
    return "".join(done)


class Printer(ABC):
    """Writes graphs in one notation: subclasses say how each layout looks.

    Args:
        derivative: how a derivative still to be taken is written: u', d/dx u, or the same with the sign of a partial
            derivative.
        names: nodes that are written as a name, not as what they are computed from.
        share: name what is used again and is large, else write it out wherever it is used.
    """

    def __init__(
        self, derivative: DerivativeNotation = "prime", names: Mapping[Node, str] | None = None, share: bool = True
    ) -> None:
        self.derivative = derivative
        self.names = names or {}
        self.share = share

    def write(self, outputs: Sequence[Node]) -> Written:
        """The outputs written, with the expressions that they share."""
        outputs = [_seen(node) for node in outputs]
        order = list(_visible(outputs, self.names))
        named = _named_once(order, outputs) if self.share else {}
        pieces: dict[Node, Piece] = {}
        definitions = []
        for node in order:
            piece = self._piece(node, pieces)
            if node in named:
                definitions.append((named[node], joined(piece.text)))
                piece = self.name(named[node])
            pieces[node] = piece
        return Written(tuple(joined(pieces[node].text) for node in outputs), tuple(definitions))

    def _piece(self, node: Node, pieces: Mapping[Node, Piece]) -> Piece:
        if node in self.names:
            return self.name(self.names[node])
        if node.primitive is None:
            return self.name(node.name) if node.name or node.is_input else self.constant(node.parameters["value"])
        layout: Notation = node.primitive.notation
        operands = [_seen(operand) for operand in node.operands]
        written = [pieces[operand] for operand in operands]
        if isinstance(layout, Subscript):
            return self.subscript(layout, written, node.parameters)
        options = _options(node)
        if isinstance(layout, Call) or options or (isinstance(layout, Bars) and written[0].bars):
            name = layout.name if isinstance(layout, Call) else ""
            return self.call(name or node.primitive.name, written, options)
        match layout:
            case Infix():
                scalar = any(operand.ndim == 0 for operand in operands)
                return self.infix(layout, written[0], written[1], scalar)
            case Fraction():
                return self.fraction(written[0], written[1])
            case Power():
                return self.power(layout, written)
            case Prefix():
                return self.prefix(layout, written[0])
            case Postfix():
                return self.postfix(layout, written[0])
            case Bars():
                return self.bars(layout, written[0])
            case Differential():
                return self.differential(written)
        return self.call(node.primitive.name, written, options)

    @abstractmethod
    def name(self, name: str) -> Piece: ...
    @abstractmethod
    def constant(self, value: Any) -> Piece: ...
    @abstractmethod
    def call(self, name: str, operands: Sequence[Piece], options: Mapping[str, Any]) -> Piece: ...
    @abstractmethod
    def infix(self, layout: Infix, left: Piece, right: Piece, scalar: bool) -> Piece: ...
    @abstractmethod
    def fraction(self, numerator: Piece, denominator: Piece) -> Piece: ...
    @abstractmethod
    def power(self, layout: Power, operands: Sequence[Piece]) -> Piece: ...
    @abstractmethod
    def prefix(self, layout: Prefix, operand: Piece) -> Piece: ...
    @abstractmethod
    def postfix(self, layout: Postfix, operand: Piece) -> Piece: ...
    @abstractmethod
    def bars(self, layout: Bars, operand: Piece) -> Piece: ...
    @abstractmethod
    def differential(self, operands: Sequence[Piece]) -> Piece: ...
    @abstractmethod
    def subscript(self, layout: Subscript, operands: Sequence[Piece], parameters: Mapping[str, Any]) -> Piece: ...


def _seen(node: Node) -> Node:
    """What a formula shows for a node: a transparent layout shows its operand."""
    while node.primitive is not None and isinstance(node.primitive.notation, Transparent):
        node = node.operands[0]
    return node


def _visible(outputs: Sequence[Node], names: Mapping[Node, str]) -> Iterator[Node]:
    """The nodes that are written, operands before their uses; what has a name is not entered."""
    done: set[Node] = set()
    stack = [(node, False) for node in reversed(outputs)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            yield node
        elif node not in done:
            done.add(node)
            stack.append((node, True))
            if node not in names:
                stack.extend((_seen(operand), False) for operand in reversed(node.operands))


def _named_once(order: Sequence[Node], outputs: Sequence[Node]) -> dict[Node, str]:
    """Names for the expressions that are used again and are too large to be written out again."""
    uses: dict[Node, int] = dict.fromkeys(order, 0)
    for used in (*outputs, *(_seen(operand) for node in order for operand in node.operands)):
        if used in uses:
            uses[used] += 1
    taken = {node.name for node in order}
    named: dict[Node, str] = {}
    size: dict[Node, int] = {}
    number = 0
    for node in order:
        size[node] = 1 + sum(size.get(_seen(operand), 0) for operand in node.operands)
        if node.primitive is not None and (uses[node] - 1) * size[node] > _REPEATABLE:
            number += 1
            while f"v{number}" in taken:
                number += 1
            named[node] = f"v{number}"
            size[node] = 1
    return named


def _options(node: Node) -> dict[str, Any]:
    """The parameters worth writing: those that are not what a reader expects without them."""
    if not node.parameters or not node.operands:
        return {}
    rank = node.operands[0].ndim
    options = dict(node.parameters)
    if options.get("axis") == tuple(range(rank)):
        del options["axis"]
    if options.get("keepdims") is False:
        del options["keepdims"]
    swapped = tuple(range(rank)) if rank < 2 else (*range(rank - 2), rank - 1, rank - 2)
    if options.get("axes") == swapped:
        del options["axes"]
    return {name: value[0] if name == "axis" and _is_single(value) else value for name, value in options.items()}


def _is_single(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 1
