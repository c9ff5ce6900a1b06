"""The page about solvers: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples


@pytest.mark.parametrize("heading", ["A root", "A fixed point", "A minimum: bilevel problems", "Many unknowns"])
def test_examples(heading: str) -> None:
    run_examples("implicit.md", heading)
