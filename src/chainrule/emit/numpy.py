"""Stand-alone NumPy source of a graph: code to read, to keep, and to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.core.library import SciPyFunction
from chainrule.emit.arguments import keyword_arguments
from chainrule.emit.in_place import InPlacePrinter
from chainrule.emit.include import included_source, numpy_path
from chainrule.emit.layout import Binding, Expression, Program, known_name as _name
from chainrule.emit.literals import (
    array_literal,
    dtype_literal,
    number_literal,
    parameter_literal,
    scalar_literal,
    short_number,
)
from chainrule.emit.sizes import static_number
from chainrule.emit.spellings import FOLLOWED, SPELLINGS
from chainrule.emit.wrappers import passed_on
from chainrule.errors import SourceError

__all__ = ["numpy_program", "numpy_source"]

# Python's operators as NumPy's arrays define them. An operation whose notation shows such a sign is written with it
# only if it is evaluated by the ufunc that the sign calls.
_INFIX: dict[str, tuple[np.ufunc, Binding]] = {
    "+": (np.add, Binding.SUM),
    "-": (np.subtract, Binding.SUM),
    "*": (np.multiply, Binding.PRODUCT),
    "/": (np.divide, Binding.PRODUCT),
    "@": (np.matmul, Binding.PRODUCT),
    "//": (np.floor_divide, Binding.PRODUCT),
    "%": (np.remainder, Binding.PRODUCT),
    "<": (np.less, Binding.COMPARISON),
    "<=": (np.less_equal, Binding.COMPARISON),
    ">": (np.greater, Binding.COMPARISON),
    ">=": (np.greater_equal, Binding.COMPARISON),
    "==": (np.equal, Binding.COMPARISON),
    "!=": (np.not_equal, Binding.COMPARISON),
}
_SIGN_OF = {ufunc: (sign, binding) for sign, (ufunc, binding) in _INFIX.items()}
# Where the operator ** has a shortcut of its own, which need not round as the ufunc does.
_SHORTCUTS = (-1, 0, 0.5, 1, 2)


def numpy_source(graph: Graph, name: str = "f", docstring: str | None = None) -> str:
    """A graph as the source of a NumPy function of its inputs.

    The names of the user's function are kept. Small constant arrays stand above the function; large ones are data,
    and become keyword parameters that the caller has to give. A branch that was taken on values becomes a check that
    raises `ValueError` where it would go another way.

    Args:
        graph: what to compute.
        name: of the function.
        docstring: its documentation, if any.

    Returns:
        Source that imports NumPy, and SciPy where the graph computes with a function of SciPy's. Several outputs make
        a tuple.

    Raises:
        SourceError: an operation of the user's own is not written with NumPy alone.

    >>> import numpy as np
    >>> from chainrule.calculus.graphs import graph
    >>> def loss(w, b, x):
    ...     z = w * x + b
    ...     return np.exp(-z)
    >>> print(numpy_source(graph(loss, 1.0, 2.0, 3.0), "loss"))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def loss(w, b, x):
        z = w * x + b
        return np.exp(-z)
    <BLANKLINE>
    """
    return numpy_program(graph, name, docstring).source


def numpy_program(
    graph: Graph,
    name: str = "f",
    docstring: str | None = None,
    leading: Sequence[Node] = (),
    guard_error: str = "ValueError",
    stand_alone: bool = True,
) -> Program:
    """As `numpy_source`, with the constants that the source refers to.

    Args:
        graph, name, docstring: see `numpy_source`.
        leading: nodes whose computation is written before the rest.
        guard_error: the exception that a guard raises.
        stand_alone: False lets the source refer to functions that have no text of their own; they are then among the
            program's constants.
    """
    return NumPyPrinter(graph, name, leading, guard_error, stand_alone).program(docstring)


class NumPyPrinter(InPlacePrinter):
    """Spells operations with NumPy."""

    module = "np"

    def __init__(self, graph: Graph, name: str, leading: Sequence[Node], guard_error: str, stand_alone: bool) -> None:
        super().__init__(graph, name, leading, guard_error)
        self.stand_alone = stand_alone
        self.functions: dict[str, str] = {}
        self.loops: dict[Any, str] = {}  # the names of the functions that run loops
        self._arrays: dict[Node, str] = {}
        self._array_text: list[str] = []
        self._keywords: list[str] = []
        self._real = not any(np.dtype(node.dtype).kind == "c" for node in graph.nodes)
        self._users: dict[Node, list[Node]] = {node: [] for node in graph.nodes}
        for node in graph.nodes:
            for operand in node.operands:
                self._users[operand].append(node)

    def head(self, docstring: str | None, keywords: Sequence[str] = ()) -> list[str]:
        """The `def` line, the docstring and what makes NumPy's numbers of Python's."""
        lines = super().head(docstring, ["*", *self._keywords] if self._keywords else keywords)
        return [*lines, *(f"    {line}" for line in self.numbers_of_numpy())]

    def numbers_of_numpy(self) -> list[str]:
        """Lines that make NumPy's numbers of the arguments, where Python's would raise."""
        if not any(_raises_on_python_numbers(node) for node in self.order):
            return []
        numbers = [
            (self.written[node].text, node.dtype)
            for node in self.graph.inputs
            if node.shape == () and node.dtype in (np.float64, np.float32) and self.uses[node]
        ]
        return [f"{name} = {dtype_literal(dtype)}({name})" for name, dtype in numbers]

    def above(self) -> list[str]:
        return [*self._array_text, *self.functions.values()]

    def is_literal(self, node: Node) -> bool:
        return node.is_constant or (node.shape == () and _name(node) in ("zeros_like", "ones_like"))

    def literal(self, node: Node, consumer: Node | None) -> Expression:
        if not node.is_constant:
            value = (int if isinstance(node.dtype, type) else node.dtype.type)(_name(node) == "ones_like")
        else:
            value = node.parameters["value"]
        if isinstance(node.dtype, type):
            return number_literal(value)
        if node.shape == () and node.dtype.kind in "biufc":
            # Beside an array of the same dtype a Python number gives the same result, and reads better.
            if consumer is not None and (self._keeps(consumer, node) or self._forgets(consumer, node)):
                return number_literal(_whole(short_number(np.asarray(value)[()]), _evaluate(consumer)))
            return scalar_literal(np.asarray(value)[()])
        return Expression(self._array(node) + (".copy()" if consumer is None else ""))

    def _keeps(self, consumer: Node, node: Node) -> bool:
        """Whether an operation has another operand that gives its result the dtype that `node` would give it."""
        return isinstance(consumer.primitive and consumer.primitive.evaluate, np.ufunc) and any(
            not isinstance(o.dtype, type) and o.dtype == node.dtype and not self.is_literal(o)
            for o in consumer.operands
            if o is not node
        )

    def _forgets(self, consumer: Node, node: Node) -> bool:
        """Whether the number that an operation makes of Python numbers and `node` meets that dtype at once."""
        if _evaluate(consumer) not in (np.add, np.subtract, np.multiply, np.divide) or consumer in self.roots:
            return False
        others = [o for o in consumer.operands if o is not node]
        if not all(isinstance(o.dtype, type) for o in others):
            return False
        if _evaluate(consumer) is np.divide and not (
            others and consumer.operands[1] is others[0] and static_number(others[0])
        ):
            return False
        return all(
            self._keeps(user, consumer)
            or _name(user) == "scatter"
            or (_name(user) == "expand_like" and user.dtype == np.float64)
            for user in self._users[consumer]
        )

    def _array(self, node: Node) -> str:
        """The name of a constant array: small ones are written above the function, large ones are parameters."""
        if node not in self._arrays:
            value = node.parameters["value"]
            text = array_literal(value) if isinstance(value, np.ndarray) else None
            name = self.names.take(node.name) if node.name else self.names.number("c")
            self._arrays[node] = name
            if text is None:
                self._keywords.append(name)
                self.constants[name] = value
            else:
                self._array_text.append(f"{name} = {text}\n")
        return self._arrays[node]

    def references(self, node: Node) -> Sequence[Node]:
        name = _name(node)
        if name == "cast_like":
            return node.operands[:1]
        followed = FOLLOWED.get(name)
        if followed is None:
            return node.operands
        if name == "scatter":
            return (self.models[node.operands[0]], *node.operands[1:])
        like = node.operands[followed]
        models = () if like.shape == () else (self.models[like],)
        return (*node.operands[:followed], *models)

    def spell(self, node: Node) -> Expression:
        special = SPELLINGS.get(_name(node))
        if special is not None:
            found = special(self, node)
            if found is not None:
                return found
        return self._operator(node) or self._call(node)

    def _operator(self, node: Node) -> Expression | None:
        evaluate, operands = _evaluate(node), node.operands
        if all(isinstance(operand.dtype, type) for operand in operands):
            return self._on_python_numbers(node)
        if evaluate in _SIGN_OF:
            return self._infix(node)
        if evaluate is np.negative:
            return Expression(f"-{self.operand(operands[0], Binding.SIGN, node)}", Binding.SIGN)
        if evaluate is np.square:
            if node.shape == ():
                x = self.atom(operands[0], node)
                return Expression(f"{x} * {x}", Binding.PRODUCT)
            return Expression(f"{self.operand(operands[0], Binding.POSTFIX, node)}**2", Binding.POWER)
        if evaluate is np.power and not _has_shortcut(node):
            base = self.operand(operands[0], Binding.POSTFIX, node)
            return Expression(f"{base}**{self.operand(operands[1], Binding.SIGN, node)}", Binding.POWER)
        return None

    def _infix(self, node: Node) -> Expression:
        sign, binding = _SIGN_OF[_evaluate(node)]
        left, right = node.operands
        if sign == "*" and _is_one(left) and self._forgets(node, left):
            return self.written[right]
        loosest = Binding.SUM if binding is Binding.COMPARISON else binding
        # Rounding depends on the order: a + (b + c) keeps its parentheses.
        tighter = Binding.SUM if binding is Binding.COMPARISON else Binding(min(b for b in Binding if b > binding))
        return Expression(f"{self.operand(left, loosest, node)} {sign} {self.operand(right, tighter, node)}", binding)

    def _on_python_numbers(self, node: Node) -> Expression | None:
        """Operators on Python's numbers give Python's numbers, which stay weak in NumPy's promotion."""
        if isinstance(node.dtype, type):
            evaluate = _evaluate(node)
            exact = evaluate in _SIGN_OF and evaluate not in (np.floor_divide, np.remainder)
            if exact and not (evaluate is np.divide and static_number(node.operands[1]) == 0):
                return self._infix(node)
            if evaluate is np.negative:
                return Expression(f"-{self.operand(node.operands[0], Binding.SIGN, node)}", Binding.SIGN)
            return Expression(f"{self._call(node).text}.item()", Binding.POSTFIX)
        return None

    def _call(self, node: Node) -> Expression:
        assert node.primitive is not None
        arguments = [self.operand(operand, consumer=node) for operand in node.operands]
        evaluate = node.primitive.evaluate
        if isinstance(evaluate, SciPyFunction):
            self.functions[evaluate.module] = f"import {evaluate.module}\n"
            first = [parameter_literal(node.parameters[name]) for name in evaluate.leading]
            return Expression(f"{evaluate.path}({', '.join([*first, *arguments])})")
        path = numpy_path(evaluate, node.primitive.name)
        if path is None and (call := passed_on(evaluate, arguments, node.parameters)) is not None:
            return Expression(call)
        if path is None:
            path = self._function(node)
            arguments += [f"{key}={parameter_literal(value)}" for key, value in node.parameters.items()]
        else:
            arguments += keyword_arguments(node)
        return Expression(f"{path}({', '.join(arguments)})")

    def _function(self, node: Node) -> str:
        assert node.primitive is not None
        evaluate = node.primitive.evaluate
        try:
            name, pieces = included_source(evaluate, self._real)
        except SourceError as error:
            if self.stand_alone:
                raise SourceError(f"{node.primitive.name}: {error}") from None
            # Two operations of the user's own may have one name.
            name = next((key for key, value in self.constants.items() if value is evaluate), "")
            name, pieces = name or self.names.take(f"_{node.primitive.name}"), {}
            self.constants[name] = evaluate
        self.take_along(pieces)
        return name

    def take_along(self, pieces: Mapping[str, str]) -> None:
        """Put functions that the source calls above it, by name."""
        for piece, text in pieces.items():
            if self.functions.setdefault(piece, text) != text:
                raise SourceError(f"two functions named {piece} are needed in one source: rename one of them")

    def shape_of(self, node: Node) -> str:
        """The code for a node's shape, asked of the nearest value that has it for sure."""
        return "()" if node.shape == () else f"{self.operand(self.models[node], Binding.ATOM, node)}.shape"

    def model(self, node: Node) -> str:
        return self.operand(self.models[node], Binding.ATOM, node)


