"""Gradient checks: right gradients pass, wrong ones fail and say why, and functions that misbehave are named."""

from __future__ import annotations

import dataclasses
import json
import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from chainrule.errors import ArgumentError, ChainruleError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric import Component, GradientCheck, check, compare
from chainrule.numeric.noise import noise_level
from chainrule.numeric.probe import Probe

EPS = float(np.finfo(float).eps)


def mse(w, X, y):
    return np.mean((y - X @ w) ** 2)


def mse_gradient(w, X, y):
    return -2 / len(y) * X.T @ (y - X @ w)


@pytest.fixture
def data():
    random = np.random.default_rng(7)
    X = random.normal(size=(20, 3))
    return random.normal(size=3), X, X @ np.array([1.0, -2.0, 0.5]) + random.normal(size=20)


# f, its derivative: elementwise; scaled and summed below.
FUNCTIONS = [
    (np.sin, np.cos),
    (np.exp, np.exp),
    (np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    (lambda x: x**3 - 2 * x, lambda x: 3 * x**2 - 2),
    (lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x)),
    (lambda x: np.sqrt(1 + x * x), lambda x: x / np.sqrt(1 + x * x)),
    (lambda x: 1 / (1 + np.exp(-x)), lambda x: 1 / (2 + np.exp(x) + np.exp(-x))),
    (lambda x: x * np.sin(100 * x), lambda x: np.sin(100 * x) + 100 * x * np.cos(100 * x)),
    (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1.0, 0.0)),
    (np.abs, np.sign),
]


class TestRightGradients:
    def test_of_the_squared_error(self, data):
        result = check(mse, mse_gradient, *data)
        assert result
        assert result.passed is True
        assert result.diagnosis == ""
        assert [c.label for c in result.components] == ["w[0]", "w[1]", "w[2]"]
        assert result.resolution == max(c.tolerance for c in result.components) < 1e-7
        assert result.worst in result.components

    @settings(deadline=None)
    @given(
        x=hnp.arrays(np.float64, st.integers(1, 4), elements=st.floats(-10, 10, allow_subnormal=False)),
        number=st.integers(0, len(FUNCTIONS) - 1),
        weight=st.floats(-100, 100).filter(lambda w: abs(w) > 1e-3),
        offset=st.sampled_from([0.0, 1.0, -1e3, 1e6]),
    )
    @example(x=np.array([1.07459095e-134, 2.0]), number=9, weight=3.375, offset=0.0)
    def test_are_never_accused(self, x, number, weight, offset):
        f, df = FUNCTIONS[number]
        result = check(lambda x: weight * np.sum(f(x)) + offset, lambda x: weight * df(x), x)
        assert result, str(result)

    @settings(deadline=None)
    @given(
        x=hnp.arrays(np.float32, st.integers(1, 4), elements=st.floats(-3, 3, allow_subnormal=False, width=32)),
        number=st.integers(0, 6),
    )
    def test_in_float32_are_never_accused(self, x, number):
        f, df = FUNCTIONS[number]
        result = check(lambda x: np.sum(f(x)), df, x)
        assert result, str(result)

    @pytest.mark.parametrize("x", [1e-6, 1e-3, 1.0, 1e3, 1e9])
    def test_beside_the_edge_of_the_domain_and_at_every_scale(self, x):
        assert check(np.log, lambda x: 1 / x, x)
        assert not check(np.log, lambda x: 1.01 / x, x)

    def test_of_a_function_that_loses_digits_inside(self):
        """1e7 is added and taken away: the rounding is far above eps * |f|, and the tolerance follows it."""
        result = check(lambda x: np.sum((1e7 + np.sin(x)) - 1e7), np.cos, np.array([0.3, 1.0]))
        assert result, str(result)
        assert result.resolution < 1e-6
        hidden = check(lambda x: float(np.sum((1e7 + np.sin(x)) - 1e7)), np.cos, np.array([0.3, 1.0]))
        assert hidden, str(hidden)
        assert result.resolution < hidden.resolution < 1e-2
        assert "large numbers cancel" in str(hidden)

    def test_of_a_float32_function_behind_float64(self):
        result = check(lambda x: np.sum(x.astype(np.float32) ** 2), lambda x: 2 * x, np.array([1.0, 3.0]))
        assert result, str(result)
        hidden = check(lambda x: float(np.sum(x.astype(np.float32) ** 2)), lambda x: 2 * x, np.array([1.0, 3.0]))
        assert hidden, str(hidden)

    def test_at_a_kink_any_slope_between_the_two_sides_is_right(self):
        relu = lambda x: np.maximum(x, 0)
        for slope, passed in ((0.0, True), (0.5, True), (1.0, True), (1.2, False), (-0.2, False)):
            assert bool(check(relu, slope, 0.0)) is passed

    def test_of_a_constant(self):
        assert check(lambda x: 3.0, lambda x: 0 * x, np.ones(2))
        assert not check(lambda x: 3.0, lambda x: 0 * x + 1e-6, np.ones(2))

    def test_of_nothing(self):
        result = check(np.sum, np.zeros((0, 2)), np.zeros((0, 2)))
        assert result
        assert result.worst is None
        assert result.components == ()
        assert str(result) == "gradient check passed: there is no component to compare"

    def test_the_gradient_may_be_given_as_an_array_or_a_list_of_integers(self):
        square = lambda x: np.sum(x**2)
        for gradient in (np.array([2, 4]), [2, 4], (2.0, 4.0), np.array([2, 4], np.float32)):
            assert check(square, gradient, [1, 2])
        assert check(square, 6, 3)

    def test_f_and_df_see_promoted_values(self):
        kinds = set()

        def f(x):
            kinds.add(x.dtype)
            return np.sum(x**2)

        def df(x):
            kinds.add(x.dtype)
            return 2 * x

        assert check(f, df, np.array([1, 2]))
        assert kinds == {np.dtype(float)}


