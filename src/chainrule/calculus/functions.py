"""What may be differentiated: a callable, or a formula as text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.errors import ArgumentError

__all__ = ["as_function"]


def as_function(f: Callable[..., Any] | str) -> Callable[..., Any]:
    """The callable itself; raises `ArgumentError` for what cannot be called."""
    if callable(f):
        return f
    raise ArgumentError(f"expected a function or a formula, not {f!r:.60}")
