"""The exponential function: the argument reduced by multiples of ln 2, a polynomial, and the power of 2 put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@lowered("exp")
@shared(inline=False)
def exp(x: Vector) -> Vector:
    return x.each("expf" if x.single else "exp")
