"""The subscripts of einsum, in every form that NumPy reads, brought to one: a letter for each axis, no ellipsis."""

from __future__ import annotations

import re
import string
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ArgumentError, ShapeError

__all__ = ["Subscripts", "read_subscripts"]

_Labels = list[Hashable]  # letters, or integers in the form with lists; Ellipsis stands for any number of axes


@dataclass(frozen=True, slots=True)
class Subscripts:
    """The labels of every axis, as in "ij,jk->ik".

    Attributes:
        terms: for each operand a letter for each of its axes.
        result: the letters of the result.
        sizes: of each letter.
    """

    terms: tuple[str, ...]
    result: str
    sizes: dict[str, int]


def read_subscripts(arguments: Sequence[Any], shapes_of: Any) -> tuple[list[Any], Subscripts]:
    """Read the arguments of `numpy.einsum`.

    Args:
        arguments: a string and operands, or operands and lists of integers in turn; a last list is the result's.
        shapes_of: the function from an operand to its shape.

    Returns:
        The operands, and their subscripts.

    Raises:
        ArgumentError: where the subscripts cannot be read.
        ShapeError: where they do not fit the operands.
    """
    if not arguments:
        raise ArgumentError("einsum needs subscripts and operands: np.einsum('ij,jk->ik', a, b)")
    if isinstance(arguments[0], str):
        text = arguments[0].replace(" ", "")
        given, arrow, asked = text.partition("->")
        operands = list(arguments[1:])
        terms = [_labels_of_text(term, text) for term in given.split(",")]
        result = _labels_of_text(asked, text) if arrow else None
    else:
        text = "with lists"
        pairs, rest = divmod(len(arguments), 2)
        operands = list(arguments[: 2 * pairs : 2])
        terms = [_labels_of_list(term) for term in arguments[1 : 2 * pairs : 2]]
        result = _labels_of_list(arguments[-1]) if rest else None
    shapes = [tuple(shapes_of(operand)) for operand in operands]
    place = f"einsum {text!r} of shapes {' and '.join(map(str, shapes))}"
    if len(terms) != len(operands):
        raise ShapeError(f"{place}: there are {len(terms)} terms for {len(operands)} operands")
    return operands, _expanded(terms, result, shapes, place)


def _labels_of_text(term: str, text: str) -> _Labels:
    labels: _Labels = [Ellipsis if part == "..." else part for part in re.findall(r"\.\.\.|.", term, re.DOTALL)]
    for label in labels:
        if label is not Ellipsis and str(label) not in string.ascii_letters:
            raise ArgumentError(f"einsum {text!r}: {label!r} is not a label; labels are the letters a to z and A to Z")
    return labels


def _labels_of_list(term: Any) -> _Labels:
    labels: _Labels = []
    for label in term:
        if label is not Ellipsis and not 0 <= (label := label.__index__()) < 52:
            raise ArgumentError(f"einsum with lists: {label} is not a label; labels are the integers 0 to 51")
        labels.append(label)
    return labels


def _expanded(terms: list[_Labels], result: _Labels | None, shapes: list[tuple[int, ...]], place: str) -> Subscripts:
    counts = [label for term in terms for label in term if label is not Ellipsis]
    hidden = 0  # the axes that the ellipsis stands for, in the operand that has most of them
    for term, shape in zip(terms, shapes, strict=True):
        named, dots = len(term) - term.count(Ellipsis), term.count(Ellipsis)
        if dots > 1:
            raise ArgumentError(f"{place}: a term has more than one ellipsis")
        if named > len(shape) or (named < len(shape) and not dots):
            raise ShapeError(f"{place}: a term names {named} axes of an operand of shape {shape}")
        hidden = max(hidden, len(shape) - named)
    if result is None:
        # NumPy's implicit result: the ellipsis, then the labels that occur once, sorted.
        result = [
            Ellipsis,
            *sorted((label for label in set(counts) if counts.count(label) == 1), key=_place_in_alphabet),
        ]
    elif hidden and Ellipsis not in result:
        raise ShapeError(f"{place}: the result must have the ellipsis that the operands have")
    for label in result:
        if result.count(label) > 1:
            raise ArgumentError(f"{place}: the result has {label} twice")
        if label is not Ellipsis and label not in counts:
            raise ArgumentError(f"{place}: the label {label} of the result stands in no term")
    letters = _letters(counts)
    free = [letter for letter in string.ascii_letters if letter not in letters.values()]
    if hidden > len(free):
        raise ArgumentError(f"{place}: there are more than 52 axes to name")
    dots_letters = "".join(free[:hidden])

    def spelled(term: _Labels, rank: int) -> str:
        covered = rank - (len(term) - 1)
        return "".join(dots_letters[hidden - covered :] if label is Ellipsis else letters[label] for label in term)

    spelled_terms = tuple(spelled(term, len(shape)) for term, shape in zip(terms, shapes, strict=True))
    spelled_result = spelled(result, hidden + len(result) - (Ellipsis in result))
    return Subscripts(spelled_terms, spelled_result, _sizes(spelled_terms, shapes, place))


def _place_in_alphabet(label: Any) -> int:
    """NumPy sorts capital letters first."""
    return label if isinstance(label, int) else ord(label)


def _letters(labels: Sequence[Hashable]) -> dict[Hashable, str]:
    """A letter for each label: its own, or one in the same order for an integer."""
    return {label: string.ascii_letters[label] if isinstance(label, int) else str(label) for label in labels}


def _sizes(terms: Sequence[str], shapes: Sequence[tuple[int, ...]], place: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        within: dict[str, int] = {}
        for letter, n in zip(term, shape, strict=True):
            if within.setdefault(letter, n) != n:
                raise ShapeError(f"{place}: the axes of a diagonal have the sizes {within[letter]} and {n}")
            known = sizes.get(letter, 1)
            if known != 1 and n not in (1, known):
                raise ShapeError(f"{place}: an axis has the size {known} in one operand and {n} in another")
            sizes[letter] = n if known == 1 else known
    return sizes
