"""Which vectors of a decomposition a tape reads: told by indices, and all of them where they do not tell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.calculus.arguments import Selection
from chainrule.calculus.eager import Run
from chainrule.core.packed import Packed
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.passes.vectors_read import vectors_read

A = np.diag([1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize(
    ("f", "columns"),
    [
        (lambda a: np.linalg.eigh(a)[1][:, 0], (0,)),
        (lambda a: np.linalg.eigh(a)[1].T[2], (2,)),
        (lambda a: (lambda v: v[0, :2] + v[1, 1:3])(np.linalg.eigh(a)[1]), (0, 1, 2)),
        (lambda a: np.linalg.eigh(a)[1].copy()[:, -1], (3,)),
        (lambda a: np.linalg.eigh(a)[1] @ np.ones(4), None),
        (lambda a: np.linalg.eigh(a)[0], ()),
    ],
    ids=["one", "of the transpose", "by two slices", "the last of a copy", "all in a product", "none"],
)
def test_the_columns_that_indices_take_out(f: Any, columns: Any) -> None:
    run = Run(f, Selection(f, 0), (A,), {})
    start = next(r for r in run.records if r.primitive is not None and isinstance(r.primitive.derivative, Packed))
    assert isinstance(start.primitive.derivative, Packed)
    assert vectors_read(run.records, start, start.primitive.derivative.choice.parts) == columns


def test_what_takes_all_parts_together_reads_all_vectors() -> None:
    run = Run(np.linalg.eigvalsh, Selection(np.linalg.eigvalsh, 0), (A,), {})
    start = run.records[-1]
    whole = Record(start.primitive, (start,), (start.value,), start.value, {})
    assert vectors_read([*run.records, whole], start, ("vectors",)) is None


def test_a_rule_asked_by_itself_takes_all_parts_as_read() -> None:
    run = Run(np.linalg.eigh, Selection(np.linalg.eigh, 0), (A,), {})
    start = next(r for r in run.records if r.primitive is not None and isinstance(r.primitive.derivative, Packed))
    assert start.primitive is not None
    cotangent = np.zeros_like(start.value)
    cotangent[0] = [1.0, 0.0, 0.0, 2.0]  # of the values, which stand before the vectors
    (found,) = start.primitive.derivative.pull(plain, start, cotangent, None)
    np.testing.assert_allclose(found, np.diag([1.0, 0.0, 0.0, 2.0]), atol=1e-15)
