"""Batches of points: used where they give the same numbers, never believed where they do not."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ArgumentError, ShapeError
from chainrule.numeric import derivative, gradient, hessian, jacobian
from chainrule.numeric.probe import Probe
from chainrule.numeric.samples import Samples

X = np.linspace(0.5, 2.0, 12)


def counted(f):
    calls = []

    def g(x):
        calls.append(np.shape(x))
        return f(x)

    return g, calls


def test_a_function_of_batches_is_called_a_few_times():
    f, calls = counted(lambda p: np.sum(np.sin(p), axis=-1))
    assert gradient(f, X) == pytest.approx(np.cos(X), rel=1e-11)
    assert len(calls) < 30  # one by one they are 85 and more
    f, calls = counted(np.sin)
    assert derivative(f, X) == pytest.approx(np.cos(X), rel=1e-11)
    assert len(calls) < 20


def test_required_batches_are_all_that_f_sees():
    f, calls = counted(lambda p: np.sum(np.sin(p), axis=1))
    assert gradient(f, X, vectorized=True) == pytest.approx(np.cos(X), rel=1e-11)
    assert all(len(shape) == 2 for shape in calls)
    assert gradient(f, X, h=1e-6, vectorized=True) == pytest.approx(np.cos(X), abs=1e-8)
    assert derivative(np.exp, 1.0, vectorized=True) == pytest.approx(np.e, rel=1e-12)
    squares = hessian(lambda p: np.sum(p**2, axis=1), X[:3], vectorized=True)
    assert squares == pytest.approx(2 * np.eye(3), abs=1e-7)


def test_false_never_tries():
    f, calls = counted(lambda p: np.sum(np.sin(p), axis=-1))
    gradient(f, X, vectorized=False)
    assert set(calls) == {X.shape}


# Each gives the right shape for a batch of the right size, and wrong numbers.
def first_row(p):
    return p[0] * np.ones(len(p)) if p.ndim == 2 else np.sum(p**2)


def mixed(p):
    return np.sum(p**2, axis=-1) + np.mean(p)


def branching(p):
    return np.sum(p**2, axis=-1) if np.all(p < 2.0001) else np.sum(p**2, axis=-1) + 1.0


def counting(p):
    return np.sum(p**2, axis=-1) * (1 + (len(p) if p.ndim == 2 else 0))


@pytest.mark.parametrize("f", [first_row, mixed, counting])
def test_what_mixes_points_is_computed_one_by_one(f):
    found = gradient(f, X)
    assert found == pytest.approx(gradient(f, X, vectorized=False), rel=1e-12)
    assert found == pytest.approx(2 * X + (1 / X.size if f is mixed else 0), rel=1e-10)
    with pytest.raises((ArgumentError, ShapeError), match=r"batch|wrong"):
        gradient(f, X, vectorized=True)


def test_a_later_batch_that_goes_wrong_is_computed_one_by_one():
    f, calls = counted(branching)
    samples = Samples(Probe(f), X)
    samples.batches = None
    inside = [X + 1e-6 * k for k in range(10)]
    assert samples.many(inside, 10) == pytest.approx([np.sum(p**2) for p in inside], rel=1e-15)
    assert samples.batches
    outside = [X - 1e-3, X, X + 1e-3]
    assert samples.many(outside, 3) == pytest.approx([branching(p) for p in outside], rel=1e-15)
    assert samples.batches is False
    assert calls[-1] == X.shape


def test_functions_that_raise_on_batches_still_work():
    def strict(p):
        if p.shape != X.shape:
            raise RuntimeError("one point only")
        return np.sum(p**2)

    assert gradient(strict, X) == pytest.approx(2 * X, rel=1e-10)
    with pytest.raises(RuntimeError, match="one point"):
        gradient(strict, X, vectorized=True)


def test_misuse():
    for bad in (1, "yes", np.True_):
        with pytest.raises(ArgumentError, match="vectorized must be True, False, or None"):
            gradient(np.sum, X, vectorized=bad)
    with pytest.raises(ShapeError, match=r"returned shape \(\) for a batch of one point, expected \(1, ...\)"):
        gradient(np.sum, X, vectorized=True)
    with pytest.raises(ShapeError, match="for a batch of 26 points"):
        jacobian(lambda p: p[:1], X, h=1e-3, vectorized=True)
