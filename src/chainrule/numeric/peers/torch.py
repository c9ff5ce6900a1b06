"""PyTorch: scalar functions of tensors, `torch.autograd.Function` and `torch.nn.Module`.

What has an output that is no scalar is checked by the sum of its entries times fixed random weights. Its gradient is
the product of the weights with the Jacobian: a mistake in any entry shows, unless it is orthogonal to the weights,
which for random ones has probability zero.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.arguments import Argnums
from chainrule.calculus.containers import flatten
from chainrule.calculus.recording import parameter_names
from chainrule.errors import ArgumentError
from chainrule.numeric.peers.peer import Call, Pairs, Peer, Rebuild, require_scalar, shareable

__all__ = ["Torch"]

SEED = 0  # of the random weights: fixed, so that a check gives the same report every time
# What random numbers inside a module change is far above the rounding of float16.
ALIKE = 1e-2


class Torch(Peer):
    """PyTorch, where the caller has imported it."""

    name = "PyTorch"

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    @classmethod
    def loaded(cls) -> Torch | None:
        """The adapter, or None as long as there can be no tensor."""
        torch = sys.modules.get("torch")
        return cls(torch) if hasattr(torch, "Tensor") and hasattr(torch, "autograd") else None

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, self.torch.Tensor)

    def is_function(self, value: Any) -> bool:
        return isinstance(value, self.torch.nn.Module) or self._is_autograd_function(value)

    def _is_autograd_function(self, value: Any) -> bool:
        return isinstance(value, type) and issubclass(value, self.torch.autograd.Function)

    def flatten(self, value: Any) -> tuple[Pairs, Rebuild]:
        leaves, rebuild = flatten(value, "#")
        return [(path[1:], leaf) for path, leaf in leaves], rebuild

    def parameter(self, value: Any, name: str) -> Any:
        if not self.is_tensor(value):
            raise ArgumentError(
                f"{name} is of type {type(value).__name__}: with PyTorch what is differentiated is a tensor, "
                "torch.tensor(..., dtype=torch.float64)"
            )
        if not value.is_floating_point():
            raise ArgumentError(
                f"{name} has dtype {value.dtype}, which is not differentiated: take {name}.double(), "
                "or choose other arguments by argnums"
            )
        return value

    def to_array(self, tensor: Any, name: str) -> NDArray[Any]:
        plain = tensor.detach()
        if plain.layout is not self.torch.strided:
            raise ArgumentError(f"{name} has the layout {plain.layout}: a check needs dense tensors, .to_dense()")
        try:
            array: NDArray[Any] = plain.cpu().resolve_conj().resolve_neg().numpy()
        except TypeError as error:
            raise ArgumentError(f"{name} has dtype {plain.dtype}, which NumPy lacks: take .float() of it") from error
        return array

    def from_array(self, array: NDArray[Any], like: Any) -> Any:
        tensor = self.torch.from_numpy(shareable(array)).to(like.device)
        if like.is_floating_point():
            # A loss that differentiates its argument itself needs one that asks for it, as the caller's own did.
            return tensor.to(like.dtype).requires_grad_(like.requires_grad)
        return tensor

    def gradients(self, f: Callable[[Sequence[Any]], Any], tensors: Sequence[Any], name: str) -> Sequence[Any]:
        parameters = [tensor.detach().requires_grad_() for tensor in tensors]
        with self.torch.enable_grad():
            out = f(parameters)
        if not self.is_tensor(out):
            raise ArgumentError(
                f"{name} returned a {type(out).__name__}, from which backward cannot start: return the tensor, "
                "without .item()"
            )
        require_scalar(out.shape, name)
        if not out.requires_grad:
            raise ArgumentError(
                f"{name} returned a tensor that does not require grad: detach(), no_grad() or NumPy on the way "
                "has cut it off from its arguments"
            )
        found = self.torch.autograd.grad(out, parameters, allow_unused=True)
        return [
            self.torch.zeros_like(tensor) if gradient is None else gradient
            for tensor, gradient in zip(parameters, found, strict=True)
        ]

    def call(self, f: Callable[..., Any], df: Any, args: Sequence[Any], argnums: Argnums) -> Call:
        if not self.is_function(f):
            return super().call(f, df, args, argnums)
        what = "a module" if isinstance(f, self.torch.nn.Module) else "a torch.autograd.Function"
        if df is not None:
            raise ArgumentError(f"{what} is checked against its own backward: give None in place of a gradient")
        if argnums != 0:
            raise ArgumentError(
                f"{what} is checked by everything that requires grad: choose with .requires_grad_(), not with argnums"
            )
        return self._module_call(f, args) if isinstance(f, self.torch.nn.Module) else self._function_call(f, args)

    def _function_call(self, function: Any, args: Sequence[Any]) -> Call:
        names = parameter_names(function.forward, len(args) + 1)
        # forward takes ctx before the inputs, unless setup_context takes it.
        own = function.setup_context is not self.torch.autograd.Function.setup_context
        names = names[:-1] if own else names[1:]
        return self._contracted(function, lambda parameters, inputs: function.apply(*inputs), {}, args, names)

    def _module_call(self, module: Any, args: Sequence[Any]) -> Call:
        buffers = dict(module.named_buffers())
        parameters = {name: p for name, p in module.named_parameters() if p.requires_grad and p.is_floating_point()}

        def run(given: Sequence[Any], inputs: Sequence[Any]) -> Any:
            # Copies of the buffers: batch normalisation in training mode writes into them.
            state = dict(zip(parameters, given, strict=True)) | {name: b.clone() for name, b in buffers.items()}
            return self.torch.func.functional_call(module, state, tuple(inputs))

        return self._contracted(module, run, parameters, args, parameter_names(module.forward, len(args)))

    def _contracted(
        self,
        owner: Any,
        run: Callable[[Sequence[Any], Sequence[Any]], Any],
        parameters: dict[str, Any],
        args: Sequence[Any],
        names: Sequence[str],
    ) -> Call:
        """The outputs of `run` times fixed random weights, as a function of the parameters and the inputs."""
        flat = [self.flatten(arg) for arg in args]
        inputs = [(name + path, leaf) for name, (pairs, _) in zip(names, flat, strict=True) for path, leaf in pairs]
        floating = [i for i, (_, leaf) in enumerate(inputs) if self.is_tensor(leaf) and leaf.is_floating_point()]
        chosen = [i for i in floating if inputs[i][1].requires_grad] or floating
        given = [*parameters.values(), *(inputs[i][1] for i in chosen)]
        if not given:
            raise ArgumentError(f"{_name(owner)} has no parameter and no floating tensor among its inputs to check")

        def outputs(values: Sequence[Any]) -> list[Any]:
            leaves = [leaf for _, leaf in inputs]
            for i, tensor in zip(chosen, values[len(parameters) :], strict=True):
                leaves[i] = tensor
            left = iter(leaves)
            arguments = [rebuild([next(left) for _ in pairs]) for pairs, rebuild in flat]
            return [leaf for _, leaf in self.flatten(run(values[: len(parameters)], arguments))[0]]

        weights = self._weights(owner, outputs, given)

        def contracted(*values: Any) -> Any:
            total: Any = 0.0
            for out, weight in zip(outputs(values), weights, strict=True):
                if weight is not None:
                    # In float64: the sum of many products in float32 would lose digits that the outputs have.
                    total = total + (out.double() * weight).sum()
            return total

        labels = [*parameters, *(inputs[i][0] for i in chosen)]
        return Call(contracted, given, tuple(range(len(given))), labels, owner)

    def _weights(self, owner: Any, outputs: Callable[[Sequence[Any]], list[Any]], given: Sequence[Any]) -> list[Any]:
        """One random weight for each entry of each output that has a gradient; 1 for one that is a scalar."""

        def run() -> list[Any]:
            with self.torch.enable_grad():
                return outputs([tensor.detach().clone().requires_grad_() for tensor in given])

        found, again = run(), run()
        random = np.random.default_rng(SEED)
        weights: list[Any] = []
        for out, other in zip(found, again, strict=True):
            if not self.is_tensor(out) or not out.is_floating_point() or not out.requires_grad:
                weights.append(None)
                continue
            if out.shape != other.shape or not self.torch.allclose(out, other, rtol=ALIKE, atol=0, equal_nan=True):
                raise ArgumentError(f"{_name(owner)} is not deterministic: {_advice(owner)}")
            drawn = self.torch.from_numpy(random.standard_normal(tuple(out.shape)))
            # Rounded to the dtype of the output, in which backward receives it.
            weights.append(drawn.to(out.device, out.dtype).double())
        if all(weight is None for weight in weights):
            raise ArgumentError(f"{_name(owner)} returned nothing that requires grad: there is no backward to check")
        if len(weights) == 1 and weights[0].shape == ():
            return [self.torch.ones_like(weights[0])]
        return weights


def _name(owner: Any) -> str:
    return owner.__name__ if inspect.isclass(owner) else type(owner).__name__


def _advice(owner: Any) -> str:
    if getattr(owner, "training", False):
        return (
            "two calls on the same input differ, and it is in training mode, where dropout draws new numbers; "
            "call .eval() first"
        )
    return "two calls on the same input differ; fix the seed inside it"