class TestWrongGradients:
    @pytest.mark.parametrize(
        ("mistake", "diagnosis"),
        [
            (lambda g: -g, "the sign is flipped"),
            (lambda g: 2 * g, "off by the constant factor 2"),
            (lambda g: g / 2, "off by the constant factor 1/2"),
            (lambda g: 20 * g, "off by the constant factor 20: summed instead of averaged"),
            (lambda g: g / 20, "off by the constant factor 1/20: averaged instead of summed"),
            (lambda g: -2 * g, "off by the constant factor -2"),
            (lambda g: 1.37 * g, "off by the constant factor 1.37"),
            (lambda g: 1.00001 * g, "off by the constant factor 1.00001"),
            (lambda g: g * [1, 1, -1], "only w[2]"),
            (lambda g: g[::-1], "in reversed order"),
        ],
    )
    def test_are_found_and_explained(self, data, mistake, diagnosis):
        result = check(mse, lambda *args: mistake(mse_gradient(*args)), *data)
        assert not result
        assert result.diagnosis.startswith(diagnosis)
        assert str(result.mistake) == result.diagnosis

    @pytest.mark.parametrize(
        "mistake", [lambda g: g + 0.1, lambda g: g + 1e-6, lambda g: g + np.array([0.1, -0.2, 0.7])]
    )
    def test_are_not_explained_where_nothing_explains_them(self, data, mistake):
        result = check(mse, lambda *args: mistake(mse_gradient(*args)), *data)
        assert not result
        assert result.diagnosis == ""
        assert result.mistake is None

    @pytest.mark.parametrize(
        ("factor", "diagnosis"),
        [
            (-1, "the sign is flipped"),
            (2, "off by the constant factor 2"),
            (0.5, "off by the constant factor 1/2"),
            (1.37, ""),
        ],
    )
    def test_one_number_is_not_explained_by_just_any_factor(self, factor, diagnosis):
        result = check(lambda x: float(x) ** 2, factor * 6.0, 3.0)
        assert not result
        assert result.diagnosis == diagnosis

    def test_the_smallest_error_beyond_the_resolution_is_found(self, data):
        resolution = check(mse, mse_gradient, *data).resolution
        for component in range(3):
            error = np.eye(3)[component] * 2.5 * resolution
            result = check(mse, lambda *args, e=error: mse_gradient(*args) + e, *data)
            assert not result
            assert result.worst.index == (component,)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_non_finite_components_fail_and_are_named(self, data, bad):
        def df(*args):
            gradient = mse_gradient(*args)
            gradient[1] = bad
            return gradient

        result = check(mse, df, *data)
        assert not result
        assert result.worst.label == "w[1]"
        assert result.diagnosis == ""
        assert "worst w[1], not a finite number" in str(result)
        assert all(c.passed == (c.index != (1,)) for c in result.components)
        assert math.isfinite(result.resolution)

    def test_where_df_divides_by_zero(self):
        """No warning of NumPy gets in the way of the report."""
        result = check(lambda x: np.abs(x) * x, lambda x: x**2 / (x * 0.0), 0.0)
        assert not result
        assert math.isnan(result.worst.analytic)

    def test_wrong_argument(self):
        a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
        assert not check(lambda a, b: np.sum(a * a * b), lambda a, b: a * a, a, b)
        assert check(lambda a, b: np.sum(a * a * b), lambda a, b: a * a, a, b, argnums=1)

    def test_a_loss_of_float32_does_not_hide_a_wrong_factor(self, data):
        data32 = [d.astype(np.float32) for d in data]
        assert check(mse, mse_gradient, *data32)
        result = check(mse, lambda *args: 2 * mse_gradient(*args), *data32)
        assert not result
        assert result.diagnosis == "off by the constant factor 2"


