"""Rules of single functions: powers and roots, logarithms, absolute values, the sigmoid, sine and cosine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any

from chainrule.core.domain import POSITIVE, Interval
from chainrule.core.graph import Node, constant
from chainrule.passes.algebra.product import Factor, is_real, product, written
from chainrule.passes.rewrites import Rewrite, is_one, named, number, operation, scalar_node

__all__ = ["FUNCTIONS"]

_POSITIVE = POSITIVE.interval(0)
_PRODUCT = named("multiply", "divide", "negative")
_ONE, _HALF = Fraction(1), Fraction(1, 2)
_QUOTIENTS = {("sin", "cos"): "tan", ("sinh", "cosh"): "tanh"}


def _power_of_power(F: Any, node: Node) -> Node | None:
    if not is_real(node) or operation(node.operands[0]) not in ("square", "power", "sqrt", "cbrt", "exp"):
        return None
    form = product(F, node)
    (factor,) = form.factors
    if factor.base is node.operands[0] or (factor.style == "root" and factor.count.denominator > 1):
        return None  # sqrt(x^3) stays by itself
    return written(F, replace(form, factors=(replace(factor, source=None),)), node)


def _short_power(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    exponent = number(y)
    if exponent == 0:
        return scalar_node(1, node) if node.ndim == 0 else None
    return F.square(x) if exponent == 2 else None


def _square_of_negative(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    return F.square(x.operands[0]) if operation(x) == "negative" else None


def _root_of_square(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    return F.abs(x.operands[0]) if operation(x) == "square" and is_real(x) else None


def _square_of_absolute(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    return F.square(x.operands[0]) if operation(x) == "abs" and is_real(x.operands[0]) else None


def _inverse(F: Any, node: Node) -> Node | None:
    (x,) = node.operands
    inverse = {"log": "exp", "exp": "log"}[operation(node)]
    return x.operands[0] if operation(x) == inverse else None


def _roots_of_numbers(F: Any, node: Node) -> Node | None:
    """The first two roots of numbers on one side of the line as one root."""
    form = product(F, node) if is_real(node) else None
    seen: dict[bool, int] = {}
    for i, factor in enumerate(form.factors if form is not None else ()):
        if not factor.base.is_constant or factor.count != _HALF or factor.style != "root":
            continue
        first = seen.setdefault(factor.below, i)
        if form is not None and first != i:
            base = F.multiply(form.factors[first].base, factor.base)
            both = Factor(base, None, _HALF, factor.below, "root")
            rest = [both if k == first else x for k, x in enumerate(form.factors) if k != i]
            return written(F, replace(form, factors=tuple(rest)), node)
    return None


def _exponential_of_logarithm(F: Any, node: Node) -> Node | None:
    """e^(n ln x) as x^n."""
    (exponent,) = node.operands
    form = product(F, exponent) if is_real(exponent) and operation(exponent) != "log" else None
    for i, factor in enumerate(form.factors if form is not None else ()):
        if form is not None and operation(factor.base) == "log" and factor.exponent == 1 and factor.unit is None:
            rest = replace(form, factors=(*form.factors[:i], *form.factors[i + 1 :]))
            found: Node = F.power(*factor.base.operands, written(F, rest, exponent))
            return found
    return None


def _hypotenuse(F: Any, node: Node) -> Node | None:
    x, y = node.operands
    return F.sqrt(F.add(F.square(x), F.square(y)))


def _pair(
    combine: Callable[[Any, Factor, Factor], tuple[Factor, ...] | None], first: str = "", second: str = ""
) -> Callable[[Any, Node], Node | None]:
    """A rule for two factors of a product that together are something shorter; names of operations if they matter."""

    def among(factors: Sequence[Factor], names: str) -> list[int]:
        return [
            i for i, x in enumerate(factors) if x.unit is None and (not names or operation(x.base) in names.split())
        ]

    def apply(F: Any, node: Node) -> Node | None:
        if not is_real(node):
            return None
        form = product(F, node)
        right = among(form.factors, second)
        for i in among(form.factors, first) if right else ():
            x = form.factors[i]
            for j in right:
                y = form.factors[j]
                found = combine(F, x, y) if i != j and x.base.shape == y.base.shape else None
                if found is not None:
                    rest: list[tuple[Factor, ...]] = [(z,) for z in form.factors]
                    rest[min(i, j)], rest[max(i, j)] = found, ()
                    return written(F, replace(form, factors=tuple(chain.from_iterable(rest))), node)
        return None

    return apply


def _logistic(F: Any, node: Node) -> Node | None:
    form = product(F, node) if is_real(node) else None
    places = {f.base: i for i, f in enumerate(form.factors) if operation(f.base) == "expit"} if form else {}
    for base, i in places.items():
        (u,) = base.operands
        if form is None or operation(u) != "negative":
            continue
        twin = next((j for x, j in places.items() if x.operands[0] is u.operands[0]), None)
        if twin is None or form.factors[i].count != 1 or form.factors[i].below:
            continue
        rest = Factor(F.subtract(1.0, form.factors[twin].base), None, _ONE)
        others = [f for k, f in enumerate(form.factors) if k != i]
        place = others.index(form.factors[twin]) + 1
        return written(F, replace(form, factors=(*others[:place], rest, *others[place:])), node)
    return None


def _quotient(F: Any, x: Factor, y: Factor) -> tuple[Factor, ...] | None:
    name = _QUOTIENTS.get((operation(x.base), operation(y.base)))
    if name is None or x.base.operands != y.base.operands or x.exponent != -y.exponent or x.below:
        return None
    return (Factor(getattr(F, name)(*x.base.operands), None, x.count),)


def _sign_of(F: Any, x: Factor, y: Factor) -> tuple[Factor, ...] | None:
    if y.base.operands[0] is not x.base or y.exponent != 1 or x.exponent < 1 or x.count.denominator > 1:
        return None
    return x.to_the(x.count - 1), Factor(F.abs(x.base), None, _ONE)


def _absolute(F: Any, x: Factor, y: Factor) -> tuple[Factor, ...] | None:
    if x.base.operands != y.base.operands or x.exponent != 1 or abs(y.exponent) != 1:
        return None
    return (Factor(x.base.operands[0], None, _ONE, y.below),)


def _conjugates(F: Any, x: Factor, y: Factor) -> tuple[Factor, ...] | None:
    """(1 - u)(1 + u) below the line, or of roots: entries write it so for the sake of rounding."""
    if x.below != y.below or x.count != y.count or x.style != y.style:
        return None
    if x.count != Fraction(1, 2) and (x.count != 1 or not x.below):
        return None
    (a, b), (c, d) = x.base.operands, y.base.operands
    if is_one(a) and ((is_one(c) and b is d) or (is_one(d) and b is c)):
        base = F.subtract(1.0, F.square(b))
    elif is_one(b) and x.count != 1 and ((is_one(d) and a is c) or (is_one(c) and a is d)):
        base = F.subtract(F.square(a), 1.0)
    else:
        return None
    return (Factor(base, None, x.count, x.below, x.style),)


def _conjugates_under_root(F: Any, node: Node) -> Node | None:
    """sqrt((1 - u)(1 + u)) as sqrt(1 - u^2)."""
    (inner,) = node.operands
    factors = product(F, inner).factors if is_real(node) and operation(inner) == "multiply" else ()
    if len(factors) != 2 or {operation(x.base) for x in factors} != {"add", "subtract"}:
        return None
    first, second = sorted((replace(x, below=True) for x in factors), key=lambda x: operation(x.base) == "add")
    found = _conjugates(F, first, second)
    return None if found is None else F.sqrt(found[0].base)


FUNCTIONS: tuple[Rewrite, ...] = (
    Rewrite("power of a power", "(x^a)^b = x^(a b), for whole a and b or x > 0", named("power", "square", "sqrt"),
            _power_of_power, lambda F, x: F.square(F.power(x, 3.0))),
    Rewrite("short power", "x^2 = x x, x^0 = 1", named("power"), _short_power, lambda F, x: F.power(x, 2.0)),
    Rewrite("square of a negative", "(-x)^2 = x^2", named("square"), _square_of_negative,
            lambda F, x: F.square(F.negative(x))),
    Rewrite("square of |x|", "|x|^2 = x^2", named("square"), _square_of_absolute, lambda F, x: F.square(F.abs(x))),
    Rewrite("root of a square", "sqrt(x^2) = |x|", named("sqrt"), _root_of_square, lambda F, x: F.sqrt(F.square(x))),
    Rewrite("length", "hypot(x, y) = sqrt(x^2 + y^2)", named("hypot"), _hypotenuse, lambda F, x, y: F.hypot(x, y),
            ((3,), (3,))),
    Rewrite("inverse functions", "ln(exp(x)) = x; exp(ln(x)) = x, for x > 0", named("log", "exp"), _inverse,
            lambda F, x: F.exp(F.log(x)), ((3,),), _POSITIVE),
    Rewrite("inverse functions", "exp(y ln(x)) = x^y, for x > 0", named("exp"), _exponential_of_logarithm,
            lambda F, x, y: F.exp(F.multiply(y, F.log(x))), ((3,), (3,)), _POSITIVE),
    Rewrite("difference of squares", "1/((1 - x)(1 + x)) = 1/(1 - x^2), of roots too", _PRODUCT,
            _pair(_conjugates, "subtract", "add"),
            lambda F, x: F.divide(1.0, F.multiply(F.subtract(1.0, x), F.add(1.0, x))), ((3,),), Interval(-1.0, 1.0),
            whole=True),
    Rewrite("product of roots", "sqrt(2) sqrt(pi) = sqrt(2 pi), of numbers", _PRODUCT, _roots_of_numbers,
            lambda F, x: F.divide(x, F.multiply(F.sqrt(constant(2.0)), F.sqrt(constant(3.0)))), whole=True),
    Rewrite("difference of squares", "sqrt((1 - x)(1 + x)) = sqrt(1 - x^2)", named("sqrt"), _conjugates_under_root,
            lambda F, x: F.sqrt(F.multiply(F.subtract(1.0, x), F.add(1.0, x))), ((3,),), Interval(-1.0, 1.0)),
    Rewrite("sigmoid", "s(x) s(-x) = s(x) (1 - s(x)), for the sigmoid s", _PRODUCT, _logistic,
            lambda F, x: F.multiply(F.expit(x), F.expit(F.negative(x))), whole=True),
    Rewrite("sign times absolute value", "sign(x) |x| = x, sign(x) / |x| = 1 / x", _PRODUCT,
            _pair(_absolute, "sign", "abs"),
            lambda F, x: F.multiply(F.sign(x), F.abs(x)), whole=True),
    Rewrite("absolute value", "x^2 sign(x) = x |x|", _PRODUCT,
            _pair(_sign_of, second="sign"), lambda F, x: F.multiply(F.square(x), F.sign(x)),
            whole=True),
    Rewrite("tangent", "sin(x) / cos(x) = tan(x), sinh(x) / cosh(x) = tanh(x)", _PRODUCT,
            _pair(_quotient, "sin sinh", "cos cosh"),
            lambda F, x: F.divide(F.sin(x), F.cos(x)), ((3,),), Interval(-1.5, 1.5), whole=True),
)  # fmt: skip
