"""Compiled functions: the same results and errors as the function itself, for any arguments and branches."""

from __future__ import annotations

import gc
import inspect
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy import optimize

from chainrule.calculus.compiled import compile
from chainrule.calculus.custom import define_vjp, primitive
from chainrule.calculus.gradients import grad, value_and_grad
from chainrule.errors import ArgumentError, KinkError, NotScalarError
from chainrule.passes.guards import strict

X = np.random.default_rng(0).normal(size=(50, 3))
Y = X @ np.array([1.0, -2.0, 0.5])


def mse(w: Any) -> Any:
    e = Y - X @ w
    return np.mean(e**2)


def same(got: Any, want: Any) -> None:
    assert np.shape(got) == np.shape(want)
    assert type(got) is type(want)
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("x", [1.0, -3.0, 0.0, 1e3, -1e3, np.float64(2.0), np.array(0.5)[()]])
def test_a_function_of_a_number(x: Any) -> None:
    def f(x):
        return x**2 * np.exp(x) + 1 / (1 + np.exp(-(3 * x + 2)))

    fast = compile(grad(f))
    with np.errstate(all="ignore"):
        for _ in range(3):
            same(fast(x), grad(f)(x))
    assert "import math" in fast.source(x)


def test_a_function_of_arrays() -> None:
    fast = compile(value_and_grad(mse))
    for w in (np.zeros(3), np.ones(3), np.arange(3.0)):
        (value, gradient), (want, expected) = fast(w), value_and_grad(mse)(w)
        same(value, want)
        same(gradient, expected)
    assert "import numpy as np" in fast.source(np.zeros(3))


def test_it_works_as_the_jacobian_of_scipy() -> None:
    found = optimize.minimize(compile(mse), np.zeros(3), jac=compile(grad(mse)), tol=1e-9)
    np.testing.assert_allclose(found.x, [1.0, -2.0, 0.5], atol=1e-6)


@pytest.mark.parametrize("inner", [True, False])
def test_it_composes_with_grad_on_both_sides(inner: bool) -> None:
    def f(x):
        return np.sin(x) * x**3

    second = grad(compile(grad(f))) if inner else compile(grad(grad(f)))
    for x in (0.3, 0.3, -2.0):
        same(second(x), grad(grad(f))(x))
    same(grad(compile(f))(1.5), grad(f)(1.5))


def test_a_value_of_a_trace_around_it_keeps_its_derivative() -> None:
    def outer(x):
        return compile(lambda y: x * y)(3.0)

    same(grad(outer)(2.0), np.float64(3.0))


def test_each_branch_is_compiled_once() -> None:
    calls = []

    def f(x):
        calls.append(x)
        if x > 0:
            return np.sqrt(x)
        return -x

    fast = compile(f)
    for x in (4.0, -3.0, 9.0, -5.0, 16.0):
        same(fast(x), f(np.float64(x)))
    traced = [x for x in calls if not isinstance(x, float)]
    assert len(traced) == 2
    assert fast.plan().count("decision") == 2
    assert "raise ValueError" in fast.source(4.0)
    assert "sqrt" in fast.source(4.0)
    assert "sqrt" not in fast.source(-4.0)


def test_a_function_with_too_many_branches_is_called_as_it_is() -> None:
    def f(x):
        n = 0
        while x > n:
            n += 1
        return x * n

    fast = compile(f)
    for i in range(12):
        assert fast(i + 0.5) == f(i + 0.5)
    assert "more than 8 different branches" in fast.plan()


def test_other_shapes_dtypes_and_static_arguments_compile_anew() -> None:
    def f(x, power, mode="sum"):
        y = x**power
        return np.sum(y) if mode == "sum" else np.mean(y)

    fast = compile(f)
    for x in (np.arange(3.0), np.arange(4.0), np.arange(3, dtype=np.float32), np.ones((2, 2))):
        for power in (1, 2, True):
            same(fast(x, power), f(x, power))
            same(fast(x, power, mode="mean"), f(x, power, mode="mean"))


