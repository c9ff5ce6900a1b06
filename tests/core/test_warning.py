"""Warnings name the line that a user can change."""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.warning import warn


def writes(x: Any) -> Any:
    x[0] = 1.0
    return np.sum(x)


def kinked(x: Any) -> Any:
    return np.abs(x).sum()


CALLS: list[Callable[[], Any]] = [
    lambda: warn("here"),
    lambda: cr.grad(writes)(np.ones(2)),
    lambda: cr.jacobian(writes)(np.ones(2)),
    lambda: cr.value_and_grad(writes)(np.ones(2)),
    lambda: cr.grad(cr.numeric_rule(kinked))(np.array([0.0, 1.0])),
    lambda: cr.jvp(cr.numeric_rule(kinked), (np.zeros(2),), (np.ones(2),)),
    lambda: cr.vmap(cr.grad(cr.numeric_rule(kinked)))(np.zeros((2, 1))),
    lambda: cr.graph(lambda x: x * np.random.default_rng().normal() + np.random.normal(), 1.0),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_warning_points_at_the_line_of_the_user(call: Callable[[], Any]) -> None:
    with pytest.warns(UserWarning, match=r"\w") as caught:
        call()
    (line,) = {(warning.filename, warning.lineno) for warning in caught}
    assert line == (__file__, call.__code__.co_firstlineno)
    assert "lambda" in linecache.getline(*line)
