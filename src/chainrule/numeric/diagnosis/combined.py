"""Two mistakes at once: one of another kind together with a constant factor, or one for each argument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chainrule.core.graph import Site
from chainrule.numeric.diagnosis.case import Case, Guess
from chainrule.numeric.diagnosis.factor import Factor, sign_or_factor
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Each", "Times", "with_factor"]


@dataclass(frozen=True)
class Times(Hypothesis):
    """What `base` predicts, times a constant."""

    base: Hypothesis
    factor: Factor

    @property
    def kind(self) -> Mistake:
        return self.base.kind

    @property
    def site(self) -> Site | None:  # type: ignore[override]
        return self.base.site

    def predict(self, case: Case) -> Sequence[Guess] | None:
        guesses = self.base.predict(case)
        return None if guesses is None else self.factor.predict(_in_place_of_reference(case, guesses))

    def sentence(self, case: Case) -> str:
        return f"{self.base.sentence(case)}; besides, {self.factor.sentence(case)}"


def with_factor(case: Case, base: Hypothesis) -> Iterator[Hypothesis]:
    """The hypothesis by itself, and together with the simple factor that it would need."""
    yield base
    guesses = base.predict(case)
    if guesses is None or any(g.values.shape != p.claimed.shape for g, p in zip(guesses, case.parts, strict=True)):
        return
    for factor in sign_or_factor(_in_place_of_reference(case, guesses)):
        yield Times(base, factor)


def _in_place_of_reference(case: Case, guesses: Sequence[Guess]) -> Case:
    parts = [
        replace(part, reference=guess.values, tolerance=guess.tolerance)
        for part, guess in zip(case.parts, guesses, strict=True)
    ]
    return Case(case.evidence, parts, case.masks, case.whole)


@dataclass(frozen=True)
class Each(Hypothesis):
    """Every wrong part has a mistake of its own."""

    mistakes: Sequence[tuple[tuple[str, ...], Hypothesis]]

    @property
    def kind(self) -> Mistake:
        kinds = {mistake.kind for _, mistake in self.mistakes}
        return kinds.pop() if len(kinds) == 1 else Mistake.SEVERAL

    def predict(self, case: Case) -> Sequence[Guess] | None:
        found: dict[str, Guess] = {}
        for names, mistake in self.mistakes:
            guesses = mistake.predict(case.only(names))
            if guesses is None:
                return None
            found |= dict(zip(names, guesses, strict=True))
        return [found[part.name] for part in case.parts]

    def misfit(self, case: Case) -> float | None:
        fits = [mistake.misfit(case.only(names)) for names, mistake in self.mistakes]
        return None if None in fits else max(fit for fit in fits if fit is not None)

    def sentence(self, case: Case) -> str:
        return "; ".join(f"{listed(names)}: {mistake.sentence(case.only(names))}" for names, mistake in self.mistakes)
