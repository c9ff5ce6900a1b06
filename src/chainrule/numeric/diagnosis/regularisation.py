"""An additive term proportional to the parameters, missing or too much: regularisation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.core.graph import Site
from chainrule.numeric.diagnosis.case import RESOLVED, Case, Floats, Guess
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.named import Named, defined, match, whole_number
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Term", "any_term", "proportional_term"]


@dataclass(frozen=True)
class Term(Hypothesis):
    """`coefficient` times the parameters is added to the right gradient; with `signs`, times their signs."""

    coefficient: float
    symbol: str = ""  # how the coefficient is written, where it is made of numbers with names, and these
    numbers: tuple[Named, ...] = ()
    signs: bool = False
    slack: float = 0.0
    line: Site | None = None  # of the step of f that adds it

    @property
    def site(self) -> Site | None:  # type: ignore[override]
        return self.line

    @property
    def kind(self) -> Mistake:
        return Mistake.TERM_EXTRA if self.coefficient > 0 else Mistake.TERM_MISSING

    def predict(self, case: Case) -> Sequence[Guess]:
        guesses = []
        for part in case.parts:
            added = self.coefficient * (np.sign(part.point) if self.signs else part.point)
            guesses.append(Guess(part.reference + added, part.tolerance + self.slack * np.abs(added)))
        return guesses

    def sentence(self, case: Case) -> str:
        of = [f"sign({name})" if self.signs else name for name in case.names]
        term = listed([f"{abs(self.coefficient):.6g} {name}" for name in of])
        if self.symbol:
            term += f" = {listed([f'{self.symbol} {name}' for name in of])}"
            sizes = [number for number in self.numbers if number.size]  # other numbers go by the user's own names
            term += f", {defined(sizes)}" if sizes else ""
        if self.line is not None:
            term += f", which {self.line} adds"
        if self.coefficient > 0:
            return f"an additive term proportional to the parameters is too much: {term} (regularisation)"
        return f"an additive term proportional to the parameters is missing: {term} (regularisation)"


def proportional_term(case: Case) -> Iterator[Term]:
    """With a coefficient that the problem names: an argument that is a number, or made of those and of sizes."""
    for value, margin, signs, _ in _fitted(case):
        named = match(value, margin, case.numbers)
        if named is not None:
            exact, symbol, numbers = named
            yield Term(exact, symbol.lstrip("-"), numbers, signs)


def any_term(case: Case) -> Iterator[Term]:
    """With any coefficient; one component alone would be explained always, so there another point must agree.

    Where the right gradient is itself proportional to the parameters, such a term is no more than a factor.
    """
    for value, margin, signs, speaking in _fitted(case):
        if (speaking < 2 and case.elsewhere is None) or _is_multiple(case, signs):
            continue
        if signs and len(np.unique(np.sign(case.column("point")))) < 2:
            continue  # that would be any constant
        simple = whole_number(value, margin)
        if simple is not None:
            yield Term(simple[0], signs=signs)
        yield Term(value, signs=signs, slack=4 * margin / abs(value))


def _fitted(case: Case) -> Iterator[tuple[float, float, bool, int]]:
    """What is left of the claimed gradient without the right one, fitted by the parameters and by their signs."""
    if case.linear or not case.aligned:
        return
    left = case.column("claimed") - case.column("reference")
    tolerance, point = case.column("tolerance"), case.column("point")
    for signs in (False, True):
        direction = np.sign(point) if signs else point
        found = _coefficient(left, direction, tolerance)
        if found is None:
            continue
        value, margin = found
        yield value, margin, signs, int(np.count_nonzero(np.abs(direction) * abs(value) > RESOLVED * tolerance))


def _is_multiple(case: Case, signs: bool) -> bool:
    """Whether several components of the right gradient are the same multiple of the parameters, or of their signs."""
    point, reference, tolerance = (case.column(of) for of in ("point", "reference", "tolerance"))
    if point.size < 2:
        return False  # always so; another point tells
    direction = np.sign(point) if signs else point
    square = float(direction @ direction)
    share = float(reference @ direction) / square if square else 0.0
    return bool((np.abs(reference - share * direction) <= RESOLVED * tolerance).all())


def _coefficient(left: Floats, direction: Floats, tolerance: Floats) -> tuple[float, float] | None:
    """What to multiply the direction by, by the component known best, with its error bar."""
    with np.errstate(all="ignore"):
        known = np.nan_to_num(np.abs(direction) / tolerance, nan=0.0, posinf=np.finfo(float).max)
    if not known.size or not known.max():
        return None
    best = int(np.argmax(known))
    value = float(left[best] / direction[best])
    margin = max(float(tolerance[best] / abs(direction[best])), 4 * float(np.finfo(float).eps) * abs(value))
    return (value, margin) if np.isfinite(value) and abs(value) > RESOLVED * margin else None
