"""A gradient compared component by component: with what is measured along each, and with the exact derivative."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import NonFiniteError
from chainrule.numeric.checking.claim import ROUNDED, Claim
from chainrule.numeric.checking.findings import Findings
from chainrule.numeric.checking.measure import Slope, measure
from chainrule.numeric.checking.patterns import grouped
from chainrule.numeric.checking.report import Component, KinkMet
from chainrule.numeric.probe import RealArray, precision, quiet
from chainrule.numeric.status import Status

__all__ = ["CLEAR", "compare_each", "measured_component", "rounding_bar", "rounding_of"]

# Measured a second time, with other steps, before anything is said against them.
MOST_AGAIN = 32
OTHER_STEP = 0.37
# A difference so many times the error bar is no accident of the steps.
CLEAR = 1e3

# One value of f may be off by so many standard deviations of its noise, and so may, over the scale of a component, a
# gradient that is computed in another form.
FORM = 16.0


def compare_each(claim: Claim) -> Findings:
    """Compare every component; raises `NonFiniteError` where f is undefined beside the point."""
    slopes = [measured(claim, i) for i in range(claim.flat.size)]
    exact = claim.exact_flat()
    if exact is not None:
        off = [i for i, s in enumerate(slopes) if abs(float(exact[i]) - s.value) > s.error + rounding_of(exact)]
        if off and claim.suspect_noise():
            slopes = [measured(claim, i) if i in set(off) else s for i, s in enumerate(slopes)]
    slopes = _again(claim, slopes, exact)
    numeric = np.array([s.value for s in slopes])
    error = np.array([s.error for s in slopes])
    trusted, lost, disagreements = _confirmed(claim, exact, numeric, error)
    notes = claim.notes() + _notes(claim, slopes) + disagreements
    reference, tolerance = numeric.copy(), error + claim.rounding
    trembling = claim.trembling(np.arange(claim.flat.size))
    if trusted and exact is not None:
        smooth = np.array([s.status in (Status.CONVERGED, Status.UNRESOLVED) for s in slopes])
        smooth &= lost < error
        reference = np.where(smooth, exact, numeric)
        fine = np.minimum(error, rounding_bar(claim, claim.scale()) + lost)
        tolerance = np.where(smooth, fine, error) + claim.rounding
    tolerance = tolerance + trembling
    tolerance = np.maximum(tolerance, _saturated(claim, reference, tolerance))
    components = [
        measured_component(claim, i, slope, None if exact is None or claim.own else float(exact[i]), r, t)
        for i, (slope, r, t) in enumerate(zip(slopes, reference.tolist(), tolerance.tolist(), strict=True))
    ]
    wrong = np.array([not c.passed for c in components], bool)
    settled = np.array([s.status is Status.CONVERGED for s in slopes], bool)
    notes += _below_tolerance(claim, reference, trusted, tolerance, trembling, settled & ~wrong)
    finite = tolerance[np.isfinite(tolerance)]
    return Findings(
        parts=claim.parts(reference, tolerance),
        components=components,
        wrong=int(wrong.sum()),
        resolution=float(finite.max(initial=0.0)),
        groups=grouped(claim.objective.leaves, wrong, np.abs(claim.flat) + np.abs(reference) <= tolerance, components),
        kinks=[
            KinkMet(claim.objective.label(i), s.left, s.right) for i, s in enumerate(slopes) if s.status is Status.KINK
        ],
        notes=notes,
        passed=not wrong.any(),
    )


def _confirmed(
    claim: Claim, exact: RealArray | None, numeric: RealArray, error: RealArray
) -> tuple[bool, RealArray, list[str]]:
    """Whether the numbers confirm the exact derivative, the digits that it has lost, and what is said if they do not.

    No other derivative confirms a claim that is chainrule's own.
    """
    known = np.isfinite(numeric)
    lost: RealArray = np.zeros(error.shape)
    if claim.own:
        off = known & ~(np.abs(claim.flat - numeric) <= error + claim.rounding)
        return False, lost, _disagreement(claim, off, claim.flat, numeric)
    if exact is None:
        return False, lost, []
    off = known & ~(np.abs(exact - numeric) <= error + rounding_of(exact))
    with quiet():
        differs = np.abs(claim.flat - exact) > rounding_bar(claim, claim.scale()) + claim.rounding
    if off.any() or differs.any():
        lost = claim.exact_trembling(np.arange(claim.flat.size))
        off &= ~(np.abs(exact - numeric) <= error + rounding_of(exact) + lost)
    return not off.any() and not claim.custom, lost, _disagreement(claim, off, exact, numeric)


def _disagreement(claim: Claim, off: NDArray[np.bool_], exact: RealArray, numeric: RealArray) -> list[str]:
    if not off.any():
        return []
    at = int(np.argmax(off))
    return [claim.disagreement(claim.objective.label(at), float(exact[at]), float(numeric[at]))]


def measured(claim: Claim, index: int, start: float | None = None) -> Slope:
    """The slope along one component."""
    try:
        return measure(claim.line(index), start, confirmed=True)
    except NonFiniteError as error:
        place = claim.objective.label(index)
        raise NonFiniteError(f"f is undefined beside {place}, so there is nothing to compare with: {error}") from error


def measured_component(
    claim: Claim, index: int, slope: Slope | None, exact: float | None, reference: float, tolerance: float
) -> Component:
    """The record of one component."""
    leaf, place = claim.objective.place(index)
    analytic = float(claim.flat[index])
    numeric, error = (np.nan, np.inf) if slope is None else (slope.value, slope.error)
    return Component(place, analytic, numeric, analytic - reference, tolerance, leaf.name, exact, error)


def rounding_bar(claim: Claim, scale: RealArray) -> RealArray:
    """How far a gradient that is computed in another form may be off, by the noise of f over the scale of each x."""
    with np.errstate(divide="ignore"):
        bar: RealArray = FORM * claim.noise / np.minimum(scale.astype(np.float64), 1.0)
    return bar


def rounding_of(exact: RealArray) -> float:
    """How far the exact gradient may be off by rounding alone."""
    finite = np.abs(exact[np.isfinite(exact)])
    return ROUNDED * float(np.finfo(float).eps) * float(finite.max(initial=0.0))


def _again(claim: Claim, slopes: Sequence[Slope], exact: RealArray | None) -> list[Slope]:
    """The slopes, those measured twice with which claim or exact derivative disagree by little."""
    result = list(slopes)
    left = MOST_AGAIN
    for i, slope in enumerate(slopes):
        values = [float(claim.flat[i])] if exact is None else [float(exact[i]), float(claim.flat[i])]
        off = [abs(v - slope.value) for v in values]
        bar = slope.error + float(claim.rounding[i])
        if left and any(bar < d < CLEAR * bar for d in off):
            left -= 1
            line = claim.line(i)
            other = measured(claim, i, OTHER_STEP * 2 * line.eps**0.2 * line.scale)
            if other.status is slope.status:
                # The better of the two, and as uncertain as their difference.
                best = min(slope, other, key=lambda s: s.error)
                error = max(best.error, abs(slope.value - other.value))
                result[i] = Slope(best.value, error, best.left, best.right, best.status)
    return result


def _notes(claim: Claim, slopes: Sequence[Slope]) -> list[str]:
    found = []
    for i, slope in enumerate(slopes):
        place = claim.objective.label(i)
        if slope.status is Status.JUMP:
            sides = [s for s, v in (("left", slope.left), ("right", slope.right)) if not np.isfinite(v)]
            found.append(f"f jumps at {place}, on its {' and on its '.join(sides)}")
        elif slope.status is Status.UNBOUNDED:
            found.append(f"the slope of f grows without limit towards {place}: it has no derivative there")
        elif slope.status is Status.UNRESOLVED:
            found.append(f"no step was small enough at {place}: its slope is known to within {slope.error:.2g} only")
    return found


def _below_tolerance(
    claim: Claim,
    reference: RealArray,
    trusted: bool,
    tolerance: RealArray,
    trembling: RealArray,
    passed: NDArray[np.bool_],
) -> list[str]:
    """Which components have passed only because they are small: a claim of zero would have passed as well.

    So it is with a component that others, or f itself, exceed by all digits of the dtype. It is not said of a claim
    that agrees with a trusted reference to its own digits, or that is no more than what rounding leaves of larger
    terms.
    """
    with quiet():
        largest, off = np.fmax(np.abs(claim.flat), np.abs(reference)), np.abs(claim.flat - reference)
    eps = max(claim.eps, *map(precision, claim.gradients))
    small = passed & (np.abs(reference) <= tolerance) & (off > trembling + ROUNDED * eps * largest)
    at = np.flatnonzero(small)
    if trusted:
        small[at] = off[at] > trembling[at] + claim.exact_trembling(at)
    else:
        small[at] = np.abs(claim.flat[at]) > trembling[at]
    text = "smaller than the tolerance there, so that zero would have passed too"
    groups = grouped(claim.objective.leaves, small, np.zeros_like(small), ())
    return [f"{group.label} {'is' if group.size == 1 else 'are'} {text}" for group in groups]


def _saturated(claim: Claim, reference: RealArray, tolerance: RealArray) -> RealArray:
    """What rounding leaves of a claim where the function that computes it saturates.

    1 - tanh(x)**2 is zero at x = 20, where the derivative is 1.7e-17: nothing of it is left beside the 1. Such a claim
    does not move with x. The size of what cancels in it shows on the way from the point to zero.
    """
    with quiet():
        off = np.abs(claim.flat - reference)
    nothing = np.zeros(claim.flat.shape)
    x = claim.objective.flat
    if claim.df is None or not (off > tolerance).any():
        return nothing
    try:
        still = claim.claim_at(x * x.dtype.type(1 + claim.eps**0.5)) == claim.flat
    except Exception:  # it is not defined beside the point
        return nothing
    still &= off > tolerance
    largest = nothing.copy()
    for part in (0.5, 0.25, 0.125, 0.0) if still.any() else ():
        try:
            found = np.abs(claim.claim_at(x * x.dtype.type(part)))
        except Exception:  # outside the domain, say
            continue
        largest = np.fmax(largest, np.where(np.isfinite(found), found, 0.0))
    floor = 4 * max(float(np.finfo(g.dtype).eps) for g in claim.gradients) * largest
    bar: RealArray = np.where(still & (off <= floor), floor, 0.0)
    return bar
