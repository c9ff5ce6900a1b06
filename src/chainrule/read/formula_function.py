"""A formula as a function of its variables."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError
from chainrule.read.formula import Formula, parse
from chainrule.read.shapes import ShapesLike

__all__ = ["FormulaFunction", "formula_function"]


def formula_function(
    text: str, variables: Sequence[str] | str | None = None, shapes: ShapesLike | None = None
) -> FormulaFunction:
    """The function that a formula defines, with its variables as parameters.

    Args:
        text: the formula, in any notation that `parse` reads.
        variables: the order of the parameters, and names that are variables whatever they look like; without it the
            parameters stand in the order of `shapes`, then in order of first appearance.
        shapes: shapes of variables, such as "X: N d, w: d"; it then takes arrays of any such sizes.

    Raises:
        FormulaError: the formula cannot be read, or shapes do not fit.
        LimitError: it is larger than a limit allows.

    >>> f = formula_function("x^2 exp(k x)")
    >>> f
    <formula x^2 exp(k x) of x, k>
    >>> float(f(3.0, k=0.0))
    9.0
    >>> loss = formula_function("mean((y - X w)^2)", shapes="X: N d, y: N, w: d")
    >>> float(loss(np.eye(2), np.array([1.0, 2.0]), np.zeros(2)))
    2.5
    """
    graph = parse(text, variables, shapes)
    return FormulaFunction(graph.name, graph)


class FormulaFunction:
    """A callable read from a formula: on numbers, on arrays and on traced values.

    Without declared shapes it computes each component by itself.

    Attributes:
        text: the formula as it was given, without a name before it.
        graph: the graph it was read into.
        variables: the names of its parameters.
    """

    __slots__ = (
        "__name__",
        "__qualname__",
        "__signature__",
        "_axes",
        "_output",
        "_steps",
        "graph",
        "text",
        "variables",
    )

    def __init__(self, text: str, graph: Formula) -> None:
        self.text = text
        self.graph = graph
        self.variables = tuple(node.name for node in graph.inputs)
        self.__name__ = self.__qualname__ = text
        self.__signature__ = inspect.Signature(
            [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in self.variables]
        )
        # Each step with the places of its operands: a call then looks nothing up.
        places = {node: place for place, node in enumerate(graph.nodes)}
        self._output = places[graph.outputs[0]]
        self._steps = [
            (None if node.primitive is None else getattr(evaluating, node.primitive.name),
             [places[operand] for operand in node.operands],
             node.parameters if node.primitive is not None else node.parameters.get("value", node.name))
            for node in graph.nodes
        ]  # fmt: skip
        self._axes = [
            (node.name, node.parameters["sizes"], node.shape) for node in graph.inputs if "sizes" in node.parameters
        ]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        given = dict(zip(self.variables, map(_real, args), strict=False))
        if kwargs or len(args) != len(self.variables):
            given |= self._by_keyword(args, kwargs)
        if self._axes:
            self._check_shapes(given)
        values: list[Any] = []
        for primitive, places, value in self._steps:
            if primitive is not None:
                values.append(primitive(*[values[place] for place in places], **value))
            else:
                values.append(given[value] if type(value) is str else value)
        return values[self._output]

    def _check_shapes(self, given: Mapping[str, Any]) -> None:
        """Raise `ArgumentError` where a value has not the declared axes, or a letter has two sizes."""
        sizes: dict[str, tuple[int, str]] = {}
        for name, letters, shape in self._axes:
            found = np.shape(given[name])
            declared = tuple(letter or n for letter, n in zip(letters, shape, strict=True))
            if len(found) != len(shape) or any(not a and n != m for a, n, m in zip(letters, found, shape, strict=True)):
                raise ArgumentError(
                    f"{name} has the shape {found}, and it is declared as {' '.join(map(str, declared))}"
                )
            for letter, n in zip(letters, found, strict=True):
                known, before = sizes.setdefault(letter, (n, name)) if letter else (n, name)
                if known != n:
                    raise ArgumentError(f"{letter} is {known} in {before} and {n} in {name}: they do not fit")

    def _by_keyword(self, args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        wanted = f"{self.text:.60} takes {', '.join(self.variables) or 'no arguments'}"
        if len(args) > len(self.variables):
            raise ArgumentError(f"{wanted}, not {len(args)} values")
        for name in kwargs:
            if name not in self.variables:
                raise ArgumentError(f"{wanted}; it has no variable {name!r}")
            if name in self.variables[: len(args)]:
                raise ArgumentError(f"{wanted}; {name} is given twice")
        missing = [name for name in self.variables[len(args) :] if name not in kwargs]
        if missing:
            raise ArgumentError(f"{wanted}; no value is given for {', '.join(missing)}")
        return {name: _real(value) for name, value in kwargs.items()}

    def __repr__(self) -> str:
        return f"<formula {self.text:.200} of {', '.join(self.variables) or 'no variables'}>"


def _real(value: Any) -> Any:
    """Integers become floats: a formula is read over the real numbers, where 2^-1 is 1/2."""
    if type(value) in (int, bool):
        try:
            return float(value)
        except OverflowError:
            raise ArgumentError(f"an integer of {value.bit_length()} bits is too large for a float64") from None
    if isinstance(value, (list, tuple)):
        value = np.asarray(value)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "iub":
        return value.astype(np.float64)
    return value
