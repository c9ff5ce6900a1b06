"""Functions of matrices."""

from __future__ import annotations

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.errors import ShapeError
from chainrule.read.special_arguments import floating

__all__ = ["expm"]

F = evaluating


@stands_for("scipy.linalg.expm")
def expm(a: Array) -> Array:
    """The exponential of a matrix, 1 + A + A^2 / 2 + ..., for every square matrix, defective or not.

    It has the meaning of `scipy.linalg.expm` and needs no SciPy; its derivative is exact, in both modes, of any order.

    Args:
        a: a square matrix, or a stack of them, real or complex.

    Returns:
        An array of the shape of a.

    Raises:
        ShapeError: a is no square matrix.

    Source: Higham (2005), The scaling and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal.
    Appl. 26; the derivative by the exponential of a block matrix: Najfeld and Havel (1995), Adv. Appl. Math. 16.

    >>> import numpy as np, chainrule as cr
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> print(cr.special.expm(np.pi / 2 * turn).round(12) + 0.0)
    [[ 0. -1.]
     [ 1.  0.]]
    >>> print(f"{cr.grad(lambda t: cr.special.expm(t * turn)[0, 0])(0.5):.6f}, {-np.sin(0.5):.6f}")
    -0.479426, -0.479426
    """
    a = floating(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"expm needs a square matrix, or a stack of them, not shape {a.shape}")
    return F.expm(a)
