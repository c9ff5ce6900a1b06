"""A descent over one worker of a Dask cluster against two, each with one thread; and what a step costs by its parts.

    python benchmarks/dask_scaling.py [--quick] [--points]

The loss is that of a network, so that a step is computing rather than sending. Both clusters stand at the same time
and step in turn. With --points, steps of few and many rows and of few and many parameters are timed, beside what the
formula of docs/scaling.md gives for them from constants that are measured in the same run.
"""

from __future__ import annotations

import argparse
import itertools
import math
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from measure import table

import chainrule as cr

Summary = tuple[str, str, str]

ROWS, QUICK, STEPS, ROUNDS = 200_000, 20_000, 5, 5
WIDTH = 128  # of the layers of the network
FEATURES = 20
POINT_STEPS = 12  # of which the fastest counts: what a step costs by itself
SETTINGS: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}


def network(p: Any, X: Any, y: Any) -> Any:
    """Of 20 numbers in two layers."""
    hidden = np.tanh(X @ p["A"] + p["a"])
    hidden = np.tanh(hidden @ p["B"] + p["b"])
    return np.mean((hidden @ p["c"] - y) ** 2)


def start(width: int) -> dict[str, Any]:
    """Parameters for layers of so many neurons."""
    draw = np.random.default_rng(0)
    found = {"A": draw.normal(size=(FEATURES, width)) / 5, "B": draw.normal(size=(width, width)) / math.sqrt(width)}
    return found | {"a": np.zeros(width), "b": np.zeros(width), "c": draw.normal(size=width) / math.sqrt(width)}


def written(folder: str, rows: int) -> dict[str, str]:
    """Files of so many rows."""
    paths = {name: str(Path(folder) / f"{name}{rows}.npy") for name in "Xy"}
    X = np.random.default_rng(1).normal(size=(rows, FEATURES))
    np.save(paths["X"], X)
    np.save(paths["y"], np.sin(X[:, 0]) + X[:, 1] * X[:, 2])
    return paths


def scaling(quick: bool = False) -> list[Summary]:
    """How many times faster two workers are: what was to be reached, and what was."""
    from distributed import LocalCluster

    rows = QUICK if quick else ROWS
    times: dict[int, list[float]] = {1: [], 2: []}
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=1, **SETTINGS) as one,
        LocalCluster(n_workers=2, **SETTINGS) as two,
    ):
        paths = written(folder, rows)
        for _ in range(ROUNDS):
            for workers, cluster in ((1, one), (2, two)):
                times[workers].append(step(start(WIDTH), paths, cluster.scheduler_address))
    ratio = statistics.median(a / b for a, b in zip(times[1], times[2], strict=True))
    per_step = statistics.median(times[2])
    return [
        (
            f"Dask, two one-thread workers against one, network {FEATURES}-{WIDTH}-{WIDTH}-1, {rows:,} rows",
            "1.8 x",
            f"{ratio:.2f} x ({1e3 * per_step:.0f} ms a step)",
        )
    ]


def points() -> str:
    """A table of steps as they were and as the formula has them."""
    from distributed import LocalCluster

    measured: list[tuple[int, int, int, int, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        for workers in (1, 2):
            with LocalCluster(n_workers=workers, **SETTINGS) as cluster:
                for rows, width in (
                    (2_000, 64),
                    (100_000, 16),
                    (100_000, 64),
                    (400_000, 64),
                    (50_000, 256),
                    (200, 1024),
                ):
                    at = start(width)
                    count = sum(array.size for array in at.values())
                    seconds = step(at, written(folder, rows), cluster.scheduler_address, POINT_STEPS, min)
                    measured.append((workers, rows, width, count, seconds))
    return table(["workers", "rows", "parameters", "parts", "ms a step", "formula"], list(spelled(measured)))


def spelled(measured: Sequence[tuple[int, int, int, int, float]]) -> list[list[str]]:
    """The constants are fitted to the points: the cost of a task, of a row and parameter, and of a byte sent."""
    terms = np.array([cost(workers, rows, count) for workers, rows, _, count, _ in measured])
    seconds = np.array([each[-1] for each in measured])
    # Relative errors, since steps differ by orders of magnitude.
    constants, *_ = np.linalg.lstsq(terms / seconds[:, None], np.ones(len(seconds)), rcond=None)
    print(f"a task {1e3 * constants[0]:.2f} ms, a row and parameter {1e9 * constants[1]:.2f} ns", end=", ")
    print(f"a byte sent {1e9 * constants[2]:.2f} ns")
    found = []
    for (workers, rows, _, count, took), each in zip(measured, terms, strict=True):
        cells = f"{workers} {rows:,} {count:,} {parts(rows)} {1e3 * took:.0f} {1e3 * float(each @ constants):.0f}"
        found.append(cells.split())
    return found


def parts(rows: int) -> int:
    """In how many parts chainrule cuts these rows."""
    nbytes = rows * 8 * (FEATURES + 1)
    return math.ceil(nbytes / min(max(nbytes / 32, 2**20), 2**26))


def cost(workers: int, rows: int, count: int) -> tuple[float, float, float]:
    """Of one step: its tasks, what the busiest worker multiplies, the bytes that it sends and receives."""
    cut = parts(rows)
    merges = math.ceil(cut / 8) + (cut > 8) if cut > 1 else 0
    share = math.ceil(cut / workers) / cut
    return 2 + cut + merges, rows * share * count, 8 * count * (2 + cut * (workers - 1) / workers)


def step(at: Any, paths: Any, address: str, steps: int = STEPS, of: Any = statistics.median) -> float:
    """Seconds of a step, the median (or another) of those after the first, which compiles and reads."""
    moments: list[float] = []
    cr.descend(
        network,
        at,
        0.01,
        steps,
        data=cr.data.read(paths),
        cluster=address,
        progress=False,
        callback=lambda steps, loss, parameters: moments.append(time.perf_counter()),
    )
    return of(b - a for a, b in itertools.pairwise(moments[1:]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--points", action="store_true", help="time the steps of docs/scaling.md instead")
    given = parser.parse_args()
    if given.points:
        print(points())
    else:
        for row in scaling(given.quick):
            print(" | ".join(row))
