"""Special functions against mpmath and SciPy, on plain arrays and on traced values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special

from chainrule import special
from chainrule.calculus.gradients import grad
from chainrule.calculus.products import jvp
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError
from chainrule.passes.batch import batch
from chainrule.read.trace import trace

mp.mp.dps = 40
TINY = np.finfo(float).tiny


def ulps(got: Any, want: Any) -> float:
    """The error in units in the last place, against a number of many digits."""
    spacing = max(np.spacing(abs(float(want))), np.spacing(TINY))
    return float(abs(mp.mpf(float(got)) - want) / mp.mpf(float(spacing)))


@pytest.mark.parametrize(
    ("low", "high", "erf_ulps", "erfc_ulps"),
    [(0, 0.5, 1.5, 1.5), (0.5, 1, 1.5, 4), (1, 2, 1.5, 4), (2, 6, 1, 4), (6, 12, 1, 4), (12, 26.5, 1, 4)],
)
def test_error_functions_over_the_whole_range(low: float, high: float, erf_ulps: float, erfc_ulps: float) -> None:
    x = np.random.default_rng(5).uniform(low, high, 400)
    x = np.concatenate([x, -x, [low, high, np.nextafter(low, high), np.nextafter(high, low)]])
    for value, erf, erfc in zip(x, special.erf(x), special.erfc(x), strict=True):
        exact = mp.mpf(float(value))
        assert ulps(erf, mp.erf(exact)) <= erf_ulps
        assert ulps(erfc, mp.erfc(exact)) <= erfc_ulps


def test_error_functions_at_the_ends() -> None:
    x = np.array([0.0, -0.0, 5e-324, 1e-300, np.inf, -np.inf, np.nan, 1e300])
    np.testing.assert_array_equal(special.erf(x), scipy.special.erf(x))
    np.testing.assert_array_equal(np.signbit(special.erf(x[:2])), [False, True])
    np.testing.assert_array_equal(special.erfc(x), scipy.special.erfc(x))
    subnormal = np.array([26.6, 26.9, 27.2, 27.3])
    for value, got in zip(subnormal, special.erfc(subnormal), strict=True):
        assert ulps(got, mp.erfc(mp.mpf(float(value)))) <= 2
    wide = np.linspace(-8, 8, 999)
    np.testing.assert_allclose(special.erf(wide) + special.erfc(wide), 1, rtol=1e-15)
    single = wide.astype(np.float32)
    np.testing.assert_array_equal(special.erfc(single), special.erfc(single.astype(float)).astype(np.float32))


SCIPY: list[tuple[Callable[..., Any], Callable[..., Any], tuple[float, float]]] = [
    (special.expit, scipy.special.expit, (-50, 50)),
    (special.sigmoid, scipy.special.expit, (-50, 50)),
    (special.log_expit, scipy.special.log_expit, (-50, 50)),
    (special.logit, scipy.special.logit, (0.001, 0.999)),
    (special.erf, scipy.special.erf, (-4, 4)),
    (special.erfc, scipy.special.erfc, (-4, 4)),
    (special.softplus, lambda x: np.logaddexp(0, x), (-50, 50)),
    (special.relu, lambda x: x * (x > 0), (-3, 3)),
    (special.silu, lambda x: x * scipy.special.expit(x), (-50, 50)),
    (special.gelu, lambda x: x * scipy.special.ndtr(x), (-8, 8)),
]


@pytest.mark.parametrize(("ours", "theirs", "interval"), SCIPY)
def test_values_are_those_of_scipy(
    ours: Callable[..., Any], theirs: Callable[..., Any], interval: tuple[float, float]
) -> None:
    x = np.linspace(*interval, 302)
    np.testing.assert_allclose(ours(x), theirs(x), rtol=5e-13, atol=1e-300)
    np.testing.assert_allclose(ours(x.reshape(2, 151)), theirs(x).reshape(2, 151), rtol=5e-13, atol=1e-300)
    assert ours(x.astype(np.float32)).dtype == np.float32
    assert ours(x[:0]).shape == (0,)
    assert isinstance(ours(0.5), np.float64)
    assert isinstance(ours([0.25, 0.5]), np.ndarray)


@pytest.mark.parametrize("z", [-8.0, -1.0, 0.0, 0.3, 8.0])
def test_derivatives_of_gelu_and_silu(z: float) -> None:
    def gelu(x: Any) -> Any:
        return x * mp.ncdf(x)

    def silu(x: Any) -> Any:
        return x / (1 + mp.exp(-x))

    for ours, exact in ((special.gelu, gelu), (special.silu, silu)):
        assert grad(ours)(z) == pytest.approx(float(mp.diff(exact, z)), rel=1e-13)
        assert grad(grad(ours))(z) == pytest.approx(float(mp.diff(exact, z, 2)), rel=1e-12)


def exact_log_softmax(x: Any, axis: Any) -> Any:
    """With many digits: SciPy's own loses the small ones beside a dominating component."""
    many = np.vectorize(mp.mpf, otypes=[object])(x)
    powers = np.vectorize(mp.exp, otypes=[object])(many)
    total = np.sum(powers, axis=axis, keepdims=True)
    return np.vectorize(lambda p: float(mp.log(p)))(powers / total)


