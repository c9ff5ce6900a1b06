"""Which components of a result may depend on which components of the inputs, record by record.

Nothing is known of any operation here. Where the axes go is in its shape rule, and what is linear is in its derivative:

- an elementwise operation: each component on the same of each operand, as they broadcast;
- a linear or multilinear one: where its matrix has entries, found by `places_of`;
- one along an axis, or on a stack: each line, or each member, is a block;
- any other, such as a user's own: every component on all of its operands.

The answer holds for all values of the inputs that take the same branches and the same indices: a zero that is one by
chance counts as an entry. Source: Griewank and Walther, Evaluating Derivatives (2008), section 7.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.axes import AxisRule
from chainrule.core.derivative import Constant, Linear, Multilinear
from chainrule.core.graph import site_of
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Shape, elementwise
from chainrule.errors import LimitError, ShapeError
from chainrule.passes.sparsity.boolean import Indices, Pattern, joined, picked, scipy_sparse, spread
from chainrule.passes.sparsity.linear import places_of

__all__ = ["dependence"]


def dependence(records: Sequence[Record], inputs: Mapping[Record, Pattern], limit: int) -> dict[Record, Pattern]:
    """For each record that depends on the inputs, a row for each of its components: on which columns it depends.

    Args:
        records: a tape of plain values, in order of computation.
        inputs: the pattern of each input.
        limit: how many entries one pattern may have.

    Raises:
        LimitError: a pattern has more entries; the operation is named, with its line.
        MissingExtraError: SciPy is not installed.
    """
    found: dict[Record, Pattern] = dict(inputs)
    for record in records:
        if record.primitive is None or isinstance(record.primitive.derivative, Constant):
            continue
        moving = {i: found[operand] for i, operand in enumerate(record.operands) if operand in found}
        if moving:
            found[record] = _Step(record, moving, limit).pattern()
    return found


class _Step:
    """One record, and the patterns of those of its operands that depend on the inputs."""

    def __init__(self, record: Record, moving: dict[int, Pattern], limit: int) -> None:
        assert record.primitive is not None
        self.record, self.primitive, self.moving, self.limit = record, record.primitive, moving, limit
        self.shape = np.shape(record.value)
        self.size = int(np.prod(self.shape))

    def pattern(self) -> Pattern:
        if self.primitive.shape is elementwise:
            return joined([self._aligned(i) for i in self.moving])
        if isinstance(self.primitive.derivative, Multilinear):
            return joined([self._linear([i]) for i in self.moving])
        if isinstance(self.primitive.derivative, Linear):
            return self._linear(list(self.moving))
        return self._blocks()

    def _aligned(self, i: int) -> Pattern:
        shape = np.shape(self.record.values[i])
        if shape == self.shape:
            return self.moving[i]
        size = int(np.prod(shape))
        labels = np.broadcast_to(np.arange(size).reshape(shape), self.shape)
        return self._times(picked(labels.reshape(-1), size), self.moving[i])

    # --- linear operations --------------------------------------------------------------------------------------------

    def _linear(self, operands: list[int]) -> Pattern:
        """The operation as a map of the chosen operands, one behind the other; the others stay what they are."""
        record = self._at_random(operands)
        derivative = self.primitive.derivative
        shapes = [np.shape(self.record.values[i]) for i in operands]
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        zeros: list[Any] = [None] * len(record.values)

        def forward(vector: Any) -> Any:
            tangents = list(zeros)
            for i, shape, start, end in zip(operands, shapes, ends[:-1], ends[1:], strict=True):
                tangents[i] = vector[start:end].reshape(shape)[()]
            out = derivative.push(evaluating, record, tangents)
            return np.zeros(self.size) if out is None else np.asarray(out).reshape(-1)

        def back(vector: Any) -> Any:
            terms = derivative.pull(evaluating, record, vector.reshape(self.shape)[()], None)
            parts = [getattr(terms[i], "value", terms[i]) for i in operands]
            return np.concatenate(
                [
                    np.zeros(end - start) if part is None else np.asarray(part).reshape(-1)
                    for part, start, end in zip(parts, ends[:-1], ends[1:], strict=True)
                ]
            )

        places = places_of(forward, back, self.size, int(ends[-1]), self.limit)
        if places is None:
            raise self._too_many()
        stacked = [self.moving[i] for i in operands]
        return self._times(places, stacked[0] if len(stacked) == 1 else scipy_sparse().vstack(stacked, format="csr"))

    def _at_random(self, operands: list[int]) -> Record:
        """The record in double precision, with other values of the operands that move: none of them zero by chance."""
        rng = np.random.default_rng(2)
        values = []
        for i, value in enumerate(self.record.values):
            array = np.asarray(value)
            if i in self.moving:
                values.append(rng.uniform(1.0, 2.0, array.shape)[()])
            else:
                values.append(value.astype(np.float64) if array.dtype.kind == "f" and array.ndim else value)
        out = np.zeros(self.shape, np.result_type(np.asarray(self.record.value).dtype, np.float64))[()]
        chosen = [self.record.operands[i] if i in operands else None for i in range(len(values))]
        return Record(self.primitive, chosen, values, out, self.record.parameters)

    # --- operations that are linear in nothing ------------------------------------------------------------------------

    def _blocks(self) -> Pattern:
        """Every component of a result on all components of its own line, of its own member of a stack, or on all."""
        total = []
        for i, pattern in self.moving.items():
            count, inside, outside = self._groups(np.shape(self.record.values[i]))
            merged = self._times(spread(inside, count), pattern)
            total.append(self._times(picked(outside, count), merged))
        return joined(total)

    def _groups(self, shape: Shape) -> tuple[int, Indices, Indices]:
        """How many groups there are, and the group of each component of the operand and of the result."""
        if isinstance(self.primitive.shape, AxisRule):
            axis = self.record.parameters["axis"]
            axes = axis if isinstance(axis, tuple) else (axis,)
            kept = tuple(1 if i in axes else n for i, n in enumerate(shape))
            rest = tuple(n for i, n in enumerate(shape) if i not in axes)
            count = int(np.prod(rest))
            groups = np.arange(count)
            inside = np.broadcast_to(groups.reshape(kept), shape).reshape(-1)
            if self.shape == shape:
                return count, inside, inside
            if self.shape in (kept, rest):
                return count, inside, groups
        count = int(np.prod(self.shape[: self._stacked_axes()]))
        members = np.arange(count)
        return count, np.repeat(members, int(np.prod(shape)) // count), np.repeat(members, self.size // count)

    def _stacked_axes(self) -> int:
        """How many leading axes only count the members of a stack: what a batch of members would be computed as."""
        operands, shape = list(self.record.values), self.shape
        rule, parameters = self.primitive.shape, self.record.parameters
        axes = 0
        while not self.primitive.opaque and shape and all(np.shape(x)[:1] == shape[:1] != (0,) for x in operands):
            try:
                if rule.infer([np.shape(x)[1:] for x in operands], parameters) != shape[1:]:
                    break
            except ShapeError:
                break
            if not self._is_batch(operands, shape):
                break
            operands, shape, axes = [x[0] for x in operands], shape[1:], axes + 1
        return axes

    def _is_batch(self, operands: Sequence[Any], shape: Shape) -> bool:
        """Whether the operation on these operands is what its own rule makes of a batch along their first axis."""
        calls: list[tuple[Any, ...]] = []

        def asked(*given: Any, **named: Any) -> Any:
            calls.append((given, named))
            return np.zeros(shape)

        self.primitive.shape.batch(evaluating, asked, operands, [True] * len(operands), self.record.parameters)
        return [named for _, named in calls] == [dict(self.record.parameters)] and all(
            a is b for a, b in zip(calls[0][0], operands, strict=True)
        )

    # --- what it comes to ---------------------------------------------------------------------------------------------

    def _times(self, places: Pattern, pattern: Pattern) -> Pattern:
        lengths = np.diff(pattern.indptr)
        if int(lengths[places.indices].sum()) > self.limit:
            raise self._too_many()
        return places @ pattern

    def _too_many(self) -> LimitError:
        record = self.record
        where = f" ({site_of(record.code, record.offset)})" if record.code is not None else ""
        return LimitError(
            f"{self.primitive.name}{where} has more than {self.limit:,} entries in its derivative: it is not sparse\n"
            "  if you know a sparser pattern of the whole, give it; else use chainrule.jvp and vjp, or jacobian"
        )
