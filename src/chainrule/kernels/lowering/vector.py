"""Numbers in the lanes of a register: what a lowering computes with. Its operators write instructions."""

from __future__ import annotations

import platform
import struct
from collections.abc import Callable
from functools import cache
from typing import Any, final

import llvmlite.ir as ir
import numpy as np

from chainrule.kernels.machine import vector_bytes

__all__ = ["Number", "Vector", "element_type"]

Number = int | float | bool


def element_type(dtype: np.dtype[Any]) -> Any:
    """The LLVM type of one component in a register: a bool is one bit there."""
    if dtype.kind == "f":
        return ir.DoubleType() if dtype.itemsize == 8 else ir.FloatType()
    return ir.IntType(1 if dtype.kind == "b" else 8 * dtype.itemsize)


@final
class Vector:
    """A value of one dtype in every lane; with one lane it is a scalar.

    Operators take vectors of the same dtype and numbers, which are repeated. `*`, `+` and `-` of numbers that round
    are never joined into one instruction; `times_plus` is, where the machine has it.

    Attributes:
        builder: where instructions are written.
        value: the LLVM value.
        dtype: of a component. Masks, the results of comparisons, are bool.
        lanes: how many there are.
    """

    __slots__ = ("builder", "dtype", "lanes", "value")

    def __init__(self, builder: Any, value: Any, dtype: np.dtype[Any], lanes: int) -> None:
        self.builder = builder
        self.value = value
        self.dtype = dtype
        self.lanes = lanes

    # Constants and types

    @property
    def single(self) -> bool:
        """Whether it is float32."""
        return self.dtype.char == "f"

    def of(self, number: Number) -> Vector:
        """A number in every lane, of this dtype."""
        return self._made(constant(number, self.dtype, self.lanes))

    def number(self) -> float | None:
        """The number that is in every lane if that is known, else None."""
        return float(self.value.number) if isinstance(self.value, _Repeated) else None

    def _made(self, value: Any, dtype: np.dtype[Any] | None = None) -> Vector:
        return Vector(self.builder, value, dtype or self.dtype, self.lanes)

    def _type(self, dtype: np.dtype[Any] | None = None) -> Any:
        return lanes_type(dtype or self.dtype, self.lanes)

    def _other(self, other: Vector | Number) -> Any:
        return other.value if isinstance(other, Vector) else constant(other, self.dtype, self.lanes)

    # Arithmetic

    def _arithmetic(self, name: str, left: Any, right: Any, flags: tuple[str, ...] = ()) -> Vector:
        if self.dtype.kind == "f":
            return self._made(getattr(self.builder, "f" + name)(left, right, flags=flags))
        return self._made(getattr(self.builder, name)(left, right))

    def __add__(self, other: Vector | Number) -> Vector:
        return self._arithmetic("add", self.value, self._other(other))

    def __radd__(self, other: Number) -> Vector:
        return self._arithmetic("add", self._other(other), self.value)

    def __sub__(self, other: Vector | Number) -> Vector:
        return self._arithmetic("sub", self.value, self._other(other))

    def __rsub__(self, other: Number) -> Vector:
        return self._arithmetic("sub", self._other(other), self.value)

    def __mul__(self, other: Vector | Number) -> Vector:
        return self._arithmetic("mul", self.value, self._other(other))

    def __rmul__(self, other: Number) -> Vector:
        return self._arithmetic("mul", self._other(other), self.value)

    def __truediv__(self, other: Vector | Number) -> Vector:
        return self._made(self.builder.fdiv(self.value, self._other(other)))

    def __rtruediv__(self, other: Number) -> Vector:
        return self._made(self.builder.fdiv(self._other(other), self.value))

    def __neg__(self) -> Vector:
        return self._made(self.builder.fneg(self.value) if self.dtype.kind == "f" else self.builder.neg(self.value))

    def contracted(self, operation: str, other: Vector) -> Vector:
        """The operation "add", "sub" or "mul"; a product and a sum of these may become one instruction."""
        return self._arithmetic(operation, self.value, other.value, ("contract",))

    def times_plus(self, factor: Vector | Number, summand: Vector | Number) -> Vector:
        """self * factor + summand, rounded once where the machine can do that at no cost, else twice."""
        return self.intrinsic("fmuladd", self._made(self._other(factor)), self._made(self._other(summand)))

    def fused(self, factor: Vector, summand: Vector) -> Vector:
        """self * factor + summand, rounded once, even where that is slow."""
        return self.intrinsic("fma", factor, summand)

    def quotient(self, other: Vector) -> Vector:
        """The quotient of integers, towards zero; the divisor must not be zero."""
        return self._made((self.builder.sdiv if self.dtype.kind == "i" else self.builder.udiv)(self.value, other.value))

    def rest(self, other: Vector) -> Vector:
        """What is left of that division, with the sign of self."""
        return self._made((self.builder.srem if self.dtype.kind == "i" else self.builder.urem)(self.value, other.value))

    # Bits

    def __and__(self, other: Vector | Number) -> Vector:
        return self._made(self.builder.and_(self.value, self._other(other)))

    def __or__(self, other: Vector | Number) -> Vector:
        return self._made(self.builder.or_(self.value, self._other(other)))

    def __xor__(self, other: Vector | Number) -> Vector:
        return self._made(self.builder.xor(self.value, self._other(other)))

    def __invert__(self) -> Vector:
        return self ^ (True if self.dtype.kind == "b" else -1)

    def __lshift__(self, other: Vector | Number) -> Vector:
        return self._made(self.builder.shl(self.value, self._other(other)))

    def shifted(self, places: int) -> Vector:
        """Shifted right, zeros moved in."""
        return self._made(self.builder.lshr(self.value, self._other(places)))

    def bits(self) -> Vector:
        """The bits of a floating number as an integer of the same size."""
        dtype = np.dtype(np.int32 if self.single else np.int64)
        return self._made(self.builder.bitcast(self.value, self._type(dtype)), dtype)

    def float(self) -> Vector:
        """The floating number that has these bits."""
        dtype = np.dtype(np.float32 if self.dtype.itemsize == 4 else np.float64)
        return self._made(self.builder.bitcast(self.value, self._type(dtype)), dtype)

    # Comparisons and choices

    def _compare(self, predicate: str, other: Vector | Number) -> Vector:
        right, b = self._other(other), self.builder
        if self.dtype.kind == "f":  # of NaN only != is true
            compare = b.fcmp_unordered if predicate == "!=" else b.fcmp_ordered
        else:
            compare = b.icmp_signed if self.dtype.kind == "i" else b.icmp_unsigned
        return self._made(compare(predicate, self.value, right), np.dtype(bool))

    def __lt__(self, other: Vector | Number) -> Vector:
        return self._compare("<", other)

    def __le__(self, other: Vector | Number) -> Vector:
        return self._compare("<=", other)

    def __gt__(self, other: Vector | Number) -> Vector:
        return self._compare(">", other)

    def __ge__(self, other: Vector | Number) -> Vector:
        return self._compare(">=", other)

    def equals(self, other: Vector | Number) -> Vector:
        return self._compare("==", other)

    def differs(self, other: Vector | Number) -> Vector:
        """Whether it is another number; NaN differs from everything."""
        return self._compare("!=", other)

    def is_nan(self) -> Vector:
        return self.differs(self)

    def select(self, chosen: Vector | Number, other: Vector | Number) -> Vector:
        """Of a mask: chosen where it is true, else other; one of them must be a vector."""
        model = chosen if isinstance(chosen, Vector) else other
        assert isinstance(model, Vector)
        return model._made(self.builder.select(self.value, model._other(chosen), model._other(other)))

    def at_least(self, number: Number) -> Vector:
        """The larger of self and a number; NaN stays."""
        bound = self.of(number)
        return (bound > self).select(bound, self)

    def at_most(self, number: Number) -> Vector:
        """The smaller of self and a number; NaN stays."""
        bound = self.of(number)
        return (bound < self).select(bound, self)

    # Conversions

    def to(self, dtype: np.dtype[Any]) -> Vector:
        """Each component converted as by a C cast; a floating number must be in the range of signed integers."""
        if dtype == self.dtype:
            return self
        b, source, target = self.builder, self.dtype, self._type(dtype)
        if dtype.kind == "b":
            return self.differs(0)
        if source.kind == "f" and dtype.kind == "f":
            convert = b.fptrunc if dtype.itemsize < source.itemsize else b.fpext
        elif source.kind == "f":
            convert = b.fptosi
        elif dtype.kind == "f":
            convert = b.sitofp if source.kind == "i" else b.uitofp
        elif source.kind != "b" and source.itemsize == dtype.itemsize:
            return self._made(self.value, dtype)
        elif source.kind != "b" and source.itemsize > dtype.itemsize:
            convert = b.trunc
        else:
            convert = b.sext if source.kind == "i" else b.zext
        return self._made(convert(self.value, target), dtype)

    # Functions

    def intrinsic(self, name: str, *others: Vector) -> Vector:
        """An intrinsic function of LLVM that takes and gives vectors of this type."""
        kind = ("f" if self.dtype.kind == "f" else "i") + str(8 * self.dtype.itemsize)
        suffix = kind if self.lanes == 1 else f"v{self.lanes}{kind}"
        return self.call_of_its_type(f"llvm.{name}.{suffix}", *others)

    def call_of_its_type(self, name: str, *others: Vector) -> Vector:
        """A call of an external function of vectors of this type."""
        function = self._declared(name, self._type(), [self._type()] * (1 + len(others)))
        return self._made(self.builder.call(function, [self.value, *(other.value for other in others)]))

    def _declared(self, name: str, result: Any, arguments: list[Any]) -> Any:
        module = self.builder.module
        found = module.globals.get(name)
        return found if found is not None else ir.Function(module, ir.FunctionType(result, arguments), name)

    def each(self, name: str, *others: Vector) -> Vector:
        """A function of the C library, called for one lane after the other."""
        element = element_type(self.dtype)
        function = self._declared(name, element, [element] * (1 + len(others)))
        operands = [self.value, *(other.value for other in others)]
        if self.lanes == 1:
            return self._made(self.builder.call(function, operands))
        result = ir.Constant(self._type(), ir.Undefined)
        for i in range(self.lanes):
            lane = ir.Constant(ir.IntType(32), i)
            value = self.builder.call(function, [self.builder.extract_element(x, lane) for x in operands])
            result = self.builder.insert_element(result, value, lane)
        return self._made(result)

    def scaled(self, exponent: Vector) -> Vector | None:
        """self times 2 to a power, given as a floating integer, rounded once: where one instruction does that."""
        size = self.lanes * self.dtype.itemsize
        if self.lanes == 1 or size not in (16, 32, 64) or not _can_scale():
            return None
        # The arguments after the operands: what to keep where a mask says so, the mask, and how to round.
        mask = ir.IntType(max(8, self.lanes))
        kinds = [self._type()] * 3 + [mask] + [ir.IntType(32)] * (size == 64)
        name = f"llvm.x86.avx512.mask.scalef.p{'s' if self.single else 'd'}.{8 * size}"
        call = [self.value, exponent.value, ir.Constant(self._type(), ir.Undefined), ir.Constant(mask, -1)]
        if size == 64:
            call.append(ir.Constant(ir.IntType(32), 4))
        return self._made(self.builder.call(self._declared(name, self._type(), kinds), call))

    def rescued(self, x: Vector, mask: Vector, name: str) -> Vector:
        """self, and a function of the C library of x where a mask is true, which should be seldom."""
        builder = self.builder
        some = mask.value
        if self.lanes > 1:
            some = builder.bitcast(some, ir.IntType(self.lanes))
            some = builder.icmp_unsigned("!=", some, ir.Constant(some.type, 0))
        before = builder.block
        rare, after = builder.append_basic_block(), builder.append_basic_block()
        builder.cbranch(some, rare, after).set_weights([1, 1000])
        builder.position_at_end(rare)
        chosen = mask.select(x.shared(name, lambda v: v.each(name), (), False), self)
        builder.branch(after)
        builder.position_at_end(after)
        result = builder.phi(self.value.type)
        result.add_incoming(self.value, before)
        result.add_incoming(chosen.value, rare)
        return self._made(result)

    def abs(self) -> Vector:
        """The absolute value; of an integer that has none, itself."""
        if self.dtype.kind == "f":
            return self.intrinsic("fabs")
        return (self < 0).select(-self, self)

    def sqrt(self) -> Vector:
        return self.intrinsic("sqrt")

    def with_sign_of(self, other: Vector) -> Vector:
        return self.intrinsic("copysign", other)

    def shared(self, name: str, write: Callable[..., Vector], others: tuple[Vector, ...], inline: bool) -> Vector:
        """A call of a function that `write` has written; it is written once in a module."""
        operands = (self, *others)
        kinds = "".join(f".{x.dtype.char}" for x in operands)
        full = f"chainrule.{name}{kinds}.{self.lanes}"
        module = self.builder.module
        function = module.globals.get(full)
        if function is None:
            function = _written(module, full, write, operands, inline)
        result = self.builder.call(function, [x.value for x in operands])
        return self._made(result, function.chainrule_dtype)


