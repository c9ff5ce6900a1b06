"""The rivals of the compiled functions: what is installed, how a race is run, and how its result is written.

All rivals of a race run in turn within one process, and give what chainrule gives, to rounding, before they are timed.
A name is "library: variant"; of several variants of a library its best counts.
"""

from __future__ import annotations

import importlib
import os
import statistics
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("NUMEXPR_MAX_THREADS", "2")

import numpy as np
from measure import geometric_mean, ratio, rounds

OURS = "chainrule"
Rivals = Mapping[str, Callable[[], Any]]


def optional(name: str) -> Any:
    """A module, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


jax = optional("jax")
torch = optional("torch")
numba = optional("numba")
numexpr = optional("numexpr")
casadi = optional("casadi")
autograd = optional("autograd")


@dataclass(frozen=True)
class Settings:
    """How long a race takes, and which rivals take too long to prepare for a quick one."""

    quick: bool = False

    @property
    def seconds(self) -> float:
        return 0.1 if self.quick else 0.25

    @property
    def count(self) -> int:
        return 3 if self.quick else 5


@dataclass(frozen=True)
class Race:
    """What came out: seconds per call of each rival in each round, and who did not start."""

    times: Mapping[str, list[float]]
    absent: tuple[str, ...] = ()

    def variants(self, library: str) -> list[str]:
        return [name for name in self.times if name.split(":")[0] == library]

    def best(self, library: str) -> str:
        """The fastest variant of a library."""
        return min(self.variants(library), key=lambda name: statistics.median(self.times[name]))

    def over(self, library: str, under: str = OURS) -> float:
        """How many times longer the best variant of a library takes than ours, as the median over the rounds."""
        return ratio(self.times, self.best(library), under) if self.variants(library) else float("nan")

    def seconds(self, library: str = OURS) -> float:
        return statistics.median(self.times[self.best(library)])

    def libraries(self) -> list[str]:
        return list(dict.fromkeys(name.split(":")[0] for name in self.times))

    def described(self) -> str:
        """Every rival's time on one line."""
        ordered = sorted(self.times, key=lambda name: statistics.median(self.times[name]))
        return ", ".join(f"{name} {spelled(statistics.median(self.times[name]))}" for name in ordered)


def spelled(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1 or unit == "us":
            return f"{seconds * scale:.3g} {unit}"
    raise AssertionError


def race(label: str, rivals: Rivals, settings: Settings, rtol: float = 1e-9, atol: float = 1e-12) -> Race:
    """Compare every rival's result with ours, then time all in turn."""
    want = [np.array(part) for part in parts(rivals[OURS]())]
    starting = {}
    absent = []
    for name, call in rivals.items():
        try:
            got = [np.asarray(part) for part in parts(call())]
        except Exception as error:  # a rival that cannot be compiled here must not end the run
            absent.append(name)
            print(f"  {label}: {name} does not start: {type(error).__name__}: {str(error)[:200]}", flush=True)
            continue
        assert len(got) == len(want), f"{label}: {name} gives {len(got)} arrays, expected {len(want)}"
        for mine, theirs in zip(want, got, strict=True):
            size = np.max(np.abs(mine), initial=0.0)
            np.testing.assert_allclose(
                theirs, mine.reshape(theirs.shape), rtol=rtol, atol=max(atol, rtol * size), err_msg=f"{label}: {name}"
            )
        starting[name] = call
    # OpenBLAS's and OpenMP's threads turn for a while after their work is done: the next rival waits until they sleep.
    done = Race(rounds(starting, settings.seconds * len(starting), settings.count, settle=0.02), tuple(absent))
    print(f"  {label}: {done.described()}", flush=True)
    return done


def parts(result: Any) -> list[Any]:
    """The arrays of a result, whatever holds them, in the order of their names."""
    if isinstance(result, Mapping):
        return [part for key in sorted(result) for part in parts(result[key])]
    if isinstance(result, tuple | list):
        return [part for each in result for part in parts(each)]
    return [result.detach().numpy() if hasattr(result, "detach") else result]


def mean_over(races: list[Race], library: str) -> float:
    """The geometric mean of a library's ratios over races that it took part in."""
    known = [race.over(library) for race in races if race.variants(library)]
    return geometric_mean(known) if known else float("nan")


def figure(value: float) -> str:
    return "" if value != value else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def jitted(function: Callable[..., Any], *arguments: Any) -> dict[str, Callable[[], Any]]:
    """A function of JAX's, compiled: as it is, and with the memory of the last result given away for the next one."""
    if jax is None:
        return {}
    placed = jax.tree.map(jax.numpy.asarray, arguments)
    plain = jax.jit(function)

    def reuse(old: Any, *arguments: Any) -> Any:
        return function(*arguments)

    donated = jax.jit(reuse, donate_argnums=0, keep_unused=True)
    last = [jax.tree.map(jax.numpy.copy, plain(*placed))]

    def again() -> Any:
        last[0] = jax.block_until_ready(donated(last[0], *placed))
        return last[0]

    return {"JAX: jit": lambda: jax.block_until_ready(plain(*placed)), "JAX: jit, donated": again}


def tensors(*arguments: Any) -> tuple[Any, ...]:
    """Arrays as PyTorch's, which share their memory."""
    return tuple(
        {key: torch.as_tensor(value) for key, value in each.items()}
        if isinstance(each, dict)
        else torch.as_tensor(each)
        for each in arguments
    )


def compiled_by_torch(
    function: Callable[..., Any], settings: Settings, *arguments: Any, dynamic: bool = False
) -> dict[str, Any]:
    """torch.compile of a function of tensors; left out of a quick run, since it takes half a minute each.

    `dynamic` compiles once for all sizes: for loops over one axis that costs nothing.
    """
    if torch is None or settings.quick:
        return {}
    torch._dynamo.reset()
    compiled = torch.compile(function, dynamic=dynamic)
    given = tensors(*arguments)

    def call() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compiled(*given)

    return {"torch.compile": call}


def backward(function: Callable[..., Any], *arguments: Any) -> dict[str, Callable[[], Any]]:
    """PyTorch's own way: eager operations with a tape; the gradient by the first argument."""
    if torch is None:
        return {}
    first, *rest = tensors(*arguments)
    leaves = list(first.values()) if isinstance(first, dict) else [first]
    for leaf in leaves:
        leaf.requires_grad_()

    def call() -> Any:
        found = torch.autograd.grad(function(first, *rest), leaves)
        return dict(zip(first, found, strict=True)) if isinstance(first, dict) else found[0]

    return {"PyTorch: backward": call}
