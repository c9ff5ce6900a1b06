"""Newton's method with conjugate gradients."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import final

from chainrule.learn.fields import positive
from chainrule.learn.optimizers.solver import Objective, Solver, Vector

__all__ = ["newton_cg"]


@final
@dataclass(frozen=True, slots=True)
class newton_cg(Solver):
    """Newton's step, from the exact Hessian by its products with vectors; for losses that are twice differentiable.

        d solves H d = g, as well as conjugate gradients need to
        w <- w - alpha d, with alpha from a line search

    Where the loss curves down, the step is what was found before. Needs SciPy, which the extra `special` installs.
    Source: R. S. Dembo, T. Steihaug, "Truncated-Newton algorithms for large-scale unconstrained optimization", Math.
    Programming 26, 1983; J. Nocedal, S. J. Wright, "Numerical Optimization", 2006, algorithm 7.1; the code is SciPy's.

    Attributes:
        tolerance: it has converged when a step changes the parameters by no more than this on average; positive.

    >>> import chainrule as cr
    >>> rosenbrock = "(1 - x)^2 + 100 (y - x^2)^2"
    >>> run = cr.descend(rosenbrock, {"x": -1.2, "y": 1.0}, steps=200, optimizer="newton_cg")
    >>> run.stopped, round(float(run.parameters["x"]), 9)
    ('converged: the last step changed the parameters by less than 1e-09', 1.0)
    """

    tolerance: float = 1e-9

    def __post_init__(self) -> None:
        positive(self, "tolerance")

    def minimize(self, objective: Objective, at: Vector, steps: int) -> str:
        def arrived(intermediate_result: object) -> None:
            objective.arrived(intermediate_result.x)  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            # A line search that fails is reported below, in words of ours.
            warnings.simplefilter("ignore", RuntimeWarning)
            found = self.require().minimize(
                objective.both,
                at,
                jac=True,
                hessp=lambda x, vector: objective.hessian(x)(vector),
                method="Newton-CG",
                callback=arrived,
                options={"xtol": self.tolerance, "maxiter": steps},
            )
        if found.status == 0:
            return f"converged: the last step changed the parameters by less than {self.tolerance:g}"
        if found.status == 3:
            return "the conjugate gradients did not converge: the Hessian is not positive definite"
        return "" if found.nit >= steps else "no lower loss was found along the line of search"
