"""The plugin for pytest, in runs of pytest of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chainrule.gradient_report import _number

pytest_plugins = ["pytester"]

TESTS = """
    import numpy as np
    import pytest
    from chainrule.testing import assert_gradient

    def loss(w):
        return (w**2).sum()

    @pytest.mark.parametrize("size", [1, 2])
    def test_right(size):
        assert_gradient(loss, lambda w: 2 * w, np.ones(size))

    def test_wrong():
        assert_gradient(loss, lambda w: 2 * w, np.ones(3))
        assert_gradient(loss, lambda w: -2 * w, np.array([1.0, 4.0]))

    @pytest.fixture
    def checked():
        assert_gradient("x^2", lambda x: 2 * x, 3.0)

    def test_with_a_fixture(checked):
        pass

    def test_without():
        pass
"""


def summary(result: pytest.RunResult) -> list[str]:
    """The lines between the heading of the section and the next heading."""
    lines = result.outlines
    start = next(i for i, line in enumerate(lines) if line.strip("= ") == "gradient checks") + 1
    end = next(i for i in range(start, len(lines)) if lines[i].startswith("="))
    return [line for line in lines[start:end] if line]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)["checks"]


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "worker"])
def test_every_check_is_listed(pytester: pytest.Pytester, workers: tuple[str, ...]) -> None:
    pytester.makepyfile(test_losses=TESTS)
    path = pytester.path / "made" / "report.json"
    result = pytester.runpytest("--gradient-report=made/report.json", *workers)
    result.assert_outcomes(passed=4, failed=1)

    lines = summary(result)
    assert [line for line in lines if not line.startswith(" ")] == [
        "test_losses.py::test_right[1]",
        "test_losses.py::test_right[2]",
        "test_losses.py::test_with_a_fixture",
        "test_losses.py::test_wrong",
        "5 gradient checks, 1 failed",
        f"written to {path}",
    ]
    assert sum("  passed  " in line for line in lines) == 4
    failed = next(i for i, line in enumerate(lines) if "FAILED" in line)
    assert lines[failed].startswith("  FAILED  loss (test_losses.py, line 5): worst w[")
    assert "resolution " in lines[failed]
    assert lines[failed].endswith(" evaluations")
    assert "the sign is flipped" in lines[failed + 1]

    rows = read(path)
    assert [(row["test"].split("::")[1], row["passed"]) for row in rows] == [
        ("test_right[1]", True),
        ("test_right[2]", True),
        ("test_with_a_fixture", True),
        ("test_wrong", True),
        ("test_wrong", False),
    ]
    wrong = rows[-1]
    assert set(wrong) == {"test", "function", "passed", "worst", "resolution", "evaluations", "diagnosis"}
    assert wrong["worst"] in ("w[0]", "w[1]")
    assert "the sign is flipped" in wrong["diagnosis"]
    assert 0 < wrong["resolution"] < 1e-6
    assert wrong["evaluations"] > 0
    assert rows[0]["diagnosis"] == ""
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]


def test_a_failure_shows_the_report_and_no_inside_of_chainrule(pytester: pytest.Pytester) -> None:
    of_another_shape = """
    def test_wrong_shape():
        assert_gradient(loss, np.ones(7), np.ones(2))
    """
    pytester.makepyfile(test_losses=TESTS + of_another_shape)
    result = pytester.runpytest("-k", "wrong")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        [
            ">       assert_gradient(loss, lambda w: -2 * w, np.array([[]1.0, 4.0]))",
            "E * gradient check FAILED: 2 of 2 *",
            "E * the sign is flipped*",
            ">       assert_gradient(loss, np.ones(7), np.ones(2))",
            "E * has shape (7,)*",
        ]
    )
    for inside in ("objective.py", "check.py", "testing.py", "= gradient checks ="):
        result.stdout.no_fnmatch_line(f"*{inside}*")


def test_numbers_that_json_lacks() -> None:
    assert [_number(v) for v in (1.5, float("inf"), -float("inf"), float("nan"))] == [
        1.5,
        "Infinity",
        "-Infinity",
        "NaN",
    ]


def test_tests_are_not_taken_for_the_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_losses=TESTS)
    result = pytester.runpytest("--gradient-report", "test_losses.py")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'test_losses.py' does not end in .json: put --gradient-report last*"])


def test_a_place_that_cannot_be_written_is_named_before_the_tests_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_losses=TESTS)
    result = pytester.runpytest("--gradient-report=test_losses.py/report.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--gradient-report: *test_losses.py is no folder*"])


def test_a_file_that_cannot_be_written_fails_the_run_and_leaves_the_old_one(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError("no space left")

    pytester.makepyfile("def test_nothing(): pass")
    (pytester.path / "report.json").write_text("old")
    monkeypatch.setattr("os.fsync", full)
    result = pytester.runpytest("--gradient-report=report.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert summary(result) == [
        "no test has called assert_gradient",
        f"the report was not written: {pytester.path / 'report.json'} cannot be written: no space left",
    ]
    assert (pytester.path / "report.json").read_text() == "old"
    assert not list(pytester.path.glob(".report*"))


def test_a_run_without_the_option_loads_nothing() -> None:
    """pytest imports the plugin in every run of everybody who has chainrule installed."""
    program = "import sys, chainrule.pytest_plugin; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert not loaded & {"numpy", "pytest"}
    assert {name for name in loaded if name.startswith("chainrule")} == {"chainrule", "chainrule.pytest_plugin"}
