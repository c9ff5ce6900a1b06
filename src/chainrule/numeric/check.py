"""Checks of a gradient against finite differences, with error bars in place of a fixed tolerance.

Each component is measured with two steps, h and h/2. Their extrapolation is the value, their difference bounds the
truncation, and the measured noise of the function bounds the rounding; a claimed component may differ by that much.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.calculus.containers import flatten as take_apart, is_container
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.errors import ArgumentError, NonFiniteError
from chainrule.numeric.diagnosis import Component, diagnose
from chainrule.numeric.differences import SCHEMES, quotient, representable, step_for
from chainrule.numeric.noise import noise_level
from chainrule.numeric.objective import ArgNums, Flatten, Leaf, Objective, single
from chainrule.numeric.probe import Index, RealArray, label, precision

__all__ = ["Component", "GradientCheck", "check", "compare"]

CENTRAL = SCHEMES["central"]
SIDES = (SCHEMES["forward"], SCHEMES["backward"])
# A step that leaves the domain, or cuts off too much, is divided by SHRINK and tried again.
SHRINK, ATTEMPTS = 16, 10

ROWS = 12  # of the printed table


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The result of a gradient check; true when it passed, and readable when printed.

    `worst` is the component furthest from agreement in units of its tolerance, None if there are none;
    `evaluations` counts the calls of f; `resolution` is the largest tolerance: a smaller error in a component would
    pass unseen; `diagnosis` names the mistake where one explains every component, else it is "".

    >>> from chainrule.numeric import check
    >>> print(check(lambda x, y: x**2 * y, lambda x, y: 4 * x * y, 2.0, 3.0))
    gradient check FAILED: 1 of 1 component is wrong; worst x, ... times its tolerance off
    diagnosis: off by the constant factor 2
      component  analytic  numeric  difference  tolerance
      x                24       12          12  ...        wrong
    resolution ..., 20 evaluations of f
    """

    passed: bool
    worst: Component | None
    components: tuple[Component, ...]
    evaluations: int
    diagnosis: str
    resolution: float

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        count = len(self.components)
        wrong = sum(not c.passed for c in self.components)
        be = "is" if wrong == 1 else "are"
        if self.worst is None:
            return "gradient check passed: there is no component to compare"
        noun = "component" if count == 1 else "components"
        verdict = f"passed: {count} {noun} agree{'s' if count == 1 else ''}"
        if wrong:
            far = self.worst.ratio
            times = f"{far:.2g} times its tolerance off" if math.isfinite(far) else "not a finite number"
            verdict = f"FAILED: {wrong} of {count} {noun} {be} wrong; worst {self.worst.label}, {times}"
        lines = [
            f"gradient check {verdict}",
            *([f"diagnosis: {self.diagnosis}"] if self.diagnosis else []),
            *self._table(),
        ]
        lines.append(f"resolution {self.resolution:.2g}, {self.evaluations} evaluations of f")
        return "\n".join(lines)

    def _table(self) -> list[str]:
        order = sorted(self.components, key=lambda c: -c.ratio) if not self.passed else self.components
        rows = [["component", "analytic", "numeric", "difference", "tolerance", ""]]
        for c in order[:ROWS]:
            values = [f"{v + 0.0:.10g}" for v in (c.analytic, c.numeric)]  # + 0.0: no minus before a zero
            errors = [f"{v + 0.0:.2g}" for v in (c.difference, c.tolerance)]
            rows.append([c.label, *values, *errors, "ok" if c.passed else "wrong"])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = []
        for name, *numbers in rows:
            cells = [name.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]
            table.append(("  " + "  ".join(cells)).rstrip())
        more = len(order) - ROWS
        return [*table, f"  ... and {more} more"] if more > 0 else table


def check(f: Callable[..., Any] | str, df: Any, *args: Any, argnums: ArgNums = 0) -> GradientCheck:
    """Compare a gradient of the scalar function f at `args` with finite differences, component by component.

    `df` is a function of the same arguments or the gradient itself: an array of the shape of the argument chosen by
    `argnums` (a position or a name; for several, a tuple, and `df` gives as many arrays), or a container where the
    argument is one; with None, chainrule's own gradient is checked. f may be a formula. Integer arguments that are
    differentiated are promoted to float64; neither f nor df ever sees the caller's own arrays. The tolerance of each
    component follows from the dtypes and from the measured truncation and noise.

    Raises `ShapeError` if the gradient has another shape than its argument, `NotScalarError` if f is not
    scalar-valued, `NonFiniteError` if f is undefined at the point, and `ArgumentError` if f is not deterministic,
    writes into an argument, or an argument cannot be used. NaN in the gradient is a failed check, not an error.

    >>> import numpy as np, chainrule as cr
    >>> result = cr.check(lambda w: (w**2).sum(), lambda w: -2 * w, np.array([1.0, -3.0]))
    >>> bool(result), result.diagnosis, result.worst.numeric
    (False, 'the sign is flipped', -6.0)
    """
    function = as_function(f) if isinstance(f, str) else f
    return compare(
        function,
        grad(function, argnums) if df is None else df,
        args,
        argnums,
        flatten=_leaves if any(map(_holds_arrays, args)) else single,
    )


