"""Only some components are wrong: which, in words, and one of the other mistakes there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Site
from chainrule.numeric.diagnosis.case import Bools, Case, Guess
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.record import Mistake
from chainrule.numeric.evidence import Part

__all__ = ["Region", "Within", "regions"]


@dataclass(frozen=True, eq=False)
class Region:
    """Some components of one part: where they are, and what they are called."""

    part: str
    where: Bools
    text: str
    plural: bool = False


@dataclass(frozen=True)
class Within(Hypothesis):
    """A mistake that is confined to parts of the gradient, or to regions of them; elsewhere the gradient is right."""

    mistake: Hypothesis
    parts: tuple[str, ...]
    regions: tuple[Region, ...] = ()

    @property
    def kind(self) -> Mistake:
        return self.mistake.kind

    @property
    def site(self) -> Site | None:  # type: ignore[override]
        return self.mistake.site

    @property
    def region(self) -> str:  # type: ignore[override]
        return listed([region.text for region in self.regions]) if self.regions else ""

    def _inside(self, case: Case) -> Case | None:
        if not self.regions:
            return case.only(self.parts)
        shapes = {part.name: part.reference.shape for part in case.whole.parts}
        if any(shapes.get(region.part) != region.where.shape for region in self.regions):
            return None
        return case.only(self.parts, [region.where for region in self.regions])

    def predict(self, case: Case) -> Sequence[Guess] | None:
        inside = self._inside(case)
        guesses = None if inside is None else self.mistake.predict(inside)
        if guesses is None:
            return None
        found = dict(zip(self.parts, guesses, strict=True))
        for region in self.regions:
            (part,) = (part for part in case.whole.parts if part.name == region.part)
            guess = found[region.part]
            found[region.part] = Guess(
                np.where(region.where, guess.values, part.reference),
                np.where(region.where, guess.tolerance, part.tolerance),
            )
        return [found.get(part.name, Guess(part.reference, part.tolerance)) for part in case.parts]

    def misfit(self, case: Case) -> float | None:
        inside = self._inside(case)
        fit = None if inside is None else self.mistake.misfit(inside)
        if fit is None or not self.regions:
            return fit
        outside = case.only(self.parts, [~region.where for region in self.regions])
        right = outside.misfit([Guess(part.reference, part.tolerance) for part in outside.parts])
        return max(fit, right or 0.0)

    def sentence(self, case: Case) -> str:
        inside = self._inside(case)
        assert inside is not None
        said = self.mistake.sentence(inside)
        if not self.regions:
            return f"only {listed(self.parts)} {'is' if len(self.parts) == 1 else 'are'} wrong: {said}"
        be = "is" if len(self.regions) == 1 and not self.regions[0].plural else "are"
        return f"only {self.region} {be} wrong: {said} there"


def regions(part: Part) -> Iterator[Region]:
    """What one could call the wrong components of a part, the smallest description first; not all of it."""
    if part.claimed.shape != part.reference.shape or part.reference.size < 2:
        return
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(part.claimed - part.reference) <= part.tolerance)
    if not wrong.any():
        return
    places = np.argwhere(wrong)
    low, high = places.min(axis=0), places.max(axis=0)
    seen: list[Bools] = []
    for where, text, plural in _described(part, wrong, low, high):
        # A component that is right may stand among the wrong ones by accident (zero with its sign flipped).
        if (where | ~wrong).all() and not where.all() and not any(np.array_equal(where, s) for s in seen):
            seen.append(where)
            yield Region(part.name, where, text, plural)


def _described(part: Part, wrong: Bools, low: Sequence[int], high: Sequence[int]) -> Iterator[tuple[Any, str, bool]]:
    name, shape = part.name, part.reference.shape
    indices = np.indices(shape)
    if np.count_nonzero(wrong) == 1:
        index = tuple(int(i) for i in low)
        last = (
            ""
            if len(shape) > 1
            else {0: ", the first component,", shape[0] - 1: ", the last component,"}.get(index[0], "")
        )
        yield wrong, f"{name}[{', '.join(map(str, index))}]{last}", False
    for axis, size in enumerate(shape):
        a, b = int(low[axis]), int(high[axis])
        if size == 1 or (a == 0 and b == size - 1):
            continue
        where = (indices[axis] >= a) & (indices[axis] <= b)
        yield where, *_slice(name, len(shape), axis, a, b)
    if len(shape) == 2:
        row, column = indices
        yield row == column, f"the diagonal of {name}", False
        yield row != column, f"everything beside the diagonal of {name}", False
        for where, text in (
            (row > column, "below"),
            (row < column, "above"),
            (row >= column, "on and below"),
            (row <= column, "on and above"),
        ):
            yield where, f"the triangle {text} the diagonal of {name}", False
    box: Bools = np.ones(shape, bool)
    for axis in range(len(shape)):
        box = box & (indices[axis] >= low[axis]) & (indices[axis] <= high[axis])
    spans = ", ".join(_span(int(a), int(b)) for a, b in zip(low, high, strict=True))
    yield box, f"{name}[{spans}]", True
    for sign, text in ((1, "positive"), (-1, "negative")):
        yield np.sign(part.reference) == sign, f"the {text} components of the gradient of {name}", True
        yield np.sign(part.point) == sign, f"the components where {name} is {text}", True
    count = int(np.count_nonzero(wrong))
    if len(shape) == 1 and count <= 6:
        indexed = [f"{name}[{int(i)}]" for (i,) in np.argwhere(wrong)]
        yield wrong, listed(indexed), True
    yield wrong, f"{count} of the {wrong.size} components of {name}", True


def _slice(name: str, ndim: int, axis: int, a: int, b: int) -> tuple[str, bool]:
    if ndim == 1:
        return f"{name}[{_span(a, b)}]", a != b
    if ndim == 2:
        line = ("row", "column")[axis]
        return (f"{line} {a} of {name}", False) if a == b else (f"the {line}s {a} to {b} of {name}", True)
    index = ", ".join(_span(a, b) if i == axis else ":" for i in range(ndim))
    return f"{name}[{index}]", a != b


def _span(a: int, b: int) -> str:
    return str(a) if a == b else f"{a}:{b + 1}"
