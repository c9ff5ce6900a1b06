"""The command, called in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from chainrule.cli import main

MODULE = """
import numpy as np

def loss(w, X, y):
    print("printed by the user")
    e = y - X @ w
    L = np.mean(e**2)
    return L

def point(w, x, b, y):
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L
"""


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def record(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command in a directory that holds the user's module losses_here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "losses_here.py").write_text(MODULE, encoding="utf-8")

    def call(*arguments: str) -> Answer:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        sys.modules.pop("losses_here", None)
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Answer(ended.value.code, out, err)

    return call
