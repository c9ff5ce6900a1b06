"""The hypothesis that one step of the backward pass is wrong, and the search for the step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.numeric.diagnosis.backward import CALL, Backward
from chainrule.numeric.diagnosis.case import Case, Floats, Guess
from chainrule.numeric.diagnosis.changes.activations import activations
from chainrule.numeric.diagnosis.changes.change import Change, Changes, Key
from chainrule.numeric.diagnosis.changes.inner import inner_factors, wrong_partials
from chainrule.numeric.diagnosis.changes.operands import other_operands, transposed_terms
from chainrule.numeric.diagnosis.changes.paths import exchanged_paths, paths
from chainrule.numeric.diagnosis.changes.pieces import pieces
from chainrule.numeric.diagnosis.changes.rows import broadcasts, rows
from chainrule.numeric.diagnosis.changes.softmax import softmax_jacobians
from chainrule.numeric.diagnosis.factor import Factor, said as said_of
from chainrule.numeric.diagnosis.hypothesis import AtLine
from chainrule.numeric.diagnosis.named import Named, match, whole_number
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["CHANGES", "Budget", "WrongStep", "wrong_step"]

# The likely mistakes first; where two of them give the same numbers, the first is said.
CHANGES: Sequence[Changes] = (
    paths,
    inner_factors,
    activations,
    broadcasts,
    softmax_jacobians,
    other_operands,
    transposed_terms,
    rows,
    pieces,
    exchanged_paths,
    wrong_partials,
)

# In numbers computed: the search ends within a few seconds, whatever the size of the graph.
LIMIT = 100_000_000
MOST = LIMIT // CALL

ROUNDED = 64 * float(np.finfo(float).eps)


@dataclass(slots=True)
class Budget:
    """How much may still be computed, and whether that has kept a change from being tried."""

    left: int = LIMIT
    exhausted: bool = False
    tried: int = 0

    def take(self, amount: int) -> bool:
        """Whether the amount is still there; if so it is used up."""
        if self.left < amount:
            self.exhausted = True
            return False
        self.left -= amount
        self.tried += 1
        return True


@dataclass(frozen=True)
class WrongStep(AtLine):
    """The change called `key` of the backward pass, times `scale`."""

    key: Key
    scale: float

    def predict(self, case: Case) -> Sequence[Guess] | None:
        backward = case.backward
        change = None if backward is None else _changes_of(backward).get(self.key)
        if backward is None or change is None:
            return None
        try:
            with np.errstate(all="ignore"):
                altered = self.scale * change.altered() if self.scale else np.zeros_like(change.term)
                sent = backward.send(change.target, altered - change.term)
        except (ChainruleError, ValueError, TypeError, IndexError):
            return None
        guesses = []
        for part, exact in zip(case.parts, case.exact, strict=True):
            values = exact + sent[part.name]
            largest = float(np.abs(exact).max(initial=0.0))
            grown = float(np.abs(values).max(initial=0.0)) / largest if largest else 1.0
            tolerance = part.tolerance * max(1.0, grown if np.isfinite(grown) else 1.0)
            # What was right and what is sent may cancel, but not their rounding.
            guesses.append(Guess(values, tolerance + ROUNDED * float(np.abs(sent[part.name]).max(initial=0.0))))
        return guesses


def _changes_of(backward: Backward) -> dict[Key, Change]:
    """The changes of a backward pass, by their keys; they are computed when they are tried."""
    if backward.changes is None:
        every = (change for changes in CHANGES for change in changes(backward))
        backward.changes = {change.key: change for change in islice(every, MOST)}
    return backward.changes


def wrong_step(case: Case, budget: Budget) -> Iterator[WrongStep]:
    """Every change of a step that moves the gradient as it was claimed to be, seen along one direction."""
    backward = case.backward
    if backward is None or not case.aligned or not budget.take(backward.cost):
        return
    directions = _directions(case)
    try:
        tangents = backward.tangents(directions)
    except ChainruleError:  # an operation without forward mode
        return
    gap = slack = 0.0
    for part, exact, mask in zip(case.parts, case.exact, case.masks, strict=True):
        along = directions[part.name]
        left = part.claimed - exact
        gap += float(np.vdot(along, left if mask is None else np.where(mask, left, 0.0)))
        slack += float(np.vdot(np.abs(along), part.tolerance))
    if not np.isfinite(gap):
        return
    # A factor that a whole step lacks is said before one that nothing in the function accounts for.
    multiples: list[WrongStep] = []
    together: list[WrongStep] = []  # a change and a factor besides: two mistakes, said where no single one fits
    for change in _changes_of(backward).values():
        if not budget.take(3 * int(np.size(change.term)) + CALL):
            break
        tangent = tangents.get(change.target)
        if tangent is not None:
            for hypothesis in _scaled(case, change, tangent, gap, slack):
                if hypothesis.scale == 1 or (change.is_multiple and hypothesis.scale in (0, -1)):
                    yield hypothesis
                elif change.is_multiple:
                    multiples.append(hypothesis)
                else:
                    together.append(hypothesis)
    if len(_changes_of(backward)) == MOST:
        budget.exhausted = True
    yield from multiples
    yield from together


def _directions(case: Case) -> dict[str, Floats]:
    """A direction in which no two components move alike, so that nothing cancels by symmetry."""
    directions = {}
    place = 1
    for part, mask in zip(case.parts, case.masks, strict=True):
        steps = np.arange(place, place + part.point.size) * 0.6180339887498949
        place += part.point.size
        along = (0.5 + 0.5 * np.modf(steps)[0]).reshape(part.point.shape)
        directions[part.name] = along if mask is None else np.where(mask, along, 0.0)
    return directions


def _scaled(case: Case, change: Change, tangent: Any, gap: float, slack: float) -> Iterator[WrongStep]:
    try:
        with np.errstate(all="ignore"):
            altered = np.asarray(change.altered())
            now, then = float(np.vdot(change.term, tangent)), float(np.vdot(altered, tangent))
            size = float(np.sum(np.abs(altered * tangent)) + np.sum(np.abs(change.term * tangent)))
    except (ChainruleError, ValueError, TypeError, IndexError):
        return
    bar = 8 * slack + 1e-11 * size
    if not np.isfinite(then) or not np.isfinite(bar):
        return
    if abs(then - now - gap) <= bar and abs(gap) > bar:
        yield _hypothesis(change, 1.0, "")
        return
    if not change.scaled or abs(then) <= 8 * bar:
        return
    scale, margin = (gap + now) / then, bar / abs(then)
    numbers = [number for number in case.numbers if number.size] if change.is_multiple else case.numbers
    for value, text, made_of in _multiples(numbers, scale, margin):
        if value not in (0.0, 1.0) or (value == 0.0 and change.is_multiple):
            yield _hypothesis(change, value, text, made_of)


def _multiples(numbers: Sequence[Named], scale: float, margin: float) -> Iterator[tuple[float, str, tuple[Named, ...]]]:
    """The simple numbers that a multiple can be within its error bar."""
    if abs(scale) <= margin:
        yield 0.0, "0", ()
        return
    simple = whole_number(scale, margin)
    if simple is not None and 0.3 < abs(simple[0]) < 4:
        yield *simple, ()
    named = match(scale, margin, numbers)
    if named is not None:
        yield named


def _hypothesis(change: Change, scale: float, text: str, numbers: tuple[Named, ...] = ()) -> WrongStep:
    factor = Factor(scale, text, numbers)
    kind = change.kind(scale)
    if change.is_multiple and factor.kind in (Mistake.SUMMED, Mistake.AVERAGED):
        kind = factor.kind
    said = change.text
    if change.is_multiple:
        as_constant = ", as if it were a constant" if kind is Mistake.DETACHED else ""
        said += {0.0: f" is missing{as_constant}", -1.0: " has its sign flipped", 2.0: " is counted twice"}.get(
            scale, f" is {said_of(scale, text, numbers)}"
        )
    elif scale != 1.0:
        said += f"; besides, what is sent is {'of the wrong sign' if scale == -1 else said_of(scale, text, numbers)}"
    return WrongStep(kind, said, change.site, change.key, scale)
