"""One slope of a function with its error bar: along one component, or along any direction.

Three central quotients, with steps h, h/2 and h/4, are extrapolated twice; the last correction bounds the truncation,
and the measured noise of the function bounds the rounding. The slopes of the two sides are extrapolated as well: a
smooth function has the same on both, and what differs is a kink.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.errors import NonFiniteError
from chainrule.numeric.probe import quiet
from chainrule.numeric.status import Status

__all__ = ["EVALUATIONS", "Line", "Slope", "measure"]

# A step that leaves the domain, or cuts off too much, is divided by SHRINK and tried again; one that drowns in noise
# is multiplied by it.
SHRINK, ATTEMPTS, GROWTHS = 16.0, 10, 3
# The step that confirms a wider one, in units of the root of the precision, and no part of it that a period divides.
# Over whole periods a slope is off by all of itself; so the two may differ a little, by noise that was underrated.
NARROW, APART = 0.7236, 1e-3
# Of f, for each step.
EVALUATIONS = 6

# Each value may be off by this many standard deviations of the noise, which few samples estimate within a factor of 2.
SURE = 4.0

# What the extrapolated quotients keep of the error of one value, over the widest step h: with weights 4/3 and -1/3 of
# 1/(2 h/4) and 1/(2 h/2) for two values each, (4 * 4 + 2) / 3.
KEPT = 6.0
# The same for the difference of the two sides, (8 * 2 - 1) / 7 of second differences over h/4, h/2 and h: its largest
# possible value. The standard deviation is a fifth of it.
KEPT_OF_KINK = 55.0


@dataclass(frozen=True, slots=True)
class Slope:
    """The derivative of a function along a line, measured.

    Attributes:
        value: the derivative; the mean of both sides at a kink; NaN where there is none.
        error: a bound on its error; at a kink it spans the slopes of both sides.
        left, right: the slopes of the two sides.
        status: KINK, JUMP, UNBOUNDED where they differ in one of these ways, UNRESOLVED where no step was small
            enough, else CONVERGED.
    """

    value: float
    error: float
    left: float
    right: float
    status: Status = Status.CONVERGED


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """The values of a function along t -> x + t v.

    Attributes:
        at: the value at t; raises `NonFiniteError` where it is NaN or infinite.
        centre: the value at t = 0.
        noise: the standard deviation of a value's error.
        eps: the machine epsilon of the coarsest dtype involved.
        scale: the size of t at which the line has left the neighbourhood of x.
        size: the size of the component that moves, 0 where there are several.
        exact: the step nearest to the given one for which x + t v at it, its half and its quarter are floating
            numbers.
        trembling: the standard deviation of f that the rounding of x + t v itself causes.
        hidden: the rounding that may lie behind values that do not move at all: of what is added up inside f.
        unit: the standard deviation of a rounding of x, which whatever x is multiplied by inside f suffers.
    """

    at: Callable[[float], float]
    centre: float
    noise: float
    eps: float
    scale: float
    exact: Callable[[float], float] = float
    trembling: float = 0.0
    hidden: float = 0.0
    size: float = 0.0
    unit: float = 0.0


@dataclass(frozen=True, slots=True)
class _Trial:
    """What one step gives."""

    step: float
    value: float
    cut: float  # of the value, by the last extrapolation
    rounding: float
    kink: float  # right minus left slope
    smooth: bool  # what was extrapolated has settled, kink or none
    rises: tuple[float, float]  # of f, over the step to the left and to the right
    near: tuple[float, float]  # the same over a quarter of the step

    @property
    def error(self) -> float:
        return self.cut + self.rounding + abs(self.kink) / 2


def measure(
    line: Line,
    start: float | None = None,
    attempts: int = ATTEMPTS,
    most: int | None = None,
    confirmed: bool = False,
) -> Slope:
    """The slope at t = 0, with the step of least error among those tried.

    `start` is the first step, by default the one that balances truncation and rounding where f and its derivatives are
    of order one over the scale of the line. Takes six evaluations a step, mostly one step; with `most`, no more than
    so many, but at least one step. With `confirmed`, a narrow quotient has to agree, at two evaluations more: over
    many periods of f a slope may look settled by accident. Raises `NonFiniteError`
    where f is undefined beside the point at every step.

    >>> import math
    >>> line = Line(lambda t: math.sin(1.0 + t), centre=math.sin(1.0), noise=3e-17, eps=2.2e-16, scale=1.0)
    >>> slope = measure(line)
    >>> abs(slope.value - math.cos(1.0)) < slope.error < 1e-11
    True
    """
    # Truncation of the twice extrapolated quotient is of order h**6, its estimate of order h**4.
    first = 2 * line.eps**0.2 * line.scale if start is None else start
    allowed = attempts + GROWTHS if most is None else max(1, most // EVALUATIONS)
    trials: list[_Trial] = []
    refuted: list[_Trial] = []
    sure: _Trial | None = None
    undefined: NonFiniteError | None = None
    step = line.exact(first)
    for _ in range(min(attempts, allowed)):
        try:
            trials.append(_trial(line, step))
        except NonFiniteError as error:
            undefined = error
            # The edge of a domain is mostly as far away as 0 is: from the scale of one to that of x.
            near = line.exact(first / line.scale * line.size) * SHRINK
            step = near if 0 < near < step else step
        else:
            if trials[-1].smooth:
                if not confirmed or _is_confirmed(line, trials[-1]):
                    sure = trials[-1]
                    break
                refuted.append(trials.pop())
        finer = line.exact(step / SHRINK)
        if not 0 < finer < step:
            break
        step = finer
    trials = trials or refuted
    if not trials:
        raise undefined or NonFiniteError("f is undefined beside the point")
    first_is_best = min(trials, key=lambda trial: trial.error) is trials[0]
    if first_is_best and undefined is None and not _singular(trials, line):
        trials = [*reversed(_wider(line, trials[0], allowed - len(trials))), *trials]
    best = min(trials, key=lambda trial: trial.error)
    if confirmed and best is not sure and not _is_confirmed(line, best):
        others = [trial for trial in trials if trial.step < best.step]
        best = min(others, key=lambda trial: trial.error, default=best)
    return _slope(best, trials, line)


def _wider(line: Line, trial: _Trial, most: int) -> list[_Trial]:
    """Trials with wider steps, where the noise of f is so large that it hides the slope over a narrow one."""
    found: list[_Trial] = []
    for _ in range(min(GROWTHS, most)):
        slope = abs(trial.value) + abs(line.centre) / line.scale
        if trial.rounding <= line.eps**0.5 * slope or trial.step * SHRINK > 4 * line.scale:
            break
        try:
            wider = _trial(line, line.exact(trial.step * SHRINK))
        except NonFiniteError:
            break
        # One that contradicts the narrower one has left the neighbourhood of the point.
        if wider.error >= trial.error or abs(wider.value - trial.value) > wider.error + trial.error:
            break
        found.append(wider)
        trial = wider
    return found


def _is_confirmed(line: Line, trial: _Trial) -> bool:
    """Whether the quotient over a step so narrow that f cannot have the same period agrees, as far as it tells."""
    step = line.exact(NARROW * line.eps**0.5 * line.scale)
    if not 0 < step < trial.step / 64:
        return True
    try:
        with quiet():
            right, left = line.at(step), line.at(-step)
    except NonFiniteError:
        return True
    tremble = max(
        SURE * math.hypot(line.noise, line.trembling), line.eps * (abs(line.centre) + abs(right)), line.hidden
    )
    narrow = (right - left) / (2 * step)
    alike = APART * (abs(narrow) + abs(trial.value))
    return abs(narrow - trial.value) <= trial.error + tremble / step + alike


def _trial(line: Line, step: float) -> _Trial:
    steps = [step, step / 2, step / 4]
    with quiet():
        right = [line.at(h) - line.centre for h in steps]
        left = [line.centre - line.at(-h) for h in steps]
        central = [(r + ell) / (2 * h) for r, ell, h in zip(right, left, steps, strict=True)]
        sides = [(r - ell) / h for r, ell, h in zip(right, left, steps, strict=True)]
        once = [(4 * central[1] - central[0]) / 3, (4 * central[2] - central[1]) / 3]
        # The slopes of a smooth function on either side differ by h f'' + h^3 f''''/12: both terms are taken out.
        bends = [2 * sides[1] - sides[0], 2 * sides[2] - sides[1]]
        kink = (8 * bends[1] - bends[0]) / 7
        highest = abs(line.centre) + max(map(abs, (*right, *left)))
        inner = line.unit * min(map(abs, central))
        tremble = max(SURE * math.hypot(line.noise, line.trembling, inner), line.eps * highest / 2)
        if not any(right) and not any(left):
            tremble = max(tremble, line.hidden)
        rounding = KEPT * tremble / step
        bound = KEPT_OF_KINK * tremble / step
        cut = abs(once[1] - once[0])
        # Either there is no kink to be seen, or it is the same over h as over h/2.
        settled = cut <= rounding and (abs(kink) <= bound or abs(bends[1] - bends[0]) <= abs(kink) / 64)
    return _Trial(step, once[1], cut, rounding, kink, settled, (left[0], right[0]), (left[2], right[2]))


def _slope(best: _Trial, trials: list[_Trial], line: Line) -> Slope:
    doubt = KEPT_OF_KINK * max(SURE * math.hypot(line.noise, line.trembling), line.eps * abs(line.centre)) / best.step
    left, right = best.value - best.kink / 2, best.value + best.kink / 2
    if best.smooth:
        kinked = abs(best.kink) > max(doubt, 4 * best.cut)
        if kinked:  # its two slopes are rounded more than the one between them
            return Slope(best.value, best.error + doubt, left, right, Status.KINK)
        return Slope(best.value, best.error, left, right, Status.CONVERGED)
    jumps = _jumps(trials, line)
    if any(jumps):
        return _beside_a_jump(trials[0], jumps)
    if _is_unbounded(trials):
        return Slope(math.nan, math.inf, left, right, Status.UNBOUNDED)
    if best.error <= line.eps**0.5 * max(abs(best.value), abs(line.centre) / line.scale):
        return Slope(best.value, best.error, left, right, Status.CONVERGED)
    # No step has settled: one that spans whole periods of f agrees with itself, and is refuted by the others alone.
    apart = [(abs(trial.value - best.value), trial.error) for trial in trials]
    error = max([best.error, *(a + bar for a, bar in apart if best.error + bar < a < math.inf)])
    return Slope(best.value, error, left, right, Status.UNRESOLVED)


def _beside_a_jump(trial: _Trial, jumps: list[bool]) -> Slope:
    """On the side where f is continuous it may still have a slope; a jump on both leaves none."""
    coarse = [rise / trial.step for rise in trial.rises]
    fine = [rise / (trial.step / 4) for rise in trial.near]
    left, right = (math.nan if j else (4 * f - c) / 3 for j, f, c in zip(jumps, fine, coarse, strict=True))
    if all(jumps):
        return Slope(math.nan, math.inf, left, right, Status.JUMP)
    side = jumps.index(False)
    return Slope((left, right)[side], abs(fine[side] - coarse[side]) + trial.rounding, left, right, Status.JUMP)


def _singular(trials: list[_Trial], line: Line) -> bool:
    return not trials[-1].smooth and (any(_jumps(trials, line)) or _is_unbounded(trials))


def _jumps(trials: list[_Trial], line: Line) -> list[bool]:
    """On which sides f changes by as much over a narrow step as over any narrower one."""
    if len(trials) < 3:
        return [False, False]
    tremble = max(SURE * line.noise, line.eps * abs(line.centre))
    found = []
    for side in (0, 1):
        rise = trials[-1].rises[side]
        narrow = [r for trial in trials[-3:] for r in (trial.rises[side], trial.near[side])]
        # Noise would change it from one to the next.
        found.append(abs(rise) > 100 * tremble and all(abs(r - rise) < 0.1 * abs(rise) for r in narrow))
    return found


def _is_unbounded(trials: list[_Trial]) -> bool:
    """Whether the slope, or that of one side against the other, grows with every narrower step, as a power of it.

    It grows less than noise does, which is divided by the step itself.
    """
    if len(trials) < 4:
        return False
    for sizes in ([abs(t.kink) for t in trials], [abs(t.value) for t in trials]):
        ratios = [fine / coarse if coarse else math.inf for coarse, fine in itertools.pairwise(sizes)]
        if sizes[-1] > 1e3 * trials[-1].rounding and all(1.5 < ratio < 0.75 * SHRINK for ratio in ratios):
            return True
    return False
