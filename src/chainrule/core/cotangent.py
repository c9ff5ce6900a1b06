"""What travels back in reverse mode besides a plain cotangent: one that is zero by construction in places, and one that
is zero outside a part of an array.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.shapes import Array

__all__ = ["Mask", "Masked", "Piece", "as_number", "both"]


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """Where a cotangent is zero by construction. It is explicit and never a test for g == 0, which would also cut
    second derivatives at points where the first one vanishes.

    Attributes:
        branch: False where `where` took the other branch; every elementwise rule keeps the zero there, even if its
            partial is NaN or infinite. None is True everywhere.
        reached: False where a result stayed finite although an operand is infinite, as 1 / (1 + exp(-z)) does at
            z = -1000. Only an exponential that overflowed keeps this zero: at a pole, as in 1 / (1 / x), the limit is
            another.
        parts: the parts of a packed result (see `core.packed`) that the cotangent is of; the others are not read by
            what is differentiated. None is all of them.
    """

    branch: Array | None = None
    reached: Array | None = None
    parts: frozenset[str] | None = None

    def cut(self, F: Any, cotangent: Array, overflows: bool) -> Array:
        """The cotangent with its zeros made good after a multiplication."""
        if self.branch is not None:
            cotangent = as_number(F.where(self.branch, cotangent, 0.0))
        if overflows and self.reached is not None:
            cotangent = as_number(F.where(self.reached, cotangent, 0.0))
        return cotangent

    def joined(self, F: Any, other: Mask) -> Mask | None:
        """That of a sum of two cotangents: zero where both are."""
        branch, reached = (
            None if a is None or b is None else F.logical_or(a, b)
            for a, b in ((self.branch, other.branch), (self.reached, other.reached))
        )
        parts = None if self.parts is None or other.parts is None else self.parts | other.parts
        return None if branch is reached is parts is None else Mask(branch, reached, parts)

    def moved(self, move: Callable[[Array], Array]) -> Mask:
        """That of the cotangent after a rearrangement."""
        return Mask(*(None if part is None else move(part) for part in (self.branch, self.reached)))


def as_number(x: Array) -> Array:
    """A number where NumPy's where gives an array without axes: a gradient by a number is one."""
    return x[()] if isinstance(x, np.ndarray) and not x.shape else x


def both(F: Any, a: Array | None, b: Array | None) -> Array | None:
    """True where both masks are, of which either may be None: True everywhere."""
    if a is None or b is None:
        return b if a is None else a
    return F.logical_and(a, b)


@dataclass(frozen=True, slots=True, eq=False)
class Masked:
    """A cotangent together with its mask."""

    value: Array
    mask: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A cotangent of plain arrays that is zero outside an index: what reading a part of an array sends back.

    The pieces of one array are added up in one buffer, so that reading it in a loop, component by component, costs
    what the components cost and not a whole array for each.

    Attributes:
        value: the cotangent of the part.
        index: where the part stands; with arrays in it, components may repeat.
        like: the array that was read.
    """

    value: Array
    index: tuple[Any, ...]
    like: Array

    def add_to(self, buffer: Array) -> None:
        for part in self.index:
            if isinstance(part, np.ndarray):
                np.add.at(buffer, self.index, self.value)
                return
        buffer[self.index] += self.value

    def whole(self) -> Array:
        buffer = np.zeros(self.like.shape, self.like.dtype)
        if len(self.index) == 1 and type(self.index[0]) in (int, slice):
            buffer[self.index] = self.value
        else:
            self.add_to(buffer)
        return buffer
