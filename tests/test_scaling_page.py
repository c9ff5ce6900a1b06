"""The page about rows that do not fit: its example does what it says."""

from __future__ import annotations

from pages import run_examples


def test_example() -> None:
    run_examples("scaling.md", "Blocks")
