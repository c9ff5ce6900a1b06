"""Rules of the factors of a product: powers of products, what a sum among them has in common, the sign of a sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from chainrule.core.domain import POSITIVE
from chainrule.core.graph import Node
from chainrule.passes.algebra.powers import divided
from chainrule.passes.algebra.product import EULER, Factor, Product, is_real, product, written
from chainrule.passes.algebra.products import form_of, swapped
from chainrule.passes.algebra.sum import Term, falling, sum_of, term, terms_of
from chainrule.passes.rewrites import Rewrite, named, number, operation

__all__ = ["FACTORS"]

_POSITIVE = POSITIVE.interval(0)
_PRODUCT = named("multiply", "divide", "negative")
_ONE = Fraction(1)
_LARGE, _HIGH = 1000, 10  # (3x)^2 is 9x^2, but (3x)^9 and (0.1x)^12 stay
_Key = tuple[Node, Node | None]


def _power_of_product(F: Any, node: Node) -> Node | None:
    if not is_real(node):
        return None
    (factor,) = product(F, node).factors or (None,)
    inner = _monomial(F, factor) if factor is not None else None
    if inner is None or any(f.below and not number(f.base) for f in inner.factors):
        return None  # (x/2)^2 is x^2/4, (x/a)^2 stays
    return written(F, inner, node)


def _power_of_quotient(F: Any, node: Node) -> Node | None:
    form = form_of(F, node)
    if form is None or len(form.factors) < 2:
        return None  # (x/a)^2 stays where it stands by itself
    for i, factor in enumerate(form.factors):
        inner = _monomial(F, factor) or _meeting(F, form, factor)
        if inner is None:
            continue
        spread = tuple(replace(f, below=f.below != factor.below) for f in inner.factors)
        number = inner.coefficient if not factor.below else 1 / inner.coefficient
        negative, size = form.negative != (number < 0), abs(number)
        above, below = form.above * size.numerator, form.below * size.denominator
        return written(F, Product(negative, above, below, swapped(form, i, *spread)), node)
    return None


def _monomial(F: Any, factor: Factor) -> Product | None:
    """A whole power of a product of numbers and variables, spread over its factors."""
    inner = _spread(F, factor)
    return None if inner is None or any(f.base.primitive is not None for f in inner.factors) else inner


def _meeting(F: Any, form: Product, factor: Factor) -> Product | None:
    """A whole power of a product that has a factor in common with the other factors, spread over its factors."""
    inner = _spread(F, factor)
    if inner is None:
        return None
    others = {other.key for other in form.factors if other is not factor}
    return None if others.isdisjoint(f.key for f in inner.factors) else inner


def _spread(F: Any, factor: Factor) -> Product | None:
    if operation(factor.base) not in ("multiply", "divide", "negative") or factor.unit is not None:
        return None
    count = factor.count
    if count.denominator > 1 or count < 2:
        return None
    inner = product(F, factor.base)
    if count > _HIGH and not inner.above == inner.below == 1:
        return None
    above, below = inner.above**count.numerator, inner.below**count.numerator
    if any(size > _LARGE for size in (above.numerator, above.denominator, below.numerator)):
        return None
    factors = tuple(f.to_the(f.count * count) for f in inner.factors)
    return replace(inner, negative=inner.negative and count % 2 == 1, above=above, below=below, factors=factors)


def _fractional_below(F: Any, node: Node) -> Node | None:
    """A fractional power that is negative stands below the line: -x^(-3/2)/2 is -1/(2 x^(3/2))."""
    form = form_of(F, node)
    if form is None or not any(map(_is_fractional_negative, form.factors)):
        return None
    factors = tuple(
        replace(f, count=-f.count, below=not f.below, source=None) if _is_fractional_negative(f) else f
        for f in form.factors
    )
    return written(F, replace(form, factors=factors), node)


def _is_fractional_negative(factor: Factor) -> bool:
    fractional = factor.count.denominator > 1 and factor.count < 0 and factor.unit is None
    return fractional and factor.style != "decimal" and factor.base is not EULER


def _take_out(F: Any, node: Node) -> Node | None:
    """What all terms of a sum above the line have in common is a factor: it may cancel.

    Without a line only a letter with the same power everywhere is taken out: e^x (2x + x^2) stays.
    """
    form = form_of(F, node)
    if form is None or len(form.factors) + (form.above != 1) + (form.below != 1) < 2:
        return None
    line = any(factor.below for factor in form.factors)
    for i, factor in enumerate(form.factors):
        if factor.count != 1 or factor.unit is not None or not _is_free_sum(F, factor.base):
            continue
        terms = terms_of(F, factor.base)
        common = {} if factor.below else _common(terms, line)
        shared = _common_number(terms) if line or form.above != 1 else _ONE
        if factor.below:
            shared = Fraction(math.gcd(shared.numerator, form.above.numerator))
        if not common and shared == 1:
            continue
        rest = [replace(term(divided(x.form, common)), coefficient=x.coefficient / shared) for x in terms]
        inner = Factor(sum_of(F, rest, factor.base), None, _ONE, factor.below)
        taken = [Factor(base, unit, count, style=_style(terms, base)) for (base, unit), count in common.items()]
        factors = swapped(form, i, *taken, inner)
        above = form.above / shared if factor.below else form.above * shared
        return written(F, replace(form, above=above, factors=factors), node)
    return None


def _is_free_sum(F: Any, node: Node) -> bool:
    return operation(node) in ("add", "subtract") and F.looks_into(node) and not F.is_authored(node)


def _common(terms: Sequence[Term], line: bool) -> dict[_Key, Fraction]:
    """The powers of letters that all terms have."""
    exponents = [x.form.exponents() for x in terms]
    common: dict[_Key, Fraction] = {}
    for key in exponents[0]:
        counts = [each.get(key, Fraction(0)) for each in exponents]
        letter = key[0].primitive is None and key[1] is None and number(key[0]) is None
        if letter and min(counts) > 0 and (line or len(set(counts)) == 1):
            common[key] = min(counts)
    return common


def _style(terms: Sequence[Term], base: Node) -> Any:
    return next((f.style for x in terms for f in x.form.factors if f.base is base and f.style), "")


def _common_number(terms: Sequence[Term]) -> Fraction:
    values = [abs(x.coefficient) for x in terms]
    whole = all(value.denominator == 1 for value in values)
    return Fraction(math.gcd(*(value.numerator for value in values))) if whole else _ONE


def _opposite(F: Any, node: Node) -> Node | None:
    """Two differences of opposite sign are made one: (x - y)/(y - x)^2 is -1/(y - x)."""
    form = form_of(F, node)
    sums = [] if form is None else [f for f in form.factors if operation(f.base) in ("add", "subtract")]
    if form is None or len(sums) < 2:
        return None
    signed = {f: {(x.key, x.coefficient) for x in terms_of(F, f.base)} for f in sums}
    for i, factor in enumerate(form.factors):
        if factor.unit is not None or factor.count.denominator > 1 or factor not in signed:
            continue
        turned = {(key, -coefficient) for key, coefficient in signed[factor]}
        twin = next((f for f in sums if f is not factor and signed[f] == turned), None)
        if twin is not None:
            same = replace(factor, base=twin.base, source=None)
            negative = form.negative != (factor.count.numerator % 2 == 1)
            return written(F, replace(form, negative=negative, factors=swapped(form, i, same)), node)
    return None


def _turn(F: Any, node: Node) -> Node | None:
    """A minus sign goes into a difference, unless its author wrote the difference: -(1 - x^2) y is (x^2 - 1) y."""
    form = form_of(F, node)
    if form is None or not form.negative or not F.knows_author:
        return None
    for i, factor in enumerate(form.factors):
        if factor.unit is not None or factor.count % 2 != 1 or not _is_free_sum(F, factor.base):
            continue
        terms = terms_of(F, factor.base)
        if _is_more_negative(terms) and not _is_complement(terms):
            turned = replace(factor, base=sum_of(F, [x.times(-_ONE) for x in terms], factor.base), source=None)
            return written(F, replace(form, negative=False, factors=swapped(form, i, turned)), node)
    return None


def _is_more_negative(terms: Sequence[Term]) -> bool:
    """Half of the terms or more are negative, or in a polynomial the highest power is."""
    highest = falling(terms)[0] if len(terms) > 2 and falling(terms) is not terms else None
    negative = 2 * sum(x.coefficient < 0 for x in terms) >= len(terms)
    return negative or (highest is not None and highest.coefficient < 0)


def _is_complement(terms: Sequence[Term]) -> bool:
    """1 - f(x), or 1 - f(x)^2: what a function leaves of 1 is a quantity of its own."""
    one, *rest = sorted(terms, key=lambda x: len(x.form.factors))
    functions = [f for x in rest for f in x.form.factors]
    alone = not one.form.factors and len(rest) == len(functions) == 1
    return alone and {one.coefficient, rest[0].coefficient} == {_ONE, -_ONE} and functions[0].base.primitive is not None


FACTORS: tuple[Rewrite, ...] = (
    Rewrite("power of a product", "(3 x)^2 = 9 x^2, (-x)^3 = -x^3", named("square", "power"), _power_of_product,
            lambda F, x: F.square(F.multiply(3.0, x))),
    Rewrite("power of a quotient", "y (x / z)^2 = y x^2 / z^2", _PRODUCT, _power_of_quotient,
            lambda F, x, y, z: F.multiply(y, F.square(F.divide(x, z))), ((), (), ()), _POSITIVE, whole=True),
    Rewrite("fraction as exponent", "2 x^(-1/3) = 2 / x^(1/3), for x > 0", _PRODUCT, _fractional_below,
            lambda F, x: F.multiply(2.0, F.power(x, F.negative(F.divide(1.0, 3.0)))), ((3,),), _POSITIVE, whole=True),
    Rewrite("factor out above the line", "(x^2 y + 2 x z) / u = x (x y + 2 z) / u", _PRODUCT, _take_out,
            lambda F, x, y, z: F.divide(F.add(F.multiply(F.square(x), y), F.multiply(2.0, F.multiply(x, z))), y),
            ((), (), ()), _POSITIVE, whole=True),
    Rewrite("differences of opposite sign", "(x - y) z / (y - x)^2 = -z / (y - x)", _PRODUCT, _opposite,
            lambda F, x, y: F.divide(F.subtract(x, y), F.square(F.subtract(y, x))), ((3,), (3,)), whole=True),
    Rewrite("turn a difference", "-(1 - x) y = (x - 1) y, where the formula has no 1 - x", _PRODUCT, _turn,
            lambda F, x, y: F.negative(F.multiply(F.subtract(1.0, F.square(x)), y)), ((3,), (3,)), whole=True),
)  # fmt: skip
