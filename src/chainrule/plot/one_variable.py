"""A function of one real variable as pictures see it: values and exact derivatives, NaN where there is none."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.calculus.functions import as_function
from chainrule.calculus.jacobians import derivative
from chainrule.errors import ArgumentError
from chainrule.read.formula_function import FormulaFunction
from chainrule.views.drawing.labels import elided, printable
from chainrule.views.write import formula

__all__ = ["OneVariable", "points_of", "required_arguments"]

# The longest formula in a title, in characters.
LONG = 44


class OneVariable:
    """A function of one real variable, or a formula.

    Attributes:
        variable: what its argument is called.
        name: what it is called, such as f.
        title: the function as an equation where it is a formula, else its name with its argument.
        complex_values: whether a value was complex; it counts as undefined.

    Raises:
        ArgumentError: it has more than one variable, or none.
    """

    def __init__(self, f: Callable[..., Any] | str) -> None:
        self._f = as_function(f)
        self._derivatives: dict[int, Callable[[float], Any]] = {}
        self._of = f
        self.complex_values = False
        self._raised = ""
        if isinstance(self._f, FormulaFunction):
            variables: list[str] = list(self._f.variables)
            self.name = "f" if "f" not in variables else "y"
            said = elided(formula(self._f.graph, "unicode"), LONG)
        else:
            variables = required_arguments(self._f)
            own = getattr(self._f, "__name__", "")
            self.name = printable(own) if own.isidentifier() else "f"
            said = ""
        if len(variables) != 1:
            has = f"the variables {', '.join(variables)}" if variables else "no variable"
            raise ArgumentError(f"this picture is of a function of one variable, and {self._f!r:.60} has {has}")
        self.variable = variables[0]
        self.title = f"{self.name}({self.variable})" + (f" = {said}" if said else "")

    def __call__(self, x: float) -> float:
        return self._number(self._f, x)

    def slope(self, x: float, order: int = 1) -> float:
        """The derivative of an order at x, exact; NaN where the function itself is undefined."""
        if not math.isfinite(self(x)):
            return math.nan
        if order not in self._derivatives:
            self._derivatives[order] = derivative(self._of if isinstance(self._of, str) else self._f, order)
        return self._number(self._derivatives[order], x)

    def sides(self, x: float) -> tuple[float, float] | None:
        """The slopes just below and just above a kink at x; None where there is no kink.

        At a kink they are as far apart at a hundredth of the distance, elsewhere a hundredth as far.
        """
        near = max(abs(x), 1.0)
        left, right = self.slope(x - 1e-9 * near), self.slope(x + 1e-9 * near)
        apart = abs(right - left)
        farther = abs(self.slope(x + 1e-7 * near) - self.slope(x - 1e-7 * near))
        if math.isfinite(apart) and apart > 1e-6 * max(abs(left), abs(right)) and apart > 0.5 * farther:
            return left, right
        return None

    def jumps(self, x: float) -> bool:
        """Whether the function is not continuous at x, where it is defined on both sides."""
        near, value = max(abs(x), 1.0), self(x)
        # By its slopes a continuous function moves so far; one that is steep without end gets nearer at least.
        for side in (-1, 1):
            gap, farther = (abs(self(x + side * distance * near) - value) for distance in (1e-9, 1e-7))
            if gap > 1e-7 * max(abs(value), 1.0) and gap > 0.5 * farther:
                return True
        return False

    def why_undefined(self) -> str:
        """What is known of the reason why there was no real value, to follow a sentence that says so."""
        return self._raised or (": its value is complex there" if self.complex_values else "")

    def _number(self, function: Callable[[float], Any], x: float) -> float:
        """The value as a float; NaN outside the domain, where functions of Python raise."""
        try:
            with np.errstate(all="ignore"):
                value = function(np.float64(x))
        except (ArithmeticError, ValueError) as error:
            # Of chainrule's errors only those that speak of numbers: a wrong function is to be named.
            if isinstance(error, (ArgumentError, TypeError)):
                raise
            self._raised = f": it raised {type(error).__name__}" + (f": {error}" if str(error) else "")
            return math.nan
        if np.shape(value) != ():
            raise ArgumentError(
                f"{self.name} gives an array of shape {np.shape(value)} at {x:g}: this picture is of one number"
            )
        if np.iscomplexobj(value):
            if np.imag(value) != 0:
                self.complex_values = True
                return math.nan
            value = np.real(value)
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{self.name} gives {value!r:.60} at {x:g}: expected a number") from error


def points_of(at: Any, what: str = "at") -> list[float]:
    """One number or several as a list of finite floats, in the order given and without those given twice.

    Raises `ArgumentError` that names what is none.
    """
    try:
        array = np.atleast_1d(np.asarray(at))
        points = [] if array.dtype.kind not in "iufb" else [float(x) for x in array]
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{what} is {at!r:.60}: expected a number or a list of numbers") from error
    if not points:
        raise ArgumentError(f"{what} is {at!r:.60}: expected a number or a list of numbers")
    for x in points:
        if not math.isfinite(x):
            raise ArgumentError(f"{what} has {x}: expected finite numbers")
    if len(points) > 12:
        raise ArgumentError(f"{what} has {len(points)} numbers: a picture holds 12 at most")
    return list(dict.fromkeys(points))


def required_arguments(f: Callable[..., Any]) -> list[str]:
    """The names of the arguments that have to be given; of a function without a signature, such as a ufunc, x."""
    if isinstance(f, np.ufunc):
        return ["x"] if f.nin == 1 else [f"x{i}" for i in range(1, f.nin + 1)]
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        return ["x"]
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    given = [p.name for p in parameters if p.default is p.empty and p.kind not in several]
    if given or not parameters:
        return given
    return [next((p.name for p in parameters if p.kind not in several), "x")]
