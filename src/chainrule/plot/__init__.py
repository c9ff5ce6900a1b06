"""Pictures with Matplotlib, which the extra `plot` installs; each function draws one and returns its figure.

>>> import numpy as np, chainrule as cr
>>> figure = cr.plot.step_size(np.exp, 1.0)
>>> print(cr.plot.alt(figure).partition(". ")[0])
The error against the step h of exp at x = 1: first derivative, central differences of accuracy 2
>>> cr.plot.save(figure, getfixture("tmp_path") / "steps.png")
"""

from chainrule.plot.alt import alt
from chainrule.plot.animate import animate
from chainrule.plot.derivative import derivative
from chainrule.plot.descent import descent
from chainrule.plot.fit import fit
from chainrule.plot.gradient_field import gradient_field
from chainrule.plot.graph import graph
from chainrule.plot.layer_gradients import layer_gradients
from chainrule.plot.learning_rates import learning_rates
from chainrule.plot.loss_curve import loss_curve
from chainrule.plot.race import race
from chainrule.plot.save import save
from chainrule.plot.secants import secants
from chainrule.plot.spectrum import spectrum
from chainrule.plot.step_size import step_size
from chainrule.plot.surface import surface
from chainrule.plot.sweep import sweep
from chainrule.plot.tangent import tangent

__all__ = [
    "alt",
    "animate",
    "derivative",
    "descent",
    "fit",
    "gradient_field",
    "graph",
    "layer_gradients",
    "learning_rates",
    "loss_curve",
    "race",
    "save",
    "secants",
    "spectrum",
    "step_size",
    "surface",
    "sweep",
    "tangent",
]
