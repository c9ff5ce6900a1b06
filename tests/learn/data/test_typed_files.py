"""Parquet, Feather and Arrow files: what they hold, and files that are cut short, forged, encrypted or bombs."""

from __future__ import annotations

import dataclasses
import datetime
import io
import random

import numpy as np
import pytest

from chainrule.errors import ChainruleError, DataError, LimitError
from chainrule.learn.data import csv_text, read
from chainrule.learn.data.arrow_messages import expanded_sizes
from chainrule.learn.data.parquet_pages import expanded_pages
from chainrule.limits import LIMITS

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
feather = pytest.importorskip("pyarrow.feather")

ROWS = 900


def write_stream(table, path):
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table, max_chunksize=300)


WRITERS = {
    "data.parquet": lambda table, path: pq.write_table(table, path, row_group_size=300, data_page_size=1000),
    "data.feather": lambda table, path: feather.write_feather(table, path, chunksize=300, compression="lz4"),
    "plain.feather": lambda table, path: feather.write_feather(table, path, chunksize=300, compression="uncompressed"),
    "data.arrow": write_stream,
}


@pytest.fixture(scope="module")
def table():
    draw = np.random.default_rng(0)
    colours = draw.choice(["red", "green", " blue"], ROWS)
    return pa.table(
        {
            "a": draw.normal(size=ROWS),
            "n": pa.array(draw.integers(0, 9, ROWS), pa.int16()),
            "colour": pa.array(colours),
            "kept": pa.array(colours).dictionary_encode(),
            "ok": draw.random(ROWS) > 0.5,
            "y": draw.normal(size=ROWS).astype(np.float32),
        }
    )


@pytest.fixture(params=WRITERS)
def path(request, table, tmp_path):
    WRITERS[request.param](table, tmp_path / request.param)
    return tmp_path / request.param


def written(tmp_path, columns, name="data.parquet"):
    WRITERS[name](pa.table(columns), tmp_path / name)
    return tmp_path / name


class TestGoodFiles:
    def test_numbers_texts_and_booleans(self, table, path):
        source = read(path, target="y")
        assert source.names == ("a", "n", "colour=green", "colour=red", "kept=green", "kept=red", "ok")
        X = np.concatenate([X for X, _ in source.blocks(70)])
        assert np.array_equal(X[:, 0], table["a"].to_numpy())
        assert np.array_equal(X[:, 1], table["n"].to_numpy())
        assert np.array_equal(X[:, 3], np.array(table["colour"].to_pylist()) == "red")
        assert np.array_equal(X[:, 2:4], X[:, 4:6])
        assert np.array_equal(X[:, 6], table["ok"].to_numpy(zero_copy_only=False))
        assert np.array_equal(source.table().y, table["y"].to_numpy())
        assert source.rows == ROWS

    def test_chosen_columns(self, path):
        assert read(path, target="colour", columns=["ok", "a"]).table().classes == ("blue", "green", "red")

    def test_what_the_bytes_say_counts(self, table, tmp_path):
        pq.write_table(table, tmp_path / "data.csv")
        assert read(tmp_path / "data.csv", target="y").rows == ROWS
        (tmp_path / "data.feather").write_text("a,y\n1,2\n")
        with pytest.raises(DataError, match=r"data.feather: is no whole feather file: it does not begin as one"):
            read(tmp_path / "data.feather")

    def test_numbers_as_categories(self, tmp_path):
        path = written(tmp_path, {"code": [10, 20, 10], "y": [1.0, 2.0, 3.0]})
        assert read(path, target="y", categorical=["code"]).names == ("code=20",)

    def test_decimals_and_a_dictionary_of_numbers(self, tmp_path):
        price = pa.array([1.5, 2.25]).cast(pa.decimal128(6, 2))
        path = written(tmp_path, {"price": price, "code": pa.array([7, 8]).dictionary_encode(), "y": [1, 2]})
        assert read(path, target="y").table().X.tolist() == [[1.5, 7], [2.25, 8]]


