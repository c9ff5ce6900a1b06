"""The kinds of derivative facts: what is declared once, and serves forward mode, reverse mode and the lesson.

`push` carries tangents from the operands to the result; `pull` carries the cotangent of the result back to the
operands. Both compute with `F`, so the same fact runs on values and builds graphs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from chainrule.core.cotangent import Mask, Masked, as_number, both
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.saturation import overflowed, unsaturated
from chainrule.core.shapes import Array
from chainrule.errors import DerivativeMissingError

__all__ = [
    "Constant",
    "Custom",
    "Derivative",
    "Elementwise",
    "Linear",
    "Multilinear",
    "Reduction",
    "Select",
]

Partial = Callable[..., Array] | Literal[1, -1]


def _match(F: Any, cotangent: Array, mask: Mask | None, primal: Array) -> Array | Masked | None:
    """Bring a cotangent to the shape and dtype of its primal: the one place of unbroadcasting and casting.

    A primal of integers or booleans (a size, a mask) has no derivative and gets None.
    """
    other = cotangent.dtype is not primal.dtype and cotangent.dtype != primal.dtype
    if other and np.dtype(primal.dtype).kind not in "fc":
        return None
    if cotangent.shape != primal.shape:
        if mask is not None:  # a sum is zero by construction where all its terms are
            ones = F.ones_like(cotangent)
            mask = mask.moved(lambda part: F.greater(F.sum_like(F.where(part, ones, 0.0), primal), 0.0))
        cotangent = F.sum_like(cotangent, primal)
    if other:
        cotangent = F.cast_like(cotangent, primal)
    return cotangent if mask is None else Masked(cotangent, mask)


def _match_tangent(F: Any, tangent: Array, out: Array) -> Array:
    if tangent.shape != out.shape:
        tangent = F.broadcast_like(tangent, out)
    return tangent if tangent.dtype == out.dtype else F.cast_like(tangent, out)


class Derivative(ABC):
    """A fact of calculus about one primitive."""

    @abstractmethod
    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        """The tangent of the result, given those of the operands (None is zero)."""

    @abstractmethod
    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        """The contributions to the operands' cotangents; None where an operand has none or needs none."""


def _no_function(*_: Any, **__: Any) -> Array:
    raise AssertionError("a constant partial is not called")


def _operation(F: Any, record: Record) -> Callable[..., Array]:
    """The record's own primitive in the namespace F."""
    return getattr(F, _name(record))


def _name(record: Record) -> str:
    return record.primitive.name if record.primitive is not None else "input"


class Elementwise(Derivative):
    """Each component of the result depends on the same component of each operand.

    A partial is a function of `(F, out, *operands, **parameters)`, or 1 or -1 where it is constant. For complex
    operands the operation is holomorphic.

    `saturates` names the operands in which the result may stay finite at infinity (x / y in y). There the limit of the
    derivative is 0, and it is a zero by construction. `overflows` says that the operation may be what made infinity
    of a finite number (an exponential): its partial is infinite then, 0 * inf would be NaN, and the zero is kept.
    """

    def __init__(self, *partials: Partial, saturates: Sequence[int] = (), overflows: bool = False) -> None:
        self.partials = partials
        self.saturates = tuple(saturates)
        self.overflows = overflows
        self._signs = tuple(0 if callable(partial) else partial for partial in partials)
        self._functions: tuple[Callable[..., Array], ...] = tuple(p if callable(p) else _no_function for p in partials)

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        total = None
        for i, tangent in enumerate(tangents):
            if tangent is None:
                continue
            sign = self._signs[i]
            if sign == 0:
                term = tangent * self._functions[i](F, record.value, *record.values, **record.parameters)
                if i in self.saturates and (reached := unsaturated(F, record.values[i], record.value)) is not None:
                    term = F.where(reached, term, 0.0) if overflowed(record.operands[i]) else term
            else:
                term = tangent if sign == 1 else -tangent
            total = term if total is None else total + term
        return None if total is None else _match_tangent(F, total, record.value)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        values, parameters = record.values, record.parameters
        signs, functions, saturates = self._signs, self._functions, self.saturates
        if len(values) == 1 and mask is None and not parameters and not signs[0] and not saturates:
            (primal,) = values  # what follows, for the case that is most frequent
            term = cotangent * functions[0](F, record.value, primal)
            if term.shape != primal.shape or term.dtype is not primal.dtype:
                term = _match(F, term, None, primal)
            return (term,)
        contributions: list[Array | Masked | None] = []
        for i, operand in enumerate(record.operands):
            primal = values[i]
            if operand is None or type(primal) is int:  # a size is a Python int, also where it is recorded
                contributions.append(None)
                continue
            passed = mask
            if signs[i]:
                term = cotangent if signs[i] == 1 else -cotangent
            else:
                if parameters:
                    term = cotangent * functions[i](F, record.value, *values, **parameters)
                else:
                    term = cotangent * functions[i](F, record.value, *values)
                if mask is not None:
                    term = mask.cut(F, term, self.overflows)
                if saturates and i in saturates and (reached := unsaturated(F, primal, record.value)) is not None:
                    passed = (
                        Mask(reached=reached) if mask is None else Mask(mask.branch, both(F, mask.reached, reached))
                    )
            if passed is not None or term.shape != primal.shape or term.dtype is not primal.dtype:
                term = _match(F, term, passed, primal)
            contributions.append(term)
        return contributions


