"""Does the reported error hold the true one? Ours beside numdifftools, scipy.differentiate and jacobi.

Prints the tables and writes them into docs/calibration.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from derivative_peers import EPS, GROUPS, RIVALS, Measurement, measure, rivals
from known_derivatives import REFERENCE, measured_points, truth
from measure import table
from published import publish

HEAD = ["", "pairs", "true error within the reported", "reported / true, median", "no answer", "evaluations, median"]


def row(name: str, measured: list[Measurement], eps: float = EPS) -> list[str]:
    """The figures of one rival. A pair without an answer counts as not covered."""
    answers = [m for m in measured if np.isfinite(m.true)]
    covered = sum(m.true <= m.reported for m in answers) / len(measured)
    ratios = [m.reported / max(m.true, eps) for m in answers if np.isfinite(m.reported)]
    return [
        name,
        str(len(measured)),
        f"{100 * covered:.1f} %",
        f"{np.median(ratios):.3g}",
        str(len(measured) - len(answers)),
        f"{np.median([m.evaluations for m in measured]):.0f}",
    ]


def double(order: int) -> str:
    pairs = list(measured_points())
    rows = [row(name, [measure(rival, case, x, order) for case, x in pairs]) for name, rival in rivals(order).items()]
    name = {1: "first", 2: "second"}[order]
    return f"### float64, {name} derivatives\n\n{table(HEAD, rows)}"


def single() -> str:
    """Ours alone: the peers compute in float64 and know no other noise."""
    eps = float(np.finfo(np.float32).eps)
    rows = [
        row(
            f"chainrule, order {order}",
            [measure(RIVALS["chainrule"], case, x, order) for case, x in single_pairs()],
            eps,
        )
        for order in (1, 2)
    ]
    return f"### float32\n\n{table(HEAD, rows)}"


def single_pairs() -> list[tuple[Any, np.float32]]:
    """The reference functions at the points where they and their derivatives are numbers of float32."""
    pairs = []
    for case in REFERENCE:
        for x in map(np.float32, case.points):
            with np.errstate(all="ignore"):
                value = case.f(x)
            sizes = [float(abs(truth(case, x, order))) for order in (1, 2)]
            if np.isfinite(value) and all(1e-35 < size < 1e35 for size in sizes):
                pairs.append((case, x))
    return pairs


def adversarial() -> str:
    """Ours alone: the peers call f with arrays, which a program with branches does not take."""
    groups = {name: [measure(RIVALS["chainrule"], case, x, 1) for case, x in make()] for name, make in GROUPS.items()}
    groups["all"] = [one for found in groups.values() for one in found]
    return f"### Chosen against us, first derivatives\n\n{table(HEAD, [row(*group) for group in groups.items()])}"


def main() -> None:
    text = "\n\n".join([double(1), double(2), single(), adversarial()])
    print(text)
    publish("calibration", text)


if __name__ == "__main__":
    main()
