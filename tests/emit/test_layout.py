"""Lines of emitted source that would be too long are broken, and mean the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.graph import Graph, Guard, Node
from chainrule.core.registry import building
from chainrule.emit.layout import WIDTH
from chainrule.emit.numpy import numpy_program
from chainrule.emit.python import python_program
from chainrule.passes.evaluate import evaluate

F = building
NAMES = [f"{letter}_with_a_name_of_thirty_signs" for letter in "abcdefgh"]


def variable(name: str) -> Node:
    return Node(None, (), {"name": name}, (), np.dtype(float), name)


def emitted(graph: Graph) -> tuple[str, Any]:
    program = numpy_program(graph, "f")
    namespace: dict[str, Any] = {}
    exec(program.source, namespace)
    body = program.source.partition("):\n")[2]
    assert max(len(line) for line in body.splitlines() if " is valid where " not in line) <= WIDTH
    return body, namespace["f"]


def test_many_outputs_stand_one_a_line() -> None:
    inputs = [variable(name) for name in NAMES]
    body, f = emitted(Graph(tuple(inputs), tuple(inputs), (), "f"))
    assert body.splitlines() == ["    return (", *(f"        {name}," for name in NAMES), "    )"]
    assert f(*range(8)) == tuple(range(8))


def test_outputs_that_are_too_long_together_get_lines_of_their_own() -> None:
    inputs = [variable(name) for name in NAMES]
    body, f = emitted(Graph(tuple(inputs), tuple(F.sin(x) for x in inputs), (), "f"))
    assert body.splitlines()[-1].startswith("    return v")
    points = np.linspace(-2, 2, 8)
    np.testing.assert_array_equal(f(*points), np.sin(points))


def test_a_long_condition_is_said_on_a_line_of_its_own() -> None:
    left, right = "the_left_of_the_sign", "the_right_of_the_sign"
    x, y = variable(left), variable(right)
    graph = Graph((x, y), (F.exp(x),), (Guard(F.greater(x, y), True),), "f")
    program = numpy_program(graph, "f")
    said = f"f is valid where {left} > {right}"
    assert f'        raise ValueError(\n            "{said}"\n        )\n' in program.source
    namespace: dict[str, Any] = {}
    exec(program.source, namespace)
    assert namespace["f"](2.0, 1.0) == np.exp(2.0)
    with pytest.raises(ValueError, match=said):
        namespace["f"](1.0, 2.0)


def long_condition(depth: int) -> tuple[Graph, Node]:
    """A guard on a sum that takes several lines, with no name of the user's."""
    x, y = variable("x"), variable("y")
    total = x
    for _ in range(depth):
        total = F.multiply(F.exp(F.sin(total)), F.sqrt(F.square(y) + F.cos(total)))
    return Graph((x, y), (F.exp(x),), (Guard(F.greater(total, 1.0), True),), "f"), total


@pytest.mark.parametrize("printer", [numpy_program, python_program])
def test_a_condition_is_told_in_the_names_of_the_user(printer: Any) -> None:
    graph, _ = long_condition(2)
    source = printer(graph, "f").source
    assert "v1" in source
    (message,) = [line.strip() for line in source.splitlines() if "valid where" in line]
    assert "v1" not in message
    assert "sqrt(" in message
    assert "..." in message
    assert len(message) < 120


def test_a_short_condition_is_told_in_full() -> None:
    graph, total = long_condition(1)
    source = numpy_program(graph, "f").source
    assert "f is valid where np.exp(np.sin(x)) * np.sqrt(y * y + np.cos(x)) > 1.0" in source
    total.name = "total"
    assert "f is valid where total > 1.0" in numpy_program(graph, "f").source


def test_two_values_of_one_name_are_told_apart() -> None:
    x = variable("x")
    y, z = F.sin(x), F.cos(x)
    y.name = z.name = "y"
    source = numpy_program(Graph((x,), (y,), (Guard(F.greater(y, z), False),), "f"), "f").source
    assert "f is valid where not (y > y_1)" in source


def test_telling_a_condition_changes_nothing_that_runs() -> None:
    graph, total = long_condition(3)
    for x, y in ((0.5, 2.0), (0.5, 0.9), (2.0, 1.5)):
        _, f = emitted(graph)
        holds = evaluate(Graph(graph.inputs, (total,)), x, y)[0] > 1
        if holds:
            assert f(x, y) == np.exp(x)
        else:
            with pytest.raises(ValueError, match="f is valid where"):
                f(x, y)
