"""Colourings are held against what they are for: every entry can be read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainrule.passes.sparsity.colouring import colour_columns, plan, star_colouring, symmetric_plan

RNG = np.random.default_rng(8)


def random_pattern(m: int, n: int, density: float) -> Any:
    return sp.random_array((m, n), density=density, rng=RNG).tocsr().astype(bool)


def arrow(n: int) -> Any:
    A = np.eye(n, dtype=bool)
    A[0] = A[:, 0] = True
    return sp.csr_array(A)


def laplacian(n: int) -> Any:
    T = sp.diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1])
    return (sp.kron(sp.eye_array(n), T) + sp.kron(T, sp.eye_array(n))).tocsr().astype(bool)


CASES = [random_pattern(40, 30, d) for d in (0.02, 0.1, 0.5)] + [
    arrow(20),
    laplacian(7),
    sp.csr_array((5, 4), dtype=bool),
]


@pytest.mark.parametrize("pattern", CASES)
def test_no_row_has_two_columns_of_one_colour(pattern: Any) -> None:
    colours = colour_columns(pattern)
    A = pattern.toarray()
    for row in A:
        own = colours[row]
        assert len(set(own)) == len(own)
        assert (own >= 0).all()
    np.testing.assert_array_equal(colours >= 0, A.any(axis=0))


@pytest.mark.parametrize("width", [1, 3, 5])
def test_bands_take_as_many_colours_as_they_are_wide(width: int) -> None:
    A = sp.diags_array([np.ones(50 - abs(k)) for k in range(-(width // 2), width // 2 + 1)],
                       offsets=range(-(width // 2), width // 2 + 1)).tocsr().astype(bool)  # fmt: skip
    assert colour_columns(A).max() + 1 == width


@pytest.mark.parametrize("pattern", [*CASES, *(case.T.tocsr() for case in CASES)])
def test_every_entry_is_alone_in_the_product_that_it_is_read_from(pattern: Any) -> None:
    found = plan(pattern)
    A = pattern.toarray()
    for i, j in np.argwhere(A):
        row, column = found.rows[i], found.columns[j]
        by_row = row >= 0 if found.rows_first else column < 0
        if by_row:
            assert A[found.rows == row, j].sum() == 1
        else:
            assert column >= 0
            apart = (found.rows >= 0) & found.rows_first
            assert apart[i] or A[i, found.columns == column].sum() == 1
    assert found.cost <= min(pattern.shape)


def test_a_dense_row_and_a_dense_column_take_a_product_each() -> None:
    n = 20
    assert plan(arrow(n)).cost == 3
    row = sp.csr_array(np.vstack([np.ones(n), np.eye(n)]).astype(bool))
    assert (plan(row).forward, plan(row).reverse) == (1, 1)
    blocks = np.kron(np.eye(4), np.ones((1, 5)))  # a dense column beside rows that share no other
    column = sp.csr_array(np.hstack([np.ones((4, 1)), blocks]).astype(bool))
    assert (plan(column).forward, plan(column).reverse, plan(column).rows_first) == (1, 1, False)
    one_row = sp.csr_array(np.ones((1, n), bool))
    assert (plan(one_row).forward, plan(one_row).reverse) == (0, 1)


def symmetric(pattern: Any) -> Any:
    return (pattern + pattern.T).tocsr()


@pytest.mark.parametrize(
    "pattern", [symmetric(random_pattern(30, 30, d)) for d in (0.03, 0.1, 0.4)] + [arrow(20), laplacian(7)]
)
def test_star_colouring(pattern: Any) -> None:
    """Neighbours differ, and no path of four has two colours; then each entry is alone in its row or its column."""
    colours = star_colouring(pattern)
    A = pattern.toarray()
    edges = A & ~np.eye(len(A), dtype=bool)
    neighbours = [np.flatnonzero(row) for row in edges]
    for v, own in enumerate(neighbours):
        assert not (colours[own] == colours[v]).any()
        for w in own:
            for x in neighbours[w]:
                if x == v or colours[x] != colours[v]:
                    continue
                others = neighbours[x][neighbours[x] != w]
                assert not (colours[others] == colours[w]).any()
    for i, j in np.argwhere(A):
        alone = A[i, colours == colours[j]].sum() == 1
        assert alone or A[j, colours == colours[i]].sum() == 1


def test_symmetry_saves_colours() -> None:
    assert star_colouring(arrow(30)).max() + 1 == 2
    assert colour_columns(arrow(30)).max() + 1 == 30


def grid(*sizes: int, corners: bool = False) -> Any:
    """Each point of a grid with its neighbours along the axes, or with all around it."""
    lines = [sp.diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1]) for n in sizes]
    total = sp.csr_array((int(np.prod(sizes)),) * 2)
    for axis in range(len(sizes)):
        term = sp.eye_array(1)
        for i, n in enumerate(sizes):
            term = sp.kron(term, lines[i] if corners or i == axis else sp.eye_array(n))
        total = total + term
    return total.tocsr().astype(bool)


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        (grid(16, 16), 5),
        (grid(11, 30), 5),
        (grid(13, 13, corners=True), 9),
        (grid(8, 9, 10), 7),
        (grid(7, 7, 7, corners=True), 27),
    ],
)
def test_grids_take_no_more_colours_than_a_row_has_entries(pattern: Any, least: int) -> None:
    colours = colour_columns(pattern)
    assert colours.max() + 1 == least
    for row in np.split(pattern.indices, pattern.indptr[1:-1]):
        assert len(set(colours[row])) == row.size
    assert symmetric_plan(pattern).cost <= least


def test_a_symmetric_plan_takes_what_has_fewer_colours() -> None:
    assert symmetric_plan(arrow(30)).cost == 2
    assert star_colouring(grid(13, 13, corners=True)).max() + 1 > 9


def test_an_empty_column_has_no_colour() -> None:
    A = np.eye(4, dtype=bool)
    A[2, 2] = False
    np.testing.assert_array_equal(star_colouring(sp.csr_array(A)), [0, 0, -1, 0])


def star_colouring_by_its_definition(pattern: Any) -> Any:
    """The least colour that neither makes neighbours equal nor a path of four vertices two-coloured."""
    n = pattern.shape[0]
    near = [set(np.flatnonzero(row)) - {i} for i, row in enumerate(pattern.toarray())]
    colours = np.full(n, -1)
    for v in range(n):
        if not pattern[[v]].nnz:
            continue
        forbidden = {colours[w] for w in near[v]}
        for w in near[v]:
            if colours[w] < 0:
                continue
            if any(colours[x] == colours[w] for x in near[v] - {w}):
                forbidden |= {colours[x] for x in near[w]}
            forbidden |= {colours[x] for x in near[w] - {v} if any(colours[y] == colours[w] for y in near[x] - {w})}
        colours[v] = next(k for k in range(n) if k not in forbidden)
    return colours


@pytest.mark.parametrize("density", [0.03, 0.1, 0.2, 0.4, 0.7])
def test_a_star_colouring_is_that_of_its_definition(density: float) -> None:
    for n in (3, 8, 20, 35):
        pattern = symmetric(random_pattern(n, n, density))
        np.testing.assert_array_equal(star_colouring(pattern), star_colouring_by_its_definition(pattern))


def test_a_vertex_in_the_middle_of_all_others_takes_linear_time() -> None:
    """A loop over the neighbours of neighbours would take 1e10 steps here."""
    n = 100_000
    others, middle = np.arange(1, n), np.zeros(n - 1, int)
    places = np.concatenate([others, middle]), np.concatenate([middle, others])
    pattern = sp.coo_array((np.ones(2 * n - 2, bool), places), shape=(n, n)).tocsr()
    assert star_colouring(pattern).max() == 1


def test_a_grid_is_looked_for_in_few_rows_where_there_are_many_widths() -> None:
    n = 20_000
    widths = 2 ** np.arange(11)
    pattern = sp.diags_array([np.ones(n - w) for w in widths], offsets=widths, shape=(n, n)).tocsr().astype(bool)
    colours = colour_columns(pattern)
    rows = np.repeat(np.arange(n), np.diff(pattern.indptr))
    assert np.bincount(rows * (colours.max() + 1) + colours[pattern.indices]).max() == 1
