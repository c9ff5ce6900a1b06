"""The text in a picture: numbers of four digits, lines that fit, and how wide they are."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np

__all__ = ["cells", "elided", "four_digits", "lines_of", "norm", "printable"]

# Entries of a vector that are written out, and the longest text that they may make.
ENTRIES = 4
VECTOR = 24


def four_digits(value: Any) -> str:
    """A number with four significant digits, a short vector whole, a larger array by its shape and norm.

    >>> import numpy as np
    >>> four_digits(2 / 3), four_digits(np.array([1.0, 2.0])), four_digits(np.ones((3, 4)))
    ('0.6667', '[1, 2]', 'array(3, 4), norm 3.464')
    """
    array = np.asarray(value)
    if array.ndim == 0:
        return _number(array[()])
    if array.ndim == 1 and array.size <= ENTRIES:
        text = f"[{', '.join(_number(entry) for entry in array)}]"
        if len(text) <= VECTOR:
            return text
    shape = f"array({', '.join(map(str, array.shape))})"
    return f"{shape}, norm {norm(array)}" if array.dtype.kind in "iufc" and array.size else shape


def norm(array: np.ndarray[Any, Any]) -> str:
    """The root of the sum of squares, with four digits."""
    with np.errstate(all="ignore"):
        return _number(np.linalg.norm(array.ravel()))


def _number(value: Any) -> str:
    # Integers and truth values have no digits to round, but an integer of Python may have any number of them.
    return f"{value:.4g}" if np.asarray(value).dtype.kind in "fc" else elided(str(value), VECTOR)


def printable(text: str) -> str:
    """The text on one line, without characters that a file of XML may not hold or that turn the line around."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _UNSEEN else c for c in text)


# Controls, invisible formatting (right-to-left override among it), surrogates, unassigned places, breaks of line.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})


def cells(text: str) -> int:
    """The width of a text in columns of a monospaced font: wide characters take two, combining ones none.

    >>> cells("y_hat"), cells("重み"), cells("x̂")
    (5, 4, 1)
    """
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def elided(text: str, width: int) -> str:
    """The text, cut to a width in columns with "…" for what is missing.

    >>> elided("sin(x) + cos(x)", 10)
    'sin(x) + …'
    """
    if cells(text) <= width:
        return text
    kept = text[:width]
    while cells(kept) > width - 1:
        kept = kept[:-1]
    return f"{kept}…"


def lines_of(text: str, width: int, most: int) -> list[str]:
    """The text broken at spaces into at most some lines of a width in columns; the last is cut if it must be.

    >>> lines_of("y = sin(x) + cos(x) + tan(x)", 16, 2)
    ['y = sin(x) +', 'cos(x) + tan(x)']
    """
    lines: list[str] = []
    rest = text
    while len(lines) < most - 1 and cells(rest) > width:
        head = elided(rest, width + 1)[:-1]
        at = head.rfind(" ")
        if at < width // 4:
            break
        lines.append(rest[:at])
        rest = rest[at + 1 :]
    return [*lines, elided(rest, width)]
