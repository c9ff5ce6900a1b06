"""The recurrence that running products are differentiated with, by each operand alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.registry import evaluating

F = evaluating
A = np.array([[0.5, -2.0, 3.0, 0.0], [1.5, 0.25, -1.0, 2.0]])
B = np.array([[1.0, 2.0, -1.0, 0.5], [0.0, 3.0, 1.0, -2.0]])


def recurrence(a: np.ndarray, b: np.ndarray, reverse: bool) -> np.ndarray:
    """s_i = a_i s_(i-1) + b_i along the last axis, by a loop."""
    order = range(a.shape[1])[:: -1 if reverse else 1]
    out, before = np.zeros_like(b), np.zeros(len(b))
    for i in order:
        before = a[:, i] * before + b[:, i]
        out[:, i] = before
    return out


@pytest.mark.parametrize("reverse", [False, True])
def test_the_tangent_by_one_operand_alone(reverse: bool) -> None:
    def f(a: Any, b: Any) -> Any:
        return F.recurrence(a, b, axis=1, reverse=reverse)

    np.testing.assert_allclose(f(A, B), recurrence(A, B, reverse), rtol=1e-15)
    v = np.random.default_rng(0).normal(size=A.shape)
    # Linear in b, so the tangent by b is the recurrence of v; in a, differences of a polynomial along one component.
    np.testing.assert_allclose(cr.jvp(lambda b: f(A, b), (B,), (v,))[1], recurrence(A, v, reverse), rtol=1e-14)
    h = 1e-6
    want = (recurrence(A + h * v, B, reverse) - recurrence(A - h * v, B, reverse)) / (2 * h)
    np.testing.assert_allclose(cr.jvp(lambda a: f(a, B), (A,), (v,))[1], want, rtol=1e-8, atol=1e-8)
