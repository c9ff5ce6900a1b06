"""Random shapes, indices and axes: NumPy says what is read, written and summed."""

from __future__ import annotations

from typing import Any

import numpy as np
from agreement import agree
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as npst

from chainrule.calculus.products import vjp

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
    """Numbers in no order, no two of them nearer than 0.01: differences must not step over the tie of a maximum."""
    count = int(np.prod(shape))
    return (np.argsort(np.sin(np.arange(1.0, 1 + count))) * 0.01 - 0.3).reshape(shape)


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
    # Each component of the result is a copy of one of x or of value: of which, NumPy says when it writes numbers.
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