class Linear(Derivative):
    """The result is linear in the operands jointly (sum, reshape, indexing, ...): forward mode is the operation itself.

    A transpose is a function of `(F, g, out, *operands, **parameters)`; None stands for an operand that is not one of
    the linear ones and carries no derivative (an index, a shape to follow), as do operands behind the last transpose.
    With `variadic`, one transpose serves all operands and is told the operand's `position`. With `rearranges`, the
    result holds components of its one operand in other places, so a mask goes with them.
    """

    def __init__(
        self, *transposes: Callable[..., Array] | None, variadic: bool = False, rearranges: bool = False
    ) -> None:
        self.transposes = transposes
        self.variadic = variadic
        self.rearranges = rearranges

    def _transpose(self, i: int) -> Callable[..., Array] | None:
        if self.variadic:
            return self.transposes[0]
        return self.transposes[i] if i < len(self.transposes) else None

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        operands = []
        moved = False
        for i, (tangent, value) in enumerate(zip(tangents, record.values, strict=True)):
            if self._transpose(i) is None:
                operands.append(value)
            elif tangent is None:
                operands.append(F.zeros_like(value))
            else:
                operands.append(tangent)
                moved = True
        if not moved:
            return None
        return _operation(F, record)(*operands, **record.parameters)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        if mask is None and len(record.values) == 1 and not self.variadic:
            (primal,) = record.values  # what follows, for the case that is most frequent
            transpose = self.transposes[0]
            assert transpose is not None  # a map that is linear in nothing is a constant
            return (_match(F, transpose(F, cotangent, record.value, primal, **record.parameters), None, primal),)
        contributions: list[Array | Masked | None] = []
        for i, (operand, primal) in enumerate(zip(record.operands, record.values, strict=True)):
            transpose = None if operand is None else self._transpose(i)
            if transpose is None:
                contributions.append(None)
                continue
            parameters = {**record.parameters, "position": i} if self.variadic else record.parameters
            term = transpose(F, cotangent, record.value, *record.values, **parameters)
            moved = None
            if mask is not None and self.rearranges:
                moved = mask.moved(partial(_transposed, F, transpose, record))
            contributions.append(_match(F, term, moved, primal))
        return contributions


def _transposed(F: Any, transpose: Callable[..., Array], record: Record, part: Array) -> Array:
    return transpose(F, part, record.value, *record.values, **record.parameters)


class Multilinear(Derivative):
    """The result is linear in each operand by itself (a product of some kind): matmul, outer, einsum.

    A transpose is a function of `(F, g, out, *operands, **parameters)`. With `variadic`, one transpose serves all
    operands and is told the operand's `position`.
    """

    def __init__(self, *transposes: Callable[..., Array], variadic: bool = False) -> None:
        self.transposes = transposes
        self.variadic = variadic

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        total = None
        apply = _operation(F, record)
        for i, tangent in enumerate(tangents):
            if tangent is None:
                continue
            operands = [*record.values[:i], tangent, *record.values[i + 1 :]]
            term = apply(*operands, **record.parameters)
            total = term if total is None else total + term
        return total

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        contributions: list[Array | None] = []
        values, parameters = record.values, record.parameters
        for i, operand in enumerate(record.operands):
            if operand is None:
                contributions.append(None)
                continue
            if self.variadic:
                term = self.transposes[0](F, cotangent, record.value, *values, **parameters, position=i)
            else:
                term = self.transposes[i](F, cotangent, record.value, *values, **parameters)
            primal = values[i]
            if term.shape != primal.shape or term.dtype is not primal.dtype:
                term = _match(F, term, None, primal)
            contributions.append(term)
        return contributions


