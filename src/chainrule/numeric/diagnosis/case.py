"""One failed check as the hypotheses see it: the numbers in double precision, and what follows from them once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.numeric.diagnosis.backward import Backward, backward_of
from chainrule.numeric.diagnosis.named import Named, named_numbers
from chainrule.numeric.evidence import Evidence, Part
from chainrule.numeric.probe import RealArray

__all__ = ["RESOLVED", "Bools", "Case", "Floats", "Guess", "distance"]

Floats: TypeAlias = RealArray  # of double precision
Bools: TypeAlias = NDArray[np.bool_]

# A component can speak for a number only if it stands this far above its own error bar.
RESOLVED = 8.0


@dataclass(frozen=True, slots=True)
class Guess:
    """What a hypothesis predicts for one part, with the error bar that the reference hands on to it."""

    values: Floats
    tolerance: Floats


def distance(claimed: Floats, guess: Guess, where: Bools | None = None) -> float:
    """The largest |predicted - claimed| in units of the tolerance; infinite for other shapes and for NaN."""
    if claimed.shape != guess.values.shape:
        return np.inf
    with np.errstate(all="ignore"):
        off = np.abs(guess.values - claimed)
        ratio = np.where(off == 0, 0.0, off / guess.tolerance)
    if where is not None:
        ratio = ratio[where]
    largest = float(ratio.max(initial=0.0))
    return np.inf if np.isnan(largest) else largest


class Case:
    """The parts that a hypothesis has to explain, all or only where `masks` says.

    Attributes:
        evidence: what the check has found.
        parts: the parts to explain, as double precision numbers.
        masks: for each part which components are to be explained; None is all.
    """

    def __init__(
        self,
        evidence: Evidence,
        parts: Sequence[Part] | None = None,
        masks: Sequence[Bools | None] | None = None,
        whole: Case | None = None,
    ) -> None:
        self.evidence = evidence
        self.parts = [_double(part) for part in evidence.parts] if parts is None else list(parts)
        self.masks = [None] * len(self.parts) if masks is None else list(masks)
        self.whole = self if whole is None else whole

    def only(self, names: Sequence[str], masks: Sequence[Bools | None] | None = None) -> Case:
        """The same case with fewer parts, or fewer components of them."""
        chosen = [part for part in self.whole.parts if part.name in names]
        return Case(self.evidence, chosen, masks, self.whole)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)

    @property
    def wrong(self) -> list[Part]:
        return [part for part in self.parts if not part.passed]

    @property
    def linear(self) -> bool:
        """Whether a part is known along directions only, so that nothing but what is linear can be read from it."""
        return any(part.directions for part in self.parts)

    @cached_property
    def aligned(self) -> bool:
        """Whether every claimed part has the shape of its parameters and is finite where it is to be explained."""
        return all(
            part.claimed.shape == part.reference.shape
            and bool(np.isfinite(part.claimed if mask is None else part.claimed[mask]).all())
            for part, mask in zip(self.parts, self.masks, strict=True)
        )

    def column(self, of: str) -> Floats:
        """One field of all parts, where it is to be explained, as a single vector."""
        vectors = [np.zeros(0)]
        for part, mask in zip(self.parts, self.masks, strict=True):
            values = getattr(part, of)
            vectors.append(values.ravel() if mask is None else values[mask])
        return np.concatenate(vectors)

    @cached_property
    def speaking(self) -> int:
        """How many components stand clear of their error bars."""
        return int(np.count_nonzero(np.abs(self.column("reference")) > RESOLVED * self.column("tolerance")))

    def misfit(self, guesses: Sequence[Guess] | None) -> float | None:
        """How far the guesses are from what was claimed, in units of the tolerance; None where there is no guess."""
        if guesses is None:
            return None
        return max(
            (
                distance(part.claimed, guess, mask)
                for part, guess, mask in zip(self.parts, guesses, self.masks, strict=True)
            ),
            default=np.inf,
        )

    @cached_property
    def elsewhere(self) -> Case | None:
        """The same parts at another point, if the check can look there."""
        if self.whole is not self:
            there = self.whole.elsewhere
            return None if there is None else there.only(self.names, self.masks)
        evidence = self.evidence.elsewhere()
        return None if evidence is None else Case(evidence)

    @cached_property
    def numbers(self) -> Sequence[Named]:
        """The numbers that have a name in this problem: sizes of the arguments, and arguments that are numbers."""
        if self.whole is not self:
            return self.whole.numbers
        return named_numbers(self.evidence.arguments, [part.name for part in self.parts])

    @cached_property
    def backward(self) -> Backward | None:
        """The backward pass of f at the point, where f could be traced."""
        if self.whole is not self:
            return self.whole.backward
        return None if self.linear else backward_of(self.evidence, self.parts)

    @cached_property
    def exact(self) -> list[Floats]:
        """The gradient of each part by the backward pass: it has no error bar to speak of."""
        assert self.backward is not None
        return [self.backward.gradients[name] for name in self.names]


def _double(part: Part) -> Part:
    point, claimed, reference, tolerance = (
        np.asarray(a, np.float64) for a in (part.point, part.claimed, part.reference, part.tolerance)
    )
    return Part(part.name, point, claimed, reference, tolerance, part.directions)
