"""The page about sparse derivatives: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples


@pytest.mark.parametrize("heading", ["A Jacobian", "How it is found", "A Hessian", "One point, many tangents"])
def test_examples(heading: str) -> None:
    run_examples("sparse.md", heading)
