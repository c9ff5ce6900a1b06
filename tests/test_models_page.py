"""The page about models: its examples do what it says."""

from __future__ import annotations

from pages import run_examples


def test_examples() -> None:
    for heading in ("Fit", "Look inside", "Classes", "Networks"):
        run_examples("models.md", heading)
