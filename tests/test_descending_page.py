"""The page about descending a loss: its examples do what it says, and its tables list what there is."""

from __future__ import annotations

import dataclasses
import re

import pytest
from pages import run_examples, section

from chainrule import optimizers, schedules
from chainrule.learn.optimizers import OPTIMIZERS

PAGE = "descending.md"


def test_examples() -> None:
    # One namespace: the later sections use the data of the first.
    headings = ["A first run", "Optimizers", "Learning rates", "Data and mini-batches", "When to stop", "Checkpoints"]
    run_examples(PAGE, *headings)


def test_the_table_of_optimizers_has_a_row_for_each_with_its_default_rate_and_its_source() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*?) \| (.*?) \|$", section(PAGE, "Optimizers"), re.M)
    assert [name for name, _, _ in rows] == list(OPTIMIZERS)
    for name, rate, source in rows:
        kind = OPTIMIZERS[name]
        if issubclass(kind, optimizers.Rule):
            assert rate == str(kind.default_learning_rate or "none")
        else:
            assert rate == "a line search"
        author, year = source.split(",")[0].split(" ")[0], source[-4:]
        assert author in str(kind.__doc__)
        assert year in str(kind.__doc__)


@pytest.mark.parametrize("name", [name for name in schedules.__all__ if name != "Schedule"])
def test_the_table_of_schedules_has_a_row_for_each_with_its_fields(name: str) -> None:
    fields = ", ".join(field.name for field in dataclasses.fields(getattr(schedules, name)))
    assert f"| `{name}({fields})` |" in section(PAGE, "Learning rates")
