"""The right numbers in the wrong places: transposed, shifted by a row, in another order, of another shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from chainrule.numeric.diagnosis.case import Case, Floats, Guess
from chainrule.numeric.diagnosis.combined import with_factor
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, listed
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Moved", "Permuted", "Reshaped", "moved", "permuted", "reshaped", "shift"]


@dataclass(frozen=True)
class Moved(Hypothesis):
    """Every component stands in another place: `move` takes the right gradient to the claimed one."""

    text: str
    mistake: Mistake
    move: Callable[[Floats], Floats] = field(repr=False, compare=False)

    @property
    def kind(self) -> Mistake:
        return self.mistake

    def predict(self, case: Case) -> Sequence[Guess]:
        # What is filled in with zeros still has the error bar of the part.
        guesses = []
        for part in case.parts:
            tolerance = np.maximum(self.move(part.tolerance), part.tolerance.min(initial=np.inf))
            guesses.append(Guess(self.move(part.reference), tolerance))
        return guesses

    def sentence(self, case: Case) -> str:
        return self.text


def shift(values: Floats, by: int, axis: int, fill: str) -> Floats:
    """Values moved by one along an axis; what enters at the end is the other end, zero, or the end itself again."""
    rolled = np.roll(values, by, axis)
    entered = [slice(None)] * values.ndim
    entered[axis] = slice(None, by) if by > 0 else slice(by, None)
    if fill == "zero":
        rolled[tuple(entered)] = 0.0
    elif fill == "again":
        rolled[tuple(entered)] = values[tuple(entered)]
    return rolled


_FILLS = (("rolled", "roll"), ("shifted", "zero"), ("shifted, with the end repeated,", "again"))


def moved(case: Case) -> Iterator[Hypothesis]:
    """Transposed; read in column-major order; reversed; rolled or shifted by one, either way, along any axis."""
    if case.linear:
        return
    dimensions = {part.reference.ndim for part in case.parts}
    if len(dimensions) != 1:
        return
    ndim = dimensions.pop()
    for text, mistake, move in _moves(ndim):
        yield from with_factor(case, Moved(text, mistake, move))


def _moves(ndim: int) -> Iterator[tuple[str, Mistake, Callable[[Floats], Floats]]]:
    def along(axis: int) -> str:
        return "" if ndim == 1 else f" along axis {axis}"

    if ndim == 2:
        yield "transposed", Mistake.TRANSPOSED, lambda a: a.T.copy()
    for i in range(ndim if ndim > 2 else 0):
        for j in range(i + 1, ndim):
            text = f"transposed: axes {i} and {j} are exchanged"
            yield text, Mistake.TRANSPOSED, lambda a, i=i, j=j: np.swapaxes(a, i, j).copy()  # type: ignore[misc]
    if ndim > 1:
        text = "the right components in column-major order, as of a transposed array that was reshaped"
        yield text, Mistake.TRANSPOSED, lambda a: a.ravel("F").reshape(a.shape)
        yield text, Mistake.TRANSPOSED, lambda a: a.ravel().reshape(a.shape, order="F")
    for axis in range(ndim):
        for how, fill in _FILLS:
            for by in (1, -1):
                text = f"off by one: {how} {'down' if by > 0 else 'up'} by one place{along(axis)}"
                yield text, Mistake.SHIFTED, lambda a, b=by, x=axis, f=fill: shift(a, b, x, f)  # type: ignore[misc]
    for axis in range(ndim):
        yield f"in reversed order{along(axis)}", Mistake.REORDERED, lambda a, x=axis: np.flip(a, x).copy()  # type: ignore[misc]


@dataclass(frozen=True)
class Permuted(Hypothesis):
    """The claimed components are the right ones in some other order."""

    kind = Mistake.REORDERED

    def predict(self, case: Case) -> Sequence[Guess] | None:
        if not case.aligned:
            return None
        guesses = []
        for part in case.parts:
            order = np.empty(part.claimed.size, int)
            order[np.argsort(part.claimed, axis=None, kind="stable")] = np.argsort(
                part.reference, axis=None, kind="stable"
            )
            shape = part.reference.shape
            guesses.append(
                Guess(part.reference.ravel()[order].reshape(shape), part.tolerance.ravel()[order].reshape(shape))
            )
        return guesses

    def sentence(self, case: Case) -> str:
        return f"the components of {listed(case.names)} are the right ones in another order"


def permuted(case: Case) -> Iterator[Permuted]:
    """Only where the components can be told apart, and there are enough of them for this to be no accident."""
    if case.linear or not case.aligned or case.speaking < 4 or any(mask is not None for mask in case.masks):
        return
    if len(case.wrong) < len(case.parts):
        return
    for part in case.parts:
        gaps = np.diff(np.sort(part.reference, axis=None))
        if part.reference.size > 1 and gaps.min() <= 8 * part.tolerance.max():
            return
    yield Permuted()


@dataclass(frozen=True)
class Reshaped(Hypothesis):
    """The claimed gradient has another shape, and in C order the right numbers; `transposed`, in column-major order."""

    transposed: bool = False

    @property
    def kind(self) -> Mistake:
        return Mistake.TRANSPOSED if self.transposed else Mistake.RESHAPED

    def predict(self, case: Case) -> Sequence[Guess] | None:
        order: Literal["F", "C"] = "F" if self.transposed else "C"
        guesses = []
        for part in case.parts:
            if part.claimed.size != part.reference.size:
                return None
            shape = part.claimed.shape
            values, tolerance = (np.asarray(a).ravel(order).reshape(shape) for a in (part.reference, part.tolerance))
            guesses.append(Guess(values, tolerance))
        return guesses

    def sentence(self, case: Case) -> str:
        part = case.parts[0]
        shapes = f"its shape is {part.claimed.shape}, that of {part.name} is {part.reference.shape}"
        return f"transposed: {shapes}" if self.transposed else f"the numbers are right, but {shapes}"


def reshaped(case: Case) -> Iterator[Hypothesis]:
    """Where the shape of the claimed gradient is not that of the parameters."""
    if all(part.claimed.shape == part.reference.shape for part in case.parts):
        return
    # A vector has no columns to mix up.
    if all(part.claimed.shape == part.reference.shape[::-1] and part.reference.ndim > 1 for part in case.parts):
        yield from with_factor(case, Moved("transposed: " + _shapes(case), Mistake.TRANSPOSED, lambda a: a.T.copy()))
    for transposed in (False, True):
        yield from with_factor(case, Reshaped(transposed))


def _shapes(case: Case) -> str:
    part = case.parts[0]
    return f"its shape is {part.claimed.shape}, that of {part.name} is {part.reference.shape}"
