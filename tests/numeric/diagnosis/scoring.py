"""Evidence about the corpus, and how often its mistakes are named.

A diagnosis is right where it says the kind that was made, or where it predicts the very same numbers at another point,
drawn independently; wrong where it does neither. A kind that is right by name but predicts other numbers is wrong.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import numpy as np
from numeric.diagnosis.corpus import CORPUS, Loss
from numeric.diagnosis.corpus.loss import edited

import chainrule as cr
from chainrule.errors import ShapeError
from chainrule.numeric.diagnosis import Diagnosis, Mistake, diagnose
from chainrule.numeric.evidence import Evidence


@dataclass(frozen=True)
class Mutant:
    """A gradient of a loss with a mistake in it."""

    loss: Loss
    kinds: tuple[Mistake, ...]
    df: Callable[..., Any]
    label: str


@dataclass
class Score:
    """How many mutants were diagnosed right, wrong, and not at all."""

    right: int = 0
    wrong: int = 0
    none: int = 0
    by_name: int = 0
    confusion: Counter[tuple[str, str]] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.right + self.wrong + self.none


def checked(loss: Loss, df: Callable[..., Any], args: Sequence[Any], by_function: bool = True) -> Evidence | None:
    """The evidence that `chainrule.check` collects for the diagnosis; None where the check passes.

    With `by_function` false the gradient is given as arrays, so that no other point can be looked at.
    """
    found: list[Evidence] = []

    argnums: Any = loss.argnums if len(loss.argnums) > 1 else loss.argnums[0]
    with patch.object(sys.modules[cr.check.__module__], "diagnose", found.append):
        try:
            cr.check(loss.f, df if by_function else df(*args), *args, argnums=argnums)
        except ShapeError:
            assert found  # a gradient of another shape is an error only where no diagnosis is found
    return found[0] if found else None


def edits(losses: Sequence[Loss] = CORPUS) -> Iterator[Mutant]:
    """The mistakes written down in the corpus."""
    for loss in losses:
        for edit in loss.edits:
            yield Mutant(loss, (edit.kind,), edited(loss, edit), f"{loss.name}: {edit.right} -> {edit.wrong}")


def _changed(loss: Loss, change: Callable[..., Any]) -> Callable[..., Any]:
    def df(*args: Any) -> Any:
        found = tuple(
            change(np.array(g, float), np.asarray(args[at]))
            for g, at in zip(loss.gradients(loss.df, args), loss.argnums, strict=True)
        )
        return found if len(found) > 1 else found[0]

    return df


def _last(g: Any, p: Any) -> Any:
    out = g.copy()
    out[(..., -1) if g.ndim else ()] *= -1
    return out


def _first_zero(g: Any, p: Any) -> Any:
    out = g.copy()
    out[0 if g.ndim else ()] = 0
    return out


TRANSFORMS: Sequence[tuple[str, tuple[Mistake, ...], Callable[..., Any]]] = (
    ("negated", (Mistake.SIGN,), lambda g, p: -g),
    ("doubled", (Mistake.FACTOR,), lambda g, p: 2 * g),
    ("halved", (Mistake.FACTOR,), lambda g, p: g / 2),
    ("twice negated", (Mistake.FACTOR,), lambda g, p: -2 * g),
    ("rolled", (Mistake.SHIFTED,), lambda g, p: np.roll(g, 1, 0) if g.ndim else 3 * g),
    ("rolled back", (Mistake.SHIFTED,), lambda g, p: np.roll(g, -1, -1) if g.ndim else g / 3),
    ("decayed", (Mistake.TERM_EXTRA,), lambda g, p: g + 0.37 * p),
    ("decay missing", (Mistake.TERM_MISSING,), lambda g, p: g - 0.025 * p),
    ("last negated", (Mistake.SIGN,), _last),
    ("first zero", (Mistake.ZERO,), _first_zero),
    ("reversed", (Mistake.REORDERED,), lambda g, p: g[::-1] if g.ndim else 1.7 * g),
)


def transforms() -> Iterator[Mutant]:
    """Three of the changes of the right gradient for every loss, each in its turn."""
    for place, loss in enumerate(CORPUS):
        for turn in range(3):
            name, kinds, change = TRANSFORMS[(3 * place + turn) % len(TRANSFORMS)]
            yield Mutant(loss, kinds, _changed(loss, change), f"{loss.name}: {name}")


def points(mutant: Mutant, by_function: bool = True) -> Iterator[Evidence]:
    """What is found at points drawn independently, at which the mistake shows."""
    for seed in range(100, 200):
        evidence = checked(mutant.loss, mutant.df, mutant.loss.make(np.random.default_rng(seed)), by_function)
        if evidence is not None:
            yield evidence


def judged(mutant: Mutant, by_function: bool = True) -> tuple[str, Diagnosis | None]:
    """Whether a mutant is diagnosed "right", "wrong" or "none"."""
    at = points(mutant, by_function)
    found = diagnose(next(at))
    if not found:
        return "none", found
    fit = found.misfit(next(at))
    right = found.kind in mutant.kinds if fit is None else fit <= 1
    return ("right" if right else "wrong"), found


def score(mutants: Iterable[Mutant], by_function: bool = True) -> Score:
    """The judgement of many mutants."""
    total = Score()
    for mutant in mutants:
        verdict, found = judged(mutant, by_function)
        setattr(total, verdict, getattr(total, verdict) + 1)
        said = found.kind if found else None
        total.by_name += verdict == "right" and said in mutant.kinds
        total.confusion[mutant.kinds[0].value, said.value if said else "none"] += 1
        if verdict != "right":
            total.notes.append(f"{verdict}: {mutant.label}: {found}")
    return total
