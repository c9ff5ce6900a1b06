"""Functions that do more than return a value, as far as their code shows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.learn.effects import has_effects

X, y = np.ones((5, 2)), np.ones(5)
seen: list[Any] = []
count = 0
table = {"a": 1.0}


def plain(w: Any, scale: float = 2.0, *, power: int = 2) -> Any:
    return scale * np.mean((X @ w - y) ** power)


def through(w: Any) -> Any:
    return plain(w) + sum(plain(w, scale=s) for s in (1.0, table["a"]))


def own_array(w: Any) -> Any:
    z = np.zeros_like(w)
    z[0] = w[0]
    return np.sum(z)


def remembers(w: Any) -> Any:
    seen.append(w)
    return np.sum(w)


def counts(w: Any) -> Any:
    global count
    count += 1
    return np.sum(w)


def writes(w: Any) -> Any:
    table["b"] = w
    return np.sum(w)


def calls_one_that_prints(w: Any) -> Any:
    return through(w) + shown(w)


def shown(w: Any) -> Any:
    print(w)
    return np.sum(w)


class Model:
    """A loss that is a method."""

    def loss(self, w: Any) -> Any:
        return np.sum(w)


def of_a_cell() -> Any:
    calls = 0

    def loss(w: Any) -> Any:
        nonlocal calls
        calls += 1
        return np.sum(w)

    return loss


def not_yet() -> Any:
    def loss(w: Any) -> Any:
        return later * np.sum(w)

    found = has_effects(loss)
    later = 2.0
    return found, later


@pytest.mark.parametrize(
    "function",
    [plain, through, own_array, partial(plain, scale=3.0), cr.compile(remembers), lambda w: cr.special.relu(w).sum()],
    ids=["plain", "through others", "own array", "partial", "compiled", "lambda"],
)
def test_functions_that_only_return_a_value(function: Any) -> None:
    assert not has_effects(function)


@pytest.mark.parametrize(
    "function",
    [
        *(remembers, counts, writes, calls_one_that_prints, of_a_cell(), Model().loss, Model()),
        lambda w: np.sum(w + np.random.default_rng(0).normal(size=2)),
    ],
    ids=["list", "global", "dict", "prints below", "cell", "method", "object", "random"],
)
def test_functions_that_may_do_more(function: Any) -> None:
    assert has_effects(function)


def test_a_variable_that_has_no_value_yet() -> None:
    assert not_yet()[0] is False
