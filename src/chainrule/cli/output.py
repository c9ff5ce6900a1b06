"""What the commands print: tables for people, JSON for scripts."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import click
import numpy as np

__all__ = ["number", "plain", "print_json", "print_table", "print_text", "printable"]

WIDE = 100  # columns of running text at most: longer lines are hard to read


def number(value: Any, digits: int = 6) -> str:
    """A number or array in a sentence or a cell."""
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{array[()]:.{digits}g}" if array.dtype.kind in "fc" else str(array[()])
    shown = np.array2string(array, precision=digits, threshold=12, edgeitems=3, separator=", ")
    return " ".join(shown.split())


def printable(text: str) -> str:
    """Text from a file or a module without control characters, which a terminal would obey."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def print_text(text: str) -> None:
    """Running text, wrapped to the terminal; in a file or a pipe to a width that reads well."""
    width = min(shutil.get_terminal_size((WIDE, 24)).columns, WIDE)
    click.echo(click.wrap_text(text, width=width))


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose first column is text and whose others are numbers."""
    # rich is imported here because it takes longer than all the rest of a short command.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False)
    for i, name in enumerate(header):
        table.add_column(Text(name), justify="right" if i else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    # As wide as it has to be: a terminal breaks a line that is too long, a cell cut short is lost.
    console = Console(highlight=False, width=10_000)
    with console.capture() as capture:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n")))


def print_json(record: Mapping[str, Any]) -> None:
    """One JSON object; NaN and infinities, which JSON lacks, become the strings "NaN", "Infinity", "-Infinity"."""
    click.echo(json.dumps(plain(record), indent=2, ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """A record in what JSON has: NaN and infinities become strings, complex numbers objects."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, complex):
        return {"real": plain(value.real), "imag": plain(value.imag)}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
