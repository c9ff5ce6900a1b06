"""Compiled functions of arrays: kernels give the function's own results, at all shapes, and whatever is in force."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.calculus.compiled import compile
from chainrule.kernels.machine import available

pytestmark = pytest.mark.skipif(bool(available()), reason=available())


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = tuple(value.values())
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, (tuple, list)) else [value]


def same(got: Any, want: Any, rtol: float = 1e-10) -> None:
    for a, b in zip(leaves(got), leaves(want), strict=True):
        assert type(a) is type(b)
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        size = np.abs(np.asarray(b, float)).max(initial=1e-300, where=np.isfinite(b))
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * size)


def on_a_kernel(f: Any, *args: Any, times: int = 2) -> Any:
    """The compiled function, which ran on a kernel, and gave what the function does."""
    fast = compile(f)
    with np.errstate(all="ignore"):
        want = f(*args)
    for _ in range(times):
        same(fast(*args), want)
    assert "-> a kernel" in fast.plan(), fast.plan()
    return fast


@pytest.mark.parametrize("f", [lambda x: np.sum(x * x) / len(x), lambda x: x * 2 if len(x) < 55 else x * 3])
def test_what_python_makes_of_a_shape_holds_for_that_shape(f: Any) -> None:
    fast = compile(f)
    for rows in (50, 60, 50, 70, 60):
        x = np.linspace(0, 1, rows)
        same(fast(x), f(x))


def test_shapes_of_a_function_of_components_are_told_apart() -> None:
    def f(x: Any) -> Any:
        return x * x.shape[0]

    fast = compile(f)
    for shape in ((20, 15), (300,), (15, 20), (20, 15)):
        x = np.ones(shape)
        same(fast(x), f(x))
