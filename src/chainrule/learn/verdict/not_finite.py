"""A step led to where the loss, its gradient or a parameter is NaN or infinite, without growing there."""

from __future__ import annotations

from chainrule.calculus.gradients import value_and_grad
from chainrule.errors import ChainruleError, NonFiniteError
from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.finding import found
from chainrule.learn.verdict.record import Kind, Verdict
from chainrule.numeric.probe import quiet
from chainrule.passes.guards import watch_numbers

__all__ = ["not_finite"]


def not_finite(case: Case) -> Verdict | None:
    """Which step, where, and what the loss was before it."""
    run = case.run
    if not run.diverged:
        return None
    said = f"Not finite: {run.ending.said}; the loss was {case.losses[-2]:.6g} one step earlier."
    where = _operation(case)
    said += f" {where}" if where else " That step left the domain of the loss or its gradient."
    if case.of_critical > 1:
        said += f" The learning rate {case.rate:g} is {case.of_critical:.3g} times the critical rate there."
    advice = "Take a smaller learning rate, or write the parameters so that all values are allowed, such as exp(u) for"
    return found(case, Kind.NOT_FINITE, said, f"{advice} one that must stay positive.", step=run.steps)


def _operation(case: Case) -> str:
    """Which operation produced the first number that is not finite."""
    try:
        with quiet(), watch_numbers():
            value_and_grad(case.run.problem.loss)(case.run.parameters)
    except NonFiniteError as error:
        return f"That step left the domain of the loss or its gradient: {str(error).splitlines()[0].rstrip('.')}."
    except ChainruleError:  # it cannot be traced, which is no news here
        return ""
    return ""
