"""`numpy.emath`: real where NumPy's result is real, complex where it is complex, and the branch is guarded."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"])
def test_the_dtype_is_numpys(name: str, dtype: type) -> None:
    function = getattr(np.emath, name)
    for x in (np.array([0.3, 0.6], dtype), np.array([0.3, -2.5], dtype), np.array([0.3, 2.5], dtype)):
        value, _ = cr.vjp(function, x)
        assert value.dtype == function(x).dtype
        np.testing.assert_array_equal(value, function(x))


@pytest.mark.parametrize("x", [np.arange(1.0, 4.0), np.array([-2.0, 3.0])], ids=str)
def test_powers_by_negative_integers(x: np.ndarray) -> None:
    exponents = np.array([-2, -1, 3])[: x.size]
    value, tangent = cr.jvp(lambda x: np.emath.power(x, exponents), (x,), (np.ones_like(x),))
    np.testing.assert_array_equal(value, np.emath.power(x, exponents))
    np.testing.assert_allclose(tangent, exponents * x ** (exponents - 1.0), rtol=1e-14)


def test_a_pendulum_past_its_turning_point() -> None:
    """The modulus of a root that becomes imaginary: d|sqrt(x)|/dx is sign(x) / (2 sqrt|x|)."""
    x = np.array([-3.0, 2.0, -0.5])
    found = cr.grad(lambda x: np.sum(np.abs(np.emath.sqrt(x))))(x)
    np.testing.assert_allclose(found, np.sign(x) / (2 * np.sqrt(np.abs(x))), rtol=1e-14)
