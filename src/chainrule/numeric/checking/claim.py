"""A claimed gradient with the function that it is claimed of: what is known of the rounding of both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.numeric.checking.exact import Exact
from chainrule.numeric.checking.limiting import Limits, limits_of
from chainrule.numeric.checking.measure import Line
from chainrule.numeric.checking.monte_carlo import gradient_rounding
from chainrule.numeric.checking.objective import Objective
from chainrule.numeric.checking.trembling import trembling_of
from chainrule.numeric.differences.steps import on_grid
from chainrule.numeric.evidence import Part
from chainrule.numeric.noise import noise_level
from chainrule.numeric.probe import RealArray, describe, precision, quiet

__all__ = ["ROUNDED", "Claim"]

# Rounding in a gradient, in units of its own: sums of many terms lose a few digits, and components that cancel with
# others are rounded as those are. What is lost beyond it is measured.
ROUNDED = 16.0
# A function of which the values tremble by more units of rounding is called noisy.
NOISY = 1e4
# Up to so many components more evaluations are worth telling a jump from noise.
FEW = 256
# Of more, what the noise may cost, so that evaluations are left for the gradient.
NOISE_ROUNDS = 3


class Claim:
    """A claimed gradient with the function that it is claimed of.

    Attributes:
        objective: f with its arguments.
        value: f at the point.
        gradients: the claimed gradient of each leaf.
        df: the function that they come from; None if they were given as arrays.
        exact: the exact derivative, if f can be traced.
        own: the claimed gradient is the exact one itself.
        flat: the claimed gradient as one vector.
        eps: the machine epsilon of the coarsest dtype in f.
        noise: the standard deviation of the error in a value of f.
        hidden: the rounding that may lie behind values of f that do not move.
        rounding: how far each component of the claim may be off by rounding alone.
    """

    def __init__(
        self,
        objective: Objective,
        value: RealArray,
        gradients: Sequence[RealArray],
        df: Callable[..., Any] | None,
        exact: Exact | None,
        own: bool,
    ) -> None:
        self.objective, self.value, self.gradients = objective, value, gradients
        self.df, self.exact, self.own = df, exact, own
        self.flat = _flat(gradients)
        self.eps = precision(*(leaf.values for leaf in objective.leaves), value)
        self.noise = self._noise()
        # Where f cannot be traced, no more is known than that it is made of its arguments.
        largest = float(np.abs(objective.flat).max(initial=0.0))
        self.hidden = self.eps * largest if exact is None else exact.rounding
        self.rounding = np.concatenate([np.zeros(0), *(_rounding(g) for g in gradients)])

    def _noise(self) -> float:
        objective = self.objective
        if objective.flat.size > FEW:
            return noise_level(objective.probe, objective.flat, self.eps, NOISE_ROUNDS)
        level = noise_level(objective.probe, objective.flat, self.eps)
        if not self._is_noisy(level):
            return level
        # A jump at the point looks like noise from there, but not from either side.
        shift = 4 * self.eps**0.25 * np.maximum(np.abs(objective.flat), 1)
        for side in (1, -1):
            beside = (objective.flat + side * shift).astype(objective.flat.dtype)
            out = objective.probe.beside(beside)
            if out is not None and np.isfinite(out).all():
                level = min(level, noise_level(objective.probe, beside, self.eps))
        return level

    def _is_noisy(self, level: float) -> bool:
        smallest = float(np.finfo(float).tiny) / self.eps**2
        return level > NOISY * self.eps * max(abs(float(self.value)), smallest)

    @property
    def noisy(self) -> bool:
        """Whether the values of f tremble by far more than the rounding of the result."""
        return self._is_noisy(self.noise)

    def suspect_noise(self) -> bool:
        """Take for the noise what the roundings of all steps of f add up to, if that is more than was measured.

        Values at points close by may all be off alike, where the rounding of an inner value does not change between
        them.
        """
        known = 0.0 if self.exact is None else self.exact.rounding
        more = self.noise < known < np.inf
        self.noise = known if more else self.noise
        return more

    @property
    def custom(self) -> bool:
        """Whether the exact derivative rests on rules of the user's own."""
        return self.exact is not None and bool(self.exact.custom)

    def scale(self) -> NDArray[np.float64]:
        """How far each component is to move: by its own size, at least by that usual in its array."""
        parts = [np.zeros(0)]
        for leaf in self.objective.leaves:
            size = np.abs(leaf.values.ravel().astype(np.float64))
            usual = float(np.sqrt(np.mean(size**2))) if size.size else 0.0
            parts.append(np.maximum(size, usual or 1.0))
        return np.concatenate(parts)

    def exact_flat(self) -> RealArray | None:
        """The exact gradient as one vector."""
        return None if self.exact is None else _flat(self.exact.gradients)

    def trembling(self, indices: NDArray[np.intp]) -> RealArray:
        """How far these components are off by what cancels within the function that computes the claim: measured.

        Zero where the claim is no function, and where it jumps. Raises `ArgumentError` if it is not deterministic.
        """
        if self.df is None or not len(indices):
            return np.zeros(len(indices))
        eps, claimed = max(map(precision, self.gradients)), self.flat[indices]
        largest = float(np.abs(self.flat[np.isfinite(self.flat)]).max(initial=0.0))
        found = trembling_of(self.claim_at, self.objective.flat, indices, eps, largest)
        if found is None:
            return np.zeros(len(indices))
        both = np.isfinite(found.again) & np.isfinite(claimed)
        with quiet():
            apart = np.where(both, np.abs(found.again - claimed), 0.0)
        if (apart > 1e3 * eps * largest).any():
            at = int(np.argmax(apart))
            raise ArgumentError(
                f"{describe(self.df)} is not deterministic: two calls at the same point returned {claimed[at]} and "
                f"{found.again[at]} for {self.objective.label(int(indices[at]))}; fix the seed inside it and keep no "
                "state between calls"
            )
        return found.bar

    def exact_trembling(self, indices: NDArray[np.intp]) -> RealArray:
        """How far these components of the exact derivative are off by rounding: it loses digits where f cancels."""
        if self.exact is None or not len(indices):
            return np.zeros(len(indices))
        return self._rounding_of_exact[indices]

    @cached_property
    def _rounding_of_exact(self) -> RealArray:
        assert self.exact is not None
        given = [leaf.values[()] for leaf in self.objective.leaves]
        return gradient_rounding(self.exact.graph, given, _flat(self.exact.gradients))

    @cached_property
    def limits(self) -> Limits | None:
        """The limits of the exact derivative from all sides; None where f is not traced, or has no kink."""
        if self.exact is None:
            return None
        return limits_of(self.exact.graph, [leaf.values[()] for leaf in self.objective.leaves])

    def leaves_of(self, direction: RealArray) -> list[RealArray]:
        """A direction through all components as one array for each leaf."""
        return [leaf.of(direction) for leaf in self.objective.leaves]

    def claim_at(self, flat: RealArray) -> RealArray:
        """The claimed gradient at another point, as one vector."""
        leaves = [leaf.of(flat) for leaf in self.objective.leaves]
        given = [x[()] if leaf.scalar else x.copy() for x, leaf in zip(leaves, self.objective.leaves, strict=True)]
        return _flat(self.objective.gradients(self.df, given))

    def line(self, index: int) -> Line:
        """f along one component."""
        objective, flat = self.objective, self.objective.flat
        leaf, place = objective.place(index)
        own = leaf.values[place]

        def at(t: float) -> float:
            moved = flat.copy()
            moved[index] = own + own.dtype.type(t)
            side = "above" if t > 0 else "below"
            return self.f_at(moved, f"{abs(t):.2g} {side} {objective.label(index)} = {own:g}")

        def exact(step: float) -> float:
            return 4 * float(on_grid(own, step / 4, 4))

        scale = max(abs(float(own)), 1.0)
        unit = float(np.spacing(abs(own))) / 12**0.5
        return Line(
            at,
            float(self.value),
            self.noise,
            self.eps,
            scale,
            exact,
            hidden=self.hidden,
            unit=unit,
            size=abs(float(own)),
        )

    def f_at(self, point: RealArray, where: str) -> float:
        """f at another point; raises `NonFiniteError`, saying where, if it is NaN or infinite there, or raises."""
        out = self.objective.probe.beside(point)
        if out is None:
            cause = self.objective.probe.cause
            raise NonFiniteError(f"{self.objective.name} raised {type(cause).__name__} ({cause}) at {where}") from cause
        if out.shape != ():
            raise ShapeError(f"{self.objective.name} returned shape {out.shape} at one point and () at another")
        if not np.isfinite(out):
            raise NonFiniteError(f"{self.objective.name} is {out} at {where}")
        return float(out)

    def notes(self) -> list[str]:
        """What there is to say of f itself."""
        found = [] if self.exact is None else list(self.exact.kinks)
        if self.noisy:
            found.append(
                f"the values of f tremble by about {self.noise:.1g}, far more than rounding of the result: it is "
                "noisy, or large numbers cancel in it"
            )
        return found

    def disagreement(self, label: str, exact: float, numeric: float) -> str:
        """What to say where the exact derivative is not that of the numbers."""
        text = (
            f"the derivative that chainrule computes differs from the numbers too ({label}: {exact:.10g}, "
            f"measured {numeric:.10g})"
        )
        if self.exact is not None and self.exact.custom:
            text += f": look at your define_vjp of {', '.join(self.exact.custom)}"
        return text

    def parts(self, reference: RealArray, tolerance: RealArray) -> list[Part]:
        """The evidence, leaf by leaf."""
        return [
            Part(
                leaf.name,
                leaf.values,
                gradient,
                reference[leaf.start : leaf.stop].reshape(leaf.values.shape),
                tolerance[leaf.start : leaf.stop].reshape(leaf.values.shape),
            )
            for leaf, gradient in zip(self.objective.leaves, self.gradients, strict=True)
        ]


def _flat(gradients: Sequence[RealArray]) -> RealArray:
    with quiet():
        return np.concatenate([np.zeros(0), *(g.ravel().astype(np.float64) for g in gradients)])


def _rounding(gradient: RealArray) -> RealArray:
    largest = float(np.abs(gradient[np.isfinite(gradient)]).max(initial=0.0))
    return np.full(gradient.size, ROUNDED * precision(gradient) * largest)
