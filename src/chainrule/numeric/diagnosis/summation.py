"""A gradient that was summed over an axis too few or too many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from chainrule.numeric.diagnosis.case import Case, Guess, distance
from chainrule.numeric.diagnosis.combined import with_factor
from chainrule.numeric.diagnosis.factor import sign_or_factor
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.named import Named
from chainrule.numeric.diagnosis.record import Mistake
from chainrule.numeric.evidence import Part

ROUNDED = 64 * float(np.finfo(float).eps)

__all__ = ["NotSummed", "Oversummed", "not_summed", "oversummed"]


@dataclass(frozen=True)
class NotSummed(Hypothesis):
    """Summed over `axes`, the claimed gradient would be `scale` times the right one: 1 for a sum, N for a mean."""

    axes: tuple[int, ...]
    scale: float = 1.0
    numbers: tuple[Named, ...] = ()

    kind = Mistake.NOT_SUMMED

    def predict(self, case: Case) -> Sequence[Guess] | None:
        return None

    def misfit(self, case: Case) -> float | None:
        return max((self._part(part) for part in case.parts), default=np.inf)

    def _part(self, part: Part) -> float:
        total = _summed(part, self.axes)
        if total is None:
            return np.inf
        bar = max(1.0, abs(self.scale)) * part.tolerance
        # The terms may cancel: the sum of what was not summed has the rounding of the terms.
        bar = bar + ROUNDED * np.sum(np.abs(part.claimed), axis=self.axes).reshape(bar.shape)
        return distance(total, Guess(self.scale * part.reference, bar))

    def sentence(self, case: Case) -> str:
        part = case.parts[0]
        counts = listed([str(part.claimed.shape[axis]) for axis in self.axes])
        over = f"axis {self.axes[0]}" if len(self.axes) == 1 else f"the axes {listed([str(a) for a in self.axes])}"
        shapes = f"its shape is {part.claimed.shape}, that of {part.name} is {part.reference.shape}"
        if self.scale == 1:
            return f"not summed over {over} (of {counts}): {shapes}"
        if len(self.numbers) == 1 and self.numbers[0].size and self.scale == self.numbers[0].value:
            return f"not averaged over {over} (of {counts}): {shapes}"
        return f"not summed over {over} (of {counts}), and {self.scale:.6g} times too large: {shapes}"


def _summed(part: Part, axes: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None:
    if max(axes) >= part.claimed.ndim:
        return None
    total = np.sum(part.claimed, axis=axes)
    return total.reshape(part.reference.shape) if total.size == part.reference.size else None


def not_summed(case: Case) -> Iterator[NotSummed]:
    """Any axes of the claimed gradient, where it has more components than the parameters."""
    if case.linear or not all(part.claimed.size > part.reference.size for part in case.parts):
        return
    ndim = min(part.claimed.ndim for part in case.parts)
    for count in range(1, ndim + 1):
        for axes in combinations(range(ndim), count):
            yield NotSummed(axes)
            totals = [_summed(part, axes) for part in case.parts]
            summed = [
                Part(part.name, part.point, total, part.reference, part.tolerance)
                for part, total in zip(case.parts, totals, strict=True)
                if total is not None
            ]
            if len(summed) == len(case.parts):
                for factor in sign_or_factor(Case(case.evidence, summed, None, case.whole)):
                    yield NotSummed(axes, factor.value, factor.numbers)


@dataclass(frozen=True)
class Oversummed(Hypothesis):
    """The claimed gradient is the right one summed over axes, `kept` with length 1 or dropped, or spread out again."""

    axes: tuple[int, ...]
    kept: bool = False
    spread: bool = False

    kind = Mistake.OVERSUMMED

    def predict(self, case: Case) -> Sequence[Guess] | None:
        guesses = []
        for part in case.parts:
            if max(self.axes) >= part.reference.ndim:
                return None
            values, bars = (
                np.asarray(np.sum(a, axis=self.axes, keepdims=self.kept or self.spread))
                for a in (part.reference, part.tolerance)
            )
            shape = part.reference.shape if self.spread else values.shape
            guesses.append(Guess(np.broadcast_to(values, shape), np.broadcast_to(bars, shape)))
        return guesses

    def sentence(self, case: Case) -> str:
        part = case.parts[0]
        over = f"axis {self.axes[0]}" if len(self.axes) == 1 else f"the axes {listed([str(a) for a in self.axes])}"
        if self.spread:
            return f"summed over {over} of {part.name} too, and spread over it again"
        shapes = f"its shape is {part.claimed.shape}, that of {part.name} is {part.reference.shape}"
        return f"summed over {over} of {part.name} too: {shapes}"


def oversummed(case: Case) -> Iterator[Hypothesis]:
    """Any axes of the parameters, where the claimed gradient is smaller than they are or constant along them."""
    if case.linear or any(part.reference.ndim == 0 for part in case.parts):
        return
    ndim = min(part.reference.ndim for part in case.parts)
    for count in range(1, ndim + 1):
        for axes in combinations(range(ndim), count):
            for kept, spread in ((False, False), (True, False), (False, True)):
                yield from with_factor(case, Oversummed(axes, kept, spread))
