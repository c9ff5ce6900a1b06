"""Two hundred random losses over rows: blocks give what the whole gives, at the traced number of rows and at others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from row_blocks import by_blocks
from row_losses import random_loss

from chainrule.calculus.gradients import value_and_grad
from chainrule.calculus.recording import Recorded, record
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.row_counts import rows_at_any_count
from chainrule.passes.rows import Rows, rows_of
from chainrule.passes.simplify import simplify_to_run

ROWS = 23


def recorded(loss: Any, rows: int) -> Recorded:
    data = [np.resize(x, (rows, *x.shape[1:])) for x in loss.data]
    return record(value_and_grad(loss.f), (loss.parameters, *data), {}, lambda leaf, place, path: np.asarray(leaf)[()])


def close(found: Any, wanted: Any, name: str) -> None:
    for got, want in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-10, err_msg=name)


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_blocks_give_what_the_whole_gives(first: int) -> None:
    for seed in range(first, first + 20):
        loss = random_loss(seed, ROWS)
        run = recorded(loss, ROWS)
        graph = simplify_to_run(run.graph)[0]
        whole = evaluate(graph, *run.values)
        rows = rows_of(graph)
        assert isinstance(rows, Rows), (seed, loss.name, rows)
        assert rows.count == ROWS, (seed, loss.name)
        verify(rows.graph)
        close(evaluate(rows.graph, *run.values), whole, loss.name)
        cuts = sorted(np.random.default_rng(seed).choice(np.arange(1, ROWS), 3, replace=False))
        close(by_blocks(rows, run.values, cuts), whole, loss.name)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_any_number_of_rows(first: int) -> None:
    for seed in range(first, first + 50, 3):
        loss = random_loss(seed, ROWS)
        one, two, more = (recorded(loss, count) for count in (29, 37, 51))
        axes = [None if place == 0 else 0 for place in one.places]
        rows = rows_at_any_count(*(simplify_to_run(run.graph)[0] for run in (one, two)), axes)
        assert isinstance(rows, Rows), (seed, loss.name, rows)
        close(by_blocks(rows, more.values, [20], 51), evaluate(more.graph, *more.values), loss.name)
