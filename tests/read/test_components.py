"""Several formulas in one text."""

from __future__ import annotations

import pytest

from chainrule.read.components import components_of


@pytest.mark.parametrize(
    ("text", "components"),
    [
        ("(x^2 y, 5x + sin y)", ["x^2 y", "5x + sin y"]),
        (" [a, max(b, c), d] ", ["a", "max(b, c)", "d"]),
        ("((x, y))", ["((x, y))"]),
        ("(x + y)(x, y)", ["(x + y)(x, y)"]),
        ("max(x, y)", ["max(x, y)"]),
        ("(x)", ["(x)"]),
        ("(x,)", ["(x,)"]),
        ("(x, y", ["(x, y"]),
        ("(x, (y)", ["(x, (y)"]),
        ("", [""]),
        (f"({'x,' * 100_000}x)", [f"({'x,' * 100_000}x)"]),
    ],
)
def test_components(text: str, components: list[str]) -> None:
    assert components_of(text) == components
