"""A named rule of calculus: what a derivation cites, and what a learner looks up."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of calculus with its name and its statement in letters.

    Attributes:
        name: the name under which textbooks list it.
        statement: the rule as a line of text, with u and v for functions of x.
    """

    name: str
    statement: str
