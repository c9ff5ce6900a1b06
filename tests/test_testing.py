"""Assertions about gradients: what passes, what a failure says, and which lines its traceback shows."""

from __future__ import annotations

import traceback
from typing import Any

import numpy as np
import pytest

from chainrule import ArgumentError, ShapeError, check
from chainrule.testing import assert_gradient, listening

W = np.array([1.0, -3.0, 2.0])


def loss(w: Any) -> Any:
    return (w**2).sum()


def right(w: Any) -> Any:
    return 2 * w


def wrong(w: Any) -> Any:
    return -2 * w


def test_right_gradients_pass_in_silence() -> None:
    assert assert_gradient(loss, right, W) is None  # type: ignore[func-returns-value]
    assert_gradient(loss, 2 * W, W)
    assert_gradient(loss, None, W)
    assert_gradient("x^2 y", lambda x, y: 2 * x * y, 2.0, 3.0)
    assert_gradient(lambda w, v: w @ v, lambda w, v: (v, w), W, W + 1, argnums=(0, "v"))


def test_a_failure_is_the_report() -> None:
    with pytest.raises(AssertionError) as failed:
        assert_gradient(loss, wrong, W)
    assert str(failed.value) == str(check(loss, wrong, W))
    assert "the sign is flipped" in str(failed.value)


def functions_in(error: BaseException) -> list[str]:
    """The functions of the traceback below the test itself."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)][1:]


def test_what_cannot_be_compared_is_no_failed_assertion() -> None:
    with pytest.raises(ShapeError, match=r"has shape \(7,\), but w has shape \(3,\)") as raised:
        assert_gradient(loss, lambda w: np.ones(7), W)
    assert functions_in(raised.value) == []


def test_a_traceback_keeps_the_lines_of_the_user_only() -> None:
    def inner(w: Any) -> Any:
        raise KeyError("mine")

    def outer(w: Any) -> Any:
        return inner(w)

    with pytest.raises(KeyError, match="mine") as raised:
        assert_gradient(outer, right, W)
    assert functions_in(raised.value) == ["outer", "inner"]


class Quadratic:
    def __call__(self, w: Any) -> Any:
        return (w**2).sum()


def test_checks_are_heard_whether_they_pass_or_fail() -> None:
    with listening() as asserted:
        assert_gradient(loss, right, W)
        with pytest.raises(AssertionError):
            assert_gradient(Quadratic(), wrong, W)
        assert_gradient("x^2", lambda x: 2 * x, 3.0)
        with pytest.raises(ArgumentError):
            assert_gradient(loss, right)
        with listening() as inside:
            assert_gradient(np.sin, np.cos, 1.0)
        check(loss, wrong, W)  # the test's own affair: it may be there to fail
    assert [a.function.split()[0] for a in asserted] == ["loss", "Quadratic", "x^2"]
    assert [a.check.passed for a in asserted] == [True, False, True]
    assert [a.function for a in inside] == ["sin"]
