"""Whether a function shows in its code that it does more than return a value of its arguments."""

from __future__ import annotations

import dis
from collections.abc import Callable
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from chainrule.calculus.compiled import Compiled

__all__ = ["has_effects"]

# Names by which a function shows that it does more, or returns another value each time.
_EFFECTS = frozenset({
    "print", "append", "extend", "insert", "remove", "pop", "clear", "add", "update", "setdefault", "write",
    "send", "input", "open", "setattr", "random", "rng", "default_rng", "normal", "uniform", "standard_normal",
    "integers", "randint", "randn", "rand", "choice", "permutation", "shuffle", "binomial", "next", "time",
    "perf_counter", "monotonic", "sleep", "warn", "info", "debug", "warning", "log_metric", "add_scalar",
})  # fmt: skip
_PLAIN = (
    *(np.ndarray, np.generic, np.dtype, np.ufunc, bool, int, float, complex, str, bytes, type(None), range, slice),
    *(ModuleType, BuiltinFunctionType, type),
)
_CONTAINERS = (list, dict, set, bytearray)
_OURS = ("chainrule", "numpy", "scipy", "builtins", "math")


def has_effects(function: Callable[..., Any]) -> bool:
    """Whether a function may do more than return a value of its arguments, as far as its code shows.

    It is followed into the functions that it finds around it. An object of a class that is not known may do anything.

    >>> quiet, loud = lambda w: w @ w, lambda w: print(w)
    >>> quiet.__module__ = loud.__module__ = "__main__"  # the user's: functions of the library are not looked at
    >>> has_effects(quiet), has_effects(loud)
    (False, True)
    """
    seen: set[int] = set()
    waiting: list[Any] = [function]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Compiled) or id(one) in seen or isinstance(one, _PLAIN):
            continue
        seen.add(id(one))
        if isinstance(one, CodeType):
            if _EFFECTS.intersection(one.co_names) or _stores(one):
                return True
            waiting += [part for part in one.co_consts if isinstance(part, CodeType)]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, partial):
            waiting += [one.func, *one.args, *one.keywords.values()]
        elif isinstance(one, MethodType):
            waiting += [one.__func__, one.__self__]
        elif _is_ours(one):
            continue
        elif isinstance(one, FunctionType):
            around = _around(one)
            if _writes(one.__code__) and any(isinstance(value, _CONTAINERS) for value in around):
                return True
            waiting += around
        else:
            return True
    return False


def _is_ours(one: Any) -> bool:
    module = one.__module__ if isinstance(one, FunctionType) else type(one).__module__
    # What a function of ours wraps is the user's again.
    return str(module).partition(".")[0] in _OURS and not getattr(one, "__wrapped__", None)


def _around(function: FunctionType) -> list[Any]:
    """The code of a function, and what it reads around it."""
    names = set(function.__code__.co_names)
    found: list[Any] = [function.__code__, function.__defaults__ or (), *(function.__kwdefaults__ or {}).values()]
    found += [value for name, value in function.__globals__.items() if name in names]
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # not yet assigned
            continue
    return found


def _writes(code: CodeType) -> bool:
    """Whether it writes into anything by index: into an array of its own, or into what it finds around it."""
    return any(step.opname in ("STORE_SUBSCR", "DELETE_SUBSCR") for step in dis.get_instructions(code))


def _stores(code: CodeType) -> bool:
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_GLOBAL", "STORE_ATTR", "DELETE_GLOBAL", "DELETE_ATTR"):
            return True
        if step.opname == "STORE_DEREF" and step.argval in code.co_freevars:
            return True
    return False
