"""The page about long computations: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples

HEADINGS = ["Loops", "Memory of a loop", "Compute again instead of keeping", "Differential equations"]


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_examples(heading: str) -> None:
    run_examples("long-computations.md", heading)
