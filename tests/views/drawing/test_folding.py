"""Folding: what repeats is found in any order of operands, and counted; what does not is joined by depth."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

import chainrule as cr
from chainrule.passes.steps import steps_of
from chainrule.views.drawing.folding import DEPTHS, SOURCES, fold, leaves_of

MOST = 50


def folded(f, *args, elementary=False):
    graph = cr.graph(f, *args)
    steps = steps_of(graph, *graph.outputs, elementary=elementary)
    blocks = fold(steps, [leaves_of(step) for step in steps], MOST)
    check(steps, blocks)
    return blocks


def check(steps, blocks):
    """Every step is in one block, and an order of the blocks has sources first: so the picture has no circle."""
    inside = [i for block in blocks for i in block.steps]
    assert sorted(inside) == list(range(len(steps)))
    owner = {steps[i].node: place for place, block in enumerate(blocks) for i in block.steps}
    for step in steps:
        for leaf in leaves_of(step):
            assert owner.get(leaf, -1) <= owner[step.node]


def counts(blocks):
    return [block.repeats for block in blocks if block.repeats > 1]


def one_number(x):
    for _ in range(200):
        x = np.sin(x) + 0.1 * x
    return x


def two_steps(x):
    for _ in range(200):
        a = np.sin(x)
        x = a * x
    return x


def sum_first(x):
    total = 0.0
    for _ in range(200):
        x = np.sin(x)
        total = total + x * x
    return total


def sum_last(x):
    total = 0.0
    for _ in range(200):
        x = np.sin(x)
        total = x * x + total
    return total


def square(v):
    return v * v


def used_twice(x):
    for _ in range(200):
        x = square(np.sin(x)) + 1
    return x


@pytest.mark.parametrize("f", [one_number, two_steps, sum_first, sum_last, used_twice])
def test_a_loop_is_one_block_with_its_count(f):
    blocks = folded(f, 0.5)
    assert counts(blocks) == [200]
    assert len(blocks) <= 3


@pytest.mark.parametrize("elementary", [False, True])
def test_the_layers_of_a_network_are_one_block(elementary):
    rng = np.random.default_rng(0)
    layers = [(rng.normal(size=(5, 5)), rng.normal(size=5)) for _ in range(12)]
    X = rng.normal(size=(4, 5))

    def network(layers):
        h = X
        for W, b in layers:
            z = h @ W + b
            h = np.tanh(z)
        return np.mean(h**2)

    blocks = folded(network, layers, elementary=elementary)
    assert counts(blocks) == [12]
    assert len(next(block for block in blocks if block.repeats == 12).body) == (3 if elementary else 2)
    assert not any(block.varies for block in blocks)


def test_a_loop_in_a_loop_is_a_block_in_a_block():
    def f(x):
        for _ in range(20):
            for _ in range(5):
                x = np.sin(x)
            x = x * x
        return x

    (block,) = folded(f, 0.5)
    assert block.repeats == 20
    assert [inner.repeats for inner in block.body] == [5, 1]


def test_indices_and_numbers_that_differ_are_said():
    def dot(w, x):
        total = 0.0
        for i in range(100):
            total = total + w[i] * x[i]
        return total

    (block,) = folded(dot, np.ones(100), np.ones(100))
    assert (block.repeats, block.varies) == (100, True)


def test_what_reads_too_much_to_be_compared_stays_by_itself():
    def wide(xs):
        total = np.sum(np.stack(xs))
        for _ in range(5):
            total = np.sum(np.stack([*xs, total]))
        return total

    assert counts(folded(wide, [1.0] * 4)) == [5]
    assert counts(folded(wide, [1.0] * SOURCES)) == []


def random_steps(n, seed):
    draw = random.Random(seed)
    operations = [lambda a, b: a * b, lambda a, b: np.sin(a) - b, lambda a, b: a / (b + 3), lambda a, b: np.tanh(a) + b]

    def f(x, y):
        values = [x, y]
        while len(values) < n:
            values.append(draw.choice(operations)(values[-1], draw.choice(values[-9:])))
        return values[-1]

    return f


def test_what_does_not_repeat_is_joined_by_depth():
    blocks = folded(random_steps(120, 1), 0.5, 0.6)
    assert 2 < len(blocks) <= DEPTHS + 2
    ranges = [block.depths for block in blocks if block.depths]
    assert all(low <= high for low, high in ranges)
    assert ranges == sorted(ranges)
    assert blocks[-1].steps == (max(i for block in blocks for i in block.steps),)  # the result stands by itself


@pytest.mark.parametrize("seed", range(30))
def test_any_graph_is_folded_into_a_picture_without_circles(seed):
    folded(random_steps(20 + 12 * seed, seed), 0.5, 0.6)


def test_a_hundred_thousand_nodes_take_seconds():
    def loop(x):
        for _ in range(33_000):
            x = np.sin(x) * 1.0001
        return x

    for graph in (cr.graph(loop, 1.0), cr.graph(random_steps(40_000, 3), 0.5, 0.6)):
        assert len(graph.nodes) > 60_000
        start = time.process_time()
        picture = graph.to_svg()
        # One to two seconds where nothing else runs; what is not linear would take minutes.
        assert time.process_time() - start < 15
        assert len(picture) < 40_000
