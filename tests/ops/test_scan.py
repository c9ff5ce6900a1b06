"""The entries of loops and flows: what the conformance test does not reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.registry import primitives
from chainrule.errors import ShapeError
from chainrule.ops import flow


@pytest.mark.parametrize("name", ["scan", "odeint"])
def test_operands_that_do_not_fit(name: str) -> None:
    primitive = primitives()[name]
    parameters = dict(primitive.examples[0].parameters)
    with pytest.raises(ShapeError, match="expected"):
        primitive.shape.infer([(2,), (3, 2), (5,)], parameters)


def test_a_body_prints_shortly() -> None:
    assert repr(primitives()["scan"].examples[0].parameters["body"]) == "<step: 1 carried, 1 rows>"


def test_no_derivative_goes_through_integers() -> None:
    def loop(x: Any) -> Any:
        count = np.floor(x).astype(np.int64)
        last, _ = cr.scan(lambda c, _: ((c[0] + 1, c[1] * 0.5 + c[0]), None), (count, 1.0), length=3)
        return last[1] + x

    assert cr.grad(loop)(2.5) == 1.0
    assert cr.jvp(loop, (2.5,), (1.0,))[1] == 1.0


def test_integers_among_what_carries_a_derivative() -> None:
    table = np.array([1.0, 2.0, 3.0])

    def loop(w: Any) -> Any:
        index = np.array([2, 0, 1, 2])
        return cr.scan(lambda c, i: (c * w + table[i], np.sum(c) + i), w, index)

    def with_rows(w: Any) -> Any:  # as the warning says
        index = np.array([2, 0, 1, 2])
        return cr.scan(lambda c, x: (c * w + x[1], np.sum(c) + x[0]), w, (index, table[index]))

    def written(w: Any) -> Any:
        c, ys = w, []
        for i in (2, 0, 1, 2):
            ys.append(c + i)
            c = c * w + table[i]
        return c, np.stack(ys)

    for derivative in (
        lambda f: cr.grad(lambda w: f(w)[0] + np.sum(f(w)[1] ** 2))(0.7),
        lambda f: cr.jvp(lambda w: f(w)[0] + np.sum(f(w)[1] ** 2), (0.7,), (1.0,))[1],
        lambda f: cr.vmap(lambda w: f(w)[0])(np.array([0.7, 0.9])),
    ):
        with pytest.warns(UserWarning, match=r"different indices(.|\n)*pass table\[indices\] among the xs"):
            found = derivative(loop)
        np.testing.assert_allclose(found, derivative(written), rtol=1e-12)
        np.testing.assert_allclose(derivative(with_rows), found, rtol=1e-12)


def test_a_solver_that_meets_infinities() -> None:
    def solve(rate: Any, *_: Any, **__: Any) -> Any:
        rate(0.25, np.ones(1))
        raise ValueError("array must not contain infs or NaNs")

    with pytest.raises(ArithmeticError, match=r"failed at t = 0\.25, with infinite"):
        flow._integrated(solve, lambda t, y: y, np.array([0.0, 1.0]), np.ones(1), False, 1e-8, 1e-8, "Radau")
