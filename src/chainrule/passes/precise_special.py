"""How mpmath spells the special functions: entries as in `precise_scalars`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.passes.closed_forms import exact

__all__ = ["SPECIAL"]

Function = Callable[..., Any]
FAR = 20  # from here on the tail of a gamma distribution is integrated


def _erfcx_integral(m: Any) -> Function:
    # by the parabolic cylinder function (Abramowitz and Stegun 7.2.11 and 19.14)
    def function(x: Any, order: int) -> Any:
        return m.exp(x * x / 2) * m.pcfd(-order - 1, x * m.sqrt(2)) / m.sqrt(m.pi * m.mpf(2) ** (order - 1))

    return function


def _scaled(bessel: Any, m: Any, sign: int) -> Function:
    return lambda x, order: bessel(order, x) * m.exp(sign * abs(x))


def _slope(name: str) -> Callable[[Any], Function]:
    # exp(-|x|) I or exp(x) K, differentiated: by the neighbours, which those of K are with a minus
    neighbours = 1 if name == "i" else -1

    def entry(m: Any) -> Function:
        function_of = getattr(m, f"bessel{name}")

        def function(x: Any, order: Any, times: int) -> Any:
            rate = -m.sign(x) if name == "i" else m.one  # at 0 that of the factor I
            with m.workprec(2 * m.prec + 60):
                total = m.zero
                for j in range(times + 1):
                    orders = [order - j + 2 * i for i in range(j + 1)]
                    # of whole orders only the positive ones: mpmath has rounding errors as imaginary parts of others
                    orders = [abs(n) if n == int(n) else n for n in orders]
                    bessel = sum(m.binomial(j, i) * function_of(n, x) for i, n in enumerate(orders)) / m.mpf(2) ** j
                    total += m.binomial(times, j) * rate ** (times - j) * neighbours**j * bessel
                found = total * m.exp(rate * x)
            return +found

        return function

    return entry


def _of_order(function: Function, order: int) -> Function:
    return lambda x: function(x, order)


def _bessel(name: str, order: int | None = None, sign: int = 0) -> Callable[[Any], Function]:
    def entry(m: Any) -> Function:
        bessel = getattr(m, f"bessel{name}")
        function = _scaled(bessel, m, sign) if sign else (lambda x, order: bessel(order, x))
        return function if order is None else _of_order(function, order)

    return entry


def _integral_of_power(m: Any, exponent: Any, log: Any, power: int) -> Any:
    """The integral of t^(exponent - 1) (ln t - c)^power from 0 to x, without its factor x^exponent; log is ln x - c."""
    total, factor = m.zero, 1
    for j in range(power + 1):
        total += factor * log ** (power - j) / exponent ** (j + 1)
        factor *= j - power
    return total


def _gammainc_moment(m: Any) -> Function:
    def function(a: Any, x: Any, order: int) -> Any:
        # by the series of exp(-t), whose terms of both signs lose 2 x / ln 2 bits
        with m.workprec(m.prec + int(3 * x) + 20):
            log, term, total, k = m.log(x) - m.digamma(a), m.one, m.zero, 0
            while k <= x or abs(term) > m.eps * abs(total):
                total += term * _integral_of_power(m, a + k, log, order)
                k += 1
                term *= -x / k
            found = total * m.exp(a * m.log(x) - m.loggamma(a))
        return +found

    return function


def _gamma_tail(m: Any) -> Function:
    # With t = x e^u, and e^-u below x, it is the integral of t^(a - 1) exp(-t) (ln t - digamma(a))^order beyond x, or
    # up to x, over x^a exp(-x). Beyond x that is what the whole integral, of a moment of ln t, has more than up to x.
    moment = _gammainc_moment(m)

    def function(a: Any, x: Any, order: int, upper: bool) -> Any:
        if upper and x > max(a, FAR):
            # where the difference would take many digits, the integral itself is that of a smooth, short tail
            change, end = m.log(x) - m.digamma(a), 2 * (m.prec + a) / x
            return m.quad(
                lambda w: (change + m.log1p(w)) ** order * (1 + w) ** (a - 1) * m.exp(-x * w), [0, end / 8, end]
            )
        with m.workprec(m.prec + (int(2 * x) if upper else 0) + 20):
            part = moment(a, x, order)
            if upper:
                part = _moment_of_log(m, a, order) - part
            found = part * m.exp(x - a * m.log(x) + m.loggamma(a))
        return +found

    return function


def _moment_of_log(m: Any, a: Any, order: int) -> Any:
    """The mean of (ln t - digamma(a))^order for t of a gamma distribution, by its cumulants, which are polygammas."""
    moments = [m.one]
    for n in range(1, order + 1):
        terms = (m.binomial(n - 1, k - 1) * m.psi(k - 1, a) * moments[n - k] for k in range(2, n + 1))
        moments.append(sum(terms, m.zero))
    return moments[order]


def _log_beta_density(m: Any) -> Function:
    def function(a: Any, b: Any, x: Any) -> Any:
        return (a - 1) * m.log(x) + (b - 1) * m.log(1 - x) - m.log(m.beta(a, b))

    return function


def _betainc_moment(m: Any) -> Function:
    def function(a: Any, b: Any, x: Any, **powers: Any) -> Any:
        # by the binomial series of (1 - t)^(b - 1), and its derivatives by b for the powers of ln(1 - t)
        n = powers["n"]
        if 2 * x > 1 and n + powers["m"] < 2:  # fewer terms from the other side; the whole of the first powers is 0
            return (n + powers["m"] == 0) - function(b, a, 1 - x, m=n, n=powers["m"])
        nu = m.digamma(b) - m.digamma(a + b)
        log = m.log(x) - m.digamma(a) + m.digamma(a + b)
        weights = [m.binomial(n, i) * m.factorial(i) * (-nu) ** (n - i) for i in range(n + 1)]
        series, total, term, power, k = [m.one, *[m.zero] * n], m.zero, m.one, m.one, 0
        while k < 4 or abs(term) > m.eps * abs(total) * (1 - x):
            weight = sum(w * c for w, c in zip(weights, series, strict=True))
            term = power * weight * _integral_of_power(m, a + k, log, powers["m"])
            total += term
            k += 1
            power *= x
            series = [((k - b) * c - (series[i - 1] if i else 0)) / k for i, c in enumerate(series)]
        return total * x**a / m.beta(a, b)

    return function


def _betainc(m: Any) -> Function:
    moment = _betainc_moment(m)
    return lambda a, b, x: moment(a, b, x, m=0, n=0)


def _log_quotient(m: Any) -> Function:
    # (1 - z) f = ln z, differentiated
    def function(z: Any, order: int) -> Any:
        with m.workprec((order + 2) * m.prec):
            found, power = m.log(z) / (1 - z), 1 / z
            for n in range(1, order + 1):
                found = (n * found + power) / (1 - z)
                power *= -n / z
        return +found

    return function


def _stdtr(m: Any) -> Function:
    def function(df: Any, t: Any) -> Any:
        tail = _betainc(m)(df / 2, m.one / 2, df / (df + t * t)) / 2
        return tail if t < 0 else 1 - tail

    return function


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
    "log_gamma_density": lambda m: lambda a, x: (a - 1) * m.log(x) - x - m.loggamma(a),
    "gammainc": lambda m: lambda a, x: m.gammainc(a, 0, x, regularized=True),
    "gammaincc": lambda m: lambda a, x: m.gammainc(a, x, regularized=True),
    "log_gammainc": lambda m: lambda a, x: m.log(m.gammainc(a, 0, x, regularized=True)),
    "log_gammaincc": lambda m: lambda a, x: m.log(m.gammainc(a, x, regularized=True)),
    "gamma_tail": _gamma_tail,
    "gammainc_moment": _gammainc_moment,
    "log_beta_density": _log_beta_density,
    "betainc": _betainc,
    "betaincc": lambda m: lambda a, b, x: _betainc(m)(b, a, 1 - x),
    "betainc_moment": _betainc_moment,
    "stdtr": _stdtr,
    "rgamma": lambda m: m.rgamma,
    "gammasgn": lambda m: lambda x: m.sign(m.gamma(x)),
    "poch": lambda m: m.rf,
    "lambertw": lambda m: lambda z, branch: m.lambertw(z, branch),
    "expn": lambda m: lambda x, n: m.expint(n, x),
    "spence": lambda m: lambda z: m.polylog(2, 1 - z),
    "log_quotient": _log_quotient,
    # parameters are floats that a rule adds 1 to, so that each stands for another number
    "hyp1f1": lambda m: lambda x, a, b: m.hyp1f1(exact(m, a), exact(m, b), x),
    "hyp2f1": lambda m: lambda x, a, b, c: m.hyp2f1(exact(m, a), exact(m, b), exact(m, c), x),
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
    "ive_slope": _slope("i"),
    "kve_slope": _slope("k"),
    "k0e": _bessel("k", 0, 1),
    "k1e": _bessel("k", 1, 1),
    "kve": _bessel("k", sign=1),
}
