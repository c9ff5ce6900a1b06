"""The form of a product: a sign, a number, and factors that are powers, each above or below the line.

Whatever way a product was put together from products, quotients and signs, it is read into this form and written from
it; rules of products work on the form.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any, Literal

import numpy as np

from chainrule.core.graph import Node, constant, topological
from chainrule.passes.rewrites import number, operation, scalar_node

__all__ = [
    "EULER",
    "Factor",
    "Product",
    "Style",
    "exact",
    "exponent",
    "is_decimal",
    "is_real",
    "product",
    "rational",
    "split",
    "written",
]

# The base of exp(x), which is read as a power: e^x e^y = e^(x + y) is then a rule of powers like any other.
EULER = Node(None, (), {"value": math.e}, (), float, "e")
_HALF, _THIRD = Fraction(1, 2), Fraction(1, 3)
_DIGITS = 10**12
_SHORT = 2  # operations in an exponent: e^(k x) stands before a sum, exp(-(x - m)^2/(2 s^2)) behind it
_SIMPLE = 1000  # 0.3333333333333333 is meant as 1/3: entries divide numbers

Style = Literal["", "root", "decimal"]


@dataclass(frozen=True, slots=True)
class Factor:
    """A power: base^(count unit), where the unit is a term, or nothing where the exponent is a number.

    Attributes:
        base, unit, count: as above.
        below: it stands below the line.
        style: how a fraction is written as its exponent: as a root, as a decimal, or as a fraction.
        source: the node that it was read from, without a sign for the side.
    """

    base: Node
    unit: Node | None
    count: Fraction
    below: bool = False
    style: Style = ""
    source: Node | None = None

    @property
    def key(self) -> tuple[Node, Node | None]:
        return self.base, self.unit

    @property
    def exponent(self) -> Fraction:
        """The count with the sign of the side."""
        return -self.count if self.below else self.count

    @property
    def is_array(self) -> bool:
        """It holds arrays, or is made of them as a sum is: scalars stand in front of it, as in (2/N) sum(x)."""
        parts = (self.base, *self.base.operands, *(() if self.unit is None else (self.unit,)))
        return any(part.ndim for part in parts)

    def to_the(self, count: Fraction) -> Factor:
        return self if count == self.count else replace(self, count=count, source=None)


@dataclass(frozen=True, slots=True)
class Product:
    """A product as read: sign, the number above over the number below, and the factors in order.

    `signs`, `numbers` and `lines` count the minus signs, the numbers and the fraction lines that were met.
    """

    negative: bool
    above: Fraction
    below: Fraction
    factors: tuple[Factor, ...]
    signs: int = 0
    numbers: int = 0
    lines: int = 0

    @property
    def coefficient(self) -> Fraction:
        return (-self.above if self.negative else self.above) / self.below

    def exponents(self) -> dict[tuple[Node, Node | None], Fraction]:
        """The exponent of each base, both sides taken together."""
        found: dict[tuple[Node, Node | None], Fraction] = {}
        for factor in self.factors:
            found[factor.key] = found.get(factor.key, Fraction(0)) + factor.exponent
        return found


def is_real(node: Node) -> bool:
    """Whether the node holds floating-point numbers: algebra is done with these only."""
    return node.dtype is float or (not isinstance(node.dtype, type) and node.dtype.kind == "f")


def exact(node: Node) -> Fraction | None:
    """The value of a scalar constant as it is written: a short decimal, or a simple fraction; None for all others."""
    value = number(node)
    if value is None or isinstance(value, (complex, np.complexfloating)) or not np.isfinite(value):
        return None
    found = Fraction(repr(float(value)))
    if _is_short(found):
        return found
    simple = found.limit_denominator(_SIMPLE)
    return simple if float(simple) == value else None


def rational(node: Node) -> Fraction | None:
    """The value of a number, or of a fraction of two numbers, with its sign."""
    if operation(node) == "negative":
        found = rational(node.operands[0])
        return None if found is None else -found
    if operation(node) == "divide":
        above, below = map(exact, node.operands)
        return above / below if above is not None and below else None
    return exact(node)


def product(F: Any, node: Node) -> Product:
    """The node as a product: products and quotients in it are taken apart."""
    found: Product = F.read(_read, node)
    return found


def _read(F: Any, node: Node) -> Product:
    negative, signs, numbers, lines = False, 0, 0, 0
    sides = [Fraction(1), Fraction(1)]
    factors: list[Factor] = []
    waiting = [(node, False)]
    while waiting:
        x, below = waiting.pop()
        name = operation(x)
        if name in ("multiply", "divide", "negative") and (x is node or _opens(F, x)):
            if name == "negative":
                negative, signs = not negative, signs + 1
                waiting.append((x.operands[0], below))
            else:
                lines += name == "divide"
                left, right = x.operands
                if name == "multiply" and _begins_with_number(right) and not _begins_with_number(left):
                    left, right = right, left  # the factor that has the number comes first: y (2 x) is 2 x y
                waiting += [(right, below != (name == "divide")), (left, below)]
            continue
        value = exact(x)
        if value and _is_short(sides[below] * value):
            negative, signs = negative != (value < 0), signs + (value < 0)
            numbers += value != 1 or below
            sides[below] *= abs(value)
        else:
            factors.append(_factor(F, x, below))
    line = sides[1] != 1 or any(factor.below for factor in factors)
    return Product(negative, *_reduced(sides[0], sides[1], line), tuple(factors), signs, numbers, lines)


def _begins_with_number(node: Node) -> bool:
    while operation(node) in ("multiply", "divide", "negative"):
        node = node.operands[0]
    return exact(node) is not None


def _is_short(value: Fraction) -> bool:
    return abs(value.numerator) <= _DIGITS and value.denominator <= _DIGITS


def _opens(F: Any, x: Node) -> bool:
    return operation(x) == "negative" or (is_real(x) and bool(F.looks_into(x)))


def _reduced(above: Fraction, below: Fraction, line: bool) -> tuple[Fraction, Fraction]:
    """Both numbers divided by what they share; over something, 0.5 is 1/2."""
    dyadic = above.numerator == 1 or above.denominator in (2, 4, 8)
    if not is_decimal(above) or (line and below.denominator == 1 and dyadic):
        above, below = Fraction(above.numerator), below * above.denominator
    if above.denominator == below.denominator == 1:
        shared = math.gcd(above.numerator, below.numerator)
        return above / shared, below / shared
    return above, below


def _factor(F: Any, node: Node, below: bool) -> Factor:
    base, unit, count, style = _power(F, node)
    return Factor(base, unit, count, below, style, node)


def _power(F: Any, node: Node) -> tuple[Node, Node | None, Fraction, Style]:
    """Base, unit, count and style of a node taken as a power."""
    name = operation(node)
    if name == "exp":
        count, unit = split(F, node.operands[0])
        return (
            EULER,
            unit,
            count,
            "" if count.denominator == 1 or operation(node.operands[0]) == "divide" else "decimal",
        )
    style: Style = ""
    if name == "square":
        outer = Fraction(2)
    elif name in ("sqrt", "cbrt"):
        outer, style = (_HALF if name == "sqrt" else _THIRD), "root"
    elif name == "reciprocal":
        outer = Fraction(-1)
    elif name == "power":
        found = rational(node.operands[1])
        if found is None:
            count, unit = split(F, node.operands[1])
            return node.operands[0], unit, count, ""
        outer = found
        style = "decimal" if found.denominator > 1 and exact(node.operands[1]) is not None else ""
    else:
        return node, None, Fraction(1), ""
    base, unit, inner, inner_style = _power(F, node.operands[0])
    # sqrt(x^2) is |x|: exponents multiply where the outer one is whole, or one of them asks for x > 0 anyway.
    odd_root = outer.denominator % 2 == 0 and inner.numerator % 2 == 1
    if outer.denominator > 1 and inner.denominator % 2 and not odd_root and base is not EULER:
        return node.operands[0], None, outer, style
    return base, unit, outer * inner, inner_style or style


def split(F: Any, node: Node) -> tuple[Fraction, Node | None]:
    """The number in front of a term with its sign, and the rest; no rest where the term is a number."""
    if operation(node) not in ("negative", "multiply", "divide") and exact(node) is None:
        return Fraction(1), node
    form = product(F, node)
    if not form.factors:
        return form.coefficient, None
    return form.coefficient, written(F, replace(form, negative=False, above=Fraction(1), below=Fraction(1)), node)


def written(F: Any, form: Product, like: Node) -> Node:
    """The node of a product: sign, number, variables and other factors in order, over those below the line.

    Scalar factors of an array stand in front, as a fraction of their own.
    """
    P = F.plain
    factors = [factor for factor in form.factors if factor.count != 0]
    above, below = form.above, form.below
    if not factors:
        whole = scalar_node((-1 if form.negative else 1) * float(above), like)
        return whole if below == 1 else _signed(P, form.negative, _over(P, _number(above), _number(below)))
    arrays = [factor for factor in factors if factor.is_array]
    scalars = [factor for factor in factors if not factor.is_array]
    if scalars and not all(factor.below for factor in arrays):
        front = _line(F, above, below, scalars)
        return _signed(P, form.negative, P.multiply(front, _line(F, Fraction(1), Fraction(1), arrays)))
    return _signed(P, form.negative, _line(F, above, below, factors))


def _signed(P: Any, negative: bool, node: Node) -> Node:
    return P.negative(node) if negative else node


def _line(F: Any, above: Fraction, below: Fraction, factors: Sequence[Factor]) -> Node:
    upper = _times(F, above, [factor for factor in factors if not factor.below])
    if below == 1 and not any(factor.below for factor in factors):
        return upper
    return _over(F.plain, upper, _times(F, below, [factor for factor in factors if factor.below]))


def _over(P: Any, above: Node, below: Node) -> Node:
    return P.divide(above, below)


def _times(F: Any, value: Fraction, factors: Iterable[Factor]) -> Node:
    nodes = [node for factor in _ordered(F, list(factors)) for node in _nodes(F, factor)]
    if not nodes:
        return _number(value)
    if value != 1 and number(_base(nodes[0])) is not None:
        return reduce(F.plain.multiply, nodes, _number(value))  # 3*2^x ln(2)
    rest = reduce(F.plain.multiply, nodes)
    return rest if value == 1 else F.plain.multiply(_number(value), rest)


def _base(node: Node) -> Node:
    return node.operands[0] if operation(node) == "power" else node


def _ordered(F: Any, factors: Sequence[Factor]) -> list[Factor]:
    """Numbers stand first, then letters as the author has them, then all else, sums behind e^x: 2 x e^x (x + 1)."""
    places = F.places([factor.base for factor in factors if _is_letter(factor)])
    sums = [i for i, factor in enumerate(factors) if operation(factor.base) in ("add", "subtract")]

    def rank(i: int) -> tuple[int, float]:
        factor = factors[i]
        if _is_letter(factor):
            return 1, places.get(factor.base, -1)
        if _is_number(factor):
            return 0, 0
        if factor.base is EULER and factor.unit is not None and sums:
            short = F.operations(factor.unit) + (factor.count != 1) <= _SHORT
            return 2, min(i, sums[0] - 0.5) if short else max(i, sums[-1] + 0.5)
        return 2, i

    return [factors[i] for i in sorted(range(len(factors)), key=rank)]


def _is_number(factor: Factor) -> bool:
    """sqrt(2), 3^pi: a number to a power without letters."""
    if number(factor.base) is None and (factor.base is not EULER or factor.unit is None):
        return False
    return factor.unit is None or not any(node.is_input for node in topological([factor.unit]))


def _is_letter(factor: Factor) -> bool:
    return factor.base.primitive is None and factor.unit is None and number(factor.base) is None


def _number(value: Fraction) -> Node:
    return constant(float(value))


def _nodes(F: Any, factor: Factor) -> list[Node]:
    """A factor as nodes: x^(3/2), where it is written with roots, is x sqrt(x), above the line."""
    if factor.source is not None:
        return [factor.source]
    base, unit, count = factor.base, factor.unit, factor.count
    if unit is not None:
        raised = F.multiply(exponent(F, count, factor.style), unit) if count != 1 else unit
        return [F.exp(raised) if base is EULER else F.power(base, raised)]
    if base is EULER:
        return [F.exp(exponent(F, count, "decimal"))]
    roots: dict[Fraction, Callable[[Node], Node]] = {_HALF: F.plain.sqrt, _THIRD: F.plain.cbrt}
    rest = count % 1
    short = factor.below and rest == _HALF and count > 1  # 1/x^(3/2); cbrt(x) has values for x < 0 too
    if factor.style == "root" and rest in roots and count > 0 and not short:
        return [*([_whole(F, base, count - rest)] if count > 1 else []), roots[rest](base)]
    if factor.style == "root" and rest == 2 * _THIRD and count > 0:
        return [*([_whole(F, base, count - rest)] if count > 1 else []), F.plain.square(F.plain.cbrt(base))]
    if count.denominator == 1:
        return [_whole(F, base, count)]
    return [F.plain.power(base, exponent(F, count, factor.style))]


def _whole(F: Any, base: Node, count: Fraction) -> Node:
    if count in (1, 2):
        return base if count == 1 else F.plain.square(base)
    return F.plain.power(base, _number(count))


def exponent(F: Any, value: Fraction, style: Style) -> Node:
    if value.denominator == 1 or (style == "decimal" and is_decimal(value)):
        return _number(value)
    fraction = F.plain.divide(_number(Fraction(abs(value.numerator))), _number(Fraction(value.denominator)))
    return _signed(F.plain, value < 0, fraction)


def is_decimal(value: Fraction) -> bool:
    """Whether a fraction is a decimal that ends."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1
