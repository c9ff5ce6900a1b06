"""Functions that the C library computes, lane by lane."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

# Our names and those of C.
_NAMES = {"cbrt": "cbrt"}


def _from_c(name: str) -> Callable[..., Vector]:
    def write(x: Vector, *others: Vector) -> Vector:
        return x.each(name + "f" if x.single else name, *others)

    write.__name__ = name
    return shared(inline=False)(write)


for _name, _of_c in _NAMES.items():
    lowered(_name)(_from_c(_of_c))
