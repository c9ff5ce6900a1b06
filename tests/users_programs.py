"""Programs as users write them: losses of statistics, physics and machine learning, with arguments that they take."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr

__all__ = ["USERS_PROGRAMS", "UsersProgram"]

Make = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class UsersProgram:
    """A function of a user and what he calls it with.

    Attributes:
        f: the function.
        make: what makes each argument.
        loss: whether it is a number of the first argument, of which there is a gradient.
        kernel: whether it has to run as a kernel.
        untraceable: whether it makes plain arrays of what is traced, so that it is called as it is.
        rtol: how far rounding may go.
    """

    f: Callable[..., Any]
    make: tuple[Any, ...]
    loss: bool
    kernel: bool
    rtol: float
    untraceable: bool

    @property
    def name(self) -> str:
        """What a test calls it."""
        return self.f.__name__

    def arguments(self) -> list[Any]:
        """New arrays, the same each time."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        return [_made(make, rng) for make in self.make]


USERS_PROGRAMS: list[UsersProgram] = []


def _made(make: Any, rng: np.random.Generator) -> Any:
    if isinstance(make, dict):
        return {key: _made(part, rng) for key, part in make.items()}
    if isinstance(make, (list, tuple)):
        return type(make)(_made(part, rng) for part in make)
    return make(rng) if callable(make) else make


def loss(*make: Any, **options: Any) -> Callable[[Any], Any]:
    return _entered(make, True, **options)


def function(*make: Any, **options: Any) -> Callable[[Any], Any]:
    return _entered(make, False, **options)


def _entered(
    make: tuple[Any, ...], is_loss: bool, kernel: bool = True, rtol: float = 1e-10, untraceable: bool = False
) -> Callable[[Any], Any]:
    def enter(f: Any) -> Any:
        USERS_PROGRAMS.append(UsersProgram(f, make, is_loss, kernel and not untraceable, rtol, untraceable))
        return f

    return enter


def A(*shape: int, dtype: Any = float, scale: float = 1.0) -> Make:  # noqa: N802
    return lambda rng: (scale * rng.normal(size=shape)).astype(dtype)


def P(*shape: int) -> Make:  # noqa: N802
    return lambda rng: rng.gamma(2.0, size=shape) + 0.1


def I(high: int, *shape: int) -> Make:  # noqa: N802, E743
    return lambda rng: rng.integers(0, high, size=shape)


def B(*shape: int, dtype: Any = bool) -> Make:  # noqa: N802
    return lambda rng: (rng.random(size=shape) < 0.6).astype(dtype)


def SPD(n: int) -> Make:  # noqa: N802
    def make(rng: np.random.Generator) -> Any:
        a = rng.normal(size=(n, n))
        return a @ a.T + n * np.eye(n)

    return make


# Linear models.


@loss(A(4), A(30, 4), A(30), 0.1)
def ridge(w, X, y, penalty):
    return np.mean((X @ w - y) ** 2) + penalty * w @ w


@loss(A(4), A(30, 4), A(30), 0.1)
def lasso(w, X, y, penalty):
    return 0.5 * np.mean((X @ w - y) ** 2) + penalty * np.sum(np.abs(w))


@loss({"w": A(4), "b": 0.3}, A(30, 4), A(30))
def elastic_net(p, X, y, ratio=0.3, penalty=0.2):
    error = X @ p["w"] + p["b"] - y
    return (error @ error) / (2 * len(y)) + penalty * (
        ratio * np.abs(p["w"]).sum() + 0.5 * (1 - ratio) * (p["w"] ** 2).sum()
    )


@loss(A(4), A(30, 4), I(6, 30))
def poisson_glm(w, X, counts):
    eta = X @ w
    return np.sum(np.exp(eta) - counts * eta)


@loss(A(4, scale=0.1), A(30, 4), P(30))
def gamma_glm(w, X, y):
    mu = np.exp(X @ w)
    return np.mean(y / mu + np.log(mu))


@loss(A(4), A(30, 4), B(30))
def logistic_with_bools(w, X, y):
    z = X @ w
    return -np.mean(np.where(y, -np.logaddexp(0, -z), -np.logaddexp(0, z)))


@loss(A(4), A(30, 4), B(30, dtype=float), P(30))
def weighted_logistic(w, X, y, weights):
    p = 1 / (1 + np.exp(-(X @ w)))
    return -np.average(y * np.log(p) + (1 - y) * np.log(1 - p), weights=weights)


