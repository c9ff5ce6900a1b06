"""The data of a descent: rows in memory or in blocks, and the mini-batches that are drawn from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, final, runtime_checkable

import numpy as np

from chainrule.errors import ArgumentError, DataError, ShapeError
from chainrule.learn.data.ahead import ahead
from chainrule.learn.data.source import Source

__all__ = ["Batches", "Block", "Data", "InMemory", "Streamed", "as_data"]

MEMORY = 256 * 2**20  # bytes of rows that are held rather than read again at every pass
BLOCK = 32 * 2**20  # bytes of one block of rows that are not held, from which mini-batches are drawn
PASS = 4 * 2**20  # of one of a pass over all rows: it is computed with while it is in the cache
FIRST = 4096  # rows of a block by which it is found how many bytes a row has
AHEAD = 2  # blocks that are read while one is computed with


@runtime_checkable
class InBlocks(Protocol):
    """What can be read in blocks of rows, the same at every pass, such as `cr.data.read` returns."""

    @property
    def rows(self) -> int | None:
        """How many rows there are; None as long as that is not known."""

    def blocks(self, size: int) -> Iterator[Any]:
        """One pass: blocks of so many rows, each a tuple of arrays or a dict of them by name."""


@final
@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows as a loss takes them after the parameters.

    Attributes:
        by_position: arrays with the rows along their first axis.
        by_name: such arrays that are passed by keyword.
        rows: how many rows.
    """

    by_position: tuple[Any, ...] = ()
    by_name: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0

    @staticmethod
    def of(data: Any) -> Block:
        """An array, a tuple of arrays or a dict of arrays; raises unless all have the same number of rows."""
        named: Mapping[str, Any] = {}
        positional: tuple[Any, ...] = ()
        if isinstance(data, tuple):
            positional = tuple([_rows(array, "data[{}]", i) for i, array in enumerate(data)])
        elif isinstance(data, Mapping):
            named = {str(name): _rows(array, "data[{!r}]", name) for name, array in data.items()}
        else:
            positional = (_rows(data, "data"),)
        counts = [len(array) for array in (*positional, *named.values())]
        if not counts:
            raise ArgumentError("data is empty: give an array, a tuple of arrays or a dict of arrays")
        block = Block(positional, named, counts[0])
        if min(counts) != max(counts):
            labels = [label for label, _ in block.labelled()]
            label, count = next((label, n) for label, n in zip(labels, counts, strict=True) if n != counts[0])
            raise ShapeError(
                f"{labels[0]} has {counts[0]:,} rows and {label} has {count:,}: the rows of data belong "
                "together, along the first axis of each array"
            )
        return block

    def labelled(self) -> Iterator[tuple[str, Any]]:
        """Each array with what a message calls it."""
        alone = len(self.by_position) == 1
        for i, array in enumerate(self.by_position):
            yield "data" if alone else f"data[{i}]", array
        for name, array in self.by_name.items():
            yield f"data[{name!r}]", array

    def take(self, rows: Any) -> Block:
        """Some of the rows: a slice, or their numbers."""
        count = len(range(*rows.indices(self.rows))) if isinstance(rows, slice) else len(rows)
        return Block(
            tuple(array[rows] for array in self.by_position),
            {name: array[rows] for name, array in self.by_name.items()},
            count,
        )

    @property
    def nbytes(self) -> int:
        return sum(int(array.nbytes) for _, array in self.labelled())


def _rows(array: Any, called: str, key: Any = None) -> Any:
    """An array of rows as it is, or made of what is given; a message calls it by its key."""
    if isinstance(array, np.ndarray) and array.ndim and array.dtype.kind in "fiub":
        return array
    label = called.format(key)
    if not isinstance(array, np.ndarray):
        try:
            array = np.asarray(array)
        except ValueError as error:
            raise ArgumentError(f"{label} is no array: {error}") from None
    if array.dtype.kind == "O":
        raise ArgumentError(f"{label} holds Python objects, expected numbers: convert it with .astype(float)")
    if array.dtype.kind in "SUMm":
        what = "texts" if array.dtype.kind in "SU" else "dates or times"
        raise ArgumentError(
            f"{label} holds {what} (dtype {array.dtype}), expected numbers; cr.data.table makes categories of texts"
        )
    if not array.ndim:
        raise ArgumentError(f"{label} is {array!r:.60}, which has no rows; let the loss close over what is no data")
    return array


