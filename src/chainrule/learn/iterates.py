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
        self._held: list[tuple[int, Sequence[Any]]] = []
        # Steps one after the other as they were made; most are never looked at one by one.
        self._blocks: list[tuple[int, Sequence[Any]]] = []
        self._in_blocks = 0

    @property
    def held(self) -> list[tuple[int, Sequence[Any]]]:
        """What is kept: numbers of steps with the parameter arrays before them."""
        for first, leaves in self._blocks:
            self._held.extend(enumerate(zip(*leaves, strict=True), first))
        self._blocks, self._in_blocks = [], 0
        return self._held

    @held.setter
    def held(self, pairs: Sequence[tuple[int, Sequence[Any]]]) -> None:
        self._held, self._blocks, self._in_blocks = list(pairs), [], 0

    def keep(self, step: int, leaves: Sequence[Any]) -> None:
        """Keep the iterate before a step, if it is one of those that are kept."""
        if step % self.stride or self.capacity < 2:
            return
        if len(self._held) + self._in_blocks == self.capacity:
            self.stride *= 2
            self.held = [pair for pair in self.held if pair[0] % self.stride == 0]
            if step % self.stride:
                return
        if self._last >= step:
            return
        if self._blocks:
            self._add(step, [[leaf] for leaf in leaves])
        else:
            self._held.append((step, leaves))

    def keep_all(self, first: int, leaves: Sequence[Any]) -> None:
        """Keep the iterates of steps one after the other, of each parameter array along the first axis."""
        count = len(leaves[0])
        if self.capacity < 2:
            return
        if self.stride == 1 and self._last < first and len(self._held) + self._in_blocks + count <= self.capacity:
            self._add(first, leaves)
            return
        for step, row in enumerate(zip(*leaves, strict=True), first):
            if step % self.stride == 0:
                self.keep(step, [leaf.copy() for leaf in row])  # not a part of what is thinned out

    def up_to(self, step: int) -> list[tuple[int, Sequence[Any]]]:
        """What is kept of the first steps, and what they have led to."""
        return [pair for pair in self.held if pair[0] <= step]

    @property
    def _last(self) -> int:
        """The number of the last step that is kept."""
        if self._blocks:
            first, leaves = self._blocks[-1]
            return first + len(leaves[0]) - 1
        return self._held[-1][0] if self._held else -1

    def _add(self, first: int, leaves: Sequence[Any]) -> None:
        self._blocks.append((first, leaves))
        self._in_blocks += len(leaves[0])