@loss(A(4), A(30, 4), B(30, dtype=float))
def probit(w, X, y):
    from chainrule.special import erf

    p = 0.5 * (1 + erf(X @ w / np.sqrt(2)))
    p = np.clip(p, 1e-9, 1 - 1e-9)
    return -np.sum(y * np.log(p) + (1 - y) * np.log1p(-p))


@loss(A(4, 3), A(30, 4), I(3, 30))
def softmax_by_labels(W, X, labels):
    z = X @ W
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


@loss(A(4, 3), A(30, 4), I(3, 30), untraceable=True)
def softmax_by_one_hot(W, X, labels):
    z = X @ W
    one_hot = np.eye(3)[labels]
    return np.mean(np.log(np.sum(np.exp(z), axis=-1)) - np.sum(z * one_hot, axis=-1))


@loss(A(4, 3), A(30, 4), I(3, 30))
def softmax_take_along(W, X, labels):
    z = X @ W
    chosen = np.take_along_axis(z, labels[:, None], axis=1)[:, 0]
    return np.mean(np.logaddexp.reduce(z, axis=1) - chosen)


@loss(A(4, 3), A(30, 4), A(30, 3))
def multi_output(W, X, Y):
    return np.linalg.norm(X @ W - Y) ** 2 / Y.size


@loss(A(5), P(30), A(30))
def polynomial_fit(c, x, y):
    value = 0.0
    for k in reversed(range(len(c))):
        value = value * x + c[k]
    return np.mean((value - y) ** 2)


@loss(A(5), P(30), A(30))
def vandermonde_fit(c, x, y):
    return np.mean((np.stack([x**k for k in range(5)], axis=1) @ c - y) ** 2)


# Robust losses and quantiles.


@loss(A(4), A(30, 4), A(30))
def huber(w, X, y, delta=0.7):
    r = X @ w - y
    return np.mean(np.where(np.abs(r) <= delta, 0.5 * r**2, delta * (np.abs(r) - 0.5 * delta)))


@loss(A(4), A(30, 4), A(30), np.array([0.1, 0.5, 0.9]))
def quantiles(w, X, y, q):
    r = y[:, None] - (X @ w)[:, None]
    return np.sum(np.maximum(q * r, (q - 1) * r)) / y.shape[0]


@loss(A(4), A(30, 4), A(30))
def cauchy(w, X, y):
    return np.log1p(((X @ w - y) / 0.5) ** 2).sum()


@loss(A(4), A(30, 4), A(30))
def tukey(w, X, y, c=2.0):
    r = np.clip((X @ w - y) / c, -1, 1)
    return c**2 / 6 * np.mean(1 - (1 - r**2) ** 3)


@loss(A(4), A(30, 4), A(30))
def log_cosh(w, X, y):
    return np.mean(np.log(np.cosh(X @ w - y)))


@loss(A(4), A(30, 4), A(30), kernel=False)
def median_of_errors(w, X, y):
    return np.median(np.abs(X @ w - y))


@loss(A(4), A(30, 4), A(30), kernel=False)
def trimmed(w, X, y):
    return np.sort((X @ w - y) ** 2)[:20].mean()


@loss(A(4), A(30, 4), B(30, dtype=float))
def hinge(w, X, y):
    return np.maximum(0, 1 - (2 * y - 1) * (X @ w)).mean() + 0.01 * w.dot(w)


@loss(A(4), A(30, 4), B(30, dtype=int))
def focal(w, X, y, gamma=2.0):
    p = np.clip(1 / (1 + np.exp(-X @ w)), 1e-7, 1 - 1e-7)
    p_t = np.where(y == 1, p, 1 - p)
    return -np.mean((1 - p_t) ** gamma * np.log(p_t))


# Densities.


@loss((A(3, 2), P(3), A(3)), A(40, 2))
def gaussian_mixture(p, x):
    means, sigmas, logits = p
    log_pi = logits - np.log(np.sum(np.exp(logits)))
    d2 = np.sum((x[:, None, :] - means[None]) ** 2, axis=-1)
    log_n = -0.5 * d2 / sigmas**2 - x.shape[1] * np.log(sigmas) + log_pi
    top = np.max(log_n, axis=1, keepdims=True)
    return -np.sum(top[:, 0] + np.log(np.sum(np.exp(log_n - top), axis=1)))


@loss((A(3), SPD(3)), A(40, 3), kernel=False)
def full_gaussian(p, x):
    mu, sigma = p
    d = x - mu
    return 0.5 * np.mean(np.sum(d * np.linalg.solve(sigma, d.T).T, axis=1)) + 0.5 * np.linalg.slogdet(sigma)[1]


