"""The table of both passes gives what the gradient gives, also where masks cross its steps, and reads well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr


def network(p: Any, X: Any) -> Any:
    hidden = np.tanh(X @ p["W"] + p["b"])
    scores = hidden @ p["v"]
    loss = np.mean(np.log1p(np.exp(-scores))) + 0.1 * np.sum(p["W"] ** 2)
    return loss


def test_a_table_of_arrays_agrees_with_the_gradient() -> None:
    rng = np.random.default_rng(0)
    p = {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "v": rng.normal(size=4)}
    X = rng.normal(size=(5, 3))
    passes = cr.graph(network, p, X).forward_backward()
    gradient = cr.grad(network)(p, X)
    for name in p:
        np.testing.assert_allclose(passes.gradients[f"p.{name}"], gradient[name], rtol=1e-13)
    (weights,) = (step for step in passes.inputs if step.name == "p.W")
    assert [c.step for c in weights.contributions] == ["loss", "hidden"]
    assert "sum over paths" in str(passes)
    unfolded = passes.unfold()
    np.testing.assert_allclose(unfolded.gradients["p.W"], gradient["W"], rtol=1e-13)
    assert len(unfolded.steps) > len(passes.steps)


def test_what_an_arrow_carries_is_written_with_columns_and_rows() -> None:
    def loss(W: Any, x: Any) -> Any:
        h = W @ x
        return np.sum(h**2)

    rows = cr.graph(loss, np.ones((3, 2)), np.ones(2)).forward_backward().steps
    (hidden,) = (step for step in rows if step.name == "h")
    assert [local.expression for local in hidden.locals] == ["g x^T", "W^T g"]


@pytest.mark.parametrize(
    ("f", "x", "want"),
    [
        (lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0.0)), np.array([0.0, 4.0]), [0.0, 0.25]),
        (lambda x: 1 / (1 + np.exp(-x)), -1000.0, 0.0),
    ],
)
def test_masks_cross_the_steps_of_the_table(f: Any, x: Any, want: Any) -> None:
    with np.errstate(all="ignore"):
        passes = cr.graph(f, x).forward_backward()
    np.testing.assert_array_equal(passes.gradients["x"], want)
    backward = str(passes).split("backward pass")[1]
    assert "False" not in backward


def test_a_path_for_each_use_and_their_sum() -> None:
    def f(w: Any) -> Any:
        e = 3 * w
        L = e**2 + w**2
        return L

    text = str(cr.graph(f, 1.0).forward_backward())
    assert "path over e = 6 * 3 = 18" in text
    assert "dL/dw = 2 + 18 = 20" in text


def test_the_table_in_a_notebook_and_zero_gradients() -> None:
    passes = cr.graph(lambda x, y: x**2, 3.0, 4.0).forward_backward()
    html = passes._repr_html_()
    assert html.startswith("<table>")
    assert "does not change" in str(passes)
    assert passes.gradients["y"] == 0
