"""The page about linear algebra: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples


@pytest.mark.parametrize("heading", ["A use", "Where values coincide"])
def test_the_examples(heading: str) -> None:
    run_examples("linear-algebra.md", heading)
