"""The page about writing formulas: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples


@pytest.mark.parametrize("heading", ["Notations", "What is used again", "Derivatives"])
def test_the_examples(heading: str) -> None:
    run_examples("writing-formulas.md", heading)
