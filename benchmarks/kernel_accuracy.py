"""The largest error of each function of compiled kernels, in units in the last place, and its time beside NumPy's.

Prints the table and writes it into docs/kernel-accuracy.md.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import table
from published import publish

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives

# What is measured, and what by, belongs to the tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from compiled_lowering import Lowered
from lowered_values import MEASURED, MEASURED_BINARY, OF_MPMATH, measured_operands, worst_of

POINTS = 1_000_000
POINTS_OF_MPMATH = 100_000
TIMED = 2048


def fastest(call: Callable[[int], Any], repeats: int = 300) -> float:
    """Nanoseconds a component, with what a call itself costs taken off: the best of seven rounds."""
    best = {TIMED: np.inf, 16: np.inf}
    for _ in range(7):
        for count in best:
            start = time.perf_counter()
            for _ in range(repeats):
                call(count)
            best[count] = min(best[count], time.perf_counter() - start)
    return (best[TIMED] - best[16]) / repeats / (TIMED - 16) * 1e9


def timed(p: Primitive, lowered: Lowered, dtype: Any) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    interval = p.domain.interval(0)
    x = rng.normal(size=TIMED) * 2
    if interval.low > -np.inf:
        x = interval.low + (rng.random(TIMED) * (interval.high - interval.low) if interval.high < np.inf else np.abs(x))
    operands = [x.astype(dtype), np.abs(rng.normal(size=TIMED)).astype(dtype)][: len(lowered.dtypes)]
    out = np.empty(TIMED, lowered.result)
    addresses = [out.ctypes.data, *(x.ctypes.data for x in operands)]
    if isinstance(p.evaluate, np.ufunc):
        numpy = fastest(lambda n: p.evaluate(*(x[:n] for x in operands), out=out[:n]))
    else:
        numpy = fastest(lambda n: p.evaluate(*(x[:n] for x in operands)))
    return fastest(lambda n: lowered.call(n, *addresses)), numpy


def row(name: str) -> list[str]:
    p = primitives()[name]
    cells = [f"`{name}`"]
    times = []
    for dtype in (np.float64, np.float32):
        lanes = 64 // np.dtype(dtype).itemsize
        lowered = Lowered(p, [np.dtype(dtype)] * (1 + (name in MEASURED_BINARY)), lanes=lanes)
        few = name in OF_MPMATH and dtype is np.float64
        operands = measured_operands(p, dtype, POINTS_OF_MPMATH if few else POINTS, seed=1)
        cells.append(f"{worst_of(p, lowered(*operands), operands)[0]:.2f}")
        own, numpy = timed(p, lowered, dtype)
        times += [f"{own:.2f}", f"{numpy:.2f}"]
    return cells + times


def main() -> None:
    head = ["", "error, float64", "error, float32", "ns, float64", "NumPy", "ns, float32", "NumPy"]
    text = table(head, [row(name) for name in MEASURED])
    print(text)
    publish("errors of kernels", text, "kernel-accuracy.md")


if __name__ == "__main__":
    main()
