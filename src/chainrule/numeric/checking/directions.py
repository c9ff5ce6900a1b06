"""A gradient of very many components compared with f: along random directions, and exactly where f can be traced.

A slope along a direction of random signs sees an error in any component, whichever it is; a few directions leave no
room for errors that cancel. So a million components cost no more evaluations than a hundred.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import NonFiniteError
from chainrule.numeric.checking.claim import Claim
from chainrule.numeric.checking.findings import Findings
from chainrule.numeric.checking.groups import Search
from chainrule.numeric.checking.measure import EVALUATIONS, Line, Slope, measure
from chainrule.numeric.checking.one_by_one import CLEAR, measured_component
from chainrule.numeric.checking.patterns import grouped
from chainrule.numeric.checking.ranges import runs
from chainrule.numeric.checking.report import Component, Direction, Group, KinkMet
from chainrule.numeric.evidence import Part
from chainrule.numeric.probe import RealArray, quiet
from chainrule.numeric.status import Status

__all__ = ["compare_along", "component_slope", "measured_along", "product"]

Floats = NDArray[np.float64]

# Two equal errors cancel along one random direction with probability 1/2, along all of these with 1/16.
UNTRACED = 4
SEED = 20240229

NARROWED = 4  # steps tried at most along a direction
LOCATED = 5  # groups of which a component is measured on its own
SHOWN = 12  # wrong components that are kept

# A residual must stand so far above the error of a one-sided difference, for one evaluation a split to be enough.
ABOVE = 1e3
# One value may be off by so many standard deviations of its noise.
SURE = 4.0
# A claim of zero in so many components side by side is a stretch; more stretches are no forgotten parts, but sparsity.
STRETCH, MOST_STRETCHES = 4, 32
# Curvature of a part of a direction, in units of that along the whole, where much of it may cancel.
CANCELLED = 8.0
STEP = 5  # evaluations that a step of the search may take
# Evaluations that the directions leave for the search: four modes of two, a component, and two looks at f itself.
SEARCHED = 4 * 2 + EVALUATIONS + 2


def compare_along(claim: Claim, budget: int, notes: Sequence[str] = ()) -> Findings:
    """Compare along random directions, and find the wrong groups by bisection if they disagree.

    At most `budget` - 1 evaluations of f are spent in all.
    """
    finite = np.isfinite(claim.flat)
    if not finite.all():
        return _not_finite(claim, ~finite)
    random, scale = np.random.default_rng(SEED), claim.scale()
    found: list[Direction] = []
    kinks: list[KinkMet] = []
    directions: list[Floats] = []
    spent = 0
    for number in range(1, UNTRACED + 1):
        before = claim.objective.probe.evaluations
        if found and before + spent + 2 > budget:
            break  # a function of which each slope takes many steps gets fewer directions
        v = random.choice([-1.0, 1.0], scale.size) * scale
        claimed, bar = product(claim.flat, v, claim.rounding)
        left = budget - SEARCHED - before
        slope = measured_along(claim, v, [claimed], bar, left)
        if slope.status is Status.KINK:
            kinks.append(KinkMet(f"random direction {number}", slope.left, slope.right))
        found.append(Direction(claimed, slope.value, slope.error + bar))
        directions.append(v)
        spent = claim.objective.probe.evaluations - before
        if not found[-1].passed:
            break
    resolution = min(d.tolerance for d in found) / float(scale.min())
    remarks = [*claim.notes(), *notes]
    if found[-1].passed:
        return Findings([], resolution=resolution, kinks=kinks, directions=found, notes=remarks)
    groups, parts, components, more = _locate(claim, directions[-1], found[-1], scale, budget, kinks)
    # Many kinks near the point keep a slope from settling, as those at the point do; noise does so too, and is known.
    rough = slope.status is Status.UNRESOLVED and not claim.noisy
    unsure = rough and abs(found[-1].claimed - slope.value) < CLEAR * found[-1].tolerance
    if (kinks or unsure) and not components:
        # The kinks of many components may cancel along a direction, and what is right at each need not.
        text = "f has kinks here, and no component by itself was found wrong: what is right at kinks stays open"
        return Findings([], resolution=resolution, kinks=kinks, directions=found, notes=[*remarks, text])
    return Findings(
        parts=parts,
        components=components,
        resolution=resolution,
        groups=groups,
        kinks=kinks,
        directions=found,
        notes=[*remarks, *more],
        passed=False,
    )


def product(gradient: RealArray, v: Floats, rounding: Floats) -> tuple[float, float]:
    """The slope along v by a gradient, and how far rounding may put it off."""
    terms = gradient * v
    eps = float(np.finfo(float).eps)
    return float(terms.sum()), float(np.linalg.norm(rounding * v)) + 4 * eps * float(np.abs(terms).sum())


def _line(claim: Claim, v: Floats) -> Line:
    # The point itself is rounded: each component by up to half a unit of its dtype.
    units = [np.spacing(np.abs(leaf.values)).ravel().astype(np.float64) for leaf in claim.objective.leaves]
    moving = (v != 0) & np.isfinite(claim.flat)
    trembling = float(np.linalg.norm((claim.flat * np.concatenate(units))[moving])) / 12**0.5

    def exact(step: float) -> float:
        # A power of two, so that v keeps its digits; and no component is to stand still.
        return float(2.0 ** round(math.log2(max(step, 64 * claim.eps))))

    at = functools.partial(_moved, claim, v)
    return Line(at, float(claim.value), claim.noise, claim.eps, 1.0, exact, trembling, claim.hidden)


def _moved(claim: Claim, v: Floats, t: float) -> float:
    """f at x + t v."""
    x = claim.objective.flat
    with quiet():
        point = (x + t * v).astype(x.dtype, copy=False)
    return claim.f_at(point, f"t = {t:.2g} along a direction")


def measured_along(claim: Claim, v: Floats, expected: Sequence[float], bar: float, most: int) -> Slope:
    """The slope along v; measured twice where it is off by little from what is expected, within `most` evaluations."""
    line, spent = _line(claim, v), claim.objective.probe.evaluations
    # Many components move at once: all of their curvature adds up, so the first step is narrow.
    first = line.eps**0.25
    slope = measure(line, first, NARROWED, most)
    most -= claim.objective.probe.evaluations - spent
    doubtful = any(slope.error + bar < abs(e - slope.value) < CLEAR * (slope.error + bar) for e in expected)
    if doubtful and most >= EVALUATIONS:
        other = measure(line, first / 4, NARROWED, most)
        best = min(slope, other, key=lambda s: s.error)
        error = max(best.error, abs(slope.value - other.value))
        return Slope(best.value, error, best.left, best.right, best.status)
    return slope


def component_slope(claim: Claim, index: int, most: int) -> Slope | None:
    """The slope along one component, with at most so many evaluations; None where f is undefined beside the point."""
    try:
        return measure(claim.line(index), attempts=2, most=most)
    except NonFiniteError:
        return None


def _not_finite(claim: Claim, wrong: NDArray[np.bool_]) -> Findings:
    """NaN and infinity in the claim need no measurement."""
    first = [int(i) for i in np.flatnonzero(wrong)[:SHOWN]]
    components = [measured_component(claim, i, None, None, math.nan, math.inf) for i in first]
    components = [c for c in components if not c.passed]
    groups = grouped(claim.objective.leaves, wrong, np.zeros_like(wrong), components)
    count = int(wrong.sum())
    return Findings([], components, count, math.inf, groups, notes=claim.notes(), passed=False)


def _locate(
    claim: Claim, v: Floats, failed: Direction, scale: Floats, budget: int, kinks: list[KinkMet]
) -> tuple[list[Group], list[Part], list[Component], list[str]]:
    """The wrong groups, what was measured of each array, a component of each group, and what else there is to say."""
    probe, leaves = claim.objective.probe, claim.objective.leaves
    rule = _best_mode(claim, v, failed, scale)
    search = Search(leaves, _zeros(claim.flat), rule.mass, rule.residual, rule.tolerance, rule.residual_along)
    notes: list[str] = []
    last = budget - 2  # one is kept for the last look at whether f is still the same
    while probe.evaluations + STEP * rule.cost + EVALUATIONS * min(LOCATED, len(search.groups)) <= last:
        try:
            if not search.step():
                break
        except NonFiniteError as error:
            notes.append(f"the search for the wrong components ended where {error}")
            break
    groups: list[Group] = []
    components: list[Component] = []
    for blocks in search.groups:
        doubt = search.uncertainty(blocks)
        for name, start, stop in runs(leaves, blocks[0].start, blocks[-1].stop):
            worst = None
            if len(components) < LOCATED and probe.evaluations + EVALUATIONS <= last:
                surest = max(blocks, key=lambda b: abs(b.residual) / b.size)
                low, high = max(surest.start, start), min(surest.stop, stop)
                low, high = (low, high) if low < high else (start, stop)
                worst = _largest(claim, low, high, scale, kinks, last - probe.evaluations)
            worst = None if worst is None or worst.passed else worst
            components += [] if worst is None else [worst]
            groups.append(Group(name, stop - start, doubt, worst))
    return groups, _parts(claim, rule, search), components, notes


def _zeros(gradient: RealArray) -> list[tuple[int, int]]:
    """Long stretches of zeros in a claimed gradient: forgotten parts, more likely than not."""
    zero = np.concatenate([[False], gradient == 0, [False]])
    edges = np.flatnonzero(zero[1:] != zero[:-1])
    found = [(int(a), int(b)) for a, b in edges.reshape(-1, 2)[np.diff(edges)[::2] >= STRETCH][: MOST_STRETCHES + 1]]
    return found if len(found) <= MOST_STRETCHES else []


def _largest(claim: Claim, start: int, stop: int, scale: Floats, kinks: list[KinkMet], most: int) -> Component | None:
    """The component with the largest claim in a range, measured on its own."""
    at = start + int(np.argmax(np.abs(claim.flat[start:stop]) * scale[start:stop]))
    slope = component_slope(claim, at, most)
    if slope is None:
        return None
    if slope.status is Status.KINK:
        kinks.append(KinkMet(claim.objective.label(at), slope.left, slope.right))
    return measured_component(claim, at, slope, None, slope.value, slope.error + float(claim.rounding[at]))


class _Mode:
    """A direction along which wrong components add up, if they are off in one of the usual ways."""

    def __init__(self, claim: Claim, direction: Floats, mass: Floats, failed: Direction) -> None:
        self.claim, self.direction, self.mass = claim, direction, mass
        self.line = line = _line(claim, direction)
        self.claimed, bar = product(claim.flat, direction, claim.rounding)
        h = line.exact(line.eps**0.25)
        noise = SURE * math.hypot(line.noise, line.trembling)
        with quiet():
            right, left = line.at(h) - line.centre, line.at(-h) - line.centre
        self.residual = self.claimed - (right - left) / (2 * h)
        self.tolerance = 2 * noise / h + bar + failed.tolerance
        self.step, self.error, self.cost = h, self.tolerance, 2
        self.noise, self.widest = noise, h
        self.curvature = abs(right + left) / h**2

    def prepare(self, curvature: float) -> None:
        """Choose the step and the kind of difference, for the largest curvature to expect along any part."""
        self.step = (
            self.line.exact(min(math.sqrt(4 * self.noise / curvature), self.widest)) if curvature else self.widest
        )
        self.error = 2 * self.noise / self.step + curvature * self.step / 2
        self.cost = 1
        if abs(self.residual) < ABOVE * self.error:
            self.step, self.cost, self.error = self.widest, 2, self.tolerance
        # No more digits are asked of sums and differences of many blocks.
        self.error = max(self.error, 1e-8 * abs(self.residual))

    def residual_along(self, start: int, stop: int, power: int) -> tuple[float, float]:
        """Claimed minus measured slope along a part of the direction; see `Search`."""
        part = np.zeros_like(self.direction)
        weight = ((np.arange(stop - start) + 0.5) / (stop - start)) ** power if power else 1.0
        part[start:stop] = self.direction[start:stop] * weight
        claimed, bar = product(self.claim.flat, part, self.claim.rounding)
        ahead = _moved(self.claim, part, self.step)
        behind = self.line.centre if self.cost == 1 else _moved(self.claim, part, -self.step)
        measured = (ahead - behind) / (self.step * self.cost)
        return claimed - measured, self.error + bar


def _best_mode(claim: Claim, v: Floats, failed: Direction, scale: Floats) -> _Mode:
    """The direction along which the claim is off most: what is wrong adds up there, and does not cancel."""
    x = claim.objective.flat.astype(np.float64)
    signs = np.where(claim.flat == 0, np.sign(v), np.sign(claim.flat))
    by_factor = _Mode(claim, signs * scale, np.abs(claim.flat) * scale, failed)
    by_constant = _Mode(claim, scale, scale, failed)
    by_parameters = _Mode(claim, x, x * x, failed)
    modes = [by_factor, by_constant, by_parameters]
    # Of all directions of a length, the error adds up most along the one that it is proportional to.
    best = max(modes, key=lambda mode: abs(mode.residual) / (float(np.linalg.norm(mode.direction)) or 1.0))
    if not abs(best.residual) > 10 * best.tolerance:
        best = _Mode(claim, v, scale, failed)
        modes.append(best)
    # Along the whole direction much of the curvature may cancel that a part of it has.
    best.prepare(CANCELLED * max(mode.curvature for mode in modes))
    return best


def _parts(claim: Claim, rule: _Mode, search: Search) -> list[Part]:
    """What the blocks say of each array; of a right block that holds several, that each of them is right."""
    sums = np.concatenate([[0.0], np.cumsum(claim.flat * rule.direction)])
    parts = []
    for leaf in claim.objective.leaves:
        rows: list[tuple[float, float, float]] = []
        for block in search.blocks:
            low, high = max(block.start, leaf.start), min(block.stop, leaf.stop)
            within = (low, high) == (block.start, block.stop)
            if low >= high or (block.wrong and not within):
                continue
            claimed = float(sums[high] - sums[low])
            rows.append((claimed, claimed - block.residual if within else claimed, block.tolerance))
        if rows:
            columns = [np.array(column) for column in zip(*rows, strict=True)]
            parts.append(Part(leaf.name, leaf.values, columns[0], columns[1], columns[2], directions=True))
    return parts
