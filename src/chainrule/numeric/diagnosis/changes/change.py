"""One step of the backward pass that sends something else than it should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from chainrule.core.graph import Site
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.numeric.diagnosis.backward import Backward
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["Change", "Changes", "Key", "matched", "only_kind"]

Key: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """The contribution `term` to the cotangent of `target` becomes a multiple of `altered()`.

    Attributes:
        key: what it is called in every trace of the same computation.
        kind: the kind of mistake, given the multiple.
        target: whose cotangent it is.
        term: what is sent.
        altered: makes what would be sent.
        text: the mistake in words.
        site: the user's line.
        scaled: whether other multiples than 1 are to be tried.
        is_multiple: whether the multiple is the whole change: `altered()` is what is sent.
    """

    key: Key
    kind: Callable[[float], Mistake]
    target: Record
    term: Any
    altered: Callable[[], Any]
    text: str
    site: Site | None
    scaled: bool = False
    is_multiple: bool = False


Changes: TypeAlias = Callable[[Backward], Iterator[Change]]


def only_kind(kind: Mistake) -> Callable[[float], Mistake]:
    """The same kind for every multiple."""
    return lambda scale: kind


def matched(term: Any, operand: Any) -> Any:
    """A contribution summed over the axes along which the operand was broadcast."""
    return term if term.shape == operand.shape else plain.sum_like(term, operand)
