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
    Probe,
    RealArray,
    describe,
    is_scalar,
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
    """One array among the differentiated arguments: its name, its values, and f as a function of it alone."""

    name: str
    values: RealArray
    probe: Probe


class Objective:
    """The function under test with its arguments, of which it owns copies."""

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
        for position in self.positions:
            self._add_leaves(position)

    def _add_leaves(self, position: int) -> None:
        pairs, rebuild = self.flatten(self.args[position])
        names = [self.names[position] + path for path, _ in pairs]
        arrays = [read_point(leaf, name) for (_, leaf), name in zip(pairs, names, strict=True)]
        inputs: list[Any] = [a[()] if is_scalar(leaf) else a for a, (_, leaf) in zip(arrays, pairs, strict=True)]
        # Promoted once here, so that f and df see the same floating values.
        self.args[position] = rebuild(inputs)
        self.pristine[position] = None

        def as_function_of(place: int) -> Callable[[Any], Any]:
            def f(leaf: Any) -> Any:
                others = [np.copy(a) if isinstance(a, np.ndarray) else a for a in inputs]
                moved = rebuild([*others[:place], leaf, *others[place + 1 :]])
                return self.f(*self._arguments({position: moved}))

            return f

        for place, (name, values) in enumerate(zip(names, arrays, strict=True)):
            scalar = not isinstance(inputs[place], np.ndarray)
            probe = Probe(as_function_of(place), scalar=scalar, name=describe(self.f))
            self.leaves.append(Leaf(name, values, probe))

    def _arguments(self, given: Mapping[int, Any]) -> list[Any]:
        """The arguments of one call: what is differentiated is copied, since a function may write into it."""
        return [given[i] if i in given else self._own(i) for i in range(len(self.args))]

    def _own(self, position: int) -> Any:
        if position not in self.positions:
            return self.args[position]
        pairs, rebuild = self.flatten(self.args[position])
        return rebuild([np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf for _, leaf in pairs])

    def value(self) -> RealArray:
        """f at the point, after a second call has shown that it is deterministic."""
        if not self.leaves:
            return np.array(0.0)
        leaf = self.leaves[0]
        value = leaf.probe(leaf.values)
        if value.shape != ():
            raise NotScalarError(
                f"{leaf.probe.name} returned shape {value.shape}, a gradient needs a scalar: "
                "check the sum of it, whose gradient for an elementwise function is the derivative"
            )
        if not np.isfinite(value):
            raise NonFiniteError(f"{leaf.probe.name} is {value} at the point itself: move it into the domain")
        self.require_unchanged(value)
        return value

    def require_unchanged(self, value: RealArray) -> None:
        """Raise unless f still has this value at the point, and none of the other arguments was written into."""
        if not self.leaves:
            return
        leaf = self.leaves[0]
        again = leaf.probe(leaf.values)
        for name, own, pristine in zip(self.names, self.args, self.pristine, strict=True):
            if pristine is not None and not _identical(own, pristine):
                raise ArgumentError(
                    f"{leaf.probe.name} writes into its argument {name}{where_changed(pristine, own, name)}: "
                    "let it work on a copy"
                )
        # A threaded sum may come out in another order; its rounding is not a lack of determinism.
        if not np.abs(again - value) <= 16 * precision(value) * np.abs(value):
            raise ArgumentError(
                f"{leaf.probe.name} is not deterministic: two calls at the same point returned {value} and {again}; "
                "fix the seed inside it and keep no state between calls"
            )

    def gradients(self, df: Any) -> list[RealArray]:
        """The claimed gradient of each leaf, in its shape."""
        name = describe(df) if callable(df) else "the gradient"
        if callable(df):
            arguments = self._arguments({})
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
        found = [read_numbers(value, f"the gradient with respect to {name}") for name, value in claimed]
        for leaf, gradient in zip(self.leaves, found, strict=True):
            if gradient.shape != leaf.values.shape:
                raise ShapeError(
                    f"the gradient with respect to {leaf.name} has shape {gradient.shape}, "
                    f"but {leaf.name} has shape {leaf.values.shape}"
                )
        return found


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
