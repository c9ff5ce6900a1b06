"""What lowered primitives are given, and what their values should be: shared by their tests and the table of them."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np

from chainrule.core.primitive import Primitive

SPECIAL = {
    "f": [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, -1e-310, 1e-45, 1e300, -1e300, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5,
          3.0, 100.0, -100.0, 20000.5],
    "i": [0, 1, -1, 2, -3, 7, 100, -100, 2**31 - 1, -(2**31)],
    "u": [0, 1, 2, 7, 200],
    "b": [False, True],
}  # fmt: skip
# Where long doubles are no longer than doubles, what is compared with has errors of its own.
HAS_LONG = np.finfo(np.longdouble).eps < 1e-18
MOST_ULPS = 4 if HAS_LONG else 8
# Functions of a rounded operand, which another precision would round elsewhere.
AS_ROUNDED = ("sinc",)
OF_MPMATH: dict[str, Callable[[float], Any]] = {
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfcx": lambda x: mpmath.erfc(x) * mpmath.exp(mpmath.mpf(x) ** 2),
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)) if x < 0 else mpmath.log1p(-mpmath.ncdf(-mpmath.mpf(x))),
}


def special(dtypes: tuple[np.dtype[Any], ...]) -> list[Any]:
    """All pairs, or triples, of special numbers."""
    with np.errstate(over="ignore"):
        each = [np.array(SPECIAL[d.kind]).astype(d) for d in dtypes]
    return [x.ravel() for x in np.meshgrid(*each)]


def drawn(primitive: Primitive, dtypes: tuple[np.dtype[Any], ...], count: int = 500) -> list[Any]:
    """Numbers of several sizes within the domain."""
    rng = np.random.default_rng(zlib.crc32(primitive.name.encode()))
    operands = []
    for i, dtype in enumerate(dtypes):
        interval = primitive.domain.interval(i)
        x = rng.normal(size=count) * 10.0 ** rng.integers(-3, 3, count)
        if np.isfinite(interval.low) and np.isfinite(interval.high):
            x = interval.low + (interval.high - interval.low) * rng.random(count)
        elif np.isfinite(interval.low):
            x = interval.low + np.abs(x)
        operands.append(np.clip(x, 0, 200).astype(dtype) if dtype.kind == "u" else x.astype(dtype))
    return operands


def ulps(got: Any, want: Any, scale: Any = 0.0, signs: bool = True) -> Any:
    """The distance from a value with more digits, in units in the last place; NaN equals NaN.

    Args:
        got: the value.
        want: what it should be.
        scale: units are those of this where it is larger.
        signs: whether a zero has to have the right sign.
    """
    if got.dtype.kind != "f":
        return (got != want).astype(float)
    with np.errstate(all="ignore"):
        rounded = want.astype(got.dtype)
        unit = np.spacing(np.maximum(np.abs(rounded), np.asarray(scale, got.dtype)))
        distance = np.abs(got.astype(np.longdouble) - want) / unit
    same = ((got == rounded) & (np.abs(got) == np.inf)) | (np.isnan(got) & np.isnan(want))
    wrong = np.isnan(distance) | ((got == 0) & (want == 0) & signs & (np.signbit(got) != np.signbit(want)))
    return np.where(same, 0.0, np.where(wrong, np.inf, distance)).astype(float)


def scale_of(primitive: Primitive, operands: list[Any]) -> Any:
    """Of functions that are a difference of larger numbers, their size: what is rounded is those."""
    if primitive.name in ("logaddexp", "logaddexp2", "kl_div"):
        return np.nan_to_num(np.maximum(np.abs(operands[0]), np.abs(operands[1])), posinf=0)
    return 0.0


def with_more_digits(primitive: Primitive, operands: list[Any], parameters: dict[str, Any]) -> Any:
    """The value from operands in a wider dtype; of the error function's relatives by mpmath."""
    if primitive.name in AS_ROUNDED:
        return primitive.evaluate(*operands, **parameters)
    if primitive.name in OF_MPMATH and operands[0].dtype == np.float64:
        want = primitive.evaluate(*operands).astype(np.longdouble)
        inside = (np.abs(operands[0]) < 60) & (operands[0] != 0)
        with mpmath.workdps(40):
            values = [OF_MPMATH[primitive.name](float(x)) for x in operands[0][inside]]
            want[inside] = [np.longdouble(mpmath.nstr(x, 25)) for x in values]
        return want
    wider = {np.dtype(np.float32): np.float64, np.dtype(np.float64): np.longdouble}
    return np.asarray(primitive.evaluate(*(x.astype(wider.get(x.dtype, x.dtype)) for x in operands), **parameters))


