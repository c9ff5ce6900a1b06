"""The error of vector mathematics in units in the last place, over the whole range of each function."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite")
from compiled_lowering import Lowered
from lowered_values import MEASURED, MOST_ULPS, OF_MPMATH, measured_operands, with_more_digits, worst_of

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.registry import primitives

each = pytest.mark.parametrize("name", MEASURED)
both = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])

# What is computed by mpmath alone takes too long for a million.
SLOW = set(OF_MPMATH)


def measured(name: str, dtype: Any, count: int) -> tuple[float, tuple[Any, ...]]:
    p = primitives()[name]
    operands = measured_operands(p, dtype, count)
    got = Lowered(p, [np.dtype(dtype)] * len(operands), lanes=64 // np.dtype(dtype).itemsize)(*operands)
    return worst_of(p, got, operands)


@each
@both
def test_the_error_is_at_most_four_units(name: str, dtype: Any) -> None:
    count = 1_500 if name in SLOW and dtype is np.float64 else 20_000
    error, where = measured(name, dtype, count)
    assert error <= MOST_ULPS, where


@pytest.mark.slow
@each
@both
def test_the_error_is_at_most_four_units_at_a_million_points(name: str, dtype: Any) -> None:
    error, where = measured(name, dtype, 100_000 if name in SLOW and dtype is np.float64 else 1_000_000)
    assert error <= MOST_ULPS, where


OF_ONE = {
    "exp": mpmath.exp, "exp2": lambda x: mpmath.mpf(2) ** x, "expm1": mpmath.expm1, "log": mpmath.log,
    "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10, "log1p": mpmath.log1p,
    "expit": lambda x: 1 / (1 + mpmath.exp(-x)), "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "log_expit": lambda x: -mpmath.log1p(mpmath.exp(-x)), "logit": lambda x: mpmath.log(x / (1 - x)),
    "tanh": mpmath.tanh, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "sech": mpmath.sech, "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh, "arctanh": mpmath.atanh, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "arcsin": mpmath.asin, "arccos": mpmath.acos, "arctan": mpmath.atan, "entr": lambda x: -x * mpmath.log(x),
    "cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)),
}  # fmt: skip


@pytest.mark.skipif(MOST_ULPS > 4, reason="long doubles are doubles here")
@pytest.mark.parametrize("name", OF_ONE)
def test_what_errors_are_measured_by_agrees_with_mpmath(name: str) -> None:
    # A table is only as good as the numbers behind it.
    p = primitives()[name]
    operands = [x[:: max(1, len(x) // 300)] for x in measured_operands(p, np.float64, 20_000)]
    with np.errstate(all="ignore"):
        values = with_more_digits(p, operands, {})
    inside = np.isfinite(values) & (np.abs(values) > 1e-300) & (np.abs(values) < 1e300)
    with mpmath.workdps(400):  # enough for exp of what is nearly nothing
        exact = [OF_ONE[name](mpmath.mpf(float(x))) for x in operands[0][inside]]
        wanted = np.array([np.longdouble(mpmath.nstr(mpmath.re(x), 25)) for x in exact])
    np.testing.assert_allclose(values[inside], wanted, rtol=2e-17)
