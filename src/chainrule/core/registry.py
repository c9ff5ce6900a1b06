"""The table of primitives, and the namespaces that rules are written with.

A derivative rule receives one of them as `F`: `evaluating` computes (and records, where an operand is traced),
`building` makes the nodes of a graph, and `plain` computes on arrays of which none is traced: `evaluating` without
the question. Rules never import operations, so files of operations never import each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.core.primitive import Primitive

__all__ = ["Namespace", "building", "evaluating", "plain", "primitives", "register"]


class Namespace:
    """Every primitive as an attribute: `F.cos(x)`."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"no primitive is named {name!r}")

    def __repr__(self) -> str:
        return f"F ({self._kind})"


evaluating = Namespace("evaluating")
building = Namespace("building")
plain = Namespace("plain")
_table: dict[str, Primitive] = {}


def register(primitive: Primitive, build: Any) -> None:
    """Enter a primitive in the table and in the namespaces; raises `ArgumentError` for a name already taken."""
    if primitive.name in _table:
        raise ArgumentError(f"a primitive named {primitive.name!r} exists already")
    _table[primitive.name] = primitive
    setattr(evaluating, primitive.name, primitive)
    setattr(building, primitive.name, build)
    setattr(plain, primitive.name, primitive.compute)


def primitives() -> dict[str, Primitive]:
    """Every registered primitive by name, in the order of registration."""
    return dict(_table)
