"""Stages from drafts of sections: every node a value, every step an assignment, a fold, a copy or a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from chainrule.core.graph import Node
from chainrule.kernels.planning import strides
from chainrule.kernels.planning.items import FOLDS, Items, concrete
from chainrule.kernels.planning.sections import Draft, Written, is_loop_value, written_shape
from chainrule.kernels.planning.sparing import spared
from chainrule.kernels.planning.strips import strip_rows
from chainrule.kernels.program import (
    Assignment,
    Fold,
    Map,
    Number,
    Operand,
    Product,
    ProductKind,
    Section,
    Stage,
    Value,
    View,
)
from chainrule.ops import indexing, shape
from chainrule.passes.fuse import Group

__all__ = ["Writing"]


@final
class Writing:
    """Turns drafts into sections.

    Args:
        items: that the nodes belong to.
        given: the values of inputs and of constants by row.
        outputs: the nodes whose values the caller gets, each with memory of its own.
        kept: other nodes that need memory.

    Attributes:
        constants: the fixed arrays that were met.
        rows: the value that holds the number of rows, if anything asks for it.
    """

    def __init__(
        self, items: Items, given: Mapping[Node, Value], outputs: Sequence[Node], kept: Sequence[Node]
    ) -> None:
        self.items = items
        self.constants: list[tuple[Value, Any]] = []
        self.rows: Value | None = None
        self._everywhere: dict[Node, Value] = dict(given)  # what has one value in all sections
        self._here: dict[Node, Value] = {}
        self._lasting = {*outputs, *kept}
        self._outputs = set(outputs)

    def sections(self, drafts: Sequence[Draft]) -> list[Section]:
        """The sections, in order."""
        self._lasting |= self._read_elsewhere(drafts)
        return [self._section(draft) for draft in drafts]

    def value(self, node: Node) -> Operand:
        """The value of a node; a number for what is one, repeated or not."""
        base, (offset, steps) = self.items.layout(node)
        if base.is_constant and base.shape == ():
            return Number(base.parameters["value"], concrete(base.dtype))
        memory = self._memory(base)
        if node is base or (node.shape == base.shape and (offset, steps) == (0, strides.contiguous(base.shape))):
            return memory
        values = self._here if self._is_here(base) else self._everywhere
        if node not in values:
            view = View(memory, offset, steps)
            values[node] = Value(node.shape, memory.dtype, memory.by_row, self.items.names.get(node, ""), view)
        return values[node]

    def array(self, node: Node) -> Value:
        """The value of a node that is no number."""
        found = self.value(node)
        assert isinstance(found, Value)  # else it would have been copied
        return found

    def _is_here(self, base: Node) -> bool:
        return self.items.by_row(base) and base not in self._everywhere and base not in self._outputs

    def _memory(self, base: Node) -> Value:
        values = self._here if self._is_here(base) else self._everywhere
        found = values.get(base)
        if found is not None:
            return found
        name = self.items.names.get(base, base.name)
        found = values[base] = Value(base.shape, concrete(base.dtype), self.items.by_row(base), name)
        if base is self.items.rows:
            self.rows = found
        elif base.is_constant:
            array = np.ascontiguousarray(base.parameters["value"], found.dtype)
            self.constants.append((found, array.reshape(base.shape)))
        return found

    def _read_elsewhere(self, drafts: Sequence[Draft]) -> set[Node]:
        """Fixed values that another section reads."""
        found: set[Node] = set()
        for draft in drafts:
            needs = [self.items.layout(operand)[0] for node in draft.calls for operand in node.operands]
            for group in draft.groups:
                for step in group.steps:
                    needs += self._needs(step.makes)
            found.update(need for need in needs if need not in draft.makes)
            found.update(draft.calls)
        return found

    def _needs(self, makes: Any) -> list[Node]:
        node = makes.node if isinstance(makes, Written) else makes
        total = self.items.totals.get(node)
        return [self.items.layout(part)[0] for part in (node.operands if total is None else total.parts)]

    def _section(self, draft: Draft) -> Section:
        self._here = {}
        if draft.calls:
            calls = [(node, tuple(map(self.value, node.operands)), self._memory(node)) for node in draft.calls]
            return Section((), False, calls=tuple(calls))
        home = {step.makes: group for group in draft.groups for step in group.steps}
        stored: set[Any] = set(self._lasting)
        for group in draft.groups:
            for step in group.steps:
                stored.update(step.whole)
                stored.update(need for need in step.inside if home[need] is not group)
        stored = spared(draft.groups, stored, self._lasting, self._streams)
        stages = tuple(self._stage(group, draft.by_row, stored) for group in draft.groups)
        totals = [
            (self._memory(step.makes), self.items.totals[step.makes].kind)
            for group in draft.groups
            for step in group.steps
            if isinstance(step.makes, Node) and step.makes in self.items.totals
        ]
        return Section(stages, draft.by_row, strip_rows(stages) if draft.by_row else 0, tuple(totals))

    def _streams(self, node: Node) -> bool:
        """Whether a value is loaded for each component of a loop of its shape: numbers are not."""
        return node.shape != () or self.items.by_row(node)

    def _stage(self, group: Group, by_row: bool, stored: set[Any]) -> Stage:
        if group.loop is None:
            (step,) = group.steps
            return self._product(step.makes)
        assignments: list[Assignment] = []
        stores: list[Value] = []
        folds: list[Fold] = []
        copies: list[tuple[Operand, Value]] = []
        for step in group.steps:
            node: Any = step.makes
            if isinstance(node, Written):
                copies.append(self._written(node))
            elif node in self.items.totals:
                total = self.items.totals[node]
                folds.append(Fold(total.kind, self.value(total.source), total.axes, True, self._memory(node)))
            elif node.primitive in FOLDS:
                (source,) = node.operands
                axes = node.parameters["axis"]
                folds.append(Fold(FOLDS[node.primitive], self.value(source), axes, False, self._memory(node)))
            elif node.primitive is shape.copy:
                copies.append((self.value(node.operands[0]), self._memory(node)))
            else:
                assert is_loop_value(self.items, node)
                target = self._memory(node)
                operands = tuple(map(self.value, node.operands))
                assignments.append(Assignment(target, node.primitive, operands, node.parameters))
                if node in stored:
                    stores.append(target)
        loop: Any = group.loop
        return Map(loop, by_row, tuple(assignments), tuple(stores), tuple(folds), tuple(copies))

    def _written(self, part: Written) -> tuple[Operand, Value]:
        node, place = part.node, part.place
        memory = self._memory(node)
        whole = (0, strides.contiguous(node.shape))
        if node.primitive in (indexing.set_item, indexing.scatter):
            if place == 0:
                number = Number(0, memory.dtype)
                return number if node.primitive is indexing.scatter else self.value(node.operands[0]), memory
            offset, steps = strides.indexed(whole, node.shape, node.parameters["pattern"])
        else:
            axis = node.parameters["axis"]
            lengths = [1 if node.primitive is shape.stack else operand.shape[axis] for operand in node.operands]
            start = sum(lengths[:place])
            entry = start if node.primitive is shape.stack else slice(start, start + lengths[place])
            offset, steps = strides.indexed(whole, node.shape, (*[slice(None)] * axis, entry))
        view = View(memory, offset, steps)
        out = Value(written_shape(node, place), memory.dtype, memory.by_row, view=view)
        return self.value(node.operands[place]), out

    def _product(self, node: Any) -> Product:
        total = self.items.totals.get(node)
        if total is not None:
            kind, (left, right) = ProductKind.OVER_ROWS, total.parts
        else:
            left, right = node.operands
            by_row = self.items.by_row(left), self.items.by_row(right)
            kinds = {(True, True): ProductKind.EACH, (True, False): ProductKind.ROWS, (False, False): ProductKind.FIXED}
            kind = kinds[by_row]
        return Product(kind, self.array(left), self.array(right), self._memory(node))
