"""Finite differences: the figures of the seed, properties, and functions that misbehave."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric import SCHEMES, derivative, gradient, jacobian, partial

H = 1e-7
EPS = float(np.finfo(float).eps)

numbers = st.floats(-100, 100, allow_subnormal=False)
vectors = hnp.arrays(np.float64, st.integers(0, 6), elements=numbers)
schemes = pytest.mark.parametrize("scheme", SCHEMES)
family = pytest.mark.parametrize("operator", [gradient, jacobian], ids=lambda f: f.__name__)


class TestFixedSteps:
    def test_a_step_that_rounding_loses_is_refused(self):
        for x in (1e10, np.float32(3.0)):
            with pytest.raises(ArgumentError, match=r"lost in the rounding of x = .* leave h out, or take at least"):
                derivative(lambda x: x**2, x, h=H)


class TestProperties:
    @schemes
    @settings(deadline=None, max_examples=40)
    @given(x=numbers, slope=numbers, offset=numbers)
    def test_a_line_has_its_slope(self, scheme, x, slope, offset):
        def f(x):
            return slope * x + offset

        step = EPS ** (1 / (SCHEMES[scheme].order + 1)) * max(abs(x), 1)
        rounding = 4 * EPS * (abs(slope * x) + abs(offset) + abs(slope)) / step
        assert abs(derivative(f, x, scheme=scheme) - slope) <= rounding

    @settings(deadline=None, max_examples=40)
    @given(x=vectors)
    def test_gradient_is_the_stack_of_partials(self, x):
        def f(x):
            return np.sum(np.sin(x) * np.arange(x.size)) + np.prod(np.cos(x))

        parts = [partial(f, i, x) for i in range(x.size)]
        assert np.array_equal(gradient(f, x), parts)
        assert np.array_equal(jacobian(f, x), parts)

    @settings(deadline=None, max_examples=40)
    @given(x=vectors)
    def test_jacobian_of_an_elementwise_function_is_diagonal(self, x):
        assert np.allclose(jacobian(np.sin, x), np.diag(derivative(np.sin, x)), rtol=0, atol=1e-12)

    @settings(deadline=None, max_examples=40)
    @given(x=hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=3, max_side=3), elements=numbers))
    def test_shapes(self, x):
        def f(x):
            return np.stack([x.sum(), (x**2).sum()])

        assert np.shape(jacobian(f, x)) == (2, *x.shape)
        assert np.shape(gradient(np.sum, x)) == x.shape
        assert np.shape(derivative(np.tanh, x)) == x.shape

    @settings(deadline=None, max_examples=40)
    @given(x=vectors)
    def test_the_users_array_is_untouched_and_never_handed_out(self, x):
        before, seen = x.copy(), []

        def f(v):
            seen.append(v)
            return np.sum(v**2)

        gradient(f, x)
        assert np.array_equal(x, before)
        assert len({id(v) for v in seen}) == len(seen) > 2 * x.size
        assert not any(np.shares_memory(v, x) for v in seen if v.size)

    @schemes
    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
    @pytest.mark.parametrize("scale", [0.0, 1e-3, 1.0, 1e2])
    def test_the_step_is_that_of_the_dtype(self, dtype, scale, scheme):
        """x**2 has no third derivative: what is left is the rounding, and for one side h f''/2."""
        x = np.array([scale, -scale], dtype)
        order = SCHEMES[scheme].order
        eps = float(np.finfo(dtype).eps)
        step = eps ** (1 / (order + 1)) * max(scale, 1)
        result = derivative(lambda x: x * x, x, scheme=scheme)
        assert result.dtype == dtype
        bound = 8 * eps * (scale + step) ** 2 / step + 2 * eps * scale + (2 * step if order == 1 else 0)
        assert np.all(np.abs(result - 2 * x) <= bound)

    def test_order_of_the_schemes(self):
        def error(scheme, h):
            return abs(derivative(np.exp, 1.0, h=h, scheme=scheme) - math.e)

        for name, scheme in SCHEMES.items():
            assert error(name, 1e-2) / error(name, 1e-3) == pytest.approx(10**scheme.order, rel=0.02)
        assert (
            derivative(np.exp, 1.0, h=1e-3, scheme="backward")
            < math.e
            < derivative(np.exp, 1.0, h=1e-3, scheme="forward")
        )

    def test_one_sided_schemes_stay_on_their_side(self):
        assert derivative(np.sqrt, [1e-9, 4.0], scheme="forward")[1] == pytest.approx(0.25, rel=1e-6)
        assert derivative(abs, 0.0, scheme="forward") == 1
        assert derivative(abs, 0.0, scheme="backward") == -1

    @pytest.mark.parametrize("h", [1e-5, np.float32(1e-3), np.float64(1e-4), 1])
    def test_h_may_be_any_positive_number(self, h):
        assert derivative(lambda x: x**2, 3.0, h=h) == pytest.approx(6, rel=1e-9)

    def test_coarse_function_values_widen_the_step(self):
        """A float32 model behind a float64 argument: the step of float64 would see its rounding only."""
        result = gradient(lambda x: np.sum(x.astype(np.float32) ** 2), [1.0, 2.0])
        assert np.allclose(result, [2, 4], rtol=1e-3)

    def test_scalars_give_scalars(self):
        for x in (3, 3.0, np.float64(3), np.array(3.0), np.array(3)):
            for result in (
                derivative(np.square, x),
                gradient(np.square, x),
                jacobian(np.square, x),
                partial(np.square, (), x),
            ):
                assert isinstance(result, np.float64)
                assert result == pytest.approx(6, rel=1e-9)
        assert isinstance(derivative(np.square, np.float32(3)), np.float32)
        assert derivative(math.sin, 0.0) == pytest.approx(1, rel=1e-9)

    def test_indices(self):
        x = np.arange(6.0).reshape(2, 3)
        for index in ((1, 2), (-1, -1), (np.int64(1), 2)):
            assert partial(lambda x: np.sum(x**2), index, x) == pytest.approx(10, rel=1e-9)
        assert np.allclose(partial(lambda p: p[0] * p, 0, [2.0, 5.0]), [4, 5])

    def test_big_endian_and_read_only_arrays(self):
        x = np.array([1.0, 2.0], ">f8")
        x.setflags(write=False)
        result = gradient(lambda x: np.sum(x**2), x)
        assert result.dtype == np.float64
        assert np.allclose(result, [2, 4])


class TestHostilePoints:
    @pytest.mark.parametrize("x", [np.array([1, 2], np.int8), np.array([1, 2], np.uint64), [1, 2], (1, 2.0)])
    def test_integers_are_promoted(self, x):
        result = derivative(np.square, x)
        assert result.dtype == np.float64
        assert np.allclose(result, [2, 4])

    def test_large_integers(self):
        assert derivative(lambda x: 3 * x, 10**30) == pytest.approx(3, rel=1e-9)
        assert np.allclose(derivative(lambda x: 3 * x, [10**30, 1]), 3)
        with pytest.raises(ArgumentError, match="too large for float64"):
            derivative(np.square, 10**400)

    @pytest.mark.parametrize(
        ("x", "message"),
        [
            (True, "x holds booleans.*astype"),
            (np.array([True, False]), "x holds booleans"),
            ("3", "x is a str, expected real numbers"),
            (["a"], "x holds text"),
            (b"3", "x is a bytes"),
            (None, "x is None"),
            ([1.0, None], r"x\[1\] is None"),
            (np.array([1.0, object()], object), r"x\[1\] is an object"),
            (np.ma.array([1.0, 2.0], mask=[True, False]), r"x is a MaskedArray.*filled"),
            (np.zeros(2, [("a", float)]), "x holds a structured dtype"),
            (np.array([1 + 2j]), "x holds complex numbers"),
            (np.array(["2020-01-01"], "M8[D]"), "x holds dates"),
            ({"w": 1.0}, "x is a dict"),
            ([[1.0, 2.0], [3.0]], "x is not an array of numbers"),
        ],
    )
    def test_what_is_not_a_number(self, x, message):
        for operator in (derivative, gradient, jacobian):
            with pytest.raises(ArgumentError, match=message):
                operator(np.sum, x)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
    def test_non_finite_points_name_the_component(self, bad):
        with pytest.raises(NonFiniteError, match=r"x\[1, 0\] is -?(nan|inf)"):
            gradient(np.sum, [[1.0, 2.0], [bad, 3.0]])

    def test_empty_arrays(self):
        assert derivative(np.sin, []).shape == (0,)
        assert gradient(np.sum, np.zeros((0, 3))).shape == (0, 3)
        assert jacobian(lambda x: np.ones(2), []).shape == (2, 0)
        assert jacobian(lambda x: x[:0], [1.0]).shape == (0, 1)
        with pytest.raises(ArgumentError, match="is None"):
            gradient(lambda x: None, [])

    @pytest.mark.parametrize("h", [0, -1e-7, math.nan, math.inf, True, "1e-7", [1e-7], 1j, 10**400, np.zeros(2)])
    def test_bad_steps(self, h):
        for operator in (derivative, gradient, jacobian):
            with pytest.raises(ArgumentError, match="h must be"):
                operator(np.square, 1.0, h=h)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_a_step_that_vanishes_names_the_component(self, dtype):
        x = np.array([1e-3, 1e4], dtype)
        h = 4 * float(np.finfo(dtype).eps)
        with pytest.raises(ArgumentError, match=rf"lost in the rounding of x\[1\] = 10000 in {np.dtype(dtype)}"):
            gradient(np.sum, x, h=h)

    def test_a_step_that_overflows(self):
        with pytest.raises(ArgumentError, match="the step overflows at x = "):
            derivative(lambda x: x, np.finfo(float).max, scheme="forward")
        with pytest.raises(NonFiniteError, match="overflows float64"):
            derivative(lambda x: 1e308 * np.sign(x), 0.0, h=1e-7)

    @pytest.mark.parametrize("scheme", ["centrl", "", None, ["central"], 2])
    def test_bad_schemes(self, scheme):
        with pytest.raises(ArgumentError, match=r"there is no scheme .*'central', 'forward', 'backward'"):
            derivative(np.square, 1.0, scheme=scheme)

    def test_a_misspelt_scheme_is_guessed(self):
        with pytest.raises(ArgumentError, match="did you mean 'forward'"):
            derivative(np.square, 1.0, scheme="foward")

    @pytest.mark.parametrize(
        ("index", "message"),
        [
            (2, "outside x"),
            (-3, "outside x"),
            ((0, 0), "2 of the 1 axes"),
            ((), "0 of the 1 axes"),
            (True, "must be an int"),
            ("a", "must be an int"),
            (slice(1), "must be an int"),
            (1.0, "must be an int"),
            (None, "must be an int"),
        ],
    )
    def test_bad_indices(self, index, message):
        with pytest.raises(ArgumentError, match=message):
            partial(np.sum, index, [1.0, 2.0])


class TestHostileFunctions:
    @family
    def test_writing_into_the_argument_is_detected(self, operator):
        def scale(x):
            x[1] *= 2
            return np.sum(x)

        x = np.array([1.0, 3.0])
        with pytest.raises(
            ArgumentError, match=r"scale \(test_differences.py, line \d+\) writes .*x\[1\] was 3.0 and is 6.0"
        ):
            operator(scale, x)
        assert np.array_equal(x, [1.0, 3.0])

    def test_writing_into_a_0_d_array_or_reshaping_it_is_detected(self):
        def overwrite(x):
            x[...] = np.nan
            return np.sum(x)

        def resize(x):
            x.resize((1, 2), refcheck=False)
            return np.sum(x)

        for f, x in ((overwrite, np.array(1.0)), (resize, np.array([1.0, 2.0]))):
            with pytest.raises(ArgumentError, match="writes into its argument"):
                gradient(f, x)

    def test_a_reused_output_buffer_does_not_make_the_difference_zero(self):
        buffer = np.empty(2)

        def f(x):
            return np.multiply(x, x, out=buffer)

        assert np.allclose(derivative(f, [1.0, 3.0]), [2, 6])
        assert np.allclose(jacobian(f, [1.0, 3.0]), np.diag([2, 6]))

    def test_returning_the_argument_itself(self):
        assert np.allclose(derivative(lambda x: x, [1.0, 3.0]), 1)

    @pytest.mark.parametrize(
        ("result", "message"),
        [
            (None, "the result of f .* is None"),
            ([1.0], "returned a list, expected a number or an array: return np.array"),
            ((1.0, 2.0), "returned a tuple"),
            ("1.0", "is a str"),
            ({"loss": 1.0}, "is a dict"),
            (True, "holds booleans"),
            (1j, "holds complex numbers"),
            (object(), "is an object"),
            (np.ma.masked_array([1.0], [True]), "is a MaskedArray"),
        ],
    )
    def test_results_that_are_no_numbers(self, result, message):
        f = lambda x: result
        for operator in (derivative, gradient, jacobian):
            with pytest.raises(ArgumentError, match=message):
                operator(f, 1.0)
        with pytest.raises(ArgumentError, match=message):
            partial(f, 0, [1.0])

    @pytest.mark.parametrize("f", [None, 3, "x**2", np.zeros(2)])
    def test_what_is_not_a_function(self, f):
        for operator in (derivative, gradient, jacobian):
            with pytest.raises(ArgumentError, match="f must be a function, not"):
                operator(f, 1.0)

    def test_what_f_raises_passes_through_unchanged(self):
        error = KeyError("mine")

        def f(x):
            raise error

        for operator in (derivative, gradient, jacobian):
            with pytest.raises(KeyError) as caught:
                operator(f, 1.0)
            assert caught.value is error

    def test_wrong_shapes(self):
        x = [1.0, 2.0, 3.0]
        with pytest.raises(NotScalarError, match=r"shape \(3,\), a gradient needs a scalar: use jacobian"):
            gradient(np.sin, x)
        for f in (np.sum, lambda x: x[:1], lambda x: x[:, None]):
            with pytest.raises(ShapeError, match=r"for x of shape \(3,\).*use jacobian"):
                derivative(f, x)

    def test_a_shape_that_changes(self):
        f = lambda x: x[x > 1.0]
        with pytest.raises(ShapeError, match=r"returned shape \(2,\) at one point and \(1,\) at another"):
            jacobian(f, [1.0, 2.0])
        with pytest.raises(ShapeError, match="at one point"):
            derivative(lambda x: x if x[0] == 1.0 else x[:1], [1.0, 2.0])

    @pytest.mark.parametrize("f", [lambda x: x - x.mean(), np.cumsum, lambda x: x[::-1], lambda x: x / x.sum()])
    def test_a_function_that_is_not_elementwise_has_no_derivative(self, f):
        with pytest.raises(ArgumentError, match=r"not elementwise.*use jacobian"):
            derivative(f, np.array([0.5, 1.0, 2.0]))

    def test_nan_names_the_place_and_a_way_out(self):
        with pytest.raises(NonFiniteError, match=r"log is nan at 6.1e-06 below x = 1e-09: .*scheme='forward'"):
            derivative(np.log, 1e-9, h=6.1e-6)
        with pytest.raises(NonFiniteError, match=r"sqrt is nan at .* below x\[1\] = 0"):
            derivative(np.sqrt, [1.0, 0.0])
        with pytest.raises(NonFiniteError, match=r"is nan at .* above x\[1\] = 0: .*scheme='backward'"):
            gradient(lambda p: np.sqrt(-p[1]), [1.0, 0.0])
        with pytest.raises(NonFiniteError, match=r"\[1\] is nan at 1e-07 below x\[0\] = 0"):
            jacobian(lambda p: np.array([p[0], np.sqrt(p[0])]), [0.0], h=H)
        with pytest.raises(NonFiniteError, match="is nan at x itself: move x into the domain"):
            gradient(lambda p: math.nan, [1.0, 0.0])

    def test_a_hole_at_the_point_itself_does_not_matter_to_central_differences(self):
        assert derivative(lambda x: np.sin(x) / x, 0.0) == pytest.approx(0, abs=1e-9)

    def test_floating_point_settings_of_the_user_are_respected(self):
        with np.errstate(invalid="raise"), pytest.raises(NonFiniteError) as caught:
            derivative(np.sqrt, 0.0)
        assert isinstance(caught.value.__cause__, FloatingPointError)

    def test_evaluations(self):
        calls = []

        def f(x):
            calls.append(1)
            return np.sum(x)

        for scheme, count in (("central", 11), ("forward", 6), ("backward", 6)):
            calls.clear()
            gradient(f, np.ones(5), h=1e-5, scheme=scheme, vectorized=False)
            assert len(calls) == count

    def test_evaluations_where_steps_are_chosen(self):
        """13 for the noise, with the point itself; six a component for a formula of accuracy 4 and a finer one."""
        calls = []

        def f(x):
            calls.append(1)
            return np.sum(np.exp(x))

        gradient(f, np.linspace(1, 2, 5), vectorized=False)
        assert len(calls) == 13 + 6 * 5
