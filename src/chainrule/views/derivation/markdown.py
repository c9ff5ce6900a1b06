"""A derivation in Markdown, with formulas between dollar signs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.latex import matrix_latex
from chainrule.views.derivation.outline import Pieces, Reason, lines_of
from chainrule.views.derivation.record import Content, Detail, Part
from chainrule.views.derivation.sections import Section, evidence_of_passes, sections_of
from chainrule.views.derivation.words import (
    checked,
    conclusions,
    conditions,
    equations,
    gradient_named,
    left_side,
    matrix_of,
    place,
    shapes_line,
    signature,
    table_of_symbols,
    value_line,
)

__all__ = ["derivation_markdown", "passes_markdown"]


def derivation_markdown(content: Content) -> str:
    """Derivatives as numbered lists, each line under its reasons."""
    blocks = [f"$${left} = {right}$$" for left, right in equations(content, "latex")]
    blocks += _remarks(content)
    table = table_of_symbols(content, "latex")
    if table:
        rows = [f"| ${name}$ | `{shape}` | {what} |" for name, what, shape in table]
        blocks.append("\n".join(["| symbol | shape | meaning |", "| --- | --- | --- |", *rows]))
    for part in content.parts:
        blocks += _part(part, content.detail, content.at)
    matrix = matrix_of(content, "latex")
    if matrix is not None:
        blocks += [f"**{matrix.title}**", f"$${matrix_latex(matrix)}$$"]
    return "\n\n".join(blocks) + "\n"


def passes_markdown(content: Content, passes: BothPasses) -> str:
    """Both passes and the paths as lists under titles."""
    blocks = [f"${signature(content, 'latex')}${place(content.at)}", *_remarks(content)]
    for section in sections_of(passes, content.detail):
        blocks += _section(section)
    return "\n\n".join([*blocks, f"*Checked: {evidence_of_passes(passes)}.*"]) + "\n"


def _remarks(content: Content) -> Iterator[str]:
    yield from (f"Read so: {note}." for note in content.notes)
    yield from (f"Valid where ${condition}$ is {outcome}." for condition, outcome in conditions(content, "latex"))


def _section(section: Section) -> Iterator[str]:
    about = "" if section.about is None else f"${section.about.text('latex')}$"
    yield f"{about}**{section.title}**" if not about else f"{about}{section.title}"
    items = []
    for row in section.rows:
        path = f"${row.along('latex')}$: " if row.path else ""
        reasons = f" (**{', '.join(row.reasons)}**)" if row.reasons else ""
        items.append(f"- {path}${' = '.join(row.written('latex'))}${reasons}")
    yield "\n".join(items)


def _part(part: Part, detail: Detail, at: Mapping[str, Any]) -> Iterator[str]:
    named = gradient_named(part, "latex")
    if named:
        yield f"$${named[0]} = {named[1]}$$"
    yield f"$${left_side(part, 'latex')} = {part.start.text('latex')}$$"
    for number, line in enumerate(lines_of(part, detail), 1):
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
