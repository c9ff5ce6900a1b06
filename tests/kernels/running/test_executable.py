"""Programs as machine code: equal to NumPy's, the same bits on any number of threads, whatever the arrays look like."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hand_made_kernels import CASES, Case, least_squares
from hypothesis import given, strategies as st
from users_threads import at_once

from chainrule.errors import ArgumentError, GuardError, ShapeError
from chainrule.kernels.machine import available

pytestmark = pytest.mark.skipif(bool(available()), reason=available())

if not available():
    from chainrule.kernels.running import executable, given as given_arrays
    from chainrule.kernels.running.executable import Executable
    from chainrule.kernels.running.interpret import Interpreter


@cache
def made(name: str) -> tuple[Case, Executable]:
    case = CASES[name]()
    return case, Executable(case.program)


@pytest.fixture
def on_all_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Also what is small goes through threads, and is copied in chunks."""
    monkeypatch.setattr(executable, "_ALONE", -1.0)
    monkeypatch.setattr(given_arrays, "_SMALL", 0)
    return monkeypatch


def arguments(case: Case, rows: int) -> list[Any]:
    return case.inputs(np.random.default_rng(rows), rows)


def close(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        single = a.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=1e-4 if single else 1e-11, atol=1e-5 if single else 1e-12)


def same_bits(found: Any, expected: Any) -> None:
    for a, b in zip(found, expected, strict=True):
        assert np.ascontiguousarray(a).tobytes() == np.ascontiguousarray(b).tobytes()


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 1000, 20011])
@pytest.mark.parametrize("name", CASES)
def test_equal_to_the_interpreter(name: str, rows: int) -> None:
    if name == "log_sum_exp" or rows or "squares" not in name:
        case, run = made(name)
        arrays = arguments(case, rows)
        close(run(arrays), Interpreter(case.program)(arrays))


@pytest.mark.parametrize("name", CASES)
def test_the_same_bits_on_any_number_of_threads(name: str, on_all_cores: pytest.MonkeyPatch) -> None:
    case, run = made(name)
    arrays = arguments(case, 50_011)
    on_all_cores.setattr(executable, "_ALONE", 1e99)
    at_once = run(arrays)
    on_all_cores.setattr(executable, "_ALONE", -1.0)
    for threads in (1, 2, 3, 8):
        on_all_cores.setenv("CHAINRULE_THREADS", str(threads))
        same_bits(run(arrays), at_once)


def disguised(array: np.ndarray[Any, Any], how: str) -> np.ndarray[Any, Any]:
    """The same numbers, lying otherwise in memory."""
    if array.ndim == 0:
        return array
    if how == "Fortran order":
        return np.asfortranarray(array)
    if how == "backwards":
        return array[::-1].copy()[::-1]
    if how == "strided":
        spread = np.full((2 * len(array), *array.shape[1:]), np.nan, array.dtype)
        spread[::2] = array
        return spread[::2]
    if how == "inner strides":
        spread = np.full((*array.shape[:-1], 3 * array.shape[-1]), np.nan, array.dtype)
        spread[..., 1::3] = array
        return spread[..., 1::3]
    if how == "unaligned":
        memory = np.zeros(array.nbytes + 1, np.uint8)
        found = memory[1:].view(array.dtype).reshape(array.shape)
        found[...] = array
        return found
    found = array.copy()
    found.flags.writeable = False
    return found


WAYS = ["Fortran order", "backwards", "strided", "inner strides", "unaligned", "read-only"]


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("name", ["elementwise", "least_squares", "standardised", "each_row", "quadratic_form"])
@pytest.mark.parametrize("large", [False, True])
def test_arrays_in_any_layout(name: str, how: str, large: bool, on_all_cores: pytest.MonkeyPatch) -> None:
    case, run = made(name)
    arrays = arguments(case, 3000)
    expected = run(arrays)
    if not large:
        on_all_cores.undo()
    given_ = [disguised(array, how) for array in arrays]
    before = [array.copy() for array in given_]
    same_bits(run(given_), expected)
    same_bits([np.ascontiguousarray(a) for a in given_], [np.ascontiguousarray(a) for a in before])


@pytest.mark.parametrize("large", [False, True])
def test_a_flat_program_takes_any_layout_of_several_axes(large: bool, on_all_cores: pytest.MonkeyPatch) -> None:
    if not large:
        on_all_cores.undo()
    _, run = made("elementwise")
    x = np.random.default_rng(0).normal(size=(30, 7, 20))
    for array in (x, x.T, x.transpose(1, 2, 0), x[::2], x[:, ::-1], x[..., 3:9], np.asfortranarray(x), x[:, :1][:, 0]):
        (found,) = run([array])
        np.testing.assert_allclose(found, array * array * np.exp(array), rtol=1e-12)
        assert found.shape == array.shape
    for shape in ((0,), (3, 0, 2), ()):
        assert run([np.ones(shape)])[0].shape == shape


