"""Source that our own printers made becomes a function: the one place where text is executed.

What comes here was printed from a graph, node by node; text that a user typed never does. Formulas are read by a
parser into a graph like everything else.
"""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

__all__ = ["function_from_source"]

_numbers = itertools.count(1)
_dead: list[str] = []


def function_from_source(source: str, name: str, constants: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """The function `name` that the printed source defines.

    Args:
        source: what a printer of this package wrote.
        name: of the function in it.
        constants: values for its keyword-only parameters, and for other names that it refers to.

    Returns:
        The function; its lines show in tracebacks as those of a file would.

    >>> f = function_from_source("def f(x, *, c):\\n    return x + c\\n", "f", {"c": 1.0})
    >>> f(2.0)
    3.0
    """
    filename = f"<chainrule {name} {next(_numbers)}>"
    given = dict(constants or {})
    namespace: dict[str, Any] = {"__name__": "chainrule emitted", **given}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
    function = namespace[name]
    if isinstance(function, FunctionType):
        keywords = function.__code__.co_varnames[function.__code__.co_argcount :][: function.__code__.co_kwonlyargcount]
        function.__kwdefaults__ = {keyword: given[keyword] for keyword in keywords if keyword in given}
    while _dead:
        linecache.cache.pop(_dead.pop(), None)
    # Without a time stamp linecache keeps the entry. It goes after the function has gone, but not at that very moment:
    # that may be a garbage collection inside linecache's own loop over its entries.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(function, _dead.append, filename)
    return function
