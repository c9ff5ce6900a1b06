"""The page about reading formulas: its examples do what it says, and its tables are read as they say."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, run_examples, section

from chainrule.errors import FormulaError
from chainrule.read.formula import parse
from chainrule.views.write import formula

PAGE = "formulas.md"
SHAPES = "X: N d, A: d d, B: d d, S: d d, x: d, y: d, b: d, r: d, w: d, c:"


@pytest.mark.parametrize("heading", ["What belongs together", "Vectors and matrices"])
def test_the_examples(heading: str) -> None:
    run_examples(PAGE, heading)


def table_rows(text: str) -> list[list[str]]:
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [[cell.replace("&#124;", "|") for cell in row] for row in rows[2:]]


def codes(cell: str) -> list[str]:
    return [a or b for a, b in re.findall(r"`([^`]+)`|<code>(.*?)</code>", cell)]


def test_what_is_said_to_belong_together_does() -> None:
    rows = table_rows(section(PAGE, "What belongs together"))
    assert len(rows) >= 9
    for written, meaning, *_ in rows:
        for text in codes(written):
            if meaning == "refused":
                with pytest.raises(FormulaError):
                    parse(text)
            else:
                (same,) = codes(meaning)
                assert formula(parse(text)) == formula(parse(same))


def test_every_formula_of_arrays_is_read() -> None:
    rows = table_rows(section(PAGE, "Vectors and matrices"))
    texts = [text for written, *_ in rows for text in codes(written) if not text.startswith(("axis", "`"))]
    assert len(texts) > 30
    for text in texts:
        if text.isidentifier():
            text = f"{text}(X)"
        parse(text, shapes=SHAPES)


def test_every_notation_is_read() -> None:
    page = (DOCS / PAGE).read_text("utf-8")
    first = page[page.index("| notation |") : page.index("A backslash")]
    examples = [example for _, cell in table_rows(first) for example in codes(cell)]
    assert len(examples) > 25
    for example in examples:
        try:
            parse(example)
        except FormulaError:
            parse(example, shapes="X: N d, y: N, r: N, w: d, x: d, x_1: d, S: d d")
