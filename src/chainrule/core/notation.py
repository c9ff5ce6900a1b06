"""How an operation is written: a few layouts with precedence, which every printer implements.

A notation is structure, not a template: a printer for text, LaTeX or code decides for each layout how it looks and
where parentheses are needed, and knows no operation by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "Bars",
    "Call",
    "Differential",
    "Exponential",
    "Filled",
    "Fraction",
    "Infix",
    "Limit",
    "Notation",
    "Postfix",
    "Power",
    "Precedence",
    "Prefix",
    "Root",
    "Subscript",
    "Transparent",
]


class Precedence(IntEnum):
    """How tightly a layout binds; an operand that binds less tightly is put in parentheses."""

    COMPARISON = 10
    SUM = 20
    PREFIX = 25
    PRODUCT = 30
    POWER = 50
    POSTFIX = 60
    ATOM = 100


@dataclass(frozen=True, slots=True)
class Notation:
    """Base of all layouts."""


@dataclass(frozen=True, slots=True)
class Infix(Notation):
    """Two operands with a sign between them; `associative` if a (b c) needs no parentheses."""

    symbol: str
    precedence: Precedence
    associative: bool = False
    latex: str = ""


@dataclass(frozen=True, slots=True)
class Prefix(Notation):
    """A sign before its operand: -x."""

    symbol: str
    latex: str = ""


@dataclass(frozen=True, slots=True)
class Postfix(Notation):
    """A mark behind its operand, raised: X^T."""

    mark: str


@dataclass(frozen=True, slots=True)
class Call(Notation):
    """A function's name with its operands in parentheses; an empty name takes that of the primitive.

    `index` is the parameter that is written as an index of the name, where it is a whole number: J_2(x). Those in
    `unsaid` are not written: how it is computed, and not what.
    """

    name: str = ""
    latex: str = ""
    index: str = ""
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exponential(Call):
    """A function that is a power of a fixed base: e^x for a short exponent, exp(...) for one that is long."""

    base: str = "e"


@dataclass(frozen=True, slots=True)
class Filled(Call):
    """A function that takes the shape of its first operand and no value: ones(m, n), scatter(x, [0], shape=(3,))."""


@dataclass(frozen=True, slots=True)
class Root(Call):
    """A function that is a root: with the radical sign where the medium has one, by its name elsewhere."""

    degree: int = 2


@dataclass(frozen=True, slots=True)
class Differential(Notation):
    """A derivative still to be taken: u', or d/dx of u; with a third operand, a change: du."""


@dataclass(frozen=True, slots=True)
class Limit(Notation):
    """A limit still to be taken: the limit of u as h goes to 0."""


@dataclass(frozen=True, slots=True)
class Fraction(Notation):
    """A quotient: a bar where the medium has one, a slash elsewhere."""


@dataclass(frozen=True, slots=True)
class Power(Notation):
    """A base with an exponent; `exponent` is given where the operation fixes it (square, cube)."""

    exponent: str = ""


@dataclass(frozen=True, slots=True)
class Bars(Notation):
    """An operand between bars: |x|, or ||x||."""

    bar: str = "|"


@dataclass(frozen=True, slots=True)
class Subscript(Notation):
    """An operand with an index: x[0]."""


@dataclass(frozen=True, slots=True)
class Transparent(Notation):
    """Written as its first operand alone: a broadcast, a cast, a copy change nothing that a formula shows."""
