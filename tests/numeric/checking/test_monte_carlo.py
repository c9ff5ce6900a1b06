"""The rounding of an exact derivative: the bar holds its error, and is no wider than it need be."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.numeric.checking.monte_carlo import gradient_rounding
from chainrule.read.trace import trace

EPS = float(np.finfo(float).eps)


def graph_of(f, *values):
    graph, _ = trace(f, [np.asarray(x)[()] for x in values], [f"x{i}" for i in range(len(values))], "f", f)
    return graph


@pytest.mark.parametrize("x", [1e-5, 1e-3, 0.3, 2.0])
def test_it_is_as_large_as_what_cancels(x):
    f = lambda w: (np.exp(w) - 1) / w
    with mpmath.workdps(40):
        w = mpmath.mpf(x)
        true = float(mpmath.exp(w) / w - (mpmath.exp(w) - 1) / w**2)
    found = cr.grad(f)(x)
    (bar,) = gradient_rounding(graph_of(f, x), [np.float64(x)], np.array([found]))
    assert abs(found - true) <= bar
    assert bar < 1e3 * EPS * (1 + 1 / x**2)


def test_of_a_sum_it_is_that_of_the_terms():
    """A matrix product cancels inside, where no step shows it."""
    x, big = np.array([1.0, 2.0]), np.array([1e8, -5e7])
    f = lambda w: np.exp(big @ w)
    exact = np.asarray(cr.grad(f)(x))
    assert (gradient_rounding(graph_of(f, x), [x], exact) > 1e-9 * abs(exact)).all()


def test_what_only_moves_numbers_is_not_rounded():
    x = np.array([1.0, -2.0, 3.0])
    f = lambda w: np.max(np.where(w > 0, w, 0.0).reshape(3, 1))
    assert not gradient_rounding(graph_of(f, x), [x], np.array([0.0, 0.0, 1.0])).any()


def test_nothing_is_known_where_other_digits_fail():
    def f(w):
        raised = cr.primitive(lambda x: x if x == 3.0 else 1 / 0)
        cr.define_vjp(raised, lambda g, out, x: g)
        return raised(np.sqrt(w))

    assert gradient_rounding(graph_of(f, 9.0), [np.float64(9.0)], np.array([1 / 6])).tolist() == [0.0]
