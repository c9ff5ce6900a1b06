"""The parts of a complex number: the operations on it that are not holomorphic.

The convention is that of JAX and autograd: the gradient of a real function of z = x + i y is df/dx - i df/dy, so a
cotangent g stands for the change Re(g dz) and passes through holomorphic operations without conjugation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Custom
from chainrule.core.domain import Domain, Kink
from chainrule.core.notation import Bars, Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Dtype, elementwise
from chainrule.ops import rules

_REASON = "not holomorphic: linear over the real numbers only, so the two modes differ by a conjugation"


def _real_dtype(dtype: Dtype) -> Dtype:
    if isinstance(dtype, type):
        return float if dtype is complex else dtype
    return np.empty(0, dtype).real.dtype


def _angle_dtype(dtype: Dtype) -> Dtype:
    return float if isinstance(dtype, type) else np.result_type(_real_dtype(dtype), 0.0)


def _unit(F: Any, out: Array, z: Array) -> Array:
    """conj(z) / |z|, and 0 at 0."""
    return F.conj(z) / F.where(F.equal(out, 0.0), 1.0, out)


_SHAPES = (example((3,)), example(()), example((2, 3)), example((0,)))

real = primitive("real", evaluate=np.real, shape=elementwise, dtype=_real_dtype,
                 derivative=Custom(lambda F, t, out, z: F.real(t[0]),
                                   lambda F, g, out, z: (g,), reason=_REASON),
                 notation=Call("Re", latex=r"\operatorname{Re}"), rule=rules.COMPLEX_PARTS, examples=_SHAPES)

imag = primitive("imag", evaluate=np.imag, shape=elementwise, dtype=_real_dtype,
                 derivative=Custom(lambda F, t, out, z: F.imag(t[0]),
                                   lambda F, g, out, z: (F.multiply(-1j, g),), reason=_REASON),
                 notation=Call("Im", latex=r"\operatorname{Im}"), rule=rules.COMPLEX_PARTS, examples=_SHAPES)

conj = primitive("conj", evaluate=np.conjugate, shape=elementwise,
                 derivative=Custom(lambda F, t, out, z: F.conj(t[0]),
                                   lambda F, g, out, z: (F.conj(g),), reason=_REASON),
                 rule=rules.COMPLEX_PARTS, examples=_SHAPES)

abs_complex = primitive("abs_complex", evaluate=np.absolute, shape=elementwise, dtype=_real_dtype,
                        derivative=Custom(lambda F, t, out, z: F.real(t[0] * _unit(F, out, z)),
                                          lambda F, g, out, z: (g * _unit(F, out, z),), reason=_REASON),
                        notation=Bars(), rule=rules.MODULUS, examples=_SHAPES,
                        domain=Domain(kinks=(
                            Kink(lambda out, z: z == 0, "|z| at 0, where the derivative is taken as 0"),)))

angle = primitive("angle", evaluate=np.angle, shape=elementwise, dtype=_angle_dtype,
                  derivative=Custom(lambda F, t, out, z: F.imag(t[0] / z),
                                    lambda F, g, out, z: (F.multiply(-1j, g) / z,), reason=_REASON),
                  notation=Call("arg", latex=r"\arg"), rule=rules.ARGUMENT, examples=_SHAPES,
                  domain=Domain(kinks=(
                      Kink(lambda out, z: z == 0, "arg z at 0, where it is not defined"),
                      Kink(lambda out, z: np.abs(out) == np.pi, "arg z on the negative real axis, a jump"))))
