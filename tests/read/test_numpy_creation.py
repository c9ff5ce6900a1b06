"""Arrays that are made: with like=, in even steps, and places in them; written into, and refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import LINE, MATRIX, agree

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleError, ShapeError

MADE: dict[str, Callable[[Any], Any]] = {
    "from parts": lambda x: [
        np.array([[x[0], 1.0], [2.0, x[1]]], like=x),
        np.array(x[0], like=x, ndmin=2),
        np.array([1.0, 2.0], like=x),
        np.asarray([x, x**2], like=x),
        np.asarray(x, like=x),
        np.array([x[:2], [x[2], 3.0]], dtype=np.float64, like=x),
    ],
    "full": lambda x: [np.full(3, x[0], like=x), np.full((2, 5), x, like=x), np.full((), x[1], like=x)],
    "linspace": lambda x: [
        np.linspace(x[0], x[1], 4),
        *np.linspace(x[:2], 3.0, 4, retstep=True),
        np.linspace(0.0, x, 3, endpoint=False, axis=-1),
        np.linspace(x[0], 1.0, 1),
        np.linspace(x[0], 1.0, 0),
    ],
    "logspace": lambda x: [np.logspace(x[0], 1.0, 3), np.logspace(0.1, x, 3, base=2.0, axis=1)],
    "geomspace": lambda x: [
        np.geomspace(np.exp(x[0]), 5.0, 4),
        np.geomspace(-np.exp(x), -np.exp(x[::-1]), 4, axis=-1),
        np.geomspace(np.exp(x[0]), 2.0, 3, endpoint=False),
        np.geomspace(np.exp(x[0]), 2.0, 1),
    ],
}


@pytest.mark.parametrize("name", MADE)
def test_arrays_that_are_made(name: str) -> None:
    agree(MADE[name], LINE)


def test_arrays_made_with_like_can_be_written_into() -> None:
    def filled(x: Any) -> Any:
        zeros, ones, unit = np.zeros(3, like=x), np.ones((2, 2), like=x), np.eye(2, like=x)
        steps, parts, empty = np.arange(3.0, like=x), np.array([0.0, 1.0], like=x), np.empty(2, like=x)
        zeros[0], ones[1], unit[0, 1], steps[2], parts[1], empty[:] = x[0] ** 2, x[1], x[2], x[3], x[4], x[:2]
        return [zeros, ones, unit, steps, parts, empty]

    agree(filled, LINE)


def test_writing_with_put_place_and_putmask() -> None:
    def written(x: Any) -> Any:
        y = x * 1.0
        np.put(y, [0, 7, -1], x[0, :2] ** 2)
        np.put(y, [13], x[1, 1], mode="wrap")
        np.put(y, np.array([], int), x[0, 0])
        np.place(y, MATRIX > 1, np.stack([x[1, 1], x[0, 1] ** 2]))
        np.place(y, MATRIX > 99, x[0])
        return y

    agree(written, MATRIX)


def test_places_by_number_and_by_index() -> None:
    agree(
        lambda x: [
            x[np.unravel_index(np.argmax(x), x.shape)],
            np.ravel(x)[np.ravel_multi_index((np.argmax(x, axis=0), np.arange(4)), x.shape)],
            np.ravel_multi_index((np.argmax(x, axis=0) + 9, np.arange(4)), x.shape, mode="wrap", order="F"),
            np.unravel_index(np.argmax(x), x.shape, order="F")[0],
            x[np.ix_([0, 2], np.argsort(x[0])[:2])],
            x[np.ix_(x[:, 0] > -99, [0, 1])],
        ],
        MATRIX,
    )


def test_zeros_at_the_ends_are_left_out() -> None:
    agree(
        lambda x: [
            np.trim_zeros(np.where(np.arange(5) < 2, 0.0, x)),
            np.trim_zeros(np.where(np.arange(5) > 2, 0.0, x), "b"),
            np.trim_zeros(np.where(np.arange(5) < 2, 0.0, x), "b"),
            np.trim_zeros(0.0 * x),
        ],
        LINE,
    )
    agree(lambda x: np.trim_zeros(np.where(np.arange(4) > 2, 0.0, x)), MATRIX)


def test_odds_and_ends() -> None:
    agree(
        lambda x: [
            np.frexp(7 * x)[0],
            np.isin(x, [x[0], 3.0]),
            np.isin(x, x[:2], invert=True),
            np.array_equiv(x, x[:2]),
            np.isposinf(x),
            np.lexsort((x, np.round(x))),
            np.resize(x, (3, 3)),
            np.resize(x[:0], 2),
            np.cumulative_sum(x, include_initial=True),
            len(np.array_str(x)),
        ],
        LINE,
    )
    exact = np.array([0.0, 1.0, 2.0, 0.5, -4.0, np.inf, np.nextafter(1.0, 0.0)])
    for got, want in zip(cr.vjp(np.frexp, exact)[0], np.frexp(exact), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_fit_by_least_squares_follows_its_data() -> None:
    places = np.array([0.0, 0.5, 1.5, 2.0, 3.0])
    agree(lambda y: [np.polyfit(places, y, 2), np.polyfit(places, y, 1, w=np.array([1.0, 2.0, 1.0, 3.0, 1.0]))], LINE)
    agree(lambda y: np.polyfit(places, np.stack([y, y**2], axis=1), 1, w=np.ones(5)), LINE)
    agree(lambda x: np.polyfit(x, LINE**2, 2), np.array([0.0, 0.5, 1.5, 2.0, 3.0]))


def test_roots_move_with_the_coefficients() -> None:
    """Of p at a root z: dz = -dp(z) / p'(z)."""
    p = np.array([1.0, -3.5, 3.5, -1.0])  # 2, 1 and 1/2
    value, pullback = cr.vjp(lambda p: np.sort(np.roots(p)), p)
    np.testing.assert_allclose(value, [0.5, 1.0, 2.0], rtol=1e-12)
    for k, z in enumerate(value):
        want = -(z ** np.arange(3, -1, -1)) / np.polyval(np.polyder(p), z)
        np.testing.assert_allclose(pullback(np.eye(3)[k])[0], want, rtol=1e-9)
    short = cr.vjp(lambda p: [np.roots(p), np.roots(p * 0.0), np.roots(p[:1] * np.ones(1)), np.sum(p)], p)[0]
    assert [np.shape(part) for part in short] == [(3,), (0,), (0,), ()]
    np.testing.assert_array_equal(cr.vjp(lambda p: np.roots(p * np.array([0, 0, 1, 0])), p)[0], np.zeros(1))


