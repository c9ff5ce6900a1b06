"""What happened in a descent, and why.

A run is judged by measurements: the ends of the Hessian's spectrum, how the gradient lies in it, and the iterates. Each
file holds one finding, and `judge` the list of them.
"""

from chainrule.learn.verdict.judge import FINDINGS, judge
from chainrule.learn.verdict.record import Kind, Verdict

__all__ = ["FINDINGS", "Kind", "Verdict", "judge"]
