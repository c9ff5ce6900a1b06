"""Parameters in a container as one vector of real coordinates, and back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import differentiable
from chainrule.calculus.containers import flatten
from chainrule.errors import ArgumentError
from chainrule.numeric.probe import label

__all__ = ["Coordinates"]

SHOWN = 3  # components of a direction that its name lists
SHARE = 0.05  # of a direction's square, below which a component is not named


@final
class Coordinates:
    """How the parameters of one form become a vector: array after array, of a complex one the real parts first.

    Attributes:
        size: the number of real coordinates.
        paths: the name of each array; of a single array, the name that was given.
        precision: the spacing of floats around 1, of the coarsest dtype among the arrays.

    >>> where = Coordinates({"w": np.array([1.0, 2.0]), "b": 3.0})
    >>> where.vector({"w": np.array([1.0, 2.0]), "b": 3.0})
    array([1., 2., 3.])
    >>> where.direction(np.array([0.0, 1.0, 0.0]))
    'w[1]'
    """

    __slots__ = ("_leaves", "_rebuild", "paths", "precision", "size")

    def __init__(self, at: Any, name: str = "at") -> None:
        pairs, self._rebuild = flatten(at, name)
        self._leaves = [differentiable(leaf, path) for path, leaf in pairs]
        self.paths = tuple(path.removeprefix(f"{name}.") for path, _ in pairs)
        self.size = sum(_coordinates_of(leaf) for leaf in self._leaves)
        if not self.size:
            raise ArgumentError(f"{name} holds no numbers: give the parameters")
        self.precision = max(float(np.finfo(leaf.dtype).eps) for leaf in self._leaves)

    def vector(self, parameters: Any) -> NDArray[np.float64]:
        """The coordinates of parameters of this form, shape (size,)."""
        return self.joined([leaf for _, leaf in flatten(parameters)[0]])

    def joined(self, leaves: Sequence[Any], *, gradient: bool = False) -> NDArray[np.float64]:
        """The coordinates of arrays. A gradient by a complex parameter is conjugated: by x + iy it is g_x - i g_y."""
        parts: list[NDArray[np.float64]] = []
        for leaf in leaves:
            flat = np.ravel(leaf)
            parts.append(np.asarray(flat.real, np.float64))
            if flat.dtype.kind == "c":
                parts.append(np.asarray(-flat.imag if gradient else flat.imag, np.float64))
        return np.concatenate(parts)

    def parameters(self, vector: NDArray[np.float64]) -> Any:
        """Parameters of this form, in their dtypes, from coordinates."""
        leaves, start = [], 0
        for leaf in self._leaves:
            count, size = _coordinates_of(leaf), np.size(leaf)
            part = vector[start : start + count]
            value = part[:size] + 1j * part[size:] if leaf.dtype.kind == "c" else part
            leaves.append(value.astype(leaf.dtype).reshape(np.shape(leaf))[()])
            start += count
        return self._rebuild(leaves)

    def direction(self, vector: NDArray[np.float64]) -> str:
        """What a direction changes most, by name: at most three components, the largest first, with their signs."""
        share = vector**2 / max(float(vector @ vector), math.ulp(0.0))
        count = min(SHOWN, self.size)
        leading = np.argpartition(-share, count - 1)[:count]
        leading = leading[np.argsort(-share[leading], kind="stable")]
        named = [int(i) for i in leading if share[i] >= SHARE] or [int(leading[0])]
        if share[named].sum() < 0.5:
            return f"many components ({self.name(named[0])} the largest)"
        first = math.copysign(1.0, vector[named[0]])
        text = self.name(named[0])
        for i in named[1:]:
            text += f" {'+' if vector[i] * first > 0 else '-'} {self.name(i)}"
        return text

    def name(self, place: int) -> str:
        """What the coordinate of a place is called, such as "w[0]"."""
        for path, leaf, start in self._starts():
            offset = place - start
            if 0 <= offset < _coordinates_of(leaf):
                index = np.unravel_index(offset % np.size(leaf), np.shape(leaf))
                name = label(path, tuple(int(i) for i in index))
                return f"the imaginary part of {name}" if offset >= np.size(leaf) else name
        raise AssertionError(place)

    def _starts(self) -> Iterator[tuple[str, Any, int]]:
        start = 0
        for path, leaf in zip(self.paths, self._leaves, strict=True):
            yield path, leaf, start
            start += _coordinates_of(leaf)


def _coordinates_of(leaf: Any) -> int:
    return int(np.size(leaf)) * (2 if leaf.dtype.kind == "c" else 1)
