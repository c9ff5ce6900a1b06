"""One line of f that runs in a loop is several steps of its graph: the same mistake in all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.core.record import Record
from chainrule.errors import ChainruleError
from chainrule.numeric.diagnosis.backward import Edge
from chainrule.numeric.diagnosis.case import Case, Guess
from chainrule.numeric.diagnosis.changes.change import matched
from chainrule.numeric.diagnosis.changes.inner import partial_of
from chainrule.numeric.diagnosis.changes.step import Budget
from chainrule.numeric.diagnosis.hypothesis import AtLine
from chainrule.numeric.diagnosis.record import Mistake

__all__ = ["InLoop", "in_loops"]

# What a step sends back, from the step, its cotangent, the operand's position and the right term.
Rewrite = Callable[[Record, Any, int, Any], Any]


@dataclass(frozen=True)
class InLoop(AtLine):
    """The edges with these keys send back what `rewrite` makes of what they should."""

    keys: tuple[tuple[int, int], ...]
    rewrite: Rewrite = field(compare=False, repr=False)

    def predict(self, case: Case) -> Sequence[Guess] | None:
        backward = case.backward
        steps = None if backward is None else [backward.find(key) for key, _ in self.keys]
        if backward is None or steps is None or None in steps:
            return None
        chosen = {(step, position) for step, (_, position) in zip(steps, self.keys, strict=True)}

        def altered(step: Record, cotangent: Any, terms: Sequence[Any]) -> list[Any]:
            return [
                self.rewrite(step, cotangent, i, term) if term is not None and (step, i) in chosen else term
                for i, term in enumerate(terms)
            ]

        try:
            gradients = backward.altered(altered)
        except (ChainruleError, ValueError, TypeError, IndexError):
            return None
        return [Guess(gradients[part.name], part.tolerance) for part in case.parts]


def in_loops(case: Case, budget: Budget) -> Iterator[InLoop]:
    """Every operation that one line of f has done several times, and every way to be wrong there."""
    backward = case.backward
    if backward is None or not case.aligned:
        return
    groups: dict[Any, list[Edge]] = {}
    for edge in backward.edges:
        primitive = edge.step.primitive
        site = backward.site(edge.step)
        if site is not None and primitive is not None:
            groups.setdefault((site, primitive.name, edge.position, np.shape(edge.step.value)), []).append(edge)
    for (site, name, position, _), edges in groups.items():
        if len(edges) < 2:
            continue
        keys = tuple((backward.key(edge.step), edge.position) for edge in edges)
        where = f"({name}; {site}), in all of its {len(edges)} rounds"
        for mistake, text, rewrite in _rewrites():
            if not budget.take(backward.cost):
                return
            said = text.format(where=where, to=f"operand {position + 1}")
            yield InLoop(mistake, said, site, keys, rewrite)


def _rewrites() -> Iterator[tuple[Mistake, str, Rewrite]]:
    sent = "what the step {where}, sends back to its {to} "
    yield Mistake.PATH_MISSING, sent + "is missing", lambda step, g, i, term: 0.0 * term
    yield Mistake.STEP_SIGN, sent + "has its sign flipped", lambda step, g, i, term: -1.0 * term
    yield Mistake.STEP_FACTOR, sent + "is off by the constant factor 2", lambda step, g, i, term: 2.0 * term
    yield Mistake.STEP_FACTOR, sent + "is off by the constant factor 1/2", lambda step, g, i, term: 0.5 * term
    inner = "the inner factor of the step {where}, is missing"
    yield Mistake.INNER_FACTOR, inner, lambda step, g, i, term: _weighted(step, g, i, term, lambda w, s: 1.0)
    wrong = "the derivative of the step {where}, is wrong: it is the right one "
    for text, weight in (
        ("times its operand", lambda w, s: w * s.values[0]),
        ("over its operand", lambda w, s: w / s.values[0]),
        ("times its result", lambda w, s: w * s.value),
        ("over its result", lambda w, s: w / s.value),
    ):
        yield (
            Mistake.WRONG_DERIVATIVE,
            wrong + text,
            lambda step, g, i, term, weight=weight: _weighted(step, g, i, term, weight),  # type: ignore[misc]
        )
    output = "the derivative of the step {where}, is taken at its output instead of its input"
    yield Mistake.AT_OUTPUT, output, lambda step, g, i, term: _at_output(step, g, i, term)


def _weighted(step: Record, g: Any, i: int, term: Any, weight: Callable[[Any, Record], Any]) -> Any:
    right = partial_of(step, i)
    return term if right is None else matched(np.asarray(g * weight(right, step)), step.values[i])


def _at_output(step: Record, g: Any, i: int, term: Any) -> Any:
    primitive = step.primitive
    if primitive is None or len(step.values) > 1:
        return term
    output = primitive.compute(step.value, **step.parameters)
    at = partial_of(Record(primitive, step.operands, [step.value], output, step.parameters), i)
    return term if at is None else matched(np.asarray(g * at), step.values[i])
