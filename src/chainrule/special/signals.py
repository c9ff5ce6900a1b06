"""Convolutions of arrays, as SciPy writes them."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from chainrule.core.equivalents import stands_for
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.special_arguments import floating

__all__ = ["convolve"]

F = evaluating
_DIRECT = 10**8  # products of numbers, up to which they are summed one by one: some tenths of a second


@stands_for("scipy.signal.convolve", "scipy.signal.fftconvolve")
def convolve(
    in1: Array,
    in2: Array,
    mode: Literal["full", "valid", "same"] = "full",
    method: Literal["auto", "direct", "fft"] = "auto",
) -> Array:
    """The convolution of two arrays of the same number of axes.

    Args:
        in1: an array.
        in2: an array of as many axes.
        mode: "full" for all of it; "valid" for the part where one lies inside the other; "same" for the middle part,
            of the shape of in1.
        method: "direct" sums the products; "fft" multiplies the Fourier transforms, which is faster for two large
            arrays, and exact relative to the largest component only; "auto" is direct up to 1e8 products.

    Returns:
        The convolution; it is linear in each array, and differentiable in both.

    Raises:
        ShapeError: the arrays have different numbers of axes, or no components, or none lies inside the other.
        ArgumentError: there is no such mode or method.

    >>> import numpy as np, chainrule as cr
    >>> cr.special.convolve(np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.5]), mode="same")
    array([1. , 2.5, 4. ])
    """
    a, b = floating(in1), floating(in2)
    if a.ndim != b.ndim or not a.size or not b.size:
        raise ShapeError(f"convolve takes arrays with as many axes and with components, not {a.shape} and {b.shape}")
    if mode not in ("full", "valid", "same") or method not in ("auto", "direct", "fft"):
        raise ArgumentError(
            f"mode is full, valid or same, and method auto, direct or fft, not {mode!r:.20} and {method!r:.20}"
        )
    if a.ndim == 0:
        return a * b
    whole = tuple(n + m - 1 for n, m in zip(a.shape, b.shape, strict=True))
    direct = method == "direct" or (method == "auto" and _length(a, whole) * _length(b, whole) <= _DIRECT)
    out = _by_sums(a, b, whole) if direct else _by_transforms(a, b, whole)
    if mode == "full":
        return out
    if mode == "same":
        return out[tuple(slice((w - n) // 2, (w - n) // 2 + n) for n, w in zip(a.shape, whole, strict=True))]
    if any(n < m for n, m in zip(a.shape, b.shape, strict=True)):
        a, b = b, a
    if any(n < m for n, m in zip(a.shape, b.shape, strict=True)):
        raise ShapeError(f"mode valid: of the shapes {b.shape} and {a.shape} none lies inside the other")
    return out[tuple(slice(m - 1, n) for n, m in zip(a.shape, b.shape, strict=True))]


def _length(x: Array, whole: tuple[int, ...]) -> int:
    """How many numbers an array is as a line in which rows have the length that they have in the result."""
    return int(x.shape[0] * math.prod(whole[1:]))


def _by_sums(a: Array, b: Array, whole: tuple[int, ...]) -> Array:
    """As one convolution of lines: with rows as long as those of the result, shifts of rows are shifts of the line."""
    lines = []
    for x in (a, b):
        width = [(0, 0), *((0, w - n) for n, w in zip(x.shape[1:], whole[1:], strict=True))]
        lines.append(np.reshape(np.pad(x, width), -1) if x.ndim > 1 else x)
    return np.reshape(F.convolve(*lines)[: math.prod(whole)], whole)


def _by_transforms(a: Array, b: Array, whole: tuple[int, ...]) -> Array:
    axes = tuple(range(len(whole)))
    if "c" in (np.dtype(a.dtype).kind, np.dtype(b.dtype).kind):
        return np.fft.ifftn(np.fft.fftn(a, whole, axes) * np.fft.fftn(b, whole, axes), axes=axes)
    return np.fft.irfftn(np.fft.rfftn(a, whole, axes) * np.fft.rfftn(b, whole, axes), whole, axes)
