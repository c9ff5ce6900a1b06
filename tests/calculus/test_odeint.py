"""`odeint` against solutions in closed form, SciPy and differences at a tight tolerance."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.integrate

import chainrule as cr
from chainrule.ops import flow

TIGHT = {"rtol": 1e-11, "atol": 1e-11}
TIMES = np.array([0.2, 0.5, 1.1, 2.0])
WEIGHTS = np.array([1.0, -2.0, 0.5, 3.0])


def pendulum(y: Any, t: Any, gravity: Any, damping: Any) -> Any:
    return np.stack([y[1], -gravity * np.sin(y[0]) - damping * y[1]])


def swing(p: Any, times: Any = TIMES) -> Any:
    path = cr.odeint(pendulum, p["y0"], times, p["g"], p["d"], **TIGHT)
    return np.sum(WEIGHTS[: len(times)] * path[:, 0])


AT = {"y0": np.array([1.0, 0.3]), "g": 9.8, "d": 0.3}


# y' = -k cos(t) y has a closed form, by every argument


def driven(k: Any, y0: Any, times: Any, **options: Any) -> Any:
    return cr.odeint(lambda y, t: -k * y * np.cos(t), y0, times, **{**TIGHT, **options})


def driven_exactly(k: Any, y0: Any, times: Any) -> Any:
    return y0 * np.exp(-k * (np.sin(times) - np.sin(times[0])))


EXACT_AT = (0.7, 1.3, TIMES)


@pytest.mark.parametrize("times", [TIMES, TIMES[::-1].copy(), TIMES[:1], TIMES[:2]])
def test_value_and_gradient_by_every_argument(times: Any) -> None:
    def weighted(f: Any) -> Any:
        return cr.value_and_grad(lambda *x: np.sum(WEIGHTS[: len(times)] * f(*x)), argnums=(0, 1, 2))

    got, want = (weighted(f)(0.7, 1.3, times) for f in (driven, driven_exactly))
    np.testing.assert_allclose(got[0], want[0], rtol=1e-9)
    for a, b in zip(got[1], want[1], strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("moving", [(0,), (1,), (2,), (0, 1, 2)])
def test_forward_mode(moving: tuple[int, ...]) -> None:
    tangents = [(0.2, 0.3, WEIGHTS)[i] if i in moving else np.zeros_like(EXACT_AT[i]) for i in range(3)]
    got, want = (cr.jvp(f, EXACT_AT, tangents)[1] for f in (driven, driven_exactly))
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-9)


def test_second_derivatives() -> None:
    got, want = (
        cr.hessian(lambda z, f=f: np.sum(WEIGHTS * f(z[0], z[1], z[2:])))(np.concatenate([[0.7, 1.3], TIMES]))
        for f in (driven, driven_exactly)
    )
    np.testing.assert_allclose(got, want, rtol=1e-7, atol=1e-8)
    got, want = (
        cr.hvp(lambda k, y, f=f: np.sum(WEIGHTS * f(k, y, TIMES)), (0.7, 1.3), (1.0, -0.5))
        for f in (driven, driven_exactly)
    )
    np.testing.assert_allclose(got, want, rtol=1e-7)


def test_a_pendulum_against_differences_and_scipy() -> None:
    path = scipy.integrate.odeint(lambda y, t: pendulum(y, t, 9.8, 0.3), AT["y0"], TIMES, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(swing(AT), np.sum(WEIGHTS * path[:, 0]), rtol=1e-8)
    gradient = cr.grad(swing)(AT)

    def solved(p: Any) -> Any:
        found = scipy.integrate.solve_ivp(
            lambda t, y: pendulum(y, t, p["g"], p["d"]), (0.2, 2.0), p["y0"], "DOP853", TIMES, rtol=3e-14, atol=1e-14
        )
        return np.sum(WEIGHTS * found.y[0])

    for name in ("g", "d"):
        h = 1e-3
        sides = [solved({**AT, name: AT[name] + k * h}) for k in (-2, -1, 1, 2)]
        assert gradient[name] == pytest.approx((sides[0] - 8 * sides[1] + 8 * sides[2] - sides[3]) / (12 * h), rel=1e-7)
    along = cr.jvp(swing, (AT,), (AT,))[1]
    assert along == pytest.approx(sum(np.sum(gradient[k] * AT[k]) for k in AT), rel=1e-8)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-8, 1e-10])
def test_the_error_of_a_gradient_follows_the_tolerance(tolerance: float) -> None:
    def slope(**options: Any) -> Any:
        return cr.grad(lambda k: np.sum(driven(k, 1.3, TIMES, **options)))(0.7)

    want = cr.grad(lambda k: np.sum(driven_exactly(k, 1.3, TIMES)))(0.7)
    assert abs(slope(rtol=tolerance, atol=tolerance) - want) < 30 * tolerance


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_small_and_large_cotangents_are_as_accurate(size: float) -> None:
    got = cr.grad(lambda k: size * np.sum(driven(k, 1.3, TIMES)))(0.7)
    np.testing.assert_allclose(got / size, cr.grad(lambda k: np.sum(driven(k, 1.3, TIMES)))(0.7), rtol=1e-9)
    tangent = cr.jvp(lambda k: driven(k, 1.3, TIMES), (0.7,), (size,))[1]
    np.testing.assert_allclose(tangent / size, cr.jvp(lambda k: driven(k, 1.3, TIMES), (0.7,), (1.0,))[1], rtol=1e-8)


# Equations that damp strongly: integrated backward their solution explodes


@pytest.mark.parametrize(("rate", "method"), [(30.0, "DOP853"), (300.0, "DOP853"), (3000.0, "Radau"), (300.0, "LSODA")])
def test_damping_does_not_spoil_the_gradient(rate: float, method: str) -> None:
    def end(k: Any) -> Any:
        return cr.odeint(
            lambda y, t: -k * (y - np.cos(t)), 0.5, np.array([0.0, 1.0]), rtol=1e-8, atol=1e-10, method=method
        )[-1]

    def exactly(k: Any) -> Any:
        settled = (k**2 * np.cos(1.0) + k * np.sin(1.0)) / (k**2 + 1)
        return settled + (0.5 - k**2 / (k**2 + 1)) * np.exp(-k)

    assert end(rate) == pytest.approx(exactly(rate), abs=1e-6)
    slope = cr.grad(exactly)(rate)
    assert cr.grad(end)(rate) == pytest.approx(slope, abs=1e-6, rel=1e-3)
    assert cr.jvp(end, (rate,), (1.0,))[1] == pytest.approx(slope, abs=1e-6, rel=1e-3)


def test_damping_in_second_derivatives() -> None:
    def end(k: Any) -> Any:
        return cr.odeint(lambda y, t: -k * y, 1.0, np.array([0.0, 1.0]), rtol=1e-10, atol=1e-12)[-1]

    assert cr.grad(cr.grad(end))(40.0) == pytest.approx(np.exp(-40.0), abs=1e-9)
    assert cr.hvp(end, 40.0, 1.0) == pytest.approx(np.exp(-40.0), abs=1e-9)


# What it is used with


def test_containers_static_arguments_and_closures() -> None:
    scale = np.array([1.0, 2.0])

    def rate(y: Any, t: Any, p: Any, sign: str) -> Any:
        turn = 1.0 if sign == "+" else -1.0
        return {"b": -turn * p["w"] * y["a"], "a": turn * p["w"] * y["b"] + 0.0 * t}

    def loss(p: Any, sign: str) -> Any:
        path = cr.odeint(rate, {"a": p["a"] * scale, "b": np.zeros(2)}, [0.0, 1.0], p, sign, **TIGHT)
        assert path["a"].shape == path["b"].shape == (2, 2)
        return np.sum(path["a"][-1]) + np.sum(path["b"][-1] ** 2)

    def exactly(p: Any, sign: str) -> Any:
        a, w = p["a"] * scale, p["w"]
        return np.sum(a * np.cos(w)) + np.sum((a * np.sin(w)) ** 2)

    at = {"a": 0.7, "w": 1.2}
    for sign in "+-":
        got, want = (cr.grad(f)(at, sign) for f in (loss, exactly))
        assert got == pytest.approx(want, rel=1e-8)


def test_it_composes() -> None:
    def end(k: Any) -> Any:
        return driven(k, 1.3, TIMES)[-1]

    want = cr.grad(lambda k: driven_exactly(k, 1.3, TIMES)[-1])
    rates = np.array([0.4, 0.9])
    np.testing.assert_allclose(cr.vmap(cr.grad(end))(rates), [want(k) for k in rates], rtol=1e-8)
    assert cr.compile(cr.grad(end))(0.7) == pytest.approx(want(0.7), rel=1e-8)
    assert cr.grad(cr.checkpoint(end))(0.7) == pytest.approx(want(0.7), rel=1e-8)
    graph = cr.graph(end, 0.7)
    assert graph(k=0.9) == pytest.approx(driven_exactly(0.9, 1.3, TIMES)[-1])
    namespace: dict[str, Any] = {}
    exec(cr.source(end, 0.7, what="both"), namespace)
    assert namespace["value_and_grad_end"](0.7)[1] == pytest.approx(want(0.7), rel=1e-8)
    several = cr.scan(lambda y, x: (driven(x, y, TIMES[:2])[-1], None), 1.0, rates)[0]
    assert several == pytest.approx(driven_exactly(1.3, 1.0, TIMES[:2])[-1], rel=1e-8)


def test_complex_states_and_single_precision() -> None:
    def far(w: Any) -> Any:
        return np.abs(cr.odeint(lambda y, t: 1j * w * y, 1.0 + 0j, [0.0, 1.0], **TIGHT)[-1] - 1) ** 2

    assert cr.grad(far)(0.7) == pytest.approx(2 * np.sin(0.7), rel=1e-8)
    single = np.array([1.0, 2.0], np.float32)
    path, pullback = cr.vjp(lambda y: cr.odeint(lambda y, t: -y, y, np.array([0.0, 1.0], np.float32)), single)
    assert path.dtype == np.float32
    (back,) = pullback(np.ones_like(path))
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, 1 + np.exp(-1.0), rtol=1e-6)


def test_a_rate_that_depends_on_nothing_and_a_state_of_nothing() -> None:
    def line(k: Any) -> Any:
        return cr.odeint(lambda y, t: np.ones(2), np.zeros(2), TIMES)[-1] @ np.stack([k, 1.0])

    assert cr.grad(line)(2.0) == pytest.approx(1.8)
    stops = cr.grad(lambda t: np.sum(cr.odeint(lambda y, t: np.ones(2), np.zeros(2), t)))(TIMES)
    np.testing.assert_allclose(stops, [-6.0, 2.0, 2.0, 2.0], atol=1e-9)
    assert cr.odeint(lambda y, t: y, np.zeros(0), TIMES).shape == (4, 0)


# Mistakes


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: cr.odeint(lambda y, t: y**2, 1.0, [0.0, 2.0]), cr.errors.IntegrationError, r"failed at t = 1\b"),
        (lambda: cr.odeint(lambda y, t: y, 1.0, [0.0, 2.0, 1.0]), cr.ArgumentError, r"t\[1\] = 2 to t\[2\] = 1"),
        (lambda: cr.odeint(lambda y, t: y, 1.0, [0.0, 0.0]), cr.ArgumentError, r"t\[0\] = 0 to t\[1\] = 0"),
        (lambda: cr.odeint(lambda y, t: y, 1.0, [0.0, np.nan]), cr.ArgumentError, "no finite real number"),
        (lambda: cr.odeint(lambda y, t: y, 1.0, [0.0, 1j]), cr.ArgumentError, "no finite real number"),
        (lambda: cr.odeint(lambda y, t: y, 1.0, 3.0), cr.ShapeError, r"t has shape \(\)"),
        (lambda: cr.odeint(lambda y, t: y, 1.0, []), cr.ShapeError, r"t has shape \(0,\)"),
        (lambda: cr.odeint(lambda y, t: np.stack([y, y]), 1.0, [0.0, 1.0]), cr.ShapeError, r"shape \(2,\) for y0"),
        (
            lambda: cr.odeint(lambda y, t: {"a": 1.0}, {"a": 1.0, "b": 2.0}, [0, 1]),
            cr.ArgumentError,
            "a, and y is a, b",
        ),
        (lambda: cr.odeint(lambda y, t: None, 1.0, [0, 1]), cr.ArgumentError, "returned nothing"),
        (lambda: cr.odeint(lambda y, t: "a", 1.0, [0, 1]), cr.ArgumentError, "'a' of type str"),
        (lambda: cr.odeint(lambda y, t: y, "a", [0, 1]), cr.ArgumentError, "y0 is 'a'"),
        (lambda: cr.odeint(1.0, 1.0, [0, 1]), cr.ArgumentError, "takes a function"),  # type: ignore[arg-type]
        (lambda: cr.odeint(lambda y, t: y, 1.0, [0, 1], method="euler"), cr.ArgumentError, "method is 'euler'"),
        (
            lambda: cr.odeint(lambda y, t: y * np.random.rand(), 1.0, [0, 1]),
            cr.TraceError,
            "something else each time",
        ),
        (lambda: cr.odeint(lambda y, t: y * cr.value(y), 1.0, [0, 1]), cr.TraceError, r"uses cr\.value"),
        (
            lambda: cr.odeint(lambda y, t: cr.fixed_point(lambda z, y: np.cos(z) / 2 + y)(0.0, y), 1.0, [0, 1]),
            cr.TraceError,
            "uses fixed_point_of_f, which has no graph",
        ),
        (lambda: cr.odeint(lambda y, t: 1j * y, 1.0, [0, 1]), cr.ArgumentError, "complex derivative for y0"),
        (lambda: cr.odeint(lambda y, t: -y, 1.0, [0, 1], rtol=-1e-3), cr.ArgumentError, "rtol is -0.001"),
        (lambda: cr.odeint(lambda y, t: -y, 1.0, [0, 1], atol="tight"), cr.ArgumentError, "atol is 'tight'"),
        (
            lambda: cr.odeint(lambda y, t: y if y < 2 else -y, 1.0, [0, 2]),
            cr.GuardError,
            "write the branch",
        ),
        (
            lambda: cr.odeint(lambda y, t: y if t < 2 else -y, 1.0, [0, 3]),
            cr.GuardError,
            "write the branch",
        ),
    ],
)
def test_mistakes_are_named(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_a_rate_that_is_not_defined_everywhere() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(cr.errors.IntegrationError, match=r"failed at t = 0\.5"):
            cr.odeint(lambda y, t: np.log(y - t), 1.0, [0.0, 2.0])


def test_without_scipy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow.SOLVER, "_function", None)
    monkeypatch.setitem(sys.modules, "scipy.integrate", None)
    with pytest.raises(cr.MissingExtraError, match=r"chainrule\[special\]"):
        driven(0.7, 1.3, TIMES)
