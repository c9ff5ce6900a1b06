"""Gradients of losses over many rows: linear, logistic, softmax, networks; second derivatives of the logistic one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import kernels_losses as losses
import numpy as np
from kernels_limits import least, products, reading
from kernels_rivals import (
    Race,
    Settings,
    backward,
    compiled_by_torch,
    figure,
    jax,
    jitted,
    numba,
    race,
    spelled,
    tensors,
    torch,
)
from measure import ratio, rounds, table

import chainrule as cr

LIBRARIES = ("NumPy", "JAX", "PyTorch", "torch.compile", "Numba")
Summary = tuple[str, str, str]


def rivals(
    ours: Callable[..., Any], of_jax: Any, of_torch: Any, arguments: tuple[Any, ...], settings: Settings
) -> dict[str, Any]:
    """Those that differentiate; what is written by hand is added by the caller."""
    found: dict[str, Any] = {"chainrule": lambda g=cr.compile(cr.grad(ours)): g(*arguments)}
    if jax is not None:
        found |= jitted(jax.grad(of_jax), *arguments)
    if torch is not None:
        found |= backward(of_torch, *copied(arguments))
        found |= compiled_by_torch(torch.func.grad(of_torch), settings, *arguments)
    return found


def copied(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """With parameters of their own: PyTorch marks what it differentiates by."""
    first = arguments[0]
    return (
        {key: value.copy() for key, value in first.items()} if isinstance(first, dict) else first.copy(),
        *arguments[1:],
    )


def cells(label: str, done: Race) -> list[str]:
    return [label, spelled(done.seconds()), *(figure(done.over(library)) for library in LIBRARIES)]


def over(done: Race, *targets: tuple[str, float]) -> tuple[str, str]:
    """What was to be reached, and what was: how many times faster than each library."""
    return (
        ", ".join(f"{goal:g} x {library}" for library, goal in targets),
        ", ".join(f"{figure(done.over(library))} x {library}" for library, _ in targets if done.variants(library)),
    )


def linear(settings: Settings, found: list[list[str]]) -> list[Summary]:
    rows = []
    rng = np.random.default_rng(1)
    for shape, by_hand, peers in (((1_000_000, 32), 2.5, 4.0), ((200_000, 200), 1.8, 2.5)):
        N, d = (shape[0] // 10, shape[1]) if settings.quick else shape
        X, w = rng.normal(size=(N, d)), rng.normal(size=d)
        y = X @ rng.normal(size=d) + rng.normal(size=N)
        entries = rivals(losses.mse, losses.mse, losses.mse, (w, X, y), settings)
        hand = losses.mse_by_hand(X, y)
        entries["NumPy: by hand, out="] = lambda hand=hand, w=w: hand(w)
        if torch is not None:
            in_torch, given = losses.mse_in_torch(*tensors(X, y)), torch.from_numpy(w)
            entries["PyTorch: by hand, out="] = lambda f=in_torch, w=given: f(w)
        if numba is not None:
            loop = losses.row_loop(lambda z, y: 2 * (z - y), X, y)
            entries["Numba"] = lambda loop=loop, w=w: loop(w)
        done = race(f"mean squared error, {N:,} x {d}", entries, settings, rtol=1e-8)
        # In turn with what is only read, since the speed of the memory drifts.
        times = rounds({"read": reading([X, y]), "chainrule": entries["chainrule"]}, settings.seconds, settings.count)
        share = ratio(times, "read", "chainrule")
        speed = (X.nbytes + y.nbytes) / min(times["read"]) / 1e9
        found.append(cells(f"mean squared error, {N:,} x {d}", done))
        goal, got = over(done, ("NumPy", by_hand), ("JAX", peers), ("PyTorch", peers))
        rows.append((f"mean squared error, {N:,} x {d}", goal, got))
        rows.append((f"the same, share of the speed of reading ({speed:.1f} GB/s)", "85%", f"{100 * share:.0f}%"))
    return rows


def classes(settings: Settings, found: list[list[str]]) -> list[Summary]:
    rng = np.random.default_rng(2)
    N, d, K = 100_000 if settings.quick else 1_000_000, 32, 10
    X = rng.normal(size=(N, d))
    w, W = rng.normal(size=d) / 4, rng.normal(size=(d, K)) / 4
    y = (rng.random(N) < 0.4) * 1.0
    Y = np.eye(K)[rng.integers(0, K, N)]
    rows = []
    entries = rivals(losses.logistic, losses.logistic_in_jax, losses.logistic_in_torch, (w, X, y), settings)
    hand = losses.logistic_by_hand(X, y)
    entries["NumPy: by hand, out="] = lambda: hand(w)
    if numba is not None:
        loop = losses.row_loop(lambda z, y: 1 / (1 + math.exp(-z)) - y, X, y)
        entries["Numba"] = lambda: loop(w)
    done = race(f"logistic, {N:,} x {d}", entries, settings, rtol=1e-8)
    found.append(cells(f"logistic loss, {N:,} x {d}", done))
    rows.append((f"logistic gradient, {N:,} x {d}", *over(done, ("JAX", 3), ("PyTorch", 3))))
    entries = rivals(losses.softmax, losses.softmax_in_jax, losses.softmax_in_torch, (W, X, Y), settings)
    by_hand = losses.softmax_by_hand(X, Y)
    entries["NumPy: by hand, out="] = lambda: by_hand(W)
    done = race(f"softmax, {N:,} x {d}, {K} classes", entries, settings, rtol=1e-8)
    found.append(cells(f"softmax loss, {N:,} x {d}, {K} classes", done))
    rows.append((f"softmax gradient, {N:,} x {d}, {K} classes", *over(done, ("JAX", 3), ("PyTorch", 3))))
    return rows


def networks(settings: Settings, found: list[list[str]]) -> list[Summary]:
    rng = np.random.default_rng(3)
    rows = []
    N, d, h, K = 2_000 if settings.quick else 10_000, 784, 128, 10
    X, Y = rng.random((N, d)), np.eye(K)[rng.integers(0, K, N)]
    p = {"W1": rng.normal(size=(d, h)) / 28, "b1": np.zeros(h), "W2": rng.normal(size=(h, K)) / 11, "b2": np.zeros(K)}
    entries = rivals(losses.classifier, losses.classifier_in_jax, losses.classifier_in_torch, (p, X, Y), settings)
    by_hand = losses.classifier_by_hand(X, Y)
    entries["NumPy: by hand"] = lambda: by_hand(p)
    label = f"network {d}-{h}-{K}, {N:,} rows"
    done = race(label, entries, settings, rtol=1e-8)
    found.append(cells(label, done))
    H, Z = np.maximum(X @ p["W1"], 0), rng.normal(size=(N, K))
    limit = products([(X, p["W1"]), (H, p["W2"]), (Z, p["W2"].T), (X.T, H), (H.T, Z)])
    times = rounds({"limit": limit, "chainrule": entries["chainrule"]}, settings.seconds, settings.count, settle=0.02)
    rows.append((label, *best_of_peers(done, 0.95)))
    share = ratio(times, "limit", "chainrule")
    rows.append((f"the same, share of the products alone ({spelled(least(limit, 3))})", "85%", f"{100 * share:.0f}%"))
    N, d, h = 10_000 if settings.quick else 100_000, 20, 32
    X, y = rng.normal(size=(N, d)), rng.normal(size=N)
    p = {"W1": rng.normal(size=(d, h)) / 5, "b1": np.zeros(h), "w2": rng.normal(size=h) / 6, "b2": np.zeros(())}
    of_jax = losses.regressor(jax.numpy) if jax is not None else None
    of_torch = losses.regressor(torch) if torch is not None else None
    entries = rivals(losses.regressor(np), of_jax, of_torch, (p, X, y), settings)
    small = losses.regressor_by_hand(X, y)
    entries["NumPy: by hand"] = lambda: small(p)
    label = f"network {d}-{h}-1, {N:,} rows"
    done = race(label, entries, settings, rtol=1e-8)
    found.append(cells(label, done))
    rows.append((label, *best_of_peers(done, 1.5)))
    return rows


def best_of_peers(done: Race, goal: float) -> tuple[str, str]:
    peers = {library: done.over(library) for library in ("JAX", "PyTorch") if done.variants(library)}
    if not peers:
        return f"{goal:g} x the better of JAX and PyTorch", ""
    best = min(peers, key=lambda library: peers[library])
    return f"{goal:g} x the better of JAX and PyTorch", f"{figure(peers[best])} x {best}"


def second(settings: Settings, found: list[list[str]]) -> list[Summary]:
    """Hessian-vector product and Hessian of a logistic loss of 200 parameters."""
    rng = np.random.default_rng(4)
    N, d = 1_000 if settings.quick else 10_000, 200
    X, w, v = rng.normal(size=(N, d)), rng.normal(size=d) / 14, rng.normal(size=d)
    y = (rng.random(N) < 0.4) * 1.0
    rows = []
    for label, ours in (
        ("Hessian-vector product", lambda w, v, X, y: cr.hvp(lambda w: losses.logistic(w, X, y), w, v)),
        ("Hessian", lambda w, v, X, y: cr.hessian(losses.logistic)(w, X, y)),
    ):
        entries = {"chainrule": lambda f=cr.compile(ours): f(w, v, X, y), **peers_of_second(label, w, v, X, y)}
        done = race(f"{label}, logistic, {N:,} x {d}", entries, settings, rtol=1e-7)
        found.append(cells(f"{label}, logistic, {N:,} x {d}", done))
        rows.append((f"{label}, logistic loss of {d} parameters", *over(done, ("JAX", 2))))
    return rows


def peers_of_second(which: str, *arguments: Any) -> dict[str, Any]:
    product = which != "Hessian"
    entries: dict[str, Any] = {}
    if jax is not None:
        loss = losses.logistic_in_jax

        def of_jax(w: Any, v: Any, X: Any, y: Any) -> Any:
            if product:
                return jax.jvp(jax.grad(lambda w: loss(w, X, y)), (w,), (v,))[1]
            return jax.hessian(lambda w: loss(w, X, y))(w)

        entries |= jitted(of_jax, *arguments)
    if torch is not None:
        w, v, X, y = tensors(*arguments)
        library = torch.autograd.functional

        def loss_in_torch(w: Any) -> Any:
            return losses.logistic_in_torch(w, X, y)

        def of_torch() -> Any:
            if product:
                return library.vhp(loss_in_torch, w, v)[1]
            return library.hessian(loss_in_torch, w, vectorize=True)

        entries["PyTorch: autograd.functional"] = of_torch
    return entries


def measured(settings: Settings) -> tuple[list[Summary], str]:
    """The rows of the summary, and a table of every race."""
    rows: list[Summary] = []
    found: list[list[str]] = []
    for part in (linear, classes, networks, second):
        rows += part(settings, found)
    return rows, table(["gradient", "chainrule", *(f"{library} / chainrule" for library in LIBRARIES)], found)
