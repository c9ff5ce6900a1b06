"""The gradient is right but for a number that multiplies all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.numeric.diagnosis.case import RESOLVED, Case, Guess
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.named import Named, defined, match, whole_number
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Factor", "NormFactor", "Zero", "any_factor", "measured", "norm_factor", "said", "sign_or_factor", "zero"]


@dataclass(frozen=True)
class Factor(Hypothesis):
    """Claimed is `value` times the right gradient; `text` is how it is written, `numbers` what it is made of."""

    value: float
    text: str
    numbers: tuple[Named, ...] = ()
    slack: float = 0.0  # of a factor that was measured, its relative error bar

    @property
    def kind(self) -> Mistake:
        if self.value == -1:
            return Mistake.SIGN
        if len(self.numbers) == 1 and self.numbers[0].size:
            if self.value == self.numbers[0].value:
                return Mistake.SUMMED
            if self.value == 1 / self.numbers[0].value:
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
        return said(self.value, self.text, self.numbers)


def said(value: float, text: str, numbers: tuple[Named, ...] = ()) -> str:
    """A factor in words, with the mistake that it usually comes from."""
    if value == -1:
        return "the sign is flipped"
    if not numbers:
        return f"off by the constant factor {text}"
    number, where, shown = numbers[0], defined(numbers), f"{value:.6g}"
    if len(numbers) == 1 and number.size and value == number.value:
        return f"off by the constant factor {shown}: summed instead of averaged, 1/{number.symbol} is missing, {where}"
    if len(numbers) == 1 and number.size and value == 1 / number.value:
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


@dataclass(frozen=True)
class NormFactor(Hypothesis):
    """Claimed is the right gradient times a power of the Euclidean norm of the parameters."""

    power: int

    kind = Mistake.INNER_FACTOR

    def predict(self, case: Case) -> Sequence[Guess]:
        factors = [float(np.linalg.norm(part.point)) ** self.power for part in case.parts]
        return [
            Guess(factor * part.reference, max(1.0, factor) * part.tolerance)
            for factor, part in zip(factors, case.parts, strict=True)
        ]

    def sentence(self, case: Case) -> str:
        norms = listed([f"||{name}||{'' if abs(self.power) == 1 else '^2'}" for name in case.names])
        factor = norms if self.power < 0 else f"1/{norms}"
        found = ", ".join(f"||{part.name}|| = {np.linalg.norm(part.point):.6g}" for part in case.parts)
        return f"an inner factor {factor} is missing, {found}"


def norm_factor(case: Case) -> Iterator[NormFactor]:
    """The norm or its square, or one over these; of one number the norm is the number itself, and tells nothing."""
    if case.linear or not case.aligned or case.speaking < 2:
        return
    if all(part.point.size > 1 and np.linalg.norm(part.point) for part in case.parts):
        yield from (NormFactor(power) for power in (1, -1, 2, -2))


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
