"""The page about data: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples


@pytest.mark.parametrize(
    "heading", ["Files", "Arrays in .npy files", "Frames and arrays", "Categories", "Missing values"]
)
def test_examples(heading: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.chdir(request.config.rootpath)
    run_examples("data.md", heading)
