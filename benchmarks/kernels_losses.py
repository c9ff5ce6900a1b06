"""Losses over rows, in each library as its own users write them, and their gradients by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from kernels_rivals import jax, numba, torch


def mse(w: Any, X: Any, y: Any) -> Any:
    """In any library: the operators are the same."""
    residual = X @ w - y
    return (residual**2).mean()


def mse_by_hand(X: Any, y: Any) -> Callable[[Any], Any]:
    r, g = np.empty_like(y), np.empty(X.shape[1])

    def gradient(w: Any) -> Any:
        np.dot(X, w, out=r)
        np.subtract(r, y, out=r)
        np.dot(r, X, out=g)
        return np.multiply(g, 2 / len(y), out=g)

    return gradient


def mse_in_torch(X: Any, y: Any) -> Callable[[Any], Any]:
    r, g = torch.empty_like(y), torch.empty(X.shape[1], dtype=X.dtype)
    turned = X.T

    def gradient(w: Any) -> Any:
        torch.mv(X, w, out=r)
        torch.sub(r, y, out=r)
        torch.mv(turned, r, out=g)
        return torch.mul(g, 2 / len(y), out=g)

    return gradient


def logistic(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return np.mean(np.logaddexp(0.0, z) - y * z)


def logistic_in_torch(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return torch.mean(torch.nn.functional.softplus(z, threshold=50.0) - y * z)


def logistic_in_jax(w: Any, X: Any, y: Any) -> Any:
    z = X @ w
    return jax.numpy.mean(jax.nn.softplus(z) - y * z)


def logistic_by_hand(X: Any, y: Any) -> Callable[[Any], Any]:
    z, g = np.empty_like(y), np.empty(X.shape[1])

    def gradient(w: Any) -> Any:
        np.dot(X, w, out=z)
        np.negative(z, out=z)
        np.exp(z, out=z)
        np.add(z, 1.0, out=z)
        np.reciprocal(z, out=z)
        np.subtract(z, y, out=z)
        np.dot(z, X, out=g)
        return np.multiply(g, 1 / len(y), out=g)

    return gradient


def softmax(W: Any, X: Any, Y: Any) -> Any:
    Z = X @ W
    top = np.max(Z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(Z - top), axis=1)) + top[:, 0] - np.sum(Y * Z, axis=1))


def softmax_in_jax(W: Any, X: Any, Y: Any) -> Any:
    Z = X @ W
    return jax.numpy.mean(jax.nn.logsumexp(Z, axis=1) - jax.numpy.sum(Y * Z, axis=1))


def softmax_in_torch(W: Any, X: Any, Y: Any) -> Any:
    return torch.nn.functional.cross_entropy(X @ W, Y)


def softmax_by_hand(X: Any, Y: Any) -> Callable[[Any], Any]:
    Z, one = np.empty_like(Y), np.empty((len(Y), 1))

    def gradient(W: Any) -> Any:
        np.dot(X, W, out=Z)
        np.max(Z, axis=1, keepdims=True, out=one)
        np.subtract(Z, one, out=Z)
        np.exp(Z, out=Z)
        np.sum(Z, axis=1, keepdims=True, out=one)
        np.divide(Z, one, out=Z)
        np.subtract(Z, Y, out=Z)
        return X.T @ Z / len(Y)

    return gradient


def entropy(Z: Any, Y: Any) -> Any:
    top = np.max(Z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(Z - top), axis=1)) + top[:, 0] - np.sum(Y * Z, axis=1))


def classifier(p: Any, X: Any, Y: Any) -> Any:
    return entropy(np.maximum(X @ p["W1"] + p["b1"], 0.0) @ p["W2"] + p["b2"], Y)


def classifier_in_jax(p: Any, X: Any, Y: Any) -> Any:
    Z = jax.nn.relu(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    return jax.numpy.mean(jax.nn.logsumexp(Z, axis=1) - jax.numpy.sum(Y * Z, axis=1))


def classifier_in_torch(p: Any, X: Any, Y: Any) -> Any:
    hidden = torch.relu(torch.addmm(p["b1"], X, p["W1"]))
    return torch.nn.functional.cross_entropy(torch.addmm(p["b2"], hidden, p["W2"]), Y)


def classifier_by_hand(X: Any, Y: Any) -> Callable[[Any], Any]:
    def gradient(p: Any) -> Any:
        A = X @ p["W1"]
        A += p["b1"]
        H = np.maximum(A, 0.0)
        Z = H @ p["W2"]
        Z += p["b2"]
        Z -= np.max(Z, axis=1, keepdims=True)
        np.exp(Z, out=Z)
        Z /= np.sum(Z, axis=1, keepdims=True)
        Z -= Y
        Z /= len(Y)
        D = Z @ p["W2"].T
        D *= A > 0
        return {"W1": X.T @ D, "b1": np.sum(D, axis=0), "W2": H.T @ Z, "b2": np.sum(Z, axis=0)}

    return gradient


def regressor(np: Any) -> Callable[..., Any]:
    """A network of one hidden layer, of an array namespace."""

    def loss(p: Any, X: Any, y: Any) -> Any:
        hidden = np.tanh(X @ p["W1"] + p["b1"])
        return np.mean((hidden @ p["w2"] + p["b2"] - y) ** 2)

    return loss


def regressor_by_hand(X: Any, y: Any) -> Callable[[Any], Any]:
    def gradient(p: Any) -> Any:
        H = X @ p["W1"]
        H += p["b1"]
        np.tanh(H, out=H)
        r = (H @ p["w2"] + p["b2"] - y) * (2 / len(y))
        w2 = r @ H
        np.multiply(H, H, out=H)
        np.subtract(1.0, H, out=H)
        H *= p["w2"]
        H *= r[:, None]
        return {"W1": X.T @ H, "b1": np.sum(H, axis=0), "w2": w2, "b2": np.sum(r)}

    return gradient


def row_loop(link: Callable[[Any, Any], Any], X: Any, y: Any) -> Callable[[Any], Any]:
    """One pass over the rows by a person who writes loops: the gradient of a loss of X @ w."""
    slope = numba.njit(link)

    @numba.njit(parallel=True, fastmath={"contract", "reassoc", "nsz", "arcp"})
    def gradient(w: Any, X: Any, y: Any, parts: Any) -> Any:
        rows, columns = X.shape
        for k in numba.prange(len(parts)):
            total = np.zeros(columns)
            for i in range(k * rows // len(parts), (k + 1) * rows // len(parts)):
                z = 0.0
                for j in range(columns):
                    z += X[i, j] * w[j]
                r = slope(z, y[i])
                for j in range(columns):
                    total[j] += r * X[i, j]
            parts[k] = total
        out = np.zeros(columns)
        for k in range(len(parts)):
            out += parts[k]
        return out / rows

    parts = np.empty((16, X.shape[1]))
    return lambda w: gradient(w, X, y, parts)
