"""A function of two real variables as pictures see it: values on a grid, exact gradients, and its minimum."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.calculus.jacobians import hessian
from chainrule.errors import ArgumentError
from chainrule.plot.interval import Interval, interval_of
from chainrule.plot.numbers import number
from chainrule.plot.one_variable import LONG, required_arguments
from chainrule.read.formula_function import FormulaFunction
from chainrule.views.drawing.labels import elided, printable
from chainrule.views.write import formula

__all__ = ["OnRegion", "Region", "TwoVariables", "region_of"]

Numbers = NDArray[np.float64]
Region = tuple[Interval, Interval]

USUAL: Region = ((-3.0, 3.0), (-3.0, 3.0))
NEWTON_STEPS = 50


class TwoVariables:
    """A function f(x, y) of two numbers, or f(w) of a vector of two, or a formula of two variables.

    Attributes:
        variables: what stands at the axes.
        title: the function as an equation where it is a formula, else its name with its arguments.

    Raises:
        ArgumentError: it has not two variables.
    """

    def __init__(self, f: Callable[..., Any] | str) -> None:
        self._f = as_function(f)
        said = ""
        if isinstance(self._f, FormulaFunction):
            names = list(self._f.variables)
            name = "f" if "f" not in names else "z"
            said = " = " + elided(formula(self._f.graph, "unicode"), LONG)
        else:
            names = required_arguments(self._f)
            own = getattr(self._f, "__name__", "")
            name = printable(own) if own.isidentifier() else "f"
        vector = len(names) == 1 and not isinstance(self._f, FormulaFunction)
        if len(names) != 2 and not vector:
            raise ArgumentError(
                f"this picture is of a function of two variables, and {self._f!r:.60} has "
                f"{', '.join(names) if names else 'none'}"
            )
        self.variables = (f"{names[0]}[0]", f"{names[0]}[1]") if vector else (names[0], names[1])
        self.name = name
        self.title = f"{name}({', '.join(names)}){said}"
        self._call = self._f if vector else lambda point: self._f(point[0], point[1])
        self._gradient, self._hessian = grad(self._call), hessian(self._call)

    def __call__(self, x: float, y: float) -> float:
        return float(self._guarded(self._call, x, y))

    def gradient(self, x: float, y: float) -> Numbers:
        """Both partial derivatives, exact; NaN where there are none, as where f itself is undefined."""
        if not math.isfinite(self(x, y)):
            return np.full(2, math.nan)
        return np.asarray(self._guarded(self._gradient, x, y) + np.zeros(2), float)

    def on_grid(self, xs: Numbers, ys: Numbers) -> Numbers:
        """Values of shape (len(ys), len(xs)); NaN where f is undefined."""
        return np.array([[self(x, y) for x in xs] for y in ys])

    def minimum(self, region: Region, start: tuple[float, float]) -> tuple[float, float, float] | None:
        """A minimum in the region, x, y and the value, by Newton's method; None where it is not certain.

        It is certain where the gradient is 0 within rounding and the Hessian matrix is positive definite.
        """
        point = np.array(start, dtype=float)
        sides = np.array([end - begin for begin, end in region])
        for _ in range(NEWTON_STEPS):
            slope = self.gradient(*point)
            curvature = np.asarray(self._guarded(self._hessian, *point) + np.zeros((2, 2)), float)
            if not (np.isfinite(slope).all() and np.isfinite(curvature).all()):
                return None
            values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
            # Up a saddle Newton's step would go to it: the size of each curvature leads down.
            largest = float(np.abs(values).max())
            if largest == 0:
                return None
            size = np.maximum(np.abs(values), 1e-12 * largest)
            step = -vectors @ ((vectors.T @ slope) / size)
            step = step * min(1.0, 0.5 / max(1e-300, float(np.max(np.abs(step) / sides))))
            if np.max(np.abs(step) / sides) < 1e-12:
                inside = all(begin < p < end for (begin, end), p in zip(region, point, strict=True))
                if not inside or not values[0] > 1e-9 * abs(values[1]):
                    return None
                x, y = (0.0 if abs(p) < 1e-9 * side else float(p) for p, side in zip(point, sides, strict=True))
                return x, y, self(x, y)
            before, factor = self(*point), 1.0
            while not self(*(point + factor * step)) <= before and factor > 1e-6:
                factor /= 2
            point = point + factor * step
        return None

    def _guarded(self, function: Callable[[Numbers], Any], x: float, y: float) -> Any:
        try:
            with np.errstate(all="ignore"):
                value = function(np.array([x, y]))
        except (ArithmeticError, ValueError) as error:
            if isinstance(error, (ArgumentError, TypeError)):
                raise
            return math.nan
        if function is self._call and (np.shape(value) != () or np.iscomplexobj(value)):
            raise ArgumentError(
                f"{self.name} gives {value!r:.60} at ({x:g}, {y:g}): this picture is of one real number"
            )
        return value


class OnRegion:
    """A function on a grid over a region, with the minimum that lies inside.

    Attributes:
        function: the function.
        region: the interval of each variable.
        xs, ys: the places of the grid.
        values: of shape (len(ys), len(xs)), NaN where there is no real value.
        known: whether there is one, of the same shape.
        lowest, highest: the smallest and the largest value.
        minimum: x, y and the value; None where none is certain.

    Raises:
        ArgumentError: f is not a function of two variables, or has no real value in the region.
    """

    def __init__(self, f: Callable[..., Any] | str, between: Any, count: int) -> None:
        self.function, self.region = TwoVariables(f), region_of(between)
        self.xs, self.ys = (np.linspace(*ends, count) for ends in self.region)
        self.values = self.function.on_grid(self.xs, self.ys)
        self.known = np.isfinite(self.values)
        if not self.known.any():
            raise ArgumentError(
                f"{self.function.title} has no real value in the region: give another one, between=((..), (..))"
            )
        self.lowest, self.highest = float(self.values[self.known].min()), float(self.values[self.known].max())
        row, column = np.unravel_index(np.argmin(np.where(self.known, self.values, np.inf)), self.values.shape)
        self.minimum = self.function.minimum(self.region, (float(self.xs[column]), float(self.ys[row])))

    @property
    def where(self) -> str:
        """The region in words."""
        return " and ".join(
            f"{variable} from {number(begin)} to {number(end)}"
            for variable, (begin, end) in zip(self.function.variables, self.region, strict=True)
        )

    @property
    def told(self) -> str:
        """The values in words."""
        return f"The values are from {number(self.lowest)} to {number(self.highest)}."

    @property
    def told_minimum(self) -> str:
        """The minimum in words."""
        if self.minimum is None:
            return "No minimum is marked."
        x, y, value = self.minimum
        return f"The minimum is {number(value, 1.0)}, at ({number(x)}, {number(y)})."


def region_of(between: Any) -> Region:
    """Two intervals, or the usual ones for None; two numbers stand for both. Raises `ArgumentError` for others."""
    if between is None:
        return USUAL
    try:
        first, second = between
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"between is {between!r:.60}: expected ((x0, x1), (y0, y1)), or (a, b) for both") from error
    if np.ndim(first) == 0 and np.ndim(second) == 0:
        return interval_of(between), interval_of(between)
    return interval_of(first), interval_of(second)
