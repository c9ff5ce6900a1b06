"""The page about the verdict: its examples print what it shows."""

from __future__ import annotations

import pytest
from pages import run_examples

PAGE = "verdict.md"


@pytest.mark.parametrize(
    "heading",
    [
        "Learning rates",
        "How many steps more",
        "Conditioning",
        "Plateaus and saddle points",
        "Mini-batches",
        "Curvature by itself",
    ],
)
def test_the_examples(heading: str) -> None:
    run_examples(PAGE, heading)
