"""What reading costs in memory, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("resource")

CHILD = """
import json, resource, sys
import chainrule as cr
from chainrule.learn.data.csv_fast import FastReader
small, large, reader, block = sys.argv[1:5]
if reader == "strict":
    FastReader.available = staticmethod(lambda: False)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
list(cr.data.read(small, target="y").blocks())
before, rows, said = peak(), 0, ""
try:
    for X, y in cr.data.read(large, target="y").blocks(int(block)):
        rows += len(y)
except cr.ChainruleError as error:
    said = f"{type(error).__name__}: {error}"
print(json.dumps({"rows": rows, "growth": peak() - before, "said": said}))
"""

# A descent reads all rows at each evaluation, and again for the next one.
DESCENT = """
import json, resource, sys
import numpy as np, chainrule as cr
from chainrule.learn import batches
batches.MEMORY, batches.BLOCK = 4 * 2**20, 4 * 2**20
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
def descend(path):
    # Files of arrays have a dict of paths, columns have a target.
    paths = json.loads(path)
    source = cr.data.read(paths) if isinstance(paths, dict) else cr.data.read(paths, target="y")
    return cr.descend("mean((y - X w)^2)", {"w": np.zeros(9)}, 0.1, 2, data=source)
descend(sys.argv[1])
before = peak()
run = descend(sys.argv[2])
print(json.dumps({"growth": peak() - before, "loss": run.final_loss, "w": run.parameters["w"].tolist()}))
"""


def measured(tmp_path: Path, large: Path, reader: str = "fast", block: int = 1000) -> dict:
    small = tmp_path / "small.csv"
    small.write_text("a,y\n1,2\n")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(small), str(large), reader, str(block)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def many_rows(path: Path, megabytes: int) -> int:
    draw = np.random.default_rng(0)
    rows = "".join(",".join(map(repr, row)) + "\n" for row in draw.normal(size=(5000, 10)).tolist()).encode()
    times = megabytes * 10**6 // len(rows)
    with path.open("wb") as file:
        file.write(b"a,b,c,d,e,f,g,h,i,y\n")
        for _ in range(times):
            file.write(rows)
    return 5000 * times


# Allocators keep what they have freed, so a growth is larger than what is in use at any time.
@pytest.mark.parametrize(
    ("reader", "megabytes", "most"),
    [
        ("fast", 100, 60),
        ("strict", 15, 30),
        pytest.param("fast", 600, 60, marks=pytest.mark.slow),
        pytest.param("strict", 300, 30, marks=pytest.mark.slow),
    ],
)
def test_memory_does_not_grow_with_the_file(tmp_path, reader, megabytes, most):
    path = tmp_path / "data.csv"
    rows = many_rows(path, megabytes)
    found = measured(tmp_path, path, reader)
    assert found["rows"] == rows
    assert found["growth"] < most


def typed_rows(tmp_path: Path, form: str, megabytes: int) -> str:
    """Files of so many megabytes, row groups or batches of one each: what `DESCENT` reads, as JSON."""
    rows, draw = 2**17 // 10, np.random.default_rng(0)
    name = str(tmp_path / f"{megabytes}.{form}")
    if form == "npy":
        X, y = (str(tmp_path / f"{letter}{megabytes}.npy") for letter in "Xy")
        np.lib.format.open_memmap(X, "w+", float, (rows * megabytes, 9))[:] = np.tile(
            draw.normal(size=(rows, 9)), (megabytes, 1)
        )
        np.save(y, draw.normal(size=rows * megabytes))
        return json.dumps({"X": X, "y": y})
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = arrow.table({name: draw.normal(size=rows) for name in "abcdefghiy"})
    if form == "parquet":
        writer = parquet.ParquetWriter(name, table.schema, use_dictionary=False)
    else:
        writer = arrow.ipc.new_file(name, table.schema)
    with writer:
        for _ in range(megabytes):
            writer.write_table(table)
    return json.dumps(name)


@pytest.mark.parametrize(
    ("form", "megabytes"),
    [
        ("parquet", 80),
        ("feather", 80),
        ("npy", 80),
        pytest.param("parquet", 1500, marks=pytest.mark.slow),
        pytest.param("feather", 1500, marks=pytest.mark.slow),
    ],
)
def test_a_descent_streams_ten_times_its_memory(tmp_path, form, megabytes):
    small, large = (typed_rows(tmp_path, form, size) for size in (8, megabytes))
    done = subprocess.run([sys.executable, "-c", DESCENT, small, large], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert np.isfinite(found["loss"])
    assert found["growth"] < (40 if megabytes < 1000 else 60)


@pytest.mark.parametrize("reader", ["fast", "strict"])
@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda file: (file.write(b"a,y\n1,"), file.truncate(10**9)), "line 2: the limit csv_line = 10,000,000"),
        (lambda file: file.write(b",".join(b"c%d" % i for i in range(10**6))), "the limit data_columns = 10,000"),
        (lambda file: file.write(b"a,y\n" + b",".join([b"1"] * 10**6)), "line 2: the limit data_columns = 10,000"),
        (lambda file: file.write(b'a,y\n1,"' + b"2,3\n" * 10**6), "row 2 (line 2): a quote is opened and never closed"),
    ],
    ids=["a line of a gigabyte", "a million columns", "a row of a million cells", "a quote without end"],
)
def test_hostile_files_are_refused_in_little_memory(tmp_path, reader, write, said):
    path = tmp_path / "data.csv"
    with path.open("wb") as file:
        write(file)
    found = measured(tmp_path, path, reader)
    assert said in found["said"]
    assert found["growth"] < 60
