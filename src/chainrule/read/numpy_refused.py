"""NumPy's functions that have no derivative to give: each is refused with the reason, and with what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.errors import TraceError

__all__: list[str] = []

_LEAVE = "leave the trace for it: chainrule.value(x) is the plain array"
# The names of NumPy's functions; why; what to do instead.
_REFUSED: tuple[tuple[str, str, str], ...] = (
    (
        "histogram2d histogramdd histogram_bin_edges",
        "counts: its numbers jump where a component crosses an edge, and are constant between",
        "count chainrule.value(x); for weights use np.bincount(index, weights), which is linear in them",
    ),
    (
        "bitwise_count bitwise_left_shift bitwise_right_shift left_shift right_shift gcd lcm packbits unpackbits",
        "is of integers, and so has no derivative",
        _LEAVE,
    ),
    (
        "nextafter spacing",
        "is of the floating-point numbers and their gaps, not of real numbers",
        _LEAVE,
    ),
    (
        "save savetxt savez savez_compressed",
        "writes a file, where a traced value stands for its array only while its function runs",
        "save chainrule.value(x)",
    ),
    (
        "busday_count busday_offset is_busday datetime_as_string isnat",
        "is of dates, not of numbers",
        _LEAVE,
    ),
)


def _refusal(name: str, reason: str, instead: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise TraceError(f"numpy.{name} {reason}\n  {instead}")

    return refuse


for _names, _reason, _instead in _REFUSED:
    for _name in _names.split():
        if hasattr(np, _name):
            answers(getattr(np, _name))(_refusal(_name, _reason, _instead))
