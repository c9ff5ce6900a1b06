"""A gradient of very many components compared with the exact derivative, once random directions have confirmed that.

At a kink the exact derivative is only one of those that are right: any value between the slopes of the two sides is. So
there it is an interval, spanned by the limits of the gradient from several directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chainrule.numeric.checking.claim import Claim
from chainrule.numeric.checking.directions import (
    LOCATED,
    SEARCHED,
    SEED,
    SHOWN,
    Floats,
    compare_along,
    component_slope,
    measured_along,
    product,
)
from chainrule.numeric.checking.findings import Findings
from chainrule.numeric.checking.limiting import Limits
from chainrule.numeric.checking.measure import EVALUATIONS, Slope
from chainrule.numeric.checking.one_by_one import CLEAR, measured_component, rounding_bar, rounding_of
from chainrule.numeric.checking.patterns import grouped
from chainrule.numeric.checking.report import Component, Direction, KinkMet
from chainrule.numeric.checking.trembling import SAMPLED, by_array
from chainrule.numeric.probe import RealArray, quiet
from chainrule.numeric.status import Status

__all__ = ["compare_exactly"]

CONFIRMING = 3  # random directions: two equal errors cancel along all of them with probability 1/8


@dataclass(slots=True)
class _Interval:
    """The right values of each component: one but at kinks."""

    low: RealArray
    high: RealArray
    complete: bool = True  # no limit was out of reach

    def admit(self, gradient: RealArray | None) -> None:
        """Widen it by one more limit; what is not finite there, at a pole, says nothing."""
        if gradient is None:
            self.complete = False
        else:
            known = np.isfinite(gradient)
            self.low = np.where(known, np.minimum(self.low, gradient), self.low)
            self.high = np.where(known, np.maximum(self.high, gradient), self.high)

    @property
    def middle(self) -> RealArray:
        # Exact where both ends are the same.
        return self.low + (self.high - self.low) / 2

    @property
    def half(self) -> RealArray:
        return (self.high - self.low) / 2


def compare_exactly(claim: Claim, exact: RealArray, budget: int) -> Findings:
    """Compare every component with the exact derivative, after random directions have confirmed that.

    Components at a kink are compared with all limits of the gradient there. One that is outside of them counts as wrong
    only if it is so as measured by itself, or as all are that were measured.
    """
    random, scale = np.random.default_rng(SEED), claim.scale()
    limits = claim.limits
    right = _Interval(exact, exact)
    found: list[Direction] = []
    kinks: list[KinkMet] = []
    measured_bar = np.inf
    for number in range(1, CONFIRMING + 1):
        v = random.choice([-1.0, 1.0], scale.size) * scale
        claimed, bar = product(np.where(np.isfinite(claim.flat), claim.flat, 0.0), v, claim.rounding)
        sides = _Interval(exact, exact) if limits is None else _sides(claim, limits, exact, v)
        right.admit(sides.low)
        right.admit(sides.high)
        true, true_bar = product(sides.middle, v, np.full(v.shape, rounding_of(exact)))
        # Half of what is left, so that each direction and some components get their share.
        left = (budget - SEARCHED - EVALUATIONS - claim.objective.probe.evaluations) // 2
        slope = measured_along(claim, v, [true], true_bar, left)
        if not abs(true - slope.value) <= slope.error + true_bar:
            true_bar += float(np.linalg.norm(claim.exact_trembling(np.arange(v.size)) * v))
            if claim.suspect_noise():
                slope = measured_along(claim, v, [true], true_bar, left)
        if slope.status is Status.KINK:
            kinks.append(KinkMet(f"random direction {number}", slope.left, slope.right))
        if not abs(true - slope.value) <= slope.error + true_bar:
            note = claim.disagreement(f"along random direction {number}", true, slope.value)
            return compare_along(claim, budget, [note])
        measured_bar = min(measured_bar, slope.error + bar)
        # What is right at each kink may differ from the mean of both sides, and these need not cancel.
        free = float(np.sum(sides.half * np.abs(v)))
        found.append(Direction(claimed, slope.value, slope.error + bar + free, true))
    if claim.custom or claim.own:
        return compare_along(claim, budget)
    if limits is not None:
        for v in _telling(claim, exact, scale):
            right.admit(limits.along(claim.leaves_of(v)))
    result = _compared(claim, exact, right, found, kinks, measured_bar / scale, budget)
    if limits is not None and result.passed and not all(_agrees(d, result, scale) for d in found):
        # The limits span more than there is: the same kink met twice, say, which cancels.
        if claim.objective.probe.evaluations + EVALUATIONS + SEARCHED <= budget:
            located = compare_along(claim, budget)
            if not located.passed:
                return located
        text = "each component may be right, but not all of them together: see the slopes along the random directions"
        return replace(result, parts=[], passed=False, notes=[*result.notes, text])
    return result


def _agrees(direction: Direction, result: Findings, scale: Floats) -> bool:
    return abs(direction.claimed - direction.numeric) <= direction.tolerance + float(result.resolution * scale.sum())


def _sides(claim: Claim, limits: Limits, exact: RealArray, v: Floats) -> _Interval:
    """The limits of the gradient from both sides along v; the exact one where they cannot be had."""
    found = [limits.along(claim.leaves_of(w)) for w in (v, -v)]
    known = [side for side in found if side is not None and np.isfinite(side).all()]
    return _Interval(np.minimum(*known), np.maximum(*known)) if len(known) == 2 else _Interval(exact, exact)


def _telling(claim: Claim, exact: RealArray, scale: Floats) -> list[Floats]:
    """Directions that lead to the claim, if it is right: of a convex f it is then a limit, or lies between some."""
    with quiet():
        gap = claim.flat - exact
    gap = np.where(np.isfinite(gap), gap, 0.0)
    largest = float(np.abs(gap).max(initial=0.0))
    towards = [sign * gap * (float(scale.max()) / largest) for sign in (1.0, -1.0)] if largest else []
    # Components that tie and move alike stay tied.
    return [*towards, scale, -scale]


def _compared(
    claim: Claim,
    exact: RealArray,
    right: _Interval,
    found: Sequence[Direction],
    kinks: list[KinkMet],
    measured_bar: Floats,
    budget: int,
) -> Findings:
    reference = right.middle
    fine = np.minimum(rounding_bar(claim, claim.scale()), measured_bar) + claim.rounding
    fine += by_array(claim.objective.leaves, claim.trembling)
    # What is off by little may be so by what cancels in just this component, of the claim or of the exact derivative.
    near = np.flatnonzero(_between(_ratios(claim, reference, fine + right.half), 1, CLEAR))[:SAMPLED]
    fine[near] += claim.trembling(near)
    off = np.flatnonzero(_ratios(claim, reference, fine + right.half) > 1)
    fine[off] += claim.exact_trembling(off)
    bent, tolerance = (right.half > fine) | (not right.complete), fine + right.half
    ratio = _ratios(claim, reference, tolerance)
    wrong = ratio > 1
    silent = np.abs(claim.flat) + np.abs(reference) <= tolerance
    components: list[Component] = []
    alone: list[int] = []  # components at kinks that were measured
    for i in (int(i) for i in np.argsort(-ratio, kind="stable")[:SHOWN] if wrong[i]):
        slope: Slope | None = None
        worth = len(components) < LOCATED or claim.limits is not None
        left = budget - 2 - claim.objective.probe.evaluations
        if worth and left >= EVALUATIONS:
            slope = component_slope(claim, i, left)
        if slope is not None and slope.status is Status.KINK:
            kinks.append(KinkMet(claim.objective.label(i), slope.left, slope.right))
        if slope is not None and (bent[i] or slope.status is Status.KINK):
            reference[i], tolerance[i] = slope.value, slope.error + float(claim.rounding[i])
            alone.append(i)
        at = float(exact[i]), float(reference[i]), float(tolerance[i])
        components.append(measured_component(claim, i, slope, *at))
        wrong[i] = not components[-1].passed
    notes = claim.notes()
    open_ = wrong & bent
    open_[alone] = False
    if open_.any() and not (wrong & ~bent).any() and not (alone and wrong[alone].all()):
        wrong &= ~open_
        tolerance[open_] = np.abs(claim.flat - reference)[open_]
        components = [c for c in components if c.passed or not open_[_flat_index(claim, c)]]
        count = int(open_.sum())
        notes.append(f"{count} component{'' if count == 1 else 's'} at kinks could not be told right from wrong")
    return Findings(
        parts=claim.parts(reference, tolerance),
        components=components,
        wrong=int(wrong.sum()),
        resolution=float(fine.max(initial=0.0)),
        groups=grouped(claim.objective.leaves, wrong, silent, components),
        kinks=kinks,
        directions=found,
        notes=notes,
        passed=not wrong.any(),
    )


def _between(ratio: Floats, low: float, high: float) -> NDArray[np.bool_]:
    return (ratio > low) & (ratio < high)


def _flat_index(claim: Claim, component: Component) -> int:
    leaf = next(leaf for leaf in claim.objective.leaves if leaf.name == component.name)
    return leaf.start + int(np.ravel_multi_index(component.index, leaf.values.shape)) if component.index else leaf.start


def _ratios(claim: Claim, reference: RealArray, tolerance: Floats) -> Floats:
    """By how many times its tolerance each component is off; infinite for NaN."""
    with quiet():
        off = np.abs(claim.flat - reference)
        ratio = np.where(off == 0, 0.0, off / tolerance)
    return np.where(np.isnan(ratio), np.inf, ratio)
