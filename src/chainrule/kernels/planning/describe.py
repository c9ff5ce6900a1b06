"""A program to read: which axis is the rows, how often they are gone through, and what each loop and product does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, final

from chainrule.core.shapes import Shape
from chainrule.kernels.planning import strides
from chainrule.kernels.planning.formulas import Formulas, number_text
from chainrule.kernels.planning.strips import in_memory
from chainrule.kernels.program import (
    FoldKind,
    Map,
    Number,
    Operand,
    Product,
    ProductKind,
    Program,
    Section,
    Value,
)

if TYPE_CHECKING:
    from chainrule.kernels.llvm.module import Emitted

__all__ = ["described"]

_BLAS = re.compile(r"@\"?chainrule_(\w+)")
_FOLDED = {
    FoldKind.SUM: "sum",
    FoldKind.PRODUCT: "product",
    FoldKind.MAX: "max",
    FoldKind.MIN: "min",
    FoldKind.ANY: "any",
    FoldKind.ALL: "all",
}


def described(program: Program, emitted: Emitted | None = None) -> str:
    """The plan of a program.

    Args:
        program: made by `plan`.
        emitted: its code, for what the memory between the stages is and which functions of BLAS are called.

    Returns:
        Lines of text: where the rows are, then the sections with their loops and products, in the order in which they
        run. Names are the user's where there are any; others are t1, t2, ... for values and S1, S2, ... for sums
        over the rows; N is the number of rows.

    >>> import numpy as np, chainrule as cr
    >>> from chainrule.passes.rows import rows_of
    >>> from chainrule.kernels.planning.plan import plan
    >>> from chainrule.read.trace import trace
    >>> def loss(w, X, y):
    ...     residual = X @ w - y
    ...     return np.mean(residual**2), X.T @ residual
    >>> graph, _ = trace(loss, [np.ones(3), np.ones((50, 3)), np.ones(50)], ["w", "X", "y"], "loss", loss)
    >>> print(described(plan(graph, rows_of(graph))))  # doctest: +ELLIPSIS
    loss
      by row: X, y
      fixed: w 3
      one pass over the rows, in strips of ...:
        t1 = X @ w, row by row (N x 3 by 3)
        loop:
          residual = t1 - y
          S1 = sum over rows of residual^2
        S2 = X^T @ residual, summed over the rows (3 x N by N)
      after the rows:
        t2 = S1 / N
      gives t2, S2 3
    """
    lines = list(_Reader(program).lines())
    if emitted is not None:
        lines += _in_memory(program, emitted)
    return "\n".join(lines)


def _in_memory(program: Program, emitted: Emitted) -> Iterator[str]:
    arrays = {*program.inputs, *program.outputs, *(value for value, _ in program.constants)}
    between = max((_between(section, arrays) for section in program.sections), default=0)
    if emitted.scratch_bytes:
        shared = ", used again by values that live at other times" if between > emitted.scratch_bytes else ""
        yield f"  memory: {_kilobytes(emitted.scratch_bytes)} for a strip on each thread{shared}"
    if any(section.totals for section in program.sections):
        yield "  sums: of chunks of rows, put together in an order that the number of rows decides"
    called = sorted(set(_BLAS.findall(emitted.text)))
    if called:
        yield f"  BLAS: {', '.join(called)}"


def _between(section: Section, arrays: set[Value]) -> int:
    """The bytes of the values of a strip that are no arrays of the caller's, each in memory of its own."""
    values = {value for stage in section.stages for value in in_memory(stage)} - arrays
    return section.strip * sum(value.size * value.dtype.itemsize for value in values)


def _kilobytes(count: int) -> str:
    return f"{count / 1024:.0f} KB" if count >= 10240 else f"{count / 1024:.1f} KB"


