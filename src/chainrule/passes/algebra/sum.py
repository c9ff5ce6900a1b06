"""The form of a sum: its terms in order, each a coefficient and a product without a number.

Two terms are alike if their products have the same powers, in whatever order: so x y and y x are collected.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any

from chainrule.core.graph import Node, constant
from chainrule.passes.algebra.product import Product, is_decimal, product, written
from chainrule.passes.rewrites import operation, scalar_node

__all__ = ["Key", "Term", "added", "falling", "key_of", "sum_of", "term", "terms_of", "total", "unit_product"]

Key = frozenset[Any]
ONE = Fraction(1)


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a sum.

    Attributes:
        coefficient: the number in front, with the sign.
        form: the rest as a product, positive and with the number 1.
        key: equal for products that are equal up to order.
        node: the node that it was read from, without its sign; None for one that a rule has made.
        decimal: its number was written as a decimal.
    """

    coefficient: Fraction
    form: Product
    key: Key
    node: Node | None = None
    decimal: bool = False

    def times(self, factor: Fraction) -> Term:
        node = self.node if abs(factor) == 1 else None
        return replace(self, coefficient=self.coefficient * factor, node=node)


def key_of(form: Product) -> Key:
    """The powers of a product, in no order."""
    return frozenset((key, exponent) for key, exponent in form.exponents().items() if exponent)


def unit_product(form: Product) -> Product:
    """A product without its number."""
    return replace(form, negative=False, above=ONE, below=ONE)


def term(form: Product) -> Term:
    """A product as a term of a sum."""
    return Term(form.coefficient, unit_product(form), key_of(form), decimal=form.above.denominator > 1)


def terms_of(F: Any, node: Node) -> list[Term]:
    """The terms of a sum in order; sums and differences in it are taken apart."""
    found: list[Term] = F.read(_read, node)
    return found


def _read(F: Any, node: Node) -> list[Term]:
    found: list[Term] = []
    waiting = [(node, False)]
    while waiting:
        x, negative = waiting.pop()
        name = operation(x)
        opens = x is node or F.looks_into(x)
        if opens and name in ("add", "subtract"):
            waiting += [(x.operands[1], negative != (name == "subtract")), (x.operands[0], negative)]
        elif opens and name == "negative":
            waiting.append((x.operands[0], not negative))
        else:
            read = term(product(F, x))
            unsigned = x.operands[0] if name == "negative" else x
            kept = unsigned if (read.coefficient < 0) == (name == "negative") else None
            found.append(replace(read, coefficient=-read.coefficient if negative else read.coefficient, node=kept))
    return found


def added(terms: Iterable[Term]) -> list[Term]:
    """The terms with like ones collected, and without those whose number is 0."""
    found: dict[Key, Term] = {}
    for x in terms:
        y = found.get(x.key)
        if y is None:
            found[x.key] = x
        else:
            both = x.coefficient + y.coefficient
            found[x.key] = replace(y, coefficient=both, node=None, decimal=x.decimal or y.decimal)
    return [x for x in found.values() if x.coefficient]


def falling(terms: Sequence[Term]) -> Sequence[Term]:
    """The terms of a polynomial in one letter by falling powers, unless they rise; all other terms as they are."""
    letters = {f.base for x in terms for f in x.form.factors}
    if len(letters) != 1 or any(
        f.base.primitive is not None or f.unit is not None for x in terms for f in x.form.factors
    ):
        return terms
    powers = [sum((f.exponent for f in x.form.factors), Fraction(0)) for x in terms]
    if powers == sorted(powers):
        return terms
    return [x for _, x in sorted(zip(powers, terms, strict=True), key=lambda pair: -pair[0])]


def total(F: Any, terms: Sequence[Term], like: Node) -> Node:
    """The node of a sum, as it is; it begins with a term without a minus sign if there is one."""
    if not terms:
        return _zero(F, like)
    first = next((i for i, x in enumerate(terms) if x.coefficient > 0), 0)
    ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
    negative = ordered[0].coefficient < 0
    start = _written(F, ordered[0], like, negative)

    def one_more(so_far: Node, x: Term) -> Node:
        join = F.plain.subtract if x.coefficient < 0 else F.plain.add
        return join(so_far, _written(F, x, like))

    if len(ordered) == 1 and not ordered[0].key and not negative:
        return written(F, _numbered(ordered[0]), like)
    return reduce(one_more, ordered[1:], start)


def sum_of(F: Any, terms: Sequence[Term], like: Node) -> Node:
    """The node of a sum, simplified."""
    found: Node = F.simplified(total(F, terms, like))
    return found


def _zero(F: Any, like: Node) -> Node:
    if like.ndim == 0:
        return scalar_node(0, like)
    while part := next((x for x in like.operands if x.shape == like.shape), None):
        like = part
    zeros: Node = F.plain.zeros_like(like)
    return zeros


def _written(F: Any, x: Term, like: Node, negative: bool = False) -> Node:
    if x.node is not None:
        return F.plain.negative(x.node) if negative else x.node
    form = _numbered(x)
    if not x.key and form.below == 1:
        return constant(float(-form.above if negative else form.above))
    return written(F, replace(form, negative=negative), like)


def _numbered(x: Term) -> Product:
    value = abs(x.coefficient)
    decimal = x.decimal and is_decimal(value)
    above, below = (value, ONE) if decimal else (Fraction(value.numerator), Fraction(value.denominator))
    return replace(x.form, above=above, below=below)
