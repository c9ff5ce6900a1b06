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
from chainrule.core.operators import OPERATORS
from chainrule.core.protocol import NumPyProtocol, ufunc_primitives
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.errors import LeakedTraceError

if TYPE_CHECKING:
    from chainrule.core.primitive import Primitive

__all__ = ["OWN", "Trace", "Traced", "apply", "bind_operators", "look_into", "write"]

_levels = itertools.count(1)
_NOTHING: Mapping[str, Any] = {}
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
    """

    __slots__ = ("captured", "guards", "level", "nested", "records", "views", "written")

    def __init__(self) -> None:
        self.level = next(_levels)
        self.records: list[Record] | None = []
        self.guards: list[tuple[Record, bool | int]] = []
        self.captured = Captured()
        self.nested = False
        self.views: dict[int, list[weakref.ref[Traced]]] = {}
        self.written: list[Record] = []

    def input(self, value: Any, name: str = "") -> Traced:
        """A new input of the trace."""
        if type(value) is Traced:
            self.nested = True
        record = Record(None, (), (), value, {"name": name}, self)
        self._open().append(record)
        return Traced(record)

    def close(self) -> list[Record]:
        """End the trace and hand over its records; values that leaked out of it raise when used."""
        records = self._open()
        self.views = {}
        self.records = None  # traced values refer to the trace: without this, every tape would be a reference cycle
        return records

    def _open(self) -> list[Record]:
        if self.records is None:
            raise LeakedTraceError(
                "a traced value is used after the function that was being differentiated has returned\n"
                "  return it from the function, or keep chainrule.value(x) instead of x"
            )
        return self.records


def apply(primitive: Primitive, operands: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
    """Evaluate a primitive on values, and record it on the innermost trace that an operand belongs to."""
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
        _capture(values, parents, trace)
    if primitive.opaque:
        trace.nested = True  # its rule is the user's own, and may hold values of an outer level
    return _recorded(primitive, parents, values, primitive.compute(*values, **parameters), parameters, trace)


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
    _capture(values, parents, trace)
    return _recorded(primitive, parents, values, apply(primitive, values, parameters), parameters, trace)


def _capture(values: list[Any], parents: list[Record | None], trace: Trace) -> None:
    for i, parent in enumerate(parents):
        if parent is None and type(values[i]) is not Traced:
            values[i] = capture(values[i], trace.captured)


def _recorded(
    primitive: Primitive,
    parents: list[Record | None],
    values: list[Any],
    value: Any,
    parameters: Mapping[str, Any],
    trace: Trace,
) -> Traced:
    frame = sys._getframe(2)
    code = frame.f_code
    while _is_own(code.co_filename) and frame.f_back is not None:
        frame = frame.f_back
        code = frame.f_code
    record = Record(primitive, parents, values, value, parameters, trace, code, frame.f_lasti)
    (trace.records if trace.records is not None else trace._open()).append(record)
    return Traced(record)


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
        return self.value.shape

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def ndim(self) -> int:
        return self.value.ndim

    @property
    def size(self) -> int:
        return self.value.size

    def __eq__(self, other: object) -> Any:
        return self.F.equal(self, other)

    def __ne__(self, other: object) -> Any:
        return self.F.not_equal(self, other)

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
        if out.ndim and (is_basic(pattern) or all(array.ndim == 0 for array in arrays)):  # NumPy gives a view
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

    def __copy__(self) -> Traced:
        return Traced(self.record)

    def __deepcopy__(self, memo: Any) -> Traced:
        return Traced(self.record)  # a record never changes: a new name for it is a full copy

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a traced value has no attribute {name!r}; the array behind it is chainrule.value(x)")

    def __format__(self, form: str) -> str:
        return format(self.value, form)

    def __repr__(self) -> str:
        return f"Traced({self.value!r})"


def look_into(
    base: Traced,
    view: Traced,
    read: Callable[[Any], Any],
    through: Callable[[Any, Any], Any],
    pattern: tuple[Any, ...] | None = None,
) -> None:
    """Make `view` a window into `base`: a write to either reaches the other, as with NumPy's views.

    Args:
        base: the array.
        view: made of it just now.
        read: makes the view of the base.
        through: makes the base of (base, changed view).
        pattern: the index that it was made with, if it was.
    """
    view.window = (base, read, through, pattern)
    base.record.trace.views.setdefault(id(base), []).append(weakref.ref(view))


def write(target: Traced, new: Traced, skip: Traced | None = None) -> None:
    """Let `target` stand for a new value from now on: a write in place, as a functional update.

    All names bound to the same array see it, since they hold the same object; views and bases are brought up to date.
    """
    trace = target.record.trace
    if target.record.primitive is None:
        trace.written.append(target.record)
    target.record = new.record
    window = getattr(target, "window", None)
    if window is not None and window[0] is not skip:
        base, _, through, _ = window
        write(base, through(base, target), skip=target)
    _refresh_views(target, trace, skip)


def _refresh_views(target: Traced, trace: Trace, skip: Traced | None = None) -> None:
    views = trace.views.get(id(target))
    if not views:
        return
    alive = [(reference, view) for reference in views if (view := reference()) is not None]
    views[:] = [reference for reference, _ in alive]  # a view that nobody holds any more needs no refreshing
    for _, view in alive:
        if view is not skip:
            view.record = view.window[1](target).record
            _refresh_views(view, trace)


def _in_place(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Traced, other: Any) -> Any:
        result = getattr(Traced, f"__{name}__")(self, other)
        if self.ndim == 0:  # a NumPy scalar is immutable: the name is bound anew, aliases keep the old value
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
            setattr(Traced, name, _operator_method(primitive, name, reversed_))


_UNARY = ("__neg__", "__abs__", "__invert__")


def _operator_method(primitive: Primitive, name: str, reversed_: bool) -> Callable[..., Any]:
    if name in _UNARY:
        return lambda self: apply(primitive, (self,), _NOTHING)
    if reversed_:
        return lambda self, other: apply(primitive, (other, self), _NOTHING)
    compute = getattr(operator, name)  # on NumPy's scalars ten times as fast as the ufunc

    def method(self: Traced, other: Any) -> Any:
        # `apply` for the case that loops are full of: two values of one trace, or one and a Python number.
        left = self.record
        value = left.value
        if type(other) is Traced:
            right: Record | None = other.record
            other_value = other.record.value
            if other.record.trace is not left.trace or type(other_value) is Traced:
                return apply(primitive, (self, other), _NOTHING)
        elif type(other) is float:
            right, other_value = None, other
        else:
            return apply(primitive, (self, other), _NOTHING)
        if type(value) is Traced or type(value) is int:  # a size is a Python number, and so would the result be
            return apply(primitive, (self, other), _NOTHING)
        return _recorded(
            primitive, [left, right], [value, other_value], compute(value, other_value), _NOTHING, left.trace
        )

    return method
