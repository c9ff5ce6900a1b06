"""Chunks and the tree that puts their sums together."""

from __future__ import annotations

import pytest
from hand_made_kernels import CASES, least_squares
from hypothesis import given, strategies as st

from chainrule.kernels.running.blocks import CHUNKS, add_up, chunk_rows, row_bytes, totals_bytes


@given(st.integers(0, 300))
def test_every_chunk_is_added_once_and_in_order(chunks: int) -> None:
    sums = [[i] for i in range(chunks)]

    def merge(into: int, other: int) -> None:
        sums[into] += sums[other]
        sums[other] = []

    add_up(chunks, merge)
    assert not chunks or sums[0] == list(range(chunks))


@pytest.mark.parametrize("name", CASES)
@given(rows=st.integers(0, 10**9))
def test_chunks_are_strips_and_few(name: str, rows: int) -> None:
    program = CASES[name]().program
    chunk = chunk_rows(program, rows)
    assert chunk > 0
    assert -(-rows // chunk) <= max(CHUNKS, -(-rows * row_bytes(program) // 2**24))
    assert not program.has_rows or chunk % max(section.strip for section in program.sections) == 0


def test_large_sums_make_fewer_chunks() -> None:
    program = least_squares(features=100_000).program
    totals = totals_bytes(program.sections[0])
    chunks = -(-(10**9) // chunk_rows(program, 10**9))
    assert chunks > 1
    assert chunks * totals <= 32 * 2**20
