"""Which mistake explains the numbers of a failed gradient check.

A hypothesis is said only when it explains every component within its error bar, never as a guess.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Component", "diagnose"]

# A component can speak for a factor only if it stands this far above its own error bar.
RESOLVED = 8.0


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a gradient: what was claimed, what was measured, and how far apart they may be.

    `difference` is analytic - numeric; `name` is the argument, with the path inside it where it is a container.

    >>> component = Component((0, 3), analytic=2.5, numeric=2.0, difference=0.5, tolerance=1e-9, name="W")
    >>> component.label, component.passed
    ('W[0, 3]', False)
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    difference: float
    tolerance: float
    name: str = ""

    @property
    def passed(self) -> bool:
        """Whether the two values agree within the tolerance; NaN never does."""
        return abs(self.difference) <= self.tolerance

    @property
    def ratio(self) -> float:
        """How many times the tolerance the difference is; infinite where the gradient is NaN or infinite."""
        if not math.isfinite(self.difference) or (self.difference and not self.tolerance):
            return math.inf
        return abs(self.difference) / self.tolerance if self.difference else 0.0

    @property
    def label(self) -> str:
        """The name of the component as one would write it in Python."""
        return f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name


def diagnose(components: Sequence[Component]) -> str:
    """The mistake that explains all components, or "" where none of the known ones does.

    Known are a flipped sign and a constant factor. One component alone is explained by any factor, so there only
    2 and 1/2 are said.

    >>> diagnose([Component((0,), 4.0, 2.0, 2.0, 1e-9), Component((1,), -6.0, -3.0, -3.0, 1e-9)])
    'off by the constant factor 2'
    """
    if all(c.passed for c in components) or not all(math.isfinite(c.difference) for c in components):
        return ""
    speaking = [c for c in components if abs(c.numeric) > RESOLVED * c.tolerance]
    if not speaking:
        return ""
    if _explained(components, -1.0):
        return "the sign is flipped"
    # The component known best fixes the factor; the others are asked whether they agree.
    best = max(speaking, key=lambda c: abs(c.numeric) / c.tolerance)
    factor = best.analytic / best.numeric
    # The error bar of the factor, relative to it: the factor must stand clear of zero, and of one.
    margin = max(1.0, abs(factor)) * best.tolerance / max(abs(best.analytic), best.tolerance)
    if margin * RESOLVED > min(1.0, abs(factor - 1)) or not 1e-100 < abs(factor) < 1e100:
        return ""
    simple, text = _simple(factor)
    # A whole number is said only where the error bar tells it from its neighbours.
    if text and abs(max(simple, 1 / simple, key=abs)) * margin < 0.1 and _explained(components, simple):
        return f"off by the constant factor {text}" if len(speaking) > 1 or text in ("2", "1/2") else ""
    if len(speaking) > 1 and _explained(components, factor):
        digits = max(2, int(-math.log10(margin)) - 1)  # as many as the error bar supports
        return f"off by the constant factor {factor:.{digits}g}"
    return ""


def _explained(components: Sequence[Component], factor: float) -> bool:
    margin = max(1.0, abs(factor))
    return all(abs(c.analytic - factor * c.numeric) <= margin * c.tolerance for c in components)


def _simple(factor: float) -> tuple[float, str]:
    """The whole number, or one over a whole number, next to a factor, and how it is written; ("" if it is near 1)."""
    if abs(factor) >= 1.5:
        return float(round(factor)), f"{round(factor)}"
    if abs(factor) <= 0.75:
        return 1 / round(1 / factor), f"{'-' if factor < 0 else ''}1/{abs(round(1 / factor))}"
    return 1.0, ""
