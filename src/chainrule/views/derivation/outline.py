"""A derivation as an outline: its lines with their reasons, for any medium to set.

The steps of a derivation are grouped by the level of detail. What differs between text, LaTeX and a page is how an
outline is set, never what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chainrule.core.graph import Node
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Moment, Part, Step

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


def lines_of(part: Part, detail: Detail) -> list[Line]:
    """The lines of one derivative.

    Args:
        part: the derivative.
        detail: "every" has a line for each step; "standard" takes elementary steps together; "brief" has what the
            rules give and what it is simplified to.
    """
    told: set[str] = set()
    lines = []
    moments: Sequence[Moment | None] = (None,) * len(part.steps) if part.by_term else part.moments
    count = 0
    for group in _groups(part.steps, detail, part.by_term):
        count += len(group)
        reasons = _reasons(group, moments[count - len(group) : count], detail, told)
        moment = moments[count - 1]
        if group[-1].simplifies:
            lines.append(Line(reasons, None, group[-1].after, group))
        elif moment is None:
            lines.append(Line(reasons, group[0].before, group[-1].after, group))
        else:
            lines.append(Line(reasons, None, moment.whole, group))
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


def _reasons(
    group: Sequence[Step], moments: Sequence[Moment | None], detail: Detail, told: set[str]
) -> tuple[Reason, ...]:
    if all(step.part is not None for step in group):
        return tuple(_rewritings(group, detail))
    reasons: list[Reason] = []
    taken = {step.before.node for step in group}
    for step, moment in zip(group, moments, strict=True):
        stated = step.rule.statement not in told and not step.simplifies and _needs_statement(step)
        if detail == "brief" and step.inner is not None:
            reason = Reason(f"chain rule and {step.rule.name}", (), ())
        elif detail == "brief" or (step.simplifies and step.statement is None and not step.stated):
            reason = Reason(step.rule.name, (), ())
        elif step.simplifies:
            reason = Reason(step.rule.name, () if step.rule.statement in told else _statement(step), ())
        else:
            name = step.rule.name if step.inner is None else "chain rule"
            used = () if moment is None and step.elementary else _use(step)  # the line itself says it
            statement = _statement(step) if stated else ()
            places = _places(moment)
            reason = Reason(name, statement, (*used, *places)) if used else Reason(name, (*statement, *places), ())
        told.add(step.rule.statement)
        same = next((i for i, other in enumerate(reasons) if _alike(other, reason)), None)
        if same is None:
            reasons.append(reason)
        else:
            reasons[same] = Reason(reason.rule, reasons[same].statement, reason.pieces, reasons[same].count + 1)
        if moment is not None and detail != "brief":
            reasons += [
                Reason("as before", (), (term, " = ", value))
                for term, value in moment.repeated
                if term.node not in taken and (detail == "every" or not value.node.is_constant)
            ]
    return tuple(reasons)


def _places(moment: Moment | None) -> Pieces:
    """That a term stood in several places, where the step replaced it at once."""
    if moment is None or moment.places < 2:
        return ()
    return (", in both places" if moment.places == 2 else f", in all {moment.places} places",)


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
    return not step.elementary and step.inner is None and step.rule.statement != ""


def _statement(step: Step) -> Pieces:
    if step.statement is None:
        return (step.rule.statement, *_condition(step, {}))
    return (step.statement[0], " = ", step.statement[1], *_condition(step, {}))


def _use(step: Step) -> Pieces:
    substitution = dict(step.substitution)
    if step.inner is not None:
        inner = step.inner
        named = inner.letter.text() == inner.function.text()  # a step that has a name needs no letter
        given: Pieces = () if named else (inner.letter, " = ", inner.function, "; ")
        operands = {letter: node for letter, node in substitution.items() if node.node is not inner.function.node}
        moving = {letter: inner.letter for letter in substitution if letter not in operands}
        taken: Pieces = (f"{step.rule.name}: ", inner.taken, " = ", inner.derivative)
        return (*given, *taken, *_condition(step, operands | moving))
    if step.substitution and not step.elementary:
        pieces: list[str | Expression] = []
        for letter, expression in step.substitution:
            pieces += [", "] * bool(pieces) + [_letter(letter), " = ", expression]
        return tuple(pieces)
    if step.elementary or not step.rule.statement:
        return (step.before, " = ", step.after, *_condition(step, substitution))
    return ()


def _condition(step: Step, substitution: Mapping[str, Expression]) -> Pieces:
    """What the rule supposes of its letters, or of what stands for them; not of numbers, where it can be seen."""
    letters = [letter for letter in substitution if re.search(rf"\b{letter}\b", step.rule.condition)]
    if not step.rule.condition or (letters and all(substitution[letter].node.is_constant for letter in letters)):
        return ()
    pieces: list[str | Expression] = [", for "]
    for word in re.split(r"(\b[a-z]\b)", step.rule.condition):
        pieces += [substitution.get(word, word)] * bool(word)
    return tuple(pieces)


def _letter(name: str) -> Expression:
    return Expression(Node(None, (), {"name": name}, (), float, name), ())
