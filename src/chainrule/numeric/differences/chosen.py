"""The step that a function asks for: chosen for each line from its scale, the dtype, and the measured noise of f.

A formula and the next finer one on nearly the same points differ by the truncation of the first, as in an embedded
Runge-Kutta pair; the measured noise gives the rounding. Where truncation dominates, the step is too wide, and the ratio
of the two says by how much; where rounding dominates and the result is poor, it is too narrow. So functions whose scale
is far from that of x get their step, and what is returned is the trial of least estimated error.
Source: after H.-J. M. Shi, Y. Xie, M. Q. Xuan, J. Nocedal, Adaptive finite-difference interval estimation for noisy
derivative-free optimization, SIAM J. Sci. Comput. 44(4), 2022, A2302-A2321, which tests one ratio by bisection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError
from chainrule.numeric.differences.lines import Lines
from chainrule.numeric.differences.schemes import Scheme, difference_weights, finer
from chainrule.numeric.differences.steps import nominal_step
from chainrule.numeric.noise import noise_levels
from chainrule.numeric.probe import RealArray, precision, quiet

__all__ = ["CERTAIN", "Choice", "choose", "combine"]

ROUNDS = 16

# Truncation up to this many standard deviations of the rounding cannot be told from it.
BALANCED = 4.0

# Truncation up to this part of the slope is small enough to be an estimate of anything.
RESOLVED = 1e-4

# A wider step contradicts a narrower one when the results differ by this many of their estimated errors.
DISAGREES = 5.0

# A quotient grows without bound where it does so at least like this power of 1/h, from one step to a narrower one, and
# by more than so many standard deviations of the rounding, which grows as well.
DIVERGES, CLEAR = 0.2, 16.0

# A result is certain when its error is this part of it; and a function whose samples depart by more than this part of
# it from a smooth one varies within the step, and not by noise.
CERTAIN = 1e-3

# A polynomial through samples foretells f(x) to this part of what they vary, and to so many deviations of the noise.
FORETOLD, TREMBLES = 0.1, 8.0

# A result is worth another round when its rounding is this many times that of a function of order one.
POOR = 16.0

# How far one round widens a step at least and at most: truncation grows with a high power of it.
LEAST_GROWTH, MOST_GROWTH = 4.0, 16.0

# No step is wider than this many times the scale of x: no function is asked for its values in another world.
WIDEST = 128.0

# A function whose values grow by this within the step is rounded far from x, not at x.
TOWERING = 64.0


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Derivatives along lines, with what was chosen: arrays of shape (lines, *out), `noise` of the shape of f(x).

    `diverging` is true where the quotients grow the more the narrower the step, `settled` where some step has given a
    result that its own error does not contradict; one that is diverging or not settled is no derivative. `blind` is
    true where the samples foretell another f(x) than there is, or f beside x: something narrower than the step lies
    there.
    """

    slope: RealArray
    error: RealArray
    step: RealArray
    noise: RealArray
    diverging: NDArray[np.bool_]
    settled: NDArray[np.bool_]
    blind: NDArray[np.bool_]

    @property
    def unclear(self) -> NDArray[np.bool_]:
        """Where the result is no derivative."""
        return self.diverging | ~self.settled

    def where(self, kept: NDArray[np.bool_], other: Choice) -> Choice:
        """This choice where `kept`, and the other elsewhere; both have the same noise."""
        names = ("slope", "error", "step", "diverging", "settled", "blind")
        return replace(self, **{name: np.where(kept, getattr(self, name), getattr(other, name)) for name in names})


def combine(rule: Scheme, offsets: tuple[int, ...], found: RealArray, centre: RealArray, steps: RealArray) -> RealArray:
    """The difference quotients from values sampled at `offsets`, of shape (offsets, lines, *out); one step a line.

    `centre` is f at x, broadcast to (lines, *out). Returns float64 or wider.
    """
    total: Any = 0.0
    wide = np.result_type(found.dtype, steps.dtype, np.float64)
    with quiet():
        for offset, weight in zip(rule.offsets, rule.weights, strict=True):
            values = found[offsets.index(offset)] if offset else centre
            total = total + weight * values.astype(wide)
        wider = steps.astype(wide).reshape(-1, *(1,) * (found.ndim - 2))
        slope: RealArray = np.asarray(total / (rule.divisor * wider**rule.derivative))
    return slope


