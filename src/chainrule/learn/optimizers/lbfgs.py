"""L-BFGS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from chainrule.learn.fields import count, nonnegative
from chainrule.learn.optimizers.solver import Objective, Solver, Vector

__all__ = ["lbfgs"]


@final
@dataclass(frozen=True, slots=True)
class lbfgs(Solver):
    """Newton's step with a Hessian that is guessed from the last changes of the gradient; for smooth losses.

        d = H g, where H is built from the last `memory` pairs s = w_new - w, y = g_new - g
        w <- w - alpha d, with alpha from a line search

    It ends, as a rule, where rounding lets the loss fall no further. Needs SciPy, which the extra `special` installs.
    Source: D. C. Liu, J. Nocedal, "On the limited memory BFGS method for large scale optimization", Math. Programming
    45, 1989; the code is L-BFGS-B, of C. Zhu, R. H. Byrd, P. Lu, J. Nocedal, in SciPy.

    Attributes:
        memory: how many pairs are kept.
        gradient_tolerance: it has converged when no component of the gradient is larger than this; 0 or more.
        loss_tolerance: it has converged when a step lowers the loss by no more than this share of it; 0 or more.

    >>> import chainrule as cr
    >>> rosenbrock = "(1 - x)^2 + 100 (y - x^2)^2"
    >>> run = cr.descend(rosenbrock, {"x": -1.2, "y": 1.0}, optimizer="lbfgs")
    >>> run.steps < 60, round(float(run.parameters["x"]), 9)
    (True, 1.0)
    """

    memory: int = 10
    gradient_tolerance: float = 1e-10
    loss_tolerance: float = 0.0

    def __post_init__(self) -> None:
        count(self, "memory")
        nonnegative(self, "gradient_tolerance", "loss_tolerance")

    def minimize(self, objective: Objective, at: Vector, steps: int) -> str:
        def arrived(intermediate_result: object) -> None:
            objective.arrived(intermediate_result.x)  # type: ignore[attr-defined]

        found = self.require().minimize(
            objective.both,
            at,
            jac=True,
            method="L-BFGS-B",
            callback=arrived,
            options={
                "maxcor": min(self.memory, steps),
                "gtol": self.gradient_tolerance,
                "ftol": self.loss_tolerance,
                "maxiter": steps,
                "maxfun": np.iinfo(np.int32).max,
                "maxls": 40,
            },
        )
        if found.status == 0:
            largest = float(np.max(np.abs(found.jac)))
            if largest <= self.gradient_tolerance:
                return f"converged: no component of the gradient is above {self.gradient_tolerance:g}"
            return "converged: the loss no longer falls"
        return "" if found.nit >= steps else "no lower loss was found along the line of search"
