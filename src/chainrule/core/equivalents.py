"""Which function of chainrule stands for a function of SciPy: declared with the function itself, by `stands_for`.

SciPy's ufuncs reach a traced value and are answered by what stands for them. Its other functions turn their arguments
into plain arrays before anything can step in, so the error names the function to call instead.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import ModuleType
from typing import Any, TypeVar

__all__ = ["equivalent", "stands_for"]

_Function = TypeVar("_Function", bound=Callable[..., Any])
_ROOT = __name__.partition(".")[0]


def stands_for(*paths: str) -> Callable[[_Function], _Function]:
    """Declare the SciPy functions that the decorated one stands for: "scipy.special.erf".

    A path that ends in a star means all functions that begin so: "scipy.optimize.*".
    """

    def declare(function: _Function) -> _Function:
        function.__stands_for__ = paths  # type: ignore[attr-defined]
        return function

    return declare


def equivalent(path: str) -> tuple[str, Callable[..., Any]] | None:
    """The public name of what stands for a SciPy function, and the function; None if nothing does.

    Args:
        path: of the SciPy function, as its documentation has it.
    """
    for face in (f"{_ROOT}.special", _ROOT):
        table = _table(face)
        whole = path
        while whole:
            if whole in table:
                return table[whole]
            whole = whole.removesuffix(".*").rpartition(".")[0]
            whole = f"{whole}.*" if whole else ""
    return None


@lru_cache(maxsize=2)
def _table(face: str) -> dict[str, tuple[str, Callable[..., Any]]]:
    # The declarations stand in layers above this one. They are looked up by the public names, and no sooner than a
    # SciPy function has met a traced value: this loads what `import chainrule` leaves for later.
    module = importlib.import_module(face)
    found: dict[str, tuple[str, Callable[..., Any]]] = {}
    for name, function in _declared(module, module.__name__.replace(_ROOT, "cr", 1), nested=face != _ROOT):
        declared = function.__stands_for__
        if isinstance(declared, str):  # an object like one of SciPy's: its methods stand for those
            for method in (part for part in dir(function) if not part.startswith("_")):
                found[f"{declared}.{method}"] = (f"{name}.{method}", getattr(function, method))
        else:
            found.update(dict.fromkeys(declared, (name, function)))
    return found


def _declared(owner: Any, name: str, nested: bool) -> Iterator[tuple[str, Any]]:
    for part in owner.__all__:
        thing = getattr(owner, part)
        if hasattr(thing, "__stands_for__"):
            yield f"{name}.{part}", thing
        elif nested and isinstance(thing, ModuleType):
            yield from _declared(thing, f"{name}.{part}", nested)
