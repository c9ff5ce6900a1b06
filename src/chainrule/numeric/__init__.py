"""Derivatives of any callable from its values alone, and gradient checks against them; it needs NumPy only.

>>> import math, chainrule as cr
>>> print(f"{cr.numeric.derivative(math.erf, 0.0):.8f}")
1.12837917
"""

from chainrule.numeric.check import GradientCheck, check, compare
from chainrule.numeric.diagnosis import Component
from chainrule.numeric.differences import SCHEMES, Scheme, derivative, gradient, jacobian, partial

__all__ = [
    "SCHEMES",
    "Component",
    "GradientCheck",
    "Scheme",
    "check",
    "compare",
    "derivative",
    "gradient",
    "jacobian",
    "partial",
]
