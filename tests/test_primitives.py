"""Every primitive crossed with every facet: driven by the registry, so a new entry is tested without a new test."""

from __future__ import annotations

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from samples import Sample, all_samples, samples_of

from chainrule.calculus.products import jvp, vjp
from chainrule.core.graph import Node
from chainrule.core.registry import building, evaluating, primitives
from chainrule.core.verify import verify
from chainrule.passes.batch import batch
from chainrule.passes.evaluate import evaluate
from chainrule.passes.forward import forward
from chainrule.passes.reverse import reverse
from chainrule.read.trace import trace

SAMPLES = all_samples()
DIFFERENTIABLE = [sample for sample in SAMPLES if sample.active]
each = pytest.mark.parametrize("sample", SAMPLES, ids=str)
each_differentiable = pytest.mark.parametrize("sample", DIFFERENTIABLE, ids=str)


def close(got: Any, want: Any, tolerance: float = 1e-9) -> None:
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


def drawn(rng: np.random.Generator, like: Any) -> Any:
    """Normal numbers of the shape and dtype of another value; complex ones with both parts."""
    like = np.asarray(like)
    numbers = rng.normal(size=like.shape)
    if like.dtype.kind == "c":
        numbers = numbers + 1j * rng.normal(size=like.shape)
    return numbers.astype(like.dtype)[()]