class Data(ABC):
    """Rows that can be gone through as often as wanted."""

    __slots__ = ()

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many rows there are."""

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """One pass over all rows, in their order."""

    @property
    def in_columns(self) -> bool:
        """Whether the rows of a pair (X, y) come more easily as the columns of X, then y."""
        return False

    def columns(self) -> Iterator[Block]:
        """One pass over all rows, X as columns: only where `in_columns` says so."""
        raise AssertionError("rows that do not come in columns")

    @abstractmethod
    def epoch(self, size: int, order: np.random.Generator | None, first: int) -> Iterator[Block]:
        """One pass in mini-batches of `size` rows, shuffled by `order`, from batch number `first` on."""


@final
class InMemory(Data):
    """Rows that are in memory: one block."""

    __slots__ = ("block",)

    def __init__(self, block: Block) -> None:
        self.block = block

    @property
    def rows(self) -> int:
        return self.block.rows

    def blocks(self) -> Iterator[Block]:
        yield self.block

    def epoch(self, size: int, order: np.random.Generator | None, first: int) -> Iterator[Block]:
        return _cut(self.block, size, order, first)


@final
class Streamed(Data):
    """Rows that are read in blocks at every pass, as many as take `BLOCK` bytes."""

    __slots__ = ("_rows", "_width", "source")

    def __init__(self, source: InBlocks, width: float, rows: int) -> None:
        self.source, self._width, self._rows = source, width, rows

    @property
    def rows(self) -> int:
        return self._rows

    def blocks(self) -> Iterator[Block]:
        return self._read(self._size(1, PASS))

    @property
    def in_columns(self) -> bool:
        return isinstance(self.source, Source) and self.source.in_columns

    def columns(self) -> Iterator[Block]:
        assert isinstance(self.source, Source)
        return map(Block.of, ahead(self.source.columns(), AHEAD))

    def epoch(self, size: int, order: np.random.Generator | None, first: int) -> Iterator[Block]:
        whole = self._size(size)
        for block in self._read(whole):
            batches = -(-block.rows // size)
            # Drawn in any case: the order of a block must not depend on where a run was resumed.
            yield from _cut(block, size, order, first)
            first = max(0, first - batches)

    def _read(self, size: int) -> Iterator[Block]:
        blocks = self.source.blocks(size)
        # A source of the user's own may be bound to its thread, as a connection to SQLite is.
        return map(Block.of, ahead(blocks, AHEAD) if isinstance(self.source, Source) else blocks)

    def _size(self, multiple: int, nbytes: int = BLOCK) -> int:
        """How many rows a block has: a whole number of batches, and two at least, which can be compared with one."""
        return max(1, int(min(nbytes, BLOCK) / max(self._width, 1.0)) // multiple, 2 // multiple) * multiple


def _cut(block: Block, size: int, order: np.random.Generator | None, first: int) -> Iterator[Block]:
    """A block in mini-batches, the last with the rows that are left."""
    places = None if order is None else order.permutation(block.rows)
    for start in range(first * size, block.rows, size):
        stop = start + size
        yield block.take(slice(start, stop) if places is None else places[start:stop])


@final
@dataclass(frozen=True, slots=True)
class Batches:
    """The mini-batches of a descent: which rows a step takes follows from its number alone.

    Attributes:
        data: the rows.
        size: how many rows a batch has; the last of an epoch may have fewer.
        shuffle: whether each epoch has an order of its own.
        seed: from which that order is drawn.
    """

    data: Data
    size: int
    shuffle: bool
    seed: int

    @property
    def per_epoch(self) -> int:
        """How many batches go over all rows."""
        return -(-self.data.rows // self.size)

    def after(self, done: int) -> Iterator[Block]:
        """The batches of the steps that follow `done` steps, without end."""
        epoch, first = divmod(done, self.per_epoch)
        while True:
            order = np.random.default_rng([self.seed, epoch]) if self.shuffle else None
            yield from self.data.epoch(self.size, order, first)
            epoch, first = epoch + 1, 0


def as_data(data: Any) -> Data:
    """Rows from what `data=` may be: arrays, a data frame, or a source, which is held in memory if it fits.

    Raises:
        ArgumentError: it is none of these, or has no rows.
        ShapeError: its arrays have different numbers of rows.
    """
    if isinstance(data, np.ndarray) and data.dtype.names is not None:
        data = {name: data[name] for name in data.dtype.names}
    if isinstance(data, np.ndarray | tuple | Mapping):
        found: Data = InMemory(Block.of(data))
    elif isinstance(data, InBlocks):
        found = _held_or_streamed(data)
    elif hasattr(data, "columns") or hasattr(data, "column_names"):
        from chainrule.learn.data.frames import table

        found = _held_or_streamed(table(data))
    else:
        hint = ": put the arrays in a tuple" if isinstance(data, list) else ""
        raise ArgumentError(
            f"data is {data!r:.60} of type {type(data).__name__}, expected an array, a tuple of arrays, a dict of "
            f"arrays by name, a data frame, or a source of blocks{hint}"
        )
    if not found.rows:
        raise ArgumentError("data has no rows")
    return found


def _held_or_streamed(source: InBlocks) -> Data:
    held: list[Block] = []
    rows, nbytes, width = 0, 0, 1.0
    for block in map(Block.of, source.blocks(FIRST)):
        rows += block.rows
        nbytes += block.nbytes
        width = nbytes / max(rows, 1)
        expected = nbytes if source.rows is None else width * source.rows
        if max(expected, nbytes) <= MEMORY:
            held.append(block)
        else:
            held.clear()
            if source.rows is not None:
                rows = source.rows
                break
    if not rows:
        raise DataError("data has no rows")
    if not held:
        return Streamed(source, width, rows)
    joined = Block(
        tuple(np.concatenate(parts) for parts in zip(*(block.by_position for block in held), strict=True)),
        {name: np.concatenate([block.by_name[name] for block in held]) for name in held[0].by_name},
        rows,
    )
    return InMemory(joined)
