"""What a descent minimises: the loss as a function of the parameters, its gradient, and how parameters are laid out."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import differentiable, function_name
from chainrule.calculus.compiled import Compiled
from chainrule.calculus.containers import flatten
from chainrule.calculus.gradients import scalar, value_and_grad, value_and_leaves
from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.learn.batches import Batches, Block, Data, InMemory
from chainrule.learn.blockwise import Evaluate
from chainrule.learn.by_rows import Passes
from chainrule.learn.hessian import Hessian
from chainrule.learn.loss_function import of_parameters_and_rows
from chainrule.learn.row_loss import RowLoss
from chainrule.learn.spreading import warn_of_spreading
from chainrule.numeric.probe import label
from chainrule.passes.guards import watch_numbers

__all__ = ["NO_DATA", "Problem", "measure", "norm", "what_is_not_finite"]

NO_DATA = Block()
# Of a sum of squares, so that it is exact in float32 too.
TINY, HUGE = 1e-25, 1e37


@final
class Problem:
    """A loss to be minimised, over all the data there is.

    Attributes:
        paths: the name of each parameter array, such as "layers[0].W"; of a single array, "start".
        start: the arrays of the start, floating or complex.
        is_single: whether the parameters are one array by itself.
        name: what the loss is called, or its formula.
        evaluate_on: the loss over some rows and its gradient, given the parameter arrays.
        gradient: the user's own gradient; None for the exact one.
        data: the rows that the loss takes; None where it has no data but its own.
        batches: the mini-batches that steps are made of; None where each step takes all data.
        passes: how all rows are gone through if they are elsewhere; None where this process does it.
    """

    __slots__ = (
        "_function",
        "_rebuild",
        "_row_loss",
        "batches",
        "data",
        "evaluate_on",
        "gradient",
        "is_single",
        "name",
        "passes",
        "paths",
        "start",
    )

    def __init__(
        self,
        loss: Callable[..., Any] | str,
        start: Any,
        gradient: Callable[..., Any] | None = None,
        data: Data | None = None,
        batches: Batches | None = None,
        passes: Passes | None = None,
    ) -> None:
        pairs, self._rebuild = flatten(start, "start")
        self.start: list[Any] = [np.copy(differentiable(leaf, path))[()] for path, leaf in pairs]
        self.is_single = self._rebuild(self.start) is self.start[0] if self.start else False
        self.paths = tuple(path.removeprefix("start.") for path, _ in pairs)
        if not any(leaf.size for leaf in self.start):
            raise ArgumentError("start holds no numbers: give the parameters to begin with")
        for leaf, path in zip(self.start, self.paths, strict=True):
            place = first_not_finite(leaf, path)
            if place:
                raise NonFiniteError(f"{place[0]} is {place[1]}: a descent needs a finite start")
        self.data, self.batches, self.passes = data, batches, passes
        self._function = of_parameters_and_rows(loss, start, None if data is None else next(data.blocks()))
        self.name = loss if isinstance(loss, str) else str(getattr(loss, "__qualname__", type(loss).__qualname__))
        self.gradient = gradient
        self.evaluate_on: Evaluate = self._with_exact() if gradient is None else self._with_given(gradient)
        self._row_loss: RowLoss | None = None

    @property
    def loss(self) -> Callable[[Any], Any]:
        """The loss over all data as a function of the parameters alone, in the form of the start; it can be traced."""
        if self.data is None:
            return self._function
        if isinstance(self.data, InMemory):
            return self.loss_on(self.data.block)
        data = self.data

        def loss(parameters: Any) -> Any:
            return self._over_blocks(data)(parameters)

        return loss

    def evaluate(self, leaves: Sequence[Any]) -> tuple[float, list[Any]]:
        """The loss over all data and its gradient, given the parameter arrays."""
        if self.data is None:
            return self.evaluate_on(leaves, NO_DATA)
        if isinstance(self.data, InMemory) and self.passes is None:
            return self.evaluate_on(leaves, self.data.block)
        return self._over_blocks(self.data).evaluate(leaves)

    def hessian(self, leaves: Sequence[Any]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """The product of the Hessian of the loss over all data with a vector of coordinates, at parameter arrays."""
        data, at = self.data, self.rebuild(leaves)
        if data is None or (isinstance(data, InMemory) and self.passes is None):
            return Hessian(self.loss, at)
        return self._over_blocks(data).hessian(leaves)

    def batch_loss(self, step: int) -> Callable[[Any], Any]:
        """The loss over the mini-batch of a step, the first being step 1, as a function of the parameters alone."""
        if self.batches is None:
            return self.loss
        return self.loss_on(next(self.batches.after(step - 1)))

    def loss_on(self, block: Block) -> Callable[[Any], Any]:
        """The loss over some rows as a function of the parameters alone."""
        function = self._function

        def loss(parameters: Any) -> Any:
            return function(parameters, *block.by_position, **block.by_name)

        loss.__name__ = function_name(function)
        return loss

    @property
    def function(self) -> Callable[..., Any]:
        """The loss as a function of the parameters and of rows."""
        return self._function

    def flatten(self, parameters: Any) -> list[Any]:
        """The arrays of parameters in the form of the start, in the order of `paths`."""
        return [leaf for _, leaf in flatten(parameters)[0]]

    def come_home(self) -> None:
        """Go through all rows in this process from now on."""
        if self.passes is not None:
            self.passes = self._row_loss = None

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """Parameters in the form of the start, from their arrays in the order of `paths`."""
        return self._rebuild(leaves)

    def __repr__(self) -> str:
        rows = "" if self.data is None else f" over {self.data.rows:,} rows"
        return f"<Problem in {', '.join(self.paths)}{rows}>"

    def _over_blocks(self, data: Data) -> RowLoss:
        if self._row_loss is None:
            at = self.rebuild(self.start)
            traced = self.gradient is None
            self._row_loss = RowLoss(self._function, self.evaluate_on, at, data, self.passes, traced)
        return self._row_loss

    def _with_exact(self) -> Evaluate:
        rebuild = self._rebuild
        if isinstance(self._function, Compiled):
            kept = self._function.kept
            if "gradient" not in kept:
                kept["gradient"] = self._function.alike(value_and_grad(self._function))
            compiled = kept["gradient"]

            # None of these functions refers to the problem: it would be freed, with its data, only by the collector.
            def evaluate_compiled(leaves: Sequence[Any], block: Block) -> tuple[float, list[Any]]:
                value, gradient = compiled(rebuild(leaves), *block.by_position, **block.by_name)
                return float(value), [leaf for _, leaf in flatten(gradient)[0]]

            return evaluate_compiled
        function, name, looked_at = self._function, self.name, False
        both = value_and_leaves(function)
        # What most small problems have, without the cost of a container.
        single = self.is_single

        def evaluate(leaves: Sequence[Any], block: Block) -> tuple[float, list[Any]]:
            nonlocal looked_at
            parameters = leaves[0] if single else rebuild(leaves)
            if not looked_at:
                looked_at = True
                first = value_and_leaves(function, lambda records: warn_of_spreading(records, block.rows, name))
                try:
                    value, slopes = first(parameters, *block.by_position, **block.by_name)
                except TypeError as error:
                    if isinstance(parameters, list | tuple) and not any(np.ndim(part) for part in parameters):
                        kind = type(parameters).__name__
                        error.add_note(
                            f"the loss was called with parameters in the form of the start, a {kind}, which has no "
                            f"arithmetic: for one array of them start with np.array({kind}(...))"
                        )
                    raise
                return float(value), slopes
            value, slopes = both(parameters, *block.by_position, **block.by_name)
            return float(value), slopes

        return evaluate

    def _with_given(self, gradient: Callable[..., Any]) -> Evaluate:
        if not callable(gradient):
            raise ArgumentError(f"gradient is {gradient!r:.60}, expected a function of the parameters, or nothing")
        loss, rebuild, paths = self._function, self._rebuild, self.paths

        def evaluate(leaves: Sequence[Any], block: Block) -> tuple[float, list[Any]]:
            # Each function gets copies: one that writes into its argument must not move the descent.
            one, two = (rebuild([np.copy(leaf)[()] for leaf in leaves]) for _ in range(2))
            value = scalar(loss(one, *block.by_position, **block.by_name), function_name(loss))
            given = flatten(gradient(two, *block.by_position, **block.by_name))[0]
            if len(given) != len(leaves):
                raise ShapeError(
                    f"{function_name(gradient)} returned {len(given)} arrays, but start holds {len(leaves)}"
                )
            slopes = [_like(slope, leaf, path) for (_, slope), leaf, path in zip(given, leaves, paths, strict=True)]
            return float(value), slopes

        return evaluate

    def why_not_finite(self, fault: tuple[str, Any], leaves: Sequence[Any], block: Block) -> str:
        """The message for a start that is unusable: it names the data, or else the step, that is to blame."""
        message = f"{fault[0]} is {fault[1]} at the start"
        if not block.rows and self.data is not None:
            block = next(self.data.blocks())
        name = function_name(self._function)
        for called, array in (*block.labelled(), *_arrays_around(self._function)):
            if array.dtype.kind in "fc":
                place = first_not_finite(array, called)
                if place:
                    return f"{message}: {place[0]}, which {name} uses, is {place[1]}"
        try:
            with watch_numbers():
                value_and_grad(self.loss_on(block))(self.rebuild(leaves))
        except NonFiniteError as error:
            return f"{message}: {error}"
        return f"{message}: begin at another point"


def _arrays_around(function: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """The arrays that a function reads from around it, by name."""
    try:
        variables = inspect.getclosurevars(function)
    except (TypeError, ValueError):
        return
    for name, value in {**variables.globals, **variables.nonlocals}.items():
        if isinstance(value, np.ndarray):
            yield name, value


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


def first_not_finite(leaf: Any, path: str) -> tuple[str, Any] | None:
    """The first component that is NaN or infinite, and its value."""
    finite = np.isfinite(leaf)
    if np.count_nonzero(finite) == finite.size:  # `all` costs three times as much for small arrays
        return None
    index = tuple(int(i) for i in np.argwhere(~finite)[0])
    return label(path, index), np.asarray(leaf)[index]


def what_is_not_finite(
    value: float, slopes: Sequence[Any], leaves: Sequence[Any], paths: Sequence[str]
) -> tuple[str, Any] | None:
    """What of a state is not finite, and its value; None if all of it is."""
    if not math.isfinite(value):
        return "the loss", value
    for leaf, slope, path in zip(leaves, slopes, paths, strict=True):
        found = first_not_finite(slope, path)
        if found:
            return f"the derivative with respect to {found[0]}", found[1]
        found = first_not_finite(leaf, path)
        if found:
            return found
    return None


def measure(
    value: float, slopes: Sequence[Any], leaves: Sequence[Any], paths: Sequence[str]
) -> tuple[float, tuple[str, Any] | None]:
    """The Euclidean norm of a gradient, and what of the state is not finite, if anything."""
    if math.isfinite(value):
        squares = sizes = 0.0
        for leaf, slope in zip(leaves, slopes, strict=True):
            if slope.ndim and slope.dtype.char in "df":
                flat, of_leaf = (slope, leaf) if slope.ndim == 1 else (slope.reshape(-1), leaf.reshape(-1))
                # Without what `vdot` costs for small arrays.
                squares += flat.dot(flat)
                sizes += of_leaf.dot(of_leaf)
            else:
                squares += np.vdot(slope, slope).real
                sizes += np.vdot(leaf, leaf).real
        # Sums of squares in the middle of the range show at once that all is finite, and nothing has underflowed.
        if TINY < squares < HUGE and sizes < HUGE:
            return math.sqrt(squares), None
    return norm(slopes), what_is_not_finite(value, slopes, leaves, paths)


def norm(slopes: Sequence[Any]) -> float:
    """The Euclidean norm of all components together."""
    # Scaled, because the squares of a diverging run overflow long before its gradient does.
    largest = max((float(np.max(np.abs(slope), initial=0.0)) for slope in slopes), default=0.0)
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(sum(float(np.sum(np.abs(slope / largest) ** 2)) for slope in slopes))
