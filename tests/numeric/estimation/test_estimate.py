"""`estimate` tells the truth about functions that are not smooth, not exact or not defined."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

from chainrule.errors import ArgumentError, NonFiniteError, ShapeError
from chainrule.numeric import Estimate, Side, Status, estimate
from chainrule.numeric.estimation.slope import slope_along


def close(found: Estimate, exact: float) -> bool:
    return abs(found.value - exact) <= found.error


KINKS = {
    "abs": (abs, 0.0, -1.0, 1.0),
    "relu": (lambda x: np.maximum(x, 0), 0.0, 0.0, 1.0),
    "away from 0": (lambda x: abs(x - 3) + np.sin(x), 3.0, math.cos(3) - 1, math.cos(3) + 1),
    "small beside the rest": (lambda x: np.exp(x) + 1e-6 * abs(x), 0.0, 1 - 1e-6, 1 + 1e-6),
    "curved on both sides": (lambda x: np.where(x > 1, x**2, x), 1.0, 1.0, 2.0),
    "minimum": (lambda x: np.minimum(np.sin(x), np.cos(x)), math.pi / 4, math.sqrt(0.5), -math.sqrt(0.5)),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_kink_has_both_slopes_within_the_error(name: str) -> None:
    f, x, left, right = KINKS[name]
    found = estimate(f, x)
    assert found.status is Status.KINK
    assert found.left == pytest.approx(left, abs=1e-8)
    assert found.right == pytest.approx(right, abs=1e-8)
    assert close(found, left)
    assert close(found, right)


def test_a_kink_of_the_first_derivative_is_one_of_the_second() -> None:
    found = estimate(lambda x: x * abs(x), 0.0, order=2)
    assert found.status is Status.KINK
    assert (found.left, found.right) == pytest.approx((-2, 2))
    assert estimate(abs, 0.0, order=2).status is Status.KINK
    assert math.isnan(estimate(abs, 0.0, order=2).value)
    first = estimate(lambda x: x * abs(x), 0.0)
    assert first.status is Status.CONVERGED
    assert abs(first.value) <= first.error < 1e-12


def test_beside_a_kink_the_steps_are_small_enough() -> None:
    for distance in (1e-3, 1e-6, 1e-9):
        found = estimate(lambda x: abs(x - 1), 1 + distance)
        assert found.status is Status.CONVERGED
        assert close(found, 1.0)
        assert found.step < 1.01 * distance


JUMPS: dict[str, tuple[Callable[[Any], Any], float]] = {
    "step": (lambda x: np.float64(x >= 0), 0.0),
    "sign": (np.sign, 0.0),
    "floor": (np.floor, 3.0),
    "with slopes": (lambda x: np.where(x > 2, x + 1, 3 * x), 2.0),
    "a single value": (lambda x: np.where(x == 1, 5.0, x), 1.0),
}


@pytest.mark.parametrize("name", JUMPS)
def test_a_jump_has_no_value(name: str) -> None:
    f, x = JUMPS[name]
    found = estimate(f, x)
    assert found.status is Status.JUMP
    assert math.isnan(found.value)
    assert found.error == math.inf


@pytest.mark.parametrize(
    ("f", "left", "right"), [(np.cbrt, math.inf, math.inf), (lambda x: abs(x) ** 0.5, -math.inf, math.inf)]
)
def test_a_vertical_tangent(f: Callable[[Any], Any], left: float, right: float) -> None:
    found = estimate(f, 0.0)
    assert found.status is Status.UNBOUNDED
    assert (found.left, found.right) == (left, right)
    assert found.value == math.inf if left == right else math.isnan(found.value)


def defined_from_1(x: float) -> float:
    return x**2 + 3 * (x - 1) if x >= 1 else math.nan


def raises_above_2(x: float) -> float:
    if x > 2:
        raise ValueError("too large")
    return x**3


def test_undefined_on_one_side_gives_the_derivative_of_the_other() -> None:
    found = estimate(defined_from_1, 1.0)
    assert (found.status, found.side) == (Status.UNDEFINED, Side.LEFT)
    assert close(found, 5.0)
    assert found.error < 1e-11
    assert found.right == found.value
    found = estimate(raises_above_2, 2.0)
    assert (found.status, found.side) == (Status.UNDEFINED, Side.RIGHT)
    assert close(found, 12.0)
    assert "too large" in found.cause
    assert "too large" in str(found)


def test_an_edge_that_is_not_at_x_only_makes_the_steps_smaller() -> None:
    for f, x, exact in [
        (raises_above_2, 1.9, 10.83),
        (np.log, 1e-9, 1e9),
        (np.sqrt, 1e-12, 5e5),
        (np.log1p, -0.999, 1e3),
    ]:
        found = estimate(f, x)
        assert found.status is Status.CONVERGED
        assert found.value == pytest.approx(exact, rel=1e-7)


@pytest.mark.parametrize("f", [np.sqrt, math.sqrt])
def test_a_square_root_at_its_edge(f: Callable[[Any], Any]) -> None:
    found = estimate(f, 0.0)
    assert (found.status, found.side, found.value) == (Status.UNDEFINED, Side.LEFT, math.inf)


def always_raises(x: float) -> float:
    raise ValueError("not today")


@pytest.mark.parametrize(
    ("f", "x", "side"),
    [
        (np.log, 0.0, Side.HERE),
        (math.log, 0.0, Side.HERE),
        (lambda x: 1 / x, 0.0, Side.HERE),
        (lambda x: np.sin(x) / x, 0.0, Side.HERE),
        (np.log, -1.0, Side.BOTH),
        (always_raises, 1.0, Side.BOTH),
        (lambda x: np.nan if x != 2 else 1.0, 2.0, Side.BOTH),
    ],
)
def test_undefined_at_x_or_around_it(f: Callable[[Any], Any], x: float, side: Side) -> None:
    found = estimate(f, x)
    assert (found.status, found.side) == (Status.UNDEFINED, side)
    assert math.isnan(found.value)
    assert found.error == math.inf


def hashed(x: Any) -> Any:
    """Between -1/2 and 1/2, without any relation between neighbours, yet the same for the same x."""
    return (np.sin(np.float64(x) * 12.9898e7) * 43758.5453) % 1.0 - 0.5


@pytest.mark.parametrize("level", [1e-3, 1e-6, 1e-9])
@pytest.mark.parametrize("x", [1.0, 0.0, 30.0])
def test_noise_is_told_and_the_error_grows_with_it(level: float, x: float) -> None:
    found = estimate(lambda x: np.sin(x) + level * hashed(x), x)
    assert found.status is (Status.NOISY if level > 1e-8 else found.status)
    assert close(found, math.cos(x))
    assert found.error < 1e2 * level


def test_random_values() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for k in range(20):
        found = estimate(lambda x: np.exp(x) + 1e-6 * rng.normal(), 0.1 * k)
        assert found.status is Status.NOISY
        hits += close(found, math.exp(0.1 * k))
        assert found.error < 1e-3 * math.exp(0.1 * k)
    assert hits >= 18


def test_a_staircase_is_noise() -> None:
    found = estimate(lambda x: np.round(np.sin(x) * 1e6) / 1e6, 1.0)
    assert found.status is Status.NOISY
    assert close(found, math.cos(1))


def test_single_precision_hidden_inside_is_noise() -> None:
    found = estimate(lambda x: float(np.sin(np.float32(x))), 1.0)
    assert found.status is Status.NOISY
    assert close(found, math.cos(1))


def test_cancellation_is_seen() -> None:
    found = estimate(lambda x: (1e6 + np.sin(x)) - 1e6, 1.0)
    assert close(found, math.cos(1))
    assert 1e-11 < found.error < 1e-7


def test_a_small_fast_oscillation_is_not_taken_for_noise() -> None:
    found = estimate(lambda x: np.sin(x) + 1e-3 * np.sin(1e3 * x), 1.0)
    assert close(found, math.cos(1) + math.cos(1e3))
    assert found.error < 1e-9


def test_an_oscillation_without_end_is_not_resolved() -> None:
    for power in (1, 2):
        found = estimate(lambda x, power=power: x**power * np.sin(1 / x) if x else 0.0, 0.0)
        assert found.status is Status.UNRESOLVED


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 1e-5), (np.float16, 2e-2)])
def test_coarse_dtypes(dtype: type, limit: float) -> None:
    for x in (dtype(1), dtype(0.3)):
        found = estimate(np.sin, x)
        assert found.status is Status.CONVERGED
        assert close(found, math.cos(float(x)))
        assert found.error < limit
    # What f computes in counts too.
    assert close(estimate(lambda x: np.sin(dtype(x)), 1.0), math.cos(1))


def test_long_doubles_are_at_least_as_good_as_doubles() -> None:
    found = estimate(np.sin, np.longdouble(1))
    assert close(found, math.cos(1))
    assert found.error < 1e-12


@pytest.mark.parametrize("order", range(1, 9))
@pytest.mark.parametrize("name", ["exp", "sin", "inverse", "power"])
def test_all_orders(order: int, name: str) -> None:
    f: Callable[[Any], Any]
    f, exact = {
        "exp": (np.exp, mpmath.exp),
        "sin": (np.sin, mpmath.sin),
        "inverse": (lambda x: 1 / x, lambda x: 1 / x),
        "power": (lambda x: x**8, lambda x: x**8),
    }[name]
    found = estimate(f, 0.75, order)
    with mpmath.workdps(50):
        true = float(mpmath.diff(exact, mpmath.mpf(0.75), order))
    assert close(found, true)
    assert found.status is Status.CONVERGED
    assert found.error < 10.0 ** (1.3 * order - 12.5) * abs(true)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("x", [0.0, 1.0, -1e-9, 1e9])
@pytest.mark.parametrize("constant", [0.0, 3.0, -1e10])
def test_constants(order: int, x: float, constant: float) -> None:
    found = estimate(lambda x: constant, x, order)
    assert found.value == 0
    assert found.status is Status.CONVERGED


@pytest.mark.parametrize("x", [0.0, 1.0, -1e-9, 1e9])
def test_straight_lines_and_parabolas(x: float) -> None:
    line, parabola = (lambda x: 3 * x - 1), (lambda x: 2 * x * x - x)
    assert estimate(line, x).value == pytest.approx(3, rel=1e-13)
    assert close(estimate(line, x, 2), 0.0)
    assert close(estimate(parabola, x), 4 * x - 1)
    assert estimate(parabola, x, 2).value == pytest.approx(4, rel=1e-11)


@pytest.mark.parametrize("power", [2, 3, 4, 5, 7])
def test_powers_at_their_root(power: int) -> None:
    for order in (1, 2, 3):
        found = estimate(lambda x: x**power, 0.0, order)
        exact = math.factorial(power) if power == order else 0
        assert abs(found.value - exact) <= found.error < 1e-9


def test_a_function_that_vanishes_beside_x_is_not_searched_for_a_kink() -> None:
    found = estimate(lambda x: np.maximum(x, 0), -1.0)
    assert (found.value, found.status) == (0, Status.CONVERGED)
    assert estimate(lambda x: 1 + np.maximum(x, 0), -1.0).value == pytest.approx(0, abs=1e-12)


def test_a_flat_stretch_is_not_leapt_over() -> None:
    found = estimate(lambda x: 1 + x - np.clip(x, -1, 1), 0.0)
    assert abs(found.value) <= found.error < 1e-9
    found = estimate(lambda x: abs(x) + abs(x + 1), 0.0)
    assert (found.status, round(found.left, 9), round(found.right, 9)) == (Status.KINK, 0, 2)


def test_what_overflows_is_named() -> None:
    assert estimate(np.log, 1e-300, 2).status is Status.UNBOUNDED
    assert estimate(lambda x: 1e300 * x, 1e10).status is Status.UNDEFINED
    found = estimate(np.log, 1e-300)
    assert found.value == pytest.approx(1e300, rel=1e-9)


def test_arrays_are_taken_element_by_element() -> None:
    x = np.array([[0.0, 1.0], [-2.0, 3.0]])
    found = estimate(np.abs, x)
    assert found.value.shape == found.error.shape == found.status.shape == found.side.shape == (2, 2)
    assert found.status[0, 0] is Status.KINK
    assert found.status[1, 1] is Status.CONVERGED
    np.testing.assert_allclose(found.value, [[0, 1], [-1, 1]], atol=1e-12)
    assert len(str(found).splitlines()) == 5
    single = estimate(np.sin, np.array([0.1, 0.2], np.float32))
    assert (np.abs(single.value - np.cos(np.array([0.1, 0.2], np.float32).astype(float))) <= single.error).all()


def test_empty_arrays() -> None:
    found = estimate(np.sin, np.zeros((0, 2)))
    assert found.value.shape == (0, 2)
    assert found.evaluations == 0


def test_integers_are_promoted() -> None:
    assert close(estimate(lambda x: x**2, 3), 6.0)
    assert close(estimate(lambda x: x**2, 10**15), 2e15)


def test_evaluations_are_counted() -> None:
    calls = 0

    def f(x: float) -> float:
        nonlocal calls
        calls += 1
        return math.sin(x)

    found = estimate(f, 1.0)
    assert found.evaluations == calls <= 29


@pytest.mark.parametrize(
    ("f", "x"),
    [(np.cos, 1e5), (lambda x: np.sin(1e6 * x), 1.0), (lambda x: 1 / (x - 1e-9), 1.01e-9), (np.sqrt, 1e-12)],
)
def test_the_same_call_gives_the_same_numbers(f: Callable[[Any], Any], x: float) -> None:
    one, two = estimate(f, x), estimate(f, x)
    assert (one.value, one.error, one.evaluations) == (two.value, two.error, two.evaluations)


def writes(x: Any) -> Any:
    x += 1
    return x * 2


def grows(x: Any) -> Any:
    return np.array([x, x]) if x > 1 else x


@pytest.mark.parametrize(
    ("f", "x", "error", "words"),
    [
        (lambda x: np.array([x, x]), 1.0, ShapeError, "returned shape \\(2,\\)"),
        (grows, 1.0, ShapeError, "returned shape \\(2,\\)"),
        (writes, np.array(1.0), ArgumentError, "writes into its argument"),
        (lambda x: None, 1.0, ArgumentError, "None"),
        (lambda x: [x], 1.0, ArgumentError, "list"),
        (lambda x: "1", 1.0, ArgumentError, "str"),
        (lambda x: x + 1j, 1.0, ArgumentError, "complex"),
        (np.sin, math.nan, NonFiniteError, "nan"),
        (np.sin, math.inf, NonFiniteError, "inf"),
        (np.sin, "1", ArgumentError, "str"),
        (np.sin, 1j, ArgumentError, "complex"),
        (3, 1.0, ArgumentError, "function"),
    ],
)
def test_misuse_is_an_error(f: Any, x: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        estimate(f, x)


@pytest.mark.parametrize("order", [0, -1, 13, 1.5, True, "1", None])
def test_a_bad_order_is_an_error(order: Any) -> None:
    with pytest.raises(ArgumentError, match="order must be an int from 1 to 12"):
        estimate(np.sin, 1.0, order)


def test_mistakes_in_f_pass_through() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        estimate(lambda x: x + {}, 1.0)
    with pytest.raises(NameError):
        estimate(lambda x: undefined_name, 1.0)  # type: ignore[name-defined]  # noqa: F821


def test_no_warnings_and_no_trace_of_the_error_state() -> None:
    before = np.geterr()
    estimate(np.log, 1e-5)
    estimate(np.log, 0.0)
    assert np.geterr() == before
    with np.errstate(all="raise"):
        assert estimate(np.log, 0.0).status is Status.UNDEFINED


TEXTS = {
    "3.00000000000 ± 2e-11 (converged, 9 evaluations)": Estimate(2.999999999999, 2e-11, 0.1, 9, Status.CONVERGED),
    "1.2346e+20 ± 3e+16 (noisy function, 9 evaluations)": Estimate(1.23456e20, 3e16, 0.1, 9, Status.NOISY),
    "-1.2e-09 ± 1e-10 (limited by rounding, 9 evaluations)": Estimate(-1.23e-9, 1e-10, 0.1, 9, Status.ROUNDING),
    "0 ± 1e-20 (converged, 9 evaluations)": Estimate(0.0, 1e-20, 0.1, 9, Status.CONVERGED),
    "5 ± 0 (converged, 9 evaluations)": Estimate(5.0, 0.0, 0.1, 9, Status.CONVERGED),
    "nan (jump, 9 evaluations)": Estimate(math.nan, math.inf, 0.1, 9, Status.JUMP),
    "1.5 ± inf (not resolved, 9 evaluations)": Estimate(1.5, math.inf, 0.1, 9, Status.UNRESOLVED),
    "0 ± 1 (kink: -1 from the left, 1 from the right, 9 evaluations)": Estimate(
        0.0, 1.0, 0.1, 9, Status.KINK, -1.0, 1.0
    ),
    "inf (undefined on the left: why, 9 evaluations)": Estimate(
        math.inf, math.inf, 0.1, 9, Status.UNDEFINED, math.nan, math.inf, Side.LEFT, "why"
    ),
}


@pytest.mark.parametrize("text", TEXTS)
def test_how_it_reads(text: str) -> None:
    assert str(TEXTS[text]) == text


def test_a_slope_along_a_direction() -> None:
    point, direction = np.array([1.0, -2.0, 3.0]), np.array([0.5, 1.0, -1.0])

    def loss(p: Any) -> float:
        return float(np.sum(p**3) + p[0] * p[1])

    along = slope_along(lambda t: loss(point + t * direction), start=0.1, least=1e-14)
    gradient = 3 * point**2 + np.array([point[1], point[0], 0])
    assert abs(along.value - gradient @ direction) <= along.error < 1e-9
    kink = slope_along(lambda t: float(np.abs(np.array([0.0, 1.0]) + t).sum()))
    assert kink.status is Status.KINK
    assert (kink.left, kink.right) == pytest.approx((0, 2))


def newton_root(x: Any, steps: int) -> Any:
    """The root of x after some of Newton's steps from 1: a rational function, with poles at negative x only."""
    z = 1 + 0 * x
    for _ in range(steps):
        z = (z + x / z) / 2
    return z


