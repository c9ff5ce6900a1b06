"""Writes the page "NumPy, function by function" when the documentation is built: each of its rows was measured then."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from numpy_calls import NOT_OF_ARRAYS, calls_of, public_functions, verdict

import chainrule as cr

INTRODUCTION = """# NumPy, function by function

What chainrule makes of every function in `numpy`, `numpy.linalg`, `numpy.fft`, `numpy.emath` and
`numpy.lib.stride_tricks`, and of those in `scipy.special` that it follows. The tables are made when these pages are:
each call in them was run through forward mode, reverse mode and forward over reverse, and compared with differences of
NumPy's own values. If one were wrong, there were no pages.

- **differentiated**: both modes and any order. The column "complex" says whether complex operands were tried as well; a
  dash stands where NumPy itself does not take them.
- **constant**: it is followed, and its derivative is zero wherever it has one (comparisons, rounding, indices), or it
  makes an array that traced values can be written into.
- **refused**: an error that names your line, with the reason and with what to do instead.

{counts}

Options change nothing in this, but for these: `out=` takes an array that is traced, and refuses a plain one, as the
derivative would be lost in it; `dtype=` casts, and the derivative goes through the cast.

Methods of the ufuncs (`reduce`, `accumulate`, `reduceat`, `outer`) are followed for each ufunc of two operands, `at`
for `np.add` and `np.subtract`. `np.random` is on the page [What cannot be traced](cannot-be-traced.md#random-numbers).
"""
HEADER = "| function | | both modes | second order | complex | call |\n|---|---|---|---|---|---|"
MARKS = {"yes": "yes", "no": "refused", "-": "–"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "numpy-coverage.md", content=page()))
    return files


def page() -> str:
    """The page as Markdown: a table for each namespace, then what is no function of arrays."""
    tables: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for name, function in public_functions():
        path, _, short = name.rpartition(".")
        if short in NOT_OF_ARRAYS:
            continue
        text, kind = row(name, function)
        counts[kind] += 1
        tables.setdefault(path, []).append(text)
    parts = [INTRODUCTION.format(counts=", ".join(f"{count} {kind}" for kind, count in counts.most_common()) + ".")]
    for path, rows in tables.items():
        parts.append(f"## {path}\n\n{HEADER}\n" + "\n".join(rows) + "\n")
    parts += [equivalents(), others()]
    return "\n".join(parts)


def equivalents() -> str:
    """Which function stands for those of SciPy's that turn a traced value into a plain array."""
    followed = {name for name, _ in public_functions()}
    names: dict[str, list[str]] = {}
    for name, paths in standing_for(cr, "cr"):
        for path in paths:
            if path not in followed:
                names.setdefault(path, []).append(f"`{name}`")
    rows = "\n".join(f"| `{path}` | {', '.join(found)} |" for path, found in sorted(names.items()))
    title = "## SciPy, by equivalents\n\nThese turn their arguments into plain arrays before anything can step in."
    return f"{title}\nThe error names what to call instead.\n\n| SciPy's | write |\n|---|---|\n{rows}\n"


def standing_for(owner: Any, name: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The public functions that were declared with `stands_for`, by the names that users call them by."""
    for part in owner.__all__:
        thing = getattr(owner, part)
        if hasattr(thing, "__stands_for__"):
            yield f"{name}.{part}", thing.__stands_for__
        elif hasattr(thing, "__all__"):
            yield from standing_for(thing, f"{name}.{part}")


def row(name: str, function: Any) -> tuple[str, str]:
    """The row of one function, and what it is."""
    calls = calls_of(name, function)
    found = verdict(calls)
    short = name.rpartition(".")[2]
    if found.kind == "refused":
        return f"| `{short}` | refused | | | | {escaped(found.reason)} |", found.kind
    modes = ("yes", "yes") if found.kind == "differentiated" else ("0", "0")
    written = "; ".join(f"`{call.text}`" for call in calls)
    return (
        f"| `{short}` | {found.kind} | {' | '.join(modes)} | {MARKS[found.complex]} | {escaped(written)} |",
        found.kind,
    )


def escaped(text: str) -> str:
    return text.replace("|", "&#124;")


def others() -> str:
    groups: dict[str, list[str]] = {}
    for name, what in NOT_OF_ARRAYS.items():
        groups.setdefault(what, []).append(f"`{name}`")
    rows = "\n".join(f"| {what} | {' '.join(names)} |" for what, names in groups.items())
    title = "## No functions of arrays\n\nThese take no arrays of numbers, so there is nothing to follow.\n"
    return f"{title}\n| | |\n|---|---|\n{rows}\n"
