"""chainrule plot: pictures of functions and of descents, as files."""

from __future__ import annotations

import importlib

import click

from chainrule.cli.pictures import PICTURES

__all__ = ["plot"]


class _Pictures(click.Group):
    """The pictures by name; only the one that is asked for is loaded."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(PICTURES)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in PICTURES:
            return None
        file = importlib.import_module(f"chainrule.cli.pictures.{PICTURES[name]}")
        command: click.Command = getattr(file, name.replace("-", "_"))
        return command


@click.group(cls=_Pictures)
def plot() -> None:
    """Draw a picture into a PNG, SVG or PDF file, and print in words what it shows.

    FUNCTION is a formula, or a function of Python: mymodule:f or path/to/file.py:f.
    """
