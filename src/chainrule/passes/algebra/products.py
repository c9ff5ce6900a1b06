"""Rules of products and quotients: signs, numbers, one fraction line, like powers, what cancels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from chainrule.core.domain import POSITIVE
from chainrule.core.graph import Node
from chainrule.passes.algebra.powers import gathered
from chainrule.passes.algebra.product import Factor, Product, exponent, is_real, product, split, written
from chainrule.passes.algebra.sum import terms_of, total
from chainrule.passes.rewrites import Rewrite, is_zero, named, operation

__all__ = ["PRODUCTS", "SAME_PRODUCT", "form_of", "swapped"]

_POSITIVE = POSITIVE.interval(0)
_PRODUCT = named("multiply", "divide", "negative")


def form_of(F: Any, node: Node) -> Product | None:
    """The node as a product of real numbers in which nothing is divided by 0, else None."""
    form = product(F, node) if is_real(node) else None
    # A division by zero is left as it is written: no rule holds there.
    return None if form is None or any(factor.below and is_zero(factor.base) for factor in form.factors) else form


def _layout(wanted: Callable[[Node, Product], bool]) -> Callable[[Any, Node], Node | None]:
    """The product written anew, where it was not written so: what is wanted says what the change is called."""

    def apply(F: Any, node: Node) -> Node | None:
        form = None if F.is_authored(node) else form_of(F, node)
        return written(F, form, node) if form is not None and wanted(node, form) else None

    return apply


def _has_inner_sign(node: Node, form: Product) -> bool:
    return form.signs > (operation(node) == "negative")


def _has_numbers(node: Node, form: Product) -> bool:
    return form.numbers > 1


def _has_inner_line(node: Node, form: Product) -> bool:
    return form.lines > (operation(node) == "divide")


def _sign_out_of_sum(F: Any, node: Node) -> Node | None:
    """A sum of negative terms only, as a factor, gives its sign to the product."""
    form = form_of(F, node)
    if form is None:
        return None
    for i, factor in enumerate(form.factors):
        if factor.unit is not None or factor.count.denominator > 1 or not _begins_negative(factor.base):
            continue
        terms = terms_of(F, factor.base)
        positive = total(F, [x.times(Fraction(-1)) for x in terms], factor.base)
        if any(x.coefficient > 0 for x in terms):
            continue
        new = replace(factor, base=F.simplified(positive), source=None)
        negative = form.negative != (factor.count.numerator % 2 == 1)
        return written(F, replace(form, negative=negative, factors=swapped(form, i, new)), node)
    return None


def _begins_negative(node: Node) -> bool:
    if operation(node) not in ("add", "subtract"):
        return False
    while operation(node) in ("add", "subtract"):
        node = node.operands[0]
    return operation(node) == "negative"


def swapped(form: Product, i: int, *new: Factor) -> tuple[Factor, ...]:
    """The factors with others in the place of one."""
    return (*form.factors[:i], *new, *form.factors[i + 1 :])


def _powers(wanted: Callable[[Sequence[Factor]], bool]) -> Callable[[Any, Node], Node | None]:
    def apply(F: Any, node: Node) -> Node | None:
        form = form_of(F, node)
        joined = None if form is None else gathered(form, wanted)
        return None if joined is None else written(F, joined, node)

    return apply


def _is_one_power(group: Sequence[Factor]) -> bool:
    # x sqrt(x) is x^(3/2) as it is written with a root; below the line it is x^(3/2).
    if len(group) != 2:
        return True
    whole, root = sorted(group, key=lambda factor: factor.count.denominator)
    if root.count.denominator == 2 and root.below and whole.below:
        return True
    return not (whole.count.denominator == 1 < root.count.denominator and root.style == "root" and root.count < 1)


def _on_both_sides(group: Sequence[Factor]) -> bool:
    return len({factor.below for factor in group}) == 2


def _add_exponents(F: Any, node: Node) -> Node | None:
    form = form_of(F, node)
    if form is None:
        return None
    groups: dict[Node, list[Factor]] = {}
    for factor in form.factors:
        groups.setdefault(factor.base, []).append(factor)
    for base, group in groups.items():
        if len({factor.unit for factor in group}) == 1:
            continue
        below = all(factor.below for factor in group)
        count, unit = split(F, _exponent(F, [-x.exponent if below else x.exponent for x in group], group))
        one = Factor(base, unit, count, below)
        place = next(i for i, factor in enumerate(form.factors) if factor.base is base and factor.below == below)
        factors = [one if i == place else x for i, x in enumerate(form.factors) if i == place or x.base is not base]
        return written(F, replace(form, factors=tuple(factors)), node)
    return None


def _exponent(F: Any, counts: Sequence[Fraction], group: Sequence[Factor]) -> Node:
    so_far: Node | None = None
    for count, factor in zip(counts, group, strict=True):
        size = exponent(F, abs(count), factor.style)
        part = F.multiply(size, factor.unit) if factor.unit is not None else size
        if so_far is None:
            so_far = F.negative(part) if count < 0 else part
        else:
            so_far = F.subtract(so_far, part) if count < 0 else F.add(so_far, part)
    assert so_far is not None
    return so_far


def _same_product(F: Any, node: Node) -> Node | None:
    form = form_of(F, node)
    if form is None or len(form.factors) < 2:
        return None
    powers = frozenset((factor.key, factor.exponent, factor.below) for factor in form.factors)
    found = F.first((node.shape, form.negative, form.above, form.below, powers), node)
    return found if isinstance(found, Node) else None


PRODUCTS: tuple[Rewrite, ...] = (
    Rewrite("take out the sign", "(-x) y = -(x y), (-x) / y = -(x / y)", _PRODUCT, _layout(_has_inner_sign),
            lambda F, x, y: F.multiply(F.negative(x), y), ((3,), (3,)), whole=True),
    Rewrite("multiply the numbers", "(2 x)(3 y) = 6 x y, 2 x / 4 = x / 2", _PRODUCT, _layout(_has_numbers),
            lambda F, x, y: F.multiply(F.multiply(2.0, x), F.multiply(3.0, y)), ((3,), (3,)), whole=True),
    Rewrite("write as one fraction", "(x / y) z = x z / y, (x / y) / z = x / (y z), x / (y / z) = x z / y", _PRODUCT,
            _layout(_has_inner_line), lambda F, x, y, z: F.divide(F.divide(x, y), z), ((3,), (3,), (3,)), _POSITIVE,
            whole=True),
    Rewrite("usual order", "x 2 = 2 x, sin(x) y = y sin(x), x c = c x for a scalar c", _PRODUCT,
            _layout(lambda node, form: True),
            lambda F, x: F.multiply(x, 2.0), whole=True),
    Rewrite("cancel", "x^a / x^b = x^(a - b), for x other than 0", _PRODUCT, _powers(_on_both_sides),
            lambda F, x: F.divide(F.multiply(3.0, F.square(x)), F.power(x, 3.0)), ((3,),), _POSITIVE, whole=True),
    Rewrite("like powers", "x^a x^b = x^(a + b), for x > 0 or whole a, b", _PRODUCT, _powers(_is_one_power),
            lambda F, x: F.multiply(F.power(x, 1.5), F.square(x)), ((3,),), _POSITIVE, whole=True),
    Rewrite("add exponents", "exp(x) exp(y) = exp(x + y), x^n x = x^(n + 1) for x > 0", _PRODUCT, _add_exponents,
            lambda F, x, y: F.multiply(F.exp(x), F.exp(y)), ((3,), (3,)), whole=True),
    Rewrite("take out the sign", "(-x - y) z = -(x + y) z", _PRODUCT, _sign_out_of_sum,
            lambda F, x, y, z: F.divide(F.subtract(F.negative(x), y), z), ((3,), (3,), (3,)), _POSITIVE, whole=True),
)  # fmt: skip

SAME_PRODUCT = Rewrite(
    "same order", "y x = x y, where x y stands already", _PRODUCT, _same_product,
    lambda F, x, y, z: F.add(F.sin(F.multiply(F.multiply(x, y), z)), F.multiply(x, F.multiply(z, y))),
    ((3,), (3,), (3,)), whole=True,
)  # fmt: skip
