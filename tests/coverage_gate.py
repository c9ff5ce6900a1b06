"""The coverage gate: every line, branch and lambda of core, passes and ops runs in the tests, and 95% of the rest.

`make coverage` runs the tests with coverage and then this file. To coverage a lambda is part of the line that makes
it, so a derivative that no test ever computes would count as covered. A lambda whose body never ran is counted here as
one branch missed; of several lambdas that begin in one line it is enough that one ran.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

import coverage

SOURCE = Path(__file__).resolve().parents[1] / "src" / "chainrule"
COMPLETE = ("core", "passes", "ops")
ELSEWHERE = 95.0
# These run beside the libraries that they adapt, which `make test` does without: in `make test-peers`.
TESTED_APART = {SOURCE / "numeric" / "peers" / "torch.py", SOURCE / "numeric" / "peers" / "jax.py"}


@dataclass(frozen=True)
class Covered:
    """What the tests ran of one file.

    Attributes:
        folder: the folder of the package that the file stands in; "." for the package itself.
        path: the file, inside the package.
        ran, total: of its lines, branches and lambdas.
        missing: what did not run, as a person reads it.
    """

    folder: str
    path: str
    ran: int
    total: int
    missing: str


def ranges(lines: list[int]) -> str:
    """Numbers in order, with neighbours joined.

    >>> ranges([3, 4, 5, 9])
    '3-5, 9'
    """
    joined: list[list[int]] = []
    for line in lines:
        if joined and joined[-1][1] == line - 1:
            joined[-1][1] = line
        else:
            joined.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in joined)


def lambdas(code: CodeType) -> Iterator[int]:
    """The lines in which the lambdas of a module begin."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if inner.co_name == "<lambda>":
                yield inner.co_firstlineno
            yield from lambdas(inner)


def files() -> Iterator[Covered]:
    """Every file of the package, by the data that the last run has left."""
    run = coverage.Coverage()
    run.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        try:
            run.json_report(outfile=str(report))
        except coverage.CoverageException as error:
            raise SystemExit(f"{error}\nthe tests leave the data when they run to their end: make coverage") from None
        found = json.loads(report.read_text(encoding="utf-8"))["files"]
    measured = {Path(name).resolve(): entry for name, entry in found.items()}
    for path in sorted(set(SOURCE.rglob("*.py")) - TESTED_APART):
        if path not in measured:
            raise SystemExit(f"{path.name} is newer than the coverage data: run `make coverage` again")
        entry = measured[path]
        summary, excluded = entry["summary"], set(entry["excluded_lines"])
        # An arc from a negative line number is the entry into the code that begins there.
        entered = {-start for start, _ in run.get_data().arcs(str(path)) or () if start < 0}
        written = set(lambdas(compile(path.read_bytes(), str(path), "exec"))) - excluded
        never = sorted(written - entered - set(entry["missing_lines"]))
        # A branch that starts in a line that did not run is missed with the line.
        jumps = [
            f"{start} to {end if end > 0 else 'the end'}"
            for start, end in entry["missing_branches"]
            if start not in entry["missing_lines"]
        ]
        parts = [
            f"lines {ranges(entry['missing_lines'])}" if entry["missing_lines"] else "",
            f"branches {', '.join(jumps)}" if jumps else "",
            f"lambdas in lines {ranges(never)}" if never else "",
        ]
        inside = path.relative_to(SOURCE)
        yield Covered(
            inside.parts[0] if len(inside.parts) > 1 else ".",
            inside.as_posix(),
            summary["covered_lines"] + summary["covered_branches"] + len(written) - len(never),
            summary["num_statements"] + summary["num_branches"] + len(written),
            "; ".join(part for part in parts if part),
        )


def main() -> int:
    """Print the share that ran of each folder, with what is missing; returns 1 where it is too little."""
    folders: dict[str, list[Covered]] = defaultdict(list)
    for file in files():
        folders[file.folder].append(file)
    failed = []
    for folder, members in folders.items():
        ran, total = sum(file.ran for file in members), sum(file.total for file in members)
        share = 100 * ran / total if total else 100.0
        wanted = 100.0 if folder in COMPLETE else ELSEWHERE
        if share < wanted:
            failed.append(folder)
        print(f"{folder:10} {share:7.2f}%  (at least {wanted:g}%){'' if share >= wanted else '  <-- too little'}")
        for file in members:
            if file.missing:
                print(f"    {file.path}: {file.missing}")
    if failed:
        print(f"\nthe tests run too little of {', '.join(failed)}: write a test for what is missing, or delete it")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