class Reduction(Derivative):
    """A reduction over axes whose result changes by the sum of `partial` times the change of each component.

    The partial is a function of `(F, out, x, **parameters)` with the shape of x; `axis` (a tuple) and `keepdims` are
    among the parameters. `F.expand_like(out, x, axis=..., keepdims=...)` brings a result back to x's shape.

    What multiplies all components of one result alike may be left out of the partial and given as `scale`, a function
    of `(F, v, out, x, **parameters)` that multiplies a v of the shape of the result: large arrays are then read once.
    """

    def __init__(self, partial: Callable[..., Array], scale: Callable[..., Array] | None = None) -> None:
        self.partial, self.scale = partial, scale

    def _scaled(self, F: Any, v: Array, record: Record) -> Array:
        return v if self.scale is None else self.scale(F, v, record.value, *record.values, **record.parameters)

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        weight = self.partial(F, record.value, *record.values, **record.parameters)
        axis, keepdims = record.parameters["axis"], record.parameters["keepdims"]
        return self._scaled(F, F.sum(tangents[0] * weight, axis=axis, keepdims=keepdims), record)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        x = record.values[0]
        axis, keepdims = record.parameters["axis"], record.parameters["keepdims"]
        weight = self.partial(F, record.value, *record.values, **record.parameters)
        scaled = self._scaled(F, cotangent, record)
        if axis and not keepdims and not isinstance(scaled, np.generic):  # a number goes with any shape
            scaled = F.expand_dims(scaled, axis=axis)
        return [_match(F, scaled * weight, None, x)]


class Select(Derivative):
    """`where(condition, x, y)`: the derivative of the branch taken; the other is masked out, not multiplied by 0."""

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        _, x, y = tangents
        if x is None and y is None:
            return None
        branches = [0.0 if tangent is None else tangent for tangent in (x, y)]
        return _match_tangent(F, F.where(record.values[0], *branches), record.value)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        condition = record.values[0]
        contributions: list[Array | Masked | None] = [None]
        for taken, operand, primal in (
            (condition, record.operands[1], record.values[1]),
            (None, record.operands[2], record.values[2]),
        ):
            if operand is None:
                contributions.append(None)
                continue
            reached = F.logical_not(condition) if taken is None else condition
            if reached.shape != cotangent.shape:
                reached = F.broadcast_like(reached, cotangent)
            passed = Mask(reached) if mask is None else Mask(both(F, reached, mask.branch), mask.reached)
            contributions.append(_match(F, as_number(F.where(reached, cotangent, 0.0)), passed, primal))
        return contributions


class Constant(Derivative):
    """The result does not change with its operands, wherever it has a derivative: comparisons, floor, sign, sizes."""

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        return None

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        return [None] * len(record.operands)


class Custom(Derivative):
    """The escape hatch: a rule for each mode, and the reason why no other kind fits.

    Args:
        jvp: `(F, tangents, out, *operands, **parameters)` to the tangent of the result; a tangent may be None (zero).
        vjp: `(F, g, out, *operands, **parameters)` to a tuple with the contribution to each operand, or None; a
            contribution may be a function without arguments, called only if that operand is differentiated.
        reason: why it is not one of the kinds that serve both modes with one fact.
    """

    def __init__(
        self,
        jvp: Callable[..., Array] | None = None,
        vjp: Callable[..., Sequence[Any]] | None = None,
        reason: str = "",
    ) -> None:
        self.jvp, self.vjp, self.reason = jvp, vjp, reason

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        _require_values(F, record)
        if self.jvp is None:
            raise DerivativeMissingError(_missing(record, "forward", "jvp", "define_jvp", "reverse mode (grad, vjp)"))
        return self.jvp(F, tangents, record.value, *record.values, **record.parameters)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        _require_values(F, record)
        if self.vjp is None:
            raise DerivativeMissingError(_missing(record, "reverse", "vjp", "define_vjp", "forward mode (jvp)"))
        found = self.vjp(F, cotangent, record.value, *record.values, **record.parameters)
        return [
            None
            if operand is None or term is None
            else _match(F, term() if callable(term) and not hasattr(term, "dtype") else term, None, primal)
            for operand, term, primal in zip(record.operands, found, record.values, strict=True)
        ]


def _require_values(F: Any, record: Record) -> None:
    """Raise where a graph is to be made of a rule that is written for arrays."""
    if F is building and record.primitive is not None and record.primitive.opaque:
        raise DerivativeMissingError(
            f"the derivative of {_name(record)} is computed on arrays: it has no graph, and can be neither shown nor "
            "written as code\n  use grad, jvp and vjp, which compute it"
        )


def _missing(record: Record, mode: str, rule: str, definer: str, other: str) -> str:
    name = _name(record)
    return (
        f"{name} has no derivative in {mode} mode: its {rule} was not defined\n"
        f"  define it with chainrule.{definer}({name}, ...), or use {other}"
    )
