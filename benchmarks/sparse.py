"""Sparse Jacobians of discretised equations with 1e5 unknowns, in Newton's method.

Run: python benchmarks/sparse.py
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import spsolve

import chainrule as cr

LINE, SIDE = 100_000, 316


def bratu(u: Any) -> Any:
    """u'' + 3 exp(u) = 0 on a line, u = 0 at both ends."""
    p = np.pad(u, 1)
    return (p[2:] - 2 * u + p[:-2]) * (len(u) + 1) ** 2 + 3 * np.exp(u)


def brusselator(z: Any) -> Any:
    """The steady state of two substances that react and diffuse; 1 and 3 at both ends."""
    u, v = z[::2], z[1::2]
    p, q = np.pad(u, 1, constant_values=1.0), np.pad(v, 1, constant_values=3.0)
    scale, made = 0.02 * (len(u) + 1) ** 2, u * u * v
    f = np.zeros_like(z)
    f[::2] = 1 + made - 4 * u + scale * (p[2:] - 2 * u + p[:-2])
    f[1::2] = 3 * u - made + scale * (q[2:] - 2 * v + q[:-2])
    return f


def square(u: Any) -> Any:
    """The Laplacian with five points on a square, plus exp(u)."""
    p = np.pad(u.reshape(SIDE, SIDE), 1)
    middle = p[1:-1, 1:-1]
    around = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2]
    return np.ravel((around - 4 * middle) * (SIDE + 1) ** 2 + np.exp(middle))


def seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def row(name: str, f: Callable[[Any], Any], u: Any) -> None:
    J = cr.sparse_jacobian(f)
    first = seconds(lambda: J(u), 1)
    again = seconds(lambda: J(u))
    pattern = seconds(lambda: cr.sparsity(f)(u), 1)
    value = seconds(lambda: f(u))
    looped = seconds(lambda: cr.jvp(f, (u,), (np.ones_like(u),))) * u.size  # one product for each column
    start, steps = time.perf_counter(), 0
    while True:
        change = spsolve(J(u).tocsc(), -f(u))
        u, steps = u + change, steps + 1
        if np.abs(change).max() < 1e-9 * max(1, np.abs(u).max()) or steps == 20:
            break
    newton = time.perf_counter() - start
    colours = f"{J.forward}+{J.reverse}"
    print(
        f"{name:14} {u.size:8,} {J.pattern.nnz:8,} {colours:>7} {pattern:8.3f} {first:8.3f} {again:8.3f} "
        f"{again / value:8.0f} {looped / again:10,.0f} {8 * u.size**2 / 1e9:9.0f} {steps:6} {newton:7.2f}"
    )


def main() -> None:
    print(
        f"{'equation':14} {'unknowns':>8} {'entries':>8} {'colours':>7} {'pattern':>8} {'first':>8} {'again':>8} "
        f"{'/ f':>8} {'loop /':>10} {'dense GB':>9} {'Newton':>6} {'s':>7}"
    )
    row("Bratu", bratu, np.zeros(LINE))
    row("Brusselator", brusselator, np.tile([1.0, 3.0], LINE // 2) + 0.1)
    row("square", square, np.zeros(SIDE * SIDE))
    print(f"seconds; memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
