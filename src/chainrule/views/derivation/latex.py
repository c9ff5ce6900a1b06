"""A derivation in LaTeX, for math mode: aligned lines, each with its reasons behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.outline import Pieces, Reason, lines_of
from chainrule.views.derivation.record import Content, Detail, Part
from chainrule.views.derivation.sections import Section, sections_of
from chainrule.views.derivation.words import (
    Matrix,
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
from chainrule.views.latex import LatexPrinter
from chainrule.views.tree import joined

__all__ = ["derivation_latex", "matrix_latex", "passes_latex", "pieces_latex"]

_COLON = r"\colon &\; "


def derivation_latex(content: Content) -> str:
    """Derivatives as aligned lines; needs amsmath, KaTeX or MathJax."""
    blocks = [_aligned(f"{left} &= {right}" for left, right in equations(content, "latex")), *_remarks(content)]
    table = table_of_symbols(content, "latex")
    if table:
        blocks.append(_table(table))
    blocks += [_aligned(_rows(part, content.detail, content.at)) for part in content.parts]
    matrix = matrix_of(content, "latex")
    return "\n\n".join(blocks if matrix is None else [*blocks, matrix_latex(matrix)])


def passes_latex(content: Content, passes: BothPasses) -> str:
    """Both passes and the paths as aligned lines, a block for each section."""
    head = signature(content, "latex") + (words_latex(place(content.at)) if content.at else "")
    sections = [_aligned(_section(section)) for section in sections_of(passes, content.detail)]
    return "\n\n".join([head, *_remarks(content), *sections])


def matrix_latex(matrix: Matrix) -> str:
    """A matrix of derivatives with its symbol; needs amsmath."""
    rows = r" \\ ".join(" & ".join(row) for row in matrix.rows)
    return f"{matrix.symbol} = \\begin{{pmatrix}} {rows} \\end{{pmatrix}}"


def _remarks(content: Content) -> Iterator[str]:
    yield from (words_latex(f"read so: {note}") for note in content.notes)
    for condition, outcome in conditions(content, "latex"):
        yield f"{words_latex('valid where ')}{condition}{words_latex(f' is {outcome}')}"


def _section(section: Section) -> Iterator[str]:
    about = "" if section.about is None else section.about.text("latex")
    yield f"&{about}{words_latex(section.title)}"
    for row in section.rows:
        left, *sides = [row.along("latex")] * bool(row.path) + row.written("latex")
        line = f"{left}{_COLON if row.path else ' &= '}{' = '.join(sides)}"
        yield line + (f" && {words_latex(', '.join(row.reasons))}" if row.reasons else "")


def _aligned(rows: Iterator[str]) -> str:
    body = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{body}\n\\end{{aligned}}"


def _table(rows: Sequence[tuple[str, str, str]]) -> str:
    body = " \\\\\n".join(f"{name} & \\text{{{shape}}} & \\text{{{what}}}" for name, what, shape in rows)
    return f"\\begin{{array}}{{lll}}\n{body}\n\\end{{array}}"


def _rows(part: Part, detail: Detail, at: Mapping[str, Any]) -> Iterator[str]:
    named = gradient_named(part, "latex")
    if named:
        yield f"{named[0]} &= {named[1]}"
    yield f"{left_side(part, 'latex')} &= {part.start.text('latex')}"
    for line in lines_of(part, detail):
        left = "" if line.left is None else line.left.text("latex")
        first, *others = [_reason(reason) for reason in line.reasons]
        yield f"{left} &= {line.right.text('latex')} && {first}"
        yield from (f"&&& {reason}" for reason in others)
    for left, right, supposed in conclusions(part, "latex"):
        yield f"{left} &= {right}{f' && {words_latex(supposed)}' if supposed else ''}"
        shapes = None if supposed else shapes_line(part)
        if shapes:
            yield f"\\text{{{shapes[0]}}} &= \\text{{{shapes[1]}}}"
    value = value_line(part, at, "latex")
    if value:
        yield f"{value[0]} &= {value[1]}"


def _reason(reason: Reason) -> str:
    text = words_latex(reason.rule + (f", {reason.count} times" if reason.count > 1 else ""))
    if reason.statement:
        text += words_latex(": ") + pieces_latex(reason.statement)
    if reason.pieces:
        text += words_latex(", with " if reason.statement else ": ") + pieces_latex(reason.pieces)
    return text


def pieces_latex(pieces: Pieces) -> str:
    """Words and expressions in turn: the words as text."""
    return "".join(piece.text("latex") if isinstance(piece, Expression) else words_latex(piece) for piece in pieces)


def words_latex(words: str) -> str:
    """Words in math mode."""
    if words.strip() in ("=",):
        return " = "
    text = joined(LatexPrinter().word(f"{words} "))
    return text.replace(" }", "}") if not words.endswith(" ") else text.replace("  }", " }")
