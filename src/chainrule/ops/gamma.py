"""The gamma function and its relatives: logarithm, derivatives, beta function, binomial coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Interval, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

# B_2 / 2, B_4 / 4, ...: the series of the digamma function; divided by 2 n - 1 once more, that of ln Gamma.
_BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12, -3617 / 8160)
_HALF_LOG_2_PI = 0.9189385332046728
_zeta = SciPyFunction("scipy.special.zeta", 1)


def _factorial(n: Any) -> Any:
    total = 1
    for k in range(2, n + 1):
        total = total * k
    return total


def _polygamma(x: Any, order: int) -> Any:
    # SciPy's own polygamma widens float32
    return (1 if order % 2 else -1) * _factorial(order) * _zeta(order + 1, x)


def _stirling_rest(x: Any) -> Any:
    # x >= 8: ln Gamma(x) - ((x - 1/2) ln x - x + ln(2 pi) / 2)
    y = 1 / (x * x)
    total: Any = 0.0
    for n in range(len(_BERNOULLI), 0, -1):
        total = total * y + _BERNOULLI[n - 1] / (2 * n - 1)
    return total / x


def _betaln(a: Any, b: Any) -> Any:
    # The Stirling series of the three gamma functions, with the large terms taken together: their sum is small where
    # they are not, and SciPy loses ten digits at (1/2, 1e5). Small arguments are raised to 8 before.
    dtype = np.result_type(a, b, 1.0)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    a, b = np.minimum(a, b), np.maximum(a, b)
    with np.errstate(all="ignore"):
        raised: Any = 0.0
        for _ in range(8):
            for first in (True, False):
                small, other = (a, b) if first else (b, a)
                below = small < 8
                raised = raised + np.where(below, np.log1p(other / np.where(below, small, 1.0)), 0.0)
                a, b = (np.where(below, a + 1, a), b) if first else (a, np.where(below, b + 1, b))
        rest = _stirling_rest(a) + _stirling_rest(b) - _stirling_rest(a + b)
        out = raised - a * np.log1p(b / a) - (b - 0.5) * np.log1p(a / b) - 0.5 * np.log(a) + _HALF_LOG_2_PI
        return (out + rest).astype(dtype)[()]


def _polygamma_change(x: Any, change: Any, order: int) -> Any:
    # psi(x + change) - psi(x), and for its derivatives: term by term in the recurrence and in the asymptotic series,
    # so that a small change of a large value keeps its digits.
    dtype = np.result_type(x, change, 1.0)
    x, change = np.asarray(x, np.float64), np.asarray(change, np.float64)
    with np.errstate(all="ignore"):
        total: Any = 0.0
        for _ in range(16):
            below = np.minimum(x, x + change) < 16
            # x^-(n+1) - (x + change)^-(n+1)
            term = -np.expm1(-(order + 1) * np.log1p(change / x)) * x ** -(order + 1.0)
            total = total + np.where(below, term, 0.0)
            x = np.where(below, x + 1, x)
        sign = 1 if order % 2 == 0 else -1
        total = sign * _factorial(order) * total
        step = np.log1p(change / x)
        series = -np.expm1(-(order + 1) * step) * x ** -(order + 1.0) * (_factorial(order) / 2)
        first = step if order == 0 else -np.expm1(-order * step) * x**-float(order) * _factorial(order - 1)
        series = series + first
        for n in range(len(_BERNOULLI), 0, -1):
            power = 2 * n + order
            weight = _BERNOULLI[n - 1] * 2 * n * _factorial(power - 1) / _factorial(2 * n)
            series = series - np.expm1(-power * step) * x ** -float(power) * weight
        return (total + sign * series).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _poles(name: str) -> tuple[Kink, ...]:
    return (Kink(lambda out, x, **_: (x <= 0) & (np.floor(np.real(x)) == x), f"{name} at 0, -1, -2, ...: a pole"),)


_GAMMA = "all real numbers but 0, -1, -2, ..."

gammaln = primitive("gammaln", evaluate=SciPyFunction("scipy.special.gammaln", 1), shape=elementwise, dtype=_floating,
                    derivative=Elementwise(lambda F, out, x: F.digamma(x)),
                    notation=Call("gammaln", latex=r"\ln\Gamma"), rule=rules.LOG_GAMMA,
                    domain=Domain(POSITIVE.operands, _GAMMA, _poles("gammaln(x)")))

loggamma = primitive("loggamma", evaluate=SciPyFunction("scipy.special.loggamma", 1), shape=elementwise,
                     dtype=_floating, derivative=Elementwise(lambda F, out, x: F.digamma(x)),
                     rule=rules.LOG_GAMMA,
                     domain=Domain(POSITIVE.operands, kinks=_poles("loggamma(x)")))

gamma = primitive("gamma", evaluate=SciPyFunction("scipy.special.gamma", 1), shape=elementwise, dtype=_floating,
                  derivative=Elementwise(lambda F, out, x: out * F.digamma(x)),
                  notation=Call("gamma", latex=r"\Gamma"), rule=rules.GAMMA,
                  domain=Domain(POSITIVE.operands, _GAMMA, _poles("gamma(x)")))

digamma = primitive("digamma", evaluate=SciPyFunction("scipy.special.digamma", 1), shape=elementwise, dtype=_floating,
                    derivative=Elementwise(lambda F, out, x: F.polygamma(x, order=1)),
                    notation=Call("digamma", latex=r"\psi"), rule=rules.DIGAMMA,
                    domain=Domain(POSITIVE.operands, _GAMMA, _poles("digamma(x)")))

polygamma = primitive("polygamma", evaluate=_polygamma, shape=elementwise, dtype=_floating,
                      derivative=Elementwise(lambda F, out, x, order: F.polygamma(x, order=order + 1)),
                      notation=Call("psi", latex=r"\psi", index="order"), rule=rules.POLYGAMMA,
                      domain=Domain(POSITIVE.operands, _GAMMA, _poles("polygamma(n, x)")),
                      examples=(example((3,), order=1), example((), order=2), example((2, 3), order=3)))

# psi(x + c) - psi(x) has lost all digits where c is far smaller than x; rules are written with this.
polygamma_change = primitive("polygamma_change", evaluate=_polygamma_change, shape=elementwise, dtype=_floating,
                             derivative=Elementwise(
                                 lambda F, out, x, c, order: F.polygamma_change(x, c, order=order + 1),
                                 lambda F, out, x, c, order: F.polygamma(x + c, order=order + 1)),
                             rule=rules.POLYGAMMA_CHANGE, domain=POSITIVE,
                             examples=(example((3,), (3,), order=0), example((2, 3), (3,), order=1),
                                       example((), (), order=0), example((), (2,), order=2)))

betaln = primitive("betaln", evaluate=_betaln, shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, a, b: -F.polygamma_change(a, b, order=0),
                                          lambda F, out, a, b: -F.polygamma_change(b, a, order=0)),
                   rule=rules.LOG_BETA,
                   domain=Domain(POSITIVE.operands, kinks=(
                       Kink(lambda out, a, b: (a == 0) | (b == 0), "betaln(a, b) at a or b = 0, a pole"),)))

beta = primitive("beta", evaluate=SciPyFunction("scipy.special.beta", 2), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, a, b: -out * F.polygamma_change(a, b, order=0),
                                        lambda F, out, a, b: -out * F.polygamma_change(b, a, order=0)),
                 rule=rules.BETA,
                 domain=Domain(POSITIVE.operands, kinks=(
                     Kink(lambda out, a, b: (a == 0) | (b == 0), "beta(a, b) at a or b = 0, a pole"),)))

binom = primitive("binom", evaluate=SciPyFunction("scipy.special.binom", 2), shape=elementwise, dtype=_floating,
                  derivative=Elementwise(
                      lambda F, out, n, k: out * F.polygamma_change(n - k + 1, k, order=0),
                      lambda F, out, n, k: out * F.polygamma_change(k + 1, n - 2 * k, order=0)),
                  rule=rules.BINOMIAL,
                  domain=Domain((Interval(3.0, 6.0), Interval(0.0, 2.0)), "0 <= k <= n"))

zeta = primitive("zeta", evaluate=SciPyFunction("scipy.special.zeta", 1, ("s",)), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, q, s: -s * F.zeta(q, s=s + 1)),
                 rule=rules.HURWITZ_ZETA, domain=POSITIVE,
                 examples=(example((3,), s=2), example((), s=1.5), example((2, 3), s=3)))
