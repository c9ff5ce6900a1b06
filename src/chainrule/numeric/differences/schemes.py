"""Difference formulas, with coefficients worked out exactly for any order of derivative and of accuracy.

A formula of n points is exact for polynomials of degree below n; that fixes its weights. They are computed in
rational numbers, so nothing is lost before the first value of the function.
Source: B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51 (1988),
699-706.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from functools import lru_cache
from typing import Any

from chainrule.errors import ArgumentError

__all__ = ["COMPLEX", "SCHEMES", "Scheme", "difference_weights", "finer", "formula", "read_scheme"]

# Beyond these the weights alternate so wildly that float64 keeps no digit of the result.
MOST_ACCURATE = 8
HIGHEST_DERIVATIVE = 12

COMPLEX = "complex"
"""The scheme that takes no difference at all: one value at x + i h."""


@dataclass(frozen=True, slots=True)
class Scheme:
    """A difference formula: the sum of weights[i] * f(x + offsets[i] * h), divided by divisor * h**derivative.

    Its truncation error falls as h**order.

    >>> SCHEMES["central"]
    Scheme(name='central', offsets=(1, -1), weights=(1, -1), divisor=2, order=2, derivative=1)
    """

    name: str
    offsets: tuple[int, ...]
    weights: tuple[int, ...]
    divisor: int
    order: int
    derivative: int = 1

    @property
    def reach(self) -> int:
        """The largest distance from x, in steps."""
        return max(map(abs, self.offsets))

    @property
    def amplification(self) -> float:
        """The standard deviation of the result at h = 1, if each value of the function has one of 1."""
        return math.sqrt(sum(w * w for w in self.weights)) / self.divisor


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("central", offsets=(1, -1), weights=(1, -1), divisor=2, order=2),
        Scheme("forward", offsets=(1, 0), weights=(1, -1), divisor=1, order=1),
        Scheme("backward", offsets=(0, -1), weights=(1, -1), divisor=1, order=1),
    )
}
"""The difference schemes by name, each in its textbook form; `scheme` accepts "complex" too."""


def difference_weights(offsets: Sequence[int], derivative: int) -> list[Fraction]:
    """The weight of each point x + offset * h in the formula for a derivative, times h**derivative; exact.

    The offsets are distinct, and more than `derivative` of them. Source: Fornberg 1988.

    >>> [str(w) for w in difference_weights([-1, 0, 1], 2)]
    ['1', '-2', '1']
    >>> [str(w) for w in difference_weights([0, 1, 2], 1)]
    ['-3/2', '2', '-1/2']
    """
    # weights[k][j]: of point j in the formula for derivative k over the points up to the n-th.
    weights = [[Fraction(0)] * len(offsets) for _ in range(derivative + 1)]
    weights[0][0] = Fraction(1)
    product = Fraction(1)
    for n in range(1, len(offsets)):
        distances = [offsets[n] - offsets[j] for j in range(n)]
        before, product = product, Fraction(math.prod(distances))
        for k in range(min(n, derivative), -1, -1):
            lower = weights[k - 1][n - 1] if k else Fraction(0)
            weights[k][n] = before / product * (k * lower - offsets[n - 1] * weights[k][n - 1])
            for j, distance in enumerate(distances):
                lower = weights[k - 1][j] if k else Fraction(0)
                weights[k][j] = (offsets[n] * weights[k][j] - k * lower) / distance
    return weights[derivative]


def formula(name: str, derivative: int = 1, accuracy: int | None = None) -> Scheme:
    """The formula of least points for a derivative with an accuracy of h**accuracy.

    `name` is a key of `SCHEMES`; `accuracy` is 1 to 8, even for central differences, by default 2 for those and 1 for
    one-sided ones. Raises `ArgumentError` for any other.

    >>> formula("central", derivative=2)
    Scheme(name='central', offsets=(1, 0, -1), weights=(1, -2, 1), divisor=1, order=2, derivative=2)
    >>> formula("forward", accuracy=3)
    Scheme(name='forward', offsets=(3, 2, 1, 0), weights=(2, -9, 18, -11), divisor=6, order=3, derivative=1)
    """
    order = _accuracy(name, accuracy)
    return _build(name, _derivative(derivative), order)


def finer(rule: Scheme) -> Scheme:
    """The formula of the same kind with the next accuracy: what it differs by estimates the truncation of `rule`.

    Its points contain those of `rule`, as in an embedded Runge-Kutta pair.

    >>> finer(SCHEMES["central"]).weights
    (-1, 8, -8, 1)
    """
    return _build(rule.name, rule.derivative, rule.order + (2 if rule.name == "central" else 1))


@lru_cache(maxsize=256)
def _build(name: str, derivative: int, order: int) -> Scheme:
    if name == "central":
        # Symmetry gives a formula of odd width one order for nothing.
        half = (derivative + 1) // 2 + order // 2 - 1
        offsets = tuple(range(half, -half - 1, -1))
    else:
        offsets = tuple(range(derivative + order - 1, -1, -1))
        offsets = offsets if name == "forward" else tuple(-k for k in reversed(offsets))
    exact = dict(zip(offsets, difference_weights(offsets, derivative), strict=True))
    kept = {k: w for k, w in exact.items() if w}
    divisor = math.lcm(*(w.denominator for w in kept.values()))
    weights = tuple(int(w * divisor) for w in kept.values())
    return Scheme(name, tuple(kept), weights, divisor, order, derivative)


def read_scheme(name: Any) -> str:
    """The name of a scheme, checked: raises `ArgumentError` for any other, with the nearest that exists."""
    known = (*SCHEMES, COMPLEX)
    if isinstance(name, str) and name in known:
        return name
    near = get_close_matches(str(name)[:40], known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"there is no scheme {str(name)[:40]!r}, only {', '.join(map(repr, known))}{hint}")


def _derivative(order: Any) -> int:
    if isinstance(order, bool) or not isinstance(order, int) or not 1 <= order <= HIGHEST_DERIVATIVE:
        raise ArgumentError(f"order must be an integer from 1 to {HIGHEST_DERIVATIVE}, not {order!r}")
    return order


def _accuracy(name: str, accuracy: Any) -> int:
    if accuracy is None:
        return SCHEMES[name].order
    if isinstance(accuracy, bool) or not isinstance(accuracy, int) or not 1 <= accuracy <= MOST_ACCURATE:
        raise ArgumentError(f"accuracy must be an integer from 1 to {MOST_ACCURATE}, not {accuracy!r}")
    if name == "central" and accuracy % 2:
        raise ArgumentError(
            f"accuracy = {accuracy} does not exist for central differences, whose odd orders cancel: "
            f"take {accuracy + 1}, or scheme='forward'"
        )
    return accuracy
