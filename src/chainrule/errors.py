"""The errors of chainrule: each says what was wrong, where, and one way out.

Every error that chainrule raises on purpose is a `ChainruleError`. Those that answer a wrong type or
value are also a `TypeError` or `ValueError`, so that code which catches the built-in kind keeps working.

>>> import chainrule as cr
>>> issubclass(cr.errors.ShapeError, ValueError), issubclass(cr.errors.TraceError, TypeError)
(True, True)
"""

from __future__ import annotations

__all__ = [
    "ArgumentError",
    "ChainruleError",
    "ClusterError",
    "ConvergenceError",
    "DataError",
    "DegeneracyError",
    "DerivationError",
    "DerivativeMissingError",
    "FormulaError",
    "GraphError",
    "GuardError",
    "IntegrationError",
    "KinkError",
    "LeakedTraceError",
    "LimitError",
    "MissingExtraError",
    "NonFiniteError",
    "NotScalarError",
    "OperandError",
    "ShapeError",
    "SingularError",
    "SourceError",
    "TraceError",
]


class ChainruleError(Exception):
    """The base of all errors of chainrule.

    >>> import chainrule as cr
    >>> try:
    ...     cr.grad("x + ")
    ... except cr.ChainruleError as error:
    ...     print(type(error).__name__)
    FormulaError
    """


class ArgumentError(ChainruleError, ValueError, TypeError):
    """An argument is of the wrong kind or has a name that does not exist; the message lists what is accepted."""


class ShapeError(ChainruleError, ValueError):
    """Shapes do not fit together; the message gives both."""


class NotScalarError(ShapeError):
    """A gradient was asked of an output that is not a scalar; the message gives its shape and names `jacobian`."""


class TraceError(ChainruleError, TypeError):
    """A function does something that cannot be followed; the message names its line and what to write instead."""


class OperandError(TraceError, ArgumentError):
    """A function computes with something that is no number and no array of numbers; the message names its line."""


class LeakedTraceError(TraceError):
    """A traced value was used after the trace that made it had ended."""


class DerivationError(ChainruleError, ArithmeticError):
    """A line of a derivation is not equal to the line before, or cannot be verified; the message gives both values."""


class DerivativeMissingError(ChainruleError, TypeError):
    """An operation has no derivative in the mode that was asked for; the message says how to define one."""


class GuardError(ChainruleError):
    """A graph was evaluated at values that take another branch than the one it recorded."""


class GraphError(ChainruleError):
    """A graph is not legal: an operand out of order, a wrong shape or dtype. Always a defect, never the user's."""


class SourceError(ChainruleError, TypeError):
    """A graph cannot be written as source in the language asked for; the message names the operation that cannot."""


class NonFiniteError(ChainruleError, ArithmeticError):
    """A step produced NaN or infinity under `watch_numbers`; the message names the step, its inputs and its line."""


class IntegrationError(ChainruleError, ArithmeticError):
    """A differential equation could not be integrated to the accuracy asked for; the message names where it failed."""


class KinkError(ChainruleError, ArithmeticError):
    """A derivative was asked for at a kink, tie or pole under `strict`."""


class DegeneracyError(KinkError):
    """A derivative depends on a choice that a decomposition leaves open, so there is none, also without `strict`.

    Eigenvalues or singular values that coincide have no eigenvectors of their own, only a common space; a matrix of
    lower rank has no unique factors. The message names the values, how far apart they are, and the matrix of a stack.
    """


class ConvergenceError(ChainruleError, ArithmeticError):
    """A solver's answer does not solve its equation; the message says how far it is from doing so."""


class SingularError(ChainruleError, ArithmeticError):
    """An equation does not determine its solution: its Jacobian is singular there, and no derivative exists."""


class LimitError(ChainruleError, ValueError):
    """An input is larger than a limit of `Limits` allows; the message names the limit."""


class MissingExtraError(ChainruleError, ImportError):
    """A feature needs a package that is not installed; the message is the exact install command."""


class DataError(ChainruleError, ValueError):
    """A data file or value cannot be used; the message names the row and the column."""


class ClusterError(ChainruleError, ConnectionError):
    """A cluster cannot be reached or used, or has lost what it needs; the message names its address and the cause."""


class FormulaError(ChainruleError, ValueError):
    """A formula cannot be read; `position` is the offending character, and the message has a caret under it."""

    def __init__(self, problem: str, text: str, position: int, expected: str = "") -> None:
        self.problem, self.text, self.position, self.expected = problem, text, position, expected
        super().__init__(problem, text, position, expected)

    def __str__(self) -> str:
        # A window around the place: a formula of a megabyte must not become a message of a megabyte.
        start = max(0, self.position - 60)
        shown = self.text[start : self.position + 40].replace("\n", " ").replace("\t", " ")
        column = self.position - start
        if start:
            shown, column = "..." + shown, column + 3
        hint = f"\nexpected {self.expected}" if self.expected else ""
        return f"{self.problem} (column {self.position + 1})\n  {shown}\n  {' ' * column}^{hint}"
