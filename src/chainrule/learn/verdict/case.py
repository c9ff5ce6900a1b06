"""What is known of a run that is to be judged, and what can be measured of it."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ChainruleError
from chainrule.learn.curvature import affordable, hessian_of, spectrum
from chainrule.learn.dynamics import Outlook, linear_rule
from chainrule.learn.hessian import Hessian
from chainrule.learn.lanczos import Ritz, lanczos
from chainrule.learn.optimizers.optimizer import Rule
from chainrule.learn.verdict.model import Model
from chainrule.learn.verdict.noise import Noise, measured_noise
from chainrule.learn.verdict.swings import Swings, seen_swings
from chainrule.numeric.probe import quiet

if TYPE_CHECKING:
    from chainrule.learn.descent import Descent

__all__ = ["ALL", "PRODUCTS", "Case"]

ALL = 60  # products that a verdict may take
PRODUCTS = 29  # with the Hessian, from a random start: the ends of the spectrum
FROM_GRADIENT = 30  # and from the gradient: how much of it lies along which curvature
AMONG_BATCHES = 18  # the same where products are needed for the noise, too
ENOUGH = 1e-6  # relative change of the excess in five products, below which it is known
NONLINEAR = 0.2  # of the gradient and of the gain: the error of what the model says of its minimum
MEASURED = 32  # mini-batches whose gradients tell the noise
UP_AND_DOWN = 0.25  # of the steps: those that must raise the loss, and those that must lower it, if it wanders
PATH = 200  # the last iterates that are looked at


@final
class Case:
    """A run under judgement. A measurement is made when it is first asked for, and all together make 60 products.

    What is measured is measured at the last point, or where the run has diverged, at the best one that was kept.

    Attributes:
        run: the run.
        losses: the loss before each step and at the end, shape (steps + 1,).
        rate: the learning rate of the last step; NaN where there was none.
        why_not: why the curvature could not be measured; "" where it could.
    """

    def __init__(self, run: Descent) -> None:
        self.run = run
        self.losses: NDArray[np.float64] = np.append(run.history.loss, run.final_loss)
        self.rate = float(run.history.learning_rate[-1]) if run.steps else _number(run.learning_rate)
        self.why_not = ""

    @cached_property
    def before(self) -> float:
        """The loss at the start, over all data."""
        if not self.noisy or not self.run.steps:
            return float(self.losses[0])
        with quiet():
            return self.run.problem.evaluate(self.run.problem.start)[0]

    @property
    def after(self) -> float:
        """The loss at the end."""
        return float(self.losses[-1])

    @property
    def fell(self) -> float:
        """By how much the loss fell; 0 if it rose."""
        return max(0.0, self.before - self.after)

    @property
    def _lost(self) -> bool:
        """Whether the last point is one to which the run was thrown: there the loss curves as it never did before."""
        return self.run.diverged or (not self.noisy and self.after > self.before + abs(self.before))

    @cached_property
    def point(self) -> Any:
        """The parameters at which the curvature is measured."""
        if not self._lost:
            return self.run.parameters
        kept = [(self.losses[step], i) for i, step in enumerate(self.run.history.steps) if step < self.run.steps]
        return self.run.history.parameters[min(kept)[1]] if kept else self.run.problem.rebuild(self.run.problem.start)

    @cached_property
    def hessian(self) -> Hessian | None:
        """The Hessian at the point; None where it cannot be had."""
        try:
            return hessian_of(self.run.problem, self.point)
        except ChainruleError as error:
            self.why_not = str(error).splitlines()[0]
            return None

    @cached_property
    def ends(self) -> Ritz | None:
        """The ends of the spectrum, or all of it where there are few parameters; None where it cannot be had."""
        hessian = self.hessian
        if hessian is None:
            return None
        try:
            return spectrum(hessian, PRODUCTS)
        except ChainruleError as error:
            self.why_not = str(error).splitlines()[0]
            return None

    @cached_property
    def model(self) -> Model | None:
        """The quadratic model of the loss at the point, seen from the gradient; None where it cannot be had."""
        ends, hessian = self.ends, self.hessian
        if ends is None or hessian is None:
            return None
        size = hessian.coordinates.size
        if size <= PRODUCTS or not hessian.gradient.any():
            return self._checked(Model(self.value, hessian, ends, ends))
        known = [0.0]

        def enough(found: Ritz) -> bool:
            positive = found.values > 0
            known.append(float((found.weights[positive] / found.values[positive]).sum()))
            return abs(known[-1] - known[-2]) <= ENOUGH * known[-1]

        limit = AMONG_BATCHES if self.noisy else FROM_GRADIENT
        try:
            seen = lanczos(hessian, hessian.gradient, affordable(size, limit), enough)
        except ChainruleError as error:
            self.why_not = str(error).splitlines()[0]
            return None
        return self._checked(Model(self.value, hessian, ends, seen))

    def _checked(self, model: Model) -> Model | None:
        if np.isfinite([model.excess, model.height, model.scale]).all():
            return model
        self.why_not = "the squares of the gradient overflow; scale the loss down"
        return None

    @cached_property
    def value(self) -> float:
        """The loss at the point, over all data."""
        if not self._lost:
            return self.after
        with quiet():
            return float(self.run.problem.loss(self.point))

    @property
    def limit(self) -> float | None:
        """The rate times the curvature above which the optimizer diverges on a quadratic; None if it has no bound."""
        linear = linear_rule(self.run.optimizer)
        return None if linear is None else linear[1]

    @property
    def critical_rate(self) -> float:
        """The rate above which it diverges; infinite where nothing curves up, NaN where it is not known."""
        if self.limit is None or self.model is None:
            return math.nan
        return self.limit / self.model.largest if self.model.largest > self.model.negligible else math.inf

    @property
    def of_critical(self) -> float:
        """The rate as a part of the critical rate; NaN where that is not known."""
        return self.rate / self.critical_rate

    @cached_property
    def clipped(self) -> bool:
        """Whether the steps from here are shorter than the gradient asks for, so that the curvature does not tell them.

        The limit itself is asked, whatever it holds the gradient to.
        """
        run = self.run
        if run.clip is None or not math.isfinite(run.gradient_norm):
            return False
        with quiet():
            slopes = run.problem.evaluate(run.problem.flatten(run.parameters))[1]
            held = run.clip(slopes, run.gradient_norm)
        return any(np.any(one != other) for one, other in zip(slopes, held, strict=True))

    @property
    def noisy(self) -> bool:
        """Whether the losses are those of mini-batches."""
        return self.run.problem.batches is not None

    @property
    def reach(self) -> float:
        """By how much as many steps again, at least 100, would lower the loss for each unit of the gradient's square.

        Momentum lengthens the way; a rule that scales its steps is counted as plain descent.
        """
        if not self.rate > 0:
            return 100.0
        return self.lengthened * max(100, self.run.steps)

    @property
    def lengthened(self) -> float:
        """The rate of plain descent that goes as far on a run of like gradients."""
        optimizer = self.run.optimizer
        return self.rate * (optimizer.lengthening() if isinstance(optimizer, Rule) else 1.0)

    @property
    def rounding(self) -> float:
        """What the loss cannot show, because it is rounded."""
        precision = self.hessian.coordinates.precision if self.hessian is not None else float(np.finfo(float).eps)
        return 16 * precision * abs(self.value)

    @property
    def reference(self) -> float:
        """How far the loss was above the optimum at the start: what a part of the descent is measured by."""
        return max(0.0, self.before - self.model.optimum) if self.model is not None else self.fell

    @cached_property
    def ahead(self) -> Outlook | None:
        """The loss that further steps at this rate will lead to; None where that cannot be said."""
        if self.model is None or self.clipped:
            return None
        return self.model.outlook(self.run.optimizer, self.rate)

    @cached_property
    def nonlinearity(self) -> float:
        """How far loss and gradient at the minimum of the model are from what it says there; 0 for a quadratic."""
        model = self.model
        if model is None or not model.step.any():
            return 0.0
        problem, where = self.run.problem, model.hessian.coordinates
        there = where.parameters(where.vector(self.point) + model.step)
        try:
            with quiet():
                value, slopes = problem.evaluate(problem.flatten(there))
                return model.nonlinearity(value, where.joined(slopes, gradient=True))
        except ChainruleError:  # the model leads out of the domain of the loss
            return math.inf

    @property
    def trusted(self) -> bool:
        """Whether the loss is near enough to a quadratic for its minimum and the steps to it to be told."""
        return self.nonlinearity <= NONLINEAR

    def steps_to(self, part: float) -> float:
        """How many more steps leave this part of the loss that was to be lost; NaN where that cannot be said."""
        if self.ahead is None or self.model is None:
            return math.nan
        return self.ahead.steps_to(self.model.optimum + part * self.reference)

    @cached_property
    def noise(self) -> Noise | None:
        """The noise of the gradients of mini-batches; None where there are none, or it cannot be said what it does."""
        batches, model = self.run.problem.batches, self.model
        if batches is None or model is None or self.limit is None or not self.rate > 0:
            return None
        slopes = []
        leaves = self.run.problem.flatten(self.point)
        with quiet():
            for block in islice(batches.after(self.run.steps), min(batches.per_epoch, MEASURED)):
                slopes.append(
                    model.hessian.coordinates.joined(self.run.problem.evaluate_on(leaves, block)[1], gradient=True)
                )
        return measured_noise(model, np.array(slopes), self.lengthened, batches.per_epoch, self.run.steps, ALL - 1)

    @cached_property
    def wanders(self) -> bool:
        """Whether the loss over all data goes up and down, in the last quarter of the steps as in the one before."""
        half = self.losses[len(self.losses) // 2 :]
        if self.noisy or len(half) < 12 or not np.isfinite(half).all():
            return False
        third, last = half[: len(half) // 2], half[len(half) // 2 :]
        changes, spread = np.diff(half), float(np.ptp(half))
        rises, falls = (int((sign * changes > self.rounding).sum()) for sign in (1, -1))
        bounded = last.max() <= third.max() + spread / 2
        stays = last.mean() >= third.mean() - spread / 10
        return bool(min(rises, falls) >= UP_AND_DOWN * len(changes) and bounded and stays)

    @cached_property
    def swings(self) -> Swings:
        """What the last steps did along the steepest eigenvector."""
        if self.model is None:
            return Swings(0, 0, math.nan)
        where = self.model.hessian.coordinates
        steps, kept = self.run.history.steps[-PATH:], self.run.history.parameters[-PATH:]
        vectors = [where.vector(parameters) for parameters in kept]
        resolution = 64 * where.precision * max((float(np.linalg.norm(vector)) for vector in vectors), default=0.0)
        return seen_swings(steps, np.array([self.model.steep @ vector for vector in vectors]), resolution)


def _number(rate: Any) -> float:
    return float(rate) if isinstance(rate, int | float | np.number) else math.nan
