"""Vectors of a map in memory: side by side, repeated or gathered, and with lanes left out at the end of an axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, final

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels.codegen import (
    POINTER,
    Literal,
    at,
    element_type,
    index,
    lane_numbers,
    load,
    register_type,
    splat,
    store,
    zero,
)
from chainrule.kernels.program import Value

__all__ = ["Lanes", "first_lanes", "known_lanes", "read", "write"]

_LANE = ir.IntType(32)
_BIT = ir.IntType(1)


@final
@dataclass(slots=True)
class Lanes:
    """One vector of a loop while its code is written.

    Attributes:
        start: of the loop's pass, in steps of the axis that the vectors run along.
        offset: of this vector in the pass.
        count: of lanes.
        valid: how many lanes hold components of the axis, if that is known and not all of them do.
        mask: which lanes do, where not all of them do.
        values: what has been computed.
    """

    start: ir.Value
    offset: int
    count: int
    valid: int | None = None
    mask: ir.Value | None = None
    values: dict[Value, ir.Value] = field(default_factory=dict)

    def at(self, builder: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype[Any], stride: int) -> ir.Value:
        """The pointer to the first lane."""
        if stride == 0:
            return pointer
        start = self.start if stride == 1 else builder.mul(self.start, index(stride), flags=["nsw"])
        known = isinstance(start, ir.Constant)
        if known:
            return at(builder, pointer, dtype, (start.constant + self.offset) * stride)
        return at(builder, at(builder, pointer, dtype, start), dtype, self.offset * stride)


def first_lanes(builder: ir.IRBuilder, left: ir.Value, lanes: int) -> ir.Value:
    """The mask of as many lanes as are left, fewer than there are."""
    if lanes == 1:
        return ir.Constant(_BIT, 1)
    return builder.icmp_signed(
        "<", lane_numbers(range(lanes)), splat(builder, builder.trunc(left, _LANE), lanes), name="inside"
    )


def known_lanes(valid: int, lanes: int) -> ir.Constant:
    """The mask of as many lanes as are left, if that is known."""
    bits = ", ".join("i1 true" if lane < valid else "i1 false" for lane in range(lanes))
    return Literal(ir.VectorType(_BIT, lanes), f"<{bits}>")


def read(builder: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype[Any], stride: int, lanes: Lanes) -> ir.Value:
    """A vector of components that stand `stride` apart; the lanes left out are not touched and hold zero."""
    if lanes.count == 1:
        return load(builder, pointer, dtype)
    if stride == 0:
        return splat(builder, load(builder, pointer, dtype), lanes.count)
    if stride == 1:
        return (
            load(builder, pointer, dtype, lanes.count)
            if lanes.mask is None
            else _masked(builder, pointer, dtype, lanes)
        )
    value = zero(register_type(dtype, lanes.count))
    for lane in range(lanes.valid or lanes.count):
        component = load(builder, at(builder, pointer, dtype, lane * stride), dtype)
        value = builder.insert_element(value, component, ir.Constant(_LANE, lane))
    return value


def write(
    builder: ir.IRBuilder, value: ir.Value, pointer: ir.Value, dtype: np.dtype[Any], stride: int, lanes: Lanes
) -> None:
    """Store a vector as components that stand `stride` apart, without the lanes left out."""
    if lanes.count == 1:
        store(builder, value, pointer, dtype)
    elif stride != 1:
        for lane in range(lanes.valid or lanes.count):
            component = builder.extract_element(value, ir.Constant(_LANE, lane))
            store(builder, component, at(builder, pointer, dtype, lane * stride), dtype)
    elif lanes.mask is None:
        store(builder, value, pointer, dtype, lanes.count)
    else:
        _masked_store(builder, value, pointer, dtype, lanes)


def _masked(builder: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype[Any], lanes: Lanes) -> ir.Value:
    kind = ir.VectorType(element_type(dtype), lanes.count)
    mask = ir.VectorType(_BIT, lanes.count)
    intrinsic = _intrinsic(builder, "load", kind, ir.FunctionType(kind, [POINTER, _LANE, mask, kind]))
    bits = builder.call(intrinsic, [pointer, ir.Constant(_LANE, dtype.itemsize), lanes.mask, zero(kind)])
    return builder.trunc(bits, register_type(dtype, lanes.count)) if dtype.kind == "b" else bits


def _masked_store(
    builder: ir.IRBuilder, value: ir.Value, pointer: ir.Value, dtype: np.dtype[Any], lanes: Lanes
) -> None:
    kind = ir.VectorType(element_type(dtype), lanes.count)
    if dtype.kind == "b":
        value = builder.zext(value, kind)
    mask = ir.VectorType(_BIT, lanes.count)
    intrinsic = _intrinsic(builder, "store", kind, ir.FunctionType(ir.VoidType(), [kind, POINTER, _LANE, mask]))
    builder.call(intrinsic, [value, pointer, ir.Constant(_LANE, dtype.itemsize), lanes.mask])


def _intrinsic(builder: ir.IRBuilder, name: str, kind: ir.VectorType, signature: ir.FunctionType) -> ir.Function:
    element = kind.element
    letter = {"double": "f64", "float": "f32"}.get(str(element), str(element))
    full = f"llvm.masked.{name}.v{kind.count}{letter}.p0"
    found = builder.module.globals.get(full)
    return found if found is not None else ir.Function(builder.module, signature, full)
