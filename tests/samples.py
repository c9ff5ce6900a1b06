"""Operands to try a primitive on, drawn from its declared domain: what all tests over the registry share."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule.emit.engine  # enters how a loop runs
import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.derivative import Constant, Linear, Select
from chainrule.core.domain import Domain
from chainrule.core.library import SciPyFunction
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise

UNARY_SHAPES = [((3,),), ((),), ((2, 3),), ((1,),), ((0,),), ((2, 0, 3),)]
BINARY_SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((), (3,)),
    ((4,), ()),
    ((), ()),
    ((0,), (1,)),
    ((1, 3), (2, 1)),
]


@dataclass(frozen=True)
class Sample:
    """A primitive with operands and parameters; `active` are the operands that carry a derivative."""

    primitive: Primitive
    operands: tuple[Any, ...]
    parameters: dict[str, Any]
    active: tuple[int, ...]

    def __str__(self) -> str:
        shapes = "-".join("x".join(map(str, np.shape(x))) or "scalar" for x in self.operands)
        given = ",".join(f"{k}={v}" for k, v in self.parameters.items())
        return f"{self.primitive.name}[{shapes}]{given}".replace(" ", "")

    def call(self, *active: Any) -> Any:
        """Apply the primitive with other values for the active operands."""
        operands = list(self.operands)
        for i, value in zip(self.active, active, strict=True):
            operands[i] = value
        return self.primitive(*operands, **self.parameters)

    def values(self) -> list[Any]:
        return [self.operands[i] for i in self.active]


def draw(rng: np.random.Generator, domain: Domain, index: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers inside the domain, away from its ends and from each other."""
    if domain.sample is not None:
        return domain.sample(rng, shape).astype(dtype)
    interval = domain.interval(index)
    low = interval.low if np.isfinite(interval.low) else min(-2.5, interval.high - 3)
    high = interval.high if np.isfinite(interval.high) else max(2.5, interval.low + 3)
    margin = 0.07 * (high - low)
    count = int(np.prod(shape))
    # Stratified, so that no two components tie; shuffled, so that they are not sorted.
    points = (
        low + margin + (high - low - 2 * margin) * (np.arange(count) + rng.uniform(0.2, 0.8, count)) / max(count, 1)
    )
    return rng.permutation(points).reshape(shape).astype(dtype)[()]


def samples_of(primitive: Primitive, dtype: Any = np.float64) -> Iterator[Sample]:
    """Samples of one primitive: its examples, or broadcasting shapes for an elementwise one."""
    rng = np.random.default_rng(zlib.crc32(primitive.name.encode()))
    if primitive.shape is elementwise and not primitive.examples:
        shapes = UNARY_SHAPES if arity(primitive) == 1 else BINARY_SHAPES
        cases = [(case, {}) for case in shapes]
    else:
        cases = [(example.operands, dict(example.parameters)) for example in primitive.examples]
    for operands, parameters in cases:
        values = tuple(
            draw(rng, primitive.domain, i, x, dtype) if isinstance(x, tuple) else x for i, x in enumerate(operands)
        )
        yield Sample(primitive, values, parameters, active_operands(primitive, operands))


def arity(primitive: Primitive) -> int:
    if isinstance(primitive.evaluate, (np.ufunc, SciPyFunction)):
        return primitive.evaluate.nin
    return primitive.evaluate.__code__.co_argcount


def active_operands(primitive: Primitive, operands: tuple[Any, ...]) -> tuple[int, ...]:
    derivative = primitive.derivative
    if isinstance(derivative, Constant):
        return ()
    fixed = {0} if isinstance(derivative, Select) else set()
    if isinstance(derivative, Linear) and not derivative.variadic:
        fixed = {i for i, transpose in enumerate(derivative.transposes) if transpose is None}
    return tuple(
        i
        for i, x in enumerate(operands)
        if i not in fixed and (isinstance(x, tuple) or np.asarray(x).dtype.kind in "fc")
    )


def all_samples() -> list[Sample]:
    return [sample for primitive in primitives().values() for sample in samples_of(primitive)]
