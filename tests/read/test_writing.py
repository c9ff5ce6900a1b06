"""Writes into traced arrays: aliases, views and made arrays behave as in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import LINE, MASK, MATRIX, agree

from chainrule.calculus.gradients import grad
from chainrule.calculus.jacobians import hessian
from chainrule.calculus.mapping import vmap
from chainrule.calculus.tape import tape
from chainrule.errors import LeakedTraceError, TraceError


def same_effect(program: Callable[[Any], Any], x: np.ndarray) -> None:
    """A program that writes does the same to traced values as to arrays, and so does its derivative."""

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


def _flat(y: Any) -> Any:
    y.flat[0] = y[1, 1] ** 2
    y.T.flat[1] = 3.0
    y[:, 1:].flat[[0, 4]] = y.flat[2:4] * 2
    part = y.flat[1:3]  # no view
    part *= 5
    walk = y.flat
    return [y, part, next(walk) * next(walk), sum(v**2 for v in y.flat), np.stack(list(walk)) * len(walk)]


def _flat_filled(y: Any) -> Any:
    first = y[0, 0] * 2
    y[1:].T.flat = first
    return y


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
    np.put_along_axis(y, np.array([5, 7]), y[0, :2], axis=None)
    np.fill_diagonal(y, y[0, 1])
    np.copyto(y, y * 2, where=MASK)
    np.putmask(y, MASK, y[0] * 3)
    return y


def _single_components(y: Any) -> Any:
    first, corner, number = y[0, 0, ...], y[..., 2, 3], y[1, 1]
    first += y[0, 1]
    corner[...] = first * 2
    number += 1.0  # a NumPy scalar: nothing else sees it
    y[0, 0] *= 3
    corner += 1
    return [y, first * 1, corner * 1, number]


def _reshaped_to_a_number(y: Any) -> Any:
    squeezed, reshaped = np.squeeze(y[:1, :1]), y[1:2, 1].reshape(())
    squeezed *= y[2, 2]
    reshaped[()] = 4.0
    y[1, 1] += squeezed
    return [y, squeezed * 1, reshaped * 1]


def _views_of_einsum(y: Any) -> Any:
    turned, square = np.einsum("ij->ji", y), y[:, :3]
    diagonal = np.einsum("ii->i", square)
    same = np.einsum("ij", y)
    turned[0] = y[:, 1] ** 2
    diagonal *= 2
    same[2, 3] = 5.0
    return [y, turned, diagonal, np.einsum("ij->i", y)]


def _broadcast_arrays(y: Any) -> Any:
    row, whole, plain = np.broadcast_arrays(y[0], y, 2.0)
    y[0] *= 3
    whole[1] = y[2] ** 2
    return [y, row * 1, whole, plain]


PROGRAMS = [
    _single_components,
    _reshaped_to_a_number,
    _views_of_einsum,
    _broadcast_arrays,
    _alias,
    _slice_view,
    _view_sees_base,
    _in_place_slice,
    _transposed,
    _reshaped,
    _reshaped_copy,
    _flat,
    _flat_filled,
    _deep_view,
    _flipped,
    _split_parts,
    _sorted_in_place,
    _filled,
    _masked,
    _rows_by_integers,
    _put,
]


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
        return [
            b,
            c,
            d,
            e,
            np.ones_like(x, shape=3),
            np.zeros_like(x, dtype=np.float32)[0],
            np.full_like(x, 2.0, shape=()),
        ]

    agree(f, MATRIX)


def test_out_may_be_traced() -> None:
    def f(x: Any) -> Any:
        total = np.zeros_like(x[0])
        np.sum(x, axis=0, out=total)
        return total * 2

    agree(f, MATRIX)


READ_ONLY: list[Callable[[Any], Any]] = [
    np.diagonal,
    np.diag,
    lambda y: np.diagonal(y, 1),
    lambda y: np.diagonal(y, -1, 1, 0),
    np.linalg.diagonal,
    lambda y: y.diagonal(),
    lambda y: np.broadcast_to(y, (2, *y.shape)),
    lambda y: np.broadcast_to(y, y.shape),
]


def test_what_broadcast_arrays_has_stretched_is_not_written_into() -> None:
    def program(x: Any) -> Any:
        stretched, _ = np.broadcast_arrays(x[0], x)
        with pytest.raises(TraceError, match=r"the result of np\.broadcast_arrays is a view"):
            stretched[0] = 1.0
        return np.sum(x)

    assert np.array_equal(grad(program)(MATRIX), np.ones(MATRIX.shape))


@pytest.mark.parametrize("look", READ_ONLY)
def test_a_read_only_view_follows_its_base(look: Callable[[Any], Any]) -> None:
    def program(y: Any) -> Any:
        seen = look(y)
        y[1, 1] = y[0, 0] ** 2
        y[0] *= 3
        return seen * 2

    same_effect(program, MATRIX)


@pytest.mark.parametrize("look", READ_ONLY)
def test_a_read_only_view_refuses_writes(look: Callable[[Any], Any]) -> None:
    with pytest.raises(ValueError, match="assignment destination is read-only"):
        look(MATRIX.copy())[...] = 0

    def program(x: Any) -> Any:
        seen, before = look(x), look(x).copy()
        with pytest.raises(TraceError, match="assignment destination is read-only"):
            seen[...] = 0
        assert np.all(seen == before)
        return np.sum(x)

    assert np.array_equal(grad(program)(MATRIX), np.ones(MATRIX.shape))


def _outer_buffer(x: Any) -> Any:
    buffer = np.zeros_like(x)
    part = buffer[1:]

    def inner(y: Any) -> Any:
        buffer[0] = y * 2
        buffer[1] = y * x[1]
        return y**2 * buffer[1]

    slope = grad(inner)(x[0])  # 3 x0^2 x1
    buffer[2] = slope
    return np.sum(buffer**2) * slope + np.sum(part**3)


def _outer_buffer_by_hand(x: Any) -> Any:
    slope = 3 * x[0] ** 2 * x[1]
    buffer = np.stack([x[0] * 2, x[0] * x[1], slope])
    return np.sum(buffer**2) * slope + np.sum(buffer[1:] ** 3)


def test_an_array_of_an_outer_level_keeps_what_an_inner_derivative_wrote() -> None:
    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(grad(_outer_buffer)(x), grad(_outer_buffer_by_hand)(x))
    np.testing.assert_allclose(hessian(_outer_buffer)(x), hessian(_outer_buffer_by_hand)(x))


def test_an_array_written_two_levels_below_keeps_what_was_written() -> None:
    def f(x: Any) -> Any:
        buffer = np.zeros_like(np.stack([x, x]))
        view = buffer[:1]

        def middle(y: Any) -> Any:
            def innermost(z: Any) -> Any:
                buffer[0] = z * y * x
                return z**2 * y

            return grad(innermost)(y) * view[0]  # 2 y^2 y^2 x

        slope = grad(middle)(x)  # 8 x^4
        return slope + np.sum(buffer) + view[0]  # 8 x^4 + 2 x^3

    assert grad(f)(1.5) == pytest.approx(32 * 1.5**3 + 6 * 1.5**2)


def test_views_of_an_outer_array_see_what_is_written_inside() -> None:
    def f(x: Any) -> Any:
        def inner(y: Any) -> Any:
            buffer = np.zeros_like(x)
            view = buffer[1:]
            buffer[0] = y
            buffer[1] = y * 2
            return np.sum(buffer**2) + np.sum(view**3)  # 5 y^2 + 8 y^3

        return grad(inner)(x[0])

    np.testing.assert_allclose(grad(f)(np.array([1.0, 2.0, 3.0])), [58.0, 0.0, 0.0])


def test_a_tape_gives_back_what_was_written_on_it() -> None:
    def f(x: Any) -> Any:
        buffer = np.zeros_like(x)
        with tape() as inner:
            y = inner.watch(x[0])
            buffer[0] = y**2
            loss = y**3
        return buffer[0] + inner.gradient(loss, y)  # 4 x^2

    np.testing.assert_allclose(grad(f)(np.array([3.0, 1.0])), [24.0, 0.0])


def test_what_vmap_wrote_into_an_outer_array_is_refused_with_the_way_out() -> None:
    def f(x: Any) -> Any:
        buffer = np.zeros_like(x)

        def one(y: Any) -> Any:
            buffer[0] = y
            return y**2

        return np.sum(vmap(one)(x)) + np.sum(buffer)

    with pytest.raises(LeakedTraceError, match="an array made outside a function was written to") as caught:
        grad(f)(np.array([1.0, 2.0]))
    assert "return what was to be written" in str(caught.value)
    assert "test_writing.py, line" in str(caught.value)


def test_two_inner_levels_write_into_the_array_of_the_outermost() -> None:
    def f(x: Any) -> Any:
        b = np.zeros_like(x) + x

        def middle(u):
            def inner(v):
                b[0] = v * u * x[1]
                return v**2

            return grad(inner)(u) + grad(inner)(2 * u) + b[0]

        return grad(middle)(x[0]) + b[0] * b[1]

    # The last write is 2 u^2 x1, so that f = 6 + 4 x0 x1 + 2 x0^2 x1^2.
    x0, x1 = x = np.array([2.0, 3.0])
    np.testing.assert_array_equal(grad(f)(x), [4 * x1 + 4 * x0 * x1**2, 4 * x0 + 4 * x0**2 * x1])
