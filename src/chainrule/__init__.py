"""chainrule: the derivative you can see, check and trust.

Names are loaded when they are first used, so that `import chainrule` costs little more than `import numpy`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule import (
        errors as errors,
        numeric as numeric,
        plot as plot,
        report as report,
        special as special,
        testing as testing,
    )
    from chainrule.calculus.checkpoint import checkpoint as checkpoint
    from chainrule.calculus.compiled import compile as compile
    from chainrule.calculus.custom import define_jvp as define_jvp, define_vjp as define_vjp, primitive as primitive
    from chainrule.calculus.detach import stop_gradient as stop_gradient, value as value
    from chainrule.calculus.explain import explain as explain
    from chainrule.calculus.gradients import grad as grad, value_and_grad as value_and_grad
    from chainrule.calculus.graphs import Graph as Graph, graph as graph
    from chainrule.calculus.implicit import (
        custom_minimum as custom_minimum,
        custom_root as custom_root,
        fixed_point as fixed_point,
    )
    from chainrule.calculus.jacobians import derivative as derivative, hessian as hessian, jacobian as jacobian
    from chainrule.calculus.linearize import Linearized as Linearized, linearize as linearize
    from chainrule.calculus.mapping import vmap as vmap
    from chainrule.calculus.odeint import odeint as odeint
    from chainrule.calculus.products import hvp as hvp, jvp as jvp, vjp as vjp
    from chainrule.calculus.scan import scan as scan
    from chainrule.calculus.source import source as source
    from chainrule.calculus.sparse import (
        SparseDerivative as SparseDerivative,
        sparse_hessian as sparse_hessian,
        sparse_jacobian as sparse_jacobian,
        sparsity as sparsity,
    )
    from chainrule.calculus.tape import Tape as Tape, tape as tape
    from chainrule.errors import (
        ArgumentError as ArgumentError,
        ChainruleError as ChainruleError,
        ClusterError as ClusterError,
        ConvergenceError as ConvergenceError,
        DataError as DataError,
        DegeneracyError as DegeneracyError,
        DerivationError as DerivationError,
        DerivativeMissingError as DerivativeMissingError,
        FormulaError as FormulaError,
        GraphError as GraphError,
        GuardError as GuardError,
        IntegrationError as IntegrationError,
        KinkError as KinkError,
        LeakedTraceError as LeakedTraceError,
        LimitError as LimitError,
        MissingExtraError as MissingExtraError,
        NonFiniteError as NonFiniteError,
        NotScalarError as NotScalarError,
        OperandError as OperandError,
        ShapeError as ShapeError,
        SingularError as SingularError,
        SourceError as SourceError,
        TraceError as TraceError,
    )
    from chainrule.learn import (
        clipping as clipping,
        data as data,
        models as models,
        optimizers as optimizers,
        schedules as schedules,
        stopping as stopping,
    )
    from chainrule.learn.comparison import (
        Comparison as Comparison,
        Sweep as Sweep,
        compare_learning_rates as compare_learning_rates,
        learning_rate_sweep as learning_rate_sweep,
    )
    from chainrule.learn.curvature import Curvature as Curvature, curvature as curvature
    from chainrule.learn.descend import descend as descend
    from chainrule.learn.descent import Descent as Descent
    from chainrule.learn.rates import CriticalRate as CriticalRate, critical_learning_rate as critical_learning_rate
    from chainrule.learn.verdict.record import Verdict as Verdict
    from chainrule.numeric.checking.check import GradientCheck as GradientCheck, check as check
    from chainrule.numeric.rule import numeric_rule as numeric_rule
    from chainrule.passes.guards import strict as strict, watch_numbers as watch_numbers
    from chainrule.views.derivation.derivation import Derivation as Derivation
    from chainrule.views.passes_table import Passes as Passes

__version__ = "0.1.0"

_HOMES = {
    "chainrule.calculus.checkpoint": ("checkpoint",),
    "chainrule.calculus.compiled": ("compile",),
    "chainrule.calculus.custom": ("define_jvp", "define_vjp", "primitive"),
    "chainrule.calculus.detach": ("stop_gradient", "value"),
    "chainrule.calculus.explain": ("explain",),
    "chainrule.calculus.gradients": ("grad", "value_and_grad"),
    "chainrule.calculus.graphs": ("Graph", "graph"),
    "chainrule.calculus.implicit": ("custom_minimum", "custom_root", "fixed_point"),
    "chainrule.calculus.jacobians": ("derivative", "hessian", "jacobian"),
    "chainrule.calculus.linearize": ("Linearized", "linearize"),
    "chainrule.calculus.mapping": ("vmap",),
    "chainrule.calculus.odeint": ("odeint",),
    "chainrule.calculus.products": ("hvp", "jvp", "vjp"),
    "chainrule.calculus.scan": ("scan",),
    "chainrule.calculus.source": ("source",),
    "chainrule.calculus.sparse": ("SparseDerivative", "sparse_hessian", "sparse_jacobian", "sparsity"),
    "chainrule.calculus.tape": ("Tape", "tape"),
    "chainrule.errors": (
        "ArgumentError", "ChainruleError", "ClusterError", "ConvergenceError", "DataError", "DegeneracyError",
        "DerivationError", "DerivativeMissingError", "FormulaError", "GraphError", "GuardError", "IntegrationError",
        "KinkError", "LeakedTraceError", "LimitError", "MissingExtraError", "NonFiniteError", "NotScalarError",
        "OperandError", "ShapeError", "SingularError", "SourceError", "TraceError",
    ),
    "chainrule.learn.comparison": ("Comparison", "Sweep", "compare_learning_rates", "learning_rate_sweep"),
    "chainrule.learn.curvature": ("Curvature", "curvature"),
    "chainrule.learn.descend": ("descend",),
    "chainrule.learn.descent": ("Descent",),
    "chainrule.learn.rates": ("CriticalRate", "critical_learning_rate"),
    "chainrule.learn.verdict.record": ("Verdict",),
    "chainrule.numeric.checking.check": ("GradientCheck", "check"),
    "chainrule.numeric.rule": ("numeric_rule",),
    "chainrule.passes.guards": ("strict", "watch_numbers"),
    "chainrule.views.derivation.derivation": ("Derivation",),
    "chainrule.views.passes_table": ("Passes",),
}  # fmt: skip
_MODULES = {
    "clipping": "chainrule.learn.clipping",
    "data": "chainrule.learn.data",
    "errors": "chainrule.errors",
    "numeric": "chainrule.numeric",
    "models": "chainrule.learn.models",
    "optimizers": "chainrule.learn.optimizers",
    "plot": "chainrule.plot",
    "report": "chainrule.report",
    "schedules": "chainrule.learn.schedules",
    "special": "chainrule.special",
    "stopping": "chainrule.learn.stopping",
    "testing": "chainrule.testing",
}
_home_of = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [*sorted(_home_of), *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(_MODULES[name])
    module = _home_of.get(name)
    if module is None:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    found = getattr(importlib.import_module(module), name)
    globals()[name] = found  # the next access does not come here
    return found


def __dir__() -> list[str]:
    return sorted([*(name for name in globals() if name.startswith("__")), *__all__])
