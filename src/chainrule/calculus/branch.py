"""One branch of a function for one kind of arguments, and the code that runs it: a kernel, NumPy code, plain Python."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from math import prod
from typing import TYPE_CHECKING, Any, final

import numpy as np

from chainrule.calculus.emitted_code import EmittedCode, emitted_code
from chainrule.calculus.recording import Recorded
from chainrule.calculus.ways_in import WayIn
from chainrule.errors import ChainruleError
from chainrule.kernels.machine import available
from chainrule.passes.guards import unwatched

if TYPE_CHECKING:
    from chainrule.calculus.kernel_code import KernelCode

__all__ = ["Branch", "KernelRefusedError", "branch"]

# A variable that holds how NumPy answers to what goes wrong in floats; np.geterr takes a microsecond to read it.
_answers: ContextVar[Any] | None = getattr(np._core.umath, "_extobj_contextvar", None)  # type: ignore[attr-defined]
_usual = None if _answers is None else _answers.get()


class KernelRefusedError(Exception):
    """A kernel met what the function itself says more about."""


@final
class Branch:
    """One branch of a function, for one kind of arguments.

    Attributes:
        recorded: what it computes.
        kernel: the code of the machine, if that is what runs.
        note: why there is no kernel, or "".
    """

    def __init__(self, recorded: Recorded, kernel: KernelCode | None, emitted: EmittedCode | None, note: str) -> None:
        self.recorded = recorded
        self.kernel = kernel
        self.note = note
        self._emitted = emitted
        self._of_numbers: KernelCode | None = None
        self._lock = threading.Lock()

    def __call__(self, leaves: Sequence[Any]) -> Any:
        """The function's result.

        Raises:
            GuardError: at these values it takes another branch.
            KernelRefusedError: call the function itself.
        """
        if self.kernel is None or _answers_asked_for():
            return self.emitted(leaves)
        try:
            return self.kernel(leaves)
        except (ArithmeticError, LookupError, ValueError) as error:
            raise KernelRefusedError from error

    @property
    def emitted(self) -> EmittedCode:
        """The code in Python; also where a kernel runs, for who wants warnings to be errors."""
        with self._lock:
            if self._emitted is None:
                self._emitted = emitted_code(self.recorded)
            return self._emitted

    @property
    def language(self) -> str:
        """For the plan."""
        if self.kernel is not None:
            return "a kernel"
        if self._of_numbers is not None:
            return "plain Python, now that it is called often a kernel"
        return {"python": "plain Python", "numpy": "NumPy"}[self.emitted.language]

    def quick(self) -> Callable[..., Any] | None:
        """Of a function of Python floats to one number: what takes them, and returns a float."""
        emitted = self._emitted
        if self.kernel is None and emitted is not None and emitted.language == "python":
            return emitted.run if self.recorded.bare and emitted.kinds == (np.float64,) else None
        return None

    def compile(self) -> bool:
        """Make a kernel of numbers as well, for `way_in`; whether there is one."""
        if self._of_numbers is None and not available():
            self._of_numbers, _ = _kernel(self.recorded)
        return self._of_numbers is not None

    def way_in(self) -> WayIn | None:
        """The kernel for small calls, where nothing is watched and NumPy's answers are the usual ones."""
        kernel = self.kernel or self._of_numbers
        if kernel is None or _answers is None:
            return None
        return kernel.way_in([(_answers, _usual), *((variable, False) for variable in unwatched)])


def branch(recorded: Recorded, smallest: float = 0, similar: Sequence[Branch] = ()) -> Branch:
    """The code for what was recorded: plain Python for numbers, a kernel for arrays where there can be one, else NumPy.

    Args:
        recorded: a call of the function.
        smallest: how many component operations there have to be for a kernel.
        similar: branches for arguments of other lengths, whose kernel may serve for these.

    Raises:
        SourceError: an operation has no code.
    """
    if all(node.shape == () for node in recorded.graph.nodes):
        return Branch(recorded, None, emitted_code(recorded), "")
    note = available()
    enough = sum(prod(node.shape) for node in recorded.graph.nodes if node.primitive is not None) >= smallest
    if enough and not note and recorded.graph.outputs:
        kernel, note = _kernel(recorded, similar)
        if kernel is not None:
            return Branch(recorded, kernel, None, "")
    return Branch(recorded, None, emitted_code(recorded), note)


def _kernel(recorded: Recorded, similar: Sequence[Branch] = ()) -> tuple[KernelCode | None, str]:
    """The kernel, or why there is none."""
    try:
        from chainrule.calculus.kernel_code import kernel_code

        for other in similar:
            if other.kernel is not None and (shared := other.kernel.with_other_rows(recorded)) is not None:
                return shared, ""
        return kernel_code(recorded), ""
    except ChainruleError as error:
        return None, str(error).partition("\n")[0]
    except Exception as error:  # NumPy can compute it all the same, but it is not the function's doing
        reason = str(error).partition("\n")[0]
        return None, f"a defect of chainrule: no kernel was made, {type(error).__name__}: {reason}"


def _answers_asked_for() -> bool:
    """Whether NumPy is to raise, call or print at what goes wrong in floats, of which a kernel says nothing."""
    if _answers is not None and _answers.get() is _usual:
        return False
    return any(answer not in ("ignore", "warn") for answer in np.geterr().values())
