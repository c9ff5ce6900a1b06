"""Gradients of elementwise functions, from few numbers to many: the work is arithmetic first, then memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from kernels_rivals import (
    Race,
    Settings,
    autograd,
    backward,
    compiled_by_torch,
    figure,
    jax,
    jitted,
    mean_over,
    numba,
    numexpr,
    race,
    spelled,
    torch,
)
from measure import table

import chainrule as cr

SIZES = (300, 30_000, 1_000_000, 10_000_000)
QUICK_SIZES = (300, 30_000, 3_000_000)
SMALL = 30_000  # more is not asked of those who keep every value on a tape
TARGETS = {"JAX": 2.0, "NumPy": 5.0, "PyTorch": 8.0}


@dataclass(frozen=True)
class Function:
    """An elementwise function in any namespace, and its derivative as a careful person writes it.

    Attributes:
        label: what it is.
        f: of an array namespace: the function of x.
        by_hand: of a namespace whose operations take `out`, the argument, and two arrays of memory: the derivative.
        expression: the derivative for numexpr.
        scalar: the derivative of one number, of the module `math`, for Numba.
    """

    label: str
    f: Callable[[Any], Callable[[Any], Any]]
    by_hand: Callable[[Any, Any, Any, Any, Any], Any]
    expression: str
    scalar: Callable[[Any], Callable[[float], float]]


def sigmoid_by_hand(np: Any, x: Any, out: Any, a: Any, b: Any) -> Any:
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=out)
    np.reciprocal(out, out=out)
    np.negative(out, out=a)
    np.add(a, 1.0, out=a)
    return np.multiply(out, a, out=out)


def sigmoid_scalar(math: Any) -> Callable[[float], float]:
    def derivative(x: float) -> float:
        s = 1 / (1 + math.exp(-x))
        return s * (1 - s)

    return derivative


def bell_by_hand(np: Any, x: Any, out: Any, a: Any, b: Any) -> Any:
    np.exp(x, out=out)
    np.add(x, 2.0, out=a)
    np.multiply(a, x, out=a)
    return np.multiply(out, a, out=out)


def softplus_by_hand(np: Any, x: Any, out: Any, a: Any, b: Any) -> Any:
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1.0, out=out)
    return np.reciprocal(out, out=out)


C0, C1 = 0.7978845608028654, 0.044715


def gelu_by_hand(np: Any, x: Any, out: Any, a: Any, b: Any) -> Any:
    np.multiply(x, x, out=a)
    np.multiply(a, C0 * C1, out=out)
    np.add(out, C0, out=out)
    np.multiply(out, x, out=out)
    np.tanh(out, out=out)  # the tanh of the function
    np.multiply(a, 3 * C0 * C1, out=a)
    np.add(a, C0, out=a)
    np.multiply(a, x, out=a)
    np.multiply(out, out, out=b)
    np.negative(b, out=b)
    np.add(b, 1.0, out=b)
    np.multiply(a, b, out=a)
    np.add(a, out, out=out)
    np.add(out, 1.0, out=out)
    return np.multiply(out, 0.5, out=out)


def gelu_scalar(math: Any) -> Callable[[float], float]:
    def derivative(x: float) -> float:
        t = math.tanh((C0 + C0 * C1 * x * x) * x)
        return 0.5 * (1 + t + x * (C0 + 3 * C0 * C1 * x * x) * (1 - t * t))

    return derivative


def chain_by_hand(np: Any, x: Any, out: Any, a: Any, b: Any) -> Any:
    np.multiply(x, x, out=a)
    np.negative(a, out=b)
    np.exp(b, out=b)
    np.sin(x, out=out)
    np.multiply(out, x, out=out)
    np.multiply(out, -2.0, out=out)
    np.add(a, 1.0, out=a)
    c = np.cos(x)
    np.add(out, c, out=out)
    np.multiply(out, b, out=out)
    np.divide(x, a, out=a)
    np.add(out, a, out=out)
    np.tanh(x, out=a)
    np.multiply(a, a, out=b)
    np.negative(b, out=b)
    np.add(b, 1.0, out=b)
    np.multiply(a, b, out=a)
    np.multiply(a, 2.0, out=a)
    return np.add(out, a, out=out)


def chain_scalar(math: Any) -> Callable[[float], float]:
    def derivative(x: float) -> float:
        e = math.exp(-x * x)
        t = math.tanh(x)
        return (math.cos(x) - 2 * x * math.sin(x)) * e + 2 * t * (1 - t * t) + x / (1 + x * x)

    return derivative


FUNCTIONS = (
    Function("sigmoid", lambda np: lambda x: 1 / (1 + np.exp(-x)), sigmoid_by_hand,
             "exp(-x) / (1 + exp(-x)) ** 2", sigmoid_scalar),
    Function("x^2 e^x", lambda np: lambda x: x**2 * np.exp(x), bell_by_hand,
             "x * (x + 2) * exp(x)", lambda math: lambda x: x * (x + 2) * math.exp(x)),
    Function("softplus", lambda np: lambda x: np.log1p(np.exp(x)), softplus_by_hand,
             "1 / (1 + exp(-x))", lambda math: lambda x: 1 / (1 + math.exp(-x))),
    Function("GELU", lambda np: lambda x: 0.5 * x * (1 + np.tanh(C0 * (x + C1 * x**3))), gelu_by_hand,
             "0.5 * (1 + t + x * (c + 3 * d * x * x) * (1 - t * t))", gelu_scalar),
    Function("chain of 12 operations",
             lambda np: lambda x: np.sin(x) * np.exp(-(x * x)) + np.tanh(x) ** 2 + np.log(np.sqrt(1 + x * x)),
             chain_by_hand,
             "(cos(x) - 2 * x * sin(x)) * exp(-x * x) + 2 * tanh(x) * (1 - tanh(x) ** 2) + x / (1 + x * x)",
             chain_scalar),
)  # fmt: skip


def with_numexpr(function: Function, x: Any) -> dict[str, Any]:
    if numexpr is None:
        return {}
    text, out = function.expression, np.empty_like(x)
    if " t " in text:
        text = (
            text.replace("t", f"tanh(({C0} + {C0 * C1} * x * x) * x)")
            .replace("c ", f"{C0} ")
            .replace(" d ", f" {C0 * C1} ")
        )
    return {"numexpr": lambda: numexpr.evaluate(text, {"x": x}, out=out)}


@cache
def numba_loops(function: Function) -> tuple[Any, Any]:
    """On one thread and on all: the second takes longer to start."""
    derivative = numba.njit(function.scalar(math))

    def serial(x: Any, out: Any) -> None:
        for i in range(x.size):
            out[i] = derivative(x[i])

    def parallel(x: Any, out: Any) -> None:
        for i in numba.prange(x.size):
            out[i] = derivative(x[i])

    return numba.njit(serial), numba.njit(parallel, parallel=True)


def with_numba(function: Function, x: Any) -> dict[str, Any]:
    if numba is None:
        return {}
    compiled = numba_loops(function)[x.size >= 10_000]
    out = np.empty_like(x)

    def call() -> Any:
        compiled(x, out)
        return out

    return {"Numba": call}


def rivals(function: Function, x: Any, settings: Settings) -> dict[str, Any]:
    """All that give the derivative at each number of x."""
    plain = function.f(np)
    memory = [np.empty_like(x) for _ in range(3)]
    found = {
        "chainrule": lambda g=cr.compile(cr.grad(lambda x: np.sum(plain(x)))): g(x),
        "NumPy: by hand, out=": lambda: function.by_hand(np, x, *memory),
    }
    if jax is not None:
        of_jax = function.f(jax.numpy)
        found |= jitted(jax.grad(lambda x: jax.numpy.sum(of_jax(x))), x)
    if torch is not None:
        of_torch = function.f(torch)
        given, *room = (torch.from_numpy(array) for array in (x, *(np.empty_like(x) for _ in range(3))))
        found["PyTorch: by hand, out="] = lambda: function.by_hand(torch, given, *room)
        if x.size <= SMALL:
            found |= backward(lambda x: torch.sum(of_torch(x)), x.copy())
        found |= compiled_by_torch(torch.func.grad(lambda x: torch.sum(of_torch(x))), settings, x, dynamic=True)
    if autograd is not None and x.size <= SMALL:
        import autograd.numpy as anp

        of_autograd = function.f(anp)
        found["autograd"] = lambda g=autograd.grad(lambda x: anp.sum(of_autograd(x))): g(x)
    return found | with_numexpr(function, x) | with_numba(function, x)


def measured(settings: Settings) -> tuple[list[tuple[str, str, str]], str]:
    """The rows of the summary, and a table of its own."""
    rng = np.random.default_rng(0)
    races: list[Race] = []
    rows = []
    head: list[str] = []
    libraries = ("NumPy", "JAX", "PyTorch", "torch.compile", "numexpr", "Numba", "autograd")
    for function in FUNCTIONS:
        for size in QUICK_SIZES if settings.quick else SIZES:
            x = np.clip(rng.normal(size=size), -4, 4)
            done = race(f"{function.label}, {size:,}", rivals(function, x, settings), settings, rtol=1e-8)
            races.append(done)
            rows.append(
                [function.label, f"{size:,}", spelled(done.seconds()), *(figure(done.over(one)) for one in libraries)]
            )
    means = {library: mean_over(races, library) for library in libraries}
    head = ["function", "numbers", "chainrule", *(f"{library} / chainrule" for library in libraries)]
    rows.append(["geometric mean", "", "", *(figure(means[library]) for library in libraries)])
    goal = ", ".join(f"{TARGETS[library]:g} x {library}" for library in TARGETS)
    got = ", ".join(f"{figure(means[library])} x {library}" for library in TARGETS)
    return [("elementwise gradients, geometric mean", goal, got)], table(head, rows)