class TestReport:
    def test_failed(self):
        result = check(lambda x, y: float(x**2 * y), lambda x, y: (2 * x * y, x), 2.0, 3.0, argnums=(0, 1))
        lines = str(result).splitlines()
        assert lines[0].startswith("gradient check FAILED: 1 of 2 components is wrong; worst y, ")
        assert lines[0].endswith(" times its tolerance off")
        table = next(i for i, line in enumerate(lines) if line.startswith("  component"))
        assert lines[table].split() == ["component", "analytic", "numeric", "difference", "tolerance"]
        assert re.fullmatch(r"  y +2 +4\.0{8,}\d* ± \de-\d\d +-2 +\S+  wrong", lines[table + 1])
        assert lines[table + 2].split()[-1] == "ok"
        assert lines[-1] == f"resolution {result.resolution:.2g}, {result.evaluations} evaluations of f"
        assert (
            len({len(line.removesuffix("  wrong").removesuffix("     ok")) for line in lines[table : table + 3]}) == 1
        )

    def test_the_exact_value_stands_beside_both_where_there_is_one(self):
        result = check(lambda x: np.sum(x**3), lambda x: 3 * x, np.array([1.0, 2.0]))
        assert [c.exact for c in result.components] == [3.0, 12.0]
        assert result.worst.exact == 12.0
        assert "exact" in str(result).splitlines()[-4]
        assert [c.exact for c in check(lambda x: float(x) ** 3, 3.0, 1.0).components] == [None]

    def test_as_a_dictionary_it_is_json(self):
        for result in (check(np.sin, np.cos, 1.0), check(np.sum, np.array([1.0, math.nan]), np.ones(2))):
            read = json.loads(json.dumps(result.to_dict(), allow_nan=False))
            assert read["passed"] is bool(result)
            assert read["size"] == len(read["components"])
        assert read["components"][1]["analytic"] == "NaN"
        assert read["groups"][0]["name"] == "a[1]"

    def test_what_json_lacks_is_text_and_what_was_not_measured_is_nothing(self):
        read = check(lambda w: float(np.sum(w)), np.where(np.arange(300) == 7, -math.inf, 1.0), np.ones(300)).to_dict()
        (component,) = read["components"]
        assert float(component["analytic"]) == -math.inf
        assert component["numeric"] is None
        assert component["error"] is None
        assert read["resolution"] == "Infinity"

    def test_in_a_notebook_it_is_a_table_with_text_made_harmless(self):
        html = check(lambda p: p["<b>"] ** 2, lambda p: {"<b>": p["<b>"]}, {"<b>": 3.0})._repr_html_()
        assert "&lt;b&gt;" in html
        assert "<b>]" not in html
        assert html.count("<tr>") == 2

    def test_passed_and_diagnosed(self):
        assert str(check(np.sin, np.cos, 1.0)).startswith("gradient check passed: 1 component agrees\n")
        assert str(check(np.exp, lambda x: -np.exp(x), 1.0)).splitlines()[1] == "diagnosis: the sign is flipped"

    def test_long_tables_show_the_worst_first(self):
        wrong = np.ones(30)
        wrong[17], wrong[23] = 1.5, 3.0
        lines = str(check(np.sum, wrong, np.zeros(30))).splitlines()
        table = next(i for i, line in enumerate(lines) if line.startswith("  component"))
        assert [line.split()[0] for line in lines[table + 1 : table + 3]] == ["a[23]", "a[17]"]
        assert lines[table + 13] == "  ... and 18 more"

    def test_results_are_frozen_records(self):
        result = check(np.sin, np.cos, 1.0)
        assert isinstance(result, GradientCheck)
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.passed = False
        with pytest.raises(dataclasses.FrozenInstanceError):
            result.worst.numeric = 0.0
        assert Component((), 1.0, 1.0, 0.0, 0.0).passed
        assert Component((), 2.0, 1.0, 1.0, 0.0).ratio == math.inf

    def test_evaluations_are_counted(self):
        calls = []

        def f(x):
            calls.append(1)
            return np.sum(x**2)

        result = check(f, lambda x: 2 * x, np.arange(1.0, 4.0))
        assert result.evaluations == len(calls)


