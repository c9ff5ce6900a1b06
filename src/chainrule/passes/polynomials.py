"""Polynomials with several letters, read from a term and written as one: expanding, cancelling, taking out a factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.registry import building
from chainrule.passes.rewrites import number, operation
from chainrule.passes.simplify import rewrite

__all__ = ["Polynomial", "polynomial"]

F = building
_TERMS = 200  # more than this nobody reads, and a power would expand into thousands
Powers = tuple[tuple[Node, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Polynomial:
    """A sum of products of letters with exact coefficients, in the order in which the terms arose.

    Attributes:
        terms: for each product of powers its coefficient; a letter is an input or a term that is left as it is.
        order: the letters as they stand in a product.
    """

    terms: Mapping[Powers, Fraction]
    order: Sequence[Node]

    def plus(self, other: Polynomial, factor: int = 1) -> Polynomial:
        """The sum; with `factor` -1 the difference. What cancels is gone."""
        terms = dict(self.terms)
        for powers, coefficient in other.terms.items():
            terms[powers] = terms.get(powers, Fraction(0)) + factor * coefficient
        return Polynomial({powers: c for powers, c in terms.items() if c}, self.order)

    def times(self, other: Polynomial) -> Polynomial:
        """The product, expanded."""
        terms: dict[Powers, Fraction] = {}
        for one, a in self.terms.items():
            for two, b in other.terms.items():
                powers = self._product(one, two)
                terms[powers] = terms.get(powers, Fraction(0)) + a * b
        return Polynomial({powers: c for powers, c in terms.items() if c}, self.order)

    def _product(self, one: Powers, two: Powers) -> Powers:
        exponents = dict(one)
        for letter, exponent in two:
            exponents[letter] = exponents.get(letter, 0) + exponent
        return tuple((letter, exponents[letter]) for letter in self.order if letter in exponents)

    def over(self, letter: Node) -> Polynomial | None:
        """The polynomial divided by a letter; None where a term does not have it."""
        terms = {}
        for powers, coefficient in self.terms.items():
            exponents = dict(powers)
            if letter not in exponents:
                return None
            exponents[letter] -= 1
            terms[tuple((x, n) for x, n in exponents.items() if n)] = coefficient
        return Polynomial(terms, self.order)

    def at_zero(self, letter: Node) -> Polynomial:
        """The polynomial where the letter is 0."""
        return Polynomial({p: c for p, c in self.terms.items() if letter not in dict(p)}, self.order)

    def degree(self, letter: Node) -> int:
        """The highest power of a letter."""
        return max((dict(powers).get(letter, 0) for powers in self.terms), default=0)

    @property
    def node(self) -> Node:
        """The polynomial as a term, written in its order."""
        return added(None, self)


def added(term: Node | None, polynomial: Polynomial, sign: int = 1) -> Node:
    """A term plus (or minus) the terms of a polynomial one by one."""
    for powers, coefficient in polynomial.terms.items():
        size = abs(coefficient)
        factors = [x if n == 1 else F.square(x) if n == 2 else F.power(x, float(n)) for x, n in powers]
        if size != 1 or not factors:
            factors.insert(0, constant(float(size)))
        product = factors[0]
        for factor in factors[1:]:
            product = F.multiply(product, factor)
        negative = (coefficient < 0) != (sign < 0)
        if term is None:
            term = F.negative(product) if negative else product
        else:
            term = F.subtract(term, product) if negative else F.add(term, product)
    return constant(0.0) if term is None else term


def polynomial(term: Node, letters: Sequence[Node]) -> Polynomial | None:
    """A term as a polynomial in some letters, with all else that stands in it as further letters.

    Args:
        term: a scalar term.
        letters: the letters that are to be expanded in.

    Returns:
        The polynomial, expanded; None where the term is none, or has too many terms to be read.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> graph = parse("(x + h)^2 a - x^2 a")
    >>> formula_text(polynomial(graph.outputs[0], graph.inputs[:2]).node)
    '2a x h + a h^2'
    """
    (term,) = rewrite(Graph((), (term,)), ()).outputs  # equal parts become one letter
    nodes = topological([term])
    moving = set(letters)
    order = [*(node for node in nodes if node not in moving), *letters]
    found: dict[Node, Polynomial | None] = {}
    for node in nodes:
        if any(operand in moving for operand in node.operands):
            moving.add(node)
        found[node] = _read(node, found, order, node not in moving)
    return found[term]


def _read(node: Node, found: Mapping[Node, Polynomial | None], order: Sequence[Node], fixed: bool) -> Polynomial | None:
    value = number(node)
    if value is not None:
        exact = isinstance(value, (int, float, np.floating))
        return Polynomial({(): Fraction(float(value))} if value else {}, order) if exact else None
    if node.primitive is None:
        return Polynomial({((node, 1),): Fraction(1)}, order)
    rule = _RULES.get(operation(node))
    operands = [found[operand] for operand in node.operands]
    made = None
    if rule is not None and all(operand is not None for operand in operands):
        made = rule(*operands)
        if made is not None and len(made.terms) > _TERMS:
            made = None
    if made is None and fixed:
        return Polynomial({((node, 1),): Fraction(1)}, order)
    return made


def _quotient(p: Polynomial, q: Polynomial) -> Polynomial | None:
    divisor = _constant(q)
    return None if not divisor else Polynomial({powers: c / divisor for powers, c in p.terms.items()}, p.order)


def _power(p: Polynomial, n: Polynomial) -> Polynomial | None:
    exponent = _constant(n)
    if exponent is None or exponent.denominator != 1 or not 0 <= exponent <= 20:
        return None
    made = Polynomial({(): Fraction(1)}, p.order)
    for _ in range(int(exponent)):
        made = made.times(p)
        if len(made.terms) > _TERMS:
            return None
    return made


def _constant(p: Polynomial) -> Fraction | None:
    if not p.terms:
        return Fraction(0)
    return p.terms[()] if list(p.terms) == [()] else None


_RULES: dict[str, Callable[..., Any]] = {
    "add": lambda p, q: p.plus(q),
    "subtract": lambda p, q: p.plus(q, -1),
    "negative": lambda p: Polynomial({powers: -c for powers, c in p.terms.items()}, p.order),
    "multiply": lambda p, q: p.times(q),
    "square": lambda p: p.times(p),
    "power": _power,
    "divide": _quotient,
}
