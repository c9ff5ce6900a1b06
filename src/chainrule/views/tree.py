"""From a graph to something written: what is seen, what is named once, and which layout each node has.

A printer receives the nodes in order, each with its operands as they have been written, so nothing recurses and a
graph of any depth can be printed. It knows layouts (`core/notation.py`) and no operation by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal

from chainrule.core.graph import Node, topological
from chainrule.core.notation import (
    Bars,
    Call,
    Differential,
    Exponential,
    Filled,
    Fraction,
    Infix,
    Limit,
    Notation,
    Postfix,
    Power,
    Precedence,
    Prefix,
    Root,
    Subscript,
    Transparent,
)

__all__ = ["DerivativeNotation", "Edge", "Piece", "Printer", "Product", "Rope", "Written", "joined"]

_REPEATABLE = 8  # how many nodes in all a shared expression may add by being written out again: keeps the text linear
_SHORT = 6  # nodes in an exponent: e^(-x^2), e^(w x + b), but exp(-(x - m)^2/(2 s^2))

# Options that are written only where they have another value.
_EXPECTED = {
    "keepdims": False, "ord": 2, "ddof": 0, "UPLO": "L", "full_matrices": True, "complete": False, "norm": "backward",
    "reverse": False,
}  # fmt: skip

Rope = str | tuple[Any, ...]  # text in nested parts: pieces are put together without copying
Edge = Literal["number", "fraction", "letter", "short", "word", "call", "open", "close", "bar", "minus", "mark"]
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
        tall: it is higher than a line, so that parentheses around it must grow.
        call: for a function's name with its operands, these two: an exponent may stand between them.
        digits: the number that it is or ends with, in plain characters.
        indexed: it ends with a lowered index, so that another index cannot be lowered too.
    """

    text: Rope
    precedence: Precedence = Precedence.ATOM
    first: Edge = "mark"
    last: Edge = "mark"
    product: Product = ""
    bars: bool = False
    sign: str = ""
    tall: bool = False
    call: tuple[Rope, Rope] | None = None
    digits: str = ""
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A graph as it is written.

    Attributes:
        outputs: each output.
        definitions: the expressions that are used again and were named once, each a name with what it stands for; one
            may use those before it.
    """

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
        self.variables: frozenset[str] = frozenset()  # all names in what is being written but those of numbers

    def write(self, outputs: Sequence[Node]) -> Written:
        """The outputs written, with the expressions that they share."""
        outputs = [_seen(node) for node in outputs]
        order = list(_visible(outputs, self.names))
        named, size = _named_once(order, outputs, self.names, self.share)
        given = (self.names.get(node, node.name) for node in order if node in self.names or node.is_input)
        self.variables = frozenset((*given, *named.values(), *self.names.values()))
        pieces: dict[Node, Piece] = {}
        definitions = []
        for node in order:
            piece = self._piece(node, pieces, size)
            if node in named:
                name = self.name(named[node])
                definitions.append((joined(name.text), joined(piece.text)))
                piece = name
            pieces[node] = piece
        return Written(tuple(joined(pieces[node].text) for node in outputs), tuple(definitions))

    def _piece(self, node: Node, pieces: Mapping[Node, Piece], size: Mapping[Node, int]) -> Piece:
        if node in self.names:
            return self.name(self.names[node])
        if node.primitive is None:
            return self.name(node.name) if node.name or node.is_input else self.constant(node.parameters["value"])
        layout: Notation = node.primitive.notation
        operands = _parts(node)
        written = [pieces[operand] for operand in operands]
        options = _options(node)
        match layout:
            case Subscript():
                return self.subscript(layout, written, node.parameters)
            # Not where a variable is named e: e^x would be a power of it. Of a matrix e^A would be another function.
            case Exponential() if (
                size[operands[0]] <= _SHORT and operands[0].ndim < 2 and layout.base not in self.variables
            ):
                return self.power(Power(), [self._base(layout), written[0]])
            case Root():
                return self.root(layout, written[0])
            case Filled() if node.ndim:
                sizes = [self._size(n, node) for n in node.shape]
                return self.call(
                    layout, node.primitive.name, written or sizes, {**options, "shape": node.shape} if written else {}
                )
            case Call() if not layout.index:
                return self.call(layout, node.primitive.name, written, options)
            case Call() if type(number := options[layout.index]) is int and number >= 0:
                del options[layout.index]
                named = Call(f"{layout.name}_{number}", latex=f"{layout.latex}_{{{number}}}")
                return self.call(named, node.primitive.name, written, options)
            case _ if options:
                pass
            case Infix():
                left, right = written
                if layout.symbol == "@" and node.operands[0].ndim == 1 and not _is_row(operands[0]):
                    left = self.postfix(Postfix("T"), left)
                return self.infix(layout, left, right, scalar=any(operand.ndim == 0 for operand in operands))
            case Fraction():
                return self.fraction(written[0], written[1])
            case Power():
                return self.power(layout, written)
            case Prefix():
                return self.prefix(layout, written[0])
            case Postfix():
                return self.postfix(layout, written[0])
            case Bars() if not written[0].bars:
                return self.bars(layout, written[0])
            case Differential():
                return self.differential(written)
            case Limit():
                return self.limit(written)
        return self.call(Call(), node.primitive.name, written, options)

    def _base(self, layout: Exponential) -> Piece:
        return self.constant(int(layout.base)) if layout.base.isdecimal() else self.name(layout.base)

    def _size(self, count: int, node: Node) -> Piece:
        """The letter of a size, where the node depends on an input that was declared with one, else the number."""
        for x in topological([node]):
            for letter, n in zip(x.parameters.get("sizes", ()), x.shape, strict=False):
                if letter and n == count:
                    return self.name(letter)
        return self.constant(count)

    @abstractmethod
    def line(self, written: Written) -> str:
        """The outputs and their definitions as one line."""

    @abstractmethod
    def derivative_name(self, function: str, variables: Sequence[str]) -> str:
        """The name of the derivative of a function by the variables in turn: f', or d^2f/dx^2."""

    @abstractmethod
    def gradient_name(self, function: str) -> str:
        """The name of the gradient of a function."""

    @abstractmethod
    def name(self, name: str) -> Piece: ...
    @abstractmethod
    def constant(self, value: Any) -> Piece: ...
    @abstractmethod
    def call(self, layout: Call, name: str, operands: Sequence[Piece], options: Mapping[str, Any]) -> Piece: ...
    @abstractmethod
    def infix(self, layout: Infix, left: Piece, right: Piece, scalar: bool) -> Piece: ...
    @abstractmethod
    def fraction(self, numerator: Piece, denominator: Piece) -> Piece: ...
    @abstractmethod
    def power(self, layout: Power, operands: Sequence[Piece]) -> Piece: ...
    @abstractmethod
    def root(self, layout: Root, operand: Piece) -> Piece: ...
    @abstractmethod
    def prefix(self, layout: Prefix, operand: Piece) -> Piece: ...
    @abstractmethod
    def postfix(self, layout: Postfix, operand: Piece) -> Piece: ...
    @abstractmethod
    def bars(self, layout: Bars, operand: Piece) -> Piece: ...
    @abstractmethod
    def differential(self, operands: Sequence[Piece]) -> Piece: ...
    @abstractmethod
    def limit(self, operands: Sequence[Piece]) -> Piece: ...
    @abstractmethod
    def subscript(self, layout: Subscript, operands: Sequence[Piece], parameters: Mapping[str, Any]) -> Piece: ...


