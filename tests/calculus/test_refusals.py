"""Wrong calls of the grad family: each is refused by a message that says what was expected."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.calculus.containers import map_leaves
from chainrule.core.registry import primitives
from chainrule.errors import ArgumentError, ChainruleError, GraphError, ShapeError

X = np.array([1.0, 2.0, 3.0])
double = cr.primitive(lambda x: 2 * x)


class Unreadable:
    """Promises an array and has none."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ValueError("there is nothing here")


def square(x: Any) -> Any:
    return np.sum(x**2)


def endless() -> list[Any]:
    inner: list[Any] = [1.0]
    inner.append(inner)
    return inner


CALLS: list[tuple[Callable[[], Any], type[ChainruleError], str]] = [
    (lambda: cr.grad(square, argnums=()), ArgumentError, "argnums is empty: name at least one argument"),
    (lambda: cr.grad(square, argnums=(1.5,)), ArgumentError, r"argnums holds 1\.5: expected positions .* or names"),
    (lambda: cr.grad(square, argnums=True), ArgumentError, "argnums holds True"),
    (lambda: cr.grad(square, argnums="z"), ArgumentError, "square has no argument 'z'; it has x"),
    (lambda: cr.grad(max, argnums="z")(1.0), ArgumentError, "max was not given the argument 'z'"),
    (lambda: cr.grad(max, argnums=(0, -2))(1.0, 2.0), ArgumentError, "names the argument argument 0 of max twice"),
    (lambda: cr.grad(square)(10**400), ArgumentError, r"is an integer beyond the largest float64, 1\.8e308"),
    (lambda: cr.grad(square)(Unreadable()), ArgumentError, "is no array: there is nothing here"),
    (lambda: cr.grad(square)(np.ma.masked_array(X)), ArgumentError, "is a masked array: use numpy.where"),
    (lambda: cr.grad(lambda c: c[0])(endless()), ArgumentError, r"the container at c\[1\] contains itself"),
    (lambda: cr.derivative(np.sin, order=0), ArgumentError, "order is 0: expected a whole number from 1 on"),
    (lambda: cr.derivative(np.sin, order=1.0), ArgumentError, "order is 1.0"),
    (lambda: cr.derivative(np.sum)(X), ShapeError, r"sum maps shape \(3,\) to \(\): .*\n.*chainrule\.jacobian"),
    (lambda: cr.jacobian(np.sin, mode="fwd"), ArgumentError, "mode is 'fwd': expected 'auto', 'forward' or 'reverse'"),
    (lambda: cr.vmap(np.dot, in_axes=(0,))(X, X), ArgumentError, "in_axes has 1 entries for 2 arguments"),
    (
        lambda: cr.vmap(np.sin, in_axes=(3,))(X),
        ShapeError,
        r"argument 0 has shape \(3,\): it has no axis 3 to map over",
    ),
    (lambda: cr.jvp(np.sin, (X,), ()), ArgumentError, "1 primals, but 0 tangents: give one for each"),
    (lambda: cr.jvp(lambda d: d["a"], ({"a": X, "b": X},), (X,)), ArgumentError, "tangent 0 has the parts"),
    (lambda: cr.jvp(np.sin, (X,), (1.0,)), ShapeError, r"has shape \(\), but .* has shape \(3,\)"),
    (lambda: cr.vjp(lambda x: (x, x), X)[1]((X,)), ArgumentError, "the cotangent has the parts .0., expected .0., .1."),
    (lambda: cr.vjp(np.sin, X)[1](1.0), ShapeError, r"has shape \(\), but the value has shape \(3,\)"),
    (lambda: cr.primitive(3), ArgumentError, "primitive takes a function, not 3"),
    (
        lambda: cr.primitive(print)(1.0),
        ArgumentError,
        "the operation print returned NoneType: it must return one array",
    ),
    (lambda: cr.define_vjp(np.sin, abs), ArgumentError, r"is not an operation made by chainrule\.primitive"),
    (lambda: cr.define_jvp(primitives()["sin"], abs), ArgumentError, "<primitive sin> is not an operation made by"),
    (lambda: cr.graph(np.sin, 1.0).why_zero("w"), ArgumentError, "sin has no input 'w'; it has x"),
    (lambda: cr.graph(square, 1.0).forward_backward(w=1.0), ArgumentError, "square has no input 'w'; it has x"),
    (lambda: pickle.dumps(cr.graph(lambda x: double(x), 1.0)), ArgumentError, "the user's own operation .* cannot be"),
    (lambda: double.infer((), {}), GraphError, "the shape of a user's own operation is known only when"),
    (lambda: map_leaves(np.add, {"a": 1.0}, {"b": 2.0}), ArgumentError, r"different structure: \['a'\] and \['b'\]"),
]


