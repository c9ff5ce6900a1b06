"""chainrule: the derivative you can see, check and trust.

Names are loaded when they are first used, so that `import chainrule` costs little more than `import numpy`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule import errors, numeric, special
    from chainrule.calculus.compiled import compile  # noqa: A004
    from chainrule.calculus.custom import define_jvp, define_vjp, primitive
    from chainrule.calculus.detach import stop_gradient, value
    from chainrule.calculus.gradients import grad, value_and_grad
    from chainrule.calculus.graphs import Graph, graph
    from chainrule.calculus.jacobians import derivative, hessian, jacobian
    from chainrule.calculus.mapping import vmap
    from chainrule.calculus.products import hvp, jvp, vjp
    from chainrule.calculus.source import source
    from chainrule.calculus.tape import Tape, tape
    from chainrule.errors import (
        ArgumentError,
        ChainruleError,
        DataError,
        DerivativeMissingError,
        FormulaError,
        GraphError,
        GuardError,
        KinkError,
        LeakedTraceError,
        LimitError,
        MissingExtraError,
        NonFiniteError,
        NotScalarError,
        ShapeError,
        TraceError,
    )
    from chainrule.learn.descend import Descent, descend
    from chainrule.learn.checking import check
    from chainrule.numeric.check import GradientCheck
    from chainrule.passes.guards import strict, watch_numbers
    from chainrule.views.passes_table import Passes

__version__ = "0.1.0"

_HOMES = {
    "chainrule.calculus.compiled": ("compile",),
    "chainrule.calculus.custom": ("define_jvp", "define_vjp", "primitive"),
    "chainrule.calculus.detach": ("stop_gradient", "value"),
    "chainrule.calculus.gradients": ("grad", "value_and_grad"),
    "chainrule.calculus.graphs": ("Graph", "graph"),
    "chainrule.calculus.jacobians": ("derivative", "hessian", "jacobian"),
    "chainrule.calculus.mapping": ("vmap",),
    "chainrule.calculus.products": ("hvp", "jvp", "vjp"),
    "chainrule.calculus.source": ("source",),
    "chainrule.calculus.tape": ("Tape", "tape"),
    "chainrule.errors": (
        "ArgumentError", "ChainruleError", "DataError", "DerivativeMissingError", "FormulaError", "GraphError",
        "GuardError", "KinkError", "LeakedTraceError", "LimitError", "MissingExtraError", "NonFiniteError",
        "NotScalarError", "ShapeError", "TraceError",
    ),
    "chainrule.learn.descend": ("Descent", "descend"),
    "chainrule.numeric.check": ("GradientCheck",),
    "chainrule.passes.guards": ("strict", "watch_numbers"),
}  # fmt: skip
_MODULES = ("errors", "numeric", "special")
_home_of = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*sorted(_home_of), *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"chainrule.{name}")
    module = _home_of.get(name)
    if module is None:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    found = getattr(importlib.import_module(module), name)
    globals()[name] = found  # the next access does not come here
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
