"""Random programs of NumPy's functions, drawn from the table of calls: straight lines for any library of its names.

Each line binds the letters of a call to earlier values of their shapes. What it gives is brought to the shape and the
range of some letter, so that the next line may use it: every function is met inside of others.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy_calls import NOT_OF_ARRAYS, OPERANDS, Call, calls_of, check_first_order, public_functions, refusal

__all__ = ["Program", "calls_with", "differentiated_calls", "programs"]

POINT = ("x", "v", "A", "S")
# On either side of its place the order is NumPy's own.
_UNORDERED = "numpy.partition"
SHAPES = {letter: np.shape(value) for letter, value in OPERANDS.items()}
# How a value of the right shape is brought into the range in which the calls use a letter.
RANGES = {
    **dict.fromkeys("xyt", "0.5 + 0.35 * np.sin({})"),
    **dict.fromkeys("vwABC", "1.4 * np.sin({})"),
    "S": "2.5 * np.eye(3) + 0.8 * np.sin({})",
}


@dataclass(frozen=True)
class Program:
    """A straight line of calls.

    Attributes:
        seed: it was drawn with.
        lines: of Python, each an assignment.
        total: what its value is the sum of.
        point: the inputs.
    """

    seed: int
    lines: tuple[str, ...]
    total: tuple[str, ...]
    point: tuple[Any, ...]

    def on(self, module: Any) -> Callable[..., Any]:
        """The program as a function of its inputs, by a library with NumPy's names."""
        total = " + ".join(f"np.sum(np.cos({name}))" for name in self.total)
        code = compile("\n".join([*self.lines, f"result = {total}"]), f"program {self.seed}", "exec")

        def run(*inputs: Any) -> Any:
            names = {"np": module, **{f"{letter}0": value for letter, value in zip(POINT, inputs, strict=True)}}
            exec(code, names)
            return names["result"]

        return run

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}", *self.lines, f"sum of {', '.join(self.total)}"])


def differentiated_calls() -> list[Call]:
    """Every call of NumPy's in the table that changes with its operands, and has no write in it."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, function in public_functions():
            if name.split(".")[-1] in NOT_OF_ARRAYS or not name.startswith("numpy"):
                continue
            for call in calls_of(name, function):
                if ":=" not in call.text and not refusal(call) and check_first_order(call) and name != _UNORDERED:
                    found.append(call)
    return found


def calls_with(calls: Sequence[Call], gradient: Callable[..., Any], module: Any) -> tuple[list[Call], list[Call]]:
    """Those of the calls that another library differentiates as well, and those at which differences belie it.

    What comes in another shape there is another function: JAX keeps the zeros in front of a remainder.
    """
    right, wrong = [], []
    rng = np.random.default_rng(8)
    for call in calls:
        point = call.point()
        along = [rng.normal(size=np.shape(x)) for x in point]
        try:
            f = lambda *x, call=call: _total(module, call(*x, module=module))
            shapes = [[np.shape(part) for part in call(*point, module=library)] for library in (np, module)]
            if shapes[0] != shapes[1]:
                continue
            found = gradient(f, tuple(range(len(point))))(*point)
        except Exception:
            continue  # it lacks the function, the option, or its derivative
        up, down = (_total(np, call(*(x + h * v for x, v in zip(point, along, strict=True)))) for h in (1e-5, -1e-5))
        fits = all(np.shape(g) == np.shape(x) for g, x in zip(found, point, strict=True))
        change = sum(float(np.sum(g * v)) for g, v in zip(found, along, strict=True)) if fits else np.nan
        (right if np.isclose(change, (up - down) / 2e-5, rtol=1e-5, atol=1e-6) else wrong).append(call)
    return right, wrong


def _total(module: Any, parts: Sequence[Any]) -> Any:
    return sum(module.sum(module.cos(module.real(part))) for part in parts)


def programs(calls: Sequence[Call], count: int, start: int = 0) -> Iterator[Program]:
    """As many programs of 3 to 9 calls, a seed each."""
    for seed in range(start, start + count):
        yield _program(calls, seed)


def _program(calls: Sequence[Call], seed: int) -> Program:
    rng = np.random.default_rng([seed, 41])
    values: dict[str, Any] = {f"{letter}0": _near(rng, letter) for letter in POINT}
    point = tuple(values.values())
    lines: list[str] = []
    used: set[str] = set()
    length = int(rng.integers(3, 10))
    while len(lines) < 2 * length:
        call = calls[rng.integers(len(calls))]
        bound = {letter: _pick(rng, values, letter) for letter in call.letters}
        if None in bound.values():
            continue
        text = re.sub(r"\b(" + "|".join(call.letters) + r")\b", lambda found, b=bound: b[found[0]], call.text)
        i = len(lines) // 2
        taken = _taken(rng, text, values)
        if taken is None:
            continue
        letter, brought = taken
        lines += [f"r{i} = {text}", f"{letter}{i + 1} = {brought.format(f'r{i}')}"]
        names = {"np": np, **values}
        with np.errstate(all="ignore"):
            exec("\n".join(lines[-2:]), names)
        values[f"{letter}{i + 1}"] = names[f"{letter}{i + 1}"]
        used.update(bound.values())
    last = tuple(name for name in values if name not in used and not name.endswith("0"))
    return Program(seed, tuple(lines), last, point)


def _near(rng: np.random.Generator, letter: str) -> Any:
    value = OPERANDS[letter]
    return value + rng.uniform(-0.05, 0.05, np.shape(value))


def _pick(rng: np.random.Generator, values: dict[str, Any], letter: str) -> str | None:
    """An earlier value that can stand for a letter, later ones more often; of x and y, v and w either one."""
    kinds = next((pair for pair in ("xy", "vw") if letter in pair), letter)
    known = [name for name in values if name[0] in kinds]
    weight = np.arange(1.0, len(known) + 1) ** 2
    return str(rng.choice(known, p=weight / weight.sum())) if known else None


def _taken(rng: np.random.Generator, text: str, values: dict[str, Any]) -> tuple[str, str] | None:
    """A letter that the result of a call can become, and the expression that makes it of the result."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = eval(text, {"np": np, **values})
    part = "{}"
    if isinstance(result, (tuple, list)):
        k = int(rng.integers(len(result)))
        result, part = result[k], f"{{}}[{k}]"
    size, dtype = np.size(result), np.asarray(result).dtype
    if dtype.kind not in "fc" or not size or not np.all(np.abs(result) < 20):
        return None
    # The real part also of what is real in NumPy: others give complex eigenvalues whatever they are.
    part = f"np.real((1 - 0.5j) * {part})" if dtype.kind == "c" else f"np.real({part})"
    letter = str(rng.choice([letter for letter in RANGES if np.prod(SHAPES[letter], dtype=int) <= size]))
    shape, count = SHAPES[letter], int(np.prod(SHAPES[letter], dtype=int))
    if not shape:
        part = f"np.mean({part})"
    elif np.shape(result) != shape:
        part = f"np.reshape(np.reshape({part}, (-1,))[:{count}], {shape})"
    return letter, RANGES[letter].format(part)