@pytest.mark.parametrize(("call", "kind", "message"), CALLS, ids=[message[:50] for _, _, message in CALLS])
def test_a_wrong_call_is_refused(call: Callable[[], Any], kind: type[ChainruleError], message: str) -> None:
    with pytest.raises(kind, match=rf"(?s){message}"):
        call()


def test_the_structure_of_containers_is_followed() -> None:
    assert map_leaves(lambda a, b: a + b, {"w": 1.0, "v": [2.0]}, {"w": 3.0, "v": [4.0]}) == {"w": 4.0, "v": [6.0]}


def test_a_rule_may_be_given_as_it_is_or_by_a_decorator() -> None:
    plain, decorated = cr.primitive(np.sin), cr.primitive(np.sin)
    assert cr.define_vjp(plain, lambda g, out, x: g * np.cos(x)) is None
    assert cr.define_jvp(plain, lambda tangents, out, x: tangents[0] * np.cos(x)) is None

    @cr.define_vjp(decorated)
    def pull(g: Any, out: Any, x: Any) -> Any:
        return g * np.cos(x)

    @cr.define_jvp(decorated)
    def push(tangents: Any, out: Any, x: Any) -> Any:
        return tangents[0] * np.cos(x)

    for operation in (plain, decorated):
        np.testing.assert_array_equal(cr.grad(lambda x, f=operation: np.sum(f(x)))(X), np.cos(X))
        np.testing.assert_array_equal(cr.jvp(operation, (X,), (np.ones(3),))[1], np.cos(X))
        np.testing.assert_allclose(cr.grad(cr.grad(operation))(0.7), -np.sin(0.7), rtol=1e-15)
    assert pull(1.0, None, 0.0) == push((1.0,), None, 0.0) == 1.0  # a decorated rule stays a function


def test_a_function_without_a_signature_can_be_graphed() -> None:
    graph = cr.graph(max, 1.0, 2.0)
    assert [name for name, _ in graph.arguments] == ["x0", "x1"]
    assert graph(x1=5.0) == 5.0
    assert copy.deepcopy(graph)(x1=5.0) == 5.0


def test_the_jacobian_of_nothing_has_no_columns() -> None:
    for mode in ("forward", "reverse", "auto"):
        assert cr.jacobian(lambda x: 2 * x, mode=mode)(np.zeros(0)).shape == (0, 0)
        assert cr.jacobian(lambda x: np.ones(2) * np.sum(x), mode=mode)(np.zeros(0)).shape == (2, 0)
    assert cr.hessian(square)(np.zeros(0)).shape == (0, 0)


def test_parts_are_matched_by_their_keys() -> None:
    point = {"a": 2.0, "b": 3.0}

    def f(p: Any) -> Any:
        return {"product": p["a"] * p["b"], "sum": p["a"] + p["b"]}

    assert cr.jvp(f, (point,), ({"b": 1.0, "a": 0.0},))[1] == {"product": 2.0, "sum": 1.0}
    assert cr.vjp(f, point)[1]({"sum": 0.0, "product": 1.0}) == ({"a": 3.0, "b": 2.0},)
    assert cr.hvp(lambda p: p["a"] ** 2 * p["b"], point, {"b": 1.0, "a": 0.0}) == {"a": 4.0, "b": 0.0}


def test_the_source_of_a_constant_gives_it() -> None:
    for what, name, want in (
        ("value", "f", 3.0),
        ("gradient", "grad_f", 0.0),
        ("both", "value_and_grad_f", (3.0, 0.0)),
    ):
        namespace: dict[str, Any] = {}
        exec(cr.source(lambda x: 3.0, 1.0, what=what), namespace)
        assert namespace[name](1.0) == want


@pytest.mark.parametrize("loss", [None, "text", np.ones(3)])
def test_a_tape_refuses_a_loss_that_is_no_number(loss: Any) -> None:
    with cr.tape() as tape:
        w = tape.watch(1.0)
    with pytest.raises(ChainruleError):
        tape.gradient(loss, w)
