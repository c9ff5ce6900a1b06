"""Which groups among very many components are wrong, from a few evaluations of f: a search by linearity.

The slope of f along a direction is linear in the direction: what the claimed gradient is off by along the right half of
a block is what it is off by along the block less what it is off by along the left half. So a split costs one
evaluation. Blocks follow the structure of the parameters: whole arrays first, then rows of the leading axis, then
ranges. Halving alone would spend an evaluation on each bit of each end. But most mistakes are off by a constant along
their group, a factor say; then the residual weighted by the position gives the middle of a group, and its ends are
computed, cut there, and so confirmed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.numeric.checking.objective import Leaf
from chainrule.numeric.checking.ranges import row_size

__all__ = ["Block", "Search"]

Floats = NDArray[np.float64]
Residual = Callable[[int, int, int], tuple[float, float]]

# Two blocks are off alike if their ratios differ by less.
SAME_RATIO = 1e-3
# A block at the end of a wrong group is worth more than one in the midst of it.
AT_THE_END = 2.0
# And one that is wrong just where a stretch was expected to be, hardly anything.
WHOLE = 1e-3
# A part so small of the whole, or one between right blocks, is taken to hold one group.
ONE_GROUP = 1 / 8
# By how much of its estimated width a group is framed on each side, before its ends are known.
MARGIN = 0.25
# The part of a framed block that a group which nearly fills it covers.
MIDDLE = 0.3, 0.65
# Where a block is cut to see whether it is wrong throughout: no place that several groups are likely to favour, as
# they do its middle. It divides a length in the golden ratio, furthest from all simple fractions.
ASKEW = 0.381966


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Components start to stop of the flat vector, with what the claim is off by along them.

    Attributes:
        mass: the sum over them of what the residual would be if each were off by one.
        residual: claimed minus measured slope.
        tolerance: how large the residual may be if the claim is right.
    """

    start: int
    stop: int
    mass: float
    residual: float
    tolerance: float

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def wrong(self) -> bool:
        """Whether the claim is off within this block."""
        return not abs(self.residual) <= self.tolerance

    @property
    def ratio(self) -> float:
        """By how much it is off for each unit of mass; NaN where it has none."""
        return self.residual / self.mass if self.mass else math.nan


