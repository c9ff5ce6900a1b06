"""NumPy's functions of arrays, met by traced values; NumPy itself is the oracle."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import CUBE, LINE, MASK, MATRIX, ORDER, agree

from chainrule.calculus.gradients import grad
from chainrule.calculus.products import vjp
from chainrule.core.traced import Traced
from chainrule.read.numpy_shape import pad_widths

REDUCTIONS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: np.sum(x),
    "sum axis": lambda x: np.sum(x, axis=-1),
    "sum tuple": lambda x: np.sum(x, axis=(0, -1), keepdims=True),
    "sum initial": lambda x: np.sum(x, axis=0, initial=3.0),
    "sum where": lambda x: np.sum(x, axis=1, where=MASK),
    "sum dtype": lambda x: np.sum(x, dtype=np.float64),
    "sum method": lambda x: x.sum(0),
    "sum of a mask": lambda x: np.sum(x > 0),
    "mean": lambda x: np.mean(x, axis=1, keepdims=True),
    "mean where": lambda x: np.mean(x, axis=1, where=MASK),
    "mean of a mask": lambda x: np.mean(x > 0),
    "prod": lambda x: np.prod(x),
    "prod axis": lambda x: np.prod(x, axis=0, initial=2.0, where=MASK),
    "max": lambda x: np.max(x),
    "amax": lambda x: np.amax(x, axis=0, keepdims=True),
    "max initial": lambda x: x.max(axis=1, initial=1.0),
    "max where": lambda x: np.max(x, axis=1, initial=-10.0, where=MASK),
    "min": lambda x: np.min(x, axis=-1),
    "min initial": lambda x: np.min(x, initial=0.0),
    "ptp": lambda x: np.ptp(x, axis=1),
    "var": lambda x: np.var(x),
    "var ddof": lambda x: x.var(axis=1, ddof=1, keepdims=True),
    "var where": lambda x: np.var(x, axis=0, where=MASK | (MATRIX < 0)),
    "var mean": lambda x: np.var(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)),
    "var correction": lambda x: np.var(x, correction=1),
    "std": lambda x: np.std(x, axis=0),
    "std method": lambda x: x.std(ddof=1),
    "std where": lambda x: np.std(x, where=MASK, ddof=1),
    "average": lambda x: np.average(x, axis=1),
    "average weights": lambda x: np.average(x, axis=1, weights=np.array([1.0, 2.0, 0.5, 0.1])),
    "average returned": lambda x: np.average(x, weights=x**2, returned=True),
    "all any": lambda x: [np.all(x > -5), np.any(x > 0, axis=0), np.all(x, where=MASK), (x > 1).any()],
    "count": lambda x: [np.count_nonzero(x > 0), np.count_nonzero(x > 0, axis=0, keepdims=True)],
    "argmax": lambda x: [np.argmax(x), np.argmax(x, axis=1), x.argmin(0), np.argmin(x, keepdims=True)],
    "cumsum": lambda x: [np.cumsum(x), np.cumsum(x, axis=-1), x.cumsum(0)],
    "cumprod": lambda x: [np.cumprod(x), np.cumprod(x, axis=1)],
    "reduce": lambda x: [np.add.reduce(x), np.multiply.reduce(x, axis=1), np.maximum.reduce(x), np.add.accumulate(x)],
}

SHAPES: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: [
        np.reshape(x, (4, 3)),
        x.reshape(-1),
        x.reshape(2, -1),
        x.reshape((6, 2), order="F"),
        np.reshape(x, 12, copy=True),
        x[:0].reshape(0, 7),
    ],
    "ravel": lambda x: [np.ravel(x), x.ravel("F"), x.T.ravel("A"), x.flatten()],
    "transpose": lambda x: [
        x.T,
        np.transpose(x, (1, 0)),
        x.transpose(-1, 0),
        np.swapaxes(x, 0, 1),
        x.mT,
        np.matrix_transpose(x[None]),
    ],
    "moveaxis": lambda x: [np.moveaxis(x[None], 0, -1), np.moveaxis(x[None], [0, 1], [2, 0]), np.rollaxis(x[None], 2)],
    "squeeze": lambda x: [np.squeeze(x[None, :, None]), x[None].squeeze(0), np.expand_dims(x, (0, -1))],
    "broadcast": lambda x: [np.broadcast_to(x, (2, 3, 4)), *np.broadcast_arrays(x, x[:1], 2.0)],
    "atleast": lambda x: [np.atleast_1d(x[0, 0]), *np.atleast_2d(x[0], x), np.atleast_3d(x), np.atleast_3d(x[0])],
    "concatenate": lambda x: [
        np.concatenate([x, MATRIX, x[:1]]),
        np.concatenate((x, x**2), axis=-1),
        np.concatenate([x, x], axis=None),
    ],
    "stack": lambda x: [np.stack([x, x**2]), np.stack([x[0], LINE[:4]], axis=-1), np.stack([x[0, 0], 2.0, x[1, 1]])],
    "hstack": lambda x: [np.hstack([x, x]), np.hstack([x[0], 1.0]), np.vstack([x[0], x]), np.dstack([x, x])],
    "column_stack": lambda x: [np.column_stack([x[:, 0], x, LINE[:3]]), np.append(x, 1.0), np.append(x, x, axis=0)],
    "block": lambda x: [np.block([[x, x * 2], [MATRIX, x]]), np.block([x[0], x[1]])],
    "split": lambda x: [*np.split(x, 2, axis=1), *np.array_split(x, 2), *np.hsplit(x, [1, 3]), *np.vsplit(x, 3)],
    "dsplit": lambda x: np.dsplit(x[None], 2),
    "flip": lambda x: [np.flip(x), np.flip(x, 0), np.fliplr(x), np.flipud(x)],
    "rot90": lambda x: [np.rot90(x, k) for k in range(-1, 5)],
    "roll": lambda x: [np.roll(x, 2), np.roll(x, -1, axis=1), np.roll(x, (1, 2), axis=(0, 1)), np.roll(x, 4, axis=1)],
    "tile": lambda x: [np.tile(x, 2), np.tile(x, (2, 1, 3)), np.tile(x[0], (2, 2)), np.tile(x, ())],
    "repeat": lambda x: [np.repeat(x, 2), x.repeat(3, axis=0), np.repeat(x, [0, 2, 1], axis=0)],
    "pad": lambda x: [
        np.pad(x, ((1, 0), (2, 1)), mode="edge"),
        np.pad(x, 1),
        np.pad(x, ((1, 2), (0, 1)), constant_values=3.0),
        np.pad(x, (2, 0), mode="edge"),
        np.pad(x, 2, mode="reflect"),
        np.pad(x, 3, mode="wrap"),
        np.pad(x, ((0, 0), (1, 4)), "symmetric"),
    ],
    "diff": lambda x: [
        np.diff(x),
        np.diff(x, 2, axis=1),
        np.diff(x, axis=0, prepend=0.0, append=x[:1]),
        np.diff(x, append=1.0),
        np.diff(x, 0),
    ],
    "ediff1d": lambda x: [np.ediff1d(x), np.ediff1d(x, to_begin=1.0, to_end=[2.0, 3.0])],
    "meshgrid": lambda x: [*np.meshgrid(x[0], x[:, 0]), *np.meshgrid(x[0], LINE, indexing="ij", sparse=True)],
}

INDEXING: dict[str, Callable[[Any], Any]] = {
    "basic": lambda x: [x[1], x[-1, 2], x[1:, ::-2], x[..., None], x[None, 1], x[()], x[..., 0]],
    "integers": lambda x: [
        x[[0, 2, 0]],
        x[:, [1, 1]],
        x[[0, 2], [1, 3]],
        x[np.array([[0], [2]]), [1, 2]],
        x[np.array(1)],
    ],
    "masks": lambda x: [x[MASK], x[[True, False, True]], x[:, [True, False, True, False]], x[1, MASK[1]]],
    "traced masks": lambda x: [x[x > 0], (x * 2)[:, x[0] > 0], x[x[:, 0] > 0, 1]],
    "traced integers": lambda x: [x[np.argmax(x, axis=0), np.arange(4)], x[np.argmax(x[:, 0])], x[np.argsort(x[:, 1])]],
    "take": lambda x: [
        np.take(x, [0, 5, 5]),
        x.take([0, 2], axis=0),
        np.take(x, 1, axis=1),
        np.take(x, [True, False], axis=0),
        x[[]],
        np.take(x, [-5, 7], axis=1, mode="wrap"),
        np.take(x, [-5, 7], axis=1, mode="clip"),
    ],
    "take_along_axis": lambda x: [
        np.take_along_axis(x, ORDER, axis=1),
        np.take_along_axis(x, ORDER[:1] % 3, 0),
        np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
        np.take_along_axis(x, np.array([3, 1]), axis=None),
    ],
    "diag": lambda x: [np.diag(x), np.diag(x, 1), np.diag(x, -2), np.diag(x[0]), np.diag(x[1], -1), np.diagflat(x, 2)],
    "diagonal": lambda x: [x.diagonal(), np.diagonal(x, 9), np.diagonal(x[None], 1, 2, 1)],
    "triangles": lambda x: [np.tril(x), np.triu(x, 1), np.tril(x, -1), np.triu(x[0]), np.tril(x[None])],
    "sort": lambda x: [
        np.sort(x),
        np.sort(x, axis=0),
        np.sort(x, axis=None),
        np.partition(x, 2),
        np.partition(x[0], (0, 2)),
    ],
    "argsort": lambda x: [np.argsort(x), x.argsort(0), np.argpartition(x, 1), np.argsort(x, axis=None)],
    "searchsorted": lambda x: [
        np.searchsorted(np.array([-1.0, 0.0, 1.0]), x),
        np.searchsorted(np.sort(x[0]), 0.5, "right"),
        np.searchsorted(x[0], LINE, sorter=np.argsort(x[0])),
        np.digitize(x, [-1.0, 0.0]),
        np.digitize(x, [1.0, 0.0]),
    ],
    "nonzero": lambda x: [*np.nonzero(x > 0), np.flatnonzero(x), np.argwhere(x > 1), *np.where(x > 0)],
    "extract": lambda x: [
        np.extract(MASK, x),
        np.extract(x > 0, x),
        np.compress([True, False, True], x, axis=0),
        np.compress([False, True], x),
    ],
    "choose": lambda x: [
        np.choose([0, 2, 1, 0], [x[0], x[1], x[2]]),
        np.choose(ORDER, [x, x**2, 1.0, -x]),
        np.choose([-1, 5, 4, 3], [x[0], x[1]], mode="wrap"),
    ],
    "delete": lambda x: [
        np.delete(x, 1),
        np.delete(x, [0, 2], axis=0),
        np.delete(x, slice(0, 2), axis=1),
        np.delete(x, [True, False, False], axis=0),
    ],
    "insert": lambda x: [
        np.insert(x, 2, 9.0),
        np.insert(x, 1, x[0], axis=0),
        np.insert(x, [1, 1, 3], x[0, 0], axis=1),
        np.insert(x, [0, 2], x[:2], axis=0),
        np.insert(x, -1, 1.0, axis=1),
        np.insert(LINE, 1, x[0]),
        np.insert(x, slice(0, 2), 5.0, axis=0),
        np.insert(x, 1, x[:, :2].T, axis=1),
    ],
}

EVERY = {**REDUCTIONS, **SHAPES, **INDEXING}


@pytest.mark.parametrize("name", EVERY)
def test_agrees_with_numpy(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(EVERY[name], MATRIX)


def test_three_axes() -> None:
    agree(
        lambda x: [
            np.sum(x, axis=(0, 2)),
            np.max(x, axis=(0, 2)),
            np.prod(x, axis=(1, 2)),
            np.std(x, axis=(0, 1)),
            np.sort(x, axis=1),
            np.cumprod(x, axis=1),
            np.diagonal(x, axis1=0, axis2=2),
            np.tril(x),
            np.transpose(x, (2, 0, 1)),
            np.take(x, [[0, 2], [1, 1]], axis=1),
            np.rot90(x, axes=(1, 2)),
        ],
        CUBE,
    )


def test_complex_variance() -> None:
    z = MATRIX + 1j * MATRIX[::-1] ** 2
    for f in (np.var, np.std):
        assert grad(lambda x, f=f: f(x + 1j * MATRIX[::-1] ** 2))(MATRIX).shape == MATRIX.shape
        value, _ = vjp(f, z)
        np.testing.assert_allclose(value, f(z), rtol=1e-14)
        assert value.dtype == np.float64


def test_questions_with_plain_answers() -> None:
    def f(x: Any) -> Any:
        assert np.ndim(x) == x.ndim == 2
        assert np.shape(x) == x.shape == (3, 4)
        assert np.size(x) == x.size == 12
        assert np.size(x, 0) == 3
        assert np.size(x, (0, -1)) == 12
        assert np.result_type(x, np.float32) == np.float64
        assert np.can_cast(x.dtype, np.complex128)
        assert np.common_type(x) is np.float64
        assert np.isrealobj(x)
        assert not np.iscomplexobj(x)
        assert np.shares_memory(x, x[1:])
        assert len(x) == 3
        assert [type(row) for row in x] == [Traced] * 3
        return np.sum(x)

    np.testing.assert_array_equal(grad(f)(MATRIX), np.ones((3, 4)))


METHODS: dict[str, Callable[[Any], Any]] = {
    "all any": lambda x: [x.all(), x.any(axis=1)],
    "arg": lambda x: [x.argmax(), x.argmin(1), x.argsort(axis=0), x.argpartition(2)],
    "choose": lambda x: np.argmin(x, axis=0).choose([x[0], x[1], x[2]]),
    "cumulative": lambda x: [x.cumsum(), x.cumprod(1)],
    "extrema": lambda x: [x.max(0), x.min(), x.mean(1), x.prod(), x.sum(keepdims=True), x.std(), x.var()],
    "order": lambda x: [x[0].searchsorted(x[1] * 0), *x.nonzero()],
    "form": lambda x: [
        x.ravel(),
        x.repeat(2),
        x[None].squeeze(),
        x.swapaxes(0, 1),
        x.take([1, 2]),
        x.diagonal(),
        x.flatten(),
        x.copy(),
        x.transpose(),
        x.T,
        x.reshape(4, 3),
        next(x.flat),
    ],
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_arrays(name: str) -> None:
    agree(METHODS[name], MATRIX)


@pytest.mark.skipif(not hasattr(np, "unstack"), reason="from NumPy 2.1 on")
def test_unstack() -> None:
    agree(lambda x: np.unstack(x, axis=1), MATRIX)


def test_pad_widths_by_axis() -> None:  # NumPy itself takes them from 2.2 on
    assert pad_widths(3, {0: 1, -1: (2, 3)}) == ((1, 1), (0, 0), (2, 3))
