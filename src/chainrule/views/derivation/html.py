"""A derivation as a piece of a page, with its formulas in MathML: for notebooks and the lab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.outline import Pieces, Reason, lines_of
from chainrule.views.derivation.record import Content, Detail, Part
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

__all__ = ["derivation_html", "passes_html"]


def derivation_html(content: Content) -> str:
    """Derivatives as ordered lists; colours and fonts are those of the page."""
    blocks = [_block(left, right) for left, right in equations(content, "mathml")]
    blocks += _remarks(content)
    rows = "".join(
        f"<tr><td><math>{name}</math></td><td>{escape(shape)}</td><td>{escape(what)}</td></tr>"
        for name, what, shape in table_of_symbols(content, "mathml")
    )
    if rows:
        blocks.append(f"<table><tr><th>symbol</th><th>shape</th><th>meaning</th></tr>{rows}</table>")
    for part in content.parts:
        blocks += _part(part, content.detail, content.at)
    matrix = matrix_of(content, "mathml")
    if matrix is not None:
        blocks.append(_matrix(matrix))
    return _division(blocks)


def passes_html(content: Content, passes: BothPasses) -> str:
    """Both passes and the paths as lists under titles."""
    blocks = [f"<p><math>{signature(content, 'mathml')}</math>{escape(place(content.at))}</p>", *_remarks(content)]
    for section in sections_of(passes, content.detail):
        blocks += _section(section)
    return _division([*blocks, f"<p><small>Checked: {escape(evidence_of_passes(passes))}.</small></p>"])


def _division(blocks: Sequence[str]) -> str:
    return f'<div class="chainrule-derivation">{"".join(blocks)}</div>'


def _remarks(content: Content) -> Iterator[str]:
    yield from (f"<p>Read so: {escape(note)}.</p>" for note in content.notes)
    for condition, outcome in conditions(content, "mathml"):
        yield f"<p>Valid where <math>{condition}</math> is {outcome}.</p>"


def _matrix(matrix: Matrix) -> str:
    rows = "".join(f"<mtr>{''.join(f'<mtd>{entry}</mtd>' for entry in row)}</mtr>" for row in matrix.rows)
    table = f"<mrow><mo>(</mo><mtable>{rows}</mtable><mo>)</mo></mrow>"
    return f"<p><strong>{escape(matrix.title)}</strong></p>{_block(matrix.symbol, table)}"


def _section(section: Section) -> Iterator[str]:
    about = "" if section.about is None else f"<math>{section.about.text('mathml')}</math>"
    yield f"<p>{about}<strong>{escape(section.title)}</strong></p>"
    items = []
    for row in section.rows:
        path = f"<math>{row.along('mathml')}</math>: " if row.path else ""
        reasons = f" <strong>{escape(', '.join(row.reasons))}</strong>" if row.reasons else ""
        items.append(f"<li>{path}<math>{'<mo>=</mo>'.join(row.written('mathml'))}</math>{reasons}</li>")
    yield f"<ul>{''.join(items)}</ul>"


def _part(part: Part, detail: Detail, at: Mapping[str, Any]) -> Iterator[str]:
    named = gradient_named(part, "mathml")
    if named:
        yield _block(*named)
    yield _block(left_side(part, "mathml"), part.start.text("mathml"))
    items = []
    for line in lines_of(part, detail):
        reasons = "<br>".join(_reason(reason) for reason in line.reasons)
        left = "" if line.left is None else line.left.text("mathml")
        items.append(f"<li>{reasons}{_block(left, line.right.text('mathml'))}</li>")
    yield f"<ol>{''.join(items)}</ol>"
    for left, right, supposed in conclusions(part, "mathml"):
        yield _block(left, right) + (f"<p>{escape(supposed)}</p>" if supposed else "")
    shapes = shapes_line(part)
    if shapes:
        yield f"<p>Shapes: <code>{escape(' = '.join(shapes))}</code></p>"
    value = value_line(part, at, "mathml")
    if value:
        yield _block(*value)
    if part.note:
        yield f"<p>Note: {escape(part.note)}.</p>"
    yield f"<p><small>Checked: {escape(checked(part))}.</small></p>"


def _block(left: str, right: str) -> str:
    return f'<math display="block">{left}<mo>=</mo>{right}</math>'


def _reason(reason: Reason) -> str:
    text = f"<strong>{escape(reason.rule)}</strong>" + (f", {reason.count} times" if reason.count > 1 else "")
    if reason.statement:
        text += f", {_pieces(reason.statement)}"
    if reason.pieces:
        text += f"{', with ' if reason.statement else ': '}{_pieces(reason.pieces)}"
    return text


def _pieces(pieces: Pieces) -> str:
    text = "".join(
        f"<math>{piece.text('mathml')}</math>" if isinstance(piece, Expression) else escape(piece) for piece in pieces
    )
    return text.replace("</math> = <math>", "<mo>=</mo>")
