"""Functions that only pass their arguments on: a call of NumPy's own function is written in their place.

`return np.sort(x, axis=axis)` becomes `np.sort(v, axis=0)`. What does more than that is taken along as it is.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import FunctionType
from typing import Any

import numpy as np

from chainrule.emit.arguments import is_default
from chainrule.emit.literals import parameter_literal

__all__ = ["passed_on"]


def passed_on(function: Callable[..., Any], operands: Sequence[str], parameters: Mapping[str, Any]) -> str | None:
    """The call that a function makes, with these operands and parameters; None if it does anything else.

    >>> def ordered(x, axis):
    ...     return np.sort(x, axis=axis)
    >>> passed_on(ordered, ["v"], {"axis": 0})
    'np.sort(v, axis=0)'
    """
    found = _call(function) if isinstance(function, FunctionType) else None
    if found is None:
        return None
    call, index = found
    texts: dict[str, str] = {}
    waiting = list(operands)
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            texts[name], waiting = f"[{', '.join(waiting)}]", []
        elif name in parameters:
            texts[name] = parameter_literal(parameters[name])
        elif waiting:
            texts[name] = waiting.pop(0)
    called = _numpy_function(call.func)
    arguments = [_argument(argument, texts) for argument in call.args]
    for keyword in call.keywords:
        value = keyword.value
        given = parameters.get(value.id) if isinstance(value, ast.Name) else None
        if not is_default(called, str(keyword.arg), given):
            arguments.append(f"{keyword.arg}={_argument(value, texts)}")
    return f"{ast.unparse(call.func)}({', '.join(arguments)})" + (f"[{_argument(index, texts)}]" if index else "")


@lru_cache(maxsize=512)
def _call(function: FunctionType) -> tuple[ast.Call, ast.expr | None] | None:
    """The one call that makes up a function, and what it is indexed with; its arguments are parameters and numbers."""
    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    if not isinstance(definition, ast.FunctionDef) or len(definition.body) != 1:
        return None
    (statement,) = definition.body
    call: ast.expr | None = statement.value if isinstance(statement, ast.Return) else None
    index: ast.expr | None = None
    if isinstance(call, ast.Subscript):
        index, call = call.slice, call.value
    if not isinstance(call, ast.Call) or _numpy_function(call.func) is None:
        return None
    parts = [*call.args, *(keyword.value for keyword in call.keywords), *([index] if index else [])]
    names = [part.id for part in parts if isinstance(part, ast.Name)]
    simple = all(isinstance(part, (ast.Name, ast.Constant)) for part in parts)
    once = len(set(names)) == len(names) and set(names) == set(inspect.signature(function).parameters)
    return (call, index) if simple and once else None


def _numpy_function(function: ast.expr) -> Callable[..., Any] | None:
    """np.sort, np.linalg.slogdet and the like."""
    found: Any = {"np": np}.get(ast.unparse(function).partition(".")[0])
    for name in ast.unparse(function).split(".")[1:]:
        found = getattr(found, name, None)
    return found if callable(found) else None


def _argument(argument: ast.expr, texts: Mapping[str, str]) -> str:
    return texts[argument.id] if isinstance(argument, ast.Name) else ast.unparse(argument)
