"""Declared shapes: "X: N d, y: N, w: d", each letter a size of its own.

A letter becomes a prime number that no other declared size is, so that shapes which do not fit do not fit by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.read.tokens import plain

__all__ = ["Declaration", "ShapesLike", "declared_shapes"]

ShapesLike = str | Mapping[str, Any]

_ENTRY = re.compile(r"\s*([^\W\d]\w*)\s*:\s*(\([^()]*\)|[^,;:()]*)\s*([,;]|$)")
_SIZE = re.compile(r"[^\W\d]\w*|[0-9]{1,9}")
_EXAMPLE = 'shapes="X: N d, y: N, c:"'


@dataclass(frozen=True, slots=True)
class Declaration:
    """Shapes of variables.

    Attributes:
        axes: of each variable, the size of each axis as it was declared: a letter or a number.
        sizes: the number that each letter stands for.
    """

    axes: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a variable, in numbers; a variable without a declaration is a number."""
        return tuple(n if isinstance(n, int) else self.sizes[n] for n in self.axes.get(name, ()))

    def letters(self, name: str) -> tuple[str, ...]:
        """The letters of a variable's axes, "" where the size is a number."""
        return tuple(n if isinstance(n, str) else "" for n in self.axes.get(name, ()))


def declared_shapes(shapes: ShapesLike | None) -> Declaration:
    """Read shapes, as a text or as a mapping from names to a text or a tuple of sizes.

    Raises:
        ArgumentError: it cannot be read; the entry is named.

    >>> declared_shapes("X: N d, y: N, c:").axes
    {'X': ('N', 'd'), 'y': ('N',), 'c': ()}
    >>> declared_shapes({"X": "N d", "W": (3, "d")}).sizes
    {'N': 5, 'd': 7}
    """
    if shapes is None:
        return Declaration()
    if isinstance(shapes, str):
        entries: Sequence[tuple[Any, Any]] = list(_entries(plain(shapes)))
    elif isinstance(shapes, Mapping):
        entries = list(shapes.items())
    else:
        raise ArgumentError(f"shapes is {shapes!r:.60}: expected a text or a mapping, such as {_EXAMPLE}")
    axes: dict[str, tuple[str | int, ...]] = {}
    for name, sizes in entries:
        key = plain(name) if isinstance(name, str) else name
        if key in axes:
            raise ArgumentError(f"shapes declares {key} twice")
        axes[key] = _axes(key, sizes)
    letters = dict.fromkeys(n for sizes in axes.values() for n in sizes if isinstance(n, str))
    for letter in letters:
        if letter in axes:
            raise ArgumentError(f"{letter} is declared as a variable and used as a size: give the size another letter")
    taken = {n for sizes in axes.values() for n in sizes if isinstance(n, int)}
    return Declaration(axes, dict(zip(letters, _primes(taken), strict=False)))


def _entries(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(text.rstrip()):
        found = _ENTRY.match(text, position)
        if found is None:
            raise ArgumentError(f"shapes cannot be read from {text[position:].strip()!r:.60}: write {_EXAMPLE}")
        yield found[1], found[2].strip("( )")
        position = found.end()


def _axes(name: str, sizes: Any) -> tuple[str | int, ...]:
    if isinstance(sizes, str):
        parts: list[Any] = re.split(r"[\s,×]+", plain(sizes).strip("( )")) if sizes.strip("( )") else []
    else:
        parts = list(sizes) if isinstance(sizes, (tuple, list)) else [sizes]
    axes: list[str | int] = []
    for part in parts:
        text = str(part) if isinstance(part, (int, str)) and not isinstance(part, bool) else ""
        if text == "" and part == "":
            continue
        if not _SIZE.fullmatch(text):
            raise ArgumentError(f"{part!r:.40} cannot be a size of {name!s:.40}: use letters and whole numbers")
        axes.append(int(text) if text[0].isdecimal() else text)
    return tuple(axes)


def _primes(taken: set[int]) -> Iterator[int]:
    n = 3
    while True:
        n += 2
        if n not in taken and all(n % d for d in range(3, int(n**0.5) + 1, 2)):
            yield n
