"""The page about SciPy: its examples do what it says, and its table names what the errors name."""

from __future__ import annotations

import re

import pytest
from pages import DOCS, run_examples

import chainrule as cr
from chainrule.core.equivalents import equivalent


@pytest.mark.parametrize("heading", ["What works as it is", "What has an equivalent", "Distributions"])
def test_the_examples(heading: str) -> None:
    run_examples("scipy.md", heading)


def test_the_table_names_what_the_errors_name() -> None:
    rows = re.findall(r"^\| `(special|linalg)`: (.*?) \| `cr\.special`", (DOCS / "scipy.md").read_text("utf-8"), re.M)
    assert len(rows) == 2
    for module, names in rows:
        for name in re.findall(r"`(\w+)`", names):
            assert equivalent(f"scipy.{module}.{name}") == (f"cr.special.{name}", getattr(cr.special, name))


def test_every_distribution_stands_in_the_reference() -> None:
    for name in cr.special.stats.__all__:
        assert f"`{name}`" in (DOCS / "scipy.md").read_text("utf-8"), f"{name} is not in the table of distributions"
        for method in ("logpdf", "logpmf"):
            if hasattr(getattr(cr.special.stats, name), method):
                found = equivalent(f"scipy.stats.{name}.{method}")
                assert found is not None
                assert found[0] == f"cr.special.stats.{name}.{method}"
