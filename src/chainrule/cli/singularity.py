"""What is special about a point: a pole, a kink, a place outside the domain, an overflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import chainrule as cr

__all__ = ["singularity"]


def singularity(derivative: Callable[..., Any], *at: Any) -> str:
    """What is special about a derivative at a point, named by the operation that it happens in; "" if nothing is."""
    try:
        with np.errstate(all="ignore"), cr.strict(), cr.watch_numbers():
            derivative(*at)
    except (cr.NonFiniteError, cr.KinkError) as error:
        return str(error).split("\n")[0]
    return ""
