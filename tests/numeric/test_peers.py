"""Checks of another library's tensors, with a library small enough to stand here; the real ones are in tests/peers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.calculus.containers import flatten
from chainrule.numeric.peers import adapt, problem
from chainrule.numeric.peers.peer import Pairs, Peer, Rebuild, require_scalar, shareable


class Tensor:
    """A tensor that keeps its numbers in the memory it was given, as those of PyTorch do."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = numbers

    def _with(self, other: Any, operation: Callable[[Any, Any], Any]) -> Tensor:
        return Tensor(operation(self.numbers, other.numbers if isinstance(other, Tensor) else other))

    def __mul__(self, other: Any) -> Tensor:
        return self._with(other, operator.mul)

    def __add__(self, other: Any) -> Tensor:
        return self._with(other, operator.add)

    def __sub__(self, other: Any) -> Tensor:
        return self._with(other, operator.sub)

    def __matmul__(self, other: Any) -> Tensor:
        return self._with(other, operator.matmul)

    def sum(self) -> Tensor:
        return Tensor(np.sum(self.numbers))


class Toy(Peer):
    """The adapter; its reverse mode is chainrule's own, on the numbers inside."""

    name = "toy"

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, Tensor)

    def is_function(self, value: Any) -> bool:
        return getattr(value, "of_the_toy", False)

    def flatten(self, value: Any) -> tuple[Pairs, Rebuild]:
        leaves, rebuild = flatten(value, "#")
        return [(path[1:], leaf) for path, leaf in leaves], rebuild

    def parameter(self, value: Any, name: str) -> Any:
        return value if self.is_tensor(value) else Tensor(np.asarray(value, np.float32))

    def to_array(self, tensor: Any, name: str) -> Any:
        if np.asarray(tensor.numbers).dtype == np.complex64:
            raise cr.ArgumentError(f"{name} is of a dtype that NumPy lacks")
        return np.asarray(tensor.numbers)

    def from_array(self, array: Any, like: Any) -> Any:
        return Tensor(shareable(array))

    def gradients(self, f: Callable[[Sequence[Any]], Any], tensors: Sequence[Any], name: str) -> Sequence[Any]:
        def numbers(*leaves: Any) -> Any:
            out = f([Tensor(leaf) for leaf in leaves]).numbers
            require_scalar(np.shape(out), name)
            return out

        every = tuple(range(len(tensors)))
        return [Tensor(g) for g in cr.grad(numbers, every)(*(np.array(t.numbers) for t in tensors))]


@pytest.fixture(autouse=True)
def _only_the_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(problem, "PEERS", [lambda: None, Toy])


random = np.random.default_rng(0)
X, Y, W = (random.normal(size=size) for size in ((6, 3), 6, 3))


