"""On its way: how far it has come, how far it is, and whether another rate would be faster."""

from __future__ import annotations

import math

import numpy as np

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import CONVERGED, NEARLY, about, critical, fall, found, rate_advice
from chainrule.learn.verdict.model import Model
from chainrule.learn.verdict.record import Kind, Verdict
from chainrule.learn.verdict.standardising import standardising

__all__ = ["descending"]

ASTRAY = 1  # part of what the model says that it is off by, from which on it says nothing
WORTH = 2  # how many times fewer steps another rate must need to be named
ILL = 30  # a condition number from which on scaling the inputs is named


def descending(case: Case) -> Verdict:
    """What is left when nothing else holds."""
    model = case.model
    if model is None:
        raise AssertionError("judged without a model")
    if case.run.steps:
        opening = f"Still descending: the loss {'fell' if case.fell > 0 else 'went'} {fall(case)}"
    else:
        opening = f"Not at a minimum: the loss is {case.after:.6g}"
    rises = 0 if case.noisy else int((np.diff(case.losses) > case.rounding).sum())
    if rises:
        opening += f", but rose in {rises:,} of them"
    if not model.convex:
        said = (
            f"{opening}{_lately(case)}. It curves down along {model.downward} ({model.smallest:.3g}) here, so how far "
            f"down it goes cannot be told from this point; the gradient's norm is {case.run.gradient_norm:.3g}."
        )
        return found(case, Kind.DESCENDING, said, _of_rate(case), down_direction=model.downward)
    if model.unopposed > 0.5:
        said = (
            f"{opening}. It hardly curves along the gradient (norm {case.run.gradient_norm:.3g}), so no minimum is in "
            "sight from here: the loss may have none."
        )
        return found(case, Kind.DESCENDING, said, "Check that the loss has a minimum, or go on.")
    if not case.nonlinearity < ASTRAY:
        said = (
            f"{opening}{_lately(case)}. The loss is far from a quadratic over the distance that is left, so how much "
            f"is to be had cannot be told from here; the gradient's norm is {case.run.gradient_norm:.3g}."
        )
        return found(case, Kind.DESCENDING, said, _of_rate(case))
    said = f"{opening}, and about {model.excess:.3g} more is to be had, down to {model.optimum:.6g}"
    said += f", along {model.slow_direction}." if model.hessian.coordinates.size > 1 else "."
    return _with_prospects(case, model, said)


def _with_prospects(case: Case, model: Model, said: str) -> Verdict:
    if not case.trusted:
        said += (
            " That is a rough guess, from a quadratic that does not hold over this distance: tried at its minimum, it "
            f"is off by {_part(case.nonlinearity)}."
        )
        return found(case, Kind.DESCENDING, said, _of_rate(case))
    near, far = case.steps_to(NEARLY), case.steps_to(CONVERGED)
    if math.isnan(far):
        whose = "Clipped steps" if case.clipped else f"The steps of {case.run.optimizer.name}"
        said += f" {whose} are not proportional to the gradient, so their number"
        return found(case, Kind.DESCENDING, f"{said} cannot be told from the curvature.", "Go on, and look again.")
    if math.isfinite(far):
        first = f"{about(near)} to come within 1% of the way, and " if near > 0 else ""
        unseen = model.excess - model.resolved > CONVERGED * case.reference
        least = "at least " if unseen else ""
        said += f" At the rate {case.rate:g} it takes {least}{first}{about(far)} to come within a millionth of the way."
    more = {}
    advice = ""
    rate, steps = model.best(case.run.optimizer, model.optimum + CONVERGED * case.reference)
    if case.critical_rate < math.inf:
        said += f" The rate is {_part(case.of_critical)} of the critical rate {critical(case)}."
        if case.of_critical > 1:
            advice = rate_advice(case)
        elif steps * WORTH < far:
            advice = f"Take a larger rate: {rate:.3g} needs {about(steps)}."
            more = {"best_rate": rate, "steps_at_best_rate": steps}
        else:
            advice = f"Go on for {about(far)}."
    if model.condition > ILL:
        remedy, numbers = standardising(case)
        advice, more = f"{advice} {remedy}".strip(), {**more, **numbers}
    return found(case, Kind.DESCENDING, said, advice, **more)


def _lately(case: Case) -> str:
    """What the last tenth of the steps has brought; with mini-batches the losses are too noisy to say."""
    last = max(1, case.run.steps // 10)
    if case.noisy or case.run.steps < 10:
        return ""
    return f" (by {case.losses[-1 - last] - case.after:.2g} in the last {last:,})"


def _part(ratio: float) -> str:
    return f"{ratio:.0%}" if ratio >= 0.095 else f"{100 * ratio:.2g}%"


def _of_rate(case: Case) -> str:
    if case.critical_rate == math.inf:
        return "Go on."
    if case.of_critical < 0.5:
        return (
            f"Go on; the rate is {_part(case.of_critical)} of the critical rate {critical(case)} here, so a larger one "
            "would be faster."
        )
    return "Go on."
