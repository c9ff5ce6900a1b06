"""Leaving the derivative on purpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.calculus.containers import flatten
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, plain_value

__all__ = ["stop_gradient", "value"]


def value(x: Any) -> Any:
    """The plain array behind a traced value, on which nothing is recorded; anything else is returned as it is.

    Use it to print, to log, or to hand a number to code that cannot be traced. In the derivative it is a constant.

    >>> import numpy as np, chainrule as cr
    >>> cr.grad(lambda x: x * cr.value(x))(3.0)
    np.float64(3.0)
    """
    leaves, rebuild = flatten(x)
    for _, leaf in leaves:
        while type(leaf) is Traced:
            leaf.record.trace.left = True
            leaf = leaf.record.value
    return rebuild([plain_value(leaf) for _, leaf in leaves])


def stop_gradient(x: Any) -> Any:
    """The same value, through which no derivative flows; it stays a step of the graph, where `value` is a constant.

    >>> import numpy as np, chainrule as cr
    >>> cr.grad(lambda x: x * cr.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, rebuild = flatten(x)
    return rebuild(
        [evaluating.stop_gradient(leaf) if isinstance(leaf, (Traced, np.ndarray)) else leaf for _, leaf in leaves]
    )
