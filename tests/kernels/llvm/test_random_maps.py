"""Maps of all kinds, drawn at random, as machine code against the interpreter: views, dtypes, folds, odd row counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from emitted_programs import Run

from chainrule import ops  # noqa: F401  enters the primitives
from chainrule.core.registry import primitives
from chainrule.kernels.program import Assignment, Fold, FoldKind, Map, Number, Operand, Program, Section, Value, View
from chainrule.kernels.running.interpret import Interpreter

BOOL, I64 = np.dtype(bool), np.dtype(np.int64)
SIZES = [1, 1, 2, 3, 4, 5, 8, 17, 33]


class Draw:
    """A program of a few maps, by row and fixed, drawn with a seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.dtype = np.dtype(self.random.choice(["float64", "float32", "int64", "int32"], p=[0.5, 0.3, 0.1, 0.1]))
        self.inputs: list[Value] = []
        self.outputs: list[Value] = []
        before = Section(tuple(self.map(False)[0] for _ in range(2)), False)
        drawn = [self.map(True) for _ in range(3)]
        stages = []
        for stage, results in drawn:
            stages.append(stage)
            if results and self.random.random() < 0.5:
                stages.append(self.again(results[0]))
        totals = tuple((f.out, f.kind) for s in stages for f in s.folds if f.over_rows)
        rows = Section(tuple(stages), True, 64, totals)
        self.program = Program(
            tuple(self.inputs),
            tuple(0 if value.by_row else None for value in self.inputs),
            (),
            None,
            (before, rows),
            tuple(self.outputs),
            tuple(0 if value.by_row else None for value in self.outputs),
            name=f"random_{seed}",
        )

    def chance(self, probability: float) -> bool:
        return bool(self.random.random() < probability)

    def shape(self) -> tuple[int, ...]:
        sizes = tuple(int(self.random.choice(SIZES)) for _ in range(int(self.random.integers(0, 4))))
        if np.prod(sizes) > 2000:
            return sizes[:2]
        return (*sizes[:-1], 0) if sizes and self.chance(0.05) else sizes

    def operand(self, shape: tuple[int, ...], by_row: bool) -> Operand:
        """An input, or a view of one, that is repeated to the shape."""
        if self.chance(0.1):
            return Number(int(self.random.integers(1, 4)), self.dtype)
        by_row = by_row and self.chance(0.7)
        own = list(shape[int(self.random.integers(0, len(shape) + 1)) if self.chance(0.3) else 0 :])
        own = [1 if self.chance(0.15) else size for size in own]
        if self.chance(0.4):
            base = Value(tuple(own), self.dtype, by_row, f"x{len(self.inputs)}")
            self.inputs.append(base)
            return base
        order = self.random.permutation(len(own))
        there = [axis for axis in order if own[axis] == 0 or not self.chance(0.2)]  # the others are repeated
        base = Value(tuple(own[axis] for axis in there), self.dtype, by_row, f"x{len(self.inputs)}")
        self.inputs.append(base)
        strides, offset = [0] * len(own), 0
        step = 1
        for axis in reversed(there):
            strides[axis] = step
            if own[axis] > 1 and self.chance(0.3):
                strides[axis] = -step
                offset += step * (own[axis] - 1)
            step *= own[axis]
        return Value(tuple(own), self.dtype, by_row, view=View(base, offset if step else 0, tuple(strides)))

    def map(self, by_row: bool) -> tuple[Map, list[Value]]:
        shape = self.shape()
        operands: list[Operand] = [self.operand(shape, by_row) for _ in range(3)]
        steps, made, truths = [], [], []
        for _ in range(int(self.random.integers(0, 4))):
            target = Value(shape, self.dtype, by_row)
            name = str(self.random.choice(["add", "subtract", "maximum", "minimum"]))
            pair = tuple(operands[int(self.random.integers(len(operands)))] for _ in range(2))
            steps.append(Assignment(target, primitives()[name], pair, {}))
            operands.append(target)
            made.append(target)
        if self.chance(0.5):
            truth, chosen = Value(shape, BOOL, by_row), Value(shape, self.dtype, by_row)
            steps.append(Assignment(truth, primitives()["greater"], (operands[0], operands[-1]), {}))
            steps.append(Assignment(chosen, primitives()["where"], (truth, operands[1], operands[-1]), {}))
            made += [truth, chosen]
            truths.append(truth)
            operands.append(chosen)
        stores = tuple(value for value in made if self.chance(0.4))
        copies: tuple[tuple[Operand, Value], ...] = ()
        if self.chance(0.4):
            copies = ((operands[int(self.random.integers(3))], Value(shape, self.dtype, by_row)),)
        axes = tuple(axis for axis in range(len(shape)) if self.chance(0.5))
        folds = []
        for _ in range(int(self.random.integers(0, 4))):
            folds.append(self.fold(shape, axes, operands, truths, by_row))
        results = [*stores, *(out for _, out in copies), *(fold.out for fold in folds)]
        self.outputs += [value for value in results if not value.by_row or self.chance(0.7)]
        return Map(shape, by_row, tuple(steps), stores, tuple(folds), copies), [v for v in results if v.by_row]

    def fold(
        self, shape: tuple[int, ...], axes: tuple[int, ...], operands: list[Operand], truths: list[Value], by_row: bool
    ) -> Fold:
        over_rows = by_row and self.chance(0.5)
        kept = tuple(size for axis, size in enumerate(shape) if axis not in axes)
        if truths and self.chance(0.4):
            kind = FoldKind(self.random.choice(["any", "all", "sum"]))
            dtype = I64 if kind is FoldKind.SUM else BOOL
            return Fold(kind, truths[0], axes, over_rows, Value(kept, dtype, by_row and not over_rows))
        # A product of floats may overflow in one order and not in another.
        most = "sum" if self.dtype.kind == "f" else "product"
        kind = FoldKind(self.random.choice(["sum", "max", "min", most]))
        source = operands[int(self.random.integers(len(operands)))]
        return Fold(kind, source, axes, over_rows, Value(kept, self.dtype, by_row and not over_rows))

    def again(self, value: Value) -> Map:
        """A map that reads what another one wrote, through a view that runs backwards."""
        strides = tuple(-int(np.prod(value.shape[axis + 1 :])) for axis in range(len(value.shape)))
        back = Value(value.shape, value.dtype, True, view=View(value, max(0, value.size - 1), strides))
        out = Value(value.shape, value.dtype, True)
        total = Value((), value.dtype)
        fold = Fold(FoldKind.MAX, back, tuple(range(len(value.shape))), True, total)
        self.outputs += [out, total]
        return Map(value.shape, True, (), (), (fold,), ((back, out),))

    def arrays(self, rows: int) -> list[Any]:
        found = []
        for value in self.inputs:
            shape = (rows, *value.shape) if value.by_row else value.shape
            array = self.random.integers(-3, 4, shape).astype(self.dtype)
            if self.dtype.kind == "f":
                array += self.random.random(shape).astype(self.dtype)
                if self.chance(0.1) and array.size:
                    array.flat[int(self.random.integers(array.size))] = self.random.choice([np.nan, np.inf, -0.0])
            found.append(array)
        return found


@pytest.mark.parametrize("seed", range(12))
def test_a_random_program_is_what_the_interpreter_makes_of_it(seed: int) -> None:
    check(seed, [None])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 200))
def test_many_random_programs(seed: int) -> None:
    check(seed, [16, 32, 64])


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:overflow:RuntimeWarning")
def check(seed: int, widths: list[int | None]) -> None:
    draw = Draw(seed)
    interpreter = Interpreter(draw.program)
    for width in widths:
        run = Run(draw.program, width)
        for rows in (0, 1, 5, 63, 64, 65, 128, 200):
            arrays = draw.arrays(rows)
            with np.errstate(all="ignore"):
                expected = interpreter(arrays)
            whole, chunks = run.whole(arrays, rows, 64), run.chunks(arrays, rows, 64)
            for value, got, again, want in zip(draw.program.outputs, whole, chunks, expected, strict=True):
                assert got.tobytes() == again.tobytes()
                assert got.dtype == np.asarray(want).dtype
                precise = 1e-4 if value.dtype == np.float32 else 1e-10
                np.testing.assert_allclose(got, want, rtol=precise, atol=precise * max(1, rows * 10))
