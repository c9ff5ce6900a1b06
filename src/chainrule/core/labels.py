"""Which axes of operands and result go together: the one statement of a shape rule that the row analysis reads.

An axis has a label. Component i of the result along a label depends on component i of the operands along it, and on no
other. Where the result does not have the label, the operation goes over all components; how it puts them together is
its `Folding`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

__all__ = [
    "Carried",
    "Folding",
    "Label",
    "Labels",
    "aligned_labels",
    "apart",
    "leading_labels",
    "repeated_labels",
    "reshaped_labels",
    "unused",
]

Label = Hashable  # None: along this axis everything depends on everything


class Special(Enum):
    """Labels that connect nothing."""

    UNUSED = "of an operand: no component along it matters"
    REPEATED = "of the result: its components along it are equal"


class Carried(Enum):
    """What becomes of an axis that the result does not have as one."""

    FOLDED = "gone over: the result is put together from what each component along it gives"
    MIXED = "mixed: the result depends on the components along it in another way"


class Folding(Enum):
    """How an operation puts the components of an axis together that it goes over.

    The result is the sum (the mean, the product, ...) over the components of what it gives for each of them.
    """

    SUM = "sum"
    MEAN = "mean"
    PRODUCT = "product"
    MAX = "max"
    MIN = "min"
    ANY = "any"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Labels:
    """A label for each axis of each operand, and for each axis of the result.

    Attributes:
        operands, result: the labels.
        patterns: the operands of which only the shape or the dtype matters.
    """

    operands: tuple[tuple[Label, ...], ...]
    result: tuple[Label, ...]
    patterns: tuple[int, ...] = ()

    def carry(self, axes: Sequence[int | None]) -> int | Carried | None:
        """Where an axis is in the result.

        Args:
            axes: which axis of each operand is meant; None where the operand does not have it.

        Returns:
            The axis of the result; None if the result does not depend on it; else what becomes of it.

        >>> Labels((("m", "k"), ("k", "n")), ("m", "n")).carry((0, None))
        0
        """
        named = {own[axis] for own, axis in zip(self.operands, axes, strict=True) if axis is not None}
        named.discard(Special.UNUSED)
        if not named:
            return None
        label = named.pop()
        if named or label is None:
            return Carried.MIXED
        for own, axis in zip(self.operands, axes, strict=True):
            if own.count(label) > (axis is not None and own[axis] == label):
                return Carried.MIXED
        if label not in self.result:
            return Carried.FOLDED
        return self.result.index(label) if self.result.count(label) == 1 else Carried.MIXED

    def together(self) -> Iterator[list[tuple[int, int]]]:
        """The axes that have a label in common, as (operand, axis); the result is operand -1."""
        places: dict[Label, list[tuple[int, int]]] = {}
        for i, own in enumerate((*self.operands, self.result)):
            position = i if i < len(self.operands) else -1
            for axis, label in enumerate(own):
                if label is not None and not isinstance(label, Special):
                    places.setdefault(label, []).append((position, axis))
        yield from (group for group in places.values() if len(group) > 1)

    def repeats(self, axis: int) -> bool:
        """Whether the components of the result along an axis are equal."""
        return self.result[axis] is Special.REPEATED


def apart(shapes: Sequence[tuple[int, ...]], result: tuple[int, ...]) -> Labels:
    """Of an operation that nothing is known about: each component depends on all of them."""
    return Labels(tuple((None,) * len(shape) for shape in shapes), (None,) * len(result))


def unused(shape: tuple[int, ...]) -> tuple[Label, ...]:
    """Of an operand whose components do not matter."""
    return (Special.UNUSED,) * len(shape)


def aligned_labels(shape: tuple[int, ...], result: tuple[int, ...], labels: Sequence[Label]) -> tuple[Label, ...]:
    """The labels of an operand that is broadcast to a shape: an axis of size 1 that is repeated has none."""
    behind = len(result) - len(shape)
    return tuple(
        labels[behind + i] if behind + i >= 0 and n == result[behind + i] else None for i, n in enumerate(shape)
    )


def repeated_labels(shape: tuple[int, ...], result: tuple[int, ...]) -> Labels:
    """Of an operand that is broadcast to a larger shape."""
    own = aligned_labels(shape, result, range(len(result)))
    return Labels((own,), tuple(i if i in own else Special.REPEATED for i in range(len(result))))


def leading_labels(shapes: Sequence[tuple[int, ...]], result: tuple[int, ...], own: Sequence[int], kept: int) -> Labels:
    """Of stacks: leading axes broadcast against each other, and what stands behind belongs together.

    Args:
        shapes: of the operands.
        result: the shape of the result.
        own: how many last axes of each operand are not the stack's.
        kept: how many last axes of the result are not.
    """
    stack = result[: len(result) - kept]
    labels = [
        (*aligned_labels(shape[: len(shape) - n], stack, range(len(stack))), *[None] * n)
        for shape, n in zip(shapes, own, strict=True)
    ]
    return Labels(tuple(labels), (*range(len(stack)), *[None] * kept))


def reshaped_labels(shape: tuple[int, ...], result: tuple[int, ...]) -> Labels:
    """Of an array that takes another shape with as many components: the axes that stay whole have labels.

    >>> reshaped_labels((5, 2, 3), (5, 6)).operands
    ((0, None, None),)
    """
    given: list[Label] = [None] * len(shape)
    taken: list[Label] = [None] * len(result)
    sizes = [(i, n) for i, n in enumerate(shape) if n != 1]
    wanted = [(i, n) for i, n in enumerate(result) if n != 1]
    if 0 in shape and shape != result:
        return Labels((tuple(given),), tuple(taken))
    while sizes and wanted:
        (i, n), (j, m) = sizes.pop(0), wanted.pop(0)
        if n == m:
            given[i] = taken[j] = j
            continue
        while n != m:
            if n < m:
                n *= sizes.pop(0)[1]
            else:
                m *= wanted.pop(0)[1]
    return Labels((tuple(given),), tuple(taken))
