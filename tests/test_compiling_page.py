"""The page about compiled functions: its examples do what it says."""

from __future__ import annotations

import pytest
from pages import run_examples

from chainrule.kernels.machine import available


@pytest.mark.skipif(bool(available()), reason=available())
@pytest.mark.parametrize("heading", ["A function and its plan", "Floating point", "Without asking"])
def test_the_examples(heading: str) -> None:
    run_examples("compiling.md", *dict.fromkeys(["A function and its plan", heading]))
