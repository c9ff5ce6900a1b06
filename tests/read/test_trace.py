"""Tracing ordinary NumPy functions: branches, writes in place, captured arrays, and what cannot be followed."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.verify import verify
from chainrule.read.formula_function import formula_function


def test_guards_record_the_branch_and_hold_it() -> None:
    def f(x: Any) -> Any:
        if x > 0:
            return x**2
        return -x

    graph = cr.graph(f, 3.0)
    assert "valid where x > 0 is True" in str(graph)
    assert graph(x=4.0) == 16
    with pytest.raises(
        cr.GuardError, match=r"branch taken with True \(test_trace.py, line \d+\), but at these values it is False"
    ):
        graph(x=-1.0)
    assert cr.grad(f)(3.0) == 6
    assert cr.grad(f)(-3.0) == -1


def test_loops_on_values_and_on_ranges() -> None:
    def newton(a: Any) -> Any:
        x = a
        while abs(x * x - a) > 1e-12:
            x = (x + a / x) / 2
        return x

    assert cr.grad(newton)(2.0) == pytest.approx(0.5 / math.sqrt(2), rel=1e-12)

    def power(x: Any, n: Any) -> Any:
        out = 1.0
        for _ in range(n):
            out = out * x
        return out

    assert cr.grad(power)(2.0, 5) == 80


def test_index_from_a_traced_value_is_a_guard() -> None:
    def f(x: Any) -> Any:
        return x[int(np.argmax(cr.value(x)))] ** 2 + x[np.argmax(x)]

    x = np.array([1.0, 3.0, 2.0])
    np.testing.assert_array_equal(cr.grad(f)(x), [0.0, 7.0, 0.0])
    assert len(cr.graph(lambda x: [10.0, 20.0, 30.0][np.argmax(x)] * x[0], x).guards) == 1


def test_writes_in_place_are_followed() -> None:
    def fill(x: Any) -> Any:
        b = np.zeros_like(x)
        for i in range(len(x)):
            b[i] = x[i] ** 2 * (i + 1)
        return np.sum(b)

    np.testing.assert_array_equal(cr.grad(fill)(np.array([1.0, 2.0, 3.0])), [2.0, 8.0, 18.0])


def test_writes_reach_aliases_and_views() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        z = y
        z += 1
        view = y[1:]
        view *= 10
        y[0] = 0
        rows = view[:1]
        y[1] = x[0]
        return np.sum(y) + 100 * rows[0]

    plain = lambda: np.array([1.0, 2.0, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradient = cr.value_and_grad(f)(plain())
    assert value == f(plain())
    np.testing.assert_allclose(gradient, cr.numeric.gradient(f, plain()), rtol=1e-8)


def test_numpy_scalars_are_bound_anew_and_not_written_into() -> None:
    def f(x: Any) -> Any:
        s = x[0]
        t = s
        s += 1
        return s * 10 + t

    assert cr.value_and_grad(f)(np.array([2.0]))[0] == f(np.array([2.0])) == 32


def test_writing_into_the_argument_is_said() -> None:
    def f(x: Any) -> Any:
        x[0] = 0.0
        return np.sum(x**2)

    x = np.array([1.0, 2.0])
    with pytest.warns(UserWarning, match="f writes into its argument x"):
        gradient = cr.grad(f)(x)
    np.testing.assert_array_equal(gradient, [0.0, 4.0])
    np.testing.assert_array_equal(x, [1.0, 2.0])


def into_plain(x: Any) -> Any:
    b = np.zeros(3)
    b[0] = x
    return b.sum()


def with_math(x: Any) -> Any:
    return math.sin(x)


def collected(x: Any) -> Any:
    return np.sum(np.array([x, x]))


def as_plain(x: Any) -> Any:
    return np.asarray(x) * 2


of_a_library = np.frompyfunc(lambda x: x, 1, 1)


def unknown(x: Any) -> Any:
    return of_a_library(x)


@pytest.mark.parametrize(
    ("f", "line", "fix"),
    [
        (into_plain, "b[0] = x", "np.zeros_like"),
        (with_math, "math.sin(x)", "np.sin for math.sin"),
        (collected, "np.array([x, x])", "np.stack"),
        (as_plain, "np.asarray(x)", "chainrule.value"),
        (unknown, "of_a_library(x)", "define_vjp"),
    ],
)
def test_what_cannot_be_traced_names_the_line_and_the_fix(f: Any, line: str, fix: str) -> None:
    for run in (lambda: cr.grad(f)(0.5), lambda: cr.graph(f, 0.5)):
        with pytest.raises(cr.TraceError) as caught:
            run()
        text = str(caught.value)
        assert "test_trace.py, line" in text
        assert line in text
        assert fix in text


def test_a_leaked_value_says_so() -> None:
    kept: list[Any] = []
    cr.grad(lambda x: kept.append(x) or x * 2)(1.0)
    with pytest.raises(cr.LeakedTraceError, match="after the function"):
        kept[0] * 2


def test_a_reused_buffer_is_caught_or_copied() -> None:
    small = np.ones(3)

    def f(x: Any) -> Any:
        total = 0.0
        for i in range(3):
            small[:] = i
            total = total + np.sum(x * small)
        return total

    np.testing.assert_array_equal(cr.grad(f)(np.ones(3)), [3.0, 3.0, 3.0])
    large = np.ones(100_000)

    def g(x: Any) -> Any:
        out = np.sum(x * large)
        large[5] = 7.0
        return out

    with pytest.raises(cr.TraceError, match="was changed after"):
        cr.grad(g)(np.ones(100_000))


@pytest.mark.parametrize(
    "change", [lambda X: X.__imul__(2), lambda X: X.__imul__(-1), lambda X: np.random.shuffle(X[0])]
)
def test_any_change_of_a_captured_array_is_caught(change: Any) -> None:
    X = np.ones((64, 64)) if change(np.ones((1, 1))) is not None else np.arange(4096.0).reshape(64, 64)
    _, pullback = cr.vjp(lambda w: np.sum(X @ w), np.ones(64))
    change(X)
    with pytest.raises(cr.TraceError, match="was changed after"):
        pullback(1.0)
    x = np.full(4096, 3.0)
    _, pullback = cr.vjp(lambda x: np.sum(x**2), x)
    x *= 2
    with pytest.raises(cr.TraceError, match="was changed after"):
        pullback(1.0)


def test_a_read_only_view_of_a_reused_buffer_is_copied() -> None:
    row = np.arange(3.0)
    B = np.broadcast_to(row, (2, 3))

    def f(x: Any) -> Any:
        y = np.sum(B * x)
        row[:] = 100.0
        return y

    np.testing.assert_array_equal(cr.grad(f)(np.ones(3)), [0.0, 2.0, 4.0])


def test_copies_do_not_alias() -> None:
    def f(x: Any) -> Any:
        y = x * 1.0
        c, d = y.flatten(), +y
        c[0], d[1] = 0.0, 0.0
        return np.sum(y**2)

    np.testing.assert_array_equal(cr.grad(f)(np.ones(3)), [2.0, 2.0, 2.0])


def test_exceptions_of_the_user_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError):
        cr.grad(lambda x: x / (1 // 0))(1.0)
    with pytest.raises(KeyError):
        cr.grad(lambda x: {}["key"])(1.0)


def test_names_are_those_of_the_users_code() -> None:
    X, y = np.arange(6.0).reshape(3, 2), np.ones(3)

    def loss(w: Any) -> Any:
        residual = y - X @ w
        L = np.mean(residual**2)
        return L

    graph = verify(cr.graph(loss, np.zeros(2)))
    names = {node.name for node in graph.nodes if node.name}
    assert names == {"w", "X", "y", "residual", "L"}
    (residual,) = (node for node in graph.nodes if node.name == "residual")
    assert residual.site is not None
    assert str(residual.site).startswith("test_trace.py, line")


def test_graphs_pickle_and_copy() -> None:
    graph = cr.graph(lambda x: np.sum(np.sin(x) * 2), np.ones(3))
    for other in (copy.copy(graph), copy.deepcopy(graph), pickle.loads(pickle.dumps(graph))):
        verify(other)
        assert other(x=np.zeros(3)) == graph(x=np.zeros(3))
    deep = lambda x: deep_loop(x, 20_000)
    big = cr.graph(deep, 1.0)
    assert pickle.loads(pickle.dumps(big))(x=1.0) == big(x=1.0)
    assert copy.deepcopy(big)(x=1.0) == big(x=1.0)


def deep_loop(x: Any, n: int) -> Any:
    for _ in range(n):
        x = x * 1.0000001
    return x


def test_a_million_operations_need_no_recursion() -> None:
    assert cr.grad(lambda x: deep_loop(x, 100_000))(1.0) == pytest.approx(1.0000001**100_000)


def test_functions_with_random_numbers_state_and_printing(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    f = lambda x: np.sum(x * rng.normal(size=3))
    assert cr.grad(f)(np.ones(3)).shape == (3,)

    def talk(x: Any) -> Any:
        print(x)
        print(f"{x:.2f}")
        return x

    cr.grad(talk)(1.5)
    assert capsys.readouterr().out.splitlines()[1] == "1.50"


def test_container_arguments_become_named_inputs() -> None:
    graph = cr.graph(lambda p, n: p["w"] * p["b"][0] * n, {"w": 2.0, "b": [3.0]}, 2)
    assert [node.name for node in graph.inputs] == ["p.w", "p.b[0]", "n"]
    assert graph.forward_backward(p={"w": 5.0, "b": [1.0]}).value == 10


# The names of steps.


def names_of_steps(graph: Any) -> list[str]:
    return [node.name for node in graph.nodes if node.primitive is not None]


def test_a_name_outside_of_the_function_is_no_step_of_it() -> None:
    def traced(*args: Any) -> Any:
        y = cr.graph(formula, *args)
        return y

    formula = formula_function("x^2 sin(x) + exp(x^2)")
    assert set(names_of_steps(traced(2.0))) == {""}
    square = cr.graph(np.square, 2.0)
    assert names_of_steps(square) == [""]


def test_a_call_that_makes_several_records_names_the_last() -> None:
    formula = formula_function("x^2 sin(x) + exp(x)")

    def f(x: Any) -> Any:
        z = formula(x)
        return z * 2

    assert [name for name in names_of_steps(cr.graph(f, 2.0)) if name] == ["z"]


def test_a_loop_over_one_operation_names_each_value() -> None:
    def f(x: Any) -> Any:
        h = x
        for _ in range(3):
            h = np.sin(h)
        return h

    assert names_of_steps(cr.graph(f, 2.0)) == ["h", "h_2", "h_3"]
