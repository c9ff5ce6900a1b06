"""How mpmath spells the elementwise primitives.

An entry takes an mpmath context `m` and gives the function of its numbers. Operands are numbers of the context, also
where the graph has integers or booleans; a complex result of real operands is outside the domain, and so is what
raises `ValueError` or `ZeroDivisionError`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from chainrule.passes.precise_special import SPECIAL

__all__ = ["SCALARS"]

Function = Callable[..., Any]


def _sign(m: Any) -> Function:
    return lambda x: x if m.isnan(x) else m.mpf(x > 0) - (x < 0)


def _larger(m: Any) -> Function:
    return lambda x, y: x if x >= y or m.isnan(x) else y


def _smaller(m: Any) -> Function:
    return lambda x, y: x if x <= y or m.isnan(x) else y


def _larger_number(m: Any) -> Function:
    return lambda x, y: x if x >= y or m.isnan(y) else y


def _smaller_number(m: Any) -> Function:
    return lambda x, y: x if x <= y or m.isnan(y) else y


def _clip(m: Any) -> Function:
    larger, smaller = _larger(m), _smaller(m)
    return lambda x, low, high: smaller(larger(x, low), high)


def _larger_share(m: Any) -> Function:
    half = m.mpf(0.5)
    return lambda x, y: half if x == y else m.mpf(x > y)


def _remainder(m: Any) -> Function:
    return lambda x, y: x - y * m.floor(x / y)


def _towards_zero(m: Any) -> Function:
    return lambda x: m.floor(x) if x >= 0 else m.ceil(x)


def _fmod(m: Any) -> Function:
    trunc = _towards_zero(m)
    return lambda x, y: x - y * trunc(x / y)


def _cbrt(m: Any) -> Function:
    return lambda x: m.cbrt(x) if x >= 0 else -m.cbrt(-x)


def _round(m: Any) -> Function:
    return lambda x, decimals: m.nint(x * m.mpf(10) ** decimals) / m.mpf(10) ** decimals


def _logaddexp(m: Any) -> Function:
    return lambda x, y: max(x, y) + m.log1p(m.exp(-abs(x - y)))


def _logaddexp2(m: Any) -> Function:
    natural = _logaddexp(m)
    return lambda x, y: natural(x * m.ln2, y * m.ln2) / m.ln2


def _sinc(m: Any) -> Function:
    return lambda x: m.sinpi(x) / (m.pi * x) if x else m.one


def _sinc_derivative(m: Any) -> Function:
    def function(x: Any, order: int) -> Any:
        # With j(u) = sin(u) / u and u = pi x: u j^(n) + n j^(n-1) = sin(u + n pi/2), and j^(n)(0) from the series.
        if not x:
            return m.zero if order % 2 else (-1) ** (order // 2) * m.pi**order / (order + 1)
        u = m.pi * x
        value = m.sin(u) / u
        for n in range(1, order + 1):
            value = (m.sin(u + n * m.pi / 2) - n * value) / u
        return m.pi**order * value

    return function


def _copysign(m: Any) -> Function:
    return lambda x, y: abs(x) if y >= 0 else -abs(x)


def _heaviside(m: Any) -> Function:
    return lambda x, y: y if x == 0 else m.mpf(x > 0)


def _converted(m: Any) -> Function:
    return lambda x, dtype: x


def _truncated(m: Any) -> Function:
    trunc = _towards_zero(m)
    return lambda x, dtype: bool(x) if dtype == "bool" else trunc(x)


def _unchanged(m: Any) -> Function:
    return lambda x: x


def _always(function: Function) -> Callable[[Any], Function]:
    """An entry that needs nothing of the context: the operators work on its numbers."""
    return lambda m: function


SCALARS: dict[str, Callable[[Any], Function]] = {
    "add": _always(operator.add),
    "subtract": _always(operator.sub),
    "negative": _always(operator.neg),
    "positive": _unchanged,
    "multiply": _always(operator.mul),
    "divide": _always(operator.truediv),
    "divide_no_nan": lambda m: lambda x, y: x / y if y else m.zero,
    "reciprocal": lambda m: lambda x: 1 / x,
    "square": lambda m: lambda x: x * x,
    "power": lambda m: m.power,
    "float_power": lambda m: m.power,
    "sqrt": lambda m: m.sqrt,
    "cbrt": _cbrt,
    "hypot": lambda m: m.hypot,
    "floor_divide": lambda m: lambda x, y: m.floor(x / y),
    "remainder": _remainder,
    "fmod": _fmod,
    "cast": _converted,
    "cast_discrete": _truncated,
    "copy": _unchanged,
    "less": _always(operator.lt),
    "less_equal": _always(operator.le),
    "greater": _always(operator.gt),
    "greater_equal": _always(operator.ge),
    "equal": _always(operator.eq),
    "not_equal": _always(operator.ne),
    "logical_and": lambda m: lambda x, y: bool(x) and bool(y),
    "logical_or": lambda m: lambda x, y: bool(x) or bool(y),
    "logical_xor": lambda m: lambda x, y: bool(x) != bool(y),
    "logical_not": _always(operator.not_),
    "isnan": lambda m: m.isnan,
    "isfinite": lambda m: m.isfinite,
    "isinf": lambda m: m.isinf,
    "signbit": lambda m: lambda x: x < 0,
    "spreads": lambda m: lambda out, x: bool(out > 4 * m.eps * abs(x)),
    "unsaturated": lambda m: lambda x, out: not (m.isinf(x) and m.isfinite(out)),
    "real": lambda m: m.re,
    "imag": lambda m: m.im,
    "conj": lambda m: m.conj,
    "abs_complex": _always(abs),
    "angle": lambda m: m.arg,
    "exp": lambda m: m.exp,
    "exp2": lambda m: lambda x: m.power(2, x),
    "expm1": lambda m: m.expm1,
    "log": lambda m: m.log,
    "log2": lambda m: lambda x: m.log(x) / m.ln2,
    "log10": lambda m: m.log10,
    "log1p": lambda m: m.log1p,
    "logaddexp": _logaddexp,
    "logaddexp2": _logaddexp2,
    "larger_share": _larger_share,
    "where": lambda m: lambda condition, x, y: x if condition else y,
    "maximum": _larger,
    "minimum": _smaller,
    "fmax": _larger_number,
    "fmin": _smaller_number,
    "clip": _clip,
    "abs": _always(abs),
    "copysign": _copysign,
    "heaviside": _heaviside,
    "sign": _sign,
    "floor": lambda m: m.floor,
    "ceil": lambda m: m.ceil,
    "trunc": _towards_zero,
    "rint": lambda m: m.nint,
    "round": _round,
    "expit": lambda m: lambda x: 1 / (1 + m.exp(-x)),
    "log_expit": lambda m: lambda x: -m.log1p(m.exp(-x)),
    "softplus": lambda m: lambda x: m.log1p(m.exp(x)),
    "logit": lambda m: lambda x: m.log(x / (1 - x)),
    "relu": lambda m: lambda x: x if x > 0 or m.isnan(x) else m.zero,
    "sin": lambda m: m.sin,
    "cos": lambda m: m.cos,
    "tan": lambda m: m.tan,
    "arcsin": lambda m: m.asin,
    "arccos": lambda m: m.acos,
    "arctan": lambda m: m.atan,
    "arctan2": lambda m: m.atan2,
    "sinh": lambda m: m.sinh,
    "cosh": lambda m: m.cosh,
    "tanh": lambda m: m.tanh,
    "sech": lambda m: m.sech,
    "arcsinh": lambda m: m.asinh,
    "arccosh": lambda m: m.acosh,
    "arctanh": lambda m: m.atanh,
    "sinc": _sinc,
    "sinc_derivative": _sinc_derivative,
    "deg2rad": lambda m: lambda x: x * m.pi / 180,
    "rad2deg": lambda m: lambda x: x * 180 / m.pi,
    **SPECIAL,
}
