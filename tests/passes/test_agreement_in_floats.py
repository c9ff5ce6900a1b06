"""Lines about large arrays, compared in floats: right ones hold, wrong ones are refused, kinks and branches are met."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Graph, Node
from chainrule.core.pending import pending
from chainrule.core.registry import building
from chainrule.errors import DerivationError
from chainrule.passes.agreement import Verifier
from chainrule.passes.agreement_in_floats import FloatVerifier, multiplications, verifier_of
from chainrule.passes.differentials import change_of

F = building


def graph_of(f: Any, x: Any) -> tuple[Graph, dict[str, Any]]:
    graph = cr.graph(f, x)
    return graph, {"x": x}


X = np.random.default_rng(0).normal(size=(400, 100))
W = np.linspace(-1.0, 1.0, 100)


def test_what_is_long_is_compared_in_floats() -> None:
    graph, start = graph_of(lambda x: np.mean((X @ x) ** 2), W)
    assert multiplications(graph) > X.size
    assert isinstance(verifier_of(graph, start), FloatVerifier)
    assert isinstance(verifier_of(*graph_of(lambda x: np.sum(x**2), W)), Verifier)


@pytest.mark.parametrize("wrong", [None, "sign", "factor", "exponent", "constant"])
def test_a_differential_by_differences(wrong: str | None) -> None:
    graph, start = graph_of(lambda x: np.sum(np.exp(x) ** 3), W)
    (x,), (output,) = graph.inputs, graph.outputs
    dx = change_of(x)
    slope = F.multiply(3.0, F.power(F.exp(x), 2 if wrong == "exponent" else 3))
    slope = {"sign": F.negative(slope), "factor": F.multiply(1.001, slope), "constant": F.add(slope, 0.1)}.get(
        str(wrong), slope
    )
    after = F.sum(F.multiply(slope, dx), axis=(0,), keepdims=False)
    verifier = FloatVerifier(graph, start)
    before = pending(output, x, dx.operands[2])
    if wrong is None:
        agreement = verifier.equal(before, after)
        assert agreement.points == 3
        assert 7 <= agreement.digits <= 16
    else:
        with pytest.raises(DerivationError, match=r"differ by .* in floats"):
            verifier.equal(before, after)


def test_what_is_not_defined_is_not_equal() -> None:
    graph, start = graph_of(lambda x: np.sum(x**2), np.full(3, -2.0))
    (x,) = graph.inputs
    verifier = FloatVerifier(graph, start)
    with pytest.raises(DerivationError, match="differ by inf"):
        verifier.equal(x, F.log(x))
    assert verifier.equal(F.log(x), x).digits == 15  # nowhere defined: nothing says otherwise
    assert verifier.equal(F.multiply(0.0, x), F.zeros_like(x)).worst == 0.0


def test_points_stay_in_the_branch() -> None:
    def f(x: Any) -> Any:
        return np.sum(x**2) if x[0] > 1 - 1e-6 else np.sum(x)

    graph, start = graph_of(f, np.ones(3))
    verifier = FloatVerifier(graph, start)
    assert all(point[0][0] > 1 - 1e-6 for point in verifier.points)
    graph, start = graph_of(lambda x: np.sum(x) if x[0] == 1 else np.sum(x**2), np.ones(3))
    assert len(FloatVerifier(graph, start).points) == 1


def test_a_function_without_a_value_is_refused() -> None:
    graph, _ = graph_of(lambda x: np.sum(np.sqrt(x)), np.ones(3))
    with pytest.raises(DerivationError, match="no finite value at the arrays given"):
        FloatVerifier(graph, {"x": np.full(3, -9.0)})


def test_a_letter_that_the_graph_does_not_have_gets_values() -> None:
    graph, start = graph_of(lambda x: np.sum(x**2), np.ones(3))
    letter = Node(None, (), {"name": "w"}, (3,), np.dtype(float), "w")
    (x,) = graph.inputs
    verifier = FloatVerifier(graph, start)
    verifier.equal(F.multiply(letter, x), F.multiply(x, letter))
    with pytest.raises(DerivationError):
        verifier.equal(letter, x)
