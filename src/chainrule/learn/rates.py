"""Learning rates from the curvature: the critical rate, above which a descent diverges, and one that is safe."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice
from typing import Any, final

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.learn.curvature import Curvature, hessian_at, hessian_of, spectrum, summarized
from chainrule.learn.dynamics import linear_rule
from chainrule.learn.hessian import Hessian
from chainrule.learn.optimizers import Optimizer, as_optimizer
from chainrule.learn.problem import Problem
from chainrule.numeric.probe import quiet

__all__ = ["CriticalRate", "automatic_rate", "critical_learning_rate", "critical_rate_of"]

PRODUCTS = 29  # with the Hessian: they find lambda_max within 1%
BATCHES = 8  # that stand for all mini-batches
OF_A_BATCH = 10  # products


@final
class CriticalRate(float):
    """The learning rate above which a descent diverges on the quadratic model of a loss; a number like any other.

    It prints with its reason. Infinite where the loss does not curve up in any direction.

    Attributes:
        error: how far off it may be, as lambda_max is known within its error.
        limit: the rate times the curvature at which the optimizer becomes unstable, 2 for gradient descent.
        curvature: the `Curvature` that it follows from.

    >>> import numpy as np, chainrule as cr
    >>> rate = cr.critical_learning_rate(lambda w: 50 * w[0] ** 2 + w[1] ** 2 / 2, np.zeros(2))
    >>> print(rate)
    0.02 = 2 / lambda_max (100, along at[0])
    >>> 0.019 < rate, f"{rate / 2:.3f}"
    (True, '0.010')
    """

    # Not in slots, which a subclass of float may have, so that it is copied and pickled as it is.
    error: float
    limit: float
    curvature: Curvature

    def __new__(cls, limit: float, curvature: Curvature) -> CriticalRate:
        steepest = curvature.largest
        positive = steepest > float(curvature.errors[0])
        self = super().__new__(cls, limit / steepest if positive else math.inf)
        self.limit, self.curvature = limit, curvature
        self.error = limit * float(curvature.errors[0]) / steepest**2 if positive else math.nan
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return self.limit, self.curvature

    def __repr__(self) -> str:
        return f"CriticalRate({float(self):.6g}, error={self.error:.2g})"

    def __str__(self) -> str:
        found = self.curvature
        if math.isinf(self):
            return "infinite: the loss does not curve up here, so no rate is too large by its curvature"
        bar = f" +- {self.error:.1g}" if self.error > 1e-4 * self else ""
        text = (
            f"{float(self):.4g}{bar} = {self.limit:.4g} / lambda_max ({found.largest:.4g}, along {found.directions[0]})"
        )
        if not found.convex:
            text += (
                f"; the loss is not convex here: along {found.directions[-1]} it curves down ({found.smallest:.4g}), "
                "and there every rate leads away"
            )
        return text


def critical_learning_rate(
    loss: Callable[..., Any] | str, at: Any, *, optimizer: str | Optimizer = "gd"
) -> CriticalRate:
    """The learning rate above which a descent diverges near a point: 2 / lambda_max for gradient descent.

    A step multiplies the distance from the minimum along an eigenvector by 1 - rate lambda, which is below -1 from
    there on. With momentum mu the bound is 2 (1 + mu) / lambda_max, with Nesterov's 2 (1 + mu) / ((1 + 2 mu)
    lambda_max). It takes at most 29 Hessian-vector products. It holds near the point, exactly for a quadratic loss.

    Args:
        loss: a real scalar-valued function of the parameters, or a formula. A formula of several variables takes a
            dict of them as `at`.
        at: the parameters: a number, an array, or a container of such.
        optimizer: the rule of a step, by its name or as one of `cr.optimizers`: "gd", "momentum" or "nesterov".

    Returns:
        A `CriticalRate`, which is a float with its error and reason. Infinite where nothing curves up.

    Raises:
        ArgumentError: the optimizer scales its steps by itself, so that no such rate is known; or the parameters are
            not numeric.
        NonFiniteError: the gradient or a product is not finite at the point.
        NotScalarError: the loss is not a scalar.

    Source: B. T. Polyak, Introduction to Optimization (1987), sections 1.4 and 3.2.

    >>> import numpy as np, chainrule as cr
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> def loss(w):
    ...     return np.mean((x * w - 1.0) ** 2)
    >>> print(cr.critical_learning_rate(loss, 0.0))
    0.2857 = 2 / lambda_max (7, along at)
    >>> print(cr.critical_learning_rate(loss, 0.0, optimizer="momentum"))
    0.5429 = 3.8 / lambda_max (7, along at)
    """
    method = as_optimizer(optimizer)
    if linear_rule(method) is None:
        raise ArgumentError(
            f"{method.name} scales its steps by itself, so its largest rate does not follow from the curvature alone: "
            "expected 'gd', 'momentum' or 'nesterov'"
        )
    return _critical(hessian_at(loss, at), method)


def critical_rate_of(problem: Problem, parameters: Any, optimizer: Optimizer) -> CriticalRate | None:
    """The critical rate of a descent at some parameters, over all data; None where the optimizer has none."""
    return None if linear_rule(optimizer) is None else _critical(hessian_of(problem, parameters), optimizer)


def automatic_rate(problem: Problem, optimizer: Optimizer) -> float | None:
    """The rate that "auto" stands for: 1 / lambda_max at the start, and at most half of the critical rate.

    With mini-batches, lambda_max is the largest among some of them, which curve more than all data do. An optimizer
    that scales its steps by itself has its own default; a solver has no rate.

    Raises:
        ArgumentError: the loss does not curve at the start, or the optimizer has neither a limit nor a default.
    """
    linear = linear_rule(optimizer)
    if linear is None:
        return optimizer.default_learning_rate
    start = problem.rebuild(problem.start)
    with quiet():
        value, slopes = problem.evaluate(problem.start)
    if not math.isfinite(value) or not all(np.isfinite(slope).all() for slope in slopes):
        return 1.0  # the descent refuses such a start itself, and says why
    if problem.batches is None:
        found = [spectrum(hessian_of(problem, start), PRODUCTS)]
    else:
        some = islice(problem.batches.after(0), min(BATCHES, problem.batches.per_epoch))
        found = [spectrum(Hessian(problem.loss_on(block), start), OF_A_BATCH) for block in some]
    steepest = max(max(abs(ends.upper_end()[0]), abs(float(ends.values[0]))) for ends in found)
    if not steepest > 0:
        raise ArgumentError(
            'learning_rate is "auto", but the loss does not curve at the start, so that no rate follows: give a number'
        )
    return min(1.0, linear[1] / 2) / steepest


def _critical(hessian: Hessian, optimizer: Optimizer) -> CriticalRate:
    linear = linear_rule(optimizer)
    if linear is None:
        raise AssertionError(optimizer)
    return CriticalRate(linear[1], summarized(hessian, spectrum(hessian, PRODUCTS)))
