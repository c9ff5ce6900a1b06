"""Where calls and compilation cost more than arithmetic: a scalar formula, a small training, time to compile."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from kernels_rivals import OURS, Settings, autograd, casadi, figure, jax, jitted, numba, race, spelled, torch
from measure import ratio, table

import chainrule as cr

Summary = tuple[str, str, str]
FORMULA = "x^2 exp(x) + 1 / (1 + exp(-(3 x + 2)))"


def formula(np: Any) -> Callable[[Any], Any]:
    return lambda x: x**2 * np.exp(x) + 1 / (1 + np.exp(-(3 * x + 2)))


def slope_by_hand(x: float) -> float:
    e = math.exp(x)
    s = 1 / (1 + math.exp(-(3 * x + 2)))
    return x * (x + 2) * e + 3 * s * (1 - s)


def scalar(settings: Settings, found: list[list[str]]) -> list[Summary]:
    x = 0.7
    entries: dict[str, Any] = {
        "chainrule: cr.derivative": lambda d=cr.derivative(FORMULA): d(x),
        "chainrule: cr.compile": lambda d=cr.compile(cr.derivative(FORMULA)): d(x),
        "Python by hand": lambda: slope_by_hand(x),
    }
    for _ in range(2_000):  # formulas that are called often are compiled by themselves
        entries["chainrule: cr.derivative"]()
    if jax is not None:
        entries |= jitted(jax.grad(formula(jax.numpy)), x)
    if torch is not None:
        of_torch, leaf = formula(torch), torch.tensor(x, dtype=torch.float64, requires_grad=True)
        entries["PyTorch: backward"] = lambda: torch.autograd.grad(of_torch(leaf), leaf)[0]
    if autograd is not None:
        import autograd.numpy as anp

        entries["autograd"] = lambda d=autograd.grad(formula(anp)): d(x)
    if casadi is not None:
        symbol = casadi.SX.sym("x")
        derivative = casadi.Function("d", [symbol], [casadi.gradient(formula(casadi)(symbol), symbol)])
        entries["CasADi"] = lambda: float(derivative(x))
        buffer, trigger = derivative.buffer()
        given, answer = np.array([x]), np.empty(1)
        buffer.set_arg(0, memoryview(given))
        buffer.set_res(0, memoryview(answer))

        def in_place() -> Any:
            trigger()
            return answer[0]

        entries["CasADi in a buffer"] = in_place
    if numba is not None:
        compiled = numba.njit(slope_by_hand)
        entries["Numba"] = lambda: compiled(x)
    entries = {OURS: entries["chainrule: cr.compile"], **entries}
    done = race("derivative of a scalar formula", entries, settings)
    libraries = ("JAX", "CasADi", "PyTorch", "autograd", "Numba", "Python by hand")
    found.append(
        ["derivative of a scalar formula", spelled(done.seconds()), *(figure(done.over(one)) for one in libraries)]
    )
    got = [f"{figure(done.over(one))} x {one}" for one in ("JAX", "CasADi") if done.variants(one)]
    slower = ratio(done.times, done.best(OURS), "Python by hand")
    return [
        ("derivative of a scalar formula, one call", "15 x JAX, 15 x CasADi", ", ".join(got)),
        ("the same, over Python by hand", "at most 1.5", f"{slower:.2f}"),
    ]


STEPS, RATE = 200, 0.01


def training(settings: Settings, found: list[list[str]]) -> list[Summary]:
    """The textbook's line through 100 points: 200 full steps."""
    random = np.random.RandomState(42)
    x = 10 * random.rand(100)
    X, y = np.column_stack([np.ones(100), x]), 3 * x + 2 + 2 * random.randn(100)
    start = np.zeros(2)

    loss = cr.compile(lambda w, X, y: np.mean((y - X @ w) ** 2))

    def by_hand() -> Any:
        w = start.copy()
        history = []
        for _ in range(STEPS):
            r = X @ w - y
            history.append(np.mean(r * r))
            w = w - RATE * (2 / len(y)) * (X.T @ r)
        return w

    entries: dict[str, Any] = {
        OURS: lambda: cr.descend(loss, start, RATE, STEPS, data=(X, y), progress=False).parameters,
        "NumPy: by hand": by_hand,
    }
    if jax is not None:
        jnp = jax.numpy

        def scanned(w: Any, X: Any, y: Any) -> Any:
            def step(w: Any, _: Any) -> Any:
                value, slope = jax.value_and_grad(lambda w: jnp.mean((y - X @ w) ** 2))(w)
                return w - RATE * slope, value

            return jax.lax.scan(step, w, None, length=STEPS)

        compiled, placed = jax.jit(scanned), tuple(map(jnp.asarray, (start, X, y)))
        entries["JAX: jit of scan"] = lambda: jax.block_until_ready(compiled(*placed))[0]
    if torch is not None:
        TX, ty = torch.from_numpy(X), torch.from_numpy(y)

        def in_torch() -> Any:
            w = torch.zeros(2, dtype=torch.float64, requires_grad=True)
            optimizer = torch.optim.SGD([w], lr=RATE)
            history = []
            for _ in range(STEPS):
                optimizer.zero_grad()
                value = torch.mean((ty - TX @ w) ** 2)
                value.backward()
                optimizer.step()
                history.append(value.item())
            return w

        entries["PyTorch: SGD"] = in_torch
    done = race("training, 100 x 2, 200 steps", entries, settings, rtol=1e-7)
    libraries = ("JAX", "CasADi", "PyTorch", "autograd", "Numba", "NumPy")
    found.append(
        ["training, 100 x 2, 200 steps", spelled(done.seconds()), *(figure(done.over(one)) for one in libraries)]
    )
    goals = (("NumPy", 15), ("JAX", 2), ("PyTorch", 300))
    return [
        (
            "training, 100 x 2, 200 steps",
            ", ".join(f"{goal} x {library}" for library, goal in goals),
            ", ".join(f"{figure(done.over(library))} x {library}" for library, _ in goals if done.variants(library)),
        )
    ]


