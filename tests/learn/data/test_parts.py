"""Sources cut into parts: the same rows in the same order, also after a pickle, and rows counted as in the file."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from chainrule.errors import DataError
from chainrule.learn.data import read, table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

ROWS = 100


@pytest.fixture
def columns():
    draw = np.random.default_rng(0)
    return {"a": draw.normal(size=ROWS), "c": draw.choice(["u", "v", "w"], ROWS), "y": draw.normal(size=ROWS)}


def parquet(columns, path, group=10):
    pq.write_table(pa.table(columns), path, row_group_size=group)
    return path


def rows_of(sources, size=7):
    blocks = [block for source in sources for block in source.blocks(size)]
    return np.concatenate([X for X, _ in blocks]), np.concatenate([y for _, y in blocks])


@pytest.mark.parametrize(("size", "counts"), [(1, [10] * 10), (25, [30, 30, 30, 10]), (1000, [100])])
def test_parquet_is_cut_between_row_groups(tmp_path, columns, size, counts):
    source = read(parquet(columns, tmp_path / "data.parquet"), target="y")
    parts = pickle.loads(pickle.dumps(source.parts(size)))
    assert [part.rows for part in parts] == counts
    for found, whole in zip(rows_of(parts), (source.table().X, source.table().y), strict=True):
        assert np.array_equal(found, whole)


def test_parts_of_parts_and_of_several_files(tmp_path, columns):
    for i in range(3):
        parquet({name: values[i::3] for name, values in columns.items()}, tmp_path / f"{i}.parquet")
    source = read(str(tmp_path / "*.parquet"), target="y", categorical=["c"])
    parts = [finer for part in source.parts(20) for finer in part.parts(10)]
    assert [part.rows for part in parts] == [10, 10, 10, 4, 10, 10, 10, 3, 10, 10, 10, 3]
    assert np.array_equal(rows_of(parts)[0], source.table().X)


def test_a_row_is_named_as_the_file_counts_it(tmp_path, columns):
    columns["a"][73] = np.inf
    source = read(parquet(columns, tmp_path / "data.parquet"), target="y")
    with pytest.raises(DataError, match="row 74, column 'a': inf"):
        rows_of(source.parts(10)[6:])


def test_files_without_groups_are_a_part_each(tmp_path, columns):
    for i in range(2):
        (tmp_path / f"{i}.csv").write_text("a,y\n" + "".join(f"{a},{a}\n" for a in columns["a"][i::2]))
    source = read(str(tmp_path / "*.csv"), target="y")
    parts = pickle.loads(pickle.dumps(source.parts(5)))
    assert np.array_equal(rows_of(parts)[0], source.table().X)
    assert [part.rows for part in parts] == [50, 50]


def test_arrays_are_cut_anywhere(tmp_path):
    for i in range(2):
        np.save(tmp_path / f"X{i}.npy", np.arange(i * 60, i * 60 + 60).reshape(20, 3))
    source = read(str(tmp_path / "X*.npy"))
    parts = pickle.loads(pickle.dumps(source.parts(15)))
    assert [part.rows for part in parts] == [15, 15, 10]
    assert np.array_equal(np.concatenate([X for part in parts for (X,) in part.blocks(4)]).ravel(), np.arange(120))
    assert [part.rows for part in parts[1].parts(10)] == [10, 5]
    assert parts[1].parts(10)[1].head(1)[0].tolist() == [[75, 76, 77]]


def test_a_table(columns):
    whole = table(columns, target="y")
    parts = whole.parts(30)
    assert [part.rows for part in parts] == [30, 30, 30, 10]
    assert np.array_equal(rows_of(parts)[0], whole.X)
    assert [part.rows for part in table({"a": columns["a"]}).parts(60)] == [60, 40]
