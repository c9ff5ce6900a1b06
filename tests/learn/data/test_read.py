"""Sources over files: categories, missing values, several files, encodings, blocks, and files that change."""

from __future__ import annotations

import gzip
import json
import os
import random

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.errors import ArgumentError, DataError, LimitError, MissingExtraError
from chainrule.learn.data import Encoding, Source, Table, columnar, csv_file, read
from chainrule.learn.data.cells import kind_of
from chainrule.learn.data.csv_fast import FastReader
from chainrule.learn.data.encoding import ColumnKind

PEOPLE = "colour,age,member,y\n" + "".join(
    f"{colour},{age},{member},{y}\n"
    for colour, age, member, y in zip(
        ["red", "green", " blue "] * 4, range(12), ["true", "False"] * 6, range(12), strict=True
    )
)


@pytest.fixture(params=["fast", "strict"], autouse=True)
def reader(request, monkeypatch):
    """Every test here holds with pyarrow and without it."""
    if request.param == "strict":
        monkeypatch.setattr(FastReader, "available", staticmethod(lambda: False))
    return request.param


@pytest.fixture
def source(tmp_path):
    """A source over a file of some content, with the target y."""

    def make(content: str | bytes, name: str = "data.csv", **options) -> Source:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read(path, **{"target": "y", **options})

    return make


