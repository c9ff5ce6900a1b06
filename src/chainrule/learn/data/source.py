"""What data is to a descent: rows that come in blocks, as often as they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.plain_numbers import whole_number
from chainrule.errors import DataError
from chainrule.learn.data.encoding import Encoding
from chainrule.limits import LIMITS

__all__ = ["Arrays", "Source", "Table"]

Arrays = tuple[NDArray[Any], ...] | dict[str, NDArray[Any]]

ROWS = 65_536  # of a block where nothing else is asked for


class Source(ABC):
    """Rows of numbers that come in blocks, in the same order at every pass.

    With a target, a block is the pair `(X, y)` of shapes (rows, d) and (rows,); without one it is a dict from the name
    of a column to its values, shape (rows,). All are float64, or float32 where that was asked for, and are the
    receiver's own. Of arrays in .npy files a block is a tuple of them, or a dict by name.

    A loss over rows that do not fit into memory is a sum over the blocks:

    >>> import chainrule as cr
    >>> source = cr.data.read("examples/diabetes.csv", target="y")
    >>> sum(float(y.sum()) for X, y in source.blocks(100)) / source.rows
    152.13348416289594
    """

    __slots__ = ()

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The names of the d columns of X, or the keys of a block without a target."""

    @property
    @abstractmethod
    def target(self) -> str | None:
        """The column that is y."""

    @property
    @abstractmethod
    def rows(self) -> int | None:
        """How many rows there are; None as long as no pass has counted them."""

    @property
    @abstractmethod
    def encoding(self) -> Encoding:
        """How the columns became numbers: what to read new data with."""

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that the rows are in; none where they are in memory."""
        return ()

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The classes of a target of text, sorted: y holds their positions. None where the target is numbers."""
        column = self.encoding.target
        return None if column is None or not column.levels else column.levels

    @abstractmethod
    def blocks(self, size: int = ROWS) -> Iterator[Arrays]:
        """One pass over the rows, `size` of them in each block and what is left in the last."""

    @property
    def in_columns(self) -> bool:
        """Whether `columns` gives the same rows with less work than `blocks`."""
        return False

    def columns(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """One pass over the rows as the columns of X, then y, as many rows at a time as suits the files.

        Arrays may be read-only, and are of the dtype of a block.
        """
        for X, *y in self.blocks():
            yield (*np.asarray(X).T, *map(np.asarray, y))

    def head(self, n: int = 5) -> Arrays:
        """The first n rows, or all where there are fewer."""
        return next(self.blocks(n))

    def parts(self, size: int) -> Sequence[Source]:
        """The same rows as sources that can be read apart, elsewhere too, of about `size` rows each if files allow it.

        Parquet files are cut between row groups, arrays anywhere; any other file is one part.
        """
        return (self,)

    @abstractmethod
    def table(self) -> Table:
        """All rows in memory; raises `LimitError` where they have more than `Limits.data_cells` cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Table(Source):
    """A table of N rows in memory.

    Attributes:
        names: of the d columns of X.
        X: shape (N, d), float64 or float32.
        y: the target, shape (N,), of the same dtype; None where there is none. Of a target of text it holds positions
            in `classes`.
        target: the name of the target.
        encoding: how the columns became numbers.

    >>> import chainrule as cr
    >>> table = cr.data.read("examples/diabetes.csv", target="y").table()
    >>> table.X.shape, table.y.shape, table.target, table.rows
    ((442, 10), (442,), 'y', 442)
    """

    # field() hides the properties of Source, which would pass for defaults.
    names: tuple[str, ...] = field()
    X: NDArray[Any] = field()
    y: Any = field()
    target: str | None = field()
    encoding: Encoding = field()

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.X)

    def blocks(self, size: int = ROWS) -> Iterator[Arrays]:
        """The rows in blocks, copied."""
        for first in range(0, self.rows, whole_number(size, "size")):
            yield self._block(slice(first, first + size))

    def head(self, n: int = 5) -> Arrays:
        """The first n rows, or all where there are fewer."""
        return self._block(slice(whole_number(n, "n")))

    def parts(self, size: int) -> Sequence[Source]:
        """Tables of `size` rows, and one of what is left; they look at this one."""
        starts = range(0, self.rows, whole_number(size, "size"))
        y = self.y
        return [replace(self, X=self.X[at : at + size], y=None if y is None else y[at : at + size]) for at in starts]

    def table(self) -> Table:
        """This table."""
        return self

    def class_codes(self) -> tuple[tuple[Any, ...], NDArray[np.intp]]:
        """The classes of the target, sorted, and the position of each row's class among them.

        Raises `DataError` where there is no target, or one of numbers that are not whole or of more than
        `Limits.classes` values.

        >>> import numpy as np, chainrule as cr
        >>> table = cr.data.read("examples/diabetes.csv", target="sex").table()
        >>> classes, codes = table.class_codes()
        >>> classes, np.bincount(codes)
        ((1, 2), array([235, 207]))
        """
        if self.y is None:
            raise DataError("there is no target, so there are no classes: name one with target=")
        if self.classes is not None:
            return self.classes, self.y.astype(np.intp)
        values, codes = np.unique(self.y, return_inverse=True)
        if not np.array_equal(values, np.trunc(values)):
            odd = values[values != np.trunc(values)][0]
            raise DataError(f"the target {self.target!r} holds {odd:g}: classes are texts or whole numbers")
        if len(values) > LIMITS.classes:
            raise DataError(
                f"the target {self.target!r} has {len(values):,} values, and the limit is classes = {LIMITS.classes}: "
                "this is a quantity rather than a class"
            )
        return tuple(int(value) for value in values), codes

    def _block(self, rows: slice) -> Arrays:
        X = self.X[rows].copy()
        if self.target is not None:
            return X, self.y[rows].copy()
        return {name: X[:, i].copy() for i, name in enumerate(self.names)}
