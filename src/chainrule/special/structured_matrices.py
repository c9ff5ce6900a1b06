"""Matrices made of blocks on a diagonal, or of one number for each diagonal."""

from __future__ import annotations

import numpy as np

from chainrule.core.equivalents import stands_for
from chainrule.core.shapes import Array
from chainrule.errors import ShapeError
from chainrule.read.special_arguments import floating

__all__ = ["block_diag", "toeplitz"]


@stands_for("scipy.linalg.block_diag")
def block_diag(*arrays: Array) -> Array:
    """A matrix with the given ones along its diagonal, and zeros elsewhere.

    Args:
        arrays: matrices; a vector is a matrix of one row, and a number one of one entry.

    Returns:
        The matrix.

    Raises:
        ShapeError: an array has more than two axes.

    >>> import numpy as np, chainrule as cr
    >>> cr.special.block_diag(np.array([[1.0, 2.0]]), 3.0)
    array([[1., 2., 0.],
           [0., 0., 3.]])
    """
    if not arrays:
        return np.zeros((1, 0))
    blocks = [np.atleast_2d(floating(block)) for block in arrays]
    for block in blocks:
        if block.ndim > 2:
            raise ShapeError(f"block_diag takes matrices, not an array of shape {block.shape}")
    columns = sum(block.shape[1] for block in blocks)
    rows, before = [], 0
    for block in blocks:
        count, width = block.shape
        left = np.zeros((count, before), block.dtype)
        right = np.zeros((count, columns - before - width), block.dtype)
        rows.append(np.concatenate([left, block, right], axis=1))
        before += width
    return np.concatenate(rows, axis=0)


@stands_for("scipy.linalg.toeplitz")
def toeplitz(c: Array, r: Array | None = None) -> Array:
    """A matrix that is constant along each diagonal.

    Args:
        c: its first column, a vector.
        r: its first row, of which the first component is not read; by default the conjugate of c.

    Returns:
        The matrix, with a row for each component of c and a column for each of r.

    Raises:
        ShapeError: c or r is no vector.

    >>> import numpy as np, chainrule as cr
    >>> cr.special.toeplitz(np.array([1.0, 2.0]), np.array([1.0, 5.0, 6.0]))
    array([[1., 5., 6.],
           [2., 1., 5.]])
    """
    c = floating(c)
    r = np.conj(c) if r is None else floating(r)
    if c.ndim != 1 or r.ndim != 1:
        raise ShapeError(f"toeplitz takes vectors, not arrays of shapes {c.shape} and {r.shape}")
    line = np.concatenate([c[::-1], r[1:]])
    return line[len(c) - 1 - np.arange(len(c))[:, None] + np.arange(len(r))]
