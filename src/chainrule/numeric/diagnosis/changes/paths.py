"""A path of the chain rule is dropped, counted twice, has the wrong sign or a constant factor."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chainrule.core.derivative import Elementwise
from chainrule.core.record import Record
from chainrule.numeric.diagnosis.backward import Backward, Edge
from chainrule.numeric.diagnosis.changes.change import Change, only_kind
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["exchanged_paths", "paths"]

MEETING = 6  # paths of which all pairs are tried


def paths(backward: Backward) -> Iterator[Change]:
    """What goes back through every value that several steps use, and what each step sends to each operand, times a
    constant.

    Where a mistake of sign explains all, the step that has a minus in its own derivative is the likely place.
    """
    for record, received in _received(backward).items():
        if len(received) > 1 and record.primitive is not None:
            cotangent = backward.cotangents[record]
            yield Change(
                ("node", backward.key(record)),
                _kind(Mistake.DETACHED),
                record,
                cotangent,
                lambda cotangent=cotangent: cotangent,  # type: ignore[misc]
                f"what goes back through {backward.label(record)}",
                backward.site(record),
                scaled=True,
                is_multiple=True,
            )
    edges = sorted(backward.edges, key=lambda edge: not _has_minus(edge))
    for edge in edges:
        step, operand = edge.step, edge.operand
        yield Change(
            ("path", backward.key(step), edge.position),
            _kind(Mistake.PATH_MISSING),
            operand,
            edge.term,
            lambda edge=edge: edge.term,  # type: ignore[misc]
            f"what {backward.label(step)} sends back to {backward.name(operand)}",
            backward.site(step),
            scaled=True,
            is_multiple=True,
        )


def exchanged_paths(backward: Backward) -> Iterator[Change]:
    """Of the paths that meet in a value, one is counted twice and another dropped."""
    for record, received in _received(backward).items():
        if len(received) > MEETING:
            continue
        for dropped in received:
            for twice in received:
                if twice is dropped:
                    continue
                same = dropped.step is twice.step
                which = (
                    f"operand {dropped.position + 1} is taken for operand {twice.position + 1} in "
                    if same
                    else f"the path through {backward.name(dropped.step)} is replaced by that of "
                )
                yield Change(
                    ("exchange", *(x for e in (dropped, twice) for x in (backward.key(e.step), e.position))),
                    only_kind(Mistake.PATH_TWICE),
                    record,
                    dropped.term,
                    lambda twice=twice: twice.term,  # type: ignore[misc]
                    f"of the two paths back to {backward.name(record)} one is counted twice and the other left out: "
                    f"{which}{backward.label(twice.step)}",
                    backward.site(dropped.step),
                )


def _received(backward: Backward) -> dict[Record, list[Edge]]:
    received: dict[Record, list[Edge]] = {}
    for edge in backward.edges:
        received.setdefault(edge.operand, []).append(edge)
    return received


def _has_minus(edge: Edge) -> bool:
    derivative = edge.step.primitive.derivative if edge.step.primitive is not None else None
    return isinstance(derivative, Elementwise) and derivative.partials[edge.position] == -1


def _kind(dropped: Mistake) -> Callable[[float], Mistake]:
    def kind(scale: float) -> Mistake:
        if scale == 0:
            return dropped
        if scale == 2:
            return Mistake.PATH_TWICE
        return Mistake.STEP_SIGN if scale == -1 else Mistake.STEP_FACTOR

    return kind
