"""A derivation in Markdown, with formulas between dollar signs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.core.graph import Node
from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.outline import Pieces, Reason, lines_of
from chainrule.views.derivation.record import Detail, Part
from chainrule.views.derivation.sections import Section, evidence_of_passes, sections_of
from chainrule.views.derivation.words import (
    by_term,
    checked,
    conclusions,
    conditions,
    definitions,
    left_side,
    place,
    shapes_line,
    signature,
    table_of_symbols,
    value_line,
)

__all__ = ["derivation_markdown", "passes_markdown"]


def derivation_markdown(
    formula: Expression, names: Mapping[Node, str], parts: Sequence[Part], detail: Detail, at: Mapping[str, Any]
) -> str:
    """Derivatives as numbered lists, each line under its reasons."""
    equations = [(signature(formula, "latex", parts), formula.text("latex")), *definitions(formula, names, "latex")]
    blocks = [f"$${left} = {right}$$" for left, right in equations]
    blocks += [f"Valid where ${condition}$ is {outcome}." for condition, outcome in conditions(formula, "latex")]
    table = table_of_symbols(formula, names, parts, "latex")
    if table:
        rows = [f"| ${name}$ | `{shape}` | {what} |" for name, what, shape in table]
        blocks.append("\n".join(["| symbol | shape | meaning |", "| --- | --- | --- |", *rows]))
    for part in parts:
        blocks += _part(part, detail, names, at)
    return "\n\n".join(blocks) + "\n"


def passes_markdown(signature: str, passes: BothPasses, detail: Detail, at: Mapping[str, Any]) -> str:
    """Both passes and the paths as lists under titles."""
    blocks = [f"${signature}${place(at)}"]
    for section in sections_of(passes, detail):
        blocks += _section(section)
    return "\n\n".join([*blocks, f"*Checked: {evidence_of_passes(passes)}.*"]) + "\n"


def _section(section: Section) -> Iterator[str]:
    about = "" if section.about is None else f"${section.about.text('latex')}$"
    yield f"{about}**{section.title}**" if not about else f"{about}{section.title}"
    items = []
    for row in section.rows:
        path = f"${row.along('latex')}$: " if row.path else ""
        reasons = f" (**{', '.join(row.reasons)}**)" if row.reasons else ""
        items.append(f"- {path}${' = '.join(row.written('latex'))}${reasons}")
    yield "\n".join(items)


def _part(part: Part, detail: Detail, names: Mapping[Node, str], at: Mapping[str, Any]) -> Iterator[str]:
    yield f"$${left_side(part, 'latex')} = {part.start.text('latex')}$$"
    for number, line in enumerate(lines_of(part, detail, by_term(part, names)), 1):
        head = f"{number}. "
        reasons = f"  \n{' ' * len(head)}".join(_reason(reason) for reason in line.reasons)
        left = "" if line.left is None else f"{line.left.text('latex')} "
        yield f"{head}{reasons}\n\n{' ' * len(head)}$${left}= {line.right.text('latex')}$$"
    for left, right, supposed in conclusions(part, "latex"):
        yield f"$${left} = {right}$$" + (f" {supposed}" if supposed else "")
    shapes = shapes_line(part)
    if shapes:
        yield f"Shapes: `{shapes[0]} = {shapes[1]}`."
    value = value_line(part, at, "latex")
    if value:
        yield f"$${value[0]} = {value[1]}$$"
    if part.note:
        yield f"Note: {part.note}."
    yield f"*Checked: {checked(part)}.*"


def _reason(reason: Reason) -> str:
    text = f"**{reason.rule}**" + (f", {reason.count} times" if reason.count > 1 else "")
    if reason.statement:
        text += f", {_pieces(reason.statement)}"
    if reason.pieces:
        text += f"{', with ' if reason.statement else ': '}{_pieces(reason.pieces)}"
    return text


def _pieces(pieces: Pieces) -> str:
    """Formulas that only an equals sign or a comma parts stand in one formula."""
    text = "".join(f"${piece.text('latex')}$" if isinstance(piece, Expression) else piece for piece in pieces)
    return text.replace("$ = $", " = ")
