"""Programs written by hand, each with what it computes in plain NumPy: for the tests of whatever runs programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import ops  # noqa: F401  enters the primitives
from chainrule.core.registry import primitives
from chainrule.kernels.program import (
    Assignment,
    Fold,
    FoldKind,
    Guarded,
    Map,
    Number,
    Product,
    ProductKind,
    Program,
    Section,
    Value,
    View,
)

F64 = np.dtype(np.float64)
I64 = np.dtype(np.int64)


@dataclass(frozen=True)
class Case:
    """A program, random inputs for it, and what it has to return for them."""

    program: Program
    inputs: Callable[[np.random.Generator, int], list[Any]]
    expected: Callable[..., Sequence[Any]]


def one(target: Value, name: str, *operands: Any, **parameters: Any) -> Assignment:
    """An elementwise operation; plain numbers become numbers of the target's dtype."""
    dtype = next((o.dtype for o in operands if isinstance(o, Value)), target.dtype)
    given = tuple(o if isinstance(o, Value) else Number(o, dtype) for o in operands)
    return Assignment(target, primitives()[name], given, parameters)


def made(*shape: int, dtype: Any = F64, rows: bool = False, name: str = "") -> Value:
    return Value(shape, np.dtype(dtype), rows, name)


def transposed(value: Value) -> Value:
    m, n = value.shape
    return Value((n, m), value.dtype, value.by_row, view=View(value, 0, (1, n)))


def elementwise(dtype: Any = F64) -> Case:
    """x^2 exp(x), as one flat program."""
    x, squared, grown, out = (made(dtype=dtype, rows=True, name=name) for name in ("x", "", "", "out"))
    steps = (one(squared, "multiply", x, x), one(grown, "exp", x), one(out, "multiply", squared, grown))
    section = Section((Map((), True, steps, (out,)),), True, 256)
    program = Program((x,), (0,), (), None, (section,), (out,), (0,), flat=(1,), name="elementwise")
    return Case(program, lambda r, n: [r.normal(size=n).astype(dtype)], lambda x: [x * x * np.exp(x)])


def least_squares(dtype: Any = F64, features: int = 3) -> Case:
    """The mean of (X w - y)^2 and its gradient, in one pass over the rows; the weights stand in the last place."""
    X, y = made(features, dtype=dtype, rows=True, name="X"), made(dtype=dtype, rows=True, name="y")
    w = made(features, dtype=dtype, name="w")
    n = made(dtype=I64, name="rows")
    fitted, residual, square = (made(dtype=dtype, rows=True) for _ in range(3))
    total, slope = made(dtype=dtype), made(features, dtype=dtype)
    count, loss, double, gradient = (made(*s, dtype=dtype) for s in ((), (), (features,), (features,)))
    rows = Section(
        (
            Product(ProductKind.ROWS, X, w, fitted),
            Map(
                (),
                True,
                (one(residual, "subtract", fitted, y), one(square, "multiply", residual, residual)),
                (residual,),
                (Fold(FoldKind.SUM, square, (), True, total),),
            ),
            Product(ProductKind.OVER_ROWS, X, residual, slope),
        ),
        True,
        64,
        ((total, FoldKind.SUM), (slope, FoldKind.SUM)),
    )
    after = Section(
        (
            Map((), False, (one(count, "cast", n, dtype=np.dtype(dtype).name),), (count,)),
            Map((), False, (one(loss, "divide", total, count),), (loss,)),
            Map(
                (features,),
                False,
                (one(double, "multiply", slope, 2.0), one(gradient, "divide", double, count)),
                (gradient,),
            ),
        ),
        False,
    )
    program = Program(
        (X, y, w), (0, 0, None), (), n, (rows, after), (loss, gradient), (None, None), name="least_squares"
    )

    def expected(X: Any, y: Any, w: Any) -> list[Any]:
        residual = X @ w - y
        return [np.mean(residual**2), 2 * X.T @ residual / len(y)]

    def inputs(r: np.random.Generator, n: int) -> list[Any]:
        return [r.normal(size=s).astype(dtype) for s in ((n, features), n, features)]

    return Case(program, inputs, expected)


def standardised() -> Case:
    """Two passes: each column over the largest of its absolute values, and the sum; the rows stand last."""
    x = made(4, rows=True, name="x")
    absolute, quotient, again = (made(4, rows=True) for _ in range(3))
    most, out, total = made(4), made(4, rows=True), made(4)
    first = Section(
        (Map((4,), True, (one(absolute, "abs", x),), (), (Fold(FoldKind.MAX, absolute, (), True, most),)),),
        True,
        64,
        ((most, FoldKind.MAX),),
    )
    second = Section(
        (
            Map(
                (4,),
                True,
                (one(quotient, "divide", x, most), one(again, "sin", quotient)),
                (quotient,),
                (Fold(FoldKind.SUM, again, (), True, total),),
            ),
            Map((4,), True, (), (), copies=((quotient, out),)),
        ),
        True,
        128,
        ((total, FoldKind.SUM),),
    )
    program = Program((x,), (1,), (), None, (first, second), (out, total, most), (1, None, None), name="standardised")

    def expected(x: Any) -> list[Any]:
        most = np.max(np.abs(x), axis=1, initial=-np.inf)
        return [x / most[:, None], np.sin(x / most[:, None]).sum(axis=1), most]

    return Case(program, lambda r, n: [r.normal(size=(4, n))], expected)


