"""The function under test with its arguments: which of them are differentiated, leaf by leaf, and copies of all."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric.probe import (
    Index,
    Probe,
    RealArray,
    describe,
    is_scalar,
    label,
    precision,
    quiet,
    read_numbers,
    read_point,
    where_changed,
)

__all__ = ["ArgNums", "Flatten", "Leaf", "Objective", "single"]

ArgNums: TypeAlias = int | str | Sequence[int | str]
Flatten: TypeAlias = Callable[[Any], tuple[Sequence[tuple[str, Any]], Callable[[Sequence[Any]], Any]]]


def single(value: Any) -> tuple[list[tuple[str, Any]], Callable[[Sequence[Any]], Any]]:
    """An argument that is one array: its leaves, each with its path, and how to build it again from leaves."""
    return [("", value)], operator.itemgetter(0)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One array among the differentiated arguments: its name, its values, and where they stand in the flat vector."""

    name: str
    values: RealArray
    scalar: bool
    start: int

    @property
    def stop(self) -> int:
        return self.start + self.values.size

    def of(self, flat: RealArray) -> RealArray:
        """This leaf of a flat vector of all leaves, in its own shape and dtype."""
        return flat[self.start : self.stop].astype(self.values.dtype, copy=False).reshape(self.values.shape)