def _seen(node: Node) -> Node:
    """What a formula shows for a node: a transparent layout shows its operand."""
    while node.primitive is not None and isinstance(node.primitive.notation, Transparent):
        node = node.operands[0]
    return node


def _parts(node: Node) -> list[Node]:
    """The operands as they are written: not one of which only the shape is seen."""
    filled = node.ndim and node.primitive is not None and isinstance(node.primitive.notation, Filled)
    return [_seen(operand) for operand in (node.operands[1:] if filled else node.operands)]


def _is_row(node: Node) -> bool:
    """Whether a vector is written as a row: a transpose, a product that begins with a row, or computed from a row."""
    row = True
    while node.ndim == 1 and node.primitive is not None:
        layout = node.primitive.notation
        if isinstance(layout, Infix) and layout.symbol == "@" and node.operands[0].ndim == 1:
            return row
        if isinstance(layout, Postfix):
            row = not row
        elif any(operand.ndim > 1 for operand in node.operands):
            break
        vectors = [operand for operand in node.operands if operand.ndim == 1]
        if not vectors:
            break
        node = _seen(vectors[0])
    return not row


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
                stack.extend((part, False) for part in reversed(_parts(node)))


def _named_once(
    order: Sequence[Node], outputs: Sequence[Node], names: Mapping[Node, str], share: bool
) -> tuple[dict[Node, str], dict[Node, int]]:
    """Names for the expressions that are used again and are too large to be written out again, and all sizes.

    An expression keeps the name that its author gave it, where nothing else has that name.
    """
    parts = {node: () if node in names else tuple(_parts(node)) for node in order}
    uses = Counter(chain(outputs, *parts.values()))
    taken = {names.get(node, node.name) for node in order if node in names or node.primitive is None}
    named: dict[Node, str] = {}
    size: dict[Node, int] = {}
    number = 0
    for node in order:
        size[node] = 1 + sum(size[part] for part in parts[node])
        if share and parts[node] and (uses[node] - 1) * size[node] > _REPEATABLE:
            name = node.name
            while not name or name in taken:
                number += 1
                name = f"v{number}"
            taken.add(name)
            named[node] = name
            size[node] = 1
    return named, size


def _options(node: Node) -> dict[str, Any]:
    """The parameters worth writing: those that are not what a reader expects without them."""
    if not node.parameters or not node.operands:
        return {}
    rank = node.operands[0].ndim
    layout = node.primitive.notation if node.primitive else None
    unsaid = layout.unsaid if isinstance(layout, Call) else ()
    options = {name: value for name, value in node.parameters.items() if name not in unsaid}
    if options.get("axis") == tuple(range(rank)) or (rank == 1 and options.get("axis") == 0):
        del options["axis"]
    if rank == 1 and options.get("keepdims"):
        del options["keepdims"]  # a number beside the components of a vector
    for name, expected in _EXPECTED.items():
        if name in options and options[name] == expected:
            del options[name]
    swapped = tuple(range(rank)) if rank < 2 else (*range(rank - 2), rank - 1, rank - 2)
    if options.get("axes") == swapped:
        del options["axes"]
    return {name: value[0] if name == "axis" and _is_single(value) else value for name, value in options.items()}


def _is_single(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 1