@loss((A(3), SPD(3)), A(40, 3), kernel=False)
def gaussian_by_cholesky(p, x):
    mu, sigma = p
    lower = np.linalg.cholesky(sigma)
    z = np.linalg.solve(lower, (x - mu).T)
    return 0.5 * np.sum(z**2) / len(x) + np.sum(np.log(np.diag(lower)))


@loss(P(3), P(40))
def student_t(p, x):
    nu, mu, s = p
    return np.sum(0.5 * (nu + 1) * np.log(1 + ((x - mu) / s) ** 2 / nu) + np.log(s))


@loss(P(2), P(40))
def gamma_density(p, x):
    from chainrule.special import gammaln

    a, b = p[0], p[1]
    return -np.sum(a * np.log(b) - gammaln(a) + (a - 1) * np.log(x) - b * x)


@loss(A(4), A(30, 4), P(30), B(30), kernel=False)
def cox(w, X, times, event):
    order = np.argsort(-times)
    eta = (X @ w)[order]
    risk = np.log(np.cumsum(np.exp(eta)))
    return -np.sum((eta - risk)[event[order]])


@loss(A(4), A(30, 4), B(30, dtype=float), kernel=False)
def cox_of_sorted(w, X, event):
    eta = X @ w
    return -np.sum(event * (eta - np.log(np.cumsum(np.exp(eta)))))


@loss(P(2), P(30), B(30))
def weibull_survival(p, t, event):
    shape, scale = p
    z = (t / scale) ** shape
    return np.sum(z) - np.sum(np.where(event, np.log(shape / scale) + (shape - 1) * np.log(t / scale), 0.0))


@loss(A(30), A(30))
def kl_of_histograms(a, b):
    p, q = np.exp(a) / np.exp(a).sum(), np.exp(b) / np.exp(b).sum()
    return np.sum(p * (np.log(p) - np.log(q)))


# Networks.


def layers(*sizes: int) -> list[Any]:
    return [(A(a, b, scale=0.5), A(b, scale=0.1)) for a, b in itertools.pairwise(sizes)]


@loss(layers(4, 8, 8, 1), A(30, 4), A(30))
def perceptron(p, X, y):
    h = X
    for W, b in p[:-1]:
        h = np.tanh(h @ W + b)
    W, b = p[-1]
    return np.mean(((h @ W + b)[:, 0] - y) ** 2)


@loss(layers(4, 8, 3), A(30, 4), I(3, 30), B(30, 8, dtype=float))
def with_dropout(p, X, labels, keep):
    (W1, b1), (W2, b2) = p
    h = np.maximum(X @ W1 + b1, 0) * keep / 0.6
    z = h @ W2 + b2
    return np.mean(np.log(np.exp(z).sum(-1)) - z[np.arange(z.shape[0]), labels])


@loss({"W": A(4, 6), "gain": P(6), "shift": A(6)}, A(30, 4), A(30))
def with_batch_norm(p, X, y):
    z = X @ p["W"]
    z = (z - z.mean(axis=0)) / np.sqrt(z.var(axis=0) + 1e-5)
    return np.mean((np.sum(np.maximum(p["gain"] * z + p["shift"], 0), axis=1) - y) ** 2)


@loss({"W": A(4, 6), "gain": P(6), "shift": A(6)}, A(30, 4), A(30))
def with_layer_norm(p, X, y):
    z = X @ p["W"]
    z = (z - z.mean(-1, keepdims=True)) / (z.std(-1, keepdims=True) + 1e-5)
    return np.mean(((p["gain"] * z + p["shift"]).sum(1) - y) ** 2)


@loss([A(4, 4), A(4, 4), A(4, 4), A(4)], A(6, 7, 4), A(6, 7))
def attention(p, x, y):
    q, k, v = (x @ w for w in p[:3])
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(x.shape[-1])
    scores = scores - scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores)
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return np.mean((weights @ v @ p[3] - y) ** 2)


