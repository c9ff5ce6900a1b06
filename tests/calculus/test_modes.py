"""Kinks under strict, NaN under watch_numbers, tapes, own operations, detaching."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr


@pytest.mark.parametrize(
    ("f", "x", "want"),
    [
        (lambda x: np.maximum(x, 0), 0.0, 0.5),
        (lambda x: cr.special.relu(x), 0.0, 0.0),
        (np.abs, 0.0, 0.0),
        (lambda x: np.linalg.norm(np.stack([x, x])), 0.0, 0.0),
        (lambda x: np.max(np.stack([x, 2 * x])), 0.0, 1.5),
    ],
)
def test_kinks_have_their_documented_value_and_strict_refuses_them(f: Any, x: float, want: float) -> None:
    assert cr.grad(f)(x) == want
    with cr.strict(), pytest.raises(cr.KinkError):
        cr.grad(f)(x)
    with cr.strict():
        assert np.isfinite(cr.grad(f)(x + 0.5))


def test_sqrt_at_zero_is_infinite_and_strict_refuses_it() -> None:
    with np.errstate(divide="ignore"):
        assert cr.grad(np.sqrt)(0.0) == np.inf
        with cr.strict(), pytest.raises(cr.KinkError, match="sqrt"):
            cr.grad(np.sqrt)(0.0)


def test_strict_passes_over_the_branch_not_taken() -> None:
    with cr.strict():
        assert cr.grad(lambda x: np.where(x > -1, x, np.abs(x - x)))(1.0) == 1


def poisoned(x: Any) -> Any:
    shifted = x - 1.0
    logarithm = np.log(shifted)
    return logarithm * 0.0


def test_the_first_bad_step_is_named_with_its_line() -> None:
    with cr.watch_numbers(), np.errstate(all="ignore"), pytest.raises(cr.NonFiniteError) as caught:
        cr.grad(poisoned)(1.0)
    text = str(caught.value)
    assert "log gave -inf in the forward pass, from 0" in text
    assert "logarithm = np.log(shifted)" in text


def test_a_bad_gradient_of_a_good_value_is_named() -> None:
    with cr.watch_numbers(), np.errstate(all="ignore"), pytest.raises(cr.NonFiniteError, match="backward pass gave"):
        cr.grad(lambda x: np.sqrt(x) * 1.0)(0.0)


def test_discarded_branches_do_not_count() -> None:
    f = lambda x: np.sum(np.where(x > 0, np.log(x), 0.0))
    with cr.watch_numbers(), np.errstate(all="ignore"):
        np.testing.assert_array_equal(cr.grad(f)(np.array([-1.0, 0.0, 2.0])), [0.0, 0.0, 0.5])


def test_masks_join_where_paths_meet() -> None:
    def f(x: Any) -> Any:
        root = np.sqrt(x)
        return np.where(x > 1, root, 0.0) + np.where(x > 2, root * 2, 0.0)

    with np.errstate(all="ignore"):
        slope = cr.derivative(f)
        np.testing.assert_allclose([cr.grad(f)(x) for x in (-1.0, 0.0, 1.44, 4.0)], [0, 0, 0.5 / 1.2, 0.75])
        np.testing.assert_allclose(slope(np.array([-1.0, 0.0, 1.44, 4.0])), [0, 0, 0.5 / 1.2, 0.75])
        second = cr.grad(cr.grad(f))
        np.testing.assert_allclose([second(x) for x in (-1.0, 0.0, 4.0)], [0, 0, -3 / 4 / 8])


def test_a_pole_is_no_saturation() -> None:
    """Infinity that an exponential made saturates a quotient; at a pole the limit is another, and none is invented."""
    with np.errstate(all="ignore"):
        for f in (lambda w: 1 / (1 / w), lambda a: 2 / (1 / a + 1 / 3.0), lambda x: (1 / x) ** -1):
            assert np.isnan(cr.grad(f)(0.0))
            assert np.isnan(cr.derivative(f)(0.0))
        sigmoid = lambda z: 1 / (1 + np.exp(-z))
        assert cr.grad(sigmoid)(-1000.0) == cr.derivative(sigmoid)(-1000.0) == 0
        assert cr.grad(lambda b: np.sum(np.ones(3) / (1 + np.exp(-b))))(-1000.0) == 0


def test_masks_go_with_rearrangements_and_writes() -> None:
    x = np.array([0.0, 4.0, 9.0])
    want = [0.0, 0.25, 1 / 6]

    def written(x: Any) -> Any:
        y = np.sqrt(x)
        y[0] = 1
        return np.sum(np.where(np.array([True, False, True]), y, 0.0))

    with np.errstate(all="ignore"):
        for f in (
            lambda x: np.where(x > 0, np.sqrt(x).reshape(3), 0.0),
            lambda x: np.where(x > 0, np.sqrt(x[::-1])[::-1], 0.0),
            lambda x: np.where(x > 0, np.sqrt(x[None, :]).T[:, 0], 0.0),
        ):
            np.testing.assert_allclose(cr.grad(lambda x, f=f: np.sum(f(x)))(x), want)
        np.testing.assert_array_equal(cr.grad(written)(np.array([0.0, 0.0, 4.0])), [0.0, 0.0, 0.25])


def test_second_derivative_survives_a_vanishing_first_one() -> None:
    assert cr.grad(cr.grad(lambda x: np.sin(x) ** 2))(0.0) == 2


def test_tape_records_as_you_go() -> None:
    with cr.tape() as tape:
        p = tape.watch({"w": np.array([1.0, 2.0]), "b": 1})
        hidden = p["w"] * 3
        loss = np.sum(hidden**2) + p["b"]
    for _ in range(2):
        g = tape.gradient(loss, p)
        np.testing.assert_array_equal(g["w"], [18.0, 36.0])
        assert g["b"] == 1
    np.testing.assert_array_equal(tape.gradient(loss, hidden), [6.0, 12.0])
    with pytest.raises(cr.ArgumentError, match="not recorded on this tape"):
        tape.gradient(loss, np.ones(2))
    with pytest.raises(cr.ArgumentError, match="has ended"):
        tape.watch(1.0)


def test_an_operation_with_one_mode_says_what_is_missing() -> None:
    cube = cr.primitive(lambda x: x**3)
    with pytest.raises(cr.DerivativeMissingError, match="define_vjp"):
        cr.grad(cube)(2.0)
    cr.define_vjp(cube, lambda g, out, x: g * 3 * x**2)
    assert cr.grad(cube)(2.0) == 12
    assert cr.grad(cr.grad(cube))(2.0) == 12
    with pytest.raises(cr.DerivativeMissingError, match=r"forward mode.*\n.*define_jvp"):
        cr.jvp(cube, (2.0,), (1.0,))
    cr.define_jvp(cube, lambda tangents, out, x: tangents[0] * 3 * x**2)
    assert cr.jvp(cube, (2.0,), (1.0,)) == (8, 12)
    np.testing.assert_array_equal(cr.vmap(cr.grad(cube))(np.array([1.0, 2.0])), [3.0, 12.0])

    @cr.primitive
    def square(x: Any) -> Any:
        return 10 * x

    np.testing.assert_array_equal(cr.vmap(square)(np.array([3.0, 4.0])), [30.0, 40.0])
    two = cr.primitive(lambda x, y: x * y)
    cr.define_vjp(two, lambda g, out, x, y: g * y)
    with pytest.raises(cr.ArgumentError, match="1 cotangents for 2 operands"):
        cr.grad(two)(1.0, 2.0)


def test_vmap_over_axes_containers_and_branches() -> None:
    X = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(cr.vmap(np.sum, in_axes=1)(X), X.sum(axis=0))
    np.testing.assert_array_equal(cr.vmap(lambda p, c: p["x"] * c, in_axes=(0, None))({"x": X}, 2.0), 2 * X)
    nested = cr.vmap(cr.vmap(lambda x: x**2))(X)
    np.testing.assert_array_equal(nested, X**2)
    with pytest.raises(cr.GuardError, match="example 1"):
        cr.vmap(lambda x: x if x > 2 else -x)(np.array([3.0, 1.0])[::-1])
    with pytest.raises(cr.ShapeError, match="one length"):
        cr.vmap(np.add)(np.ones(2), np.ones(3))
    assert cr.vmap(lambda x: x**2)(np.zeros((0, 3))).shape == (0, 3)


def test_closures_are_not_fooled_by_detaching() -> None:
    assert cr.grad(lambda x: x * cr.stop_gradient(x))(3.0) == 3
    assert cr.grad(lambda x: x * cr.value(x))(3.0) == 3
    assert cr.grad(cr.grad(lambda x: x**2 * cr.stop_gradient(x)))(3.0) == 6
