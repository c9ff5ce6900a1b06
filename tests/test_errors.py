"""What a message shows of the input that it is about."""

from __future__ import annotations

import pytest

from chainrule.errors import FormulaError


@pytest.mark.parametrize("position", [0, 60, 61, 5_000, 9_999])
def test_the_caret_stands_under_the_offending_character(position: int) -> None:
    text = "x" * position + "?" + "y" * (9_999 - position)
    problem, shown, caret, expected = str(FormulaError("not read", text, position, "a number")).splitlines()
    assert problem == f"not read (column {position + 1})"
    assert shown[caret.index("^")] == "?"
    assert len(shown) < 120
    assert shown.startswith("  ...") == (position > 60)
    assert expected == "expected a number"
