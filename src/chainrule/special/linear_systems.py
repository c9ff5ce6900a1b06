"""Linear systems with a triangular matrix, or with a Cholesky factor, as SciPy writes them."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.special_arguments import floating

__all__ = ["cho_factor", "cho_solve", "solve_triangular"]


@stands_for("scipy.linalg.solve_triangular")
def solve_triangular(
    a: Array, b: Array, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False
) -> Array:
    """The solution x of a x = b for a triangular matrix, of which only the one triangle is read.

    It is solved by substitution where SciPy is installed, and so are its derivatives, which are systems with the same
    triangle; else as a general system. The derivative by the other triangle is 0, and by a unit diagonal too.

    Args:
        a: a square matrix.
        b: a vector, or a matrix of right-hand sides as columns.
        trans: 0 or "N" for a itself, 1 or "T" for its transpose, 2 or "C" for the conjugate of that.
        lower: read the lower triangle, else the upper one.
        unit_diagonal: take the diagonal as ones, without reading it.

    Returns:
        An array of b's shape.

    Raises:
        ShapeError: a is no square matrix, or b has another number of rows.
        ArgumentError: trans is none of these.
        numpy.linalg.LinAlgError: the diagonal has a zero.

    >>> import numpy as np, chainrule as cr
    >>> a = np.array([[2.0, 9.0], [1.0, 4.0]])
    >>> cr.special.solve_triangular(a, np.array([2.0, 9.0]), lower=True)
    array([1., 2.])
    """
    a = floating(a)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ShapeError(f"solve_triangular needs a square matrix, not shape {a.shape}")
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ArgumentError(f'trans is 0, 1 or 2, or "N", "T" or "C", not {trans!r}')
    below = -1 if unit_diagonal else 0
    matrix = np.tril(a, below) if lower else np.triu(a, -below)
    if unit_diagonal:
        matrix = matrix + np.eye(a.shape[0], dtype=a.dtype)
    if trans not in (0, "N"):
        matrix = np.transpose(matrix)
    if trans in (2, "C"):
        matrix = np.conj(matrix)
    below_diagonal = lower if trans in (0, "N") else not lower
    b = floating(b)
    if not b.ndim or b.shape[0 if b.ndim == 1 else -2] != a.shape[0]:
        raise ShapeError(f"solve_triangular needs {a.shape[0]} rows on the right-hand side, which has shape {b.shape}")
    if find_spec("scipy") is None or b.ndim not in (1, 2):
        return np.linalg.solve(matrix, b)
    try:
        return evaluating.solve_triangular(matrix, b, lower=below_diagonal)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError("Singular matrix: the triangle has a zero on its diagonal") from None


@stands_for("scipy.linalg.cho_factor")
def cho_factor(a: Array, lower: bool = False) -> tuple[Array, bool]:
    """The Cholesky factor of a symmetric positive definite matrix, for `cho_solve`.

    Args:
        a: the matrix, of which the lower triangle is read, whatever `lower` says; so its gradient is lower triangular.
        lower: return L of a = L L^T, else its transpose; for complex entries the conjugate of that.

    Returns:
        The factor, with zeros in the other triangle, and `lower`.

    Raises:
        numpy.linalg.LinAlgError: a is not positive definite.

    >>> import numpy as np, chainrule as cr
    >>> cr.special.cho_factor(np.array([[4.0, 2.0], [2.0, 2.0]]), lower=True)
    (array([[2., 0.],
           [1., 1.]]), True)
    """
    factor = np.linalg.cholesky(floating(a))
    return (factor if lower else np.conj(np.transpose(factor))), lower


@stands_for("scipy.linalg.cho_solve")
def cho_solve(c_and_lower: tuple[Array, bool], b: Array) -> Array:
    """The solution x of a x = b, given the Cholesky factor of a.

    Args:
        c_and_lower: what `cho_factor` returns.
        b: a vector, or a matrix of right-hand sides as columns.

    Returns:
        An array of b's shape.

    >>> import numpy as np, chainrule as cr
    >>> factor = cr.special.cho_factor(np.array([[4.0, 2.0], [2.0, 2.0]]))
    >>> cr.special.cho_solve(factor, np.array([8.0, 6.0]))
    array([1., 2.])
    """
    c, lower = c_and_lower
    first, second = (0, 2) if lower else (2, 0)
    return solve_triangular(c, solve_triangular(c, b, first, lower), second, lower)
