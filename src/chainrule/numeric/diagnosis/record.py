"""What a diagnosis says: the kinds of mistakes, and the record that names one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from chainrule.core.graph import Site
from chainrule.numeric.evidence import Evidence

__all__ = ["Diagnosis", "Mistake"]


class Mistake(Enum):
    """The kinds of mistakes that are known; the value is the name of the kind in words.

    >>> from chainrule.numeric import Mistake
    >>> print(Mistake.SUMMED.value)
    summed instead of averaged
    """

    SIGN = "sign flipped"
    FACTOR = "constant factor"
    SUMMED = "summed instead of averaged"
    AVERAGED = "averaged instead of summed"
    TRANSPOSED = "transposed"
    SHIFTED = "off by one row"
    REORDERED = "components in another order"
    RESHAPED = "another shape, the right numbers"
    TERM_MISSING = "term proportional to the parameters missing"
    TERM_EXTRA = "term proportional to the parameters too much"
    OTHER_ARGUMENT = "gradient of another argument"
    NOT_SUMMED = "not summed over a broadcast axis"
    OVERSUMMED = "summed over an axis too many"
    ROWS_LEFT_OUT = "rows left out of a sum"
    AT_OUTPUT = "derivative taken at the output"
    AT_INPUT = "derivative taken at the input"
    WRONG_DERIVATIVE = "derivative of another function"
    INNER_FACTOR = "inner factor missing"
    STEP_FACTOR = "constant factor in one step"
    STEP_SIGN = "sign flipped in one step"
    PATH_MISSING = "path missing"
    PATH_TWICE = "path counted twice"
    DETACHED = "step taken for a constant"
    STEP_TRANSPOSED = "transposed in one step"
    REPEATED = "repeated places not added up"
    STATISTICS = "statistics taken for constants"
    PARAMETRISATION = "gradient by another form of the parameter"
    ZERO = "zero"
    SEVERAL = "a mistake for each argument"
    UNDECIDED = "search ended at its limit"


def _nowhere(evidence: Evidence) -> float | None:
    return None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The mistake that explains the numbers of a failed gradient check; prints as its sentence.

    Attributes:
        kind: the kind of mistake.
        text: what is wrong, in one sentence.
        parts: the names of the parts of the gradient that are wrong.
        fit: how well it explains the claimed numbers: the largest |predicted - claimed| in units of the tolerance; at
            most 1, infinite for `Mistake.UNDECIDED`.
        site: the line of f that the mistake belongs to, if there is one.
        region: the components that are wrong, such as "w[3]", where only some are; else "".

    >>> import numpy as np
    >>> from chainrule.numeric.diagnosis import diagnose
    >>> from chainrule.numeric.evidence import Evidence, Part
    >>> w = np.array([1.0, 2.0])
    >>> found = diagnose(Evidence([Part("w", point=w, claimed=-2 * w, reference=2 * w, tolerance=1e-12 * w)]))
    >>> print(found, found.fit, found.kind)
    the sign is flipped 0.0 Mistake.SIGN
    """

    kind: Mistake
    text: str
    parts: tuple[str, ...]
    fit: float
    site: Site | None = None
    region: str = ""
    _misfit: Callable[[Evidence], float | None] = field(default=_nowhere, repr=False, compare=False)

    def misfit(self, evidence: Evidence) -> float | None:
        """The same mistake held against evidence at another point: as `fit`, or None where it cannot be tested."""
        return self._misfit(evidence)

    def __bool__(self) -> bool:
        return self.kind is not Mistake.UNDECIDED

    def __str__(self) -> str:
        return self.text
