"""Functions that emitted source takes along: an operation's own `def`, with what it refers to.

An operation that is no NumPy function is evaluated by a top-level function written with NumPy alone, so its text can
stand in any file. Type hints are cut out: they would need imports.
"""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import math
import textwrap
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from chainrule.core.library import SciPyFunction
from chainrule.emit.literals import parameter_literal
from chainrule.errors import SourceError

__all__ = ["included_source", "numpy_path"]

_MODULES = (("np", np), ("math", math))
_NAMESPACES = (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft))


@lru_cache(maxsize=512)
def numpy_path(function: Callable[..., Any], preferred: str) -> str | None:
    """Where NumPy offers a function: `np.linalg.solve`; None if it is no function of NumPy's."""
    for path, namespace in _NAMESPACES:
        for name in (preferred, getattr(function, "__name__", "")):
            if name and getattr(namespace, name, None) is function:
                return f"{path}.{name}"
    return None


@lru_cache(maxsize=512)
def included_source(function: Callable[..., Any], real: bool = False) -> tuple[str, dict[str, str]]:
    """The name of a function in emitted source, and every piece that it needs by name, itself last.

    Args:
        function: a top-level function.
        real: whether it is called with real numbers only: an `if np.iscomplexobj(...)` at its beginning is left out.

    Raises:
        SourceError: it is no plain function, or refers to something that has no text of its own.
    """
    pieces: dict[str, str] = {}
    _include(function, pieces, (), real)
    return function.__name__, pieces


def _include(function: Any, pieces: dict[str, str], inside: tuple[str, ...], real: bool) -> None:
    name = getattr(function, "__name__", type(function).__name__)
    if not isinstance(function, FunctionType) or name == "<lambda>" or function.__closure__:
        raise SourceError(
            f"{name} cannot be written as stand-alone source: it is not a function of a module, written with def\n"
            "  write it as a top-level def that uses NumPy alone"
        )
    if name in pieces or name in inside:
        return
    text = _text(function, real)
    for wanted in dict.fromkeys(_globals(compile(text, name, "exec"))):
        if wanted == name:
            continue
        if wanted not in function.__globals__:
            if not hasattr(builtins, wanted):
                raise SourceError(f"{name} refers to {wanted!r}, which is not defined")
            continue
        value = function.__globals__[wanted]
        if (wanted, value) in _MODULES:
            continue
        if isinstance(value, SciPyFunction):
            pieces[value.module] = f"import {value.module}\n"
            pieces[wanted] = f"{wanted} = {value.path}\n"
            continue
        if isinstance(value, FunctionType) and value.__name__ == wanted:
            _include(value, pieces, (*inside, name), real)
            continue
        try:
            pieces[wanted] = f"{wanted} = {parameter_literal(value)}\n"
        except SourceError:
            raise SourceError(
                f"{name} cannot be written as stand-alone source: it refers to {wanted!r}, which is neither NumPy "
                "nor a number\n  write it with NumPy alone"
            ) from None
    pieces[name] = text


def _globals(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _globals(constant)


def _text(function: FunctionType, real: bool) -> str:
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        raise SourceError(f"the source of {function.__name__} is not at hand, so it cannot be taken along") from None
    lines = source.encode().splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    raw = source.encode()

    def at(line: int, column: int) -> int:
        return starts[line - 1] + column

    cuts: list[tuple[int, int]] = []
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None:
            cuts.append((at(node.lineno, node.col_offset) + len(node.arg.encode()), _end(node.annotation, at)))
        elif isinstance(node, ast.FunctionDef) and node.returns is not None:
            start = raw.rfind(b"->", 0, at(node.returns.lineno, node.returns.col_offset))
            cuts.append((len(raw[:start].rstrip()), _end(node.returns, at)))
        elif isinstance(node, ast.AnnAssign):
            cuts.append((_end(node.target, at), _end(node.annotation, at)))
    definition = tree.body[0]
    if isinstance(definition, ast.FunctionDef) and definition.decorator_list:
        raise SourceError(f"{function.__name__} has a decorator, so it cannot be taken along as source")
    if real and isinstance(definition, ast.FunctionDef) and _is_for_complex(definition.body[0]):
        branch = at(definition.body[0].lineno, 0), at(definition.body[1].lineno, 0)
        cuts = [*(cut for cut in cuts if not branch[0] <= cut[0] < branch[1]), branch]
    for start, end in sorted(cuts, reverse=True):
        raw = raw[:start] + raw[end:]
    return raw.decode().rstrip() + "\n"


def _is_for_complex(first: ast.stmt) -> bool:
    return isinstance(first, ast.If) and not first.orelse and ast.unparse(first.test).startswith("np.iscomplexobj(")


def _end(node: ast.expr, at: Callable[[int, int], int]) -> int:
    return at(node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
