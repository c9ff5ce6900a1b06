"""Values of nodes to many digits, and of D[u] by differences: what a derivation is checked with.

The derivative that a D[u] stands for is a central difference of u in more digits than are wanted, so that no rule of
differentiation is evidence for itself. With steps of 10^-k its error is about 10^-2k, of which 2k digits are kept. A
LIM[u] is the mean of u at such a step on both sides of 0.

Each node is evaluated once at each place: a sample point, or one moved from it by a few steps of a difference. The
lines of a derivation share most of their nodes, so all of them together take linear time. Every traversal is a loop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.pending import is_pending, is_pending_limit
from chainrule.errors import GraphError
from chainrule.passes.precise_operations import Number, Operations

__all__ = ["Nesting", "Precise"]

_Moves = tuple[tuple[Any, int], ...]

_GUARD = 10  # digits beyond those that are lost by cancellation in a difference


class _Place:
    """A sample point, or one moved from it, with the values of nodes there."""

    __slots__ = ("mask", "moves", "point", "values")

    def __init__(self, point: int, moves: _Moves, mask: int) -> None:
        self.point = point
        self.moves = moves
        self.mask = mask  # which inputs have moved, as bits
        self.values: dict[Node, Number] = {}


class Nesting:
    """How deeply D stands within D in terms; remembers what it has seen."""

    def __init__(self) -> None:
        self._known: dict[Node, int] = {}

    def __call__(self, term: Node) -> int:
        for node in _unknown(term, self._known):
            inside = max((self._known[operand] for operand in node.operands), default=0)
            self._known[node] = inside + (is_pending(node) or is_pending_limit(node))
        return self._known[term]


class Precise:
    """Values of nodes at sample points in mpmath.

    A value is a number of the context `m`, a bool or an int, or an array of them with the shape of the node; it is NaN
    where a node is not defined in real numbers, and infinite beyond 2^4096. A constant is taken as the number that its
    float stands for (see `closed_forms`), e and pi by their names; arrays of constants are taken as they are. The
    direction of a D[...] is a constant: it does not move with the inputs.

    Args:
        inputs: the inputs of the terms.
        points: for each sample point the values of the inputs: floats, fractions, or arrays of them.
        digits: how many digits a value has, relative to the largest number on the way to it.
        nesting: how deeply D may stand within D.
        letters: inputs that stand for terms, with these terms; it may grow.
        free: makes the value of any other input, such as a direction, at a point; without it there must be none.
        rounding: 0, or the number of a trial: every constant that may be a rounding is off by one, up or down.

    >>> from chainrule.core.pending import pending
    >>> from chainrule.read.formula import parse
    >>> graph = parse("x^2 + 0.1")
    >>> precise = Precise(graph.inputs, [[3.0]], digits=20)
    >>> print(
    ...     precise.value(graph.outputs[0], 0), precise.text(precise.value(pending(*graph.outputs, *graph.inputs), 0))
    ... )
    9.1 6
    """

    def __init__(
        self,
        inputs: Sequence[Node],
        points: Sequence[Sequence[Any]],
        digits: int = 40,
        nesting: int = 1,
        letters: Mapping[Node, Node] | None = None,
        free: Callable[[Node, int], Any] | None = None,
        rounding: int = 0,
    ) -> None:
        import mpmath  # it takes longer to import than NumPy does, and only derivations need it

        step = digits // 2 + 3
        self.m = mpmath.mp.clone()
        self.m.dps = digits + nesting * step + _GUARD
        self.h = self.m.mpf(10) ** -step
        self.inputs = tuple(inputs)
        self.letters = {} if letters is None else letters
        self._free = free
        self._operations = Operations(self.m, rounding)
        self._bits = {node: 1 << i for i, node in enumerate(inputs)}
        self._depends: dict[Node, int] = {}
        self._functions: dict[Node, Callable[..., Number]] = {}
        self._origins = [_Place(i, (), 0) for i in range(len(points))]
        self._places: dict[tuple[int, _Moves], _Place] = {(i, ()): place for i, place in enumerate(self._origins)}
        for place, point in zip(self._origins, points, strict=True):
            for node, number in zip(inputs, point, strict=True):
                place.values[node] = self._operations.number(number)

    def value(self, node: Node, point: int) -> Number:
        """The value of a node at a sample point, by its number.

        Raises:
            DerivationError: an operation of the user's computes with floats only.
            GraphError: the node depends on an input that has no value.
        """
        with np.errstate(all="ignore"):  # NumPy warns of NaN among objects too
            self._prepare(node)
            return self._value(node, self._origins[point])

    def text(self, value: Number, digits: int = 8) -> str:
        """A value in a few digits, for messages."""
        m = self.m
        shown = np.frompyfunc(lambda v: m.nstr(m.convert(v), digits, strip_zeros=True).removesuffix(".0"), 1, 1)(value)
        if isinstance(shown, str):
            return shown
        return " ".join(np.array2string(shown, threshold=8, formatter={"all": str}).split())

    def size(self, node: Node, point: int) -> Any:
        """The largest magnitude among the values of a node and of all that it was computed from, D[...] included."""
        return max(self.sizes(node, point).values())

    def sizes(self, node: Node, point: int) -> dict[tuple[Node, Any], Any]:
        """The magnitudes of the values of a node and of all that it was computed from, by node and steps moved."""
        seen = {(node, self._home(node, self._origins[point]))}
        stack = list(seen)
        sizes = {}
        while stack:
            node, place = stack.pop()
            sizes[node, place.moves] = self.largest(place.values[node])
            needed = [need for need in self._needs(node, place) if need not in seen]
            seen.update(needed)
            stack.extend(needed)
        return sizes

    def largest(self, value: Number) -> Any:
        """The largest magnitude among the finite components of a value."""
        # A condition is a NumPy boolean, which mpmath does not take for a number.
        found = (abs(self.m.convert(int(v) if isinstance(v, np.bool_) else v)) for v in np.asarray(value, object).flat)
        return max((v for v in found if self.m.isfinite(v)), default=self.m.zero)

    # Evaluation

    def _value(self, node: Node, place: _Place) -> Number:
        home = self._home(node, place)
        stack = [(node, home)]
        while stack:
            node, place = stack[-1]
            if node in place.values:
                stack.pop()
                continue
            needs = self._needs(node, place)
            missing = [need for need in needs if need[0] not in need[1].values]
            if missing:
                stack.extend(missing)
                continue
            stack.pop()
            operands = [there.values[needed] for needed, there in needs]
            place.values[node] = self._functions[node](*operands) if node.primitive else self._moved(node, place)
        return home.values[node]

    def _home(self, node: Node, place: _Place) -> _Place:
        """The place itself, or the sample point if no input that the node depends on has moved."""
        if place.mask & self._depends[node]:
            return place
        return self._origins[place.point]

    def _needs(self, node: Node, place: _Place) -> list[tuple[Node, _Place]]:
        """The nodes that the value of a node at a place is computed from, each with its place."""
        if is_pending(node) or is_pending_limit(node):
            term, x, *direction = node.operands
            ends = (self._shifted(place, by, x, *direction) for by in (1, -1))
            return [(term, self._home(term, end)) for end in ends]
        if node.primitive is None:
            return [(self.letters[node], self._home(self.letters[node], place))] if node in self.letters else []
        if node.primitive.name == "stop_gradient":  # a constant for every derivative: it stays where it was
            return [(node.operands[0], self._origins[place.point])]
        needs = [(operand, self._home(operand, place)) for operand in node.operands]
        if place.moves and self._operations.follows(node):
            needs.append((node, self._origins[place.point]))
        return needs

    def _shifted(self, place: _Place, by: int, x: Node, direction: Node | None = None) -> _Place:
        steps = dict(place.moves)
        steps[x, direction] = steps.get((x, direction), 0) + by
        moves = tuple((key, count) for key, count in steps.items() if count)
        if (place.point, moves) not in self._places:
            mask = 0
            for (moved, _), _ in moves:
                mask |= self._bits[moved]
            self._places[place.point, moves] = _Place(place.point, moves, mask)
        return self._places[place.point, moves]

    def _moved(self, node: Node, place: _Place) -> Number:
        """The value of an input at a place that is moved."""
        origin = self._origins[place.point]
        if node in self.letters:
            inner = self.letters[node]
            value = self._home(inner, place).values[inner]
        else:
            value = origin.values.get(node)
            if value is None and self._free is not None:
                value = origin.values[node] = self._operations.number(self._free(node, place.point))
            elif value is None:
                raise GraphError(f"the input {node.name or repr(node)} has no value")
        for (moved, direction), count in place.moves:
            if moved is node:
                value = value + count * self.h * (1 if direction is None else self._value(direction, origin))
        return value

    # What is known of a node before it is evaluated

    def _prepare(self, term: Node) -> None:
        for node in _unknown(term, self._depends, self.letters):
            if node.primitive is None:
                self._depends[node] = self._of_leaf(node)
                continue
            depends = 0
            for operand in node.operands:
                depends |= self._depends[operand]
            self._depends[node] = depends
            if is_pending(node):
                self._functions[node] = self._difference
            elif is_pending_limit(node):
                self._functions[node] = self._middle
            else:
                self._functions[node] = self._operations.function(node)

    def _of_leaf(self, node: Node) -> int:
        if node.is_constant:
            value = self._operations.constant(node)
            for place in self._origins:
                place.values[node] = value
            return 0
        bit = self._bits.setdefault(node, 1 << len(self._bits))
        return bit | self._depends[self.letters[node]] if node in self.letters else bit

    def _difference(self, ahead: Number, behind: Number) -> Number:
        if np.asarray(ahead).dtype == bool:
            ahead, behind = self._operations.number(ahead), self._operations.number(behind)
        return (ahead - behind) / (2 * self.h)

    def _middle(self, ahead: Number, behind: Number) -> Number:
        """The limit of a term as an input goes to 0: the mean of its values a step away on both sides."""
        return (ahead + behind) / 2


def _unknown(term: Node, known: Mapping[Node, Any], letters: Mapping[Node, Node] | None = None) -> list[Node]:
    """The nodes of a term that are not known yet, operands first; it does not look below one that is known."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack = [(term, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node not in seen and node not in known:
            seen.add(node)
            stack.append((node, True))
            stack.extend((operand, False) for operand in node.operands)
            if letters and node in letters:
                stack.append((letters[node], False))
    return order
