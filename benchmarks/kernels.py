"""Compiled functions against their rivals: prints the tables and writes them into docs/performance.md.

`--quick` takes less than two minutes: fewer and smaller arrays, and no torch.compile, which needs half a minute for
each function; it prints, and publishes nothing. Names of parts run only these: small, elementwise, rows, data; the
others are published as they were last measured.
"""

from __future__ import annotations

import json
import platform
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import kernels_data
import kernels_elementwise
import kernels_rows
import kernels_small
from kernels_rivals import Settings, optional
from measure import table
from published import publish

from chainrule.kernels import machine
from chainrule.kernels.running import threads

Part = Callable[[Settings], tuple[list[tuple[str, str, str]], str]]
PARTS: dict[str, tuple[str, Part]] = {
    "small": ("Small work, and compiling", kernels_small.measured),
    "elementwise": ("Elementwise gradients", kernels_elementwise.measured),
    "rows": ("Losses over rows", kernels_rows.measured),
    "data": ("Files and clusters", kernels_data.measured),
}
KEPT = Path(__file__).parents[1] / "build" / "kernels.json"


def run_on() -> str:
    versions = [f"Python {platform.python_version()}", f"vectors of {machine.vector_bytes()} bytes"]
    for name in ("numpy", "llvmlite", "jax", "torch", "numexpr", "casadi", "numba", "autograd", "pyarrow"):
        module = optional(name)
        if module is not None and hasattr(module, "__version__"):
            versions.append(f"{name} {module.__version__}")
    return f"{threads.threads()} threads; {', '.join(versions)}."


def main(arguments: list[str]) -> None:
    settings = Settings(quick="--quick" in arguments)
    chosen = [name for name in arguments if not name.startswith("-")] or list(PARTS)
    unavailable = machine.available()
    if unavailable:
        raise SystemExit(f"nothing is compiled here: {unavailable}")
    known = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in chosen:
        heading, part = PARTS[name]
        print(heading, flush=True)
        try:
            rows, text = part(settings)
        except Exception:  # what fails is seen, and the other parts still run
            traceback.print_exc()
            rows, text = [(heading, "", "failed")], "Failed; see the output of the run."
        known[name] = [rows, text]
        print(text, table(["work", "to reach", "measured"], rows), sep="\n", flush=True)
        if not settings.quick:
            KEPT.parent.mkdir(exist_ok=True)
            KEPT.write_text(json.dumps(known))
    missing = [name for name in PARTS if name not in known]
    if settings.quick or missing:
        print(f"not published: {'a quick run' if settings.quick else 'not measured yet: ' + ', '.join(missing)}")
        return
    summary = [row for name in PARTS for row in known[name][0]]
    sections = [f"### {PARTS[name][0]}\n\n{known[name][1]}" for name in PARTS]
    publish(
        "kernels",
        "\n\n".join([run_on(), table(["work", "to reach", "measured"], summary), *sections]),
        "performance.md",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
