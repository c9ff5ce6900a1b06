"""Watching a derivative as it is computed: kinks under `strict`, NaN and infinity under `watch_numbers`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from chainrule.core.cotangent import Masked, Piece
from chainrule.core.graph import place_of
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.traced import Trace, Traced, plain_value
from chainrule.core.warning import warn
from chainrule.errors import DerivativeMissingError, KinkError, NonFiniteError
from chainrule.passes.forward import Observer as TangentObserver
from chainrule.passes.reverse import Observer, pull

__all__ = [
    "observer_in_force",
    "strict",
    "tangent_observer_in_force",
    "unwatched",
    "warn_of_writes",
    "watch_numbers",
    "watched",
]

_strict: ContextVar[bool] = ContextVar("strict", default=False)
_watching: ContextVar[bool] = ContextVar("watch_numbers", default=False)
unwatched = (_strict, _watching)  # variables that are False where nothing is watched


@contextmanager
def strict() -> Iterator[None]:
    """Within it, a derivative asked for at a kink, tie or pole raises `KinkError` instead of taking a documented value.

    It holds in reverse and in forward mode. Branches that `where` does not take do not count.

    >>> import numpy as np, chainrule as cr
    >>> cr.grad(np.abs)(0.0)
    np.float64(0.0)
    >>> with cr.strict():
    ...     cr.grad(np.abs)(0.0)
    Traceback (most recent call last):
    chainrule.errors.KinkError: abs has a kink here: |x| at 0, where the derivative is taken as 0...
    """
    token = _strict.set(True)
    try:
        yield
    finally:
        _strict.reset(token)


@contextmanager
def watch_numbers() -> Iterator[None]:
    """Within it, the first step of a differentiated function that makes NaN or infinity raises `NonFiniteError`.

    Forward steps come first, then those of the backward pass; in forward mode the value of each step, then its tangent.
    Values that `where` discards do not count. `vmap`, `jacobian` and `hessian` go through their examples one by one.

    >>> import numpy as np, chainrule as cr
    >>> with cr.watch_numbers(), np.errstate(divide="ignore"):
    ...     cr.grad(lambda x: np.log(x - 1.0))(1.0)
    Traceback (most recent call last):
    chainrule.errors.NonFiniteError: log gave -inf in the forward pass...
    """
    token = _watching.set(True)
    try:
        yield
    finally:
        _watching.reset(token)


def watched() -> bool:
    """Whether `strict` or `watch_numbers` is in force."""
    return _watching.get() or _strict.get()


def observer_in_force(records: Sequence[Record], seeds: Mapping[Record, Any]) -> Observer | None:
    """What has to look at a backward pass that is about to run, or None."""
    watching, strictly = _watching.get(), _strict.get()
    if not (watching or strictly):
        return None
    if watching:
        masks = _masks(records, seeds)
        for record in records:
            if record in masks:
                _check_value(record, masks[record], records)
    lines = _Lines(records, seeds.values())
    before: Record | None = None
    met: set[Record] = set()

    def observe(record: Record, cotangent: Any, mask: Any, contributions: Sequence[Any]) -> None:
        nonlocal before
        lines.claim(before)
        before = record
        if strictly:
            _check_kinks(record, None if mask is None else mask.branch, records)
            for constant in _constants_behind(record, met):
                _check_kinks(constant, None, records)
        if watching:
            _check_cotangent(record, cotangent, contributions, records)

    return observe


def tangent_observer_in_force(
    records: Sequence[Record], outputs: Sequence[Record], tangents: Mapping[Record, Any]
) -> TangentObserver:
    """What looks at a forward pass of these tangents to the outputs, where `watched()` says that something does."""
    watching, strictly = _watching.get(), _strict.get()
    masks: dict[Record, Any]
    try:
        masks = _masks(records, {output: np.ones(output.value.shape, output.value.dtype)[()] for output in outputs})
    except DerivativeMissingError:  # an operation of the user's with no rule to go back by: all values count
        masks = dict.fromkeys(records)
    lines = _Lines(records, tangents.values())

    def observe(record: Record, tangent: Any, incoming: Sequence[Any]) -> None:
        lines.claim(record)
        if record not in masks:
            return
        if strictly and any(part is not None for part in incoming):
            _check_kinks(record, masks[record], records)
        if watching:
            _check_value(record, masks[record], records)
            _check_tangent(record, tangent, incoming, masks[record], records)

    return observe


def warn_of_writes(f: Callable[..., Any], names: Sequence[str]) -> None:
    warn(
        f"{getattr(f, '__name__', 'the function')} writes into its argument {', '.join(sorted(set(names)))}; "
        "the derivative is that of the function of the argument as it was given"
    )


def _masks(records: Sequence[Record], seeds: Mapping[Record, Any]) -> dict[Record, Any]:
    """The records that outputs depend on, each with where its components count: None is everywhere."""
    values: dict[Record, Record] = {}  # without outer levels, whose tapes are not to see this
    for record in records:
        operands = [None if operand is None else values.get(operand) for operand in record.operands]
        own = [plain_value(value) for value in record.values]
        values[record] = Record(record.primitive, operands, own, plain_value(record.value), record.parameters)
    reached: dict[Record, Any] = {}

    def note(record: Record, cotangent: Any, mask: Any, contributions: Sequence[Any]) -> None:
        reached[record] = None if mask is None else mask.branch

    with np.errstate(all="ignore"):
        pull(list(values.values()), {values[r]: plain_value(seed) for r, seed in seeds.items()}, evaluating, note)
    return {record: reached[own] for record, own in values.items() if own in reached}


class _Lines:
    """Gives to what a derivative rule records on the tapes of outer levels the line of the step that it belongs to.

    A bad number in a second derivative is then named with a line of the function, not with that of the call.
    """

    def __init__(self, records: Sequence[Record], others: Iterable[Any]) -> None:
        tapes: dict[Trace, int] = {}
        for value in (*(record.value for record in records), *others):
            while type(value) is Traced:
                tape = value.record.trace
                tapes[tape] = len(tape.records or ())
                value = value.record.value
        self._ends = tapes

    def claim(self, step: Record | None) -> None:
        """What was recorded since the last call belongs to this step."""
        code, offset = (None, 0) if step is None else (step.code, step.offset)
        for tape, end in self._ends.items():
            new = (tape.records or [])[end:]
            self._ends[tape] = end + len(new)
            for record in new:
                record.code, record.offset = code, offset


def _place(record: Record, records: Sequence[Record]) -> str:
    """Where the user's code computed a record; in a loop also how many times it had done so before."""
    place = place_of(record.code, record.offset)
    alike = [r for r in records if (r.code, r.offset, r.primitive) == (record.code, record.offset, record.primitive)]
    if not place or len(alike) == 1:
        return place
    return f"{place} (number {alike.index(record) + 1} of {len(alike)} times that it ran)"


