"""What the comparison of a gradient with f has found, before it is put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chainrule.numeric.checking.report import Component, Direction, Group, KinkMet
from chainrule.numeric.evidence import Part

__all__ = ["Findings"]


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found: the fields of a `GradientCheck`, and the parts for the diagnosis."""

    parts: Sequence[Part]
    components: Sequence[Component] = ()
    wrong: int = 0
    resolution: float = 0.0
    groups: Sequence[Group] = ()
    kinks: Sequence[KinkMet] = ()
    directions: Sequence[Direction] = ()
    notes: Sequence[str] = ()
    passed: bool = True
