"""Tables from data frames, dicts of arrays and arrays with named fields."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from chainrule.errors import ArgumentError, DataError, MissingExtraError
from chainrule.learn.data import frames, table

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
nw = pytest.importorskip("narwhals")

COLUMNS = {"colour": ["red", "blue", " red"], "a": [1, 2, 3], "ok": [True, False, True], "y": [0.5, 1.5, 2.5]}
FORMS = {
    "dict of lists": lambda columns: columns,
    "dict of arrays": lambda columns: {name: np.array(values) for name, values in columns.items()},
    "dict of objects": lambda columns: {name: np.array(values, dtype=object) for name, values in columns.items()},
    "named fields": lambda columns: np.array(
        list(zip(*columns.values(), strict=True)),
        dtype=[(name, np.array(values).dtype) for name, values in columns.items()],
    ),
    "polars": pl.DataFrame,
    "polars with categories": lambda columns: pl.DataFrame(columns).with_columns(
        pl.col(pl.String).cast(pl.Categorical)
    ),
    "pyarrow": pa.table,
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


class TestForms:
    def test_they_give_the_same_table(self, form):
        found = table(form(COLUMNS), target="y")
        assert found.names == ("colour=red", "a", "ok")
        assert found.X.tolist() == [[1, 1, 1], [0, 2, 0], [1, 3, 1]]
        assert found.y.tolist() == [0.5, 1.5, 2.5]
        assert found.X.flags.c_contiguous

    def test_the_arguments_of_read(self, form):
        data = form(COLUMNS)
        assert table(data, target="colour", columns=["a"]).classes == ("blue", "red")
        assert table(data, categorical=["a"], columns=["a"], all_levels=True).names == ("a=1", "a=2", "a=3")
        assert table(data, target="y", dtype="float32").X.dtype == np.float32

    def test_the_encoding_of_another(self, form):
        known = table(COLUMNS, target="y").encoding
        new = form({"ok": [False], "colour": ["blue"], "a": [7]})
        assert table(new, encoding=known).X.tolist() == [[0, 7, 0]]
        with pytest.raises(DataError, match=r"row 0, column 'colour': 'bleu' is no level .* did you mean 'blue'\?"):
            table(form({"ok": [False], "colour": ["bleu"], "a": [7]}), encoding=known)
        with pytest.raises(DataError, match="column 'a': holds texts, expected numbers"):
            table(form({"ok": [False], "colour": ["blue"], "a": ["x"]}), encoding=known)

    def test_infinity_is_named(self, form):
        with pytest.raises(DataError, match="row 1, column 'a': inf is not a finite number"):
            table(form({"a": [1.0, np.inf], "y": [1.0, 2.0]}), target="y")

    def test_nan_is_missing(self, form):
        data = form({"a": [1.0, np.nan, 3.0], "y": [1.0, 2.0, 3.0]})
        with pytest.raises(DataError, match="row 1, column 'a': the value is missing; missing values by column: 'a' 1"):
            table(data, target="y")
        assert table(data, target="y", missing="drop").y.tolist() == [1, 3]

    def test_no_rows(self, form):
        with pytest.raises(DataError, match="has no rows"):
            table(form({"a": np.array([], float), "y": np.array([], float)}))


@pytest.mark.parametrize("name", ["dict of objects", "polars", "pyarrow"])
def test_none_is_missing(name):
    data = FORMS[name]({"c": ["u", None, "v"], "a": [1, 2, None], "b": [True, None, False], "y": [1, 2, 3]})
    with pytest.raises(DataError, match=r"row 1, column 'c': the value is missing; .*: 'c' 1, 'a' 1, 'b' 1"):
        table(data, target="y")
    assert table(data, target="y", missing="drop").y.tolist() == [1]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("data", "said"),
        [
            (
                np.ones((3, 2)),
                "data has no names for its columns: it is of the type ndarray; pass a data frame",
            ),
            ([[1, 2]], "data has no names for its columns"),
            (None, "data has no names for its columns"),
            (object(), "data must be a data frame, a dict of arrays or an array with named fields, not object"),
            (pl.LazyFrame({"a": [1]}), "not LazyFrame; collect it first"),
            ({3: [1]}, "the names of columns must be texts, not 3"),
            (np.ones((2, 2), dtype=[("a", float)]), r"must have the shape \(N,\), not \(2, 2\)"),
        ],
    )
    def test_what_is_no_table(self, data, said):
        with pytest.raises(ArgumentError, match=said):
            table(data)

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({}, "the dict: has no columns"),
            ({"a": [1, 2], "b": [1]}, "the dict, column 'b': has 1 rows, and column 'a' has 2"),
            ({"a": [[1, 2], [3]]}, "column 'a': its rows have different lengths"),
            ({"a": [[1], [3]]}, r"column 'a': has the shape \(2, 1\), expected one number or text a row"),
            ({"a": 3.0}, r"column 'a': has the shape \(\)"),
            ({"a": [1j]}, "column 'a': holds values of the type complex128; leave it out with columns="),
            ({"a": [1, "x"]}, "column 'a': holds texts and numbers together; leave it out"),
            ({"a": [1, object()]}, "column 'a': holds something that is no number"),
            ({"a": np.array(["2024-01-01"], "datetime64[D]")}, "column 'a': holds dates or times.* days since"),
            (pl.DataFrame({"a": [datetime.date(2024, 1, 1)]}), "column 'a': holds dates or times"),
            (pl.DataFrame({"a": [[1, 2]]}), "column 'a': holds values of the type"),
        ],
    )
    def test_columns_that_are_none(self, columns, said):
        with pytest.raises(DataError, match=said):
            table(columns)

    @pytest.mark.parametrize(
        ("columns", "error", "said"),
        [
            (("a",), DataError, "the data frame, column 'a': holds values of several types"),
            ((0,), ArgumentError, "the names of columns must be texts, not 0"),
            (nw.exceptions.DuplicateError("a"), DataError, "has several columns of the same name"),
        ],
    )
    def test_what_pandas_allows(self, monkeypatch, columns, error, said):
        class Frame:
            """What narwhals shows of a data frame of pandas."""

            @property
            def columns(self) -> object:
                if isinstance(columns, Exception):
                    raise columns
                return columns

            def get_column(self, name: str) -> object:
                return self

            def to_arrow(self) -> object:
                return pa.array([1, "x"])

        monkeypatch.setattr(nw, "from_native", lambda data, eager_only: Frame())
        with pytest.raises(error, match=said):
            table(object())

    def test_without_narwhals(self, monkeypatch):
        def refuse(name: str) -> object:
            raise ImportError(name)

        monkeypatch.setattr(frames.importlib, "import_module", refuse)
        with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[data\]"'):
            table(pl.DataFrame({"a": [1]}))
        assert table({"a": [1, 2]}).X.tolist() == [[1], [2]]
