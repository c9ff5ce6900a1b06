"""The table of lowerings: for each elementwise primitive how machine code computes it, and on which dtypes.

A lowering is a function of `Vector`s, written with their operators. This file and those of the families do not import
llvmlite, so that a plan can ask what can be lowered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, final

import numpy as np

from chainrule.core.primitive import Primitive
from chainrule.core.shapes import join_dtypes, join_floating

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector

__all__ = ["Lowering", "computed_in", "lowered", "lowering_of", "shared"]

Dtypes = tuple[np.dtype[Any], ...]


@final
@dataclass(frozen=True, slots=True)
class Lowering:
    """How one primitive is computed.

    Attributes:
        write: makes the result of vectors and of the parameters, by keyword.
        kinds: of dtypes that the first operand may have where it is computed, as in `numpy.dtype.kind`.
        operands: the dtypes to convert the operands to, from their own and the parameters; None for what NumPy says.
    """

    write: Callable[..., Vector]
    kinds: str
    operands: Callable[..., Dtypes] | None


_table: dict[str, Lowering] = {}


def lowered(*names: str, kinds: str = "f", operands: Callable[..., Dtypes] | None = None) -> Callable[..., Any]:
    """Enter a function of vectors as the lowering of primitives."""

    def enter(write: Callable[..., Vector]) -> Callable[..., Vector]:
        for name in names:
            _table[name] = Lowering(write, kinds, operands)
        return write

    return enter


def shared(inline: bool = True) -> Callable[..., Any]:
    """Written once in a module as a function of its own, and called: for what takes many instructions."""

    def of(write: Callable[..., Vector]) -> Callable[..., Vector]:
        name = write.__name__.strip("_")

        @wraps(write)
        def call(x: Vector, *others: Vector) -> Vector:
            return x.shared(name, write, others, inline)

        return call

    return of


def lowering_of(primitive: Primitive) -> Lowering | None:
    """The entry of a primitive, or None."""
    return _table.get(primitive.name) if primitive.module.startswith("chainrule.ops.") else None


def computed_in(
    primitive: Primitive, operand_dtypes: Sequence[Any], parameters: Mapping[str, Any]
) -> tuple[np.dtype[Any], ...] | None:
    """The dtypes to convert operands to before a lowering takes them; None where there is no lowering.

    >>> from chainrule.core.registry import primitives
    >>> import chainrule.kernels.lowering, chainrule.ops
    >>> computed_in(primitives()["exp"], [np.dtype(np.int64)], {})
    (dtype('float64'),)
    """
    entry = lowering_of(primitive)
    if entry is None:
        return None
    given = [np.dtype(dtype) for dtype in operand_dtypes]
    try:
        if entry.operands is not None:
            dtypes = entry.operands(*operand_dtypes, **parameters)
        elif isinstance(primitive.evaluate, np.ufunc):
            dtypes = _of_ufunc(primitive.evaluate, operand_dtypes)
        else:
            dtypes = floating(*operand_dtypes)
    except TypeError:  # NumPy has no such operation on these
        return None
    supported = all(d.kind in "biu" or d.char in "fd" for d in (*dtypes, *given))
    return dtypes if supported and dtypes[0].kind in entry.kinds else None


def _of_ufunc(ufunc: np.ufunc, dtypes: Sequence[Any]) -> Dtypes:
    weak = all(isinstance(dtype, type) for dtype in dtypes)  # NumPy wants one dtype that is not
    given = [np.dtype(dtype) if weak or dtype is bool else dtype for dtype in dtypes]
    return tuple(ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))[: len(given)])


def floating(*dtypes: Any, **_: Any) -> Dtypes:
    """All the same floating dtype."""
    return (np.dtype(join_floating(*dtypes)),) * len(dtypes)


def joined(*dtypes: Any, **_: Any) -> Dtypes:
    """All the same dtype."""
    return (np.dtype(join_dtypes(*dtypes)),) * len(dtypes)


def unchanged(*dtypes: Any, **_: Any) -> Dtypes:
    """Their own."""
    return tuple(np.dtype(dtype) for dtype in dtypes)
