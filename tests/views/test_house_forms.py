"""The forms that a mathematician expects, pinned in a data file: as written, of derivatives, and of gradients."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.core.graph import Graph, Node
from chainrule.passes.by_rules import by_rules
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import simplify
from chainrule.read.formula import parse
from chainrule.views.write import NOTATIONS, formula

Form = dict[str, str]
FORMS: dict[str, list[Form]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "house_forms.toml").read_text("utf-8")
)


def cases(*kinds: str) -> list[Any]:
    """The forms of some kinds; those that are marked fail until the mark is taken off."""
    return [
        pytest.param(
            form,
            id=f"{form['formula']}{' by ' + form['wrt'] if 'wrt' in form else ''}",
            marks=[pytest.mark.xfail(reason=form["awaits"], strict=True)] if "awaits" in form else [],
        )
        for kind in kinds
        for form in FORMS[kind]
    ]


def notations(form: Form) -> dict[str, str]:
    return {notation: form[notation] for notation in NOTATIONS if notation in form}


def check(graph: Graph, form: Form) -> None:
    assert {notation: formula(graph, notation) for notation in notations(form)} == notations(form)


def of(form: Form) -> tuple[Graph, Node]:
    """A formula, and the input by which it is differentiated."""
    graph = parse(form["formula"], shapes=form.get("shapes"))
    wrt = form.get("wrt") or graph.inputs[0].name
    (variable,) = (node for node in graph.inputs if node.name == wrt)
    return graph, variable


def test_the_table_is_large() -> None:
    assert sum(map(len, FORMS.values())) >= 150


@pytest.mark.parametrize("form", cases("written"))
def test_written(form: Form) -> None:
    check(parse(form["formula"]), form)


@pytest.mark.parametrize("form", cases("derivatives"))
def test_derivatives(form: Form) -> None:
    check(by_rules(*of(form)), form)


@pytest.mark.parametrize("form", cases("gradients"))
def test_gradients(form: Form) -> None:
    graph, variable = of(form)
    check(simplify(reverse(graph, [variable]), for_view=True), form)


@pytest.mark.parametrize(
    "form", [form for form in FORMS["written"] if "awaits" not in form], ids=lambda f: f["formula"]
)
def test_what_is_written_is_read(form: Form) -> None:
    graph = parse(form["formula"])
    at = {node.name: 0.3 + 0.2 * i for i, node in enumerate(graph.inputs)}
    for text in notations(form).values():
        again = parse(text, list(at))
        assert formula(again) == form["text"]
        got, want = (evaluate(g, *(at[node.name] for node in g.inputs))[0] for g in (again, graph))
        np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("form", FORMS["derivatives"], ids=lambda f: f["formula"])
def test_the_derivatives_in_the_table_are_right(form: Form) -> None:
    """Against differences: an expected form that is wrong would never be reached."""
    graph = parse(form["formula"])
    wrt = form.get("wrt") or graph.inputs[0].name
    at = {node.name: 0.4 + 0.1 * i for i, node in enumerate(graph.inputs)}
    written = parse(form["text"], list(at))

    def value(h: float) -> Any:
        return evaluate(graph, *({**at, wrt: at[wrt] + h}[node.name] for node in graph.inputs))[0]

    h = 1e-5
    np.testing.assert_allclose(
        evaluate(written, *at.values())[0], (value(h) - value(-h)) / (2 * h), rtol=1e-7, atol=1e-9
    )
