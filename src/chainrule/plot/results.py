"""Whether what a picture is given is a result that it can draw; pictures know results by what they hold."""

from __future__ import annotations

from typing import Any

from chainrule.errors import ArgumentError

__all__ = ["require_result"]


def require_result(value: Any, attribute: str, maker: str) -> None:
    """Raise `ArgumentError` for what lacks an attribute of the results that `maker` returns.

    >>> require_result(3, "history", "chainrule.descend")
    Traceback (most recent call last):
        ...
    chainrule.errors.ArgumentError: expected what chainrule.descend returned, not 3
    """
    if not hasattr(value, attribute):
        raise ArgumentError(f"expected what {maker} returned, not {value!r:.60}")
