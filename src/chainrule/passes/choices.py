"""What a decomposition leaves open must not matter: the function is run once more with another choice.

Where eigenvalues are equal, eigenvectors are any basis of their space. A function of them has a derivative only if it
is the same for every basis, and a cotangent at one basis cannot tell: v[0, 0] stands still to first order at the basis
that LAPACK gives for the identity. The tape can tell. What follows the decomposition is computed again from another
result that solves the same equations: the value must be the same, and so must the gradient, also that by what else the
function is made of: of v^T A v, by A itself.

Several bases also tell what one leaves open. Of V diag(f(w)) V^H the cotangents at one basis do not hold the slope of f
between equal values; those at some bases together do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.coincidence import equal_values, tied_values
from chainrule.core.cotangent import Mask
from chainrule.core.graph import Node
from chainrule.core.packed import Decomposition, Packed, placed, reached_parts
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.core.shapes import Array
from chainrule.core.traced import Traced, plain_value
from chainrule.errors import DegeneracyError
from chainrule.passes.vectors_read import vectors_read

__all__ = [
    "choice_matters",
    "guarded",
    "largest",
    "one_sided",
    "pulled",
    "run_elsewhere",
    "tolerance",
    "without_rounding",
]

Pull = Callable[[Sequence[Record], Mapping[Record, Array], Any], dict[Record, Array]]


def pulled(
    derivative: Packed,
    record: Record,
    cotangent: Array,
    mask: Mask | None,
    F: Any,
    records: Sequence[Record],
    seeds: Mapping[Record, Array],
    pull: Pull,
) -> Sequence[Any]:
    """The contributions of a decomposition; raises `DegeneracyError` where what it leaves open matters.

    Args:
        derivative, record: the decomposition.
        cotangent, mask: what came back to it.
        F, records, seeds: the backward pass: its namespace, the tape, and the cotangents of the outputs.
        pull: the backward pass itself.
    """
    if derivative.is_open(record, mask):
        return _settled(derivative, record, cotangent, mask, F, records, seeds, pull)
    reached = reached_parts(mask)
    with placed(record):
        return derivative.pulled(F, record, guarded(F, cotangent, record, reached, records), reached)


def run_elsewhere(value: Any) -> bool:
    """Whether a value stands for others too: a node, or one of a trace that becomes a graph."""
    while type(value) is Traced:
        if value.record.trace is not None and value.record.trace.elsewhere:
            return True
        value = value.record.value
    return isinstance(value, Node)


def guarded(F: Any, change: Array, record: Record, reached: Any, records: Sequence[Record]) -> Array:
    """A tangent or cotangent of a decomposition; in a graph checked where it runs, which is not here alone.

    There is no tape to run again then. So what the graph was not made for is refused: values that are equal, where one
    of their vectors is read.
    """
    assert record.primitive is not None
    assert isinstance(record.primitive.derivative, Packed)
    choice = record.primitive.derivative.choice
    if choice.known is None or not run_elsewhere(record.value) or not any(part in reached for part in choice.parts):
        return change
    told = choice.known(record.values[0], **record.parameters)
    told = {**told, "read": vectors_read(records, record, choice.parts)}
    seen: Any = ()
    if not isinstance(record.value, Node):
        tied = tied_values(plain_value(record.value), **told)
        seen = tuple(tuple(map(int, pair)) for pair in np.argwhere(tied))
    return F.known_basis(change, record.value, **told, seen=seen)


def _settled(
    derivative: Packed,
    record: Record,
    cotangent: Array,
    mask: Mask | None,
    F: Any,
    records: Sequence[Record],
    seeds: Mapping[Record, Array],
    pull: Pull,
) -> Sequence[Any]:
    """The contributions of a decomposition whose choice is found not to matter; else raises `DegeneracyError`."""
    reached = reached_parts(mask)
    with placed(record):
        if run_elsewhere(cotangent) and not run_elsewhere(record.value) and _is_of_a_basis(derivative, record):
            raise _depends(record, _ELSEWHERE)
        tail = _Tail(records, record, seeds, plain_value(cotangent))
        operand = plain_value(record.values[0])
        known = [(plain_value(record.value), plain_value(cotangent))]
        beside: list[Mapping[Record, Array]] = []
        rng = np.random.default_rng(1)

        def samples(count: int) -> Sequence[tuple[Array, Array]]:
            while len(known) < count:
                other = derivative.choice.other(rng, known[0][0], operand, **record.parameters)
                assert other is not None  # the rule asked because there is one
                back, others = tail.cotangents(other, pull)
                known.append((other, back))
                beside.append(others)
            return known[:count]

        samples(2)
        if tail.beside:
            _, before = tail.cotangents(known[0][0], pull)
            for other in tail.beside:
                scale = largest(known[0][1]) / (largest(plain_value(other.value)) or 1.0)
                if not _close(before[other], beside[0][other], scale):
                    raise _depends(record, _BESIDE)
        within = None
        if derivative.choice.within is not None:
            within = derivative.choice.within(samples, reached, operand, **record.parameters)
        found = []
        for result, back in samples(2):
            flat = Record(record.primitive, record.operands, [operand], result, record.parameters)
            found.append(np.asarray(derivative.pulled(plain, flat, back, reached, within)[0]))
        first, second = found
        if not _close(first, second, largest(known[0][1]) / (largest(operand) or 1.0)):
            raise _depends(record)
        # What was found within blocks is a number: it has no derivative of its own for an outer level.
        nested = any(type(x) is Traced for x in (record.value, cotangent))
        if run_elsewhere(record.value) and within is not None and not np.all(within[1]):
            raise _depends(record, _ELSEWHERE)
        checked = guarded(F, cotangent, record, reached, records)
        return derivative.pulled(F, record, checked, reached, None if nested else within)


def _is_of_a_basis(derivative: Packed, record: Record) -> bool:
    out, operand = plain_value(record.value), plain_value(record.values[0])
    return derivative.choice.is_of_a_basis(out, operand, **record.parameters)


def without_rounding(
    error: DegeneracyError,
    record: Record,
    cotangent: Array,
    mask: Mask | None,
    F: Any,
    records: Sequence[Record],
    seeds: Mapping[Record, Array],
    pull: Pull,
) -> Sequence[Any]:
    """The contributions of a decomposition that was refused, if rounding is all that it was refused for.

    Near its optimum (w - 1)^2 has weights that are nothing but rounding, and so do not agree for equal values. What
    rounding makes of a cotangent is measured: it is computed from results that differ from this one by rounding. If the
    whole cotangent is of that size it is zero; of values without vectors the weights of equal ones are averaged.

    Args:
        error: the refusal, raised again where there is more to it.
        record: the decomposition; see `settled` for the others.
    """
    assert record.primitive is not None
    derivative, out = record.primitive.derivative, record.value
    plainly = not any(isinstance(x, (Traced, Node)) for x in (out, cotangent))
    if not (plainly and isinstance(derivative, Decomposition)):
        raise error
    tail = _Tail(records, record, seeds, cotangent)
    rng = np.random.default_rng(2)
    step = 10 * np.finfo(out.dtype).eps * largest(out)
    nearby = [out + step * rng.normal(size=out.shape).astype(np.real(out).dtype) for _ in range(3)]
    moved = [tail.run(other, pull)[0] for other in nearby]
    noise = 100 * max(largest(found[record] - cotangent) for found in moved)
    packed = isinstance(derivative, Packed)
    vectors = isinstance(derivative, Packed) and any(part in reached_parts(mask) for part in derivative.choice.parts)
    everywhere = [cotangent]  # and not at this one choice alone
    if isinstance(derivative, Packed) and vectors:
        other = derivative.choice.other(rng, out, record.values[0], **record.parameters)
        with placed(record):
            if other is not None:
                back, found = tail.cotangents(other, pull)
                everywhere.append(back)
                before = tail.run(out, pull)[0] if tail.beside else {}

                def is_apart(beside: Record, was: Array) -> bool:
                    apart = 100 * max(largest(near[beside] - was) for near in moved) + tolerance(was) * largest(was)
                    return not largest(found[beside] - was) <= apart

                if any(beside is not record and is_apart(beside, was) for beside, was in before.items()):
                    raise error
    if all(largest(g) <= noise for g in everywhere):
        return [np.zeros_like(value) for value in record.values]
    if vectors or (not packed and out.ndim != record.values[0].ndim - 1):
        raise error
    w, weights = (out[..., 0, :], cotangent[..., 0, :]) if packed else (out, cotangent)
    equal = equal_values(w)
    apart = np.abs(weights[..., None, :] - weights[..., :, None])
    if np.any(equal & (apart > noise)):
        raise error
    mean = (np.where(equal, weights[..., None, :], 0).sum(-1) / equal.sum(-1)).astype(weights.dtype)
    cleaned = np.array(cotangent)
    cleaned[(..., 0, slice(None)) if packed else ...] = mean
    return derivative.pull(F, record, cleaned, mask)


_ANOTHER = (
    "with other vectors, as good as these, the function has another value or gradient, so it has no derivative\n"
    "  use a function of their space, such as V_b @ V_b.T, or one that no phase changes, such as abs(v)"
)
_BESIDE = (
    "with other vectors, as good as these, the function moves otherwise with what stands beside them: its\n"
    "  derivative cannot be told from this; take values and vectors from one call, where they are seen together"
)
_ELSEWHERE = (
    "whether the choice of vectors matters is found for one matrix, by running the function again: no graph holds it\n"
    "  make the graph at a matrix whose values differ, or call chainrule.grad, jacobian or jvp at this one"
)
_ONE_SIDED = (
    "to which side they move apart changes how this function moves: it has a derivative to each side at most\n"
    "  use a function in which they count alike, or move them apart"
)


def choice_matters(record: Record, elsewhere: bool = False) -> DegeneracyError:
    """The error of a decomposition where another choice of vectors gives another result.

    Args:
        record: the decomposition.
        elsewhere: the result was to hold for other values too.
    """
    return _depends(record, _ELSEWHERE if elsewhere else _ANOTHER)


def one_sided(record: Record) -> DegeneracyError:
    """The error of a decomposition whose values coincide, where the change is not linear in that of the operand."""
    return _depends(record, _ONE_SIDED)


def _depends(record: Record, why: str = _ANOTHER) -> DegeneracyError:
    assert record.primitive is not None
    derivative, out, operand = record.primitive.derivative, plain_value(record.value), plain_value(record.values[0])
    if not isinstance(derivative, Packed):
        return DegeneracyError(f"values of {record.primitive.name} coincide\n  {why}")
    return DegeneracyError(f"{derivative.choice.words(out, operand, **record.parameters)}\n  {why}")


class _Tail:
    """What was computed from one record on, to be computed again.

    Attributes:
        beside: what else it was computed from.
    """

    def __init__(
        self, records: Sequence[Record], start: Record, seeds: Mapping[Record, Array], cotangent: Array
    ) -> None:
        self.start, self.first = start, cotangent
        self.records: list[Record] = []
        reached = {self.start}
        for record in records[records.index(self.start) + 1 :]:
            if any(operand in reached for operand in record.operands):
                reached.add(record)
                self.records.append(record)
        operands = (operand for record in self.records for operand in record.operands)
        self.beside = list(dict.fromkeys(x for x in operands if x is not None and x not in reached))
        self.seeds = {record: plain_value(seed) for record, seed in seeds.items() if record in reached}

    def run(self, other: Array, pull: Pull) -> tuple[Mapping[Record, Array], Mapping[Record, Record]]:
        """What comes back to the first record, where its value is another one, and to those beside; and the copies."""
        copies = {record: _leaf(plain_value(record.value)) for record in self.beside}
        copies[self.start] = _leaf(other)
        for record in self.records:
            operands = [None if operand is None else copies[operand] for operand in record.operands]
            values = [
                plain_value(value) if copy is None else copy.value
                for copy, value in zip(operands, record.values, strict=True)
            ]
            assert record.primitive is not None
            value = record.primitive.compute(*values, **record.parameters)
            copies[record] = Record(record.primitive, operands, values, value, record.parameters)
        seeds = {copies[record]: seed for record, seed in self.seeds.items()}
        found = pull(list(copies.values()), seeds, plain)
        leaves = (*self.beside, self.start)
        return {x: np.asarray(found.get(copies[x], np.zeros_like(copies[x].value))) for x in leaves}, copies

    def cotangents(self, other: Array, pull: Pull) -> tuple[Array, Mapping[Record, Array]]:
        """What comes back for another choice, to it and to all; raises `DegeneracyError` where the outputs differ."""
        found, copies = self.run(other, pull)
        back = found[self.start]
        moved = size = 0.0
        for record, seed in self.seeds.items():
            before, after = plain_value(record.value), copies[record].value
            moved += np.sum(np.real(seed * (after - before)))
            size += np.sum(np.abs(seed * before))
        # A value of zero has no size: what it is the sum of has one.
        size += np.sum(np.abs(back * other)) + np.sum(np.abs(self.first * other))
        if not np.abs(moved) <= tolerance(other) * size:
            raise _depends(self.start)
        return back, found


def _leaf(value: Any) -> Record:
    return Record(None, (), (), value, {"name": ""})


def tolerance(like: Array) -> float:
    """Half of the digits: how far two results may differ that should be one."""
    return float(np.sqrt(np.finfo(like.dtype).eps))


def largest(x: Array) -> float:
    """The largest modulus in an array, 0 if it is empty."""
    return float(np.max(np.abs(x), initial=0))


def _close(x: Array, y: Array, size: float) -> bool:
    """Whether two gradients agree, beside themselves or, where they cancel to nothing, beside what they are made of."""
    return largest(x - y) <= tolerance(x) * (largest(x) + size)
