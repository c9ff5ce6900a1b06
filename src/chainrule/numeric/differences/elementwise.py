"""Functions that `derivative` takes: each element of the result depends on the same element of x, and on no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, ChainruleError, ShapeError
from chainrule.numeric.differences.schemes import SCHEMES, Scheme
from chainrule.numeric.differences.steps import step_for
from chainrule.numeric.probe import Probe, RealArray, label, precision, quiet
from chainrule.numeric.samples import Samples

__all__ = ["elementwise_samples", "require_elementwise"]


def elementwise_samples(f: Callable[[Any], Any], values: RealArray, scalar: bool, vectorized: bool | None) -> Samples:
    """f around x; a function of one number, such as math.gamma or one that branches on x, is called for each element.

    Raises `ShapeError` if the result has another shape than x.
    """
    whole = Probe(f, scalar=scalar)
    try:
        samples = Samples(whole, values, vectorized)
    except (TypeError, ValueError) as error:
        if not values.size or not values.ndim or isinstance(error, ChainruleError):
            raise
        return _by_element(f, values, error)
    if samples.centre.shape == values.shape:
        return samples
    if values.size == 1 and samples.centre.shape == () and vectorized is not True:
        # math.exp takes an array of one element for a number.
        return _by_element(f, values, None)
    raise ShapeError(
        f"{whole.name} returned shape {samples.centre.shape} for x of shape {values.shape}: "
        "derivative needs an elementwise function; use jacobian"
    )


def _by_element(f: Callable[[Any], Any], values: RealArray, refusal: Exception | None) -> Samples:
    one = Probe(f, scalar=True)
    try:
        one(np.asarray(values.flat[0]))
    except (ArithmeticError, ValueError) as error:
        # It takes a number, but not this one.
        error.add_note(f"raised by {one.name} at {label('x', (0,) * values.ndim)}, the point of differentiation")
        raise error from refusal
    except Exception:
        raise refusal or ShapeError(f"{one.name} takes no single number") from None
    return Samples(_ElementProbe(one, values), values, vectorized=False)


class _ElementProbe(Probe):
    """A function of one number, called for each element of an array: NaN where it is undefined beside x."""

    def __init__(self, one: Probe, values: RealArray) -> None:
        super().__init__(one.f, name=one.name)
        self._one, self._values = one, values

    def __call__(self, values: RealArray) -> RealArray:
        self.evaluations += 1
        found = [self._element(number, own) for number, own in zip(values.flat, self._values.flat, strict=True)]
        self.cause = self._one.cause
        shapes = [out.shape for out in found if out.shape]
        if shapes:
            raise ShapeError(f"{self.name} returned shape {shapes[0]} for one number: use jacobian")
        return np.array(found).reshape(values.shape)

    def _element(self, number: Any, own: Any) -> RealArray:
        if number == own:
            return self._one(np.asarray(number))
        out = self._one.beside(np.asarray(number))
        return np.asarray(np.nan) if out is None else out


def require_elementwise(samples: Samples, h: float | None, rule: Scheme | None) -> None:
    """Raise `ArgumentError` if an element of the result changes when only other elements of x move.

    The elements that move are those with a 1 in one digit of their number in binary, then those with a 0: every pair
    of elements is apart in one of these, so the cost is two evaluations a digit.
    """
    values, centre = samples.values, samples.centre
    eps = precision(values, centre)
    step = step_for(values, None if rule is None else h, rule or SCHEMES["central"], eps)
    if rule is not None and rule.name == "backward":
        step = -step
    number = np.arange(values.size).reshape(values.shape)
    digits = range(int(values.size - 1).bit_length())
    moving = [(number >> digit & 1) == side for digit in digits for side in (1, 0)]
    # A function that raises beside one element says nothing of the others: then they move the other way, or by little.
    with quiet():
        shifted = [values + shift for shift in (step, -step, 64 * np.spacing(np.abs(values)))]
    for elsewhere in shifted:
        points = (np.where(those, elsewhere, values) for those in moving)
        undecided = []
        for those, out in zip(moving, samples.many(points, len(moving)), strict=True):
            _compare(samples, out, ~those, eps)
            if np.isnan(out).all():
                undecided.append(those)
        moving = undecided
        if not moving:
            return


def _compare(samples: Samples, out: RealArray, still: Any, eps: float) -> None:
    if np.isnan(out).all():
        return
    centre = samples.centre
    with quiet():
        # A few units of rounding are granted: vectorised mathematics may take another path for the same number beside
        # other neighbours.
        same = np.abs(out - centre) <= 8 * eps * np.abs(centre)
        same |= (out == centre) | (np.isnan(out) & np.isnan(centre))
    changed = still & ~same
    if changed.any():
        index = [int(i) for i in np.argwhere(changed)[0]]
        raise ArgumentError(
            f"{samples.probe.name} is not elementwise: its result {index} changes when only other elements of x move; "
            "use jacobian"
        )
