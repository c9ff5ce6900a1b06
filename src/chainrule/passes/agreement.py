"""Whether two terms are equal: compared to many digits at sample points, or refused.

A line of a derivation is right where the term before and the term after have the same values. They are compared to 30
digits. Where the two are small differences of large numbers, or a step of a difference was too coarse, they are
compared again in more than twice as many; what is then still different is not equal. What may be zero is computed with
still more: zero is what shrinks with every digit added, and a value that stays is small, and compared like any other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.errors import DerivationError
from chainrule.passes.precise import Nesting, Precise
from chainrule.passes.sample_points import sample_points

__all__ = ["Agreement", "Verifier"]

_LEVELS = 3  # of precision: the last one tells 0 from what is small
_SETTLED = 1e-10  # a value that changes by less with more digits is no rounding error
_SPARE = 16  # digits beyond those compared: what cancellation and the coarseness of a difference may take
_TRIALS = 6  # of constants each off by a rounding, and by how much more the difference may be than the most of them
_MARGIN = 8
_SMALL = 50  # digits below the largest number on the way: such a value alone refuses nothing
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

    instead = ""  # of 30 digits there is nothing more to say

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
        if refused and self._firm(before, compared, nesting) < max(1, len(self.points) // 2):
            raise refused[0]
        if not found:
            raise DerivationError(
                f"the term is defined at none of the {len(self.points)} points of its formula, "
                f"or too small to tell from 0{self._way_out()}"
            )
        worst = max(found)
        digits = self.digits if worst <= 10.0**-self.digits else int(-np.log10(worst))
        return Agreement(len(found), digits, worst)

    def _way_out(self) -> str:
        """A^T A has no inverse where A has fewer rows than columns: letters leave open which are more."""
        for x in self.inputs:
            if x.ndim == 2 and x.shape[0] < x.shape[1] and any(x.parameters.get("sizes", ())):
                sizes = f"{x.name}: {x.shape[1]} {x.shape[0]}"
                return f'\n  if {x.name} has to have more rows than columns, declare such sizes: shapes="{sizes}"'
        return ""

    def _leave_out_undefined(self, graph: Graph) -> None:
        """Keep the points where the outputs have values: in floats there may be some by rounding alone."""
        precise = self._precise(0, 1)
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

    def _digits(self, level: int) -> int:
        return (self.digits + _SPARE, 3 * self.digits + 10, 10 * self.digits)[level]

    def _precise(self, level: int, nesting: int, rounding: int = 0) -> Precise:
        key = (level, nesting, rounding)
        if key not in self._evaluations:
            self._evaluations[key] = Precise(
                self.inputs, self.points, self._digits(level), nesting, self._letters, self._random, rounding
            )
        return self._evaluations[key]

    def _compared(self, point: int, before: Node, after: Node, nesting: int) -> float | DerivationError | None:
        """The relative difference at a point, None where it is no evidence: undefined, or not to be told from 0.

        What is returned as an error may be none: `before` is 0 to all digits, and `after` beyond the range of numbers;
        or both are so small that their digits may be lost.
        """
        for level in range(_LEVELS):
            precise = self._precise(level, nesting)
            x, y = precise.value(before, point), precise.value(after, point)
            distance = _Distance(precise.m, x, y)
            if not distance.defined:
                return None
            if distance.apart <= distance.size * precise.m.mpf(10) ** -self.digits:
                if distance.size or not self._absorbed(level, nesting, point, before, after):
                    return distance.relative
            elif level == 1:
                # Only what is small beside the numbers that it was computed from may be zero by cancellation.
                everything = max(precise.size(before, point), precise.size(after, point))
                if distance.apart > everything * precise.m.mpf(10) ** (-3 * self.digits):
                    break
        else:
            sides = [self._vanishes(term, point, nesting) for term in (before, after)]
            if all(sides):
                return None if self._absorbed(_LEVELS - 1, nesting, point, before, after) else 0.0
            # A side that is all rounding error, beside one that is not, may be smaller than its digits reach.
            lost = [term for term, none in zip((before, after), sides, strict=True) if none]
            if lost and self._absorbed(_LEVELS - 1, nesting, point, *lost):
                return None
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
        error = DerivationError(f"the terms before and after differ: {values}{place}")
        # Far below the numbers that it was computed from a value may be out of reach: other points have to decide.
        everything = max(precise.size(before, point), precise.size(after, point))
        if distance.size > everything * precise.m.mpf(10) ** -_SMALL:
            raise error
        return error

    def _firm(self, before: Node, compared: Sequence[Any], nesting: int) -> int:
        """At how many points two values agree that are not both 0."""
        precise = self._precise(0, nesting)
        agreed = [point for point, difference in enumerate(compared) if isinstance(difference, float)]
        return sum(bool(np.any(np.asarray(precise.value(before, point), object) != 0)) for point in agreed)

    def _vanishes(self, term: Node, point: int, nesting: int) -> bool:
        """Whether a value is rounding error: it changes with the digits that it is computed with."""
        fine, finer = (self._precise(level, nesting) for level in (_LEVELS - 2, _LEVELS - 1))
        change = _Distance(finer.m, finer.value(term, point), fine.value(term, point))
        return bool(not change.size or change.apart > _SETTLED * change.size)

    def _absorbed(self, level: int, nesting: int, point: int, *terms: Node) -> bool:
        """Whether a number on the way is so small that it is lost in a sum with another: 1 + 10^-500 is 1.

        Rounding errors are as small; numbers are those that are the same with fewer digits.
        """
        digits = self._digits(level)
        for term in terms:
            sizes = self._precise(level, nesting).sizes(term, point)
            span = max(sizes.values()) * self._precise(level, nesting).m.mpf(10) ** -digits
            small = {key: size for key, size in sizes.items() if 0 < size < span}
            if small and level:
                coarse = self._precise(level - 1, nesting)
                coarse.value(term, point)
                before = coarse.sizes(term, point)
                small = {key: v for key, v in small.items() if abs(before.get(key, 0) - v) <= _SETTLED * v}
            if small:
                return True
        return False

    def _rounded(self, point: int, before: Node, after: Node, nesting: int, distance: _Distance) -> bool:
        """Whether the difference is what changing the constants by a rounding each would make."""
        most: Any = 0
        for trial in range(1, _TRIALS + 1):
            precise = self._precise(0, nesting, trial)
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
