"""The tape: what it does not reach is zero, what it did not record is refused, and it can be watched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.errors import ArgumentError, KinkError, NonFiniteError, NotScalarError


def test_what_the_loss_does_not_depend_on_has_a_zero_gradient() -> None:
    with cr.tape() as tape:
        w, b = tape.watch([np.array([1.0, 2.0]), 3.0])
        loss = np.sum(w**2)
    np.testing.assert_array_equal(tape.gradient(loss, w), [2.0, 4.0])
    assert tape.gradient(loss, b) == 0.0
    found = tape.gradient(7.0, {"w": w, "b": [b]})  # a loss that no watched value reached is a number
    np.testing.assert_array_equal(found["w"], [0.0, 0.0])
    assert found["b"] == [0.0]


def test_values_of_another_tape_are_refused() -> None:
    with cr.tape() as first:
        w = first.watch(1.0)
    with cr.tape() as second:
        v = second.watch(1.0)
        loss = v**2
    with pytest.raises(ArgumentError, match="the loss was not computed on this tape"):
        first.gradient(loss, w)
    with pytest.raises(ArgumentError, match=r"(?s)was not recorded on this tape.*w = tape\.watch\(w0\)"):
        second.gradient(loss, w)
    with pytest.raises(ArgumentError, match=r"1\.0 was not recorded on this tape"):
        second.gradient(loss, 1.0)
    with pytest.raises(ArgumentError, match="this tape has ended"):
        second.watch(1.0)


def test_a_loss_is_one_number() -> None:
    with cr.tape() as tape:
        w = tape.watch(np.ones(3))
        loss = w**2
    with pytest.raises(NotScalarError, match=r"\(3,\)"):
        tape.gradient(loss, w)


def test_a_gradient_belongs_to_the_caller() -> None:
    with cr.tape() as tape:
        w = tape.watch(np.ones(3))
        loss = np.sum(w)
    first = tape.gradient(loss, w)
    first[:] = 9.0
    np.testing.assert_array_equal(tape.gradient(loss, w), np.ones(3))


def recorded(f: Any, x: float) -> Any:
    with cr.tape() as tape:
        w = tape.watch(x)
        loss = f(w)
    return tape.gradient(loss, w)


def test_it_is_watched_where_derivatives_are() -> None:
    with cr.watch_numbers(), np.errstate(all="ignore"):
        assert recorded(np.log, 2.0) == 0.5
        with pytest.raises(NonFiniteError, match=r"(?s)log gave -inf in the forward pass, from 0\..*test_tape\.py"):
            recorded(np.log, 0.0)
    with cr.strict():
        assert recorded(np.abs, -2.0) == -1.0
        with pytest.raises(KinkError, match=r"\|x\| at 0"):
            recorded(np.abs, 0.0)
