"""The page about checking a gradient: its examples do what it says. Those of PyTorch and JAX run in tests/peers."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from pages import blocks, run_examples, section

from chainrule.cli import main

pytest_plugins = ["pytester"]
PAGE = "checking-gradients.md"


def test_the_examples_of_numpy() -> None:
    run_examples(PAGE, "NumPy")


def test_the_tests_and_the_option_of_pytest(pytester: pytest.Pytester) -> None:
    (code,) = blocks(section(PAGE, "In tests"), "python")
    pytester.makepyfile(test_loss=code)
    (commands,) = blocks(section(PAGE, "In tests"), "sh")
    line = commands.splitlines()[-1]
    result = pytester.runpytest(*shlex.split(line)[1:])
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E * gradient check FAILED*", "*= gradient checks =*"])
    assert (pytester.path / "report.json").is_file()


def test_the_line_for_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "losses.py").write_text(
        "def loss(w):\n    return (w**2).sum()\n\ndef gradient(w):\n    return 2 * w\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "losses", raising=False)
    (line,) = blocks(section(PAGE, "On the command line"), "sh")
    with pytest.raises(SystemExit) as ended:
        main(shlex.split(line)[1:])
    assert ended.value.code == 0
    assert "gradient check passed" in capsys.readouterr().out
