"""The machine code between Python and a kernel: arguments are looked at, outputs made, and the kernel called.

One function for all kernels. It reads a table of 64-bit words, so it is compiled once, and holds no address. What it
does in Python would take ten times as long as a small kernel itself.

Source: the C API of CPython (the vectorcall protocol) and of NumPy (PyArrayObject_fields in ndarraytypes.h).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from functools import cache
from typing import Any

from chainrule.kernels.machine import Loaded, compile_module

__all__ = ["ALIGNED_IN_C_ORDER", "Field", "Guard", "Incoming", "Outgoing", "Variable", "Word", "loaded_glue"]

ALIGNED_IN_C_ORDER = 0x101  # NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED


class Field(IntEnum):
    """Where the fields of Python's objects are, in bytes; `call.py` looks whether they are there."""

    TYPE = 8
    NUMBER = 16  # of a float and of a NumPy float64
    DATA = 16  # of an array, as all that follow
    NDIM = 24
    DIMENSIONS = 32
    DESCR = 56
    FLAGS = 64


class Word(IntEnum):
    """The table: addresses and numbers, each at its place."""

    WHOLE = 0
    FIXED = 1
    SCRATCH = 2
    TOTALS = 3
    ROWS_AT = 4
    CHUNK = 5
    LIMIT = 6
    ARRAYS = 7
    FIRST_OUTPUT = 8
    INPUTS = 9
    INPUT_RECORDS = 10
    OUTPUTS = 11
    OUTPUT_RECORDS = 12
    GUARDS = 13
    GUARD_RECORDS = 14
    VARIABLES = 15
    VARIABLE_RECORDS = 16
    ARRAY_TYPE = 17
    FLOAT_TYPE = 18
    FLOAT64_TYPE = 19
    FLOAT64_DESCR = 20
    NOT_IMPLEMENTED = 21
    EMPTY = 22
    SCALAR = 23
    ROWS = 24  # -1 where the arguments say how many there are


class Incoming(IntEnum):
    """The record of an input. Dimensions of -1 are the rows."""

    FLAT = 0
    DESCR = 1
    NDIM = 2
    DIMENSIONS = 3


class Outgoing(IntEnum):
    """The record of an output; NUMBER is where a number is written that becomes a scalar, or 0."""

    FLAT = 0
    DESCR = 1
    NDIM = 2
    DIMENSIONS = 3
    NUMBER = 4
    BY_ROW = 5


class Guard(IntEnum):
    """The record of a number that has to come out as it did when the function was traced."""

    ADDRESS = 0
    BYTES = 1
    OUTCOME = 2


class Variable(IntEnum):
    """The record of a context variable, and of the object that it has to give; 0 for none."""

    VARIABLE = 0
    EXPECTED = 1


@cache
def loaded_glue() -> Loaded:
    """The function `call`, of the signature that METH_FASTCALL asks for."""
    return compile_module(_written(), "chainrule glue")


def _written() -> str:
    import llvmlite.ir as ir

    return str(_Writer(ir).module)