class Search:
    """The search so far: blocks side by side that cover the whole vector.

    Args:
        leaves: the arrays of parameters, whose borders and rows are split at first.
        stretches: other ranges that a mistake may fill, as start and stop.
        mass: what each component would add to the residual if it were off by one unit; not negative.
        residual, tolerance: of the whole direction.
        residual_along: measures the residual along the direction restricted to a range of components, each weighted
            with a power of its position in the range, from 0 to 1; and a bound on its error.
    """

    def __init__(
        self,
        leaves: Sequence[Leaf],
        stretches: Sequence[tuple[int, int]],
        mass: Floats,
        residual: float,
        tolerance: float,
        residual_along: Residual,
    ) -> None:
        self.leaves, self.residual_along = leaves, residual_along
        self.stretches = frozenset(stretches)
        self.borders = sorted({0, mass.size, *itertools.chain(*stretches), *(leaf.start for leaf in leaves)})
        self.sums = np.concatenate([[0.0], np.cumsum(mass)])
        self.blocks = [Block(0, mass.size, float(self.sums[-1]), residual, tolerance)]
        self._framed: set[tuple[int, int]] = set()  # of these the middle was asked for already
        self._cut: set[tuple[int, int]] = set()  # blocks that were cut out around one group
        self._askew: set[int] = set()  # where a block was cut to see whether it is wrong throughout
        self._missed: set[int] = set()  # starts of blocks where a computed end was not confirmed

    @property
    def groups(self) -> list[list[Block]]:
        """Runs of wrong blocks side by side."""
        found: list[list[Block]] = []
        before: Block | None = None
        for block in self.blocks:
            if block.wrong:
                if before is not None and before.wrong:
                    found[-1].append(block)
                else:
                    found.append([block])
            before = block
        return found

    def step(self) -> bool:
        """Split the block that tells most, with at most four measurements; False where there is none left."""
        places: Sequence[int] = range(len(self.blocks))
        if self._known_ratio() is None:
            suspected = self._suspected()
            if suspected is not None:
                self._split(self.blocks.index(suspected), self._cut_askew(suspected.start, suspected.stop))
                return True
            # What is learned from one group makes the others cheaper.
            begun = [i for i in places if (self.blocks[i].start, self.blocks[i].stop) in self._cut and self._worth(i)]
            places = begun or places
        place = max(places, key=self._worth)
        if not self._worth(place):
            return False
        block = self.blocks[place]
        if self._holds_one_group(place):
            self._framed.add((block.start, block.stop))
            frame = self._frame(block)
            if frame is not None:
                if block.size > 8 and frame == (block.start, block.stop):
                    self._open(place)
                else:
                    self._cut_out(place, *frame)
                return True
        end = self._computed_end(place)
        self._split(place, self._middle(block) if end is None else end)
        if end is not None and all(b.wrong for b in self.blocks[place : place + 2]):
            self._missed.update(b.start for b in self.blocks[place : place + 2])
        return True

    def is_full(self, place: int) -> bool:
        """Whether a block seems wrong throughout: off by as much as the one most off, and as others are."""
        block = self.blocks[place]
        if not block.wrong:
            return False
        known = self._known_ratio()
        return known is not None and _alike(block, known)

    def _known_ratio(self) -> Block | None:
        """The block that shows by how much a wrong component is off: of two side by side, off alike and most of all.

        Several groups may lie so that halves are off alike; two that were cut askew are wrong throughout.
        """
        return self._surest(a for a, b in self._twins() if b.start in self._askew or a.size == b.size == 1)

    def _suspected(self) -> Block | None:
        """The block to cut askew, to see whether two that are off alike are wrong throughout."""
        return self._surest(a for a, b in self._twins() if a.size > 1)

    def _twins(self) -> Iterator[tuple[Block, Block]]:
        """Wrong blocks side by side that are off alike."""
        for a, b in itertools.pairwise(self.blocks):
            if a.wrong and b.wrong and _alike(a, b):
                yield a, b

    def _surest(self, blocks: Iterable[Block]) -> Block | None:
        """The one that is off most, unless others are off by clearly more."""
        most = max((abs(b.ratio) for b in self.blocks if b.wrong and math.isfinite(b.ratio)), default=0.0)
        surest = max(blocks, key=lambda block: abs(block.ratio), default=None)
        return surest if surest is not None and abs(surest.ratio) >= (1 - MARGIN) * most else None

    def _around(self, place: int) -> tuple[Block | None, Block | None]:
        before = self.blocks[place - 1] if place else None
        after = self.blocks[place + 1] if place + 1 < len(self.blocks) else None
        return before, after

    def _worth(self, place: int) -> float:
        block = self.blocks[place]
        if not block.wrong or block.size == 1 or self.is_full(place):
            return 0.0
        if (block.start, block.stop) in self.stretches:
            return block.size * WHOLE
        at_the_end = any(other is None or not other.wrong for other in self._around(place))
        return block.size * (AT_THE_END if at_the_end else 1.0)

    def _holds_one_group(self, place: int) -> bool:
        block = self.blocks[place]
        if (block.start, block.stop) in self._framed or block.size < 4 or not block.mass:
            return False
        if any(block.start < border < block.stop for border in self.borders):
            return False  # a mistake more often fills an array than a part of it
        alone = all(other is None or not other.wrong for other in self._around(place))
        return alone or block.size <= ONE_GROUP * (len(self.sums) - 1)

    def _frame(self, block: Block) -> tuple[int, int] | None:
        """Where a group begins and ends, if the block holds one that is off by a constant."""
        first, error = self.residual_along(block.start, block.stop, 1)
        middle, doubt = first / block.residual, (error + block.tolerance) / abs(block.residual)
        if not 0 < middle < 1:
            return None
        known = self._known_ratio()
        if known is not None and _sign(known) == _sign(block) and abs(known.ratio) > abs(block.ratio):
            return self._exact_frame(block, first, known.ratio, doubt)
        second, error = self.residual_along(block.start, block.stop, 2)
        spread = second / block.residual - middle**2
        doubt = max(doubt, (error + block.tolerance) / abs(block.residual))
        # A range of width w has the variance w^2 / 12.
        width = math.sqrt(12 * (max(spread, 0.0) + 4 * doubt)) * (1 + 2 * MARGIN) * block.size
        centre = block.start + middle * block.size
        low, high = round(centre - width / 2 - 1), round(centre + width / 2 + 1)
        low, high = max(low, block.start), min(high, block.stop)
        return (low, high) if high - low < 0.8 * block.size else (block.start, block.stop)

    def _exact_frame(self, block: Block, first: float, ratio: float, doubt: float) -> tuple[int, int] | None:
        """The range with just the mass that is off, and its middle where it was measured."""
        sums = self.sums[block.start : block.stop + 1]
        position = (np.arange(block.size) + 0.5) / block.size
        weighted = np.concatenate([[0.0], np.cumsum(np.diff(sums) * position)])
        # Within its error the share may exceed what is left.
        begins = sums[:-1]
        ends = np.minimum(np.searchsorted(sums, begins + block.residual / ratio - 1e-9 * sums[-1]), block.size)
        off = np.abs(weighted[ends] - weighted[:-1] - first / ratio)
        low = int(np.argmin(off))
        high = int(ends[low])
        slack = doubt * abs(block.mass)
        found = self._snap(block, block.start + low, slack), self._snap(block, block.start + high, slack)
        return found if found != (block.start, block.stop) else None

    def _snap(self, block: Block, end: int, slack: float) -> int:
        """The end, moved to a border between arrays or rows where the measurement does not tell the two apart."""
        near = [c for c in (block.start, block.stop, *self._cuts(block)) if abs(self.sums[c] - self.sums[end]) <= slack]
        return min(near, key=lambda cut: abs(cut - end), default=end)

    def _cut_out(self, place: int, low: int, high: int) -> None:
        """Split a block into what lies before a range, the range, and what lies after it."""
        block = self.blocks[place]
        inner = place
        if block.start < low < block.stop:
            self._split(place, low)
            inner = place + 1
        if self.blocks[inner].start < high < block.stop:
            self._split(inner, high)
        outer = [b for b in self.blocks[place : inner + 2] if b.stop <= low or b.start >= high]
        outer = [b for b in outer if block.start <= b.start and b.stop <= block.stop]
        if any(b.wrong for b in outer):
            self._missed.update(b.start for b in self.blocks[place : inner + 2])
        else:
            self._cut.add((low, high))

    def _open(self, place: int) -> None:
        """Split a block that a group nearly fills into its ends and two parts of its middle, wrong throughout."""
        block = self.blocks[place]
        low, high = (block.start + int(part * block.size) for part in MIDDLE)
        for number, at in enumerate((low, self._cut_askew(low, high), high)):
            self._split(place + number, at)

    def _cut_askew(self, start: int, stop: int) -> int:
        cut = start + max(1, round(ASKEW * (stop - start)))
        self._askew.add(cut)
        return cut

    def _split(self, place: int, at: int) -> None:
        block = self.blocks[place]
        residual, error = self.residual_along(block.start, at, 0)
        mass = float(self.sums[at] - self.sums[block.start])
        left = Block(block.start, at, mass, residual, error)
        right = Block(at, block.stop, block.mass - mass, block.residual - residual, block.tolerance + error)
        self.blocks[place : place + 1] = [left, right]

    def _computed_end(self, place: int) -> int | None:
        """Where the wrong group ends within a block between a right and a wrong one."""
        block = self.blocks[place]
        before, after = self._around(place)
        inside = [other for other in (before, after) if other is not None and other.wrong]
        known = self._known_ratio()
        if known is None or len(inside) != 1 or block.start in self._missed:
            return None
        share = block.residual / known.ratio
        if not 0 < share < block.mass:
            return None
        target = self.sums[block.start] + share if inside[0] is before else self.sums[block.stop] - share
        end = int(np.searchsorted(self.sums[block.start : block.stop + 1], target)) + block.start
        end = self._snap(block, end, block.tolerance / abs(known.ratio))
        return min(max(end, block.start + 1), block.stop - 1)

    def _middle(self, block: Block) -> int:
        middle = (block.start + block.stop) // 2
        return min(self._cuts(block), key=lambda cut: abs(cut - middle), default=middle)

    def _cuts(self, block: Block) -> Sequence[int]:
        """Where a block is best split: between arrays, else between rows; empty within a row."""
        borders = [border for border in self.borders if block.start < border < block.stop]
        if borders:
            return borders
        leaf = next(leaf for leaf in self.leaves if leaf.start <= block.start < leaf.stop)
        row = row_size(leaf)
        first = leaf.start + ((block.start - leaf.start) // row + 1) * row
        return range(first, block.stop, row) if row > 1 else ()

    def uncertainty(self, group: Sequence[Block]) -> int:
        """By how many components the ends of a group may lie elsewhere."""
        places = {id(block): place for place, block in enumerate(self.blocks)}
        known = self._known_ratio()
        doubt = 0
        for block, side in ((group[0], 0), (group[-1], 1)):
            place = places[id(block)]
            neighbour = self._around(place)[side]
            settled = block.size == 1 or self.is_full(place) or self._is_framed(block)
            if not settled:
                doubt = max(doubt, block.size - 1)
            elif known is not None and neighbour is not None and not self._is_framed(block):
                # A right neighbour may hold a few wrong components whose sum stays below what is seen, and the block
                # itself a few right ones.
                inside = self._unseen(block, abs(known.ratio), 1 - side)
                doubt = max(doubt, inside, self._unseen(neighbour, abs(known.ratio), side))
        return doubt

    def _is_framed(self, block: Block) -> bool:
        """Whether a block is exactly an array, a row of one, or between two borders: what a mistake usually fills."""
        if (block.start, block.stop) in itertools.pairwise(self.borders):
            return True
        leaf = next(leaf for leaf in self.leaves if leaf.start <= block.start < leaf.stop)
        row = row_size(leaf)
        return block.size == row > 1 and not (block.start - leaf.start) % row

    def _unseen(self, block: Block, ratio: float, side: int) -> int:
        sums = self.sums[block.start : block.stop + 1]
        distances = np.abs(sums - (sums[-1] if side == 0 else sums[0]))
        return int(np.count_nonzero(distances * ratio <= block.tolerance)) - 1


def _sign(block: Block) -> float:
    return math.copysign(1.0, block.ratio)


def _alike(a: Block, b: Block) -> bool:
    if not (math.isfinite(a.ratio) and math.isfinite(b.ratio)):
        return False
    doubt = a.tolerance / abs(a.mass) + b.tolerance / abs(b.mass)
    return abs(a.ratio - b.ratio) <= max(SAME_RATIO * abs(a.ratio), min(doubt, 0.1 * abs(a.ratio)))
