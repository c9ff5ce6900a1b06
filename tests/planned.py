"""Functions as programs, and programs held against the graphs that they were made from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.calculus.recording import record
from chainrule.core.graph import Graph
from chainrule.kernels.planning.plan import program_of
from chainrule.kernels.program import Program
from chainrule.kernels.running.interpret import Interpreter
from chainrule.passes.evaluate import evaluate
from chainrule.passes.rows import NotByRows, rows_of
from chainrule.passes.simplify import simplify_to_run


def graph_of(f: Callable[..., Any], *args: Any) -> tuple[Graph, list[Any]]:
    """What a call computes, as `compile` sees it, and the arrays among its arguments."""

    def as_input(leaf: Any, place: int | str, path: str) -> Any:
        if type(leaf) is float:
            return np.float64(leaf)
        return leaf if isinstance(leaf, (np.ndarray, np.generic)) else None

    recorded = record(f, args, {}, as_input)
    return simplify_to_run(recorded.graph)[0], [np.asarray(value) for value in recorded.values]


def planned(f: Callable[..., Any], *args: Any, by_rows: bool = True) -> Program:
    """The program of a call."""
    graph, _ = graph_of(f, *args)
    return program_of(graph, rows_of(graph) if by_rows else NotByRows("not asked for"))


def assert_planned(f: Callable[..., Any], *args: Any, by_rows: bool = True, rtol: float = 1e-11) -> Program:
    """The program of a call, which computes what its graph does."""
    graph, values = graph_of(f, *args)
    program = program_of(graph, rows_of(graph) if by_rows else NotByRows("not asked for"))
    with np.errstate(all="ignore"):
        expected = evaluate(graph, *values)
    found = Interpreter(program)(values)
    assert len(found) == len(expected)
    for mine, its in zip(found, expected, strict=True):
        its = np.asarray(its)
        assert mine.shape == its.shape
        assert mine.dtype == its.dtype
        np.testing.assert_allclose(mine, its, rtol=rtol, atol=rtol * 1e-2 * max(1, _size(its)))
    return program


def _size(array: np.ndarray[Any, Any]) -> float:
    finite = np.abs(array[np.isfinite(array)]) if array.size and array.dtype.kind == "f" else np.zeros(0)
    return float(finite.max(initial=0))
