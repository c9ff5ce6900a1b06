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


def directions(sample: Sample, seed: int = 0) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=np.shape(x)).astype(np.asarray(x).dtype)[()] for x in sample.values()]


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
    w = np.random.default_rng(1).normal(size=np.shape(out))[()]
    _, pullback = vjp(sample.call, *sample.values())
    back = pullback(w)
    for got, x in zip(back, sample.values(), strict=True):
        assert np.shape(got) == np.shape(x)
        assert got.dtype == x.dtype
    close(sum(np.sum(b * d) for b, d in zip(back, v, strict=True)), np.sum(w * tangent), 1e-8)


@each_differentiable
def test_second_order(sample: Sample) -> None:
    """Forward over reverse against differences of reverse; and reverse over reverse is its transpose."""
    v = directions(sample)
    out = sample.call(*sample.values())
    w = np.random.default_rng(1).normal(size=np.shape(out))[()]

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
    left = sum(np.sum(b * d) for b, d in zip(twice(tuple(u)), v, strict=True))
    close(left, sum(np.sum(a * t) for a, t in zip(u, tangents, strict=True)), 1e-7)


@each
def test_graph_gives_what_eager_gives(sample: Sample) -> None:
    if not sample.active:
        pytest.skip("no operand to trace")
    graph = graph_of(sample)
    close(evaluate(graph, *sample.values())[0], sample.call(*sample.values()), 0)
    out = graph.outputs[0]
    seed = Node(None, (), {"name": "g"}, out.shape, out.dtype, "g")
    w = np.random.default_rng(1).normal(size=out.shape)[()]
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

    operands = [np.asarray(x).astype(dtype)[()] if np.asarray(x).dtype.kind == "f" else x for x in sample.operands]
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
    operands = [np.asarray(x).astype(dtype)[()] if np.asarray(x).dtype.kind == "f" else x for x in sample.operands]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        got = sample.primitive.compute(*operands, **sample.parameters)
        want = sample.primitive.evaluate(*operands, **sample.parameters)
    assert np.shape(got) == np.shape(want)
    assert np.asarray(got).dtype == np.asarray(want).dtype
    np.testing.assert_array_equal(got, want)


@each_differentiable
def test_float32_stays_float32(sample: Sample) -> None:
    values = [np.asarray(x).astype(np.float32)[()] for x in sample.values()]
    out, pullback = vjp(sample.call, *values)
    if out.dtype.kind != "f":
        return
    for got in pullback(np.ones_like(out)):
        assert got.dtype == np.float32
    _, tangent = jvp(sample.call, values, [np.ones_like(x) for x in values])
    assert tangent.dtype == out.dtype


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
