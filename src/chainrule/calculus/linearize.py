"""The derivative at a point as a linear function: the work of the point is done once, that of a tangent each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from chainrule.calculus.arguments import Selection, function_name
from chainrule.calculus.containers import flatten, leaves_like, map_leaves
from chainrule.calculus.eager import Run
from chainrule.calculus.functions import as_function
from chainrule.calculus.products import like_value
from chainrule.core.graph import Graph
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, DegeneracyError
from chainrule.passes.evaluate import evaluate
from chainrule.read.trace import trace

__all__ = ["Linearized", "linearize"]


class Linearized:
    """The derivative of a function at a point: a linear function of tangents, made by `linearize`.

    It holds the partial derivatives as numbers; to multiply and add the tangents is all that is left to do.

    >>> import numpy as np, chainrule as cr
    >>> _, change = cr.linearize(lambda x, y: x * np.sin(y), 2.0, 0.0)
    >>> change(1.0, 10.0), change.transpose(1.0)
    (np.float64(20.0), (np.float64(0.0), np.float64(2.0)))
    """

    def __init__(
        self,
        graph: Graph | None,
        run: Run,
        primals: tuple[Any, ...],
        values: Sequence[tuple[str, Any]],
        rebuild: Callable[[Sequence[Any]], Any],
    ) -> None:
        self._graph, self._run, self._values, self._rebuild = graph, run, values, rebuild
        self._primals, self._count = primals, len(primals)
        self._backward: Run | None = None

    def __call__(self, *tangents: Any) -> Any:
        """The tangent of the value, in its structure, for a tangent of each primal.

        Raises:
            ArgumentError: there is not one tangent for each primal, or one has another structure than its primal.
            ShapeError: a tangent does not have the shape of its primal.
        """
        if len(tangents) != self._count:
            raise ArgumentError(f"{len(tangents)} tangents, but {self._count} primals: give one for each")
        self._run.captured.check()
        matched: list[Any] = []
        for i, (primal, tangent) in enumerate(zip(self._primals, tangents, strict=True)):
            parts = flatten(primal)[0]
            leaves = leaves_like([path for path, _ in parts], tangent, f"tangent {i}")
            matched.extend(like_value(t, x, path or "a primal") for t, (path, x) in zip(leaves, parts, strict=True))
        if self._graph is not None:
            return self._rebuild(evaluate(self._graph, *matched))
        tangent_of = self._run.push(matched)
        return self._rebuild([tangent_of(output) for _, output in flatten(self._run.result)[0]])

    def transpose(self, cotangent: Any) -> tuple[Any, ...]:
        """The transposed function: a cotangent of the value back to one for each primal, as the pullback of `vjp`.

        Args:
            cotangent: of the structure and shapes of the value.
        """
        given = leaves_like([path for path, _ in self._values], cotangent, "the cotangent")
        matched = [like_value(g, y, path or "the value") for g, (path, y) in zip(given, self._values, strict=True)]
        self._run.captured.check()
        if self._graph is None:
            outputs = [output for _, output in flatten(self._run.result)[0]]
            return self._run.rebuild(self._run.pull(list(zip(outputs, matched, strict=True))))
        if self._backward is None:  # a linear function is recorded anywhere: at zero
            zeros = [map_leaves(evaluating.zeros_like, primal) for primal in self._primals]
            self._backward = Run(self._evaluated, Selection(self._evaluated, tuple(range(self._count))), zeros, {})
        return self._backward.rebuild(self._backward.pull(list(zip(self._backward.result, matched, strict=True))))

    def _evaluated(self, *tangents: Any) -> tuple[Any, ...]:
        assert self._graph is not None
        return evaluate(self._graph, *(leaf for _, leaf in flatten(tangents)[0]))

    def __repr__(self) -> str:
        if self._graph is None:
            return "<the derivative of a function whose tape is run again for each tangent>"
        return f"<{self._graph.name}: {sum(node.primitive is not None for node in self._graph.nodes)} operations>"


def linearize(f: Callable[..., Any] | str, *primals: Any) -> tuple[Any, Linearized]:
    """The value of f and its derivative there as a linear function of tangents, for which f does not run again.

    Args:
        f: an ordinary NumPy function or a formula; its value is an array or a container of arrays.
        primals: its arguments, all differentiated.

    Returns:
        (value, linear). `linear(*tangents)` takes a tangent for each primal, of its structure and shapes, and returns
        that of the value, as `jvp` does; `linear.transpose(cotangent)` carries a cotangent back, as `vjp` does. Both
        may be called any number of times.

    Raises:
        TraceError: f does something that cannot be followed; the line is named.
        ArgumentError: there is no primal, or one is not numeric.

    Source: Griewank and Walther, Evaluating Derivatives (2008), chapter 3; Radul et al. (2023), You Only Linearize
    Once: Tangents Transpose to Gradients.

    >>> import numpy as np, chainrule as cr
    >>> value, linear = cr.linearize(np.sin, np.array([0.0, np.pi]))
    >>> linear(np.array([1.0, 1.0])), linear(np.array([5.0, 2.0]))
    (array([ 1., -1.]), array([ 5., -2.]))
    """
    if not primals:
        raise ArgumentError("linearize takes the point after the function: linearize(f, x)")
    function = as_function(f)
    run = Run(function, Selection(function, tuple(range(len(primals)))), primals, {})
    run.keep_inputs()
    parts, rebuild = flatten(run.result)
    outputs = [output for _, output in parts]
    values = [(path, run.plain(output)) for path, output in parts]

    def tangents_of(*tangents: Any) -> list[Any]:
        tangent_of = run.push(tangents)
        return [tangent_of(output) for output in outputs]

    zeros = [evaluating.zeros_like(traced.value) for traced in run.inputs]
    names = [f"t{i}" for i in range(len(zeros))]
    graph = None
    with suppress(DegeneracyError):  # what a basis is chosen by is the tangent: there is no graph for all of them
        graph, _ = trace(tangents_of, zeros, names, f"the derivative of {function_name(function)}")
    plain = run.rebuild([traced.value for traced in run.inputs])
    return rebuild([value for _, value in values]), Linearized(graph, run, plain, values, rebuild)
