"""Which arguments are differentiated, and what may be one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError

__all__ = ["Argnums", "Selection", "differentiable", "function_name", "positive"]

Argnums = int | str | Sequence[int | str]


def function_name(f: Any) -> str:
    name = getattr(f, "__name__", type(f).__name__)
    return name if name.isidentifier() else "f"  # a lambda or a formula


def positive(value: Any, name: str) -> float:
    """The value as a float; raises `ArgumentError` unless it is a positive number."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number) or not value > 0:
        raise ArgumentError(f"{name} is {value!r:.60}: expected a positive number")
    return float(value)


def differentiable(value: Any, path: str) -> Any:
    """The value as an array or NumPy scalar of a floating or complex dtype; integers become float64.

    Raises:
        ArgumentError: for what is not numeric, with the path of the argument.
    """
    kind = type(value)
    if kind is np.ndarray and value.ndim and value.dtype.char in "dfDF":
        return value
    if kind is Traced:
        return value if value.dtype.kind in "fc" else value.astype(np.float64)
    if kind is float:
        return np.float64(value)
    if isinstance(value, np.ma.MaskedArray):
        raise ArgumentError(f"{path} is a masked array: use numpy.where with the mask, or .filled(value)")
    known = isinstance(value, (np.ndarray, np.generic, int, complex))
    if not known and (isinstance(value, type) or not hasattr(value, "__array__")):
        raise ArgumentError(f"{path} is {value!r:.60} of type {kind.__name__}: expected a number or an array")
    try:
        array = np.asarray(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ArgumentError(f"{path} is no array: {error}") from None
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    elif array.dtype.kind == "O" and isinstance(value, int):
        try:
            array = np.asarray(float(value))
        except OverflowError:
            raise ArgumentError(f"{path} is an integer beyond the largest float64, 1.8e308") from None
    elif array.dtype.kind not in "fc":
        raise ArgumentError(
            f"{path} has dtype {array.dtype}: only floating and complex numbers can be differentiated"
            + (" (convert booleans with .astype(float))" if array.dtype.kind == "b" else "")
        )
    return array if array.ndim else array[()]


class Selection:
    """The arguments named by `argnums`, found in a call's positional and keyword arguments."""

    def __init__(self, f: Callable[..., Any], argnums: Argnums) -> None:
        self.single = isinstance(argnums, (int, str))
        if not self.single and not isinstance(argnums, Iterable):
            raise ArgumentError(f"argnums is {argnums!r}: expected a position (int), a name (str), or several of them")
        wanted: Sequence[Any] = (argnums,) if isinstance(argnums, (int, str)) else tuple(argnums)
        if not wanted:
            raise ArgumentError("argnums is empty: name at least one argument, by position or by name")
        self.f = f
        self.names: list[str] = []
        if all(isinstance(name, (int, str)) for name in wanted):
            self._refuse_twice(wanted)
        self.wanted = wanted
        plain = all(isinstance(w, int) and not isinstance(w, bool) and w >= 0 for w in wanted)
        self._needs = max(wanted) + 1 if plain else None  # how many positional arguments make the places plain
        if any(isinstance(w, str) for w in wanted):
            self.names = self._parameter_names()
        for name in wanted:
            if isinstance(name, str) and self.names and name not in self.names and not self._takes_any:
                raise ArgumentError(f"{function_name(f)} has no argument {name!r}; it has {', '.join(self.names)}")
            if not isinstance(name, (int, str)) or isinstance(name, bool):
                raise ArgumentError(f"argnums holds {name!r}: expected positions (int) or names (str)")

    def _parameter_names(self) -> list[str]:
        try:
            parameters = inspect.signature(self.f).parameters
        except (TypeError, ValueError):
            self._takes_any = True
            return []
        self._takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        return [name for name, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]

    def places(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Sequence[int | str]:
        """Where the selected arguments stand in this call: a position, or a keyword."""
        if self._needs is not None and self._needs <= len(args):
            return self.wanted
        places: list[int | str] = []
        for want in self.wanted:
            if isinstance(want, str):
                position = self.names.index(want) if want in self.names else len(args)
                place: int | str = want if want in kwargs else position
            else:
                place = want + len(args) if want < 0 else want
            if isinstance(place, int) and not 0 <= place < len(args):
                given = f"{len(args)} positional" + (f" and {', '.join(kwargs)}" if kwargs else "")
                raise ArgumentError(f"{function_name(self.f)} was not given the argument {want!r} (given: {given})")
            places.append(place)
        self._refuse_twice(places)
        return places

    def _refuse_twice(self, places: Sequence[int | str]) -> None:
        for i, place in enumerate(places):
            if place in places[:i]:
                raise ArgumentError(
                    f"argnums names the argument {self.label(place)} of {function_name(self.f)} twice: "
                    "leave one of them out"
                )

    def label(self, place: int | str) -> str:
        """How messages call the argument: its name where that is known, else its position."""
        if isinstance(place, str):
            return place
        names = self.names or _names_of(self.f)
        return names[place] if -len(names) <= place < len(names) else f"argument {place}"


def _names_of(f: Callable[..., Any]) -> list[str]:
    try:
        return [
            n
            for n, p in inspect.signature(f).parameters.items()
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY)
        ]
    except (TypeError, ValueError):
        return []
