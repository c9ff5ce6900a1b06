"""The page about what cannot be traced: the examples of a function that is not known."""

from __future__ import annotations

from pages import run_examples


def test_examples() -> None:
    run_examples("cannot-be-traced.md", "A function that is not known")
