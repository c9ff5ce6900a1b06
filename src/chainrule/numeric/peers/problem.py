"""A check of tensors as a check of arrays: every tensor that is differentiated becomes an argument of its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import Argnums, Selection
from chainrule.errors import ArgumentError, ShapeError
from chainrule.numeric.peers.jax import Jax
from chainrule.numeric.peers.peer import Call, Pairs, Peer, Rebuild
from chainrule.numeric.peers.torch import Torch
from chainrule.numeric.probe import describe

__all__ = ["Problem", "adapt"]

PEERS: list[Callable[[], Peer | None]] = [Torch.loaded, Jax.loaded]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A gradient check in terms of arrays.

    Attributes:
        f: a scalar function of arrays.
        df: its claimed gradient, a tuple of arrays or a function that returns one.
        args: the arguments of both: arrays, and whatever is no tensor and is not differentiated.
        argnums: the positions of those that are differentiated.
        names: of the arguments, as a report writes them.
    """

    f: Callable[..., Any]
    df: Any
    args: Sequence[Any]
    argnums: tuple[int, ...]
    names: Sequence[str]


def adapt(f: Any, df: Any, args: Sequence[Any], argnums: Argnums = 0) -> Problem | None:
    """The check in terms of arrays, if f or its arguments belong to PyTorch or JAX; None if they do not.

    With `df` None the gradient to check is the library's own: backward for PyTorch, `jax.grad` for JAX. Raises
    `ArgumentError` for an argument that cannot be differentiated, and what the peer raises when it runs f.
    """
    if isinstance(f, str):
        return None  # a formula is evaluated by NumPy, which reads tensors as numbers
    for loaded in PEERS:
        peer = loaded()
        if peer is not None and (peer.is_function(f) or peer.holds(tuple(args))):
            return _problem(peer, peer.call(f, df, args, argnums), df)
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """An argument that is differentiated: its leaves, and how to put others in their place."""

    name: str
    leaves: Pairs
    rebuild: Rebuild


class _Arguments:
    """The arguments of the peer's function, made from a flat sequence of arrays.

    The leaves of what is differentiated come first, then the other arguments in their order.
    """

    def __init__(self, peer: Peer, call: Call) -> None:
        self.peer = peer
        places: list[Any] = list(Selection(call.f, call.argnums).places(call.args, {}))
        self.parts: list[_Part] = []
        for place in places:
            name = call.names[place]
            leaves, rebuild = peer.flatten(call.args[place])
            tensors = [(path, peer.parameter(leaf, name + path)) for path, leaf in leaves]
            self.parts.append(_Part(name, tensors, rebuild))
        self.leaves = [(part.name + path, leaf) for part in self.parts for path, leaf in part.leaves]
        others = [i for i in range(len(call.args)) if i not in places]
        self.order = [*places, *others]
        self.rest = [call.args[i] for i in others]
        self.names = [*(name for name, _ in self.leaves), *(call.names[i] for i in others)]
        self.arrays: list[Any] = [peer.to_array(leaf, name) for name, leaf in self.leaves]
        self.arrays += [self._array(value) for value in self.rest]

    def tensors(self, flat: Sequence[Any]) -> list[Any]:
        """The arguments in the order of the peer's function."""
        count = len(self.leaves)
        return self.with_parameters(
            [self._tensor(given, leaf) for given, (_, leaf) in zip(flat[:count], self.leaves, strict=True)],
            flat[count:],
        )

    def with_parameters(self, parameters: Sequence[Any], rest: Sequence[Any]) -> list[Any]:
        """The same, with the differentiated leaves as tensors already."""
        left, given = iter(parameters), {}
        for place, part in zip(self.order, self.parts, strict=False):
            given[place] = part.rebuild([next(left) for _ in part.leaves])
        for place, value, like in zip(self.order[len(self.parts) :], rest, self.rest, strict=True):
            given[place] = self._tensor(value, like) if self.peer.is_tensor(like) else value
        return [given[place] for place in range(len(given))]

    def _array(self, value: Any) -> Any:
        """What is not differentiated as an array too, so that writes into it are seen; if it can be one."""
        try:
            return self.peer.to_array(value, "") if self.peer.is_tensor(value) else value
        except ArgumentError:
            return value

    def _tensor(self, value: Any, like: Any) -> Any:
        if self.peer.is_tensor(value):
            return value
        # A traced value refuses to become an array here, with an error that says so.
        return self.peer.from_array(np.asarray(value), like)


