"""A derivation as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.outline import Line, Pieces, Reason, lines_of
from chainrule.views.derivation.record import Detail, Part
from chainrule.views.write import derivative_name

__all__ = ["derivation_text"]


def derivation_text(
    formula: Expression,
    names: Mapping[Node, str],
    parts: Sequence[Part],
    detail: Detail,
    at: Mapping[str, Any],
    notation: str = "text",
) -> str:
    """A derivation as text: the function, then the lines of each derivative under their reasons."""
    blocks = ["\n".join(_function(formula, names, notation))]
    for part in parts:
        lines = lines_of(part, detail, by_term=bool(names))
        blocks.append("\n".join([*_lines(part, lines, notation), *_closing(part, at, notation)]))
    return "\n\n".join(blocks)


def _function(formula: Expression, names: Mapping[Node, str], notation: str) -> Iterator[str]:
    arguments = ", ".join(node.name for node in formula.inputs)
    yield f"f({arguments}) = {formula.text(notation)}"
    for node, name in names.items():
        others = {other: known for other, known in names.items() if other is not node}
        yield f"  {name} = {replace(formula, node=node, names=others).text(notation)}"


def _lines(part: Part, lines: Sequence[Line], notation: str) -> Iterator[str]:
    left = f"  {symbol(part, notation)} "
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
    if part.value is not None:
        point = ", ".join(f"{name} = {number(value)}" for name, value in at.items())
        yield f"  at {point}: {symbol(part, notation)} = {number(part.value)}"
    if part.evidence is not None:
        checked = [step.evidence for step in part.steps if step.evidence is not None]
        least = min((evidence.points for evidence in checked), default=part.evidence.points)
        yield (
            f"  checked: each step at {least} points or more to {part.evidence.digits} digits; "
            "the result is that of the backward pass"
        )


def symbol(part: Part, notation: str) -> str:
    """What a derivative is called: f'(x), or df/dx where there are several variables."""
    several = len(part.of.inputs) > 1
    name = derivative_name("f", part.path, notation, "partial" if several else "prime")
    return name if several else f"{name}({part.by.name})"


def number(value: Any) -> str:
    """A value as it is shown: six significant digits."""
    return f"{np.asarray(value)[()]:.6g}"
