"""The rank of a matrix: whether all its columns count, and what a derivative needs where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.domain import Domain, Kink
from chainrule.core.shapes import Array, Shape

__all__ = ["FULL_RANK", "beyond", "full_rank", "lower_rank", "turned", "well_conditioned"]


def turned(a: Any) -> Any:
    """The adjoint, of a real matrix without a copy: NumPy multiplies it by the matrix itself in half the time."""
    turned = np.swapaxes(a, -1, -2)
    return np.conj(turned) if turned.dtype.kind == "c" else turned


def well_conditioned(a: Any, rcond: Any) -> Any:
    """Whether A^H A alone tells that all columns count, and can be solved with: for a fourth of the digits of A."""
    gram = turned(a) @ a
    if a.shape[-2] < a.shape[-1] or not np.all(np.isfinite(gram)):
        return False
    squares = np.linalg.eigvalsh(gram)
    level = max(np.sqrt(np.finfo(squares.dtype).eps), 4 * rcond**2)
    return bool(np.all(squares[..., :1] > level * squares[..., -1:]))


def beyond(F: Any, a: Array, b: Array, y: Array) -> Array:
    """(I - A B) y, without making the identity."""
    return y - F.matmul(a, F.matmul(b, y))


def full_rank(rng: np.random.Generator, shape: Shape) -> Any:
    return rng.normal(size=shape) + 2 * np.eye(shape[-2], shape[-1])


def lower_rank(out: Any, a: Any, *b: Any, rcond: float) -> Any:
    s = np.linalg.svd(np.asarray(a), compute_uv=False)
    return np.any(s <= rcond * np.max(s, axis=-1, keepdims=True, initial=0), axis=-1)[..., None, None]


FULL_RANK = Domain(
    text="a matrix of full rank",
    sample=full_rank,
    kinks=(Kink(lower_rank, "a matrix of lower rank: the derivative is taken along matrices of the same rank"),),
)
