"""The methods of ufuncs: reduce, accumulate, reduceat, outer and at of traced values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import CUBE, MATRIX, agree

import chainrule as cr
from chainrule.errors import ShapeError, TraceError

METHODS: dict[str, Callable[[Any], Any]] = {
    "running maximum": lambda x: np.maximum.accumulate(x, axis=1),
    "running minimum": np.minimum.accumulate,
    "running others": lambda x: [
        np.hypot.accumulate(x, axis=-1),
        np.divide.accumulate(np.exp(x)),
        np.subtract.reduce(x),
    ],
    "reduce of any": lambda x: [np.hypot.reduce(x, axis=(0, 1)), np.fmax.reduce(x, axis=1, keepdims=True)],
    "reduce from": lambda x: [np.hypot.reduce(x, initial=2.0), np.hypot.reduce(x[:0], initial=2.0)],
    "reduce none": lambda x: np.subtract.reduce(x, axis=()),
    "logarithms of sums": lambda x: [np.logaddexp.reduce(x), np.logaddexp.reduce(x, axis=None)],
    "reduceat": lambda x: [np.add.reduceat(x, [1, 0, 1]), np.multiply.reduceat(x, [0, 2], axis=1)],
    "outer": lambda x: np.hypot.outer(x[0], x),
    "nothing to accumulate": lambda x: np.hypot.accumulate(x[:0]),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("x", [MATRIX, CUBE], ids=["matrix", "cube"])
def test_methods(name: str, x: Any) -> None:
    agree(METHODS[name], x)


def test_a_running_extremum_keeps_the_first_of_equals_and_stays_at_a_nan() -> None:
    x = np.array([1.0, 3.0, 3.0, 2.0, 3.5])
    _, pullback = cr.vjp(np.maximum.accumulate, x)
    np.testing.assert_array_equal(pullback(np.array([1.0, 2.0, 4.0, 8.0, 16.0]))[0], [1, 14, 0, 0, 16])
    holed = np.array([1.0, np.nan, 2.0, np.nan])
    value, pullback = cr.vjp(np.minimum.accumulate, holed)
    np.testing.assert_array_equal(value, np.minimum.accumulate(holed))
    np.testing.assert_array_equal(pullback(np.ones(4))[0], [1, 3, 0, 0])


def test_adding_where_indices_repeat() -> None:
    places = np.array([0, 0, 2])

    def gathered(x: Any) -> Any:
        out = np.zeros_like(x)
        np.add.at(out, places, x[:3] ** 2)
        np.subtract.at(out, (np.array([1, 1]), np.array([1, 1])), x[0, :2])
        return out

    agree(gathered, MATRIX)


def test_what_is_refused() -> None:
    with pytest.raises(ShapeError, match="nothing in it"):
        cr.vjp(np.fmax.reduce, MATRIX[:0])
    with pytest.raises(TraceError, match="bincount"):
        cr.vjp(lambda x: np.add.at(np.zeros(3), [0], x[0, :1]), MATRIX)
    with pytest.raises(ShapeError, match="axis 2"):
        cr.vjp(lambda x: np.maximum.accumulate(x, axis=2), MATRIX)
