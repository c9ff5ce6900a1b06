"""A derivation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.outline import Line, Pieces, Reason, lines_of
from chainrule.views.derivation.record import Content, Part
from chainrule.views.derivation.sections import Section, evidence_of_passes, sections_of
from chainrule.views.derivation.words import (
    Matrix,
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

__all__ = ["derivation_text", "passes_text"]

_COLUMN = 48  # characters: beside a longer line its reasons are not aligned


def derivation_text(content: Content, notation: str = "text") -> str:
    """A derivation as text: the function, then the lines of each derivative under their reasons."""
    blocks = ["\n".join(_function(content, notation))]
    for part in content.parts:
        lines = lines_of(part, content.detail)
        blocks.append("\n".join([*_lines(part, lines, notation), *_closing(part, content.at, notation)]))
    matrix = matrix_of(content, notation)
    return "\n\n".join(blocks if matrix is None else [*blocks, "\n".join(_matrix(matrix))])


def passes_text(content: Content, passes: BothPasses, notation: str = "text") -> str:
    """Both passes and the paths as text: aligned lines under titles."""
    head = [f"{signature(content, notation)}{place(content.at)}", *_read_as(content), *_branches(content, notation)]
    blocks = ["\n".join(head)]
    blocks += ["\n".join(_section(section, notation)) for section in sections_of(passes, content.detail)]
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


def _function(content: Content, notation: str) -> Iterator[str]:
    (left, right), *others = equations(content, notation)
    yield f"{left} = {right}"
    yield from (f"  {left} = {right}" for left, right in others)
    yield from _read_as(content)
    yield from _branches(content, notation)
    rows = table_of_symbols(content, notation)
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    for name, what, shape in rows:
        yield f"  {name:<{widths[0]}}  {shape:<{widths[2]}}  {what}"


def _read_as(content: Content) -> Iterator[str]:
    yield from (f"  read so: {note}" for note in content.notes)


def _branches(content: Content, notation: str) -> Iterator[str]:
    for condition, outcome in conditions(content, notation):
        yield f"  valid where {condition} is {outcome}"


def _matrix(matrix: Matrix) -> Iterator[str]:
    yield matrix.title
    widths = [max(map(len, column)) for column in zip(*matrix.rows, strict=True)]
    left = f"  {matrix.symbol} = "
    for row in matrix.rows:
        yield f"{left}[{'   '.join(f'{entry:<{width}}' for entry, width in zip(row, widths, strict=True))}]"
        left = " " * len(left)


def _lines(part: Part, lines: Sequence[Line], notation: str) -> Iterator[str]:
    named = gradient_named(part, notation)
    if named:
        yield f"  {named[0]} = {named[1]}"
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
