"""A progress bar for runs that last: on the terminal's error stream, never in a file or a pipe."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import Any

__all__ = ["Progress"]

PATIENCE = 1.0  # seconds before a bar appears: a short run should leave nothing on the screen
INTERVAL = 0.1  # seconds between two drawings of it


class Progress:
    """How far a run of `total` steps has come, with its loss, its rate and its steps a second; nothing unless `shown`.

    `update` costs a look at the clock unless it is time to draw.
    """

    def __init__(self, total: int, shown: bool = True) -> None:
        self.total = total
        self._bar: Any = None
        self._task: Any = None
        self._start = time.monotonic()
        self.shown = shown and sys.stderr is not None and sys.stderr.isatty()
        self._due = self._start + PATIENCE if self.shown else math.inf

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, loss: float, rate: float | None) -> None:
        """Say that `done` steps are made, which loss they have led to, and at which learning rate."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + INTERVAL
        if self._bar is None:
            self._open()
        speed = done / (now - self._start)
        shown = f"{speed:,.0f} steps/s" if speed >= 10 else f"{speed:.2g} steps/s"
        self._bar.update(self._task, completed=done, loss=f"{loss:.6g}", rate=_shown(rate), speed=shown)
        self._bar.refresh()

    def _open(self) -> None:
        # rich is needed only for a run that lasts: importing it takes longer than most runs.
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeRemainingColumn

        self._bar = Bar(
            TextColumn("descent"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            # Drawn by `update` alone: a thread that draws would outlive an interrupt.
            auto_refresh=False,
        )
        self._task = self._bar.add_task("descent", total=self.total, loss="", rate="", speed="")
        self._bar.start()


def _shown(rate: float | None) -> str:
    return "" if rate is None or math.isnan(rate) else f"rate {rate:.3g}"
