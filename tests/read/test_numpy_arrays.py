"""NumPy's functions on arrays, met by traced values: NumPy itself is the oracle for values, differences for gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from chainrule.calculus.gradients import grad
from chainrule.calculus.products import jvp, vjp
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, ShapeError, TraceError

MATRIX = np.array([[0.3, -1.2, 2.0, 0.7], [1.1, 0.4, -0.6, 1.9], [-2.2, 1.6, 0.9, -0.1]])
CUBE = np.arange(24.0).reshape(2, 3, 4)[:, ::-1] / 7 + np.sin(np.arange(24.0)).reshape(2, 3, 4)
LINE = np.array([0.5, -1.5, 2.5, 0.25, -3.0])
MASK = MATRIX > 0.35
ORDER = np.array([[0, 2, 1, 3], [3, 1, 0, 2], [1, 1, 0, 0]])


def call(f: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    """f with its one or several results as a list."""

    def function(x: Any) -> list[Any]:
        result = f(x)
        return list(result) if isinstance(result, (list, tuple)) else [result]

    return function


def agree(f: Callable[[Any], Any], x: np.ndarray) -> None:
    """Values equal NumPy's; forward mode equals differences; reverse mode is its transpose."""
    function = call(f)
    rng = np.random.default_rng(0)
    want = function(x)
    v = rng.normal(size=x.shape)
    got, tangents = jvp(function, (x,), (v,))
    assert len(got) == len(want)
    total = 0.0
    cotangents = []
    for i, (value, wanted, tangent) in enumerate(zip(got, want, tangents, strict=True)):
        assert np.shape(value) == np.shape(wanted)
        np.testing.assert_allclose(value, wanted, rtol=1e-14, atol=1e-14)
        if np.asarray(wanted).dtype.kind != "f":
            continue
        assert np.asarray(value).dtype == np.asarray(wanted).dtype
        h = 1e-4
        low, high = (np.asarray(function(x + t * v)[i]) for t in (-h, h))
        low2, high2 = (np.asarray(function(x + t * v)[i]) for t in (-h / 2, h / 2))
        difference = (4 * (high2 - low2) / h - (high - low) / (2 * h)) / 3
        np.testing.assert_allclose(tangent, difference, rtol=1e-7, atol=1e-8)
        w = rng.normal(size=np.shape(wanted))[()]
        cotangents.append(w)
        total += float(np.sum(w * tangent))
    real = [i for i, wanted in enumerate(want) if np.asarray(wanted).dtype.kind == "f"]
    if real:
        _, pullback = vjp(lambda x: [function(x)[i] for i in real], x)
        (back,) = pullback(cotangents)
        assert back.shape == x.shape
        np.testing.assert_allclose(np.sum(back * v), total, rtol=1e-10, atol=1e-10)


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
    "reshape": lambda x: [np.reshape(x, (4, 3)), x.reshape(-1), x.reshape(2, -1), x.reshape((6, 2), order="F")],
    "ravel": lambda x: [np.ravel(x), x.ravel("F"), x.T.ravel("A"), x.flatten()],
    "transpose": lambda x: [x.T, np.transpose(x, (1, 0)), x.transpose(-1, 0), np.swapaxes(x, 0, 1), x.mT],
    "moveaxis": lambda x: [np.moveaxis(x[None], 0, -1), np.moveaxis(x[None], [0, 1], [2, 0]), np.rollaxis(x[None], 2)],
    "squeeze": lambda x: [np.squeeze(x[None, :, None]), x[None].squeeze(0), np.expand_dims(x, (0, -1))],
    "broadcast": lambda x: [np.broadcast_to(x, (2, 3, 4)), *np.broadcast_arrays(x, x[:1], 2.0)],
    "atleast": lambda x: [np.atleast_1d(x[0, 0]), *np.atleast_2d(x[0], x), np.atleast_3d(x), np.atleast_3d(x[0])],
    "concatenate": lambda x: [np.concatenate([x, MATRIX, x[:1]]), np.concatenate((x, x**2), axis=-1),
                              np.concatenate([x, x], axis=None)],
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
    "pad": lambda x: [np.pad(x, 1), np.pad(x, ((1, 2), (0, 1)), constant_values=3.0), np.pad(x, (2, 0), mode="edge"),
                      np.pad(x, 2, mode="reflect"), np.pad(x, 3, mode="wrap"), np.pad(x, ((0, 0), (1, 4)), "symmetric")],
    "diff": lambda x: [np.diff(x), np.diff(x, 2, axis=1), np.diff(x, axis=0, prepend=0.0, append=x[:1]),
                       np.diff(x, append=1.0), np.diff(x, 0)],
    "ediff1d": lambda x: [np.ediff1d(x), np.ediff1d(x, to_begin=1.0, to_end=[2.0, 3.0])],
    "meshgrid": lambda x: [*np.meshgrid(x[0], x[:, 0]), *np.meshgrid(x[0], LINE, indexing="ij", sparse=True)],
}

