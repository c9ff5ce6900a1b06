"""One call of a function as a graph: every array among its arguments an input, under the name that its author gave."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule import ops, read  # noqa: F401  enters the primitives and the answers to NumPy
from chainrule.calculus.arguments import function_name
from chainrule.calculus.containers import flatten
from chainrule.core.graph import Graph
from chainrule.core.traced import Trace, Traced
from chainrule.errors import TraceError
from chainrule.read.boundary import naming_the_line
from chainrule.read.names import array_names
from chainrule.read.trace import graph_of_records

__all__ = ["Recorded", "parameter_names", "record"]


@dataclass(frozen=True, slots=True)
class Recorded:
    """What one call computes.

    Attributes:
        graph: its outputs are the traced parts of the result.
        values: of the graph's inputs.
        places: for each input the argument that it is part of: a position or a keyword.
        bare: the result is one traced value by itself.
        restore: the result as the function returns it, from the values of the graph's outputs.
        left: whether it looks at plain values, so that at other ones it may compute something else.
    """

    graph: Graph
    values: Sequence[Any]
    places: Sequence[int | str]
    bare: bool
    restore: Callable[[Sequence[Any]], Any]
    left: bool = False


def record(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    as_input: Callable[[Any, int | str, str], Any],
) -> Recorded:
    """Call a function on traced values and keep what it computes.

    Args:
        f: the function.
        args, kwargs: of the call.
        as_input: from a leaf of an argument, its place and its path to the array that is traced for it; None leaves
            the leaf as it is.

    Raises:
        TraceError: f cannot be followed, writes into an argument, or uses values of a trace around this one.
    """
    recording = Trace()
    recording.elsewhere = True
    inputs: list[Traced] = []
    places: list[int | str] = []
    names = parameter_names(f, len(args))

    def traced(place: int | str, value: Any) -> Any:
        path = place if isinstance(place, str) else names[place]
        leaves, rebuild = flatten(value, path)
        new = []
        for label, leaf in leaves:
            array = as_input(leaf, place, label)
            if array is not None:
                inputs.append(recording.input(array, label))
                places.append(place)
            new.append(leaf if array is None else inputs[-1])
        return rebuild(new)

    positional = [traced(i, value) for i, value in enumerate(args)]
    keywords = {key: traced(key, value) for key, value in kwargs.items()}
    try:
        with naming_the_line():
            result = f(*positional, **keywords)
    finally:
        records = recording.close()
    if recording.written:
        raise TraceError(f"{function_name(f)} writes into its argument")
    parts, rebuild = flatten(result, "the value")
    leaves = [leaf for _, leaf in parts]
    computed = [type(leaf) is Traced and leaf.record.trace is recording for leaf in leaves]
    outputs = [leaf for leaf, mine in zip(leaves, computed, strict=True) if mine]
    name = function_name(f)
    graph = graph_of_records(records, inputs, outputs, recording.guards, recording, name, array_names(f))
    others = [leaf for leaf, mine in zip(leaves, computed, strict=True) if not mine]
    others += [node.parameters["value"] for node in graph.nodes if node.is_constant]
    if any(type(value) is Traced for value in others):
        raise TraceError(f"{name} uses a value of a trace around it")

    def restore(values: Sequence[Any]) -> Any:
        new = iter(values)
        return rebuild([next(new) if mine else leaf for leaf, mine in zip(leaves, computed, strict=True)])

    return Recorded(graph, [leaf.value for leaf in inputs], places, type(result) is Traced, restore, recording.left)


def parameter_names(f: Callable[..., Any], count: int) -> list[str]:
    """The names of the first positional parameters of a function; x0, x1, ... where it has none."""
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        parameters = ()  # type: ignore[assignment]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [names[i] if i < len(names) else f"x{i}" for i in range(count)]
