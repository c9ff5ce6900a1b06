"""The functions that plain Python source takes along: NumPy's value for every float, also where `math` raises."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from chainrule.emit import scalars

ORDINARY = (0.1, 0.25, 0.5, 0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 36.0, 40.0)
EXTREME = (0.0, 5e-324, 1e-300, 709.0, 710.0, 800.0, 1025.0, 2.0**53, 1e18, 1e308, math.inf)
FLOATS = (*(sign * x for x in (*ORDINARY, *EXTREME) for sign in (1.0, -1.0)), math.nan)

UNARY: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
    "log1p": np.log1p, "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos, "tan": np.tan, "arcsin": np.arcsin,
    "arccos": np.arccos, "sinh": np.sinh, "cosh": np.cosh, "arccosh": np.arccosh, "arctanh": np.arctanh,
    "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc, "rint": np.rint, "signbit": np.signbit,
    "expit": lambda x: float(1 / (1 + mpmath.exp(-mpmath.mpf(float(x))))),
    "logit": special.logit, "log_expit": special.log_expit,
    "softplus": lambda x: np.logaddexp(0.0, x), "relu": lambda x: np.maximum(x, 0.0),
    "sech": lambda x: 1 / np.cosh(x),
}  # fmt: skip
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "divide": np.divide, "power": np.power, "fmod": np.fmod, "remainder": np.remainder,
    "floor_divide": np.floor_divide, "maximum": np.maximum, "minimum": np.minimum, "fmax": np.fmax, "fmin": np.fmin,
    "heaviside": np.heaviside, "logaddexp": np.logaddexp, "logaddexp2": np.logaddexp2,
    "larger_share": lambda x, y: np.greater(x, y) + np.equal(x, y) / 2,
    "divide_no_nan": lambda x, y: np.divide(x, y) if y != 0 else 0.0,
    "unsaturated": lambda x, out: not (np.isinf(x) and np.isfinite(out)),
}  # fmt: skip


# NumPy leaves open which of 0 and -0 is the larger, and SciPy gives ln(1) as -0.
ANY_ZERO = ("maximum", "minimum", "fmax", "fmin", "log_expit")


def same(got: Any, want: Any, where: Any, signed_zero: bool = True) -> None:
    assert math.isnan(got) == np.isnan(want), f"at {where}: {got} for {want}"
    # Two libraries round the last digits their own way.
    np.testing.assert_allclose(got, want, rtol=4e-15, atol=1e-323, err_msg=f"at {where}")
    if want == 0 and signed_zero:
        assert math.copysign(1.0, got) == math.copysign(1.0, want), f"at {where}: the sign of {got}"


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_a_number_is_numpys(name: str) -> None:
    function = getattr(scalars, f"_{name}")
    for x in FLOATS:
        with np.errstate(all="ignore"):
            same(function(x), UNARY[name](np.float64(x)), x, name not in ANY_ZERO)


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_numbers_is_numpys(name: str) -> None:
    function = getattr(scalars, f"_{name}")
    for x, y in itertools.product(FLOATS, FLOATS):
        with np.errstate(all="ignore"):
            same(function(x, y), BINARY[name](np.float64(x), np.float64(y)), (x, y), name not in ANY_ZERO)


def test_clip_is_numpys() -> None:
    for x, low, high in itertools.product(FLOATS, (-1.0, 0.5, math.nan), (1.0, -2.0, math.inf)):
        same(scalars._clip(x, low, high), np.clip(np.float64(x), low, high), (x, low, high))


def test_sinc_is_numpys() -> None:
    for x in (0.0, 1e-30, 0.25, -0.7, 1.5, 2.5):
        same(scalars._sinc(x), np.sinc(x), x)
    assert math.isnan(scalars._sinc(math.nan))


def test_every_function_is_compared() -> None:
    names = {name for name, value in vars(scalars).items() if callable(value)}
    assert names == {f"_{name}" for name in (*UNARY, *BINARY, "clip", "sinc")}
