"""NumPy's protocols: how an unmodified NumPy function meets traced values.

NumPy hands every ufunc and array function that sees a traced value to the two methods here. What answers for it is a
primitive whose `evaluate` is that ufunc, or an adapter entered with `answers`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.missing import missing
from chainrule.core.operators import Operators
from chainrule.errors import TraceError

__all__ = ["NumPyProtocol", "adapters", "answers", "of_booleans", "ufunc_primitives"]

adapters: dict[Any, Callable[..., Any]] = {}
ufunc_primitives: dict[np.ufunc, Callable[..., Any]] = {}


def answers(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter the decorated function as the answer to NumPy functions: it has their signature, and gets traced values.

    The answer to a pair (function, "like") is called where nothing but the option like= is traced, and gets that first.
    """

    def enter(adapter: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            adapters[function] = adapter
        return adapter

    return enter


def _missing(function: Any) -> TraceError:
    return missing(function, (*adapters, *ufunc_primitives))


# Where NumPy asks for plain arrays before it hands a function over: what its caller can write.
_INSTEAD = {
    "full": "  write np.full(shape, x, like=x), or an array that is made with np.zeros_like(x) or x * np.ones(shape)",
    "vectorize": "  write the function with np.where in place of if, so that it takes arrays, or use chainrule.vmap",
}
_NUMPY = os.path.dirname(np.__file__) + os.sep


def _asking_function(frame: Any) -> str:
    """The public function of NumPy's that runs in a frame or around it; empty for none, as where it is written in C."""
    found = ""
    while frame is not None and frame.f_code.co_filename.startswith(_NUMPY):
        owner = frame.f_locals.get("self")
        name = type(owner).__name__ if owner is not None else frame.f_code.co_name
        found = name if hasattr(np, name) else found
        frame = frame.f_back
    return found


class Flat:
    """The components of a traced array one after the other, as `numpy.ndarray.flat`: read, written, iterated over."""

    __slots__ = ("_array", "_walk")

    def __init__(self, array: Any) -> None:
        self._array = array
        self._walk: Any = None

    def __iter__(self) -> Flat:
        return self

    def __next__(self) -> Any:
        if self._walk is None:
            self._walk = iter(np.ravel(self._array))
        return next(self._walk)

    def __len__(self) -> int:
        return int(self._array.size)

    def __getitem__(self, index: Any) -> Any:
        return np.copy(np.ravel(self._array)[index])  # NumPy gives no view here

    def __setitem__(self, index: Any, new: Any) -> None:
        # The line may be a copy, as that of a transposed array is.
        line = np.copy(np.ravel(self._array))
        line[index] = new
        self._array[...] = np.reshape(line, self._array.shape)


class NumPyProtocol(Operators):
    """The methods by which NumPy hands over its functions, and those of arrays, which call NumPy's functions."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "__call__":
            answer = ufunc_primitives.get(ufunc) or adapters.get(ufunc) or adapters["ufunc of a library"](ufunc)
        else:
            answer = adapters.get((ufunc, method))
        if answer is None:
            raise _missing(ufunc if method == "__call__" else getattr(ufunc, method))
        if not options:
            return answer(*inputs)
        return adapters["ufunc options"](answer, inputs, options)

    def __array_function__(
        self, function: Any, types: Sequence[type], arguments: Sequence[Any], options: Mapping[str, Any]
    ) -> Any:
        adapter = adapters.get(function)
        if adapter is None:
            made = adapters.get((function, "like"))
            if made is None:
                raise _missing(function)
            return made(self, *arguments, **options)
        return adapter(*arguments, **options)

    def __array__(self, *_: Any, **__: Any) -> Any:
        caller = _asking_function(sys._getframe(1))
        where = f", which np.{caller} asks for" if caller else ""
        if not caller and np.dtype(self.dtype).kind in "biu":
            raise TraceError(
                "a traced value cannot become a plain NumPy array, as for the index of one\n"
                "  one hot components are labels[:, np.newaxis] == np.arange(n); what is looked up in another array is "
                "found if that array is an argument too; to leave the trace on purpose use chainrule.value(x)"
            )
        raise TraceError(
            f"a traced value cannot become a plain NumPy array{where}: its derivative would be lost\n"
            + _INSTEAD.get(
                caller,
                "  to collect traced values use np.stack([...]) or np.array([...], like=x) with a traced x; to fill an "
                "array start it with np.zeros_like(x) or np.zeros(n, like=x); a function that has to have plain arrays "
                "gets a derivative by differences from chainrule.numeric_rule(f)",
            )
            + "; to leave the trace on purpose use chainrule.value(x)"
        )

    def _leave(self, how: str, instead: str) -> Any:
        raise TraceError(
            f"{how} takes a traced value out of the computation: its derivative would be lost\n"
            f"  {instead}; to leave the trace on purpose use chainrule.value(x)"
        )

    def __float__(self) -> float:
        return self._leave(
            "float(x), a math.* function or a write into a plain array",
            "use NumPy's functions (np.sin for math.sin) and np.stack or np.zeros_like(x) to fill an array",
        )

    def __complex__(self) -> complex:
        return self._leave("complex(x)", "use x + 0j")

    def __int__(self) -> int:
        return self._leave("int(x)", "use np.floor(x) or np.trunc(x)")

    def __round__(self, *_: Any) -> Any:
        return self._leave("round(x)", "use np.round(x)")

    def item(self, *_: Any) -> Any:
        return self._leave("x.item()", "index instead: x[0]")

    def tolist(self) -> Any:
        return self._leave("x.tolist()", "keep it an array")

    @property
    def T(self) -> Any:  # noqa: N802  NumPy's name
        return np.transpose(self)

    @property
    def mT(self) -> Any:  # noqa: N802
        return np.swapaxes(self, -1, -2)

    @property
    def real(self) -> Any:
        return np.real(self)

    @property
    def imag(self) -> Any:
        return np.imag(self)

    @property
    def flat(self) -> Flat:
        return Flat(self)

    @flat.setter
    def flat(self, new: Any) -> None:
        self.flat[...] = new

    def flatten(self, order: Any = "C") -> Any:
        return np.copy(np.ravel(self, order))

    def dot(self, other: Any) -> Any:
        return np.dot(self, other)

    def reshape(self, *shape: Any, order: Any = "C") -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def astype(self, dtype: Any, **_: Any) -> Any:
        return adapters["astype"](self, dtype)

    def copy(self, *_: Any, **__: Any) -> Any:
        return np.copy(self)

    def sort(self, axis: int = -1, **options: Any) -> None:
        self[...] = np.sort(self, axis, **options)  # type: ignore[index]

    def partition(self, kth: Any, axis: int = -1, **options: Any) -> None:
        self[...] = adapters[np.partition](self, kth, axis, **options)  # type: ignore[index]

    def put(self, indices: Any, values: Any, mode: Any = "raise") -> None:
        adapters[np.put](self, indices, values, mode)

    def compress(self, condition: Any, axis: Any = None, out: Any = None) -> Any:
        return np.compress(condition, self, axis, out)

    @property
    def itemsize(self) -> int:
        return int(self.dtype.itemsize)

    @property
    def nbytes(self) -> int:
        return int(self.size) * self.itemsize  # type: ignore[attr-defined]

    def fill(self, value: Any) -> None:
        self[...] = value  # type: ignore[index]

    def conj(self) -> Any:
        return np.conj(self)

    conjugate = conj


def _method(name: str) -> Callable[..., Any]:
    function = getattr(np, name)

    def method(self: Any, *arguments: Any, **options: Any) -> Any:
        return function(self, *arguments, **options)

    method.__name__, method.__doc__ = name, f"As `numpy.{name}`."
    return method


_ARRAY_METHODS = (
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "cumprod", "cumsum", "diagonal",
    "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "round", "searchsorted", "squeeze", "std", "sum",
    "swapaxes", "take", "trace", "var",
)  # fmt: skip
for _array_method in _ARRAY_METHODS:
    setattr(NumPyProtocol, _array_method, _method(_array_method))


_BIT_BY_BIT = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "invert": np.invert}


def _kind(x: Any) -> str:
    """The kind of dtype of an operand; O for what is no number."""
    if isinstance(x, (NumPyProtocol, np.ndarray, np.generic)):
        return str(np.dtype(x.dtype).kind)
    return np.dtype(type(x)).kind if type(x) in (bool, int, float) else "O"


def of_booleans(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """The method of an operator; one that is logical for booleans alone asks NumPy's ufunc, which works bit by bit."""
    plain = name.strip("_")
    ufunc = _BIT_BY_BIT.get(plain) or _BIT_BY_BIT.get(plain.removeprefix("r"))
    if ufunc is None:
        return method

    def checked(self: Any, *other: Any) -> Any:
        kinds = {_kind(self), *map(_kind, other)}
        if kinds != {"b"} and "O" not in kinds:
            return ufunc(*other, self) if plain not in _BIT_BY_BIT else ufunc(self, *other)
        return method(self, *other)

    return checked