class Objective:
    """The function under test with its arguments, of which it owns copies.

    All differentiated components of all arguments together form one vector, `flat`, in the widest of their dtypes;
    `probe` is f as a function of it.

    Attributes:
        names: of all arguments.
        positions: of those that are differentiated.
        leaves: the arrays in them.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        argnums: int | str | Sequence[int | str],
        names: Sequence[str] | None,
        flatten: Flatten,
    ) -> None:
        if not callable(f):
            raise ArgumentError("f must be a function that returns the scalar whose gradient is checked")
        self.f, self.flatten = f, flatten
        self.names = list(names) if names is not None else _argument_names(f, len(args))
        self.several = isinstance(argnums, list | tuple)
        chosen: Any = argnums if self.several else [argnums]
        self.positions = [_position(n, self.names, len(args)) for n in chosen]
        if len(set(self.positions)) < len(self.positions):
            raise ArgumentError(f"argnums = {argnums!r} names the same argument twice")
        self.args = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        self.pristine = [a.copy() if isinstance(a, np.ndarray) else None for a in args]
        self.leaves: list[Leaf] = []
        self._rebuild: dict[int, tuple[Callable[[Sequence[Any]], Any], int]] = {}
        start = 0
        for position in self.positions:
            pairs, rebuild = flatten(self.args[position])
            self._rebuild[position] = rebuild, len(pairs)
            self.pristine[position] = None
            for path, leaf in pairs:
                name = self.names[position] + path
                values = read_point(leaf, name)
                # Promoted once here, so that f and df see the same floating values.
                self.leaves.append(Leaf(name, values, is_scalar(leaf), start))
                start += values.size
        dtype = np.result_type(*(leaf.values.dtype for leaf in self.leaves)) if self.leaves else np.dtype(float)
        self.flat = np.concatenate([np.zeros(0, dtype), *(leaf.values.ravel() for leaf in self.leaves)]).astype(dtype)
        self.probe = Probe(self._value_at, name=describe(f))

    @property
    def name(self) -> str:
        """How f is called in messages."""
        return self.probe.name

    def _value_at(self, flat: RealArray) -> Any:
        inputs = [leaf.of(flat).copy() for leaf in self.leaves]
        given = [array[()] if leaf.scalar else array for array, leaf in zip(inputs, self.leaves, strict=True)]
        result = self.f(*self.arguments(given))
        for leaf, own in zip(self.leaves, inputs, strict=True):
            before = leaf.of(flat)
            if not leaf.scalar and not _identical(own, before):
                raise ArgumentError(
                    f"{self.name} writes into its argument{where_changed(before, own, leaf.name)}: "
                    "let it work on a copy, x = x.copy()"
                )
        return result

    def arguments(self, leaves: Sequence[Any] | None = None) -> list[Any]:
        """The arguments of one call, with these leaves in place of the differentiated ones, else copies of them."""
        if leaves is None:
            leaves = [leaf.values[()] if leaf.scalar else leaf.values.copy() for leaf in self.leaves]
        rest = iter(leaves)
        given: dict[int, Any] = {}
        for position in self.positions:
            rebuild, count = self._rebuild[position]
            given[position] = rebuild([next(rest) for _ in range(count)])
        return [given[i] if i in given else self.args[i] for i in range(len(self.args))]

    def place(self, flat_index: int) -> tuple[Leaf, Index]:
        """The leaf that a component of the flat vector belongs to, and its index there."""
        leaf = next(leaf for leaf in self.leaves if flat_index < leaf.stop)
        return leaf, tuple(int(i) for i in np.unravel_index(flat_index - leaf.start, leaf.values.shape))

    def label(self, flat_index: int) -> str:
        """How a component of the flat vector is written."""
        leaf, index = self.place(flat_index)
        return label(leaf.name, index)

    def value(self) -> RealArray:
        """f at the point, after a second call has shown that it is deterministic."""
        if not self.leaves:
            return np.array(0.0)
        value = self.probe(self.flat)
        if value.shape != ():
            raise NotScalarError(
                f"{self.name} returned shape {value.shape}, a gradient needs a scalar: "
                "check the sum of it, whose gradient for an elementwise function is the derivative"
            )
        if not np.isfinite(value):
            raise NonFiniteError(f"{self.name} is {value} at the point itself: move it into the domain")
        self.require_unchanged(value)
        return value

    def require_unchanged(self, value: RealArray) -> None:
        """Raise unless f still has this value at the point, and none of the other arguments was written into."""
        if not self.leaves:
            return
        again = self.probe(self.flat)
        for name, own, pristine in zip(self.names, self.args, self.pristine, strict=True):
            if pristine is not None and not _identical(own, pristine):
                raise ArgumentError(
                    f"{self.name} writes into its argument {name}{where_changed(pristine, own, name)}: "
                    "let it work on a copy"
                )
        # A threaded sum may come out in another order; its rounding is not a lack of determinism.
        if not np.abs(again - value) <= 16 * precision(value) * np.abs(value):
            raise ArgumentError(
                f"{self.name} is not deterministic: two calls at the same point returned {value} and {again}; "
                "fix the seed inside it and keep no state between calls"
            )

    def gradients(self, df: Any, leaves: Sequence[Any] | None = None) -> list[RealArray]:
        """The claimed gradient of each leaf, at the point or, where it is a function, with other leaves.

        A part may have another shape than its leaf. Raises `ArgumentError` where it is no gradient at all, and
        `ShapeError` if it has other parts than the arguments.
        """
        name = describe(df) if callable(df) else "the gradient"
        if callable(df):
            arguments = self.arguments(leaves)
            before = [np.copy(a) if isinstance(a, np.ndarray) else None for a in arguments]
            with quiet():
                df = df(*arguments)
            for argument, kept, own in zip(self.names, before, arguments, strict=True):
                if kept is not None and not _identical(own, kept):
                    changed = where_changed(kept, own, argument)
                    raise ArgumentError(f"{name} writes into its argument {argument}{changed}: let it work on a copy")
        if df is None:
            raise ArgumentError(f"{name} returned None: return the gradient")
        if self.several and (not isinstance(df, list | tuple) or len(df) != len(self.positions)):
            got = f"{len(df)} of them" if isinstance(df, list | tuple) else f"a {type(df).__name__}"
            raise ArgumentError(
                f"argnums names {len(self.positions)} arguments, so df gives a tuple of arrays, not {got}"
            )
        parts = zip(self.positions, df if self.several else [df], strict=True)
        claimed = [(self.names[at] + path, value) for at, part in parts for path, value in self.flatten(part)[0]]
        expected = [leaf.name for leaf in self.leaves]
        if [name for name, _ in claimed] != expected:
            raise ShapeError(f"the gradient has the parts {[name for name, _ in claimed]}, expected {expected}")
        return [read_numbers(value, f"the gradient with respect to {name}") for name, value in claimed]

    def require_shapes(self, gradients: Sequence[RealArray]) -> None:
        """Raise `ShapeError` unless each part of a gradient has the shape of its leaf."""
        for leaf, gradient in zip(self.leaves, gradients, strict=True):
            if gradient.shape != leaf.values.shape:
                raise ShapeError(
                    f"the gradient with respect to {leaf.name} has shape {gradient.shape}, "
                    f"but {leaf.name} has shape {leaf.values.shape}"
                )

    def by_name(self) -> Mapping[str, Any]:
        """All arguments by name."""
        return dict(zip(self.names, self.arguments(), strict=True))


def _identical(a: Any, b: Any) -> bool:
    same = a.shape == b.shape and a.dtype == b.dtype
    return bool(same and (np.array_equal(a, b) or (a.dtype.kind in "fc" and np.array_equal(a, b, equal_nan=True))))


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (ValueError, TypeError):
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) < count:
        starred = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
        positional += [f"{starred}[{i}]" for i in range(count - len(positional))]
    return positional[:count]


def _position(argnum: Any, names: Sequence[str], count: int) -> int:
    if count == 0:
        raise ArgumentError("the point is missing: check(f, df, x)")
    if isinstance(argnum, str):
        if argnum in names:
            return list(names).index(argnum)
        near = get_close_matches(argnum, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(f"f has no argument {argnum!r}, only {', '.join(names)}{hint}")
    try:
        position = operator.index(argnum)
    except TypeError as error:
        raise ArgumentError(f"argnums must be a position, a name, or several of them, not {argnum!r}") from error
    if isinstance(argnum, bool) or not -count <= position < count:
        raise ArgumentError(f"argnums = {argnum!r} is outside the {count} arguments of f")
    return position % count
