"""Reading CSV files: the example data, and files that are broken, hostile or too large."""

from __future__ import annotations

import dataclasses
import gzip
import math
import os
import tracemalloc
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.datasets import load_diabetes

from chainrule.errors import ArgumentError, DataError, LimitError
from chainrule.learn import Table, read_csv
from chainrule.learn.data import csv_text
from chainrule.learn.data.csv_fast import FastReader
from chainrule.limits import LIMITS

DIABETES = Path(__file__).parents[3] / "examples" / "diabetes.csv"


@pytest.fixture(params=["fast", "strict"], autouse=True)
def reader(request, monkeypatch):
    """Every test here holds with pyarrow and without it."""
    if request.param == "strict":
        monkeypatch.setattr(FastReader, "available", staticmethod(lambda: False))


@pytest.fixture
def read(tmp_path):
    """Write a file and read it as a table with the target y."""

    def read_content(content: str | bytes, target: str = "y") -> Table:
        path = tmp_path / "data.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_csv(path, target)

    return read_content


class TestGoodFiles:
    def test_the_diabetes_study(self):
        data = load_diabetes(scaled=False)
        result = read_csv(DIABETES, "y")
        assert result.names == tuple(data.feature_names)
        assert np.array_equal(result.X, data.data)
        assert np.array_equal(result.y, data.target)
        assert result.X.shape == (442, 10)

    def test_credit_is_given(self):
        text = (DIABETES.parent / "README.md").read_text(encoding="utf-8")
        assert all(part in text for part in ("Efron", "Hastie", "Johnstone", "Tibshirani", "2004", "407-499"))
        assert all(f"`{name}`" in text for name in (*read_csv(DIABETES, "y").names, "y"))

    def test_the_target_may_stand_anywhere(self, read):
        result = read("a,y,b\n1,2,3\n4,5,6\n")
        assert result.names == ("a", "b")
        assert np.array_equal(result.X, [[1, 3], [4, 6]])
        assert np.array_equal(result.y, [2, 5])
        assert read("a,y,b\n1,2,3\n", target="b").names == ("a", "y")

    def test_arrays_are_the_readers_own(self, read):
        result = read("a,y\n1,2\n")
        for values in (result.X, result.y):
            assert values.dtype == np.float64
            assert values.flags.c_contiguous
            assert values.flags.writeable
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.X = result.y

    @pytest.mark.parametrize(
        "content",
        [
            "a,y\n1,2",
            "a,y\r\n1,2\r\n",
            "a,y\n1,2\n\n\n",
            "a, y\n 1 , 2\n",
            '"a","y"\n"1","2"\n',
            '"a", "y"\n"1", "2"\n',
            "a,y\n+1.0,2e0\n",
            "a,y\n1.,.2e1\n",
            "\ufeffa,y\n1,2\n",
            '\ufeff"a",y\n1,2\n',
            "a;y\n1;2\n",
            "a\ty\n1\t2\n",
            "a|y\n1|2\n",
            pytest.param(gzip.compress(b"a,y\n1,2\n"), id="gzip"),
        ],
    )
    def test_ways_to_write_the_same(self, read, content):
        result = read(content)
        assert result.names == ("a",)
        assert result.X.tolist() == [[1.0]]
        assert result.y.tolist() == [2.0]

    def test_names_are_taken_as_they_are(self, read):
        result = read('"a, b","say ""hi""",größe,<img src=x onerror=alert(1)>,=1+1,y\n1,2,3,4,5,6\n')
        assert result.names == ("a, b", 'say "hi"', "größe", "<img src=x onerror=alert(1)>", "=1+1")

    def test_paths_as_text_or_bytes(self):
        for path in (DIABETES, str(DIABETES), os.fsencode(DIABETES)):
            assert read_csv(path, "y").y.size == 442

    @settings(deadline=None)
    @given(rows=st.lists(st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=9))
    def test_numbers_survive_unchanged(self, tmp_path_factory, rows):
        path = tmp_path_factory.mktemp("table") / "data.csv"
        path.write_text("a,b,y\n" + "".join(f"{a!r},{b!r},{y!r}\n" for a, b, y in rows))
        result = read_csv(path, "y")
        assert np.array_equal(np.column_stack([result.X, result.y]), np.array(rows))


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", "data.csv: the file is empty, expected a row of column names"),
            ("\n\n", "data.csv, row 1: is blank, expected column names"),
            ("a,y\n", "data.csv: has a header only, expected at least one row of numbers below it"),
            ("a,y", "data.csv: has a header only"),
            ("a,y\n\n\n", "data.csv: has a header only"),
            ("a,y\n1,2\n3\n", "data.csv, row 3: has 1 cells, expected 2 as in the header"),
            ("a,y\n1,2,\n", "data.csv, row 2: has 3 cells, expected 2"),
            ("a,y\n1,2\n\n3,4\n", "data.csv, row 3: is blank; remove it"),
            ("a,y\n1,2\n  \n", "data.csv, row 3: has 1 cells"),
            ("a,b,a,y\n1,2,3,4\n", "data.csv, row 1, column 3: the name 'a' is that of column 1 too"),
            ("y,y\n1,2\n", "data.csv, row 1, column 2: the name 'y' is that of column 1 too"),
            ("a,,y\n1,2,3\n", "data.csv, row 1, column 2: has no name"),
            ("a,y,\n1,2,3\n", "data.csv, row 1, column 3: has no name"),
            ("y\n1\n", "data.csv: has the target 'y' only, expected at least one other column"),
            ("a,y\n1,2\nred,4\n", "data.csv, row 3, column 'a': 'red' is not a number"),
            ("a,y\n1,2\n3,4 kg\n", "data.csv, row 3, column 'y': '4 kg' is not a number"),
            ("a,y\n1,1_000\n", "data.csv, row 2, column 'y': '1_000' is not a number"),
            ("a,y\n1,0x10\n", "data.csv, row 2, column 'y': '0x10' is not a number"),
            ("a,y\n1,\uff12\n", "data.csv, row 2, column 'y': '\uff12' is not a number"),
            ("a,y\n1,\u22122\n", "data.csv, row 2, column 'y': '\u22122' is not a number"),
            ("a,y\n1,3\n1,\u202e2\n", "data.csv, row 3, column 'y': '\\u202e2' is not a number"),
            ("a,y\n1,=1+1\n", "data.csv, row 2, column 'y': '=1+1' is not a number"),
            ("a,y\n,2\n", "data.csv, row 2, column 'a': the value is missing; missing values by column: 'a' 1."),
            ('a,y\n" ",2\n', "data.csv, row 2, column 'a': the value is missing; missing values by column: 'a' 1."),
            (
                "a,y\n1,2\n3,NaN\n",
                "data.csv, row 3, column 'y': the value is missing; missing values by column: 'y' 1.",
            ),
            ("a,y\n1,2\n-inf,3\n", "data.csv, row 3, column 'a': '-inf' is not a finite number"),
            ("a,y\n1,1e400\n", "data.csv, row 2, column 'y': '1e400' is not a finite number"),
            ('a,y\n1,2\n3,"4\n5,6\n', "data.csv, row 3 (line 3): a quote is opened and never closed"),
            ('"a,y\n1,2\n', "data.csv, row 1 (line 1): a quote is opened and never closed"),
            ('a,y\n1,"' + "2" * 200_000, "data.csv, row 2 (line 2): a quote is opened and never closed, or a cell has"),
            ('a,y\n1,"2"3\n', "data.csv, row 2 (line 2): is not CSV: ',' expected after '\"'"),
            ("a,y\r1,2\r", "data.csv, row 1 (line 1): is not CSV: new-line character"),
            ("a,y\n1,2\n3,\0\n", "data.csv, line 3, character 3: is a NUL"),
            ("a,y\n1,2\n".encode("utf-16"), "data.csv, line 1, column 1: the file begins with UTF-16 text"),
            ("a,y\n1,2\n".encode("utf-16-be"), "data.csv, line 1, character 1: is a NUL"),
            ("a,y\n1,2\n".encode("utf-16-le"), "data.csv, line 1, character 2: is a NUL"),
            ("größe,y\n1,2\n".encode("latin-1"), "data.csv, line 1, byte 3: is not UTF-8"),
            (b"\x1f\x8b\x08\x00zip", "data.csv: the gzip data is cut short or damaged"),
        ],
    )
    def test_the_place_is_named(self, read, content, message):
        with pytest.raises(DataError) as caught:
            read(content)
        assert str(caught.value).startswith(message)

    def test_a_cell_over_several_lines_does_not_shift_the_rows(self, read):
        with pytest.raises(DataError, match=r"data.csv, row 3, column 'y': 'x' is not"):
            read('"a\nb",y\n1,2\n3,x\n')

    @pytest.mark.parametrize(
        ("content", "target", "message"),
        [
            (
                "income,age,prize\n1,2,3\n",
                "price",
                "there is no column 'price', only .*; did you mean 'prize'",
            ),
            ("a,b\n1,2\n", "quality", "there is no column 'quality', only 'a', 'b'$"),
            ("a:b:y\n1:2:3\n", "y", "there is no column 'y', only 'a:b:y'"),
            ("1.0,2.0\n3.0,4.0\n", "y", "row 1: holds numbers, expected column names: does the file lack its header"),
            ("1,2\n3,4\n", "y", "the first row holds numbers: does the file lack its header"),
            (",".join(f"c{i}" for i in range(50)) + "\n" + "1," * 49 + "1\n", "zzz", "only 'c0', .*'c9' and 40 more$"),
        ],
    )
    def test_a_missing_target_lists_the_columns(self, read, content, target, message):
        with pytest.raises(DataError, match=message):
            read(content, target)

    def test_long_texts_are_shortened_in_messages(self, read):
        with pytest.raises(DataError) as caught:
            read(f"{'n' * 10_000},y\n{'t' * 300},2\n")
        assert len(str(caught.value)) < 200

    def test_files_that_cannot_be_opened(self, tmp_path):
        for path in (
            tmp_path / "none.csv",
            tmp_path,
            "https://example.com/data.csv",
            "nul\0.csv",
            "surrogate\udc80.csv",
        ):
            with pytest.raises(DataError, match="cannot be read: ") as caught:
                read_csv(path, "y")
            str(caught.value).encode()
        for path in (None, 3, [None], ["a.csv", 3]):
            with pytest.raises(ArgumentError, match="path must be the name of a file"):
                read_csv(path, "y")


