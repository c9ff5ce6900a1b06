"""Wrong components summed up: whole arrays, rows, columns, blocks and ranges in place of a list of indices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.numeric.checking.objective import Leaf
from chainrule.numeric.checking.ranges import range_label
from chainrule.numeric.checking.report import Component, Group

__all__ = ["grouped", "patterns"]

# More ranges than these say less than their number does.
MOST = 20


def patterns(name: str, wrong: NDArray[np.bool_], silent: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """The groups that wrong components form, each as it is written in Python, with the components in it.

    `silent` are those that cannot tell, because claim and reference are both zero: a row of wrong components may
    hold some.

    >>> wrong = np.zeros((3, 4), bool)
    >>> wrong[1] = True
    >>> [label for label, _ in patterns("W", wrong, np.zeros((3, 4), bool))]
    ['W[1, :]']
    """
    if not wrong.any():
        return []
    fits = wrong | silent
    if fits.all():
        return [(name, wrong)]
    found = _box(name, wrong, fits) or _slices(name, wrong, fits) or _ranges(name, wrong, fits)
    return found or [(f"{np.count_nonzero(wrong)} components of {name} in many places", wrong)]


def _box(name: str, wrong: NDArray[np.bool_], fits: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """One box that holds them all: rows, columns, a single component."""
    if not wrong.ndim:
        return [(name, wrong)]
    at = np.nonzero(wrong)
    box = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in at)
    return [(_written(name, box, wrong.shape), wrong)] if fits[box].all() else []


def _slices(name: str, wrong: NDArray[np.bool_], fits: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Several rows or columns."""
    for axis in range(wrong.ndim if wrong.ndim > 1 else 0):
        others = tuple(i for i in range(wrong.ndim) if i != axis)
        some: NDArray[np.bool_] = np.asarray(wrong.any(axis=others))
        full = np.asarray(fits.all(axis=others)) & some
        if not np.array_equal(full, some):
            continue
        stretches = list(_stretches(full))
        if len(stretches) > MOST:
            continue
        found = []
        for start, stop in stretches:
            box = tuple(slice(start, stop) if i == axis else slice(0, n) for i, n in enumerate(wrong.shape))
            inside = np.zeros_like(wrong)
            inside[box] = wrong[box]
            found.append((_written(name, box, wrong.shape), inside))
        return found
    return []


def _ranges(name: str, wrong: NDArray[np.bool_], fits: NDArray[np.bool_]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Ranges of components, counted row by row."""
    flat = wrong.ravel()
    counted = np.concatenate([[0], np.cumsum(flat)])
    stretches = [(a, b) for a, b in _stretches(fits.ravel()) if counted[b] > counted[a]]
    if len(stretches) > MOST:
        return []
    found = []
    for start, stop in stretches:
        at = np.flatnonzero(flat[start:stop])
        low, high = start + int(at[0]), start + int(at[-1]) + 1
        inside = np.zeros_like(flat)
        inside[low:high] = flat[low:high]
        found.append((range_label(name, wrong.shape, low, high), inside.reshape(wrong.shape)))
    return found


def _stretches(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    pairs: Sequence[int] = [int(edge) for edge in edges]
    yield from zip(pairs[::2], pairs[1::2], strict=True)


def _written(name: str, box: tuple[slice, ...], shape: tuple[int, ...]) -> str:
    def one(part: slice, size: int) -> str:
        if (part.start, part.stop) == (0, size):
            return ":"
        return f"{part.start}" if part.stop == part.start + 1 else f"{part.start}:{part.stop}"

    return f"{name}[{', '.join(one(part, size) for part, size in zip(box, shape, strict=True))}]"


def grouped(
    leaves: Sequence[Leaf], wrong: NDArray[np.bool_], silent: NDArray[np.bool_], components: Sequence[Component]
) -> list[Group]:
    """The wrong components of all arrays as groups, each with its worst among those that were compared on their own."""
    found = []
    by_leaf: dict[str, list[Component]] = {}
    for component in components:
        by_leaf.setdefault(component.name, []).append(component)
    for leaf in leaves:
        shape, part = leaf.values.shape, slice(leaf.start, leaf.stop)
        for label, inside in patterns(leaf.name, wrong[part].reshape(shape), silent[part].reshape(shape)):
            own = [c for c in by_leaf.get(leaf.name, ()) if inside[c.index]]
            worst = max(own, key=lambda c: c.ratio, default=None)
            found.append(Group(label, int(np.count_nonzero(inside)), worst=worst))
    return found