class TestNamesAndArguments:
    def test_names_come_from_the_signature(self):
        def f(first, *rest):
            return first * rest[0] + rest[1]

        result = check(f, (2.0, 1.0, 1.0), 1.0, 2.0, 3.0, argnums=(0, 1, 2))
        assert [c.name for c in result.components] == ["first", "rest[0]", "rest[1]"]
        assert check(f, 2.0, 1.0, 2.0, 3.0, argnums="first")
        assert check(f, 1.0, 1.0, 2.0, 3.0, argnums=-1)

    @pytest.mark.parametrize(
        ("argnums", "message"),
        [
            ("X_", "has no argument 'X_', only w, X, y; did you mean 'X'"),
            (3, "outside the 3 arguments"),
            (-4, "outside the 3 arguments"),
            (True, "outside the 3 arguments"),
            (0.0, "must be a position, a name"),
            (None, "must be a position, a name"),
            ((0, 0), "names the same argument twice"),
            ((0, "w"), "names the same argument twice"),
        ],
    )
    def test_bad_argnums(self, data, argnums, message):
        with pytest.raises(ArgumentError, match=message):
            check(mse, mse_gradient, *data, argnums=argnums)

    def test_missing_pieces(self):
        with pytest.raises(ArgumentError, match="the point is missing"):
            check(np.sin, np.cos)
        with pytest.raises(ArgumentError, match="df is missing"):
            compare(np.sin, None, [1.0])
        with pytest.raises(ArgumentError, match="f must be a function"):
            check(3, np.cos, 1.0)

    def test_exact_derivatives_stand_in_for_df(self):
        assert compare(np.sin, None, [1.0], exact=np.cos)
        assert not compare(np.sin, None, [1.0], exact=np.sin)
        assert compare(np.sin, np.cos, [1.0], exact=np.sin)

    def test_own_gradients_are_checked_where_none_is_given(self):
        assert check(np.sin, None, 1.0)
        assert check("x^2 exp(x)", None, 1.0)
        result = check(lambda p: np.sum(p["w"] ** 2) * p["b"][0], None, {"w": np.array([1.0, 2.0]), "b": [3.0]})
        assert result
        assert [c.label for c in result.components] == ["p.w[0]", "p.w[1]", "p.b[0]"]

    def test_names_can_be_given(self):
        result = compare(lambda *p: p[0] @ p[1], lambda a, b: b, [np.ones(2), np.ones(2)], names=["left", "right"])
        assert [c.label for c in result.components] == ["left[0]", "left[1]"]

    def test_functions_without_a_signature(self):
        assert [c.label for c in check(max, 1.0, 3.0, 2.0).components] == ["args[0]"]

    def test_an_empty_container(self):
        result = compare(lambda p: 1.0, lambda p: {}, [{}], flatten=lambda value: ([], lambda leaves: {}))
        assert result
        assert result.worst is None

    def test_containers_are_taken_apart_by_a_function_that_is_handed_in(self):
        def flatten(value):
            if not isinstance(value, dict):
                return [("", value)], lambda leaves: leaves[0]
            return [(f"[{k!r}]", v) for k, v in value.items()], lambda leaves: dict(zip(value, leaves, strict=True))

        def loss(params, scale):
            return scale * (np.sum(params["W"] ** 2) + 3 * params["b"])

        def gradient(params, scale):
            return {"W": 2 * scale * params["W"], "b": 3 * scale}

        args = [{"W": np.array([[1, 2]]), "b": 1}, 2.0]
        result = compare(loss, gradient, args, flatten=flatten)
        assert result, str(result)
        assert [c.label for c in result.components] == ["params['W'][0, 0]", "params['W'][0, 1]", "params['b']"]
        both = compare(loss, lambda p, s: (gradient(p, s), loss(p, 1.0)), args, argnums=(0, 1), flatten=flatten)
        assert both, str(both)
        with pytest.raises(ShapeError, match=r"has the parts \[\"params\['W'\]\"\], expected"):
            compare(loss, lambda p, s: {"W": 2 * s * p["W"]}, args, flatten=flatten)


