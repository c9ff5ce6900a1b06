"""A user's function, called with care, and the numbers that go into it and come out.

Whatever a function does to its argument, returns or remembers, a difference quotient must not turn it into a
silent wrong number: so every call gets a copy of its own, and what comes back is checked and copied.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import ArgumentError, ChainruleError, NonFiniteError

__all__ = [
    "Index",
    "Probe",
    "RealArray",
    "describe",
    "is_scalar",
    "label",
    "precision",
    "quiet",
    "read_numbers",
    "read_point",
    "where_changed",
]

RealArray: TypeAlias = NDArray[np.floating[Any]]
Index: TypeAlias = tuple[int, ...]


class Probe:
    """A function of one array that copies what it passes, checks what it gets and counts its calls.

    Called with an array of floating numbers, it returns the result as a new array of floating numbers. With
    `scalar` set, the function receives a NumPy scalar in place of a 0-d array. Raises `ArgumentError` if the
    function cannot be called, writes into its argument, or returns anything but real numbers; what the function
    itself raises passes through unchanged. `cause` is what it first raised beside the point.

    >>> import numpy as np
    >>> probe = Probe(lambda x: (x**2).sum())
    >>> probe(np.array([3.0, 4.0]))
    array(25.)
    >>> probe.evaluations
    1
    """

    def __init__(self, f: Callable[[Any], Any], *, scalar: bool = False, name: str = "") -> None:
        if not callable(f):
            raise ArgumentError(f"f must be a function, not {_kind(f)}: give one that takes x and returns a number")
        self.f, self.scalar, self.evaluations = f, scalar, 0
        self.name = name or describe(f)
        self.cause: Exception | None = None
        # What numerical errors do in f is for its author to say; a warning would come once for every sample.
        modes = {key: "ignore" if mode == "warn" else mode for key, mode in np.geterr().items()}
        self._modes = cast(Any, modes)

    def __call__(self, values: RealArray) -> RealArray:
        number = self.scalar and values.ndim == 0
        argument = values[()] if number else values.copy()
        self.evaluations += 1
        with self.errors():
            result = self.f(argument)
        if not number and not np.array_equal(argument, values):
            raise ArgumentError(
                f"{self.name} writes into its argument{where_changed(values, argument)}: "
                "let it work on a copy, x = x.copy()"
            )
        if isinstance(result, list | tuple):
            raise ArgumentError(
                f"{self.name} returned {_kind(result)}, expected a number or an array: return np.array(...) of it"
            )
        return read_numbers(result, f"the result of {self.name}")

    def errors(self) -> np.errstate:
        """The floating-point settings of the caller, without warnings."""
        return np.errstate(**self._modes)

    def beside(self, values: RealArray) -> RealArray | None:
        """The function at a point that chainrule chose: None where it is undefined.

        An `ArithmeticError` or `ValueError` of the function, such as that of math.log, says so; it is kept as `cause`.
        """
        try:
            return self(values)
        except ChainruleError:
            raise
        except (ArithmeticError, ValueError) as error:
            self.cause = self.cause or error
            return None


def read_point(x: ArrayLike, name: str = "x") -> RealArray:
    """The point of differentiation as an array of its own: floats keep their dtype, integers become float64.

    Raises `ArgumentError` for anything but real numbers, and `NonFiniteError`, naming the component, for NaN and
    infinity.

    >>> read_point([1, 2])
    array([1., 2.])
    """
    values = read_numbers(x, name)
    finite = np.isfinite(values)
    if not finite.all():
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise NonFiniteError(f"{label(name, index)} is {values[index]}: a derivative needs a finite point")
    return values


def read_numbers(value: Any, what: str) -> RealArray:
    """Real numbers as a new floating array in native byte order; `what` names the value in errors.

    Integers of any size are promoted to float64. Raises `ArgumentError` for text, booleans, complex numbers, dates,
    masked and structured arrays, ragged lists, and objects that are not numbers.

    >>> read_numbers(10**30, "x")
    array(1.e+30)
    """
    if value is None or isinstance(value, str | bytes | bytearray | dict | set | frozenset | np.ma.MaskedArray):
        hint = ": fill the masked entries first, x.filled(...)" if isinstance(value, np.ma.MaskedArray) else ""
        raise ArgumentError(f"{what} is {_kind(value)}, expected real numbers{hint}")
    try:
        array = np.array(value)
    except (ValueError, TypeError) as error:
        raise ArgumentError(f"{what} is not an array of numbers: {error}") from error
    if array.dtype.kind in "iu":
        return array.astype(np.float64)
    if array.dtype.kind == "O":
        return _read_objects(array, what)
    if array.dtype.kind != "f":
        content, remedy = _CONTENT.get(array.dtype.kind, (f"dtype {array.dtype}", ""))
        raise ArgumentError(f"{what} holds {content}, expected real numbers{remedy}")
    return cast(RealArray, array.astype(array.dtype.newbyteorder("="), copy=False))


# What an array may hold instead of real numbers, and the way out, by the kind of its dtype.
_CONTENT = {
    "b": ("booleans", ": convert them with .astype(float)"),
    "c": ("complex numbers", ": take the real and the imaginary part apart"),
    "U": ("text", ""),
    "S": ("bytes", ""),
    "M": ("dates", ""),
    "m": ("time spans", ""),
    "V": ("a structured dtype", ": take its fields one by one"),
}


def _read_objects(array: NDArray[np.object_], what: str) -> RealArray:
    # Python integers beyond 64 bits make NumPy fall back to objects; they are numbers all the same.
    for index in np.ndindex(array.shape):
        if isinstance(array[index], bool) or not isinstance(array[index], int | float):
            raise ArgumentError(f"{label(what, index)} is {_kind(array[index])}, expected a real number")
    try:
        return array.astype(np.float64)
    except OverflowError as error:
        raise ArgumentError(f"{what} holds an integer too large for float64 (above 1.8e308)") from error


def is_scalar(x: Any) -> bool:
    """Whether x is a number rather than an array, so that a function of it expects a number too."""
    return np.ndim(x) == 0 and not isinstance(x, np.ndarray)


def precision(*arrays: NDArray[Any]) -> float:
    """The machine epsilon of the coarsest dtype among floating arrays.

    >>> import numpy as np
    >>> precision(np.zeros(2), np.zeros(2, np.float32)) == float(np.finfo(np.float32).eps)
    True
    """
    return max(float(np.finfo(array.dtype).eps) for array in arrays)


def quiet() -> np.errstate:
    """No floating-point warnings or errors in arithmetic of our own: what they would say is reported with its place."""
    return np.errstate(all="ignore")


def label(name: str, index: Index) -> str:
    """How a component is called in a message.

    >>> label("W", (0, 3))
    'W[0, 3]'
    """
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def describe(f: Callable[..., Any]) -> str:
    """How a function is called in a message: its name, and the file and line where it is defined if that is known."""
    code = getattr(inspect.unwrap(f), "__code__", None)  # a decorated function is where its author wrote it
    name = str(getattr(f, "__name__", "f"))
    name = "f" if name == "<lambda>" else name
    file = str(getattr(code, "co_filename", "<"))
    if code is None or file.startswith("<"):
        return name
    return f"{name} ({os.path.basename(file)}, line {code.co_firstlineno})"


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def where_changed(before: NDArray[Any], after: NDArray[Any], name: str = "x") -> str:
    """The first component that a call has changed, in brackets, for a message."""
    if before.shape != after.shape:
        # An argument can be reshaped or resized in place too.
        return f" (shape {before.shape} became {after.shape})"
    index = tuple(int(i) for i in np.argwhere(before != after)[0])
    return f" ({label(name, index)} was {before[index]} and is {after[index]} after the call)"
