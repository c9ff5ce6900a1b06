"""Constants that a trace meets: what is refused, what is copied, and what is watched for changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.capture import SMALL
from chainrule.errors import ArgumentError, TraceError

LARGE = SMALL + 1


def pulled_after(change: Any, constant: np.ndarray) -> Any:
    """The gradient of sum(constant * x) at 0, with `change` applied to the constant between the two passes."""
    value, pullback = cr.vjp(lambda x: np.sum(constant * x), np.zeros(constant.shape))
    assert value == 0
    change(constant)
    return pullback(1.0)[0]


def negate(array: np.ndarray) -> None:
    array *= -1


@pytest.mark.parametrize("size", [3, SMALL])
def test_a_small_constant_is_kept_as_it_was(size: int) -> None:
    constant = np.arange(1.0, size + 1)
    np.testing.assert_array_equal(pulled_after(negate, constant), np.arange(1.0, size + 1))


def test_a_large_constant_that_was_changed_is_refused() -> None:
    with pytest.raises(TraceError, match=r"an array of shape \(2049,\) was changed after the function had used it"):
        pulled_after(negate, np.arange(1.0, LARGE + 1))
    constant = np.arange(1.0, LARGE + 1)
    np.testing.assert_array_equal(pulled_after(lambda array: None, constant), constant)


@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("size", [3, LARGE])
def test_what_nobody_can_write_into_is_kept_without_a_copy(size: int, view: bool) -> None:
    constant = np.arange(float(size))
    constant.flags.writeable = False
    constant = constant[:] if view else constant
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(x * constant))(np.ones(size)), constant)


def test_a_read_only_view_of_what_can_be_written_is_no_constant() -> None:
    under = np.arange(1.0, LARGE + 1)
    view = under[:]
    view.flags.writeable = False
    value, pullback = cr.vjp(lambda x: np.sum(view * x), np.zeros(LARGE))
    assert value == 0
    negate(under)
    with pytest.raises(TraceError, match="was changed after the function had used it"):
        pullback(1.0)


def test_a_long_list_is_an_array_of_its_own() -> None:
    numbers = [float(i) for i in range(LARGE)]
    value, pullback = cr.vjp(lambda x: np.sum(x * numbers), np.zeros(LARGE))
    assert value == 0
    numbers[0] = 7.0
    np.testing.assert_array_equal(pullback(1.0)[0], np.arange(float(LARGE)))


@pytest.mark.parametrize(
    ("constant", "message"),
    [
        (np.ma.masked_array([1.0, 2.0], [False, True]), r"masked arrays cannot be differentiated: use numpy\.where"),
        (np.array(["a", "b"]), "an operand of dtype <U1 is not numeric"),
        (np.array([1.0, None]), "an operand of dtype object is not numeric"),
    ],
    ids=["masked", "text", "objects"],
)
def test_what_is_not_numeric_is_refused(constant: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        cr.grad(lambda x: np.sum(np.multiply(x, constant)))(np.ones(2))
