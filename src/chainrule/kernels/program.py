"""A program: what a kernel computes, as stages over arrays, with the rows of the data taken out of every shape.

`plan` makes a program of a graph and `llvm` writes it as machine code. A value either exists once ("fixed") or once for
each row of the data ("by row"); its shape never includes the rows, so the code holds for any number of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, final

import numpy as np

from chainrule.core.primitive import Primitive
from chainrule.core.shapes import Shape

__all__ = [
    "Assignment",
    "Fold",
    "FoldKind",
    "Guarded",
    "Map",
    "Number",
    "Operand",
    "Product",
    "ProductKind",
    "Program",
    "Section",
    "Stage",
    "Value",
    "View",
]


@final
@dataclass(frozen=True, eq=False, slots=True)
class View:
    """Where the components of a value lie in another one that has memory: no component is moved.

    Attributes:
        base: a value that is no view itself.
        offset: of the first component, in components of the base as if it stood in C order without the rows.
        strides: of each axis of the view, in such components; 0 repeats, a negative one runs backwards.
    """

    base: Value
    offset: int
    strides: tuple[int, ...]


@final
@dataclass(frozen=True, eq=False, slots=True)
class Value:
    """An array of a program; compared by identity.

    Attributes:
        shape: its axes, without that of the rows.
        dtype: float64, float32, an integer, or bool (a byte in memory, a bit in registers).
        by_row: whether there is one such array for each row.
        name: the user's name for it, or "".
        view: of a value that only looks at another one differently.
    """

    shape: Shape
    dtype: np.dtype[Any]
    by_row: bool = False
    name: str = ""
    view: View | None = None

    @property
    def size(self) -> int:
        """How many components it has, in one row."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def base(self) -> Value:
        """The value whose memory it uses."""
        return self if self.view is None else self.view.base

    def __repr__(self) -> str:
        rows = "rows " if self.by_row else ""
        return f"<{self.name or 'value'} {rows}{self.shape} {self.dtype}>"


@final
@dataclass(frozen=True, slots=True)
class Number:
    """A number that is known when the program is made."""

    value: Any
    dtype: np.dtype[Any]


Operand = Value | Number


@final
@dataclass(frozen=True, eq=False, slots=True)
class Assignment:
    """One elementwise operation inside a `Map`.

    Attributes:
        target: the value that it makes, of the shape of the map.
        primitive: the operation, one that `kernels.lowering` has code for; `cast` to the target's dtype included.
        operands: what it is applied to. An operand with fewer or shorter axes is repeated, as NumPy does it, and a
            fixed one is repeated over the rows. Operands have the dtype that the operation is computed in.
        parameters: the static arguments of the primitive.
    """

    target: Value
    primitive: Primitive
    operands: tuple[Operand, ...]
    parameters: Mapping[str, Any]


class FoldKind(Enum):
    """How components are put together; the neutral element of max and min is the infinity, of any dtype the limit."""

    SUM = "sum"
    PRODUCT = "product"
    MAX = "max"
    MIN = "min"
    ANY = "any"
    ALL = "all"

    def neutral(self, dtype: np.dtype[Any]) -> Any:
        """What a fold of nothing is."""
        if self in (FoldKind.SUM, FoldKind.ANY):
            return 0
        if self in (FoldKind.PRODUCT, FoldKind.ALL):
            return 1
        least = self is FoldKind.MAX
        if dtype.kind == "f":
            return -np.inf if least else np.inf
        if dtype.kind == "b":
            return not least
        limits = np.iinfo(dtype)
        return limits.min if least else limits.max


@final
@dataclass(frozen=True, eq=False, slots=True)
class Fold:
    """A reduction at the end of a `Map`; a NaN among the components makes the result NaN, as in NumPy.

    Attributes:
        kind: sum, product, maximum, ...
        source: a value that the map makes or reads, broadcast to its shape.
        axes: of the map's shape that are folded; all folds of one map have the same.
        over_rows: whether the rows are folded too; the result is then fixed, and complete after the section.
        out: the result: the map's shape without the axes.
    """

    kind: FoldKind
    source: Operand
    axes: tuple[int, ...]
    over_rows: bool
    out: Value


