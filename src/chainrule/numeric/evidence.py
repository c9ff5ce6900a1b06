"""What a gradient check has found out: the claimed gradient beside a reference that knows its own error.

The check collects it, the diagnosis reads it; neither needs to know how the other works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.core.graph import Graph
from chainrule.numeric.probe import RealArray

__all__ = ["Evidence", "Part"]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The gradient with respect to one array of parameters: as claimed, as it should be, and the error bar of both.

    `point` holds the parameters; `reference` and `tolerance` have its shape. `claimed` may have another shape, which
    is a mistake of its own. Where a part was measured along random directions only, `directions` is true: each entry
    of `claimed` and `reference` is then the slope along one direction, and only what is linear can be read from it.
    """

    name: str
    point: RealArray
    claimed: RealArray
    reference: RealArray
    tolerance: RealArray
    directions: bool = False

    @property
    def passed(self) -> bool:
        """Whether every claimed component agrees with the reference within its error bar; NaN never does."""
        if self.claimed.shape != self.reference.shape:
            return False
        return bool((abs(self.claimed - self.reference) <= self.tolerance).all())


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All parts of one check, and what a hypothesis about the mistake may ask for.

    `arguments` are all arguments of f by name, also those that are not differentiated: a constant factor is looked
    for among their sizes. `others` gives the reference gradient with respect to an argument that was not chosen, or
    None where it cannot be had. `graph` is f traced at the point; its inputs are the nodes of the parts, in the order
    of `parts` and under their names; None where f cannot be traced. `elsewhere` takes the same evidence at another
    point close by, where the gradient is a function and both can be evaluated there; a coincidence does not survive it.
    """

    parts: Sequence[Part]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    others: Callable[[str], RealArray | None] = lambda name: None
    graph: Graph | None = None
    elsewhere: Callable[[], Evidence | None] = lambda: None
