"""A named rule of calculus: what a derivation cites, and what a learner looks up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from chainrule.core.shapes import Array

__all__ = ["Rule"]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of calculus with its name and its statement in letters.

    A derivation takes the derivative from the primitive's entry, unless the rule says how textbooks write it. What it
    says is tested equal to the entry.

    Attributes:
        name: the name under which textbooks list it.
        statement: the rule as a line of text, with u and v for functions of x.
        letters: what the statement calls the operands, in their order.
        partial: the derivative by the one operand that depends on x, as textbooks write it; a function of
            `(F, out, *operands, **parameters)`.
        layout: the whole right side of the statement, for what is more than a derivative times u'; a function of
            `(F, D, out, *operands)` where D(u) is the derivative of u.
        cases: the rule that holds where only these operands depend on x.
        condition: what the rule supposes of its letters beyond that the function is defined: "u > 0".

    >>> Rule("constant factor rule", "(c u)' = c u'", letters=("c", "u")).of([False, True]).name
    'constant factor rule'
    """

    name: str
    statement: str
    letters: tuple[str, ...] = ("u",)
    partial: Callable[..., Array] | None = None
    layout: Callable[..., Array] | None = None
    cases: Mapping[tuple[bool, ...], Rule] = field(default_factory=dict)
    condition: str = ""

    def of(self, active: Sequence[bool]) -> Rule:
        """The rule for the operands that depend on x."""
        return self.cases.get(tuple(active), self)
