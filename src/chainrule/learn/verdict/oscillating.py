"""Each step lands on the other side of the valley: the loss may fall all the while, so the iterates are looked at."""

from __future__ import annotations

import numpy as np

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.diverging import growth
from chainrule.learn.verdict.finding import CONVERGED, about, critical, fall, found, rate_advice
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["oscillating"]

OVERSHOOT = 0.75  # of the critical rate: a step of plain descent overshoots by more than half of its distance
RISES = 0.3  # of the steps in the last half, where the rule has no critical rate


def oscillating(case: Case) -> Verdict | None:
    """Most steps change sides along the steepest eigenvector, near the critical rate; or the loss rises often."""
    model, swings = case.model, case.swings
    if case.limit is None:
        return _by_the_loss(
            case, f"{case.run.optimizer.name} scales its steps by itself, so no critical rate is known."
        )
    if model is not None and model.slope > 0 and model.unopposed > 0.5:
        return _by_the_loss(case, "It hardly curves along the gradient, so the steps cross a kink.")
    if model is None or not case.of_critical >= OVERSHOOT or not swings.mostly:
        return _by_the_loss(case, "It curves more elsewhere on the way than here.") if case.wanders else None
    left = growth(case)
    if left > 1 + 1e-6:
        return _bounded(case, model.steep_direction)
    yet = ", yet converging" if left < 1 - 1e-9 else ""
    rises = int((np.diff(case.losses) > case.rounding).sum())
    story = "The loss fell all the while," if not rises else f"The loss rose in {rises:,} steps, and went"
    ahead = case.steps_to(CONVERGED)
    said = (
        f"Oscillating{yet}: along {model.steep_direction} {swings.changes} of {swings.looked} steps went back to the "
        f"other side, because the learning rate {case.rate:g} is {case.of_critical:.0%} of the critical rate "
        f"{critical(case)}; each keeps {left:.0%} of the distance. {story} {fall(case)}."
    )
    if ahead < np.inf and case.trusted:
        said += f" {about(ahead).capitalize()} more at this rate come within a millionth of the way."
    advice = f"Half the critical rate, {case.critical_rate / 2:.3g}, goes straight."
    target = model.optimum + CONVERGED * case.reference
    rate, steps = model.best(case.run.optimizer, target)
    if steps < 0.8 * ahead and case.trusted:
        advice += f" The fastest fixed rate from here is about {rate:.3g} ({about(steps)})."
    more = {"sign_changes": swings.changes, "steps_compared": swings.looked}
    return found(case, Kind.OSCILLATING, said, advice, **more)


def _bounded(case: Case, direction: str) -> Verdict:
    bound = "Clipping bounds the steps" if case.clipped else "The loss is no quadratic, which bounds the swings"
    said = (
        f"Oscillating: along {direction} {case.swings.changes} of {case.swings.looked} steps went back to the other "
        f"side, because the learning rate {case.rate:g} is {case.of_critical:.4g} times the critical rate "
        f"{critical(case)}. {bound}: the loss does not run away, and does not settle. It went {fall(case)}."
    )
    more = {"sign_changes": case.swings.changes, "steps_compared": case.swings.looked}
    return found(case, Kind.OSCILLATING, said, rate_advice(case), **more)


def _by_the_loss(case: Case, why: str) -> Verdict | None:
    last = case.losses[len(case.losses) // 2 :]
    rises = int((np.diff(last) > 0).sum())
    if case.noisy or len(last) < 5 or rises < RISES * (len(last) - 1):
        return None
    said = f"Oscillating: the loss rose in {rises:,} of the last {len(last) - 1:,} steps; it went {fall(case)}. {why}"
    return found(case, Kind.OSCILLATING, said, "Take a smaller learning rate, or let a schedule lower it.")
