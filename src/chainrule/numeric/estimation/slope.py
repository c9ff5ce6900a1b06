"""A derivative of a function of one variable with its error and what it is worth: the whole procedure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from chainrule.numeric.estimation.extrapolate import BUDGET, extrapolate, scan
from chainrule.numeric.estimation.ladder import Ladder, Sides, rung
from chainrule.numeric.estimation.plateau import plateau
from chainrule.numeric.estimation.polynomial import SUSPECT, Fit, steepest
from chainrule.numeric.estimation.scale import find_scale
from chainrule.numeric.estimation.singular import (
    ALLOWANCE,
    Approach,
    approach,
    one_sided,
    scatter,
    steepness,
    trembles,
)
from chainrule.numeric.estimation.teeth import teeth
from chainrule.numeric.status import Side, Status

__all__ = ["Slope", "differentiate_line", "slope_along"]

# One-sided derivatives differ if their bars are further apart than this many times their sum.
APART = 2.0
# Rungs further down, where no scale is quiet yet.
DEEPER = 12
# Slopes that differ by less than this part of the gap of a kink deny it.
DENIED = 0.5
# A kink whose slopes differ by s leaves at least s times this part of the radius over.
KINK = 40
# Of many windows the one with the smallest bar is taken. Rounding bounds the noise from below, and the luck with it;
# nothing does so for other noise.
LUCK = 2
# A function that is seen to go up in steps shows its slope over so many of them.
STEPS = 4
BOTH: Sides = (1, -1)


@dataclass(frozen=True, slots=True)
class Slope:
    """A derivative along a line: as `Estimate`, for one point."""

    value: float
    error: float
    status: Status
    step: float = math.nan
    left: float = math.nan
    right: float = math.nan
    side: Side | None = None
    evaluations: int = 0
    cause: str = ""


def slope_along(
    phi: Callable[[float], float],
    *,
    start: float = 0.125,
    least: float = 0.0,
    furthest: float = 1e300,
    eps: float = 2.0**-52,
    order: int = 1,
) -> Slope:
    """The derivative of phi at 0, such as phi(t) = f(p + t v), with its error bar and, at a kink, both slopes.

    `start` is the first distance to look at, `least` the smallest and `furthest` the largest that make sense, `eps`
    the machine epsilon of the coarsest number involved. Values that are not finite, and an `ArithmeticError` or
    `ValueError` of phi, mean undefined; what else it raises passes through. Takes at most 29 evaluations where phi is
    smooth.

    >>> import math
    >>> slope = slope_along(lambda t: math.exp(1 + 2 * t))
    >>> abs(slope.value - 2 * math.e) <= slope.error < 1e-12
    True
    """
    return differentiate_line(Ladder(phi, start=start, least=least, furthest=furthest, eps=eps), order)


def differentiate_line(ladder: Ladder, order: int) -> Slope:
    """The derivative of given order of the function that a ladder samples, at its centre."""
    return replace(_differentiate(ladder, order), evaluations=ladder.evaluations, cause=ladder.cause)


def _differentiate(ladder: Ladder, order: int) -> Slope:
    if not math.isfinite(ladder.centre):
        beside = [math.isfinite(ladder.sample(ladder.lowest + 1, side)[1]) for side in BOTH]
        return Slope(math.nan, math.inf, Status.UNDEFINED, side=Side.HERE if any(beside) else Side.BOTH)
    scale = find_scale(ladder, BOTH, order)
    if scale.undefined:
        return _edge(ladder, order, scale.undefined)
    fit = extrapolate(ladder, scale.top, order, BOTH, budget=BUDGET + scale.lost) if scale.smooth else None
    if fit is None:
        return _rough(ladder, order)
    if fit.size == 0:
        return _flat(ladder, fit, order)
    if fit.size <= SUSPECT * fit.floor and rung(fit.radius, round) <= ladder.start - DEEPER:
        # It was rough further out, and here nothing but rounding shows: a kink, say, would not.
        return _between(ladder, order, ladder.start - DEEPER, ladder.start) or _smooth(ladder, fit, order)
    if not fit.suspicious(ladder.spacing(0.0)):
        return _settled(ladder, fit, order)
    noise, place = trembles(ladder, fit)
    if noise:
        return _smooth(ladder, fit, order)
    inner = _between(ladder, order, place, rung(fit.radius, math.ceil))
    return inner or Slope(fit.value, max(fit.error, _hidden(fit, order)), Status.UNRESOLVED, fit.radius)


def _tolerance(ladder: Ladder, order: int) -> float:
    return ladder.eps ** (1 / (order + 1))


def _settled(ladder: Ladder, fit: Fit, order: int) -> Slope:
    """The verdict on a fit that leaves only rounding over, unless that is so between the teeth of a saw only."""
    ladder.noise = teeth(ladder, fit)
    if not ladder.noise:
        return _smooth(ladder, fit, order)
    scale = find_scale(ladder, BOTH, order)
    wider = extrapolate(ladder, scale.top, order, BOTH, budget=ladder.evaluations + ALLOWANCE) if scale.smooth else None
    if wider is None or wider.radius <= fit.radius:
        return replace(_smooth(ladder, fit, order), status=Status.UNRESOLVED)
    return Slope(wider.value, LUCK * wider.error, Status.NOISY, wider.radius)


def _smooth(ladder: Ladder, fit: Fit, order: int) -> Slope:
    size = abs(fit.value)
    # Nothing but rounding has been seen, which is not the same as nothing.
    hidden = 0 < fit.bend <= SUSPECT * fit.floor
    if not math.isfinite(fit.error):
        if hidden or math.isfinite(size):
            return Slope(math.nan, math.inf, Status.UNRESOLVED, fit.radius)
        return Slope(fit.value, math.inf, Status.UNBOUNDED, fit.radius)
    if size <= fit.error:
        if hidden:
            return Slope(fit.value, fit.error, Status.ROUNDING, fit.radius)
        # Nought as far as one can tell: measured against what the values of the function could make up.
        size = fit.bend
        for _ in range(order):
            size = size / fit.radius
    if fit.size == 0 or fit.error <= _tolerance(ladder, order) * size:
        status = Status.CONVERGED
    elif fit.suspicious(ladder.spacing(0.0)):
        return Slope(fit.value, LUCK * fit.error, Status.NOISY, fit.radius)
    else:
        status = Status.ROUNDING if fit.error <= 3 * fit.carried else Status.UNRESOLVED
    return Slope(fit.value, fit.error, status, fit.radius)


def _flat(ladder: Ladder, fit: Fit, order: int) -> Slope:
    """The verdict where no sample differs from the value at the point: a constant, or changes lost in rounding."""
    here = _smooth(ladder, fit, order)
    found = plateau(ladder, rung(fit.radius, round))
    if found is None or found.step <= SUSPECT * fit.floor:
        # The rounding of the value alone accounts for it, and the bar has that already.
        return here if found is None else replace(here, status=Status.ROUNDING)
    # A polynomial within one step of nought as far as the plateau reaches. Source: S. Bernstein's inequality.
    bar = found.step * steepest(order)
    for _ in range(order):
        bar /= found.reach
    ladder.noise = found.step / 12**0.5
    scale = find_scale(ladder, BOTH, order, start=rung(found.reach, round))
    wider = extrapolate(ladder, scale.top, order, BOTH, budget=ladder.evaluations + ALLOWANCE) if scale.smooth else None
    enough = STEPS if found.staircase else SUSPECT
    if wider and wider.size > enough * found.step and wider.error < bar and not wider.suspicious(ladder.spacing(0.0)):
        # Further out the steps are small beside what the function does: it is they that are the rounding.
        if found.rounded:
            return Slope(wider.value, wider.error, Status.ROUNDING, wider.radius)
        # Too high for rounding: a staircase, which has both this slope and none.
        return Slope(wider.value, max(abs(wider.value), wider.error), Status.NOISY, wider.radius)
    if not found.staircase and not found.rounded:
        return here
    return Slope(0.0, max(bar, here.error), Status.ROUNDING, found.reach)


def _edge(ladder: Ladder, order: int, undefined: Sides) -> Slope:
    if len(undefined) == 2:
        return Slope(math.nan, math.inf, Status.UNDEFINED, side=Side.BOTH)
    side = -undefined[0]
    value, error, step = _side(ladder, side, order)
    return Slope(
        value,
        error,
        Status.UNDEFINED,
        step,
        left=value if side < 0 else math.nan,
        right=value if side > 0 else math.nan,
        side=Side.RIGHT if side < 0 else Side.LEFT,
    )


def _side(ladder: Ladder, side: int, order: int) -> tuple[float, float, float]:
    """The one-sided derivative, its error and step; NaN where there is none."""
    behaves = approach(ladder, side)
    if behaves is Approach.UNBOUNDED:
        return steepness(ladder, side) if order == 1 else math.nan, math.inf, math.nan
    fit = one_sided(ladder, side, order) if behaves is Approach.REGULAR else None
    return (fit.value, fit.error, fit.radius) if fit else (math.nan, math.inf, math.nan)


def _rough(ladder: Ladder, order: int) -> Slope:
    """What to say where no scale was found at which the function is smooth."""
    behaves = {side: approach(ladder, side) for side in BOTH}
    kinds = set(behaves.values())
    if Approach.UNDEFINED in kinds:
        return _edge(ladder, order, tuple(side for side in BOTH if behaves[side] is Approach.UNDEFINED))
    if Approach.ENDING in kinds:
        return Slope(math.nan, math.inf, Status.UNRESOLVED)
    if Approach.SCATTERED in kinds:
        return _noisy(ladder, order)
    if kinds == {Approach.REGULAR}:
        return _compared(ladder, order) or Slope(math.nan, math.inf, Status.UNRESOLVED)
    (right, _, step), (left, _, _) = (_side(ladder, side, order) for side in BOTH)
    if Approach.JUMP in kinds:
        return Slope(math.nan, math.inf, Status.JUMP, step, left, right)
    return Slope(right if left == right else math.nan, math.inf, Status.UNBOUNDED, step, left, right)


def _noisy(ladder: Ladder, order: int) -> Slope:
    ladder.noise = scatter(ladder, 0)
    if ladder.noise < 0.05 * scatter(ladder, 20):
        # It dies away towards the point, as x sin(1/x) does: an oscillation.
        return Slope(math.nan, math.inf, Status.UNRESOLVED)
    scale = find_scale(ladder, BOTH, order)
    fit = extrapolate(ladder, scale.top, order, BOTH, budget=ladder.evaluations + ALLOWANCE)
    if fit is None or fit.noise > SUSPECT * ladder.noise:
        return Slope(math.nan, math.inf, Status.UNRESOLVED)
    return Slope(fit.value, LUCK * fit.error, Status.NOISY, fit.radius)


def _compared(ladder: Ladder, order: int) -> Slope | None:
    """The verdict of the derivatives from the two sides, up to the order asked for. None if there are none."""
    for lower in range(1, order):
        right, left = (one_sided(ladder, side, lower) for side in BOTH)
        if left is None or right is None:
            return None
        if _differ(left, right):
            return _lower_kink(ladder, order)
    right, left = (one_sided(ladder, side, order) for side in BOTH)
    if left is None or right is None:
        return None
    if _differ(left, right):
        return _kink(left, right)
    if left.size == right.size == 0:
        return _flat(ladder, left if left.radius < right.radius else right, order)
    better = left if left.error < right.error else right
    error = max(left.error, right.error) + abs(right.value - left.value)
    found = _smooth(ladder, replace(better, error=error), order)
    return found if found.status is Status.CONVERGED else replace(found, status=Status.UNRESOLVED)


def _differ(left: Fit, right: Fit) -> bool:
    return abs(right.value - left.value) > APART * (right.error + left.error)


def _kink(left: Fit, right: Fit) -> Slope:
    half = abs(right.value - left.value) / 2 + left.error + right.error
    middle = (left.value + right.value) / 2
    return Slope(middle, half, Status.KINK, max(left.radius, right.radius), left.value, right.value)


def _lower_kink(ladder: Ladder, order: int) -> Slope:
    # A derivative of lower order jumps: there is none of this order, though there may be one from either side.
    right, left = (_side(ladder, side, order)[0] for side in BOTH)
    return Slope(math.nan, math.inf, Status.KINK, left=left, right=right)


def _between(ladder: Ladder, order: int, place: int, high: int) -> Slope | None:
    """The derivative at a scale between two rungs, at one further down, or the kink there. None if all is rough."""
    for low in range(place, max(place - 3 * DEEPER, ladder.lowest), -DEEPER):
        both = scan(ladder, low, high, order, BOTH)
        for lower in range(1, order + 1):
            right, left = (scan(ladder, low, high, lower, (side,)) for side in BOTH)
            if (
                left
                and right
                and _differ(left, right)
                and not (both and _denied(ladder, low, both, left, right, lower))
            ):
                return _kink(left, right) if lower == order else _lower_kink(ladder, order)
        if both is not None:
            return _settled(ladder, both, order)
    return None


def _denied(ladder: Ladder, low: int, both: Fit, left: Fit, right: Fit, order: int) -> bool:
    """Whether slopes that differ do not where a smooth window lies: what parts them is beside x.

    The window alone does not tell, since a kink at x is even in the distance and the first derivative odd.
    """
    inside = (scan(ladder, low, rung(both.radius, math.floor), order, (side,)) for side in BOTH)
    bounds = [one.error + abs(one.value - both.value) for one in inside if one is not None]
    return len(bounds) == 2 and sum(bounds) < DENIED * abs(right.value - left.value)


def _hidden(fit: Fit, order: int) -> float:
    """How large a kink may be that leaves as much over as the fit does: where noise does not explain it."""
    return fit.noise * (KINK / fit.radius) ** order
