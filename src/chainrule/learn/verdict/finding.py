"""What the findings share: the measurements that a verdict carries, and how numbers stand in its sentences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["CONVERGED", "NEARLY", "Finding", "about", "counted", "critical", "fall", "found", "rate_advice"]

# Looks at a run; a verdict if the run has come to what the finding is about, else None.
Finding: TypeAlias = Callable[[Case], Verdict | None]

CONVERGED = 1e-6  # of how far the loss was above the optimum at the start: what may be left of it
NEARLY = 1e-2


def found(case: Case, kind: Kind, said: str, advice: str = "", **more: Any) -> Verdict:
    """A verdict: what happened with the numbers behind it, and what to do."""
    text = f"{said} {advice}".strip()
    return Verdict(kind, text, advice, {**_measured(case), **more}, case.ahead)


def _measured(case: Case) -> dict[str, Any]:
    run, model = case.run, case.model
    numbers: dict[str, Any] = {"loss": case.after, "gradient_norm": run.gradient_norm, "learning_rate": case.rate}
    if model is not None:
        numbers |= {"lambda_max": model.largest, "lambda_max_error": model.error, "lambda_min": model.smallest}
        numbers |= {"critical_rate": case.critical_rate, "steep_direction": model.steep_direction}
        numbers |= {"excess": model.excess, "optimum": model.optimum}
        if model.excess > 0:
            numbers |= {"slow_direction": model.slow_direction, "condition": model.condition}
        numbers |= {"steps_to_1_percent": case.steps_to(NEARLY), "steps_to_1e-6": case.steps_to(CONVERGED)}
        numbers["products"] = model.hessian.products
    return {name: number for name, number in numbers.items() if not _is_nan(number)}


def _is_nan(number: Any) -> bool:
    return isinstance(number, float) and math.isnan(number)


def counted(steps: int) -> str:
    """A number of steps in words."""
    return f"{steps:,} step{'' if steps == 1 else 's'}"


def about(steps: float) -> str:
    """A predicted number of steps, with the digits that it is worth.

    >>> about(1234.0), about(7), about(1), about(2.5e7)
    ('about 1,200 steps', 'about 7 steps', 'about 1 step', 'about 25 million steps')
    """
    if not math.isfinite(steps):
        return "more steps than can be counted"
    if steps < 10:
        return f"about {counted(int(steps))}"
    digits = 1 - math.floor(math.log10(steps))
    rounded = int(round(steps, digits))
    if rounded < 10_000_000:
        return f"about {counted(rounded)}"
    if rounded < 10_000_000_000:
        return f"about {rounded / 1e6:,.0f} million steps"
    return f"about {steps:.1e} steps"


def fall(case: Case) -> str:
    """How the loss fell, as the end of a sentence."""
    return f"from {case.before:.6g} to {case.after:.6g} in {counted(case.run.steps)}"


def critical(case: Case) -> str:
    """The critical rate with its reason, such as "0.0317 = 2 / lambda_max (63.2, along w[1])"."""
    model, limit = case.model, case.limit
    if model is None or limit is None:
        raise AssertionError("no critical rate")
    return f"{case.critical_rate:.4g} = {limit:.4g} / lambda_max ({model.largest:.4g}, along {model.steep_direction})"


def rate_advice(case: Case) -> str:
    """Which rate to take in place of one that is too large."""
    if 0 < case.critical_rate < math.inf:
        return (
            f"Take a learning rate below {case.critical_rate:.4g}; half of it, {case.critical_rate / 2:.3g}, is safe."
        )
    return "Take a smaller learning rate."
