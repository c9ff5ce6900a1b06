"""The gradient checks of a run of pytest: collected test by test, also from the workers of pytest-xdist."""

from __future__ import annotations

import json
import math
from collections.abc import Generator, Mapping
from typing import Any, TypeAlias

import pytest

from chainrule.errors import DataError
from chainrule.testing import Asserted, listening
from chainrule.whole_files import write_whole

__all__ = ["GradientReport"]

# Of plain values only: xdist sends them from process to process.
Row: TypeAlias = Mapping[str, Any]


class GradientReport:
    """A plugin that lists what `assert_gradient` has found, at the end of the run and in a file if one is given.

    The file holds one JSON object whose `checks` are in the order of the tests' names. It appears whole or not at all.
    """

    def __init__(self, config: pytest.Config, file: str) -> None:
        self.rows: list[Row] = []
        self.heard: list[Asserted] = []
        self.failure = ""
        worker = hasattr(config, "workerinput")
        self.file = config.invocation_params.dir / file if file and not worker else None
        if self.file is not None:
            try:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise pytest.UsageError(f"--gradient-report: {self.file.parent} is no folder: {error}") from error

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        with listening() as self.heard:
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if self.heard:
            # The report is what reaches the controller of xdist.
            report.__dict__["gradient_checks"] = [_row(report.nodeid, asserted) for asserted in self.heard]
            self.heard.clear()
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.rows += getattr(report, "gradient_checks", [])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.rows.sort(key=lambda row: row["test"])
        if self.file is None:
            return
        try:
            text = json.dumps({"checks": self.rows}, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            write_whole(self.file, text)
        except DataError as error:
            self.failure = f"the report was not written: {error}"
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.section("gradient checks")
        for line, failed in self._lines():
            terminalreporter.line(line, red=failed)
        if self.failure:
            terminalreporter.line(self.failure, red=True)
        elif self.file is not None:
            terminalreporter.line(f"written to {self.file}")

    def _lines(self) -> list[tuple[str, bool]]:
        """The lines of the summary, each with whether it tells of a failure."""
        if not self.rows:
            return [("no test has called assert_gradient", False)]
        lines, test = [], None
        for row in self.rows:
            if row["test"] != test:
                test = row["test"]
                lines.append((test, False))
            verdict = "passed" if row["passed"] else "FAILED"
            worst = f"worst {row['worst']}" if row["worst"] else "nothing to compare"
            numbers = f"{worst}, resolution {float(row['resolution']):.2g}, {row['evaluations']} evaluations"
            lines.append((f"  {verdict}  {row['function']}: {numbers}", not row["passed"]))
            if row["diagnosis"]:
                lines.append((f"          {row['diagnosis']}", True))
        failed = sum(not row["passed"] for row in self.rows)
        noun = "gradient check" if len(self.rows) == 1 else "gradient checks"
        lines.append((f"{len(self.rows)} {noun}, {failed or 'none'} failed", failed > 0))
        return lines


def _row(test: str, asserted: Asserted) -> Row:
    check = asserted.check
    return {
        "test": test,
        "function": asserted.function,
        "passed": bool(check),
        "worst": check.worst.label if check.worst is not None else None,
        "resolution": _number(check.resolution),
        "evaluations": int(check.evaluations),
        "diagnosis": str(check.diagnosis),
    }


def _number(value: float) -> float | str:
    """NaN and infinities, which JSON lacks, as the strings that the command line writes too."""
    if math.isfinite(value):
        return float(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
