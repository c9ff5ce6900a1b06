"""Polynomials as arrays of coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from agreement import LINE, MATRIX, agree

import chainrule as cr
from chainrule.errors import ArgumentError, ChainruleError, ShapeError

V = np.array([0.7, -1.3, 0.4])

POLYNOMIALS: dict[str, Callable[[Any], Any]] = {
    "values": lambda p: [np.polyval(p, MATRIX), np.polyval(V, p), np.polyval(p, p), np.polyval(p, 2.0)],
    "sums": lambda p: [np.polyadd(p, V), np.polysub(V, p), np.polyadd(p, p), np.polyadd(p[0], V)],
    "products": lambda p: [np.polymul(p, V), np.polymul(p, p)],
    "quotients": lambda p: [*np.polydiv(p, V), *np.polydiv(V, p), *np.polydiv(np.polymul(p, V), V)],
    "derivatives": lambda p: [np.polyder(p), np.polyder(p, 3), np.polyder(p, 0), np.polyder(p, 9)],
    "integrals": lambda p: [np.polyint(p), np.polyint(p, 2, p[:2]), np.polyint(p, 2, 1.5), np.polyint(p, 0)],
    "of roots": lambda p: [np.poly(p), np.poly(p[:0])],
    "matrices": lambda p: [np.vander(p), np.vander(p, 3, increasing=True), np.vander(p, 1), np.vander(p, 0)],
    "made by poly1d": lambda p: [np.polyval(np.poly1d(V), p), np.poly1d(p)(2.0)],
}


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials(name: str) -> None:
    agree(POLYNOMIALS[name], LINE)


def test_complex_roots() -> None:
    z = LINE + 1j * LINE[::-1]
    value, pullback = cr.vjp(np.poly, z)
    np.testing.assert_allclose(value, np.poly(z), rtol=1e-12)
    # The coefficient behind the first is minus the sum of the roots.
    np.testing.assert_allclose(pullback(np.array([0, 1, 0, 0, 0, 0], complex))[0], -np.ones(5))


WRONG: list[tuple[Callable[[Any], Any], type[ChainruleError], str]] = [
    (lambda x: np.polyval(x[None], x), ShapeError, "(1, 5)"),
    (lambda x: np.polyder(x, -1), ArgumentError, "order -1"),
    (lambda x: np.polyint(x, -1), ArgumentError, "order -1"),
    (lambda x: np.polyint(x, 3, x[:2]), ShapeError, "2 constants"),
    (lambda x: np.polydiv(x, x * 0), ArgumentError, "first coefficient is 0"),
    (lambda x: np.poly(np.reshape(x[:4], (1, 4))), ShapeError, "(1, 4)"),
    (lambda x: np.vander(x[None]), ShapeError, "(1, 5)"),
    (lambda x: np.polyfit(x, x[:2], 1), ShapeError, "one value for each"),
    (lambda x: np.polyfit(x, x, -1), ArgumentError, "degree -1"),
]


@pytest.mark.parametrize(("f", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_wrong_arguments(f: Callable[[Any], Any], error: type[ChainruleError], says: str) -> None:
    with pytest.raises(error) as caught:
        cr.vjp(f, LINE)
    assert says in str(caught.value)
