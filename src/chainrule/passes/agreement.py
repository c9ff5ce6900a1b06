"""Whether two terms are equal: compared to many digits at sample points, or refused.

A line of a derivation is right where the term before and the term after have the same values. They are compared to 30
digits. Where the two are small differences of large numbers, or a step of a difference was too coarse, they are
compared again in more than twice as many; what is then still different is not equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.errors import DerivationError
from chainrule.passes.precise import Nesting, Precise
from chainrule.passes.sample_points import sample_points

__all__ = ["Agreement", "Verifier"]

_SPARE = 16  # digits beyond those compared: what cancellation and the coarseness of a difference may take
_TRIALS = 6  # of constants each off by a rounding, and by how much more the difference may be than the most of them
_MARGIN = 8
_ROUNDED = 1e-10  # constants that are roundings may cost digits down to this


@dataclass(frozen=True, slots=True)
class Agreement:
    """That two terms were found equal.

    Attributes:
        points: at how many points.
        digits: to how many digits; fewer than were asked for where a rounded constant leaves no more.
        worst: the largest relative difference.
    """

    points: int
    digits: int
    worst: float

    def __str__(self) -> str:
        return f"equal to {self.digits} digits at {self.points} points"


class Verifier:
    """Compares terms of the inputs of a graph, such as the lines of its derivation.

    The lines share their sample points, and the values of the nodes that they share.

    Args:
        graph: its outputs are finite and its guards hold at the points.
        domain: for inputs by name the interval that they lie in, as an `Interval` or a pair (low, high).
        start: values of inputs by name near which the points may lie, such as those that the graph was traced at.
        digits: to how many digits terms are compared.
        points: at how many points at least; a branch or kink takes more, four on each side.

    Raises:
        ArgumentError: an interval is empty, or of an input that does not exist.
        DerivationError: no point was found where the graph is defined.

    >>> from chainrule.core.pending import pending
    >>> from chainrule.read.formula import parse
    >>> cube, line = parse("x^3"), parse("3x^2")
    >>> verifier = Verifier(cube)
    >>> verifier.stands_for(line.inputs[0], cube.inputs[0])
    >>> print(verifier.equal(pending(cube.outputs[0], cube.inputs[0]), line.outputs[0]))
    equal to 30 digits at 8 points
    """

    def __init__(
        self,
        graph: Graph,
        domain: Mapping[str, Any] | None = None,
        start: Mapping[str, Any] | None = None,
        digits: int = 30,
        points: int = 8,
    ) -> None:
        self.digits = digits
        self.inputs = graph.inputs
        self.points = sample_points(graph, domain, start, points)
        self._letters: dict[Node, Node] = {}
        self._free: dict[tuple[Node, int], Any] = {}
        self._rng = np.random.default_rng(1)
        self._nesting = Nesting()
        self._evaluations: dict[tuple[int, int, int], Precise] = {}
        self._leave_out_undefined(graph)

    def stands_for(self, letter: Node, term: Node) -> None:
        """Give an input that the graph does not have, such as the u of a chain rule, the value of a term."""
        self._letters[letter] = term

    def equal(self, before: Node, after: Node) -> Agreement:
        """That two terms have the same value wherever `before` has one.

        Args:
            before, after: terms of one shape, or `after` a number that stands for each component. D[...] may stand in
                them; an input that is neither the graph's nor a letter, such as a direction, gets random values.

        Raises:
            DerivationError: they differ at a point, or `after` is not defined there; or `before` is defined at none.
        """
        if after.shape not in (before.shape, ()):
            raise DerivationError(f"the terms before and after have the shapes {before.shape} and {after.shape}")
        nesting = max(self._nesting(before), self._nesting(after))
        compared = [self._compared(point, before, after, nesting) for point in range(len(self.points))]
        found = [difference for difference in compared if isinstance(difference, float)]
        refused = [error for error in compared if isinstance(error, DerivationError)]
        if refused and len(found) < max(1, len(self.points) // 2):
            raise refused[0]
        if not found:
            raise DerivationError(f"the term is defined at none of the {len(self.points)} points of its formula")
        worst = max(found)
        digits = self.digits if worst <= 10.0**-self.digits else int(-np.log10(worst))
        return Agreement(len(found), digits, worst)

    def _leave_out_undefined(self, graph: Graph) -> None:
        """Keep the points where the outputs have values: in floats there may be some by rounding alone."""
        precise = self._precise(False, 1)
        kept = []
        for i, point in enumerate(self.points):
            values = [np.asarray(precise.value(output, i), object) for output in graph.outputs]
            if all(precise.m.isfinite(v) for value in values for v in value.flat):
                kept.append(point)
        if not kept:
            raise DerivationError(f"{graph.name} has real values at no point that was found")
        if len(kept) < len(self.points):
            self.points = kept
            self._evaluations.clear()

    def _precise(self, spare: bool, nesting: int, rounding: int = 0) -> Precise:
        key = (spare, nesting, rounding)
        if key not in self._evaluations:
            digits = 3 * self.digits + 10 if spare else self.digits + _SPARE
            self._evaluations[key] = Precise(
                self.inputs, self.points, digits, nesting, self._letters, self._random, rounding
            )
        return self._evaluations[key]

    def _compared(self, point: int, before: Node, after: Node, nesting: int) -> float | DerivationError | None:
        """The relative difference at a point, None where `before` is not defined.

        What is returned as an error may be none: `before` is 0 to all digits, and `after` beyond the range of numbers.
        """
        for spare in (False, True):
            precise = self._precise(spare, nesting)
            x, y = precise.value(before, point), precise.value(after, point)
            distance = _Distance(precise.m, x, y)
            if not distance.defined:
                return None
            if distance.apart <= distance.size * precise.m.mpf(10) ** -self.digits:
                return distance.relative
        # Both may be zero by cancellation: nothing is left of the numbers that they were computed from.
        everything = max(precise.size(before, point), precise.size(after, point))
        if distance.apart <= everything * precise.m.mpf(10) ** (-3 * self.digits):
            return 0.0
        if distance.relative < _ROUNDED and self._rounded(point, before, after, nesting, distance):
            return distance.relative
        place = self._place(point)
        if not distance.both:
            error = DerivationError(f"the term after is not defined{place}, where the term before is {precise.text(x)}")
            if np.any(np.asarray(x, object) != 0):
                raise error
            return error
        shown = max(8, 3 - int(np.log10(distance.relative)))  # so many that the difference is seen
        values = " and ".join(precise.text(value, shown) for value in (x, y))
        raise DerivationError(f"the terms before and after differ: {values}{place}")

    def _rounded(self, point: int, before: Node, after: Node, nesting: int, distance: _Distance) -> bool:
        """Whether the difference is what changing the constants by a rounding each would make."""
        most: Any = 0
        for trial in range(1, _TRIALS + 1):
            precise = self._precise(False, nesting, trial)
            x, y = precise.value(before, point), precise.value(after, point)
            pairs = zip(_Distance(precise.m, x, y).differences, distance.differences, strict=True)
            most = max(most, *(abs(moved - there) for moved, there in pairs))
        return bool(most <= _ROUNDED * distance.size and distance.apart <= _MARGIN * most)

    def _place(self, point: int) -> str:
        places = [
            f"{node.name} = {float(value):.6g}" if not node.shape else f"a random {node.name}"
            for node, value in zip(self.inputs, self.points[point], strict=True)
        ]
        return f" where {', '.join(places)}" if places else ""

    def _random(self, node: Node, point: int) -> Any:
        if (node, point) not in self._free:
            self._free[node, point] = self._rng.normal(size=node.shape)
        return self._free[node, point]


class _Distance:
    """How far apart two values are: over the components where the first is finite.

    Attributes:
        defined: whether there are any.
        both: whether the second is finite there too.
        differences: of the components, where both are finite.
        apart: the largest difference; infinite where the second is not finite.
        size: the largest magnitude.
    """

    __slots__ = ("apart", "both", "defined", "differences", "size")

    def __init__(self, m: Any, x: Any, y: Any) -> None:
        if isinstance(x, np.ndarray):
            pairs = [(a, b) for a, b in zip(x.flat, np.broadcast_to(y, x.shape).flat, strict=True)]
        else:
            pairs = [(x, y)]
        pairs = [(m.convert(a), m.convert(b)) for a, b in pairs if m.isfinite(a)]
        self.defined = bool(pairs)
        self.both = all(m.isfinite(b) for _, b in pairs)
        self.differences = [a - b for a, b in pairs] if self.both else []
        self.apart = max(map(abs, self.differences), default=m.zero) if self.both else m.inf
        self.size = max((max(abs(a), abs(b)) for a, b in pairs), default=m.zero) if self.both else m.one

    @property
    def relative(self) -> float:
        return float(self.apart / self.size) if self.size else 0.0
