"""Pictures with Matplotlib, which the extra `plot` installs; each function draws one and returns its figure.

>>> import numpy as np, chainrule as cr
>>> figure = cr.plot.step_size(np.exp, 1.0)
>>> print(cr.plot.alt(figure).partition(". ")[0])
The error against the step h of exp at x = 1: first derivative, central differences of accuracy 2
>>> cr.plot.save(figure, getfixture("tmp_path") / "steps.png")
"""

from chainrule.plot.alt import alt
from chainrule.plot.graph import graph
from chainrule.plot.save import save
from chainrule.plot.step_size import step_size

__all__ = ["alt", "graph", "save", "step_size"]
