"""How strong should the regularisation be? Tuned on real data, through the optimum that it leads to.

Ridge regression on the diabetes study (Efron, Hastie, Johnstone and Tibshirani, 2004): the weights minimise the loss
on some of the patients plus exp(r) |w|^2, and r is chosen so that they predict the others best. The weights are a
function of r, and cr.custom_minimum gives its derivative, whatever has found them.
"""

from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import chainrule as cr
from chainrule.learn import read_csv

DATA = Path(__file__).parent / "diabetes.csv"
TRAINED = 60  # patients
LOWEST, HIGHEST = -12.0, 4.0


def standardised(a):
    return (a - a.mean(axis=0)) / a.std(axis=0)


table = read_csv(DATA, target="y")
order = np.random.default_rng(1).permutation(len(table.y))
train, test = order[:TRAINED], order[TRAINED:]
X, y = standardised(table.X), standardised(table.y)


def penalised(w, r):
    return np.mean((y[train] - X[train] @ w) ** 2) + np.sum(np.exp(r) * w**2)


weights = cr.custom_minimum(penalised)  # by Newton's method; solve= takes any other solver


def prediction_error(w):
    return np.mean((y[test] - X[test] @ w) ** 2)


def error(r):
    return prediction_error(weights(np.zeros(X.shape[1]), r))


def refitted(r):
    """The same without chainrule: the normal equations, solved anew for each r."""
    Z = X[train]
    penalty = np.diag(np.exp(r) * np.ones(Z.shape[1]))
    return prediction_error(np.linalg.solve(Z.T @ Z / TRAINED + penalty, Z.T @ y[train] / TRAINED))


def main() -> None:
    print("1. One strength: the derivative through the optimum, against differences of refitting")
    print(cr.check(refitted, cr.grad(error), -2.0))
    start, bounds = np.array([-2.0]), [(LOWEST, HIGHEST)]
    found = minimize(cr.value_and_grad(lambda r: error(r[0])), start, jac=True, method="L-BFGS-B", bounds=bounds)
    grid = np.linspace(LOWEST, HIGHEST, 321)
    errors = [refitted(r) for r in grid]
    print(f"   by its gradient   r = {found.x[0]:6.3f}  error {found.fun:.6f}  {found.nfev} fits")
    print(f"   best of a grid    r = {grid[np.argmin(errors)]:6.3f}  error {min(errors):.6f}  {grid.size} fits")
    print(f"   no regularisation              error {refitted(-50.0):.6f}")

    print("2. A strength for each of ten weights, where a grid as fine would take 1e25 fits")
    start, bounds = np.full(X.shape[1], found.x[0]), [(LOWEST, HIGHEST)] * X.shape[1]
    print(cr.check(refitted, cr.grad(error), start))
    found = minimize(cr.value_and_grad(error), start, jac=True, method="L-BFGS-B", bounds=bounds)
    print(f"   by its gradient                error {found.fun:.6f}  {found.nfev} fits")


if __name__ == "__main__":
    main()
