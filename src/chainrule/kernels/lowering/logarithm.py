"""Logarithms: x = 2^e (1 + f) with 1 + f between the roots of 1/2 and 2, and a series in s = f / (2 + f).

log(1 + f) = 2 artanh(s) = f - f^2/2 + s (f^2/2 + s^2 R(s^2)), in which f is exact and all that is rounded is smaller
(Tang 1990, Table-driven implementation of the logarithm function; the form without a table is fdlibm's). R is a
minimax polynomial of (2 artanh(s) - 2 s) / s^3, made by the exchange algorithm of Remez.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from chainrule.kernels.lowering.polynomial import polynomial
from chainrule.kernels.lowering.table import lowered, shared

if TYPE_CHECKING:
    from chainrule.kernels.lowering.vector import Vector


@final
@dataclass(frozen=True, slots=True)
class _Format:
    """What depends on the precision.

    Attributes:
        high, low: ln 2 = high + low, high with so few digits that its multiples by an exponent are exact.
        tens_high, tens_low: log10(2) = high + low.
        root: the bits of the root of 1/2.
        one: the bits of 1.
        mantissa: how many bits there are below the exponent.
        bias: what is added to an exponent.
        rounder: 1.5 times the power of 2 from which on floating numbers are integers.
        integers: its bits.
        least: the smallest number that is not subnormal.
        shift: how far subnormal numbers are brought up.
        near: the coefficients of R for 1 + f between the roots.
        wide: for f from 0 to 1.
    """

    high: float
    low: float
    tens_high: float
    tens_low: float
    root: int
    one: int
    mantissa: int
    bias: int
    rounder: float
    integers: int
    least: float
    shift: int
    near: tuple[float, ...]
    wide: tuple[float, ...]


_DOUBLE = _Format(
    0.6931471803691238, 1.9082149292705877e-10, 0.3010299955494702, 1.1451100898021838e-10,
    0x3FE6A09E667F3BCD, 0x3FF << 52, 52, 1023, 1.5 * 2.0**52, 0x4338 << 48, 2.0**-1022, 54,
    (0.6666666666666735, 0.39999999999411073, 0.2857142874326731, 0.22222198475533428, 0.1818356976185642,
     0.15313902719774555, 0.14797512643284008),
    (0.6666666666666631, 0.40000000000157404, 0.28571428547832756, 0.2222222397110412, 0.1818174387461665,
     0.15386561032861062, 0.13300958550723635, 0.12106208641702043, 0.08339552458790363,
     0.17019618250639929))  # fmt: skip
_SINGLE = _Format(
    0.693359375, -2.12194440e-4, 0.301025390625, 4.605038981e-6, 0x3F3504F3, 0x7F << 23, 23, 127, 1.5 * 2.0**23,
    0x4B400000, 2.0**-126, 25, (0.66666776, 0.39977497, 0.29873073),
    (0.66666675, 0.39998877, 0.28616884, 0.21427651, 0.24300961))  # fmt: skip

# For more digits: 2 / 3, the first coefficient of R, as a sum of two numbers, and those that follow it.
_TWO_THIRDS, _TWO_THIRDS_LOW = 2 / 3, 3.700743415417188e-17
_EXACT_TAIL = (0.3999999999999998, 0.2857142857144522, 0.22222222217510668, 0.18181818873484398, 0.15384556654410916,
               0.13336325765562967, 0.11674648788239389, 0.11990429071717407)  # fmt: skip


def _format_of(x: Vector) -> _Format:
    return _SINGLE if x.single else _DOUBLE


def _split(x: Vector) -> tuple[Vector, Vector, Vector]:
    """1 + f, the biased exponent as an integer and the exponent as a number, of a positive number not subnormal."""
    f = _format_of(x)
    bits = x.bits() + (f.one - f.root)
    exponent = bits.shifted(f.mantissa)
    mantissa = ((bits & ((1 << f.mantissa) - 1)) + f.root).float()
    return mantissa, exponent, (exponent + f.integers).float() - (f.rounder + f.bias)


def _correction(f: Vector, coefficients: tuple[float, ...]) -> Vector:
    """log(1 + f) - f."""
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    return s.times_plus(z.times_plus(polynomial(z, coefficients), half_square), -half_square)


def _split_number(x: Vector) -> tuple[Vector, Vector]:
    """f and e of any positive number."""
    format_ = _format_of(x)
    small = x < format_.least
    x = small.select(x * 2.0**format_.shift, x)
    mantissa, _, exponent = _split(x)
    exponent = small.select(exponent - float(format_.shift), exponent)
    return mantissa - 1.0, exponent


def _parts(x: Vector) -> tuple[Vector, Vector, Vector]:
    """f, log(1 + f) - f and e of a positive number."""
    f, e = _split_number(x)
    return f, _correction(f, _format_of(x).near), e


def _of_parts(f: Vector, e: Vector) -> Vector:
    """log(1 + f) + e log(2)."""
    format_ = _format_of(f)
    return e.times_plus(format_.high, f + e.times_plus(format_.low, _correction(f, format_.near)))


def _where_defined(x: Vector, of_positive: Vector) -> Vector:
    """A logarithm also at 0, below, and at infinity."""
    other = x.equals(0.0).select(-math.inf, (x < 0.0).select(math.nan, x))
    return ((x > 0.0) & (x < math.inf)).select(of_positive, other)


@lowered("log")
@shared()
def log(x: Vector) -> Vector:
    f, e = _split_number(x)
    return _where_defined(x, _of_parts(f, e))


def log_beside(x: Vector, w: Vector, turns: Vector | None = None) -> Vector:
    """log(x 2^turns), by the number less 1, w, where it is near 1: w is known better."""
    f, e = _split_number(x)
    e = e if turns is None else e + turns
    return _where_defined(x, _of_parts(e.equals(0.0).select(w, f), e))


@lowered("log2")
@shared()
def log2(x: Vector) -> Vector:
    f, correction, e = _parts(x)
    return _where_defined(x, (f + correction).times_plus(1 / math.log(2.0), e))


@lowered("log10")
@shared()
def log10(x: Vector) -> Vector:
    format_ = _format_of(x)
    f, correction, e = _parts(x)
    rest = (f + correction).times_plus(1 / math.log(10.0), e * format_.tens_low)
    return _where_defined(x, e.times_plus(format_.tens_high, rest))


def log_in_two(x: Vector) -> tuple[Vector, Vector]:
    """log(x) of a positive float64 number as a sum of two, whose error is some 2^-65 of it.

    Of the series all but the first two terms need no second number (Dekker 1971, A floating-point technique for
    extending the available precision).
    """
    f, e = _split_number(x)
    below = f + 2.0
    inverse = 1.0 / below
    s = f * inverse
    s_low = ((-s).fused(below, f) - s * (f - (below - 2.0))) * inverse
    z = s * s
    z_low = s.fused(s, -z) + (s + s) * s_low
    tail = z * polynomial(z, _EXACT_TAIL)
    w = tail + _TWO_THIRDS
    w_low = (_TWO_THIRDS - w) + tail + _TWO_THIRDS_LOW
    t = z * w
    t_low = z.fused(w, -t) + (z * w_low + z_low * w)
    v = t + 2.0
    v_low = t - (v - 2.0) + t_low
    log_f = s * v
    log_f_low = s.fused(v, -log_f) + (s * v_low + s_low * v)
    turns = e * _DOUBLE.high
    total = turns + log_f
    return total, (turns - total + log_f) + (log_f_low + e * _DOUBLE.low)


@lowered("log1p")
@shared()
def log1p(x: Vector) -> Vector:
    format_ = _format_of(x)
    u = 1.0 + x
    mantissa, biased, e = _split(u)
    # 1 + f = (1 + x) / 2^e, with the digits of x that the sum has lost; of large x it has lost none.
    scale = ((2 * format_.bias - biased) << format_.mantissa).float()
    f = (x < 2.0**format_.mantissa * 2.0).select(x.times_plus(scale, scale - 1.0), mantissa - 1.0)
    return x.equals(0.0).select(x, _where_defined(u, _of_parts(f, e)))


def rest_of_log(v: Vector) -> Vector:
    """2 artanh(v) - 2 v, that is log((1 + v) / (1 - v)) - 2 v, for |v| up to 1/3."""
    z = v * v
    return v * z * polynomial(z, _format_of(v).wide)


@shared()
def log1p_of_part(x: Vector) -> Vector:
    """log1p of a number from 0 to 1."""
    return x + _correction(x, _format_of(x).wide)
