"""A derivation as an outline: its lines with their reasons, for any medium to set.

The steps of a derivation are grouped by the level of detail. What differs between text, LaTeX and a page is how an
outline is set, never what it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chainrule.core.graph import Node
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Part, Step

__all__ = ["Line", "Pieces", "Reason", "lines_of"]

Pieces = tuple[str | Expression, ...]


@dataclass(frozen=True, eq=False)
class Reason:
    """Why a line follows from the line before.

    Attributes:
        rule: the name of the rule.
        statement: the rule in letters: words and expressions in turn; nothing where it is not repeated.
        pieces: how it was used: words and expressions in turn.
        count: how many times in this line.
    """

    rule: str
    statement: Pieces
    pieces: Pieces
    count: int = 1


@dataclass(frozen=True, eq=False)
class Line:
    """One line: an expression that is equal to that of the line before.

    Attributes:
        reasons: the rules applied since the line before.
        left: what the line is equal to; for a line about the whole derivative, nothing.
        right: the expression.
        steps: the steps that lead from the line before to this one.
    """

    reasons: tuple[Reason, ...]
    left: Expression | None
    right: Expression
    steps: tuple[Step, ...]


def lines_of(part: Part, detail: Detail, by_term: bool) -> list[Line]:
    """The lines of one derivative.

    Args:
        part: the derivative.
        detail: "every" has a line for each step; "standard" takes elementary steps together; "brief" has what the
            rules give and what it is simplified to.
        by_term: each line is about the term that its step rewrites, not about the whole expression: for derivatives
            too large to be repeated.
    """
    groups = list(_groups(part.steps, detail, by_term))
    told: set[str] = set()
    lines = []
    count = 0
    for group in groups:
        count += len(group)
        reasons = _reasons(group, detail, told)
        if group[-1].simplifies:
            lines.append(Line(reasons, None, group[-1].after, group))
        elif by_term:
            lines.append(Line(reasons, group[0].before, group[-1].after, group))
        else:
            lines.append(Line(reasons, None, part.wholes[count - 1], group))
    return lines


def _groups(steps: Sequence[Step], detail: Detail, by_term: bool) -> Iterator[tuple[Step, ...]]:
    group: list[Step] = []
    for step in steps:
        if group and not _together(group, step, detail, by_term):
            yield tuple(group)
            group = []
        group.append(step)
    if group:
        yield tuple(group)


def _together(group: Sequence[Step], step: Step, detail: Detail, by_term: bool) -> bool:
    """Whether a step stands in one line with the steps before it."""
    last = group[-1]
    if last.simplifies or step.simplifies:
        return detail != "every" and last.simplifies and step.simplifies and step.elementary and not by_term
    if detail == "every" or by_term:
        return False
    if detail == "brief":
        return True
    # The inner function of a chain rule is a line: its slope is written at once.
    slope = (
        last.inner is not None and last.inner.function.node is step.before.node.operands[0] and not step.substitution
    )
    return (slope and step.elementary) or (last.elementary and step.elementary)


def _reasons(group: Sequence[Step], detail: Detail, told: set[str]) -> tuple[Reason, ...]:
    if all(step.part is not None for step in group):
        return tuple(_rewritings(group, detail))
    reasons: list[Reason] = []
    for step in group:
        stated = step.rule.statement not in told and not step.simplifies and _needs_statement(step)
        if detail == "brief" and step.inner is not None:
            reason = Reason(f"chain rule and {step.rule.name}", (), ())
        elif detail == "brief" or (step.simplifies and step.statement is None):
            reason = Reason(step.rule.name, (), ())
        elif step.simplifies:
            reason = Reason(step.rule.name, () if step.rule.statement in told else _statement(step), ())
        else:
            name = step.rule.name if step.inner is None else "chain rule"
            reason = Reason(name, _statement(step) if stated else (), _use(step))
        told.add(step.rule.statement)
        same = next((i for i, other in enumerate(reasons) if _alike(other, reason)), None)
        if same is None:
            reasons.append(reason)
        else:
            reasons[same] = Reason(reason.rule, reasons[same].statement, reason.pieces, reasons[same].count + 1)
    return tuple(reasons)


def _rewritings(group: Sequence[Step], detail: Detail) -> Iterator[Reason]:
    """Why a result may be written otherwise: each rewriting, or only what they are called."""
    if detail == "every":
        for step in group:
            assert step.part is not None  # all of the group are rewritings
            yield Reason(step.rule.name, (), (step.part[0], " = ", step.part[1]))
    else:
        names = dict.fromkeys(step.rule.name for step in group)
        yield Reason("simplify", (), (", ".join(names),))


def _alike(one: Reason, other: Reason) -> bool:
    return one.rule == other.rule and not one.pieces and not other.pieces


def _needs_statement(step: Step) -> bool:
    """A rule of several terms is stated; the derivative of a function is its own statement."""
    return not step.elementary and step.inner is None


def _statement(step: Step) -> Pieces:
    if step.statement is None:
        return (step.rule.statement,)
    return (step.statement[0], " = ", step.statement[1])


def _use(step: Step) -> Pieces:
    if step.inner is not None:
        inner = step.inner
        return (inner.letter, " = ", inner.function, f"; {step.rule.name}: ", inner.taken, " = ", inner.derivative)
    if step.substitution and not step.elementary:
        pieces: list[str | Expression] = []
        for letter, expression in step.substitution:
            pieces += [", "] * bool(pieces) + [_letter(letter), " = ", expression]
        return tuple(pieces)
    return (step.before, " = ", step.after) if step.elementary else ()


def _letter(name: str) -> Expression:
    return Expression(Node(None, (), {"name": name}, (), float, name), ())
