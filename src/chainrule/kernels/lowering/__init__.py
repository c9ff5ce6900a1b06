"""Elementwise operations as LLVM IR: the table of lowerings, and the vector mathematics that they are made of.

- `table`: which primitive is computed how; what `can_lower` asks.
- What takes a few instructions: `arithmetic`, `division`, `comparison`, `piecewise`, `conversion`, `roots`.
- Vector mathematics: `polynomial`, `exponential`, `logarithm`, and what is made of them: `power`, `hyperbolic`,
  `logistic`, `entropy`, `error_functions`; `trigonometric`, `inverse`.
- `vector`: the lanes of a register, with operators that write instructions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.primitive import Primitive
from chainrule.kernels.lowering import (  # noqa: F401  enter all lowerings
    arithmetic,
    comparison,
    conversion,
    division,
    entropy,
    error_functions,
    exponential,
    hyperbolic,
    inverse,
    logarithm,
    logistic,
    piecewise,
    power,
    roots,
    trigonometric,
)
from chainrule.kernels.lowering.table import computed_in, lowering_of

if TYPE_CHECKING:
    import llvmlite.ir as ir

__all__ = ["can_lower", "computed_in", "lower"]


def can_lower(primitive: Primitive, operand_dtypes: Sequence[Any], parameters: Mapping[str, Any]) -> bool:
    """Whether there is code for a primitive on operands of these dtypes, once they are converted to `computed_in`."""
    return computed_in(primitive, operand_dtypes, parameters) is not None


def lower(
    builder: ir.IRBuilder,
    primitive: Primitive,
    operands: Sequence[Any],
    parameters: Mapping[str, Any],
    dtype: np.dtype[Any],
    lanes: int,
) -> ir.Value:
    """Write an elementwise operation on the lanes of registers.

    Args:
        builder: where the instructions go; helper functions go to its module.
        primitive: one that `can_lower` affirms.
        operands: values of type `<lanes x element>` (a scalar for one lane), or Python numbers, of the dtypes that
            `computed_in` gives. A known exponent given as a number is multiplied out.
        parameters: the static arguments of the primitive.
        dtype: of the operands; a condition of `where` is bool besides.
        lanes: how many components are computed at a time.

    Returns:
        The result: bool as `i1`.
    """
    from chainrule.kernels.lowering.vector import Vector, constant

    entry = lowering_of(primitive)
    assert entry is not None, primitive
    dtypes = [dtype] * len(operands)
    if primitive.name == "where":
        dtypes[0] = np.dtype(bool)
    vectors = [
        Vector(builder, constant(x, d, lanes) if isinstance(x, int | float) else x, d, lanes)
        for x, d in zip(operands, dtypes, strict=True)
    ]
    return entry.write(*vectors, **parameters).value
