"""Names of special functions in formulas, and names of variables that look like them."""

from __future__ import annotations

import pytest

import chainrule as cr
from chainrule.core.graph import Node
from chainrule.core.registry import building
from chainrule.errors import FormulaError
from chainrule.read.formula import parse
from chainrule.views.text import formula_text
from chainrule.views.write import formula


def operations(text: str) -> list[str]:
    return [node.primitive.name for node in parse(text).nodes if node.primitive is not None]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("gammaln(x)", ["gammaln"]),
        ("lgamma(x)", ["gammaln"]),
        ("ln Gamma(x)", ["gammaln"]),
        (r"\ln\Gamma(x)", ["gammaln"]),
        ("gamma(x)", ["gamma"]),
        ("Γ(x)", ["gamma"]),
        (r"\Gamma(x)", ["gamma"]),
        ("digamma(x)", ["digamma"]),
        ("ψ(x)", ["digamma"]),
        ("psi_1(x)", ["polygamma"]),
        (r"\psi_{2}(x)", ["polygamma"]),
        ("beta(x, y)", ["beta"]),
        ("J_0(x)", ["j0"]),
        (r"J_1\left(x\right)", ["j1"]),
        ("J_2(x)", ["jv"]),
        ("K_12(x)", ["kv"]),
        ("scipy.special.j0(x)", ["j0"]),
        ("erfcx(x)", ["erfcx"]),
        ("i0e(x)", ["i0e"]),
        ("xi (x + 1)", []),
    ],
)
def test_a_name_before_a_parenthesis(text: str, wanted: list[str]) -> None:
    if wanted:
        assert operations(text) == wanted
    else:
        with pytest.raises(FormulaError, match="the function xi is not known"):
            parse(text)


@pytest.mark.parametrize("text", ["y1 (x + 1)", "k0(x + 1)", "gamma x", "J_0 x", "beta^2", "psi + Γ", "sigma x"])
def test_elsewhere_it_is_a_variable(text: str) -> None:
    assert not {"y1", "k0", "gamma", "j0", "beta", "digamma", "expit"} & set(operations(text))


def test_a_declared_variable_is_no_function() -> None:
    assert [node.name for node in parse("gamma (x + 1)", variables="gamma, x").inputs] == ["gamma", "x"]


@pytest.mark.parametrize("text", ["jv(x)", "polygamma(x, y)", "psi_0(x)", "sinc_derivative(x, y)", "psi_x(x)"])
def test_what_needs_an_index_says_that_it_is_not_known(text: str) -> None:
    with pytest.raises(FormulaError, match="is not known"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["gamma(x)", "J_0(x) + J_3(x)", "psi_1(x)", "digamma(x)", "K_2(x) I_1(x)", "betaln(x, y)"]
)
def test_what_is_written_is_read_back(text: str) -> None:
    graph = parse(text)
    names = [node.primitive.name for node in graph.nodes if node.primitive is not None]
    for written in (formula_text(graph), formula(graph, "latex")):
        assert operations(written) == names


def test_an_index_that_is_no_whole_number_is_written_as_an_option() -> None:
    x = Node(None, (), {"name": "x"}, (), float, "x")
    assert formula_text(building.jv(x, order=0.5)) == "jv(x, order=0.5)"
    assert formula_text(building.jv(x, order=-1)) == "jv(x, order=-1)"
    assert formula_text(building.jv(x, order=4)) == "J_4(x)"


def test_explanations_speak_of_them_by_name() -> None:
    assert "psi_1(x)" in str(cr.explain("digamma(x)"))
    assert cr.explain("J_1(x)").result.text() == "0.5(J_0(x) - J_2(x))"
    assert r"\psi(x)" in cr.explain("gammaln(x)").to_latex()