def _holds_arrays(value: Any) -> bool:
    """Whether an argument is a container of parameters; a list of numbers is an array."""
    return is_container(value) and not (
        isinstance(value, list) and all(isinstance(v, (int, float, list)) for v in value)
    )


def _leaves(value: Any) -> tuple[list[tuple[str, Any]], Callable[[Sequence[Any]], Any]]:
    leaves, rebuild = take_apart(value, "#")
    return [(path[1:], leaf) for path, leaf in leaves], rebuild  # what follows the argument's own name


def compare(
    f: Callable[..., Any],
    df: Any,
    args: Sequence[Any],
    argnums: ArgNums = 0,
    names: Sequence[str] | None = None,
    exact: Callable[..., Any] | None = None,
    flatten: Flatten = single,
) -> GradientCheck:
    """What `check` does, with its parts open: names of the arguments, exact derivatives, containers.

    `names` has one name an argument (by default those of f's signature). Where `df` is None, `exact` stands in for
    it, called with `args`. `flatten` turns an argument, or its gradient, into (leaves, rebuild): pairs of a path
    such as `['W']` and an array, and the function from such arrays back to the container. Raises as `check` does,
    and `ArgumentError` if neither `df` nor `exact` is given.

    >>> import numpy as np
    >>> from chainrule.numeric import compare
    >>> compare(np.sin, None, [1.0], exact=np.cos).passed
    True
    """
    if df is None and exact is None:
        raise ArgumentError("df is missing: give the gradient to check, a function of the arguments or an array")
    objective = Objective(f, args, argnums, names, flatten)
    gradients = objective.gradients(exact if df is None else df)
    value = objective.value()
    components: list[Component] = []
    for leaf, gradient in zip(objective.leaves, gradients, strict=True):
        components.extend(_compare_leaf(leaf, gradient, value))
    objective.require_unchanged(value)
    worst = max(components, key=lambda c: c.ratio, default=None)
    return GradientCheck(
        passed=all(c.passed for c in components),
        worst=worst,
        components=tuple(components),
        evaluations=sum(leaf.probe.evaluations for leaf in objective.leaves),
        diagnosis=diagnose(components),
        resolution=max((c.tolerance for c in components), default=0.0),
    )


def _compare_leaf(leaf: Leaf, gradient: RealArray, value: RealArray) -> list[Component]:
    if leaf.values.size == 0:
        return []
    eps = precision(leaf.values, value)
    noise = noise_level(leaf.probe, leaf.values, eps)
    finite = np.abs(gradient[np.isfinite(gradient)])
    # The rounding of the gradient itself; in one component it is set by the others that cancel with it.
    rounding = 16 * precision(gradient) * float(finite.max(initial=0.0))
    components = []
    for index in np.ndindex(leaf.values.shape):
        numeric, error = _measure(leaf, index, eps, noise, value)
        analytic = float(gradient[index])
        difference = analytic - numeric
        components.append(Component(index, analytic, numeric, difference, error + rounding, leaf.name))
    return components


def _measure(leaf: Leaf, index: Index, eps: float, noise: float, value: RealArray) -> tuple[float, float]:
    """The partial derivative at one component, and a bound on its error."""
    best: tuple[float, float] | None = None
    undefined: NonFiniteError | None = None
    at = leaf.values[index]
    step = step_for(at, None, CENTRAL, eps)
    for _ in range(ATTEMPTS):
        half = representable(at, step / 2)
        if not half:
            break
        try:
            coarse = [float(quotient(leaf.probe, leaf.values, index, step, side, value)) for side in SIDES]
            fine = [float(quotient(leaf.probe, leaf.values, index, half, side, value)) for side in SIDES]
        except NonFiniteError as error:
            undefined = error
        else:
            # Each value may be off by the noise, which few samples estimate within a factor of 4. At x + h, f may be
            # larger than at x.
            trembling = max(4 * noise, eps * (abs(float(value)) + max(map(abs, coarse)) * float(step)))
            numeric, cut_off, rounding = _extrapolate(coarse, fine, trembling / float(step))
            if best is None or cut_off + rounding < best[1]:
                best = (numeric, cut_off + rounding)
            if cut_off <= rounding:
                break
        step = representable(at, step / SHRINK)
    if best is None:
        place = label(leaf.name, index)
        raise NonFiniteError(f"f is undefined beside {place}, so there is nothing to compare with: {undefined}")
    return best


def _extrapolate(coarse: list[float], fine: list[float], tremble: float) -> tuple[float, float, float]:
    """The slope from those on either side, over h and over h/2, with what it may have cut off and rounded away.

    `tremble` is the error of one value of f over h.
    """
    at_h, at_half = sum(coarse) / 2, sum(fine) / 2
    # The slopes of a smooth function on either side differ by h f'', half as much over h/2. What does not shrink so
    # is a kink at or near the point, where the derivative is any number between the two slopes.
    kink = abs(2 * (fine[0] - fine[1]) - (coarse[0] - coarse[1])) / 2
    cut_off = abs(at_h - at_half) + kink
    # The extrapolated value keeps (4 * 2 / h + 2 / (2 h)) / 3 = 3 / h of the error of one value at most.
    return (4 * at_half - at_h) / 3, cut_off, 3 * tremble