@pytest.mark.parametrize("steps", [2, 3, 6, 9])
def test_structure_that_larger_steps_straighten_is_found(steps: int) -> None:
    points = np.geomspace(1, 1e5, 80)
    for x in points:
        found = estimate(lambda x: newton_root(x, steps), x)
        with mpmath.workdps(60):
            true = mpmath.diff(lambda x: newton_root(x, steps), mpmath.mpf(x))
            assert abs(found.value - true) <= found.error < 1e-11
        assert found.status is Status.CONVERGED


@pytest.mark.parametrize("distance", [1e-2, 1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("side", [1, -1])
def test_a_kink_of_the_second_derivative_beside_x_is_none_at_x(distance: float, side: int) -> None:
    x = 1 + side * distance
    found = estimate(lambda x: x * x if x > 1 else 2 * x - 1, x)
    assert found.status is not Status.KINK
    assert close(found, 2 * x if side > 0 else 2)
    assert found.error < 1e-12 / distance


@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-5, 1e-6])
def test_the_bar_at_a_kink_that_hardly_shows_holds_both_slopes(gap: float) -> None:
    found = estimate(lambda x: np.exp(x) + gap / 2 * abs(x), 0.0)
    assert close(found, 1 - gap / 2)
    assert close(found, 1 + gap / 2)
    assert found.error < 2 * gap