INDEXING: dict[str, Callable[[Any], Any]] = {
    "basic": lambda x: [x[1], x[-1, 2], x[1:, ::-2], x[..., None], x[None, 1], x[()], x[..., 0]],
    "integers": lambda x: [x[[0, 2, 0]], x[:, [1, 1]], x[[0, 2], [1, 3]], x[np.array([[0], [2]]), [1, 2]], x[np.array(1)]],
    "masks": lambda x: [x[MASK], x[[True, False, True]], x[:, [True, False, True, False]], x[1, MASK[1]]],
    "traced masks": lambda x: [x[x > 0], (x * 2)[:, x[0] > 0], x[x[:, 0] > 0, 1]],
    "traced integers": lambda x: [x[np.argmax(x, axis=0), np.arange(4)], x[np.argmax(x[:, 0])], x[np.argsort(x[:, 1])]],
    "take": lambda x: [np.take(x, [0, 5, 5]), x.take([0, 2], axis=0), np.take(x, 1, axis=1),
                       np.take(x, [-5, 7], axis=1, mode="wrap"), np.take(x, [-5, 7], axis=1, mode="clip")],
    "take_along_axis": lambda x: [np.take_along_axis(x, ORDER, axis=1), np.take_along_axis(x, ORDER[:1] % 3, 0),
                                  np.take_along_axis(x, np.argsort(x, axis=0), axis=0),
                                  np.take_along_axis(x, np.array([3, 1]), axis=None)],
    "diag": lambda x: [np.diag(x), np.diag(x, 1), np.diag(x, -2), np.diag(x[0]), np.diag(x[1], -1), np.diagflat(x, 2)],
    "diagonal": lambda x: [x.diagonal(), np.diagonal(x, 9), np.diagonal(x[None], 1, 2, 1)],
    "triangles": lambda x: [np.tril(x), np.triu(x, 1), np.tril(x, -1), np.triu(x[0]), np.tril(x[None])],
    "sort": lambda x: [np.sort(x), np.sort(x, axis=0), np.sort(x, axis=None), np.partition(x, 2), np.partition(x[0], (0, 2))],
    "argsort": lambda x: [np.argsort(x), x.argsort(0), np.argpartition(x, 1), np.argsort(x, axis=None)],
    "searchsorted": lambda x: [np.searchsorted(np.array([-1.0, 0.0, 1.0]), x), np.searchsorted(np.sort(x[0]), 0.5, "right"),
                               np.searchsorted(x[0], LINE, sorter=np.argsort(x[0])), np.digitize(x, [-1.0, 0.0]),
                               np.digitize(x, [1.0, 0.0])],
    "nonzero": lambda x: [*np.nonzero(x > 0), np.flatnonzero(x), np.argwhere(x > 1), *np.where(x > 0)],
    "extract": lambda x: [np.extract(MASK, x), np.extract(x > 0, x), np.compress([True, False, True], x, axis=0),
                          np.compress([False, True], x)],
    "choose": lambda x: [np.choose([0, 2, 1, 0], [x[0], x[1], x[2]]), np.choose(ORDER, [x, x**2, 1.0, -x]),
                         np.choose([-1, 5, 4, 3], [x[0], x[1]], mode="wrap")],
    "delete": lambda x: [np.delete(x, 1), np.delete(x, [0, 2], axis=0), np.delete(x, slice(0, 2), axis=1),
                         np.delete(x, [True, False, False], axis=0)],
    "insert": lambda x: [np.insert(x, 2, 9.0), np.insert(x, 1, x[0], axis=0), np.insert(x, [1, 1, 3], x[0, 0], axis=1),
                         np.insert(x, [0, 2], x[:2], axis=0), np.insert(x, -1, 1.0, axis=1), np.insert(LINE, 1, x[0]),
                         np.insert(x, slice(0, 2), 5.0, axis=0), np.insert(x, 1, x[:, :2].T, axis=1)],
}

