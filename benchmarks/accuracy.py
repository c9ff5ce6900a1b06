"""True errors and evaluations, function by function: ours beside numdifftools, scipy.differentiate and jacobi.

Prints the tables and writes them into docs/calibration.md.
"""

from __future__ import annotations

import numpy as np
from derivative_peers import EPS, PEERS, measure, rivals
from known_derivatives import OWN, REFERENCE
from measure import table
from published import publish

GOOD = 1e-13
FACTOR = 10


def accuracy(order: int) -> str:
    """Every function at its first point."""
    names = list(rivals(order))
    rows, errors, worse, dearer = [], [], [], []
    evaluations: dict[str, list[int]] = {name: [] for name in names}
    for case in (*REFERENCE, *OWN):
        x = case.points[0]
        found = {name: measure(rival, case, x, order) for name, rival in rivals(order).items()}
        mine = found["chainrule"]
        errors.append(mine.true)
        for name in names:
            evaluations[name].append(found[name].evaluations)
        best = min((found[name].true for name in names if name in PEERS and np.isfinite(found[name].true)), default=1)
        if not (mine.true <= max(GOOD, FACTOR * best)):
            worse.append(case.name)
        if not mine.evaluations < found["numdifftools"].evaluations:
            dearer.append(case.name)
        cells = [f"{max(found[name].true, EPS / 2):.0e} ({found[name].evaluations})" for name in names]
        rows.append([case.name, f"{x:g}", *cells])
    medians = ", ".join(f"{name} {np.median(counts):.0f}" for name, counts in evaluations.items())
    title = {1: "First", 2: "Second"}[order]
    return (
        f"### {title} derivatives\n\n"
        f"Median relative error of chainrule: **{np.median(errors):.1e}**. "
        f"More than {FACTOR} times the error of the best peer, and above {GOOD:g}: {', '.join(worse) or 'none'}. "
        f"Evaluations, median: {medians}; not fewer than numdifftools: {', '.join(dearer) or 'none'}.\n\n"
        "Relative error, and evaluations in brackets:\n\n" + table(["function", "x", *names], rows)
    )


def main() -> None:
    text = "\n\n".join([accuracy(1), accuracy(2)])
    print(text)
    publish("accuracy", text)


if __name__ == "__main__":
    main()
