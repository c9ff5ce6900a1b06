"""Reading and writing: shapes, batches, repeated indices, masks, and any order of derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from chainrule.calculus.gradients import grad
from chainrule.calculus.jacobians import hessian, jacobian
from chainrule.calculus.mapping import vmap
from chainrule.calculus.products import vjp
from chainrule.core.index import split_index
from chainrule.core.index_axes import indexed, into_first
from chainrule.core.registry import evaluating
from chainrule.errors import KinkError, ShapeError, TraceError
from chainrule.passes.guards import strict

F = evaluating
SHAPE = (3, 2, 4, 3)


@st.composite
def mixed_indices(draw: st.DrawFn) -> tuple[Any, ...]:
    """Integer arrays, ints, slices, new axes and an Ellipsis in any order, for an array of shape SHAPE."""
    block = draw(npst.array_shapes(min_dims=0, max_dims=2, max_side=3))
    entries: list[Any] = []
    for n in SHAPE:
        kind = draw(st.sampled_from(["array", "slice", "int", "slice"]))
        if kind == "array":
            entries.append(draw(npst.arrays(np.intp, block, elements=st.integers(-n, n - 1))))
        else:
            entries.append(draw(st.slices(n)) if kind == "slice" else draw(st.integers(-n, n - 1)))
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), Ellipsis)
    if draw(st.booleans()):
        entries.insert(draw(st.integers(0, len(entries))), None)
    return tuple(entries)


X = np.sin(np.arange(1.0, 1 + np.prod(SHAPE))).reshape(SHAPE)


@settings(deadline=None, max_examples=200)
@given(mixed_indices())
def test_shapes_are_those_of_numpy(index: tuple[Any, ...]) -> None:
    pattern, arrays = split_index(index)
    assert indexed.infer([SHAPE, *(a.shape for a in arrays)], {"pattern": pattern}) == X[index].shape


@settings(deadline=None, max_examples=200)
@given(mixed_indices(), st.data())
def test_a_batch_is_a_loop(index: tuple[Any, ...], data: st.DataObject) -> None:
    """Reading and writing with the batch in the array, in what is written, in the index, or in several."""
    pattern, arrays = split_index(index)
    flags = [data.draw(st.booleans()) for _ in range(2 + len(arrays))]
    count = 3
    stack = np.stack([X + i for i in range(count)])
    region = X[index].shape
    value = np.cos(np.arange(np.prod(region))).reshape(region)
    values = np.stack([value * (i + 1) for i in range(count)])
    turned = [np.stack([a, -1 - a, a]) for a in arrays]
    operands = [
        stack if flags[0] else X,
        values if flags[1] else value,
        *(t if many else a for t, a, many in zip(turned, arrays, flags[2:], strict=True)),
    ]

    def example(i: int) -> list[Any]:
        return [x[i] if many else x for x, many in zip(operands, flags, strict=True)]

    parameters = {"pattern": pattern}
    read, read_flags = [operands[0], *operands[2:]], [flags[0], *flags[2:]]
    if any(read_flags):
        got = indexed.batch(F, F.getitem, read, read_flags, parameters)
        want = np.stack([F.getitem(example(i)[0], *example(i)[2:], **parameters) for i in range(count)])
        np.testing.assert_array_equal(got, want)
        last = F.last_written.shape.batch(F, F.last_written, read, read_flags, parameters)
        want = np.stack([F.last_written(example(i)[0], *example(i)[2:], **parameters) for i in range(count)])
        np.testing.assert_array_equal(last, want)
    if any(flags):
        for name in ("scatter", "set_item"):
            apply = getattr(F, name)
            got = into_first.batch(F, apply, operands, flags, parameters)
            want = np.stack([apply(*example(i), **parameters) for i in range(count)])
            np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-14)


def test_gradient_adds_up_repeated_integers() -> None:
    index, c = np.array([0, 2, 2, 2, 0]), np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    want = np.zeros(4)
    np.add.at(want, index, c)
    np.testing.assert_array_equal(grad(lambda x: np.sum(c * x[index]))(np.ones(4)), want)


def test_the_last_of_repeated_writes_wins() -> None:
    def f(x: Any, v: Any) -> Any:
        y = x.copy()
        y[np.array([1, 1, 0])] = v
        return np.sum(y * np.array([1.0, 10.0, 100.0]))

    to_x, to_v = grad(f, argnums=(0, 1))(np.ones(3), np.arange(3.0))
    np.testing.assert_array_equal(to_x, [0.0, 0.0, 100.0])
    np.testing.assert_array_equal(to_v, [0.0, 10.0, 1.0])


def test_any_order() -> None:
    def f(x: Any) -> Any:
        y = np.zeros_like(x)
        y[::2] = x[1:3] ** 3
        y[np.array([1, 1])] = x[0] * x[2]
        return np.sum(y[y > 0] ** 2)

    x = np.array([1.0, 2.0, 3.0])
    # y = (x1^3, x0 x2, x2^3)
    want = np.array([[2 * 9, 0, 4 * 1 * 3], [0, 30 * 2.0**4, 0], [4 * 1 * 3, 0, 2 * 1 + 30 * 3.0**4]])
    np.testing.assert_allclose(hessian(f)(x), want, rtol=1e-14)
    np.testing.assert_allclose(jacobian(grad(f))(x), want, rtol=1e-14)


def test_sorting() -> None:
    c = np.array([1.0, 2.0, 4.0, 8.0])
    x = np.array([3.0, -1.0, 2.0, -1.0])
    with strict(), pytest.raises(KinkError, match="keep their order"):
        grad(lambda x: np.sum(c * np.sort(x)))(x)
    # The two that tie keep their order: the first of them is the smaller.
    np.testing.assert_array_equal(grad(lambda x: np.sum(c * np.sort(x)))(x), [8.0, 1.0, 4.0, 2.0])
    np.testing.assert_allclose(hessian(lambda x: np.sum(c * np.sort(x) ** 2))(x), np.diag([16.0, 2.0, 8.0, 4.0]))


def test_sorted_places_in_a_batch() -> None:
    lines = np.sort(np.sin(np.arange(12.0)).reshape(3, 4), axis=1)
    v = np.array([[0.1, -0.5], [0.7, 0.0]])
    for side in ("left", "right"):
        got = vmap(lambda line, side=side: np.searchsorted(line, v, side) + 0 * line[0])(lines)
        np.testing.assert_array_equal(got, np.stack([np.searchsorted(line, v, side) for line in lines]))
        got = vmap(lambda w, side=side: np.searchsorted(lines[0], w, side) * 1.0)(v)
        np.testing.assert_array_equal(got, np.searchsorted(lines[0], v, side))


def test_a_mask_of_the_example_cannot_be_batched() -> None:
    with pytest.raises(TraceError, match=r"np\.where\(mask"):
        vmap(lambda x: np.sum(x[x > 0]))(np.ones((2, 3)))
    with pytest.raises(ShapeError, match="not known before"):
        F.nonzero.shape.infer([(3,)], {"axis": 0})


def test_shapes_that_do_not_fit_are_named() -> None:
    for shapes, pattern, words in (
        ([(3,), ()], (1, 2), "2 indices for an array of 1 dimensions"),
        ([(3,)], (5,), "index 5 is out of bounds"),
        ([(3,), (2,), (4,)], ("#", "#"), "2 indices"),
        ([(3, 3), (2,), (4,)], ("#", "#"), "do not broadcast"),
    ):
        with pytest.raises(ShapeError, match=words):
            indexed.infer(shapes, {"pattern": pattern})
    with pytest.raises(ShapeError, match="cannot be written"):
        into_first.infer([(3,), (2,)], {"pattern": (slice(None),)})


def test_a_loop_over_components() -> None:
    x = np.sin(np.arange(50.0))

    def f(x: Any) -> Any:
        s = 0.0
        for i in range(len(x)):
            s = s + (i + 1) * x[i] ** 2
        return s

    np.testing.assert_allclose(grad(f)(x), 2 * np.arange(1, 51) * x, rtol=1e-15)


def test_a_written_array_of_integers_and_float32() -> None:
    def f(x: Any) -> Any:
        b = np.zeros_like(x)
        b[0] = x[1] * np.float64(2.0)  # a write casts to the dtype of the array
        return np.sum(b)

    value, pullback = vjp(f, np.array([1.0, 2.0], np.float32))
    assert value.dtype == np.float32
    np.testing.assert_array_equal(pullback(np.float32(1.0))[0], np.array([0.0, 2.0], np.float32))


def test_the_order_is_stable_with_ties_and_nan() -> None:
    rng = np.random.default_rng(0)
    for x in (
        rng.integers(0, 5, (40, 7)).astype(float),
        rng.normal(size=(40, 7)),
        np.where(rng.random((40, 7)) < 0.2, np.nan, 1.0),
    ):
        for axis in (0, 1):
            np.testing.assert_array_equal(F.argsort(x, axis=axis), np.argsort(x, axis=axis, kind="stable"))
