"""The noise of mini-batches keeps the loss as far above the optimum as it now is."""

from __future__ import annotations

from chainrule.learn.verdict.case import Case
from chainrule.learn.verdict.converged import tolerance
from chainrule.learn.verdict.finding import counted, found
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["noise_floor"]

# The loss at the floor scatters like a sum of squares of normal numbers; of a single one, 1 in 70 is above 6 times its
# mean.
SCATTER = 6


def noise_floor(case: Case) -> Verdict | None:
    """What is left to gain is not more than the noise upholds at this rate."""
    model, noise = case.model, case.noise
    if model is None or noise is None or not model.convex or model.unopposed > 0.5:
        return None
    if noise.floor <= tolerance(case) or model.excess > SCATTER * noise.floor:
        return None
    batches = case.run.problem.batches
    size = "" if batches is None else f" of {batches.size:,} rows"
    said = (
        f"At the noise floor of mini-batches{size}: the loss over all data went from {case.before:.6g} to "
        f"{case.after:.6g} in {counted(case.run.steps)}, about {model.excess:.2g} above the optimum. The gradient of a "
        f"batch is off by {noise.deviation:.3g} where that of all data is {model.slope:.3g} long; at the learning rate "
        f"{case.rate:g} this noise keeps the loss about {noise.floor:.2g} above."
    )
    advice = (
        "More steps at this rate will not help: the floor falls at least as fast as the rate. Lower it by a schedule, "
        "or take larger batches."
    )
    return found(case, Kind.NOISE_FLOOR, said, advice, floor=noise.floor, gradient_noise=noise.deviation)
