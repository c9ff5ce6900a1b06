"""A derivation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.core.graph import Node
from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.outline import Line, Pieces, Reason, lines_of
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

__all__ = ["derivation_text", "passes_text"]

_COLUMN = 48  # characters: beside a longer line its reasons are not aligned


def derivation_text(
    formula: Expression,
    names: Mapping[Node, str],
    parts: Sequence[Part],
    detail: Detail,
    at: Mapping[str, Any],
    notation: str = "text",
) -> str:
    """A derivation as text: the function, then the lines of each derivative under their reasons."""
    blocks = ["\n".join(_function(formula, names, parts, notation))]
    for part in parts:
        lines = lines_of(part, detail, by_term(part, names))
        blocks.append("\n".join([*_lines(part, lines, notation), *_closing(part, at, notation)]))
    return "\n\n".join(blocks)


def passes_text(
    signature: str, passes: BothPasses, detail: Detail, at: Mapping[str, Any], notation: str = "text"
) -> str:
    """Both passes and the paths as text: aligned lines under titles."""
    blocks = [f"{signature}{place(at)}"]
    blocks += ["\n".join(_section(section, notation)) for section in sections_of(passes, detail)]
    return "\n\n".join([*blocks, f"checked: {evidence_of_passes(passes)}"])


def _section(section: Section, notation: str) -> Iterator[str]:
    yield ("" if section.about is None else section.about.text(notation)) + section.title
    written = []
    for row in section.rows:
        left, *sides = [row.along(notation)] * bool(row.path) + row.written(notation)
        written.append((left, ": " if row.path else " = ", " = ".join(sides), ", ".join(row.reasons)))
    first = max(len(left) for left, *_ in written)
    second = max((len(sides) for _, _, sides, reasons in written if reasons and len(sides) <= _COLUMN), default=0)
    for left, sign, right, reasons in written:
        line = f"  {left:<{first}}{sign}{right}" if sign == " = " else f"  {f'{left}:':<{first + 3}}{right}"
        column = 2 + first + 3 + second
        yield f"{line:<{column}}   {reasons}" if reasons else line


def _function(formula: Expression, names: Mapping[Node, str], parts: Sequence[Part], notation: str) -> Iterator[str]:
    yield f"{signature(formula, notation, parts)} = {formula.text(notation)}"
    for left, right in definitions(formula, names, notation):
        yield f"  {left} = {right}"
    for condition, outcome in conditions(formula, notation):
        yield f"  valid where {condition} is {outcome}"
    rows = table_of_symbols(formula, names, parts, notation)
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    for name, what, shape in rows:
        yield f"  {name:<{widths[0]}}  {shape:<{widths[2]}}  {what}"


def _lines(part: Part, lines: Sequence[Line], notation: str) -> Iterator[str]:
    left = f"  {left_side(part, notation)} "
    yield f"{left}= {part.start.text(notation)}"
    width = len(str(len(lines)))
    for number, line in enumerate(lines, 1):
        for i, reason in enumerate(line.reasons):
            head = f"{number:>{width}}. " if i == 0 else " " * (width + 2)
            yield head + _reason(reason, notation)
        if line.left is None:
            yield f"{' ' * len(left)}= {line.right.text(notation)}"
        else:
            yield f"    {line.left.text(notation)} = {line.right.text(notation)}"


def _reason(reason: Reason, notation: str) -> str:
    text = reason.rule + (f", {reason.count} times" if reason.count > 1 else "")
    if reason.statement:
        text += f", {_pieces(reason.statement, notation)}"
    if not reason.pieces:
        return text
    return f"{text}{', with ' if reason.statement else ': '}{_pieces(reason.pieces, notation)}"


def _pieces(pieces: Pieces, notation: str) -> str:
    return "".join(piece.text(notation) if isinstance(piece, Expression) else piece for piece in pieces)


def _closing(part: Part, at: Mapping[str, Any], notation: str) -> Iterator[str]:
    width = 0
    for left, right, supposed in conclusions(part, notation):
        yield f"  {left} = {right}{f'   {supposed}' if supposed else ''}"
        width = len(left)
        shapes = None if supposed else shapes_line(part)
        if shapes:
            yield f"  {shapes[0]:>{width}} = {shapes[1]}"
    value = value_line(part, at, notation)
    if value:
        yield f"  {value[0]} = {value[1]}"
    if part.note:
        yield f"  note: {part.note}"
    yield f"  checked: {checked(part)}"
