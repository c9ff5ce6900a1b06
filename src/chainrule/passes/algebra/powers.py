"""Powers in a product: those of one base made one, and a product divided by powers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from chainrule.core.graph import Node
from chainrule.passes.algebra.product import Factor, Product, Style

__all__ = ["divided", "gathered"]


def gathered(form: Product, wanted: Callable[[Sequence[Factor]], bool]) -> Product | None:
    """The product with the powers of one base made one power, for the bases that are wanted; None if there is none."""
    groups: dict[tuple[Node, Node | None], list[Factor]] = {}
    for factor in form.factors:
        groups.setdefault(factor.key, []).append(factor)
    joined = {key: group for key, group in groups.items() if len(group) > 1 and wanted(group)}
    if not joined:
        return None
    factors: list[Factor] = []
    placed = {key: _joined(group) for key, group in joined.items()}
    for factor in form.factors:
        one = placed.get(factor.key)
        if factor.key not in joined:
            factors.append(factor)
        elif one is not None and one.below == factor.below:
            factors.append(one)
            placed[factor.key] = None
    return replace(form, factors=tuple(factor for factor in factors if factor.count))


def _joined(group: Sequence[Factor]) -> Factor | None:
    exponent = sum((factor.exponent for factor in group), Fraction(0))
    sides = {factor.below for factor in group}
    below = exponent < 0 if len(sides) == 2 else group[0].below
    style: Style = next((factor.style for factor in group if factor.style), "")
    return Factor(*group[0].key, -exponent if below else exponent, below, style)


def divided(form: Product, by: dict[tuple[Node, Node | None], Fraction]) -> Product:
    """The product divided by powers; what it has not itself then stands on the other side."""
    factors: list[Factor] = []
    left = dict(by)
    for factor in form.factors:
        taken = left.get(factor.key, Fraction(0))
        if factor.exponent * taken > 0:
            taken = taken if abs(taken) <= abs(factor.exponent) else factor.exponent
            left[factor.key] -= taken
            factor = factor.to_the(factor.count + taken if factor.below else factor.count - taken)
        factors.append(factor)
    for (base, unit), taken in left.items():
        if taken:
            factors.append(Factor(base, unit, abs(taken), below=taken > 0, style="root"))
    return replace(form, factors=tuple(factor for factor in factors if factor.count))
