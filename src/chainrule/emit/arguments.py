"""The static parameters of NumPy's functions as arguments, as a person writes them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from chainrule.core.axes import reduction
from chainrule.core.graph import Node
from chainrule.emit.literals import parameter_literal

__all__ = ["index_argument", "is_default", "keyword_arguments"]

_POSITIONAL = {"shape", "axes", "indices_or_sections"}


@lru_cache(maxsize=512)
def _defaults(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return {}
    return {p.name: p.default for p in parameters}


def is_default(function: Any, key: str, value: Any) -> bool:
    """Whether a parameter of a function has the value that it has anyway."""
    if key == "keepdims" and value is False:
        return True
    default = _defaults(function).get(key, inspect.Parameter.empty)
    return type(default) is type(value) and bool(default == value)


def keyword_arguments(node: Node) -> list[str]:
    """The static parameters of a NumPy function, as a person writes them: no defaults, `axis=0` for `axis=(0,)`."""
    assert node.primitive is not None
    defaults = _defaults(node.primitive.evaluate)
    written: list[str] = []
    for key, value in node.parameters.items():
        if is_default(node.primitive.evaluate, key, value):
            continue
        if key == "axis" and isinstance(value, tuple):
            if node.primitive.shape is reduction and value == tuple(range(node.operands[0].ndim)):
                continue
            value = value[0] if len(value) == 1 else value
        literal = parameter_literal(value)
        place = len(node.operands) + len(written)
        in_place = list(defaults)[place : place + 1] == [key]
        positional = key in _POSITIONAL and in_place and not any("=" in argument for argument in written)
        written.append(literal if positional else f"{key}={literal}")
    return written


def index_argument(node: Node, index: str) -> str:
    """An index as an argument of a function: a slice has a form of its own there."""
    pattern = node.parameters["pattern"]
    if any(isinstance(part, slice) for part in pattern):
        return f"np.s_[{index}]"
    return index if len(pattern) == 1 else f"({index})"
