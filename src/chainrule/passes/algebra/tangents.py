"""Rules of the tangent beside sine and cosine: its derivative is 1 + tan(u)^2, which is 1/cos(u)^2."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.core.domain import Interval
from chainrule.core.graph import Node
from chainrule.passes.algebra.fractions import over_one_line
from chainrule.passes.algebra.product import Factor, is_real, written
from chainrule.passes.algebra.products import form_of
from chainrule.passes.algebra.sum import Term, term, terms_of
from chainrule.passes.rewrites import Rewrite, is_one, named, operation

__all__ = ["TANGENTS"]


def _squared_tangent(F: Any, node: Node) -> Node | None:
    """1 + tan(u)^2 beside powers of cos(u), or over tan(u)."""
    form = form_of(F, node)
    for square in () if form is None else form.factors:
        angle = _angle(square)
        if angle is None:
            continue
        sine, cosine = F.sin(*angle), F.cos(*angle)
        changed: list[Factor] = []
        beside = False
        for factor in form.factors if form is not None else ():
            whole = factor.count.denominator == 1 and factor.unit is None
            if factor is square:
                changed.append(Factor(cosine, None, 2 * factor.count, not factor.below))
            elif operation(factor.base) == "tan" and factor.base.operands == angle and factor.exponent < 0 and whole:
                beside = True
                changed += [Factor(sine, None, factor.count, True), Factor(cosine, None, factor.count)]
            else:
                beside |= factor.base is cosine and whole
                changed.append(factor)
        if beside and form is not None:
            return written(F, replace(form, factors=tuple(changed)), node)
    return None


def _angle(factor: Factor) -> tuple[Node, ...] | None:
    """The operand u of a whole power of 1 + tan(u)^2."""
    if factor.unit is not None or factor.count.denominator > 1 or operation(factor.base) != "add":
        return None
    one, square = factor.base.operands
    if is_one(one) and operation(square) == "square" and operation(square.operands[0]) == "tan":
        return square.operands[0].operands
    return None


def _beside_a_fraction(F: Any, node: Node) -> Node | None:
    """tan(u) beside something over cos(u) is sin(u) over cos(u)."""
    terms = terms_of(F, node) if is_real(node) else []
    angles = {f.base.operands for x in terms for f in x.form.factors if f.below and operation(f.base) == "cos"}
    if not angles:
        return None
    changed = [_in_sines(F, x, angles) for x in terms]
    if all(new is old for new, old in zip(changed, terms, strict=True)):
        return None
    return over_one_line(F, changed, node)


def _in_sines(F: Any, x: Term, angles: set[tuple[Node, ...]]) -> Term:
    factors: list[Factor] = []
    for factor in x.form.factors:
        whole = factor.count.denominator == 1 and factor.unit is None and factor.exponent > 0
        if operation(factor.base) == "tan" and factor.base.operands in angles and whole:
            factors += [
                Factor(F.sin(*factor.base.operands), None, factor.count),
                Factor(F.cos(*factor.base.operands), None, factor.count, True),
            ]
        else:
            factors.append(factor)
    if len(factors) == len(x.form.factors):
        return x
    return replace(term(replace(x.form, factors=tuple(factors))), coefficient=x.coefficient, decimal=x.decimal)


_ACUTE = Interval(0.0, 1.5)

TANGENTS: tuple[Rewrite, ...] = (
    Rewrite("1 + tan^2", "(1 + tan(x)^2) cos(x) = 1 / cos(x), (1 + tan(x)^2) / tan(x)^2 = 1 / sin(x)^2",
            named("multiply", "divide", "negative"), _squared_tangent,
            lambda F, x: F.divide(F.add(1.0, F.square(F.tan(x))), F.square(F.tan(x))), ((3,),), _ACUTE, whole=True),
    Rewrite("tangent as a fraction", "tan(x) + 1 / cos(x) = (sin(x) + 1) / cos(x)", named("add", "subtract"),
            _beside_a_fraction, lambda F, x: F.add(F.tan(x), F.divide(1.0, F.cos(x))), ((3,),), _ACUTE, whole=True),
)  # fmt: skip
