"""How a descent ended: for programs by its kind, for people in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import final

__all__ = ["INTERRUPTED", "STEPS_DONE", "Ending", "How"]


class How(Enum):
    """The ways in which a descent ends; the value is the name under which a checkpoint holds it."""

    STEPS_DONE = "steps done"
    SAID_SO = "said so"  # by a criterion, the callback, a solver or the optimizer, or the disk that is full
    INTERRUPTED = "interrupted"
    NOT_FINITE = "not finite"


@final
@dataclass(frozen=True, slots=True)
class Ending:
    """How a descent ended. Nothing is read from the words: a criterion may put its reason in any.

    Attributes:
        how: in which way.
        said: the reason, as a sentence without its full stop.
        what: what was not finite, such as "the loss"; "" where it ended in another way.

    >>> Ending(How.NOT_FINITE, "the loss is not finite at step 3", "the loss").text
    'diverged: the loss is not finite at step 3'
    """

    how: How
    said: str
    what: str = ""

    @property
    def text(self) -> str:
        """What `Descent.stopped` says."""
        return f"diverged: {self.said}" if self.how is How.NOT_FINITE else self.said


STEPS_DONE = Ending(How.STEPS_DONE, "steps done")
INTERRUPTED = Ending(How.INTERRUPTED, "interrupted")
