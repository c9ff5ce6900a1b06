"""Traced values: what a function sees in place of an array while its operations are recorded.

Each trace has a level, from one counter: an inner trace always starts after the outer one, so the higher level is the
inner one. An operation is recorded on the highest level among its operands; values of lower levels are constants
there, and are recorded on their own level when the value is computed. No state but the counter is shared, so threads
do not meet.
"""

from __future__ import annotations

import itertools
import operator
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from chainrule.core.capture import Captured, capture
from chainrule.core.index import is_basic, split_index
from chainrule.core.operators import OPERATORS, answer_of_the_other
from chainrule.core.protocol import NumPyProtocol, of_booleans, ufunc_primitives
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.windows import give_back, look_into, write
from chainrule.errors import LeakedTraceError, OperandError

if TYPE_CHECKING:
    from chainrule.core.primitive import Primitive

__all__ = ["OWN", "Trace", "Traced", "apply", "bind_operators", "plain_value", "recorded"]

_levels = itertools.count(1)
_NOTHING: Mapping[str, Any] = {}
_new = object.__new__
_OF_A_SIZE: Mapping[str, Any] = {"shape": (), "ndim": 0, "size": 1, "dtype": int}  # which is an int, also recorded
OWN = __file__.rsplit("core", 1)[0]  # a frame with a file elsewhere is the user's, or a library's


class Trace:
    """A recording in progress: the records in order, and the branches that Python took.

    Attributes:
        level: higher for inner traces.
        records: operations and inputs in the order they ran; None when the trace has ended.
        guards: (record, outcome) for each branch or index that Python took from a traced value.
        nested: whether it met values of an outer level; if not, its derivative is computed on plain arrays.
        captured: the large constant arrays met.
        views: for the id of an array weak references to its views, which hold it: a write to it reaches them.
        written: inputs that the function wrote into.
        borrowed: arrays of outer levels that a value of this one was written into, each with its own trace.
        elsewhere: whether what is recorded will be run at other values than these: it becomes a graph.
        left: whether the function has looked at a plain value on purpose: what it does with it is not recorded.
    """

    __slots__ = ("borrowed", "captured", "elsewhere", "guards", "left", "level", "nested", "records", "views",
                 "written")  # fmt: skip

    def __init__(self) -> None:
        self.level = next(_levels)
        self.records: list[Record] | None = []
        self.guards: list[tuple[Record, bool | int]] = []
        self.captured = Captured()
        self.nested = self.left = self.elsewhere = False
        self.views: dict[int, list[weakref.ref[Traced]]] = {}
        self.written: list[Record] = []
        self.borrowed: list[tuple[Traced, Trace]] = []

    def input(self, value: Any, name: str = "") -> Traced:
        """A new input of the trace."""
        if type(value) is Traced:
            self.nested = True
        record = Record(None, (), (), value, {"name": name}, self)
        self._open().append(record)
        return Traced(record)

    def close(self, gives_back: bool = True) -> list[Record]:
        """End the trace and hand over its records; values that leaked out of it raise when used.

        Args:
            gives_back: arrays of outer levels that were written into keep what was written, as a value of their own
                level: right where the function ran once on the values themselves.
        """
        records = self._open()
        if self.borrowed and gives_back:
            give_back(self)
        self.views = {}
        self.records = None  # traced values refer to the trace: without this, every tape would be a reference cycle
        return records

    def _open(self) -> list[Record]:
        if self.records is None:
            if self.borrowed:
                raise LeakedTraceError(
                    "an array made outside a function was written to inside it, where vmap or graph ran it once for "
                    "all: what it holds now has no value outside\n"
                    "  return what was to be written and write it outside, or np.stack what several calls return"
                )
            raise LeakedTraceError(
                "a traced value is used after the function that was being differentiated has returned\n"
                "  return it from the function, or keep chainrule.value(x) instead of x"
            )
        return self.records


