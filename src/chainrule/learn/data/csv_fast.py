"""The fast reader of CSV: pyarrow on a piece of the file. It gives up on what is not clean, and says nothing of it."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.learn.data.cells import BOOLEANS
from chainrule.learn.data.encoding import ColumnKind
from chainrule.learn.data.filling import finite
from chainrule.learn.data.reader import Plan, RawColumn
from chainrule.learn.data.typed_columns import numbers, texts

__all__ = ["FastReader"]

CELL = 2**17  # characters: the csv module refuses longer ones


class FastReader:
    """Converts whole records, as bytes, to columns of numbers and texts.

    Args:
        names: the columns of the file.
        plan: the columns that are wanted.
        missing: the cells that mean a missing value.
        separator: what stands between cells.
        decimal: what stands before the fraction of a number.
    """

    def __init__(
        self, names: Sequence[str], plan: Plan, missing: Collection[str], separator: str, decimal: str
    ) -> None:
        self.names, self.plan, self.missing, self.separator, self.decimal = names, plan, missing, separator, decimal

    @staticmethod
    def available() -> bool:
        """Whether pyarrow is installed."""
        try:
            importlib.import_module("pyarrow.csv")
        except ImportError:
            return False
        return True

    @cached_property
    def _options(self) -> dict[str, Any]:
        arrow, csv = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.csv")
        types = {
            ColumnKind.NUMBER: arrow.float64(),
            ColumnKind.BOOLEAN: arrow.bool_(),
            ColumnKind.CATEGORY: arrow.dictionary(arrow.int32(), arrow.string()),
        }
        return {
            "read_options": csv.ReadOptions(column_names=list(self.names), block_size=2**20),
            "convert_options": csv.ConvertOptions(
                column_types={name: types[kind] for name, kind in self.plan.items()},
                include_columns=list(self.plan),
                null_values=list(self.missing),
                strings_can_be_null=True,
                true_values=[text for text, value in BOOLEANS.items() if value],
                false_values=[text for text, value in BOOLEANS.items() if not value],
                decimal_point=self.decimal,
            ),
        }

    def columns(self, piece: bytes) -> tuple[int, dict[str, RawColumn]] | None:
        """The rows of a piece and its columns; None where a look at each cell is needed."""
        if not _plain(piece, self.separator.encode()):
            return None
        arrow, csv = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.csv")
        try:
            # A cell can hold a line break inside quotes only; where there are none, lines are found faster.
            parse = csv.ParseOptions(
                delimiter=self.separator, newlines_in_values=b'"' in piece, ignore_empty_lines=False
            )
            table = csv.read_csv(arrow.BufferReader(piece), parse_options=parse, **self._options)
        except (arrow.ArrowException, ValueError):
            return None
        # A blank row comes as one without values, so most pieces need not be searched for them.
        if any(column.null_count for column in table.columns) and _has_blank_rows(piece):
            return None
        found: dict[str, RawColumn] = {}
        for name, kind in self.plan.items():
            column = table.column(name)
            if kind is ColumnKind.CATEGORY:
                found[name] = texts(column, self.missing)
                continue
            values = numbers(column)
            if not finite(values) and (
                np.isinf(values).any() or np.count_nonzero(np.isnan(values)) != column.null_count
            ):
                return None
            found[name] = values
        return table.num_rows, found


def _plain(piece: bytes, separator: bytes) -> bool:
    """Whether both readers read a piece alike: no NUL, no lone carriage return, no cell without end, and UTF-8."""
    if b"\0" in piece or (b"\r" in piece and piece.count(b"\r") != piece.count(b"\r\n")):
        return False
    if not piece.isascii():
        try:
            piece.decode("utf-8")
        except UnicodeDecodeError:
            return False
    at, end = 0, len(piece)
    while at + CELL < end:
        after = piece.rfind(separator, at, at + CELL) + 1 or piece.rfind(b"\n", at, at + CELL) + 1
        if not after:
            return False
        at = after
    return True


def _has_blank_rows(piece: bytes) -> bool:
    return b"\n\n" in piece or b"\n\r\n" in piece or piece.startswith((b"\n", b"\r\n"))
