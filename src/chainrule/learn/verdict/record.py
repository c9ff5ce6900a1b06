"""What a verdict says: the kinds of ends that a descent can come to, and the record that names one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from chainrule.learn.dynamics import Outlook

__all__ = ["Kind", "Verdict"]


class Kind(Enum):
    """What a descent has come to; the value is the name in words.

    >>> import chainrule as cr
    >>> print(cr.descend("(x - 3)^2", 0.0, 0.5, steps=4).verdict.kind.value)
    converged
    """

    CONVERGED = "converged"
    DESCENDING = "still descending"
    OSCILLATING = "oscillating"
    DIVERGING = "diverging"
    PLATEAU = "on a plateau"
    SADDLE = "at a saddle point"
    CONDITIONING = "limited by conditioning"
    NOISE_FLOOR = "at the noise floor"
    NOT_FINITE = "no longer finite"
    INTERRUPTED = "interrupted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """What happened in a descent and why, judged from measurements; prints as its text.

    Attributes:
        kind: what the descent has come to.
        text: what happened, the numbers behind it, and what to do, in a few sentences.
        advice: what to do; the last part of the text. "" where there is nothing to do.
        measurements: the numbers by name, those that could be measured: `loss`, `gradient_norm`, `learning_rate`;
            `lambda_max`, `lambda_min`, `critical_rate`, `steep_direction`, `slow_direction`, `condition`; `excess`, the
            loss above the minimum of its quadratic model, and `optimum`, the loss there; `steps_to_1_percent` and
            `steps_to_1e-6`, of how far the loss was above the optimum at the start; `products`, how many
            Hessian-vector products were made; and what else the kind has.
        outlook: the loss that is predicted for further steps; None where nothing can be predicted.

    >>> import numpy as np, chainrule as cr
    >>> run = cr.descend(lambda w: 50 * w[0] ** 2 + w[1] ** 2 / 2, np.array([1.0, 1.0]), 0.001, steps=100)
    >>> run.verdict.kind, round(run.verdict.measurements["critical_rate"], 6)
    (<Kind.DESCENDING: 'still descending'>, 0.02)
    """

    kind: Kind
    text: str
    advice: str = ""
    measurements: Mapping[str, Any] = field(default_factory=dict, repr=False)
    outlook: Outlook | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return self.text