EVERY = {**REDUCTIONS, **SHAPES, **INDEXING}


@pytest.mark.parametrize("name", EVERY)
def test_agrees_with_numpy(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(EVERY[name], MATRIX)


def test_three_axes() -> None:
    agree(lambda x: [np.sum(x, axis=(0, 2)), np.max(x, axis=(0, 2)), np.prod(x, axis=(1, 2)), np.std(x, axis=(0, 1)),
                     np.sort(x, axis=1), np.cumprod(x, axis=1), np.diagonal(x, axis1=0, axis2=2), np.tril(x),
                     np.transpose(x, (2, 0, 1)), np.take(x, [[0, 2], [1, 1]], axis=1), np.rot90(x, axes=(1, 2))], CUBE)


def test_complex_variance() -> None:
    z = MATRIX + 1j * MATRIX[::-1] ** 2
    for f in (np.var, np.std):
        assert grad(lambda x, f=f: f(x + 1j * MATRIX[::-1] ** 2))(MATRIX).shape == MATRIX.shape
        value, _ = vjp(f, z)
        np.testing.assert_allclose(value, f(z), rtol=1e-14)
        assert value.dtype == np.float64


# Random shapes and indices.

sizes = npst.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


@st.composite
def indexed(draw: st.DrawFn) -> tuple[tuple[int, ...], Any]:
    """A shape and an index for it: basic, integer arrays, or a mixture with slices, new axes and an Ellipsis."""
    shape = draw(sizes)
    if draw(st.booleans()):
        return shape, draw(npst.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    block = draw(npst.array_shapes(min_dims=0, max_dims=2, min_side=1, max_side=3))
    parts: list[Any] = []
    count = draw(st.integers(1, len(shape)))
    lead = draw(st.one_of(st.none(), st.integers(0, count)))  # where an Ellipsis stands
    for n in shape[:count] if lead is None else shape[:lead] + shape[len(shape) - (count - lead) :]:
        kind = draw(st.sampled_from(["array", "array", "slice", "int"]))
        if kind == "array":
            ones = tuple(m if draw(st.booleans()) else 1 for m in block)
            parts.append(draw(npst.arrays(np.intp, ones, elements=st.integers(-n, n - 1))))
        elif kind == "int":
            parts.append(draw(st.integers(-n, n - 1)))
        else:
            parts.append(draw(st.slices(n)))
    if lead is not None:
        parts.insert(lead, Ellipsis)
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    return shape, tuple(parts)


def some(shape: tuple[int, ...]) -> np.ndarray:
    return np.sin(np.arange(1.0, 1 + np.prod(shape))).reshape(shape)


@settings(deadline=None, max_examples=150)
@given(indexed())
def test_reading_with_any_index(case: tuple[tuple[int, ...], Any]) -> None:
    shape, index = case
    x = some(shape)
    value, pullback = vjp(lambda x: x[index], x)
    want = x[index]
    np.testing.assert_array_equal(value, want, strict=True)
    g = np.cos(np.arange(1.0, 1 + want.size)).reshape(want.shape)
    expected = np.zeros(shape)
    np.add.at(expected, index, g)
    np.testing.assert_allclose(pullback(g)[0], expected, rtol=1e-15, atol=1e-15)


@settings(deadline=None, max_examples=150)
@given(indexed(), st.booleans())
def test_writing_with_any_index(case: tuple[tuple[int, ...], Any], scalar: bool) -> None:
    shape, index = case
    x = some(shape)
    value = np.float64(2.5) if scalar else np.cos(np.arange(x[index].size)).reshape(x[index].shape)

    def write(x: Any, value: Any) -> Any:
        y = x.copy()
        y[index] = value
        return y

    want = x.copy()
    want[index] = value
    got, pullback = vjp(write, x, value)
    np.testing.assert_array_equal(got, want)
    # Each component of the result is a copy of one component of x or of value: which, NumPy says when it writes numbers.
    source = np.arange(x.size).reshape(shape)
    source[index] = x.size + np.arange(np.size(value)).reshape(np.shape(value))
    g = np.cos(np.arange(3.0, 3 + x.size)).reshape(shape)
    owed = np.bincount(source.ravel(), g.ravel(), x.size + np.size(value))
    to_x, to_value = pullback(g)
    np.testing.assert_allclose(to_x.ravel(), owed[: x.size], rtol=1e-15)
    np.testing.assert_allclose(np.ravel(to_value), owed[x.size :], rtol=1e-14, atol=1e-15)


@settings(deadline=None, max_examples=60)
@given(sizes, st.data())
def test_reducing_any_axes(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.one_of(st.none(), npst.valid_tuple_axes(len(shape)), st.integers(-len(shape), len(shape) - 1)))
    keepdims = data.draw(st.booleans())
    for f in (np.sum, np.mean, np.prod, np.max, np.var):
        agree(lambda x, f=f: f(x, axis=axis, keepdims=keepdims), some(shape))


# Writing: aliases and views as in NumPy.


def same_effect(program: Callable[[Any], Any], x: np.ndarray) -> None:
    """A program that writes does the same to traced values as to arrays, and its gradient is that of what it computes."""

    def fresh(x: Any) -> Any:
        return program(x.copy())

    agree(fresh, x)


def _alias(y: Any) -> Any:
    z = y
    z += 1
    return y * z


def _slice_view(y: Any) -> Any:
    part = y[1:3]
    part *= 2
    part[0] = y[0] * 3
    return y


def _view_sees_base(y: Any) -> Any:
    part = y[1]
    y[1, 2] = y[0, 0] ** 2
    return part * 2


def _in_place_slice(y: Any) -> Any:
    y[1:3] *= 2
    y[:, 1] += y[:, 0]
    return y


def _transposed(y: Any) -> Any:
    y.T[0] = y[0, :3] ** 2
    return y


def _reshaped(y: Any) -> Any:
    y.reshape(-1)[0] = 5.0
    flat = y.ravel()
    flat[3] = flat[4] * 2
    y[2] = y[2] * 2
    return [y, flat]


def _reshaped_copy(y: Any) -> Any:
    y.T.ravel()[0] = 7.0  # NumPy copies here, and nothing else sees the write
    return y * 1


def _deep_view(y: Any) -> Any:
    part = y.T[1:].swapaxes(0, 1)[::2]
    part[...] = part**2
    part[0, 0] = 0.0
    return [y, part]


def _flipped(y: Any) -> Any:
    np.flip(y, 1)[0] = y[1].copy()
    np.squeeze(y[None])[2] *= 3
    np.expand_dims(y, 0)[0, 1, 1] = 4.0
    return y


def _split_parts(y: Any) -> Any:
    left, right = np.split(y, 2, axis=1)
    left *= right
    return y


def _sorted_in_place(y: Any) -> Any:
    y.sort(axis=0)
    y[1].sort()
    return y * np.arange(4)


def _filled(y: Any) -> Any:
    first = y[0, 0]
    y[:2].fill(2.0)
    y[2].fill(first)
    return y


def _masked(y: Any) -> Any:
    y[y < 0] = 0.0
    y[y > 1] *= 2
    return y


def _rows_by_integers(y: Any) -> Any:
    y[[0, 2]] = y[[2, 0]]
    y[[1, 1]] = np.stack([y[0], y[2] * 3])
    return y


def _put(y: Any) -> Any:
    np.put_along_axis(y, np.argmax(y, axis=1)[:, None], y[:, :1] * 2, axis=1)
    np.fill_diagonal(y, y[0, 1])
    np.copyto(y, y * 2, where=MASK)
    np.putmask(y, MASK, y[0] * 3)
    return y


PROGRAMS = [_alias, _slice_view, _view_sees_base, _in_place_slice, _transposed, _reshaped, _reshaped_copy, _deep_view,
            _flipped, _split_parts, _sorted_in_place, _filled, _masked, _rows_by_integers, _put]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__.strip("_"))
def test_writes_reach_what_they_reach_in_numpy(program: Callable[[Any], Any]) -> None:
    same_effect(program, MATRIX)


def test_a_copy_is_written_without_its_original() -> None:
    def f(x: Any) -> Any:
        y = x.copy()
        y[0] = x[1] * 2
        return [x * 1, y]

    agree(f, MATRIX)


def test_a_number_in_place_is_bound_anew() -> None:
    def f(x: Any) -> Any:
        s = np.sum(x)
        t = s
        s += 1
        return [s, t]

    agree(f, LINE)


def test_overwritten_components_have_no_derivative_even_where_theirs_is_infinite() -> None:
    def f(x: Any) -> Any:
        with np.errstate(divide="ignore"):
            y = 1 / x
        y[x == 0] = 0.0
        return np.sum(y)

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(grad(f)(np.array([2.0, 0.0, -1.0])), [-0.25, 0.0, -1.0])


# Making arrays.


def test_arrays_made_like_a_traced_one_can_be_written() -> None:
    def f(x: Any) -> Any:
        b = np.zeros_like(x)
        b[0] = x[1] * 2
        c = np.empty_like(x, shape=(2, 2))
        c[...] = x[0, 0]
        c[1] = x[1, :2]
        d = np.ones_like(x) * 2
        d[:, 1:] += x[:, :-1]
        e = np.full_like(x, x[0, 1])
        return [b, c, d, e, np.ones_like(x, shape=3), np.zeros_like(x, dtype=np.float32)[0], np.full_like(x, 2.0, shape=())]

    agree(f, MATRIX)


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
    assert "test_numpy_arrays.py, line" in str(caught.value)


def test_out_may_be_traced() -> None:
    def f(x: Any) -> Any:
        total = np.zeros_like(x[0])
        np.sum(x, axis=0, out=total)
        return total * 2

    agree(f, MATRIX)


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
    (lambda x: np.vstack([]) * x, ValueError, ""),
]


@pytest.mark.parametrize(("f", "kind", "words"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments_are_named(f: Callable[[Any], Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        vjp(f, MATRIX)
    assert words in str(caught.value)


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
    "form": lambda x: [x.ravel(), x.repeat(2), x[None].squeeze(), x.swapaxes(0, 1), x.take([1, 2]), x.diagonal(),
                       x.flatten(), x.copy(), x.transpose(), x.T, x.reshape(4, 3), next(x.flat)],
}


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_arrays(name: str) -> None:
    agree(METHODS[name], MATRIX)
