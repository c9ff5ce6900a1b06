"""The gradient is right but for a number that multiplies all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.numeric.diagnosis.case import RESOLVED, Case, Guess
from chainrule.numeric.diagnosis.hypothesis import Hypothesis
from chainrule.numeric.diagnosis.named import Named, match, whole_number
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Factor", "Zero", "any_factor", "measured", "said", "sign_or_factor", "zero"]


@dataclass(frozen=True)
class Factor(Hypothesis):
    """Claimed is `value` times the right gradient; `text` is the value as it is written, `number` its origin."""

    value: float
    text: str
    number: Named | None = None
    slack: float = 0.0  # of a factor that was measured, its relative error bar

    @property
    def kind(self) -> Mistake:
        if self.value == -1:
            return Mistake.SIGN
        if self.number is not None and self.number.size:
            if self.value == self.number.value:
                return Mistake.SUMMED
            if self.value == 1 / self.number.value:
                return Mistake.AVERAGED
        return Mistake.FACTOR

    def predict(self, case: Case) -> Sequence[Guess]:
        return [
            Guess(
                self.value * part.reference,
                max(1.0, abs(self.value)) * part.tolerance + self.slack * np.abs(self.value * part.reference),
            )
            for part in case.parts
        ]

    def sentence(self, case: Case) -> str:
        return said(self.value, self.text, self.number)


def said(value: float, text: str, number: Named | None = None) -> str:
    """A factor in words, with the mistake that it usually comes from."""
    if value == -1:
        return "the sign is flipped"
    if number is None:
        return f"off by the constant factor {text}"
    where = f"{number.symbol} = {number.value:.6g}" + (f", {number.origin}" if number.size else "")
    shown = f"{value:.6g}"
    if number.size and value == number.value:
        return f"off by the constant factor {shown}: summed instead of averaged, 1/{number.symbol} is missing, {where}"
    if number.size and value == 1 / number.value:
        one = f"1/{number.value:.0f}"
        return f"off by the constant factor {one}: averaged instead of summed, 1/{number.symbol} is too much, {where}"
    return f"off by the constant factor {shown} = {text}, {where}"


@dataclass(frozen=True)
class Zero(Hypothesis):
    """Nothing is claimed where there is something."""

    kind = Mistake.ZERO

    def predict(self, case: Case) -> Sequence[Guess]:
        return [Guess(np.zeros_like(part.reference), part.tolerance) for part in case.parts]

    def sentence(self, case: Case) -> str:
        return "zero is claimed, nothing of the gradient arrives"


def measured(case: Case) -> tuple[float, float] | None:
    """The factor by the component known best, with its error bar; None where it cannot be told from 0 or from 1."""
    reference, claimed, tolerance = (case.column(of) for of in ("reference", "claimed", "tolerance"))
    if not case.speaking or not case.aligned:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        best = int(np.argmax(np.nan_to_num(np.abs(reference) / tolerance, nan=0.0, posinf=np.finfo(float).max)))
    factor = float(claimed[best] / reference[best])
    margin = max(1.0, abs(factor)) * float(tolerance[best] / abs(reference[best]))
    margin = max(margin, 4 * float(np.finfo(float).eps) * abs(factor))
    if margin * RESOLVED > min(abs(factor), abs(factor - 1)) or not 1e-100 < abs(factor) < 1e100:
        return None
    return factor, margin


def sign_or_factor(case: Case) -> Iterator[Factor]:
    """The sign, 2 and 1/2, and the numbers that the problem itself names: sizes, and arguments that are numbers."""
    found = measured(case)
    if found is None:
        return
    value, margin = found
    simple = whole_number(value, margin)
    if simple is not None and abs(simple[0]) in (1.0, 2.0, 0.5):
        yield Factor(*simple)
    name = match(value, margin, case.numbers)
    if name is not None:
        yield Factor(*name)


def any_factor(case: Case) -> Iterator[Factor]:
    """Any other number; one component alone would be explained by one always, so there another point must agree."""
    found = measured(case)
    if found is None or (case.speaking < 2 and case.elsewhere is None):
        return
    value, margin = found
    simple = whole_number(value, margin)
    if simple is not None:
        yield Factor(*simple)
    relative = margin / abs(value)
    digits = min(max(2, int(-math.log10(margin)) - 1), 12)  # as many as the error bar supports
    yield Factor(value, f"{value:.{digits}g}", slack=4 * relative)


def zero(case: Case) -> Iterator[Zero]:
    """All components that are to be explained are claimed to be zero."""
    if case.speaking and case.aligned:
        yield Zero()