_COMPILING = """
import json, sys, time
import numpy as np
which, what = sys.argv[1:]
rng = np.random.default_rng(0)
if what == "scalar formula":
    x = 0.7
    make = lambda np: lambda x: x**2 * np.exp(x) + 1 / (1 + np.exp(-(3 * x + 2)))
    args = (x,)
else:
    p = {"W1": rng.normal(size=(20, 32)), "b1": np.zeros(32), "w2": rng.normal(size=32), "b2": np.zeros(())}
    args = (p, rng.normal(size=(1000, 20)), rng.normal(size=1000))
    make = lambda np: lambda p, X, y: np.mean((np.tanh(X @ p["W1"] + p["b1"]) @ p["w2"] + p["b2"] - y) ** 2)
def first(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
if which == "JAX":
    import jax
    import jax.numpy as jnp
    jax.block_until_ready(jax.jit(jax.grad(lambda x: jnp.sum(jnp.exp(x))))(jnp.ones(3)))
    placed = jax.tree.map(jnp.asarray, args)
    def call():
        return jax.block_until_ready(jax.jit(jax.grad(make(jnp)))(*placed))
else:
    import chainrule as cr
    cr.compile(cr.grad(lambda x: np.sum(np.exp(x))))(np.ones(3))
    def call():
        return cr.compile(cr.grad(make(np)))(*args)
print(json.dumps([first(call), first(call)]))
"""


def compiling(settings: Settings, found: list[list[str]]) -> list[Summary]:
    """From the function to its first gradient: tracing, differentiating, compiling, one call; in fresh processes."""
    rows = []
    for what, goal in (("scalar formula", 50), ("network 20-32-1", 200)):
        seconds: dict[str, list[float]] = {}
        for _ in range(1 if settings.quick else 5):
            for which, folder in (("chainrule", ""), ("JAX", "")):
                if which == "JAX" and jax is None:
                    continue
                environment = os.environ | {"CHAINRULE_CACHE_DIR": folder}
                command = [sys.executable, "-c", _COMPILING, which, what]
                done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
                seconds.setdefault(which, []).append(json.loads(done.stdout)[0])
        best = {which: min(each) for which, each in seconds.items()}
        print(
            f"  compiling, {what}: " + ", ".join(f"{which} {spelled(each)}" for which, each in best.items()), flush=True
        )
        goal_text = f"at most {goal} ms, less than JAX"
        rows.append((f"compile time, {what}", goal_text, ", ".join(f"{spelled(v)} {k}" for k, v in best.items())))
    return rows


def measured(settings: Settings) -> tuple[list[Summary], str]:
    """The rows of the summary, and a table of every race."""
    rows: list[Summary] = []
    found: list[list[str]] = []
    for part in (scalar, training, compiling):
        rows += part(settings, found)
    head = [
        "work",
        "chainrule",
        *(f"{one} / chainrule" for one in ("JAX", "CasADi", "PyTorch", "autograd", "Numba", "by hand")),
    ]
    return rows, table(head, found)
