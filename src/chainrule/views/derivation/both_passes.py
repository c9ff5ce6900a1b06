"""Both passes of a graph and the paths through it, as what a derivation shows of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Part, Step

__all__ = ["BothPasses", "Computed", "Gradient", "Local", "Path", "Paths"]


@dataclass(frozen=True, eq=False)
class Computed:
    """A step of the forward pass.

    Attributes:
        name: the author's name for it, or v1, v2, ...
        expression: how it is computed from inputs and steps before it.
        value: its value at the point given, or None.
    """

    name: Expression
    expression: Expression
    value: Any


@dataclass(frozen=True, eq=False)
class Local:
    """The derivative of a step by one of its sources, the others held constant.

    Attributes:
        part: how it is derived, of the step by itself.
        result: the same derivative in the names of the steps.
        value: its value at the point given, or None.
    """

    part: Part
    result: Expression
    value: Any


@dataclass(frozen=True, eq=False)
class Gradient:
    """The derivative of the output by a step or an input.

    Attributes:
        step: the chain rule: it is the sum, over the steps that use it, of their gradient times their local derivative.
        numbers: this sum in numbers, or None.
        value: its value, or None.
    """

    step: Step
    numbers: Expression | None
    value: Any


@dataclass(frozen=True, eq=False)
class Path:
    """A path from an input to the output.

    Attributes:
        nodes: the names along it.
        product: the product of the local derivatives along it, those next to the output first.
        numbers: this product in numbers, or None.
        value: its value, or None.
    """

    nodes: tuple[Expression, ...]
    product: Expression
    numbers: Expression | None
    value: Any


@dataclass(frozen=True, eq=False)
class Paths:
    """The paths from one input to the output.

    Attributes:
        part: the derivative by this input: the sum over the paths.
        count: how many there are.
        listed: each path; none where there are too many.
        numbers: the sum over the paths in numbers, or None.
    """

    part: Part
    count: int
    listed: tuple[Path, ...]
    numbers: Expression | None


@dataclass(frozen=True, eq=False)
class BothPasses:
    """The forward pass, the local derivatives, the backward pass, and the paths."""

    forward: tuple[Computed, ...]
    locals: tuple[Local, ...]
    backward: tuple[Gradient, ...]
    paths: tuple[Paths, ...]

    @property
    def steps(self) -> tuple[Step, ...]:
        """The rules that were applied, in the order of the sections."""
        return (
            *(step for local in self.locals for step in local.part.steps),
            *(gradient.step for gradient in self.backward),
            *(step for paths in self.paths for step in paths.part.steps),
        )
