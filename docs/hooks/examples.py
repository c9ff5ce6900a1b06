"""Sets the examples of docstrings as code: in Markdown, lines that start with >>> would be quotations."""

from __future__ import annotations

import re
from typing import Any

import griffe

# An example lasts until an empty line, as for doctest.
_EXAMPLE = re.compile(r"^>>> .*(?:\n(?!$).*)*", re.MULTILINE)


class Examples(griffe.Extension):
    """Puts every example into a fence."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = _EXAMPLE.sub(_fenced, obj.docstring.value)


def _fenced(example: re.Match[str]) -> str:
    return f"```pycon\n{example[0].replace('<BLANKLINE>', '')}\n```"
