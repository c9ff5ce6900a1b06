"""Compiled functions of arrays: kernels give the function's own results, at all shapes, and whatever is in force."""

from __future__ import annotations

import signal
import subprocess
import sys
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from random_programs import Program, programs
from row_losses import random_loss
from samples import Sample, all_samples
from users_threads import at_once

import chainrule as cr
from chainrule.calculus import kernel_code
from chainrule.calculus.compiled import compile
from chainrule.calculus.gradients import grad, value_and_grad
from chainrule.errors import KinkError
from chainrule.kernels.machine import available
from chainrule.passes.guards import strict

pytestmark = pytest.mark.skipif(bool(available()), reason=available())


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = tuple(value.values())
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, (tuple, list)) else [value]


def same(got: Any, want: Any, rtol: float = 1e-10) -> None:
    for a, b in zip(leaves(got), leaves(want), strict=True):
        assert type(a) is type(b)
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        size = np.abs(np.asarray(b, float)).max(initial=1e-300, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size)


def on_a_kernel(f: Any, *args: Any, times: int = 2) -> Any:
    """The compiled function, which ran on a kernel, and gave what the function does."""
    fast = compile(f)
    with np.errstate(all="ignore"):
        want = f(*args)
    for _ in range(times):
        same(fast(*args), want)
    assert "-> a kernel" in fast.plan(), fast.plan()
    return fast


@pytest.mark.parametrize("f", [lambda x: np.sum(x * x) / len(x), lambda x: x * 2 if len(x) < 55 else x * 3])
def test_what_python_makes_of_a_shape_holds_for_that_shape(f: Any) -> None:
    fast = compile(f)
    for rows in (50, 60, 50, 70, 60):
        x = np.linspace(0, 1, rows)
        same(fast(x), f(x))


def test_shapes_of_a_function_of_components_are_told_apart() -> None:
    def f(x: Any) -> Any:
        return x * x.shape[0]

    fast = compile(f)
    for shape in ((20, 15), (300,), (15, 20), (20, 15)):
        x = np.ones(shape)
        same(fast(x), f(x))


@pytest.mark.parametrize("rows", [[1, 2, 3], [3, 1, 2], [0, 5, 1], [5, 0, 1, 6]])
def test_few_rows_after_other_numbers_of_them(rows: list[int]) -> None:
    fast = compile(grad(lambda w, X: np.sum(np.tanh(X @ w)) / (1 + len(X))))
    for n in rows:
        X = np.random.default_rng(n).normal(size=(n, 3))
        same(fast(np.ones(3), X), grad(lambda w, X: np.sum(np.tanh(X @ w)) / (1 + len(X)))(np.ones(3), X))


def test_one_kernel_serves_all_numbers_of_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    executable = kernel_code.Executable
    monkeypatch.setattr(kernel_code, "Executable", lambda program: made.append(program) or executable(program))

    def f(w: Any, X: Any, y: Any) -> Any:
        return np.sum(np.logaddexp(0, X @ w) * y) / len(y) + (np.sum(w) if len(y) == 77 else 0)

    fast = compile(value_and_grad(f))
    rng = np.random.default_rng(0)
    for rows in (50, 60, 77, 1000, 50, 20_000, 60, 1000):
        arguments = rng.normal(size=3), rng.normal(size=(rows, 3)), rng.normal(size=rows)
        for _ in range(2):
            same(fast(*arguments), value_and_grad(f)(*arguments))
    # One for the first number, one for any, one for where Python took another branch.
    assert len(made) == 3


def of_a_primitive(sample: Sample) -> Any:
    """A function with all that is known about the sample: its value, and a gradient of it."""

    def total(*active: Any) -> Any:
        return np.sum(np.sin(sample.call(*active) * 1.0))

    gradient = value_and_grad(total, argnums=tuple(range(len(sample.active))))
    return lambda *active: (sample.call(*active), gradient(*active))


@cache
def real_samples() -> list[Sample]:
    def is_real(sample: Sample) -> bool:
        return not any(np.iscomplexobj(x) for x in (*sample.operands, sample.call(*sample.values())))

    with np.errstate(all="ignore"):
        return [sample for sample in all_samples() if sample.active and is_real(sample)]


def check_sample(sample: Sample, dtype: Any, rtol: float) -> None:
    values = [np.asarray(x).astype(dtype) for x in sample.values()]
    # Numbers alone are plain Python's; kernels are for arrays.
    f, arrays = of_a_primitive(sample), [x[None][0] if x.ndim else x[()] for x in values]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = f(*arrays)
        fast = compile(f)
        for got in (fast(*arrays), fast(*arrays)):
            for a, b in zip(leaves(got), leaves(want), strict=True):
                assert np.shape(a) == np.shape(b), sample
                assert np.asarray(a).dtype == np.asarray(b).dtype, sample
                size = np.abs(np.asarray(b, float)).max(initial=1e-3, where=np.isfinite(b))
                np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size, err_msg=str(sample))


