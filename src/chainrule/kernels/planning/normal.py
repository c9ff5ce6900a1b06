"""The normal form of a graph: what it computes, with the rows taken out of every shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, final

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.primitive import Primitive
from chainrule.core.shapes import Shape
from chainrule.kernels.planning.contractions import CONTRACTIONS
from chainrule.kernels.planning.cumulative import CUMULATIVE
from chainrule.kernels.planning.items import ComputedIn, Items, NoCodeError, concrete
from chainrule.kernels.planning.moves import MOVES
from chainrule.kernels.planning.parts import Handler, Part, Parts, item_shape
from chainrule.kernels.planning.reductions import REDUCTIONS
from chainrule.kernels.planning.selections import SELECTIONS
from chainrule.kernels.planning.softmax import SOFTMAX
from chainrule.ops import arithmetic, like

__all__ = ["TABLE", "Normal", "normal_form"]

TABLE: Mapping[Primitive, Handler] = {**MOVES, **REDUCTIONS, **CONTRACTIONS, **SELECTIONS, **SOFTMAX, **CUMULATIVE}


@final
@dataclass(frozen=True, eq=False, slots=True)
class Normal:
    """A graph in normal form.

    Attributes:
        items: the nodes.
        inputs: one leaf for each input of the graph.
        constants: the arrays that the function found around it, each with its leaf, the rows in front.
        outputs: one part for each output of the graph.
        guards: what has to be true or false, each with the node that says so.
    """

    items: Items
    inputs: tuple[Part, ...]
    constants: tuple[tuple[Node, Any], ...]
    outputs: tuple[Part, ...]
    guards: tuple[tuple[Node, bool | int], ...]


def normal_form(graph: Graph, axis: Mapping[Node, int], computed_in: ComputedIn, flat: bool = False) -> Normal:
    """Take the rows out of a graph.

    Args:
        graph: simplified to run.
        axis: for each node by row which of its axes is the rows.
        computed_in: what operands of an elementwise operation are converted to, None where there is no code for it.
        flat: whether each component of a node by row is a row by itself.

    Raises:
        NoCodeError: a value of each row cannot be computed row by row.
    """
    items = Items(computed_in)
    parts = Parts(items, TABLE)
    known: dict[Node, Part] = {}
    constants: list[tuple[Node, Any]] = []
    for node in graph.nodes:
        shape, rows = node.shape, axis.get(node)
        if flat and rows is not None:
            shape, rows = (prod(shape),), 0
        if node.is_constant:
            known[node] = _constant(items, node, shape, rows, constants)
        elif node.primitive is None:
            leaf = items.leaf(item_shape(shape, rows), node.dtype, by_row=rows is not None, name=node.name)
            known[node] = Part(leaf, shape, rows)
        else:
            parts.hint = rows
            operands, parameters = [known[operand] for operand in node.operands], node.parameters
            if flat and any(x.axis is not None for x in operands):
                operands, parameters = [_alone(parts, x) for x in operands], _flat_parameters(node)
            found = parts.apply(node.primitive, operands, parameters)
            if flat and rows is None:
                found = parts.part(found.item, shape, None)
            if not isinstance(node.dtype, type) and concrete(found.dtype) != node.dtype:
                # A number of Python's that was computed on the way is a float64 here, and widens nothing there.
                found = parts.apply(arithmetic.cast, [found], {"dtype": str(node.dtype)})
            if found.axis != rows:
                raise NoCodeError(f"the rows of {node.primitive.name} are not where they were expected")
            if concrete(found.dtype) != concrete(node.dtype):
                raise NoCodeError(
                    f"{node.primitive.name} gives {node.dtype} where {concrete(found.dtype)} was expected"
                )
            known[node] = found
        if node.name:
            items.names.setdefault(known[node].item, node.name)
    guards = [(known[guard.node].item, guard.outcome) for guard in graph.guards]
    guards += [(node, False) for node in items.refused]
    if any(items.by_row(node) for node, _ in guards):
        raise NoCodeError("the function decides by a value of each row")
    return Normal(
        items,
        tuple(known[node] for node in graph.inputs),
        tuple(constants),
        tuple(known[node] for node in graph.outputs),
        tuple(dict.fromkeys(guards)),
    )


def _alone(parts: Parts, x: Part) -> Part:
    """An operand of an operation on components: what is fixed is one number."""
    return x if x.axis is not None or prod(x.shape) != 1 else parts.part(x.item, (), None)


def _flat_parameters(node: Node) -> Mapping[str, Any]:
    """The parameters of an operation on all components, for components in a row; raises `NoCodeError` for some axes."""
    given = dict(node.parameters)
    if "axis" in given and node.primitive is not like.expand_like:
        if set(given["axis"]) != set(range(node.operands[0].ndim)):
            raise NoCodeError(f"{node.primitive} of some axes")
        given["axis"] = (0,)
    if "keepdims" in given:
        given["keepdims"] = False
    if "shape" in given:
        given["shape"] = (prod(node.shape),)
    return given


def _constant(items: Items, node: Node, shape: Shape, rows: int | None, constants: list[tuple[Node, Any]]) -> Part:
    value = node.parameters["value"]
    if node.shape == ():
        return Part(items.number(value, node.dtype), (), None)
    array = np.asarray(value).reshape(shape)
    first = array.reshape(-1)[:1]
    if array.size and (array == first).all():
        return Part(items.repeated(items.number(first[0], node.dtype), item_shape(shape, rows)), shape, rows)
    if rows is None:
        leaf = items.number(array, node.dtype)
    else:
        array = np.moveaxis(array, rows, 0)
        for leaf, known in constants:  # X and X^T
            if _is_same(array, known):
                return Part(leaf, shape, rows)
        leaf = items.leaf(item_shape(shape, rows), node.dtype, by_row=True, name=node.name)
        constants.append((leaf, np.ascontiguousarray(array)))
    return Part(leaf, shape, rows)


def _is_same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    """Whether two arrays are equal; those that are the same memory need not be read for that."""
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    same = one.__array_interface__["data"] == other.__array_interface__["data"] and one.strides == other.strides
    return same or np.array_equal(one, other)