def test_a_python_float_stays_weak_beside_float32() -> None:
    def step(w, rate):
        return w - rate * w

    fast = compile(step)
    w = np.ones(3, np.float32)
    for rate in (0.1, 0.2, 0.1):
        same(fast(w, rate), step(w, rate))
    same(fast(np.ones(3), 0.1), step(np.ones(3), 0.1))


class Pair(NamedTuple):
    a: Any
    b: Any


@dataclass
class Layer:
    w: Any
    b: Any
    name: str = "layer"


def test_containers_in_and_out() -> None:
    def f(params, layer, pair):
        h = params["w"] * layer.w + layer.b
        return {"h": h, "rest": [pair.a - pair.b, None, "text"], "layer": Layer(h, layer.b)}

    fast = compile(f)
    for scale in (1.0, 2.0):
        arguments = ({"w": scale * np.ones(2)}, Layer(np.arange(2.0), 3.0), Pair(scale, 1.0))
        got, want = fast(*arguments), f(*arguments)
        assert list(got) == list(want)
        same(got["h"], want["h"])
        assert got["rest"] == want["rest"]
        assert isinstance(got["layer"], Layer)
        same(got["layer"].w, want["layer"].w)


def test_what_comes_back_belongs_to_the_caller() -> None:
    x = np.ones(3)
    for f in (lambda x: x, lambda x: x[::2], lambda x: (x, x), lambda x: x.T):
        result = compile(f)(x)
        for part in result if isinstance(result, tuple) else (result,):
            part[...] = 7.0
    np.testing.assert_array_equal(x, np.ones(3))
    gradient = compile(grad(np.sum))
    gradient(x)[0] = 9.0
    np.testing.assert_array_equal(gradient(x), np.ones(3))


def test_errors_are_those_of_the_function() -> None:
    def refuses(x):
        if np.any(x < 0):
            raise ValueError("x must not be negative")
        return np.sqrt(x)

    fast = compile(refuses)
    fast(np.ones(2))
    for _ in range(2):
        with pytest.raises(ValueError, match="x must not be negative"):
            fast(-np.ones(2))
    with pytest.raises(NotScalarError):
        compile(grad(refuses))(np.ones(2))
    with pytest.raises(TypeError):
        fast()
    with pytest.raises(ArgumentError):
        compile(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="matmul"):
        compile(mse)(np.ones(7))


def test_what_cannot_be_traced_is_called_as_it_is() -> None:
    def writes(x):
        x[0] = 5.0
        return x * 2

    fast = compile(writes)
    for _ in range(2):
        x = np.ones(2)
        fast(x)
        assert x[0] == 5.0
    assert "writes into its argument" in fast.plan()

    def leaves(x):
        return float(x[0]) * 2

    fast = compile(leaves)
    assert fast(np.ones(2)) == fast(np.ones(2)) == 2.0
    assert "called as it is" in fast.plan()
    assert fast.source(np.ones(2)) == ""


def test_arguments_that_cannot_be_told_apart_are_not_compiled_for() -> None:
    def f(x, other):
        return np.sum(x) + (other.normal() if hasattr(other, "normal") else len(other))

    fast = compile(f)
    rng = np.random.default_rng(0)
    assert len({float(fast(np.ones(2), rng)) for _ in range(5)}) == 5
    same(fast(np.ones(2), {1, 2}), f(np.ones(2), {1, 2}))
    same(fast(np.ones(2), np.ma.masked_array([1.0, 2.0])), f(np.ones(2), [1, 2]))
    cycle: list[Any] = []
    cycle.append(cycle)
    same(fast(np.ones(2), cycle), f(np.ones(2), cycle))


def test_kinks_are_named_under_strict() -> None:
    fast = compile(grad(np.abs))
    same(fast(0.0), np.float64(0.0))
    with strict(), pytest.raises(KinkError):
        fast(0.0)


