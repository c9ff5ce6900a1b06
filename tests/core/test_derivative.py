"""Facts of calculus where they are easily lost: beyond overflow on several levels, and where an operand stays fixed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.calculus.arguments import Selection
from chainrule.calculus.eager import Run
from chainrule.core.registry import plain


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def forward(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: cr.jvp(f, (x,), (1.0,))[1]


@pytest.mark.parametrize("x", [-1000.0, -720.0, -3.0, 0.5, 30.0, 1000.0])
@pytest.mark.parametrize("modes", [*product((cr.grad, forward), repeat=2), (cr.grad,) * 3, (forward,) * 3])
def test_a_users_own_sigmoid_is_finite_at_every_order(modes: tuple[Any, ...], x: float) -> None:
    f: Any = sigmoid
    for mode in modes:
        f = mode(f)
    with np.errstate(over="ignore"):
        got = f(x)
    with mpmath.workdps(40):
        want = float(mpmath.diff(lambda t: 1 / (1 + mpmath.exp(-t)), x, len(modes)))
    np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-300)


def test_a_condition_carries_no_derivative() -> None:
    """np.where takes a number as the condition, true where it is not 0: a step."""
    x = np.array([1.0, 0.0, 2.0])
    value, tangent = cr.jvp(lambda x: np.where(x, 3.0, 4.0), (x,), (np.ones(3),))
    np.testing.assert_array_equal(value, [3.0, 4.0, 3.0])
    np.testing.assert_array_equal(tangent, np.zeros(3))
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(np.where(x, 3.0, 4.0) * x))(x), [3.0, 4.0, 3.0])
    _, tangent = cr.jvp(lambda x: np.where(x > 0.5, x**2, 4.0), (x,), (np.ones(3),))
    np.testing.assert_array_equal(tangent, [2.0, 0.0, 4.0])


def test_a_cotangent_of_another_dtype_comes_back_in_that_of_the_operand() -> None:
    run = Run(np.sin, Selection(np.sin, 0), (np.array([1.0, 2.0], np.float32),), {})
    record = run.records[-1]
    assert record.primitive is not None
    (found,) = record.primitive.derivative.pull(plain, record, np.array([1.0, 3.0]), None)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.cos([1.0, 2.0]) * [1.0, 3.0], rtol=1e-6)
