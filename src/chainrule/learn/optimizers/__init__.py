"""The optimizers of `cr.descend`, each a frozen record of its hyperparameters; one a file.

>>> import chainrule as cr
>>> cr.optimizers.adam(beta1=0.8)
adam(beta1=0.8, beta2=0.999, epsilon=1e-08)
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.learn.optimizers.adagrad import adagrad
from chainrule.learn.optimizers.adam import adam
from chainrule.learn.optimizers.adamw import adamw
from chainrule.learn.optimizers.gd import gd
from chainrule.learn.optimizers.lbfgs import lbfgs
from chainrule.learn.optimizers.momentum import momentum
from chainrule.learn.optimizers.nesterov import nesterov
from chainrule.learn.optimizers.newton_cg import newton_cg
from chainrule.learn.optimizers.optimizer import Optimizer, Rule
from chainrule.learn.optimizers.rmsprop import rmsprop
from chainrule.learn.optimizers.solver import Solver

__all__ = [
    "Optimizer", "Rule", "Solver", "adagrad", "adam", "adamw", "gd", "lbfgs", "momentum", "nesterov", "newton_cg",
    "rmsprop",
]  # fmt: skip

OPTIMIZERS: dict[str, type[Optimizer]] = {
    kind.__name__: kind for kind in (gd, momentum, nesterov, adagrad, rmsprop, adam, adamw, lbfgs, newton_cg)
}


def as_optimizer(optimizer: Any) -> Optimizer:
    """An optimizer by its name, or itself; raises `ArgumentError` with the names that there are."""
    if isinstance(optimizer, Optimizer):
        return optimizer
    if isinstance(optimizer, str) and optimizer in OPTIMIZERS:
        return OPTIMIZERS[optimizer]()
    name = optimizer if isinstance(optimizer, str) else getattr(optimizer, "__name__", "")
    near = get_close_matches(name.lower().replace("-", ""), OPTIMIZERS, n=1)
    if isinstance(optimizer, type) and near:
        hint = f": make one of it, chainrule.optimizers.{near[0]}()"
    else:
        hint = f": did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(
        f"optimizer is {optimizer!r:.60}, expected one of {', '.join(map(repr, OPTIMIZERS))}, "
        f"or an instance such as chainrule.optimizers.gd(){hint}"
    )
