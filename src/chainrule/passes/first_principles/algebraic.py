"""Difference quotients of sums, products, quotients, powers and roots: taken apart until h cancels.

Each method gives the steps for a difference quotient of one kind, or None where it does not fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from chainrule.core.graph import Node, constant
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.passes.algebra.product import rational
from chainrule.passes.first_principles.quotients import CANCEL, PRODUCT, Moving, Quotients
from chainrule.passes.first_principles.standard_limits import by_adding_exponents, written_as
from chainrule.passes.polynomials import added, polynomial
from chainrule.passes.rewrites import is_one, operation
from chainrule.passes.stepwise import Application

__all__ = ["ALGEBRAIC"]

F = building

SUM = Rule("limit of a sum", "lim (a + b) = lim a + lim b")
FACTOR = Rule("constant factor", "lim (c a) = c lim a")
ADD_AND_SUBTRACT = Rule("add and subtract", "a b - c d = (a - c) b + c (b - d)")
COMMON = Rule("common denominator", "a / b - c / d = (a d - c b) / (b d)")
CONJUGATE = Rule("multiply by the conjugate", "sqrt(a) - sqrt(b) = (a - b) / (sqrt(a) + sqrt(b))")
CUBES = Rule("difference of cubes", "a - b = (a^3 - b^3) / (a^2 + a b + b^2)")
SQUARES = Rule("difference of squares", "a^2 - b^2 = (a - b) (a + b)")
ABSOLUTE = Rule("difference of squares", "|a| - |b| = (a^2 - b^2) / (|a| + |b|), where |a| + |b| is not 0")
POWERS = Rule("difference of powers", "a^n - b^n = (a - b) (a^(n - 1) + a^(n - 2) b + ... + b^(n - 1))")
LONG_POWERS = Rule(
    "difference of powers", "a^n - b^n = (a - b) (the sum of a^(n - 1 - k) b^k for k = 0, 1, ..., n - 1)"
)
LET_IN_SUM = Rule("let h go to 0", "each of the n terms goes to the same power")
AS_FRACTION = Rule("negative exponent", "u^(-n) = 1 / u^n")
AS_ROOT = Rule("fraction as exponent", "u^(1/2) = sqrt(u), u^(1/3) = cbrt(u)")
AS_EXPONENTIAL = Rule("power as an exponential", "u^v = e^(v ln u), for u > 0")
_WRITTEN_OUT = 5  # terms of a difference of powers; a longer one is a sum over k
_HIGHEST = 10_000


def _sum(q: Quotients, limit: Node, term: Node, *operands: Moving) -> Iterator[Application]:
    parts = [q.limit(operand) for operand, _ in operands]
    yield q.step(SUM, limit, getattr(F, operation(term))(*parts))


def _negative(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    yield q.step(FACTOR, limit, F.negative(q.limit(u[0])))


def _product(q: Quotients, limit: Node, term: Node, u: Moving, v: Moving) -> Iterator[Application]:
    (a, a_moves), (b, b_moves) = u, v
    if not a_moves:
        yield q.step(FACTOR, limit, F.multiply(a, q.limit(b)))
        return
    if not b_moves:
        yield q.step(FACTOR, limit, F.multiply(q.limit(a), b))
        return
    apart = q.going(F.add(F.multiply(q.rate(a), q.moved(b)), F.multiply(a, q.rate(b))))
    yield q.step(ADD_AND_SUBTRACT, limit, apart)
    yield q.step(PRODUCT, apart, F.add(F.multiply(q.limit(a), b), F.multiply(a, q.limit(b))))


def _divide(q: Quotients, limit: Node, term: Node, u: Moving, v: Moving) -> Iterator[Application]:
    (a, a_moves), (b, b_moves) = u, v
    if not b_moves:
        yield q.step(FACTOR, limit, F.divide(q.limit(a), b))
        return
    above = F.subtract(F.multiply(q.moved(a), b), F.multiply(a, q.moved(b)))
    if is_one(a):
        above = F.subtract(b, q.moved(b))
    below = F.multiply(q.moved(b), b)
    first, second = (polynomial(operand, [q.x, q.h]) for operand in above.operands)
    if first is not None and second is not None:
        common = q.going(F.divide(above, F.multiply(q.h, below)))
        yield q.step(COMMON, limit, common)
        yield from q.by_expanding(common, added(first.node, second, -1), first.plus(second, -1), below)
    elif not a_moves:
        yield from _over(q, limit, a, b)
    else:
        common = q.going(F.divide(above, F.multiply(q.h, below)))
        yield q.step(COMMON, limit, common)
        apart = F.subtract(F.multiply(q.rate(a), b), F.multiply(a, q.rate(b)))
        divided = q.going(F.divide(apart, below))
        yield q.step(ADD_AND_SUBTRACT, common, divided)
        over = F.subtract(F.multiply(q.limit(a), b), F.multiply(a, q.limit(b)))
        yield q.step(PRODUCT, divided, F.divide(over, F.square(b)))


def _over(q: Quotients, limit: Node, a: Node, b: Node) -> Iterator[Application]:
    """A constant over a function; one over the root of a polynomial is multiplied by the conjugate at once."""

    def times_a(factor: Node) -> Node:
        return factor if is_one(a) else F.multiply(a, factor)

    below = F.multiply(q.moved(b), b)
    common = q.going(F.divide(times_a(F.subtract(b, q.moved(b))), F.multiply(q.h, below)))
    yield q.step(COMMON, limit, common)
    inner = b.operands[0]
    root = polynomial(times_a(inner), [q.x, q.h]) if operation(b) == "sqrt" else None
    moved = None if root is None else polynomial(times_a(q.moved(inner)), [q.x, q.h])
    if root is None or moved is None:
        yield q.step(PRODUCT, common, F.negative(F.divide(times_a(q.limit(b)), F.square(b))))
        return
    wide = F.multiply(below, F.add(b, q.moved(b)))
    conjugate = q.going(F.divide(times_a(F.subtract(inner, q.moved(inner))), F.multiply(q.h, wide)))
    yield q.step(CONJUGATE, common, conjugate)
    last = F.multiply(inner, F.multiply(2.0, b))
    yield from q.by_expanding(conjugate, added(root.node, moved, -1), root.plus(moved, -1), wide, last)


def _root(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    return _rationalised(q, CONJUGATE, limit, u[0], F.add(q.moved(term), term), F.multiply(2.0, term))


def _cube_root(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    there = q.moved(term)
    below = F.add(F.add(F.square(there), F.multiply(there, term)), F.square(term))
    return _rationalised(q, CUBES, limit, u[0], below, F.multiply(3.0, F.square(term)))


def _absolute(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    return _rationalised(q, ABSOLUTE, limit, F.square(u[0]), F.add(q.moved(term), term), F.multiply(2.0, term))


def _rationalised(
    q: Quotients, rule: Rule, limit: Node, inner: Node, below: Node, below_at_zero: Node
) -> Iterator[Application]:
    conjugate = q.going(F.divide(F.subtract(q.moved(inner), inner), F.multiply(q.h, below)))
    yield q.step(rule, limit, conjugate)
    whole = q.expanded(inner)
    if whole is None:
        yield q.step(PRODUCT, conjugate, F.divide(q.limit(inner), below_at_zero))
        return
    written, difference = added(whole[0].node, whole[1], -1), whole[0].plus(whole[1], -1)
    yield from q.by_expanding(conjugate, written, difference, below, below_at_zero)


def _square(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    (inner, _) = u
    apart = q.going(F.multiply(q.rate(inner), F.add(q.moved(inner), inner)))
    yield q.step(SQUARES, limit, apart)
    yield q.step(PRODUCT, apart, F.multiply(q.limit(inner), F.multiply(2.0, inner)))


def _power(q: Quotients, limit: Node, term: Node, u: Moving, n: Moving) -> Iterator[Application] | None:
    exponent = None if n[1] else rational(n[0])
    if not u[1]:
        return by_adding_exponents(q, limit, term, n[0], u[0])
    if exponent is None or (exponent.denominator > 1 and abs(exponent) not in _ROOTS):
        return written_as(q, AS_EXPONENTIAL, limit, F.exp(F.multiply(n[0], F.log(u[0]))))
    if exponent < 0:
        return written_as(q, AS_FRACTION, limit, F.divide(1.0, _raised(u[0], -exponent)))
    if exponent in _ROOTS:
        return written_as(q, AS_ROOT, limit, _ROOTS[exponent](u[0]))
    return _whole_power(q, limit, u[0], int(exponent)) if 2 < exponent <= _HIGHEST else None


_ROOTS: dict[Fraction, Callable[[Node], Node]] = {Fraction(1, 2): F.sqrt, Fraction(1, 3): F.cbrt}


def _raised(base: Node, exponent: Fraction) -> Node:
    if exponent in _ROOTS:
        return _ROOTS[exponent](base)
    made: Node = base if exponent == 1 else F.square(base) if exponent == 2 else F.power(base, float(exponent))
    return made


def _whole_power(q: Quotients, limit: Node, inner: Node, n: int) -> Iterator[Application]:
    there = q.moved(inner)
    rule = POWERS if n <= _WRITTEN_OUT else LONG_POWERS
    rest = _terms(there, inner, n) if n <= _WRITTEN_OUT else _sum_over_k(q, there, inner, n)
    letters = (("n", constant(float(n))),)
    slope = F.multiply(float(n), _raised(inner, Fraction(n - 1)))
    if inner is not q.x:
        apart = q.going(F.multiply(q.rate(inner), rest))
        yield q.step(rule, limit, apart, letters)
        yield q.step(PRODUCT, apart, F.multiply(q.limit(inner), slope))
        return
    apart = q.going(F.divide(F.multiply(F.subtract(there, inner), rest), q.h))
    yield q.step(rule, limit, apart, letters)
    without = q.going(rest)
    yield q.step(CANCEL, apart, without)
    yield q.step(LET_IN_SUM, without, slope, letters)


def _terms(a: Node, b: Node, n: int) -> Node:
    """a^(n - 1) + a^(n - 2) b + ... + b^(n - 1), written out."""
    terms = []
    for k in range(n):
        factors = [_raised(x, Fraction(power)) for x, power in ((a, n - 1 - k), (b, k)) if power]
        terms.append(reduce(F.multiply, factors))
    return reduce(F.add, terms)


def _sum_over_k(q: Quotients, a: Node, b: Node, n: int) -> Node:
    k = Node(None, (), {"value": np.arange(float(n))}, (n,), np.dtype(float), q.k)
    made: Node = F.sum(F.multiply(F.power(a, F.subtract(float(n - 1), k)), F.power(b, k)), axis=(0,), keepdims=False)
    return made


ALGEBRAIC: dict[str, Callable[..., Any]] = {
    "add": _sum,
    "subtract": _sum,
    "negative": _negative,
    "multiply": _product,
    "divide": _divide,
    "sqrt": _root,
    "cbrt": _cube_root,
    "abs": _absolute,
    "square": _square,
    "power": _power,
}
