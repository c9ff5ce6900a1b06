"""The plugin for pytest: `--gradient-report` lists every check that the tests made with `assert_gradient`.

pytest loads this file in every run, wherever chainrule is installed: it must import next to nothing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_configure"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("chainrule").addoption(
        "--gradient-report",
        metavar="FILE.json",
        nargs="?",
        const="",
        type=_report_file,
        help="list every gradient check that assert_gradient made; with =FILE.json, write them to the file as well",
    )


def pytest_configure(config: pytest.Config) -> None:
    file = config.getoption("gradient_report", None)
    if file is not None:
        from chainrule.gradient_report import GradientReport

        config.pluginmanager.register(GradientReport(config, file), "chainrule gradient report")


def _report_file(text: str) -> str:
    # `pytest --gradient-report tests/` would otherwise take the tests for the file; "" stands for no file.
    if text and not text.endswith(".json"):
        raise argparse.ArgumentTypeError(
            f"{text!r} does not end in .json: put --gradient-report last, or write --gradient-report=FILE.json"
        )
    return text