@loss([A(4, 4), A(4, 4), A(4, 4)], A(7, 4))
def causal_attention(p, x):
    scores = np.einsum("td,sd->ts", x @ p[0], x @ p[1])
    scores = np.where(np.tril(np.ones((7, 7), bool)), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    return np.sum((weights @ (x @ p[2])) ** 2)


@loss([A(5, 3, 3), A(5)], A(10, 8, 8), A(10), kernel=False)
def convolution(p, images, y):
    patches = np.lib.stride_tricks.sliding_window_view(images, (3, 3), axis=(1, 2))
    maps = np.maximum(np.einsum("nijab,fab->nfij", patches, p[0]), 0)
    return np.mean((maps.mean(axis=(2, 3)) @ p[1] - y) ** 2)


@loss([A(5, 3, 3), A(5)], A(10, 8, 8), A(10))
def convolution_by_shifts(p, images, y):
    maps = 0.0
    for i in range(3):
        for j in range(3):
            maps = maps + p[0][:, i, j][None, :, None, None] * images[:, None, i : i + 6, j : j + 6]
    return np.mean((np.tanh(maps).sum(axis=(2, 3)) @ p[1] - y) ** 2)


@loss([A(5, 4), A(5, 5), A(5)], A(6, 8, 4), A(6))
def recurrent(p, x, y):
    h = np.zeros((x.shape[0], len(p[1])))
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ p[0].T + h @ p[1].T + p[2])
    return np.mean((h.sum(axis=1) - y) ** 2)


@loss({"W": A(9, 20), "b": A(20)}, A(6, 4), A(6, 5), A(6, 5))
def lstm_step(p, x, h, c):
    z = np.concatenate([x, h], axis=1) @ p["W"] + p["b"]
    i, f, o, g = np.split(z, 4, axis=1)
    sigmoid = lambda u: 1 / (1 + np.exp(-u))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return np.sum((sigmoid(o) * np.tanh(c)) ** 2)


@loss([A(11, 3), A(3)], I(11, 30), A(30))
def embedding(p, words, y):
    return np.mean((p[0][words] @ p[1] - y) ** 2)


@loss([A(11, 3), A(3)], I(11, 30, 5), A(30), kernel=False)
def bag_of_words(p, words, y):
    return np.mean((np.tanh(p[0][words].mean(axis=1)) @ p[1] - y) ** 2)


@loss([A(9, 3), A(11, 3)], I(9, 40), I(11, 40), A(40))
def matrix_factorisation(p, users, items, ratings):
    return np.mean((np.sum(p[0][users] * p[1][items], axis=1) - ratings) ** 2) + 0.01 * (
        np.sum(p[0] ** 2) + np.sum(p[1] ** 2)
    )


@loss({"enc": layers(6, 8, 4), "dec": layers(2, 8, 6)}, A(30, 6), A(30, 2))
def variational_autoencoder(p, x, noise):
    (W1, b1), (W2, b2) = p["enc"]
    stats = np.tanh(x @ W1 + b1) @ W2 + b2
    mean, log_var = stats[:, :2], stats[:, 2:]
    z = mean + np.exp(0.5 * log_var) * noise
    (W3, b3), (W4, b4) = p["dec"]
    logits = np.tanh(z @ W3 + b3) @ W4 + b4
    reconstruction = np.sum((logits - x) ** 2, axis=1)
    kl = -0.5 * np.sum(1 + log_var - mean**2 - np.exp(log_var), axis=1)
    return np.mean(reconstruction + kl)


@loss(layers(6, 2, 6), A(30, 6), rtol=1e-9, kernel=False)
def contrastive(p, x):
    (W, b), _ = p
    z = x @ W + b
    z = z / np.linalg.norm(z, axis=1, keepdims=True)
    similar = z @ z.T / 0.5
    similar = similar - 1e9 * np.eye(len(x))
    return np.mean(np.log(np.sum(np.exp(similar), axis=1)) - np.roll(similar, 1, axis=0).diagonal())


@loss(A(4, 2), A(30, 4), A(30, 4), A(30, 4))
def triplet(W, a, p, n):
    d = lambda u, v: np.sum(((u - v) @ W) ** 2, axis=1)
    return np.maximum(d(a, p) - d(a, n) + 1.0, 0.0).mean()


# Matrices.


@loss(A(5, 2), A(30, 5))
def pca(W, X):
    X = X - X.mean(axis=0)
    return np.sum((X - X @ W @ W.T) ** 2) / len(X)


@loss(A(30), A(30, 3), A(30), 0.8)
def kernel_ridge(alpha, X, y, width):
    d2 = np.sum((X[:, None] - X[None]) ** 2, axis=-1)
    K = np.exp(-d2 / (2 * width**2))
    return np.sum((K @ alpha - y) ** 2) + 0.1 * alpha @ K @ alpha


