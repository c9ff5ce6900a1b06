"""How long a derivation takes, with and without its numerical evidence, over the textbook derivatives of the tests.

Run: python benchmarks/derivations.py
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.calculus import scalar_calculus as module
from chainrule.passes.agreement import Agreement

TABLE = Path(__file__).parents[1] / "tests" / "data" / "derivatives.csv"
REPEATS = 3


class Unverified:
    """Stands for the verifier where the time without evidence is measured."""

    def __init__(self, *args: Any, **options: Any) -> None: ...

    def stands_for(self, letter: Any, term: Any) -> None: ...

    def equal(self, before: Any, after: Any) -> Agreement:
        return Agreement(0, 0, 0.0)


def milliseconds(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def main() -> None:
    with TABLE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    verifier = module.Verifier
    cr.explain("x")  # what is imported and read once
    verified, alone = [], []
    for row in rows:
        formula, by = row["formula"], row["variable"]
        verified.append(milliseconds(lambda f=formula, x=by: str(cr.explain(f, wrt=x))))
        module.Verifier = Unverified  # type: ignore[misc,assignment]
        alone.append(milliseconds(lambda f=formula, x=by: str(cr.explain(f, wrt=x))))
        module.Verifier = verifier  # type: ignore[misc]
    print(f"{len(rows)} derivations, milliseconds each, written as text; best of {REPEATS}")
    print(f"{'':18} {'median':>8} {'95%':>8} {'largest':>8}")
    for name, times in (("with evidence", verified), ("without evidence", alone)):
        print(f"{name:18} {np.median(times):8.1f} {np.quantile(times, 0.95):8.1f} {max(times):8.1f}")
    for i in np.argsort(verified)[-3:][::-1]:
        print(f"  {verified[i]:.0f} ms: {rows[i]['formula']}")


if __name__ == "__main__":
    main()
