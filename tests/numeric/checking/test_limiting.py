"""Limiting gradients: those of piecewise linear functions are the slopes of the piece that the direction leads into."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

import chainrule as cr
from chainrule.numeric.checking.limiting import limits_of
from chainrule.read.trace import trace


def graph_of(f, *values):
    graph, _ = trace(f, [np.asarray(x)[()] for x in values], [f"x{i}" for i in range(len(values))], "f", f)
    return graph


# f of a vector, and its gradient where it has one.
PIECEWISE = {
    "maximum": (lambda w: np.sum(np.maximum(w, 0) * 3), lambda w: 3.0 * (w > 0)),
    "abs": (lambda w: np.sum(np.abs(w)), np.sign),
    "where": (lambda w: np.sum(np.where(w > 0, w, 0.5 * w)), lambda w: np.where(w > 0, 1, 0.5)),
    "step": (lambda w: np.sum(w * np.sign(w)), np.sign),
    "clip": (lambda w: np.sum(np.clip(w, 0, 1)), lambda w: 1.0 * ((w > 0) & (w < 1))),
    "largest": (np.max, lambda w: 1.0 * (np.arange(w.size) == np.argmax(w))),
    "sorted": (lambda w: np.sort(w)[-1], lambda w: 1.0 * (np.arange(w.size) == np.argmax(w))),
    "relu of relu": (lambda w: np.sum(np.maximum(np.maximum(w, 0), 0)), lambda w: 1.0 * (w > 0)),
    "kinks that cancel": (lambda w: np.sum(np.maximum(w, 0) - np.maximum(-w, 0)), np.ones_like),
    "one number against many": (lambda w: np.sum(np.maximum(w[1:], w[0])), None),
    "a norm": (lambda w: np.sqrt(w @ w), lambda w: w / np.linalg.norm(w)),
    "norm": (np.linalg.norm, lambda w: w / np.linalg.norm(w)),
}


@settings(deadline=None)
@given(st.sampled_from(sorted(set(PIECEWISE) - {"a norm"})), st.integers(2, 6), st.randoms(use_true_random=False))
def test_they_are_the_gradient_a_little_way_off(name, size, random):
    f, df = PIECEWISE[name]
    v = np.array([(1 + i + random.uniform(0, 0.5)) * random.choice([-1, 1]) for i in range(size)])
    zero = np.zeros(size)
    limits = limits_of(graph_of(f, zero), [zero])
    found = limits.along([v])
    expected = cr.grad(f)(1e-3 * v) if df is None else df(1e-3 * v)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_nothing_is_to_be_had_of_a_smooth_point():
    w = np.array([1.0, -2.0])
    assert limits_of(graph_of(PIECEWISE["maximum"][0], w), [w]) is None


def test_nor_where_a_step_has_no_forward_mode():
    operation = cr.primitive(lambda x: x * 2)
    cr.define_vjp(operation, lambda g, out, x: 2 * g)
    f, zero = lambda w: np.sum(np.abs(operation(np.abs(w)))), np.zeros(2)
    assert limits_of(graph_of(f, zero), [zero]).along([np.ones(2)]) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_number_keeps_its_dtype(dtype):
    x = dtype(0)
    (value,) = limits_of(graph_of(np.abs, x), [x]).along([np.asarray(-1.0)])
    assert value == -1


def test_what_does_not_move_has_no_sides():
    f, zero, one = lambda a, b: np.abs(a) + np.abs(b), np.float64(0), np.float64(1)
    limits = limits_of(graph_of(f, zero, zero), [zero, zero])
    assert limits.along([one, zero]).tolist() == [1.0, 0.0]