@pytest.mark.parametrize("same", [np.ones((5, 3)), np.broadcast_to(np.float64(2.0), (5, 3))])
def test_arguments_may_share_memory(same: np.ndarray[Any, Any]) -> None:
    case, run = made("least_squares")
    arrays = [same, same[:, 0], same[0]]
    close(run(arrays), case.expected(*arrays))


@given(cuts=st.lists(st.integers(0, 1000), max_size=5))
def test_in_blocks_equal_to_whole(cuts: list[int]) -> None:
    case, run = made("least_squares")
    X, y, w = arguments(case, 1000)
    state = run.begin([None, None, w], 1000)
    edges = [0, *sorted(cuts), 1000]
    totals = [run.totals(state, 0, [X[a:b], y[a:b], None]) for a, b in pairwise(edges)]
    merged = totals[0]
    for other in totals[1:]:
        merged = run.merge(0, np.frombuffer(b"x" + merged.tobytes(), np.uint8)[1:], other)
    run.finish(state, 0, merged)
    close(run.outputs(state), [np.asarray(a) for a in case.expected(X, y, w)])


def test_rows_among_the_results_do_not_come_in_blocks() -> None:
    with pytest.raises(ArgumentError, match="elementwise has rows among its results"):
        made("elementwise")[1].begin([None], 100)


def test_guards_and_shapes_are_checked() -> None:
    with pytest.raises(GuardError, match="branch taken with True"):
        made("quadratic_form")[1]([np.zeros((3, 4)), np.zeros(4)])
    for arrays in ([np.zeros((5, 2)), np.zeros(5), np.zeros(3)], [np.zeros((5, 3)), np.zeros(4), np.zeros(3)]):
        with pytest.raises(ShapeError):
            made("least_squares")[1](arrays)
    with pytest.raises(ShapeError):
        made("elementwise")[1]([np.zeros(5, np.float32)])
    with pytest.raises(ShapeError):
        made("elementwise")[1]([np.zeros(5, ">f8")])


def test_results_are_new_arrays() -> None:
    case, run = made("quadratic_form")
    first, _, again = run(arguments(case, 1))
    first[...] = 0
    assert again != 0
    x = np.ones(5)
    one, other = run_twice(x)
    one[...] = 7
    assert not np.any(other == 7)
    assert np.all(x == 1)


def run_twice(x: Any) -> list[Any]:
    run = made("elementwise")[1]
    return [run([x])[0], run([x])[0]]


def test_several_threads_of_the_users(on_all_cores: pytest.MonkeyPatch) -> None:
    case, run = made("least_squares")
    arrays = [arguments(case, rows) for rows in (500, 1000, 3000, 7000)]
    expected = [run(a) for a in arrays]

    def calls(place: int) -> None:
        for _ in range(50):
            same_bits(run(arrays[place]), expected[place])

    at_once(calls)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_it_works_after_a_fork(on_all_cores: pytest.MonkeyPatch) -> None:
    on_all_cores.setenv("CHAINRULE_THREADS", "2")
    case, run = made("least_squares")
    arrays = arguments(case, 20_000)
    expected = run(arrays)
    child = os.fork()
    if child == 0:
        good = False
        try:
            good = all(np.array_equal(a, b) for a, b in zip(run(arrays), expected, strict=True))
        finally:
            os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_no_memory_for_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    case, run = made("least_squares")
    arrays = arguments(case, 1000)
    expected = run(arrays)
    for broken in ("_made", "_check", "_state"):

        def fails(*args: Any) -> None:
            raise MemoryError

        monkeypatch.setattr(Executable, broken, fails)
        with pytest.raises(MemoryError):
            run(arrays)
        monkeypatch.undo()
        same_bits(run(arrays), expected)


@pytest.mark.skipif(sys.platform == "win32", reason="resource is a module of Unix")
@pytest.mark.slow
@pytest.mark.parametrize("how", ["plain", "Fortran order", "strided"])
def test_memory_beside_the_arrays_stays_small(how: str) -> None:
    import resource

    case = least_squares(features=32)
    X, y, w = arguments(case, 1_000_000)
    if how != "plain":
        X = disguised(X, how)
    run = Executable(case.program)
    run([X[:1000], y[:1000], w])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run([X, y, w])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


_watched: ContextVar[Any] = ContextVar("watched", default=False)


@pytest.mark.parametrize("name", ["elementwise", "elementwise_float32", "least_squares", "log_sum_exp"])
def test_the_way_in_for_small_calls(name: str) -> None:
    case, run = made(name)
    call = run.entry([(_watched, False)])
    assert call is not None
    for rows in (0, 1, 64, 300):
        arrays = arguments(case, rows)
        expected = run(arrays)
        found = call(*arrays)
        same_bits(found if type(found) is tuple else (found,), expected)
        token = _watched.set(True)
        assert call(*arrays) is NotImplemented
        _watched.reset(token)
        assert call(*arrays[:-1]) is NotImplemented
        assert call(*arrays[:-1], np.zeros((7, 7, 7), np.int8)) is NotImplemented


@pytest.mark.parametrize("name", ["standardised", "quadratic_form", "each_row"])
def test_calls_that_have_no_such_way(name: str) -> None:
    assert made(name)[1].entry() is None
