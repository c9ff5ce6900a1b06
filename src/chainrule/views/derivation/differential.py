"""What the derivation of a gradient shows besides its lines: the shape of every factor, and the table of symbols."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.core.graph import Node, topological
from chainrule.core.notation import Call, Infix, Precedence, Prefix, Subscript, Transparent
from chainrule.views.derivation.expression import Expression

__all__ = ["Differential", "SupposedForm", "shape_text", "shapes_of_factors", "symbols"]


@dataclass(frozen=True, eq=False)
class SupposedForm:
    """A shorter form of a gradient, and what is supposed for it.

    Attributes:
        supposed: in words: "for symmetric A".
        result: the shorter form.
        evidence: how it was checked.
    """

    supposed: str
    result: Expression
    evidence: Any


@dataclass(frozen=True, eq=False)
class Differential:
    """That a part was derived by a differential, dL = g^T dw, and what belongs to it.

    Attributes:
        direction: dw.
        sizes: the letter of each size that has one.
        forms: shorter forms of the gradient.
        named: of a second derivative what the gradient is called that was differentiated, else "".
    """

    direction: Node
    sizes: Mapping[int, str]
    forms: tuple[SupposedForm, ...] = ()
    named: str = ""


def shape_text(shape: Sequence[int], sizes: Mapping[int, str]) -> str:
    """A shape with the letters of its sizes.

    >>> shape_text((5, 3), {5: "N"})
    '(N, 3)'
    """
    parts = [sizes.get(n, str(n)) for n in shape]
    return f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"


def shapes_of_factors(term: Node, sizes: Mapping[int, str]) -> str:
    """The shapes in the place of the factors, without numbers: (d, N) (N,) for -(2/N) X^T r."""
    return _shapes(term, sizes, Precedence.COMPARISON)


def _shapes(term: Node, sizes: Mapping[int, str], outside: Precedence) -> str:
    layout = None if term.primitive is None else term.primitive.notation
    if isinstance(layout, (Transparent, Prefix)):
        return _shapes(term.operands[0], sizes, outside)
    if not isinstance(layout, (Infix,)) or isinstance(layout, (Call, Subscript)) or layout.precedence < Precedence.SUM:
        scaled = term.primitive is not None and len(term.operands) == 2 and not term.operands[1].ndim
        if scaled and term.operands[0].shape == term.shape and not isinstance(layout, (Call, Subscript)):
            return _shapes(term.operands[0], sizes, outside)  # divided by a number
        return shape_text(term.shape, sizes)
    x, y = term.operands
    arrays = [operand for operand in (x, y) if operand.ndim]
    if len(arrays) == 1:
        return _shapes(arrays[0], sizes, outside)
    inner = Precedence.PRODUCT if layout.precedence >= Precedence.PRODUCT else Precedence.SUM
    if inner == Precedence.SUM and outside == Precedence.PRODUCT:
        return shape_text(term.shape, sizes)  # a factor, whose own shape is the point
    sign = " " if layout.symbol == "@" else f" {layout.symbol} "
    return sign.join(_shapes(operand, sizes, inner) for operand in (x, y))


def symbols(
    formula: Expression, names: Mapping[Node, str], by: Sequence[Node], sizes: Mapping[int, str]
) -> Iterator[tuple[Node, str, str]]:
    """The rows of the table of symbols: each with what it is, and its shape."""
    for node in formula.inputs:
        role = "variable" if node in by else "constant"
        yield node, f"{_KINDS.get(node.ndim, 'array')}, {role}", shape_text(node.shape, sizes)
    for node in topological([formula.node]):
        if node.is_constant and node.name and node.shape:
            yield node, f"{_KINDS.get(node.ndim, 'array')}, constant", shape_text(node.shape, sizes)
    for node in names:
        yield node, f"{_KINDS.get(node.ndim, 'array')}, step", shape_text(node.shape, sizes)
    for size, letter in sizes.items():
        yield Node(None, (), {"name": letter}, (), int, letter), f"number of components, {size} in the check", "()"


_KINDS = {0: "number", 1: "vector", 2: "matrix"}
