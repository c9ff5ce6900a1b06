"""The quadratic model of a loss at a point: what is left to gain, along which curvatures, and how long it takes."""

from __future__ import annotations

import math
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from chainrule.learn.dynamics import Outlook, linear_rule, transitions
from chainrule.learn.hessian import Hessian
from chainrule.learn.lanczos import Ritz
from chainrule.learn.optimizers.optimizer import Optimizer

__all__ = ["Model"]

# Rates as a part of the critical one: the best fixed rate is 2 / (lambda_max + lambda_min), at half of it or above.
# Beyond nine tenths nothing would be left for what is not known of lambda_max, and of its changes on the way.
CANDIDATES = (0.5, 0.6, 0.7, 0.8, 0.9)


@final
class Model:
    """L(x + p) = L + g p + p H p / 2, with H known by Ritz pairs.

    Attributes:
        value: the loss at the point.
        hessian: the Hessian there, with the gradient.
        ends: Ritz pairs that know the ends of the spectrum.
        seen: Ritz pairs that know how much of the gradient lies along which curvature.
        largest: the largest eigenvalue, estimated.
        error: its error bar.
        smallest: the smallest eigenvalue found.
        curvatures: the nodes of a quadrature, over which functions of H between gradients are sums, shape (k,).
        weights: those of the nodes, which add up to 1, shape (k,).
    """

    def __init__(self, value: float, hessian: Hessian, ends: Ritz, seen: Ritz) -> None:
        self.value, self.hessian, self.ends, self.seen = value, hessian, ends, seen
        self.largest, self.error = ends.upper_end()
        # Each run of products can find a direction that the other has missed.
        if seen.values[-1] > self.largest:
            self.largest, self.error = seen.upper_end()
        self.smallest = float(min(ends.values[0], seen.values[0]))
        self.curvatures, self.weights = seen.values, seen.weights
        if self.smallest > self.negligible:
            # The space of a few products does not reach the flattest directions: one node stands for all of them.
            lowest = ends if ends.values[0] <= seen.values[0] else seen
            node = self.smallest - min(float(lowest.errors[0]), self.smallest / 2)
            self.curvatures, self.weights = seen.with_node(node)

    @property
    def scale(self) -> float:
        """The largest magnitude of an eigenvalue."""
        return max(abs(self.largest), abs(self.smallest))

    @property
    def negligible(self) -> float:
        """A curvature that cannot be told from none."""
        relative = 1e-6 if self.hessian.why_differences else 4 * self.hessian.coordinates.precision
        return max(relative, 1e-14) * self.scale * math.sqrt(self.hessian.coordinates.size)

    @property
    def convex(self) -> bool:
        """Whether no curvature below zero was found."""
        return self.smallest >= -max(self.negligible, 1e-4 * self.scale)

    @property
    def steep(self) -> NDArray[np.float64]:
        """The eigenvector of the largest eigenvalue."""
        return self.ends.vector(len(self.ends.values) - 1)

    @property
    def steep_direction(self) -> str:
        """The parameters that change along it."""
        return self.hessian.coordinates.direction(self.steep)

    @property
    def downward(self) -> str:
        """The parameters that change along the eigenvector of the smallest eigenvalue."""
        lowest = self.ends if self.ends.values[0] <= self.seen.values[0] else self.seen
        return self.hessian.coordinates.direction(lowest.vector(0))

    @cached_property
    def slope(self) -> float:
        """The norm of the gradient."""
        return float(np.linalg.norm(self.hessian.gradient))

    @cached_property
    def squares(self) -> NDArray[np.float64]:
        """The square of the gradient along each of the curvatures; their sum is that of the gradient."""
        return self.slope**2 * self.weights

    @property
    def upward(self) -> NDArray[np.bool_]:
        """Which of the curvatures are positive."""
        return self.curvatures > self.negligible

    @cached_property
    def excess(self) -> float:
        """How much the loss lies above the minimum of the model over the directions that curve up: g H^-1 g / 2."""
        up = self.upward
        return float((self.squares[up] / self.curvatures[up]).sum()) / 2

    @cached_property
    def resolved(self) -> float:
        """The part of the excess that the products made have reached: a lower bound."""
        up = self.seen.values > self.negligible
        return self.slope**2 * float((self.seen.weights[up] / self.seen.values[up]).sum()) / 2

    @cached_property
    def height(self) -> float:
        """How much it lies below the maximum over the directions that curve down: small near a saddle point."""
        down = self.curvatures < -self.negligible
        return float((self.squares[down] / -self.curvatures[down]).sum()) / 2

    @property
    def unopposed(self) -> float:
        """The share of the gradient's square along directions that do not curve up: no minimum lies that way."""
        return float(self.weights[~self.upward].sum())

    @property
    def optimum(self) -> float:
        """The loss at the minimum of the model."""
        lowest = self.value - self.excess
        # What the subtraction leaves of equal numbers is rounding.
        return lowest if abs(lowest) > 1e-12 * abs(self.value) else 0.0

    @cached_property
    def step(self) -> NDArray[np.float64]:
        """The way to that minimum, as far as it has been resolved, in coordinates."""
        up = self.seen.values > self.negligible
        inverse = np.where(up, 1 / np.where(up, self.seen.values, 1.0), 0.0)
        return -self.slope * self.seen.applied(inverse)

    @property
    def slow_direction(self) -> str:
        """The parameters that most of the way to the minimum goes along."""
        return self.hessian.coordinates.direction(self.step)

    @cached_property
    def slowest(self) -> float:
        """The curvature along which what is left to gain lies: the mean, weighted by the gain along each."""
        up = self.upward
        gain = self.squares[up] / self.curvatures[up]
        # In the mean of the logarithms a part in a thousand along a steep direction does not hide a flat one.
        return float(np.exp((gain * np.log(self.curvatures[up])).sum() / gain.sum())) if gain.sum() > 0 else math.nan

    @property
    def condition(self) -> float:
        """The largest curvature over the one along which what is left to gain lies."""
        return self.largest / self.slowest

    def outlook(self, optimizer: Optimizer, rate: float) -> Outlook | None:
        """The loss that further steps will lead to; None where the rule is not linear, or no minimum is in sight."""
        up, linear = self.upward, linear_rule(optimizer)
        if linear is None or not math.isfinite(rate) or not up.any():
            return None
        curvatures = self.curvatures[up]
        excess = self.squares[up] / curvatures / 2
        return Outlook(self.optimum, curvatures, excess, transitions(linear[0], rate, curvatures))

    def best(self, optimizer: Optimizer, loss: float) -> tuple[float, float]:
        """The fixed rate, up to 90% of the critical one, with the fewest steps to a loss, and these; NaN: not known."""
        linear = linear_rule(optimizer)
        if linear is None or not self.largest > self.negligible:
            return math.nan, math.nan
        found = []
        for part in CANDIDATES:
            rate = part * linear[1] / self.largest
            ahead = self.outlook(optimizer, rate)
            if ahead is not None:
                found.append((ahead.steps_to(loss), rate))
        return min(found)[::-1] if found else (math.nan, math.nan)

    def nonlinearity(self, value: float, gradient: NDArray[np.float64]) -> float:
        """How far loss and gradient at the minimum of the model are from what it says, as parts of gain and gradient.

        0 for a quadratic; infinite where they are not finite.
        """
        predicted = self.hessian.gradient + self.hessian(self.step)
        off = float(np.linalg.norm(gradient - predicted)) / self.slope
        # What is lost in rounding is no error of the model.
        missed = max(0.0, abs(self.value - self.resolved - value) - 1e-13 * abs(self.value)) / self.resolved
        return max(off, missed) if math.isfinite(off + missed) else math.inf
