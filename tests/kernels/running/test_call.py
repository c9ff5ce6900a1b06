"""The entry in machine code: what it takes and refuses, what it hands to the kernel and gives back."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import pytest

from chainrule.kernels.program import Value
from chainrule.kernels.running import call

F8, F4, I8, B1 = (np.dtype(name) for name in ("f8", "f4", "i8", "?"))
Whole = ctypes.CFUNCTYPE(
    None, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64,
    ctypes.c_int64,
)  # fmt: skip


class Kernel:
    """A kernel in Python: takes note of its arguments, and copies arrays to arrays."""

    def __init__(self, copies: Sequence[tuple[int, int, int]] = (), guard: bytes = b"") -> None:
        self.calls: list[tuple[int, int]] = []
        self.memory = np.zeros(64, np.uint8)

        def whole(arrays: Any, fixed: int, scratch: int, totals: int, rows: int, chunk: int) -> None:
            self.calls.append((rows, chunk))
            for source, target, size in copies:
                ctypes.memmove(arrays[target], arrays[source], size * max(rows, 1))
            if guard:
                ctypes.memmove(fixed + 8, guard, len(guard))

        self.whole = Whole(whole)
        self.address = ctypes.cast(self.whole, ctypes.c_void_p).value or 0

    def entry(self, inputs: list[Value], outputs: list[Value], flat: bool = False, **options: Any) -> Any:
        made = call.entry(
            self.address, inputs=inputs, outputs=outputs, flat=flat, fixed=self.memory, scratch=self.memory,
            totals=self.memory, keep=self, **options,
        )  # fmt: skip
        assert made is not None
        return made


def by_row(*shape: int, dtype: np.dtype[Any] = F8) -> Value:
    return Value(shape, dtype, True)


def fixed(*shape: int, dtype: np.dtype[Any] = F8) -> Value:
    return Value(shape, dtype)


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 0, 3), (2, 2, 2, 2)])
def test_flat_programs_take_any_shape(shape: tuple[int, ...]) -> None:
    kernel = Kernel([(0, 1, 8)])
    f = kernel.entry([by_row()], [by_row()], flat=True)
    x = np.random.default_rng(0).normal(size=shape)
    out = f(np.asarray(x))
    assert type(out) is np.ndarray
    assert out.shape == shape
    np.testing.assert_array_equal(out, x)
    assert kernel.calls == [(x.size, 2**62)]


def test_flat_arrays_have_one_shape() -> None:
    f = Kernel([(1, 2, 8)]).entry([by_row(), by_row()], [by_row()], flat=True)
    x, y = np.ones((2, 3)), np.full((2, 3), 7.0)
    np.testing.assert_array_equal(f(x, y), y)
    assert f(x, y.T) is NotImplemented
    assert f(x, np.ones(6)) is NotImplemented
    assert f(x, np.ones((2, 3, 1))) is NotImplemented


def test_rows_come_from_the_arrays() -> None:
    kernel = Kernel([(0, 3, 24), (1, 4, 8)])
    f = kernel.entry([by_row(3), by_row(), fixed(2, 2)], [by_row(3), by_row()], chunk=128, rows_offset=16)
    X, y, W = np.arange(12.0).reshape(4, 3), np.arange(4.0), np.eye(2)
    first, second = f(X, y, W)
    np.testing.assert_array_equal(first, X)
    np.testing.assert_array_equal(second, y)
    assert kernel.calls == [(4, 128)]
    assert kernel.memory[16:24].view(np.int64) == [4]
    first, second = f(X[:2], y[:2], W)
    assert (first.shape, second.shape) == ((2, 3), (2,))
    for wrong in ((X, y[:3], W), (X[:, :2].copy(), y, W), (X, y, np.eye(3)), (X.ravel(), y, W), (X, y, W[0])):
        assert f(*wrong) is NotImplemented


def test_more_rows_than_the_limit_are_left_to_others() -> None:
    f = Kernel([(0, 1, 8)]).entry([by_row()], [by_row()], limit=10)
    assert f(np.ones(10)).shape == (10,)
    assert f(np.ones(11)) is NotImplemented


class Sub(np.ndarray[Any, Any]):
    """An array that may mean something else by everything."""


def test_what_is_not_as_expected_is_refused() -> None:
    kernel = Kernel()
    f = kernel.entry([fixed(4), fixed()], [fixed(4)])
    x = np.ones(4)
    unaligned = np.frombuffer(bytearray(33), np.uint8)[1:].view(F8)
    stranger = np.ones(4).astype(np.dtype(F8, metadata={"unit": "m"}))
    wrong: list[tuple[Any, ...]] = [
        (), (x,), (x, 1.0, 1.0), (np.ones(8)[::2], 1.0), (x[::-1], 1.0), (unaligned, 1.0), (x.astype(F4), 1.0),
        (x.astype(">f8"), 1.0), (x.view(Sub), 1.0), ([1.0] * 4, 1.0), (x, 1), (x, True), (x, np.float32(1)),
        (x, "1"), (x, None), (1.0, 1.0), (stranger, 1.0), (np.ones((2, 2)), 1.0), (np.ones(3), 1.0),
    ]  # fmt: skip
    for arguments in wrong:
        assert f(*arguments) is NotImplemented, arguments
    assert kernel.calls == []
    frozen = np.ones(4)
    frozen.flags.writeable = False
    for number in (1.0, np.float64(1), np.array(1.0)):
        assert f(frozen, number) is not NotImplemented
    assert kernel.calls == [(0, 2**62)] * 3


@pytest.mark.parametrize("dtype", [F8, F4, I8, B1])
def test_outputs_without_axes_are_scalars(dtype: np.dtype[Any]) -> None:
    f = Kernel([(0, 1, dtype.itemsize)]).entry([fixed(dtype=dtype)], [fixed(dtype=dtype)])
    out = f(np.array(1, dtype))
    assert type(out) is dtype.type
    assert out == 1


def test_floats_are_read_where_they_are() -> None:
    f = Kernel([(0, 2, 8), (1, 3, 8)]).entry([fixed(), fixed()], [fixed(), fixed()])
    assert f(2.5, np.float64(-3.5)) == (2.5, -3.5)


def test_constants_stand_behind_the_inputs() -> None:
    constant = np.array([1.0, 2.0, 3.0])
    f = Kernel([(1, 2, 24)]).entry([fixed()], [fixed(3)], constants=[constant])
    np.testing.assert_array_equal(f(0.0), constant)


@pytest.mark.parametrize(("size", "raw"), [(1, b"\x01"), (8, (2**40).to_bytes(8, "little"))])
def test_guards(size: int, raw: bytes) -> None:
    outcome = int.from_bytes(raw, "little")
    for expected, taken in ((outcome, True), (outcome + 1, False)):
        f = Kernel([(0, 1, 8)], guard=raw).entry([fixed()], [fixed(), fixed(2)], guards=[(8, size, expected)])
        assert (f(2.0) is not NotImplemented) == taken


def test_context_variables_must_give_what_they_gave() -> None:
    unset: ContextVar[object] = ContextVar("unset")
    thing, other = object(), object()
    chosen: ContextVar[object] = ContextVar("chosen", default=thing)
    f = Kernel([(0, 1, 8)]).entry([fixed()], [fixed()], variables=[(unset, None), (chosen, thing)])
    assert f(2.0) == 2.0
    token = chosen.set(other)
    assert f(2.0) is NotImplemented
    chosen.reset(token)
    assert f(2.0) == 2.0
    unset.set(thing)
    assert f(2.0) is NotImplemented


def test_no_outputs_are_an_empty_tuple() -> None:
    assert Kernel().entry([fixed()], [])(1.0) == ()


def test_nothing_is_lost_or_freed_twice() -> None:
    thing = object()
    variable: ContextVar[object] = ContextVar("variable", default=thing)
    x, big = np.ones(4), 1.5e300
    counted = (x, big, F8, np.ndarray, NotImplemented, variable, variable.get())
    f = Kernel([(1, 3, 8)], guard=b"\x01").entry(
        [fixed(4), fixed()], [fixed(4), fixed()], variables=[(variable, variable.get())], guards=[(8, 1, 1)]
    )
    g = Kernel(guard=b"\x02").entry([fixed(4), fixed()], [fixed(4), fixed(2)], guards=[(8, 1, 1)])
    f(x, big)
    g(x, big)
    gc.collect()
    before = [sys.getrefcount(thing) for thing in counted]
    for _ in range(1000):
        array, number = f(x, big)
        assert f(x, "no") is NotImplemented
        assert g(x, big) is NotImplemented
    assert sys.getrefcount(array) == 2
    del array, number
    after = [sys.getrefcount(thing) for thing in counted]
    assert all(abs(a - b) < 20 for a, b in zip(after, before, strict=True)), (before, after)


def test_an_entry_keeps_alive_what_it_uses() -> None:
    def make() -> Any:
        return Kernel([(1, 2, 24)]).entry([fixed()], [fixed(3)], constants=[np.array([4.0, 5.0, 6.0])])

    entries = [make() for _ in range(50)]
    gc.collect()
    junk = [np.full(3, np.nan) for _ in range(200)]
    assert all(f(0.0).tolist() == [4.0, 5.0, 6.0] for f in entries)
    assert len(junk) == 200


def test_memory_that_there_is_not_is_an_error() -> None:
    kernel = Kernel()
    f = kernel.entry([fixed()], [fixed(), fixed(3), fixed(2**45)])
    with pytest.raises(MemoryError):
        f(1.0)
    assert kernel.calls == []


def test_other_layouts_have_no_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    assert call.layouts_hold()
    monkeypatch.setattr(call.sysconfig, "get_config_var", lambda name: 1)
    assert not call.layouts_hold.__wrapped__()
    monkeypatch.setattr(call.np, "__version__", "1.26.4")
    monkeypatch.setattr(call.sysconfig, "get_config_var", lambda name: 0)
    assert not call.layouts_hold.__wrapped__()
    monkeypatch.setattr(call, "layouts_hold", lambda: False)
    memory = np.zeros(8, np.uint8)
    assert call.entry(0, inputs=[], outputs=[], flat=False, fixed=memory, scratch=memory, totals=memory) is None
