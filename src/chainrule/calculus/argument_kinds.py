"""Kinds of arguments: what two calls have in common that can run the same code."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from chainrule.calculus.containers import is_container

__all__ = ["NotCompilableError", "description", "is_input", "kind_of_call", "without_lengths"]

_ARRAYS = (np.ndarray, np.memmap)  # a memmap is an array whose numbers lie in a file
_STATIC = (bool, int, complex, str, bytes, type(None), type(Ellipsis))
# Functions are what they are by their code: what they find around them is captured, as for the compiled one.
_UNCHANGING = (
    *(Enum, type, ModuleType, FunctionType, BuiltinFunctionType, type(np.sum), np.ufunc),
    *(range, np.dtype, np.str_, np.bytes_, np.datetime64, np.timedelta64),
)


class NotCompilableError(Exception):
    """Arguments that a compiled function hands to the function itself; `kind` is the type that is why, to tell."""

    def __init__(self, kind: type | None = None, reason: str = "") -> None:
        super().__init__()
        self.kind = kind
        self.reason = (
            reason or f"what a {kind.__name__ if kind else ''} holds may change from call to call: pass its arrays"
        )


def is_input(leaf: Any, weak: bool) -> bool:
    """Whether a leaf of an argument is traced: an array, a number of NumPy's, a float that need not stay Python's."""
    if type(leaf) is float:
        return not weak
    return (type(leaf) in _ARRAYS or isinstance(leaf, np.generic)) and leaf.dtype.kind in "biufc"


def kind_of_call(args: Sequence[Any], kwargs: Mapping[str, Any], leaves: list[Any], weak: bool) -> Hashable:
    """What two calls have in common that can run the same code; collects the arrays in order."""
    return (
        tuple([_kind_of(value, leaves, weak) for value in args]),
        tuple([(key, _kind_of(value, leaves, weak)) for key, value in kwargs.items()]),
    )


def _kind_of(value: Any, leaves: list[Any], weak: bool) -> Hashable:
    kind = type(value)
    if kind is float:
        if weak:
            return (float, value.hex())
        leaves.append(value)
        return float
    if is_input(value, weak):
        leaves.append(value.view(np.ndarray) if kind is np.memmap else value)
        return (value.dtype, None if isinstance(value, np.generic) else value.shape)
    if kind in _STATIC:
        return (kind, value)
    if isinstance(value, dict):
        return (kind, tuple([(_plain(key), _kind_of(part, leaves, weak)) for key, part in value.items()]))
    if isinstance(value, (list, tuple)):
        return (kind, tuple([_kind_of(part, leaves, weak) for part in value]))
    if is_container(value):
        fields = [f.name for f in dataclasses.fields(value) if f.init]
        return (kind, tuple([(name, _kind_of(getattr(value, name), leaves, weak)) for name in fields]))
    if isinstance(value, np.ndarray):
        named = f"dtype {value.dtype}" if kind in _ARRAYS else kind.__name__
        raise NotCompilableError(kind, f"an array of {named} is not traced: pass one of numbers, a plain np.ndarray")
    if hasattr(value, "__array_ufunc__") or hasattr(value, "__array__") or kind.__module__.startswith("numpy.random"):
        raise NotCompilableError  # a traced value, an array of another library, a state that changes from call to call
    return _plain(value)


def _plain(value: Any) -> Hashable:
    """A value that never changes, to be compared by value: equal objects of other types may hold what does change."""
    kind = type(value)
    if kind in _STATIC:
        return (kind, value)
    if kind is float:
        return (float, value.hex())
    if kind in (tuple, frozenset):
        return (kind, kind(map(_plain, value)))
    if kind is slice:
        return (slice, _plain(value.start), _plain(value.stop), _plain(value.step))
    method_of_an_object = isinstance(value, BuiltinFunctionType) and not isinstance(value.__self__, (ModuleType, type))
    if isinstance(value, _UNCHANGING) and not method_of_an_object:
        return (kind, value)
    raise NotCompilableError(kind)


def without_lengths(kind: Hashable) -> Hashable:
    """A kind of arguments, with how many axes each array has and not how long they are."""
    if not isinstance(kind, tuple):
        return kind
    if len(kind) == 2 and isinstance(kind[0], np.dtype) and isinstance(kind[1], tuple):
        return (kind[0], len(kind[1]))
    return tuple([without_lengths(part) for part in kind])


def description(value: Any) -> str:
    """An argument, for the reader of a plan."""
    if isinstance(value, (np.ndarray, np.generic)):
        return f"{value.dtype} {value.shape}" if value.shape else str(value.dtype)
    if is_container(value):
        return type(value).__name__
    if type(value) is float:
        return "float"
    try:
        _plain(value)
    except (NotCompilableError, RecursionError):
        return type(value).__name__
    return f"{value!r:.30}"
