"""The oracle for a function of NumPy arrays: NumPy's own value, differences forwards, the transpose in reverse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.calculus.products import jvp, vjp

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
