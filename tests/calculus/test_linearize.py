"""The derivative at a point as a linear function of tangents."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

RNG = np.random.default_rng(3)


def f(p: dict[str, Any], s: Any) -> dict[str, Any]:
    hidden = np.tanh(p["W"] @ p["x"])
    return {"y": np.sin(hidden * s), "sum": np.sum(p["W"]) * s, "none": np.zeros(2)}


def point() -> tuple[dict[str, Any], float]:
    return {"W": RNG.normal(size=(3, 4)), "x": RNG.normal(size=4)}, 0.7


def test_it_agrees_with_jvp_for_every_tangent() -> None:
    primals = point()
    value, linear = cr.linearize(f, *primals)
    for _ in range(3):
        tangents = point()
        want_value, want = cr.jvp(f, primals, tangents)
        found = linear(*tangents)
        assert list(found) == ["y", "sum", "none"]
        for key in want:
            np.testing.assert_allclose(value[key], want_value[key])
            np.testing.assert_allclose(found[key], want[key], rtol=1e-14, atol=1e-15)


def test_its_transpose_agrees_with_vjp() -> None:
    primals = point()
    _, linear = cr.linearize(f, *primals)
    _, pullback = cr.vjp(f, *primals)
    for _ in range(2):
        g = {"y": RNG.normal(size=3), "sum": RNG.normal(), "none": np.ones(2)}
        (found, by_s), (want, want_s) = linear.transpose(g), pullback(g)
        for key in want:
            np.testing.assert_allclose(found[key], want[key], rtol=1e-13)
        np.testing.assert_allclose(by_s, want_s)


def test_the_function_runs_once() -> None:
    calls = []

    def counted(x: Any) -> Any:
        calls.append(1)
        return x**3

    value, linear = cr.linearize(counted, np.array([1.0, 2.0]))
    for i in range(5):
        np.testing.assert_allclose(linear(np.array([1.0 * i, 1.0])), [3.0 * i, 12.0])
        np.testing.assert_allclose(linear.transpose(np.array([1.0 * i, 1.0]))[0], [3.0 * i, 12.0])
    assert len(calls) == 1
    np.testing.assert_allclose(value, [1.0, 8.0])
    assert "derivative of counted: 1 operations" in repr(linear)


def test_only_the_linear_part_is_left() -> None:
    """Sines and exponentials of the point are numbers by then."""
    _, linear = cr.linearize(lambda x: np.exp(np.sin(x) * np.cos(x)), np.linspace(0, 1, 5))
    known = {node.primitive.name for node in linear._graph.nodes if node.primitive is not None}
    assert not known & {"exp", "sin", "cos"}


def test_it_is_differentiated_by_the_point_and_by_the_tangent() -> None:
    slope = lambda x: cr.linearize(lambda z: z**3, x)[1](1.0)
    np.testing.assert_allclose(cr.grad(slope)(2.0), 12.0)
    np.testing.assert_allclose(cr.grad(lambda t: cr.linearize(lambda z: z**3, 2.0)[1](t) ** 2)(1.0), 288.0)
    back = lambda x: cr.linearize(lambda z: np.sum(z**3), x)[1].transpose(1.0)[0]
    np.testing.assert_allclose(cr.jacobian(back)(np.array([1.0, 2.0])), [[6.0, 0.0], [0.0, 12.0]])


def test_a_batch_of_tangents() -> None:
    _, linear = cr.linearize(lambda x: x[1:] * x[:-1], np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(cr.vmap(linear)(np.eye(3)).T, [[2.0, 1.0, 0.0], [0.0, 3.0, 2.0]])


def test_dtypes_formulas_and_empty_arrays() -> None:
    value, linear = cr.linearize(lambda x: x * 2, np.ones(2, np.float32))
    assert value.dtype == linear(np.ones(2)).dtype == linear.transpose(np.ones(2))[0].dtype == np.float32
    value, linear = cr.linearize("x^2", 3)
    assert (value, linear(1), linear.transpose(2)) == (9.0, 6.0, (12.0,))
    assert cr.linearize(lambda x: x + 1, np.zeros((0, 2)))[1](np.zeros((0, 2))).shape == (0, 2)
    z = 1.0 + 2.0j
    np.testing.assert_allclose(cr.linearize(lambda z: z**2, z)[1](1j), 2j * z)


def test_results_do_not_share_memory_with_the_point() -> None:
    x = np.ones(3)
    _, linear = cr.linearize(lambda x: x + 0.0, x)
    t = np.ones(3)
    linear(t)[0] = 7.0
    linear.transpose(t)[0][0] = 7.0
    np.testing.assert_array_equal(linear(t), 1.0)
    assert t[0] == x[0] == 1.0


def test_a_point_that_was_written_into_is_noticed() -> None:
    x = np.ones(5000)
    _, linear = cr.linearize(lambda x: x * x, x)
    x[3] = 2.0
    with pytest.raises(cr.TraceError, match="was changed"):
        linear(np.ones(5000))
    with pytest.raises(cr.TraceError, match="was changed"):
        linear.transpose(np.ones(5000))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda lin: lin(1.0), cr.ArgumentError, "1 tangents, but 2 primals"),
        (lambda lin: lin(np.ones(2), 1.0), cr.ShapeError, r"shape \(2,\)"),
        (lambda lin: lin([1.0], 1.0), cr.ArgumentError, "tangent 0 has the parts"),
        (lambda lin: lin("s", 1.0), cr.ArgumentError, "expected a number"),
        (lambda lin: lin.transpose([1.0]), cr.ArgumentError, "the cotangent has the parts"),
        (lambda lin: lin.transpose(np.ones(2)), cr.ShapeError, r"shape \(2,\)"),
        (lambda lin: cr.linearize(np.sin), cr.ArgumentError, "linearize takes the point"),
        (lambda lin: cr.linearize(np.sin, True), cr.ArgumentError, "bool"),
        (lambda lin: cr.linearize(3, 1.0), cr.ArgumentError, "expected a function"),
    ],
)
def test_refusals(call: Any, error: type[Exception], text: str) -> None:
    _, linear = cr.linearize(lambda x, y: x * y, 1.0, 2.0)
    with pytest.raises(error, match=text):
        call(linear)
