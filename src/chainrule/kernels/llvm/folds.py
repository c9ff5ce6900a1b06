"""Reductions in registers: what a fold starts from, how two components are put together, and the lanes of a vector.

A NaN makes a maximum NaN, and stays: the comparison of `combined` keeps the first operand when that is NaN, and the
second one is taken for its own sake when it is.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels.codegen import constant, lane_numbers, register_type, unspecified
from chainrule.kernels.program import FoldKind

__all__ = ["across_lanes", "combined", "converted", "neutral"]

_LANE = ir.IntType(32)


def neutral(kind: FoldKind, dtype: np.dtype[Any], lanes: int) -> ir.Constant:
    """What a fold starts from, in all lanes."""
    return constant(kind.neutral(dtype), dtype, lanes)


def combined(builder: ir.IRBuilder, kind: FoldKind, dtype: np.dtype[Any], so_far: ir.Value, more: ir.Value) -> ir.Value:
    """Two values put together, lane by lane."""
    if dtype.kind == "b":
        # Of truth values a sum and a maximum are "or", a product and a minimum "and".
        either = kind in (FoldKind.SUM, FoldKind.MAX, FoldKind.ANY)
        return builder.or_(so_far, more) if either else builder.and_(so_far, more)
    floating = dtype.kind == "f"
    if kind is FoldKind.SUM:
        return builder.fadd(so_far, more) if floating else builder.add(so_far, more)
    if kind is FoldKind.PRODUCT:
        return builder.fmul(so_far, more) if floating else builder.mul(so_far, more)
    sign = ">" if kind is FoldKind.MAX else "<"
    if not floating:
        compare = builder.icmp_unsigned if dtype.kind == "u" else builder.icmp_signed
        return builder.select(compare(sign, more, so_far), more, so_far)
    best = builder.select(builder.fcmp_ordered(sign, more, so_far), more, so_far)
    return builder.select(builder.fcmp_unordered("uno", more, more), more, best)


def across_lanes(builder: ir.IRBuilder, kind: FoldKind, dtype: np.dtype[Any], value: ir.Value, lanes: int) -> ir.Value:
    """All lanes of a vector put together, one half with the other."""
    while lanes > 1:
        lanes //= 2
        halves = [_part(builder, value, first, lanes) for first in (0, lanes)]
        value = combined(builder, kind, dtype, *halves)
    return value


def _part(builder: ir.IRBuilder, value: ir.Value, first: int, lanes: int) -> ir.Value:
    if lanes == 1:
        return builder.extract_element(value, ir.Constant(_LANE, first))
    return builder.shuffle_vector(value, unspecified(value.type), lane_numbers(range(first, first + lanes)))


def converted(
    builder: ir.IRBuilder, value: ir.Value, source: np.dtype[Any], target: np.dtype[Any], lanes: int
) -> ir.Value:
    """Numbers as those of another dtype, for what is folded in a wider one and rounded at the end."""
    kind = register_type(target, lanes)
    if source == target:
        return value
    if target.kind == "b":
        return _truth(builder, value, source, lanes)
    if source.kind == "f":
        return builder.fpext(value, kind) if target.itemsize > source.itemsize else builder.fptrunc(value, kind)
    if target.kind == "f":
        return builder.sitofp(value, kind) if source.kind == "i" else builder.uitofp(value, kind)
    if source.kind != "b" and source.itemsize == target.itemsize:
        return value
    return builder.sext(value, kind) if source.kind == "i" else builder.zext(value, kind)


def _truth(builder: ir.IRBuilder, value: ir.Value, source: np.dtype[Any], lanes: int) -> ir.Value:
    zero = constant(0, source, lanes)
    if source.kind == "f":
        return builder.fcmp_unordered("!=", value, zero)
    return builder.icmp_unsigned("!=", value, zero)
