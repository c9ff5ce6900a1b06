"""What an adapter has to know about another library of derivatives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import Argnums
from chainrule.calculus.recording import parameter_names
from chainrule.errors import NotScalarError

__all__ = ["Call", "Pairs", "Peer", "Rebuild", "require_scalar", "shareable"]

Pairs: TypeAlias = Sequence[tuple[str, Any]]
Rebuild: TypeAlias = Callable[[Sequence[Any]], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A scalar function of tensors with its arguments.

    Attributes:
        f: the function.
        args: its arguments.
        argnums: which of them are differentiated.
        names: of the arguments, as a report writes them.
        owner: what the user wrote in place of f, for messages.
    """

    f: Callable[..., Any]
    args: Sequence[Any]
    argnums: Argnums
    names: Sequence[str]
    owner: Any


class Peer(ABC):
    """Another library: what its tensors are, how they become arrays, and how it differentiates."""

    name: str

    @abstractmethod
    def is_tensor(self, value: Any) -> bool:
        """Whether the value is a tensor of the library."""

    @abstractmethod
    def is_function(self, value: Any) -> bool:
        """Whether the value is a function that only this library makes, so that its arguments need not tell."""

    @abstractmethod
    def flatten(self, value: Any) -> tuple[Pairs, Rebuild]:
        """The leaves of a container with their paths, and the function from such leaves back to the container."""

    @abstractmethod
    def parameter(self, value: Any, name: str) -> Any:
        """The value as a tensor that can be differentiated; raises `ArgumentError` with the name where it is none."""

    @abstractmethod
    def to_array(self, tensor: Any, name: str) -> NDArray[Any]:
        """An array with the tensor's numbers; raises `ArgumentError` where NumPy has no such dtype."""

    @abstractmethod
    def from_array(self, array: NDArray[Any], like: Any) -> Any:
        """A tensor with the numbers of the array, of the dtype and on the device of another tensor."""

    @abstractmethod
    def gradients(self, f: Callable[[Sequence[Any]], Any], tensors: Sequence[Any], name: str) -> Sequence[Any]:
        """What the library's own reverse mode says: the gradient of a scalar function of several tensors."""

    def call(self, f: Callable[..., Any], df: Any, args: Sequence[Any], argnums: Argnums) -> Call:
        """What is to be checked, as a scalar function: f itself, unless the library has other things that compute."""
        return Call(f, args, argnums, parameter_names(f, len(args)), f)

    def holds(self, value: Any) -> bool:
        """Whether a tensor of the library is among the leaves."""
        try:
            leaves, _ = self.flatten(value)
        except (TypeError, ValueError):  # no container for this library, so none with its tensors
            return False
        return any(self.is_tensor(leaf) for _, leaf in leaves)


def require_scalar(shape: Sequence[int], name: str) -> None:
    """Raise `NotScalarError` unless a result with this shape is a scalar."""
    if tuple(shape) != ():
        raise NotScalarError(
            f"{name} returned shape {tuple(int(n) for n in shape)}, a gradient needs a scalar: "
            "check the sum of it, or its product with a fixed random tensor"
        )


def shareable(array: NDArray[Any]) -> NDArray[Any]:
    """The same memory where a tensor can share it, so that what a function writes into its argument is seen."""
    return array if array.flags.writeable and all(stride >= 0 for stride in array.strides) else np.array(array)
