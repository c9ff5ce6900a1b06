"""The normal form of every operation that has one: fixed, by row, and beside numbers that are the same for all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from planned import assert_planned
from samples import Sample, samples_of

import chainrule as cr
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise
from chainrule.kernels.planning.normal import TABLE

F = primitives()
RNG = np.random.default_rng(2)
ROWS = 5


def called(sample: Sample) -> tuple[Any, list[Any]]:
    """The operation as a function of its operands that are arrays of real numbers, or of all of them."""
    if sample.active:
        return sample.call, [np.asarray(value) for value in sample.values()]
    return lambda *xs: sample.primitive(*xs, **sample.parameters), [np.asarray(x) for x in sample.operands]


@pytest.mark.parametrize("primitive", TABLE, ids=lambda primitive: primitive.name)
@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
def test_operations_are_taken_apart(primitive: Primitive, dtype: Any) -> None:
    for sample in samples_of(primitive, dtype):
        f, values = called(sample)
        rtol = 1e-11 if dtype is np.float64 else 1e-4
        assert_planned(f, *values, by_rows=False, rtol=rtol)
        stacks = [
            np.stack([value + k for k in range(ROWS)] if value.dtype.kind == "f" else [value] * ROWS)
            for value in values
        ]
        for mapped in {(0,) * len(values), (0, *(None,) * (len(values) - 1))}:
            arguments = [s if m == 0 else v for s, v, m in zip(stacks, values, mapped, strict=True)]
            if primitive is not F["size"]:  # which is a plain number under vmap
                assert_planned(cr.vmap(f, in_axes=mapped), *arguments, rtol=rtol)


CALLS = {
    "mean of integers": (lambda n: np.mean(n), RNG.integers(0, 9, 30)),
    "any, all": (lambda x: (np.any(x > 2), np.all(x > -9), np.any(np.isnan(x), axis=0)), RNG.normal(size=(30, 3))),
    "norms": (
        lambda x: [F["norm"](x, axis=(1,), keepdims=False, ord=p) for p in (1, 2, 3, np.inf, -np.inf, 0)],
        RNG.normal(size=(30, 3)),
    ),
    "product of integers": (lambda n: (n @ n.T[:, :2], n.prod(axis=1)), RNG.integers(1, 4, (6, 3))),
    "matmul of booleans": (lambda b: b @ b.T, RNG.normal(size=(3, 4)) > 0),
    "sums of what is fixed": (
        lambda x, c: (
            np.sum(x * 0 + c, axis=0),
            np.prod(np.ones_like(x) * 2, axis=0),
            np.max(np.zeros_like(x), axis=0),
        ),
        RNG.normal(size=(30, 3)),
        RNG.normal(size=3),
    ),
    "products with what is fixed": (lambda x: (x.T @ np.ones_like(x), np.ones(30) @ x), RNG.normal(size=(30, 3))),
    "a product of numbers": (lambda x, y: (x @ y, np.sum(x * 2)), RNG.normal(size=30), RNG.normal(size=30)),
    "stacks of matrices": (lambda A, B: A @ B, RNG.normal(size=(30, 2, 3)), RNG.normal(size=(4, 1, 3, 2))),
    "three factors": (
        lambda A, B, c: np.einsum("nij,jk,k->ni", A, B, c),
        RNG.normal(size=(30, 2, 3)),
        RNG.normal(size=(3, 4)),
        RNG.normal(size=4),
    ),
    "a Gram matrix of pairs": (lambda A: np.einsum("nij,nkj->ik", A, A), RNG.normal(size=(30, 2, 3))),
    "a constant by row": (lambda x: x * np.linspace(0, 1, 30), RNG.normal(size=30)),
    "standardised": (lambda x: (x - x.mean(axis=0)) / x.std(axis=0, ddof=1), RNG.normal(size=(30, 3))),
    "columns put together": (
        lambda x, y: np.concatenate([x, y[:, None], np.ones((30, 1))], axis=1) @ np.arange(5.0),
        RNG.normal(size=(30, 3)),
        RNG.normal(size=30),
    ),
    "written into": (lambda x: F["set_item"](x, 2.0, pattern=(slice(None), 1)) + 1, RNG.normal(size=(30, 3))),
    "running sums": (
        lambda n, b, x: (np.cumsum(n, axis=1), np.cumsum(b, axis=1), np.argmax(x, axis=1), np.argmin(x, axis=1)),
        RNG.integers(0, 9, (30, 3), dtype=np.int32),
        RNG.normal(size=(30, 3)) > 0,
        np.where(RNG.uniform(size=(30, 3)) < 0.2, np.nan, RNG.integers(0, 2, (30, 3))),
    ),
    "labels of fixed arrays": (
        lambda E, b, n: np.sum(E[n] * 2, axis=1) + b[n, ...] + E[n, 1],
        RNG.normal(size=(4, 3)),
        RNG.normal(size=4),
        RNG.integers(-4, 4, 30),
    ),
    "gradients of labelled arrays": (
        cr.grad(lambda E, n, y: np.sum((E[n] @ np.arange(3.0) - y) ** 2)),
        RNG.normal(size=(4, 3)),
        RNG.integers(-4, 4, 30),
        RNG.normal(size=30),
    ),
    "what changes nothing": (
        lambda x: (
            +x * 2,
            np.copy(x) + 1,
            x.astype(np.float32),
            x.reshape(30, 3),
            x.transpose(0, 1),
            F["trace"](x[:, :1, None]),
        ),
        RNG.normal(size=(30, 3)),
    ),
    "numbers of other dtypes": (
        lambda n, b, x: (n + True, b * 2.5, n / 2, x - 1, np.where(b, n, 0.5), n % 2, ~b, b & (n > 1)),
        RNG.integers(0, 9, (30, 3), dtype=np.int16),
        RNG.normal(size=(30, 3)) > 0,
        RNG.normal(size=(30, 3)).astype(np.float32),
    ),
    "a large product": (lambda A: np.tanh(A @ A), RNG.normal(size=(230, 230)) / 15),
    "the same result twice": (lambda x: (np.exp(x), np.exp(x), x, x.T, 3.0 * np.ones(2)), RNG.normal(size=(30, 2))),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("by_rows", [True, False], ids=["by rows", "fixed"])
def test_calls(name: str, by_rows: bool) -> None:
    f, *arguments = CALLS[name]
    assert_planned(f, *arguments, by_rows=by_rows, rtol=1e-10)


def test_elementwise_operations_need_no_entry() -> None:
    assert [p.name for p in TABLE if p.shape is elementwise] == ["exp", "logaddexp"]