def _bad(value: Any, mask: Any = None) -> Any:
    """Where a value is NaN or infinite and the mask, if any, does not discard it; None if nowhere."""
    value = np.asarray(plain_value(value))
    if value.dtype.kind not in "fc":
        return None
    bad = ~np.isfinite(value)
    if mask is not None:
        bad = bad & np.asarray(plain_value(mask))
    return bad if bad.any() else None


def _shown(value: Any) -> str:
    value = plain_value(value)
    text = np.array2string(np.asarray(value), precision=6, threshold=8, edgeitems=2)
    return " ".join(text.split())


def _first(value: Any, bad: Any) -> tuple[Any, str]:
    """The first bad component of an array, and where it stands."""
    place = f" at {tuple(int(i) for i in np.argwhere(bad)[0])}" if bad.ndim else ""
    return np.asarray(plain_value(value))[bad].flat[0], place


def _check_value(record: Record, mask: Any, records: Sequence[Record]) -> None:
    if record.primitive is None:
        return
    bad = _bad(record.value, mask)
    if bad is not None and all(_bad(value) is None for value in record.values):
        first, place = _first(record.value, bad)
        raise NonFiniteError(
            f"{record.primitive.name} gave {first} in the forward pass{place}, "
            f"from {', '.join(_shown(value) for value in record.values)}{_place(record, records)}"
        )


def _check_tangent(record: Record, tangent: Any, incoming: Sequence[Any], mask: Any, records: Sequence[Record]) -> None:
    bad = None if tangent is None else _bad(tangent, mask)
    if bad is None:
        return
    first, place = _first(tangent, bad)
    if record.primitive is None:
        raise NonFiniteError(f"the tangent given for {record.parameters['name'] or 'the input'} is {first}{place}")
    along = ", ".join("0" if part is None else _shown(part) for part in incoming)
    raise NonFiniteError(
        f"{record.primitive.name} gave {first} as its tangent{place}, "
        f"from {', '.join(_shown(value) for value in record.values)} with the tangents {along}{_place(record, records)}"
    )


def _check_cotangent(record: Record, cotangent: Any, contributions: Sequence[Any], records: Sequence[Record]) -> None:
    bad = _bad(cotangent)
    if bad is not None:
        name = record.parameters.get("name") or "the input" if record.primitive is None else record.primitive.name
        parts = ", ".join(_shown(c.value if isinstance(c, Masked | Piece) else c) for c in contributions)
        raise NonFiniteError(
            f"the backward pass gave {np.asarray(plain_value(cotangent))[bad].flat[0]} as the gradient at {name}, "
            f"whose value is {_shown(record.value)} (contributions: {parts}){_place(record, records)}"
        )


def _constants_behind(record: Record, met: set[Record]) -> Iterator[Record]:
    """What chooses for a record and has no derivative, such as the places of a median: a backward pass stops at it."""
    waiting = [*record.operands]
    while waiting:
        operand = waiting.pop()
        if operand is None or operand.primitive is None or operand in met:
            continue
        # An index that is taken out of another comes from an operation that has a derivative, but not of an index.
        if operand.primitive.is_constant or np.asarray(plain_value(operand.value)).dtype.kind not in "fc":
            met.add(operand)
            waiting += operand.operands
            if operand.primitive.is_constant:
                yield operand


def _check_kinks(record: Record, mask: Any, records: Sequence[Record]) -> None:
    if record.primitive is None:
        return
    for kink in record.primitive.domain.kinks:
        values = [plain_value(value) for value in record.values]
        at = np.asarray(kink.where(plain_value(record.value), *values, **record.parameters))
        if mask is not None:
            at = at & np.asarray(plain_value(mask))
        if at.any():
            raise KinkError(f"{record.primitive.name} has a kink here: {kink.text}{_place(record, records)}")
