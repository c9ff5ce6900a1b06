"""What cannot be followed, and wrong arguments: the message names it and says what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import LINE, MASK, MATRIX

from chainrule.calculus.gradients import grad
from chainrule.calculus.products import vjp
from chainrule.errors import ArgumentError, ShapeError, TraceError

COLLECTING = [
    (lambda x: np.array([x[0], x[1]]), "np.stack"),
    (lambda x: np.asarray(x), "np.stack"),
    (lambda x: np.array([1.0, x[0] * 2]), "np.stack"),
    (lambda x: np.zeros(3).__setitem__(0, x[0]), "np.zeros_like"),
    (lambda x: np.zeros(3).__setitem__(slice(0, 2), x[:2]), "np.zeros_like"),
    (lambda x: np.full(3, x[0]), "np.zeros_like"),
    (lambda x: np.copyto(np.zeros(5), x), "np.zeros_like"),
    (lambda x: np.put_along_axis(np.zeros(5), np.array([0]), x[:1], 0), "np.zeros_like"),
    (lambda x: np.sum(x, out=np.zeros(())), "result = np.sum(...)"),
    (lambda x: np.stack([x, x], out=np.zeros((2, 5))), "assign the result"),
    (lambda x: np.unique(x), "chainrule.value"),
    (lambda x: np.pad(x, 1, mode="linear_ramp"), "np.concatenate"),
]


@pytest.mark.parametrize(("f", "hint"), COLLECTING, ids=[str(i) for i in range(len(COLLECTING))])
def test_what_cannot_be_followed_says_what_to_write(f: Callable[[Any], Any], hint: str) -> None:
    with pytest.raises(TraceError) as caught:
        grad(lambda x: np.sum(f(x)))(LINE)
    assert hint in str(caught.value)
    assert "test_numpy_refusals.py, line" in str(caught.value)


WRONG: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda x: np.sum(x, axis=2), ShapeError, "axis 2 is out of bounds for an array of 2 dimensions"),
    (lambda x: np.max(x, axis=-3), ShapeError, "axis -3"),
    (lambda x: np.sum(x, axis=(0, -2)), ShapeError, "twice"),
    (lambda x: np.cumsum(x, axis=5), ShapeError, "axis 5"),
    (lambda x: x.reshape(5, 2), ShapeError, "(5, 2)"),
    (lambda x: x.reshape(-1, -1), ShapeError, "(-1, -1)"),
    (lambda x: x.reshape(3, 4, order="Q"), ArgumentError, "order='Q'"),
    (lambda x: np.transpose(x, (0, 0)), ShapeError, "permutation"),
    (lambda x: np.squeeze(x, 0), ShapeError, "size 3"),
    (lambda x: np.broadcast_to(x, (3, 5)), ShapeError, "(3, 5)"),
    (lambda x: np.moveaxis(x, (0, 1), 0), ShapeError, "moveaxis"),
    (lambda x: np.matrix_transpose(x[0]), ShapeError, "two axes"),
    (lambda x: np.fliplr(x[0]), ShapeError, "np.flip"),
    (lambda x: np.rot90(x, axes=(0, 0)), ShapeError, "plane"),
    (lambda x: np.pad(x, ((1, 2, 3),)), ArgumentError, "pad_width"),
    (lambda x: np.diff(x, -1), ArgumentError, "order -1"),
    (lambda x: np.concatenate([x, x[:, :2]]), ShapeError, "(3, 2)"),
    (lambda x: np.concatenate([x, x[0]]), ShapeError, "number of axes"),
    (lambda x: np.concatenate([x[0, 0], x[0, 1]]), ShapeError, "np.stack"),
    (lambda x: np.stack([x, x[0]]), ShapeError, "(4,)"),
    (lambda x: np.split(x, 3, axis=1), ShapeError, "np.array_split"),
    (lambda x: np.array_split(x, 0), ArgumentError, "0 parts"),
    (lambda x: np.block([x, [x]]), ArgumentError, "same depth"),
    (lambda x: np.meshgrid(x[0], indexing="yx"), ArgumentError, "'yx'"),
    (lambda x: x[np.array([True, False])], ShapeError, "(2,) at axis 0"),
    (lambda x: x[..., x[0, :3] > 0], ShapeError, "(3,) at axis 1"),
    (lambda x: x[True], ArgumentError, "np.where"),
    (lambda x: x["a"], ArgumentError, "index"),
    (lambda x: x[7], IndexError, "7"),
    (lambda x: np.take(x, [0], mode="wild"), ArgumentError, "'wild'"),
    (lambda x: np.take_along_axis(x, np.array([0]), 0), ShapeError, "as many axes"),
    (lambda x: np.diag(x[None]), ShapeError, "(1, 3, 4)"),
    (lambda x: np.diagonal(x[0]), ShapeError, "two axes"),
    (lambda x: np.diagonal(x, axis1=1, axis2=1), ShapeError, "different axes"),
    (lambda x: np.tril(x[0, 0]), ShapeError, "not a number"),
    (lambda x: np.fill_diagonal(x[0], 1.0), ArgumentError, "matrix"),
    (lambda x: np.nonzero(x[0, 0]), ShapeError, "atleast_1d"),
    (lambda x: np.choose([3, 0, 0, 0], [x[0], x[1]]), ArgumentError, "2 choices"),
    (lambda x: np.searchsorted(x, 1.0), ShapeError, "(3, 4)"),
    (lambda x: np.digitize(x, x), ShapeError, "(3, 4)"),
    (lambda x: np.max(x, where=MASK), ArgumentError, "initial"),
    (lambda x: np.average(x, weights=x[0]), ArgumentError, "weights"),
]


@pytest.mark.parametrize(("f", "kind", "words"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments_are_named(f: Callable[[Any], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        vjp(f, MATRIX)
    assert words in str(caught.value)
