"""All benchmarks side by side, in one run: prints the tables and writes them into docs/performance.md."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("JAX_ENABLE_X64", "1")

import numpy as np
from functions import LARGE, SMALL
from measure import geometric_mean, ratio, rounds, table

import chainrule as cr

REMARKS = "## What falls short, and why"
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def optional(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def importing() -> str:
    """`import chainrule` against `import numpy`, each in processes of its own, in turn."""
    commands = {
        "numpy": "import numpy",
        "chainrule": "import chainrule",
        "chainrule, first gradient": "import chainrule as cr; cr.grad(lambda x: x * x)(1.0)",
        "autograd": "import autograd.numpy",
        "PyTorch": "import torch",
        "JAX": "import jax.numpy",
    }
    modules = {"autograd": "autograd", "PyTorch": "torch", "JAX": "jax"}
    commands = {k: v for k, v in commands.items() if k not in modules or optional(modules[k])}
    rivals = {
        name: (lambda code=code: subprocess.run([sys.executable, "-c", code], check=True))
        for name, code in commands.items()
    }
    times = rounds(rivals, seconds=0.1, count=11)
    rows = [[name, f"{ratio(times, name, 'numpy'):.2f}"] for name in commands if name != "numpy"]
    return (
        "## Import\n\nTime of the whole process, as a multiple of `import numpy`. To reach: at most 1.3.\n\n"
        + table(["process", "times numpy"], rows)
    )


def small() -> str:
    """Uncompiled gradients of small arrays, where the cost is that of the machinery."""
    autograd = optional("autograd")
    jax = optional("jax")
    if autograd is None:
        return "## Small arrays\n\nautograd is not installed: not measured."
    import autograd.numpy as anp

    rows = []
    wins = []
    for label, (make, x) in SMALL.items():
        plain = make(np)
        rivals: dict[str, Callable[[], Any]] = {
            "function": lambda f=plain, x=x: f(x),
            "chainrule": lambda g=cr.grad(plain), x=x: g(x),
            "autograd": lambda g=autograd.grad(make(anp)), x=x: g(x),
        }
        if jax is not None:
            compiled = jax.jit(jax.grad(make(jax.numpy)))
            rivals["JAX jit"] = lambda g=compiled, x=x: g(x).block_until_ready()
        want, got = rivals["autograd"](), rivals["chainrule"]()
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10)
        times = rounds(rivals)
        wins.append(ratio(times, "autograd", "chainrule"))
        micro = min(times["chainrule"]) * 1e6
        rows.append([
            label, f"{micro:.0f}", f"{ratio(times, 'chainrule', 'function'):.1f}", f"{wins[-1]:.2f}",
            f"{ratio(times, 'JAX jit', 'chainrule'):.2f}" if "JAX jit" in times else "",
        ])  # fmt: skip
        print(rows[-1], flush=True)
    mean = geometric_mean(wins)
    return (
        "## Small arrays, uncompiled\n\n"
        "`cr.grad(f)(x)` traces on every call; so does autograd. To reach: 2.5 times faster than autograd in the "
        f"geometric mean, none slower. **Measured: {mean:.2f}, the least {min(wins):.2f}.** "
        "The last column is for orientation: JAX has compiled beforehand what is run uncompiled here.\n\n"
        + table(
            ["function", "chainrule, us", "over the function alone", "autograd / chainrule", "JAX jit / chainrule"],
            rows,
        )
    )


def large() -> str:
    """The gradient over the function itself, where arrays are large."""
    rows = []
    ratios = []
    for label, (f, x) in LARGE.items():
        times = rounds({"function": lambda f=f, x=x: f(x), "gradient": lambda g=cr.grad(f), x=x: g(x)}, seconds=1.0)
        ratios.append(ratio(times, "gradient", "function"))
        rows.append([label, f"{ratios[-1]:.2f}"])
        print(rows[-1], flush=True)
    return (
        "## Large arrays: gradient over function\n\n"
        "Arrays of 1e5 and more numbers, uncompiled. To reach: geometric mean at most 4, none above 8. "
        f"**Measured: {geometric_mean(ratios):.2f}, the most {max(ratios):.2f}.**\n\n"
        + table(["function", "gradient / function"], rows)
    )


def long() -> str:
    """A graph of many operations: linear in time and memory."""

    def f(x: Any, n: int) -> Any:
        for _ in range(n // 2):
            x = x * 0.999 + 0.001
        return x

    rows = []
    for n in (10_000, 100_000, 1_000_000):
        start = time.perf_counter()
        cr.grad(f)(1.0, n)
        eager = time.perf_counter() - start
        start = time.perf_counter()
        graph = cr.graph(lambda x, n=n: f(x, n), 1.0)
        traced = time.perf_counter() - start
        rows.append([f"{n:,}", f"{eager / n * 1e6:.2f}", f"{traced / n * 1e6:.2f}"])
        del graph
        print(rows[-1], flush=True)
    n = 100_000
    tracemalloc.start()
    graph = cr.graph(lambda x: f(x, n), 1.0)
    per_node = tracemalloc.get_traced_memory()[0] / n
    tracemalloc.stop()
    del graph
    tracemalloc.start()
    _, pullback = cr.vjp(lambda x: f(x, n), 1.0)
    per_record = tracemalloc.get_traced_memory()[0] / n
    tracemalloc.stop()
    del pullback
    return (
        "## Long computations\n\n"
        "Scalar operations in a loop; microseconds for each operation, value and gradient. To reach: linear, no "
        f"recursion, at most 1 kB a node. **Memory: {per_node:.0f} bytes a node of a graph, {per_record:.0f} bytes a "
        "record of a tape with its value.**\n\n"
        + table(["operations", "eager gradient, us each", "graph, us each"], rows)
    )


def main() -> None:
    sections = []
    for section in (importing, small, large, long):
        sections.append(section())
        print(sections[-1], "\n", flush=True)
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    versions += [f"{name} {module.__version__}" for name in ("jax", "torch") if (module := optional(name))]
    # What a person wrote about the figures stays.
    old = PAGE.read_text() if PAGE.exists() else ""
    remarks = old[old.find(REMARKS) :] if REMARKS in old else ""
    PAGE.write_text(
        "# Performance\n\nMeasured by `make bench`: all rivals in one run, in turn, ratios as the median over rounds. "
        f"Two cores; {', '.join(versions)}. Absolute times are for orientation only.\n\n"
        + "\n\n".join(sections)
        + "\n"
        + (f"\n{remarks}" if remarks else "")
    )
    print(f"written to {PAGE.relative_to(Path.cwd()) if PAGE.is_relative_to(Path.cwd()) else PAGE}")


if __name__ == "__main__":
    main()
