"""What may be differentiated: a callable, or a formula as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.read.formula_function import formula_function

__all__ = ["as_function"]


def as_function(f: Callable[..., Any] | str) -> Callable[..., Any]:
    """The callable itself, or the function that a formula defines.

    Raises:
        FormulaError: the formula cannot be read; a caret shows the place.
        ArgumentError: it is neither a callable nor text.

    >>> float(as_function("x^2")(3.0))
    9.0
    """
    if isinstance(f, str):
        return formula_function(f)
    if callable(f):
        return f
    raise ArgumentError(f"expected a function or a formula, not {f!r:.60}")
