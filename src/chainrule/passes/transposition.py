"""What multiplies dx is moved to the left, one identity at a time: from a differential to the gradient.

A differential is linear in dx. With <g, u> for the sum of the products of all components, written g^T u or tr(G^T U),
a step uses <g, A u> = <A^T g, u> for one linear operation A, with the transpose that the reverse pass runs (`pull`).
Where <g, dx> is left, g is the gradient. Source: Magnus and Neudecker, Matrix Differential Calculus (1988), chapter 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from chainrule.core.cotangent import Masked
from chainrule.core.graph import Node, constant, topological
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.passes.columns import factor_and_rest, inner_product, tidied
from chainrule.passes.differentials import depends_on
from chainrule.passes.identities import IDENTITIES
from chainrule.passes.rewrites import operation

__all__ = ["ELEMENTARY", "Move", "gradient_moves"]

F = building
_TRANSPOSED_MAP = Rule("transpose of a linear map", "<g, A u> = <A^T g, u>")
ELEMENTARY = tuple(IDENTITIES[name] for name in ("factor", "sign", "terms", "mean"))
_BY_OPERATION = {"negative": "sign", "add": "terms", "subtract": "terms", "divide": "factor", "mean": "mean"}
_BROADCAST = Rule("the transpose of a broadcast is a sum", "tr(G^T (1 u^T)) = sum(G, axis=0)^T u")
_BROADCASTS = ("broadcast_like", "broadcast_to", "expand_like", "expand_dims")


@dataclass(frozen=True, slots=True, eq=False)
class Move:
    """One identity applied to a differential.

    Attributes:
        rule: the identity.
        after: the differential after it.
        gradient: what multiplies dx where nothing else is left, else None.
    """

    rule: Rule
    after: Node
    gradient: Node | None


def gradient_moves(differential: Node, dx: Node, inputs: tuple[Node, ...]) -> Iterator[Move]:
    """The steps from a scalar that is linear in dx to g^T dx or tr(G^T dX).

    Args:
        differential: a scalar that depends on dx.
        dx: the change of an input, as it stands there.
        inputs: all others, whose declared sizes name the sizes.
    """
    order = {node: i for i, node in enumerate(topological([differential]))}
    moving = depends_on([differential], dx)
    weights: dict[Node, Node] = {differential: constant(1.0)}
    while any(term is not dx for term in weights):
        term = max((term for term in weights if term is not dx), key=order.__getitem__)
        rule = _rule(term, weights[term], moving)
        weights = _pulled(weights, term, moving, inputs)
        while rows := [u for u in weights if _is_row(u)]:  # (u^T A) b: a row is not a line of its own
            rule = IDENTITIES["row product" if rows[-1].operands[0] in moving else "outer"]
            weights = _pulled(weights, rows[-1], moving, inputs)
        while affine := [u for u in weights if _is_affine(u, moving)]:
            weights = _pulled(weights, affine[-1], moving, inputs)
        if not weights:  # what depends on dx is written over
            yield Move(rule, constant(0.0), F.zeros_like(dx))
            return
        yield Move(rule, _line(weights), weights[dx] if list(weights) == [dx] else None)


def _pulled(weights: Mapping[Node, Node], term: Node, moving: set[Node], inputs: tuple[Node, ...]) -> dict[Node, Node]:
    """The weights after the operation of one term was transposed; what it was made of takes its place."""
    new: dict[Node, Node] = {}
    for u, weight in weights.items():
        for operand, found in _contributions(u, weight, moving) if u is term else ((u, weight),):
            new[operand] = F.add(new[operand], found) if operand in new else found
    return {u: g if weights.get(u) is g else tidied(g, inputs) for u, g in new.items()}


def _contributions(term: Node, weight: Node, moving: set[Node]) -> Iterator[tuple[Node, Node]]:
    assert term.primitive is not None
    marks = [Record(None, (), (), u, u.parameters) if u in moving else None for u in term.operands]
    values = [_value(operand) for operand in term.operands]
    record = Record(term.primitive, marks, values, term, term.parameters)
    found = term.primitive.derivative.pull(F, record, weight, None)
    for operand, contribution in zip(term.operands, found, strict=True):
        if contribution is None or operand not in moving:
            continue
        while operand.ndim == 1 and operation(operand) == "transpose":  # a vector is neither row nor column
            operand = operand.operands[0]
        yield operand, contribution.value if isinstance(contribution, Masked) else contribution


def _value(node: Node) -> Any:
    """A number is given to a rule as a number: rules ask for its type."""
    unnamed = node.is_constant and isinstance(node.dtype, type) and not node.name
    return node.parameters["value"] if unnamed else node


def _line(weights: Mapping[Node, Node]) -> Node:
    products = [inner_product(weight, u) for u, weight in weights.items()]
    # Of complex terms the real part is what changes the value: the convention of cotangents.
    return reduce(_added, [F.real(term) if np.dtype(term.dtype).kind == "c" else term for term in products])


def _added(total: Node, term: Node) -> Node:
    if operation(term) == "negative":
        return F.subtract(total, term.operands[0])
    return F.add(total, term)


def _is_row(term: Node) -> bool:
    return operation(term) == "matmul" and term.ndim == 1 and term.operands[0].ndim == 1


def _is_affine(term: Node, moving: set[Node]) -> bool:
    """Whether x stands beside dx in one array: of a flow that carries both, only what multiplies dx is a line."""
    return operation(term) == "concatenate" and not all(operand in moving for operand in term.operands)


def _rule(term: Node, weight: Node, moving: set[Node]) -> Rule:
    """The identity that transposes an operation, as textbooks name it."""
    name = operation(term)
    places = [i for i, operand in enumerate(term.operands) if operand in moving]
    if name == "matmul":
        return IDENTITIES["terms"] if len(places) > 1 else _of_product(term, places[0])
    if name == "multiply" and len(places) == 1:
        if term.operands[1 - places[0]].ndim == 0 or term.ndim == 0:
            return IDENTITIES["factor"]
        kind = "components" if factor_and_rest(weight)[1] is None else "weights"
        return IDENTITIES[kind if term.ndim == 1 else f"matrix {kind}"] if term.ndim < 3 else _TRANSPOSED_MAP
    if name == "transpose" and term.ndim == 2:
        return IDENTITIES["transpose"]
    if name in _BROADCASTS:
        return _BROADCAST
    known = _BY_OPERATION.get(name)
    return _TRANSPOSED_MAP if known is None else IDENTITIES[known]


def _of_product(term: Node, place: int) -> Rule:
    x, y = term.operands
    moved, other = (x, y) if place == 0 else (y, x)
    if max(x.ndim, y.ndim) > 2:
        return _TRANSPOSED_MAP
    if term.ndim == 0:
        return IDENTITIES["inner" if place == 0 else "product" if operation(x) == "matmul" else "factor"]
    if moved.ndim == 1:
        return IDENTITIES["product"]
    if other.ndim == 1:
        return IDENTITIES["outer"]
    return IDENTITIES["right" if place == 0 else "left"]
