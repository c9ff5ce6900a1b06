"""Components of arrays as scalar terms."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.core.graph import Node
from chainrule.core.registry import building
from chainrule.errors import DerivationError
from chainrule.passes.index_notation import Components
from chainrule.passes.stepwise import applications, replaced
from chainrule.read.formula import parse
from chainrule.views.write import write


def test_a_divided_delta_leaves_one_summand() -> None:
    graph = parse("sum(x/c - 2/x)", variables="c", shapes="x: n")
    x = next(node for node in graph.inputs if node.name == "x")
    components = Components(x, ["c", "x"], {})
    steps = list(applications(components.of(graph.outputs[0]), components.variable))
    line = replaced(steps[0].before, {step.before: step.after for step in steps})
    assert "sum_" not in write(components.collapsed(line), names=components.names).outputs[0]


def test_stacks_of_matrices_have_no_form() -> None:
    shapes = {"x": (2, 3, 4), "w": (4, 2)}
    x, w = (Node(None, (), {"name": name}, shape, np.dtype(float), name) for name, shape in shapes.items())
    total = building.sum(building.matmul(x, w), axis=(0, 1, 2), keepdims=False)
    with pytest.raises(DerivationError, match="stacks of matrices"):
        Components(w, [], {}).of(total)


def test_a_component_has_no_value_without_its_array() -> None:
    components = Components(parse("sum(x)", shapes="x: n").inputs[0], [], {})
    entry = components.entry(components.x, ("k",))
    with pytest.raises(DerivationError, match="no value without its array"):
        entry.primitive.evaluate(1.0)
