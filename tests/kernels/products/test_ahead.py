"""Which stages fetch what the next strip needs, and that fetching changes no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from guard_pages import fenced, guarded
from planned import planned

import chainrule as cr
from chainrule.kernels.products import shares
from chainrule.kernels.program import Product, ProductKind, Value
from chainrule.kernels.running.executable import Executable

FLOAT = np.dtype("float64")


def squares(w: Any, X: Any, y: Any) -> Any:
    r = X @ w - y
    return (r * r).mean()


def test_stages_that_read_one_array_share_in_fetching_it() -> None:
    X, w, z, g = Value((5,), FLOAT, True), Value((5,), FLOAT), Value((), FLOAT, True), Value((5,), FLOAT)
    first = Product(ProductKind.ROWS, X, w, z)
    second = Product(ProductKind.OVER_ROWS, X, z, g)
    assert shares([first, second], lambda value: value is X) == {first: (0, 2), second: (1, 2)}
    assert not shares([first], lambda value: value is X)
    assert not shares([first, second], lambda value: False)


def test_matrices_are_left_to_the_processor() -> None:
    X, W, z = Value((5,), FLOAT, True), Value((5, 3), FLOAT), Value((3,), FLOAT, True)
    first = Product(ProductKind.ROWS, X, W, z)
    second = Product(ProductKind.OVER_ROWS, X, z, W)
    assert not shares([first, second], lambda value: value is X)


@guarded
@pytest.mark.parametrize("m", [1, 3, 32, 200])
def test_what_lies_behind_the_last_strip_is_not_read(m: int) -> None:
    random = np.random.default_rng(1)
    X, y = fenced(random.normal(size=(300, m))), fenced(random.normal(size=300))
    w = random.normal(size=m)
    gradient = cr.grad(squares)
    executable = Executable(planned(gradient, w, X, y))
    assert ("prefetch" in executable.emitted.text) is (m > 1)
    np.testing.assert_allclose(executable([w, X, y])[0], gradient(w, X, y), rtol=1e-12, atol=1e-13)
