"""How mpmath spells the special functions: entries as in `precise_scalars`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["SPECIAL"]

Function = Callable[..., Any]


def _erfcx_integral(m: Any) -> Function:
    # by the parabolic cylinder function (Abramowitz and Stegun 7.2.11 and 19.14)
    def function(x: Any, order: int) -> Any:
        return m.exp(x * x / 2) * m.pcfd(-order - 1, x * m.sqrt(2)) / m.sqrt(m.pi * m.mpf(2) ** (order - 1))

    return function


def _scaled(bessel: Any, m: Any, sign: int) -> Function:
    return lambda x, order: bessel(order, x) * m.exp(sign * abs(x))


def _of_order(function: Function, order: int) -> Function:
    return lambda x: function(x, order)


def _bessel(name: str, order: int | None = None, sign: int = 0) -> Callable[[Any], Function]:
    def entry(m: Any) -> Function:
        bessel = getattr(m, f"bessel{name}")
        function = _scaled(bessel, m, sign) if sign else (lambda x, order: bessel(order, x))
        return function if order is None else _of_order(function, order)

    return entry


SPECIAL: dict[str, Callable[[Any], Function]] = {
    "erf": lambda m: m.erf,
    "erfc": lambda m: m.erfc,
    "erfcx": lambda m: lambda x: m.exp(x * x) * m.erfc(x),
    "erfcx_integral": _erfcx_integral,
    "erfinv": lambda m: m.erfinv,
    "erfcinv": lambda m: lambda x: m.erfinv(1 - x),
    "ndtri": lambda m: lambda x: m.sqrt(2) * m.erfinv(2 * x - 1),
    "log_ndtr": lambda m: lambda x: m.log(m.erfc(-x / m.sqrt(2)) / 2),
    "gamma": lambda m: m.gamma,
    "gammaln": lambda m: lambda x: m.re(m.loggamma(x)),
    "loggamma": lambda m: m.loggamma,
    "digamma": lambda m: m.digamma,
    "polygamma": lambda m: lambda x, order: m.psi(order, x),
    "polygamma_change": lambda m: lambda x, change, order: m.psi(order, x + change) - m.psi(order, x),
    "beta": lambda m: m.beta,
    "betaln": lambda m: lambda a, b: m.loggamma(a) + m.loggamma(b) - m.loggamma(a + b),
    "binom": lambda m: m.binomial,
    "zeta": lambda m: lambda q, s: m.zeta(s, q),
    "entr": lambda m: lambda x: -x * m.log(x) if x else m.zero,
    "rel_entr": lambda m: lambda x, y: x * m.log(x / y),
    "kl_div": lambda m: lambda x, y: x * m.log(x / y) - x + y,
    "log_poisson": lambda m: lambda k, mean: k * m.log(mean) - mean - m.loggamma(k + 1),
    "expi": lambda m: m.ei,
    "exp1": lambda m: m.e1,
    "j0": _bessel("j", 0),
    "j1": _bessel("j", 1),
    "jv": _bessel("j"),
    "y0": _bessel("y", 0),
    "y1": _bessel("y", 1),
    "yv": _bessel("y"),
    "i0": _bessel("i", 0),
    "i1": _bessel("i", 1),
    "iv": _bessel("i"),
    "k0": _bessel("k", 0),
    "k1": _bessel("k", 1),
    "kv": _bessel("k"),
    "i0e": _bessel("i", 0, -1),
    "i1e": _bessel("i", 1, -1),
    "ive": _bessel("i", sign=-1),
    "k0e": _bessel("k", 0, 1),
    "k1e": _bessel("k", 1, 1),
    "kve": _bessel("k", sign=1),
}
