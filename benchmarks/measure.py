"""Time rivals in turn within one run, and compare them round by round: a ratio holds while the speed drifts."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def rounds(
    rivals: Mapping[str, Callable[[], Any]], seconds: float = 0.6, count: int = 15, settle: float = 0.0
) -> dict[str, list[float]]:
    """Seconds per call of each rival, in `count` rounds, one after the other in every round.

    `settle` seconds pass before each turn, and a call that does not count, for rivals whose threads idle loudly.
    """
    calls = {}
    for name, call in rivals.items():
        call()
        start = time.perf_counter()
        call()
        once = max(time.perf_counter() - start, 1e-7)
        calls[name] = max(1, int(seconds / count / once))
    times: dict[str, list[float]] = {name: [] for name in rivals}
    gc.collect()
    for _ in range(count):
        for name, call in rivals.items():
            repeat = range(calls[name])
            if settle:
                time.sleep(settle)
                call()
            start = time.perf_counter()
            for _ in repeat:
                call()
            times[name].append((time.perf_counter() - start) / len(repeat))
    return times


def ratio(times: Mapping[str, Sequence[float]], over: str, under: str) -> float:
    """How many times longer `over` takes than `under`: the median over the rounds."""
    return statistics.median(a / b for a, b in zip(times[over], times[under], strict=True))


def geometric_mean(values: Sequence[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned so that it reads in a terminal too."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(head), "|" + "|".join("-" * (w + 2) for w in widths) + "|", *map(line, rows)])
