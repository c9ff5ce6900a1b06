"""The gradient with respect to another argument than the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.numeric.diagnosis.case import Case, Floats, Guess, distance
from chainrule.numeric.diagnosis.combined import with_factor
from chainrule.numeric.diagnosis.hypothesis import Hypothesis
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["OtherArgument", "other_argument"]


@dataclass(frozen=True)
class OtherArgument(Hypothesis):
    """For each part the argument whose gradient is claimed in its place."""

    sources: tuple[str, ...]

    kind = Mistake.OTHER_ARGUMENT

    def predict(self, case: Case) -> Sequence[Guess] | None:
        guesses = [_gradient(case, source) for source in self.sources]
        return None if None in guesses else [guess for guess in guesses if guess is not None]

    def sentence(self, case: Case) -> str:
        pairs = list(zip(case.names, self.sources, strict=True))
        if len(pairs) == 2 and pairs[0] == pairs[1][::-1]:
            return f"the gradients with respect to {pairs[0][0]} and {pairs[0][1]} are exchanged"
        return "; ".join(
            f"the gradient with respect to {source} is returned for {name}" for name, source in pairs if name != source
        )


def other_argument(case: Case) -> Iterator[Hypothesis]:
    """The right gradients of all parts, and of the arguments that were not chosen, in the place of each other."""
    if case.linear:
        return
    parts = case.whole.parts
    names = [part.name for part in parts]
    others = [n for n in case.evidence.arguments if not any(_belongs(name, n) for name in names)]
    sources: list[str] = []
    for part in case.parts:
        found = ""
        for name in (*names, *others):
            if name == part.name:
                continue
            guess = _gradient(case, name)
            if guess is not None and distance(part.claimed, guess) <= 1:
                found = name
                break
        if not found:
            break
        sources.append(found)
    if len(sources) == len(case.parts):
        yield OtherArgument(tuple(sources))
    elif len(case.parts) == 1:
        for name in (*names, *others):
            guess = _gradient(case, name) if name != case.names[0] else None
            if guess is not None and guess.values.shape == case.parts[0].claimed.shape:
                yield from with_factor(case, OtherArgument((name,)))


def _belongs(part: str, argument: str) -> bool:
    """Whether a part is an argument, or a leaf of it: p, p[0], p.W."""
    return part == argument or part.startswith((f"{argument}[", f"{argument}."))


def _gradient(case: Case, name: str) -> Guess | None:
    for part in case.whole.parts:
        if part.name == name:
            return Guess(part.reference, part.tolerance)
    found = case.evidence.others(name)
    if found is None:
        return None
    values: Floats = np.asarray(found, np.float64)
    # It has no error bar of its own: that of the parts known worst, relative to their size.
    scale = max((float(np.abs(p.reference).max(initial=0.0)) for p in case.parts), default=0.0)
    bar = max((float(p.tolerance.max(initial=0.0)) for p in case.parts), default=0.0)
    size = float(np.abs(values).max(initial=0.0))
    return Guess(values, np.full(values.shape, bar * max(1.0, size / scale if scale else 1.0)))