class _Writer:
    """Writes the function, in the order in which it runs."""

    def __init__(self, ir: Any) -> None:
        self.ir = ir
        self.word, self.half, self.byte = ir.IntType(64), ir.IntType(32), ir.IntType(8)
        self.pointer = ir.PointerType()
        self.module = ir.Module(name="glue")
        pointer, word = self.pointer, self.word
        kind = ir.FunctionType(pointer, [pointer, pointer, word])
        self.function = ir.Function(self.module, kind, "call")
        self.function.attributes.add("nounwind")
        self.b = ir.IRBuilder(self.function.append_basic_block("entry"))
        own, self.arguments, given = self.function.args
        self.table = self.as_pointer(self.load(own, Field.DATA))
        self.refused = self.function.append_basic_block("refused")
        self.rows = self.variable(0)
        self.b.store(self.at(Word.ROWS), self.rows)
        self.first = self.variable(0)  # the array that gives a flat program its shape
        self.matching = self.function.append_basic_block("matching")
        self.go_on_if("==", given, self.at(Word.INPUTS), self.refused)
        self.check_variables()
        self.check_inputs()
        self.go_on_if("<=", self.b.load(self.rows), self.at(Word.LIMIT), self.refused)
        self.make_outputs()
        self.b.branch(self.matching)
        self.b.position_at_end(self.matching)
        self.run()
        self.check_guards()
        self.hand_over()
        self.b.position_at_end(self.refused)
        answer = self.as_pointer(self.at(Word.NOT_IMPLEMENTED))
        self.call("Py_IncRef", ir.VoidType(), answer)
        self.b.ret(answer)

    # Small words.

    def number(self, value: int) -> Any:
        return self.word(int(value))

    def as_pointer(self, value: Any) -> Any:
        return self.b.inttoptr(value, self.pointer)

    def load(self, base: Any, offset: int | Any, kind: Any = None) -> Any:
        """The number at so many bytes from a pointer."""
        kind = kind or self.word
        offset = self.number(offset) if isinstance(offset, int) else offset
        return self.b.load(self.b.gep(base, [offset], source_etype=self.byte), typ=kind)

    def store(self, value: Any, base: Any, offset: Any) -> None:
        self.b.store(value, self.b.gep(base, [offset], source_etype=self.byte))

    def at(self, word: Word) -> Any:
        return self.load(self.table, 8 * int(word))

    def variable(self, value: int) -> Any:
        with self.b.goto_entry_block():  # or a loop would take more of the stack each time
            slot = self.b.alloca(self.word)
        self.b.store(self.number(value), slot)
        return slot

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """A function of CPython's."""
        kind = self.ir.FunctionType(result, [argument.type for argument in arguments])
        known = self.module.globals.get(name)
        return self.b.call(known or self.ir.Function(self.module, kind, name), arguments)

    def call_at(self, word: Word, result: Any, *arguments: Any) -> Any:
        """A function whose address is in the table."""
        kind = self.ir.FunctionType(result, [argument.type for argument in arguments])
        return self.b.call(self.b.inttoptr(self.at(word), kind.as_pointer()), arguments)

    def go_on_if(self, relation: str, left: Any, right: Any, otherwise: Any) -> None:
        onwards = self.function.append_basic_block("on")
        self.b.cbranch(self.b.icmp_signed(relation, left, right), onwards, otherwise)
        self.b.position_at_end(onwards)

    @contextmanager
    def each(self, count: Any) -> Iterator[Any]:
        """A loop over 0 to count - 1; the body goes on from the number that is given."""
        index = self.variable(0)
        head, body, behind = (self.function.append_basic_block(name) for name in ("head", "body", "behind"))
        self.b.branch(head)
        self.b.position_at_end(head)
        number = self.b.load(index)
        self.b.cbranch(self.b.icmp_signed("<", number, count), body, behind)
        self.b.position_at_end(body)
        yield number
        self.b.store(self.b.add(number, self.number(1)), index)
        self.b.branch(head)
        self.b.position_at_end(behind)

    def record(self, records: Word, kind: type[IntEnum], index: Any) -> Callable[[IntEnum], Any]:
        """The fields of a record by name."""
        start = self.b.gep(
            self.as_pointer(self.at(records)),
            [self.b.mul(index, self.number(8 * len(kind)))],
            source_etype=self.byte,
        )
        return lambda field: self.load(start, 8 * int(field))

    # The steps.

    def check_variables(self) -> None:
        slot = self.b.alloca(self.word)
        with self.each(self.at(Word.VARIABLES)) as index:
            field = self.record(Word.VARIABLE_RECORDS, Variable, index)
            self.b.store(self.number(0), slot)
            variable = self.as_pointer(field(Variable.VARIABLE))
            self.call("PyContextVar_Get", self.half, variable, self.ir.Constant(self.pointer, None), slot)
            value = self.b.load(slot)
            self.call("Py_DecRef", self.ir.VoidType(), self.as_pointer(value))  # the context holds it still
            self.go_on_if("==", value, field(Variable.EXPECTED), self.refused)

    def check_inputs(self) -> None:
        array, number, checked = (self.function.append_basic_block(name) for name in ("array", "number", "checked"))
        with self.each(self.at(Word.INPUTS)) as index:
            argument = self.load(self.arguments, self.b.mul(index, self.number(8)))
            argument = self.as_pointer(argument)
            field = self.record(Word.INPUT_RECORDS, Incoming, index)
            kind = self.load(argument, Field.TYPE)
            self.b.cbranch(self.b.icmp_signed("==", kind, self.at(Word.ARRAY_TYPE)), array, number)
            self.b.position_at_end(array)
            self.check_array(argument, field)
            self.b.branch(checked)
            self.b.position_at_end(number)
            plain = self.b.icmp_signed("==", kind, self.at(Word.FLOAT_TYPE))
            scalar = self.b.icmp_signed("==", kind, self.at(Word.FLOAT64_TYPE))
            self.go_on_if("==", self.b.or_(plain, scalar), self.ir.IntType(1)(1), self.refused)
            self.go_on_if("==", field(Incoming.DESCR), self.at(Word.FLOAT64_DESCR), self.refused)
            self.go_on_if("==", field(Incoming.NDIM), self.number(0), self.refused)
            self.b.branch(checked)
            self.b.position_at_end(checked)

    def check_array(self, argument: Any, field: Callable[[IntEnum], Any]) -> None:
        self.go_on_if("==", self.load(argument, Field.DESCR), field(Incoming.DESCR), self.refused)
        flags = self.b.and_(self.load(argument, Field.FLAGS, self.half), self.half(ALIGNED_IN_C_ORDER))
        self.go_on_if("==", flags, self.half(ALIGNED_IN_C_ORDER), self.refused)
        ndim = self.b.sext(self.load(argument, Field.NDIM, self.half), self.word)
        dimensions = self.as_pointer(self.load(argument, Field.DIMENSIONS))
        flat = self.b.icmp_signed("!=", field(Incoming.FLAT), self.number(0))
        with self.b.if_then(self.b.and_(flat, self.b.icmp_signed("==", self.b.load(self.first), self.number(0)))):
            self.b.store(self.b.ptrtoint(argument, self.word), self.first)
            self.b.store(self.number(1), self.rows)
            with self.each(ndim) as axis:
                size = self.load(dimensions, self.b.mul(axis, self.number(8)))
                self.b.store(self.b.mul(self.b.load(self.rows), size), self.rows)
        wanted, wanted_ndim = self.shape(flat, field(Incoming.DIMENSIONS), field(Incoming.NDIM))
        self.go_on_if("==", ndim, wanted_ndim, self.refused)
        with self.each(ndim) as axis:
            offset = self.b.mul(axis, self.number(8))
            size, expected = self.load(dimensions, offset), self.load(wanted, offset)
            by_row = self.b.icmp_signed("==", expected, self.number(-1))
            known = self.b.icmp_signed(">=", self.b.load(self.rows), self.number(0))
            with self.b.if_then(self.b.and_(by_row, self.b.not_(known))):
                self.b.store(size, self.rows)
            expected = self.b.select(by_row, self.b.load(self.rows), expected)
            self.go_on_if("==", size, expected, self.refused)

    def shape(self, flat: Any, dimensions: Any, ndim: Any) -> tuple[Any, Any]:
        """Of an argument or output: its own, or that of the first array where all have that one."""
        dimensions_slot, ndim_slot = self.variable(0), self.variable(0)
        self.b.store(dimensions, dimensions_slot)
        self.b.store(ndim, ndim_slot)
        with self.b.if_then(flat):
            first = self.as_pointer(self.b.load(self.first))
            self.b.store(self.load(first, Field.DIMENSIONS), dimensions_slot)
            self.b.store(self.b.sext(self.load(first, Field.NDIM, self.half), self.word), ndim_slot)
        return self.as_pointer(self.b.load(dimensions_slot)), self.b.load(ndim_slot)

    def make_outputs(self) -> None:
        """All that may collect garbage, and so run other code, happens before the kernel's memory is touched."""
        outputs = self.at(Word.OUTPUTS)
        # Addresses are kept as numbers: pointers to pointers are written otherwise by each version of llvmlite.
        self.items = self.b.alloca(self.word, size=outputs)
        self.bundle = self.variable(0)
        with self.each(outputs) as index:
            self.b.store(self.number(0), self.item(index))
        self.several = self.b.icmp_signed("!=", outputs, self.number(1))
        self.failed = self.function.append_basic_block("failed")
        with self.b.if_then(self.several):
            self.keep(self.call("PyTuple_New", self.pointer, outputs), self.bundle)
        with self.each(outputs) as index:
            field = self.record(Word.OUTPUT_RECORDS, Outgoing, index)
            with self.b.if_then(self.b.icmp_signed("==", field(Outgoing.NUMBER), self.number(0))):
                own = self.as_pointer(field(Outgoing.DIMENSIONS))
                with self.b.if_then(self.b.icmp_signed("!=", field(Outgoing.BY_ROW), self.number(0))):
                    self.store(self.b.load(self.rows), own, self.number(0))
                flat = self.b.icmp_signed("!=", field(Outgoing.FLAT), self.number(0))
                dimensions, ndim = self.shape(flat, field(Outgoing.DIMENSIONS), field(Outgoing.NDIM))
                descr = self.as_pointer(field(Outgoing.DESCR))
                self.call("Py_IncRef", self.ir.VoidType(), descr)  # the array takes it
                half = self.b.trunc(ndim, self.half)
                made = self.call_at(Word.EMPTY, self.pointer, half, dimensions, descr, self.half(0))
                self.keep(made, self.item(index))
        here = self.b.block
        self.b.position_at_end(self.failed)
        self.drop_outputs()
        self.b.ret(self.ir.Constant(self.pointer, None))
        self.b.position_at_end(here)

    def item(self, index: Any) -> Any:
        """Where the address of an output is."""
        return self.b.gep(self.items, [index], source_etype=self.word)

    def kept(self, slot: Any) -> Any:
        return self.as_pointer(self.b.load(slot, typ=self.word))

    def keep(self, made: Any, slot: Any) -> None:
        """Take note of a new object, if there was memory for it."""
        address = self.b.ptrtoint(made, self.word)
        self.b.store(address, slot)
        self.go_on_if("!=", address, self.number(0), self.failed)

    def drop_outputs(self) -> None:
        with self.each(self.at(Word.OUTPUTS)) as index:
            self.call("Py_DecRef", self.ir.VoidType(), self.kept(self.item(index)))
        self.call("Py_DecRef", self.ir.VoidType(), self.kept(self.bundle))

    def run(self) -> None:
        arrays = self.as_pointer(self.at(Word.ARRAYS))
        array_type = self.at(Word.ARRAY_TYPE)
        with self.each(self.at(Word.INPUTS)) as index:
            offset = self.b.mul(index, self.number(8))
            argument = self.as_pointer(self.load(self.arguments, offset))
            # A float has its number where an array has the address of its data.
            is_array = self.b.icmp_signed("==", self.load(argument, Field.TYPE), array_type)
            number = self.b.add(self.b.ptrtoint(argument, self.word), self.number(Field.NUMBER))
            self.store(self.b.select(is_array, self.load(argument, Field.DATA), number), arrays, offset)
        first_output = self.at(Word.FIRST_OUTPUT)
        with self.each(self.at(Word.OUTPUTS)) as index:
            field = self.record(Word.OUTPUT_RECORDS, Outgoing, index)
            data = self.variable(0)
            self.b.store(field(Outgoing.NUMBER), data)
            with self.b.if_then(self.b.icmp_signed("==", field(Outgoing.NUMBER), self.number(0))):
                self.b.store(self.load(self.kept(self.item(index)), Field.DATA), data)
            offset = self.b.mul(self.b.add(index, first_output), self.number(8))
            self.store(self.b.load(data), arrays, offset)
        rows = self.b.load(self.rows)
        rows = self.b.select(self.b.icmp_signed("<", rows, self.number(0)), self.number(0), rows)
        self.store(rows, self.as_pointer(self.at(Word.ROWS_AT)), self.number(0))
        areas = [self.as_pointer(self.at(word)) for word in (Word.FIXED, Word.SCRATCH, Word.TOTALS)]
        self.call_at(Word.WHOLE, self.ir.VoidType(), arrays, *areas, rows, self.at(Word.CHUNK))

    def check_guards(self) -> None:
        another = self.function.append_basic_block("another")
        with self.each(self.at(Word.GUARDS)) as index:
            field = self.record(Word.GUARD_RECORDS, Guard, index)
            address = self.as_pointer(field(Guard.ADDRESS))
            found = self.variable(0)
            narrow = self.b.icmp_signed("==", field(Guard.BYTES), self.number(1))
            with self.b.if_else(narrow) as (then, otherwise):
                with then:
                    self.b.store(self.b.zext(self.load(address, 0, self.byte), self.word), found)
                with otherwise:
                    self.b.store(self.load(address, 0), found)
            self.go_on_if("==", self.b.load(found), field(Guard.OUTCOME), another)
        here = self.b.block
        self.b.position_at_end(another)
        self.drop_outputs()
        self.b.branch(self.refused)
        self.b.position_at_end(here)

    def hand_over(self) -> None:
        nothing = self.ir.Constant(self.pointer, None)
        with self.each(self.at(Word.OUTPUTS)) as index:
            field = self.record(Word.OUTPUT_RECORDS, Outgoing, index)
            with self.b.if_then(self.b.icmp_signed("!=", field(Outgoing.NUMBER), self.number(0))):
                number, descr = self.as_pointer(field(Outgoing.NUMBER)), self.as_pointer(field(Outgoing.DESCR))
                self.keep(self.call_at(Word.SCALAR, self.pointer, number, descr, nothing), self.item(index))
        with self.b.if_then(self.several):
            bundle = self.kept(self.bundle)
            with self.each(self.at(Word.OUTPUTS)) as index:
                self.call("PyTuple_SetItem", self.half, bundle, index, self.kept(self.item(index)))
            self.b.ret(bundle)
        self.b.ret(self.kept(self.items))
