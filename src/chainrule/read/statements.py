"""What people type around a formula: f(x) = ... before it, and signs of calculus that are no part of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from chainrule.errors import FormulaError
from chainrule.read.tokens import plain

__all__ = ["Statement", "statement"]

_OPTIONS = ("axis", "keepdims", "ddof", "ord")
_NAME = r"\\?[^\W\d_]\w*"
_LEFT = re.compile(
    rf"[\s$]*(?P<name>{_NAME})\s*(?P<marks>['’′]*)\s*(?:\((?P<arguments>\s*{_NAME}\s*(?:,\s*{_NAME}\s*)*)\))?\s*(?P<sign>=)(?!=)"
)
_D = r"(?:d|∂|\\partial|\\mathrm\s*\{\s*d\s*\})"
_ORDER = r"(?:\s*\^?\s*\{?\s*[0-9²³n]\s*\}?)?"
_OPERATORS = (
    re.compile(rf"(?<![\w\\]){_D}{_ORDER}\s*(?:{_NAME}|\([^()]*\))?\s*/\s*{_D}\s*{_NAME}"),
    re.compile(rf"\\[dt]?frac\s*\{{\s*{_D}(?![A-Za-z]{{2}})[^{{}}]*\}}\s*\{{\s*{_D}\s*{_NAME}"),
)


class Statement(NamedTuple):
    """A formula with what stood before it.

    Attributes:
        text: the whole text, with spaces for what is no part of the formula: places stay as they are.
        name: of the function or quantity that the formula defines; "" for a formula by itself.
        arguments: of the function, in order.
        sign: where the equals sign stands.
    """

    text: str
    name: str
    arguments: tuple[str, ...]
    sign: int


def statement(text: str, declared: frozenset[str]) -> Statement:
    """The formula in a text such as f(x) = x^2.

    Args:
        text: as it was given.
        declared: names that are variables: where d is one, d/dx is a quotient.

    Raises:
        FormulaError: the text has a sign of calculus that is no part of a formula.

    >>> statement("f(x, a) = a x^2", frozenset())
    Statement(text='          a x^2', name='f', arguments=('x', 'a'), sign=8)
    """
    found = _LEFT.match(text)
    if found is not None and found["name"] in _OPTIONS:
        found = None
    if found is not None and found["marks"]:
        raise FormulaError(
            f"this is the derivative of {found['name']}: what is read is the formula of a function",
            plain(text), found.start("marks"), f"{found['name']} itself, as in f(x) = x^2",
        )  # fmt: skip
    if "d" not in declared:
        _refuse_operators(text, 0 if found is None else found.end())
    if found is None:
        return Statement(text, "", (), 0)
    blank = "".join(character if character in "$" else " " for character in text[: found.end()])
    arguments = tuple(name.strip(" \\") for name in (found["arguments"] or "").split(",") if name.strip())
    return Statement(blank + text[found.end() :], found["name"].strip("\\"), arguments, found.start("sign"))


def _refuse_operators(text: str, start: int) -> None:
    for pattern in _OPERATORS:
        found = pattern.search(text, start)
        if found is not None:
            raise FormulaError(
                "the sign of a derivative is not typed: explain and derivative take the derivative of a formula",
                plain(text), found.start(), 'the formula alone, as in explain("x^2", wrt="x")',
            )  # fmt: skip
