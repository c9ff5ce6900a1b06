"""Steps of difference quotients: the one that was given, checked, and the nominal one of a dtype, on the grid of x."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.numeric.differences.schemes import Scheme
from chainrule.numeric.probe import label, quiet

__all__ = ["nominal_step", "on_grid", "read_step", "representable", "step_for"]

# A fixed h is divided by as it is written; where rounding x + h changes it by more, the quotient would be off as much.
LOST_STEP = 0.01


def step_for(values: Any, h: float | None, rule: Scheme, eps: float) -> Any:
    """The step of each element of `values`, in its dtype: the given h, or the nominal one for the epsilon eps.

    Raises `ArgumentError` if h is not a positive number, or if x + h cannot be told from x in the dtype of x.
    """
    with quiet():
        if h is None:
            step = representable(values, nominal_step(rule, eps) * np.maximum(np.abs(values), 1))
        else:
            step = np.full_like(values, read_step(h))
        right, left = values + max(rule.offsets) * step, values + min(rule.offsets) * step
        wanted = (max(rule.offsets) - min(rule.offsets)) * step
        lost = ~(np.abs((right - left) - wanted) <= LOST_STEP * wanted) | (wanted == 0)
    if np.any(lost):
        index = tuple(int(i) for i in np.argwhere(lost)[0])
        place = f"{label('x', index)} = {values[index]:g} in {np.asarray(values).dtype}"
        if not np.isfinite(right[index] - left[index]):
            raise ArgumentError(f"the step overflows at {place}: scale x down or use a wider dtype")
        least = float(np.spacing(np.abs(values[index]))) / LOST_STEP
        raise ArgumentError(f"h = {h:g} is lost in the rounding of {place}: leave h out, or take at least {least:.1g}")
    return step


def nominal_step(rule: Scheme, eps: float) -> float:
    """The step that balances truncation and rounding where x, f and its derivatives are all of order one.

    Truncation is about h**order, rounding about eps / h**derivative.
    Source: Press, Teukolsky, Vetterling, Flannery, Numerical Recipes, 3rd edition, section 5.7.
    """
    return float(eps ** (1 / (rule.order + rule.derivative)))


def representable(values: Any, step: Any) -> Any:
    """The step nearest to the given one for which x + h and x - h are exact, in the dtype of x.

    Rounded away from zero: there the grid of floating numbers is at least as coarse as on the other side. Without
    this the error of the step, eps * |x| / h, would be as large as all the others.
    """
    size = np.abs(values)
    return (size + np.asarray(step, size.dtype)) - size


def on_grid(values: Any, step: Any, reach: int) -> Any:
    """The step nearest to the given one, at least one unit, for which x + k h is exact for all |k| <= reach."""
    size = np.abs(values)
    step = np.asarray(step, size.dtype)
    grid = np.spacing(size + reach * step)
    return np.maximum(np.rint(step / grid), 1) * grid


def read_step(h: Any) -> float:
    """A step given by the user: raises `ArgumentError` unless it is one positive, finite number."""
    if isinstance(h, bool | str | bytes) or np.ndim(h) != 0:
        raise ArgumentError(f"h must be a positive number or None, not {h!r}")
    try:
        step = float(h)
    except OverflowError as error:
        raise ArgumentError("h must be positive and finite, not an integer too large for float64") from error
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"h must be a positive number or None, not {h!r}") from error
    if not 0 < step < float("inf"):
        raise ArgumentError(f"h must be positive and finite, not {step}")
    return step
