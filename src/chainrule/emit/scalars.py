"""Elementary functions of Python floats that take NumPy's values where `math` raises: at poles and on overflow.

Emitted code takes along those that it calls, so each is written with `math` alone.
"""

from __future__ import annotations

import math

__all__: list[str] = []  # reached by the table of `emit.python`


def _divide(x: float, y: float) -> float:
    try:
        return x / y
    except ZeroDivisionError:
        if x == 0 or math.isnan(x):
            return math.nan
        return math.copysign(math.inf, x) * math.copysign(1.0, y)


def _divide_no_nan(x: float, y: float) -> float:
    return _divide(x, y) if y != 0 else 0.0


def _power(x: float, y: float) -> float:
    try:
        return math.pow(x, y) if y != 0.5 else _sqrt(x)  # as NumPy takes it: NaN at minus infinity
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:  # a negative number to a fraction, or zero to a negative power
        if x:
            return math.nan
        return math.copysign(math.inf, x) if y % 2 == 1 else math.inf


def _fmod(x: float, y: float) -> float:
    return math.fmod(x, y) if y and math.isfinite(x) else math.nan


def _remainder(x: float, y: float) -> float:
    return x % y if y and math.isfinite(x) else math.nan


def _floor_divide(x: float, y: float) -> float:
    return x // y if y else _divide(x, y)


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _exp2(x: float) -> float:
    try:
        return math.exp2(x)
    except OverflowError:
        return math.inf


def _expm1(x: float) -> float:
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf


def _log(x: float) -> float:
    return math.log(x) if x > 0 else (math.nan if x else -math.inf)


def _log2(x: float) -> float:
    return math.log2(x) if x > 0 else (math.nan if x else -math.inf)


def _log10(x: float) -> float:
    return math.log10(x) if x > 0 else (math.nan if x else -math.inf)


def _log1p(x: float) -> float:
    return math.log1p(x) if x > -1 else (-math.inf if x == -1 else math.nan)


def _sqrt(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def _sin(x: float) -> float:
    try:
        return math.sin(x)
    except ValueError:
        return math.nan


def _cos(x: float) -> float:
    try:
        return math.cos(x)
    except ValueError:
        return math.nan


def _tan(x: float) -> float:
    try:
        return math.tan(x)
    except ValueError:
        return math.nan


def _arcsin(x: float) -> float:
    return math.asin(x) if -1 <= x <= 1 else math.nan


def _arccos(x: float) -> float:
    return math.acos(x) if -1 <= x <= 1 else math.nan


def _sinh(x: float) -> float:
    try:
        return math.sinh(x)
    except OverflowError:
        return math.copysign(math.inf, x)


def _cosh(x: float) -> float:
    try:
        return math.cosh(x)
    except OverflowError:
        return math.inf


def _arccosh(x: float) -> float:
    return math.acosh(x) if x >= 1 else math.nan


def _arctanh(x: float) -> float:
    if -1 < x < 1:
        return math.atanh(x)
    return math.copysign(math.inf, x) if abs(x) == 1 else math.nan


def _sinc(x: float) -> float:
    y = math.pi * (x if x else 1e-20)
    return _sin(y) / y


def _larger_share(x: float, y: float) -> float:
    return 1.0 if x > y else (0.5 if x == y else 0.0)


def _unsaturated(x: float, out: float) -> bool:
    return not math.isinf(x) or not math.isfinite(out)


def _sign(x: float) -> float:
    return 1.0 if x > 0 else (-1.0 if x < 0 else x + 0.0)


def _floor(x: float) -> float:
    return math.copysign(float(math.floor(x)), x) if math.isfinite(x) else x


def _ceil(x: float) -> float:
    return math.copysign(float(math.ceil(x)), x) if math.isfinite(x) else x


def _trunc(x: float) -> float:
    return math.copysign(float(math.trunc(x)), x) if math.isfinite(x) else x


def _rint(x: float) -> float:
    return math.copysign(float(round(x)), x) if math.isfinite(x) else x


def _maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y


def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


def _fmax(x: float, y: float) -> float:
    return x if x >= y or y != y else y


def _fmin(x: float, y: float) -> float:
    return x if x <= y or y != y else y


def _clip(x: float, low: float, high: float) -> float:
    return _minimum(_maximum(x, low), high)


def _heaviside(x: float, at_zero: float) -> float:
    return 1.0 if x > 0 else (0.0 if x < 0 else (x if x != x else at_zero))


def _signbit(x: float) -> bool:
    return math.copysign(1.0, x) < 0


def _logaddexp2(x: float, y: float) -> float:
    if x == y:
        return x + 1.0
    return max(x, y) + math.log1p(math.exp2(-abs(x - y))) / math.log(2.0) if x - y == x - y else math.nan


def _logaddexp(x: float, y: float) -> float:
    if x == y:  # also where both are infinite
        return x + math.log(2.0)
    return max(x, y) + math.log1p(math.exp(-abs(x - y))) if x - y == x - y else math.nan


def _expit(x: float) -> float:
    e = math.exp(-abs(x))  # never overflows
    return 1 / (1 + e) if x >= 0 else e / (1 + e)


def _softplus(x: float) -> float:
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x))) if x == x else x


def _log_expit(x: float) -> float:
    return (x if x < 0 else 0.0) - math.log1p(math.exp(-abs(x))) if x == x else x


def _logit(x: float) -> float:
    return _log(x) - _log1p(-x) if abs(x - 0.5) >= 0.25 else 2 * math.atanh(2 * x - 1)


def _relu(x: float) -> float:
    return x if x > 0 or x != x else 0.0


def _sech(x: float) -> float:
    e = math.exp(-abs(x))
    return 2 * e / (1 + e * e)