class _Foreign:
    """A function of arrays that calls one of tensors, and is named like it in messages."""

    def __init__(self, owner: Any, call: Callable[[Sequence[Any]], Any]) -> None:
        self._call = call
        self.__name__ = str(getattr(owner, "__name__", type(owner).__name__))
        self.__code__ = getattr(_code_of(owner), "__code__", None)

    def __call__(self, *flat: Any) -> Any:
        return self._call(flat)


def _code_of(owner: Any) -> Any:
    return getattr(owner, "forward", None) or inspect.unwrap(owner)


def _problem(peer: Peer, call: Call, df: Any) -> Problem:
    arguments = _Arguments(peer, call)
    several = not isinstance(call.argnums, (int, str))
    count = len(arguments.leaves)
    name = describe(_Foreign(call.owner, list))

    def value(flat: Sequence[Any]) -> Any:
        found = call.f(*arguments.tensors(flat))
        return peer.to_array(found, f"the result of {name}")[()] if peer.is_tensor(found) else found

    def by_reverse_mode(flat: Sequence[Any]) -> tuple[NDArray[Any], ...]:
        def of_parameters(parameters: Sequence[Any]) -> Any:
            return call.f(*arguments.with_parameters(parameters, flat[count:]))

        tensors = [
            peer.from_array(np.array(given), leaf) for given, (_, leaf) in zip(flat, arguments.leaves, strict=False)
        ]
        found = peer.gradients(of_parameters, tensors, name)
        return tuple(peer.to_array(g, label) for g, (label, _) in zip(found, arguments.leaves, strict=True))

    def by_hand(flat: Sequence[Any]) -> tuple[Any, ...]:
        return _split(peer, df(*arguments.tensors(flat)), arguments.parts, several)

    claimed: Any
    if df is None:
        claimed = _Foreign(call.owner, by_reverse_mode)
    elif callable(df) and not peer.is_tensor(df):
        claimed = _Foreign(df, by_hand)
    else:
        claimed = _split(peer, df, arguments.parts, several)
    return Problem(_Foreign(call.owner, value), claimed, arguments.arrays, tuple(range(count)), arguments.names)


def _split(peer: Peer, found: Any, parts: Sequence[_Part], several: bool) -> tuple[Any, ...]:
    """The claimed gradient as one array for each leaf."""
    if several and (not isinstance(found, (list, tuple)) or len(found) != len(parts)):
        got = f"{len(found)} of them" if isinstance(found, (list, tuple)) else f"a {type(found).__name__}"
        raise ArgumentError(f"argnums names {len(parts)} arguments, so df gives a tuple of tensors, not {got}")
    arrays: list[Any] = []
    for part, value in zip(parts, found if several else [found], strict=True):
        if value is None:
            raise ArgumentError(f"the gradient with respect to {part.name} is None: return zeros where there is none")
        claimed = peer.flatten(value)[0]
        paths, expected = [path for path, _ in claimed], [path for path, _ in part.leaves]
        if paths != expected:
            raise ShapeError(f"the gradient with respect to {part.name} has the parts {paths}, expected {expected}")
        for path, leaf in claimed:
            label = f"the gradient with respect to {part.name}{path}"
            arrays.append(peer.to_array(leaf, label) if peer.is_tensor(leaf) else leaf)
    return tuple(arrays)
