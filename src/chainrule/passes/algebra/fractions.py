"""Rules of fractions: sums over one denominator, and fractions within a fraction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from chainrule.core.domain import POSITIVE, Interval
from chainrule.core.graph import Node
from chainrule.passes.algebra.powers import divided
from chainrule.passes.algebra.product import Factor, Product, is_real, product, written
from chainrule.passes.algebra.sum import Term, added, falling, sum_of, term, terms_of, total
from chainrule.passes.rewrites import Rewrite, named, operation

__all__ = ["FRACTIONS", "over_one_line"]

_PRODUCT = named("multiply", "divide", "negative")
_POSITIVE = POSITIVE.interval(0)
_ONE = Fraction(1)
_FEW = 4  # terms of a sum that are put over one line to see whether it is shorter
_Powers = dict[tuple[Node, Node | None], Fraction]


def _common_denominator(F: Any, node: Node) -> Node | None:
    terms = terms_of(F, node) if is_real(node) else []
    group = next(_related(terms), None)
    if group is None:
        return None
    fraction = over_one_line(F, [terms[i] for i in group], node)
    others = [x for i, x in enumerate(terms) if i not in group]
    place = sum(i not in group for i in range(group[0]))
    return total(F, [*others[:place], term(product(F, fraction)), *others[place:]], node)


def _shorter_over_one_line(F: Any, node: Node) -> Node | None:
    """All terms over one line, where that takes fewer operations: 1/(x - 1) - 1/(x + 1) is 2/((x - 1)(x + 1))."""
    terms = terms_of(F, node) if is_real(node) else []
    if not 1 < len(terms) <= _FEW or not any(_below(x) for x in terms) or all(map(_is_monomial, terms)):
        return None
    found: Node = F.simplified(over_one_line(F, terms, node))
    return found if F.operations(found) < F.operations(node) else None


def _related(terms: Sequence[Term]) -> Iterator[list[int]]:
    """Terms with a base in common below the line, each time two or more."""
    below = [_below(x) for x in terms]
    left = [i for i, powers in enumerate(below) if powers]
    while left:
        group, bases = [left[0]], set(below[left[0]])
        while more := [i for i in left if i not in group and bases & set(below[i])]:
            group += more
            bases = bases.union(*(below[i] for i in more))
        left = [i for i in left if i not in group]
        # sqrt(u) beside x / sqrt(u) goes over the line too.
        group += [i for i, x in enumerate(terms) if i not in group and _has_root_of(x, bases)]
        if len(group) > 1 and not all(_is_monomial(terms[i]) for i in group):
            yield sorted(group)


def _below(x: Term) -> _Powers:
    lower = {factor.key for factor in x.form.factors if factor.below}
    return {key: -exponent for key, exponent in x.form.exponents().items() if exponent < 0 and key in lower}


def _has_root_of(x: Term, bases: set[tuple[Node, Node | None]]) -> bool:
    return any(f.key in bases and f.style == "root" and f.base.primitive is not None for f in x.form.factors)


def _is_monomial(x: Term) -> bool:
    """A number times powers of variables: such terms stay apart, as those of a polynomial do."""
    return all(f.base.primitive is None and f.unit is None for f in x.form.factors)


def over_one_line(F: Any, terms: Sequence[Term], like: Node) -> Node:
    """The sum of terms as one fraction."""
    line: _Powers = {}
    styles: dict[tuple[Node, Node | None], Factor] = {}
    for x in terms:
        for key, count in _below(x).items():
            line[key] = max(line.get(key, Fraction(0)), count)
            styles.setdefault(key, next(factor for factor in x.form.factors if factor.key == key and factor.below))
    number = Fraction(math.lcm(*(x.coefficient.denominator for x in terms if not x.decimal)))
    raised = {key: -count for key, count in line.items()}
    upper = [_multiplied(F, x, raised, number, like) for x in terms]
    above = sum_of(F, falling(added(upper)), like)
    lower = [replace(styles[key], count=count, source=None) for key, count in line.items()]
    fraction: Node = F.plain.divide(above, written(F, _below_line(number, lower), like))
    return fraction


def _below_line(number: Fraction, factors: Sequence[Factor]) -> Product:
    return Product(False, number, _ONE, tuple(replace(factor, below=False) for factor in factors))


def _multiplied(F: Any, x: Term, raised: _Powers, number: Fraction, like: Node) -> Term:
    node = F.simplified(written(F, divided(x.form, raised), like))
    found = term(product(F, node))
    return replace(found, coefficient=found.coefficient * x.coefficient * number, decimal=x.decimal)


def _fraction_in_fraction(F: Any, node: Node) -> Node | None:
    """A divisor that is a sum of fractions is multiplied out where its denominators meet other factors."""
    if not is_real(node):
        return None
    form = product(F, node)
    for i, factor in enumerate(form.factors):
        if not factor.below or factor.unit is not None or operation(factor.base) not in ("add", "subtract"):
            continue
        if factor.count.denominator > 1:
            continue
        terms = [_spread(F, x) for x in terms_of(F, factor.base)]
        bases = {key for x in terms for key in _below(x)}
        others = {other.key for other in form.factors if other is not factor}
        if not bases or not bases & others:
            continue
        inner = product(F, over_one_line(F, terms, factor.base))
        count = factor.count
        swapped = tuple(
            replace(f, count=f.count * count, below=not f.below, source=None if count != 1 else f.source)
            for f in inner.factors
        )
        factors = (*form.factors[:i], *swapped, *form.factors[i + 1 :])
        number = form.coefficient / inner.coefficient ** int(count)
        above, below = Fraction(abs(number.numerator)), Fraction(number.denominator)
        return written(F, Product(number < 0, above, below, factors), node)
    return None


def _fraction_above(F: Any, node: Node) -> Node | None:
    """A sum of fractions above the line over one line, where that takes no more: (1 + 1/x)/y is (x + 1)/(x y)."""
    form = product(F, node) if is_real(node) else None
    if form is None or not any(factor.below for factor in form.factors):
        return None
    for i, factor in enumerate(form.factors):
        if factor.exponent != 1 or factor.unit is not None or operation(factor.base) not in ("add", "subtract"):
            continue
        terms = terms_of(F, factor.base)
        if len(terms) > _FEW or not any(map(_below, terms)):
            continue
        inner = product(F, over_one_line(F, terms, factor.base))
        factors = (*form.factors[:i], *inner.factors, *form.factors[i + 1 :])
        above, below = form.above * inner.above, form.below * inner.below
        found: Node = F.simplified(written(F, Product(form.negative != inner.negative, above, below, factors), node))
        # A line less is worth an operation more.
        if F.operations(found) <= F.operations(node) + 1:
            return found
    return None


def _number_into_root(F: Any, node: Node) -> Node | None:
    """A number below the line and a sum with fractions: 1/(2(1 + x^2/4)) is 2/(4 + x^2), (1 - x/2)/4 is (2 - x)/8."""
    form = product(F, node) if is_real(node) else None
    for i, factor in enumerate(form.factors if form is not None and form.below != 1 else ()):
        if factor.unit is not None or operation(factor.base) not in ("add", "subtract"):
            continue
        terms = [_spread(F, x) for x in terms_of(F, factor.base)]
        number = math.lcm(*(x.coefficient.denominator for x in terms if not x.decimal))
        root = math.isqrt(number)
        size = {Fraction(1): number, Fraction(1, 2): root if root * root == number else 1}.get(factor.count, 1)
        if form is None or size == 1 or (factor.below and math.gcd(size, form.below.numerator) == 1):
            continue
        base = sum_of(F, [x.times(Fraction(number)) for x in terms], factor.base)
        factors = (*form.factors[:i], replace(factor, base=base, source=None), *form.factors[i + 1 :])
        above, below = (form.above * size, form.below) if factor.below else (form.above, form.below * size)
        return written(F, replace(form, above=above, below=below, factors=factors), node)
    return None


def _spread(F: Any, x: Term) -> Term:
    """The term with (a / b)^2 as a^2 / b^2."""
    factors: list[Factor] = []
    coefficient = x.coefficient
    for factor in x.form.factors:
        if operation(factor.base) == "divide" and factor.unit is None and factor.count.denominator == 1:
            inner = product(F, factor.base)
            coefficient *= inner.coefficient ** int(factor.exponent)
            factors += [
                replace(f, count=f.count * factor.count, below=f.below != factor.below, source=None)
                for f in inner.factors
            ]
        else:
            factors.append(factor)
    return replace(term(replace(x.form, factors=tuple(factors))), coefficient=coefficient, decimal=x.decimal)


FRACTIONS: tuple[Rewrite, ...] = (
    Rewrite("common denominator", "x / u + y / u^2 = (x u + y) / u^2", named("add", "subtract"), _common_denominator,
            lambda F, x, y: F.add(F.divide(F.sin(x), y), F.divide(x, F.square(y))), ((3,), (3,)), _POSITIVE,
            whole=True),
    Rewrite("common denominator", "1 / x - 1 / (x + 1) = 1 / (x (x + 1)), where that is shorter",
            named("add", "subtract"), _shorter_over_one_line,
            lambda F, x: F.subtract(F.divide(1.0, F.subtract(x, 5.0)), F.divide(1.0, F.add(x, 1.0))), ((3,),),
            Interval(0.0, 4.0), whole=True),
    Rewrite("fraction in a fraction", "1 / (x (1 + y / x)) = 1 / (x + y)", _PRODUCT,
            _fraction_in_fraction, lambda F, x, y: F.divide(1.0, F.multiply(x, F.add(1.0, F.divide(y, x)))),
            ((3,), (3,)), _POSITIVE, whole=True),
    Rewrite("fraction in a fraction", "(1 + x / y) / (y + x) = 1 / y, where that is no longer", _PRODUCT,
            _fraction_above, lambda F, x, y: F.divide(F.add(1.0, F.divide(x, y)), F.add(y, x)), ((3,), (3,)),
            _POSITIVE, whole=True),
    Rewrite("fraction in a fraction", "1 / (2 sqrt(1 + (x / 2)^2)) = 1 / sqrt(4 + x^2)", _PRODUCT, _number_into_root,
            lambda F, x: F.divide(1.0, F.multiply(2.0, F.sqrt(F.add(1.0, F.square(F.divide(x, 2.0)))))), whole=True),
)  # fmt: skip
