"""Python's operators, once for all that takes part in a computation: traced values and nodes of a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from chainrule.core.registry import Namespace
from chainrule.errors import OperandError

__all__ = ["OPERATORS", "Operators", "answer_of_the_other"]

# Each method of Python's data model with the primitive it means, and whether its operands come reversed.
OPERATORS: dict[str, tuple[str, bool]] = (
    {
        "__neg__": ("negative", False),
        "__invert__": ("logical_not", False),
    }
    | {
        f"__{prefix}{method}__": (primitive, prefix == "r")
        for method, primitive in (
            ("add", "add"),
            ("sub", "subtract"),
            ("mul", "multiply"),
            ("truediv", "divide"),
            ("pow", "power"),
            ("matmul", "matmul"),
            ("floordiv", "floor_divide"),
            ("mod", "remainder"),
            ("and", "logical_and"),
            ("or", "logical_or"),
            ("xor", "logical_xor"),
        )
        for prefix in ("", "r")
    }
    | {
        "__lt__": ("less", False),
        "__le__": ("less_equal", False),
        "__gt__": ("greater", False),
        "__ge__": ("greater_equal", False),
    }
)


_MIRRORED = {"__lt__": "__gt__", "__le__": "__ge__", "__gt__": "__lt__", "__ge__": "__le__"}


def answer_of_the_other(name: str, own: Any, other: Any, error: OperandError) -> Any:
    """What the other operand makes of an operator that is not for it, as Python would ask; else the error is raised."""
    if isinstance(other, (str, bytes)):  # their __rmul__ would take the value for a count
        raise error
    method = getattr(type(other), _MIRRORED.get(name) or name.replace("__", "__r", 1), None)
    answer = NotImplemented if method is None else method(other, own)
    if answer is NotImplemented:
        raise error
    return answer


def _method(primitive: str, reversed_: bool) -> Callable[..., Any]:
    if reversed_:
        return lambda self, other: getattr(self.F, primitive)(other, self)
    return lambda self, *other: getattr(self.F, primitive)(self, *other)


class Operators:
    """Operators that call the primitives of the namespace `F` of the class."""

    __slots__ = ()
    F: ClassVar[Namespace]
    dtype: Any

    def __pos__(self) -> Any:
        return self.F.positive(self)

    def __abs__(self) -> Any:
        # |z| of a complex number is another function, and not a holomorphic one.
        return self.F.abs_complex(self) if np.dtype(self.dtype).kind == "c" else self.F.abs(self)

    def __divmod__(self, other: Any) -> Any:
        try:
            return self.F.floor_divide(self, other), self.F.remainder(self, other)
        except OperandError as error:
            return answer_of_the_other("__divmod__", self, other, error)

    def __rdivmod__(self, other: Any) -> Any:
        return self.F.floor_divide(other, self), self.F.remainder(other, self)

    def __pow__(self, exponent: Any) -> Any:
        # NumPy itself squares for x ** 2: faster, and the derivative 2 x needs no logarithm.
        if type(exponent) in (int, float) and exponent == 2:
            return self.F.square(self)
        return self.F.power(self, exponent)


for _name, (_primitive, _reversed) in OPERATORS.items():
    if _name not in Operators.__dict__:
        setattr(Operators, _name, _method(_primitive, _reversed))
