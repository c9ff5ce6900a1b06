"""What all written forms of a derivation have in common: names of derivatives, definitions, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.pending import pending
from chainrule.views.derivation.differential import shape_text, shapes_of_factors, symbols
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Part
from chainrule.views.write import derivative_name, write

__all__ = [
    "agreed",
    "by_term",
    "checked",
    "conclusions",
    "conditions",
    "definitions",
    "left_side",
    "number",
    "place",
    "shapes_line",
    "signature",
    "symbol",
    "table_of_symbols",
    "value_line",
]


_SHOWN = 12  # components of an array: of a larger one the first and last are shown


def signature(formula: Expression, notation: str, parts: Sequence[Part] = ()) -> str:
    """The function with its variables: f(x, y)."""
    name = write(_named(parts[0].function if parts else "f"), notation).outputs[0]
    return _called(name, [write(node, notation).outputs[0] for node in formula.inputs], notation)


def _called(name: str, arguments: Sequence[str], notation: str) -> str:
    if notation == "mathml":
        opening, closing = (f'<mo stretchy="false">{sign}</mo>' for sign in "()")
        return f"{name}{opening}{'<mo>,</mo>'.join(arguments)}{closing}"
    return f"{name}({', '.join(arguments)})"


def _named(name: str) -> Node:
    return Node(None, (), {"name": name}, (), float, name)


def definitions(formula: Expression, names: Mapping[Node, str], notation: str) -> Iterator[tuple[str, str]]:
    """The parts of a large function that have a name, each in terms of those before it."""
    for node, name in names.items():
        others = {other: known for other, known in names.items() if other is not node}
        written = replace(formula, node=node, names=others).text(notation)
        yield write(node, notation, names={node: name}).outputs[0], written


def symbol(part: Part, notation: str) -> str:
    """What a derivative is called: f'(x), or df/dx where there are several variables."""
    if part.differential is not None:
        return derivative_name(part.function, part.path, notation, "leibniz")
    several = len(part.of.inputs) > 1
    name = derivative_name(part.function, part.path, notation, "partial" if several else "prime")
    return name if several else _called(name, [write(part.by, notation).outputs[0]], notation)


def left_side(part: Part, notation: str) -> str:
    """What the lines are equal to: the derivative, or the differential dL."""
    if part.differential is None:
        return symbol(part, notation)
    return write(pending(_named(part.function), part.by, part.differential.direction), notation).outputs[0]


def by_term(part: Part, names: Mapping[Node, str]) -> bool:
    """Whether each line is about the term that its step rewrites: in a large function, where terms are not names."""
    return bool(names) and part.differential is None


def conclusions(part: Part, notation: str) -> Iterator[tuple[str, str, str]]:
    """The gradient that is read off from a differential, and its shorter forms: both sides, and what is supposed."""
    if part.differential is None:
        return
    yield symbol(part, notation), part.result.text(notation), ""
    for form in part.differential.forms:
        yield symbol(part, notation), form.result.text(notation), form.supposed


def shapes_line(part: Part) -> tuple[str, str] | None:
    """The shape of the gradient, and that of every factor in it."""
    if part.differential is None or not part.by.ndim:
        return None
    sizes = part.differential.sizes
    return shape_text(part.by.shape, sizes), shapes_of_factors(part.result.node, sizes)


def table_of_symbols(
    formula: Expression, names: Mapping[Node, str], parts: Sequence[Part], notation: str
) -> list[tuple[str, str, str]]:
    """Each symbol of a formula with arrays, what it is, and its shape."""
    differential = parts[0].differential if parts else None
    if differential is None:
        return []
    rows = symbols(formula, names, [part.by for part in parts], differential.sizes)
    return [(write(node, notation, names=names).outputs[0], what, shape) for node, what, shape in rows]


def value_line(part: Part, at: Mapping[str, Any], notation: str) -> tuple[str, str] | None:
    """The derivative at the point given, and its value there; None where no point was given."""
    if part.value is None:
        return None
    if any(np.ndim(value) for value in at.values()):
        return symbol(part, notation), _number(part.value, notation)
    if len(at) == 1:
        name = derivative_name("f", part.path, notation, "prime")
        (place,) = at.values()
        return _called(name, [_number(place, notation)], notation), _number(part.value, notation)
    if notation in ("text", "unicode"):
        point = ", ".join(f"{name} = {number(value)}" for name, value in at.items())
        return f"at {point}: {symbol(part, notation)}", number(part.value)
    places = [_number(value, notation) for value in at.values()]
    return _called(symbol(part, notation), places, notation), _number(part.value, notation)


def place(at: Mapping[str, Any]) -> str:
    """The point in words; nothing where none was given."""
    return f" at {', '.join(f'{name} = {number(value)}' for name, value in at.items())}" if at else ""


def _number(value: Any, notation: str) -> str:
    return f"<mn>{number(value)}</mn>" if notation == "mathml" else number(value)


def conditions(formula: Expression, notation: str) -> Iterator[tuple[str, str]]:
    """The branches that a function was traced through: each condition, and how it came out."""
    for guard in formula.guards:
        yield replace(formula, node=guard.node).text(notation), str(guard.outcome)


def checked(part: Part) -> str:
    """The evidence as a sentence."""
    evidence = [step.evidence for step in part.steps if step.evidence is not None] + [part.evidence]
    return f"{agreed(evidence)}, and the result is that of the backward pass"


def agreed(evidence: Sequence[Any]) -> str:
    """What all of the evidence has at least."""
    points, digits = min(e.points for e in evidence), min(e.digits for e in evidence)
    return f"each step holds to {digits} digits at {points} points or more"


def number(value: Any) -> str:
    """A value as it is shown: six significant digits."""
    value = np.asarray(value)[()]
    if value.ndim:
        return " ".join(np.array2string(value, precision=6, separator=", ", threshold=_SHOWN).split())
    return f"{value:.6g}"
