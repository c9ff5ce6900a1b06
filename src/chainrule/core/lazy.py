"""Packages that load a public name when it is first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["lazily"]


def lazily(
    package: str, homes: Mapping[str, Sequence[str]], found: dict[str, Any]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The `__getattr__` and `__dir__` of a package whose names stand in its files.

    Args:
        package: its name.
        homes: for each file the public names in it; a name that is its file's is a module.
        found: the package's globals, where a name is kept once it has been used.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def getattribute(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = importlib.import_module(f"{package}.{home_of[name]}")
        found[name] = module if home_of[name] == name else getattr(module, name)
        return found[name]

    def names() -> list[str]:
        return sorted([*(name for name in found if name.startswith("__")), *home_of])

    return getattribute, names
