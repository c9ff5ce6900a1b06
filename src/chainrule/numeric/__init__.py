"""Derivatives of any callable from its values alone, and gradient checks against them; it needs NumPy only.

>>> import math, chainrule as cr
>>> print(f"{cr.numeric.derivative(math.erf, 0.0):.8f}")
1.12837917
"""

from chainrule.numeric.check import GradientCheck, check, compare
from chainrule.numeric.diagnosis import Diagnosis, Mistake
from chainrule.numeric.differences import derivative, directional, gradient, jacobian, partial
from chainrule.numeric.estimate import Estimate, estimate
from chainrule.numeric.hessian import hessian
from chainrule.numeric.report import Component, Direction, Group, KinkMet
from chainrule.numeric.schemes import SCHEMES, Scheme
from chainrule.numeric.status import Side, Status
from chainrule.numeric.step_sweep import StepSweep, step_sweep

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
