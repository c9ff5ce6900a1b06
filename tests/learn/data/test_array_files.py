"""Arrays in .npy files: blocks equal slices of the whole, and files that are cut short, forged or changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, DataError, LimitError
from chainrule.learn.data import csv_text, read
from chainrule.limits import LIMITS

DTYPES = ["float64", "float32", ">f8", "int16", "bool", "complex128"]


def array_of(dtype, shape):
    draw = np.random.default_rng(0)
    return (draw.normal(size=shape) * 3).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(53,), (53, 3), (53, 2, 3), (53, 0)], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_are_slices(tmp_path, dtype, shape, order):
    whole = np.asarray(array_of(dtype, shape), order=order)
    np.save(tmp_path / "X.npy", whole)
    source = read(tmp_path / "X.npy")
    assert source.rows == 53
    blocks = [X for (X,) in source.blocks(20)]
    assert [len(block) for block in blocks] == [20, 20, 13]
    found = np.concatenate(blocks)
    assert found.dtype == whole.dtype.newbyteorder("=")
    assert np.array_equal(found, whole)
    assert all(block.flags.c_contiguous and block.flags.writeable for block in blocks)


def test_several_files_follow_one_another(tmp_path):
    whole = array_of("float64", (50, 2))
    for i, part in enumerate(np.split(whole, [7, 7, 30])):
        np.save(tmp_path / f"X-{i}.npy", part)
    np.save(tmp_path / "y.npy", np.arange(50))
    source = read((tmp_path / "y.npy", [tmp_path / f"X-{i}.npy" for i in range(4)]))
    for y, X in source.blocks(9):
        assert y.dtype == np.int64
        assert np.array_equal(X, whole[y])
    pattern = read({"X": str(tmp_path / "X-*.npy"), "labels": tmp_path / "y.npy"})
    assert pattern.names == ("X", "labels")
    assert pattern.target is None
    assert np.array_equal(np.concatenate([block["X"] for block in pattern.blocks(11)]), whole)
    assert np.array_equal(pattern.head(3)["labels"], [0, 1, 2])
    assert repr(pattern) == "Source(X float64 (50, 2), labels int64 (50,))"
    assert len(read(tuple([tmp_path / "y.npy"] * 3)).head(1)) == 3


def test_a_descent_over_them(tmp_path):
    X, w = array_of("float64", (60, 2)), np.array([1.0, -2.0])
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "y.npy", X @ w)
    source = read((tmp_path / "X.npy", tmp_path / "y.npy"))
    run = cr.descend("mean((y - X w)^2)", {"w": np.zeros(2)}, optimizer="lbfgs", data=source)
    assert np.allclose(run.parameters["w"], w)


def test_floating_numbers_are_converted_where_that_is_asked(tmp_path):
    np.save(tmp_path / "X.npy", array_of("float64", (5, 2)))
    np.save(tmp_path / "n.npy", np.arange(5))
    X, n = read((tmp_path / "X.npy", tmp_path / "n.npy"), dtype="float32").head()
    assert (X.dtype, n.dtype) == (np.float32, np.int64)
    np.save(tmp_path / "X.npy", np.array([1.0, 1e300]))
    with pytest.raises(DataError, match=r"X\.npy: a number is too large for float32"):
        read(tmp_path / "X.npy", dtype="float32").head()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite(tmp_path, value):
    whole = np.zeros((30, 2))
    whole[23, 1] = value
    np.save(tmp_path / "X.npy", whole)
    with pytest.raises(DataError, match=rf"X\.npy, at \[23, 1\]: {value} is not a finite number"):
        list(read(tmp_path / "X.npy").blocks(10))
    np.save(tmp_path / "X.npy", np.full(5, 1e308))  # finite, though the sum is not
    assert len(read(tmp_path / "X.npy").head()[0]) == 5


class TestWhatDoesNotFit:
    def test_rows(self, tmp_path):
        np.save(tmp_path / "X.npy", np.zeros((5, 2)))
        np.save(tmp_path / "y.npy", np.zeros(4))
        np.save(tmp_path / "none.npy", np.zeros((0, 2)))
        with pytest.raises(DataError, match=r"y\.npy: has 4 rows, and X\.npy has 5; they belong together"):
            read((tmp_path / "X.npy", tmp_path / "y.npy"))
        with pytest.raises(DataError, match=r"y\.npy: has rows of shape \(\), and X\.npy has \(2,\)"):
            read([tmp_path / "X.npy", tmp_path / "y.npy"])
        with pytest.raises(DataError, match=r"none\.npy: has no rows"):
            read(tmp_path / "none.npy")

    def test_dtypes(self, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros(5))
        np.save(tmp_path / "b.npy", np.zeros(5, np.float32))
        with pytest.raises(DataError, match=r"b\.npy: has dtype float32, and a\.npy has float64"):
            read(str(tmp_path / "*.npy"))

    def test_other_files(self, tmp_path):
        (tmp_path / "rows.csv").write_text("a,y\n1,2\n")
        np.save(tmp_path / "X.npy", np.zeros(1))
        with pytest.raises(DataError, match=r"rows\.csv: is no \.npy file"):
            read({"X": tmp_path / "rows.csv"})
        with pytest.raises(DataError, match=r"rows\.csv: is no \.npy file"):
            read([tmp_path / "X.npy", tmp_path / "rows.csv"])
        (tmp_path / "y.npy").write_text("a,y\n1,2\n")
        with pytest.raises(DataError, match=r"y\.npy: is no whole npy file: it does not begin as one"):
            read(tmp_path / "y.npy")
        np.savez(tmp_path / "both.npz", X=np.zeros(1))
        with pytest.raises(DataError, match=r"both\.npz: is a zip archive, an Excel workbook or an \.npz file"):
            read(tmp_path / "both.npz")

    def test_arguments_of_columns(self, tmp_path):
        np.save(tmp_path / "X.npy", np.zeros((5, 2)))
        for argument in ({"target": "y"}, {"missing": "drop"}, {"separator": ","}, {"columns": ["a"]}):
            with pytest.raises(ArgumentError, match="arrays, which have no columns"):
                read(tmp_path / "X.npy", **argument)
        with pytest.raises(ArgumentError, match="an empty dict"):
            read({})
        source = read(tmp_path / "X.npy")
        with pytest.raises(DataError, match="no columns that were encoded"):
            _ = source.encoding
        with pytest.raises(DataError, match="arrays are no table"):
            source.table()


class TestDamagedFiles:
    def test_cut_short_anywhere(self, tmp_path):
        path = tmp_path / "X.npy"
        np.save(path, np.zeros((9, 2)))
        whole = path.read_bytes()
        for length in [*range(6, len(whole), 5), len(whole) - 1, len(whole) + 8]:
            path.write_bytes((whole + bytes(8))[:length])
            with pytest.raises(DataError, match=r"X\.npy: is no whole \.npy file"):
                read(path)

    @pytest.mark.parametrize(
        ("shape", "said"),
        [
            ("(10**9, 2)", "is no whole .npy file"),
            ("(99999999999999999999, 2)", "is no whole .npy file: its array of shape"),
            ("(-9, -2)", "is no whole .npy file"),
            ("(1.5,)", "is no whole .npy file"),
            ("__import__('os')", "is no whole .npy file"),
            ("(" * 900, "is no whole .npy file"),
        ],
        ids=["an operation", "many", "negative", "fraction", "code", "deep"],
    )
    def test_forged_shapes(self, tmp_path, shape, said):
        path = tmp_path / "X.npy"
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(144))
        with pytest.raises(DataError) as caught:
            read(path)
        assert said in str(caught.value)
        assert len(str(caught.value)) < 400

    def test_objects_and_other_values(self, tmp_path):
        for name, array, said in (
            ("objects", np.array([{}, 1], object), "Python objects"),
            ("texts", np.array(["a"]), "values of dtype <U1"),
            ("one", np.array(1.0), "one number"),
        ):
            np.save(tmp_path / f"{name}.npy", array)
            with pytest.raises(DataError, match=f"{name}.npy: holds {said}"):
                read(tmp_path / f"{name}.npy")
        np.save(tmp_path / "fields.npy", np.zeros(2, [("a", "f8")]))
        with pytest.raises(DataError, match="expected numbers"):
            read(tmp_path / "fields.npy")

    @pytest.mark.parametrize("change", ["longer", "shorter"])
    def test_changed_while_it_is_read(self, tmp_path, change):
        path = tmp_path / "X.npy"
        np.save(path, np.zeros((5000, 9)))
        blocks = read(path).blocks(10)
        next(blocks)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size + 8 if change == "longer" else 2000)
        with pytest.raises(DataError, match="has changed since it was first read: its size was"):
            list(blocks)

    def test_a_version_for_named_fields(self, tmp_path):
        path = tmp_path / "X.npy"
        np.save(path, np.zeros(2))
        whole = bytearray(path.read_bytes())
        whole[6] = 3
        path.write_bytes(whole)
        with pytest.raises(DataError, match=r"its format 3\.0 is for arrays with named fields"):
            read(path)

    def test_version_two(self, tmp_path):
        path = tmp_path / "X.npy"
        with path.open("wb") as file:
            np.lib.format.write_array(file, np.arange(3.0), version=(2, 0))
        assert read(path).head()[0].tolist() == [0, 1, 2]

    def test_a_row_that_is_too_large(self, tmp_path, monkeypatch):
        monkeypatch.setattr(csv_text, "LIMITS", dataclasses.replace(LIMITS, batch_bytes=1000))
        np.save(tmp_path / "X.npy", np.zeros((2, 200)))
        with pytest.raises(LimitError, match=r"X\.npy, a row: the limit batch_bytes = 1,000 was hit"):
            read(tmp_path / "X.npy")