def loss(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
    r = X @ w - y
    return (r * r).sum()


def gradient(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
    return Tensor(2 * X.numbers.T @ (X @ w - y).numbers)


def test_a_right_gradient_passes_and_a_wrong_one_is_diagnosed() -> None:
    args = [Tensor(W), Tensor(X), Tensor(Y)]
    assert cr.check(loss, gradient, *args)
    assert cr.check(loss, gradient(*args), *args)
    assert cr.check(loss, None, *args)
    result = cr.check(loss, lambda *args: Tensor(-gradient(*args).numbers), *args)
    assert not result
    assert "the sign is flipped" in result.diagnosis
    assert {c.label for c in result.components} == {"w[0]", "w[1]", "w[2]"}


def test_containers_and_several_arguments() -> None:
    def f(p: Any, scale: Any, label: str) -> Tensor:
        assert label == "fixed"
        return (p["w"] * p["w"]).sum() * scale + p["b"][0]

    def by_p(p: Any, scale: Any, label: str) -> Any:
        return {"w": p["w"] * 2.0 * scale, "b": [Tensor(np.array(1.0))]}

    def by_scale_and_p(p: Any, scale: Any, label: str) -> Any:
        return (p["w"] * p["w"]).sum(), by_p(p, scale, label)

    p = {"w": Tensor(W), "b": [Tensor(np.array(0.5))]}
    result = cr.check(f, by_p, p, 2.0, "fixed")
    assert result, str(result)
    assert {c.label for c in result.components} == {"p.w[0]", "p.w[1]", "p.w[2]", "p.b[0]"}
    two = Tensor(np.array(2.0))
    in_order = cr.check(f, by_scale_and_p, p, two, "fixed", argnums=("scale", 0))
    assert in_order, str(in_order)
    assert {c.name for c in in_order.components} == {"scale", "p.w", "p.b[0]"}
    assert cr.check(f, None, p, two, "fixed", argnums=(0, "scale"))


def test_the_function_alone_may_tell_the_library() -> None:
    class F:
        of_the_toy = True

        def __call__(self, x: Tensor) -> Tensor:
            assert isinstance(x, Tensor)
            return (x * x).sum()

    result = cr.check(F(), None, np.array([1.0, 2.0], np.float32))
    assert result
    assert {c.label for c in result.components} == {"x[0]", "x[1]"}


def test_writes_into_arguments_are_seen() -> None:
    def writes(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        y.numbers[...] -= (X @ w).numbers
        return (y * y).sum()

    before = Y.copy()
    with pytest.raises(cr.ArgumentError, match=r"writes .* writes into its argument y"):
        cr.check(writes, gradient, Tensor(W), Tensor(X), Tensor(Y))
    assert np.array_equal(Y, before)


def test_what_numpy_cannot_hold_is_handed_through() -> None:
    odd = Tensor(np.ones(3, np.complex64))
    assert cr.check(lambda w, z: (w * z.numbers.real).sum(), lambda w, z: z.numbers.real, Tensor(W), odd)
    with pytest.raises(cr.ArgumentError, match=r"^z is of a dtype"):
        cr.check(lambda w, z: w.sum(), None, Tensor(W), odd, argnums=1)


@pytest.mark.parametrize(
    ("df", "argnums", "message"),
    [
        (lambda *args: None, 0, "the gradient with respect to w is None"),
        (lambda *args: {"a": args[0]}, 0, r"with respect to w has the parts \['.a'\], expected \[''\]"),
        (lambda *args: args[0], (0, 1), "argnums names 2 arguments, so df gives a tuple of tensors, not a Tensor"),
        (lambda *args: (args[0],), (0, 1), "not 1 of them"),
        (lambda *args: args[2], 0, r"w has shape \(6,\), but w has shape \(3,\)"),
    ],
)
def test_gradients_that_do_not_fit(df: Any, argnums: Any, message: str) -> None:
    with pytest.raises(cr.ChainruleError, match=message):
        cr.check(loss, df, Tensor(W), Tensor(X), Tensor(Y), argnums=argnums)


def test_a_value_that_is_no_scalar_is_named() -> None:
    def residual(w: Tensor, X: Tensor, y: Tensor) -> Tensor:
        return X @ w - y

    for df in (None, gradient):
        with pytest.raises(cr.NotScalarError, match=r"residual .* returned shape \(6,\), a gradient needs a scalar"):
            cr.check(residual, df, Tensor(W), Tensor(X), Tensor(Y))


def test_arrays_are_left_alone() -> None:
    assert adapt(np.sum, None, [np.ones(3)]) is None
    assert adapt(np.sum, None, [{1: 1.0, "a": [2.0]}, "text", None]) is None
    loop: list[Any] = []
    loop.append(loop)
    assert adapt(np.sum, None, [loop]) is None


def test_real_adapters_are_out_of_the_way_until_their_library_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from chainrule.numeric.peers.jax import Jax
    from chainrule.numeric.peers.torch import Torch

    for name, adapter in (("torch", Torch), ("jax", Jax)):
        monkeypatch.delitem(sys.modules, name, raising=False)
        assert adapter.loaded() is None
        monkeypatch.setitem(sys.modules, name, None)
        assert adapter.loaded() is None


def test_memory_is_shared_where_it_can_be() -> None:
    array = np.arange(3.0)
    assert shareable(array) is array
    fixed = array.copy()
    fixed.flags.writeable = False
    for odd in (array[::-1], fixed):
        assert not np.shares_memory(shareable(odd), odd)
        assert np.array_equal(shareable(odd), odd)
