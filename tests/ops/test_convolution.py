"""The convolution: shapes that are refused before anything is computed, and rows of signals by one kernel."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Node
from chainrule.core.registry import building, evaluating
from chainrule.errors import ShapeError


def variable(*shape: int) -> Node:
    return Node(None, (), {"name": "x"}, shape, np.dtype(float), "x")


@pytest.mark.parametrize("shapes", [((), (3,)), ((0,), (3,)), ((2, 0), (3,)), ((2, 3), (3, 3))], ids=str)
def test_shapes_that_do_not_fit(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ShapeError):
        building.convolve(*(variable(*shape) for shape in shapes))


def test_rows_are_convolved_one_by_one() -> None:
    rng = np.random.default_rng(0)
    rows, kernel = rng.normal(size=(3, 5)), rng.normal(size=2)
    value, pullback = cr.vjp(lambda a, v: evaluating.convolve(a, v), rows, kernel)
    for got, row in zip(value, rows, strict=True):
        np.testing.assert_allclose(got, np.convolve(row, kernel), rtol=1e-15)
    by_rows, by_kernel = pullback(np.ones_like(value))
    np.testing.assert_allclose(by_rows, np.full((3, 5), kernel.sum()), rtol=1e-13)
    np.testing.assert_allclose(by_kernel, np.full(2, rows.sum()), rtol=1e-13)
