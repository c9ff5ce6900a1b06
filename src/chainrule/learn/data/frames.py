"""Tables from what is in memory already: data frames, dicts of arrays, arrays with named fields."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError, DataError, MissingExtraError
from chainrule.learn.data.cells import DATES, MISSING
from chainrule.learn.data.encoding import ColumnKind, Encoding, Texts, place, shown
from chainrule.learn.data.reader import Chunk, Plan, Reader
from chainrule.learn.data.row_source import RowSource, choices
from chainrule.learn.data.source import Table
from chainrule.learn.data.typed_columns import kind_of_type, numbers, texts

__all__ = ["table"]


def table(
    data: Any,
    target: str | None = None,
    columns: Sequence[str] | None = None,
    *,
    categorical: Collection[str] = (),
    missing: str = "refuse",
    all_levels: bool = False,
    dtype: Any = "float64",
    encoding: Encoding | None = None,
) -> Table:
    """A table from a data frame of pandas, Polars or pyarrow, a dict of arrays or an array with named fields.

    Columns of text are encoded, and what is not clean is refused, as `read` does it; rows are counted from 0, as
    Python does. Data frames are read by narwhals, which the extra `data` installs with pyarrow.

    Args:
        data: the columns, each of shape (N,).
        target: the column that becomes y.
        columns: the features; all columns but the target where it is not given.
        categorical: columns that hold categories although they hold numbers.
        missing: "refuse", or "drop" to leave out the rows in which a value is missing.
        all_levels: whether the first level of a category has a column too.
        dtype: of the arrays: float64 or float32.
        encoding: that of another source, whose columns and levels the data are read with.

    Returns:
        A `Table` of copies.

    Raises:
        DataError: there are no rows; columns are missing or of different lengths; or what `read` raises it for.
        LimitError: there are more cells, columns or levels than `Limits` allows.
        ArgumentError: `data` is nothing of the kind, or another argument is not one of what is listed here.
        MissingExtraError: narwhals or pyarrow is not installed.

    >>> import chainrule as cr
    >>> rent = {"area": [50.0, 80.0, 65.0], "quarter": ["north", "south", "north"], "rent": [600.0, 900.0, 700.0]}
    >>> table = cr.data.table(rent, target="rent")
    >>> table.names, table.X.tolist()
    (('area', 'quarter=south'), [[50.0, 0.0], [80.0, 1.0], [65.0, 0.0]])
    """
    chosen = choices(target, columns, categorical, missing, all_levels, dtype, encoding)
    return RowSource([_InMemory(*_columns_of(data))], chosen).table()


class _Column:
    """A column in memory: what it holds, and how to get it as numbers or as texts."""

    def __init__(
        self,
        length: int,
        kind: ColumnKind | str,
        as_numbers: Callable[[], NDArray[np.float64]],
        as_texts: Callable[[], Texts],
    ) -> None:
        self.length, self.kind, self.as_numbers, self.as_texts = length, kind, as_numbers, as_texts


class _InMemory(Reader):
    """The columns of a data frame or of a dict, as a file with one chunk."""

    __slots__ = ("columns", "name", "names", "rows")

    def __init__(self, name: str, columns: Mapping[str, _Column]) -> None:
        self.name, self.columns, self.names = name, columns, tuple(columns)
        lengths = {column: found.length for column, found in columns.items()}
        first = next(iter(lengths), None)
        if first is None:
            raise DataError(f"{name}: has no columns, expected at least one")
        for column, length in lengths.items():
            if length != lengths[first]:
                other = f"column {shown(first)} has {lengths[first]:,}"
                raise DataError(f"{name}, column {shown(column)}: has {length:,} rows, and {other}")
        self.rows: int | None = lengths[first]
        if not self.rows:
            raise DataError(f"{name}: has no rows, expected at least one")

    def kinds(self) -> Mapping[str, ColumnKind | str]:
        """What each column holds, by its type."""
        return {name: column.kind for name, column in self.columns.items()}

    def chunks(self, plan: Plan) -> Iterator[Chunk]:
        """All rows."""
        found: dict[str, Any] = {}
        for name, kind in plan.items():
            if kind is ColumnKind.CATEGORY:
                found[name] = self.columns[name].as_texts()
                continue
            if self.columns[name].kind is ColumnKind.CATEGORY:
                raise DataError(f"{self.name}, column {shown(name)}: holds texts, expected numbers")
            found[name] = values = self.columns[name].as_numbers()
            if np.isinf(values).any():
                first = int(np.argmax(np.isinf(values)))
                raise DataError(f"{place(self.name, first, name)}: {values[first]} is not a finite number")
        yield Chunk(self.name, 0, self.rows or 0, found)


def _columns_of(data: Any) -> tuple[str, dict[str, _Column]]:
    if isinstance(data, Mapping):
        return "the dict", {
            _name(name): _of_array(values, f"column {shown(_name(name))}") for name, values in data.items()
        }
    if isinstance(data, np.ndarray) and data.dtype.names:
        if data.ndim != 1:
            raise ArgumentError(f"an array with named fields must have the shape (N,), not {data.shape}")
        return "the array", {name: _of_array(data[name], f"column {shown(name)}") for name in data.dtype.names}
    if isinstance(data, (np.ndarray, list, tuple)) or np.isscalar(data) or data is None:
        raise ArgumentError(
            f"data has no names for its columns: it is of the type {type(data).__name__}; pass a data frame or a dict "
            'of arrays, such as {"x": X[:, 0], "y": y}'
        )
    return "the data frame", _of_frame(data)


def _of_frame(data: Any) -> dict[str, _Column]:
    try:
        narwhals, arrow = importlib.import_module("narwhals"), importlib.import_module("pyarrow")
    except ImportError as error:
        raise MissingExtraError('data frames need narwhals and pyarrow: pip install "chainrule[data]"') from error
    try:
        frame = narwhals.from_native(data, eager_only=True)
        names = [_name(name) for name in frame.columns]
    except ArgumentError:
        raise
    except (TypeError, ValueError) as error:
        if isinstance(error, narwhals.exceptions.DuplicateError):
            raise DataError("the data frame: has several columns of the same name") from error
        found = type(data).__name__ + ("; collect it first" if hasattr(data, "collect") else "")
        raise ArgumentError(
            f"data must be a data frame, a dict of arrays or an array with named fields, not {found}"
        ) from error
    columns: dict[str, _Column] = {}
    for name in names:
        try:
            column = frame.get_column(name).to_arrow()
        except (arrow.ArrowException, TypeError, ValueError) as error:
            raise DataError(f"the data frame, column {shown(name)}: holds values of several types") from error
        columns[name] = _of_arrow(column)
    return columns


def _of_arrow(column: Any) -> _Column:
    return _Column(len(column), kind_of_type(column.type), lambda: numbers(column), lambda: texts(column))


def _of_array(values: Any, at: str) -> _Column:
    try:
        array = np.asarray(values)
        if array.dtype.kind == "U" and not isinstance(values, np.ndarray):
            array = np.array(values, dtype=object)  # before NumPy has made texts of the numbers among them
    except ValueError as error:
        raise DataError(f"{at}: its rows have different lengths") from error
    if array.ndim != 1:
        raise DataError(f"{at}: has the shape {array.shape}, expected one number or text a row")
    return _Column(len(array), _kind_of_array(array), lambda: _numbers(array, at), lambda: _texts(array))


def _kind_of_array(array: NDArray[Any]) -> ColumnKind | str:
    if array.dtype.kind == "O":
        types = {type(value) for value in array.tolist() if value is not None and value == value}
        if types and all(issubclass(found, str) for found in types):
            return ColumnKind.CATEGORY
        if types and all(issubclass(found, (bool, np.bool_)) for found in types):
            return ColumnKind.BOOLEAN
        if any(issubclass(found, str) for found in types):
            return "texts and numbers together"
        return ColumnKind.NUMBER
    kinds: dict[str, ColumnKind | str] = {
        "b": ColumnKind.BOOLEAN,
        "U": ColumnKind.CATEGORY,
        "T": ColumnKind.CATEGORY,
        "M": DATES,
        "m": DATES,
    }
    kinds |= dict.fromkeys("iuf", ColumnKind.NUMBER)
    return kinds.get(array.dtype.kind, f"values of the type {array.dtype}")


def _numbers(array: NDArray[Any], at: str) -> NDArray[np.float64]:
    if array.dtype.kind != "O":
        return array.astype(np.float64)
    try:
        return np.array([np.nan if value is None else value for value in array.tolist()], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{at}: holds something that is no number: {error}") from error


def _texts(array: NDArray[Any]) -> Texts:
    levels: dict[str, int] = {}
    codes = np.empty(len(array), np.int32)
    for i, value in enumerate(array.tolist()):
        text = "" if value is None or value != value else str(value).strip()
        codes[i] = -1 if text in MISSING else levels.setdefault(text, len(levels))
    return Texts(codes, list(levels))


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise ArgumentError(f"the names of columns must be texts, not {name!r}")
    return name
