"""Watching a derivative as it is computed: kinks under `strict`, NaN and infinity under `watch_numbers`."""

from __future__ import annotations

import linecache
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from chainrule.core.cotangent import Masked, Piece
from chainrule.core.graph import site_of
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced
from chainrule.errors import KinkError, NonFiniteError
from chainrule.passes.reverse import Observer, pull

__all__ = ["observer_in_force", "strict", "warn_of_writes", "watch_numbers", "watched"]

_strict: ContextVar[bool] = ContextVar("strict", default=False)
_watching: ContextVar[bool] = ContextVar("watch_numbers", default=False)


@contextmanager
def strict() -> Iterator[None]:
    """Within it, a derivative asked for at a kink, tie or pole raises `KinkError` instead of taking a documented value.

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

    Forward steps come first, then those of the backward pass. Values that `where` discards do not count.

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
        _check_forward(records, seeds)

    def observe(record: Record, cotangent: Any, mask: Any, contributions: Sequence[Any]) -> None:
        if strictly:
            _check_kinks(record, None if mask is None else mask.branch)
        if watching:
            _check_backward(record, cotangent, contributions)

    return observe


def warn_of_writes(f: Callable[..., Any], names: Sequence[str]) -> None:
    warnings.warn(
        f"{getattr(f, '__name__', 'the function')} writes into its argument {', '.join(sorted(set(names)))}; "
        "the derivative is that of the function of the argument as it was given",
        stacklevel=4,
    )


def _place(record: Record) -> str:
    if record.code is None:
        return ""
    site = site_of(record.code, record.offset)
    source = linecache.getline(site.filename, site.line).strip()
    return f"\n  in {site}" + (f": {source}" if source else "")


def _plain(value: Any) -> Any:
    while type(value) is Traced:
        value = value.value
    return value


def _bad(value: Any, mask: Any = None) -> Any:
    """Where a value is NaN or infinite and the mask, if any, does not discard it; None if nowhere."""
    value = np.asarray(_plain(value))
    if value.dtype.kind not in "fc":
        return None
    bad = ~np.isfinite(value)
    if mask is not None:
        bad = bad & np.asarray(_plain(mask))
    return bad if bad.any() else None


def _shown(value: Any) -> str:
    value = _plain(value)
    text = np.array2string(np.asarray(value), precision=6, threshold=8, edgeitems=2)
    return " ".join(text.split())


def _check_forward(records: Sequence[Record], seeds: Mapping[Record, Any]) -> None:
    masks: dict[Record, Any] = {}

    def note(record: Record, cotangent: Any, mask: Any, contributions: Sequence[Any]) -> None:
        masks[record] = None if mask is None else mask.branch

    with np.errstate(all="ignore"):
        pull(records, seeds, evaluating, note)
    for record in records:
        if record.primitive is None or record not in masks:
            continue
        bad = _bad(record.value, masks[record])
        if bad is not None and all(_bad(value) is None for value in record.values):
            first = np.asarray(_plain(record.value))[bad].flat[0]
            where = f" at {tuple(int(i) for i in np.argwhere(bad)[0])}" if bad.ndim else ""
            raise NonFiniteError(
                f"{record.primitive.name} gave {first} in the forward pass{where}, "
                f"from {', '.join(_shown(value) for value in record.values)}{_place(record)}"
            )


def _check_backward(record: Record, cotangent: Any, contributions: Sequence[Any]) -> None:
    bad = _bad(cotangent)
    if bad is not None:
        name = record.parameters.get("name") or "the input" if record.primitive is None else record.primitive.name
        parts = ", ".join(_shown(c.value if isinstance(c, Masked | Piece) else c) for c in contributions)
        raise NonFiniteError(
            f"the backward pass gave {np.asarray(_plain(cotangent))[bad].flat[0]} as the gradient at {name}, "
            f"whose value is {_shown(record.value)} (contributions: {parts}){_place(record)}"
        )


def _check_kinks(record: Record, mask: Any) -> None:
    if record.primitive is None:
        return
    for kink in record.primitive.domain.kinks:
        values = [_plain(value) for value in record.values]
        at = np.asarray(kink.where(_plain(record.value), *values, **record.parameters))
        if mask is not None:
            at = at & np.asarray(_plain(mask))
        if at.any():
            raise KinkError(f"{record.primitive.name} has a kink here: {kink.text}{_place(record)}")
