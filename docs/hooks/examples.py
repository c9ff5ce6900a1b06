"""Sets the examples of docstrings as code: in Markdown, lines that start with >>> would be quotations.

Docstrings are read without running the code, but those that a declaration completes are asked for.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import griffe

# An example lasts until an empty line, as for doctest.
_EXAMPLE = re.compile(r"^>>> .*(?:\n(?!$).*)*", re.MULTILINE)


class Examples(griffe.Extension):
    """Puts every example into a fence."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            if _is_completed(obj):
                obj.docstring.value = inspect.getdoc(getattr(importlib.import_module(obj.parent.path), obj.name))
            obj.docstring.value = _EXAMPLE.sub(_fenced, obj.docstring.value)


def _is_completed(obj: griffe.Object) -> bool:
    decorators = getattr(obj, "decorators", ())
    return any(str(decorator.value).startswith("special_function(") for decorator in decorators)


def _fenced(example: re.Match[str]) -> str:
    return f"```pycon\n{example[0].replace('<BLANKLINE>', '')}\n```"
