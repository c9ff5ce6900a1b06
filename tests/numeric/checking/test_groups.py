"""The search for wrong groups, on residuals that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st

from chainrule.numeric.checking.groups import Search
from chainrule.numeric.checking.objective import Leaf
from chainrule.numeric.checking.ranges import runs


def search(error, shapes, most, stretches=(), mass=None):
    """Search with so many measurements at most; the error per unit of mass of each component is given."""
    leaves, start = [], 0
    for number, shape in enumerate(shapes):
        leaves.append(Leaf(f"W{number}", np.zeros(shape), False, start))
        start = leaves[-1].stop
    mass = np.random.default_rng(0).uniform(0.5, 2.0, start) if mass is None else mass
    spent = []

    def residual_along(start, stop, power):
        spent.append(1)
        position = (np.arange(stop - start) + 0.5) / (stop - start)
        return float(np.sum((error * mass)[start:stop] * position**power)), 1e-9

    found = Search(leaves, stretches, mass, float(np.sum(error * mass)), 1e-9, residual_along)
    while len(spent) + 5 <= most and found.step():
        pass
    return leaves, found, [(blocks[0].start, blocks[-1].stop) for blocks in found.groups]


def errors(size, ranges, by=1.0):
    error = np.zeros(size)
    for start, stop in ranges:
        error[start:stop] = by
    return error


class TestSearch:
    def test_one_array_among_many(self):
        shapes = [(100, 10)] * 64
        leaves, found, groups = search(errors(64_000, [(17_000, 18_000)]), shapes, 20)
        assert groups == [(17_000, 18_000)]
        assert [label for label, _, _ in runs(leaves, *groups[0])] == ["W17"]
        assert found.uncertainty(found.groups[0]) == 0

    def test_one_row(self):
        _, found, groups = search(errors(64_000, [(31_400, 31_500)]), [(640, 100)], 30)
        assert groups == [(31_400, 31_500)]
        assert found.uncertainty(found.groups[0]) == 0

    @settings(deadline=None, max_examples=25)
    @given(
        starts=st.lists(st.integers(0, 99), min_size=1, max_size=5, unique=True),
        size=st.integers(1, 500),
        by=st.sampled_from([2.0, -1.0, 0.3]),
    )
    @example(starts=[10, 28, 34, 4, 16], size=494, by=2.0)  # evenly spaced: the halves of a frame are off alike
    @example(starts=[1, 20, 39, 58], size=447, by=2.0)
    def test_ranges_of_a_constant_error_cost_a_few_measurements_each(self, starts, size, by):
        ranges = [(1000 * start, 1000 * start + size) for start in sorted(starts)]
        _, _, groups = search(errors(100_000, ranges, by), [(100_000,)], 150)
        assert groups == ranges

    @settings(deadline=None, max_examples=25)
    @given(first=st.integers(0, 20), apart=st.integers(1, 19), count=st.integers(2, 5), size=st.integers(1, 500))
    @example(first=43, apart=8, count=4, size=47)
    def test_evenly_spaced_ranges_do_not_pass_for_one(self, first, apart, count, size):
        ranges = [(1000 * (first + i * apart), 1000 * (first + i * apart) + size) for i in range(count)]
        _, _, groups = search(errors(100_000, ranges), [(100_000,)], 150, mass=np.ones(100_000))
        assert groups == ranges

    def test_an_error_without_any_rule_is_framed_by_halving(self):
        error = np.zeros(2**16)
        error[5000:5016] = np.random.default_rng(1).normal(size=16)
        _, _, groups = search(error, [(2**16,)], 200)
        assert groups == [(5000, 5016)]

    def test_stretches_are_tried_first(self):
        ranges = [(1234, 2345), (50_001, 50_100)]
        _, found, groups = search(errors(65_536, [ranges[0]]), [(65_536,)], 10, ranges)
        assert groups == [ranges[0]]
        assert found.uncertainty(found.groups[0]) == 0

    def test_what_is_still_uncertain_is_said(self):
        ranges = [(100_000, 100_700), (300_000, 300_100)]
        _, found, groups = search(errors(1_000_000, ranges), [(1_000_000,)], 12)
        for (start, stop), blocks in zip(groups, found.groups, strict=True):
            inside = [r for r in ranges if start <= r[0] and r[1] <= stop]
            assert inside
            assert max(inside[0][0] - start, stop - inside[-1][1]) <= found.uncertainty(blocks)

    def test_the_residuals_of_all_blocks_add_up(self):
        error = errors(10_000, [(100, 200), (5000, 5500)])
        _, found, _ = search(error, [(100, 50), (5000,)], 60)
        assert [b.start for b in found.blocks[1:]] == [b.stop for b in found.blocks[:-1]]
        mass = np.diff(found.sums)
        for block in found.blocks:
            assert block.residual == pytest.approx(np.sum((error * mass)[block.start : block.stop]), abs=1e-8)
