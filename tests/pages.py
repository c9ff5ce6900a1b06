"""The examples of a page of the documentation, run as doctests."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"


def section(page: str, heading: str) -> str:
    """The text below a heading of the second level, up to the next one."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", (DOCS / page).read_text("utf-8"), re.S | re.M)
    assert found is not None, f"{page} has no section {heading!r}"
    return found[1]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def without_last_digits(text: str) -> str:
    """A printed report without what the machine decides: the last digits, the error bars, the number of calls."""
    text = re.sub(r"\d+ evaluations", "# evaluations", text)
    text = re.sub(r"\b\d(\.\d+)?e[+-]\d+", "#", text)
    text = re.sub(r"\d+\.\d{6,}", lambda number: f"{float(number[0]):.6g}", text)
    return re.sub(r"[ \t]+", " ", text)


class _Checker(doctest.OutputChecker):
    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        return super().check_output(without_last_digits(want), without_last_digits(got), optionflags)


def run_examples(page: str, *headings: str) -> None:
    """Run the examples of sections in one namespace; a failure prints expected and got."""
    examples = "\n".join(block for heading in headings for block in blocks(section(page, heading), "pycon"))
    test = doctest.DocTestParser().get_doctest(examples, {}, f"{page}: {headings[0]}", page, 0)
    assert test.examples
    results = doctest.DocTestRunner(_Checker(), optionflags=doctest.ELLIPSIS).run(test)
    assert results.failed == 0
