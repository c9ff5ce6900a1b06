"""Very many components of a traced function: at kinks any value between the slopes of the two sides is right."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.numeric import check
from chainrule.numeric.checking.limiting import Limits

SIZE = 300


def untraceable(f):
    return lambda *args: float(np.asarray(f(*args)))


# f, and two of the gradients that are right where all components are zero.
KINKS = {
    "maximum": (lambda w: np.maximum(w, 0).sum(), lambda w: 1.0 * (w > 0), lambda w: 1.0 * (w >= 0)),
    "where": (lambda w: np.where(w > 0, w, 0).sum(), lambda w: 1.0 * (w > 0), lambda w: 1.0 * (w >= 0)),
    "relu": (lambda w: cr.special.relu(w).sum(), lambda w: 1.0 * (w > 0), lambda w: np.full(w.shape, 0.3)),
    "abs": (lambda w: np.abs(w).sum(), np.sign, lambda w: np.where(w < 0, -1.0, 1.0)),
    "largest": (np.max, lambda w: np.eye(w.size)[7], lambda w: np.full(w.size, 1 / w.size)),
    "of both signs": (
        lambda w: (np.maximum(w, 0) * np.sin(np.arange(w.size))).sum(),
        lambda w: 0 * w,
        lambda w: np.sin(np.arange(w.size)),
    ),
}


@pytest.mark.parametrize("name", KINKS)
@pytest.mark.parametrize("adapt", [untraceable, lambda f: f], ids=["untraceable", "traced"])
def test_every_subgradient_passes(name, adapt):
    f, *gradients = KINKS[name]
    for gradient in gradients:
        result = check(adapt(f), gradient, np.zeros(SIZE))
        assert result, str(result)


@pytest.mark.parametrize("seed", range(6))
def test_so_does_any_between_them(seed):
    random = np.random.default_rng(seed)
    w = random.normal(size=SIZE) * (random.random(SIZE) < 0.5)
    a, share = random.normal(size=SIZE), random.random(SIZE)
    f = lambda w: (a * np.maximum(w, 0) + np.sin(w)).sum()
    right = np.where(w == 0, a * share, a * (w > 0)) + np.cos(w)
    assert check(f, right, w)
    for wrong in (right + 0.1 * (w > 0), np.where(w == 0, 1.5 * a, a * (w > 0)) + np.cos(w), -right):
        result = check(f, wrong, w)
        assert not result
        assert all(not c.passed for c in result.components)


def network(zero):
    """A mean squared error of one hidden layer; at zero its rectifier has this slope."""

    def loss(b, W, X, v, y):
        return np.mean((np.maximum(X @ W + b, 0) @ v - y) ** 2)

    def gradient(b, W, X, v, y):
        z = X @ W + b
        e = 2 * (np.maximum(z, 0) @ v - y) / len(y)
        d = np.outer(e, v) * np.where(z == 0, zero, z > 0)
        return d.sum(axis=0), X.T @ d

    return loss, gradient


@pytest.mark.parametrize("zero", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("adapt", [untraceable, lambda f: f], ids=["untraceable", "traced"])
def test_a_network_with_all_biases_at_zero(zero, adapt):
    random = np.random.default_rng(0)
    X, W, v, y = (random.normal(size=size) for size in ((20, 10), (10, 300), 300, 20))
    X[:3] = 0
    loss, gradient = network(zero)
    point = np.zeros(300), W, X, v, y
    result = check(adapt(loss), gradient, *point, argnums=(0, 1))
    assert result, str(result)
    assert result.evaluations < 100
    wrong = check(adapt(loss), lambda *args: tuple(-g for g in gradient(*args)), *point, argnums=(0, 1))
    assert not wrong
    assert adapt is untraceable or "sign is flipped" in wrong.diagnosis


def test_a_million_at_once():
    w = np.zeros(10**6)
    f = lambda w: np.maximum(w, 0).sum()
    for gradient in (lambda w: 1.0 * (w > 0), lambda w: 1.0 * (w >= 0), np.full(w.shape, 0.5)):
        result = check(f, gradient, w)
        assert result, str(result)
        assert result.evaluations < 100
    assert not check(f, np.full(w.shape, 1.5), w)


def test_kinks_that_cancel_leave_one_slope():
    f = lambda w: (cr.special.relu(w) - cr.special.relu(-w)).sum()
    assert check(f, np.ones(SIZE), np.zeros(SIZE))
    # Both sides of each rectifier would allow it.
    assert not check(f, np.zeros(SIZE), np.zeros(SIZE))


def test_what_is_right_one_by_one_is_not_so_together():
    result = check(np.max, np.full(SIZE, 0.5), np.zeros(SIZE))
    assert not result
    assert "not all of them together" in str(result)
    assert result.evaluations < 100


@pytest.mark.parametrize("seed", range(3))
def test_ties_of_many_groups(seed):
    """More ties than there are directions, in convex and concave parts."""
    random = np.random.default_rng(seed)
    a, chosen = random.normal(size=(100, 1)), np.eye(5)[random.integers(5, size=100)]
    result = check(
        lambda w: np.sum(a * np.max(w.reshape(100, 5), axis=1, keepdims=True)), (a * chosen).ravel(), np.zeros(500)
    )
    assert result, str(result)


def test_what_could_not_be_told_is_said_and_not_accused(monkeypatch):
    monkeypatch.setattr(Limits, "along", lambda self, direction: None)
    f = lambda w: np.abs(w).sum()
    result = check(f, np.ones(SIZE), np.zeros(SIZE))
    assert result, str(result)
    assert "could not be told right from wrong" in str(result)
    assert all(c.passed for c in result.components)
    wrong = check(f, np.full(SIZE, 1.5), np.zeros(SIZE))
    assert not wrong
    assert wrong.wrong == SIZE


# f of numbers, and its derivative by mpmath: the rules of calculus cancel more than f does.
CANCELLING = {
    "(exp w - 1) / w": (lambda w: (np.exp(w) - 1) / w, lambda w: mpmath.exp(w) / w - (mpmath.exp(w) - 1) / w**2),
    "(1 - cos w) / w^2": (
        lambda w: (1 - np.cos(w)) / w**2,
        lambda w: mpmath.sin(w) / w**2 - 2 * (1 - mpmath.cos(w)) / w**3,
    ),
    "log(1 + w) / w": (
        lambda w: np.log(1 + w) / w,
        lambda w: 1 / (w * (1 + w)) - mpmath.log(1 + w) / w**2,
    ),
}


@pytest.mark.parametrize("name", CANCELLING)
@pytest.mark.parametrize(("size", "count"), [(1, 30), (4, 8), (300, 2)])
def test_right_derivatives_of_what_cancels_pass(name, size, count):
    f, derivative = CANCELLING[name]
    random = np.random.default_rng(size)
    for _ in range(count):
        w = 10 ** random.uniform(-4, 0, size)
        with mpmath.workdps(40):
            right = np.array([float(derivative(mpmath.mpf(float(x)))) for x in w])
        result = check(lambda w: np.sum(f(w)), right, w)
        assert result, str(result)
        assert not check(lambda w: np.sum(f(w)), right + 1.0 * (w == w.max()), w)
        if w.min() > 0.1:
            assert not check(lambda w: np.sum(f(w)), right * (1 + 1e-6), w)
