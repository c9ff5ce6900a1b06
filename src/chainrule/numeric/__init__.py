"""Derivatives of any callable from its values alone, and gradient checks against them; it needs NumPy only.

>>> import math, chainrule as cr
>>> print(f"{cr.numeric.derivative(math.erf, 0.0):.8f}")
1.12837917
"""

from chainrule.numeric.checking.check import check, compare
from chainrule.numeric.checking.report import Component, Direction, GradientCheck, Group, KinkMet
from chainrule.numeric.diagnosis import Diagnosis, Mistake
from chainrule.numeric.differences.functions import derivative, directional, gradient, jacobian, partial
from chainrule.numeric.differences.hessian import hessian
from chainrule.numeric.differences.schemes import SCHEMES, Scheme
from chainrule.numeric.differences.step_sweep import StepSweep, step_sweep
from chainrule.numeric.estimation.estimate import Estimate, estimate
from chainrule.numeric.status import Side, Status

__all__ = [
    "SCHEMES",
    "Component",
    "Diagnosis",
    "Direction",
    "Estimate",
    "GradientCheck",
    "Group",
    "KinkMet",
    "Mistake",
    "Scheme",
    "Side",
    "Status",
    "StepSweep",
    "check",
    "compare",
    "derivative",
    "directional",
    "estimate",
    "gradient",
    "hessian",
    "jacobian",
    "partial",
    "step_sweep",
]
