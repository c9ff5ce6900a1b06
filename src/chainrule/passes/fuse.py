"""Which steps of a computation share one loop.

A step that needs a value component by component can stand in the loop that makes it; one that needs it in another
shape, or all of it, has to wait for the end of that loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import final

__all__ = ["Group", "Step", "fuse"]


@final
@dataclass(frozen=True, eq=False, slots=True)
class Step:
    """One operation.

    Attributes:
        makes: what it makes.
        loop: the loop that it needs; None for an operation that shares none.
        inside: what it needs component by component, in the same loop.
        whole: what it needs as a whole.
        reduction: for one that folds components: how, since all folds of a loop are of one kind; else None.
    """

    makes: Hashable
    loop: Hashable | None
    inside: tuple[Hashable, ...] = ()
    whole: tuple[Hashable, ...] = ()
    reduction: Hashable | None = None


@final
@dataclass(eq=False, slots=True)
class Group:
    """Steps that share a loop, in order.

    Attributes:
        loop: their loop; None for a step that stands alone.
        steps: at least one.
        reduction: the kind of their folds, None if there are none.
    """

    loop: Hashable | None
    steps: list[Step] = field(default_factory=list)
    reduction: Hashable | None = None


def fuse(steps: Iterable[Step]) -> list[Group]:
    """Steps put together to as few loops as their order allows.

    Each goes into the first loop of its kind in which all that it needs is there; so a step may run before one that
    it stands behind, and loops of one shape meet across other work.

    Args:
        steps: each behind those that make what it needs. What no step makes is there from the beginning.

    Returns:
        The groups, in an order in which they can run.

    >>> groups = fuse(
    ...     [
    ...         Step("r = z - y", "rows"),
    ...         Step("g = X^T r", None, whole=("r = z - y",)),
    ...         Step("s = r^2", "rows", inside=("r = z - y",)),
    ...         Step("sum of s", "rows", inside=("s = r^2",), reduction="over rows"),
    ...     ]
    ... )
    >>> for group in groups:
    ...     print([step.makes for step in group.steps])
    ['r = z - y', 's = r^2', 'sum of s']
    ['g = X^T r']
    """
    groups: list[Group] = []
    place: dict[Hashable, int] = {}
    finished_later: dict[Hashable, int] = {}
    for step in steps:
        first = 0
        for need in step.inside:
            # A fold is finished when its loop is, so even a step of the same loop has to wait for it.
            first = max(first, finished_later.get(need, place.get(need, 0)))
        for need in step.whole:
            if need in place:
                first = max(first, place[need] + 1)
        chosen = _first_fit(groups, first, step)
        if chosen is None:
            chosen = len(groups)
            groups.append(Group(step.loop))
        group = groups[chosen]
        group.steps.append(step)
        place[step.makes] = chosen
        if step.reduction is not None:
            group.reduction = step.reduction
            finished_later[step.makes] = chosen + 1
    return groups


def _first_fit(groups: Sequence[Group], first: int, step: Step) -> int | None:
    if step.loop is None:
        return None
    for i in range(first, len(groups)):
        group = groups[i]
        fits = step.reduction is None or group.reduction in (None, step.reduction)
        if group.loop == step.loop and fits:
            return i
    return None
