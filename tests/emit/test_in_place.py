"""Arrays written part by part: lines that add and write in place, and never into what something else refers to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.calculus.gradients import value_and_grad
from chainrule.calculus.source import source
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.registry import building
from chainrule.emit.code import function_from_source
from chainrule.emit.numpy import numpy_program
from chainrule.passes.evaluate import evaluate

F = building
X = np.array([0.3, -1.2, 0.7, 2.0, -0.4])
INDEX = np.array([0, 3, 3, 1])


def variable(name: str, shape: tuple[int, ...], dtype: Any = float) -> Node:
    return Node(None, (), {"name": name}, shape, np.dtype(dtype), name)


def lines(graph: Graph) -> list[str]:
    """The body of the emitted function, after comparing what it gives and that it leaves its arguments alone."""
    program = numpy_program(graph, "f")
    values = [np.arange(1.0, 1.0 + np.prod(x.shape)).reshape(x.shape).astype(x.dtype) for x in graph.inputs]
    before = [value.copy() for value in values]
    found = function_from_source(program.source, "f", program.constants)(*values)
    for got, want in zip(found if type(found) is tuple else (found,), evaluate(graph, *before), strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype
    for value, was in zip(values, before, strict=True):
        np.testing.assert_array_equal(value, was)
    return [line.strip() for line in program.source.partition("):\n")[2].splitlines()]


def test_parts_are_added_into_zeros() -> None:
    x = variable("x", (4,))
    parts = [F.scatter(x, F.exp(F.getitem(x, pattern=(p,))), pattern=(p,)) for p in (slice(0, 2), slice(1, 3), 3)]
    assert lines(Graph((x,), (parts[0] + parts[1] + parts[2],))) == [
        "v1 = np.zeros_like(x)",
        "v1[0:2] = np.exp(x[0:2])",
        "v1[1:3] += np.exp(x[1:3])",
        "v1[3] += np.exp(x[3])",
        "return v1",
    ]


def test_a_part_is_added_to_a_new_array() -> None:
    x = variable("x", (4,))
    part = F.scatter(x, F.getitem(x, pattern=(0,)), pattern=(1,))
    assert lines(Graph((x,), (F.exp(x) + part,))) == ["v1 = np.exp(x)", "v1[1] += x[0]", "return v1"]
    assert lines(Graph((x,), (part + F.exp(x),)))[0] == "v1 = np.zeros_like(x)"


def test_an_argument_is_never_added_into() -> None:
    x = variable("x", (4,))
    part = F.scatter(x, F.getitem(x, pattern=(0,)), pattern=(1,))
    assert lines(Graph((x,), (x + part,))) == ["v1 = np.zeros_like(x)", "v1[1] = x[0]", "v1 += x", "return v1"]


def test_what_is_used_twice_is_never_added_into() -> None:
    x = variable("x", (4,))
    y = F.exp(x)
    part = F.scatter(x, F.getitem(x, pattern=(0,)), pattern=(1,))
    lines(Graph((x,), (y + part, F.sin(y))))
    lines(Graph((x,), (y + part, y)))
    lines(Graph((x,), (y + part, part)))


def test_an_index_that_repeats_adds_each_time() -> None:
    x, y = variable("x", (4,)), variable("y", (4, 3))
    at = constant(INDEX)
    assert "np.add.at(v1, c1, x)" in lines(Graph((x,), (F.scatter(x, x, at, pattern=("#",)),)))
    body = lines(Graph((y,), (F.scatter(y, F.getitem(y, at, pattern=(slice(None), 0)), at, pattern=("#", 1)),)))
    assert any("np.add.at(v1, (c1, 1), " in line for line in body)
    few = constant(np.array([0, 2, 2]))
    body = lines(Graph((y,), (F.scatter(y, y, few, pattern=(slice(None), "#")),)))
    assert any("np.add.at(v1, np.s_[:, c1], y)" in line for line in body)


def test_other_dtypes_are_not_added_into() -> None:
    x, y = variable("x", (3,)), variable("y", (3,), np.float32)
    part = F.scatter(y, F.getitem(y, pattern=(0,)), pattern=(1,))
    lines(Graph((x, y), (F.exp(x) + part,)))
    lines(Graph((x, y), (F.scatter(y, F.getitem(x, pattern=(0,)), pattern=(1,)),)))


def test_a_write_is_in_place_where_nothing_needs_what_was_there() -> None:
    x = variable("x", (3,))
    zeros = F.zeros_like(x)
    z = F.set_item(F.set_item(zeros, F.getitem(x, pattern=(0,)), pattern=(1,)), 2.0, pattern=(0,))
    assert lines(Graph((x,), (z,))) == ["v1 = np.zeros_like(x)", "v1[1] = x[0]", "v1[0] = 2.0", "return v1"]
    assert lines(Graph((x,), (F.set_item(x, 0.0, pattern=(0,)),))) == ["v1 = np.array(x)", "v1[0] = 0.0", "return v1"]
    y = F.exp(x)
    assert "v2 = np.array(v1)" in lines(Graph((x,), (F.set_item(y, 0.0, pattern=(0,)), y)))
    lines(Graph((x,), (F.set_item(y, F.getitem(y, pattern=(1,)), pattern=(0,)),)))
    lines(Graph((x,), (F.set_item(constant(np.zeros(3)), 1.0, constant(INDEX[:1]), pattern=("#",)),)))


def rolling(x: Any) -> Any:
    z = np.zeros_like(x)
    z[1:] = x[:-1] ** 2
    z[0] = x[1]
    return np.sum(z * z)


def own_writes(x: Any) -> Any:
    y = np.exp(x)
    kept = y[1:3]
    y[1] = 0.0
    return np.sum(y**2) + np.sum(kept * x[:2])


FUNCTIONS: list[Callable[[Any], Any]] = [
    rolling,
    own_writes,
    lambda x: np.sum(np.diff(x) ** 2) + x[0] * x[-1],
    lambda x: np.sum(x[INDEX] ** 3) + np.sum(x),
    lambda x: np.sum(x * x[0]) + x[0],
    lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    lambda x: np.sum(np.outer(x, x)[1:, ::2] * x[0]),
]


@pytest.mark.parametrize("f", FUNCTIONS)
def test_gradients_by_parts(f: Callable[[Any], Any]) -> None:
    text = source(f, X, what="both")
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    constants = {"INDEX": INDEX} if "INDEX:" in text else {}
    (run,) = [value for name, value in namespace.items() if name.startswith("value_and_grad")]
    for x in (X, X[::-1].copy(), np.zeros(5)):
        want = value_and_grad(f)(x)
        for got, expected in zip(run(x, **constants), want, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(X, [0.3, -1.2, 0.7, 2.0, -0.4])


def test_a_sum_before_the_first_part_is_what_it_starts_as() -> None:
    x = variable("x", (4,))
    part = F.scatter(x, F.getitem(x, pattern=(0,)), pattern=(1,))
    body = lines(Graph((x,), (F.sin(x) + F.cos(x) + part + F.exp(x),)))
    assert body == ["v1 = np.sin(x) + np.cos(x)", "v1[1] += x[0]", "v1 += np.exp(x)", "return v1"]


def test_many_parts_are_written_in_linear_time() -> None:
    """Twice the parts make twice the lines, and no part is looked at again for each other one."""
    x = variable("x", (4,))
    total = F.scatter(x, F.getitem(x, pattern=(0,)), pattern=(1,))
    for i in range(3000):
        total = total + F.scatter(x, F.getitem(x, pattern=(i % 4,)), pattern=((i + 1) % 4,))
    assert len(lines(Graph((x,), (total,)))) == 3003


def test_an_array_that_was_filled_is_not_computed_for_its_shape() -> None:
    def filled(x: Any) -> Any:
        y = np.zeros_like(x)
        y[0] = x[0] ** 2
        y[1:] = x[:-1] * x[1:]
        return y.sum()

    made = str(source(filled, X))
    assert "y[" not in made
    np.testing.assert_allclose(function_from_source(made, "grad_filled", {})(X), value_and_grad(filled)(X)[1])