@loss(P(3), A(15, 3), A(15), rtol=1e-8, kernel=False)
def gaussian_process(lengths, X, y):
    Z = X / lengths
    d2 = np.sum(Z**2, 1)[:, None] + np.sum(Z**2, 1) - 2 * Z @ Z.T
    K = np.exp(-0.5 * d2) + 0.1 * np.eye(len(y))
    return 0.5 * y @ np.linalg.solve(K, y) + 0.5 * np.linalg.slogdet(K)[1]


@loss([A(6, 2), A(2, 7)], A(6, 7), B(6, 7))
def matrix_completion(p, M, seen):
    return np.sum(np.where(seen, p[0] @ p[1] - M, 0) ** 2)


@loss(A(4, 4), A(30, 4), kernel=False)
def quadratic_form(M, X):
    return np.einsum("ni,ij,nj->", X, M, X) + np.trace(M) * np.linalg.det(M)


@loss([A(5, 2), A(6, 2), A(7, 2)], A(5, 6, 7))
def tensor_factorisation(p, T):
    return np.sum((np.einsum("ir,jr,kr->ijk", *p) - T) ** 2)


@loss(A(4, 4), kernel=False)
def nuclear_norm(M):
    return np.sum(np.linalg.svd(M, compute_uv=False))


# Time series and chains.


@loss(A(3), A(60))
def autoregression(phi, x):
    predicted = phi[0] * x[2:-1] + phi[1] * x[1:-2] + phi[2] * x[:-3]
    return np.mean((x[3:] - predicted) ** 2)


@loss(A(60), A(60))
def smoothing(trend, x):
    return np.sum((trend - x) ** 2) + 5 * np.sum(np.diff(trend, n=2) ** 2)


@loss(A(60), A(60))
def total_variation(u, x):
    return 0.5 * np.sum((u - x) ** 2) + np.sum(np.sqrt((u[1:] - u[:-1]) ** 2 + 1e-6))


@loss(0.4, P(25))
def exponential_smoothing(alpha, x):
    level, error = x[0], 0.0
    for value in x[1:]:
        error = error + (value - level) ** 2
        level = alpha * value + (1 - alpha) * level
    return error


@loss(np.array([0.1, 0.2, 0.7]), A(25))
def garch(p, returns):
    variance, total = 1.0, 0.0
    for r in returns:
        total = total + 0.5 * (np.log(variance) + r**2 / variance)
        variance = p[0] + p[1] * r**2 + p[2] * variance
    return total


@loss([A(3, 3), A(3)], A(12, 3))
def chain_of_labels(p, emissions):
    alpha = p[1] + emissions[0]
    for t in range(1, len(emissions)):
        alpha = emissions[t] + np.log(np.sum(np.exp(alpha[:, None] + p[0]), axis=0))
    return np.log(np.sum(np.exp(alpha)))


@loss([A(3, 3), A(3), A(3, 5)], I(5, 12), kernel=False)
def hidden_markov(p, observed):
    softmax = lambda z: np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    T, pi, E = softmax(p[0]), softmax(p[1]), softmax(p[2])
    alpha, total = pi * E[:, observed[0]], 0.0
    for t in observed[1:]:
        norm = alpha.sum()
        total = total + np.log(norm)
        alpha = (alpha / norm) @ T * E[:, t]
    return -(total + np.log(alpha.sum()))


@loss(A(2, 2, scale=0.4), A(2), SPD(2), A(2), A(1, 2), 0.5, kernel=False)
def kalman_step(F, x, cov, z, H, noise):
    x, cov = F @ x, F @ cov @ F.T + 0.1 * np.eye(2)
    S = H @ cov @ H.T + noise
    K = cov @ H.T @ np.linalg.inv(S)
    x = x + K @ (z[:1] - H @ x)
    cov = (np.eye(2) - K @ H) @ cov
    return x @ x + np.trace(cov)


@loss(A(8, scale=0.3), A(40), kernel=False)
def fir_filter(h, x):
    return np.sum(np.convolve(x, h, mode="valid") ** 2)


# Physics.


@loss(A(12, 3, scale=3.0), rtol=1e-9)
def lennard_jones(x):
    d = x[:, None] - x[None]
    r2 = np.sum(d**2, axis=-1) + np.eye(len(x))
    s6 = 1 / r2**3
    return 2 * np.sum((s6**2 - s6) * (1 - np.eye(len(x))))


@loss(A(12, 3, scale=3.0), rtol=1e-9, kernel=False)
def coulomb_of_pairs(x):
    i, j = np.triu_indices(len(x), k=1)
    return np.sum(1 / np.linalg.norm(x[i] - x[j], axis=1))