def test_a_knot_of_a_fine_table_is_a_kink() -> None:
    grid = np.linspace(0, 3, 3001)
    table = np.sin(grid)
    for k in (400, 900, 2200):
        left, right = np.diff(table)[k - 1 : k + 1] / np.diff(grid)[k - 1 : k + 1]
        found = estimate(lambda x: np.interp(x, grid, table), grid[k])
        assert found.status is Status.KINK
        assert (found.left, found.right) == pytest.approx((left, right), abs=1e-9)
        middle = estimate(lambda x: np.interp(x, grid, table), grid[k] + 4e-4)
        assert close(middle, right)
        assert middle.error < 1e-9


@pytest.mark.parametrize("distance", [1e-8, 1e-10, 1e-12, 1e-13, 1e-14])
@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda x: np.sqrt(1 - x), lambda x: -1 / mpmath.sqrt(1 - x) / 2),
        (np.arcsin, lambda x: 1 / mpmath.sqrt(1 - x * x)),
        (np.arctanh, lambda x: 1 / (1 - x * x)),
    ],
)
def test_close_to_an_edge(f: Callable[[Any], Any], exact: Callable[[Any], Any], distance: float) -> None:
    found = estimate(f, 1 - distance)
    with mpmath.workdps(50):
        assert abs(exact(mpmath.mpf(1 - distance)) - found.value) <= found.error
    assert found.status in {Status.CONVERGED, Status.ROUNDING}


