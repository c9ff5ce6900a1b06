"""Pictures with Matplotlib, which the extra `plot` installs; each function draws one and returns its Axes.

>>> import numpy as np, chainrule as cr
>>> axes = cr.plot.step_size(np.exp, 1.0)
>>> axes.get_xscale(), axes.get_yscale()
('log', 'log')
>>> import matplotlib.pyplot as plt
>>> plt.close(axes.figure)
"""

from chainrule.plot.graph import graph
from chainrule.plot.step_size import step_size

__all__ = ["graph", "step_size"]
