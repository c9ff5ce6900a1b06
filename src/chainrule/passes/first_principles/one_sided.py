"""The difference quotient at a point from both sides: what is said where its limit does not exist."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from chainrule.core.graph import Node
from chainrule.passes.precise import Precise

__all__ = ["one_sided_limits"]

_STEPS = Fraction(1, 10**30), Fraction(1, 10**36)  # the difference quotient is off its limit by about as much
_DIGITS = 100


def one_sided_limits(term: Node, x: Node, inputs: Sequence[Node], point: Mapping[str, float]) -> tuple[float, float]:
    """The limits of the difference quotient of a term by x from the left and from the right; NaN for none.

    >>> from chainrule.read.formula import parse
    >>> graph = parse("|x|")
    >>> one_sided_limits(graph.outputs[0], graph.inputs[0], graph.inputs, {"x": 0.0})
    (-1.0, 1.0)
    """
    left, right = (_limit([_rate(term, x, inputs, point, side * step) for step in _STEPS]) for side in (-1, 1))
    return left, right


def _rate(term: Node, x: Node, inputs: Sequence[Node], point: Mapping[str, float], h: Fraction) -> float:
    places = [[Fraction(point[node.name]) + step * (node is x) for node in inputs] for step in (0, h)]
    precise = Precise(inputs, places, digits=_DIGITS)
    here, there = precise.value(term, 0), precise.value(term, 1)
    if not precise.m.isfinite(here):
        return math.nan
    return float((there - here) / precise.m.mpf(h.numerator) * h.denominator)


def _limit(rates: Sequence[float]) -> float:
    """What two difference quotients go to: for a smaller step one grows, or falls, only if there is nothing between."""
    first, second = rates
    if abs(second) > 2 * abs(first):
        return math.copysign(math.inf, second)
    return 0.0 if abs(second) < abs(first) / 2 else second