@contextmanager
def modest_memory():
    """Refusing a file takes little memory, whatever is in it."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


class TestLimits:
    def test_a_line_of_a_gigabyte(self, tmp_path):
        path = tmp_path / "data.csv"
        with path.open("wb") as file:
            file.write(b"a,y\n1,")
            file.truncate(10**9)
        with modest_memory(), pytest.raises(LimitError, match="line 2: the limit csv_line = 10,000,000"):
            read_csv(path, "y")

    def test_an_endless_file(self):
        if not os.path.exists("/dev/zero"):
            pytest.skip("this system has no /dev/zero")
        with modest_memory(), pytest.raises(DataError, match="zero: cannot be read: it is no regular file"):
            read_csv("/dev/zero", "y")

    def test_a_million_columns(self, tmp_path):
        path = tmp_path / "data.csv"
        path.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n")
        with (
            modest_memory(),
            pytest.raises(LimitError, match=r"line 1: the limit data_columns = 10,000 was hit: .* 1,000,000"),
        ):
            read_csv(path, "y")

    def test_a_quote_that_swallows_the_file(self, tmp_path):
        path = tmp_path / "data.csv"
        path.write_text('a,y\n1,"' + "2,3\n" * 1_000_000)
        with modest_memory(), pytest.raises(DataError, match=r"row 2 \(line 2\): a quote is opened and never closed"):
            read_csv(path, "y")

    def test_a_number_of_thousands_of_digits(self, read):
        assert read(f"a,y\n1,0.{'2' * 5000}\n").y[0] == 2 / 9
        with pytest.raises(DataError, match=r"row 2, column 'y': '2222.*' is not a finite number"):
            read(f"a,y\n1,{'2' * 5000}\n")
        with pytest.raises(DataError, match=r"row 3 \(line 3\): .*, or a cell has no end"):
            read(f"a,y\n1,2\n1,0.{'2' * 2**17}\n")

    def test_more_cells_than_fit(self, read, monkeypatch):
        monkeypatch.setattr(csv_text, "LIMITS", dataclasses.replace(LIMITS, data_cells=6))
        assert read("a,y\n" + "1,2\n" * 3).y.size == 3
        with pytest.raises(LimitError, match=r"all rows do not fit .*: the limit data_cells = 6 was hit"):
            read("a,y\n" + "1,2\n" * 4)

    def test_the_widest_table_that_is_allowed(self, read):
        names = ",".join([*(f"c{i}" for i in range(LIMITS.data_columns - 1)), "y"])
        assert read(names + "\n" + ",".join(["1"] * LIMITS.data_columns) + "\n").X.shape == (1, LIMITS.data_columns - 1)


def test_missing_values_never_become_numbers(read):
    for cell in ("", "NA", "null", "None", "-", "?", "nan", "inf", "Infinity", "NAN", "Nan", "-nan", "nan(1)"):
        with pytest.raises(DataError, match="row 3, column 'a'"):
            read(f"a,y\n1,1\n{cell},1\n")
    assert math.isfinite(read("a,y\n0,1\n").X[0, 0])
