"""Special functions of machine learning and statistics: for plain arrays and for traced values.

Each is computed with care where the textbook formula overflows or loses digits, and so is its derivative.

>>> import chainrule as cr
>>> cr.grad(cr.special.softplus)(-1000.0), cr.special.softplus(1000.0)
(np.float64(0.0), np.float64(1000.0))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.special.error_functions import erf as erf, erfc as erfc
    from chainrule.special.logistic import (
        expit as expit,
        log_expit as log_expit,
        logit as logit,
        sigmoid as sigmoid,
        softplus as softplus,
    )
    from chainrule.special.matrices import expm as expm
    from chainrule.special.networks import gelu as gelu, one_hot as one_hot, relu as relu, silu as silu
    from chainrule.special.softmax_family import log_softmax as log_softmax, logsumexp as logsumexp, softmax as softmax

# A file has no name of a function: importing it would hide the function.
_HOMES = {
    "error_functions": ("erf", "erfc"),
    "logistic": ("expit", "log_expit", "logit", "sigmoid", "softplus"),
    "matrices": ("expm",),
    "networks": ("gelu", "one_hot", "relu", "silu"),
    "softmax_family": ("log_softmax", "logsumexp", "softmax"),
}
_home_of = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_home_of)


def __getattr__(name: str) -> Any:
    module = _home_of.get(name)
    if module is None:
        raise AttributeError(f"module 'chainrule.special' has no attribute {name!r}")
    found = getattr(importlib.import_module(f"chainrule.special.{module}"), name)
    globals()[name] = found  # the next access does not come here
    return found


def __dir__() -> list[str]:
    return sorted([*(name for name in globals() if name.startswith("__")), *__all__])
