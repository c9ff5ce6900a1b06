"""Which mistake explains the numbers of a failed gradient check.

A hypothesis is said only when it explains every component within its error bar, never as a guess. The search stands in
`search`, with the list of hypotheses; each file beside it holds one of them, and `changes` those about a step of f.
"""

from chainrule.numeric.diagnosis.record import Diagnosis, Mistake
from chainrule.numeric.diagnosis.search import HYPOTHESES, diagnose

__all__ = ["HYPOTHESES", "Diagnosis", "Mistake", "diagnose"]
