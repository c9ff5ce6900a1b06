"""The example of the README does what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from pages import without_last_digits

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    """The fenced blocks of the README in a language, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_readme_has_one_example_and_its_output() -> None:
    assert len(blocks("python")) == 1
    assert len(blocks("text")) == 1


def test_the_example_prints_what_the_readme_shows(tmp_path: Path) -> None:
    # A script in an empty directory, as a reader would run it: the library must be found as installed.
    script = tmp_path / "example.py"
    script.write_text(blocks("python")[0], encoding="utf-8")
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
    assert without_last_digits(run.stdout) == without_last_digits(blocks("text")[0])