@pytest.mark.parametrize("axis", [0, 1, -1, (0, 1), None])
def test_softmax_family_along_axes(axis: Any) -> None:
    x = np.random.default_rng(2).normal(size=(3, 4)) * 30
    np.testing.assert_allclose(special.softmax(x, axis), scipy.special.softmax(x, axis), rtol=1e-14)
    np.testing.assert_allclose(special.log_softmax(x, axis), exact_log_softmax(x, axis), rtol=1e-14)
    for keepdims in (False, True):
        got = special.logsumexp(x, axis, keepdims=keepdims)
        np.testing.assert_allclose(got, scipy.special.logsumexp(x, axis, keepdims=keepdims), rtol=1e-14)
    np.testing.assert_allclose(
        grad(lambda x: np.sum(special.logsumexp(x, axis)))(x), scipy.special.softmax(x, axis), rtol=1e-13
    )


def test_softmax_family_does_not_overflow() -> None:
    x = np.array([1000.0, 0.0, -np.inf])
    np.testing.assert_array_equal(special.softmax(x), [1, 0, 0])
    np.testing.assert_array_equal(special.log_softmax(x), [0, -1000, -np.inf])
    assert special.logsumexp(x) == 1000
    assert special.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
    assert special.logsumexp(np.array([np.inf, 800.0])) == np.inf
    assert special.logsumexp(np.zeros(0)) == -np.inf
    assert special.logsumexp(3.0) == 3.0
    assert np.isnan(special.logsumexp(np.array([np.nan, 1.0])))
    np.testing.assert_array_equal(grad(lambda x: special.logsumexp(x))(x), [1, 0, 0])
    assert special.softmax(np.zeros((2, 0))).shape == (2, 0)
    assert special.softmax(np.zeros((0, 2))).shape == (0, 2)
    for function in (special.softmax, special.log_softmax, special.logsumexp):
        assert function(np.ones(3, np.float32)).dtype == np.float32


def test_weights_of_a_log_of_a_sum() -> None:
    x, b = np.array([[0.5, 900.0, -3.0], [1.0, 2.0, 3.0]]), np.array([0.2, 0.0, 3.0])
    want = scipy.special.logsumexp(x, 1, b=b)
    np.testing.assert_allclose(special.logsumexp(x, 1, b=b), want, rtol=1e-15)
    by_position = special.logsumexp(x, 1, b, True), scipy.special.logsumexp(x, 1, b, True)
    np.testing.assert_allclose(*by_position, rtol=1e-15)
    by_b = grad(lambda b: np.sum(special.logsumexp(x, 1, b=b)))(b + 0.1)
    exact = np.exp(x - scipy.special.logsumexp(x, 1, b=b + 0.1, keepdims=True)).sum(axis=0)
    np.testing.assert_allclose(by_b, exact, rtol=1e-13)
    with pytest.raises(ArgumentError, match="a weight is at least 0"):
        special.logsumexp(x, b=-b)


def test_a_small_rest_beside_the_largest_is_not_lost() -> None:
    x = np.array([0.0, -100.0])
    assert special.logsumexp(x) == pytest.approx(np.exp(-100.0), rel=1e-14)
    assert special.log_softmax(x)[0] == pytest.approx(-np.exp(-100.0), rel=1e-14)


def test_cross_entropy_of_large_logits() -> None:
    logits = np.array([[1000.0, 0.0], [0.0, 1000.0]])
    labels = special.one_hot([0, 0], 2)

    def loss(z: Any) -> Any:
        return -np.sum(labels * special.log_softmax(z))

    np.testing.assert_array_equal(grad(loss)(logits), [[0, 0], [-1, 1]])
    np.testing.assert_array_equal(jvp(special.log_softmax, (logits,), (np.ones((2, 2)),))[1], np.zeros((2, 2)))


def test_one_hot() -> None:
    np.testing.assert_array_equal(special.one_hot(np.array([[0], [2]]), 3), [[[1, 0, 0]], [[0, 0, 1]]])
    np.testing.assert_array_equal(special.one_hot(1, 2), [0, 1])
    assert special.one_hot(np.zeros(0, int), 2).shape == (0, 2)
    for labels in ([0, 3], [-1], [0.5], [np.nan]):
        with pytest.raises(ArgumentError, match="is not one of the 3 classes"):
            special.one_hot(labels, 3)
    assert grad(lambda x: special.one_hot(x, 3)[1] * x)(1.0) == 1


def test_small_integers_and_lists_are_numbers() -> None:
    assert special.expit(np.array([1, -128], np.int8)).dtype == np.float64
    np.testing.assert_array_equal(special.softmax([1, 1]), [0.5, 0.5])
    with pytest.raises(ArgumentError, match="expected numbers"):
        special.relu("text")
    for axis in (2, (0, 0), (0, 2)):
        with pytest.raises(ArgumentError, match=r"axis .* of an array of shape \(2, 2\)"):
            special.softmax(np.zeros((2, 2)), axis)


def test_one_hot_of_a_batch() -> None:
    labels = np.array([0.0, 2.0, 1.0])
    graph, _ = trace(lambda x: special.one_hot(x, 3), [labels[0]], ["x"], "f")
    ((rows, many),) = batch(graph, [labels], [True], evaluating)
    assert many
    np.testing.assert_array_equal(rows, special.one_hot(labels, 3))
