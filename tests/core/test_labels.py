"""What a shape rule says of axes, tried on every primitive of the registry: rows permuted, taken alone, folded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import row_blocks as blockwise
from samples import Sample, samples_of

from chainrule.core.labels import Carried, Folding, Labels
from chainrule.core.registry import primitives

PUT_TOGETHER = {**blockwise.PUT_TOGETHER, Folding.MEAN: np.mean}


def row_axes(sample: Sample) -> Iterator[tuple[tuple[int | None, ...], int | Carried]]:
    """Each way in which axes of the operands go together, and what the rule says becomes of them."""
    if sample.primitive.opaque:
        return
    shapes = [np.shape(x) for x in sample.operands]
    rule = sample.primitive.shape
    labels = rule.labels(shapes, sample.parameters)
    assert [len(own) for own in labels.operands] == [len(shape) for shape in shapes]
    assert len(labels.result) == len(rule.infer(shapes, sample.parameters))
    for group in labels.together():
        axes: list[int | None] = [None] * len(shapes)
        for operand, axis in group:
            if operand >= 0:
                axes[operand] = axis
        carried = rule.carry(shapes, sample.parameters, axes)
        if _says(sample, carried):
            yield tuple(axes), carried
    for i, own in enumerate(labels.operands):
        for axis, label in enumerate(own):
            if label is not None and sum(other.count(label) for other in labels.operands) == 1:
                alone = tuple(axis if j == i else None for j in range(len(shapes)))
                if _says(sample, found := rule.carry(shapes, sample.parameters, alone)):
                    yield alone, found


def _says(sample: Sample, carried: Any) -> bool:
    """Whether anything is said: an operation that goes over an axis and does not say how is one that mixes it."""
    return type(carried) is int or (carried is Carried.FOLDED and sample.primitive.folding is not None)


EVERY = {
    name: [(sample, axes, carried) for sample in samples_of(primitive) for axes, carried in row_axes(sample)]
    for name, primitive in primitives().items()
}
CASES = {name: cases for name, cases in EVERY.items() if cases}
each = pytest.mark.parametrize("name", CASES)


def taken(x: Any, axis: int | None, rows: Any) -> Any:
    return x if axis is None else np.take(x, rows, axis=axis)


def count_of(sample: Sample, axes: tuple[int | None, ...]) -> int:
    counts = {np.shape(x)[axis] for x, axis in zip(sample.operands, axes, strict=True) if axis is not None}
    assert len(counts) == 1
    return counts.pop()


def applied(sample: Sample, axes: tuple[int | None, ...], rows: Any) -> Any:
    operands = [taken(x, axis, rows) for x, axis in zip(sample.operands, axes, strict=True)]
    return sample.primitive.evaluate(*operands, **sample.parameters)


def close(got: Any, want: Any, sample: Sample) -> None:
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12, err_msg=str(sample))


def test_the_table_is_not_empty() -> None:
    assert {"sum", "matmul", "einsum", "sin", "where", "getitem", "scatter", "reshape", "softmax", "solve"} <= set(
        CASES
    )


@each
def test_rows_in_another_order_give_the_result_in_that_order(name: str) -> None:
    for sample, axes, carried in CASES[name]:
        rows = np.random.default_rng(0).permutation(count_of(sample, axes))
        whole = np.asarray(sample.primitive.evaluate(*sample.operands, **sample.parameters))
        want = whole if carried is Carried.FOLDED else taken(whole, carried, rows)
        close(applied(sample, axes, rows), want, sample)


@each
def test_some_rows_give_their_part_of_the_result(name: str) -> None:
    for sample, axes, carried in CASES[name]:
        rows = np.arange(count_of(sample, axes))
        whole = np.asarray(sample.primitive.evaluate(*sample.operands, **sample.parameters))
        folding = sample.primitive.folding
        if carried is Carried.FOLDED and folding is not None:
            if len(rows) or folding not in (Folding.MAX, Folding.MIN, Folding.MEAN):
                parts = [applied(sample, axes, part) for part in np.array_split(rows, max(len(rows), 1))]
                close(PUT_TOGETHER[folding](parts, axis=0), whole, sample)
        elif "shape" not in sample.parameters:  # where the number of rows would stand
            for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
                close(applied(sample, axes, part), taken(whole, carried, part), sample)


def test_what_is_folded_says_how() -> None:
    folded = {name for name, cases in CASES.items() if any(carried is Carried.FOLDED for *_, carried in cases)}
    declared = {name for name, primitive in primitives().items() if primitive.folding}
    assert declared == folded


def test_axes_that_do_not_go_together_are_mixed() -> None:
    product = Labels((("m", "k"), ("k", "n")), ("m", "n"))
    assert product.carry((0, None)) == 0
    assert product.carry((None, 1)) == 1
    assert product.carry((1, 0)) is Carried.FOLDED
    assert product.carry((1, None)) is Carried.MIXED
    assert product.carry((0, 1)) is Carried.MIXED
    assert product.carry((None, None)) is None
    assert Labels((("i", "i"),), ("i",)).carry((0,)) is Carried.MIXED
    assert Labels((("i",),), ("i", "i")).carry((0,)) is Carried.MIXED
    assert Labels(((None,),), (None,)).carry((0,)) is Carried.MIXED
