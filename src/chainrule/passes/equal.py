"""When two nodes of a graph are equal, and so one: the same primitive of the same operands, with equal parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.primitive import Primitive

__all__ = ["node_key"]


def node_key(primitive: Primitive, operands: Sequence[Node], parameters: Mapping[str, Any]) -> Any:
    """A key that equal nodes share; arrays among the parameters are compared by identity."""
    if not parameters:
        return (primitive, *operands)
    return (primitive, *operands, *((name, _frozen(parameters[name])) for name in sorted(parameters)))


def _frozen(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return (type(value).__name__, *map(_frozen, value))
    if isinstance(value, slice):  # not hashable before Python 3.12
        return ("slice", value.start, value.stop, value.step)
    if isinstance(value, (bool, int, float, complex, str, np.generic)):
        return (type(value).__name__, repr(value))
    return id(value)
