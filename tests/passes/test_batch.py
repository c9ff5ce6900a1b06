"""Batching: what does not depend on the batch, and branches that all examples take alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.registry import evaluating
from chainrule.errors import GuardError

F = evaluating
ROWS = np.array([[1.0, 2.0, 4.0], [3.0, -1.0, 0.5]])


def test_a_size_is_the_same_for_every_example() -> None:
    def per_component(x: Any) -> Any:
        return np.sum(x**2) / (2 * F.size(x, axis=(0,)))

    np.testing.assert_allclose(cr.vmap(per_component)(ROWS), np.sum(ROWS**2, axis=1) / 6, rtol=1e-15)
    np.testing.assert_allclose(cr.vmap(cr.grad(per_component))(ROWS), ROWS / 3, rtol=1e-15)
    np.testing.assert_array_equal(cr.vmap(lambda x: F.size(x, axis=(0,)))(ROWS), [3, 3])
    np.testing.assert_array_equal(cr.vmap(lambda x: 2 * F.size(x, axis=(0,)))(ROWS.T), [4, 4, 4])


def test_a_branch_that_all_examples_take_is_taken() -> None:
    def leaky(x: Any) -> Any:
        return x if x > 0 else 0.1 * x

    np.testing.assert_array_equal(cr.vmap(leaky)(np.array([1.0, 3.0])), [1.0, 3.0])
    np.testing.assert_array_equal(cr.vmap(leaky)(np.array([-1.0, -3.0])), [-0.1, 0.1 * -3.0])
    with pytest.raises(GuardError, match=r"(?s)test_batch\.py, line \d+.*example 2 takes another branch.*np\.where"):
        cr.vmap(leaky)(np.array([1.0, 3.0, -1.0]))


def test_what_follows_another_operand_is_batched_with_either_or_both() -> None:
    stack = np.arange(12.0).reshape(4, 3)
    for axes in ((0, None), (None, 0), (0, 0)):
        arguments = [stack if axis == 0 else stack[1] for axis in axes]
        got = cr.vmap(lambda x, y: F.broadcast_like(F.sum_like(x, y), y), axes)(*arguments)
        np.testing.assert_array_equal(got, np.broadcast_to(arguments[0], (4, 3)))


def test_a_cast_after_another_of_more_axes_keeps_its_own() -> None:
    """The mean over what is no NaN casts a count to the dtype of the whole array."""
    stack = np.stack([ROWS, ROWS + 1, np.where(ROWS > 2, np.nan, ROWS)])
    np.testing.assert_allclose(cr.vmap(lambda x: np.nanmean(x, axis=1))(stack), np.nanmean(stack, axis=2))
    gradients = cr.vmap(cr.grad(lambda x: np.max(x) ** 2))(stack[:2])
    for got, x in zip(gradients, stack[:2], strict=True):
        np.testing.assert_array_equal(got, 2 * np.max(x) * (x == np.max(x)))
