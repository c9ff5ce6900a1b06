"""Learning rates that change: by their formulas, what they promise, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule import schedules
from chainrule.errors import ArgumentError
from chainrule.learn import descend

K = range(60)
FORMULAS = [
    (schedules.constant(0.3), lambda k: 0.3),
    (schedules.step(0.3, factor=0.5, every=7), lambda k: 0.3 / 2 ** math.floor(k / 7)),
    (schedules.exponential(0.3, factor=0.9), lambda k: 0.3 * math.exp(k * math.log(0.9))),
    (schedules.inverse_time(0.3, decay=0.1), lambda k: 3 / (10 + k)),
    (schedules.polynomial(0.3, steps=40, power=2), lambda k: 0.3 * (1 - k / 40) ** 2 if k < 40 else 0.0),
    (schedules.polynomial(0.1, steps=40, last=0.3), lambda k: 0.1 + 0.2 * min(k / 40, 1)),
    (schedules.cosine(0.3, steps=40), lambda k: 0.3 * math.cos(math.pi * k / 80) ** 2 if k < 40 else 0.0),
    (schedules.warmup(9, then=0.3), lambda k: 0.3 * min(1, (k + 1) / 10)),
    (
        schedules.warmup(9, then=schedules.exponential(0.3, 0.9)),
        lambda k: 0.3 * (k + 1) / 10 if k < 9 else 0.3 * 0.9 ** (k - 9),
    ),
]


@pytest.mark.parametrize(("schedule", "formula"), FORMULAS, ids=lambda value: type(value).__name__)
def test_a_schedule_is_its_formula(schedule: Any, formula: Any) -> None:
    np.testing.assert_allclose([schedule(k) for k in K], [formula(k) for k in K], rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 57])
@pytest.mark.parametrize("rise", [0.0, 0.1, 0.3, 0.5, 0.9])
def test_one_cycle_rises_to_its_peak_and_falls_to_its_end(steps: int, rise: float) -> None:
    rate = schedules.one_cycle(0.2, steps, rise=rise)
    rates = np.array([rate(k) for k in range(steps + 5)])
    assert np.isfinite(rates).all()
    assert (rates <= 0.2 * (1 + 1e-12)).all()
    assert (rates > 0).all()
    top = int(rates.argmax())
    assert (np.diff(rates[: top + 1]) >= 0).all()
    assert (np.diff(rates[top:]) <= 0).all()
    if steps > 2:
        np.testing.assert_allclose(rates[steps - 1 :], 0.2 / 250_000)


def test_a_run_uses_and_records_the_rates() -> None:
    schedule = schedules.cosine(0.2, steps=10)
    run = descend(lambda w: (w - 3.0) ** 2, 0.0, schedule, steps=10)
    np.testing.assert_array_equal(run.history.learning_rate, [schedule(k) for k in range(10)])
    w = 0.0
    for rate in run.history.learning_rate:
        w -= rate * 2 * (w - 3.0)
    assert run.parameters == w
    assert run.learning_rate is schedule


def test_any_function_of_the_step_is_a_schedule() -> None:
    run = descend(lambda w: w**2, 1.0, lambda k: 0.1 / (k + 1), steps=4)
    np.testing.assert_allclose(run.history.learning_rate, [0.1, 0.05, 0.1 / 3, 0.025])


@pytest.mark.parametrize("found", [-0.1, math.nan, math.inf, "0.1", None, [0.1]])
def test_a_function_that_gives_no_rate_is_refused_with_its_step(found: Any) -> None:
    with pytest.raises(ArgumentError, match=r"learning_rate gives .* after 2 steps"):
        descend(lambda w: w**2, 1.0, lambda k: 0.1 if k < 2 else found, steps=4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: schedules.constant(0.0),
        lambda: schedules.constant("0.1"),  # type: ignore[arg-type]
        lambda: schedules.step(0.1, factor=1.5),
        lambda: schedules.step(0.1, every=0),
        lambda: schedules.exponential(0.1, factor=-0.5),
        lambda: schedules.inverse_time(0.1, decay=math.nan),
        lambda: schedules.cosine(0.1, steps=2.5),  # type: ignore[arg-type]
        lambda: schedules.cosine(0.1, steps=True),
        lambda: schedules.warmup(3, then=-1.0),
        lambda: schedules.warmup(3, then=None),  # type: ignore[arg-type]
        lambda: schedules.one_cycle(0.1, steps=10, rise=1.0),
        lambda: schedules.polynomial(math.inf, steps=10),
    ],
)
def test_settings_out_of_range_are_refused_by_name(make: Any) -> None:
    with pytest.raises(
        ArgumentError, match=r"^(constant|step|exponential|inverse_time|cosine|warmup|one_cycle|poly\w+): "
    ):
        make()


def test_a_class_in_place_of_a_schedule_is_told_apart() -> None:
    with pytest.raises(ArgumentError, match="is the class cosine: call it"):
        descend(lambda w: w**2, 1.0, schedules.cosine)  # type: ignore[arg-type]


def test_a_schedule_may_return_an_array_of_one_number() -> None:
    run = descend("x^2", 1.0, lambda k: np.array(0.1 / (k + 1)), 2)
    assert run.history.learning_rate.tolist() == [0.1, 0.05]
