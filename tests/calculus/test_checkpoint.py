"""`checkpoint`: the same function and derivatives, in less memory."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.traced import Trace

RNG = np.random.default_rng(2)
W = 0.3 * RNG.normal(size=(5, 5))
X = RNG.normal(size=5)


def as_it_is(f: Callable[..., Any]) -> Callable[..., Any]:
    return f


def layers(wrap: Any) -> Callable[..., Any]:
    """Closures, containers, static arguments and checkpoints in each other."""

    def loss(w: Any, x: Any) -> Any:
        inner = wrap(lambda h: np.exp(-(h**2)) * np.sum(w))

        @wrap
        def layer(parts: Any, power: int, *, shift: Any) -> Any:
            h = np.tanh(w @ parts["h"] + shift)
            return {"h": h**power + inner(h), "norm": (np.sum(h**2), None)}

        first = layer({"h": x, "name": "first"}, 2, shift=w[0])
        second = layer(first | {"name": "second"}, 3, shift=first["norm"][0])
        return np.sum(second["h"]) * second["norm"][0]

    return loss


DERIVATIVES: dict[str, Callable[[Any], Any]] = {
    "value": lambda f: f(W, X),
    "gradient": lambda f: cr.grad(f, argnums=(0, 1))(W, X),
    "hessian": lambda f: cr.hessian(f, argnums=1)(W, X),
    "product": lambda f: cr.hvp(f, (W, X), (W, X)),
    "tangent": lambda f: cr.jvp(f, (W, X), (W, X)),
    "batch": lambda f: cr.vmap(cr.grad(f), in_axes=(None, 0))(W, np.stack([X, X**2])),
    "compiled": lambda f: cr.compile(cr.grad(f, argnums=1))(W, X),
}


@pytest.mark.parametrize("derivative", DERIVATIVES.values(), ids=DERIVATIVES)
def test_nothing_else_changes(derivative: Any) -> None:
    got, want = (derivative(layers(wrap)) for wrap in (cr.checkpoint, as_it_is))
    for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (got, want)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)


def test_branches_are_taken_where_the_values_are() -> None:
    sided = cr.checkpoint(lambda x: x**2 if x > 0 else -3.0 * x)
    assert [cr.grad(sided)(x) for x in (2.0, -2.0)] == [4.0, -3.0]
    graph = cr.graph(sided, 2.0)
    assert graph(x=3.0) == 9.0
    with pytest.raises(cr.GuardError):
        graph(x=-3.0)


def test_functions_that_cannot_be_recomputed_run_as_they_are() -> None:
    double = cr.primitive(lambda x: 2 * x)
    cr.define_vjp(double, lambda g, out, x: 2 * g)
    assert cr.grad(cr.checkpoint(lambda x: double(x) * x))(3.0) == 12.0
    assert cr.grad(cr.checkpoint(lambda x: cr.value(x) * x))(3.0) == 3.0
    with cr.watch_numbers(), np.errstate(divide="ignore"), pytest.raises(cr.NonFiniteError, match="log gave -inf"):
        cr.grad(cr.checkpoint(np.log))(0.0)


def test_random_numbers_are_drawn_once() -> None:
    rng = np.random.default_rng(0)
    noise = np.random.default_rng(0).normal(size=3)
    f = cr.checkpoint(lambda x: np.sum(x * rng.normal(size=3)))
    np.testing.assert_array_equal(cr.grad(f)(np.ones(3)), noise)


def test_mistakes_are_named() -> None:
    with pytest.raises(cr.ArgumentError, match="checkpoint takes a function"):
        cr.checkpoint(3.0)  # type: ignore[arg-type]
    with pytest.raises(cr.ArgumentError, match="the value is 'a'"):
        cr.checkpoint(lambda x: "a")(1.0)
    with pytest.raises(ZeroDivisionError):
        cr.grad(cr.checkpoint(lambda x: x * (1 // 0)))(1.0)


def test_a_result_that_floats_cannot_hold_is_refused() -> None:
    counted = cr.checkpoint(lambda x: (x * 2, np.int64(2**53 + 1)))
    with pytest.raises(cr.ArgumentError, match=r"beyond 2\^53"):
        cr.grad(lambda x: counted(x)[0])(1.0)


def test_plain_results_stay_what_they_are() -> None:
    assert cr.checkpoint(lambda x: x * 2)(3) == 6
    assert cr.checkpoint(lambda *xs: xs)(2.0, None)[1] is None


def test_what_the_tape_keeps() -> None:
    recording = Trace()
    x = recording.input(np.ones(3))
    w = recording.input(np.float64(2.0))

    @cr.checkpoint
    def many(h: Any) -> Any:
        for _ in range(50):
            h = np.sin(h * w)
        return h

    many(x)
    assert len(recording.close()) <= 6  # the inputs, the call, and the steps that take its result out


def peak(f: Callable[[], Any]) -> int:
    gc.collect()
    tracemalloc.start()
    f()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory() -> None:
    """A further block costs its argument, and not the ten arrays within."""
    x = RNG.normal(size=20_000)

    def chain(w: Any, blocks: int, wrap: Any) -> Any:
        def block(h: Any) -> Any:
            for _ in range(10):
                h = np.sin(w * h)
            return h

        h = x
        for _ in range(blocks):
            h = wrap(block)(h)
        return np.sum(h)

    used = {}
    for wrap in (as_it_is, cr.checkpoint):
        cr.grad(chain)(0.9, 4, wrap)
        few, many = (peak(lambda n=n, wrap=wrap: cr.grad(chain)(0.9, n, wrap)) for n in (4, 12))
        used[wrap] = (many - few) / 8 / x.nbytes  # arrays for each block
    assert used[as_it_is] > 9
    assert used[cr.checkpoint] < 3
