"""Terms of entropies and of Poisson likelihoods, and the exponential integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import POSITIVE, Domain, Kink
from chainrule.core.library import SciPyFunction
from chainrule.core.primitive import primitive
from chainrule.core.shapes import elementwise, join_floating
from chainrule.ops import rules

# B_2 / (1 2), B_4 / (3 4), ...: the series of ln Gamma.
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400)


def _log_ratio(x: Any, y: Any) -> Any:
    near = np.abs(x - y) < 0.5 * np.abs(y)
    one = np.ones_like(y)
    return np.where(near, np.log1p(np.where(near, (x - y) / np.where(near, y, one), 0.0)),
                    np.log(np.where(near, one, x)) - np.log(np.where(near, one, y)))[()]


def _deviance(x: Any, y: Any) -> Any:
    # x ln(x / y) - x + y, for x > 0 and y > 0: near x = y by v = (x - y) / (x + y), in which the series has odd
    # powers only (Loader 2000, Fast and accurate computation of binomial probabilities)
    near = np.abs(x - y) < 0.1 * (x + y)
    v = np.where(near, (x - y) / np.where(near, x + y, 1.0), 0.0)
    total: Any = 0.0
    for n in range(11, 0, -1):
        total = (total + 1 / (2 * n + 1)) * v * v
    series = (x - y) * v + 2 * x * v * total
    return np.where(near, series, x * _log_ratio(x, np.where(near, x, y)) - x + y)[()]


def _entr(x: Any) -> Any:
    x = np.asarray(x) * 1.0
    inside = x > 0
    return np.where(inside, -x * np.log(np.where(inside, x, 1.0)), np.where(x < 0, -np.inf, -0.0 * x))[()]


def _rel_entr(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(np.asarray(x) * 1.0, np.asarray(y) * 1.0)
    inside = (x > 0) & (y > 0)
    p, q = np.where(inside, x, 1.0), np.where(inside, y, 1.0)
    outside = np.where((x == 0) & (y >= 0), 0.0, np.where(np.isnan(x) | np.isnan(y), np.nan, np.inf))
    return np.where(inside, p * _log_ratio(p, q), outside).astype(np.result_type(x, y))[()]


def _kl_div(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(np.asarray(x) * 1.0, np.asarray(y) * 1.0)
    inside = (x > 0) & (y > 0)
    p, q = np.where(inside, x, 1.0), np.where(inside, y, 1.0)
    outside = np.where((x == 0) & (y >= 0), y, np.where(np.isnan(x) | np.isnan(y), np.nan, np.inf))
    return np.where(inside, _deviance(p, q), outside).astype(np.result_type(x, y))[()]


def _log_poisson(k: Any, m: Any) -> Any:
    # k ln m - m - ln Gamma(k + 1): with its large terms taken together, by Loader's saddle point from k = 16 on;
    # below by the recurrence of the gamma function
    dtype = np.result_type(k, m, 1.0)
    k, m = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(m, np.float64))
    with np.errstate(all="ignore"):
        raised, product = np.where(k < 16, k, 16.0), np.ones(())
        for _ in range(17):
            below = raised < 16
            raised = np.where(below, raised + 1, raised)
            product = product * np.where(below, raised, 1.0)
        large = np.where(k < 16, raised, k)
        y = 1 / (large * large)
        rest: Any = 0.0
        for n in range(len(_STIRLING), 0, -1):
            rest = rest * y + _STIRLING[n - 1]
        rest = rest / large + 0.5 * np.log(2 * np.pi * large)
        factorial = large * np.log(large) - large + rest - np.log(product)  # ln Gamma(k + 1), for small k
        safe = np.where((m > 0) & (k > 0), m, 1.0)
        small = np.where(k == 0, -m, k * np.log(safe) - m - factorial)
        out = np.where(k < 16, small, -_deviance(large, safe) - rest)
        out = np.where((m == 0) & (k > 0), -np.inf, out)
        return np.where((k >= 0) & (m >= 0), out, np.nan).astype(dtype)[()]


def _floating(*dtypes: Any, **_: Any) -> Any:
    return join_floating(*dtypes)


def _ends(name: str) -> Domain:
    return Domain(POSITIVE.operands, kinks=(
        Kink(lambda out, x, y: (x == 0) | (y == 0), f"{name} at x or y = 0, where a derivative is infinite"),))


entr = primitive("entr", evaluate=_entr, shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: -F.log(x) - 1.0), rule=rules.ENTROPY,
                 domain=Domain(POSITIVE.operands, kinks=(Kink(lambda out, x: x == 0, "entr(x) at 0, a pole of "
                                                                                     "the derivative"),)))

rel_entr = primitive("rel_entr", evaluate=_rel_entr, shape=elementwise, dtype=_floating,
                     derivative=Elementwise(lambda F, out, x, y: F.log(x / y) + 1.0, lambda F, out, x, y: -x / y),
                     rule=rules.RELATIVE_ENTROPY, domain=_ends("rel_entr(x, y)"))

kl_div = primitive("kl_div", evaluate=_kl_div, shape=elementwise, dtype=_floating,
                   derivative=Elementwise(lambda F, out, x, y: F.log(x / y), lambda F, out, x, y: (y - x) / y),
                   rule=rules.KULLBACK_LEIBLER, domain=_ends("kl_div(x, y)"))

# The logarithm of a Poisson weight, which is also that of a gamma density.
log_poisson = primitive("log_poisson", evaluate=_log_poisson, shape=elementwise, dtype=_floating,
                        derivative=Elementwise(lambda F, out, k, m: F.log(m) - F.digamma(k + 1.0),
                                               lambda F, out, k, m: (k - m) / m),
                        rule=rules.LOG_POISSON,
                        domain=Domain(POSITIVE.operands, kinks=(
                            Kink(lambda out, k, m: m == 0, "log_poisson(k, m) at m = 0, a pole"),)))

expi = primitive("expi", evaluate=SciPyFunction("scipy.special.expi", 1), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: F.exp(x) / x),
                 rule=rules.EXPONENTIAL_INTEGRAL,
                 domain=Domain(POSITIVE.operands, "all real numbers but 0", (
                     Kink(lambda out, x: x == 0, "expi(x) at 0, a pole"),)))

exp1 = primitive("exp1", evaluate=SciPyFunction("scipy.special.exp1", 1), shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: -F.exp(-x) / x),
                 rule=rules.EXPONENTIAL_INTEGRAL_1,
                 domain=Domain(POSITIVE.operands, kinks=(Kink(lambda out, x: x == 0, "exp1(x) at 0, a pole"),)))
