"""Rewrite rules for reading: they hold in stated domains, and bring a formula to the form that a textbook gives it.

Each rule gives a term in the form of `term.py` if its operands have it: so no term is ever searched.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.domain import POSITIVE
from chainrule.core.graph import Node, constant
from chainrule.passes.rewrites import Rewrite, is_one, named, number, operation, scalar_node
from chainrule.passes.term import base_and_exponent, is_linear, linear_operands, numbered, raised, scaled, unsigned

__all__ = ["ALGEBRA"]

_POSITIVE = POSITIVE.interval(0)


# Signs and factors.


def _sign_out(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    minus_x, x = unsigned(x)
    minus_y, y = unsigned(y)
    if not (minus_x or minus_y):
        return None
    rest = getattr(F, operation(node))(x, y)
    return rest if minus_x and minus_y else F.negative(rest)


def _sign_out_of_linear(F: Any, node: Node) -> Node | None:
    for i in linear_operands(node):
        x = node.operands[i]
        if operation(x) == "negative":
            operands = (*node.operands[:i], x.operands[0], *node.operands[i + 1 :])
            return F.negative(getattr(F, operation(node))(*operands, **node.parameters))
    return None


def _factor_out_of_linear(F: Any, node: Node) -> Node | None:
    for i in linear_operands(node):
        factor, x = scaled(node.operands[i])
        if factor is not None:
            operands = (*node.operands[:i], x, *node.operands[i + 1 :])
            return F.multiply(factor, getattr(F, operation(node))(*operands, **node.parameters))
    return None


def _sum_of_negative_number(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    minus, y = unsigned(y)
    if not minus:
        return None
    return F.subtract(x, y) if operation(node) == "add" else F.add(x, y)


def _scalar_first(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if (x.ndim and y.ndim == 0) or (number(y) is not None and number(x) is None and not (x.ndim == 0 and y.ndim)):
        return F.multiply(y, x)
    return None


def _gather_numbers(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    k, u = numbered(x)
    m, v = numbered(y)
    if number(x) is not None:
        return None if m is None else F.multiply(F.multiply(x, m), v)
    if node.ndim and (x.ndim == 0 or y.ndim == 0):
        return None  # the number belongs to the scalar factor
    if k is not None and m is not None:
        return F.multiply(F.multiply(k, m), F.multiply(u, v))
    if k is not None:
        return F.multiply(k, F.multiply(u, y))
    # The factor that has the number comes first: y (2 x) is 2 x y.
    return None if m is None else F.multiply(m, F.multiply(v, x))


def _gather_scalars(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if node.ndim == 0:
        return None
    if x.ndim == 0:
        factor, rest = scaled(y)
        return None if factor is None else F.multiply(F.multiply(x, factor), rest)
    factor, rest = scaled(x)
    if factor is not None:
        return F.multiply(factor, F.multiply(rest, y))
    factor, rest = scaled(y)
    return None if factor is None else F.multiply(factor, F.multiply(x, rest))


def _number_into_fraction(F: Any, node: Node) -> Node | None:
    k, x = node.operands
    if number(k) is None:
        return None
    if operation(x) == "divide":
        return F.divide(F.multiply(k, x.operands[0]), x.operands[1])
    if operation(x) == "multiply" and operation(x.operands[0]) == "divide":
        above, below = x.operands[0].operands
        if number(above) is not None:
            return F.multiply(F.divide(F.multiply(k, above), below), x.operands[1])
    return None


def _one_over_times(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if x.ndim != y.ndim:
        return None  # a scalar factor stays in front
    if operation(y) == "divide" and is_one(y.operands[0]):
        return F.divide(x, y.operands[1])
    if operation(x) == "divide" and is_one(x.operands[0]):
        return F.divide(y, x.operands[1])
    return None


def _one_over(F: Any, node: Node) -> Node | None:
    k, x = node.operands
    value = number(k)
    if value is not None and np.isrealobj(value) and 0 < abs(value) < 1 and float(1 / value).is_integer():
        return F.divide(scalar_node(1, k), F.multiply(scalar_node(1 / value, k), x))
    return None


def _nested_fraction(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if operation(x) == "divide":
        return F.divide(x.operands[0], F.multiply(x.operands[1], y))
    if operation(y) == "divide":
        return F.divide(F.multiply(x, y.operands[1]), y.operands[0])
    return None


def _numbers_in_fraction(F: Any, node: Node) -> Node | None:
    """2 x / 4 = x / 2: both numbers divided by what they share."""
    x, y = node.operands
    k, u = numbered(x)
    m, v = (y, None) if number(y) is not None else numbered(y)
    if k is None or m is None:
        return None
    above, below = number(k), number(m)
    if not (np.isrealobj(above) and np.isrealobj(below) and float(above).is_integer() and float(below).is_integer()):
        return None
    shared = np.gcd(int(above), int(below)) if max(abs(above), abs(below)) < 2**53 else 1
    if shared <= 1:
        return None
    over = F.multiply(scalar_node(above / shared, k), u)
    under = scalar_node(below / shared, m)
    return F.divide(over, under if v is None else F.multiply(under, v))


# Powers and like terms.


def _like_powers(F: Any, node: Node) -> Node | None:
    for x, y in (node.operands, node.operands[::-1]):
        u, a = base_and_exponent(x)
        if number(u) is not None:
            continue
        v, b = base_and_exponent(y)
        if u is v:
            return raised(F, u, a + b) if a + b != 0 else None
        if operation(y) == "multiply":
            for i, factor in enumerate(y.operands):
                v, b = base_and_exponent(factor)
                if u is v and a + b != 0:
                    both = raised(F, u, a + b)
                    return F.multiply(both, y.operands[1]) if i == 0 else F.multiply(y.operands[0], both)
    return None


def _like_fraction(F: Any, node: Node) -> Node | None:
    """p u^a / u^b, where p is what else stands above."""
    x, y = node.operands
    v, b = base_and_exponent(y)
    u, a = base_and_exponent(x)
    others: Node | None = None
    if u is not v and operation(x) == "multiply":
        others = x.operands[0]
        u, a = base_and_exponent(x.operands[1])
    if u is not v or number(u) is not None:
        return None
    if a == b:
        return others if others is not None else scalar_node(1, node) if node.ndim == 0 else None
    if a > b:
        power = raised(F, u, a - b)
        return power if others is None else F.multiply(others, power)
    return F.divide(1.0 if others is None else others, raised(F, u, b - a))


def _power_of_power(F: Any, node: Node) -> Node | None:
    u, a = base_and_exponent(node.operands[0])
    _, b = base_and_exponent(node)
    if a != 1 and float(a).is_integer() and float(b).is_integer():
        return raised(F, u, a * b)
    return None


def _short_power(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    exponent = number(y)
    if exponent == 0:
        return scalar_node(1, node) if node.ndim == 0 else None
    return F.square(x) if exponent == 2 else None


def _square_of_negative(F: Any, node: Node) -> Node | None:
    minus, x = unsigned(node.operands[0])
    return F.square(x) if minus else None


def _like_terms(F: Any, node: Node) -> Node | None:
    terms = []
    for operand in node.operands:
        minus, x = unsigned(operand)
        k, u = numbered(x)
        count = 1 if k is None else number(k)
        terms.append((-count if minus else count, u))
    (a, u), (b, v) = terms
    if u is not v or number(u) is not None:
        return None
    count = a + b if operation(node) == "add" else a - b
    if count == 0:
        return scalar_node(0, node) if node.ndim == 0 else None
    return F.multiply(constant(float(count)), u)


def _logistic(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    if operation(x) == operation(y) == "expit":
        u, v = x.operands[0], y.operands[0]
        if operation(v) == "negative" and v.operands[0] is u:
            return F.multiply(x, F.subtract(1.0, x))
        if operation(u) == "negative" and u.operands[0] is v:
            return F.multiply(y, F.subtract(1.0, y))
    return None


def _inverse(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    inverse = {"log": "exp", "exp": "log"}[operation(node)]
    return x.operands[0] if operation(x) == inverse else None


ALGEBRA: tuple[Rewrite, ...] = (
    Rewrite("2 x + 3 x = 5 x, x - x = 0", named("add", "subtract"), _like_terms,
            lambda F, x: F.add(F.multiply(2.0, x), x)),
    Rewrite("(-x) y = -(x y), (-x) / y = -(x / y)", named("multiply", "divide"), _sign_out,
            lambda F, x, y: F.multiply(F.negative(x), y), ((3,), (3,))),
    Rewrite("A(-x) = -A x, for a linear map A", is_linear, _sign_out_of_linear,
            lambda F, x, y: F.matmul(x, F.negative(y)), ((2, 3), (3,))),
    Rewrite("A(c x) = c A x, for a linear map A and a scalar c", is_linear, _factor_out_of_linear,
            lambda F, x, c: F.sum(F.multiply(c, x), axis=(0,), keepdims=False), ((3,), ())),
    Rewrite("x + (-2) = x - 2, x - (-2) = x + 2", named("add", "subtract"), _sum_of_negative_number,
            lambda F, x: F.add(x, constant(-2.0))),
    Rewrite("x 2 = 2 x, x c = c x for a scalar c", named("multiply"), _scalar_first, lambda F, x: F.multiply(x, 2.0)),
    Rewrite("(2 x)(3 y) = 6 x y", named("multiply"), _gather_numbers,
            lambda F, x, y: F.multiply(F.multiply(2.0, x), F.multiply(3.0, y)), ((3,), (3,))),
    Rewrite("b (c x) = (b c) x, for scalars b and c", named("multiply"), _gather_scalars,
            lambda F, x, b, c: F.multiply(F.multiply(b, x), F.multiply(c, x)), ((3,), (), ())),
    Rewrite("2 (3 / x) = 6 / x", named("multiply"), _number_into_fraction,
            lambda F, x: F.multiply(2.0, F.divide(3.0, x)), ((3,),), _POSITIVE),
    Rewrite("(1 / x) y = y / x, for scalars", named("multiply"), _one_over_times,
            lambda F, x, y: F.multiply(F.divide(1.0, x), y), ((), ()), _POSITIVE),
    Rewrite("(x / y) / z = x / (y z), x / (y / z) = x z / y", named("divide"), _nested_fraction,
            lambda F, x, y, z: F.divide(F.divide(x, y), z), ((3,), (3,), (3,)), _POSITIVE),
    Rewrite("2 x / 4 = x / 2", named("divide"), _numbers_in_fraction, lambda F, x: F.divide(F.multiply(6.0, x), 4.0)),
    Rewrite("0.5 / x = 1 / (2 x)", named("divide"), _one_over, lambda F, x: F.divide(0.5, x), ((3,),), _POSITIVE),
    Rewrite("x^a x^b = x^(a + b), for x > 0 or whole a, b", named("multiply"), _like_powers,
            lambda F, x: F.multiply(F.power(x, 1.5), x), ((3,),), _POSITIVE),
    Rewrite("x^a / x^b = x^(a - b), for x > 0", named("divide"), _like_fraction,
            lambda F, x: F.divide(F.multiply(3.0, F.square(x)), F.power(x, 3.0)), ((3,),), _POSITIVE),
    Rewrite("(x^a)^b = x^(a b), for whole a and b", named("power", "square"), _power_of_power,
            lambda F, x: F.square(F.power(x, 3.0))),
    Rewrite("x^2 = x x, x^0 = 1", named("power"), _short_power, lambda F, x: F.power(x, 2.0)),
    Rewrite("(-x)^2 = x^2", named("square"), _square_of_negative, lambda F, x: F.square(F.negative(x))),
    Rewrite("s(x) s(-x) = s(x) (1 - s(x)), for the sigmoid s", named("multiply"), _logistic,
            lambda F, x: F.multiply(F.expit(x), F.expit(F.negative(x)))),
    Rewrite("ln(exp(x)) = x; exp(ln(x)) = x, for x > 0", named("log", "exp"), _inverse, lambda F, x: F.exp(F.log(x)),
            ((3,),), _POSITIVE),
)  # fmt: skip
