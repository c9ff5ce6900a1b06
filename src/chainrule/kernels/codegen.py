"""What all emitters of LLVM IR share: where a value lies, the function that is being written, loads, stores and loops.

Pointers are opaque (`ptr`); the element type comes from the dtype. A bool is a byte in memory and a bit in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, final

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels.program import Stage, Value

__all__ = [
    "BYTE",
    "INDEX",
    "POINTER",
    "Context",
    "Literal",
    "Loop",
    "Place",
    "at",
    "constant",
    "element_type",
    "index",
    "lane_numbers",
    "load",
    "loop",
    "register_type",
    "splat",
    "store",
    "unspecified",
    "zero",
]

INDEX = ir.IntType(64)
BYTE = ir.IntType(8)
POINTER = ir.PointerType()
_LANE = ir.IntType(32)


@final
@dataclass(frozen=True, slots=True)
class Place:
    """Where the components of a value lie.

    Attributes:
        pointer: to the first row of the strip, component 0.
        row_stride: from one row to the next, in elements: 1 in scratch memory, 0 for a fixed value.
        strides: of the axes of the value, in elements.
    """

    pointer: ir.Value
    row_stride: int
    strides: tuple[int, ...]


@final
@dataclass(slots=True)
class Context:
    """One section function while it is written.

    Attributes:
        module: that the function belongs to.
        builder: stands where the next instruction goes.
        width: of a vector register in bytes.
        strip: the rows of a full strip, 0 in a fixed section.
        count: the rows of this strip, an i64; a short strip has fewer than `strip`.
        place: where a value lies, for this strip.
        memory: the scratch area.
        taken: bytes of the scratch area that values lie in.
        temporary: bytes that the stages so far have asked for on top of these.
        stage_temporary: bytes that the stage which is being written has asked for.
        shares: which part of the rows of the next strip a stage fetches into the cache, see `products.ahead`.
    """

    module: ir.Module
    builder: ir.IRBuilder
    width: int
    strip: int
    count: ir.Value
    place: Callable[[Value], Place]
    memory: ir.Value
    taken: int = 0
    temporary: int = field(default=0)
    stage_temporary: int = field(default=0)
    shares: Mapping[Stage, tuple[int, int]] = field(default_factory=dict)

    def lanes(self, dtype: np.dtype[Any]) -> int:
        """How many components of a dtype fill a vector register."""
        return max(1, self.width // dtype.itemsize)

    def declare(self, name: str, kind: ir.FunctionType) -> ir.Function:
        """An external function, declared once in the module."""
        found = self.module.globals.get(name)
        return found if found is not None else ir.Function(self.module, kind, name)

    def scratch(self, size: int) -> ir.Value:
        """Memory of this stage alone: a pointer to so many bytes, aligned to 64."""
        offset = self.taken + self.stage_temporary
        self.stage_temporary += -(-size // 64) * 64
        self.temporary = max(self.temporary, self.stage_temporary)
        return self.builder.gep(self.memory, [index(offset)], source_etype=BYTE, name="temporary")

    def begin_stage(self) -> None:
        """Let the next stage use the temporary memory of the one before."""
        self.stage_temporary = 0


def index(number: int) -> ir.Constant:
    """A constant i64."""
    return ir.Constant(INDEX, number)


def element_type(dtype: np.dtype[Any]) -> ir.Type:
    """The type of one component in memory."""
    return BYTE if dtype.kind == "b" else _scalar(dtype)


def register_type(dtype: np.dtype[Any], lanes: int = 1) -> ir.Type:
    """The type of so many components in registers; one is a scalar."""
    scalar = _scalar(dtype)
    return scalar if lanes == 1 else ir.VectorType(scalar, lanes)


def _scalar(dtype: np.dtype[Any]) -> ir.Type:
    if dtype.kind == "f":
        return ir.DoubleType() if dtype.itemsize == 8 else ir.FloatType()
    return ir.IntType(1 if dtype.kind == "b" else dtype.itemsize * 8)


def constant(value: Any, dtype: np.dtype[Any], lanes: int = 1) -> ir.Constant:
    """A number in all lanes."""
    kind = register_type(dtype)
    number = float(dtype.type(value)) if dtype.kind == "f" else int(dtype.type(value))
    scalar = ir.Constant(kind, number)
    return scalar if lanes == 1 else Literal(ir.VectorType(kind, lanes), f"splat ({scalar})")


@final
class Literal(ir.Constant):  # type: ignore[misc]
    """A constant whose text is known: llvmlite writes vectors out lane by lane, which takes its time."""

    def __init__(self, kind: ir.Type, text: str, lanes: Sequence[ir.Constant] = ()) -> None:
        self.type = kind
        self.constant = lanes
        self.text = text

    def _to_string(self) -> str:
        return f"{self.type} {self.text}"

    def _get_reference(self) -> str:
        return self.text


def zero(kind: ir.Type) -> ir.Constant:
    """Zero in all lanes of a vector."""
    return Literal(kind, "zeroinitializer")


def unspecified(kind: ir.Type) -> ir.Constant:
    """A vector whose lanes are of no interest."""
    return Literal(kind, "poison")


def lane_numbers(lanes: Iterable[int]) -> ir.Constant:
    """A vector of constant i32: the lanes that a shuffle picks."""
    numbers = [ir.Constant(_LANE, lane) for lane in lanes]
    text = f"<{', '.join(map(str, numbers))}>" if any(n.constant for n in numbers) else "zeroinitializer"
    return Literal(ir.VectorType(_LANE, len(numbers)), text, numbers)


def at(
    builder: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype[Any], offset: ir.Value | int, name: str = ""
) -> ir.Value:
    """The pointer to the component so many elements further."""
    if isinstance(offset, int):
        if offset == 0:
            return pointer
        offset = index(offset)
    return builder.gep(pointer, [offset], inbounds=True, source_etype=element_type(dtype), name=name)


def load(builder: ir.IRBuilder, pointer: ir.Value, dtype: np.dtype[Any], lanes: int = 1, name: str = "") -> ir.Value:
    """So many components that lie side by side; aligned as the dtype asks for, no more."""
    memory = element_type(dtype)
    kind = memory if lanes == 1 else ir.VectorType(memory, lanes)
    bits = builder.load(pointer, name=name, align=dtype.itemsize, typ=kind)
    return builder.trunc(bits, register_type(dtype, lanes)) if dtype.kind == "b" else bits


def store(
    builder: ir.IRBuilder, value: ir.Value, pointer: ir.Value, dtype: np.dtype[Any], lanes: int = 1
) -> ir.Instruction:
    """Store so many components side by side."""
    if dtype.kind == "b":
        value = builder.zext(value, BYTE if lanes == 1 else ir.VectorType(BYTE, lanes))
    return builder.store(value, pointer, align=dtype.itemsize)


def splat(builder: ir.IRBuilder, scalar: ir.Value, lanes: int) -> ir.Value:
    """A scalar in all lanes."""
    if lanes == 1:
        return scalar
    kind = ir.VectorType(scalar.type, lanes)
    first = builder.insert_element(unspecified(kind), scalar, ir.Constant(_LANE, 0))
    return builder.shuffle_vector(first, unspecified(kind), lane_numbers([0] * lanes))


@final
@dataclass(slots=True)
class Loop:
    """A loop while its body is written.

    Attributes:
        index: the counter, an i64.
        carried: values that come from the pass before, or into the loop.
        next: what the body hands to the next pass; to be set before the body ends, if anything is carried.
        results: after the loop: what its last pass handed on, or what came into the loop if it never ran.
    """

    index: ir.Value
    carried: list[ir.Value]
    next: list[ir.Value]
    results: list[ir.Value]


@contextmanager
def loop(
    builder: ir.IRBuilder,
    start: ir.Value | int,
    stop: ir.Value | int,
    step: int = 1,
    carried: Sequence[ir.Value] = (),
    name: str = "i",
) -> Iterator[Loop]:
    """A loop `for index in range(start, stop, step)`, step positive; the builder stands in the body, then after it."""
    first = index(start) if isinstance(start, int) else start
    end = index(stop) if isinstance(stop, int) else stop
    before = builder.block
    head = builder.append_basic_block(f"{name}.head")
    body = builder.append_basic_block(f"{name}.body")
    after = builder.append_basic_block(f"{name}.end")
    builder.branch(head)
    builder.position_at_end(head)
    counter = builder.phi(INDEX, name=name)
    counter.add_incoming(first, before)
    phis = []
    for value in carried:
        phi = builder.phi(value.type)
        phi.add_incoming(value, before)
        phis.append(phi)
    builder.cbranch(builder.icmp_signed("<", counter, end), body, after)
    builder.position_at_end(body)
    made = Loop(counter, phis, phis, phis)
    yield made
    counter.add_incoming(builder.add(counter, index(step), flags=["nsw"]), builder.block)
    for phi, value in zip(phis, made.next, strict=True):
        phi.add_incoming(value, builder.block)
    builder.branch(head)
    # The text reads in the order in which it runs.
    builder.function.blocks.remove(after)
    builder.function.blocks.append(after)
    builder.position_at_end(after)
