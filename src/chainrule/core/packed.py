"""Results of several parts: a decomposition is one primitive whose parts stand in one array, along the matrix axes.

    eigh   [..., 1 + n, n]          "w", the eigenvalues; "V", the rows of the matrix of vectors
    svd    [..., 1 + n + m, k]      "s", the singular values; "V"; "U"
    qr     [..., n + m, k]          "R^T"; "Q"

So a primitive has one result, whatever it decomposes into: graphs, batching and emitted source know nothing of parts,
one factorization serves them all, and so does one rule, which sees the cotangents of all parts together. `part` takes
one of them out, and sends back with its cotangent which part it was: a rule is told the parts that are read. That is
what the derivative at a degenerate point turns on, and it is a fact about the function, never a test for a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.cotangent import Mask, Masked
from chainrule.core.derivative import Custom, Linear
from chainrule.core.graph import Node, place_of
from chainrule.core.index_axes import indexed_shape
from chainrule.core.labels import Labels, leading_labels
from chainrule.core.record import Record
from chainrule.core.shapes import Array, Shape, ShapeRule
from chainrule.core.traced import plain_value
from chainrule.errors import DegeneracyError

__all__ = [
    "Choice",
    "Decomposition",
    "Packed",
    "Part",
    "pack",
    "part_of_stack",
    "placed",
    "reached_parts",
    "rows",
    "values",
]


class Decomposition(Custom):
    """Both modes of a decomposition; what is degenerate in it is named together with the user's line."""

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        with placed(record):
            return super().push(F, record, tangents)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        with placed(record):
            return super().pull(F, record, cotangent, mask)


class Packed(Decomposition):
    """A decomposition whose result is packed.

    Both rules have a parameter more: `reached`, the parts that are read. The `vjp` has another, `within`: what
    `Choice.within` found.

    Args:
        choice: what the equations leave open, if they leave anything open.
    """

    def __init__(
        self, jvp: Callable[..., Array], vjp: Callable[..., Sequence[Any]], reason: str, choice: Choice
    ) -> None:
        super().__init__(jvp, vjp, reason)
        self.choice = choice

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array | None:
        return self.pushed(F, record, tangents, None)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        return self.pulled(F, record, cotangent, reached_parts(mask))

    def is_open(self, record: Record, mask: Mask | None) -> bool:
        """Whether a part that is read could as well be another, at the values of a record."""
        if isinstance(record.value, Node) or not any(part in reached_parts(mask) for part in self.choice.parts):
            return False
        out, operand = plain_value(record.value), plain_value(record.values[0])
        return self.choice.other(np.random.default_rng(0), out, operand, **record.parameters) is not None

    def pushed(
        self, F: Any, record: Record, tangents: Sequence[Array | None], reached: frozenset[str] | None
    ) -> Array | None:
        """The tangent where these parts are read; None is all."""
        return super().push(F, _told(record, reached=_Every() if reached is None else reached), tangents)

    def pulled(self, F: Any, record: Record, cotangent: Array, reached: Any, within: Any = None) -> Sequence[Any]:
        """The contributions where these parts are read."""
        return super().pull(F, _told(record, reached=reached, within=within), cotangent, None)


def _told(record: Record, **more: Any) -> Record:
    return Record(record.primitive, record.operands, record.values, record.value, {**record.parameters, **more}, None,
                  record.code, record.offset)  # fmt: skip


def reached_parts(mask: Mask | None) -> Any:
    """The parts of a packed result that its cotangent is of, as a set."""
    return _Every() if mask is None or mask.parts is None else mask.parts


@dataclass(frozen=True, slots=True)
class Choice:
    """What the equations of a decomposition leave open: a basis of vectors whose values are equal, a phase.

    Attributes:
        parts: the parts that it is in.
        other: another result that solves the same equations, `(rng, out, operand, **parameters)`; None where there is
            but one, up to signs.
        words: what is open in a result, as a message begins, `(out, operand, **parameters)`.
        within: what the cotangents at several such results say together of the gradient within the blocks of equal
            values, `(samples, reached, operand, **parameters)`, where `samples(count)` gives so many results with their
            cotangents: the matrix to be added, and which values are in no block.
        along: the result whose vectors stay what they are where the operand moves along a tangent, another one each
            time, `(rng, out, operand, tangent, **parameters)`; None where vectors of equal values may not move apart.
        known: the parameters of `F.known_basis` in a graph, `(operand, **parameters)`; None where it need not look.
    """

    parts: tuple[str, ...]
    other: Callable[..., Array | None]
    words: Callable[..., str]
    within: Callable[..., Any] | None = None
    along: Callable[..., Array] | None = None
    known: Callable[..., Mapping[str, Any]] | None = None

    def is_of_a_basis(self, out: Array, operand: Array, **parameters: Any) -> bool:
        """Whether a result, or one of a stack of them, could have another basis: more than other signs and phases.

        A basis of a null space, in the columns behind the first, does not count: the rules see whether it matters.
        """
        other = self.other(np.random.default_rng(0), out, operand, **parameters)
        first = (Ellipsis, slice(None, min(operand.shape[-2:])))
        return other is not None and not np.allclose(np.abs(other[first]), np.abs(out[first]), equal_nan=True)


class _Every:
    """The set that has every part in it."""

    def __contains__(self, part: object) -> bool:
        return True


class Part(Linear):
    """Taking the part `name` out of a packed result."""

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | Masked | None]:
        mark = Mask(parts=frozenset((record.parameters["name"],)))
        return [Masked(term, mark) for term in super().pull(F, record, cotangent, None)]


@contextmanager
def placed(record: Record) -> Iterator[None]:
    """Adds the user's line to what is said of a degenerate decomposition."""
    try:
        yield
    except DegeneracyError as error:
        place = place_of(record.code, record.offset)
        if not place or "\n  in " in str(error):
            raise
        raise DegeneracyError(f"{error}{place}") from None


@dataclass(frozen=True)
class _PartOfStack(ShapeRule):
    """A part: its pattern counts from the last axes, so that it holds for stacks of any depth."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return indexed_shape(shapes[0], (), parameters["pattern"])

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        return apply(*operands, **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        shape = self.infer(shapes, parameters)
        return leading_labels(shapes, shape, [2], len(shape) - len(shapes[0]) + 2)


part_of_stack = _PartOfStack()


def values(F: Any, x: Array, name: str, columns: int | None = None) -> Array:
    """The first row of a packed result."""
    return F.part(x, name=name, pattern=(Ellipsis, 0, slice(None, columns)))


def rows(F: Any, x: Array, name: str, start: int, stop: int | None = None, columns: int | None = None) -> Array:
    """Some rows of a packed result, as the part of a name; without gaps in memory, where other columns are left out."""
    if columns == x.shape[-1]:
        columns = None
    found = F.part(x, name=name, pattern=(Ellipsis, slice(start, stop), slice(None, columns)))
    return found if columns is None else F.copy(found)


def pack(F: Any, *parts: Array) -> Array:
    """Parts below each other: a vector, where there is one, is the row of values."""
    first, *others = parts
    if first.ndim < others[0].ndim:
        first = F.expand_dims(first, axis=(first.ndim - 1,))
    return F.concatenate(first, *others, axis=first.ndim - 2)
