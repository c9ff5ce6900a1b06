"""Rules of sums: like terms, a factor taken out, terms multiplied out where that is shorter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from chainrule.core.graph import Node
from chainrule.passes.algebra.powers import divided, gathered
from chainrule.passes.algebra.product import Factor, Product, is_decimal, is_real, product, written
from chainrule.passes.algebra.sum import Key, Term, added, falling, key_of, sum_of, term, terms_of, total
from chainrule.passes.rewrites import Rewrite, named, operation

__all__ = ["COLLECTING", "SAME_SUM", "SHORTENING"]

_SUM = named("add", "subtract")
_ONE = Fraction(1)
_WRITTEN_OUT = 6  # terms that a sum may have when sums in it are multiplied out though it is no shorter
_EXPANDED = 32  # terms that a sum may be multiplied out to, to see whether it is shorter then
# Pairs of squares that add up to 1, with their signs: cosh(u)^2 - sinh(u)^2 = 1.
_SQUARES = {"sin": ("cos", 1, 1), "cos": ("sin", 1, 1), "cosh": ("sinh", 1, -1), "sinh": ("cosh", -1, 1)}


def _like_terms(F: Any, node: Node) -> Node | None:
    if not is_real(node):
        return None
    terms = terms_of(F, node)
    found = added(terms)
    return None if len(found) == len(terms) else total(F, falling(found), node)


def _as_differences(F: Any, node: Node) -> Node | None:
    """The sum without a sign in front of a later term, or of a sum."""
    waiting = [node]
    while waiting and is_real(node):
        x = waiting.pop()
        if operation(x) == "negative" and operation(x.operands[0]) in ("add", "subtract"):
            return total(F, terms_of(F, node), node) if F.looks_into(x.operands[0]) else None
        if operation(x) in ("add", "subtract") and (x is node or F.looks_into(x)):
            if operation(x.operands[1]) == "negative":
                return total(F, terms_of(F, node), node)
            waiting += x.operands
    return None


def _negative_of_sum(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    if node.ndim or not is_real(node) or operation(x) not in ("add", "subtract"):
        return None  # of matrices the sign is taken out: -X^T (y - X w)
    terms = terms_of(F, x)
    if all(y.coefficient > 0 for y in terms):
        return None
    return total(F, [y.times(-_ONE) for y in terms], node)


def _factor_out(F: Any, node: Node) -> Node | None:
    terms = terms_of(F, node) if is_real(node) else []
    if len(terms) < 2:
        return None
    exponents = [x.form.exponents() for x in terms]
    common: dict[Any, Fraction] = {}
    for key in exponents[0]:
        counts = [each.get(key, Fraction(0)) for each in exponents]
        # e^-x is a power of e^x with a negative count.
        same = min(counts) > 0 or (key[1] is not None and max(counts) < 0 and not _is_below(terms, key))
        if same and _is_taken_out(*key, counts):
            common[key] = min(counts, key=abs)
    number = _common_number(terms)
    if not common and number.denominator == 1:
        return None
    rest = [replace(term(divided(x.form, common)), coefficient=x.coefficient / number) for x in terms]
    inner = sum_of(F, rest, node)
    taken = [_taken(terms[0].form, key, count) for key, count in common.items()]
    # e^x (x + 1) (x + 2): sums stand side by side.
    front = _numbered(number, sorted(taken, key=_is_sum), any(x.decimal for x in terms))
    if operation(inner) in ("multiply", "divide", "negative"):
        whole = product(F, inner)
        above, below, negative = front.above * whole.above, front.below * whole.below, front.negative != whole.negative
        return written(F, Product(negative, above, below, (*front.factors, *whole.factors)), node)
    found: Node = F.plain.multiply(written(F, front, node), inner)
    return found


def _is_below(terms: Sequence[Term], key: Any) -> bool:
    return any(factor.below for x in terms for factor in x.form.factors if factor.key == key)


def _is_taken_out(base: Node, unit: Node | None, counts: Sequence[Fraction]) -> bool:
    """A function or a sum is; a polynomial stays as it is written."""
    return base.primitive is not None or unit is not None or all(count.denominator > 1 for count in counts)


def _is_sum(factor: Factor) -> bool:
    return operation(factor.base) in ("add", "subtract")


def _common_number(terms: Sequence[Term]) -> Fraction:
    values = [x.coefficient for x in terms]
    sign = -1 if all(value < 0 for value in values) else 1
    size = abs(values[0])
    if all(abs(value) == size for value in values) and (size.denominator == 1 or not any(map(_has_line, terms))):
        return sign * size
    whole = all(value.denominator == 1 for value in values)
    return Fraction(sign * (math.gcd(*(value.numerator for value in values)) if whole else 1))


def _has_line(x: Term) -> bool:
    return any(factor.below for factor in x.form.factors)


def _taken(form: Product, key: Any, count: Fraction) -> Factor:
    """The common power, written as in the first term."""
    powers = [factor for factor in form.factors if factor.key == key]
    found = max(powers, key=lambda factor: (factor.exponent == count, factor.style != ""))
    if found.exponent == count:
        return replace(found, below=False, source=found.source if not found.below else None, count=count)
    return replace(found, below=False, count=count, source=None)


def _numbered(number: Fraction, factors: Sequence[Factor], decimal: bool) -> Product:
    size = abs(number)
    above, below = (size, _ONE) if decimal and is_decimal(size) else map(Fraction, (size.numerator, size.denominator))
    return Product(number < 0, above, below, tuple(factors))


def _multiply_out(F: Any, node: Node) -> Node | None:
    terms = terms_of(F, node) if is_real(node) else []
    expanded = [_expanded(F, x) for x in terms]
    if all(len(each) == 1 for each in expanded) or sum(map(len, expanded)) > _EXPANDED:
        return None
    met = Counter(key for each in expanded for key in {_meeting(x.key) for x in each})
    chosen: list[Term] = []
    for x, each in zip(terms, expanded, strict=True):
        chosen += each if any(met[_meeting(y.key)] > 1 for y in each) else [x]
    found = added(chosen)
    while (shorter := _without_squares(F, found)) is not None:
        found = added(shorter)
    return total(F, falling(found), node) if _length(F, found) < _length(F, terms) else None


def _sum_into_sum(F: Any, node: Node) -> Node | None:
    """x + 2(y - z) as x + 2y - 2z, unless the author wrote the sum."""
    terms = terms_of(F, node) if is_real(node) else []
    spread: list[Term] = []
    for x in terms:
        inner = _free_sum(F, x)
        if inner is None or x.coefficient.denominator > 1:
            spread.append(x)
        else:
            rest = replace(x, form=replace(x.form, factors=tuple(f for f in x.form.factors if f is not inner)))
            behind = x.form.factors[0] is not inner
            spread += [_times(rest, y) if behind else _times(y, rest) for y in terms_of(F, inner.base)]
    return total(F, falling(added(spread)), node) if len(terms) < len(spread) <= _WRITTEN_OUT else None


def _free_sum(F: Any, x: Term) -> Factor | None:
    """The sum in a term, alone or beside one function, that the author did not write."""
    sums = [f for f in x.form.factors if f.exponent == 1 and f.unit is None and _is_sum(f)]
    others = [f for f in x.form.factors if f not in sums]
    if len(sums) != 1 or len(others) > 1 or any(f.below or F.operations(f.base) > 1 or f.unit for f in others):
        return None
    if F.is_authored(sums[0].base) or not F.looks_into(sums[0].base):
        return None
    # x (1 + tan(u)^2) stays
    return None if others and not all(y.key for y in terms_of(F, sums[0].base)) else sums[0]


def _meeting(key: Key) -> Key:
    """Equal for terms that may become one: sin(u)^2 and cos(u)^2 too."""
    return frozenset(
        (("square", *power[0][0].operands), power[1])
        if power[1] == 2 and power[0][1] is None and operation(power[0][0]) in _SQUARES
        else power
        for power in key
    )


def _expanded(F: Any, x: Term) -> list[Term]:
    """The term with its factors that are sums multiplied out."""
    sums = [f for f in x.form.factors if f.exponent in (1, 2) and f.unit is None and _is_sum(f)]
    if not sums:
        return [x]
    rest = replace(x.form, factors=tuple(f for f in x.form.factors if f not in sums))
    found = [replace(term(rest), coefficient=x.coefficient)]
    for factor in (f for f in sums for _ in range(int(f.exponent))):
        inner = terms_of(F, factor.base)
        if len(found) * len(inner) > _EXPANDED:
            return [x]
        found = [_times(a, b) for a in found for b in inner]
    return found


def _times(x: Term, y: Term) -> Term:
    form = replace(x.form, factors=(*x.form.factors, *y.form.factors))
    form = gathered(form, lambda group: True) or form
    return replace(term(form), coefficient=x.coefficient * y.coefficient, decimal=x.decimal or y.decimal)


def _length(F: Any, terms: Sequence[Term]) -> int:
    """How many operations a sum takes."""
    return sum(map(_term_length(F), terms)) + len(terms) - 1


def _term_length(F: Any) -> Any:
    def length(x: Term) -> int:
        powers = sum(
            F.operations(f.base) + (f.count != 1) + (0 if f.unit is None else 1 + F.operations(f.unit))
            for f in x.form.factors
        )
        return powers + max(len(x.form.factors) - 1, 0) + (bool(x.form.factors) and abs(x.coefficient) != 1)

    return length


def _sine_and_cosine(F: Any, node: Node) -> Node | None:
    found = _without_squares(F, terms_of(F, node)) if is_real(node) else None
    return None if found is None else total(F, found, node)


def _without_squares(F: Any, terms: Sequence[Term]) -> list[Term] | None:
    """z sin(u)^2 + z cos(u)^2 as z, z - z cos(u)^2 as z sin(u)^2, and the same for cosh(u)^2 - sinh(u)^2."""
    place = {x.key: i for i, x in enumerate(terms)}
    for i, x in enumerate(terms):
        for factor in x.form.factors:
            if factor.exponent != 2 or factor.unit is not None or operation(factor.base) not in _SQUARES:
                continue
            other, sign, other_sign = _SQUARES[operation(factor.base)]
            rest = divided(x.form, {factor.key: Fraction(2)})
            twin = Factor(getattr(F.plain, other)(*factor.base.operands), None, Fraction(2))
            partner = term(replace(rest, factors=(*rest.factors, twin)))
            both = sign * other_sign
            for key, wanted, becomes, size in (
                (partner.key, both, rest, sign), (key_of(rest), -sign, partner.form, -both)
            ):  # fmt: skip
                j = place.get(key)
                if j is not None and terms[j].coefficient == wanted * x.coefficient:
                    one = replace(term(becomes), coefficient=size * x.coefficient)
                    return [one if k == min(i, j) else y for k, y in enumerate(terms) if k != max(i, j)]
    return None


def _same_sum(F: Any, node: Node) -> Node | None:
    if not is_real(node):
        return None
    key = frozenset((x.key, x.coefficient) for x in terms_of(F, node))
    found = F.first((node.shape, key), node)
    return found if isinstance(found, Node) else None


COLLECTING: tuple[Rewrite, ...] = (
    Rewrite("collect like terms", "2 x + 3 x = 5 x, x + y - x = y", _SUM, _like_terms,
            lambda F, x, y: F.subtract(F.add(F.multiply(2.0, x), y), x), ((3,), (3,)), whole=True),
    Rewrite("write as a difference", "x + (y + (-z)) = x + y - z", _SUM, _as_differences,
            lambda F, x, y, z: F.add(x, F.add(y, F.negative(z))), ((3,), (3,), (3,)), whole=True),
    Rewrite("swap a difference", "-(x - y) = y - x", named("negative"), _negative_of_sum,
            lambda F, x, y: F.negative(F.subtract(x, y)), ((), ()), whole=True),
    Rewrite("sin^2 + cos^2", "z sin(x)^2 + z cos(x)^2 = z, z - z cos(x)^2 = z sin(x)^2", _SUM,
            _sine_and_cosine,
            lambda F, x, z: F.add(F.multiply(z, F.square(F.sin(x))), F.multiply(z, F.square(F.cos(x)))), ((3,), (3,)),
            whole=True),
    Rewrite("cosh^2 - sinh^2", "z cosh(x)^2 - z sinh(x)^2 = z, z + z sinh(x)^2 = z cosh(x)^2", _SUM,
            _sine_and_cosine,
            lambda F, x, z: F.subtract(F.multiply(z, F.square(F.cosh(x))), F.multiply(z, F.square(F.sinh(x)))),
            ((3,), (3,)), whole=True),
)  # fmt: skip

SHORTENING: tuple[Rewrite, ...] = (
    Rewrite("factor out", "u v + u w = u (v + w), for a function, a sum or a fraction u", _SUM, _factor_out,
            lambda F, x, y: F.add(F.multiply(x, F.exp(y)), F.multiply(2.0, F.exp(y))), ((3,), (3,)), whole=True),
    Rewrite("multiply out", "x (y + z) - x y = x z, where that is shorter", _SUM, _multiply_out,
            lambda F, x, y, z: F.subtract(F.multiply(x, F.add(y, z)), F.multiply(x, y)), ((3,), (3,), (3,)),
            whole=True),
    Rewrite("multiply out", "x + 2 (y - z) = x + 2 y - 2 z", _SUM, _sum_into_sum,
            lambda F, x, y, z: F.add(x, F.multiply(2.0, F.subtract(y, z))), ((3,), (3,), (3,)), whole=True),
)  # fmt: skip

SAME_SUM = Rewrite(
    "same order", "y + x = x + y, where x + y stands already", _SUM, _same_sum,
    lambda F, x, y, z: F.multiply(F.sin(F.add(F.add(x, y), z)), F.add(x, F.add(z, y))),
    ((3,), (3,), (3,)), whole=True,
)  # fmt: skip
