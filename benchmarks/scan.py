"""Loops of 1e5 steps: value and gradient by `scan` against a plain NumPy loop of the same body, and what they keep.

Prints the tables and writes them into docs/performance.md, in the place of those of the last run.
"""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import ratio, rounds, table

import chainrule as cr

STEPS = 100_000
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
HEADING = "## Loops as one operation"
RNG = np.random.default_rng(0)


def logistic(r: Any, x: Any, _: Any) -> Any:
    return r * x * (1 - x)


def driven(a: Any, h: Any, x: Any) -> Any:
    return np.tanh(a * h + x)


def pendulum(p: Any, y: Any, _: Any) -> Any:
    """A step of the midpoint rule, of a state of two numbers."""

    def rate(y: Any) -> Any:
        return np.stack([y[1], -p["g"] * np.sin(y[0]) - p["d"] * y[1]])

    return y + 0.01 * rate(y + 0.005 * rate(y))


def recurrent(p: Any, h: Any, x: Any) -> Any:
    return np.tanh(p["w"] @ h + p["b"] + x)


def network(width: int) -> tuple[Any, Any]:
    weights = {"w": RNG.normal(size=(width, width)) / width, "b": RNG.normal(size=width)}
    return weights, (np.zeros(width), RNG.normal(size=(STEPS, width)))


# The step, its parameters, the first carry and the rows.
BODIES: dict[str, tuple[Callable[..., Any], Any, tuple[Any, Any]]] = {
    "logistic map": (logistic, np.float64(3.7), (np.float64(0.3), None)),
    "driven recurrence, a number": (driven, np.float64(0.7), (np.float64(0.0), RNG.normal(size=STEPS))),
    "pendulum, midpoint rule, 2 numbers": (
        pendulum,
        {"g": np.float64(9.8), "d": np.float64(0.1)},
        (np.array([1.0, 0.0]), None),
    ),
    "recurrent network, 8 numbers": (recurrent, *network(8)),
    "recurrent network, 32 numbers": (recurrent, *network(32)),
}


def looped(step: Callable[..., Any], p: Any, start: Any, rows: Any) -> Any:
    carry = start
    for i in range(STEPS):
        carry = step(p, carry, None if rows is None else rows[i])
    return np.sum(carry**2)


def scanned(step: Callable[..., Any], p: Any, start: Any, rows: Any, **options: Any) -> Any:
    length = STEPS if rows is None else None
    return np.sum(cr.scan(lambda c, x: (step(p, c, x), None), start, rows, length, **options)[0] ** 2)


def times() -> str:
    rows = []
    for name, (step, p, (start, xs)) in BODIES.items():
        both = cr.value_and_grad(lambda p, step=step, start=start, xs=xs, **o: scanned(step, p, start, xs, **o))
        rivals = {
            "loop": lambda step=step, p=p, start=start, xs=xs: looped(step, p, start, xs),
            "value": lambda step=step, p=p, start=start, xs=xs: scanned(step, p, start, xs),
            "both": lambda both=both, p=p: both(p),
            "checkpoint": lambda both=both, p=p: both(p, checkpoint=True),
        }
        np.testing.assert_allclose(rivals["loop"](), rivals["value"](), rtol=1e-6)
        measured = rounds(rivals, seconds=0.1, count=7)
        rows.append([name, *(f"{ratio(measured, key, 'loop'):.2f}" for key in ("value", "both", "checkpoint"))])
        print(rows[-1], flush=True)
    head = ["step", "value / loop", "value and gradient / loop", "with checkpoint=True / loop"]
    return (
        f"`cr.scan` over {STEPS:,} steps against a plain Python loop over the same NumPy step, without derivative. To "
        "reach: value and gradient within 3 times the loop.\n\n" + table(head, rows)
    )


def memory() -> str:
    width = 100
    start = RNG.normal(size=width)

    def last(r: Any, length: int, **options: Any) -> Any:
        return np.sum(cr.scan(lambda x, _: (np.sin(r * x), None), start, length=length, **options)[0])

    def carries(length: int, **options: Any) -> str:
        cr.grad(last)(0.9, length, **options)
        tracemalloc.start()
        cr.grad(last)(0.9, length, **options)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return f"{peak / 8 / width:,.0f}"

    rows = [[f"{n:,}", carries(n), carries(n, checkpoint=True)] for n in (1_000, 10_000, 100_000)]
    return (
        f"Memory at its peak, of a gradient through steps of {width} numbers, counted in arrays of {width} numbers.\n\n"
        + table(["steps", "scan", "scan, checkpoint=True"], rows)
    )


def main() -> None:
    text = "\n\n".join([HEADING, times(), memory()]) + "\n\n"
    print(text)
    page = PAGE.read_text()
    old = re.search(rf"^{HEADING}\n.*?(?=^## )", page, re.S | re.M)
    if old:
        page = page[: old.start()] + text + page[old.end() :]
    else:
        end = page.index("## What falls short")
        page = page[:end] + text + page[end:]
    PAGE.write_text(page)


if __name__ == "__main__":
    main()
