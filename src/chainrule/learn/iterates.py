"""The path of a descent, within a budget of memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

__all__ = ["Iterates"]


@final
class Iterates:
    """The path of a descent within a budget of bytes: every stride-th iterate, the stride doubling when it is full."""

    def __init__(self, leaves: Sequence[Any], budget: int) -> None:
        self.capacity = budget // max(1, sum(leaf.nbytes for leaf in leaves))
        self.stride = 1
        self.held: list[tuple[int, Sequence[Any]]] = []

    def keep(self, step: int, leaves: Sequence[Any]) -> None:
        if step % self.stride or self.capacity < 2:
            return
        if len(self.held) == self.capacity:
            self.stride *= 2
            self.held = [pair for pair in self.held if pair[0] % self.stride == 0]
            if step % self.stride:
                return
        if not self.held or self.held[-1][0] < step:
            self.held.append((step, leaves))

    def keep_all(self, first: int, leaves: Sequence[Any]) -> None:
        """Keep the iterates of steps one after the other, of each parameter array along the first axis."""
        rows = zip(*leaves, strict=True)
        if self.stride == 1 and len(self.held) + len(leaves[0]) <= self.capacity:
            self.held.extend(enumerate(rows, first))
            return
        for step, row in enumerate(rows, first):
            if step % self.stride == 0:
                self.keep(step, [leaf.copy() for leaf in row])  # not a part of what is thinned out

    def up_to(self, step: int) -> list[tuple[int, Sequence[Any]]]:
        return [pair for pair in self.held if pair[0] <= step]
