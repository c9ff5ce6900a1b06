"""The identities by which what multiplies dx is moved to the left, as textbooks list them.

A, B, G are matrices, a, b, g vectors and c a number; u or U is what is moved. Both sides are formulas that are read as
all formulas are, so they are written in any notation and tested as numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from chainrule.core.graph import Node
from chainrule.core.rule import Rule
from chainrule.passes.named_steps import with_size_letters
from chainrule.read.formula import parse

__all__ = ["IDENTITIES", "Identity", "sides"]


@dataclass(frozen=True, slots=True, eq=False)
class Identity(Rule):
    """A rule whose statement is an equation of two formulas.

    Attributes:
        shapes: the shapes of the letters.
    """

    shapes: str = ""


@cache
def sides(identity: Identity) -> tuple[Node, Node]:
    """Both sides of the statement, as terms of the same letters.

    >>> [node.shape for node in sides(IDENTITIES["product"])]
    [(), ()]
    """
    formulas = [parse(side, shapes=identity.shapes) for side in identity.statement.split(" = ")]
    left, right = (with_size_letters(formula).outputs[0] for formula in formulas)
    return left, right


def _identity(name: str, statement: str, shapes: str) -> Identity:
    return Identity(name, statement, shapes=shapes)


IDENTITIES = {
    "factor": _identity("scalar factors to the front", "a^T (c u) = c a^T u", "a: n, c: (), u: n"),
    "sign": _identity("signs to the front", "a^T (-u) = -a^T u", "a: n, u: n"),
    "terms": _identity("a sum, term by term", "a^T (u + v) = a^T u + a^T v", "a: n, u: n, v: n"),
    "mean": _identity("a mean is a sum over the number of components", "mean(u) = (1/N) sum(u)", "u: N"),
    "components": _identity("a sum of products is an inner product", "sum(a*u) = a^T u", "a: n, u: n"),
    "matrix components": _identity("a sum of products is a trace", "sum(A*U) = tr(A^T U)", "A: m n, U: m n"),
    "weights": _identity("factors by component", "g^T (a*u) = (g*a)^T u", "g: n, a: n, u: n"),
    "matrix weights": _identity(
        "factors by component", "tr(G^T (A*U)) = tr((G*A)^T U)", "G: m n, A: m n, U: m n"
    ),
    "inner": _identity("a scalar is its own transpose", "u^T b = b^T u", "b: n, u: n"),
    "product": _identity("transpose of a product", "g^T A u = (A^T g)^T u", "g: m, A: m n, u: n"),
    "row product": _identity("transpose of a product", "u^T A b = (A b)^T u", "u: m, A: m n, b: n"),
    "outer": _identity("an inner product as a trace", "a^T U b = tr((a b^T)^T U)", "a: m, U: m n, b: n"),
    "left": _identity("transpose of a product", "tr(G^T A U) = tr((A^T G)^T U)", "G: m n, A: m k, U: k n"),
    "right": _identity("cyclic trace", "tr(G^T U B) = tr((G B^T)^T U)", "G: m n, U: m k, B: k n"),
    "transpose": _identity("transpose in a trace", "tr(G^T U^T) = tr(G U)", "G: m n, U: n m"),
    "sum of rows": _identity("a sum over rows", "g^T sum(U, axis=0) = sum(g*U)", "g: n, U: m n"),
}  # fmt: skip
