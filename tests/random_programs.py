"""Random programs over the registry's primitives, and the derivative that differences give them, with its error."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from samples import arity

from chainrule.core.derivative import Elementwise
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise

__all__ = ["Program", "difference", "programs"]

SHAPES = ((3,), (2, 3), ())
LARGEST = 30.0  # a value beyond it is not kept: differences of what is built on it would have few digits

# Rarely met with numbers at which they are defined, or of complex numbers, or with parameters of their own.
_LEFT_OUT = {"cast", "unsaturated", "float_power", "logit", "arccosh"}
_REDUCTIONS = ("sum", "mean", "prod", "max", "min", "var", "std", "logsumexp", "norm")
_ALONG_AXIS = ("cumsum", "cumprod", "sort", "softmax", "log_softmax")

Line = tuple[Primitive, tuple[int, ...], dict[str, Any]]


@dataclass(frozen=True)
class Program:
    """A straight line of operations; each reads inputs and earlier results by their position.

    Attributes:
        lines: the primitive, the positions of its operands, and its parameters.
        open: the positions of what no line reads: their weighted sum is the value.
        point: the inputs.
    """

    seed: int
    lines: tuple[Line, ...]
    open: tuple[int, ...]
    point: tuple[Any, ...]

    def __call__(self, a: Any, b: Any, c: Any) -> Any:
        values = [a, b, c]
        for primitive, operands, parameters in self.lines:
            values.append(_apply(primitive, [values[i] for i in operands], parameters))
        return sum(np.sum(np.sin(values[i]) * (1.0 + k)) for k, i in enumerate(self.open))

    def __str__(self) -> str:
        """The program, to read in the message of a failed test."""
        rows = [
            f"v{i} = {primitive.name}({', '.join(f'v{j}' for j in operands)}) {parameters or ''}"
            for i, (primitive, operands, parameters) in enumerate(self.lines, 3)
        ]
        return "\n".join([f"seed {self.seed}", *rows, f"open: {self.open}"])


def _apply(primitive: Primitive, operands: list[Any], parameters: dict[str, Any]) -> Any:
    # A ufunc is called as NumPy's, so that what answers NumPy is tried too.
    call = primitive.evaluate if isinstance(primitive.evaluate, np.ufunc) else primitive
    return call(*operands, **parameters)


def difference(program: Program, direction: tuple[Any, ...]) -> tuple[float, float]:
    """The derivative along a direction, by Richardson's extrapolation, and an estimate of its error.

    Two tables from different steps: where a kink, a pole or rounding spoils one of them, they disagree.
    """
    found = []
    for h in (2e-3, 7e-4):
        row = [
            (_moved(program, direction, h / 2**k) - _moved(program, direction, -h / 2**k)) / (2 * h / 2**k)
            for k in range(4)
        ]
        for level in range(1, 4):
            row = [(4**level * fine - coarse) / (4**level - 1) for coarse, fine in itertools.pairwise(row)]
        found.append(row[0])
    return float(found[0]), float(abs(found[0] - found[1]))


def _moved(program: Program, direction: tuple[Any, ...], t: float) -> Any:
    with np.errstate(all="ignore"):
        return program(*(x + t * v for x, v in zip(program.point, direction, strict=True)))


def programs(count: int, start: int = 0) -> Iterator[Program]:
    """As many programs of 5 to 25 operations, a seed each."""
    for seed in range(start, start + count):
        yield _program(seed)


def _program(seed: int) -> Program:
    rng = np.random.default_rng([seed, 20])
    values: list[Any] = [rng.uniform(-2, 2.5, shape)[()] for shape in SHAPES]
    point = tuple(values)
    lines: list[Line] = []
    table = primitives()
    unary = [p for p in table.values() if _is_real_elementwise(p) and arity(p) == 1]
    binary = [p for p in table.values() if _is_real_elementwise(p) and arity(p) == 2]
    makers: tuple[Callable[..., Any], ...] = (
        lambda: (unary[rng.integers(len(unary))], _pick(rng, values, 1), {}),
        lambda: (binary[rng.integers(len(binary))], _pick(rng, values, 2), {}),
        lambda: (table[str(rng.choice(["add", "subtract", "multiply", "divide"]))], _pick(rng, values, 2), {}),
        lambda: _reduction(rng, values),
        lambda: _along_axis(rng, values),
        lambda: _shape(rng, values),
        lambda: (table["matmul"], _pick(rng, values, 2), {}),
        lambda: _choice(rng, values),
    )
    length = int(rng.integers(5, 26))
    used: set[int] = set()
    while len(lines) < length:
        drawn = makers[rng.integers(len(makers))]()
        if drawn is None:
            continue
        primitive, operands, parameters = drawn
        try:
            with np.errstate(all="ignore"):
                value = primitive.evaluate(*(values[i] for i in operands), **parameters)
        except (ValueError, IndexError, np.exceptions.AxisError):
            continue  # the shapes do not fit: another line is drawn
        if np.size(value) > 60 or not np.all(np.abs(value) < LARGEST):
            continue
        at = [np.asarray(values[i]) for i in operands]
        if not _is_regular(primitive, value, at, parameters):
            continue
        lines.append((primitive, operands, parameters))
        used.update(operands)
        values.append(value)
    last = tuple(i for i in range(3, len(values)) if i not in used and np.asarray(values[i]).dtype.kind == "f")
    return Program(seed, tuple(lines), last or (len(values) - 1,), point)


def _is_regular(primitive: Primitive, value: Any, operands: list[Any], parameters: dict[str, Any]) -> bool:
    """Inside the declared domain and at no kink: these have tests of their own; here differences must know."""
    intervals = [primitive.domain.interval(i) for i in range(len(operands))]
    return all(np.all((i.low < x) & (x < i.high)) for x, i in zip(operands, intervals, strict=True)) and not any(
        np.any(kink.where(value, *operands, **parameters)) for kink in primitive.domain.kinks
    )


def _is_real_elementwise(primitive: Primitive) -> bool:
    return (
        primitive.shape is elementwise
        and isinstance(primitive.derivative, Elementwise)
        and not primitive.examples
        and primitive.name not in _LEFT_OUT
    )


def _pick(rng: np.random.Generator, values: list[Any], count: int) -> tuple[int, ...]:
    """Positions of values, the latest more often, so that programs are deep."""
    real = [i for i, value in enumerate(values) if np.asarray(value).dtype.kind == "f"]
    weight = np.arange(1.0, len(real) + 1) ** 2
    return tuple(int(i) for i in rng.choice(real, size=count, replace=False, p=weight / weight.sum()))


def _reduction(rng: np.random.Generator, values: list[Any]) -> Line:
    operands = _pick(rng, values, 1)
    rank = np.ndim(values[operands[0]])
    axis = tuple(int(a) for a in range(rank) if rng.uniform() < 0.6)
    parameters: dict[str, Any] = {"axis": axis, "keepdims": bool(rng.uniform() < 0.3)}
    name = str(rng.choice(_REDUCTIONS))
    if name in ("var", "std"):
        parameters["ddof"] = 0
    if name == "norm":
        parameters["ord"] = 2
    return primitives()[name], operands, parameters


def _along_axis(rng: np.random.Generator, values: list[Any]) -> Line | None:
    operands = _pick(rng, values, 1)
    if not np.ndim(values[operands[0]]):
        return None
    axis = int(rng.integers(np.ndim(values[operands[0]])))
    name = str(rng.choice(_ALONG_AXIS))
    return primitives()[name], operands, {"axis": (axis,) if "softmax" in name else axis}


def _shape(rng: np.random.Generator, values: list[Any]) -> Line:
    table = primitives()
    operands = _pick(rng, values, 1)
    shape = np.shape(values[operands[0]])
    rank = len(shape)
    kind = rng.integers(7)
    if kind == 0:
        return table["reshape"], operands, {"shape": (int(np.prod(shape)),)}
    if kind == 1:
        return table["transpose"], operands, {"axes": tuple(int(a) for a in rng.permutation(rank))}
    if kind == 2:
        return table["broadcast_to"], operands, {"shape": (2, *shape)}
    if kind == 3:
        return table["expand_dims"], operands, {"axis": (int(rng.integers(rank + 1)),)}
    if kind == 4:
        pattern = (slice(None, None, -1),) if rng.uniform() < 0.5 else (0,)
        return table["getitem"], operands, {"pattern": pattern}
    axis = int(rng.integers(max(rank, 1)))
    pair = (*operands, *_pick(rng, values, 1))
    return table["stack" if kind == 5 else "concatenate"], pair, {"axis": axis}


def _choice(rng: np.random.Generator, values: list[Any]) -> Line:
    """`where` on an earlier comparison, or a comparison."""
    masks = [i for i, value in enumerate(values) if np.asarray(value).dtype.kind == "b"]
    if not masks or rng.uniform() < 0.3:
        return primitives()["greater"], _pick(rng, values, 2), {}
    return primitives()["where"], (int(rng.choice(masks)), *_pick(rng, values, 2)), {}
