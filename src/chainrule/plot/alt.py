"""The text twin of a picture: what it shows, with its numbers, for those who cannot see it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["alt", "describe"]

_SAID: WeakKeyDictionary[Axes, str] = WeakKeyDictionary()


def describe(axes: Axes, *sentences: str) -> None:
    """Say what a picture shows on its axes: the first sentence names it, the others give its numbers."""
    said = " ".join(sentence for sentence in sentences if sentence)
    # Who draws two pictures on the same axes sees both.
    _SAID[axes] = f"{_SAID[axes]} {said}" if axes in _SAID else said


def alt(figure: Figure) -> str:
    """What the pictures of a figure show, in words and with their numbers.

    `save` writes it into the file: it is the text for `alt` in HTML, for a caption, or for a reader who cannot see.

    Args:
        figure: a figure that a function of `chainrule.plot` returned, or one whose axes they have drawn on.

    Raises:
        ArgumentError: no picture of chainrule is on it.

    >>> import chainrule as cr
    >>> cr.plot.alt(cr.plot.graph("x^2", 3.0)).partition(". ")[0]
    'The computational graph of f(x)'
    """
    axes = getattr(figure, "axes", None)
    said = [_SAID[one] for one in axes if one in _SAID] if isinstance(axes, list) else []
    if not said:
        raise ArgumentError(f"{figure!r:.60} holds no picture of chainrule: give what a function of cr.plot returned")
    return " ".join(said)
