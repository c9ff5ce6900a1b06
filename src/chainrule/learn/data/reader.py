"""What reads one file: its columns, what they seem to hold, and its rows as raw columns, chunk by chunk."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.learn.data.encoding import ColumnKind, Texts

__all__ = ["Chunk", "Plan", "RawColumn", "Reader"]

RawColumn = NDArray[np.float64] | Texts
Plan = Mapping[str, ColumnKind]  # the columns that are wanted, and as what


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some rows of a file, as they stand in it.

    Attributes:
        file: what messages call it.
        row: the row of the first of them, as the file counts.
        count: how many they are.
        columns: numbers, NaN where missing, and texts, by the name of the column.
        complete: the columns of numbers that are known to have no missing values.
    """

    file: str
    row: int
    count: int
    columns: Mapping[str, Any]
    complete: Collection[str] = ()


class Reader(ABC):
    """The rows of one file; it reads as often as it is asked to."""

    __slots__ = ()

    name: str  # of the file, in messages
    names: tuple[str, ...]
    rows: int | None

    @property
    def path(self) -> str:
        """Where the file is; "" of what is in memory."""
        return ""

    @abstractmethod
    def kinds(self) -> Mapping[str, ColumnKind | str]:
        """What each column seems to hold; a text says why a column cannot be used."""

    def require(self, plan: Plan) -> None:  # noqa: B027  a file without types is as good as its cells
        """Raise `DataError` where the types of the file say that a column cannot be read as what is wanted."""

    def pieces(self, size: int) -> Sequence[Reader]:
        """Readers of parts of the file, in order, of about `size` rows each where the file can be cut."""
        return (self,)

    @abstractmethod
    def chunks(self, plan: Plan) -> Iterator[Chunk]:
        """One pass; a number column that holds text, or a number that is not finite, is a `DataError` with its row."""
