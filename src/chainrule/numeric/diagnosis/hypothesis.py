"""A hypothesis about the mistake: a prediction of the numbers that it would lead to, and a sentence that says it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from chainrule.core.graph import Site
from chainrule.numeric.diagnosis.case import Case, Guess
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["AtLine", "Hypothesis", "Proposal", "listed"]


class Hypothesis(ABC):
    """One mistake with all its numbers fixed (the factor, the axis, the step), so that it can be held against any case.

    Attributes:
        site: the line of f that it belongs to, if there is one.
        region: the components that it is about, where these are not all; else "".
    """

    site: Site | None = None
    region: str = ""

    @property
    @abstractmethod
    def kind(self) -> Mistake:
        """The kind of mistake."""

    @abstractmethod
    def predict(self, case: Case) -> Sequence[Guess] | None:
        """What would be claimed for each part if this were the mistake; None where that cannot be said."""

    @abstractmethod
    def sentence(self, case: Case) -> str:
        """What is wrong, said of a case that it explains."""

    def misfit(self, case: Case) -> float | None:
        """How far the claimed numbers are from the prediction, in units of the tolerance; None where not testable."""
        return case.misfit(self.predict(case))


@dataclass(frozen=True)
class AtLine(Hypothesis):
    """A mistake in the derivative of one line of f; what is said of it is known when it is proposed."""

    mistake: Mistake
    said: str
    line: Site | None = field(compare=False)

    @property
    def kind(self) -> Mistake:
        return self.mistake

    @property
    def site(self) -> Site | None:  # type: ignore[override]
        return self.line

    def sentence(self, case: Case) -> str:
        return self.said


Proposal: TypeAlias = Callable[[Case], Iterable[Hypothesis]]


def listed(names: Sequence[str]) -> str:
    """The names as one writes them in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
