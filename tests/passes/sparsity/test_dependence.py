"""What depends on what: every primitive, and random programs, against the Jacobian itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_programs import Program, programs
from samples import Sample, samples_of

import chainrule as cr
from chainrule.core.axes import AxisRule
from chainrule.core.derivative import Custom
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import ShapeRule

TABLE = primitives()


def dense(f: Any, values: list[Any], rows: int) -> Any:
    """The Jacobian by one argument behind the other, a row for each component of the value."""
    with np.errstate(all="ignore"):
        blocks = cr.jacobian(f, argnums=tuple(range(len(values))), mode="forward")(*values)
    return np.hstack([np.asarray(block).reshape(rows, np.size(x)) for block, x in zip(blocks, values, strict=True)])


def real(sample: Sample) -> bool:
    """Whether it is a function of real numbers, with one result of them."""
    with np.errstate(all="ignore"):
        out = np.asarray(sample.call(*sample.values()))
    return out.dtype.kind == "f" and all(np.asarray(x).dtype.kind == "f" for x in sample.values())


@pytest.mark.parametrize("entry", TABLE.values(), ids=TABLE)
def test_no_entry_of_any_primitive_is_missed(entry: Primitive) -> None:
    for sample in samples_of(entry):
        if not sample.active or not real(sample):
            continue
        found = cr.sparsity(sample.call, argnums=tuple(range(len(sample.active))))(*sample.values()).toarray()
        matrix = dense(sample.call, sample.values(), found.shape[0])
        assert not ((matrix != 0) & ~found).any(), str(sample)


X = np.random.default_rng(0).normal(size=(3, 4))
STACK = np.random.default_rng(1).normal(size=(2, 3, 3, 3)) + 3 * np.eye(3)


@pytest.mark.parametrize(
    ("f", "x", "blocks"),
    [
        (lambda x: np.sort(x, axis=1), X, (3, np.ones((4, 4)))),
        (lambda x: cr.special.softmax(x, axis=1), X, (3, np.ones((4, 4)))),
        (lambda x: np.max(x, axis=1), X, (3, np.ones((1, 4)))),
        (lambda x: np.std(x, axis=1, keepdims=True), X, (3, np.ones((1, 4)))),
        (np.linalg.inv, STACK, (6, np.ones((9, 9)))),
        (np.linalg.det, STACK, (6, np.ones((1, 9)))),
        (lambda x: np.linalg.solve(STACK, x), np.ones((2, 3, 3, 2)), (6, np.ones((6, 6)))),
        (lambda x: np.linalg.solve(STACK[0, 0], x), np.ones(3), (1, np.ones((3, 3)))),
        (lambda x: np.exp(x) + x**2, X, (12, np.ones((1, 1)))),
        (lambda x: np.where(x > 0, x, 0.0), X, (12, np.ones((1, 1)))),
        (lambda x: x @ np.ones((4, 2)), X, (3, np.ones((2, 4)))),
        (lambda x: np.floor(x) + np.sign(x), X, (12, np.zeros((1, 1)))),
    ],
)
def test_what_does_not_meet_is_known_to(f: Any, x: Any, blocks: tuple[int, Any]) -> None:
    """Not more than the structure says: a block for each line, or each member of a stack."""
    count, block = blocks
    np.testing.assert_array_equal(cr.sparsity(f)(x).toarray(), np.kron(np.eye(count), block) != 0)


def test_a_zero_that_is_one_by_chance_is_an_entry() -> None:
    """The pattern is that of every point on the same branch: a factor may be zero at this one."""
    np.testing.assert_array_equal(cr.sparsity(lambda x: x * x[::-1])(np.zeros(2)).toarray(), True)
    np.testing.assert_array_equal(cr.sparsity(lambda x: x[:2] @ x[2:])(np.zeros(4)).toarray(), True)
    two_by_two = lambda x: (x[:4].reshape(2, 2) @ x[4:].reshape(2, 2)).ravel()
    assert cr.sparsity(two_by_two)(np.zeros(8)).nnz == 16


def test_zeros_of_a_constant_matrix_are_no_entries() -> None:
    A = np.diag([1.0, 2.0, 3.0])
    assert cr.sparsity(lambda x: A @ x)(np.ones(3)).nnz == 3


def test_an_operation_of_the_user_is_a_block() -> None:
    shift = cr.primitive(lambda x: np.roll(x, 1))
    np.testing.assert_array_equal(cr.sparsity(lambda x: shift(x[:3]) * x[3])(np.ones(4)).toarray(), True)


def test_writes_and_repeated_indices() -> None:
    def f(x: Any) -> Any:
        y = np.zeros_like(x)
        y[::2] = x[1::2] ** 2
        y[1] = x[0]
        return np.append(y[:4], x[[0, 0]])

    want = [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    np.testing.assert_array_equal(cr.sparsity(f)(np.arange(1.0, 5.0)).toarray(), want)


def test_what_is_not_sparse_is_refused_by_name() -> None:
    x = np.ones(10_000)
    with pytest.raises(cr.LimitError, match=r"divide \(test_dependence.py, line \d+\) has more than"):
        cr.sparsity(lambda x: x / np.sum(x))(x)
    with pytest.raises(cr.LimitError, match="cumsum"):
        cr.sparsity(np.cumsum)(x)
    with pytest.raises(cr.LimitError, match="sort"):
        cr.sparsity(np.sort)(x)


def open_values(program: Program, *point: Any) -> Any:
    values = list(point)
    for primitive, operands, parameters in program.lines:
        values.append(primitive(*(values[i] for i in operands), **parameters))
    return np.concatenate([np.ravel(values[i] * 1.0) for i in program.open])


def agree(start: int) -> None:
    for program in programs(20, start):
        f = lambda a, b, c, program=program: open_values(program, a, b, c)
        with np.errstate(all="ignore"):
            pattern = cr.sparsity(f, argnums=(0, 1, 2))(*program.point).toarray()
            matrix = dense(f, list(program.point), pattern.shape[0])
            found = cr.sparse_jacobian(f, argnums=(0, 1, 2))(*program.point).toarray()
        assert not ((matrix != 0) & ~pattern).any(), str(program)
        np.testing.assert_allclose(found, matrix, rtol=1e-10, atol=1e-12, err_msg=str(program))


@pytest.mark.parametrize("start", [0, 20, 5480])  # among the last is one of which all entries cancel to zero
def test_random_programs(start: int) -> None:
    agree(start)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1_000, 2_000, 20))
def test_random_programs_in_a_long_sweep(start: int) -> None:
    agree(start)


# --- shape rules that say less than they seem to ----------------------------------------------------------------------


class Rows(ShapeRule):
    """The result has the operand's shape; `asks` and `batches` say how."""

    def __init__(self, shrinks: bool = False, rolls: bool = False) -> None:
        self.shrinks, self.rolls = shrinks, rolls

    def infer(self, shapes: Any, parameters: Any) -> Any:
        return (1,) if self.shrinks and not shapes[0] else shapes[0]

    def batch(self, F: Any, apply: Any, operands: Any, batched: Any, parameters: Any) -> Any:
        return apply(*(np.roll(x, 1) if self.rolls else x for x in operands), **parameters)


