"""Elementwise operations where the generic test does not look: extreme arguments, ties, poles, masked branches."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from samples import samples_of

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.calculus.gradients import grad
from chainrule.calculus.products import hvp, jvp
from chainrule.core.derivative import Custom
from chainrule.core.registry import evaluating, primitives
from chainrule.core.shapes import elementwise
from chainrule.emit.include import included_source
from chainrule.errors import KinkError
from chainrule.passes.guards import strict
from chainrule.passes.reverse import reverse
from chainrule.read.trace import trace

F = evaluating
mp.mp.dps = 60
EPS = np.finfo(float).eps
DENORMAL = 5e-324


def exactly(function: Callable[..., Any], *at: float) -> Any:
    """A function of mpmath at the very floats given, as a number of many digits."""
    return function(*(mp.mpf(float(a)) for a in at))


def agrees(got: Any, want: Any, ulps: float) -> None:
    """`got` is within so many units in the last place of `want`, a number of many digits."""
    nearest = float(want)
    assert np.isfinite(got) == np.isfinite(nearest), (got, want)
    if np.isfinite(nearest):
        assert abs(mp.mpf(float(got)) - want) <= ulps * mp.mpf(float(np.spacing(abs(nearest)))), (got, nearest)


# name, the function's derivative in mpmath, points, units in the last place
DERIVATIVES: list[tuple[str, Callable[..., Any], list[float], float]] = [
    ("exp", mp.exp, [-745.0, -700.0, -1e-300, 0.0, DENORMAL, 700.0, 709.7], 1),
    ("exp2", lambda x: mp.power(2, x) * mp.log(2), [-1000.0, 0.0, 1e-300, 1000.0], 2),
    ("expm1", mp.exp, [-700.0, -40.0, -1e-300, 0.0, 1e-300, 700.0], 1),
    ("log", lambda x: 1 / x, [1e-300, 1.0, 1e300], 1),
    ("log2", lambda x: 1 / (x * mp.log(2)), [1e-300, 1.0, 1e300], 3),
    ("log10", lambda x: 1 / (x * mp.log(10)), [1e-300, 1.0, 1e300], 3),
    ("log1p", lambda x: 1 / (1 + x), [-1 + 2**-40, -1e-300, 0.0, 1e300], 2),
    ("sqrt", lambda x: 1 / (2 * mp.sqrt(x)), [DENORMAL, 1e-300, 1.0, 1e300], 2),
    ("cbrt", lambda x: 1 / (3 * mp.cbrt(x) ** 2), [1e-300, 1.0, 1e300], 4),
    ("reciprocal", lambda x: -1 / x**2, [1e-150, -3.0, 1e150], 3),
    ("square", lambda x: 2 * x, [-1e150, 0.0, DENORMAL, 1e150], 1),
    ("sin", mp.cos, [0.0, 1e-300, 1.5, 1e5], 1),
    ("cos", lambda x: -mp.sin(x), [0.0, 1e-300, 1.5, 1e5], 1),
    ("tan", lambda x: 1 + mp.tan(x) ** 2, [0.0, 1.5, 1.5707], 3),
    ("arcsin", lambda x: 1 / mp.sqrt(1 - x * x), [0.0, 1e-300, 1 - 2**-40, -1 + 2**-50], 3),
    ("arccos", lambda x: -1 / mp.sqrt(1 - x * x), [0.0, 1e-300, 1 - 2**-40, -1 + 2**-50], 3),
    ("arctan", lambda x: 1 / (1 + x * x), [0.0, 1e-300, 1e8, 1e150], 3),
    ("sinh", mp.cosh, [0.0, 1e-300, -700.0, 709.7], 3),
    ("cosh", mp.sinh, [0.0, 1e-300, -700.0, 709.7], 3),
    ("tanh", lambda x: mp.sech(x) ** 2, [0.0, 1e-300, 5.0, -20.0, 300.0, 700.0], 6),
    ("arcsinh", lambda x: 1 / mp.sqrt(1 + x * x), [0.0, 1e-300, 1e200, -1e300], 3),
    ("arccosh", lambda x: 1 / mp.sqrt(x * x - 1), [1 + 2**-40, 2.0, 1e200, 1e300], 4),
    ("arctanh", lambda x: 1 / (1 - x * x), [0.0, 1e-300, 1 - 2**-40, -1 + 2**-50], 3),
    ("expit", lambda x: 1 / ((1 + mp.exp(-x)) * (1 + mp.exp(x))), [-700.0, -40.0, 0.0, 40.0, 700.0], 5),
    ("log_expit", lambda x: 1 / (1 + mp.exp(x)), [-700.0, -40.0, 0.0, 40.0, 700.0], 3),
    ("softplus", lambda x: 1 / (1 + mp.exp(-x)), [-700.0, -40.0, 0.0, 40.0, 700.0], 3),
    ("logit", lambda x: 1 / (x * (1 - x)), [1e-300, 0.5, 1 - 2**-40], 3),
    ("erf", lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x), [0.0, 1e-300, 0.5, 1.0, 2.0], 4),
    ("erfc", lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x), [0.0, 1e-300, 0.5, 1.0, 2.0], 4),
    ("deg2rad", lambda x: mp.pi / 180, [0.0, 1e300], 1),
    ("rad2deg", lambda x: 180 / mp.pi, [0.0, 1e300], 1),
]


@pytest.mark.parametrize(
    ("name", "want", "at", "ulps"), [(n, w, x, u) for n, w, points, u in DERIVATIVES for x in points]
)
def test_derivative_at_extreme_arguments(name: str, want: Callable[..., Any], at: float, ulps: float) -> None:
    function = getattr(F, name)
    agrees(grad(function)(at), exactly(want, at), ulps)
    agrees(jvp(function, (at,), (1.0,))[1], exactly(want, at), ulps)


# Overflow on the way must neither warn nor spoil a derivative that is finite, and so for the second one.
@pytest.mark.parametrize(
    "name", ["tanh", "sech", "expit", "log_expit", "softplus", "erf", "erfc", "relu", "arcsinh", "log1p"]
)
@pytest.mark.parametrize("at", [1e3, 1e5])
def test_derivatives_far_out_are_finite(name: str, at: float) -> None:
    function = getattr(F, name)
    for x in (at, -at) if name != "log1p" else (at,):
        assert np.isfinite(function(x))
        assert np.isfinite(grad(function)(x))
        assert np.isfinite(grad(grad(function))(x))


VALUES: list[tuple[str, Callable[..., Any], list[float], float]] = [
    ("expit", lambda x: 1 / (1 + mp.exp(-x)), [-745.0, -700.0, -37.0, -1e-300, 0.0, 1.0, 37.0, 1000.0], 3),
    ("log_expit", lambda x: -mp.log1p(mp.exp(-x)), [-1000.0, -1.0, 0.0, 1.0, 37.0, 700.0], 2),
    ("softplus", lambda x: mp.log1p(mp.exp(x)), [-700.0, -37.0, 0.0, 1.0, 1000.0], 2),
    ("sech", mp.sech, [0.0, 1e-300, 1.0, -30.0, 700.0, 740.0], 3),
    ("logit", lambda x: mp.log(x / (1 - x)), [1e-300, 0.1, 0.26, 0.5 - 2**-40, 0.5 + 1e-10, 0.7, 0.8, 1 - 2**-50], 4),
]


@pytest.mark.parametrize(("name", "want", "at", "ulps"), [(n, w, x, u) for n, w, points, u in VALUES for x in points])
def test_values_of_own_functions(name: str, want: Callable[..., Any], at: float, ulps: float) -> None:
    agrees(getattr(F, name)(at), exactly(want, at), ulps)


def sinc_derivative(x: Any, order: int) -> Any:
    """By the integral of t^n cos(pi x t + n pi / 2), which is neither of the two forms that are computed."""
    return mp.pi**order * mp.quad(lambda t: t**order * mp.cos(mp.pi * x * t + order * mp.pi / 2), mp.linspace(0, 1, 9))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("at", [0.0, 1e-300, 1e-8, 1e-4, 0.1, 0.6, 0.99, 1.0, 2.5, -7.3, 30.25])
def test_derivatives_of_sinc(order: int, at: float) -> None:
    got = F.sinc_derivative(at, order=order)
    assert abs(got - float(exactly(lambda x: sinc_derivative(x, order), at))) < 4 * EPS * np.pi**order


def test_second_derivative_of_sinc_at_0() -> None:
    assert grad(np.sinc)(0.0) == 0
    np.testing.assert_allclose(grad(grad(np.sinc))(0.0), -(np.pi**2) / 3, rtol=1e-15)


# -- powers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize(
    ("x", "y", "want"),
    [
        (0.0, 2, 0.0),
        (0.0, 1, 1.0),
        (0.0, 0, 0.0),
        (0.0, 3, 0.0),
        (0.0, 1.5, 0.0),
        (-2.0, 3, 12.0),
        (-2.0, 2, -4.0),
        (-2.0, -1, -0.25),
        (-2.0, 0, 0.0),
        (-2.0, 1, 1.0),
        (3.0, 0.5, 0.5 / np.sqrt(3.0)),
        (1e-300, 1, 1.0),
    ],
)
def test_power_by_its_base(x: float, y: float, want: float, as_array: bool) -> None:
    exponent = np.array(float(y)) if as_array else y
    assert grad(lambda x: x**exponent)(x) == pytest.approx(want, rel=1e-15, abs=0)
    assert grad(lambda x: np.power(x, exponent))(x) == pytest.approx(want, rel=1e-15, abs=0)


def test_no_logarithm_is_taken_where_the_exponent_is_fixed() -> None:
    graph, _ = trace(lambda x: x**3.5, [np.float64(2.0)], ["x"], "f")
    assert not any(node.primitive is F.log for node in reverse(graph).nodes)
    np.testing.assert_array_equal(grad(lambda x: np.sum(x**3))(np.array([-1.0, 0.0, 2.0])), [3.0, 0.0, 12.0])


@pytest.mark.parametrize(
    ("x", "y", "want"), [(0.0, 2.0, 0.0), (0.0, 1e-300, 0.0), (2.0, 3.0, 8 * np.log(2)), (1.0, 7.0, 0.0)]
)
def test_power_by_its_exponent(x: float, y: float, want: float) -> None:
    assert grad(lambda y: x**y)(y) == pytest.approx(want, rel=1e-15, abs=0)
    assert grad(lambda x, y: x**y, argnums=1)(x, y) == pytest.approx(want, rel=1e-15, abs=0)


@pytest.mark.parametrize("y", [0.0, 1.0, 2.0, 0.5])
def test_mixed_second_derivative_of_a_power(y: float) -> None:
    """d/dy of y x^(y-1) is x^(y-1) (1 + y log x), also at y = 0, where the first derivative is 0 for every x."""
    x = 1.7
    for order in ((0, 1), (1, 0)):
        mixed = grad(grad(lambda x, y: x**y, argnums=order[0]), argnums=order[1])
        assert mixed(x, y) == pytest.approx(x ** (y - 1) * (1 + y * np.log(x)), rel=1e-14)


# -- the documented table of ties, kinks and poles ----------------------------------------------------------------

TABLE: list[tuple[str, Callable[..., Any], tuple[float, ...], tuple[float, ...]]] = [
    ("max", np.maximum, (2.0, 2.0), (0.5, 0.5)),
    ("max at 0", lambda x: np.maximum(x, 0), (0.0,), (0.5,)),
    ("min", np.minimum, (2.0, 2.0), (0.5, 0.5)),
    ("fmax", np.fmax, (2.0, 2.0), (0.5, 0.5)),
    ("fmin", np.fmin, (2.0, 2.0), (0.5, 0.5)),
    ("abs", np.abs, (0.0,), (0.0,)),
    ("fabs", np.fabs, (0.0,), (0.0,)),
    ("builtin abs", abs, (0.0,), (0.0,)),
    ("sign", np.sign, (0.0,), (0.0,)),
    ("floor", np.floor, (1.0,), (0.0,)),
    ("ceil", np.ceil, (1.0,), (0.0,)),
    ("trunc", np.trunc, (1.0,), (0.0,)),
    ("rint", np.rint, (0.5,), (0.0,)),
    ("clip low", lambda x: np.clip(x, 0.0, 1.0), (0.0,), (0.5,)),
    ("clip high", lambda x: np.clip(x, 0.0, 1.0), (1.0,), (0.5,)),
    ("relu", F.relu, (0.0,), (0.0,)),
    ("hypot", np.hypot, (0.0, 0.0), (0.0, 0.0)),
    ("arctan2", np.arctan2, (0.0, 0.0), (0.0, 0.0)),
    ("sqrt", np.sqrt, (0.0,), (np.inf,)),
    ("cbrt", np.cbrt, (0.0,), (np.inf,)),
    ("log", np.log, (0.0,), (np.inf,)),
    ("log1p", np.log1p, (-1.0,), (np.inf,)),
    ("reciprocal", np.reciprocal, (0.0,), (-np.inf,)),
    ("divide", lambda x, y: x / y, (1.0, 0.0), (np.inf, -np.inf)),
    ("power", lambda x: x**0.5, (0.0,), (np.inf,)),
    ("arcsin", np.arcsin, (1.0,), (np.inf,)),
    ("arccos", np.arccos, (1.0,), (-np.inf,)),
    ("arccosh", np.arccosh, (1.0,), (np.inf,)),
    ("arctanh", np.arctanh, (1.0,), (np.inf,)),
    ("logit", F.logit, (0.0,), (np.inf,)),
    ("heaviside", lambda x: np.heaviside(x, 0.5), (0.0,), (0.0,)),
    ("copysign", lambda x: np.copysign(x, -1.0), (0.0,), (0.0,)),
    ("remainder", lambda x: x % 2.0, (4.0,), (1.0,)),
    ("fmod", lambda x: np.fmod(x, 2.0), (4.0,), (1.0,)),
]


@pytest.mark.parametrize(("function", "at", "want"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_documented_values_at_kinks(
    function: Callable[..., Any], at: tuple[float, ...], want: tuple[float, ...]
) -> None:
    with np.errstate(divide="ignore", over="ignore"):
        assert grad(function, argnums=tuple(range(len(at))))(*at) == want
        with strict(), pytest.raises(KinkError, match=r"at|overflows"):
            grad(function, argnums=tuple(range(len(at))))(*at)


@pytest.mark.parametrize("h", [1e-12, 1e-3])
def test_second_derivatives_beside_kinks_are_those_of_the_branch(h: float) -> None:
    for x in (-h, h):
        assert grad(grad(np.abs))(x) == 0
        assert grad(grad(lambda x: np.maximum(x, 0) ** 2))(x) == (2.0 if x > 0 else 0.0)
        assert grad(grad(lambda x: np.clip(x, 0.0, 1.0) * x))(x) == (2.0 if x > 0 else 0.0)
        assert grad(grad(lambda x: abs(x) * x))(x) == (2.0 if x > 0 else -2.0)


def test_clip_takes_the_derivative_of_the_bound_that_holds() -> None:
    for x, want in ((-1.0, (0, 1, 0)), (0.5, (1, 0, 0)), (3.0, (0, 0, 1))):
        assert grad(lambda x, low, high: np.clip(x, low, high), argnums=(0, 1, 2))(x, 0.0, 1.0) == want
    assert grad(lambda x: np.clip(x, None, 1.0))(0.0) == 1
    assert grad(lambda x: np.clip(x, 0.0, np.inf))(2.0) == 1
    assert grad(lambda x: np.clip(x, min=0.0))(-2.0) == 0
    assert grad(lambda x: np.clip(x, None, None))(-2.0) == 1


def test_fmax_and_fmin_pass_over_nan() -> None:
    for function in (np.fmax, np.fmin):
        assert grad(function, argnums=(0, 1))(2.0, np.nan) == (1.0, 0.0)
        assert grad(function, argnums=(0, 1))(np.nan, 2.0) == (0.0, 1.0)


def test_small_and_large_operands_do_not_under_or_overflow() -> None:
    for scale in (1e-200, 1.0, 1e200):
        assert grad(np.hypot, argnums=(0, 1))(3 * scale, 4 * scale) == pytest.approx((0.6, 0.8), rel=1e-15)
        gy, gx = grad(np.arctan2, argnums=(0, 1))(3 * scale, 4 * scale)
        assert (gy * scale, gx * scale) == pytest.approx((4 / 25, -3 / 25), rel=1e-15)


def test_fmod_counts_the_quotient_that_was_subtracted() -> None:
    y = 0.1
    x = np.nextafter(3 * y, 0)  # x / y rounds to 3, but 3 y does not fit
    quotient = round((x - np.fmod(x, y)) / y)
    assert grad(np.fmod, argnums=1)(x, y) == -quotient
    assert grad(np.remainder, argnums=1)(-0.5, 2.0) == 1
    assert grad(np.fmod, argnums=1)(-5.5, 2.0) == 2


def test_logaddexp_of_large_operands() -> None:
    assert grad(np.logaddexp, argnums=(0, 1))(1e10 + 1, 1e10) == pytest.approx(
        (1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(1.0))), rel=1e-15
    )
    assert grad(np.logaddexp, argnums=(0, 1))(-np.inf, 0.0) == (0.0, 1.0)
    assert grad(grad(np.logaddexp))(2.0, 2.0) == 0.25


# -- masked branches, overflow ------------------------------------------------------------------------------------


def test_the_branch_that_where_does_not_take_cannot_spoil_the_gradient() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    with np.errstate(all="ignore"):
        for f, df, ddf in (
            (np.log, lambda x: 1 / x, lambda x: -1 / x**2),
            (np.sqrt, lambda x: 0.5 / np.sqrt(x), lambda x: -0.25 * x**-1.5),
            (
                lambda x: np.exp(-1 / x),
                lambda x: np.exp(-1 / x) / x**2,
                lambda x: np.exp(-1 / x) * (1 / x**4 - 2 / x**3),
            ),
        ):
            loss = lambda x, f=f: np.sum(np.where(x > 0, f(x), 0))
            np.testing.assert_allclose(grad(loss)(x), [0, 0, df(2.0)], rtol=1e-14)
            np.testing.assert_allclose(hvp(loss, x, np.ones(3)), [0, 0, ddf(2.0)], rtol=1e-14)
            np.testing.assert_allclose(jvp(loss, (x,), (np.ones(3),))[1], df(2.0), rtol=1e-14)


def test_a_vanishing_cotangent_is_not_a_mask() -> None:
    assert grad(lambda x: np.sin(x) ** 2)(0.0) == 0
    assert grad(grad(lambda x: np.sin(x) ** 2))(0.0) == 2


SIGMOIDS: list[Callable[..., Any]] = [
    lambda z: 1 / (1 + np.exp(-z)),
    lambda z: 1.0 / (1.0 + np.e**-z),
    lambda z: np.reciprocal(1 + np.exp(-z)),
    lambda z: (1 + np.exp(-z)) ** -1,
    lambda z: 1 / (1 + np.power(np.e, -z)),
    lambda z: 1 / (np.expm1(-z) + 2),
]


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_gradient_of_a_users_own_sigmoid_is_finite(sigmoid: Callable[..., Any], dtype: Any) -> None:
    z = np.concatenate([np.linspace(-1000, 1000, 4001), np.linspace(-712, -707, 501)]).astype(dtype)
    with np.errstate(over="ignore"):
        first = grad(lambda z: np.sum(sigmoid(z)))(z)
        second = grad(lambda z: np.sum(grad(lambda z: np.sum(sigmoid(z)))(z)))(z)
        pushed = jvp(sigmoid, (z,), (np.ones_like(z),))[1]
    want = F.expit(z) * F.expit(-z)
    for got in (first, pushed):
        np.testing.assert_allclose(got, want, rtol=0, atol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(second, want * (1 - 2 * F.expit(z)), rtol=0, atol=4 * np.finfo(dtype).eps)


def test_an_overflowed_value_has_no_finite_derivative() -> None:
    """Only a result that stayed finite has saturated: where the value is lost, the derivative is not made up."""
    with np.errstate(over="ignore"):
        assert grad(np.exp)(1000.0) == np.inf
        assert np.isnan(grad(lambda x: np.log(1 + np.exp(x)))(1000.0))
        assert grad(lambda x: 1 / np.cosh(x))(1000.0) == 0
        assert grad(lambda x: x / np.exp(x))(1000.0) == 0


# -- Custom, evaluation ------------------------------------------------------------------------------------------


def test_no_elementwise_function_of_a_real_variable_is_custom() -> None:
    custom = {
        name: p for name, p in primitives().items() if isinstance(p.derivative, Custom) and p.shape is elementwise
    }
    assert set(custom) <= {"real", "imag", "conj", "abs_complex", "angle"}
    assert all(p.derivative.reason for p in custom.values())


MODULES = ["arithmetic", "complex", "entropy", "error_functions", "exponential", "gamma", "piecewise", "special",
           "trigonometric"]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_evaluation_stands_alone(module: str) -> None:
    """Its source is printed into code that is taken away, with the functions and numbers that it refers to."""
    for p in primitives().values():
        function = p.evaluate
        if getattr(function, "__module__", "") != f"chainrule.ops.{module}":
            continue
        assert isinstance(function, types.FunctionType)
        assert function.__name__ != "<lambda>"
        name, pieces = included_source(function)
        space: dict[str, Any] = {"np": np}
        exec("\n".join(pieces.values()), space)
        alone = space[name]
        for sample in samples_of(p):
            got, want = (f(*sample.operands, **sample.parameters) for f in (alone, function))
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("name", ["expit", "log_expit", "softplus", "relu", "erf", "erfc", "logit", "sech"])
def test_own_functions_do_not_warn_and_keep_dtypes(name: str) -> None:
    function = getattr(F, name)
    extremes = np.array(
        [-np.inf, -1e300, -1000.0, -1e-300, -DENORMAL, 0.0, DENORMAL, 1e-300, 1000.0, 1e300, np.inf, np.nan]
    )
    if name == "logit":
        extremes = np.array([1e-300, 0.25, 0.5, 0.75, 1 - EPS, np.nan])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        values = function(extremes)
        assert np.isnan(values[-1])
        assert not np.isnan(values[:-1]).any()
        with np.errstate(over="ignore"):
            single = extremes.astype(np.float32)
        if name != "logit":
            assert function(single).dtype == np.float32
        assert isinstance(function(0.5), np.float64)
        assert function(np.float32(0.5)).dtype == np.float32
        assert function(np.zeros((0, 2)) + 0.5).shape == (0, 2)
        assert function(np.full((2, 1), 0.5)).shape == (2, 1)


def test_integers_are_taken_as_numbers() -> None:
    for name in ("expit", "softplus", "erf", "erfc", "log_expit", "relu"):
        assert getattr(F, name)(np.array([0, 1])).dtype == np.float64
