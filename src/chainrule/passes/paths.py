"""The paths from a node to the output: how many there are, and which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chainrule.core.graph import Node

__all__ = ["path_counts", "paths"]


def path_counts(users: Mapping[Node, Sequence[Node]], output: Node) -> dict[Node, int]:
    """How many paths lead from each node to the output.

    They are counted, not followed: where every step uses the one before it twice, n steps have 2^n paths.

    Args:
        users: for each node the nodes that use it, nodes before their users.
        output: where the paths end.
    """
    counts = dict.fromkeys(users, 0)
    for node in reversed(counts):
        counts[node] = int(node is output) + sum(counts[user] for user in users[node])
    return counts


def paths(users: Mapping[Node, Sequence[Node]], start: Node, output: Node) -> Iterator[tuple[Node, ...]]:
    """The paths from a node to the output, each with both ends."""
    counts = path_counts(users, output)
    waiting: list[tuple[Node, ...]] = [(start,)] if counts[start] else []
    while waiting:
        path = waiting.pop()
        if path[-1] is output:
            yield path
        waiting.extend((*path, user) for user in reversed(users[path[-1]]) if counts[user])
