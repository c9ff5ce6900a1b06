"""Functions of matrices."""

from __future__ import annotations

import numpy as np

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value
from chainrule.errors import ShapeError, SingularError
from chainrule.read.special_arguments import floating

__all__ = ["expm", "logm", "sqrtm"]

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
    return F.expm(_square(a, "expm"))


@stands_for("scipy.linalg.sqrtm")
def sqrtm(a: Array) -> Array:
    """The principal square root of a matrix: that whose eigenvalues have positive real parts.

    Its derivative solves S dS + dS S = dA, for every matrix that has a root, defective or not, and of any order.

    Args:
        a: a square matrix without eigenvalues that are negative or 0, or a stack of them, real or complex.

    Returns:
        An array of the shape of a.

    Raises:
        ShapeError: a is no square matrix.
        SingularError: an eigenvalue is 0, or negative where a is real: there is no such root, or no derivative.
        MissingExtraError: SciPy is not installed.

    Source: Higham (2008), Functions of Matrices, chapters 3 and 6.

    >>> import numpy as np, chainrule as cr
    >>> a = np.array([[5.0, 4.0], [4.0, 5.0]])
    >>> print(cr.special.sqrtm(a).round(12))
    [[2. 1.]
     [1. 2.]]
    >>> print(cr.grad(lambda a: np.trace(cr.special.sqrtm(a)))(a).round(6))
    [[ 0.333333 -0.166667]
     [-0.166667  0.333333]]
    """
    return F.sqrtm(_with_root(a, "sqrtm"))


@stands_for("scipy.linalg.logm")
def logm(a: Array) -> Array:
    """The principal logarithm of a matrix: the inverse of `expm`, with eigenvalues whose imaginary parts are within pi.

    Args:
        a: a square matrix without eigenvalues that are negative or 0, or a stack of them, real or complex.

    Returns:
        An array of the shape of a; its derivative is exact for every such matrix, defective or not, of any order.

    Raises:
        ShapeError: a is no square matrix.
        SingularError: an eigenvalue is 0, or negative where a is real: there is no such logarithm.
        MissingExtraError: SciPy is not installed.

    Source: Higham (2008), Functions of Matrices, chapters 3 and 11.

    >>> import numpy as np, chainrule as cr
    >>> a = np.array([[2.0, 1.0], [0.0, 2.0]])
    >>> print(cr.special.logm(a).round(6) + 0.0)
    [[0.693147 0.5     ]
     [0.       0.693147]]
    >>> print(cr.grad(lambda a: np.trace(cr.special.logm(a)))(a).round(6) + 0.0)
    [[ 0.5   0.  ]
     [-0.25  0.5 ]]
    """
    return F.logm(_with_root(a, "logm"))


def _square(a: Array, name: str) -> Array:
    a = floating(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"{name} needs a square matrix, or a stack of them, not shape {a.shape}")
    return a


def _with_root(a: Array, name: str) -> Array:
    a = _square(a, name)
    value = plain_value(a)
    if not a.size:
        return a
    values = np.linalg.eigvals(value)
    size = np.max(np.abs(values), axis=-1, keepdims=True)
    zero = np.abs(values) <= value.shape[-1] * np.finfo(value.dtype).eps * size
    negative = (np.real(values) < 0) & (np.abs(np.imag(values)) <= 1e-14 * size) & (value.dtype.kind != "c")
    if np.any(zero | negative):
        wrong = np.ravel(np.real(values))[np.flatnonzero(zero | negative)[0]]
        complex_ = "" if np.any(zero) else "; a complex one has a value: pass a + 0j"
        raise SingularError(f"{name} of a matrix with the eigenvalue {wrong:.3g} has no derivative{complex_}")
    return a