def test_an_edge_too_near_to_tell_is_not_at_x() -> None:
    for x in 1 + np.array([2, 5, 12]) * 2.0**-52:
        found = estimate(np.arccosh, x)
        assert (found.status, found.side) in {(Status.UNRESOLVED, None), (Status.UNDEFINED, Side.LEFT)}
        assert math.isnan(found.value) or found.error == math.inf or found.value == found.right


@pytest.mark.parametrize("x", [5e-324, 1e-310, 1e-300, 1e-200])
def test_second_derivatives_beside_nought(x: float) -> None:
    for f, exact in ((np.sin, 0.0), (lambda x: 1 + x, 0.0), (np.exp, 1.0)):
        found = estimate(f, x, 2)
        assert close(found, exact)
        assert found.error < 1e-6


@pytest.mark.parametrize("x", [1e200, 1e150])
def test_second_derivatives_far_out(x: float) -> None:
    found = estimate(np.sqrt, x, 2)
    with mpmath.workdps(50):
        assert abs(mpmath.mpf(x) ** -1.5 / -4 - found.value) <= found.error
    assert found.error <= 1e-9 * abs(found.value)


@pytest.mark.parametrize("distance", [1e-7, 1e-9])
def test_a_bar_far_above_the_value_is_never_converged(distance: float) -> None:
    for f in (lambda x: abs(x - 1) + x * x, lambda x: max(x * x, 2 - x * x)):
        found = estimate(f, 1 + distance, 2)
        assert close(found, 2.0)
        assert found.status is Status.ROUNDING
