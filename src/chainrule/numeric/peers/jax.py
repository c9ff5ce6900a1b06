"""JAX: scalar functions of arrays and pytrees of them, compiled or not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError
from chainrule.numeric.peers.peer import Pairs, Peer, Rebuild, require_scalar

__all__ = ["Jax"]


class Jax(Peer):
    """JAX, where the caller has imported it."""

    name = "JAX"

    def __init__(self, jax: Any) -> None:
        self.jax = jax

    @classmethod
    def loaded(cls) -> Jax | None:
        """The adapter, or None as long as there can be no array of JAX."""
        jax = sys.modules.get("jax")
        return cls(jax) if hasattr(jax, "Array") and hasattr(jax, "numpy") else None

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.jax.Array)

    def is_function(self, value: Any) -> bool:
        return isinstance(value, (self.jax.custom_jvp, self.jax.custom_vjp, self.jax.stages.Wrapped))

    def flatten(self, value: Any) -> tuple[Pairs, Rebuild]:
        leaves, structure = self.jax.tree_util.tree_flatten_with_path(value)
        return [(_path(keys), leaf) for keys, leaf in leaves], lambda new: structure.unflatten(list(new))

    def parameter(self, value: Any, name: str) -> Any:
        try:
            array = self.jax.numpy.asarray(value)  # what JAX makes of it: float32, unless 64 bits are enabled
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{name} is no array for JAX: {error}") from error
        if not self.jax.numpy.issubdtype(array.dtype, np.floating):
            raise ArgumentError(
                f"{name} has dtype {array.dtype}, which is not differentiated: take {name}.astype(float), "
                "or choose other arguments by argnums"
            )
        return array

    def to_array(self, tensor: Any, name: str) -> NDArray[Any]:
        array = np.array(tensor)
        if array.dtype.kind == "V":  # bfloat16 and the formats of 8 bits
            raise ArgumentError(f"{name} has dtype {tensor.dtype}, which NumPy lacks: take .astype('float32') of it")
        return array

    def from_array(self, array: NDArray[Any], like: Any) -> Any:
        floating = self.jax.numpy.issubdtype(like.dtype, np.floating)
        # A copy, since JAX may read the memory only when the caller has moved on to the next point.
        return self.jax.numpy.array(array, dtype=like.dtype if floating else None)

    def gradients(self, f: Callable[[Sequence[Any]], Any], tensors: Sequence[Any], name: str) -> Sequence[Any]:
        def scalar(parameters: Sequence[Any]) -> Any:
            out = f(parameters)
            require_scalar(self.jax.numpy.shape(out), name)
            return out

        found: Sequence[Any] = self.jax.grad(scalar)(list(tensors))
        return found


def _path(keys: Sequence[Any]) -> str:
    """The keys of a pytree as chainrule writes paths: `.w` for a name, `[0]` for a position."""
    written = ""
    for key in keys:
        name = getattr(key, "key", getattr(key, "name", None))
        written += f"[{key.idx}]" if hasattr(key, "idx") else f".{name}" if name is not None else str(key)
    return written
