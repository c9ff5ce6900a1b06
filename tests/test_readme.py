"""The examples of the README do what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import without_last_digits

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


EXAMPLES = list(zip(blocks("python"), blocks("text"), strict=True))


@pytest.mark.parametrize(("code", "shown"), EXAMPLES, ids=["check", "explain", "descend", "compile"])
def test_the_example_prints_what_the_readme_shows(code: str, shown: str, tmp_path: Path) -> None:
    # A script in an empty directory, as a reader would run it: the library must be found as installed.
    script = tmp_path / "example.py"
    script.write_text(code, encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-W", "error", "-X", "utf8", str(script)],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    assert run.returncode == 0
    assert without_last_digits(run.stdout) == without_last_digits(shown)
