"""The gradient with respect to another form of the parameter, such as its logarithm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from chainrule.numeric.diagnosis.case import Case, Floats, Guess
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Reparametrised", "reparametrised"]


@dataclass(frozen=True)
class Reparametrised(Hypothesis):
    """Claimed is the gradient with respect to `form` of the parameter: the right one times `factor` of it."""

    form: str
    factor: Callable[[Floats], Floats] = field(repr=False, compare=False)

    kind = Mistake.PARAMETRISATION

    def predict(self, case: Case) -> Sequence[Guess]:
        guesses = []
        for part in case.parts:
            with np.errstate(all="ignore"):
                factor = self.factor(part.point)
                guesses.append(Guess(factor * part.reference, np.maximum(1.0, np.abs(factor)) * part.tolerance))
        return guesses

    def sentence(self, case: Case) -> str:
        forms = listed([self.form.format(name) for name in case.names])
        return f"the gradient with respect to {forms} is returned for {listed(case.names)}"


_FORMS: Sequence[tuple[str, Callable[[Floats], Floats]]] = (
    ("log({})", lambda p: p),
    ("exp({})", lambda p: np.exp(-p)),
    ("{}^2", lambda p: 1 / (2 * p)),
    ("sqrt({})", lambda p: 2 * np.sqrt(p)),
    ("1/{}", lambda p: -p * p),
)


def reparametrised(case: Case) -> Iterator[Reparametrised]:
    """By the logarithm, the exponential, the square, the root and the reciprocal of every component."""
    if not case.linear and case.aligned and case.speaking:
        for form, factor in _FORMS:
            yield Reparametrised(form, factor)
