"""The solvers that stand in where none is given: Newton's method with halved steps, and plain iteration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.errors import ConvergenceError, NonFiniteError, SingularError

__all__ = ["iterate", "newton"]

Array = Any
_STEPS, _HALVINGS = 100, 30
_ITERATIONS = 10_000


def newton(
    residual: Callable[[Array], Array],
    step: Callable[[Array, Array], Array],
    x: Array,
    name: str,
    minimum: bool = False,
) -> Array:
    """A root of the residual by Newton's method; a step is halved until the residual falls.

    Args:
        residual: of a vector, a vector of the same size.
        step: of x and b the solution of J y = b.
        x: where to start.
        name: of the function, for messages.
        minimum: whether the residual is the gradient of the function, for messages.

    Raises:
        NonFiniteError: the residual is not finite at the start.
        ConvergenceError: no root was found.

    Source: Dennis and Schnabel (1983), Numerical Methods for Unconstrained Optimization and Nonlinear Equations,
    chapter 6.
    """
    sought, matrix, part = ("minimum", "Hessian", "gradient") if minimum else ("root", "Jacobian", "f")
    found = residual(x)
    if not np.isfinite(found).all():
        what = f"the {'gradient' if minimum else 'value'} of {name} at x0" if np.isfinite(x).all() else "x0"
        raise NonFiniteError(f"Newton's method has no place to start from: {what} is not finite")
    for _ in range(_STEPS):
        size = np.linalg.norm(found)
        if size == 0:
            return x
        try:
            change = step(x, -found)
        except SingularError as error:
            raise ConvergenceError(
                f"Newton's method has found no {sought} of {name}: its {matrix} is singular on the way, where "
                f"max |{part}| is {_size(found):.1e}\n  start elsewhere, or give a solver: solve="
            ) from error
        rounding = 4 * np.finfo(x.dtype).eps * _size(x)
        if _size(change) <= rounding:
            return x
        scale = 1.0
        for _ in range(_HALVINGS):
            tried = x + scale * change
            with np.errstate(all="ignore"):
                there = residual(tried)
            if np.linalg.norm(there) < size:
                break
            scale /= 2
        else:
            if _size(change) <= 1e-6 * _size(x):  # the rounding of f: no step makes it smaller
                return x
            break
        x, found = tried, there
        if _size(scale * change) <= rounding:
            return x
    raise ConvergenceError(
        f"Newton's method has found no {sought} of {name}: max |{part}| is {_size(found):.1e} after it\n"
        "  start nearer to it, or give a solver: solve="
    )


def iterate(g: Callable[[Array], Array], x: Array, name: str) -> Array:
    """The fixed point that x = g(x) runs into."""
    change = previous = np.inf
    for _ in range(_ITERATIONS):
        following = g(x)
        previous, change = change, _size(following - x)
        x = following
        if not np.isfinite(change) or change <= 4 * np.finfo(x.dtype).eps * _size(x):
            break
    if np.isfinite(change) and change <= 1e-8 * _size(x):
        return x
    rate = change / previous if 0 < previous < np.inf else np.inf
    raise ConvergenceError(
        f"iterating {name} does not converge: the last step changes x by {change:.1e}, {rate:.3g} times as much as the "
        "one before\n"
        "  start nearer to the fixed point, or give a solver: solve="
    )


def _size(x: Array) -> float:
    return float(np.abs(x).max(initial=0.0))
