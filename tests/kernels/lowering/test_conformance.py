"""Each lowered primitive equals its own `evaluate`: on numbers of its domain, on special ones, in both precisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")
from compiled_lowering import Lowered
from lowered_values import (
    MOST_ULPS,
    drawn,
    measured_operands,
    scale_of,
    special,
    ulps,
    with_more_digits,
    worst_of,
)
from samples import arity

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise
from chainrule.kernels.lowering import can_lower, computed_in, vector

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "round": [{"decimals": 0}, {"decimals": 2}, {"decimals": -1}],
    "cast": [{"dtype": "float32"}, {"dtype": "float64"}],
    "cast_discrete": [
        {"dtype": "int64"},
        {"dtype": "int32"},
        {"dtype": "bool"},
        {"dtype": "uint8"},
        {"dtype": "uint32"},
    ],
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


@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "tanh", "cosh", "sinh", "sech", "erfc", "power"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_machines_without_an_instruction_for_powers_of_2_get_the_same(
    name: str, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector, "_can_scale", lambda: False)
    p = primitives()[name]
    operands = measured_operands(p, dtype, 900)
    got = Lowered(p, [np.dtype(dtype)] * len(operands), lanes=32 // np.dtype(dtype).itemsize)(*operands)
    assert worst_of(p, got, operands)[0] <= MOST_ULPS