def log_sum_exp() -> Case:
    """Over each row's components, with folds inside a row, and how many rows lie above 1."""
    x = made(5, rows=True, name="x")
    most, total, logarithm, out = (made(rows=True) for _ in range(4))
    shifted, grown = made(5, rows=True), made(5, rows=True)
    above, counted, several = made(dtype=bool, rows=True), made(dtype=I64), made(dtype=bool)
    rows = Section(
        (
            Map((5,), True, (), (), (Fold(FoldKind.MAX, x, (0,), False, most),)),
            Map(
                (5,),
                True,
                (
                    one(shifted, "subtract", x, Value((5,), F64, True, view=View(most, 0, (0,)))),
                    one(grown, "exp", shifted),
                ),
                (),
                (Fold(FoldKind.SUM, grown, (0,), False, total),),
            ),
            Map(
                (),
                True,
                (one(logarithm, "log", total), one(out, "add", logarithm, most), one(above, "greater", out, 1.0)),
                (out,),
                (Fold(FoldKind.SUM, above, (), True, counted), Fold(FoldKind.ANY, above, (), True, several)),
            ),
        ),
        True,
        64,
        ((counted, FoldKind.SUM), (several, FoldKind.ANY)),
    )
    program = Program((x,), (0,), (), None, (rows,), (out, counted, several), (0, None, None), name="log_sum_exp")

    def expected(x: Any) -> list[Any]:
        out = np.logaddexp.reduce(x, axis=1) if len(x) else np.zeros(0)
        return [out, np.sum(out > 1), np.any(out > 1)]

    return Case(program, lambda r, n: [r.normal(size=(n, 5))], expected)


def quadratic_form() -> Case:
    """x^T A^T A x with no rows, a view as operand, and a guard that it is positive."""
    A, x = made(3, 4, name="A"), made(4, name="x")
    image, square, total, positive, back = made(3), made(3), made(), made(dtype=bool), made(4)
    section = Section(
        (
            Product(ProductKind.FIXED, A, x, image),
            Map(
                (3,),
                False,
                (one(square, "multiply", image, image),),
                (),
                (Fold(FoldKind.SUM, square, (0,), False, total),),
            ),
            Map((), False, (one(positive, "greater", total, 0.0),), (positive,)),
            Product(ProductKind.FIXED, transposed(A), image, back),
        ),
        False,
    )
    program = Program(
        (A, x),
        (None, None),
        (),
        None,
        (section,),
        (total, back, total),
        (None,) * 3,
        guards=(Guarded(positive, True),),
        name="quadratic_form",
    )

    def expected(A: Any, x: Any) -> list[Any]:
        return [x @ A.T @ A @ x, A.T @ A @ x, x @ A.T @ A @ x]

    return Case(program, lambda r, n: [r.normal(size=(3, 4)), r.normal(size=4)], expected)


def each_row() -> Case:
    """A small matrix times a vector in each row, and rows of constants that were found around the function."""
    A, x = made(2, 3, rows=True, name="A"), made(3, rows=True, name="x")
    c, out, sums = made(2, rows=True), made(2, rows=True), made(2)
    product, added = made(2, rows=True), made(2, rows=True)
    stored = np.linspace(0, 1, 2 * 200).reshape(200, 2)
    rows = Section(
        (
            Product(ProductKind.EACH, A, x, product),
            Map(
                (2,),
                True,
                (one(added, "add", product, c), one(out, "tanh", added)),
                (out,),
                (Fold(FoldKind.SUM, out, (), True, sums),),
            ),
        ),
        True,
        64,
        ((sums, FoldKind.SUM),),
    )
    program = Program((A, x), (0, 0), ((c, stored),), None, (rows,), (out, sums), (0, None), name="each_row")

    def expected(A: Any, x: Any) -> list[Any]:
        out = np.tanh((A @ x[:, :, None])[..., 0] + stored)
        return [out, out.sum(axis=0)]

    return Case(program, lambda r, n: [r.normal(size=(200, 2, 3)), r.normal(size=(200, 3))], expected)


CASES: dict[str, Callable[[], Case]] = {
    f.__name__: f for f in (elementwise, least_squares, standardised, log_sum_exp, quadratic_form, each_row)
}
CASES["elementwise_float32"] = lambda: elementwise(np.float32)
CASES["least_squares_float32"] = lambda: least_squares(np.float32)
