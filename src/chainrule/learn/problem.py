"""What a descent minimises: the loss as a function of the parameters, its gradient, and how parameters are laid out."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np

from chainrule.calculus.arguments import differentiable, function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import scalar, value_and_grad
from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.numeric.probe import label
from chainrule.passes.guards import watch_numbers

__all__ = ["Problem", "norm", "not_finite"]

Evaluate = Callable[[Sequence[Any]], tuple[float, list[Any]]]


@final
class Problem:
    """A loss to be minimised, over all the data there is.

    Attributes:
        loss: the loss as a function of the parameters alone, in the form of the start; it can be traced.
        paths: the name of each parameter array, such as "layers[0].W"; of a single array, "start".
        start: the arrays of the start, floating or complex.
        given: whether the gradient is the user's own, and not the exact one.
        evaluate: the loss and the gradient, given the parameter arrays.
    """

    __slots__ = ("_rebuild", "evaluate", "given", "loss", "paths", "start")

    def __init__(
        self, loss: Callable[..., Any] | str, start: Any, gradient: Callable[[Any], Any] | None = None
    ) -> None:
        pairs, self._rebuild = flatten(start, "start")
        self.start: list[Any] = [np.copy(differentiable(leaf, path))[()] for path, leaf in pairs]
        self.paths = tuple(path.removeprefix("start.") for path, _ in pairs)
        if not sum(np.size(leaf) for leaf in self.start):
            raise ArgumentError("start holds no numbers: give the parameters to begin with")
        for leaf, path in zip(self.start, self.paths, strict=True):
            place = _first_not_finite(leaf, path)
            if place:
                raise NonFiniteError(f"{place[0]} is {place[1]}: a descent needs a finite start")
        self.loss = _of_one_argument(loss, start)
        self.given = gradient is not None
        self.evaluate: Evaluate = self._with_exact() if gradient is None else self._with_given(gradient)

    def flatten(self, parameters: Any) -> list[Any]:
        """The arrays of parameters in the form of the start, in the order of `paths`."""
        return [leaf for _, leaf in flatten(parameters)[0]]

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """Parameters in the form of the start, from their arrays in the order of `paths`."""
        return self._rebuild(leaves)

    def __repr__(self) -> str:
        return f"<Problem in {', '.join(self.paths)}>"

    def _with_exact(self) -> Evaluate:
        both, rebuild = value_and_grad(self.loss), self._rebuild

        def evaluate(leaves: Sequence[Any]) -> tuple[float, list[Any]]:
            value, gradient = both(rebuild(leaves))
            return float(value), [slope for _, slope in flatten(gradient)[0]]

        return evaluate

    def _with_given(self, gradient: Callable[[Any], Any]) -> Evaluate:
        if not callable(gradient):
            raise ArgumentError(f"gradient is {gradient!r:.60}, expected a function of the parameters, or nothing")
        loss, rebuild = self.loss, self._rebuild

        def evaluate(leaves: Sequence[Any]) -> tuple[float, list[Any]]:
            # Each function gets copies: one that writes into its argument must not move the descent.
            value = scalar(loss(rebuild([np.copy(leaf)[()] for leaf in leaves])), function_name(loss))
            given = flatten(gradient(rebuild([np.copy(leaf)[()] for leaf in leaves])))[0]
            if len(given) != len(leaves):
                raise ShapeError(
                    f"{function_name(gradient)} returned {len(given)} arrays, but start holds {len(leaves)}"
                )
            slopes = [
                _like(slope, leaf, path) for (_, slope), leaf, path in zip(given, leaves, self.paths, strict=True)
            ]
            return float(value), slopes

        return evaluate

    def why_not_finite(self, problem: tuple[str, Any], leaves: Sequence[Any]) -> str:
        """The message for a start that is unusable: it names the data, or else the step, that is to blame."""
        message = f"{problem[0]} is {problem[1]} at the start"
        try:
            variables = inspect.getclosurevars(self.loss)
        except (TypeError, ValueError):
            variables = None
        for name, value in {**variables.globals, **variables.nonlocals}.items() if variables else ():
            if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
                place = _first_not_finite(value, name)
                if place:
                    return f"{message}: {place[0]}, which {function_name(self.loss)} uses, is {place[1]}"
        try:
            with watch_numbers():
                value_and_grad(self.loss)(self.rebuild(leaves))
        except NonFiniteError as error:
            return f"{message}: {error}"
        return f"{message}: begin at another point"


def _of_one_argument(loss: Callable[..., Any] | str, start: Any) -> Callable[[Any], Any]:
    function = as_function(loss)
    if isinstance(loss, str) and isinstance(start, dict):
        return lambda parameters: function(**parameters)
    return function


def _like(slope: Any, leaf: Any, path: str) -> Any:
    """A gradient of the user's as an array of the parameter's shape and dtype."""
    found = differentiable(slope, f"the gradient with respect to {path}")
    if np.shape(found) != np.shape(leaf):
        raise ShapeError(
            f"the gradient with respect to {path} has shape {np.shape(found)}, but {path} has shape {np.shape(leaf)}"
        )
    if found.dtype.kind == "c" and leaf.dtype.kind != "c":
        raise ArgumentError(f"the gradient with respect to {path} is complex, but {path} is real")
    # A gradient computed in double precision must not widen a float32 parameter.
    return found.astype(leaf.dtype)


def _first_not_finite(leaf: Any, path: str) -> tuple[str, Any] | None:
    """The first component that is NaN or infinite, and its value."""
    finite = np.isfinite(leaf)
    if finite.all():
        return None
    index = tuple(int(i) for i in np.argwhere(~finite)[0])
    return label(path, index), np.asarray(leaf)[index]


def not_finite(
    value: float, slopes: Sequence[Any], leaves: Sequence[Any], paths: Sequence[str]
) -> tuple[str, Any] | None:
    """What of a state is not finite, and its value; None if all of it is."""
    if not math.isfinite(value):
        return "the loss", value
    for leaf, slope, path in zip(leaves, slopes, paths, strict=True):
        found = _first_not_finite(slope, path)
        if found:
            return f"the derivative with respect to {found[0]}", found[1]
        found = _first_not_finite(leaf, path)
        if found:
            return found
    return None


def norm(slopes: Sequence[Any]) -> float:
    """The Euclidean norm of all components together."""
    squares = sum(float(np.vdot(slope, slope).real) for slope in slopes)
    if 1e-280 < squares < math.inf and all(slope.dtype.char in "dD" for slope in slopes):
        return math.sqrt(squares)
    # Scaled, because the squares of a diverging run overflow long before its gradient does.
    largest = max((float(np.max(np.abs(slope), initial=0.0)) for slope in slopes), default=0.0)
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(sum(float(np.sum(np.abs(slope / largest) ** 2)) for slope in slopes))