def test_a_characteristic_polynomial() -> None:
    """Its coefficients are minus the trace, and the determinant."""
    a = np.array([[2.0, 1.0], [0.5, -1.0]])
    value, pullback = cr.vjp(np.poly, a)
    np.testing.assert_allclose(value, np.poly(a), rtol=1e-12)
    np.testing.assert_allclose(pullback(np.array([0.0, 1.0, 0.0]))[0], -np.eye(2), atol=1e-12)
    np.testing.assert_allclose(
        pullback(np.array([0.0, 0.0, 1.0]))[0], np.linalg.det(a) * np.linalg.inv(a).T, atol=1e-12
    )


WRONG: list[tuple[Callable[[Any], Any], type[ChainruleError], str]] = [
    (lambda x: np.linspace(x[0], 2.0, -1), ArgumentError, "of -1 numbers"),
    (lambda x: np.geomspace(0.0, x[0]), ArgumentError, "does not reach it"),
    (lambda x: np.array([x[:2], x], like=x), ShapeError, "(2,), (5,)"),
    (lambda x: np.place(x * 1.0, LINE > -9, []), ArgumentError, "no values"),
    (lambda x: np.ix_(x[None]), ShapeError, "(1, 5)"),
    (lambda x: np.unravel_index(np.argmax(x) + 9, (2,)), ArgumentError, "(2,)"),
    (lambda x: np.ravel_multi_index((np.argmax(x) + 9,), (2,)), ArgumentError, "(2,)"),
    (lambda x: np.resize(x, -1), ShapeError, "(-1,)"),
    (lambda x: np.cumulative_sum(x[None]), ArgumentError, "needs axis="),
    (lambda x: np.max(x[:0]), ShapeError, "nothing in them"),
    (lambda x: np.argmin(x[:0]), ShapeError, "nothing in them"),
    (lambda x: np.pad(x[:0], 1, "edge"), ShapeError, "nothing to copy"),
]


@pytest.mark.parametrize(("f", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments(f: Callable[[Any], Any], error: type[ChainruleError], says: str) -> None:
    with pytest.raises(error) as caught:
        cr.vjp(f, LINE)
    assert says in str(caught.value)
