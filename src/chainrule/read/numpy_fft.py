"""NumPy's Fourier transforms: padding and cutting by indexing, then the transforms of `ops/fft.py`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import along, array, axis_of, refuse_option

__all__: list[str] = []

F = evaluating

_NORMS = {None: "backward", "backward": "backward", "ortho": "ortho", "forward": "forward"}
_OTHER_WAY = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _norm(norm: Any) -> str:
    if norm not in _NORMS:
        raise ArgumentError(f"norm={norm!r}: expected 'backward', 'ortho' or 'forward'")
    return _NORMS[norm]


def _signal(a: Any, call: str, out: Any) -> Any:
    if out is not None:
        raise refuse_option(f"numpy.fft.{call}", "out=", f"assign the result instead: result = np.fft.{call}(x)")
    return array(a)


def _fitted(a: Any, axis: int, n: Any) -> Any:
    """The array with n components along an axis: cut, or filled up with zeros; as it is if n is None."""
    size = a.shape[axis]
    n = size if n is None else operator.index(n)
    if n < 1:
        raise ShapeError(f"a Fourier transform of {n} points along axis {axis}: it needs one or more")
    if n < size:
        return F.getitem(a, pattern=along(axis, slice(0, n)))
    if n == size:
        return a
    zeros = np.zeros((*a.shape[:axis], n - size, *a.shape[axis + 1 :]), a.dtype)
    return F.concatenate(a, zeros, axis=axis)


def _sizes(a: Any, s: Any, axes: Any) -> list[tuple[int, int]]:
    """The axes to transform, each with the number of points wanted along it: as many as there are if not given."""
    if s is None:
        chosen = range(a.ndim) if axes is None else axes
        return [(i, a.shape[i]) for i in (axis_of(a.ndim, axis) for axis in chosen)]
    sizes = [operator.index(n) for n in s]
    if axes is None and len(sizes) > a.ndim:
        raise ShapeError(f"s={tuple(sizes)} names more axes than shape {a.shape} has")
    chosen = range(a.ndim - len(sizes), a.ndim) if axes is None else axes
    if len(chosen) != len(sizes):
        raise ShapeError(f"s={tuple(sizes)} and axes={tuple(chosen)}: expected a size for each axis")
    places = [axis_of(a.ndim, axis) for axis in chosen]
    return [(i, a.shape[i] if n == -1 else n) for i, n in zip(places, sizes, strict=True)]


def _along_one(call: str, name: str) -> Callable[..., Any]:
    def transform(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
        a = _signal(a, call, out)
        i = axis_of(a.ndim, axis)
        return getattr(F, name)(_fitted(a, i, n), axes=(i,), norm=_norm(norm))

    return transform


def _along_several(call: str, name: str, every: Any) -> Callable[..., Any]:
    def transform(a: Any, s: Any = None, axes: Any = every, norm: Any = None, out: Any = None) -> Any:
        a = _signal(a, call, out)
        wanted, norm = _sizes(a, s, axes), _norm(norm)
        for axis, n in wanted:
            a = _fitted(a, axis, n)
        if not wanted:
            return F.copy(a)
        return getattr(F, name)(a, axes=tuple(axis for axis, _ in wanted), norm=norm)

    return transform


for _name in ("fft", "ifft"):
    answers(getattr(np.fft, _name))(_along_one(_name, f"{_name}n"))
    answers(getattr(np.fft, f"{_name}n"))(_along_several(f"{_name}n", f"{_name}n", None))
    answers(getattr(np.fft, f"{_name}2"))(_along_several(f"{_name}2", f"{_name}n", (-2, -1)))


def _real(a: Any, call: str) -> Any:
    if a.dtype.kind == "c":
        raise ArgumentError(f"numpy.fft.{call} takes a real signal, not {a.dtype}: use the transform of complex ones")
    return a


def _half_spectrum(a: Any, axis: int, n: Any, norm: str) -> Any:
    return F.rfft(_fitted(a, axis, n), axis=axis, norm=norm)


def _real_signal(a: Any, axis: int, n: Any, norm: str) -> Any:
    n = 2 * (a.shape[axis] - 1) if n is None else operator.index(n)
    if n < 1:
        raise ShapeError(f"a real signal of {n} points from a spectrum of shape {a.shape}: give n=, one or more")
    return F.irfft(_fitted(a, axis, n // 2 + 1), n=n, axis=axis, norm=norm)


@answers(np.fft.rfft)
def _rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    a = _real(_signal(a, "rfft", out), "rfft")
    return _half_spectrum(a, axis_of(a.ndim, axis), n, _norm(norm))


@answers(np.fft.irfft)
def _irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    a = _signal(a, "irfft", out)
    return _real_signal(a, axis_of(a.ndim, axis), n, _norm(norm))


@answers(np.fft.hfft)
def _hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    a = _signal(a, "hfft", out)
    return _real_signal(np.conj(a), axis_of(a.ndim, axis), n, _OTHER_WAY[_norm(norm)])


@answers(np.fft.ihfft)
def _ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None, out: Any = None) -> Any:
    a = _real(_signal(a, "ihfft", out), "ihfft")
    return F.conj(_half_spectrum(a, axis_of(a.ndim, axis), n, _OTHER_WAY[_norm(norm)]))


def _last(wanted: Sequence[tuple[int, int]], call: str) -> tuple[tuple[int, int], Sequence[tuple[int, int]]]:
    if not wanted:
        raise ShapeError(f"numpy.fft.{call} needs one axis or more to transform along")
    return wanted[-1], wanted[:-1]


def _spectra(call: str, every: Any) -> Callable[..., Any]:
    def transform(a: Any, s: Any = None, axes: Any = every, norm: Any = None, out: Any = None) -> Any:
        a, norm = _real(_signal(a, call, out), call), _norm(norm)
        (axis, n), others = _last(_sizes(a, s, axes), call)
        a = _half_spectrum(a, axis, n, norm)
        for other, size in others:
            a = F.fftn(_fitted(a, other, size), axes=(other,), norm=norm)
        return a

    return transform


def _signals(call: str, every: Any) -> Callable[..., Any]:
    def transform(a: Any, s: Any = None, axes: Any = every, norm: Any = None, out: Any = None) -> Any:
        a, norm = _signal(a, call, out), _norm(norm)
        (axis, n), others = _last(_sizes(a, s, axes), call)
        for other, size in others:
            a = F.ifftn(_fitted(a, other, size), axes=(other,), norm=norm)
        return _real_signal(a, axis, None if s is None else n, norm)

    return transform


answers(np.fft.rfftn)(_spectra("rfftn", None))
answers(np.fft.rfft2)(_spectra("rfft2", (-2, -1)))
answers(np.fft.irfftn)(_signals("irfftn", None))
answers(np.fft.irfft2)(_signals("irfft2", (-2, -1)))


def _halves(a: Any, axes: Any) -> list[tuple[int, int]]:
    a_axes = range(a.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    return [(axis, a.shape[axis] // 2) for axis in (axis_of(a.ndim, axis) for axis in a_axes)]


@answers(np.fft.fftshift)
def _fftshift(x: Any, axes: Any = None) -> Any:
    halves = _halves(x, axes)
    return np.roll(x, [half for _, half in halves], [axis for axis, _ in halves])


@answers(np.fft.ifftshift)
def _ifftshift(x: Any, axes: Any = None) -> Any:
    halves = _halves(x, axes)
    return np.roll(x, [-half for _, half in halves], [axis for axis, _ in halves])
