"""Numbers that have a name in a problem: the sizes of its arguments, and arguments that are single numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from chainrule.calculus.containers import flatten, is_container

__all__ = ["Named", "defined", "leaves", "match", "named_numbers", "whole_number"]


@dataclass(frozen=True, slots=True)
class Named:
    """A number with its name and where it comes from: N = 442, the rows of X.

    Attributes:
        value: the number.
        symbol: how it is written in a formula.
        origin: what it is, in words.
        size: whether it counts something.
    """

    value: float
    symbol: str
    origin: str
    size: bool = False


def defined(numbers: Sequence[Named]) -> str:
    """What the symbols in a formula stand for: "N = 8, the rows of X"."""
    return ", ".join(
        f"{n.symbol} = {n.value:.6g}" + (f", {n.origin}" if n.size else "") for n in dict.fromkeys(numbers)
    )


def leaves(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The arrays and numbers in the arguments, each with its name and the path inside it."""
    for name, value in arguments.items():
        if is_container(value) and not (isinstance(value, list) and all(isinstance(v, int | float) for v in value)):
            yield from flatten(value, name)[0]
        else:
            yield name, value


def named_numbers(arguments: Mapping[str, Any], parameters: Sequence[str]) -> list[Named]:
    """Sizes first, those of the data before those of the `parameters`; a size that occurs twice has one name."""
    origins: dict[int, list[str]] = {}
    scalars: list[Named] = []
    pairs = [(name, value) for name, value in leaves(arguments) if _numeric(value)]
    for name, value in sorted(pairs, key=lambda pair: pair[0] in parameters):
        shape = np.shape(value)
        for axis, size in enumerate(shape):
            origins.setdefault(size, []).append(f"{_axis_name(axis, len(shape))} of {name}")
        if len(shape) > 1:
            origins.setdefault(int(np.size(value)), []).append(f"the number of components of {name}")
        if shape == () and name not in parameters and np.isfinite(value):
            scalars.append(Named(float(value), name, name))
    sizes = [size for size in origins if size > 1]
    symbols = chain(["N", "M", "K", "L"], (f"N{i}" for i in range(5, len(sizes) + 5)))
    found = [
        Named(float(size), symbol, _listed(origins[size]), True) for size, symbol in zip(sizes, symbols, strict=False)
    ]
    return [*found, *scalars]


def _numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "iuf"
    except ValueError:  # a ragged list
        return False


def _axis_name(axis: int, ndim: int) -> str:
    if ndim == 1:
        return "the length"
    return ("the rows", "the columns")[axis] if ndim == 2 else f"axis {axis}"


def _listed(names: Sequence[str], most: int = 2) -> str:
    return " and ".join(names[:most])


# What one does with a named number s: the value, and how it is written with the symbol.
_FORMS: Sequence[tuple[Callable[[float], float], str]] = (
    (lambda s: s, "{}"),
    (lambda s: 1 / s, "1/{}"),
    (lambda s: 2 * s, "2 {}"),
    (lambda s: 2 / s, "2/{}"),
    (lambda s: s / 2, "{}/2"),
    (lambda s: 1 / (2 * s), "1/(2 {})"),
    (lambda s: s * s, "{}^2"),
    (lambda s: 1 / (s * s), "1/{}^2"),
)


def match(value: float, margin: float, numbers: Sequence[Named]) -> tuple[float, str, tuple[Named, ...]] | None:
    """The named number that a value is within its error bar `margin`: exactly, as written, and those it was made of.

    Also found are its double, half, square and reciprocals, and two of the numbers multiplied or divided.
    """
    if not margin < 1e-3 * abs(value):
        return None
    sign = "-" if value < 0 else ""
    for form, text in _FORMS:
        for number in numbers:
            if number.value and abs(form(abs(number.value)) - abs(value)) <= margin:
                return float(np.copysign(form(abs(number.value)), value)), sign + text.format(number.symbol), (number,)
    for a in numbers:
        for b in numbers:
            for c, exact in (("", a.value), ("2 ", 2 * a.value)):
                if a.size and b.value and not b.size:
                    continue
                if b.value and abs(abs(exact / b.value) - abs(value)) <= margin:
                    return float(np.copysign(exact / b.value, value)), f"{sign}{c}{a.symbol}/{b.symbol}", (a, b)
    return None


def whole_number(value: float, margin: float) -> tuple[float, str] | None:
    """The whole number, or one over a whole number, that a value is within its error bar, and how it is written."""
    if not np.isfinite(value) or not 1e-9 < abs(value) < 1e9:
        return None
    if abs(value) >= 1.5:
        whole = float(round(value))
        fits = abs(value - whole) <= margin < 0.1
        return (whole, f"{whole:.0f}") if fits else None
    if abs(value) > 0.75:
        return (-1.0, "-1") if abs(value + 1) <= margin < 0.1 else None
    whole = float(round(1 / value))
    fits = abs(value - 1 / whole) <= margin and margin * whole * whole < 0.1
    return (1 / whole, f"{'-' if value < 0 else ''}1/{abs(whole):.0f}") if fits else None
