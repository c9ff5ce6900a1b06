"""The sweep over steps: orders of the branches, the reference, and where the chosen step lies."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.numeric import derivative, step_sweep


@pytest.mark.parametrize(
    ("scheme", "order", "accuracy"),
    [("central", 1, None), ("forward", 1, None), ("backward", 1, 2), ("central", 2, None), ("central", 1, 4)],
)
def test_the_two_branches(scheme, order, accuracy):
    sweep = step_sweep(np.exp, 1.0, scheme, order=order, accuracy=accuracy)
    assert sweep.exact
    assert sweep.reference == pytest.approx(math.e, rel=1e-15)
    wide = (sweep.h < 0.1) & (sweep.errors > 100 * sweep.rounding)
    assert sweep.errors[wide] == pytest.approx(sweep.truncation[wide], rel=0.3)
    narrow = sweep.truncation < sweep.rounding / 100
    ratio = sweep.errors[narrow] / sweep.rounding[narrow]
    # The predicted standard deviation, against the errors that rounding made.
    assert 0.2 < np.sqrt(np.mean(ratio**2)) < 3
    assert sweep.chosen_error <= 100 * np.nanmin(sweep.errors)
    assert sweep.best / 30 < sweep.chosen < 30 * sweep.best
    assert np.all(np.diff(sweep.h) > 0)


def test_the_chosen_step_is_that_of_derivative():
    sweep = step_sweep(np.sin, 2.0)
    assert abs(derivative(np.sin, 2.0, accuracy=2) - math.cos(2.0)) == pytest.approx(sweep.chosen_error, rel=1e-3)


def test_the_differences_are_those_of_derivative():
    sweep = step_sweep(np.sin, 2.0, h=[1e-7, 1e-3])
    expected = [derivative(np.sin, 2.0, h=h) for h in (1e-7, 1e-3)]
    assert sweep.differences.tolist() == expected


def test_a_function_that_cannot_be_traced_is_held_against_the_best_estimate():
    sweep = step_sweep(math.erf, 0.5)
    assert not sweep.exact
    assert sweep.reference == pytest.approx(2 / math.sqrt(math.pi) * math.exp(-0.25), rel=1e-13)
    assert step_sweep(math.erf, 0.5, exact=1.0).reference == 1.0


def test_noise_moves_the_chosen_step():
    random = np.random.default_rng(5)
    sweep = step_sweep(lambda x: np.sin(x) + 1e-6 * random.standard_normal(np.shape(x)), 1.0, exact=math.cos(1))
    assert 1e-3 < sweep.chosen < 0.2
    assert sweep.chosen_error < 1e-3


def test_no_truncation_where_there_is_none():
    assert np.isnan(step_sweep(np.square, 3.0).truncation).all()
    assert np.isnan(step_sweep(lambda x: abs(x - 1.001), 1.0).truncation).all()
    assert np.isnan(step_sweep(np.exp, 1.0, h=[1e-3]).truncation).all()


def test_undefined_steps_are_gaps():
    sweep = step_sweep(np.log, 1e-3)
    assert np.isnan(sweep.errors[sweep.h >= 1e-3]).all()
    assert np.isfinite(sweep.errors[sweep.h < 5e-4]).all()


def test_float32():
    sweep = step_sweep(np.exp, np.float32(1))
    assert sweep.h.dtype == np.float64
    assert 1e-4 < sweep.chosen < 1e-1


def test_misuse():
    with pytest.raises(ArgumentError, match="no step to choose"):
        step_sweep(np.exp, 1.0, "complex")
    with pytest.raises(ShapeError, match="a sweep is made at one number"):
        step_sweep(np.exp, [1.0, 2.0])
    with pytest.raises(ShapeError, match="a sweep needs one number"):
        step_sweep(lambda x: np.array([x, x]), 1.0)
    for h in ([], [0.0], [-1.0], [1e-3, math.inf]):
        with pytest.raises(ArgumentError, match="h must be positive, finite steps"):
            step_sweep(np.exp, 1.0, h=h)
    with pytest.raises(NonFiniteError, match="is nan at x itself"):
        step_sweep(lambda x: math.nan, 1.0)


@pytest.mark.parametrize(
    ("f", "order", "message"),
    [
        (abs, 1, "abs has a kink at x = 0: its slope is -1 below and 1 above"),
        (lambda x: np.maximum(x, 0), 1, "f has a kink at x = 0: its slope is 0 below and 1 above"),
        (abs, 2, "the second derivative of abs grows without bound"),
        (np.sign, 1, "sign jumps from -1 to 1 at x = 0"),
        (np.cbrt, 1, "the derivative of cbrt grows without bound"),
        (np.sin, 1, ""),
    ],
)
@pytest.mark.parametrize("vectorized", [None, True])
def test_what_is_no_derivative_is_said(f, order, message, vectorized):
    sweep = step_sweep(f, 0.0, order=order, vectorized=vectorized)
    assert sweep.singular.startswith(message)
    assert (sweep.singular == "") == (message == "")
    # Only a kink leaves a number for a central difference to give.
    assert np.isnan(sweep.chosen) == np.isnan(sweep.chosen_error) == ("kink at" not in message and message != "")
