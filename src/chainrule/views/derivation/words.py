"""What all written forms of a derivation have in common: names of derivatives, definitions, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.pending import pending
from chainrule.views.derivation.differential import shape_text, shapes_of_factors, symbols
from chainrule.views.derivation.record import Content, Part
from chainrule.views.write import derivative_name, gradient_name, write

__all__ = [
    "Matrix",
    "agreed",
    "checked",
    "conclusions",
    "conditions",
    "equations",
    "gradient_named",
    "left_side",
    "matrix_of",
    "number",
    "place",
    "shapes_line",
    "signature",
    "symbol",
    "table_of_symbols",
    "value_line",
]


_SHOWN = 12  # components of an array: of a larger one the first and last are shown


def signature(content: Content, notation: str) -> str:
    """The function with its variables: f(x, y)."""
    arguments = [write(node, notation).outputs[0] for node in content.formula.inputs]
    return _called(_name(content.name, notation), arguments, notation)


def _called(name: str, arguments: Sequence[str], notation: str) -> str:
    return name + _listed(arguments, notation)


def _listed(entries: Sequence[str], notation: str) -> str:
    if notation == "mathml":
        opening, closing = (f'<mo stretchy="false">{sign}</mo>' for sign in "()")
        return f"{opening}{'<mo>,</mo>'.join(entries)}{closing}"
    return f"({', '.join(entries)})"


def _name(name: str, notation: str) -> str:
    return write(_named(name), notation).outputs[0]


def _named(name: str) -> Node:
    return Node(None, (), {"name": name}, (), float, name)


def equations(content: Content, notation: str) -> Iterator[tuple[str, str]]:
    """The function, its components where it has several, and its steps that have a name, in terms of those before."""
    components = [(_name(name, notation), expression) for name, expression in content.components]
    if components:
        yield signature(content, notation), _listed([name for name, _ in components], notation)
    else:
        yield signature(content, notation), content.formula.text(notation)
    for name, expression in components:
        yield name, expression.text(notation)
    for node, name in content.names.items():
        others = {other: known for other, known in content.names.items() if other is not node}
        written = replace(content.formula, node=node, names=others).text(notation)
        yield write(node, notation, names={node: name}).outputs[0], written


def symbol(part: Part, notation: str) -> str:
    """What a derivative is called: f'(x), or df/dx where there are several variables."""
    if part.differential is not None:
        return derivative_name(part.function, part.path, notation, "leibniz")
    several = len(part.of.inputs) > 1 or part.whole is not None
    name = derivative_name(part.function, part.path, notation, "partial" if several else "prime")
    return name if several else _called(name, [write(part.by, notation).outputs[0]], notation)


def left_side(part: Part, notation: str) -> str:
    """What the lines are equal to: the derivative, or the differential dL."""
    if part.differential is None:
        return symbol(part, notation)
    function = part.differential.named or part.function
    return write(pending(_named(function), part.by, part.differential.direction), notation).outputs[0]


def gradient_named(part: Part, notation: str) -> tuple[str, str] | None:
    """Of a second derivative: what the gradient is called in its lines, and the derivative that it is."""
    if part.differential is None or not part.differential.named:
        return None
    first = derivative_name(part.function, part.path[:-1], notation, "leibniz")
    return _name(part.differential.named, notation), first


def conclusions(part: Part, notation: str) -> Iterator[tuple[str, str, str]]:
    """The gradient that is read off from a differential or by components, and its shorter forms.

    Both sides, and what is supposed.
    """
    if part.whole is not None and part.whole.ndim:
        yield _of_whole(part.whole, part, notation), part.result.text(notation), ""
    if part.differential is None:
        return
    yield symbol(part, notation), part.result.text(notation), ""
    for form in part.differential.forms:
        yield symbol(part, notation), form.result.text(notation), form.supposed


def _of_whole(array: Node, part: Part, notation: str) -> str:
    return derivative_name(part.function, [array.name], notation, "leibniz")


def shapes_line(part: Part) -> tuple[str, str] | None:
    """The shape of the gradient, and that of every factor in it."""
    if part.differential is None or not part.by.ndim:
        return None
    sizes = part.differential.sizes
    return shape_text(part.result.node.shape, sizes), shapes_of_factors(part.result.node, sizes)