@pytest.mark.parametrize("first", range(8))
def test_some_of_all_primitives(first: int) -> None:
    chosen = real_samples()[first * 5 :: 97]
    for sample in chosen[:6]:
        check_sample(sample, np.float64, 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("part", range(8))
def test_every_primitive_and_its_gradient(part: int, dtype: Any) -> None:
    for sample in real_samples()[part::8]:
        check_sample(sample, dtype, 1e-9 if dtype is np.float64 else 1e-3)


@pytest.mark.parametrize("seed", range(0, 40, 8))
def test_losses_over_rows(seed: int) -> None:
    check_loss(seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 200, 20))
def test_two_hundred_losses_over_rows(first: int) -> None:
    for seed in range(first, first + 20):
        check_loss(seed)


def check_loss(seed: int) -> None:
    loss = random_loss(seed, 23)
    fast = on_a_kernel(value_and_grad(loss.f), loss.parameters, *loss.data, times=1)
    for rows in (1001, 23):
        data = [np.resize(x, (rows, *x.shape[1:])) for x in loss.data]
        same(fast(loss.parameters, *data), value_and_grad(loss.f)(loss.parameters, *data), rtol=1e-8)


@pytest.mark.parametrize("seed", range(6))
def test_programs(seed: int) -> None:
    check_program(next(iter(programs(1, seed))))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 300, 30))
def test_three_hundred_programs(first: int) -> None:
    for program in programs(30, first):
        check_program(program)


def check_program(program: Program) -> None:
    f = value_and_grad(program, argnums=(0, 1, 2))
    with np.errstate(all="ignore"):
        want = f(*program.point)
        got = compile(f)(*program.point)
    size = max([np.abs(part).max(initial=0.0) for part in leaves(want)])
    for a, b in zip(leaves(got), leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * size + 1e-12, err_msg=str(program.seed))


def chain(x: Any, y: Any, w: Any) -> Any:
    return np.tanh(x * w - y) / (1 + x**2), np.sum(np.exp(-x) * y, axis=0), np.max(x - y)


_chain = compile(chain)

steps = st.sampled_from([1, 2, -1, -2])


