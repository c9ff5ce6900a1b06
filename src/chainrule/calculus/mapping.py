"""Mapping a function over a batch axis, without a Python loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from chainrule.calculus.arguments import function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.functions import as_function
from chainrule.core.graph import Graph
from chainrule.core.packed import Packed
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, plain_value
from chainrule.errors import ArgumentError, DegeneracyError, ShapeError
from chainrule.passes.batch import batch
from chainrule.passes.guards import watched
from chainrule.read.boundary import naming_the_line
from chainrule.read.trace import trace

__all__ = ["vmap"]


def vmap(f: Callable[..., Any] | str, in_axes: int | Sequence[int | None] | None = 0) -> Callable[..., Any]:
    """The function that applies f to every example of a batch at once.

    Args:
        f: a NumPy function of one example.
        in_axes: which axis of each argument counts the examples; None for an argument that all examples share. One
            value serves all arguments; for a container it applies to every array in it.

    Returns:
        A function whose results carry the batch axis in front.

    Raises:
        ShapeError: the batch axes differ in length.
        GuardError: f branches on a value, and the examples take different branches.
        DegeneracyError: what a decomposition of an example leaves open matters; such examples are run one by one.

    >>> import numpy as np, chainrule as cr
    >>> cr.vmap(np.dot)(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]))
    array([1., 4.])
    >>> cr.vmap(cr.grad(lambda x: np.sum(x**2)))(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 4.],
           [6., 8.]])
    """
    function = as_function(f)

    @wraps(function)
    def mapped(*args: Any) -> Any:
        axes = _axes(in_axes, len(args))
        stacks: list[Any] = []
        rebuilders: list[tuple[Any, int, Any]] = []
        for position, (argument, axis) in enumerate(zip(args, axes, strict=True)):
            if axis is None:
                rebuilders.append((None, 0, argument))
                continue
            leaves, rebuild = flatten(argument, f"argument {position}")
            stacks.extend(_front(leaf, axis, path) for path, leaf in leaves)
            rebuilders.append((rebuild, len(leaves), None))
        sizes = {stack.shape[0] for stack in stacks}
        if len(sizes) != 1:
            raise ShapeError(
                f"vmap needs batch axes of one length, but they have {sorted(sizes)}"
                if sizes
                else "vmap needs at least one argument with a batch axis: in_axes is None for all"
            )
        (count,) = sizes
        structure: list[Any] = []

        def one(*leaves: Any) -> list[Any]:
            arguments = []
            start = 0
            for rebuild, many, shared in rebuilders:
                arguments.append(shared if rebuild is None else rebuild(leaves[start : start + many]))
                start += many
            outputs, rebuild_result = flatten(function(*arguments), "the value")
            structure.append(rebuild_result)
            return [output for _, output in outputs]

        def one_by_one() -> Any:
            found = []
            for i in range(count):
                try:
                    with naming_the_line():
                        found.append(one(*[stack[i] for stack in stacks]))
                except DegeneracyError as error:
                    raise DegeneracyError(f"example {i} of the batch: {error}") from None
            return structure[0]([evaluating.stack(*parts, axis=0) for parts in zip(*found, strict=True)])

        if watched() and count:  # a kink or NaN of any example is to be found, and one example is all that a trace sees
            return one_by_one()
        examples = [_example(stack) for stack in stacks]
        try:
            with naming_the_line():
                graph, _ = trace(one, examples, [f"x{i}" for i in range(len(examples))], function_name(function))
            results = _batched(graph, stacks)
        except DegeneracyError:
            results = None
        if results is None:  # whether a choice of vectors matters is found by another choice, for one example
            return one_by_one()
        return structure[0](
            [y if many else evaluating.broadcast_to(y, shape=(count, *np.shape(y))) for y, many in results]
        )

    return mapped


def _batched(graph: Graph, stacks: Sequence[Any]) -> list[tuple[Any, bool]] | None:
    """The outputs of a graph for each example; None where an example leaves the basis of a decomposition open."""
    decompositions = [
        node for node in graph.nodes if node.primitive is not None and type(node.primitive.derivative) is Packed
    ]
    watched = [part for node in decompositions for part in (node, node.operands[0])]
    whole = Graph(graph.inputs, (*graph.outputs, *watched), graph.guards, graph.name) if watched else graph
    results = batch(whole, stacks, [True] * len(stacks), evaluating)
    values = [plain_value(value) for value, _ in results[len(graph.outputs) :]]
    for node, out, operand in zip(decompositions, values[::2], values[1::2], strict=True):
        derivative = node.primitive and node.primitive.derivative
        if isinstance(derivative, Packed) and derivative.choice.is_of_a_basis(out, operand, **node.parameters):
            return None
    return results[: len(graph.outputs)]


def _axes(in_axes: int | Sequence[int | None] | None, count: int) -> Sequence[int | None]:
    if in_axes is None or isinstance(in_axes, int):
        return [in_axes] * count
    if not isinstance(in_axes, list | tuple) or not all(axis is None or isinstance(axis, int) for axis in in_axes):
        raise ArgumentError(f"in_axes is {in_axes!r}: expected an axis (int), None, or one of these for each argument")
    if len(in_axes) != count:
        raise ArgumentError(f"in_axes has {len(in_axes)} entries for {count} arguments: give one for each")
    return in_axes


def _front(leaf: Any, axis: int, path: str) -> Any:
    array = leaf if isinstance(leaf, Traced) else np.asarray(leaf)
    if not -array.ndim <= axis < array.ndim:
        raise ShapeError(f"{path} has shape {array.shape}: it has no axis {axis} to map over")
    axis %= array.ndim
    if axis == 0:
        return array
    return evaluating.transpose(array, axes=(axis, *(i for i in range(array.ndim) if i != axis)))


def _example(stack: Any) -> Any:
    """The first example, as plain numbers: the trace follows its branches."""
    stack = plain_value(stack)
    return stack[0] if len(stack) else np.zeros(stack.shape[1:], stack.dtype)[()]