def apply(primitive: Primitive, operands: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """Evaluate a primitive on values, and record it on the innermost trace that an operand belongs to."""
    if len(operands) == 1 and type(operands[0]) is Traced:
        record = operands[0].record
        value = record.value
        if type(value) is not Traced and not primitive.opaque:  # what follows, for the case that is most frequent
            out = primitive.compute(value, **parameters) if parameters else primitive.compute(value)
            return _recorded(primitive, (record,), (value,), out, parameters, record.trace)
    trace: Any = None
    values: list[Any] = []
    parents: list[Record | None] = []
    constants = False
    for operand in operands:
        if type(operand) is Traced:
            record = operand.record
            if record.trace is not trace:
                if trace is not None:
                    return _apply_in_levels(primitive, operands, parameters)
                trace = record.trace
            value = record.value
            if type(value) is Traced:
                return _apply_in_levels(primitive, operands, parameters)
            values.append(value)
            parents.append(record)
        else:
            if type(operand) is not float:
                constants = True
            values.append(operand)
            parents.append(None)
    if trace is None:
        return primitive.compute(*operands, **parameters)
    if constants:
        for i, parent in enumerate(parents):
            if parent is None:
                values[i] = capture(values[i], trace.captured)
    if primitive.opaque:
        trace.nested = True  # its rule is the user's own, and may hold values of an outer level
    out = primitive.compute(*values, **parameters) if parameters else primitive.compute(*values)
    return _recorded(primitive, parents, values, out, parameters, trace)


def _apply_in_levels(primitive: Primitive, operands: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """The same where traces are nested: what belongs to outer levels is a constant, and recorded there in its turn."""
    trace = max((o.record.trace for o in operands if type(o) is Traced), key=lambda trace: trace.level)
    values: list[Any] = []
    parents: list[Record | None] = []
    for operand in operands:
        inside = type(operand) is Traced and operand.record.trace is trace
        values.append(operand.record.value if inside else operand)
        parents.append(operand.record if inside else None)
    trace.nested = True
    for i, parent in enumerate(parents):
        if parent is None and type(values[i]) is not Traced:
            values[i] = capture(values[i], trace.captured)
    return _recorded(primitive, parents, values, apply(primitive, values, parameters), parameters, trace)


def recorded(primitive: Primitive, operands: Sequence[Any], value: Any, **parameters: Any) -> Traced:
    """Record a primitive whose value is known already, where the first operand is traced, and all values are plain."""
    trace = operands[0].record.trace
    parents = [x.record if type(x) is Traced else None for x in operands]
    values = [
        capture(x, trace.captured) if parent is None else parent.value
        for x, parent in zip(operands, parents, strict=True)
    ]
    return _recorded(primitive, parents, values, value, parameters, trace)


def _recorded(
    primitive: Primitive,
    parents: Sequence[Record | None],
    values: Sequence[Any],
    value: Any,
    parameters: Mapping[str, Any],
    trace: Trace,
) -> Traced:
    frame = sys._getframe(2)
    code = frame.f_code
    while _is_own(code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
        code = frame.f_code
    # The attributes one by one: a call of __init__ takes longer than all that is done in it.
    record = _new(Record)
    record.primitive = primitive
    record.operands = parents
    record.values = values
    record.value = value
    record.parameters = parameters
    record.trace = trace
    record.code = code
    record.offset = frame.f_lasti
    (trace.records if trace.records is not None else trace._open()).append(record)
    traced = _new(Traced)
    traced.record = record
    return traced


@lru_cache(maxsize=4096)
def _is_own(filename: str) -> bool:
    return filename.startswith(OWN)


class Traced(NumPyProtocol):
    """A value inside a function that is being traced; it behaves as the NumPy array that it stands for.

    Attributes:
        record: how it was computed, with its value: an array, or a traced value of an outer level.
        window: set for a view (made by indexing or reshaping): what it looks into, and how to read and write through.
    """

    __slots__ = ("__weakref__", "record", "window")
    record: Record
    window: tuple[Traced, Callable[[Any], Any], Callable[[Any, Any], Any], tuple[Any, ...] | None]
    F = evaluating
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, record: Record) -> None:
        self.record = record

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        primitive: Any = ufunc_primitives.get(ufunc)
        if primitive is not None and method == "__call__" and not options:
            return apply(primitive, inputs, _NOTHING)
        return super().__array_ufunc__(ufunc, method, *inputs, **options)

    @property
    def value(self) -> Any:
        return self.record.value

    def _recording(self) -> Trace:  # not `trace`: that is the sum of a diagonal, as for every array
        return cast(Trace, self.record.trace)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.record.value.shape

    @property
    def dtype(self) -> Any:
        return self.record.value.dtype

    @property
    def ndim(self) -> int:
        return self.record.value.ndim

    @property
    def size(self) -> int:
        return self.record.value.size

    def __eq__(self, other: object) -> Any:
        try:
            return self.F.equal(self, other)
        except OperandError:
            return NotImplemented

    def __ne__(self, other: object) -> Any:
        try:
            return self.F.not_equal(self, other)
        except OperandError:
            return NotImplemented

    def __pow__(self, exponent: Any) -> Any:
        # NumPy itself squares for x ** 2: faster, and the derivative 2 x needs no logarithm.
        if type(exponent) in (int, float) and exponent == 2:
            return apply(self.F.square, (self,), _NOTHING)
        try:
            return apply(self.F.power, (self, exponent), _NOTHING)
        except OperandError as error:
            return answer_of_the_other("__pow__", self, exponent, error)

    def __bool__(self) -> bool:
        outcome = bool(self.value)
        self._recording().guards.append((self.record, outcome))
        return outcome

    def __index__(self) -> int:
        if self.dtype.kind not in "iub":
            return self._leave("an index or range() made of a floating number", "pass it as an integer")
        outcome = self.value.__index__()
        self._recording().guards.append((self.record, outcome))
        return outcome

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Any:
        pattern, arrays = ((index,), ()) if type(index) is int else split_index(index, self)
        out = apply(self.F.getitem, (self, *arrays), {"pattern": pattern})
        # NumPy gives a view, also of a single component if the index has an ellipsis.
        if (out.ndim or (len(pattern) > 1 and Ellipsis in pattern)) and (
            is_basic(pattern) or all(array.ndim == 0 for array in arrays)
        ):
            look_into(
                self,
                out,
                lambda base: base.F.getitem(base, *arrays, pattern=pattern),  # base[index] would be one more view
                lambda base, view: base.F.set_item(base, view, *arrays, pattern=pattern),
                pattern,
            )
        return out

    def __setitem__(self, index: Any, new: Any) -> None:
        pattern, arrays = split_index(index, self)
        window = getattr(new, "window", None)
        if window is not None and window[0] is self and window[3] == pattern and not arrays:
            return  # Python stores the view that x[1:3] += 1 has written through already
        write(self, self.F.set_item(self, new, *arrays, pattern=pattern))

    def __copy__(self, memo: Any = None) -> Traced:
        return Traced(self.record)  # a record never changes: a new name for it is a full copy

    __deepcopy__ = __copy__

    def __getattr__(self, name: str) -> Any:
        if name in _OF_A_SIZE and type(self.record.value) is int:
            return _OF_A_SIZE[name]
        raise AttributeError(f"a traced value has no attribute {name!r}; the array behind it is chainrule.value(x)")

    def __format__(self, form: str) -> str:
        self._recording().left = True
        return format(self.value, form)

    def __repr__(self) -> str:
        return f"Traced({self.value!r})"


def plain_value(value: Any) -> Any:
    """The array behind a value that is traced, on however many levels."""
    while type(value) is Traced:
        value = value.record.value
    return value


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Traced, other: Any) -> Any:
        result = getattr(Traced, f"__{name}__")(self, other)
        if self.ndim == 0 and getattr(self, "window", None) is None:
            # A NumPy scalar is immutable: the name is bound anew, aliases keep the old value.
            return result
        fits = type(result) is Traced and result.shape == self.shape and result.dtype == self.dtype
        write(self, result if fits else self.F.set_item(self, result, pattern=(...,)))
        return self

    return method


for _operator in ("add", "sub", "mul", "truediv", "pow", "matmul", "floordiv", "mod"):
    setattr(Traced, f"__i{_operator}__", _in_place(_operator))


def bind_operators(primitive: Primitive) -> None:
    """Let the operators that mean this primitive call it without a look-up: most functions consist of operators."""
    for name, (meaning, reversed_) in OPERATORS.items():
        if meaning == primitive.name and name != "__pow__":
            setattr(Traced, name, of_booleans(name, _operator_method(primitive, name, reversed_)))


def _operator_method(primitive: Primitive, name: str, reversed_: bool) -> Callable[..., Any]:
    if name in ("__neg__", "__abs__", "__invert__"):
        return lambda self: apply(primitive, (self,), _NOTHING)
    compute = getattr(operator, name.replace("__r", "__") if reversed_ else name)
    numbers = (float,) if primitive.name.startswith("logical") else (float, int)  # of integers & works bit by bit

    def method(self: Traced, other: Any) -> Any:
        # `apply` for the case that loops are full of: two values of one trace, or one and a Python number. Python's
        # operator is on NumPy's scalars ten times as fast as the ufunc.
        own = self.record
        value = own.value
        kind = type(other)
        if type(value) is not Traced and type(value) is not int:  # a size is a Python number, and so is its result
            if kind in numbers:
                if reversed_:
                    out = compute(other, value)
                    return _recorded(primitive, (None, own), (other, value), out, _NOTHING, own.trace)
                return _recorded(primitive, (own, None), (value, other), compute(value, other), _NOTHING, own.trace)
            if kind is Traced and not reversed_:
                right = other.record
                other_value = right.value
                if right.trace is own.trace and type(other_value) is not Traced:
                    out = compute(value, other_value)
                    return _recorded(primitive, (own, right), (value, other_value), out, _NOTHING, own.trace)
        try:
            return apply(primitive, (other, self) if reversed_ else (self, other), _NOTHING)
        except OperandError as error:
            if reversed_:
                raise
            return answer_of_the_other(name, self, other, error)

    return method
