"""Containers of arrays: dicts, lists, tuples, named tuples and dataclasses, nested, taken apart and rebuilt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from chainrule.errors import ArgumentError

__all__ = ["Rebuild", "flatten", "is_container", "leaves_like", "map_leaves"]

Rebuild = Callable[[Sequence[Any]], Any]


def is_container(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple)) or (dataclasses.is_dataclass(value) and not isinstance(value, type))


def flatten(value: Any, path: str = "") -> tuple[list[tuple[str, Any]], Rebuild]:
    """The leaves of a container with their paths, and a function that puts new leaves in their places.

    Dictionaries keep their order. None is an empty container.

    >>> leaves, rebuild = flatten({"w": 1.0, "layers": [2.0, 3.0]})
    >>> leaves
    [('w', 1.0), ('layers[0]', 2.0), ('layers[1]', 3.0)]
    >>> rebuild([10.0, 20.0, 30.0])
    {'w': 10.0, 'layers': [20.0, 30.0]}
    """
    leaves: list[tuple[str, Any]] = []
    rebuild = _take_apart(value, path, leaves, ())
    return leaves, lambda new: rebuild(iter(new))


def map_leaves(function: Callable[..., Any], value: Any, *others: Any) -> Any:
    """Apply a function to each leaf, and to the leaves of further containers of the same structure.

    >>> map_leaves(lambda a, b: a + b, {"w": 1.0}, {"w": 2.0})
    {'w': 3.0}
    """
    leaves, rebuild = flatten(value)
    columns = [flatten(other)[0] for other in others]
    for column in columns:
        if [path for path, _ in column] != [path for path, _ in leaves]:
            raise ArgumentError(
                f"containers of different structure: {[p for p, _ in leaves]} and {[p for p, _ in column]}"
            )
    return rebuild([function(leaf, *(column[i][1] for column in columns)) for i, (_, leaf) in enumerate(leaves)])


def leaves_like(paths: Sequence[str], value: Any, what: str) -> list[Any]:
    """The leaves of a container in the order of `paths`, those of another one with the same parts.

    Raises `ArgumentError`, with `what` in it, where the two do not have the same parts.

    >>> leaves_like(["w", "b"], {"b": 1.0, "w": 2.0}, "the tangent")
    [2.0, 1.0]
    """
    found = dict(flatten(value)[0])
    if found.keys() != set(paths):
        raise ArgumentError(f"{what} has the parts {_listed(found)}, expected {_listed(paths)}")
    return [found[path] for path in paths]


def _listed(paths: Iterable[str]) -> str:
    return ", ".join(path or "(one array)" for path in paths) or "none"


def _take_apart(
    value: Any, path: str, leaves: list[tuple[str, Any]], inside: tuple[int, ...]
) -> Callable[[Iterator[Any]], Any]:
    if value is None:
        return lambda new: None
    if not is_container(value):
        leaves.append((path, value))
        return next
    if id(value) in inside:
        raise ArgumentError(f"the container at {path or 'the top'} contains itself")
    inside = (*inside, id(value))
    if isinstance(value, dict):
        parts = [
            (key, _take_apart(v, f"{path}.{key}" if path else str(key), leaves, inside)) for key, v in value.items()
        ]
        kind = type(value)
        return lambda new: kind((key, part(new)) for key, part in parts)
    if isinstance(value, (list, tuple)):
        items = [_take_apart(v, f"{path}[{i}]", leaves, inside) for i, v in enumerate(value)]
        if isinstance(value, list):
            return lambda new: [item(new) for item in items]
        if hasattr(value, "_fields"):
            named = type(value)
            return lambda new: named(*(item(new) for item in items))
        return lambda new: tuple(item(new) for item in items)
    fields = [
        (f.name, _take_apart(getattr(value, f.name), f"{path}.{f.name}" if path else f.name, leaves, inside))
        for f in dataclasses.fields(value)
        if f.init
    ]
    return lambda new: dataclasses.replace(value, **{name: part(new) for name, part in fields})
