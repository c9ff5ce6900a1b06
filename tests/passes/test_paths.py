"""Paths through a graph: those that are listed are as many as are counted, and none is missing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from nodes import input_node

from chainrule.passes.paths import path_counts, paths

NODES = [input_node(f"v{i}") for i in range(8)]
EDGES = [(i, j) for i in range(len(NODES)) for j in range(i + 1, len(NODES))]


@given(st.lists(st.sampled_from(EDGES), unique=True))
def test_what_is_counted_is_listed(edges: list[tuple[int, int]]) -> None:
    users = {node: [NODES[j] for i, j in edges if NODES[i] is node] for node in NODES}
    counts = path_counts(users, NODES[-1])
    for start in NODES:
        found = list(paths(users, start, NODES[-1]))
        assert len(found) == len(set(found)) == counts[start]
        for path in found:
            assert path[0] is start
            assert path[-1] is NODES[-1]
            assert all(user in users[node] for node, user in pairwise(path))


@pytest.mark.parametrize("n", [1, 60])
def test_exponentially_many_are_counted_at_once(n: int) -> None:
    chain = [input_node(f"v{i}") for i in range(2 * n + 1)]
    users = {node: chain[i + 1 : i + 3] if i % 2 == 0 else chain[i + 1 : i + 2] for i, node in enumerate(chain)}
    assert path_counts(users, chain[-1])[chain[0]] == 2**n
