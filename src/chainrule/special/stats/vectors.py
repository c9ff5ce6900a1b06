"""Distributions of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.special_arguments import real

__all__ = ["dirichlet", "multinomial", "multivariate_normal"]

F = evaluating


class _MultivariateNormal:
    """The normal distribution of vectors: mean `mean`, covariance matrix `cov`.

    The covariance is taken as a general matrix, as everywhere here: the gradient by a symmetric one is symmetric.

    >>> import numpy as np, chainrule as cr
    >>> x, mean, cov = np.array([1.0, 2.0]), np.zeros(2), np.array([[2.0, 0.5], [0.5, 1.0]])
    >>> print(f"{cr.special.stats.multivariate_normal.logpdf(x, mean, cov):.6f}")
    -4.117685
    >>> print(cr.grad(cr.special.stats.multivariate_normal.logpdf, argnums=1)(x, mean, cov).round(6) + 0.0)
    [0. 2.]
    """

    __stands_for__ = "scipy.stats.multivariate_normal"

    def logpdf(self, x: Array, mean: Array = None, cov: Array = 1.0) -> Array:
        """The logarithm of the density at the vectors along the last axis of x."""
        x = real(x)
        size = next((np.shape(v)[-1] for v in (mean, cov, x) if v is not None and np.ndim(v)), 1)
        matrix = _covariance(real(cov), size)
        if np.shape(matrix) != (size, size):
            raise ShapeError(f"multivariate_normal: cov of shape {np.shape(cov)} does not fit vectors of size {size}")
        if (x.shape[-1] if x.ndim else 1) != size:
            raise ShapeError(f"multivariate_normal: x of shape {x.shape} does not hold vectors of size {size}")
        off = x if mean is None else x - real(mean)
        off = np.reshape(off, (*off.shape, 1) if off.ndim else (1, 1))
        solved = np.linalg.solve(matrix, off)
        distance = np.sum(off * solved, axis=(-2, -1))
        _, logdet = np.linalg.slogdet(matrix)
        return -0.5 * (distance + logdet + size * math.log(2 * math.pi))

    def pdf(self, x: Array, mean: Array = None, cov: Array = 1.0) -> Array:
        """The density at the vectors along the last axis of x."""
        return np.exp(self.logpdf(x, mean, cov))

    def entropy(self, mean: Array = None, cov: Array = 1.0) -> Array:
        """The differential entropy in nats; it does not change with the mean."""
        size = next((np.shape(v)[-1] for v in (mean, cov) if v is not None and np.ndim(v)), 1)
        matrix = _covariance(real(cov), size)
        _, logdet = np.linalg.slogdet(matrix)
        return 0.5 * (logdet + size * (1 + math.log(2 * math.pi)))


def _covariance(cov: Array, size: int) -> Array:
    """A covariance given as a number, as variances or as a matrix, as a matrix; a positive definite one."""
    matrix = cov if cov.ndim == 2 else cov * np.eye(size)
    value = plain_value(matrix)
    try:
        symmetric = np.allclose(value, value.T, rtol=1e-8, atol=0)
        np.linalg.cholesky(value)
    except (np.linalg.LinAlgError, ValueError):
        symmetric = False
    if not symmetric:
        raise ArgumentError("multivariate_normal: cov is symmetric and positive definite, and this is not")
    return matrix


class _Dirichlet:
    """The Dirichlet distribution of positive numbers with the sum 1, with the concentrations `alpha`.

    >>> import numpy as np, chainrule as cr
    >>> x, alpha = np.array([0.2, 0.3, 0.5]), np.array([1.0, 2.0, 3.0])
    >>> print(f"{cr.special.stats.dirichlet.logpdf(x, alpha):.6f}")
    1.504077
    """

    __stands_for__ = "scipy.stats.dirichlet"

    def logpdf(self, x: Array, alpha: Array) -> Array:
        """The logarithm of the density; as in SciPy the components lie along the first axis of x, and the last one
        may be left out. By them it is the derivative of the formula, as if they were free."""
        x, alpha = real(x), real(alpha)
        if alpha.ndim != 1 or not alpha.size or x.ndim < 1 or x.shape[0] not in (alpha.size, alpha.size - 1):
            raise ShapeError(
                f"dirichlet: x of shape {x.shape} does not fit alpha of shape {alpha.shape}: the components of x lie "
                "along its first axis"
            )
        if np.any(plain_value(alpha) <= 0):
            raise ArgumentError("dirichlet: the parameter alpha is positive")
        if x.shape[0] < alpha.size:
            x = np.concatenate([x, 1.0 - np.sum(x, axis=0, keepdims=True)])
        value = plain_value(x)
        if np.any(value < 0) or np.any(np.abs(np.sum(value, axis=0) - 1) > 1e-9):
            raise ArgumentError("dirichlet: the components of x are at least 0 and have the sum 1, and these are not")
        weights = np.reshape(alpha - 1.0, (alpha.size, *[1] * (x.ndim - 1)))
        both = F.logical_and(F.equal(weights, 0.0), F.equal(x, 0.0))  # 0^0 is 1
        powers = np.sum(weights * F.log(F.where(both, 1.0, x)), axis=0)
        return powers + F.gammaln(np.sum(alpha)) - np.sum(F.gammaln(alpha))

    def pdf(self, x: Array, alpha: Array) -> Array:
        """The density."""
        return np.exp(self.logpdf(x, alpha))


class _Multinomial:
    """The counts of `n` draws of several outcomes with the probabilities `p`, along the last axis.

    >>> import numpy as np, chainrule as cr
    >>> print(f"{cr.special.stats.multinomial.pmf([1, 2], 3, np.array([0.4, 0.6])):.3f}")
    0.432
    """

    __stands_for__ = "scipy.stats.multinomial"

    @np.errstate(divide="ignore")
    def logpmf(self, x: Array, n: Array, p: Array) -> Array:
        """The logarithm of the probability of the counts x; minus infinity where they do not sum to n. By p it is the
        derivative of the formula, as if they were free; SciPy takes the last one as what the others leave."""
        x, n, p = real(x), real(n), real(p)
        if not x.ndim or not p.ndim or x.shape[-1] != p.shape[-1]:
            raise ShapeError(f"multinomial: x of shape {x.shape} does not fit p of shape {p.shape} along the last axis")
        value = plain_value(p)
        if np.any(value < 0) or np.any(np.abs(np.sum(value, axis=-1) - 1) > 1e-9):
            raise ArgumentError("multinomial: the components of p are at least 0 and have the sum 1, and these are not")
        counts, total = plain_value(x), plain_value(n)
        whole = np.all((counts >= 0) & (counts == np.floor(counts)), axis=-1) & (np.sum(counts, axis=-1) == total)
        k = F.where(whole[..., None], x, 0.0)
        drawn = F.not_equal(k, 0.0)  # 0^0 is 1
        powers = np.sum(k * F.log(F.where(drawn, p, 1.0)) - F.gammaln(k + 1.0), axis=-1)
        out = F.where(whole, F.gammaln(F.where(whole, n, 0.0) + 1.0) + powers, -math.inf)
        return out[()] if isinstance(out, np.ndarray) else out

    def pmf(self, x: Array, n: Array, p: Array) -> Array:
        """The probability of the counts x."""
        return np.exp(self.logpmf(x, n, p))


multinomial: Any = _Multinomial()
"""The multinomial distribution: logpmf and pmf, each of (x, n, p)."""

multivariate_normal: Any = _MultivariateNormal()
"""The multivariate normal distribution: logpdf and pdf of (x, mean=None, cov=1), entropy of (mean=None, cov=1)."""

dirichlet: Any = _Dirichlet()
"""The Dirichlet distribution: logpdf and pdf, each of (x, alpha)."""
