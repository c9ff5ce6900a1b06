"""At a tie or a knot there is no derivative, only a convention: `strict` names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

KINKS: dict[str, tuple[Callable[[Any], Any], list[float], list[float]]] = {
    "median": (np.median, [1.0, 2.0, 2.0], [1.0, 2.0, 2.5]),
    "quantile": (lambda x: np.quantile(x, 0.5, method="lower"), [1.0, 3.0, 1.0, 4.0], [1.0, 3.0, 1.5, 4.0]),
    "smallest": (lambda x: np.quantile(x, 0.0), [1.0, 3.0, 1.0], [1.0, 3.0, 1.5]),
    "running maximum": (np.maximum.accumulate, [1.0, 2.0, 2.0, 3.0], [1.0, 2.0, 1.5, 3.0]),
    "running minimum": (np.minimum.accumulate, [1.0, 2.0, 1.0], [1.0, 2.0, 1.5]),
    "interp": (lambda x: np.interp(x, [0.0, 1.0, 2.0], [0.0, 5.0, 1.0]), [0.5, 1.0], [0.5, 1.1]),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_is_named_and_its_neighbours_are_not(name: str) -> None:
    f, at, beside = KINKS[name]
    gradient = cr.grad(lambda x: np.sum(f(x)))
    with cr.strict():
        assert np.all(np.isfinite(gradient(np.array(beside))))
        with pytest.raises(cr.errors.KinkError):
            gradient(np.array(at))
    assert np.all(np.isfinite(gradient(np.array(at))))


def test_two_middle_ones_that_are_equal_are_no_kink() -> None:
    """Each counts half, whichever comes first."""
    with cr.strict():
        np.testing.assert_array_equal(cr.grad(np.median)(np.array([3.0, 2.0, 2.0, 1.0])), [0, 0.5, 0.5, 0])


def test_a_jump_that_only_scales_is_named_once() -> None:
    """Its own derivative is zero, so a backward pass stops before it."""
    with cr.strict():
        assert cr.grad(lambda x: x * np.floor(x) + np.floor(x))(2.5) == 2
        with pytest.raises(cr.errors.KinkError, match="floor"):
            cr.grad(lambda x: x * np.floor(x) + np.floor(x))(2.0)