class TestHostile:
    def test_wrong_shapes_name_both(self, data):
        with pytest.raises(ShapeError, match=r"with respect to w has shape \(3, 1\), but w has shape \(3,\)"):
            check(mse, np.ones((3, 1)), *data)
        with pytest.raises(ShapeError, match=r"has shape \(\), but w has shape \(3,\)"):
            check(mse, 1.0, *data)
        with pytest.raises(NotScalarError, match=r"returned shape \(3,\), a gradient needs a scalar: check the sum"):
            check(np.sin, np.cos, np.ones(3))

    @pytest.mark.parametrize(
        "df", [lambda x: None, lambda x: "2", lambda x: {"x": x}, lambda x: 1j, lambda x: x > 0, True]
    )
    def test_gradients_that_are_no_numbers(self, df):
        with pytest.raises(ArgumentError):
            check(lambda x: x**2, df, 1.0)

    @pytest.mark.parametrize("df", [lambda a, b: a, lambda a, b: (a,), lambda a, b: (a, b, a), np.ones(2)])
    def test_several_arguments_need_as_many_gradients(self, df):
        with pytest.raises(ArgumentError, match="argnums names 2 arguments, so df gives a tuple of arrays, not"):
            check(lambda a, b: a * b, df, 1.0, 2.0, argnums=(0, 1))

    def test_random_functions_are_not_deterministic(self):
        random = np.random.default_rng(0)
        with pytest.raises(ArgumentError, match=r"f .* is not deterministic: two calls at the same point returned"):
            check(lambda x: x + random.normal(), lambda x: 1.0, 0.0)

    def test_state_that_drifts_is_found_at_the_end(self):
        calls = []

        def f(x):
            calls.append(1)
            return x * (1.0 if len(calls) < 10 else 2.0)

        with pytest.raises(ArgumentError, match="not deterministic"):
            check(f, lambda x: 1.0, 1.0)

    def test_rounding_in_another_order_is_not_called_random(self):
        calls = []

        def f(x):
            calls.append(1)
            return np.sum(x**2) * (1 + EPS * (len(calls) % 2))

        assert check(f, lambda x: 2 * x, np.arange(1.0, 4.0))

    def test_writing_into_an_argument_is_named(self, data):
        def centre(w, X, y):
            X -= 1
            return mse(w, X, y)

        w, X, y = data
        before = X.copy()
        with pytest.raises(ArgumentError, match=r"centre .* writes into its argument X \(X\[0, 0\] was"):
            check(centre, mse_gradient, w, X, y)
        assert np.array_equal(X, before)

        def shrink(w, X, y):
            w *= 0.5
            return mse(w, X, y)

        with pytest.raises(ArgumentError, match=r"shrink .* writes into its argument"):
            check(shrink, mse_gradient, w, X, y)

    def test_a_gradient_that_writes_into_an_argument_is_named(self, data):
        w, X, y = data

        def residual_in_place(w, X, y):
            y -= X @ w
            return -2 / len(y) * X.T @ y

        before = y.copy()
        with pytest.raises(ArgumentError, match=r"residual_in_place .* writes into its argument y"):
            check(mse, residual_in_place, w, X, y)
        assert np.array_equal(y, before)

    def test_what_f_or_df_raises_passes_through_unchanged(self):
        error = KeyError("mine")

        def broken(x):
            raise error

        for f, df in ((broken, np.cos), (np.sin, broken)):
            with pytest.raises(KeyError) as caught:
                check(f, df, 1.0)
            assert caught.value is error

    @pytest.mark.parametrize("result", [None, [1.0], "1", True, 1j, object()])
    def test_results_that_are_no_numbers(self, result):
        with pytest.raises(ArgumentError):
            check(lambda x: result, lambda x: 0.0, 1.0)

    def test_undefined_functions(self):
        with pytest.raises(NonFiniteError, match="is nan at the point itself"):
            check(lambda x: math.nan, lambda x: 0.0, 1.0)
        with pytest.raises(NonFiniteError, match=r"undefined beside x, .* nan .* below x = 0"):
            check(np.sqrt, lambda x: 0.0, 0.0)
        with pytest.raises(NonFiniteError, match=r"w\[1\] is nan"):
            check(mse, mse_gradient, np.array([1.0, math.nan]), np.ones((2, 2)), np.ones(2))

    @pytest.mark.parametrize("x", [None, "1", True, [True], 1j, [[1.0], [1.0, 2.0]], np.ma.array([1.0], mask=[True])])
    def test_bad_points(self, x):
        with pytest.raises(ChainruleError):
            check(np.sum, lambda x: x, x)

    def test_nan_in_data_that_is_not_differentiated_is_no_write(self):
        def f(x, marks):
            return np.sum(x[np.isnan(marks)])

        assert check(f, lambda x, marks: np.isnan(marks) * 1.0, np.ones(2), np.array([math.nan, 1.0]))


