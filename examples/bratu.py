"""A differential equation with 1e5 unknowns, solved by Newton's method with a sparse Jacobian, and differentiated.

Bratu's equation, the heat in a layer that reacts: the Laplacian of u plus c exp(u) is 0, and u is 0 at the boundary.
On a line the solution is known in closed form: u = 2 log(cosh(a / 4) / cosh((x - 1/2) a / 2)), where a is the
smaller root of a = sqrt(2 c) cosh(a / 4).
"""

import numpy as np
from scipy.optimize import brentq
from scipy.sparse.linalg import spsolve

import chainrule as cr

LINE, SIDE, STRENGTH = 100_000, 316, 3.0


def line(u, strength=STRENGTH):
    p = np.pad(u, 1)
    return (p[2:] - 2 * u + p[:-2]) * (len(u) + 1) ** 2 + strength * np.exp(u)


def square(u):
    p = np.pad(u.reshape(SIDE, SIDE), 1)
    middle = p[1:-1, 1:-1]
    around = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2]
    return np.ravel((around - 4 * middle) * (SIDE + 1) ** 2 + STRENGTH * np.exp(middle))


def newton(equation, u):
    J = cr.sparse_jacobian(equation)
    for step in range(1, 11):
        change = spsolve(J(u).tocsc(), -equation(u))
        u = u + change
        print(f"   step {step}: u changes by {np.abs(change).max():.1e}")
        if np.abs(change).max() < 1e-8:
            break
    rows, columns = J.pattern.shape
    print(f"   Jacobian {rows:,} x {columns:,}: {J.pattern.nnz:,} entries from {J.forward} products")
    return u


def middle(strength):
    """u in the middle of the line, in closed form."""
    a = brentq(lambda a: a - np.sqrt(2 * strength) * np.cosh(a / 4), 0, 4, xtol=1e-15)
    return 2 * np.log(np.cosh(a / 4))


def main() -> None:
    print("1. On a line")
    u = newton(line, np.zeros(LINE))
    a = brentq(lambda a: a - np.sqrt(2 * STRENGTH) * np.cosh(a / 4), 0, 4)
    x = np.linspace(0, 1, LINE + 2)[1:-1]
    exact = 2 * np.log(np.cosh(a / 4) / np.cosh((x - 0.5) * a / 2))
    print(f"   u in the middle {u[LINE // 2]:.6f}, largest distance from the solution {np.abs(u - exact).max():.1e}")
    print("2. On a square")
    u = newton(square, np.zeros(SIDE * SIDE))
    print(f"   u in the middle {u.reshape(SIDE, SIDE)[SIDE // 2, SIDE // 2]:.6f}")
    print("3. How u in the middle of the line depends on the strength of the reaction, through the solver")
    solution = cr.custom_root(line, linear_solve="sparse")
    u_of = lambda strength: solution(np.zeros(LINE), strength)[LINE // 2]
    by_differences = cr.numeric.derivative(middle, STRENGTH)
    print(f"   du/dc {cr.grad(u_of)(STRENGTH):.6f}, of the closed form {by_differences:.6f}")


if __name__ == "__main__":
    main()
