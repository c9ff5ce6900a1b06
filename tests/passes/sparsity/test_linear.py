"""The sparsity of a linear map from its products alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from chainrule.passes.sparsity.linear import places_of

RNG = np.random.default_rng(5)
MANY = 10**7


def places(A: Any, limit: int = MANY) -> Any:
    found = places_of(lambda v: A @ v, lambda g: A.T @ g, *A.shape, limit)
    return None if found is None else found.toarray()


def banded(n: int, width: int) -> Any:
    return sp.diags_array([RNG.normal(size=n - k) for k in range(width)], offsets=range(width)).tocsr()


@pytest.mark.parametrize(
    "A",
    [
        np.eye(7)[[3, 3, 0, 6]],  # an index
        np.vstack([np.eye(3), np.zeros((2, 3))]),  # rows without an entry
        -2.5 * np.eye(200)[::-1],
        np.kron(np.eye(5), np.ones((1, 4))) / 4,  # means
        np.ones((1, 500)),
        np.ones((500, 1)),
        np.tril(np.ones((40, 40))),  # a cumulative sum
        np.array([[1.0, -1.0, 0.0], [0.0, 1.0, -1.0]]),  # rows that sum to zero
        np.zeros((3, 4)),
        np.zeros((0, 4)),
        np.zeros((4, 0)),
        np.kron(np.eye(100), RNG.normal(size=(2, 3))),
    ],
)
def test_it_is_the_pattern_itself(A: Any) -> None:
    np.testing.assert_array_equal(places(A), A != 0)


def test_bands_of_many_columns() -> None:
    A = banded(3000, 5)
    found, want = places(A), A.toarray() != 0
    assert not (want & ~found).any()
    assert found.sum() <= 1.01 * want.sum()


@pytest.mark.parametrize("density", [0.0003, 0.001, 0.003])
def test_nothing_is_missed_of_a_random_matrix(density: float) -> None:
    A = sp.random_array((400, 3000), density=density, rng=RNG).tocsr()
    found, want = places(A), A.toarray() != 0
    assert not (want & ~found).any()
    assert found.sum() <= 2 * want.sum()


def test_complex_and_single_precision() -> None:
    A = np.fft.fft(np.eye(6))
    np.testing.assert_array_equal(places(A), True)
    single = np.eye(5, dtype=np.float32)[::-1] * np.float32(0.1)
    found = places_of(lambda v: single @ v.astype(np.float32), lambda g: single.T @ g.astype(np.float32), 5, 5, MANY)
    assert found is not None
    np.testing.assert_array_equal(found.toarray(), single != 0)


@pytest.mark.parametrize("A", [np.tril(np.ones((20, 20))), np.tril(np.ones((600, 600)))])
def test_more_entries_than_the_limit_are_refused(A: Any) -> None:
    assert places(A, limit=100) is None


def test_a_dense_map_is_refused_before_it_is_asked_about_groups() -> None:
    n = 2000
    asked = []

    def cumulated(v: Any) -> Any:
        asked.append(1)
        return np.cumsum(v)

    assert places_of(cumulated, lambda g: np.cumsum(g[::-1])[::-1], n, n, 10_000) is None
    assert len(asked) < 10


def test_a_few_dense_rows_are_no_dense_map() -> None:
    A = sp.eye_array(2000).tolil()
    A[7] = 1.0
    A[:, 5] = 1.0
    found = places(A.tocsr(), limit=50_000)
    assert found is not None
    assert not ((A.toarray() != 0) & ~found).any()