def _is_one(node: Node) -> bool:
    """Whether it is the number 1 with a dtype of its own."""
    one = node.is_constant and node.shape == () and node.parameters["value"] == 1
    return bool(one) and not isinstance(node.dtype, type)


def _whole(value: Any, evaluate: Any) -> Any:
    """A float in a sum or product as an integer, where it is one: 2 for 2.0."""
    whole = type(value) is float and value.is_integer() and 0 < abs(value) <= 2**31
    return int(value) if whole and evaluate in (np.add, np.subtract, np.multiply, np.divide) else value


def _evaluate(node: Node) -> Any:
    assert node.primitive is not None
    return node.primitive.evaluate


def _has_shortcut(node: Node) -> bool:
    exponent = node.operands[1]
    if exponent.is_constant and exponent.shape == ():
        return exponent.parameters["value"] in _SHORTCUTS
    return node.shape == ()


def _raises_on_python_numbers(node: Node) -> bool:
    """Where NumPy's numbers give infinity and Python's raise: a scalar quotient or power."""
    evaluate = None if node.primitive is None else node.primitive.evaluate
    if node.shape != () or evaluate not in (np.divide, np.power, np.remainder, np.floor_divide):
        return False
    by = node.operands[1]
    return evaluate is np.power or not (_name(by) == "size" or (by.is_constant and by.parameters["value"] != 0))
