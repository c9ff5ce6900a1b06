"""Each lowered primitive equals its own `evaluate`: on numbers of its domain, on special ones, in both precisions."""

from __future__ import annotations

import zlib
from typing import Any

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite")
from compiled_lowering import Lowered
from samples import arity

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise
from chainrule.kernels.lowering import can_lower, computed_in

SPECIAL = {
    "f": [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-310, -1e-310, 1e-45, 1e300, -1e300, 1.0, -1.0, 0.5, -0.5, 2.5, -2.5,
          3.0, 100.0, -100.0, 20000.5],
    "i": [0, 1, -1, 2, -3, 7, 100, -100, 2**31 - 1, -(2**31)],
    "u": [0, 1, 2, 7, 200],
    "b": [False, True],
}  # fmt: skip
PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "round": [{"decimals": 0}, {"decimals": 2}, {"decimals": -1}],
    "cast": [{"dtype": "float32"}, {"dtype": "float64"}],
    "cast_discrete": [{"dtype": "int64"}, {"dtype": "int32"}, {"dtype": "bool"}, {"dtype": "uint8"}],
}
# Where long doubles are no longer than doubles, what is compared with has errors of its own.
MOST_ULPS = 4 if np.finfo(np.longdouble).eps < 1e-18 else 8
# Functions of a rounded operand, which another precision would round elsewhere.
AS_ROUNDED = ("sinc",)
OF_MPMATH = {
    "erf": mpmath.erf,
    "erfc": mpmath.erfc,
    "erfcx": lambda x: mpmath.erfc(x) * mpmath.exp(mpmath.mpf(x) ** 2),
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)) if x < 0 else mpmath.log1p(-mpmath.ncdf(-mpmath.mpf(x))),
}
EXTREMES = ("maximum", "minimum", "fmax", "fmin", "clip", "relu")


def cases() -> list[Any]:
    found = []
    for p in primitives().values():
        if p.shape is not elementwise:
            continue
        for dtype in ("float64", "float32", "int64", "int32", "uint8", "bool"):
            for parameters in PARAMETERS.get(p.name, [{}]):
                dtypes = [np.dtype(dtype)] * (len(p.examples[0].operands) if p.examples else arity(p))
                if p.name == "where":
                    dtypes[0] = np.dtype(bool)
                if can_lower(p, dtypes, parameters):
                    given = "-".join(map(str, parameters.values()))
                    found.append(pytest.param(p, dtypes, parameters, id=f"{p.name}-{dtype}{given and '-' + given}"))
    return found


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


@pytest.mark.parametrize(("primitive", "dtypes", "parameters"), cases())
def test_the_lowered_primitive_equals_its_evaluation(
    primitive: Primitive, dtypes: list[Any], parameters: dict[str, Any]
) -> None:
    given = computed_in(primitive, dtypes, parameters)
    assert given is not None
    operands = [np.concatenate(pair) for pair in zip(special(given), drawn(primitive, given), strict=True)]
    with np.errstate(all="ignore"):
        plain = np.asarray(primitive.evaluate(*operands, **parameters))
        want = with_more_digits(primitive, operands, parameters) if plain.dtype.kind == "f" else plain
    for lanes in (1, 8) if dtypes[-1] == np.float64 else (8,):
        got = Lowered(primitive, dtypes, parameters, lanes)(*operands)
        assert got.dtype == plain.dtype
        np.testing.assert_array_equal(np.isnan(got), np.isnan(plain))
        distance = ulps(got, want, scale_of(primitive, operands), signs=primitive.name not in EXTREMES)
        worst = int(np.argmax(distance))
        assert distance[worst] <= MOST_ULPS, ([x[worst] for x in operands], got[worst], want[worst])


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 4, -1, -2, -3, 0.5, -0.5, 1.5, 7, 2.3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_power_with_a_known_exponent_equals_numpys(exponent: float, dtype: Any) -> None:
    p = primitives()["power"]
    x = np.concatenate([*special((np.dtype(dtype),)), *drawn(p, (np.dtype(dtype),))])
    if exponent == 0.5:  # NumPy takes the square root or the power, by its version: they differ there
        x = x[(x != 0) & (x != -np.inf)]
    got = Lowered(p, [np.dtype(dtype)] * 2, numbers={1: exponent})(x)
    with np.errstate(all="ignore"):
        want = np.power(x.astype(np.longdouble), np.longdouble(dtype(exponent)))
    assert np.max(ulps(got, want)) <= MOST_ULPS


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("number", [0.0, -1.0, np.inf, np.nan], ids=str)
def test_the_extreme_of_a_known_number_equals_numpys(name: str, place: int, number: float) -> None:
    p = primitives()[name]
    x = special((np.dtype(np.float64),))[0]
    got = Lowered(p, [np.dtype(np.float64)] * 2, numbers={place: number})(x)
    want = p.evaluate(number, x) if place == 0 else p.evaluate(x, number)
    np.testing.assert_array_equal(got, want)


def test_a_number_of_python_does_not_widen_what_it_meets() -> None:
    p = primitives()
    assert computed_in(p["multiply"], [np.dtype(np.float32), float], {}) == (np.dtype(np.float32),) * 2
    assert computed_in(p["add"], [int, float], {}) == (np.dtype(np.float64),) * 2


@pytest.mark.parametrize("dtype", [complex, np.float16, np.longdouble, object])
def test_dtypes_without_code_are_refused(dtype: Any) -> None:
    assert not can_lower(primitives()["multiply"], [np.dtype(dtype)] * 2, {})
    assert not can_lower(primitives()["cast"], [np.dtype(np.float64)], {"dtype": np.dtype(dtype).str})
