"""Values that a later loop computes again, since that is cheaper than to store and to read them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, final

from chainrule.core.graph import Node
from chainrule.ops import arithmetic, compare, piecewise
from chainrule.passes.fuse import Group, Step

__all__ = ["spared"]

_CHEAP = frozenset(
    {
        arithmetic.add,
        arithmetic.subtract,
        arithmetic.multiply,
        arithmetic.negative,
        arithmetic.square,
        piecewise.where,
        piecewise.abs,
        piecewise.maximum,
        piecewise.minimum,
        compare.less,
        compare.less_equal,
        compare.greater,
        compare.greater_equal,
        compare.equal,
        compare.not_equal,
        compare.logical_and,
        compare.logical_or,
        compare.logical_not,
    }
)
_MOST = 2  # operations that are done again


def spared(groups: Sequence[Group], stored: set[Any], lasting: set[Any], streams: Callable[[Node], bool]) -> set[Any]:
    """Let loops compute again what is cheap.

    Args:
        groups: of one section; steps are put in front of those that need what is computed again.
        stored: what has memory.
        lasting: what has to have memory.
        streams: whether reading a value takes a load for each component of the loop, as those of its shape do.

    Returns:
        What still has memory.
    """
    return _Sparing(groups, stored, lasting, streams).run()


@final
class _Sparing:
    def __init__(
        self, groups: Sequence[Group], stored: set[Any], lasting: set[Any], streams: Callable[[Node], bool]
    ) -> None:
        self._groups = groups
        self._stored = set(stored)
        self._streams = streams
        self._steps = {step.makes: step for group in groups for step in group.steps}
        self._home = {step.makes: group for group in groups for step in group.steps}
        self._whole = {need for group in groups for step in group.steps for need in step.whole}
        self._fixed = lasting | self._whole

    def run(self) -> set[Any]:
        for group in self._groups:
            for step in group.steps:
                if step.makes in self._stored and step.makes not in self._fixed and self._is_cheap(step):
                    self._stored.discard(step.makes)
        for group in self._groups:
            again: dict[Any, Step] = {}
            for step in group.steps:
                self._collect(step, group, again)
            group.steps[:0] = again.values()
        return self._stored

    def _is_cheap(self, step: Step) -> bool:
        operations, loads = self._cost(step)
        return operations <= _MOST and len(loads) <= 1

    def _cost(self, step: Step) -> tuple[int, set[Any]]:
        """How many operations it takes to compute a value again from what has memory, and what is loaded for it."""
        node = step.makes
        if not isinstance(node, Node) or node.primitive not in _CHEAP:
            return _MOST + 1, set()
        # What is repeated along the loop stays near; what is as large as the loop is read from further away.
        own = {operand for operand in node.operands if operand.shape == node.shape and self._streams(operand)}
        operations, loads = 1, own
        for need in step.inside:
            if need not in self._stored:
                loads.discard(need)
                more, others = self._cost(self._steps[need])
                operations, loads = operations + more, loads | others
            if operations > _MOST:
                break
        return operations, loads

    def _collect(self, step: Step, group: Group, again: dict[Any, Step]) -> None:
        for need in step.inside:
            if self._home[need] is not group and need not in self._stored and need not in again:
                made = self._steps[need]
                self._collect(made, group, again)
                again[need] = made
