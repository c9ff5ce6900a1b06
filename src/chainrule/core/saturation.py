"""Where a result stays finite although an operand is infinite: there the derivative is zero by construction."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.record import Record
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value

__all__ = ["overflowed", "unsaturated"]


def unsaturated(F: Any, x: Array, out: Array) -> Array | None:
    """Where x is not infinite or the result is not finite; None where that is everywhere, which is the rule."""
    if isinstance(x, (np.ndarray, np.generic)) and not np.count_nonzero(np.isinf(x)):
        return None
    return F.unsaturated(x, out)


def overflowed(record: Record | None) -> bool:
    """Whether the infinities in a value come from exponentials that overflowed, and from no pole.

    Known on a tape only: a graph has no values.
    """
    stack = [record]
    while stack:
        record = stack.pop()
        if (
            record is None
            or record.primitive is None
            or not isinstance(plain_value(record.value), np.ndarray | np.generic)
        ):
            return False
        infinite = [
            operand
            for operand, value in zip(record.operands, record.values, strict=True)
            if np.any(np.isinf(plain_value(value)))
        ]
        derivative = record.primitive.derivative
        if infinite:
            stack.extend(infinite)
        elif np.any(np.isinf(plain_value(record.value))) and not getattr(derivative, "overflows", False):
            return False
    return True
