"""Rearrangements: sizes left open, joined parts, and the shapes that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from chainrule.calculus.gradients import grad
from chainrule.calculus.mapping import vmap
from chainrule.calculus.products import vjp
from chainrule.core.registry import evaluating, primitives
from chainrule.errors import ShapeError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.read.trace import trace


def test_a_size_left_open_serves_other_sizes() -> None:
    graph, _ = trace(lambda x: np.sum(x.reshape(-1, 2)[:, 0] ** 2), [np.ones((3, 4))], ["x"], "f")
    x = np.arange(20.0).reshape(5, 4)
    (value,) = evaluate(graph, x)
    np.testing.assert_allclose(value, np.sum(x.reshape(-1, 2)[:, 0] ** 2))
    (gradient,) = evaluate(reverse(graph), x)
    np.testing.assert_allclose(gradient, 2 * x * [1, 0, 1, 0])


def test_rearrangements_in_a_batch() -> None:
    x = np.sin(np.arange(24.0)).reshape(2, 3, 4)
    for f in (
        lambda x: x.reshape(-1),
        lambda x: np.concatenate([x, np.ones((1, 4))]),
        lambda x: np.stack([x, np.ones((3, 4))], axis=-1),
        lambda x: np.tile(x, (2, 1)),
        lambda x: np.roll(x, 1, axis=0),
        lambda x: np.pad(x, 1, mode="reflect"),
        lambda x: np.diag(x[0]) + np.diag(x[:, 0], 1),
        lambda x: np.tril(x) + np.sort(x, axis=0),
        lambda x: x[np.argmax(x, axis=0), np.arange(4)],
    ):
        np.testing.assert_allclose(vmap(f)(x), np.stack([f(one) for one in x]), rtol=1e-15)
    assert vmap(lambda x: x.reshape(-1))(np.ones((2, 0, 3))).shape == (2, 0)


@settings(deadline=None, max_examples=60)
@given(npst.array_shapes(max_dims=3, max_side=4), st.data())
def test_joined_parts_get_their_own_cotangents(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(0, len(shape) - 1))
    sizes = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))
    parts = [np.ones((*shape[:axis], n, *shape[axis + 1 :])) for n in sizes]
    out, pullback = vjp(lambda *parts: np.concatenate(parts, axis=axis), *parts)
    g = np.sin(np.arange(out.size)).reshape(out.shape)
    for got, want in zip(pullback(g), np.split(g, np.cumsum(sizes)[:-1], axis=axis), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_value_joined_with_itself_is_counted_twice() -> None:
    np.testing.assert_array_equal(grad(lambda x: np.sum(np.concatenate([x, 3 * x])))(np.ones(2)), [4.0, 4.0])


@pytest.mark.parametrize(
    ("name", "shapes", "parameters", "words"),
    [
        ("concatenate", [(2, 3), (2, 4)], {"axis": 0}, "other sizes differ"),
        ("stack", [(2,), (3,)], {"axis": 0}, "shapes differ"),
        ("reshape", [(2, 3)], {"shape": (4, -1)}, r"cannot take the shape \(4, -1\)"),
        ("recurrence", [(2,), (3,)], {"axis": 0, "reverse": False}, "same shape"),
    ],
)
def test_shapes_that_do_not_fit_are_named(name: str, shapes: Any, parameters: Any, words: str) -> None:
    with pytest.raises(ShapeError, match=words):
        primitives()[name].shape.infer(shapes, parameters)


def test_a_copy_shares_no_memory() -> None:
    x = np.ones(3)
    assert not np.shares_memory(evaluating.copy(x), x)