@st.composite
def laid_out(draw: st.DrawFn, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array of a shape: with strides, backwards, in Fortran order, unaligned, read-only."""
    numbers = np.random.default_rng(draw(st.integers(0, 9))).normal(size=shape)
    order = draw(st.permutations(range(len(shape))))
    taken = [draw(steps) for _ in shape]
    spread = np.full([abs(step) * n for step, n in zip(taken, shape, strict=True)], np.nan).transpose(order).copy()
    if draw(st.booleans()):
        memory = np.zeros(spread.nbytes + 1, np.uint8)[1:]
        spread = np.ndarray(spread.shape, np.float64, memory)
    view = spread.transpose(np.argsort(order))[tuple(slice(None, None, step) for step in taken)]
    view[...] = numbers
    view.flags.writeable = draw(st.booleans())
    return view


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_arrays_of_any_layout(data: st.DataObject) -> None:
    shape = data.draw(st.sampled_from([(0, 3), (1, 3), (5, 3), (64, 3), (7, 1), (4, 0)]))
    x, y = (data.draw(laid_out(shape)) for _ in range(2))
    w = data.draw(st.one_of(laid_out(shape), laid_out(shape[1:])))
    if data.draw(st.booleans()):
        y = x  # the same memory twice
    before = [array.tobytes() for array in (x, y, w)]
    if not x.size:
        with pytest.raises(ValueError, match="zero-size"):
            _chain(x, y, w)
        return
    same(_chain(x, y, w), chain(x, y, w))
    assert [array.tobytes() for array in (x, y, w)] == before


def test_results_belong_to_the_caller() -> None:
    x = np.ones(6)
    for f in (lambda x: (x, x, x * 1), lambda x: (x[::2], x.reshape(2, 3).T), lambda x: {"a": np.exp(x), "b": x}):
        fast = compile(f)
        for _ in range(2):
            parts = leaves(fast(x))
            for i, part in enumerate(parts):
                assert part.flags.writeable
                part[...] = 10.0 + i
            assert [float(np.ravel(part)[0]) for part in parts] == [10.0 + i for i in range(len(parts))]
    np.testing.assert_array_equal(x, np.ones(6))


DTYPES = ["f8", "f4", ">f8", ">f4", "f2", "g", "i8", "i4", "i2", "i1", "u1", "u2", "u4", "u8", "?", ">i4"]


def of_any_dtype(x: Any) -> Any:
    return (
        (x * x + x, x / 3, np.abs(x) * 2, np.sum(x * 3 + x), np.mean(x * x), np.max(x), np.min(x + x)),
        (np.where(x != 0, x, x + x), np.sum(x > 1), np.any(x != 0), x[::2].astype(np.float32) * 2, np.prod(x[:4])),
        (np.minimum(x, x[::-1]), np.all(x == x), np.sum(x.reshape(4, 5) @ x.reshape(5, 4)), np.var(x, ddof=1)),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype: str) -> None:
    x = np.abs(np.random.default_rng(0).normal(size=20) * 5).astype(dtype)
    fast = compile(of_any_dtype)
    want = of_any_dtype(x)
    for _ in range(2):
        for a, b in zip(leaves(fast(x)), leaves(want), strict=True):
            assert type(a) is type(b)
            assert np.asarray(a).dtype == np.asarray(b).dtype
            rtol = 1e-2 if dtype == "f2" else 1e-5 if np.asarray(b).dtype == np.float32 else 1e-12
            np.testing.assert_allclose(a, b, rtol=rtol)


def test_a_number_that_had_to_stay_pythons_is_no_argument_of_another_call() -> None:
    def f(w: Any, rate: float = 0.5) -> Any:
        return w * rate

    fast = compile(f)
    w = np.ones(3, np.float32)
    for _ in range(2):
        same(fast(w, 0.25), f(w, 0.25))
        same(fast(w), f(w))


_heard: list[Any] = []


def _hear(*args: Any) -> None:
    _heard.append(args)


def test_numpys_answers_to_what_goes_wrong() -> None:
    fast = compile(lambda x: np.log(x) / x)
    x = np.array([1.0, 0.0])
    for _ in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.isneginf(fast(x)[1])  # a kernel says nothing
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            fast(x)
        with np.errstate(divide="ignore"):
            assert np.isneginf(fast(x)[1])
        with np.errstate(divide="call", call=_hear):
            heard = len(_heard)
            fast(x)
        assert len(_heard) > heard


def test_kinks_and_numbers_are_watched() -> None:
    fast = compile(grad(lambda x: np.sum(np.abs(x))))
    x = np.array([1.0, 0.0])
    for _ in range(3):
        same(fast(x), np.array([1.0, 0.0]))
        with strict(), pytest.raises(KinkError):
            fast(x)


def test_branches_of_arrays() -> None:
    def f(x: Any) -> Any:
        if np.sum(x) > 0:
            return np.sqrt(np.abs(x))
        return -x

    fast = compile(f)
    x = np.array([1.0, -0.5, 3.0])
    for _ in range(3):
        same(fast(x), f(x))
        same(fast(-x), f(-x))
    assert fast.plan().count("-> a kernel, for one branch of 1 decision") == 2


def test_indices_out_of_range_are_the_functions_own_error() -> None:
    def picked(x: Any, labels: Any) -> Any:
        return np.sum(np.exp(x)[np.arange(len(x)), labels])

    fast = compile(picked)
    x = np.ones((5, 3))
    good = np.array([0, 2, 1, 0, 2])
    same(fast(x, good), picked(x, good))
    same(fast(x, -good), picked(x, -good))
    for _ in range(2):
        with pytest.raises(IndexError):
            fast(x, good + 2)
    same(fast(x, good), picked(x, good))


def test_a_matrix_that_cannot_be_inverted_is_numpys_error() -> None:
    fast = compile(lambda A, b: np.sum(np.exp(-(np.linalg.solve(A, b) ** 2))) + np.sum(np.tanh(A)))
    same(fast(np.eye(3), np.ones(3)), np.float64(3 * np.exp(-1) + 3 * np.tanh(1)))
    with pytest.raises(np.linalg.LinAlgError):
        fast(np.zeros((3, 3)), np.ones(3))


@pytest.mark.parametrize(
    "around",
    [
        lambda f: value_and_grad(f),
        lambda f: grad(compile(f)),
        lambda f: cr.hessian(f),
        lambda f: lambda w, X, y: cr.hvp(lambda w: f(w, X, y), w, np.ones_like(w)),
        lambda f: lambda w, X, y: cr.vjp(lambda w: f(w, X, y), w)[1](1.0),
        lambda f: lambda w, X, y: cr.jvp(lambda w: f(w, X, y), (w,), (np.ones_like(w),)),
        lambda f: cr.jacobian(lambda w, X, y: np.tanh(X @ w) * y),
    ],
    ids=["value_and_grad", "grad of compiled", "hessian", "products", "vjp", "jvp", "jacobian"],
)
def test_all_of_the_grad_family(around: Any) -> None:
    rng = np.random.default_rng(0)
    w, X, y = rng.normal(size=3), rng.normal(size=(40, 3)), rng.normal(size=40)
    f = around(lambda w, X, y: np.mean(np.logaddexp(0, X @ w) - y * (X @ w)))
    same(compile(f)(w, X, y), f(w, X, y))


def test_threads_of_the_users_on_one_function() -> None:
    fast = compile(value_and_grad(lambda w, X: np.mean(np.tanh(X @ w) ** 2)))
    rng = np.random.default_rng(0)
    calls = [(rng.normal(size=4), rng.normal(size=(n, 4))) for n in (5, 60, 60, 5000)]
    want = [value_and_grad(lambda w, X: np.mean(np.tanh(X @ w) ** 2))(*call) for call in calls]

    def many(place: int) -> None:
        for _ in range(40):
            same(fast(*calls[place]), want[place])

    at_once(many)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer of signals here")
def test_an_interrupt_leaves_the_process_usable() -> None:
    def long(x: Any) -> Any:
        for _ in range(4):
            x = np.sin(np.exp(-x * x) + x)
        return x

    fast = compile(long)
    small, large = np.linspace(-1, 1, 1000), np.zeros(1_000_000)
    same(fast(small), long(small))
    fast(large)

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    def until_interrupted() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        while True:
            fast(large)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            until_interrupted()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    same(fast(small), long(small))
    same(fast(large)[:5], long(large[:5]))


def test_no_memory_leaves_the_process_usable() -> None:
    fast = compile(lambda x: np.exp(x)[:, None] * np.exp(x)[None, :])
    same(fast(np.ones(10)), np.exp(2 * np.ones((10, 10))))
    with pytest.raises(MemoryError):
        fast(np.broadcast_to(np.float64(1.0), (10_000_000,)))
    same(fast(np.ones(10)), np.exp(2 * np.ones((10, 10))))


WITHOUT = """
import sys
sys.modules["llvmlite"] = None
import numpy as np
import chainrule as cr
X = np.random.default_rng(0).normal(size=(50, 3))
f = cr.value_and_grad(lambda w: np.mean(np.log1p(np.exp(X @ w))))
fast = cr.compile(f)
w = np.ones(3)
for a, b in zip(fast(w), f(w)):
    np.testing.assert_allclose(a, b, rtol=1e-13)
print(fast.plan())
assert fast.llvm(w) == "" and "import numpy" in fast.source(w)
"""


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (WITHOUT, "NumPy (llvmlite is not installed"),
        (
            "import os\nos.environ['CHAINRULE_KERNELS'] = '0'\n"
            + WITHOUT.replace('sys.modules["llvmlite"] = None', ""),
            "NumPy (CHAINRULE_KERNELS=0 turns",
        ),
    ],
    ids=["no llvmlite", "turned off"],
)
def test_without_kernels_numpy_computes(script: str, said: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


def test_a_defect_of_the_compiler_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(program: Any) -> Any:
        raise KeyError("no such place")

    monkeypatch.setattr(kernel_code, "Executable", broken)
    fast = compile(lambda x: np.sum(np.exp(-x)))
    same(fast(np.ones(100)), np.sum(np.exp(-np.ones(100))))
    assert "a defect of chainrule: no kernel was made, KeyError: 'no such place'" in fast.plan()


def test_what_runs_is_shown() -> None:
    fast = on_a_kernel(lambda x: np.sum(np.exp(-x)), np.ones(100))
    assert "one pass over the rows" in fast.plan()
    assert "define" in fast.llvm(np.ones(100))
    assert fast.llvm() == fast.llvm(np.ones(100))
    assert "np.exp" in fast.source(np.ones(100))
    assert compile(lambda x: x + 1).llvm(2.0) == ""


def test_the_plan_says_when_compiled_code_is_not_kept(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "file"))
    f = compile(lambda x: np.sum(np.exp(x) * 1.25))
    x = np.ones(7)
    same(f(x), np.sum(np.exp(x) * 1.25))
    assert f.plan().splitlines()[-1].startswith("  compiled code is not kept: ")
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path / "folder"))
    g = compile(lambda x: np.sum(np.exp(x) * 1.5))
    g(x)
    assert "not kept" not in g.plan()
