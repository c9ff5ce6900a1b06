"""The graph of a function, to look at and to run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from chainrule import ops, read  # noqa: F401  enters the primitives and the answers to NumPy
from chainrule.calculus.arguments import differentiable, function_name
from chainrule.calculus.containers import flatten, is_container
from chainrule.calculus.functions import as_function
from chainrule.core.graph import Graph as CoreGraph, Node
from chainrule.errors import ArgumentError, DegeneracyError, NotScalarError
from chainrule.passes.evaluate import evaluate
from chainrule.read.boundary import naming_the_line
from chainrule.read.draws import saying_what_is_drawn
from chainrule.read.trace import trace
from chainrule.views.drawing.diagram import diagram
from chainrule.views.drawing.layered import Direction, layered
from chainrule.views.drawing.scene import scene
from chainrule.views.drawing.svg import svg
from chainrule.views.passes_table import Passes, passes
from chainrule.views.text import formula_text
from chainrule.views.tree import DerivativeNotation
from chainrule.views.write import derivative_name, formula

__all__ = ["Graph", "graph"]


@dataclass(frozen=True, eq=False)
class Graph(CoreGraph):
    """The computational graph of a function, made by `graph`; prints as a formula.

    Attributes:
        inputs: the input nodes, in the order of the arguments.
        nodes: all nodes, operands before their uses.
        outputs: the nodes of the results.
        guards: the branches taken on values while it was traced; it holds where they hold.
        name: of the function, or the formula.
        arguments: the values it was traced at, by name.

    >>> import chainrule as cr
    >>> line = cr.graph(lambda w, x: w * x + 1, 2.0, 3.0)
    >>> print(line)
    f(w, x) = w x + 1
    >>> line(x=5.0)
    np.float64(11.0)
    """

    arguments: tuple[tuple[str, Any], ...] = ()

    def __call__(self, **values: Any) -> Any:
        """The output at other values of some inputs; raises `GuardError` where they take another branch.

        Where values of a decomposition coincide and its vectors are read, the function itself is called: whether the
        choice of vectors matters is found by running it again.
        """
        given = self._with(values)
        try:
            outputs = evaluate(self, *given)
        except DegeneracyError:
            call = _calls.get(self)
            if call is None:  # a graph that was copied or unpickled
                raise
            with naming_the_line():
                outputs = tuple(call(*given))
        return outputs[0] if len(outputs) == 1 else outputs

    def forward_backward(self, **values: Any) -> Passes:
        """Both passes at the traced values, with those given by name in their place; the output must be a scalar.

        >>> import chainrule as cr
        >>> def squared_error(w, x, b, y):
        ...     y_hat = w * x + b
        ...     e = y - y_hat
        ...     L = e**2
        ...     return L
        >>> passes = cr.graph(squared_error, 1.0, 2.0, 1.0, 7.0).forward_backward()
        >>> passes.gradients["w"], passes.gradients["b"]
        (np.float64(-16.0), np.float64(-8.0))
        """
        if len(self.outputs) != 1 or self.outputs[0].shape != ():
            shapes = ", ".join(str(node.shape) for node in self.outputs)
            if not self.outputs:
                raise NotScalarError(f"{self.name} returns no number: a backward pass starts from one number")
            raise NotScalarError(
                f"{self.name} gives values of shape {shapes}: a backward pass starts from one number\n"
                "  reduce it (np.sum, np.mean), or use chainrule.vjp with a cotangent"
            )
        dtype = np.dtype(self.outputs[0].dtype)
        if dtype.kind not in "biufc":
            raise NotScalarError(
                f"{self.name} returns a value of dtype {dtype}: a backward pass starts from one number"
            )
        return passes(self, self._with(values))

    def to_svg(
        self,
        *,
        elementary: bool = False,
        direction: Direction | None = None,
        highlight: Collection[tuple[str, str]] = (),
        dark: bool | None = None,
    ) -> str:
        """The graph as a picture in SVG: values and gradients in the boxes, local derivatives on the arrows.

        Inputs have round corners, constants cut ones, results a double outline. Between arrays an arrow shows what is
        sent back for an incoming gradient g. Gradients need a result that is one number. In a picture of more than
        30 boxes what repeats is drawn once, with its count; where more than 50 are left, depths share a box.

        Args:
            elementary: one box for each operation, whatever names the function gave.
            direction: "down" or "right"; None takes the one that fits a page better.
            highlight: arrows to draw strongly, each as the name of what it leaves and of the step that it enters.
            dark: for a dark page, a light one, or None as the reader's system prefers.

        Raises:
            ArgumentError: no arrow goes between two names in `highlight`.
            MissingExtraError: the extra `plot` is not installed.

        >>> import chainrule as cr
        >>> picture = cr.graph("(w - 3)^2", w=1.0).to_svg()
        >>> "dv1/dw" in picture, picture.startswith("<svg ")
        (True, True)
        """
        arguments = [value for _, value in self.arguments]
        said = diagram(self, arguments, elementary=elementary, highlight=highlight)
        return svg(scene(layered(said, direction)), dark)

    def why_zero(self, name: str) -> str:
        """Why the derivative of the output by an input is zero, or "" if the input reaches the output smoothly."""
        if name not in dict(self.arguments):
            raise ArgumentError(f"{self.name} has no input {name!r}; it has {', '.join(dict(self.arguments))}")
        node = next(node for node in self.inputs if node.name == name)
        reached: dict[Node, Node | None] = {node: None}
        stopped: list[tuple[Node, str]] = []
        for later in self.nodes:
            if later.primitive is None or not any(operand in reached for operand in later.operands):
                continue
            if later.primitive.is_constant:
                stopped.append((later, later.primitive.name))
            else:
                reached[later] = None
        if any(output in reached for output in self.outputs):
            return ""
        if not stopped:
            return f"nothing that is computed from {name} is part of the value"
        stop, operation = stopped[0]
        where = f" ({stop.site})" if stop.site else ""
        return f"{name} reaches the value only through {operation}{where}, which is constant between its jumps"

    def _with(self, values: dict[str, Any]) -> list[Any]:
        given = dict(self.arguments)
        for name, value in values.items():
            leaves = [(name, value)] if not is_container(value) else flatten(value, name)[0]
            for path, leaf in leaves:
                if path not in given:
                    raise ArgumentError(f"{self.name} has no input {path!r}; it has {', '.join(given)}")
                given[path] = differentiable(leaf, path)
        return list(given.values())

    def formula(self, notation: str = "text", derivative: DerivativeNotation = "prime") -> str:
        r"""The outputs as a formula, in "text", "unicode", "latex" (for math mode) or "mathml".

        >>> import numpy as np, chainrule as cr
        >>> print(cr.graph(lambda sigma, x: np.sqrt(x) / sigma**2, 1.0, 2.0).formula("latex"))
        \frac{\sqrt{x}}{\sigma^{2}}
        """
        return formula(self, notation, derivative)

    def _repr_latex_(self) -> str:
        arguments = ", ".join(formula(node, "latex") for node in self.inputs)
        return f"${derivative_name(self.name, [], 'latex')}({arguments}) = {formula(self, 'latex')}$"

    def __str__(self) -> str:
        guards = "".join(f"\nvalid where {formula_text(g.node)} is {g.outcome}" for g in self.guards)
        return f"{self.name}({', '.join(node.name for node in self.inputs)}) = {formula_text(self)}{guards}"


def graph(f: Callable[..., Any] | str, *args: Any, **kwargs: Any) -> Graph:
    """The computational graph of f at the given arguments.

    Args:
        f: an ordinary NumPy function, or a formula.
        args: its arguments: numbers, arrays, containers of arrays; anything else is passed on as it is.
        kwargs: those that are given by name.

    Returns:
        A `Graph` with one input for every array. Branches that Python takes on values are recorded as guards.

    Raises:
        TraceError: f does something that cannot be followed; its line is named.

    >>> import numpy as np, chainrule as cr
    >>> print(cr.graph(lambda x: np.exp(-x) * 2, 1.0))
    f(x) = e^(-x)*2
    """
    function = as_function(f)
    names = _names(function, args, kwargs)
    leaves: list[tuple[str, Any]] = []
    builders: list[Any] = []
    for name, value in names:
        if is_container(value):
            parts, rebuild = flatten(value, name)
            numeric = [(path, leaf) for path, leaf in parts if _numeric(leaf)]
            if len(numeric) == len(parts):
                builders.append((name, rebuild, len(parts), None))
                leaves.extend((path, differentiable(leaf, path)) for path, leaf in parts)
                continue
        elif _numeric(value):
            builders.append((name, lambda new: new[0], 1, None))
            leaves.append((name, differentiable(value, name)))
            continue
        builders.append((name, None, 0, value))
    positional = len(args)

    def call(*traced: Any) -> Any:
        values = []
        start = 0
        for _, rebuild, count, fixed in builders:
            values.append(fixed if rebuild is None else rebuild(traced[start : start + count]))
            start += count
        keywords = {name: v for (name, *_), v in zip(builders[positional:], values[positional:], strict=True)}
        return [leaf for _, leaf in flatten(function(*values[:positional], **keywords), "the value")[0]]

    with naming_the_line(), saying_what_is_drawn(function):
        made, _ = trace(
            call, [leaf for _, leaf in leaves], [path for path, _ in leaves], function_name(function), function
        )
    found = Graph(made.inputs, made.outputs, made.guards, made.name, arguments=tuple(leaves))
    _calls[found] = call
    return found


# The functions behind graphs, of their leaves: a graph is data, which is compared, copied and pickled without it.
_calls: WeakKeyDictionary[Graph, Callable[..., list[Any]]] = WeakKeyDictionary()


def _numeric(value: Any) -> bool:
    return isinstance(value, (float, complex, int, np.ndarray, np.generic)) and not isinstance(value, (bool, np.bool_))


def _names(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[tuple[str, Any]]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names: list[str] = []
    for i in range(len(args)):
        named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        names.append(named[i] if i < len(named) else f"x{i}")
    return [*zip(names, args, strict=True), *kwargs.items()]
