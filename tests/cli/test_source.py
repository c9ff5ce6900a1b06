"""chainrule source: code that runs without chainrule, a file written as a whole or not at all, and what it refuses."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr

Run = Callable[..., Any]
POINT = '{"w": [0.5, -1.0], "X": [[1, 2], [3, 4], [5, 6.0]], "y": [1, 2, 3.0]}'


def executed(code: str, name: str) -> Callable[..., Any]:
    assert "chainrule" not in code
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    function: Callable[..., Any] = namespace[name]
    return function


@pytest.mark.parametrize("language", ["numpy", "python"])
def test_a_formula(run: Run, language: str) -> None:
    answer = run("source", "x^2*exp(x)", "--language", language)
    assert (answer.status, answer.err) == (0, "")
    assert executed(answer.out, "grad_f")(1.0) == pytest.approx(3 * np.e, rel=1e-15)
    assert ("import math" in answer.out) == (language == "python")


def test_what_is_printed_is_what_the_library_gives(run: Run) -> None:
    assert run("source", "x y^2").out == cr.source("x y^2")
    assert run("source", "x y^2", "--at", "y=2,x=1").out == cr.source("x y^2", 1.0, 2.0)
    assert run("source", "x y^2", "--wrt", "y", "--what", "both").out == cr.source("x y^2", argnums="y", what="both")


def test_a_function_of_arrays(run: Run) -> None:
    answer = run("source", "losses_here:loss", "--at", POINT, "--wrt", "w,y", "--what", "both", "--json")
    assert (answer.status, answer.err) == (0, "printed by the user\n")
    record = answer.record
    assert (record["name"], record["language"], record["what"]) == ("value_and_grad_loss", "numpy", "both")
    w, X, y = np.array([0.5, -1.0]), np.array([[1, 2], [3, 4], [5, 6.0]]), np.array([1, 2, 3.0])
    e = y - X @ w
    value, by_w, by_y = executed(record["source"], record["name"])(w, X, y)
    assert value == pytest.approx(np.mean(e**2))
    np.testing.assert_allclose(by_w, -2 / 3 * X.T @ e)
    np.testing.assert_allclose(by_y, 2 / 3 * e)


def test_the_worked_example_in_plain_python(run: Run) -> None:
    answer = run(
        "source", "losses_here:point", "--at", "w=1,x=2,b=1,y=7", "--wrt", "w,b", "--language", "python", "--json"
    )
    assert executed(answer.record["source"], answer.record["name"])(1.0, 2.0, 1.0, 7.0) == (-16, -8)


def test_a_file_is_written_as_a_whole(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gradient.py"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    answer = run("source", "x^2", "-o", str(file))
    assert (answer.status, answer.out, answer.err) == (0, "", "")
    assert executed(file.read_text(encoding="utf-8"), "grad_f")(3.0) == 6
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gradient.py", "losses_here.py"]
    assert run("source", "x^3", "-o", "new.py", "--json").record["file"] == "new.py"
    assert executed((tmp_path / "new.py").read_text(encoding="utf-8"), "grad_f")(3.0) == 27


def test_a_file_that_cannot_be_replaced_stays_as_it_was(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "gradient.py"
    file.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "replace", full)
    answer = run("source", "x^2", "-o", str(file))
    assert (answer.status, answer.out) == (2, "")
    assert "gradient.py cannot be written: No space left on device" in answer.err
    assert file.read_text(encoding="utf-8") == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gradient.py", "losses_here.py"]


@pytest.mark.skipif(sys.platform == "win32", reason="devices are files elsewhere")
def test_a_device_takes_what_is_written(run: Run) -> None:
    assert run("source", "x^2", "-o", "/dev/null").status == 0
    assert Path("/dev/null").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x^"], "ends after an operator"),
        (["x y", "--at", "3"], "give each by name"),
        (["x y", "--wrt", "z"], "no argument 'z'"),
        (["losses_here:loss"], "--at"),
        (["losses_here:nothing", "--at", "1"], "no function 'nothing'"),
        (["losses_here:loss", "--at", POINT, "--language", "python"], "plain Python source"),
        (["losses_here:loss", "--at", POINT, "-o", "missing/gradient.py"], "No such file or directory"),
        (["losses_here.py:loss", "--at", POINT, "-o", "losses_here.py"], "holds the function itself"),
        (["x^2", "-o", "."], "is a directory"),
    ],
)
def test_what_it_refuses(run: Run, arguments: list[str], said: str) -> None:
    answer = run("source", *arguments)
    assert answer.status == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
