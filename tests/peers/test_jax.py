"""Gradient checks of JAX: functions, compiled ones, pytrees and hand-written rules, right and deliberately wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from pages import run_examples

import chainrule as cr

jax = pytest.importorskip("jax", reason="JAX is not installed; `make test-peers` tries to")
jnp = jax.numpy


@pytest.fixture(params=[False, True], ids=["32 bits", "64 bits"])
def x64(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", request.param)
    yield request.param
    jax.config.update("jax_enable_x64", before)


@pytest.fixture
def data(x64: bool) -> Any:
    random = np.random.default_rng(0)
    p = {"w": jnp.array(random.normal(size=3)), "b": jnp.array(0.5)}
    return p, jnp.array(random.normal(size=(7, 3))), jnp.array(random.normal(size=7))


def loss(p: Any, X: Any, y: Any) -> Any:
    return jnp.mean((X @ p["w"] + p["b"] - y) ** 2)


def by_hand(p: Any, X: Any, y: Any) -> Any:
    r = X @ p["w"] + p["b"] - y
    return {"w": 2 / len(y) * X.T @ r, "b": 2 * jnp.mean(r)}


def test_right_gradients_pass(data: Any) -> None:
    for f in (loss, jax.jit(loss)):
        for df in (None, by_hand, jax.grad(f), by_hand(*data)):
            result = cr.check(f, df, *data)
            assert result, str(result)
            assert {c.label for c in result.components} == {"p.b", "p.w[0]", "p.w[1]", "p.w[2]"}
    assert cr.check(loss, None, *data, argnums=("X", 0))


@pytest.mark.parametrize(
    ("factor", "named"), [(-1, "the sign is flipped"), (7, "constant factor 7"), (0.5, "constant factor 1/2")]
)
def test_wrong_gradients_fail_with_the_mistake(data: Any, factor: float, named: str) -> None:
    result = cr.check(loss, lambda *args: jax.tree.map(lambda g: factor * g, by_hand(*args)), *data)
    assert not result
    assert named in result.diagnosis


def test_the_tolerance_follows_the_flag(data: Any, x64: bool) -> None:
    wrong = cr.check(loss, lambda *args: jax.tree.map(lambda g: (1 + 1e-6) * g, by_hand(*args)), *data)
    assert wrong.passed is not x64


def squares(factor: float) -> Any:
    """The sum of squares, with a rule that is right for factor 2."""

    @jax.custom_vjp
    def f(x: Any) -> Any:
        return jnp.sum(x**2)

    f.defvjp(lambda x: (f(x), x), lambda x, g: (factor * g * x,))
    return f


def test_a_rule_of_ones_own_right_and_wrong(x64: bool) -> None:
    for x in (jnp.array([1.0, -2.0]), np.array([1.0, -2.0])):
        assert cr.check(squares(2), None, x)
        result = cr.check(squares(1), None, x)
        assert not result
        assert "constant factor 1/2" in result.diagnosis


def test_the_function_gets_arrays_of_jax(x64: bool) -> None:
    seen = set()

    def f(w: Any, k: int, rows: Any) -> Any:
        seen.add((isinstance(w, jax.Array), w.dtype.name, k, rows.dtype.kind))
        return jnp.sum(w[rows] ** 2) * k

    def df(w: Any, k: int, rows: Any) -> Any:
        return jnp.zeros(3).at[rows].set(2 * k * w[rows])

    assert cr.check(f, df, jnp.array([1.0, 2.0, 3.0]), 3, jnp.array([0, 2]))
    assert seen == {(True, "float64" if x64 else "float32", 3, "i")}


def test_trees_that_only_jax_can_take_apart() -> None:
    @jax.tree_util.register_pytree_with_keys_class
    class Layer:
        def __init__(self, w: Any, b: Any) -> None:
            self.w, self.b = w, b

        def tree_flatten_with_keys(self) -> Any:
            key = jax.tree_util.GetAttrKey
            return [(key("w"), self.w), (key("b"), self.b)], None

        @classmethod
        def tree_unflatten(cls, _: Any, leaves: Any) -> Any:
            return cls(*leaves)

    def f(layers: Any) -> Any:
        return sum(jnp.sum(layer.w**2) * layer.b for layer in layers)

    layers = (Layer(jnp.array([1.0, 2.0]), jnp.array(3.0)), Layer(jnp.array([0.5]), jnp.array(-1.0)))
    result = cr.check(f, None, layers)
    assert result, str(result)
    assert {c.name for c in result.components} == {"layers[0].w", "layers[0].b", "layers[1].w", "layers[1].b"}


@pytest.mark.parametrize(
    ("f", "df", "x", "error", "message"),
    [
        (jnp.sum, None, jnp.array([1, 2]), cr.ArgumentError, "a has dtype int.*, which is not differentiated"),
        (lambda x: x.sum(), None, jnp.ones(2, jnp.bfloat16), cr.ArgumentError, "x has dtype bfloat16"),
        (lambda x: x.astype(jnp.bfloat16), 1.0, jnp.array(1.0), cr.ArgumentError, "the result of .* bfloat16"),
        (lambda x: x * 2, None, jnp.ones(2), cr.NotScalarError, r"returned shape \(2,\)"),
        (lambda x: x * 2, lambda x: x, jnp.ones(2), cr.NotScalarError, r"returned shape \(2,\)"),
        (lambda x: jnp.log(x).sum(), None, -jnp.ones(2), cr.NonFiniteError, "nan"),
        (lambda x: x.sum(), lambda x: jnp.ones(3), jnp.ones(2), cr.ShapeError, r"has shape \(3,\)"),
        (jax.jit(lambda x: x), None, "text", cr.ArgumentError, "x is no array for JAX"),
    ],
)
def test_bad_input_is_named(f: Any, df: Any, x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        cr.check(f, df, x)


def test_what_jax_raises_passes_through() -> None:
    with pytest.raises(jax.errors.ConcretizationTypeError):
        cr.check(lambda x: float(x), None, jnp.array(1.0))


def test_an_assertion_in_a_test(data: Any) -> None:
    cr.testing.assert_gradient(loss, None, *data)
    with pytest.raises(AssertionError, match="gradient check FAILED"):
        cr.testing.assert_gradient(squares(1), None, jnp.ones(3))


def test_the_examples_of_the_page(x64: bool) -> None:
    run_examples("checking-gradients.md", "JAX")