# Where functions of one operand are measured besides everywhere: an interval, and numbers to be near to.
_INTERVALS = {
    "exp": (-750, 712), "exp2": (-1080, 1026), "expm1": (-45, 712), "sinh": (-712, 712), "cosh": (-712, 712),
    "expit": (-750, 45), "softplus": (-750, 45), "log_expit": (-45, 750), "sech": (-750, 750), "tanh": (-22, 22),
    "logit": (0, 1), "entr": (0, 4), "arcsin": (-1, 1), "arccos": (-1, 1), "arctanh": (-1, 1), "arccosh": (1, 9),
    "sin": (-1e6, 1e6), "cos": (-1e6, 1e6), "tan": (-1e6, 1e6), "erf": (-6, 6), "erfc": (-6, 28), "erfcx": (-26, 60),
    "log_ndtr": (-40, 38),
}  # fmt: skip
_NEAR = {"log": 1.0, "log2": 1.0, "log10": 1.0, "logit": 0.5, "arccosh": 1.0, "entr": 1.0}
_MULTIPLES = ("sin", "cos", "tan")
MEASURED_UNARY = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "expit", "log_expit", "softplus", "logit", "tanh", "sinh",
    "cosh", "sech", "arcsinh", "arccosh", "arctanh", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "erf", "erfc",
    "erfcx", "log_ndtr", "entr", "cbrt",
)  # fmt: skip
MEASURED_BINARY = ("power", "logaddexp", "logaddexp2", "hypot", "arctan2", "rel_entr", "kl_div")
MEASURED = (*MEASURED_UNARY, *MEASURED_BINARY)


def anywhere(rng: np.random.Generator, dtype: Any, count: int) -> Any:
    """Numbers of every size, subnormal ones included: their bits are random."""
    bits = rng.integers(0, 2 ** (8 * np.dtype(dtype).itemsize), count, dtype=np.uint64)
    x = bits.astype(f"u{np.dtype(dtype).itemsize}").view(dtype)
    return np.where(np.isfinite(x), x, dtype(1))


def measured_operands(primitive: Primitive, dtype: Any, count: int, seed: int = 0) -> list[Any]:
    """Operands of all sizes: a third anywhere, a third of moderate size, a third where the function is difficult."""
    rng = np.random.default_rng([seed, zlib.crc32(primitive.name.encode())])
    third = count // 3
    if primitive.name in MEASURED_BINARY:
        x, y = (np.concatenate([anywhere(rng, dtype, third), rng.normal(size=2 * third)]) for _ in range(2))
        if primitive.name in ("power", "rel_entr", "kl_div"):
            x, y = np.abs(x), np.abs(y)
        if primitive.name == "power":  # so that the result is of every size
            largest = np.log(np.finfo(dtype).max) * 1.04
            x[third:] = np.exp(rng.uniform(-1, 1, 2 * third) * 10.0 ** rng.uniform(-8, 2, 2 * third))
            y = rng.uniform(-largest, largest, 3 * third) / np.where(np.log(x) == 0, 1, np.log(x))
        else:
            y[-third:] = x[-third:] * (1 + rng.normal(size=third) * 10.0 ** rng.uniform(-8, 0, third))
        with np.errstate(over="ignore"):
            return [x.astype(dtype), y.astype(dtype)]
    low, high = _INTERVALS.get(primitive.name, (-20, 20))
    if dtype is np.float32:
        low, high = np.clip([low, high], -106, 90)
    moderate = np.concatenate([rng.normal(size=third // 2), rng.uniform(low, high, third - third // 2)])
    near = _NEAR.get(primitive.name, 0.0)
    hard = near + rng.normal(size=third) * 10.0 ** rng.uniform(-9, 0, third)
    if primitive.name in _MULTIPLES:
        hard = rng.integers(-(10**5), 10**5, third) * (np.pi / 2) + hard * 1e-3
    x = np.concatenate([anywhere(rng, dtype, third), moderate, hard])
    if primitive.name.startswith("log") and primitive.domain.interval(0).low == 0:
        x = np.abs(x)
    with np.errstate(over="ignore"):
        return [x.astype(dtype)]


def worst_of(primitive: Primitive, got: Any, operands: list[Any]) -> tuple[float, tuple[Any, ...]]:
    """The largest distance from the true values in units in the last place, and the operands where it is."""
    with np.errstate(all="ignore"):
        want = with_more_digits(primitive, operands, {})
    distance = ulps(got, want, scale_of(primitive, operands), signs=False)
    worst = int(np.argmax(distance))
    return float(distance[worst]), tuple(x[worst] for x in operands)
