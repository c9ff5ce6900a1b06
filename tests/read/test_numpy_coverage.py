"""Every function of NumPy's that takes arrays has an answer, and all that autograd differentiates have derivatives."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import autograd
import autograd.numpy
import numpy as np
import pytest
from autograd.core import primitive_vjps
from numpy_calls import (
    CALLS,
    MODULES,
    NOT_OF_ARRAYS,
    Call,
    calls_of,
    check_first_order,
    check_second_order,
    complex_verdict,
    is_number,
    public_functions,
    refusal,
    verdict,
)
from numpy_programs import differentiated_calls

import chainrule as cr

FUNCTIONS = {name: function for name, function in public_functions() if name.split(".")[-1] not in NOT_OF_ARRAYS}


def autograds_list() -> list[str]:
    """What the installed autograd has a derivative for, of the functions that NumPy has under the same name."""
    spaces = {"numpy": autograd.numpy, "numpy.linalg": autograd.numpy.linalg, "numpy.fft": autograd.numpy.fft}
    return [
        name
        for path, space in spaces.items()
        for name in FUNCTIONS
        if name.rpartition(".")[0] == path and getattr(space, name.split(".")[-1], None) in primitive_vjps
    ]


AUTOGRADS = autograds_list()
AUTOGRADS_CALLS = [call for name in AUTOGRADS for call in calls_of(name, FUNCTIONS[name])]
ELSEWHERE = {name for name in FUNCTIONS if name not in AUTOGRADS}


def test_autograds_list_is_long() -> None:
    """What is below would pass with an empty list."""
    assert len(AUTOGRADS) > 130
    assert {"numpy.einsum", "numpy.gradient", "numpy.linalg.solve", "numpy.fft.irfftn"} <= set(AUTOGRADS)


def test_the_table_names_functions_that_exist() -> None:
    names = {name.split(".")[-1] for name, _ in public_functions()}
    newer = {"cumulative_prod", "cumulative_sum", "matvec", "vecmat", "unstack", "trapz"}  # or gone since
    assert not {name.split(".")[-1] for name in CALLS} - names - newer
    assert not NOT_OF_ARRAYS.keys() - names


@pytest.mark.parametrize("call", AUTOGRADS_CALLS, ids=str)
@pytest.mark.filterwarnings("ignore")
def test_each_of_autograds_has_both_modes_and_a_second_order(call: Call) -> None:
    check_first_order(call)
    check_second_order(call)


@pytest.mark.parametrize("name", AUTOGRADS)
def test_each_of_autograds_takes_complex_numbers_where_numpy_does(name: str) -> None:
    found, _ = complex_verdict(calls_of(name, FUNCTIONS[name]))
    assert found != "no"


def bent(call: Call, module: Any) -> Any:
    """A real number from all results of a call."""

    def total(*operands: Any) -> Any:
        parts = call(*operands, module=module)
        return sum(module.sum(module.abs(part) ** 2 + module.real(part)) for part in parts)

    return total


# autograd's rules for these are those of real matrices.
WRONG_IN_AUTOGRAD = {("numpy.linalg.cholesky", True), ("numpy.linalg.pinv", True)}


def follows_differences(gradient: Any, f: Any, point: tuple[Any, ...]) -> bool:
    """Whether the change of f along a direction is the one that a gradient gives."""
    rng = np.random.default_rng(5)
    along = [rng.normal(size=np.shape(x)) * (1 + 1j * np.iscomplexobj(x)) for x in point]
    up, down = (f(*(x + h * v for x, v in zip(point, along, strict=True))) for h in (1e-5, -1e-5))
    change = sum(np.real(np.sum(g * v)) for g, v in zip(gradient, along, strict=True))
    return bool(np.isclose(change, (up - down) / 2e-5, rtol=1e-6))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("complex_", [False, True], ids=["real", "complex"])
def test_autograd_gives_the_same_values(complex_: bool) -> None:
    compared: set[str] = set()
    for call in AUTOGRADS_CALLS:
        point = call.point(complex_)
        every = tuple(range(len(point)))
        try:
            want = autograd.grad(bent(call, autograd.numpy), argnum=every)(*point)
        except Exception:  # autograd fails at some of its own list: options it lacks, complex numbers, like=
            continue
        got = cr.grad(bent(call, np), argnums=every)(*point)
        if (call.function, complex_) in WRONG_IN_AUTOGRAD:
            assert not follows_differences(want, bent(call, np), point)
            assert follows_differences(got, bent(call, np), point)
            continue
        for mine, theirs in zip(got, want, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-8, atol=1e-8, err_msg=str(call))
        compared.add(call.function)
    assert len(compared) > (0.8 if not complex_ else 0.5) * len(AUTOGRADS)


@pytest.mark.parametrize("name", sorted(ELSEWHERE))
def test_every_other_function_has_an_answer(name: str) -> None:
    """Differentiated and right, constant, or refused with a reason and a way out."""
    found = verdict(calls_of(name, FUNCTIONS[name]))
    assert found.kind in ("differentiated", "constant", "refused")
    if found.kind == "refused":
        assert ";" in found.reason
        assert "is not known to chainrule" not in found.reason


@cache
def followed() -> list[Call]:
    return [call for name in FUNCTIONS for call in calls_of(name, FUNCTIONS[name]) if not refusal(call)]


@pytest.mark.filterwarnings("ignore")
def test_single_precision_is_numpys_in_values_and_stays_in_gradients() -> None:
    tried = 0
    for call in followed():
        if call.function.startswith("scipy"):  # its ufuncs have no loops for single precision, some of them
            continue
        point = tuple(x.astype(np.float32) for x in call.point())
        want = call(*point)
        numbers = [i for i, value in enumerate(want) if is_number(value)]
        if not numbers:
            continue
        value, pullback = cr.vjp(lambda *x, call=call, numbers=numbers: [call(*x)[i] for i in numbers], *point)
        for got, i in zip(value, numbers, strict=True):
            assert np.asarray(got).dtype == np.asarray(want[i]).dtype, str(call)
            np.testing.assert_allclose(got, want[i], rtol=1e-3, atol=1e-3, err_msg=str(call))
        for gradient in pullback([np.ones_like(part) for part in value]):
            assert gradient.dtype == np.float32, str(call)
        tried += 1
    assert tried > 300


# NumPy gives an array of the wrong shape, or takes an index or a diagonal that is not there; here these are refused.
EMPTY_IS_REFUSED = {"numpy.nanpercentile", "numpy.einsum", "numpy.take"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("shape", [(0,), (0, 4), (3, 0), (0, 0), (2, 0, 4)], ids=str)
def test_axes_without_components_are_taken_and_refused_as_numpy_does(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape)
    for call in followed():
        if call.function in EMPTY_IS_REFUSED or len(call.letters) != 1 or np.ndim(call.point()[0]) != len(shape):
            continue
        numbers_of = lambda x, call=call: [part for part in call(x) if is_number(part)]
        try:
            want = numbers_of(x)
        except (ValueError, IndexError, TypeError):
            with pytest.raises((ValueError, IndexError, TypeError)):
                cr.vjp(numbers_of, x)
            continue
        got, pullback = cr.vjp(numbers_of, x)
        assert [np.shape(part) for part in got] == [np.shape(part) for part in want], str(call)
        (gradient,) = pullback([np.ones_like(part) for part in got])
        assert gradient.shape == shape


# How many components are chosen depends on their values, so no batch of them is an array.
CHOOSING = {"numpy.extract", "numpy.ix_", "numpy.piecewise"}


def ways(call: Call) -> None:
    """Emitted source and batches give the same gradients."""
    point, letters = call.point(), ", ".join(call.letters)
    every = tuple(range(len(point)))
    f = eval(f"lambda {letters}: total({letters})", {"total": bent(call, np)})  # source names its parameters
    names: dict[str, Any] = {}
    exec(cr.source(f, *point, argnums=every), names)
    emitted = next(value for name, value in names.items() if name.startswith("grad"))(*point)
    gradient = cr.grad(f, argnums=every)
    for got, want in zip(emitted if len(point) > 1 else (emitted,), gradient(*point), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9, err_msg=f"source of {call}")
    if call.function in CHOOSING:
        return
    stacks = [np.stack([x, x + 0.003, x - 0.002]) for x in point]
    rows = [gradient(*(stack[i] for stack in stacks)) for i in range(3)]
    for k, got in enumerate(cr.vmap(gradient)(*stacks)):
        np.testing.assert_allclose(got, [row[k] for row in rows], rtol=1e-8, atol=1e-8, err_msg=f"batch of {call}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_source_and_batches_of_every_call() -> None:
    for call in differentiated_calls():
        ways(call)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", ["numpy.linspace", "numpy.nanmax", "numpy.diagflat", "numpy.quantile", "numpy.convolve", "numpy.fft.irfftn"]
)
def test_source_and_batches(name: str) -> None:
    for call in calls_of(name, FUNCTIONS[name]):
        ways(call)


def test_warnings_of_names_on_their_way_out_are_not_ours() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(FUNCTIONS) > 330
    assert {"numpy", "numpy.linalg", "numpy.fft", "numpy.emath", "numpy.lib.stride_tricks"} == set(MODULES)
