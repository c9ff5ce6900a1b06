"""Blocks that are filled from columns: room that grows, rows across pieces, columns that stay apart."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.learn.data.filling import Filling, finite

draw = np.random.default_rng(0)
COLUMNS = [draw.normal(size=1000), draw.random(1000) > 0.5, draw.normal(size=1000)]


@pytest.mark.parametrize("room", [1, 7, 1000, 2000])
@pytest.mark.parametrize("most", [None, 900])
def test_rows_and_target(room, most):
    filled, at = Filling(room, 2, True, np.float32), 0
    for count in (1, 30, 400, 500, 69):
        at += filled.take([column[at : at + count] for column in COLUMNS], 0, most)
    wanted = min(1000, most or 1000)
    assert filled.rows == at == wanted
    X, y = filled.pair()
    assert X.dtype == y.dtype == np.float32
    assert np.array_equal(X, np.column_stack(COLUMNS[:2])[:wanted].astype(np.float32))
    assert np.array_equal(y, COLUMNS[2][:wanted].astype(np.float32))


@pytest.mark.parametrize("room", [1, 1000])
def test_columns_by_themselves(room):
    filled = Filling(room, 3, False, np.float64)
    filled.take(COLUMNS, 400)
    filled.take(COLUMNS, 900)
    for found, column in zip(filled.separate(), COLUMNS, strict=True):
        assert np.array_equal(found, np.concatenate([column[400:], column[900:]]))
    X, y = filled.pair()
    assert (X.shape, y) == ((700, 3), None)


def test_wide_rows_are_written_in_pieces():
    wide = [draw.normal(size=50) for _ in range(5000)]
    filled = Filling(50, 4999, True, np.float64)
    filled.take(wide, 0)
    assert np.array_equal(filled.pair()[0], np.column_stack(wide[:-1]))


def test_finite():
    assert finite(np.full(10, 1e308))
    assert not finite(np.array([1.0, np.inf]))
    assert not finite(np.array([1.0, np.nan]))