class TestBlocks:
    @settings(deadline=None, max_examples=25)
    @given(rows=st.integers(1, 60), size=st.integers(1, 70), piece=st.integers(8, 200))
    def test_blocks_joined_are_the_whole(self, tmp_path_factory, rows, size, piece):
        path = tmp_path_factory.mktemp("blocks") / "data.csv"
        path.write_text("a,c,y\n" + "".join(f'{i},"{"uv"[i % 2]}",{i / 8}\n' for i in range(rows)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_file, "PIECE", piece)
            found = read(path, target="y", all_levels=True)
            blocks = list(found.blocks(size))
        assert [len(y) for _, y in blocks] == [size] * (rows // size) + [rows % size] * (rows % size > 0)
        X, y = np.concatenate([X for X, _ in blocks]), np.concatenate([y for _, y in blocks])
        assert X.tolist() == [[i, 1 - i % 2, i % 2][: X.shape[1]] for i in range(rows)]
        assert y.tolist() == [i / 8 for i in range(rows)]
        assert found.rows == rows

    def test_every_pass_gives_the_same(self, source):
        found = source(PEOPLE)
        first, second = list(found.blocks(5)), list(found.blocks(5))
        assert all(
            np.array_equal(a, b)
            for one, other in zip(first, second, strict=True)
            for a, b in zip(one, other, strict=True)
        )

    def test_blocks_are_the_receivers_own(self, source):
        streamed = source(PEOPLE)
        for found in (streamed, streamed.table()):
            for X, y in found.blocks(5):
                X[:], y[:] = -1, -1
            X, y = found.head(3)
            assert y.tolist() == [0, 1, 2]
            X[:] = -1
            assert found.head(1)[0].min() == 0

    def test_without_a_target_blocks_are_columns_by_name(self, source):
        streamed = source(PEOPLE, target=None)
        for found in (streamed, streamed.table()):
            head = found.head(2)
            assert {name: values.tolist() for name, values in head.items()} == {
                "colour=green": [0, 1],
                "colour=red": [1, 0],
                "age": [0, 1],
                "member": [1, 0],
                "y": [0, 1],
            }
            assert found.target is None
        assert found.y is None

    def test_rows_are_known_after_a_pass(self, source):
        found = source("a,y\n1,2\n3,4\n")
        assert found.rows is None
        assert "rows not counted yet" in repr(found)
        assert len(list(found.blocks())) == 1
        assert found.rows == 2
        assert "2 rows" in repr(found)

    def test_a_size_that_is_no_number_of_rows(self, source):
        streamed = source(PEOPLE)
        for found in (streamed, streamed.table()):
            for size in (0, -1, 1.5, "x"):
                with pytest.raises(ArgumentError, match=r"size is .*, expected a whole number, 1 or more"):
                    next(found.blocks(size))
            with pytest.raises(ArgumentError, match="expected a whole number, 1 or more"):
                found.head(0)

    def test_float32(self, source):
        X, y = source("a,b,y\n1.1,x,2\n3,z,1\n", dtype=np.float32).head()
        assert X.dtype == y.dtype == np.float32
        assert X[0, 0] == np.float32(1.1)
        for content, column in (("a,y\n1,2\n1e300,1\n", "a"), ("a,y\n1,2\n1,-1e300\n", "y")):
            with pytest.raises(DataError, match=rf"row 3, column '{column}': -?1e\+300 is too large for float32"):
                source(content, dtype="float32").table()

    def test_the_largest_numbers(self, source):
        content = "a,y\n" + "1e308,1\n-1e308,-1e308\n" * 9
        assert source(content).table().X.ravel().tolist() == [1e308, -1e308] * 9

    def test_columns_in_the_order_asked_for(self, source):
        assert source(PEOPLE, columns=["age", "colour"]).names == ("age", "colour=green", "colour=red")
        assert source(PEOPLE, columns=["y", "age", "age"]).names == ("age",)

    def test_a_table_is_a_source(self, source):
        table = source(PEOPLE).table()
        assert isinstance(table, Table)
        assert table.table() is table
        assert (table.rows, table.target, table.classes) == (12, "y", None)


class TestCategories:
    def test_zeros_and_ones_by_level(self, source):
        found = source(PEOPLE)
        assert found.names == ("colour=green", "colour=red", "age", "member")
        assert found.head(3)[0].tolist() == [[0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 2, 1]]
        assert source(PEOPLE, all_levels=True).names[:3] == ("colour=blue", "colour=green", "colour=red")

    def test_levels_are_those_of_all_rows(self, source):
        content = "c,y\n" + "a,1\n" * 3000 + "b,2\n" * 3000 + "c,3\n"
        assert source(content).names == ("c=b", "c=c")

    def test_text_as_target_gives_classes(self, source):
        found = source(PEOPLE, target="colour")
        assert found.classes == ("blue", "green", "red")
        assert found.head(4)[1].tolist() == [2, 1, 0, 2]
        classes, codes = found.table().class_codes()
        assert (classes, codes[:4].tolist()) == (("blue", "green", "red"), [2, 1, 0, 2])

    def test_whole_numbers_as_classes(self, source):
        classes, codes = source("a,y\n1,7\n2,-1\n3,7\n").table().class_codes()
        assert (classes, codes.tolist()) == ((-1, 7), [1, 0, 1])
        for content, message in (
            ("a,y\n1,7.5\n", "the target 'y' holds 7.5: classes are texts or whole numbers"),
            ("a,y\n" + "".join(f"1,{i}\n" for i in range(101)), "has 101 values, and the limit is classes = 100"),
        ):
            with pytest.raises(DataError, match=message):
                source(content).table().class_codes()
        with pytest.raises(DataError, match="there is no target"):
            source(PEOPLE, target=None).table().class_codes()

    def test_a_few_texts_among_numbers_are_mistakes(self, source):
        for rows in (10, 200_000):
            content = "a,y\n" + "1,2\n" * rows + "red,3\n" + "1,2\n" * 10
            with pytest.raises(DataError, match=rf"row {rows + 2}, column 'a': 'red' is not a number; if"):
                source(content).table()
        content = "a,y\n1,2\n1,2\nred,3\n"
        assert source(content, categorical=["a"]).names == ("a=red",)

    def test_what_looks_like_an_identifier(self, source):
        unique = "id,a,y\n" + "".join(f"u{i},1,2\n" for i in range(50))
        with pytest.raises(DataError, match="column 'id': has 50 different texts in 50 rows; it looks like"):
            source(unique).table()
        assert source(unique, columns=["a"]).names == ("a",)
        with pytest.raises(DataError, match=r"column 'id': has 50 different texts .* free text, not like classes"):
            source(unique, target="id").table()
        many = "id,y\n" + "".join(f"u{i},2\n" for i in range(1500))
        with pytest.raises(LimitError, match=r"column 'id': the limit levels = 1,000 was hit.* identifier or"):
            source(many).table()

    def test_names_that_would_be_the_same(self, source):
        with pytest.raises(DataError, match="two columns of X would be named 'c=b'"):
            source("c,c=b,y\na,1,2\nb,1,2\n").table()

    def test_nothing_but_constant_texts(self, source):
        assert source("a,c,y\n1,x,2\n1,x,3\n").names == ("a",)
        with pytest.raises(DataError, match="every column is constant"):
            source("c,y\nx,2\nx,3\n").table()

    @pytest.mark.parametrize(
        ("cells", "kind"),
        [
            (["1", "2.5", "-1e3"], ColumnKind.NUMBER),
            (["", "NA"], ColumnKind.NUMBER),
            (["1", "2", "x", "3"], ColumnKind.NUMBER),
            (["1", "x"], ColumnKind.NUMBER),
            (["x", "y", "1"], ColumnKind.CATEGORY),
            (["18-25", "26-35"], ColumnKind.CATEGORY),
            (["1st", "2nd"], ColumnKind.CATEGORY),
            (["A1", "B2"], ColumnKind.CATEGORY),
            (["true", "False", ""], ColumnKind.BOOLEAN),
            (["true", "yes"], ColumnKind.CATEGORY),
            (["1,5", "2,75"], ColumnKind.NUMBER),
            (["1.500,5", "$3", "5%", "4 kg", "1_000", "0x10", "=1+1", "−2"], ColumnKind.NUMBER),
            (["2024-01-31", "2024-02-01"], "dates or times"),
            (["31.01.2024", "01.02.24", ""], "dates or times"),
            (["2024-01-31T12:00:00Z", "2024-01-31 12:00"], "dates or times"),
            (["12:30", "13:45:10"], "dates or times"),
            (["1" * 100_000 + "x"] * 3, ColumnKind.CATEGORY),
        ],
    )
    def test_what_a_column_seems_to_hold(self, cells, kind):
        assert kind_of(cells) == kind

    def test_dates_are_refused_where_they_are_used(self, source):
        content = "day,a,y\n2024-01-31,1,2\n2024-02-01,2,3\n"
        with pytest.raises(DataError, match="column 'day': holds dates or times; leave it out with columns="):
            source(content)
        assert source(content, columns=["a"]).table().X.tolist() == [[1], [2]]

    def test_neither_true_nor_false(self, source):
        with pytest.raises(DataError, match="row 1502, column 'b': 'yes' is neither true nor false"):
            source("b,y\n" + "true,1\n" * 1500 + "yes,1\n").table()


class TestMissingValues:
    def test_the_first_is_named_and_all_are_counted(self, source):
        content = "a,c,y\n1,u,1\n" + "2,v,\nNA,,1\n null ,w,1\n" * 20
        with pytest.raises(DataError) as caught:
            source(content).table()
        assert str(caught.value) == (
            "data.csv, row 3, column 'y': the value is missing; missing values by column: 'a' 40, 'c' 20, 'y' 20. Fill "
            "them in, choose other columns with columns=, or leave out the rows with missing='drop'"
        )

    def test_rows_left_out(self, source):
        content = "a,c,y\n1,u,1\n2,v,\nNA,,1\n5,v,6\n"
        found = source(content, missing="drop")
        assert found.rows is None
        table = found.table()
        assert (table.X.tolist(), table.y.tolist(), found.rows) == ([[1, 0], [5, 1]], [1, 6], 2)
        with pytest.raises(DataError, match="no row has all its values"):
            source("a,y\n1,\nNA,2\n", missing="drop").table()

    def test_rows_keep_their_numbers_when_others_are_left_out(self, source):
        known = source("c,y\nred,1\nblue,2\n").encoding
        with pytest.raises(DataError, match=r"row 4, column 'c': 'rde' is no level .* did you mean 'red'\?"):
            source("c,y\n,1\nred,1\nrde,1\n", encoding=known, missing="drop").table()

    def test_other_cells_that_mean_missing(self, source):
        content = "c,y\nNone,1\n-99,2\n?,3\n"
        assert source(content, na_values=["-99"], missing="drop").names == ("c=None",)
        assert source(content, na_values=["-99"], missing="drop").table().y.tolist() == [1, 3]

    def test_what_is_broken_behind_a_missing_value_comes_second(self, source, monkeypatch):
        monkeypatch.setattr(csv_file, "PIECE", 8)
        monkeypatch.setattr("chainrule.learn.data.csv_strict.CELLS", 2)
        with pytest.raises(DataError, match="row 3, column 'a': the value is missing"):
            source("a,y\n1,2\n,4\n5,6\n7,8\n9,x\n").table()
        with pytest.raises(DataError, match="row 3, column 'y': 'x' is not a number"):
            source("a,y\n1,2\n3,x\n5,6\n7,8\n,1\n").table()

    def test_a_column_without_any_value(self, source):
        with pytest.raises(DataError, match="row 2, column 'a': the value is missing; missing values by column: 'a' 2"):
            source("a,y\n,2\n,3\n").table()


class TestEncodings:
    def test_new_data_are_read_as_the_old(self, source):
        known = source(PEOPLE).encoding
        new = source("member,age,colour\ntrue,7,red\nfalse,8,blue\n", target=None, encoding=known)
        assert new.table().X.tolist() == [[0, 1, 7, 1], [0, 0, 8, 0]]
        assert new.names == known.names
        scored = source("member,age,colour,y\ntrue,7,red,1\n", encoding=known)
        assert [part.tolist() for part in scored.head()] == [[[0, 1, 7, 1]], [1]]

    def test_a_level_that_is_not_known(self, source):
        known = source(PEOPLE).encoding
        with pytest.raises(DataError, match=r"row 3, column 'colour': 'violet' is no level .*its levels are 'blue'"):
            source("member,age,colour\ntrue,7,red\nfalse,8,violet\n", target=None, encoding=known).table()
        with pytest.raises(DataError, match=r"there is no column 'colour', only .*did you mean 'color'\?"):
            source("member,age,color\ntrue,7,red\n", target=None, encoding=known)

    def test_as_json(self, source):
        for options in ({}, {"target": "colour"}, {"target": None}, {"all_levels": True}):
            known = source(PEOPLE, **options).encoding
            text = known.to_json()
            assert json.loads(text)["columns"]
            assert Encoding.from_json(text) == known
            assert Encoding.from_json(text).names == known.names
        for text in ("", "[]", "{}", '{"columns": 3, "target": null, "all_levels": false}', "[" * 100_000):
            with pytest.raises(DataError, match="this is no encoding that to_json wrote"):
                Encoding.from_json(text)

    def test_arguments_that_contradict_it(self, source):
        known = source(PEOPLE).encoding
        with pytest.raises(ArgumentError, match="the target of the encoding is 'y', not 'age'"):
            source(PEOPLE, encoding=known, target="age")
        with pytest.raises(ArgumentError, match="leave out columns and categorical"):
            source(PEOPLE, encoding=known, columns=["age"])


class TestWhatThePieceHides:
    def test_another_encoding_far_into_the_file(self, source, monkeypatch):
        monkeypatch.setattr(csv_file, "PIECE", 4096)
        with pytest.raises(DataError, match="line 5002, byte 3: is not UTF-8: save it as UTF-8"):
            source(b"a,c,y\n" + b"1,x,2\n" * 5000 + b"1,\xff,2\n").table()
        assert source("a,c,y\n" + "1,é,2\n1,x,2\n" * 3000).names == ("a", "c=é")

    def test_a_number_of_rows_between_two_names_for_them(self, source, monkeypatch):
        monkeypatch.setattr(csv_file, "PIECE", 64)
        content = "c,y\n" + '"two\nlines",1\n' * 900 + "one,x\n" + "one,1\n" * 900
        with pytest.raises(DataError, match="row 902, column 'y': 'x' is not a number"):
            source(content).table()
        with pytest.raises(DataError, match="line 1802, character 5: is a NUL"):
            source(content.replace("one,x", "one,\0", 1)).table()


class TestSeveralFiles:
    def test_in_the_order_of_their_names(self, tmp_path):
        for i in (2, 0, 1):
            (tmp_path / f"part-{i}.csv").write_text(f"a,y\n{i},1\n{i + 0.5},2\n")
        found = read(tmp_path / "part-*.csv", target="y")
        assert found.table().X.ravel().tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
        assert [len(y) for _, y in found.blocks(4)] == [4, 2]
        assert "3 files" in repr(found)
        two = read([tmp_path / "part-2.csv", tmp_path / "part-0.csv"], target="y")
        assert two.table().X.ravel().tolist() == [2, 2.5, 0, 0.5]

    def test_columns_may_stand_in_another_order(self, tmp_path):
        (tmp_path / "1.csv").write_text("a,y\n1,2\n")
        (tmp_path / "2.csv").write_text("y;a\n4;3\n")
        assert read(tmp_path / "*.csv", target="y").table().X.ravel().tolist() == [1, 3]

    def test_the_file_that_is_wrong_is_named(self, tmp_path):
        (tmp_path / "1.csv").write_text("a,y\n1,2\n")
        (tmp_path / "2.csv").write_text("a,y\n1,x\n")
        with pytest.raises(DataError, match=r"^2.csv, row 2, column 'y': 'x' is not a number"):
            read(tmp_path / "*.csv", target="y").table()
        (tmp_path / "2.csv").write_text("a,z\n1,2\n")
        with pytest.raises(DataError, match=r"^2.csv: lacks 'y'; the columns are those of 1.csv"):
            read(tmp_path / "*.csv", target="y")
        (tmp_path / "2.csv").write_text("a,y,z\n1,2,3\n")
        with pytest.raises(DataError, match=r"^2.csv: has 'z' too"):
            read(tmp_path / "*.csv", target="y")

    def test_none_or_too_many(self, tmp_path):
        with pytest.raises(DataError, match="no file has a name of this pattern"):
            read(tmp_path / "*.csv")
        with pytest.raises(ArgumentError, match="an empty sequence"):
            read([])
        with pytest.raises(LimitError, match="the limit data_files = 10,000 was hit"):
            read(["x.csv"] * 10_001)

    def test_a_file_whose_name_is_a_pattern(self, tmp_path):
        (tmp_path / "a[1].csv").write_text("a,y\n1,2\n")
        assert read(tmp_path / "a[1].csv", target="y").table().rows == 1


class TestDialects:
    def test_decimal_commas(self, source):
        with pytest.raises(DataError, match=r"row 2, column 'a': '1,5' is not a number; pass decimal=',' if the comma"):
            source("a;y\n1,5;2\n").table()
        assert source("a;y\n1,5;2\n-2,25;3\n", decimal=",").table().X.ravel().tolist() == [1.5, -2.25]
        with pytest.raises(DataError, match=r"row 2, column 'a': '1.500,5' is not a number; write thousands"):
            source("a;y\n1.500,5;2\n", decimal=",").table()
        with pytest.raises(DataError, match=r"row 2, column 'a': '1.5' is not a number"):
            source("a;y\n1.5;2\n", decimal=",").table()

    def test_separators(self, source):
        assert source("a,1;b;y\n1;2;3\n").names == ("a,1", "b")
        assert source("a;1,y\n1,2\n", separator=",").names == ("a;1",)
        with pytest.raises(ArgumentError, match="separator must be one of"):
            source("a:y\n1:2\n", separator=":")
        with pytest.raises(DataError, match="there is no column 'y', only 'a y'; cells are separated by a comma"):
            source("a y\n1 2\n")

    def test_quotes_in_every_place(self, source, monkeypatch):
        content = 'a,c,y\n1,"u, v",2\n"3","say ""hi""",4\n5,"two\nlines",6\n7,5" pipe,8\n' * 1
        for piece in (6, 11, 17, 1000):
            monkeypatch.setattr(csv_file, "PIECE", piece)
            table = source(content, all_levels=True).table()
            assert table.names == ("a", 'c=5" pipe', 'c=say "hi"', "c=two\nlines", "c=u, v")
            assert table.X[:, 0].tolist() == [1, 3, 5, 7]
            assert table.X[:, 1:].sum(axis=0).tolist() == [1, 1, 1, 1]

    @settings(deadline=None, max_examples=60)
    @given(
        cells=st.lists(st.text(st.sampled_from('ab ",\n\r;é'), max_size=6), min_size=2, max_size=8),
        piece=st.integers(1, 40),
    )
    def test_both_readers_say_the_same(self, tmp_path_factory, cells, piece):
        path = tmp_path_factory.mktemp("alike") / "data.csv"
        path.write_bytes(("c,y\n" + "".join(f"{cell},1\n" for cell in cells)).encode())
        said = []
        for available in (True, False):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(FastReader, "available", staticmethod(lambda: available))  # noqa: B023
                patch.setattr(csv_file, "PIECE", piece)
                try:
                    table = read(path, target="y", all_levels=True, categorical=["c"], na_values=[]).table()
                    said.append((table.names, table.X.tolist()))
                except DataError as error:
                    said.append(str(error))
        assert said[0] == said[1]

    @settings(deadline=None, max_examples=60)
    @given(
        text=st.text(st.sampled_from('12+-.eE,\n\r"xn '), max_size=30),
        piece=st.integers(1, 40),
    )
    def test_both_readers_take_the_same_numbers(self, tmp_path_factory, text, piece):
        path = tmp_path_factory.mktemp("alike") / "data.csv"
        path.write_bytes(("a,y\n1,2\n" + text).encode())
        said = []
        for available in (True, False):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(FastReader, "available", staticmethod(lambda: available))  # noqa: B023
                patch.setattr(csv_file, "PIECE", piece)
                try:
                    table = read(path, target="y").table()
                    said.append((table.X.tolist(), table.y.tolist()))
                except DataError as error:
                    said.append(str(error))
        assert said[0] == said[1]


class TestChanges:
    def test_between_passes(self, source, tmp_path):
        found = source("a,y\n1,2\n3,4\n")
        found.table()
        with (tmp_path / "data.csv").open("a") as file:
            file.write("5,6\n")
        with pytest.raises(DataError, match=r"has changed since it was first read: its size was 12 bytes and is 16"):
            found.table()

    def test_during_a_pass(self, source, tmp_path, monkeypatch):
        monkeypatch.setattr(csv_file, "PIECE", 64)
        monkeypatch.setattr("chainrule.learn.data.csv_strict.CELLS", 8)
        found = source("a,y\n" + "1,2\n" * 1000)
        blocks = found.blocks(4)
        next(blocks)
        os.utime(tmp_path / "data.csv", ns=(1, 1))
        with pytest.raises(DataError, match="it was written to; read it again, or read a copy"):
            list(blocks)

    def test_a_file_that_is_gone(self, source, tmp_path):
        found = source("a,y\n1,2\n")
        (tmp_path / "data.csv").unlink()
        with pytest.raises(DataError, match=r"data.csv: cannot be read: No such file"):
            found.table()

    @pytest.mark.parametrize(
        ("content", "change"),
        [("b,y\n11,2\n33,4\n", "its header is another"), ("a,y\n1111111,2\n", "it had 2 rows and has 1")],
    )
    def test_other_content_of_the_same_size_and_time(self, source, tmp_path, content, change):
        found = source("a,y\n11,2\n33,4\n")
        found.table()
        path = tmp_path / "data.csv"
        before = path.stat()
        path.write_text(content)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        with pytest.raises(DataError, match=f"has changed since it was first read: {change}"):
            found.table()


class TestGzip:
    def test_a_compressed_file(self, source):
        content = "a,y\n" + "".join(f"{i},{i / 7!r}\n" for i in range(5000))
        table = source(gzip.compress(content.encode()), "data.csv.gz").table()
        assert table.y.tolist() == [i / 7 for i in range(5000)]

    def test_one_that_expands_without_measure(self, source):
        bomb = gzip.compress((",".join(f"c{i}" for i in range(99)) + ",y\n").encode() + (b"0," * 99 + b"0\n") * 40_000)
        with pytest.raises(LimitError, match="the limit gzip_ratio = 200 was hit: this file expands to more"):
            source(bomb).table()

    def test_one_with_an_endless_line(self, source):
        with pytest.raises(LimitError, match="line 2: the limit csv_line = 10,000,000 bytes was hit"):
            source(gzip.compress(b"a,y\n" + random.Random(0).randbytes(6_000_000).hex().encode(), 1)).table()

    @pytest.mark.parametrize("damage", [lambda b: b[:-20], lambda b: b[:5000] + b"xxxx" + b[5004:], lambda b: b[:12]])
    def test_one_that_is_damaged(self, source, damage):
        content = gzip.compress(("a,y\n" + "".join(f"{i},{i * i}\n" for i in range(9000))).encode())
        with pytest.raises(DataError, match=r"data.csv: the gzip data is cut short or damaged|is not"):
            source(damage(content)).table()


class TestArguments:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"missing": "ignore"}, "missing must be 'refuse' or 'drop', not 'ignore'"),
            ({"decimal": ";"}, "decimal must be '.' or ','"),
            ({"dtype": "int32"}, "dtype must be float64 or float32, not 'int32'"),
            ({"dtype": "nonsense"}, "dtype must be float64 or float32, not 'nonsense'"),
            ({"columns": "age"}, "columns and categorical must be sequences of names"),
            ({"categorical": "age"}, "columns and categorical must be sequences of names"),
        ],
    )
    def test_what_is_not_accepted(self, source, options, message):
        with pytest.raises(ArgumentError, match=message):
            source(PEOPLE, **options)

    @pytest.mark.parametrize("options", [{"target": "agee"}, {"columns": ["agee"]}, {"categorical": ["agee"]}])
    def test_a_column_that_is_not_there(self, source, options):
        with pytest.raises(DataError, match=r"there is no column 'agee', only .*; did you mean 'age'\?"):
            source(PEOPLE, **options)

    @pytest.mark.parametrize(
        ("content", "kind"),
        [(b"PK\x03\x04rest", "Excel workbook"), (b"BZh9", "bzip2"), (b"%PDF-1.7", "a PDF")],
    )
    def test_files_of_another_kind(self, source, content, kind):
        with pytest.raises(DataError, match=rf"^data.csv: is .*{kind}"):
            source(content)


def test_parquet_without_pyarrow(tmp_path, monkeypatch):
    path = tmp_path / "data.parquet"
    path.write_bytes(b"PAR1....")
    load = columnar.importlib.import_module

    def refuse(name):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return load(name)

    monkeypatch.setattr(columnar.importlib, "import_module", refuse)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[data\]"'):
        cr.data.read(path)
