"""Difference quotients that rest on a standard limit, and functions that are written by those.

Each method gives the steps for a difference quotient of one kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chainrule.core.graph import Node, constant
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.passes.first_principles.quotients import PRODUCT, Moving, Quotients
from chainrule.passes.rewrites import operation
from chainrule.passes.stepwise import Application

__all__ = ["STANDARD", "by_adding_exponents", "written_as"]

F = building

SUM = Rule("limit of a sum", "lim (a + b) = lim a + lim b")
ADD_EXPONENTS = Rule("add exponents", "e^(u + k) = e^u e^k")
ADD_EXPONENTS_OF = Rule("add exponents", "a^(u + k) = a^u a^k")
LOGARITHMS = Rule("difference of logarithms", "ln(a) - ln(b) = ln(a / b)")
ANGLE_SINE = Rule("sine of a sum", "sin(u + k) = sin u cos k + cos u sin k")
ANGLE_COSINE = Rule("cosine of a sum", "cos(u + k) = cos u cos k - sin u sin k")
TANGENTS = Rule("difference of tangents", "tan(u + k) - tan u = sin k / (cos(u + k) cos u)")
LIMIT_EXP = Rule("standard limit", "(e^k - 1) / k goes to 1 as k goes to 0")
LIMIT_LOG = Rule("standard limit", "ln(1 + k) / k goes to 1 as k goes to 0")
LIMIT_SINE = Rule("standard limit", "sin(k) / k goes to 1 as k goes to 0")
LIMIT_COSINE = Rule("standard limit", "(cos(k) - 1) / k goes to 0 as k goes to 0")
LIMIT_POWER = Rule("standard limit", "(a^k - 1) / k goes to ln a as k goes to 0")


def _exponential(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    return by_adding_exponents(q, limit, term, u[0], None)


def by_adding_exponents(
    q: Quotients, limit: Node, term: Node, exponent: Node, base: Node | None
) -> Iterator[Application]:
    """The steps for e^u, or for a^u with the base a."""

    def raised(k: Node) -> Node:
        made: Node = F.exp(k) if base is None else F.power(base, k)
        return made

    k = q.change(exponent)
    rule, value = (LIMIT_EXP, constant(1.0)) if base is None else (LIMIT_POWER, F.log(base))
    apart = q.going(F.divide(F.multiply(term, F.subtract(raised(k), 1.0)), q.h))
    yield q.step(ADD_EXPONENTS if base is None else ADD_EXPONENTS_OF, limit, apart, (("u", exponent), ("k", k)))
    standard, taken = q.standard(rule, lambda k: F.divide(F.subtract(raised(k), 1.0), k), k, value)
    product = F.multiply(term, standard)
    yield q.step(PRODUCT, apart, q.times_rate(product, exponent))
    # With more behind it, a factor 1 is not carried along.
    yield taken if base is not None or exponent is q.x else q.step(rule, product, term, taken.letters)


def _logarithm(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    (inner, _) = u
    k = F.divide(q.change(inner), inner)
    apart = q.going(F.divide(F.log(F.add(1.0, k)), q.h))
    yield q.step(LOGARITHMS, limit, apart)
    standard, taken = q.standard(LIMIT_LOG, lambda k: F.divide(F.log(F.add(1.0, k)), k), k, constant(1.0))
    rate = constant(1.0) if inner is q.x else q.limit(inner)
    yield q.step(PRODUCT, apart, F.multiply(standard, F.divide(rate, inner)), (("k", k),))
    yield taken


def _wave(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    (inner, _) = u
    k = q.change(inner)
    sine, cosine = F.sin(inner), F.cos(inner)
    rising = operation(term) == "sin"
    rule, kept, turned = (ANGLE_SINE, sine, cosine) if rising else (ANGLE_COSINE, cosine, sine)
    combine = F.add if rising else F.subtract
    above = combine(F.multiply(kept, F.cos(k)), F.multiply(turned, F.sin(k)))
    apart = q.going(F.divide(F.subtract(above, kept), q.h))
    yield q.step(rule, limit, apart, (("u", inner), ("k", k)))
    flat, no_change = q.standard(LIMIT_COSINE, lambda k: F.divide(F.subtract(F.cos(k), 1.0), k), k, constant(0.0))
    steep, change = q.standard(LIMIT_SINE, lambda k: F.divide(F.sin(k), k), k, constant(1.0))
    yield q.step(SUM, apart, q.times_rate(combine(F.multiply(kept, flat), F.multiply(turned, steep)), inner))
    yield no_change
    yield change


def _tangent(q: Quotients, limit: Node, term: Node, u: Moving) -> Iterator[Application]:
    (inner, _) = u
    k = q.change(inner)
    here, there = F.cos(inner), F.cos(q.moved(inner))
    apart = q.going(F.divide(F.sin(k), F.multiply(F.multiply(q.h, there), here)))
    yield q.step(TANGENTS, limit, apart, (("u", inner), ("k", k)))
    steep, change = q.standard(LIMIT_SINE, lambda k: F.divide(F.sin(k), k), k, constant(1.0))
    yield q.step(PRODUCT, apart, q.times_rate(F.divide(steep, F.square(here)), inner))
    yield change


def written_as(q: Quotients, rule: Rule, limit: Node, term: Node) -> Iterator[Application]:
    """The term in another form, whose difference quotient is taken next."""
    yield q.step(rule, limit, q.limit(term))


def _written(statement: str, form: Callable[[Node], Node]) -> Callable[..., Iterator[Application]]:
    rule = Rule("by definition", statement)
    return lambda q, limit, term, u: written_as(q, rule, limit, form(u[0]))


def _difference(u: Node) -> Node:
    made: Node = F.subtract(F.exp(u), F.exp(F.negative(u)))
    return made


def _total(u: Node) -> Node:
    made: Node = F.add(F.exp(u), F.exp(F.negative(u)))
    return made


STANDARD: dict[str, Callable[..., Any]] = {
    "exp": _exponential,
    "log": _logarithm,
    "sin": _wave,
    "cos": _wave,
    "tan": _tangent,
    "sinh": _written("sinh u = (e^u - e^(-u)) / 2", lambda u: F.divide(_difference(u), 2.0)),
    "cosh": _written("cosh u = (e^u + e^(-u)) / 2", lambda u: F.divide(_total(u), 2.0)),
    "tanh": _written("tanh u = (e^u - e^(-u)) / (e^u + e^(-u))", lambda u: F.divide(_difference(u), _total(u))),
    "expit": _written("sigmoid(u) = 1 / (1 + e^(-u))", lambda u: F.divide(1.0, F.add(1.0, F.exp(F.negative(u))))),
    "softplus": _written("softplus(u) = ln(1 + e^u)", lambda u: F.log(F.add(1.0, F.exp(u)))),
    "exp2": _written("exp2(u) = 2^u", lambda u: F.power(2.0, u)),
    "expm1": _written("expm1(u) = e^u - 1", lambda u: F.subtract(F.exp(u), 1.0)),
    "log2": _written("log2(u) = ln(u) / ln(2)", lambda u: F.divide(F.log(u), F.log(constant(2.0)))),
    "log10": _written("log10(u) = ln(u) / ln(10)", lambda u: F.divide(F.log(u), F.log(constant(10.0)))),
    "log1p": _written("log1p(u) = ln(1 + u)", lambda u: F.log(F.add(1.0, u))),
    "reciprocal": _written("the reciprocal of u is 1 / u", lambda u: F.divide(1.0, u)),
}
