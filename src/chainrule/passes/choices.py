"""What a decomposition leaves open must not matter: the function is run once more with another choice.

Where eigenvalues are equal, eigenvectors are any basis of their space. A function of them has a derivative only if it
is the same for every basis, and a cotangent at one basis cannot tell: v[0, 0] stands still to first order at the basis
that LAPACK gives for the identity. The tape can tell. What follows the decomposition is computed again from another
result that solves the same equations: the value must be the same, and so must the gradient.

Several bases also tell what one leaves open. Of V diag(f(w)) V^H the cotangents at one basis do not hold the slope of f
between equal values; those at some bases together do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.packed import OpenChoice, placed
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.core.shapes import Array
from chainrule.core.traced import Traced, plain_value
from chainrule.errors import DegeneracyError

__all__ = ["settled"]

Pull = Callable[[Sequence[Record], Mapping[Record, Array], Any], dict[Record, Array]]


def settled(
    choice: OpenChoice, records: Sequence[Record], seeds: Mapping[Record, Array], F: Any, cotangent: Array, pull: Pull
) -> Sequence[Any]:
    """The contributions of a decomposition whose choice is found not to matter; else raises `DegeneracyError`.

    Args:
        choice: the question that the decomposition's rule asked.
        records: the tape.
        seeds: the cotangents of its outputs.
        F: the namespace of the backward pass.
        cotangent: what came back to the decomposition.
        pull: the backward pass.
    """
    derivative, record, reached = choice.derivative, choice.record, choice.reached
    with placed(record):
        tail = _Tail(records, choice, seeds, plain_value(cotangent))
        operand = plain_value(record.values[0])
        known = [(plain_value(record.value), plain_value(cotangent))]
        rng = np.random.default_rng(1)

        def samples(count: int) -> Sequence[tuple[Array, Array]]:
            while len(known) < count:
                other = derivative.choice.other(rng, known[0][0], operand, **record.parameters)
                assert other is not None  # the rule asked because there is one
                known.append((other, tail.cotangent(other, pull)))
            return known[:count]

        samples(2)
        within = None
        if derivative.choice.within is not None:
            within = derivative.choice.within(samples, reached, operand, **record.parameters)
        found = []
        for result, back in samples(2):
            flat = Record(record.primitive, record.operands, [operand], result, record.parameters)
            found.append(np.asarray(derivative.pulled(plain, flat, back, reached, within)[0]))
        first, second = found
        if not _close(first, second, _largest(known[0][1]) / (_largest(operand) or 1.0)):
            raise _depends(choice)
        # What was found within blocks is a number: it has no derivative of its own for an outer level.
        nested = any(type(x) is Traced for x in (record.value, cotangent))
        return derivative.pulled(F, record, cotangent, reached, None if nested else within)


def _depends(choice: OpenChoice) -> DegeneracyError:
    record = choice.record
    out, operand = plain_value(record.value), plain_value(record.values[0])
    return DegeneracyError(
        f"{choice.derivative.choice.words(out, operand, **record.parameters)}\n"
        "  with other vectors, as good as these, the function has another value or gradient, so it has no derivative\n"
        "  use a function of their space, such as V_b @ V_b.T, or one that no phase changes, such as abs(v)"
    )


class _Tail:
    """What was computed from one record on, to be computed again."""

    def __init__(
        self, records: Sequence[Record], choice: OpenChoice, seeds: Mapping[Record, Array], cotangent: Array
    ) -> None:
        self.choice, self.start, self.first = choice, choice.record, cotangent
        self.records: list[Record] = []
        reached = {self.start}
        for record in records[records.index(self.start) + 1 :]:
            if any(operand in reached for operand in record.operands):
                reached.add(record)
                self.records.append(record)
        self.seeds = {record: plain_value(seed) for record, seed in seeds.items() if record in reached}

    def cotangent(self, other: Array, pull: Pull) -> Array:
        """What comes back to the first record where its value is another one; the outputs must be the same."""
        copies = {self.start: Record(None, (), (), other, {"name": ""})}
        for record in self.records:
            operands = [None if operand is None else copies.get(operand) for operand in record.operands]
            values = [
                plain_value(value) if copy is None else copy.value
                for copy, value in zip(operands, record.values, strict=True)
            ]
            assert record.primitive is not None
            value = record.primitive.compute(*values, **record.parameters)
            copies[record] = Record(record.primitive, operands, values, value, record.parameters)
        seeds = {copies[record]: seed for record, seed in self.seeds.items()}
        found = pull(list(copies.values()), seeds, plain).get(copies[self.start], np.zeros_like(other))
        moved = size = 0.0
        for record, seed in self.seeds.items():
            before, after = plain_value(record.value), copies[record].value
            moved += np.sum(np.real(seed * (after - before)))
            size += np.sum(np.abs(seed * before))
        # A value of zero has no size: what it is the sum of has one.
        size += np.sum(np.abs(found * other)) + np.sum(np.abs(self.first * other))
        if not np.abs(moved) <= _tolerance(other) * size:
            raise _depends(self.choice)
        return np.asarray(found)


def _tolerance(like: Array) -> float:
    return float(np.sqrt(np.finfo(like.dtype).eps))


def _largest(x: Array) -> float:
    return float(np.max(np.abs(x), initial=0))


def _close(x: Array, y: Array, size: float) -> bool:
    """Whether two gradients agree, beside themselves or, where they cancel to nothing, beside what they are made of."""
    return _largest(x - y) <= _tolerance(x) * (_largest(x) + size)
