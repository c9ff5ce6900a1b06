"""Columns of pyarrow as numbers and texts, by their types."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import LimitError
from chainrule.learn.data.cells import DATES, MISSING
from chainrule.learn.data.encoding import ColumnKind, Texts
from chainrule.limits import LIMITS

__all__ = ["kind_of_type", "numbers", "texts"]


def kind_of_type(kind: Any) -> ColumnKind | str:
    """What a column of a type of pyarrow holds; a text says why it cannot be used."""
    types = importlib.import_module("pyarrow.types")
    if types.is_dictionary(kind):
        return kind_of_type(kind.value_type)
    if types.is_boolean(kind):
        return ColumnKind.BOOLEAN
    if types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_null(kind):
        return ColumnKind.NUMBER
    if types.is_string(kind) or types.is_large_string(kind) or str(kind) == "string_view":
        return ColumnKind.CATEGORY
    if types.is_temporal(kind):
        return DATES
    return f"values of the type {kind}"


def numbers(column: Any) -> NDArray[np.float64]:
    """A column, whole or in parts, as float64, NaN where it is null; perhaps read-only."""
    arrow = importlib.import_module("pyarrow")
    if arrow.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if arrow.types.is_boolean(column.type):
        column = column.cast("uint8")
    if not arrow.types.is_float64(column.type):
        column = column.cast("float64", safe=False)
    parts = _parts(column)
    if len(parts) == 1 and not parts[0].null_count:
        return parts[0].to_numpy()  # without a copy: it reads the memory of pyarrow
    values = np.empty(len(column))
    first = 0
    for part in parts:
        values[first : first + len(part)] = part.to_numpy(zero_copy_only=False)
        first += len(part)
    return values


def texts(column: Any, missing: Collection[str] = MISSING) -> Texts:
    """A column of texts, whole or in parts; spaces around a text are no part of it."""
    arrow = importlib.import_module("pyarrow")
    if not arrow.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    levels: dict[str, int] = {}
    codes = [_merged(part, missing, levels) for part in _parts(column)]
    return Texts(np.concatenate(codes) if codes else np.empty(0, np.int32), list(levels))


def _merged(part: Any, missing: Collection[str], levels: dict[str, int]) -> NDArray[np.int32]:
    """The positions in `levels`, which grows, of the texts of one array."""
    if part.dictionary.nbytes > LIMITS.batch_bytes:
        raise LimitError(f"the limit batch_bytes = {LIMITS.batch_bytes:,} was hit by the texts of a category")
    codes = part.indices.cast("int32").fill_null(-1).to_numpy(zero_copy_only=False)
    # A dictionary may hold what no row has: those are no levels.
    used = np.zeros(len(part.dictionary) + 1, np.bool_)
    used[codes] = True
    merged = np.full(len(used), -1, np.int32)
    for i in np.flatnonzero(used[:-1]).tolist():
        text = part.dictionary[i].as_py()
        text = "" if text is None else str(text).strip()
        if text and text not in missing:
            merged[i] = levels.setdefault(text, len(levels))
    return merged[codes]


def _parts(column: Any) -> list[Any]:
    return column.chunks if hasattr(column, "chunks") else [column]
