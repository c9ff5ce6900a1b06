"""The error of a difference quotient against its step: what truncation and rounding make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.calculus.jacobians import derivative as exact_derivative
from chainrule.errors import ArgumentError, ShapeError
from chainrule.numeric.differences.chosen import choose, combine
from chainrule.numeric.differences.functions import read_formula
from chainrule.numeric.differences.lines import Elements
from chainrule.numeric.differences.schemes import Scheme, formula
from chainrule.numeric.differences.singular import examine
from chainrule.numeric.estimation.estimate import estimate
from chainrule.numeric.probe import RealArray, describe, quiet, read_numbers, read_point
from chainrule.numeric.samples import Samples, sampled
from chainrule.numeric.status import Status

__all__ = ["StepSweep", "step_sweep"]

PER_DECADE = 6

# A branch is taken for truncation where its slope in log-log is that of the formula to this.
SLOPE = 0.35

# A slope that is this part of another is nought but rounding.
ROUNDED = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class StepSweep:
    """The error of a difference formula for many steps: vectors of one length, ascending in `h`.

    `differences` are the quotients, NaN where f is undefined; `errors` their distances from `reference`, the
    derivative that they are held against, which is chainrule's own if `exact`, else the best estimate from values.
    `rounding` is the error that the measured noise of f and the rounding of x + h predict at each step; `truncation`
    the power of h fitted to the wide steps, NaN throughout where the errors follow none. `chosen` is the step that
    `h=None` takes, and `chosen_error` the error there. `name` is that of f. `singular` says why f has no derivative at
    x, and is empty where it has one: at a kink `reference` is the mean of both slopes, and where `h=None` is refused,
    `chosen` is NaN.

    >>> import numpy as np
    >>> from chainrule.numeric import step_sweep
    >>> sweep = step_sweep(np.exp, 1.0)
    >>> sweep.exact, sweep.chosen_error < 1e-9
    (True, True)
    """

    name: str
    x: float
    scheme: Scheme
    h: RealArray
    differences: RealArray
    errors: RealArray
    reference: float
    exact: bool
    truncation: RealArray
    rounding: RealArray
    chosen: float
    chosen_error: float
    singular: str = ""

    @property
    def best(self) -> float:
        """The step with the least error among those tried."""
        return float(self.h[int(np.nanargmin(self.errors))])


def step_sweep(
    f: Callable[[Any], Any],
    x: ArrayLike,
    scheme: str = "central",
    *,
    order: int = 1,
    accuracy: int | None = None,
    h: ArrayLike | None = None,
    exact: float | None = None,
    vectorized: bool | None = None,
) -> StepSweep:
    """The error of a difference formula at many steps, with the branches of truncation and of rounding.

    `f` is a function of one number `x`. `h` are the steps, any positive numbers; by default they run from the
    rounding of x to its scale, six a decade. The formula is that of `scheme`, `order` and `accuracy`, by default the
    textbook's. The error is measured against `exact` if given, else against chainrule's own derivative where f can be
    traced, else against the best estimate from values of f; then the errors near the best step are uncertain.

    Where f has a kink, a jump or another singularity at x, the sweep says so.

    Raises `ShapeError` if x or f(x) is not a single number, `NonFiniteError` if f is undefined beside x at every
    step, and `ArgumentError` for a bad x, h, scheme, order or accuracy.
    Source: Press, Teukolsky, Vetterling, Flannery, Numerical Recipes, 3rd edition, section 5.7, for the two branches.

    >>> import numpy as np
    >>> from chainrule.numeric import step_sweep
    >>> sweep = step_sweep(lambda x: x**3, 2.0, h=[1e-3, 1e-2, 1e-1])
    >>> np.array([f"{e:.1e}" for e in sweep.errors]).tolist()
    ['1.0e-06', '1.0e-04', '1.0e-02']
    """
    rule = read_formula(scheme, order, accuracy, 1.0)
    if rule is None:
        raise ArgumentError("the complex step has no step to choose: take 'central', 'forward' or 'backward'")
    values = read_point(x)
    if values.shape:
        raise ShapeError(f"x has shape {values.shape}: a sweep is made at one number")
    samples = sampled(f, x, vectorized)
    if samples.centre.shape:
        raise ShapeError(f"{samples.probe.name} returned shape {samples.centre.shape}: a sweep needs one number")
    lines = Elements(samples)
    choice, none = examine(lines, rule)
    singular = _kink(f, samples) if none is None else none.text
    steps = _steps(values) if h is None else _read_steps(h, values.dtype)
    differences = _differences(lines, rule, steps)
    reference, known = _reference(f, x, lines, rule, choice.noise) if exact is None else (float(exact), True)
    wide = steps.astype(np.float64)
    with quiet():
        errors = np.abs(differences - reference)
        # The steps are taken as written, so that x + h is rounded too.
        slope = reference if rule.derivative == 1 else float(choose(lines, formula(rule.name), choice.noise).slope[0])
        shifted = float(np.spacing(np.abs(values))) / 12**0.5 * abs(slope)
        rounding = rule.amplification * np.hypot(float(choice.noise), shifted) / wide**rule.derivative
    return StepSweep(
        name=_name(f),
        x=float(values),
        scheme=rule,
        h=wide,
        differences=differences,
        errors=errors,
        reference=reference,
        exact=known,
        truncation=_truncation(wide, errors, rounding, rule.order),
        rounding=rounding,
        chosen=float(choice.step[0]) if none is None else np.nan,
        chosen_error=abs(float(choice.slope[0]) - reference) if none is None else np.nan,
        singular=singular,
    )


def _kink(f: Callable[[Any], Any], samples: Samples) -> str:
    """What there is to say of a kink at x, which is none to a central difference: it gives the mean of both slopes."""
    values = samples.values
    with quiet():
        found = estimate(lambda t: samples.one(np.asarray(t, values.dtype)), values[()])
    if found.status is not Status.KINK:
        return ""
    least = ROUNDED * max(abs(found.left), abs(found.right))
    left, right = (slope if abs(slope) > least else 0.0 for slope in (found.left, found.right))
    return f"{_name(f)} has a kink at x = {values:g}: its slope is {left:.4g} below and {right:.4g} above"


def _name(f: Callable[[Any], Any]) -> str:
    name = describe(f).partition(" ")[0]
    return "f" if name == "f" else name


def _steps(values: RealArray) -> RealArray:
    """From a few units of rounding of x to its scale."""
    size = float(np.abs(values))
    eps = float(np.finfo(values.dtype).eps)
    widest = np.log10(max(size, 1.0))
    narrowest = max(np.log10(2 * eps * max(size, eps)), widest - 16)
    count = int(np.ceil((widest - narrowest) * PER_DECADE)) + 1
    steps = np.unique((10.0 ** np.linspace(narrowest, widest, count)).astype(values.dtype))
    return steps[np.isfinite(steps) & (steps > 0)]


def _read_steps(h: ArrayLike, dtype: np.dtype[Any]) -> RealArray:
    steps = np.unique(read_numbers(h, "h")).astype(dtype)
    if not steps.size or not np.all((steps > 0) & np.isfinite(steps)):
        raise ArgumentError("h must be positive, finite steps, at least one")
    return steps


def _differences(lines: Elements, rule: Scheme, steps: RealArray) -> RealArray:
    samples = lines.samples
    offsets = tuple(k for k in rule.offsets if k)
    with quiet():
        points = [np.asarray(samples.values + k * step) for k in offsets for step in steps]
        found = samples.many(points, len(points)).reshape(len(offsets), len(steps))
        centre = np.full(len(steps), float(samples.centre))
    slopes = combine(rule, offsets, found, centre, steps).astype(np.float64)
    return np.where(np.isfinite(slopes), slopes, np.nan)


def _reference(f: Callable[[Any], Any], x: Any, lines: Elements, rule: Scheme, noise: RealArray) -> tuple[float, bool]:
    """What the differences are held against, and whether it is exact."""
    best = choose(lines, formula(rule.name, rule.derivative, 8), noise)
    try:
        value = float(exact_derivative(f, rule.derivative)(float(x)))
    except Exception:
        # Whatever keeps a function from being traced, its values are there to estimate from.
        return float(best.slope[0]), False
    return (value, True) if np.isfinite(value) else (float(best.slope[0]), False)


def _truncation(h: RealArray, errors: RealArray, rounding: RealArray, order: int) -> RealArray:
    """The line C h**order through the errors of wide steps; NaN where they follow none."""
    # Far above the rounding, and below the steps where the next term of the series bends the line.
    with quiet():
        clear = np.isfinite(errors) & (errors > 30 * rounding) & (errors > 0)
        slope = np.gradient(np.log(np.where(clear, errors, 1.0)), np.log(h)) if h.size > 1 else np.full(1, np.nan)
        inner = clear & np.roll(clear, 1) & np.roll(clear, -1)
        straight = inner & (np.abs(slope - order) < SLOPE)
    if h.size > 1:
        straight[[0, -1]] = False
    if np.count_nonzero(straight) < 3:
        return np.full(h.shape, np.nan)
    # The narrowest of them: there the leading term rules alone.
    used = np.flatnonzero(straight)[: 2 * PER_DECADE]
    constant = np.exp(np.median(np.log(errors[used]) - order * np.log(h[used])))
    return np.asarray(constant * h**order)
