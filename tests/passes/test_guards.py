"""Kinks under `strict` and NaN under `watch_numbers` in forward mode, and in every example of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

AT_ZERO = np.array([1.0, 0.0, 2.0])


def logarithm(x: Any) -> Any:
    shifted = x - 1.0
    return np.sum(np.log(shifted) * 0.0)


def root(x: Any) -> Any:
    doubled = 2 * x
    return np.sqrt(doubled)


def smooth_once(x: Any) -> Any:
    power = x**1.5
    return np.sum(power)


def guarded(x: Any) -> Any:
    return np.where(x > 0, np.log(x), x)


FORWARD: list[tuple[Callable[[], Any], str, str]] = [
    (
        lambda: cr.jvp(logarithm, (AT_ZERO + 1,), (AT_ZERO,)),
        r"log gave -inf in the forward pass at \(1,\), from \[1\. 0\. 2\.\]",
        "np.log(shifted)",
    ),
    (
        lambda: cr.jvp(root, (AT_ZERO,), (np.array([0.0, 3.0, 0.0]),)),
        r"sqrt gave inf as its tangent at \(1,\), from \[2\. 0\. 4\.\] with the tangents \[0\. 6\. 0\.\]",
        "np.sqrt(doubled)",
    ),
    (
        lambda: cr.derivative(root)(0.0),
        "sqrt gave inf as its tangent, from 0. with the tangents 2.",
        "np.sqrt(doubled)",
    ),
    (lambda: cr.derivative(smooth_once, order=2)(0.0), "power gave inf as its tangent", "power = x**1.5"),
    (lambda: cr.jacobian(root, mode="forward")(AT_ZERO), "sqrt gave nan as its tangent", "np.sqrt(doubled)"),
    (lambda: cr.hessian(smooth_once)(AT_ZERO), "power gave nan as its tangent", "power = x**1.5"),
    (lambda: cr.hvp(smooth_once, AT_ZERO, AT_ZERO + 1), "power gave inf as its tangent", "power = x**1.5"),
    (lambda: cr.hessian(logarithm)(AT_ZERO + 1), "log gave -inf in the forward pass", "np.log(shifted)"),
]


@pytest.mark.parametrize(("call", "step", "line"), FORWARD)
def test_the_first_bad_step_of_forward_mode_is_named_with_its_line(
    call: Callable[[], Any], step: str, line: str
) -> None:
    with np.errstate(all="ignore"):
        call()
        with cr.watch_numbers(), pytest.raises(cr.NonFiniteError, match=step) as caught:
            call()
    assert "test_guards.py, line" in str(caught.value)
    assert line in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: cr.jacobian(root, mode="reverse")(x),
        lambda x: cr.vmap(cr.grad(root))(x),
        lambda x: cr.vmap(cr.derivative(root))(x),
    ],
)
def test_an_example_behind_the_first_is_watched_too(call: Callable[[Any], Any]) -> None:
    with np.errstate(all="ignore"):
        unwatched = call(AT_ZERO + 1)
        with cr.watch_numbers():
            np.testing.assert_array_equal(call(AT_ZERO + 1), unwatched)
            with pytest.raises(cr.NonFiniteError, match=r"nan|inf"):
                call(AT_ZERO)


def test_results_are_the_same_while_watched() -> None:
    x = AT_ZERO + 1
    calls: list[Callable[[], Any]] = [
        lambda: cr.jvp(root, (x,), (x,))[1],
        lambda: cr.hessian(smooth_once)(x),
        lambda: cr.vmap(lambda a, b: (a * b, np.sum(b)), in_axes=(0, None))(x, x)[1],
        lambda: cr.grad(lambda y: np.sum(cr.vmap(np.sin)(y)))(x),
        lambda: cr.vmap(np.sin)(np.zeros((0, 3))),
    ]
    for call in calls:
        with cr.watch_numbers(), cr.strict():
            watched = call()
        np.testing.assert_array_equal(watched, call())


def test_a_branch_not_taken_does_not_count_in_forward_mode() -> None:
    with cr.watch_numbers(), np.errstate(all="ignore"):
        value, tangent = cr.jvp(guarded, (AT_ZERO,), (np.ones(3),))
    np.testing.assert_allclose(value, [0.0, 0.0, np.log(2)])
    np.testing.assert_allclose(tangent, [1.0, 1.0, 0.5])


def test_a_bad_tangent_that_was_given_is_named_as_such() -> None:
    with (
        cr.watch_numbers(),
        pytest.raises(cr.NonFiniteError, match=r"the tangent given for the input is nan at \(1,\)"),
    ):
        cr.jvp(root, (AT_ZERO + 1,), (np.array([1.0, np.nan, 0.0]),))


def test_an_operation_without_a_rule_for_reverse_mode_is_watched() -> None:
    inverse = cr.primitive(lambda x: 1 / x)
    cr.define_jvp(inverse, lambda tangents, out, x: -tangents[0] * out**2)
    with cr.watch_numbers():
        assert cr.jvp(inverse, (2.0,), (1.0,))[1] == -0.25
    with cr.watch_numbers(), np.errstate(all="ignore"), pytest.raises(cr.NonFiniteError, match="gave inf"):
        cr.jvp(inverse, (0.0,), (1.0,))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: cr.jvp(np.abs, (x,), (x,)),
        lambda x: cr.derivative(np.abs)(x),
        lambda x: cr.jacobian(np.abs, mode="forward")(x),
        lambda x: cr.hessian(lambda y: np.sum(np.abs(y) * y))(x),
        lambda x: cr.vmap(cr.grad(np.abs))(x),
    ],
)
def test_strict_holds_in_forward_mode(call: Callable[[Any], Any]) -> None:
    with cr.strict():
        call(AT_ZERO + 1)
        with pytest.raises(cr.KinkError, match=r"\|x\| at 0"):
            call(AT_ZERO)


def test_strict_passes_over_a_step_that_no_tangent_reaches() -> None:
    with cr.strict():
        assert cr.jvp(lambda x: x * np.abs(cr.stop_gradient(x)), (0.0,), (1.0,))[1] == 0