def _written(module: Any, name: str, write: Callable[..., Vector], operands: tuple[Vector, ...], inline: bool) -> Any:
    # The type of the result is known when the body is; the function is then given its own.
    arguments = [x.value.type for x in operands]
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), arguments), name)
    function.linkage = "internal"
    function.attributes.add("alwaysinline" if inline else "noinline")
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block())
    results = write(
        *(Vector(builder, argument, x.dtype, x.lanes) for argument, x in zip(function.args, operands, strict=True))
    )
    builder.ret(results.value)
    function.ftype = ir.FunctionType(results.value.type, arguments)
    function.type = function.ftype.as_pointer()
    function.return_value.type = results.value.type
    function.chainrule_dtype = results.dtype
    return function


@cache
def _can_scale() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64") and vector_bytes() == 64


def lanes_type(dtype: np.dtype[Any], lanes: int) -> Any:
    """The type of a vector: of one lane, of a scalar."""
    element = element_type(dtype)
    return element if lanes == 1 else ir.VectorType(element, lanes)


class _Repeated(ir.Constant):  # type: ignore[misc]
    """A number in every lane: the text is short, and `Vector.number` finds the number again."""

    def __init__(self, dtype: np.dtype[Any], lanes: int, number: Number, text: str) -> None:
        element = element_type(dtype)
        self.type = lanes_type(dtype, lanes)
        self.constant = text if lanes == 1 else f"splat ({element} {text})"
        self.number = number

    def _get_reference(self) -> str:
        return self.constant


def constant(number: Number, dtype: np.dtype[Any], lanes: int) -> Any:
    """A number repeated in every lane."""
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            rounded = float(dtype.type(number))
        text = f"0x{struct.unpack('<Q', struct.pack('<d', rounded))[0]:016X}"
    elif dtype.kind == "b":
        text = "true" if number else "false"
    else:
        text = str(int(number))
    return _Repeated(dtype, lanes, number, text)
