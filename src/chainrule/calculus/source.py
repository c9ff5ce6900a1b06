"""Stand-alone source of a function and its gradient: code to read, to keep, and to run without chainrule."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from chainrule.calculus.arguments import Argnums, Selection, differentiable, function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import scalar
from chainrule.calculus.recording import Recorded, record
from chainrule.core.graph import Graph, Node, lift
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.emit.code import function_from_source
from chainrule.emit.layout import Program
from chainrule.emit.numpy import numpy_program
from chainrule.emit.python import python_program
from chainrule.errors import ArgumentError, GraphError, SourceError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import pull, records_of
from chainrule.passes.shifts import idle
from chainrule.passes.simplify import simplify_to_run

__all__ = ["source"]

_LANGUAGES = ("numpy", "python")
_WHAT = ("gradient", "value", "both")


def source(
    f: Callable[..., Any] | str,
    *args: Any,
    language: Literal["numpy", "python"] = "numpy",
    what: Literal["gradient", "value", "both"] = "gradient",
    argnums: Argnums | None = None,
    **kwargs: Any,
) -> str:
    """Source code of the gradient of f that runs without chainrule.

    The code keeps the names of the user's function, computes forward and then backward, and has a docstring with the
    shapes. It was run at the arguments given, and agreed with the graph, before it is returned. Where f branches on
    values it holds for the branch taken here, and raises `ValueError` elsewhere. Large arrays that f finds around it
    become keyword parameters.

    Args:
        f: an ordinary NumPy function or a formula.
        args: arguments of the shapes and dtypes that the code is for. A formula needs none.
        kwargs: those that are given by name.
        language: "numpy", or "python" for functions of numbers: plain Python with `math`.
        what: "gradient", "value", or "both": the value first, then the derivatives.
        argnums: what to differentiate by, by position or name; by default the first argument of a function, and
            every variable of a formula.

    Returns:
        The text of a module with one function to call.

    Raises:
        NotScalarError: the value of f is no scalar, which has no gradient.
        SourceError: an operation cannot be written in the language; it is named.
        TraceError: f cannot be followed; the line is named.

    >>> import numpy as np
    >>> def loss(w, x, y):
    ...     e = y - w * x
    ...     return e**2
    >>> text = source(loss, 1.0, 2.0, 3.0)
    >>> namespace = {}
    >>> exec(text, namespace)
    >>> namespace["grad_loss"](1.0, 2.0, 3.0)
    -4.0
    """
    if language not in _LANGUAGES or what not in _WHAT:
        raise ArgumentError(f"language is one of {', '.join(_LANGUAGES)}, and what one of {', '.join(_WHAT)}")
    function = as_function(f)
    if isinstance(f, str) and not args and not kwargs:
        args = _sample_point(function)
    if argnums is None:
        argnums = tuple(range(len(args))) if isinstance(f, str) and len(args) > 1 else 0
    selected = set() if what == "value" else set(Selection(function, argnums).places(args, kwargs))

    def as_input(leaf: Any, place: int | str, path: str) -> Any:
        if place in selected:
            return differentiable(leaf, path)
        if isinstance(leaf, (bool, str)) or not isinstance(leaf, (int, float, complex, np.ndarray, np.generic)):
            return None
        array = np.asarray(leaf)
        return array[()] if array.dtype.kind in "biufc" else None

    with np.errstate(all="ignore"):  # the text is what is asked for, not the value at this point
        recorded = record(function, args, kwargs, as_input)
    name = "f" if isinstance(f, str) else function_name(function)
    program, graph = _program(recorded, selected, name, language, what)
    _check(program, graph, recorded.values, language)
    return program.source


def _program(
    recorded: Recorded, selected: set[int | str], name: str, language: str, what: str
) -> tuple[Program, Graph]:
    # What the function returns is written even where no input reaches it.
    returned = flatten(recorded.restore(recorded.graph.outputs))[0]
    forward = replace(recorded.graph, outputs=tuple(lift(leaf) for _, leaf in returned))
    title = {"value": name, "gradient": f"grad_{name}", "both": f"value_and_grad_{name}"}[what]
    wrt: list[Node] = []
    if what == "value":
        graph = forward
    else:
        if not recorded.bare:
            traced = recorded.graph.outputs
            scalar(recorded.restore([np.zeros(node.shape, node.dtype)[()] for node in traced]), name)
        (output,) = forward.outputs
        scalar(np.zeros(output.shape, output.dtype)[()], name)
        wrt = [node for node, place in zip(forward.inputs, recorded.places, strict=True) if place in selected]
        value = (output,) if what == "both" else ()
        if value and output.primitive is not None and not output.name:
            output.name = "value"  # the recording is nobody else's
        graph = Graph(forward.inputs, (*value, *_cotangents(forward, wrt)), forward.guards, title)
    graph, leading = simplify_to_run(graph, forward.nodes)
    for node, variable in zip(graph.outputs[len(graph.outputs) - len(wrt) :], wrt, strict=True):
        if node.primitive is not None and node not in leading:
            node.name = f"grad_{variable.name}"  # whatever it is on the way
    by = [] if what == "value" else [node.name for node in wrt]
    if language == "python":
        return python_program(graph, title, _describe(graph, name, what, by, {}), leading), graph
    constants = numpy_program(graph, title, None, leading).constants
    return numpy_program(graph, title, _describe(graph, name, what, by, constants), leading), graph


def _cotangents(graph: Graph, wrt: Sequence[Node]) -> tuple[Node, ...]:
    """The gradient by `wrt`; the cotangents of what the user named are named after it: grad_e for e."""
    records = records_of(graph, wrt, idle(graph))
    forward = set(graph.nodes)
    (output,) = graph.outputs
    last: dict[str, Node] = {}

    def note(record: Record, cotangent: Any, mask: Any, contributions: Sequence[Any]) -> None:
        if isinstance(cotangent, Node) and record.value.name:
            last[record.value.name] = cotangent

    found: dict[Record, Any] = {}
    if output in records:
        try:
            found = pull(list(records.values()), {records[output]: building.ones_like(output)}, building, note)
        except TypeError as error:
            if "Node" not in str(error):
                raise
            raise SourceError(
                f"the derivative of {graph.name} cannot be written as stand-alone source: a rule of your own uses "
                "NumPy functions, which work on arrays alone\n  chainrule.grad computes it without source"
            ) from error
    gradients = tuple(
        found[records[node]] if node in records and records[node] in found else building.zeros_like(node)
        for node in wrt
    )
    for name, node in reversed(list(last.items())):
        # These nodes were made a moment ago and nobody else holds them, so they may still be named.
        if node not in forward and not node.name and node.primitive is not None:
            node.name = f"grad_{name}"
    return gradients


def _describe(graph: Graph, name: str, what: str, wrt: Sequence[str], constants: Mapping[str, Any]) -> str:
    by = ", ".join(wrt)
    title = {
        "value": f"The value of {name}.",
        "gradient": f"The gradient of {name} with respect to {by}.",
        "both": f"The value of {name} and its gradient with respect to {by}.",
    }[what]
    lines = [f"{node.name}: {_form(node)}" for node in graph.inputs]
    lines += [f"{key}: {_form(array)}, a constant of {name}" for key, array in constants.items()]
    arguments = "\n".join(f"    {line}" for line in lines)
    results = [*(["the value"] if what != "gradient" else []), *(f"the derivative by {name}" for name in wrt)]
    if what == "value":
        results = ["the value"] * len(graph.outputs)
    forms = [f"    {text}: {_form(node)}" for text, node in zip(results, graph.outputs, strict=True)]
    return f"{title}\n\nArgs:\n{arguments}\n\nReturns:\n" + "\n".join(forms)


def _form(node: Any) -> str:
    dtype = np.dtype(node.dtype).name
    return f"{dtype} array of shape {node.shape}" if node.shape else f"{dtype} number"


def _check(program: Program, graph: Graph, values: Sequence[Any], language: str) -> None:
    """Run the code at the arguments given; raise `GraphError` if it does not give what the graph gives."""
    run = function_from_source(program.source, program.name, program.constants)
    with np.errstate(all="ignore"):
        want = evaluate(graph, *values)
        found = run(*(map(float, values) if language == "python" else values))
    got = found if len(graph.outputs) != 1 else (found,)
    for value, expected in zip(got, want, strict=True):
        finite = np.abs(expected)[np.isfinite(expected)]
        scale = np.max(finite, initial=0.0)
        # math and NumPy may round differently, and NumPy sums in the order in which an array lies in memory.
        inexact = np.asarray(expected).dtype.kind in "fc"
        tolerance = 4096 * float(np.finfo(np.asarray(expected).dtype).eps) if inexact else 0.0
        if not np.allclose(value, expected, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            raise GraphError(f"the emitted source of {graph.name} gives {value!r}, and its graph {expected!r}")


def _sample_point(function: Callable[..., Any]) -> tuple[Any, ...]:
    """A point where the formula has a finite value; its digits do not matter, since no shape depends on them."""
    count = len(inspect.signature(function).parameters)
    points = [
        tuple(np.float64((start + 0.19 * i) * sign**i) for i in range(count))
        for start in (0.7, 1.7, -0.7, 0.3, 0.05)
        for sign in (1, -1)
    ]
    with np.errstate(all="ignore"):
        return next((point for point in points if np.all(np.isfinite(function(*point)))), points[0])
