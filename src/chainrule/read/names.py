"""The name that the user's code gave to a value, read from the bytecode.

If the instruction after the one that computed a value stores it, the stored name is the value's name. Nothing runs
while the function is traced, so it costs nothing until somebody asks.
"""

from __future__ import annotations

import dis
import inspect
import sys
from functools import lru_cache
from itertools import pairwise
from types import CodeType
from typing import Any

import numpy as np

from chainrule.core.traced import OWN

__all__ = ["Place", "array_names", "assigned_name", "calling_place"]

Place = tuple[CodeType, int]  # a code object and the offset of an instruction in it

_STORES = {"STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF"}


def assigned_name(code: CodeType, offset: int) -> str:
    """The variable that the value computed by the instruction at `offset` was assigned to, or ""."""
    return _names(code).get(offset, "")


@lru_cache(maxsize=1024)
def _names(code: CodeType) -> dict[int, str]:
    """For each instruction followed by a store: its offset and the name stored."""
    names: dict[int, str] = {}
    instructions = [i for i in dis.get_instructions(code) if i.opname not in ("CACHE", "NOP", "EXTENDED_ARG")]
    for computed, stored in pairwise(instructions):
        if stored.opname in _STORES:
            names[computed.offset] = str(stored.argval)
        elif stored.opname.startswith("STORE_FAST_"):  # two in one, from Python 3.13 on
            names[computed.offset] = str(stored.argval[0])
    return names


def calling_place() -> Place:
    """Where the code that is not chainrule's own is, in the call that led here."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(OWN) and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def array_names(f: Any) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays that a function finds in its closure and among its globals, by the name it uses."""
    function = inspect.unwrap(f) if callable(f) else f
    if not inspect.isfunction(function):
        return {}
    variables = inspect.getclosurevars(function)
    found = {**variables.globals, **variables.nonlocals}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}
