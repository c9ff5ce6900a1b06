"""Rows past memory and past the machine: a Parquet file as it is read, and two workers of a cluster against one."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from kernels_rivals import Settings, optional, spelled
from measure import table

import chainrule as cr

Summary = tuple[str, str, str]
FEATURES = 8

_STEPS = """
import json, resource, sys, time
import numpy as np
import chainrule as cr
path, more = sys.argv[1], int(sys.argv[2])
def loss(p, X, y):
    return np.mean((X @ p["w"] + p["b"] - y) ** 2)
start = {"w": np.zeros(FEATURES), "b": np.zeros(())}
def steps(count):
    begin = time.perf_counter()
    cr.descend(loss, start, 0.01, count, data=cr.data.read(path, target="y"), progress=False)
    return time.perf_counter() - begin
steps(1)
fewer = steps(1)
passes = (steps(1 + more) - fewer) / more
print(json.dumps([passes, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
""".replace("FEATURES", str(FEATURES))

_READING = """
import json, sys, time
import pyarrow.dataset as dataset
import pyarrow.parquet as parquet
path = sys.argv[1]
def batches():
    return sum(batch.num_rows for batch in parquet.ParquetFile(path).iter_batches(batch_size=2**17))
def scanned():
    return sum(batch.num_rows for batch in dataset.dataset(path).to_batches())
best = []
for way in (batches, scanned):
    way()
    begin = time.perf_counter()
    way()
    best.append(time.perf_counter() - begin)
print(json.dumps(best))
"""


def write(path: Path, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(0)
    writer = None
    for start in range(0, rows, 1_000_000):
        count = min(1_000_000, rows - start)
        X = rng.normal(size=(count, FEATURES))
        columns = {f"x{k}": X[:, k] for k in range(FEATURES)} | {"y": X @ np.arange(FEATURES) + rng.normal(size=count)}
        batch = pa.table(columns)
        if writer is None:
            writer = parquet.ParquetWriter(path, batch.schema)
        writer.write_table(batch)
    if writer is not None:
        writer.close()


def in_process(code: str, *arguments: str) -> Any:
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def streamed(settings: Settings, found: list[list[str]]) -> list[Summary]:
    if optional("pyarrow") is None:
        return []
    rows = 1_000_000 if settings.quick else 20_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "rows.parquet")
        write(path, rows)
        size = path.stat().st_size / 1e6
        reading, passing, memory = [], [], []
        for _ in range(1 if settings.quick else 2):
            reading.append(min(in_process(_READING, str(path))))
            seconds, peak = in_process(_STEPS, str(path), "1" if settings.quick else "2")
            passing.append(seconds)
            memory.append(peak)
    share = statistics.median(read / step for read, step in zip(reading, passing, strict=True))
    label = f"Parquet, {rows:,} x {FEATURES}, {size:,.0f} MB, full-batch gradient"
    found.append([label, spelled(min(passing)), f"only reading: {spelled(min(reading))}", f"{max(memory):.0f} MB"])
    print(f"  {label}: a step {passing}, only reading {reading}, memory {memory}", flush=True)
    return [
        (f"Parquet, {rows:,} x {FEATURES}, speed over that of only reading", "90%", f"{100 * share:.0f}%"),
        ("the same, memory of the process", "under 500 MB", f"{max(memory):.0f} MB"),
    ]


def spread(settings: Settings, found: list[list[str]]) -> list[Summary]:
    """One thread a worker, also in BLAS, so that what is compared is workers."""
    distributed = optional("distributed")
    if distributed is None:
        return []
    rows, width, hidden = (4_000, 200, 64) if settings.quick else (40_000, 400, 128)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(rows, width)), rng.normal(size=rows)
    start = {"W": rng.normal(size=(width, hidden)) / 20, "v": rng.normal(size=hidden) / 10}
    threads = dict.fromkeys(("CHAINRULE_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

    def loss(p: Any, X: Any, y: Any) -> Any:
        return np.mean((np.tanh(X @ p["W"]) @ p["v"] - y) ** 2)

    more = 3 if settings.quick else 10
    seconds: dict[int, float] = {}
    finals = {}
    # The workers inherit the environment.
    before = {name: os.environ.get(name) for name in threads}
    os.environ.update(threads)
    try:
        for workers in (1, 2):
            with (
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
                ) as cluster,
                distributed.Client(cluster) as client,
            ):

                def steps(count: int, client: Any = client) -> float:
                    begin = time.perf_counter()
                    run = cr.descend(loss, start, 0.01, count, data=(X, y), cluster=client, progress=False)
                    finals[len(client.scheduler_info()["workers"])] = run.parameters
                    return time.perf_counter() - begin

                steps(1)
                seconds[workers] = min((steps(1 + more) - steps(1)) / more for _ in range(1 if settings.quick else 2))
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
    for one, two in zip(finals[1].values(), finals[2].values(), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-9, atol=1e-12)
    gain = seconds[1] / seconds[2]
    label = f"Dask, network {width}-{hidden}-1, {rows:,} rows, a step"
    found.append([label, spelled(seconds[2]), f"one worker: {spelled(seconds[1])}", ""])
    print(f"  {label}: {seconds}", flush=True)
    return [(f"Dask, two one-thread workers against one, {rows:,} rows", "1.8", f"{gain:.2f}")]


def measured(settings: Settings) -> tuple[list[Summary], str]:
    """The rows of the summary, and a table with the times."""
    rows: list[Summary] = []
    found: list[list[str]] = []
    for part in (streamed, spread):
        rows += part(settings, found)
    return rows, table(["work", "chainrule", "beside it", "memory"], found)
