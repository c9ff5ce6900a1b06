"""Several formulas in one text: "(x^2 y, 5x + sin y)" has two components."""

from __future__ import annotations

from itertools import pairwise

from chainrule.limits import LIMITS

__all__ = ["components_of"]

_OPENING, _CLOSING = "([{", ")]}"


def components_of(text: str) -> list[str]:
    """The components of a formula: those between the commas in the parentheses around the whole, or the formula itself.

    >>> components_of("(x^2 y, max(x, y))"), components_of("(x + 1)(y, 2)"), components_of("(x + y)")
    (['x^2 y', 'max(x, y)'], ['(x + 1)(y, 2)'], ['(x + y)'])
    """
    inside = text.strip()
    if len(inside) > LIMITS.formula_length or inside[:1] not in ("(", "[") or inside[-1:] not in (")", "]"):
        return [text]
    commas = [0]
    depth = 0
    for place, character in enumerate(inside):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth == 0 and place < len(inside) - 1:
            return [text]
        if depth == 1 and character == ",":
            commas.append(place)
    commas.append(len(inside) - 1)
    found = [inside[i + 1 : j].strip() for i, j in pairwise(commas)]
    return [text] if len(found) < 2 or depth or not all(found) else found