class Halves(AxisRule):
    """Half of an axis is left: neither the shape of the operand nor that of a reduction."""

    def infer(self, shapes: Any, parameters: Any) -> Any:
        return (shapes[0][0] // 2, *shapes[0][1:])


def mixing(rule: ShapeRule, evaluate: Any, **parameters: Any) -> Any:
    """An operation that is linear in nothing, by a shape rule."""
    derivative = Custom(lambda F, t, out, x, **_: evaluate(t[0]), lambda F, g, out, x, **_: [g], "a test")
    return lambda x: Primitive("mixing", evaluate, rule, derivative)(x, **parameters)


@pytest.mark.parametrize(
    ("f", "shape"),
    [
        (mixing(Rows(rolls=True), lambda x: x), (3, 2)),  # a batch of it is another operation
        (mixing(Rows(shrinks=True), lambda x: x), (3,)),  # a member has another shape than its part of the result
        (mixing(Halves(), lambda x, **_: x[: len(x) // 2], axis=0), (4, 2)),
    ],
)
def test_what_is_not_declared_is_dense(f: Any, shape: Any) -> None:
    assert cr.sparsity(f)(np.ones(shape)).toarray().all()


def test_members_of_a_stack_by_the_rule_of_a_batch() -> None:
    f = mixing(Rows(), lambda x: x)
    np.testing.assert_array_equal(cr.sparsity(f)(np.ones((3, 2))).toarray(), np.eye(6))