def choose(lines: Lines, rule: Scheme, noise: RealArray | None = None, start: RealArray | None = None) -> Choice:
    """The derivative along each line by a formula, with the step of least estimated error.

    `noise` is that of f at x, of the shape of f(x); measured if not given. `start` is the first step of each line, by
    default that of a function of order one over the scale of the line. Raises `NonFiniteError` where f is NaN or
    infinite at every step, and `ArgumentError` where x is so large that x + h overflows.
    """
    with quiet():
        search = _Search(lines, rule, noise, start)
        for _ in range(ROUNDS):
            if not search.active.size:
                break
            search.advance()
        search.require_found()
        return search.choice()


class _Search:
    """The trials so far: for each line the step to try next, for each output the best result."""

    def __init__(self, lines: Lines, rule: Scheme, noise: RealArray | None, start: RealArray | None) -> None:
        self.lines, self.rule, self.finer = lines, rule, finer(rule)
        samples, shape = lines.samples, (lines.count, *lines.out)
        self.eps = precision(samples.values, samples.centre)
        self.nominal = nominal_step(rule, self.eps)
        self.offsets = tuple(k for k in self.finer.offsets if k) + tuple(
            k for k in rule.offsets if k and k not in self.finer.offsets
        )
        self.steps = self.nominal * lines.scale() if start is None else start
        lost = ~np.isfinite(np.abs(lines.position) + self.finer.reach * self.steps)
        if lost.any():
            where, _ = lines.place(int(np.argmax(lost)), ())
            raise ArgumentError(
                f"the step overflows at {where} in {lines.position.dtype}: scale x down or use a wider dtype"
            )
        self.noise = noise_levels(samples, self.eps) if noise is None and lines.count else np.asarray(noise)
        # Noise above this is a staircase, whose outputs may only seem not to move.
        self.coarse = 64 * self.eps * float(np.abs(samples.centre).max(initial=0.0))
        self.active: NDArray[np.intp] = np.arange(lines.count)
        self.slope = np.full(shape, np.nan, np.result_type(samples.values.dtype, np.float64))
        self.error, self.step = np.full(shape, np.inf), np.full(shape, np.nan)
        self.resolved, self.departs = np.zeros(shape, bool), np.zeros(shape)
        self.done, self.narrowed = np.zeros(shape, bool), np.zeros(shape, int)
        # The quotient with the narrowest step so far; how often in a row it has grown, or negative: how often fallen.
        self.narrowest, self.quotient = np.full(shape, np.inf), np.zeros(shape)
        self.trend = np.zeros(shape, int)
        self.blind = np.zeros(shape, bool)
        self.failure: tuple[RealArray, RealArray, Any] | None = None

    def advance(self) -> None:
        """Try the step of every line that is still active, and choose the next or none."""
        lines, chosen = self.lines, self.active
        # The nearest step on the grid of x; one that is no longer finite is refused below, by its values.
        self.steps = lines.grid(self.steps, self.finer.reach)
        found = lines.sample(self.offsets, self.steps, chosen)
        centre = np.broadcast_to(lines.spread(lines.samples.centre), self.slope.shape)[chosen]
        steps = self.steps[chosen]
        plain = combine(self.rule, self.offsets, found, centre, steps)
        fine = combine(self.finer, self.offsets, found, centre, steps)
        h = steps.astype(np.float64).reshape(-1, *(1,) * (found.ndim - 2))
        used = found if 0 not in self.finer.offsets else np.concatenate([found, centre[None]])
        cut = np.abs(plain - fine)
        top = np.abs(used).max(axis=0)
        quietest = np.broadcast_to(lines.spread(self.noise), self.slope.shape)[chosen]
        shifted = lines.inexact(self.steps)[chosen].reshape(h.shape) * np.abs(found - centre).max(axis=0)
        tremble = np.fmax(np.maximum(quietest, self.eps * top / 12**0.5), shifted / 12**0.5)
        rounding = self.rule.amplification * tremble / h**self.rule.derivative
        total = cut + rounding
        # Far from x, two formulas can differ by little beside the slope at x, and yet agree in no digit.
        resolved = (cut <= BALANCED * rounding) | (cut <= RESOLVED * np.abs(fine))
        known = self.resolved[chosen]
        # A wide step may span whole periods of f, where the formulas agree in what is no slope of it.
        off = np.abs(plain - self.slope[chosen]) > DISAGREES * (self.error[chosen] + rounding)
        alias = known & (h > self.step[chosen]) & off
        resolved &= ~alias
        # The same beside noise is no contradiction: there the samples depart from a smooth function by little.
        departs = np.where(cut > BALANCED * rounding, cut * h**self.rule.derivative, 0.0)
        departs = departs / (self.rule.amplification * top)
        self.departs[chosen] = np.fmax(self.departs[chosen], departs)
        sure = (cut <= BALANCED * rounding) & (total <= CERTAIN * np.abs(plain))
        refuted = known & (h < self.step[chosen]) & off & sure & (self.departs[chosen] > CERTAIN)
        better = (resolved & ~known) | ((resolved == known) & (total < self.error[chosen])) | refuted
        better &= np.isfinite(plain) & ~self.done[chosen]
        self.resolved[chosen] |= resolved & better
        self._keep(chosen, better, plain, total, h)
        self.blind[chosen] = np.where(better, self._is_blind(found, centre, tremble), self.blind[chosen])
        self._follow(chosen, plain, rounding, h)
        unmoved = (found == centre).all(axis=0)
        finite = np.isfinite(used).all(axis=0) & np.isfinite(plain)
        if not finite.all():
            self.failure = (found, self.steps, chosen)
        factor = self._factor(cut, rounding, plain, tremble > TOWERING * quietest, chosen)
        # An output that this line does not move at all, beside others that it moves, does not depend on it.
        still = unmoved.reshape(len(chosen), -1)
        independent = unmoved & ~still.all(axis=1).reshape(h.shape) & (quietest <= self.coarse)
        factor = np.where(independent, 1.0, factor)
        factor = np.where(alias & (factor >= 1), np.sqrt(self.step[chosen] / h), factor)
        factor = np.where(finite, factor, self._retreat(h, chosen))
        self._next(chosen, factor, still.all(axis=1))

    def _keep(self, chosen: Any, better: Any, plain: RealArray, total: RealArray, h: RealArray) -> None:
        self.slope[chosen] = np.where(better, plain, self.slope[chosen])
        self.error[chosen] = np.where(better, total, self.error[chosen])
        self.step[chosen] = np.where(better, h, self.step[chosen])

    def _is_blind(self, found: RealArray, centre: RealArray, tremble: RealArray) -> Any:
        """Whether f(x), or the next value where the formula has f(x), is far from the polynomial through the others."""
        offsets, aim = list(self.offsets), 0
        if self.rule.name != "central":
            return False
        values = found - centre
        if 0 in self.finer.offsets:
            aim = 1
            offsets = [0, *(k for k in offsets if k != aim)]
            values = np.concatenate([np.zeros_like(values[:1]), np.delete(values, self.offsets.index(aim), axis=0)])
        weights = [float(w) for w in difference_weights([k - aim for k in offsets], 0)]
        expected = found[self.offsets.index(aim)] - centre if aim else 0.0
        off = np.abs(np.tensordot(weights, values, 1) - expected)
        return off > FORETOLD * np.abs(values).max(axis=0) + TREMBLES * tremble

    def _follow(self, chosen: Any, plain: RealArray, rounding: RealArray, h: RealArray) -> None:
        """How the quotient goes on from the narrowest step so far to this one; what rounding hides tells nothing."""
        before, size = np.abs(self.quotient[chosen]), np.abs(plain)
        bound, power = BALANCED * rounding, (self.narrowest[chosen] / h) ** DIVERGES
        narrower = (h < self.narrowest[chosen]) & np.isfinite(plain)
        first = narrower & (self.narrowest[chosen] == np.inf)
        grows = narrower & ~first & (before > 0) & (size - CLEAR * rounding > before * power)
        falls = narrower & ~first & (size + bound < before / power)
        stays = narrower & ~first & ~grows & (size + bound < before * power)
        trend = self.trend[chosen]
        trend = np.where(grows, np.maximum(trend, 0) + 1, np.where(falls, np.minimum(trend, 0) - 1, trend))
        self.trend[chosen] = np.where(stays & ~falls, 0, trend)
        seen = first | grows | stays
        self.narrowest[chosen] = np.where(seen, h, self.narrowest[chosen])
        self.quotient[chosen] = np.where(seen, plain, self.quotient[chosen])

    def _factor(self, cut: RealArray, rounding: RealArray, slope: RealArray, towering: Any, chosen: Any) -> RealArray:
        """By what the step of each output should change; 1 where it is right."""
        p, m = self.rule.order, self.rule.derivative
        enough = POOR * self.nominal**p * np.abs(slope)
        shrink = np.clip((m * rounding / (p * cut)) ** (1 / (p + m)), 1e-8, 0.5)
        grow = np.clip((rounding / enough) ** (1 / m), LEAST_GROWTH, MOST_GROWTH)
        grow = np.where(enough > 0, grow, MOST_GROWTH)
        poor = rounding > enough
        # Noise may have passed for truncation; wider again and again would run in a circle.
        wanted = np.where(poor & (self.narrowed[chosen] < 3), grow, 1.0)
        wanted = np.where(poor & towering, 1 / WIDEST, wanted)
        return np.where(cut > BALANCED * rounding, shrink, wanted)

    def _retreat(self, h: RealArray, chosen: Any) -> RealArray:
        """Where f is undefined: from the scale of one to that of x, and on from there in sixteenths."""
        size = np.abs(self.lines.position[chosen]).astype(np.float64).reshape(h.shape)
        near = self.nominal * size
        return np.where((near > 0) & (near < h / 16), near / h, 1 / 16)

    def _next(self, chosen: Any, factor: RealArray, still: NDArray[np.bool_]) -> None:
        factor = np.where(self.done[chosen], 1.0, factor)
        self.done[chosen] |= factor == 1
        self.narrowed[chosen] += factor < 1
        by_line = factor.reshape(len(chosen), -1)
        least, most = by_line.min(axis=1, initial=1.0), by_line.max(axis=1, initial=1.0)
        change = np.where(least < 1, least, most)
        h = self.steps[chosen].astype(np.float64)
        # A function that does not change over the whole scale of x is taken for constant.
        roof = np.where(still, 1, WIDEST) * self.lines.scale()[chosen].astype(np.float64)
        roof = np.minimum(roof, float(np.finfo(self.steps.dtype).max) / (16 * self.finer.reach))
        wanted = np.where(change > 1, np.minimum(h * change, np.maximum(roof, h)), h * change)
        following = self.steps.copy()
        following[chosen] = wanted.astype(self.steps.dtype)
        moved = self.lines.grid(following, self.finer.reach) != self.steps
        self.steps = following
        self.active = chosen[(change != 1) & moved[chosen]]

    def choice(self) -> Choice:
        certain = self.resolved & (self.error <= CERTAIN * np.abs(self.slope))
        diverging = ~certain & (self.trend > 1)
        # A derivative that vanishes as a power of h is never right to a part of itself.
        settled = self.resolved | (self.trend < -1)
        return Choice(self.slope, self.error, self.step, self.noise, diverging, settled, self.blind)

    def require_found(self) -> None:
        """Raise unless every output of every line has a value."""
        if not np.isnan(self.slope).any() or self.failure is None:
            return
        found, steps, chosen = self.failure
        self.lines.require_finite(
            found, self.offsets, steps, chosen, "no step is small enough; take scheme={other}, or move x"
        )
