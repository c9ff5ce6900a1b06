"""Random draws inside a function: constants, of which a kept graph says so; by a traced argument they are refused."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, TraceError

X = np.array([0.5, -1.0, 2.0])
rng = np.random.default_rng(4)
old = np.random.RandomState(4)


def with_a_generator(x: Any) -> Any:
    return np.sum(x * rng.normal(size=3))


def with_numpy(x: Any) -> Any:
    return np.sum(x * np.random.rand(3))


def with_python(x: Any) -> Any:
    return np.sum(x * random.random())


def with_the_old_one(x: Any) -> Any:
    return np.sum(x * old.rand(3))


def with_a_default(x: Any, own: Any = np.random.default_rng(1)) -> Any:  # noqa: B008  what is tested
    return np.sum(x * own.random(3))


class Model:
    def __init__(self) -> None:
        self.rng = np.random.default_rng(3)

    def loss(self, x: Any) -> Any:
        return np.sum(x * self.rng.normal(size=3))


DRAWING: list[Callable[[Any], Any]] = [
    with_a_generator,
    with_numpy,
    with_python,
    with_the_old_one,
    with_a_default,
    Model().loss,
]


@pytest.mark.parametrize("f", DRAWING)
def test_a_kept_graph_says_that_it_keeps_the_draws(f: Callable[[Any], Any]) -> None:
    with pytest.warns(UserWarning, match="drew random numbers") as caught:
        graph = cr.graph(f, X)
    assert caught[0].filename == __file__
    assert graph.inputs[0].name == "x"


def test_gradients_draw_anew_and_functions_without_draws_are_silent() -> None:
    assert not np.array_equal(cr.grad(with_a_generator)(X), cr.grad(with_a_generator)(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cr.graph(lambda x: np.sum(x * np.random.default_rng(0).normal(size=3)), X)


def test_a_gradient_is_that_of_the_numbers_drawn() -> None:
    noise = np.random.default_rng(7).normal(size=3)

    def f(x: Any) -> Any:
        return np.sum((x * np.random.default_rng(7).normal(size=3)) ** 2)

    np.testing.assert_allclose(cr.grad(f)(X), 2 * X * noise**2, rtol=1e-14)


def test_a_check_says_that_two_calls_differ() -> None:
    with pytest.raises(ArgumentError, match="not deterministic"):
        cr.check(with_a_generator, None, X)


BY_AN_ARGUMENT: list[tuple[Callable[[Any], Any], str, str]] = [
    (lambda x: rng.normal(x, 1.0), "normal", "mu + sigma * rng.normal()"),
    (lambda x: np.random.normal(x[0]), "normal", "mu + sigma"),
    (lambda x: rng.uniform(0.0, x[2]), "uniform", "a + b * rng.random()"),
    (lambda x: rng.choice(x), "choice", "x[rng.choice(len(x))]"),
    (lambda x: np.random.permutation(x), "permutation", "x[rng.permutation(len(x))]"),
]


@pytest.mark.parametrize(("f", "name", "instead"), BY_AN_ARGUMENT, ids=[str(i) for i in range(len(BY_AN_ARGUMENT))])
def test_a_draw_by_a_traced_argument_says_how_to_write_it(f: Callable[[Any], Any], name: str, instead: str) -> None:
    with pytest.raises(TraceError) as caught:
        cr.grad(lambda x: np.sum(f(x)))(X)
    text = str(caught.value)
    assert f"a random draw, {name}," in text
    assert instead in text
    assert "test_draws.py, line" in text
    assert ".pyx" not in text