class TestWhatIsNotClean:
    def test_missing_values(self, tmp_path):
        path = written(tmp_path, {"a": [1.0, None, float("nan")], "c": ["u", "v", None], "y": [1, 2, 3]})
        with pytest.raises(DataError, match=r"row 2, column 'a': the value is missing; .* 'a' 2, 'c' 1\."):
            read(path, target="y").table()
        assert read(path, target="y", missing="drop", all_levels=True).table().X.tolist() == [[1, 1]]

    @pytest.mark.parametrize("name", WRITERS)
    def test_infinity(self, tmp_path, name):
        values = np.arange(500.0)
        values[420] = -np.inf
        with pytest.raises(DataError, match="row 421, column 'a': -inf is not a finite number"):
            read(written(tmp_path, {"a": values, "y": values}, name), target="y").table()

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            ([datetime.date(2024, 1, 1)], "holds dates or times"),
            ([[1, 2]], "holds values of the type list"),
            ([b"x"], "holds values of the type binary"),
        ],
    )
    def test_types_that_are_no_numbers(self, tmp_path, values, said):
        path = written(tmp_path, {"a": values, "b": [1], "y": [1]})
        with pytest.raises(DataError, match=f"column 'a': {said}.*leave it out with columns="):
            read(path, target="y")
        assert read(path, target="y", columns=["b"]).table().X.tolist() == [[1]]

    def test_texts_where_the_encoding_has_numbers(self, tmp_path):
        known = read(written(tmp_path, {"a": [1.0, 2.0], "y": [1, 2]}), target="y").encoding
        other = written(tmp_path, {"a": ["x", "y"], "y": [1, 2]}, "data.feather")
        with pytest.raises(DataError, match="column 'a': holds texts, not numbers"):
            read(other, encoding=known).table()

    @pytest.mark.parametrize("name", WRITERS)
    def test_no_rows_or_columns(self, tmp_path, name):
        with pytest.raises(DataError, match="no row"):
            read(written(tmp_path, {"a": pa.array([], pa.float64()), "y": pa.array([], pa.float64())}, name)).table()
        with pytest.raises(DataError, match="has no columns"):
            read(written(tmp_path, {}, name))

    def test_the_same_name_twice(self, tmp_path):
        pq.write_table(pa.table([[1], [2]], names=["a", "a"]), tmp_path / "data.parquet")
        with pytest.raises(DataError, match="the name 'a' is that of column 1 too"):
            read(tmp_path / "data.parquet")


class TestDamagedFiles:
    def test_cut_short_anywhere(self, path):
        whole = path.read_bytes()
        for length in [*range(4, 64, 7), *range(64, len(whole), len(whole) // 40), len(whole) - 1]:
            path.write_bytes(whole[:length])
            with pytest.raises(DataError, match=f"{path.name}"):
                read(path, target="y").table()

    def test_forged_bytes_never_end_the_process(self, path):
        whole = path.read_bytes()
        draw = random.Random(0)
        said: list[str] = []
        for _ in range(60):
            forged = bytearray(whole)
            for _ in range(draw.choice((1, 2, 5))):
                forged[draw.randrange(max(0, len(whole) - draw.choice((1500, len(whole)))), len(whole))] = draw.choice(
                    (0, 127, 128, 255)
                )
            path.write_bytes(forged)
            try:
                read(path, target="y").table()
            except ChainruleError as error:
                said.append(str(error))
        assert max(map(len, said)) < 500

    def test_a_count_of_rows_that_is_forged(self, tmp_path):
        path = written(tmp_path, {"a": np.arange(200.0), "y": np.arange(200.0)})
        whole = path.read_bytes()
        # 200 in Thrift's compact form; forging it everywhere forges the counts of rows and of values.
        path.write_bytes(whole.replace(b"\x90\x03", b"\x90\x04"))
        with pytest.raises(DataError):
            read(path, target="y").table()

    def test_encrypted(self, tmp_path, table):
        path = written(tmp_path, {"a": [1.0], "y": [1.0]})
        path.write_bytes(path.read_bytes().replace(b"PAR1", b"PARE"))
        with pytest.raises(DataError, match="is encrypted; write it without encryption"):
            read(path)

    def test_changed_between_passes(self, path, table):
        source = read(path, target="y")
        source.table()
        path.write_bytes(path.read_bytes() + b"x")
        with pytest.raises(DataError, match="has changed since it was first read"):
            source.table()

    def test_noise_is_no_metadata(self):
        draw = random.Random(1)
        for _ in range(300):
            noise = draw.randbytes(draw.randrange(200))
            footer = len(noise).to_bytes(4, "little") + b"PAR1"
            for sizes, content in ((expanded_pages, noise + footer), (expanded_sizes, b"\xff\xff\xff\xff" + noise)):
                try:
                    found = list(sizes(io.BytesIO(content), len(content)))
                except ValueError:
                    continue
                assert found == []


class TestBombs:
    @pytest.mark.parametrize("name", ["data.parquet", "data.feather"])
    def test_a_small_file_with_large_pages(self, tmp_path, monkeypatch, name):
        monkeypatch.setattr(csv_text, "LIMITS", dataclasses.replace(LIMITS, batch_bytes=2**22))
        table = pa.table({"c": ["x" * 5 * 2**20, "y"], "y": [1.0, 2.0]})
        path = tmp_path / name
        if name == "data.parquet":
            pq.write_table(table, path, compression="zstd", use_dictionary=False, write_statistics=False)
        else:
            feather.write_feather(table, path, compression="zstd")
        assert path.stat().st_size < 10**5
        with pytest.raises(LimitError, match="the limit batch_bytes = 4,194,304 was hit"):
            read(path, target="y")

    def test_a_text_that_every_row_repeats(self, tmp_path):
        # As texts of their own, the 40,000 of them would take 20 GB.
        texts = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 20_000, pa.int32()), ["x" * 10**6, "y"])
        path = written(tmp_path, {"c": texts, "y": np.arange(40_000.0)})
        assert path.stat().st_size < 10**7
        assert read(path, target="y").table().X.mean() == 0.5