def directions(sample: Sample, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [drawn(rng, x) for x in sample.values()]


def single(x: Any) -> Any:
    """The same in single precision: of integers and booleans the value itself."""
    x = np.asarray(x)
    return (x.astype({"f": np.float32, "c": np.complex64}[x.dtype.kind]) if x.dtype.kind in "fc" else x)[()]


def paired(cotangents: Any, tangents: Any) -> Any:
    """The change that cotangents give to tangents: of complex numbers the real part is what is meant."""
    return sum(np.real(np.sum(c * t)) for c, t in zip(cotangents, tangents, strict=True))


def richardson(f: Any, h: float = 1e-3) -> Any:
    """The derivative of f at 0, from central differences at four steps: an oracle with about twelve digits."""
    row = [(f(h / 2**k) - f(-h / 2**k)) / (2 * h / 2**k) for k in range(4)]
    for level in range(1, 4):
        row = [(4**level * fine - coarse) / (4**level - 1) for coarse, fine in pairwise(row)]
    return row[0]


def graph_of(sample: Sample) -> Any:
    names = [f"x{i}" for i in sample.active]
    graph, _ = trace(sample.call, sample.values(), names, sample.primitive.name)
    return verify(graph)


def test_every_primitive_can_be_sampled() -> None:
    without = [p.name for p in primitives().values() if not list(samples_of(p))]
    assert not without, f"these are not elementwise and have no examples=: {without}"


@each_differentiable
def test_forward_mode_agrees_with_differences(sample: Sample) -> None:
    v = directions(sample)
    _, tangent = jvp(sample.call, sample.values(), v)
    want = richardson(lambda t: np.asarray(sample.call(*(x + t * d for x, d in zip(sample.values(), v, strict=True)))))
    close(tangent, want, 1e-7)


@each_differentiable
def test_reverse_is_the_transpose_of_forward(sample: Sample) -> None:
    v = directions(sample)
    out, tangent = jvp(sample.call, sample.values(), v)
    w = drawn(np.random.default_rng(1), out)
    _, pullback = vjp(sample.call, *sample.values())
    back = pullback(w)
    for got, x in zip(back, sample.values(), strict=True):
        assert np.shape(got) == np.shape(x)
        assert got.dtype == x.dtype
    close(paired(back, v), paired([w], [tangent]), 1e-8)


@each_differentiable
def test_second_order(sample: Sample) -> None:
    """Forward over reverse against differences of reverse; and reverse over reverse is its transpose."""
    v = directions(sample)
    w = drawn(np.random.default_rng(1), sample.call(*sample.values()))

    def pulled(*active: Any) -> Any:
        return vjp(sample.call, *active)[1](w)

    _, tangents = jvp(pulled, sample.values(), v)
    for i, tangent in enumerate(tangents):
        want = richardson(
            lambda t, i=i: np.asarray(pulled(*(x + t * d for x, d in zip(sample.values(), v, strict=True)))[i])
        )
        close(tangent, want, 1e-6)
    u = directions(sample, 2)
    _, twice = vjp(pulled, *sample.values())
    close(paired(twice(tuple(u)), v), paired(u, tangents), 1e-7)


@each
def test_graph_gives_what_eager_gives(sample: Sample) -> None:
    if not sample.active:
        pytest.skip("no operand to trace")
    graph = graph_of(sample)
    close(evaluate(graph, *sample.values())[0], sample.call(*sample.values()), 0)
    out = graph.outputs[0]
    seed = Node(None, (), {"name": "g"}, out.shape, out.dtype, "g")
    w = drawn(np.random.default_rng(1), np.empty(out.shape, out.dtype))
    _, pullback = vjp(sample.call, *sample.values())
    pulled = evaluate(verify(reverse(graph, seed=seed)), *sample.values(), w)
    for got, want in zip(pulled, pullback(w), strict=True):
        close(got, want, 1e-12)
    v = directions(sample)
    tangents = [Node(None, (), {"name": f"t{i}"}, x.shape, x.dtype, f"t{i}") for i, x in enumerate(graph.inputs)]
    pushed = evaluate(verify(forward(graph, graph.inputs, tangents)), *sample.values(), *v)
    close(pushed[0], jvp(sample.call, sample.values(), v)[1], 1e-12)


@each
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_inference_agrees_with_evaluation(sample: Sample, dtype: Any) -> None:
    from chainrule.core.graph import constant

    operands = [single(x) if dtype is np.float32 else x for x in sample.operands]
    with np.errstate(all="ignore"):
        value = sample.primitive.evaluate(*operands, **sample.parameters)
    if sample.primitive.shape.depends_on_values:
        return
    shape, inferred = sample.primitive.infer([constant(x) for x in operands], sample.parameters)
    assert shape == np.shape(value)
    assert inferred == (type(value) if isinstance(value, (bool, int, float)) else value.dtype)


@each
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_shortcut_gives_the_same(sample: Sample, dtype: Any) -> None:
    operands = [single(x) if dtype is np.float32 else x for x in sample.operands]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = sample.primitive.compute(*operands, **sample.parameters)
        want = sample.primitive.evaluate(*operands, **sample.parameters)
    assert np.shape(got) == np.shape(want)
    assert np.asarray(got).dtype == np.asarray(want).dtype
    np.testing.assert_array_equal(got, want)


@each_differentiable
def test_float32_stays_float32(sample: Sample) -> None:
    values = [single(x) for x in sample.values()]
    out, pullback = vjp(sample.call, *values)
    if out.dtype.kind not in "fc":
        return
    for got, x in zip(pullback(np.ones_like(out)), values, strict=True):
        assert got.dtype == x.dtype
    _, tangent = jvp(sample.call, values, [np.ones_like(x) for x in values])
    assert np.real(tangent).dtype == np.real(out).dtype


@each_differentiable
def test_batching_equals_a_loop(sample: Sample) -> None:
    values = sample.values()
    count = 3
    rng = np.random.default_rng(3)
    stacks = [
        np.stack([x + 0.01 * rng.uniform(size=np.shape(x)) if x.size else x for _ in range(count)])
        for x in map(np.asarray, values)
    ]
    graph = graph_of(sample)
    for batched in {
        (True,) * len(values),
        (True,) + (False,) * (len(values) - 1),
        (False,) * (len(values) - 1) + (True,),
    }:
        arguments = [s if b else x for s, x, b in zip(stacks, values, batched, strict=True)]
        ((got, many),) = batch(graph, arguments, batched, evaluating)
        want = np.stack(
            [
                np.asarray(
                    sample.call(*(s[i][()] if b else x for s, x, b in zip(stacks, values, batched, strict=True)))
                )
                for i in range(count)
            ]
        )
        close(got if many else np.broadcast_to(got, want.shape), want, 1e-10)


def test_names_are_unique_and_namespaces_complete() -> None:
    for name, primitive in primitives().items():
        assert getattr(evaluating, name) is primitive
        assert callable(getattr(building, name))