@loss(A(20, 20))
def ising_field(phi):
    neighbours = np.roll(phi, 1, 0) + np.roll(phi, 1, 1)
    return np.sum(-phi * neighbours + 0.5 * phi**2 + 0.1 * phi**4)


@loss(A(22, 22))
def dirichlet_energy(u):
    return 0.5 * np.sum(np.diff(u, axis=0)[:, :-1] ** 2 + np.diff(u, axis=1)[:-1] ** 2)


@loss(A(4))
def double_pendulum(q):
    t1, t2, p1, p2 = q
    d = t1 - t2
    return (p1**2 + 2 * p2**2 - 2 * p1 * p2 * np.cos(d)) / (1 + np.sin(d) ** 2) - 2 * np.cos(t1) - np.cos(t2)


@loss(A(3), P(20), A(20))
def damped_oscillator(p, t, y):
    return np.sum((np.exp(-(p[0] ** 2) * t) * np.cos(p[1] * t + p[2]) - y) ** 2)


@loss(A(50), A(50))
def heat_steps(u, target):
    for _ in range(10):
        u = u + 0.2 * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
    return np.mean((u - target) ** 2)


@loss([A(1, 6), A(6), A(6)], A(20))
def physics_informed(p, t):
    W, b, v = p
    u = lambda s: np.tanh(s[:, None] * W + b) @ v
    h = 1e-2
    residual = (u(t + h) - u(t - h)) / (2 * h) + u(t)
    return np.mean(residual**2) + (u(np.zeros(1))[0] - 1) ** 2


@loss(P(30), 0.4)
def rosenbrock(x, unused):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


# dtypes.


@loss(A(4, dtype="f4"), A(30, 4, dtype="f4"), A(30, dtype="f4"), rtol=2e-5)
def in_float32(w, X, y):
    return np.mean((X @ w - y) ** 2) + 0.5 * np.sum(w**2)


@loss(A(4), A(30, 4, dtype="f4"), A(30, dtype="f4"), rtol=2e-5)
def double_weights_single_data(w, X, y):
    return np.mean(np.log1p(np.exp(X @ w))) + np.mean(y * 2.0)


@loss(A(4, dtype="f4"), A(30, 4), I(9, 30), rtol=2e-5)
def single_weights_double_data(w, X, y):
    return np.sum((X @ w - y) ** 2)


@loss(A(4, dtype="f4"), I(9, 30, 4), B(30), 0.5, rtol=2e-5)
def single_and_integers(w, X, y, penalty):
    return np.sum(np.where(y, X @ w, penalty)) + penalty * np.sum(w * w)


@function(I(9, 30, 4), I(5, 30))
def of_integers(X, y):
    return X.sum(axis=0), X * y[:, None], X.max(), X.mean(), (X > 4).sum()


@function(B(30), B(30))
def of_bools(a, b):
    return a & b, a | ~b, (a ^ b).sum(), np.where(a, 1, 2)


@function(A(30), A(30))
def several_results(a, b):
    return {"sum": a + b, "both": (a, b), "n": len(a), "text": "x", "none": None, "scalar": a @ b}


@function(A(30), 2.0)
def arguments_come_back(a, s):
    return a, a, s, a[::2], a.reshape(5, 6).T


@function(A(30, 4))
def statistics(X):
    return X.mean(0), X.std(0), X.var(0, ddof=1), X.min(0), X.max(1), np.ptp(X, axis=0), X.argmax(1), np.cov(X.T)


@function(A(30, 4))
def standardise(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


@function(A(30, 4), A(4, 3))
def prediction(X, W):
    return np.argmax(X @ W, axis=1)


@function(A(30, 4), A(5, 4))
def nearest(X, centres):
    d2 = ((X[:, None, :] - centres[None, :, :]) ** 2).sum(-1)
    return d2.argmin(axis=1), d2.min(axis=1), np.sqrt(d2)


@function(A(30), kernel=False)
def accumulated(x):
    return np.cumsum(x), np.cumprod(x), np.diff(x), np.sort(x), np.maximum.accumulate(x), x[::-1], np.flip(x)


@function(A(10, 3))
def derivative_inside(X):
    return (
        cr.vmap(cr.grad(lambda x: np.sum(x**3)))(X),
        cr.jacobian(np.sin)(X[0]),
        cr.hvp(lambda x: x @ x * x[0], X[0], X[1]),
    )
