"""A gradient over a Parquet file against only reading the file, and what memory that takes.

    python benchmarks/streaming.py [--quick]

The loss is the mean squared error of a linear model over 2e7 rows of 8 doubles. Reading is what pyarrow does with the
file in batches, and no more. Both run in turn in one process of their own, whose peak memory is the second figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

Summary = tuple[str, str, str]

ROWS, QUICK, GROUP = 20_000_000, 2_000_000, 2**20
NAMES = [*(f"x{i}" for i in range(7)), "y"]

CHILD = """
import json, resource, sys, time
import numpy as np, pyarrow.parquet as pq
import chainrule as cr
from chainrule.learn import batches
from chainrule.learn.batches import as_data
from chainrule.learn.problem import Problem

batches.MEMORY = 0  # a file of --quick is streamed too
path, rounds = sys.argv[1], int(sys.argv[2])
unit = 2**20 if sys.platform == "darwin" else 2**10

def loss(w, X, y):
    return np.mean((X @ w - y) ** 2)

def read():
    rows = 0
    for batch in pq.ParquetFile(path, buffer_size=2**18, pre_buffer=False).iter_batches(batch_size=2**15):
        rows += batch.num_rows
    return rows

problem = Problem(loss, np.zeros(7), data=as_data(cr.data.read(path, target="y")))
value, (slope,) = problem.evaluate(problem.start)
times = {"read": [], "gradient": []}
for _ in range(rounds):
    for name, call in (("read", read), ("gradient", lambda: problem.evaluate(problem.start))):
        start = time.perf_counter()
        call()
        times[name].append(time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
print(json.dumps({"times": times, "peak": peak, "slope": slope.tolist()}))
"""


def write(path: Path, rows: int) -> np.ndarray:
    """A file of normal numbers; returns the gradient at zero that is to be found."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    draw, slope = np.random.default_rng(0), np.zeros(7)
    with pq.ParquetWriter(path, pa.schema([(name, pa.float64()) for name in NAMES]), use_dictionary=False) as file:
        for first in range(0, rows, GROUP):
            count = min(GROUP, rows - first)
            columns = draw.normal(size=(8, count))
            columns[7] += columns[:7].sum(axis=0)
            slope -= 2 * columns[:7] @ columns[7] / rows
            file.write_table(pa.table(dict(zip(NAMES, columns, strict=True))))
    return slope


def streaming(quick: bool = False, rounds: int = 5) -> list[Summary]:
    """Each figure with what was to be reached and what was."""
    rows = QUICK if quick else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.parquet"
        wanted = write(path, rows)
        done = subprocess.run([sys.executable, "-c", CHILD, str(path), str(rounds)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found["slope"], wanted, rtol=1e-8)
    times = found["times"]
    share = statistics.median(a / b for a, b in zip(times["read"], times["gradient"], strict=True))
    speed = rows * 64 / statistics.median(times["gradient"]) / 1e9
    return [
        (f"Parquet, {rows:,} x 8, gradient: share of the speed of reading", "90%", f"{100 * share:.0f}%"),
        ("the same, peak memory of the process", "500 MB", f"{found['peak']:.0f} MB ({speed:.2f} GB/s)"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    began = time.perf_counter()
    for row in streaming(parser.parse_args().quick):
        print(" | ".join(row))
    print(f"{time.perf_counter() - began:.0f} s")