def table_of_symbols(content: Content, notation: str) -> list[tuple[str, str, str]]:
    """Each symbol of a formula with arrays, what it is, and its shape."""
    differential = content.parts[0].differential if content.parts else None
    if differential is None:
        return []
    rows = symbols(content.formula, content.names, [part.by for part in content.parts], differential.sizes)
    return [(write(node, notation, names=content.names).outputs[0], what, shape) for node, what, shape in rows]


@dataclass(frozen=True, slots=True)
class Matrix:
    """All derivatives of one order together.

    Attributes:
        title: what it is called in words.
        symbol: what it is called in a formula.
        rows: its entries, as they are written.
    """

    title: str
    symbol: str
    rows: tuple[tuple[str, ...], ...]


def matrix_of(content: Content, notation: str) -> Matrix | None:
    """The gradient, the Jacobian or the Hessian that the derivatives are the entries of; None for a single one."""
    last = [part for part in content.parts if len(part.path) == content.order and not part.by_term]
    last = [] if any(part.whole is not None for part in last) else last
    several, variables = bool(content.components), len({part.by for part in last})
    if not last or any(part.differential for part in last) or content.order > 2 - several or variables < 2 - several:
        return None
    entries = [part.result.text(notation) for part in last]
    rows = tuple(tuple(entries[i : i + variables]) for i in range(0, len(entries), variables))
    if several:
        return Matrix("Jacobian matrix", _name("J", notation), rows)
    if content.order == 2:
        return Matrix("Hessian matrix", _name("H", notation), rows)
    return Matrix("gradient", gradient_name(content.name, notation), rows)


def value_line(part: Part, at: Mapping[str, Any], notation: str) -> tuple[str, str] | None:
    """The derivative at the point given, and its value there; None where no point was given."""
    if part.value is None:
        return None
    if part.whole is not None:
        return _of_whole(part.whole, part, notation), _number(part.value, notation)
    if any(np.ndim(value) for value in at.values()):
        return symbol(part, notation), _number(part.value, notation)
    if len(at) == 1:
        name = derivative_name(part.function, part.path, notation, "prime")
        (place,) = at.values()
        return _called(name, [_number(place, notation)], notation), _number(part.value, notation)
    if notation in ("text", "unicode"):
        point = ", ".join(f"{name} = {_number(value, notation)}" for name, value in at.items())
        return f"at {point}: {symbol(part, notation)}", _number(part.value, notation)
    places = [_number(value, notation) for value in at.values()]
    return _called(symbol(part, notation), places, notation), _number(part.value, notation)


def place(at: Mapping[str, Any]) -> str:
    """The point in words; nothing where none was given."""
    return f" at {', '.join(f'{name} = {number(value)}' for name, value in at.items())}" if at else ""


def _number(value: Any, notation: str) -> str:
    written = number(value)
    if notation in ("unicode", "mathml"):
        written = written.replace("-", "−")
    return f"<mn>{written}</mn>" if notation == "mathml" else written


def conditions(content: Content, notation: str) -> Iterator[tuple[str, str]]:
    """The branches that a function was traced through: each condition, and how it came out."""
    for guard in content.function.guards:
        yield replace(content.formula, node=guard.node, names=content.names).text(notation), str(guard.outcome)


def checked(part: Part) -> str:
    """The evidence as a sentence."""
    evidence = [step.evidence for step in part.steps if step.evidence is not None] + [part.evidence]
    return f"{agreed(evidence)}{part.instead}, and the result is that of the backward pass"


def agreed(evidence: Sequence[Any]) -> str:
    """What all of the evidence has at least."""
    points, digits = min(e.points for e in evidence), min(e.digits for e in evidence)
    return f"each step holds to {digits} digits at {points} point{'s' * (points != 1)} or more"


def number(value: Any) -> str:
    """A value as it is shown: six significant digits."""
    value = np.asarray(value)[()]
    if value.ndim:
        return " ".join(np.array2string(value, precision=6, separator=", ", threshold=_SHOWN).split())
    return f"{value:.6g}"
