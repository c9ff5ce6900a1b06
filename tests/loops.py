"""The loop that `scan` stands for, in Python."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.calculus.containers import flatten


def written_out(f: Any, init: Any, xs: Any = None, length: int | None = None, reverse: bool = False) -> Any:
    """The meaning of scan."""
    leaves, rebuild = flatten(xs)
    count = length if xs is None else len(leaves[0][1])
    carry, ys = init, []
    for i in range(count)[:: -1 if reverse else 1]:
        carry, y = f(carry, rebuild([leaf[i] for _, leaf in leaves]))
        ys.append(y)
    ys = ys[::-1] if reverse else ys
    columns = zip(*[[leaf for _, leaf in flatten(y)[0]] for y in ys], strict=True)
    return carry, flatten(ys[0])[1]([np.stack(column) for column in columns])
