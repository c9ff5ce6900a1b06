"""What is published about the error of `estimate` holds on functions chosen against it: group by group, by mpmath."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from adversarial_derivatives import GROUPS
from known_derivatives import truth

from chainrule.numeric import Status, estimate

# What a smooth function never is.
SINGULAR = {Status.KINK, Status.JUMP, Status.UNBOUNDED, Status.UNDEFINED}


@dataclass(frozen=True)
class Row:
    """One pair: its name, the derivative, the machine epsilon of x, the true and the reported error, the status."""

    name: str
    exact: float
    eps: float
    true: float
    reported: float
    status: Status

    @property
    def held(self) -> bool:
        return self.true <= self.reported < math.inf


@cache
def measured(group: str, order: int) -> list[Row]:
    rows = []
    for case, x in GROUPS[group]():
        with np.errstate(all="ignore"):
            exact, found = truth(case, x, order), estimate(case.f, x, order)
        true = float(abs(exact - found.value)) if math.isfinite(found.value) else math.inf
        eps = float(np.finfo(np.asarray(x).dtype).eps)
        rows.append(Row(f"{case.name} at {x}", float(exact), eps, true, float(found.error), found.status))
    return rows


def test_the_set_is_as_large_as_published() -> None:
    assert sum(len(make()) for make in GROUPS.values()) >= 600
    assert len({(case.name, x, type(x)) for make in GROUPS.values() for case, x in make()}) >= 600


@pytest.mark.parametrize("group", GROUPS)
def test_the_reported_error_holds_the_true_one_and_is_not_far_above_it(group: str) -> None:
    rows = measured(group, 1)
    missed = [row.name for row in rows if not row.held]
    assert len(missed) <= 0.1 * len(rows), missed
    with np.errstate(over="ignore"):
        ratios = [
            row.reported / np.float64(max(row.true, row.eps * abs(row.exact), 5e-324)) for row in rows if row.held
        ]
    assert np.median(ratios) <= 100


def test_of_all_bars_97_in_100_hold() -> None:
    assert np.mean([row.held for group in GROUPS for row in measured(group, 1)]) >= 0.97


def test_what_is_called_converged_is_so_and_what_is_smooth_is_not_called_singular() -> None:
    rows = [row for group in GROUPS for row in measured(group, 1)]
    wrong = [row.name for row in rows if row.status in SINGULAR]
    for row in rows:
        if row.status is Status.CONVERGED and row.exact:
            allowed = 10 * row.eps**0.5 * abs(row.exact) + 1e-300
            wrong += [row.name] if row.true > allowed else []
    assert len(wrong) <= 0.02 * len(rows), wrong


@pytest.mark.slow
def test_second_derivatives() -> None:
    rows = [row for group in GROUPS for row in measured(group, 2)]
    answered = [row for row in rows if row.reported < math.inf]
    assert len(answered) >= 0.95 * len(rows)
    assert np.mean([row.held for row in answered]) >= 0.97
