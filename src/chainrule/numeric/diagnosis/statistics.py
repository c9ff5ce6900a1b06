"""Several statistics of the data (mean, variance, a normalising sum) are taken for constants at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from chainrule.core.graph import Site
from chainrule.core.record import Record
from chainrule.numeric.diagnosis.backward import Backward
from chainrule.numeric.diagnosis.case import Case, Guess
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Statistics", "statistics"]

MOST = 6  # statistics of which all pairs are tried


@dataclass(frozen=True)
class Statistics(Hypothesis):
    """The steps with these keys send nothing back."""

    keys: tuple[int, ...]
    names: tuple[str, ...]
    line: Site | None

    kind = Mistake.STATISTICS

    @property
    def site(self) -> Site | None:  # type: ignore[override]
        return self.line

    def predict(self, case: Case) -> Sequence[Guess] | None:
        backward = case.backward
        if backward is None:
            return None
        steps = [backward.find(key) for key in self.keys]
        gradients = backward.without(step for step in steps if step is not None).gradients
        return [Guess(gradients[part.name], part.tolerance) for part in case.parts]

    def sentence(self, case: Case) -> str:
        return f"{listed(self.names)} are taken for constants: nothing goes back through them"


def statistics(case: Case) -> Iterator[Statistics]:
    """Pairs of steps that are smaller than what they are computed from, and spread over it again; and all of them."""
    backward = case.backward
    if backward is None or not case.aligned:
        return
    found = _statistics(backward)[:MOST]
    for count in sorted({2, len(found)}):
        for chosen in combinations(found, count) if len(found) >= count > 1 else ():
            keys = tuple(backward.key(step) for step in chosen)
            yield Statistics(keys, tuple(backward.label(step) for step in chosen), backward.site(chosen[-1]))


def _statistics(backward: Backward) -> list[Record]:
    spread: set[Record] = set()  # what is combined with something larger later on
    found = []
    for edge in backward.edges:  # the last step first
        if np.size(edge.step.value) > np.size(edge.operand.value) or edge.step in spread:
            spread.add(edge.operand)
    for step in backward.steps:
        size = np.size(step.value)
        if step in spread and any(o is not None and np.size(o.value) > size for o in step.operands):
            found.append(step)
    return found
