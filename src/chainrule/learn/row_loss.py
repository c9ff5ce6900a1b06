"""The loss over rows that are read in blocks, or are spread over a cluster: its value, gradient and Hessian.

Where the analysis of its graph can take the rows out, it is put together by a row program, whatever it is over the
rows. Else it may still be a mean or a sum over them, which is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.gradients import value_and_grad
from chainrule.calculus.products import hvp
from chainrule.errors import ArgumentError, NonFiniteError
from chainrule.learn.batches import Block, Data
from chainrule.learn.blockwise import Evaluate, OverRows, over_rows, summed
from chainrule.learn.by_rows import ByRows, Call, NotByRowsError, Passes, RowProgram
from chainrule.learn.coordinates import Coordinates
from chainrule.learn.hessian import Hessian

__all__ = ["BlockPasses", "RowLoss"]

HEAD = 64  # rows that a loss is traced with, or fewer


@final
class BlockPasses:
    """Rows that this process reads block by block at every pass, row by row or as columns."""

    __slots__ = ("_columns", "_data")

    native = True

    def __init__(self, data: Data, columns: bool) -> None:
        self._data, self._columns = data, columns

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._data.rows

    def totals(self, program: RowProgram, call: Call, section: int) -> Any:
        """The sums of a section over all rows."""
        return program.over(call, section, self._data.columns() if self._columns else self._data.blocks())


@final
class RowLoss:
    """A loss over rows in blocks.

    Args:
        function: the loss as a function of the parameters and of rows.
        evaluate: the loss over some rows and its gradient, given the parameter arrays.
        start: the parameters to begin with.
        data: the rows.
        passes: how they are gone through, if not block by block in this process.
        traced: whether the gradient is that of `function`, so that it can be traced.

    Attributes:
        why_not: why it is not put together by a row program; "" where it is.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        evaluate: Evaluate,
        start: Any,
        data: Data,
        passes: Passes | None = None,
        traced: bool = True,
    ) -> None:
        self._function, self._evaluate, self._start, self._data = function, evaluate, start, data
        self._elsewhere, self._head = passes, next(data.blocks()).take(slice(0, HEAD))
        self._take(data.in_columns and passes is None)
        self._over: OverRows | None = None
        self._looked_at = False
        self.why_not = "" if traced else "its gradient is a function of the user's own"

    def evaluate(self, leaves: Sequence[Any]) -> tuple[float, list[Any]]:
        """The loss over all rows and its gradient, given the parameter arrays."""
        if not self._looked_at:
            self._looked_at = True
            self._evaluate(leaves, self._head)  # says what is wrong with the loss, and where
        if not self.why_not:
            try:
                value, slopes = self._put_together(lambda: self._gradient, [self._rebuilt(leaves)])
            except NotByRowsError as error:
                self.why_not = str(error)
            else:
                return float(value), [leaf for _, leaf in flatten(slopes)[0]]
        over, rows = self._over_rows(), self._data.rows
        return summed((over.weight(block, rows), *self._evaluate(leaves, block)) for block in self._data.blocks())

    def hessian(self, leaves: Sequence[Any]) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
        """The product of the Hessian with a vector of coordinates, at parameter arrays."""
        at = self._rebuilt(leaves)
        where = Coordinates(at)

        def product(vector: NDArray[np.float64]) -> NDArray[np.float64]:
            if not self.why_not:
                try:
                    found = self._put_together(lambda: self._product, [at, where.parameters(vector)])
                except NotByRowsError as error:
                    if self._elsewhere is not None:
                        raise ArgumentError(self._refused(str(error))) from None
                else:
                    joined = where.joined([leaf for _, leaf in flatten(found)[0]], gradient=True)
                    if not np.isfinite(joined).all():
                        raise NonFiniteError(
                            "the second derivative is not finite there: give a point inside the loss's domain"
                        )
                    return joined
            over, total = self._over_rows(), np.zeros_like(vector)
            for block in self._data.blocks():
                total += over.weight(block, self._data.rows) * Hessian(self._on(block), at)(vector)
            return total

        return product

    def __call__(self, parameters: Any) -> Any:
        """The loss over all rows; it can be traced where it is a mean or a sum over them."""
        leaves = [leaf for _, leaf in flatten(parameters)[0]]
        if all(isinstance(leaf, np.ndarray | np.generic | int | float | complex) for leaf in leaves):
            return np.float64(self.evaluate([np.asarray(leaf)[()] for leaf in leaves])[0])
        over, rows = self._over_rows(), self._data.rows
        return sum(over.weight(block, rows) * self._on(block)(parameters) for block in self._data.blocks())

    def _take(self, columns: bool) -> None:
        """Have rows come one by one, or as columns."""
        function, head, name = self._function, self._head, function_name(self._function)
        if columns:
            X, y = head.by_position
            function, head = _of_columns(function), Block((*X.T, y), {}, head.rows)

        def hessian_product(parameters: Any, vector: Any, *arrays: Any, **named: Any) -> Any:
            return hvp(lambda at: function(at, *arrays, **named), parameters, vector)

        self._columns, self._passes = columns, self._elsewhere or BlockPasses(self._data, columns)
        self._gradient = ByRows(value_and_grad(function), 1, head, name)
        self._product = ByRows(hessian_product, 2, head, name)

    def _put_together(self, of: Callable[[], ByRows], trees: Sequence[Any]) -> Any:
        try:
            return of().evaluate(trees, self._passes)
        except NotByRowsError:
            if not self._columns:
                raise
        self._take(columns=False)  # a loss may do with X what cannot be done with its columns
        return of().evaluate(trees, self._passes)

    def _on(self, block: Block) -> Callable[[Any], Any]:
        return lambda parameters: self._function(parameters, *block.by_position, **block.by_name)

    def _rebuilt(self, leaves: Sequence[Any]) -> Any:
        return flatten(self._start)[1](leaves)

    def _over_rows(self) -> OverRows:
        if self._elsewhere is not None:
            raise ArgumentError(self._refused(self.why_not))
        if self._over is None:
            start = [leaf for _, leaf in flatten(self._start)[0]]
            name = function_name(self._function)
            try:
                self._over = over_rows(self._evaluate, start, self._data.blocks(), name)
            except ArgumentError as error:
                if self.why_not:
                    error.add_note(f"its rows could not be told apart in any other way: {self.why_not}")
                raise
        return self._over

    def _refused(self, reason: str) -> str:
        return (
            f"{function_name(self._function)} cannot be spread over a cluster: {reason}; write it with sums, means and "
            "other functions of each row by itself, or descend without cluster="
        )


def _of_columns(function: Callable[..., Any]) -> Callable[..., Any]:
    """The loss as a function of the parameters, the columns of X, and y."""

    def loss(parameters: Any, *columns: Any) -> Any:
        return function(parameters, np.stack(columns[:-1], axis=1), columns[-1])

    return loss
