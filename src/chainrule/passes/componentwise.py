"""Arithmetic on components, multiplied out: sums of products of powers, in which what cancels is gone.

It is the normal form of sums, products and quotients of numbers, taken for all components of arrays at once: there
y/p*(p*(1 - p)) is y - y*p. Every other operation is a letter, as a matrix product is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.registry import building
from chainrule.passes.polynomials import Polynomial
from chainrule.passes.rewrites import number, operation
from chainrule.passes.simplify import rewrite

__all__ = ["multiplied_out"]

F = building
_TERMS = 12  # more than this is no shorter form
_ARITHMETIC = ("add", "subtract", "negative", "multiply", "divide", "square")


def multiplied_out(term: Node) -> Node | None:
    """The term as a sum of products of its letters; None where that is too long, or would change the shape.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> graph = parse("(y/p - (1 - y)/(1 - p))*(p*(1 - p))", shapes="y: N, p: N")
    >>> formula_text(multiplied_out(graph.outputs[0]))
    'y - p'
    """
    (term,) = rewrite(Graph((), (term,)), ()).outputs  # equal parts become one letter
    nodes = topological([term])
    divisors = {node.operands[1] for node in nodes if operation(node) == "divide"}
    if any(number(divisor) == 0 for divisor in divisors) or not all(map(_is_rational, map(number, nodes))):
        return None
    order = _letters(nodes, divisors)
    found: dict[Node, Polynomial] = {}
    for node in nodes:
        if node in order:
            found[node] = Polynomial({((node, 1),): Fraction(1)}, order)
            continue
        value = number(node)
        if value is not None:
            found[node] = Polynomial({(): Fraction(float(value))} if value else {}, order)
        else:
            made = _RULES[operation(node)](node, *(found[operand] for operand in node.operands))
            if len(made.terms) > _TERMS:
                return None
            found[node] = made
    made = _without_divisors(found[term], divisors, order, found)
    written = _written(made)
    return written if written is not None and written.shape == term.shape else None


def _is_rational(value: Any) -> bool:
    """Whether a number is one of arithmetic by fractions: not for complex ones, NaN and infinity; None is no number."""
    return value is None or (not np.iscomplexobj(value) and bool(np.isfinite(value)))


def _letters(nodes: Sequence[Node], divisors: set[Node]) -> list[Node]:
    """What is not taken apart, in the order of products: numbers with a name first, scalars, then arrays."""
    letters = [
        node for node in nodes if number(node) is None and (operation(node) not in _ARITHMETIC or node in divisors)
    ]
    return sorted(letters, key=lambda node: (node.ndim > 0, not node.is_constant))


def _without_divisors(
    made: Polynomial, divisors: set[Node], order: list[Node], found: dict[Node, Polynomial]
) -> Polynomial:
    """What is a divisor nowhere any more is multiplied out too."""
    total = Polynomial({}, order)
    for powers, coefficient in made.terms.items():
        product = Polynomial({(): coefficient}, order)
        for letter, exponent in powers:
            if letter in divisors and operation(letter) in _ARITHMETIC and exponent > 0:
                inner = _RULES[operation(letter)](letter, *(found[operand] for operand in letter.operands))
                for _ in range(exponent):
                    product = product.times(inner)
            else:
                product = product.times(Polynomial({((letter, exponent),): Fraction(1)}, order))
        total = total.plus(product)
    return _cleared(total)


def _cleared(made: Polynomial) -> Polynomial:
    terms: dict[Any, Fraction] = {}
    for powers, coefficient in made.terms.items():
        kept = tuple((letter, exponent) for letter, exponent in powers if exponent)
        terms[kept] = terms.get(kept, Fraction(0)) + coefficient
    return Polynomial({powers: c for powers, c in terms.items() if c}, made.order)


def _quotient(node: Node, p: Polynomial, q: Polynomial) -> Polynomial:
    below = number(node.operands[1])
    if below is not None:
        return p.times(Polynomial({(): 1 / Fraction(float(below))}, p.order))
    return _cleared(p.times(Polynomial({((node.operands[1], -1),): Fraction(1)}, p.order)))


_RULES: dict[str, Callable[..., Polynomial]] = {
    "add": lambda node, p, q: p.plus(q),
    "subtract": lambda node, p, q: p.plus(q, -1),
    "negative": lambda node, p: Polynomial({powers: -c for powers, c in p.terms.items()}, p.order),
    "multiply": lambda node, p, q: _cleared(p.times(q)),
    "square": lambda node, p: _cleared(p.times(p)),
    "divide": _quotient,
}


def _written(made: Polynomial) -> Node | None:
    """The sum as a term, with the scalars that all products share in front, where this leaves none inside."""
    if not made.terms:
        return None
    shared = _shared(made)
    rest = _cleared(made.times(Polynomial({tuple((x, -n) for x, n in shared): Fraction(1)}, made.order)))
    sizes = {abs(c) for c in rest.terms.values()}
    inside = any(x.ndim == 0 for powers in rest.terms for x, _ in powers)
    if len(made.terms) == 1 or len(sizes) > 1 or inside:
        return _sum(made)
    (front,) = sizes
    positive_first = sorted(rest.terms.items(), key=lambda term: term[1] < 0)
    total = _sum(Polynomial({powers: c / front for powers, c in positive_first}, made.order))
    return total if not shared and front == 1 else F.multiply(_product(shared, front), total)


def _sum(made: Polynomial) -> Node:
    total: Node | None = None
    for powers, coefficient in made.terms.items():
        product = _product(powers, abs(coefficient))
        if total is None:
            total = F.negative(product) if coefficient < 0 else product
        else:
            total = F.subtract(total, product) if coefficient < 0 else F.add(total, product)
    assert total is not None
    return total


def _shared(made: Polynomial) -> tuple[tuple[Node, int], ...]:
    """The powers of scalars that all products have."""
    first, *others = [dict(powers) for powers in made.terms]
    if not others:
        return ()
    return tuple((x, n) for x, n in first.items() if x.ndim == 0 and all(other.get(x) == n for other in others))


def _product(powers: Sequence[tuple[Node, int]], coefficient: Fraction) -> Node:
    above = [_power(x, n) for x, n in powers if n > 0]
    below = [_power(x, -n) for x, n in powers if n < 0]
    if coefficient.numerator != 1 or not (above or below):
        above.insert(0, _number(coefficient.numerator))
    if coefficient.denominator != 1:
        below.insert(0, _number(coefficient.denominator))
    scalars = [_multiplied([x for x in side if x.ndim == 0]) for side in (above, below)]
    arrays = [_multiplied([x for x in side if x.ndim > 0]) for side in (above, below)]
    quotients = [_quotient_of(*scalars), _quotient_of(*arrays)]
    made = _multiplied([x for x in quotients if x is not None])
    assert made is not None  # there is a number at least
    return made


def _quotient_of(above: Node | None, below: Node | None) -> Node | None:
    return above if below is None else F.divide(1.0 if above is None else above, below)


def _multiplied(factors: Sequence[Node]) -> Node | None:
    made: Node | None = None
    for factor in factors:
        made = factor if made is None else F.multiply(made, factor)
    return made


def _power(x: Node, n: int) -> Node:
    return x if n == 1 else F.square(x) if n == 2 else F.power(x, float(n))


def _number(value: int) -> Node:
    return Node(None, (), {"value": float(value)}, (), float)
