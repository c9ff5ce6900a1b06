"""Straight lines through the point of differentiation, along which differences are taken, many of them together.

A line is one component of x, one direction, or, for an elementwise function, one element: then all lines are sampled
in the same call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import NonFiniteError
from chainrule.numeric.differences.steps import on_grid
from chainrule.numeric.probe import Index, RealArray, label, quiet
from chainrule.numeric.samples import Samples

__all__ = ["Components", "Directions", "Elements", "Lines"]


class Lines(ABC):
    """Lines through x with the value of f along them; `count` lines, each with an output of shape `out`.

    `position` is the coordinate whose size sets the scale of each line, a vector of the dtype of x.
    """

    samples: Samples
    count: int
    out: tuple[int, ...]
    position: RealArray

    @abstractmethod
    def sample(self, offsets: Sequence[int], steps: RealArray, chosen: Any) -> RealArray:
        """f at x + offset * step on the chosen lines: shape (offsets, chosen lines, *out). `steps` has one a line."""

    @abstractmethod
    def spread(self, outputs: RealArray) -> RealArray:
        """What is known of f at x, such as its value, as an array of shape (lines, *out)."""

    @abstractmethod
    def place(self, line: int, output: Index) -> tuple[str, str]:
        """How a line, with its position, and an output of f on it are called in a message."""

    def scale(self) -> RealArray:
        """The scale of each line that a nominal step refers to: that of the coordinate, at least one."""
        return np.maximum(np.abs(self.position), 1)

    def grid(self, steps: RealArray, reach: int) -> RealArray:
        """The steps nearest to these for which the points of a formula are exact."""
        return on_grid(self.position, steps, reach)

    def inexact(self, steps: RealArray) -> RealArray:
        """By what part of itself the rounding of x + step v may change the displacement step v, line by line."""
        return np.zeros(self.count)

    def require_finite(self, found: RealArray, offsets: Sequence[int], steps: RealArray, chosen: Any, way: str) -> None:
        """Raise `NonFiniteError`, naming the place, if a sample is NaN or infinite; `way` is the way out of it."""
        bad = ~np.isfinite(found)
        if not bad.any():
            return
        name = self.samples.probe.name
        line, offset, *output = (int(i) for i in np.argwhere(np.moveaxis(bad, 0, 1))[0])
        at, value = int(chosen[line]), found[(offset, line, *output)]
        where, what = self.place(at, tuple(output))
        centre = self.spread(self.samples.centre)[at]
        if not np.isfinite(centre).all():
            first = tuple(int(i) for i in np.argwhere(~np.isfinite(centre))[0])
            what = self.place(at, first)[1]
            raise NonFiniteError(
                f"{label(name, ())}{what} is {centre[first]} at x itself: move x into the domain of the function"
            )
        shift = offsets[offset] * float(steps[at])
        side, other = ("above", "backward") if shift > 0 else ("below", "forward")
        cause = self.samples.probe.cause if np.isnan(value) else None
        found_there = f"is {value}" if cause is None else f"raised {type(cause).__name__} ({cause})"
        raise NonFiniteError(
            f"{name}{what} {found_there} at {abs(shift):.2g} {side} {where}: {way.format(other=repr(other))}"
        ) from cause


class Elements(Lines):
    """The elements of x, for an elementwise function: a line each."""

    def __init__(self, samples: Samples) -> None:
        self.samples, self.out = samples, ()
        self.position = samples.values.reshape(-1)
        self.count = self.position.size

    def sample(self, offsets: Sequence[int], steps: RealArray, chosen: Any) -> RealArray:
        values = self.samples.values
        with quiet():
            points = [values + (k * steps).reshape(values.shape) for k in offsets]
        return self.samples.many(points, len(points)).reshape(len(points), self.count)[:, chosen]

    def spread(self, outputs: RealArray) -> RealArray:
        return outputs.reshape(-1)

    def place(self, line: int, output: Index) -> tuple[str, str]:
        index = np.unravel_index(line, self.samples.values.shape)
        return f"{label('x', tuple(int(i) for i in index))} = {self.position[line]:g}", ""


class Components(Lines):
    """Components of x, one after the other."""

    def __init__(self, samples: Samples, indices: Sequence[Index]) -> None:
        self.samples, self.indices, self.out = samples, indices, samples.centre.shape
        self.count = len(indices)
        self.position = np.array([samples.values[i] for i in indices], samples.values.dtype)

    def sample(self, offsets: Sequence[int], steps: RealArray, chosen: Any) -> RealArray:
        def moved(line: int, offset: int) -> RealArray:
            point = self.samples.values.copy()
            point[self.indices[line]] += offset * steps[line]
            return point

        with quiet():
            # Line by line, so that what f says of the first bad component comes first.
            points = (moved(int(line), k) for line in chosen for k in offsets)
            found = self.samples.many(points, len(chosen) * len(offsets))
        return np.moveaxis(found.reshape(len(chosen), len(offsets), *self.out), 1, 0)

    def spread(self, outputs: RealArray) -> RealArray:
        return np.broadcast_to(outputs, (self.count, *self.out))

    def place(self, line: int, output: Index) -> tuple[str, str]:
        return f"{label('x', self.indices[line])} = {self.position[line]:g}", label("", output)


class Directions(Lines):
    """Directions, each an array of the shape of x: the line x + t v."""

    def __init__(self, samples: Samples, directions: Sequence[RealArray]) -> None:
        self.samples, self.directions, self.out = samples, directions, samples.centre.shape
        self.count = len(directions)
        # The t that moves the first component by its own size.
        sizes = [_scale(samples.values, v) for v in directions]
        self.position = np.array(sizes, samples.values.dtype)

    def sample(self, offsets: Sequence[int], steps: RealArray, chosen: Any) -> RealArray:
        with quiet():
            points = (
                (self.samples.values + k * steps[i] * self.directions[i]).astype(self.samples.values.dtype)
                for i in map(int, chosen)
                for k in offsets
            )
            found = self.samples.many(points, len(chosen) * len(offsets))
        return np.moveaxis(found.reshape(len(chosen), len(offsets), *self.out), 1, 0)

    def spread(self, outputs: RealArray) -> RealArray:
        return np.broadcast_to(outputs, (self.count, *self.out))

    def place(self, line: int, output: Index) -> tuple[str, str]:
        return "x along the direction", label("", output)

    def scale(self) -> RealArray:
        longest = np.array([float(np.abs(v).max(initial=0.0)) or 1.0 for v in self.directions])
        return np.maximum(self.position, 1 / longest).astype(self.position.dtype)

    def grid(self, steps: RealArray, reach: int) -> RealArray:
        # A power of two, so that a component of v is not rounded when it is multiplied by the step. x + t v is
        # rounded, as is every argument of a function; a step below that grid would be lost.
        least = [16 * _unit(self.samples.values, v) for v in self.directions]
        return np.exp2(np.rint(np.log2(np.maximum(steps, least)))).astype(steps.dtype)

    def inexact(self, steps: RealArray) -> RealArray:
        units = [_unit(self.samples.values, v) for v in self.directions]
        return np.asarray(units) / steps.astype(np.float64)


def _scale(values: RealArray, direction: RealArray) -> float:
    moving = direction != 0
    if not moving.any():
        return 1.0
    ratios = np.abs(values[moving]) / np.abs(direction[moving])
    return float(ratios.min())


def _unit(values: RealArray, direction: RealArray) -> float:
    """The step that moves each component by at least a unit of its rounding."""
    moving = direction != 0
    if not moving.any():
        return 1.0
    return float((np.spacing(np.abs(values[moving])) / np.abs(direction[moving])).max())
