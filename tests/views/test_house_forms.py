"""The forms that a mathematician expects, pinned in a data file: as written, of derivatives, and of gradients."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy
from sympy_twin import expression

from chainrule.calculus.explain import explain
from chainrule.core.graph import Graph, Node
from chainrule.passes.by_rules import by_rules
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import simplify
from chainrule.read.formula import parse
from chainrule.views.write import NOTATIONS, formula

Form = dict[str, Any]
FORMS: dict[str, list[Form]] = tomllib.loads(
    (Path(__file__).parents[1] / "data" / "house_forms.toml").read_text("utf-8")
)


def name_of(form: Form) -> str:
    by = f" by {form['wrt']}" if "wrt" in form else ""
    return f"{form['formula']}{by}{chr(39) * form.get('order', 1) if 'order' in form else ''}"


def cases(*kinds: str) -> list[Any]:
    """The forms of some kinds; those that are marked fail until the mark is taken off."""
    return [
        pytest.param(
            form,
            id=name_of(form),
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
    assert sum(map(len, FORMS.values())) >= 250


@pytest.mark.parametrize("form", cases("written"))
def test_written(form: Form) -> None:
    check(parse(form["formula"]), form)


@pytest.mark.parametrize("form", cases("derivatives"))
def test_derivatives(form: Form) -> None:
    check(by_rules(*of(form), order=form.get("order", 1)), form)


@pytest.mark.parametrize("form", cases("gradients"))
def test_gradients(form: Form) -> None:
    graph, variable = of(form)
    gradient = reverse(graph, [variable])
    if form.get("as") == "columns":
        (derivation,) = explain(form["formula"], wrt=variable.name, shapes=form["shapes"]).parts
        gradient = Graph(graph.inputs, (derivation.result.node,))
    else:
        gradient = simplify(gradient, for_view=True)
    check(gradient, form)


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


@pytest.mark.parametrize("form", FORMS["derivatives"], ids=name_of)
def test_the_derivatives_in_the_table_are_right(form: Form) -> None:
    """Against SymPy: an expected form that is wrong would never be reached."""
    graph, variable = of(form)
    at = {node.name: form.get("at", 0.4) + 0.1 * i for i, node in enumerate(graph.inputs)}
    symbols = {name: sympy.Symbol(name, real=True) for name in at}
    slope = sympy.diff(expression(graph), symbols[variable.name], form.get("order", 1))
    want = sympy.N(slope.subs({symbols[name]: value for name, value in at.items()}))
    np.testing.assert_allclose(evaluate(parse(form["text"], list(at)), *at.values())[0], float(want), rtol=1e-9)