@final
@dataclass(frozen=True, eq=False, slots=True)
class Map:
    """One loop over the components of a shape (and, by row, over the rows): elementwise operations, then folds.

    Attributes:
        shape: of the loop, without the rows.
        by_row: whether it runs over the rows as well.
        assignments: in the order in which they run.
        stores: which of the targets have memory, since other stages or the caller want them; the rest stay in
            registers.
        folds: reductions of what was computed.
        copies: pairs (source, out): what is read, or a number, stored as another value; how a view becomes an array.
    """

    shape: Shape
    by_row: bool
    assignments: tuple[Assignment, ...]
    stores: tuple[Value, ...]
    folds: tuple[Fold, ...] = ()
    copies: tuple[tuple[Operand, Value], ...] = ()


class ProductKind(Enum):
    """Which axes of a matrix product are rows.

    FIXED: out = left @ right, all fixed: matrices, vectors.
    ROWS: out[r] = left[r] @ right: left by row (m,) or (p, m); right fixed (m,) or (m, k).
    OVER_ROWS: out = sum over r of the outer product of left[r] (m,) and right[r] () or (k,); out is fixed, (m,) or
        (m, k).
    EACH: out[r] = left[r] @ right[r]: small matrices or vectors of each row.
    """

    FIXED = "fixed"
    ROWS = "rows"
    OVER_ROWS = "over rows"
    EACH = "each row"


@final
@dataclass(frozen=True, eq=False, slots=True)
class Product:
    """A matrix product; operands may be views (a transpose has no code), `out` is none.

    All three have the same dtype, float64 or float32.
    """

    kind: ProductKind
    left: Value
    right: Value
    out: Value


Stage = Map | Product


@final
@dataclass(frozen=True, eq=False, slots=True)
class Section:
    """Stages that run one after the other: once, or for every strip of rows.

    Attributes:
        stages: in order.
        by_row: whether the section runs over the rows. All values that are by row and not an input or an output live
            within one strip: another section that needs them computes them again.
        strip: how many rows are gone through together; their values stay in the cache. A multiple of 64, or 32.
        totals: the fixed values that the section sums over rows (`Fold.over_rows`, OVER_ROWS). They start from the
            neutral element in each chunk of rows, and chunks are put together by a tree that depends on the number of
            rows alone.
        calls: of a fixed section that machine code cannot run: graph nodes that NumPy computes, with the values of
            their operands and their own; then `stages` is empty.
    """

    stages: tuple[Stage, ...]
    by_row: bool
    strip: int = 0
    totals: tuple[tuple[Value, FoldKind], ...] = ()
    calls: tuple[tuple[Any, tuple[Operand, ...], Value], ...] = ()


@final
@dataclass(frozen=True, eq=False, slots=True)
class Guarded:
    """A decision that Python took while the graph was traced: where the value is another one, the program is not valid.

    Attributes:
        value: fixed, of shape ().
        outcome: what it has to be.
    """

    value: Value
    outcome: bool | int


@final
@dataclass(frozen=True, eq=False, slots=True)
class Program:
    """A whole computation.

    Attributes:
        inputs: in the order of the graph's inputs. In memory: C order, the rows in front if by row.
        row_axes: for each input the axis of the user's array that is the rows, or None where it is fixed.
        constants: fixed (or by row, for data that the function found around it), with their arrays, the rows in front.
        rows: the number of rows as a fixed int64 value of shape (), if anything asks for it.
        sections: in order.
        outputs: in the order of the graph's outputs: C order in memory, the rows in front if by row. A value may be an
            input, a view, or stand there twice.
        output_axes: for each output where the axis of the rows belongs in the result, or None.
        flat: of a program whose arrays all have one shape: that shape; each component is then a row by itself, arrays
            are taken in C order, and `row_axes` and `output_axes` say 0 for them.
        guards: what has to hold.
        name: of the function.
        notes: sentences for the reader of the plan: what was found, and what could not be done and why.
    """

    inputs: tuple[Value, ...]
    row_axes: tuple[int | None, ...]
    constants: tuple[tuple[Value, Any], ...]
    rows: Value | None
    sections: tuple[Section, ...]
    outputs: tuple[Value, ...]
    output_axes: tuple[int | None, ...]
    flat: Shape | None = None
    guards: tuple[Guarded, ...] = ()
    name: str = "f"
    notes: tuple[str, ...] = field(default=())

    def stages(self) -> Iterator[Stage]:
        """All stages, in order."""
        for section in self.sections:
            yield from section.stages

    @property
    def has_rows(self) -> bool:
        """Whether any section runs over rows."""
        return any(section.by_row for section in self.sections)
