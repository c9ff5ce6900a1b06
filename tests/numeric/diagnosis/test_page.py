"""The page about diagnoses: its example runs, and it shows every kind of mistake, with figures within the bounds."""

from __future__ import annotations

import re

from pages import run_examples, section

from chainrule.numeric import Mistake

PAGE = "diagnosis.md"


def test_the_example_runs():
    run_examples(PAGE, "What is said")


def test_every_kind_of_mistake_is_shown():
    shown = set(re.findall(r"^\| `(\w+)`", section(PAGE, "The mistakes"), re.MULTILINE))
    assert shown == {"Mistake"} | {kind.name for kind in Mistake} - {"UNDECIDED"}


def test_the_published_figures_reach_the_bounds():
    text = section(PAGE, "How often it is right")
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in text.splitlines()
        if line.startswith("| the corpus")
    ]
    assert len(rows) == 2
    for _, mutants, right, _, wrong, none in rows:
        counts = [int(cell.split()[0]) for cell in (right, wrong, none)]
        assert int(mutants) == sum(counts) >= 500
        assert counts[0] >= 0.9 * int(mutants)
        assert counts[1] <= 0.02 * int(mutants)
    assert re.search(r"Of (\d+) right gradients .* 0 are accused", text)[1] >= "500"
