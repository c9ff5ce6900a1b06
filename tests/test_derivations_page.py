"""The page on derivations: its examples run in order, and print what stands below them."""

from __future__ import annotations

import contextlib
import io
import re
from typing import Any

from pages import DOCS

_BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n^```\n(.*?)^```$)?", re.DOTALL | re.MULTILINE)


def test_the_examples_print_what_the_page_says() -> None:
    found = _BLOCK.findall((DOCS / "derivations.md").read_text("utf-8"))
    assert sum(bool(wanted) for _, wanted in found) >= 7
    namespace: dict[str, Any] = {}
    for code, wanted in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        assert printed.getvalue()
        assert wanted in ("", printed.getvalue()), code
