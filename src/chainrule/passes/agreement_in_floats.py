"""Whether two terms are equal, in floats: where thirty digits would take minutes, or an operation has none.

A D[u] that still stands in a term is a central difference of u, so that here too no rule is evidence for itself. Such a
difference is good to about ten digits; a sign, a factor or an exponent that is wrong shows in the first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.loop import Body
from chainrule.core.pending import is_pending
from chainrule.core.registry import primitives
from chainrule.errors import DerivationError, GuardError
from chainrule.limits import LIMITS
from chainrule.passes.agreement import Agreement, Verifier
from chainrule.passes.evaluate import evaluate
from chainrule.passes.jacobian_matrix import without_diagonals
from chainrule.passes.rewrites import operation
from chainrule.passes.stepwise import replaced

__all__ = ["FloatVerifier", "multiplications", "verifier_of"]

_POINTS = 3
_STEP = float(np.cbrt(np.finfo(float).eps))  # where rounding and truncation of a central difference are alike
_TOLERANCE = 1e-5
_FLOW_DIGITS, _FLOW_POINTS = 8, 1
_SPREADS = (0.05, 1e-3, 0.0)  # how far from the values given points are looked for, while no branch changes


class FloatVerifier:
    """Compares terms of the inputs of a graph in floats.

    Attributes:
        why: why it is not done in 30 digits.
        instead: how it compares, in words, for the line that states the evidence.

    Args:
        graph: its outputs are finite and its guards hold at the points.
        start: the values of its inputs by name; the points lie around them.
        why: why it is not done in 30 digits.

    Raises:
        DerivationError: the graph has no finite value at or near the values given.
    """

    def __init__(
        self, graph: Graph, start: Mapping[str, Any], why: str = "the arrays are too large for 30 digits"
    ) -> None:
        self.why = why
        self.instead = f" in floats, as {why}"
        self.inputs = graph.inputs
        self._letters: dict[Node, Node] = {}
        self._rng = np.random.default_rng(3)
        self._free: dict[Node, Any] = {}
        given = [np.asarray(start[node.name], float) for node in graph.inputs]
        self.points = next(filter(None, (self._near(graph, given, spread) for spread in _SPREADS)), [])
        if not self.points:
            raise DerivationError(f"{graph.name} has no finite value at the arrays given")

    def stands_for(self, letter: Node, term: Node) -> None:
        """Give an input that the graph does not have, such as the u of a chain rule, the value of a term."""
        self._letters[letter] = term

    def equal(self, before: Node, after: Node) -> Agreement:
        """That two terms have the same value at most of the points: at one a kink may lie within the difference.

        Raises:
            DerivationError: they differ.
        """
        differences = [self._difference(point, before, after) for point in self.points]
        agreed = [difference for difference in differences if difference <= _TOLERANCE]
        if 2 * len(agreed) <= len(differences):
            raise DerivationError(
                f"the terms before and after differ by {min(differences):.3g} of their size, in floats"
            )
        worst = max(agreed)
        digits = int(-np.log10(max(worst, np.finfo(float).eps)))
        return Agreement(len(agreed), digits, worst)

    def _near(self, graph: Graph, given: list[Any], spread: float) -> list[list[Any]]:
        found = []
        for _ in range(_POINTS if spread else 1):
            point = [x + spread * (1 + np.abs(x)) * self._rng.normal(size=x.shape) for x in given]
            try:
                with np.errstate(all="ignore"):
                    finite = all(np.isfinite(value).all() for value in evaluate(graph, *point))
            except GuardError:
                continue
            found += [point] * finite
        return found

    def _difference(self, point: list[Any], before: Node, after: Node) -> float:
        """How far apart two values are, in parts of the larger; infinite where the second is not defined."""
        with np.errstate(all="ignore"):
            x, y = np.broadcast_arrays(*(self._value(term, point) for term in (before, after)))
        defined = np.isfinite(x)
        x, y = x[defined], y[defined]
        if not np.isfinite(y).all():
            return float("inf")
        size = max(np.abs(x).max(initial=0.0), np.abs(y).max(initial=0.0))
        return float(np.abs(x - y).max(initial=0.0) / size) if size else 0.0

    def _value(self, term: Node, point: list[Any]) -> Any:
        """The value of a term, each D[u] in it by a difference."""
        taken = [node for node in topological([term]) if is_pending(node)]
        stands = {node: Node(None, (), {"name": ""}, node.shape, node.dtype, "") for node in taken}
        inside = replaced(term, stands, inside=False)
        values = self._given(term, point)
        values |= {stands[node]: self._slope(node, point) for node in taken}
        return self._evaluated(inside, values)

    def _given(self, term: Node, point: list[Any]) -> dict[Node, Any]:
        """The values of the inputs, and of the letters in a term."""
        letters = [node for node in topological([term]) if node in self._letters]
        values = dict(zip(self.inputs, point, strict=True))
        return values | {letter: self._value(self._letters[letter], point) for letter in letters}

    def _slope(self, taken: Node, point: list[Any]) -> Any:
        term, x, *direction = taken.operands
        values = self._given(taken, point)
        along = self._random(*direction) if direction else 1.0
        if term is x:
            return along
        sides = [self._evaluated(term, {**values, x: values[x] + step * along}) for step in (_STEP, -_STEP)]
        return (sides[0] - sides[1]) / (2 * _STEP)

    def _evaluated(self, term: Node, values: dict[Node, Any]) -> Any:
        given = values | {n: self._random(n) for n in topological([term]) if n.is_input and n not in values}
        return evaluate(Graph(tuple(given), (without_diagonals(term),)), *given.values())[0]

    def _random(self, node: Node) -> Any:
        if node not in self._free:
            self._free[node] = self._rng.normal(size=node.shape)
        return self._free[node]


def verifier_of(graph: Graph, start: Mapping[str, Any], columns: int = 1) -> Verifier | FloatVerifier:
    """What compares the lines of a derivation: to thirty digits, or in floats where that would take minutes.

    The solution of a differential equation is compared to fewer digits at fewer points: each is an integration of its
    own, of which floats keep too few digits for a difference.

    Args:
        graph: the function.
        start: the values of its inputs by name, or nothing.
        columns: of the matrix that is derived: it has about so many times the work of the function.
    """
    own = sorted({f"{node.primitive.name}" for node in graph.nodes if node.primitive and _in_floats_only(node)})
    if own:
        verb = "computes" if len(own) == 1 else "compute"
        return FloatVerifier(graph, start, f"{' and '.join(own)} {verb} with floats only")
    if start and multiplications(graph) * columns > LIMITS.exact_multiplications:
        return FloatVerifier(graph, start)
    if any(isinstance(node.parameters.get("system"), Body) for node in graph.nodes):
        return Verifier(graph, start=start or None, digits=_FLOW_DIGITS, points=_FLOW_POINTS)
    return Verifier(graph, start=start or None)


def _in_floats_only(node: Node) -> bool:
    """Whether an operation is the user's own: no entry of the registry, which has a spelling in mpmath."""
    primitive = node.primitive
    return primitive is not None and not primitive.opaque and primitives().get(primitive.name) is not primitive


def multiplications(graph: Graph) -> int:
    """About how many multiplications the value of a graph takes."""
    return sum(_work(node) for node in graph.nodes if node.primitive is not None)


def _work(node: Node) -> int:
    largest = max((math.prod(operand.shape) for operand in node.operands), default=0)
    inner = node.operands[0].shape[-1] if operation(node) == "matmul" else 1
    return max(math.prod(node.shape) * inner, largest)
