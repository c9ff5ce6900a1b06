"""Derivations for a terminal: lines wrapped at operators, rules in colours. Without either they say the same."""

from __future__ import annotations

import os
import re
import shutil
import sys
import zlib
from collections.abc import Iterable

import click

__all__ = ["coloured", "is_terminal", "shows_colours", "width", "wrapped"]

# The terminal's own colours, which its theme keeps readable; red says error, and black and white are the page.
_COLOURS = ("cyan", "green", "magenta", "yellow", "blue")
_BREAK = re.compile(r"(?<=\S) (?=\S)|(?<=[*·])(?=\S)")
_SIGNS = ("= ", "+ ", "- ", "− ", "· ", "-> ", "→ ")
_NUMBER = re.compile(r"\s*\d+\. ")
_SIDE = re.compile(r"[^=:]*?(?:= |:  +)")
_NARROW = 20  # columns: with fewer beside the indent a line is left to the terminal


def is_terminal() -> bool:
    """Whether a person reads the output as it comes."""
    return sys.stdout.isatty()


def shows_colours() -> bool:
    """Whether the output is a terminal that shows colours, to a person who wants them (no-color.org)."""
    return is_terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width() -> int:
    """The columns of the terminal."""
    return shutil.get_terminal_size().columns


def coloured(text: str, rules: Iterable[str]) -> str:
    """The text with each rule in its colour, which is the same wherever the rule is cited.

    >>> "".join(coloured("1. product rule", ["product rule"]).partition("product rule")[1:2])
    'product rule'
    """
    names = sorted(set(rules), key=len, reverse=True)
    if not names:
        return text
    spelled = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in names)  # a line may be broken within
    cited = re.compile(rf"(?<!\w)(?:{spelled})(?!\w)")
    return cited.sub(lambda match: click.style(match[0], fg=_colour(match[0]), bold=True), text)


def _colour(rule: str) -> str:
    return _COLOURS[zlib.crc32(" ".join(rule.split()).encode()) % len(_COLOURS)]


def wrapped(text: str, columns: int) -> str:
    """The text with long lines broken at operators or after commas, and what follows indented to what it continues.

    A line breaks where the fewest parentheses are open, and there as late as it can.

    >>> print(wrapped("  f'(x) = sin(x + 1) + cos(x + 2) + tan(x + 3)", 34))
      f'(x) = sin(x + 1) + cos(x + 2)
              + tan(x + 3)
    """
    return "\n".join(part for line in text.split("\n") for part in _parts(line, columns))


def _parts(line: str, columns: int) -> list[str]:
    indent = _indent(line, columns)
    parts = []
    while len(line) > columns:
        place = _place(line, columns, indent)
        if place is None:
            break
        parts.append(line[:place].rstrip())
        line = " " * indent + line[place:].lstrip()
    return [*parts, line]


def _indent(line: str, columns: int) -> int:
    """Under the expression, where the left side is short; else, and under a reason, a little further in."""
    number = _NUMBER.match(line)
    if number is not None:
        return number.end() + 2
    side = _SIDE.match(line)
    if side is not None and side.end() <= columns // 2:
        return side.end()
    return len(line) - len(line.lstrip()) + 4


def _place(line: str, columns: int, indent: int) -> int | None:
    if columns - indent < _NARROW:
        return None
    best = None
    least = (0, 0)
    depth = scanned = 0
    for match in _BREAK.finditer(line):
        start = match.start()
        if start > columns:
            break
        depth += sum((c in "([") - (c in ")]") for c in line[scanned:start])
        scanned = start
        cost = (depth, _cost(line, match))
        # A line that is left nearly empty would not be shorter for it.
        if start > indent + (columns - indent) // 3 and (best is None or cost <= least):
            best, least = start, cost
    return best


def _cost(line: str, match: re.Match[str]) -> int:
    """Between equations is better than before a sign, and that better than within a product."""
    if line[match.start() - 1] in ",;":
        return 0
    return 1 if line.startswith(_SIGNS, match.end()) else 2
