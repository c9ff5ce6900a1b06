"""Reading files as a source of rows in blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chainrule.errors import ArgumentError, DataError
from chainrule.learn.data.array_files import NPY, ArrayFiles
from chainrule.learn.data.cells import MISSING
from chainrule.learn.data.columnar import ArrowFile, ParquetFile
from chainrule.learn.data.csv_file import CSVFile
from chainrule.learn.data.encoding import Encoding
from chainrule.learn.data.files import DataFile, Paths, data_files
from chainrule.learn.data.reader import Reader
from chainrule.learn.data.row_source import Choices, RowSource, choices
from chainrule.learn.data.source import Source, Table

__all__ = ["read", "read_csv"]

# What a file is stands in its first bytes; a name may say anything.
TYPED: dict[bytes, type[ParquetFile | ArrowFile]] = {
    b"PAR1": ParquetFile,
    b"PARE": ParquetFile,
    b"ARROW1": ArrowFile,
    b"\xff\xff\xff\xff": ArrowFile,
}
TYPED_ENDINGS = (".parquet", ".feather", ".arrow", ".npy")
BY_POSITION = ("X", "y")  # what formulas call arrays without a name


def read(
    path: Paths | Mapping[str, Paths],
    target: str | None = None,
    columns: Sequence[str] | None = None,
    *,
    categorical: Collection[str] = (),
    missing: str = "refuse",
    na_values: Collection[str] = MISSING,
    separator: str | None = None,
    decimal: str = ".",
    all_levels: bool = False,
    dtype: Any = None,
    encoding: Encoding | None = None,
) -> Source:
    """Read files as a source of rows in blocks: CSV, also compressed by gzip, Parquet, Feather, Arrow and .npy.

    Columns of text are categories, and become columns of zeros and ones (see `Encoding`); true and false become 1 and
    0. What is not clean is refused with its file, row and column: a cell that is guessed at trains a wrong model in
    silence. Memory does not grow with the files. With pyarrow, which the extra `data` installs, reading is many times
    faster; what is read and what is refused is the same. Parquet, Feather and Arrow files are read with pyarrow only.

    An .npy file holds an array, whose rows are passed on as they are: a block of `read("X.npy")` is the tuple `(X,)`,
    of `read(("X.npy", "y.npy"))` it is `(X, y)`, and of a dict of paths a dict. Where an array has several files, give
    a pattern or a list in place of each path. Of the other arguments they take `dtype` only.

    Args:
        path: a file, a pattern such as "part-*.csv", whose files are read in the order of their names, or a sequence
            of files. All have the same columns. Of arrays, also a tuple or a dict of these.
        target: the column that becomes y.
        columns: the features; all columns but the target where it is not given.
        categorical: columns that hold categories although they look like numbers, such as postcodes.
        missing: "refuse", or "drop" to leave out the rows in which a value is missing.
        na_values: the cells that mean a missing value, beside empty ones; spaces around them do not matter.
        separator: what stands between cells: comma, semicolon, tab or bar; where it is not given, that which divides
            the header into most columns.
        decimal: what stands before the fraction of a number: "." or ",".
        all_levels: whether the first level of a category has a column too.
        dtype: of the arrays: float64 or float32; where it is not given, float64, and of .npy files what they hold.
        encoding: that of another source, whose columns and levels these files are read with.

    Returns:
        A `Source`. Each pass reads the files again.

    Raises:
        DataError: a file cannot be read, has no rows, is not UTF-8 or not rectangular; has no column of a name that was
            asked for; has missing values, texts among numbers, numbers that are not finite, dates, a level that
            `encoding` does not know, or texts that hardly ever recur; or it has changed since it was first read.
        LimitError: a line, a number, the number of columns or of the levels of a category is beyond `Limits`.
        ArgumentError: an argument is not one of what is listed here.

    >>> import chainrule as cr
    >>> source = cr.data.read("examples/diabetes.csv", target="y", columns=["bmi", "bp"])
    >>> X, y = source.head(2)
    >>> X
    array([[ 32.1, 101. ],
           [ 21.6,  87. ]])
    """
    if decimal not in (".", ","):
        raise ArgumentError(f"decimal must be '.' or ',', not {decimal!r}")
    chosen = choices(target, columns, categorical, missing, all_levels, "float64" if dtype is None else dtype, encoding)
    arrays, files = _files(path)
    if arrays:
        found = ArrayFiles(arrays, isinstance(path, Mapping), None if dtype is None else chosen.dtype)
        if chosen != Choices(dtype=chosen.dtype) or separator is not None:
            raise ArgumentError(f"{found!r} is of arrays, which have no columns: of the arguments give dtype only")
        return found
    marks = frozenset(na_values) | {""}

    def reader(file: DataFile) -> Reader:
        for mark, typed in TYPED.items():
            if file.begins.startswith(mark):
                return typed(file, marks)
        ending = next((end for end in TYPED_ENDINGS if file.path.lower().endswith(end)), None)
        if ending is not None:
            raise DataError(f"{file.name}: is no whole {ending[1:]} file: it does not begin as one")
        return CSVFile(file, separator, decimal, marks)

    return RowSource([reader(file) for file in files], chosen)


def read_csv(path: Paths, target: str) -> Table:
    """Read a CSV file whole: `read(path, target).table()`.

    >>> from chainrule.learn import read_csv
    >>> table = read_csv("examples/diabetes.csv", target="y")
    >>> table.names[:3], table.X.shape, float(table.y.mean().round(4))
    (('age', 'sex', 'bmi'), (442, 10), 152.1335)
    """
    return read(path, target).table()


def _files(path: Paths | Mapping[str, Paths]) -> tuple[Mapping[str, Sequence[DataFile]], Sequence[DataFile]]:
    """The files of each array by its name, where they hold arrays; and all files."""
    if isinstance(path, Mapping):
        if not path:
            raise ArgumentError("path is an empty dict, expected a path for the name of each array")
        return {str(name): data_files(part) for name, part in path.items()}, ()
    each = [data_files(part) for part in path] if isinstance(path, tuple) and path else [data_files(path)]
    files = [file for part in each for file in part]
    if not files[0].begins.startswith(NPY):
        return {}, files
    names = [*BY_POSITION[: len(each)], *(f"array {i}" for i in range(len(BY_POSITION), len(each)))]
    return dict(zip(names, each, strict=True)), files
