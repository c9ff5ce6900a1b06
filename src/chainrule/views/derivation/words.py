"""What all written forms of a derivation have in common: names of derivatives, definitions, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Part
from chainrule.views.write import derivative_name, write

__all__ = ["checked", "definitions", "number", "signature", "symbol", "value_line"]


def signature(formula: Expression, notation: str) -> str:
    """The function with its variables: f(x, y)."""
    name = write(_named("f"), notation).outputs[0]
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
    several = len(part.of.inputs) > 1
    name = derivative_name("f", part.path, notation, "partial" if several else "prime")
    return name if several else _called(name, [write(part.by, notation).outputs[0]], notation)


def value_line(part: Part, at: Mapping[str, Any], notation: str) -> tuple[str, str] | None:
    """The derivative at the point given, and its value there; None where no point was given."""
    if part.value is None:
        return None
    if len(at) == 1:
        name = derivative_name("f", part.path, notation, "prime")
        (place,) = at.values()
        return _called(name, [_number(place, notation)], notation), _number(part.value, notation)
    if notation in ("text", "unicode"):
        point = ", ".join(f"{name} = {number(value)}" for name, value in at.items())
        return f"at {point}: {symbol(part, notation)}", number(part.value)
    places = [_number(value, notation) for value in at.values()]
    return _called(symbol(part, notation), places, notation), _number(part.value, notation)


def _number(value: Any, notation: str) -> str:
    return f"<mn>{number(value)}</mn>" if notation == "mathml" else number(value)


def checked(part: Part) -> str:
    """The evidence as a sentence."""
    evidence = [step.evidence for step in part.steps if step.evidence is not None] + [part.evidence]
    points, digits = min(e.points for e in evidence), min(e.digits for e in evidence)
    return f"each step holds to {digits} digits at {points} points or more, and the result is that of the backward pass"


def number(value: Any) -> str:
    """A value as it is shown: six significant digits."""
    return f"{np.asarray(value)[()]:.6g}"