@final
class _Reader:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._names: dict[Value, str] = {}
        self._taken: set[str] = set()
        self._count = {"t": 0, "S": 0}
        self._totals = {total for section in program.sections for total, _ in section.totals}
        for value in (*program.inputs, *(constant for constant, _ in program.constants)):
            self._own_name(value)
        if program.rows is not None:
            self._names[program.rows] = "N"
            self._taken.add("N")

    def lines(self) -> Iterator[str]:
        yield self._program.name
        yield from self._where()
        passes = sum(section.by_row for section in self._program.sections)
        number = 0
        for section in self._program.sections:
            if section.by_row:
                number += 1
                which = f"pass {number} of {passes}" if passes > 1 else "one pass"
                strips = f", in strips of {section.strip}" if len(section.stages) > 1 else ""
                heading = f"{which} over the rows{strips}"
            elif section.calls:
                heading = "by NumPy"
            elif passes:
                heading = "before the rows" if not number else "after the rows" if number == passes else "between"
            else:
                heading = "once"
            body = list(self._calls(section) if section.calls else self._stages(section))
            if body:
                yield f"  {heading}:"
            yield from (f"    {line}" for line in body)
        yield f"  gives {', '.join(self._shown(value) for value in self._program.outputs)}"

    def _where(self) -> Iterator[str]:
        program = self._program
        by_row = [
            f"{self.name(value)} (axis {axis})" if axis else self.name(value)
            for value, axis in zip(program.inputs, program.row_axes, strict=True)
            if value.by_row
        ]
        by_row += [f"{self.name(value)} (from around the function)" for value, _ in program.constants if value.by_row]
        fixed = [self._shown(value) for value in program.inputs if not value.by_row]
        if program.flat is not None:
            yield f"  every component by itself: {', '.join(by_row)}"
        elif by_row:
            yield f"  by row: {', '.join(by_row)}"
        if fixed and by_row:
            yield f"  fixed: {', '.join(fixed)}"
        for value in program.guards:
            yield f"  holds where {self.name(value.value)} is {value.outcome}"
        for note in program.notes:
            yield f"  note: {note}"

    def _calls(self, section: Section) -> Iterator[str]:
        for node, operands, out in section.calls:
            yield f"{self.name(out)} = {node.primitive.name}({', '.join(map(self._operand, operands))})"

    def _stages(self, section: Section) -> Iterator[str]:
        for stage in section.stages:
            if isinstance(stage, Product):
                yield self._product(stage)
            else:
                yield from self._loop(stage)

    def _product(self, stage: Product) -> str:
        left, right, out = self.name(stage.left), self.name(stage.right), self.name(stage.out)
        sizes = f"{_sizes(stage.left, stage.kind is ProductKind.OVER_ROWS)} by {_sizes(stage.right)}"
        if stage.kind is ProductKind.OVER_ROWS:
            return f"{out} = {left}^T @ {right}, summed over the rows ({sizes})"
        each = {ProductKind.FIXED: "", ProductKind.ROWS: ", row by row", ProductKind.EACH: ", each row its own"}
        return f"{out} = {left} @ {right}{each[stage.kind]} ({sizes})"

    def _loop(self, stage: Map) -> Iterator[str]:
        formulas = Formulas(stage, self.name)
        stored = set(stage.stores)
        lines = []
        for target, text in formulas.lines():
            if text in self._taken:  # the same number in another dtype
                self._names[target] = text
                continue
            lines.append(f"{self.name(target)} = {text}" + ("" if target in stored else "  (in registers)"))
        for source, out in stage.copies:
            place = self.name(out)
            lines.append(f"{place} = {formulas.of(source)}")
        for fold in stage.folds:
            over = " over rows" if fold.over_rows else ""
            lines.append(f"{self.name(fold.out)} = {_FOLDED[fold.kind]}{over} of {formulas.of(fold.source)}")
        shape = _shape(stage.shape)
        where = f"loop over {shape}" if shape else "loop"
        if not stage.by_row and not stage.shape:
            yield from lines
            return
        yield f"{where}:" if len(lines) != 1 else f"{where}: {lines[0]}"
        if len(lines) != 1:
            yield from (f"  {line}" for line in lines)

    def _operand(self, operand: Operand) -> str:
        return number_text(operand.value) if isinstance(operand, Number) else self.name(operand)

    def _shown(self, value: Value) -> str:
        """The name with the shape, but for what is one number."""
        return f"{self.name(value)} {_shape(value.shape)}" if value.shape else self.name(value)

    def name(self, value: Value) -> str:
        """What a value is called: by the user where there is a name, views after what they look at."""
        found = self._names.get(value)
        if found is not None:
            return found
        if value.view is not None and not value.name:
            return self._names.setdefault(value, self._look(value))
        return self._own_name(value)

    def _own_name(self, value: Value) -> str:
        name, kind = value.name, "S" if value in self._totals else "t"
        if not name or name in self._taken:
            self._count[kind] += 1
            name = f"{kind}{self._count[kind]}"
        self._taken.add(name)
        self._names[value] = name
        return name

    def _look(self, value: Value) -> str:
        view = value.view
        assert view is not None
        base = self.name(view.base)
        if value.size == view.base.size and view.offset == 0:
            turned = (
                value.shape[::-1] == view.base.shape and view.strides == strides.contiguous(value.shape[::-1])[::-1]
            )
            return f"{base}^T" if turned and len(value.shape) > 1 else base
        if value.size > view.base.size:
            return base
        return f"{base}[{view.offset}:]" if value.shape else f"{base}[{view.offset}]"


def _shape(shape: Shape) -> str:
    return " x ".join(map(str, shape))


def _sizes(value: Value, turned: bool = False) -> str:
    """The matrix that a factor is, with the rows as N."""
    shape = [*("N" * value.by_row), *map(str, value.shape)]
    return " x ".join(reversed(shape) if turned else shape)
