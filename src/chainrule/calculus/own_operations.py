"""Operations of the user's own in a derivation: named functions, each with the derivative that its rule gives.

What stands in such a rule is computed on arrays and has no graph. So a derivative is a function of its own, f'(x) or
D1 f(x, y), and of arrays the two linear maps D f and D f^T; their values are those that the rule gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.calculus.custom import OwnDerivative
from chainrule.calculus.gradients import grad
from chainrule.calculus.products import jvp, vjp
from chainrule.core.derivative import Custom, Elementwise
from chainrule.core.graph import Graph, Guard, Node, constant
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, ShapeRule, elementwise
from chainrule.errors import DerivativeMissingError, GraphError
from chainrule.passes.letters import free_name
from chainrule.passes.stepwise import replaced

__all__ = ["with_named_operations"]

_LETTERS = "uvwabcdfghklmnpqrs"


def with_named_operations(graph: Graph) -> Graph:
    """The function with a named function for each operation of the user's own.

    Raises:
        DerivativeMissingError: an operation has no derivative.
    """
    named: dict[Node, Node] = {}
    taken = {"f", "L", *(node.name for node in graph.inputs)}
    called: dict[Primitive, Primitive] = {}
    for node in graph.nodes:
        operation = node.primitive
        if operation is None or not isinstance(operation.derivative, OwnDerivative) or _is_complex(node):
            continue
        if operation.derivative.vjp is None and operation.derivative.jvp is None:
            raise DerivativeMissingError(
                f"{operation.name} has no derivative: neither its jvp nor its vjp was defined\n"
                f"  define one with chainrule.define_jvp({operation.name}, ...) or chainrule.define_vjp"
            )
        if operation not in called:
            name = operation.name if operation.name.isidentifier() else free_name(["g", "h"], taken)
            taken.add(name)
            called[operation] = replace(operation, name=name)
        operation = called[operation]
        numbers = not node.shape and not any(x.shape for x in node.operands)
        made = _of_numbers(_Numbers(operation, len(node.operands))) if numbers else _of_arrays(node, operation)
        named[node] = Node(made, node.operands, node.parameters, node.shape, node.dtype, node.name, node.site)
    if not named:
        return graph
    # The operands of one may be another: what replaces a node is gone through too.
    done: dict[Node, Node] = {}
    for node, new in named.items():
        operands = tuple(replaced(x, done, inside=False) for x in new.operands)
        done[node] = Node(new.primitive, operands, new.parameters, new.shape, new.dtype, new.name, new.site)
    guards = tuple(Guard(replaced(guard.node, done, inside=False), guard.outcome) for guard in graph.guards)
    return Graph(graph.inputs, tuple(replaced(y, done, inside=False) for y in graph.outputs), guards, graph.name)


def _is_complex(node: Node) -> bool:
    return any(np.dtype(x.dtype).kind == "c" for x in (node, *node.operands))


def _given(operation: Primitive) -> str:
    return operation.rule.name if operation.rule else f"the rule given for {operation.name}"


# Of numbers


@dataclass(frozen=True)
class _Numbers:
    """An operation of numbers, differentiated by some of its operands one after the other."""

    operation: Primitive
    count: int
    taken: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        own = self.operation.name
        if self.count == 1:
            return own + "'" * len(self.taken)
        return f"D{''.join(str(i + 1) for i in self.taken)} {own}" if self.taken else own

    def latex(self) -> str:
        own = rf"\operatorname{{{self.operation.name}}}".replace("_", r"\_")
        if self.count == 1:
            return own + "'" * len(self.taken)
        return f"D_{{{''.join(str(i + 1) for i in self.taken)}}} {own}" if self.taken else own

    def value(self, *operands: Any, **parameters: Any) -> Any:
        def f(*values: Any) -> Any:
            return self.operation(*values, **parameters)

        for i in self.taken:
            f = _slope(f, i, self.operation)
        return np.asarray(f(*(np.float64(x) for x in operands)))[()]


def _slope(f: Callable[..., Any], i: int, operation: Primitive) -> Callable[..., Any]:
    """The derivative of a function of numbers by one of them, in the mode that the operation has a rule for."""
    derivative = operation.derivative
    if isinstance(derivative, OwnDerivative) and derivative.vjp is None:
        return lambda *x: jvp(f, x, [np.float64(k == i) for k in range(len(x))])[1]
    return grad(f, argnums=i)


def _of_numbers(function: _Numbers) -> Primitive:
    name, letters = function.name, tuple(_LETTERS[: function.count])
    derived = [_Numbers(function.operation, function.count, (*function.taken, i)) for i in range(function.count)]
    terms = [f"{d.name}({', '.join(letters)}) {letter}'" for d, letter in zip(derived, letters, strict=True)]
    return Primitive(
        name,
        function.value,
        elementwise,
        Elementwise(*(_partial(d) for d in derived)),
        Call(name, latex=function.latex()),
        Rule(_given(function.operation), f"{name}({', '.join(letters)})' = {' + '.join(terms)}", letters),
        dtype=lambda *_, **__: np.dtype(np.float64),
    )


def _partial(function: _Numbers) -> Callable[..., Node]:
    def partial(F: Any, out: Any, *operands: Any, **parameters: Any) -> Node:
        nodes = tuple(x if isinstance(x, Node) else constant(x) for x in operands)
        return Node(_of_numbers(function), nodes, parameters, (), np.dtype(np.float64))

    return partial


# Of arrays


@dataclass(frozen=True)
class _Known(ShapeRule):
    """The result has the shape that the operation gave where the function was followed."""

    shape: Shape

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return self.shape

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        raise GraphError("an operation of the user's own is not batched in a derivation")


def _of_arrays(node: Node, operation: Primitive) -> Primitive:
    name, shapes = operation.name, [x.shape for x in node.operands]

    def forward(F: Any, tangents: Sequence[Any], out: Any, *operands: Any, **parameters: Any) -> Node:
        moving = tuple(i for i, t in enumerate(tangents) if t is not None)
        return _changed(operation, moving, operands, [tangents[i] for i in moving], parameters, node.shape)

    def backward(F: Any, g: Any, out: Any, *operands: Any, **parameters: Any) -> Sequence[Any]:
        return [
            _changed_back(operation, i, operands, g, parameters, shape) if np.dtype(x.dtype).kind == "f" else None
            for i, (x, shape) in enumerate(zip(node.operands, shapes, strict=True))
        ]

    return Primitive(
        name, operation.evaluate, _Known(node.shape), Custom(forward, backward, "by the rule given"), Call(name),
        Rule(_given(operation), f"d{name}(u) = D {name}(u, du)"),
    )  # fmt: skip


def _changed(
    operation: Primitive, moving: tuple[int, ...], operands: Sequence[Any], along: Sequence[Any],
    parameters: Mapping[str, Any], shape: Shape,
) -> Node:  # fmt: skip
    """D f, the change of the operation along those of the operands that move: linear in it."""
    count, name = len(operands), operation.name

    def value(*given: Any, **parameters: Any) -> Any:
        x = given[:count]

        def f(*parts: Any) -> Any:
            return operation(*(dict(zip(moving, parts, strict=True)).get(i, y) for i, y in enumerate(x)), **parameters)

        parts, tangents = [_double(x[i]) for i in moving], [_double(t) for t in given[count:]]
        if _own(operation).jvp is not None:
            return jvp(f, parts, tangents)[1]
        out, back = vjp(f, *parts)
        rows = [_each(back(unit.reshape(np.shape(out)))) for unit in np.eye(np.size(out))]
        found = [sum(np.sum(r * t) for r, t in zip(row, tangents, strict=True)) for row in rows]
        return np.reshape(found, np.shape(out))

    def backward(F: Any, g: Any, out: Any, *given: Any, **parameters: Any) -> Sequence[Any]:
        back = [_changed_back(operation, i, given[:count], g, parameters, _shape(given[i])) for i in moving]
        return [*[None] * count, *back]

    derivative = Custom(_no_second(operation), backward, "linear in the tangents only")
    made = Primitive(f"D {name}", value, _Known(shape), derivative, Call(f"D {name}"))
    return _node(made, [*operands, *along], parameters, shape)


def _changed_back(
    operation: Primitive, i: int, operands: Sequence[Any], g: Any, parameters: Mapping[str, Any], shape: Shape
) -> Node:
    """D f^T, what the cotangent of the value gives to one operand."""
    name = f"D{i + 1 if len(operands) > 1 else ''} {operation.name}^T"

    def value(*given: Any, **parameters: Any) -> Any:
        *x, g = given

        def f(part: Any) -> Any:
            return operation(*(part if k == i else y for k, y in enumerate(x)), **parameters)

        part = _double(x[i])
        if _own(operation).vjp is not None:
            return _each(vjp(f, part)[1](_double(g)))[0]
        units = np.eye(part.size).reshape(part.size, *part.shape)
        return np.reshape([np.sum(g * jvp(f, [part], [unit[()]])[1]) for unit in units], part.shape)

    made = Primitive(name, value, _Known(shape), Custom(_no_second(operation), reason="by the rule given"), Call(name))
    return _node(made, [*operands, g], parameters, shape)


def _no_second(operation: Primitive) -> Callable[..., Any]:
    def forward(*_: Any, **__: Any) -> Any:
        raise DerivativeMissingError(
            f"the derivative of {operation.name} is computed on arrays: it has no graph, and is not derived again\n"
            "  chainrule.hessian computes the second derivatives"
        )

    return forward


def _node(made: Primitive, operands: Sequence[Any], parameters: Mapping[str, Any], shape: Shape) -> Node:
    nodes = tuple(x if isinstance(x, Node) else constant(x) for x in operands)
    return Node(made, nodes, dict(parameters), shape, np.dtype(np.float64))


def _own(operation: Primitive) -> Custom:
    assert isinstance(operation.derivative, OwnDerivative)
    return operation.derivative


def _double(x: Any) -> Any:
    return np.asarray(x, np.float64)[()]


def _each(found: Any) -> tuple[Any, ...]:
    return found if isinstance(found, tuple) else (found,)


def _shape(x: Any) -> Shape:
    return x.shape if isinstance(x, Node) else np.shape(x)
