"""A descent over one worker of a Dask cluster against two, each with one thread.

    python benchmarks/dask_scaling.py [--quick]

The loss is that of a network, so that a step is computing rather than sending. Both clusters stand at the same time
and step in turn.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr

Summary = tuple[str, str, str]

ROWS, QUICK, STEPS, ROUNDS = 400_000, 40_000, 6, 5


def network(p: Any, X: Any, y: Any) -> Any:
    """Of 20 numbers in two layers of 64."""
    hidden = np.tanh(X @ p["A"] + p["a"])
    hidden = np.tanh(hidden @ p["B"] + p["b"])
    return np.mean((hidden @ p["c"] - y) ** 2)


def scaling(quick: bool = False) -> list[Summary]:
    """How many times faster two workers are: what was to be reached, and what was."""
    from distributed import LocalCluster

    rows = QUICK if quick else ROWS
    draw = np.random.default_rng(0)
    X = draw.normal(size=(rows, 20))
    start = {"A": draw.normal(size=(20, 64)) / 5, "a": np.zeros(64), "B": draw.normal(size=(64, 64)) / 8}
    start |= {"b": np.zeros(64), "c": draw.normal(size=64) / 8}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: str(Path(folder) / f"{name}.npy") for name in "Xy"}
        np.save(paths["X"], X)
        np.save(paths["y"], np.sin(X[:, 0]) + X[:, 1] * X[:, 2])
        settings: dict[str, Any] = {"threads_per_worker": 1, "processes": True, "dashboard_address": ":0"}
        with LocalCluster(n_workers=1, **settings) as one, LocalCluster(n_workers=2, **settings) as two:
            times: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(ROUNDS):
                for workers, cluster in ((1, one), (2, two)):
                    times[workers].append(step(start, paths, cluster.scheduler_address))
    ratio = statistics.median(a / b for a, b in zip(times[1], times[2], strict=True))
    per_step = statistics.median(times[2])
    return [
        (
            f"Dask, two one-thread workers against one, network 20-64-64-1, {rows:,} rows",
            "1.8 x",
            f"{ratio:.2f} x ({1e3 * per_step:.0f} ms a step)",
        )
    ]


def step(start: Any, paths: Any, address: str) -> float:
    """Seconds of a step, the median of those after the first, which compiles and reads."""
    moments: list[float] = []
    cr.descend(
        network,
        start,
        0.01,
        STEPS,
        data=cr.data.read(paths),
        cluster=address,
        progress=False,
        callback=lambda steps, loss, parameters: moments.append(time.perf_counter()),
    )
    return statistics.median(b - a for a, b in itertools.pairwise(moments[1:]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    for row in scaling(parser.parse_args().quick):
        print(" | ".join(row))
