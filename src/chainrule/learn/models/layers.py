"""Layers of a network: their activations, how they are applied, and the weights that they begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.special import expit, gelu, relu, silu

__all__ = ["ACTIVATIONS", "activation_named", "forward", "glorot", "weights"]


def identity(z: Any) -> Any:
    """z itself: a network of such layers is a linear map."""
    return z


ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": relu,
    "tanh": np.tanh,
    "logistic": expit,
    "identity": identity,
    "gelu": gelu,
    "silu": silu,
}


def activation_named(name: Any) -> Callable[[Any], Any]:
    """The activation of a name; raises `ArgumentError` with the names that there are."""
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ArgumentError(f"activation is {name!r:.60}, expected one of {', '.join(map(repr, ACTIVATIONS))}")
    return ACTIVATIONS[name]


def weights(p: Mapping[str, Any]) -> list[Any]:
    """The weight matrices W1, W2, ... among the parameters; the biases are not penalised."""
    return [array for name, array in p.items() if name.startswith("W")]


def forward(p: Mapping[str, Any], X: Any, activation: Callable[[Any], Any]) -> Any:
    """What the last layer gives: Z = H W + b, where H is the layer before it, activated.

    Args:
        p: W1, b1, W2, b2, ...; W of a layer has the shape (inputs, outputs).
        X: the inputs, shape (N, d).
        activation: of all layers but the last.
    """
    H, depth = X, len(p) // 2
    for layer in range(1, depth):
        H = activation(H @ p[f"W{layer}"] + p[f"b{layer}"])
    return H @ p[f"W{depth}"] + p[f"b{depth}"]


def glorot(sizes: Sequence[int], activation: str, random: np.random.RandomState) -> dict[str, Any]:
    """Weights and biases drawn evenly between -r and r, with r = sqrt(6 / (inputs + outputs)), 2 for "logistic".

    Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010,
    equation 16; scikit-learn draws the biases in the same way.

    Args:
        sizes: of the inputs, of each hidden layer, of the outputs.
        activation: its name.
        random: where the numbers are drawn from.
    """
    p: dict[str, Any] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        r = np.sqrt((2 if activation == "logistic" else 6) / (inputs + outputs))
        p[f"W{layer}"] = random.uniform(-r, r, (inputs, outputs))
        p[f"b{layer}"] = random.uniform(-r, r, outputs)
    return p