def test_many_kinds_of_arguments_are_bounded() -> None:
    fast = compile(lambda x, n: x * n)
    for n in range(200):
        same(fast(1.5, n), np.float64(1.5 * n))
    assert len(fast.plan().splitlines()) <= 65
    gc.collect()


def test_it_looks_like_the_function() -> None:
    def named(x, y=2.0):
        """Its text."""
        return x * y

    fast = compile(named)
    assert fast.__name__ == "named"
    assert fast.__doc__ == "Its text."
    assert inspect.signature(fast) == inspect.signature(named)
    assert repr(fast) == "<compiled named>"
    assert fast.plan() == "named\n  not called yet"
    same(fast(3.0), np.float64(6.0))
    same(fast(3.0, y=1.0), np.float64(3.0))

    class Model:
        scale = 4.0

        @compile
        def loss(self, x):
            return self.scale * x

    model = Model()
    assert model.loss(2.0) == 8
    model.scale = 5.0
    assert model.loss(2.0) == 10
    assert isinstance(Model.loss, type(fast))


def test_an_emitted_line_shows_in_a_traceback() -> None:
    import traceback

    fast = compile(lambda x: np.linalg.inv(x))
    fast(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        fast(np.zeros((2, 2)))
    assert "np.linalg.inv(x)" in "".join(traceback.format_exception(caught.value))


class _Model:
    def __init__(self, w: float) -> None:
        self.w = w

    def value(self, x: Any) -> Any:
        return self.w * x


@pytest.mark.parametrize("nested", [False, True])
def test_an_object_that_changes_is_read_anew(nested: bool) -> None:
    model = _Model(2.0)
    fast = compile((lambda m, x: m[0].w * x) if nested else (lambda m, x: m.w * x))
    given = (model,) if nested else model
    assert fast(given, 3.0) == 6
    model.w = 5.0
    assert fast(given, 3.0) == 15
    assert "called as it is: what a _Model holds may change" in fast.plan()


def test_a_bound_method_is_an_object_that_changes() -> None:
    model = _Model(2.0)
    fast = compile(lambda f, x: f(x))
    assert fast(model.value, 3.0) == 6
    model.w = 5.0
    assert fast(model.value, 3.0) == 15


@pytest.mark.parametrize("value", [np.sin, np.sum, np, slice(0, 2), frozenset({1}), float, np.dtype(float), "a"])
def test_what_never_changes_is_part_of_the_kind(value: Any) -> None:
    fast = compile(lambda how, x: 2 * x)
    same(fast(value, 3.0), np.float64(6.0))
    assert "called as it is" not in fast.plan()


@pytest.mark.parametrize("f", [lambda n: n // 2, lambda n: n * 3, lambda n: n % 7, lambda n: n - 1])
def test_integers_stay_integers(f: Any) -> None:
    for n in (np.int64(2**53 + 3), np.int64(7)):
        same(compile(f)(n), f(n))
        assert compile(f)(n) == f(n)


def test_a_users_operation_is_never_taken_for_another_of_its_name() -> None:
    def square(x: Any) -> Any:
        return 10 * x

    own = primitive(square)
    define_vjp(own, lambda g, out, x: g * 10)

    def exp(x: Any) -> Any:
        return x + 100

    def of(f: Any) -> Any:
        f.__name__ = "square"
        return primitive(f)

    same(compile(lambda x: own(x))(3.0), np.float64(30.0))
    same(compile(primitive(exp))(3.0), np.float64(103.0))
    assert np.array_equal(compile(lambda x: own(x) + x**2)(np.arange(3.0)), [0, 11, 24])
    same(compile(grad(lambda x: own(x) * x))(3.0), np.float64(60.0))
    two, three = of(lambda x: 2 * x), of(lambda x: 3 * x)
    same(compile(lambda x: two(x) - three(x))(1.0), np.float64(-1.0))
    same(compile(primitive(lambda x: 2 * x))(1.0), np.float64(2.0))
