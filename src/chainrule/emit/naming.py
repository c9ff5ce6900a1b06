"""Names in emitted code: legal Python identifiers, the user's own where there are any, and each for one value."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Iterable

__all__ = ["Names", "identifier"]

# What emitted code itself refers to: a variable of the user's by such a name gets an underscore.
_OWN = {
    *("np", "math", "scipy", "abs", "bool", "float", "int", "max", "min", "round", "Ellipsis", "slice"),
    *("GuardError", "OverflowError", "ValueError", "ZeroDivisionError"),
}


def identifier(name: str) -> str:
    """The nearest legal identifier, or "" where the name holds no letter or digit at all.

    >>> identifier("layers[0].w"), identifier("lambda"), identifier("2nd"), identifier("μ")
    ('layers_0_w', 'lambda_', 'x2nd', 'μ')
    """
    # Python compares identifiers after NFKC: two names that differ only before it would be one variable.
    text = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name))
    text = text.strip("_") if name[:1] != "_" else text.rstrip("_")
    if not text.strip("_"):
        return ""
    if not text.isidentifier():
        text = f"x{text}"
    return f"{text}_" if keyword.iskeyword(text) or text in _OWN else text


class Names:
    """Hands out names, each once.

    Args:
        wanted: names that values to come will ask for; the numbered ones keep clear of them.
    """

    def __init__(self, wanted: Iterable[str] = ()) -> None:
        self._taken: set[str] = set()
        self._wanted = {identifier(name) for name in wanted}
        self._counts: dict[str, int] = {}

    def take(self, name: str) -> str:
        """A name as near to the one asked for as is free."""
        near = identifier(name)
        if not near:
            return self.number("v")
        if near in self._taken:
            return self.number(f"{near}_")
        self._taken.add(near)
        return near

    def number(self, prefix: str) -> str:
        """The next of v1, v2, ... that nobody asks for."""
        count = self._counts.get(prefix, 0) + 1
        while f"{prefix}{count}" in self._taken or f"{prefix}{count}" in self._wanted:
            count += 1
        self._counts[prefix] = count
        self._taken.add(f"{prefix}{count}")
        return f"{prefix}{count}"
