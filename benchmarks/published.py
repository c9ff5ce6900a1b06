"""Figures go into the documentation between two marks, so that what is published is what was measured."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def publish(name: str, text: str, page: str = "calibration.md") -> None:
    """Replace what stands between `<!-- name: begin -->` and `<!-- name: end -->` in a page of the documentation."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    path = DOCS / page
    old = path.read_text("utf-8")
    new, count = re.subn(
        f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: f"{begin}\n\n{text}\n\n{end}", old, flags=re.S
    )
    if count != 1:
        raise SystemExit(f"{path} has {count} places for {name}, expected 1")
    path.write_text(new, "utf-8")
