"""`watch_numbers` and `strict` where derivatives are nested, and where integers take part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import KinkError, NonFiniteError


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_pole_is_named_at_every_order(order: int) -> None:
    f: Any = np.log
    for _ in range(order):
        f = cr.grad(f)
    with (
        cr.watch_numbers(),
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match=r"log gave -inf in the forward pass"),
    ):
        f(0.0)


def test_an_infinite_second_derivative_is_named() -> None:
    gradient = cr.grad(cr.grad(lambda x: x**1.5))
    with cr.watch_numbers(), np.errstate(all="ignore"):
        assert gradient(4.0) == pytest.approx(0.75 / 2, rel=1e-15)
        with pytest.raises(NonFiniteError, match="inf"):
            gradient(0.0)


@pytest.mark.parametrize("order", [1, 2])
def test_a_kink_is_named_at_every_order(order: int) -> None:
    f: Any = lambda x: np.where(x > -1.0, np.abs(x) * x, 0.0)
    for _ in range(order):
        f = cr.grad(f)
    assert f(2.0) == {1: 4.0, 2: 2.0}[order]
    with cr.strict(), pytest.raises(KinkError, match=r"\|x\| at 0"):
        f(0.0)


def test_an_integer_is_never_what_is_not_finite() -> None:
    weights = np.array([1, 0])
    with (
        cr.watch_numbers(),
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match=r"divide gave inf in the forward pass at \(1,\), from \[1. 2.\], \[1 0\]"),
    ):
        cr.grad(lambda x: np.sum(x / weights))(np.array([1.0, 2.0]))


@pytest.mark.parametrize("size", [5, 5000])
def test_ties_are_named(size: int) -> None:
    with cr.strict(), pytest.raises(KinkError, match="attained more than once"):
        cr.grad(np.max)(np.ones(size))


def test_a_second_derivative_of_a_function_without_lines_is_watched_too() -> None:
    with cr.watch_numbers():
        assert cr.grad(cr.grad(np.exp))(1.0) == np.exp(1.0)
        with pytest.raises(NonFiniteError, match="gave inf"):
            cr.grad(cr.grad(np.sqrt))(0.0)
