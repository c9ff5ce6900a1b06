"""The page of pictures: its code runs, its commands too, and each place for a picture names one of the gallery."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from pages import DOCS, blocks, section
from plot.gallery import GALLERY

from chainrule.cli import main

PAGE = (DOCS / "pictures.md").read_text("utf-8")
COMMANDS = [shlex.split(line) for line in blocks(section("command-line.md", "Pictures"), "sh")[0].splitlines()]


def test_the_code_that_begins_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    exec(blocks(PAGE, "python")[0], {})
    assert (tmp_path / "tangents.svg").stat().st_size > 0
    assert "slope is −1.32: downhill" in capsys.readouterr().out


def test_each_place_names_a_picture() -> None:
    names = re.findall(r"^\[\[(\w+)\]\]$", PAGE, re.M)
    assert names
    assert len(set(names)) == len(names)
    assert set(names) <= set(GALLERY)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[2])
def test_the_commands_of_the_page_of_the_command_line_draw(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "examples").symlink_to(DOCS.parent / "examples")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(command[1:])
    assert left.value.code == 0
    assert (tmp_path / command[command.index("-o") + 1]).stat().st_size > 0
