"""The Lanczos process: a few products with a symmetric matrix give the ends of its spectrum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ritz", "lanczos", "whole"]

Vector = NDArray[np.float64]
LOOK_EVERY = 5  # products, until what has been found is looked at


@dataclass(frozen=True, slots=True, eq=False)
class Ritz:
    """Approximate eigenpairs of a symmetric matrix H of size n, ascending, from a Krylov space that begins at v.

    Attributes:
        values: approximate eigenvalues, shape (k,).
        errors: for each, |H x - value x|, which bounds the distance to an eigenvalue of H, shape (k,).
        cosines: that of v with each vector, shape (k,).
        basis: an orthonormal basis of the space, shape (k, n).
        mixing: the vectors in that basis, a column each, shape (k, k).
        rest: how far the space is from an invariant one: the length of what the next product would add to it.

    Source: G. H. Golub and G. Meurant, Matrices, Moments and Quadrature with Applications (2010), chapters 4 and 6.
    """

    values: Vector
    errors: Vector
    cosines: Vector
    basis: Vector
    mixing: Vector
    rest: float = 0.0

    def vector(self, place: int) -> Vector:
        """The approximate eigenvector of `values[place]`, of length 1, shape (n,)."""
        return np.asarray(self.mixing[:, place] @ self.basis)

    @property
    def weights(self) -> Vector:
        """Those of Gauss's quadrature for v^T f(H) v / v^T v at `values`, exact for polynomials of degree 2k - 1."""
        return self.cosines**2

    def applied(self, function: Vector) -> Vector:
        """f(H) v / |v| in the Krylov space, from f at `values`, shape (n,)."""
        return np.asarray((self.mixing @ (function * self.cosines)) @ self.basis)

    def with_node(self, node: float) -> tuple[Vector, Vector]:
        """Nodes and weights of the quadrature of Gauss and Radau, with a node below all values, shape (k + 1,) each.

        With a node that is not above the smallest eigenvalue, it bounds v^T H^-1 v from above as Gauss's does from
        below (Golub and Meurant, section 6.2). Of an invariant space, what Gauss's has is exact.
        """
        if self.rest == 0:
            return self.values, self.weights
        count = len(self.values)
        tridiagonal = (self.mixing * self.values) @ self.mixing.T
        border = self.rest * np.eye(count)[-1]
        extended = np.zeros((count + 1, count + 1))
        extended[:count, :count] = tridiagonal
        extended[count, :count] = extended[:count, count] = border
        extended[count, count] = node + border @ np.linalg.solve(tridiagonal - node * np.eye(count), border)
        values, vectors = np.linalg.eigh(extended)
        return values, (vectors.T @ np.append(self._start, 0.0)) ** 2

    @property
    def _start(self) -> Vector:
        """The first vector in the basis."""
        return np.asarray(self.mixing @ self.cosines)

    def upper_end(self) -> tuple[float, float]:
        """An estimate of the largest eigenvalue of H, and its error bar.

        The largest of `values` approaches it from below, and near a dense end of the spectrum no faster than 1 / k^2.
        Where it has not arrived, what is left by that law is added by half: then it is more often off by less.
        """
        value, error = float(self.values[-1]), float(self.errors[-1])
        count = len(self.values)
        back = count // 3
        if back < 2 or error <= 1e-3 * float(np.abs(self.values).max()):
            return value, error
        tridiagonal = (self.mixing * self.values) @ self.mixing.T
        earlier = float(np.linalg.eigvalsh(tridiagonal[: count - back, : count - back])[-1])
        left = (value - earlier) / ((count / (count - back)) ** 2 - 1)
        shift = min(left, error) / 2
        return value + shift, error + shift


def lanczos(
    product: Callable[[Vector], Vector], start: Vector, limit: int, enough: Callable[[Ritz], bool] | None = None
) -> Ritz:
    """Eigenpairs of the Krylov space that begins at `start`, with every vector made orthogonal to all before, twice.

    Args:
        product: the matrix as a function of a vector.
        start: not zero.
        limit: how many products may be made.
        enough: ends the process when it returns True for what has been found.

    Source: B. N. Parlett, The Symmetric Eigenvalue Problem (1998), chapter 13.

    >>> diagonal = np.array([1.0, 2.0, 10.0])
    >>> lanczos(lambda v: diagonal * v, np.ones(3), 3).values.round(12)
    array([ 1.,  2., 10.])
    """
    limit = min(limit, start.size)
    basis = np.empty((limit, start.size))
    basis[0] = start / np.linalg.norm(start)
    tridiagonal = np.zeros((limit, limit))
    for k in range(limit):
        new = product(basis[k])
        tridiagonal[k, k] = basis[k] @ new
        for _ in range(2):  # twice is enough: what the first pass leaves is its own rounding (Parlett, section 6.9)
            new = new - (basis[: k + 1] @ new) @ basis[: k + 1]
        rest = float(np.linalg.norm(new))
        scale = float(np.abs(tridiagonal[: k + 1, : k + 1]).sum(axis=0).max())
        # What is left is rounding: the space is invariant, and its eigenvalues are those of the matrix.
        closed = rest <= 64 * np.finfo(float).eps * scale
        last = closed or k + 1 == limit
        if last or (enough is not None and (k + 1) % LOOK_EVERY == 0):
            found = _ritz(tridiagonal[: k + 1, : k + 1], basis[: k + 1], 0.0 if closed else rest)
            if last or (enough is not None and enough(found)):
                return found
        tridiagonal[k, k + 1] = tridiagonal[k + 1, k] = rest
        basis[k + 1] = new / rest
    raise AssertionError(limit)


def whole(product: Callable[[Vector], Vector], size: int, start: Vector) -> Ritz:
    """All eigenpairs, from a product with each unit vector: the surest way for a small matrix, as none is missed."""
    matrix = np.stack([product(row) for row in np.eye(size)])
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    errors = np.full(size, float(np.linalg.norm(matrix - matrix.T)) / 2 + np.finfo(float).eps * np.abs(values).max())
    length = float(np.linalg.norm(start)) or 1.0
    return Ritz(values, errors, vectors.T @ (start / length), np.eye(size), vectors)


def _ritz(tridiagonal: Vector, basis: Vector, rest: float) -> Ritz:
    values, mixing = np.linalg.eigh(tridiagonal)
    rounding = 16 * np.finfo(float).eps * float(np.abs(values).max())
    return Ritz(values, rest * np.abs(mixing[-1]) + rounding, mixing[0], basis, mixing, rest)