class TestNoise:
    @pytest.mark.parametrize("size", [1e3, 1e6, 1e9])
    def test_of_digits_lost_inside(self, size):
        level = noise_level(Probe(lambda x: (size + np.sin(x)) - size, scalar=True), np.array(1.0), EPS)
        rounding = np.spacing(size) / 12**0.5  # uniform over one unit in the last place
        assert rounding / 4 < level < 4 * rounding

    @pytest.mark.parametrize("f", [np.sin, np.exp, np.square, lambda x: 3.0])
    def test_of_smooth_functions_is_their_last_digit(self, f):
        level = noise_level(Probe(f, scalar=True), np.array(1.0), EPS)
        assert 0.2 * EPS * f(1.0) < level < 2 * EPS * f(1.0)

    def test_of_a_function_undefined_on_one_side(self):
        assert noise_level(Probe(np.sqrt, scalar=True), np.array(0.0), EPS) < 1e-18


class TestOfAnotherShape:
    def test_a_known_mistake_fails_the_check_and_is_named(self):
        random = np.random.default_rng(3)
        W, x, y = random.normal(size=(2, 3)), random.normal(size=3), random.normal(size=2)
        loss = lambda W, x, y: np.sum((W @ x - y) ** 2)
        result = check(loss, lambda W, x, y: np.outer(x, 2 * (W @ x - y)), W, x, y)
        assert not result
        assert "transposed" in result.diagnosis
        assert str(result).startswith("gradient check FAILED")

    def test_what_cancels_in_it_does_not_hide_its_shape(self):
        """The exact derivative loses digits of its own."""
        f = lambda W: np.sum((np.exp(W) - 1) / W)
        W = 1e-3 * np.arange(1.0, 7.0).reshape(2, 3)
        series = sum(W**k * (k + 1) / math.factorial(k + 2) for k in range(12))
        formula = lambda W: (np.exp(W) / W - (np.exp(W) - 1) / W**2).T
        for claimed in (series.T, formula):
            assert check(f, claimed, W).diagnosis.startswith("transposed")

    def test_not_summed_over_a_broadcast_axis(self):
        random = np.random.default_rng(4)
        b, X = random.normal(size=3), random.normal(size=(5, 3))
        for f in (lambda b, X: np.sum((X + b) ** 2), lambda b, X: float(np.sum((X + b) ** 2))):
            result = check(f, lambda b, X: 2 * (X + b), b, X)
            assert not result
            assert "not summed over axis 0" in result.diagnosis

    def test_what_nothing_explains_is_an_error(self):
        with pytest.raises(ShapeError, match=r"has shape \(4,\), but x has shape \(3,\)"):
            check(lambda x: np.sum(x**2), np.array([1.0, 5.0, 2.0, 7.0]), np.ones(3))
        with pytest.raises(ShapeError):
            check(lambda x: float(np.sum(x)), np.ones(3), np.ones(1000))
