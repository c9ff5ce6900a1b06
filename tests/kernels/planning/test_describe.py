"""Plans as text: what a learner reads about a loss."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from planned import planned

import chainrule as cr
from chainrule.kernels.planning.describe import described

RNG = np.random.default_rng(1)


def test_softmax_with_its_gradient() -> None:
    def loss(W: Any, X: Any, Y: Any) -> Any:
        scores = X @ W
        return -np.mean(np.sum(Y * cr.special.log_softmax(scores, axis=1), axis=1))

    arrays = RNG.normal(size=(32, 10)), RNG.normal(size=(500, 32)), RNG.normal(size=(500, 10))
    text = described(planned(cr.value_and_grad(loss), *arrays))
    assert (
        re.sub(r"strips of \d+", "strips of ...", text)
        == """\
loss
  by row: X, Y
  fixed: W 32 x 10
  before the rows:
    t1 = (-1) / N
  one pass over the rows, in strips of ...:
    scores = X @ W, row by row (N x 32 by 32 x 10)
    loop over 10:
      t2 = max of scores
      t3 = sum of t1 * Y
    loop over 10:
      t4 = scores == t2  (in registers)
      t5 = exp(scores - t2)
      t6 = sum of where(t4, 1, 0)
      t7 = sum of where(t4, 0, t5)
    loop:
      t8 = t6 - 1 + t7  (in registers)
      t9 = log1p(t8)
      t10 = (t8 + 1)^-1
    loop over 10:
      t11 = t1 * Y - t5 * t10 * t3
      S1 = sum over rows of Y * (scores - t2 - t9)
    S2 = X^T @ t11, summed over the rows (32 x N by N x 10)
  after the rows:
    t12 = -S1 / N
  gives t12, S2 32 x 10"""
    )


def test_elementwise_is_one_loop_over_components() -> None:
    text = described(planned(lambda x: np.maximum(abs(x) - 1, 0.25) ** 3 % 2, RNG.normal(size=(30, 4))))
    assert "every component by itself: x" in text
    assert "one pass over the rows:" in text  # nothing is kept between stages, so there are no strips
    assert "t1 = max(|x| - 1, 0.25)^3 % 2" in text


def test_what_is_not_cut_into_rows_says_why() -> None:
    def f(A: Any, b: Any) -> Any:
        return np.linalg.solve(A, b) * 2.0 + A[0] - A.T[:, 1] + np.negative(b[2])

    text = described(planned(f, np.eye(3) + 0.1, RNG.normal(size=3)))
    assert "note: not cut into rows" in text
    assert "by NumPy:\n    t1 = solve(A, b)" in text
    assert "A[0:]" in text
    assert "A^T" not in text


def test_passes_follow_each_other() -> None:
    def f(w: Any, X: Any) -> Any:
        z = X @ w
        return np.sum((z - np.mean(z)) ** 2)

    text = described(planned(f, RNG.normal(size=3), RNG.normal(size=(50, 3))))
    for heading in ("pass 1 of 2", "between:", "pass 2 of 2"):
        assert heading in text


def test_decisions_are_named() -> None:
    def f(x: Any, k: Any) -> Any:
        return np.sin(x) if k > 0 else np.cos(x)

    assert "holds where t1 is True" in described(planned(f, RNG.normal(size=30), np.float64(1.0)))


@pytest.mark.parametrize("axis", [0, 1])
def test_the_axis_of_the_rows_is_said(axis: int) -> None:
    X = np.moveaxis(RNG.normal(size=(50, 3)), 0, axis)
    text = described(planned(lambda X, y: np.mean((np.sum(X, axis=1 - axis) - y) ** 2), X, RNG.normal(size=50)))
    assert ("by row: X (axis 1), y" if axis else "by row: X, y") in text


def test_what_the_code_takes_is_said() -> None:
    pytest.importorskip("llvmlite")
    A, X, y = RNG.normal(size=(40, 40)), RNG.normal(size=(5000, 40)), RNG.normal(size=5000)
    compiled = cr.compile(lambda A, X, y: np.mean((np.tanh(np.tanh(X @ A) @ A) - y[:, None]) ** 2))
    compiled(A, X, y)
    assert re.search(r"memory: [0-9.]+ KB for a strip on each thread", compiled.plan())
    assert "sums: of chunks of rows" in compiled.plan()
