"""Lines of emitted source that would be too long are broken, and mean the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.core.graph import Graph, Guard, Node
from chainrule.core.registry import building
from chainrule.emit.layout import WIDTH
from chainrule.emit.numpy import numpy_program

F = building
NAMES = [f"{letter}_with_a_name_of_thirty_signs" for letter in "abcdefgh"]


def variable(name: str) -> Node:
    return Node(None, (), {"name": name}, (), np.dtype(float), name)


def emitted(graph: Graph) -> tuple[str, Any]:
    program = numpy_program(graph, "f")
    namespace: dict[str, Any] = {}
    exec(program.source, namespace)
    body = program.source.partition("):\n")[2]
    assert max(map(len, body.splitlines())) <= WIDTH
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
