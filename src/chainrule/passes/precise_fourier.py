"""How the Fourier transforms compute with mpmath: by their matrices, entry by entry, which shares nothing with FFTs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["FOURIER"]

Array = np.ndarray[Any, Any]


def _matrix(m: Any, n: int, sign: int, scale: Any) -> Array:
    """exp(sign 2 pi i k j / n) times the scale, in row k and column j."""
    roots = [m.expjpi(sign * m.mpf(2 * k) / n) * scale for k in range(n)]
    rows = [[roots[k * j % n] for j in range(n)] for k in range(n)]
    return np.array(rows, object).reshape(n, n)


def _scale(m: Any, n: int, norm: str, unscaled: str) -> Any:
    return m.mpf(1) if norm == unscaled else 1 / m.sqrt(n) if norm == "ortho" else m.mpf(1) / n


def _along(matrix: Array, x: Array, axis: int) -> Array:
    return np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)


def _transform(sign: int, unscaled: str) -> Callable[..., Any]:
    def transform(m: Any, x: Array, axes: tuple[int, ...], norm: str) -> Any:
        for axis in axes:
            n = x.shape[axis]
            x = _along(_matrix(m, n, sign, _scale(m, n, norm, unscaled)), x, axis)
        return x

    return transform


def _rfft(m: Any, x: Array, axis: int, norm: str) -> Any:
    n = x.shape[axis]
    return _along(_matrix(m, n, -1, _scale(m, n, norm, "backward"))[: n // 2 + 1], x, axis)


def _irfft(m: Any, x: Array, n: int, axis: int, norm: str) -> Any:
    half = np.moveaxis(x, axis, 0)
    mirrored = np.frompyfunc(m.conj, 1, 1)(half[1 : (n + 1) // 2][::-1])
    whole = np.moveaxis(np.concatenate([half, mirrored]), 0, axis)
    # Of the two ends of the half only the real part counts, and the rest of the sum is real: the parts of the matrix's
    # product that are not cancel, or are to be left out.
    return np.frompyfunc(m.re, 1, 1)(_along(_matrix(m, n, 1, _scale(m, n, norm, "forward")), whole, axis))


FOURIER: dict[str, Callable[..., Any]] = {
    "fftn": _transform(-1, "backward"),
    "ifftn": _transform(1, "forward"),
    "rfft": _rfft,
    "irfft": _irfft,
}
