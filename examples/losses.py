"""The mean squared error of a linear model, with its gradient written by hand: once right, once with a mistake.

Try them from the command line:

    chainrule graph examples/losses.py:loss --at examples/point.json
    chainrule check examples/losses.py:loss --gradient examples/losses.py:gradient --at examples/point.json
    chainrule check examples/losses.py:loss --gradient examples/losses.py:wrong_gradient --at examples/point.json
"""

import numpy as np


def loss(w, X, y):
    residual = y - X @ w
    L = np.mean(residual**2)
    return L


def gradient(w, X, y):
    residual = y - X @ w
    return -2 / len(y) * X.T @ residual


# The mistake: the 1/N of the mean is forgotten.
def wrong_gradient(w, X, y):
    residual = y - X @ w
    return -2 * X.T @ residual
