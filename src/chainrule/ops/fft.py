"""Discrete Fourier transforms. `axes` holds non-negative ints, `axis` is one; `norm` is NumPy's.

The matrix of the transform is symmetric, so the transpose of a transform is that transform itself. Of the transforms
between real signals and the half of their spectrum that decides it, each is the other's transpose but for weights: what
stands in the half stands for two components of the whole, except at frequency zero and, for an even number of
components, at the highest one.

A signal is padded or cut to the length wanted before it gets here, by indexing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.axes import AxisRule
from chainrule.core.derivative import Linear
from chainrule.core.labels import Labels
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule
from chainrule.errors import ShapeError
from chainrule.ops import rules

# A transform and its transpose scale alike, and the inverse's scale is named by the other end.
_OTHER_END = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _size(shape: Shape, axis: int) -> int:
    if shape[axis] < 1:
        raise ShapeError(f"a Fourier transform along axis {axis} of shape {shape}: it needs one component or more")
    return shape[axis]


@dataclass(frozen=True)
class _Transformed(ShapeRule):
    """The shape stays; components mix along each of `axes`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        for axis in parameters["axes"]:
            _size(shapes[0], axis)
        return shapes[0]

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, **{**parameters, "axes": tuple(axis + 1 for axis in parameters["axes"])})

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        own = tuple([None if i in parameters["axes"] else i for i in range(len(shapes[0]))])
        return Labels((own,), own)


@dataclass(frozen=True)
class _Halved(AxisRule):
    """Of n components along `axis` the spectrum has n // 2 + 1 that decide it."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,), axis = shapes, parameters["axis"]
        return (*shape[:axis], _size(shape, axis) // 2 + 1, *shape[axis + 1 :])


@dataclass(frozen=True)
class _Doubled(AxisRule):
    """The signal of `n` components along `axis` whose spectrum's half this is."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        (shape,), axis, n = shapes, parameters["axis"], parameters["n"]
        if n < 1 or shape[axis] != n // 2 + 1:
            raise ShapeError(f"a spectrum of shape {shape} along axis {axis} for a signal of {n} components: expected "
                             f"size {n // 2 + 1}")
        return (*shape[:axis], n, *shape[axis + 1 :])


def _spectrum(x: Dtype, **_: Any) -> Dtype:
    return np.result_type(np.dtype(x), np.complex64)


def _signal(x: Dtype, **_: Any) -> Dtype:
    return np.empty(0, _spectrum(x)).real.dtype


def _weighted(F: Any, x: Array, n: int, axis: int, weight: float) -> Array:
    """Everything but frequency zero, and the highest one of an even number, times the weight."""
    weights = np.full((n // 2 + 1, *[1] * (x.ndim - 1 - axis)), weight, np.empty(0, x.dtype).real.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return x * weights


def _rfft_transpose(F: Any, g: Array, out: Array, x: Array, axis: int, norm: str) -> Array:
    n = x.shape[axis]
    return F.irfft(_weighted(F, F.conj(g), n, axis, 0.5), n=n, axis=axis, norm=_OTHER_END[norm])


def _irfft_transpose(F: Any, g: Array, out: Array, x: Array, n: int, axis: int, norm: str) -> Array:
    return _weighted(F, F.conj(F.rfft(g, axis=axis, norm=_OTHER_END[norm])), n, axis, 2.0)


_LINES: tuple[tuple[Shape, int], ...] = (((4,), 0), ((5,), 0), ((1,), 0), ((2,), 0), ((3, 4), 1), ((3, 4, 2), 0),
                                         ((2, 0, 3), 2))
_SETS: tuple[tuple[Shape, tuple[int, ...]], ...] = (((4,), (0,)), ((5,), (0,)), ((1,), (0,)), ((3, 4), (0, 1)),
                                                    ((3, 4, 2), (2, 0)), ((2, 0, 3), (2,)))
_NORMS = tuple(_OTHER_END)


def _cases(cases: tuple[tuple[Shape, Any], ...], name: str) -> tuple[Any, ...]:
    return tuple(example(shape, **{name: along}, norm=_NORMS[i % 3]) for i, (shape, along) in enumerate(cases))


_COMPLEX = example(np.array([[0.7 - 0.2j, -1.1 + 0.4j, 0.3 + 0.9j], [1.2 + 0.1j, 0.5 - 0.8j, -0.6 + 0.3j]]),
                   axes=(1,), norm="backward")
_HALF = np.array([0.7 - 0.2j, -1.1 + 0.4j, 0.3 + 0.9j])

fftn = primitive("fftn", evaluate=np.fft.fftn, shape=_Transformed(), dtype=_spectrum,
                 derivative=Linear(lambda F, g, out, x, axes, norm: F.fftn(g, axes=axes, norm=norm)),
                 notation=Call("DFT", latex=r"\operatorname{DFT}"), rule=rules.LINEAR_MAP,
                 examples=(*_cases(_SETS, "axes"), _COMPLEX))

ifftn = primitive("ifftn", evaluate=np.fft.ifftn, shape=_Transformed(), dtype=_spectrum,
                  derivative=Linear(lambda F, g, out, x, axes, norm: F.ifftn(g, axes=axes, norm=norm)),
                  notation=Call("IDFT", latex=r"\operatorname{IDFT}"), rule=rules.LINEAR_MAP,
                  examples=(*_cases(_SETS, "axes"), _COMPLEX))

# A real signal to the first half of its spectrum.
rfft = primitive("rfft", evaluate=np.fft.rfft, shape=_Halved(), dtype=_spectrum,
                 derivative=Linear(_rfft_transpose),
                 notation=Call("RDFT", latex=r"\operatorname{RDFT}"), rule=rules.LINEAR_MAP,
                 examples=_cases(_LINES, "axis"))

# The first half of a spectrum to its real signal; of the two ends only the real part counts.
irfft = primitive("irfft", evaluate=np.fft.irfft, shape=_Doubled(), dtype=_signal,
                  derivative=Linear(_irfft_transpose),
                  notation=Call("IRDFT", latex=r"\operatorname{IRDFT}"), rule=rules.LINEAR_MAP,
                  examples=(*(example((*shape[:axis], n // 2 + 1, *shape[axis + 1 :]), n=n, axis=axis, norm=norm)
                              for (shape, axis), norm in zip(_LINES, (*_NORMS, *_NORMS, "ortho"), strict=True)
                              for n in (shape[axis],)),
                            example(_HALF, n=4, axis=0, norm="backward"), example(_HALF, n=5, axis=0, norm="ortho"),
                            example(_HALF, n=4, axis=0, norm="forward")))
