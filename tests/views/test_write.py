"""What all notations have in common: one entry, derivatives, names of authors, and linear size."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from nodes import input_node

import chainrule as cr
from chainrule.core.graph import Graph, Node
from chainrule.core.pending import pending
from chainrule.core.registry import building
from chainrule.errors import ArgumentError
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import simplify
from chainrule.read.formula import parse
from chainrule.views.text import formula_text, write_text
from chainrule.views.write import NOTATIONS, derivative_name, formula, gradient_name, write

F = building
each = pytest.mark.parametrize("notation", NOTATIONS)


def test_what_is_unknown_is_refused() -> None:
    with pytest.raises(ArgumentError, match="mathml"):
        formula(parse("x"), "braille")
    with pytest.raises(ArgumentError, match="leibniz"):
        formula(parse("x"), derivative="dot")  # type: ignore[arg-type]


def test_text_is_one_of_the_notations() -> None:
    graph = parse("sqrt(x)/2 + ln(x)")
    for notation in ("text", "unicode"):
        assert formula(graph, notation) == formula_text(graph, notation)  # type: ignore[arg-type]
        assert write(graph, notation) == write_text(graph, notation)  # type: ignore[arg-type]


# Derivatives that are still to be taken, in (text, Unicode, LaTeX).

x, u, c = input_node("x"), input_node("u"), input_node("c")
PENDING: list[tuple[Node, str, tuple[str, str, str]]] = [
    (pending(u, x), "prime", ("u'", "u'", "u'")),
    (pending(F.multiply(x, u), x), "prime", ("(x u)'", "(x u)'", "(x u)'")),
    (F.square(pending(u, x)), "prime", ("u'^2", "u'²", "(u')^{2}")),
    (pending(F.divide(x, u), x), "prime", ("(x/u)'", "(x/u)'", r"\left(\frac{x}{u}\right)'")),
    (pending(u, x), "leibniz", ("du/dx", "du/dx", r"\frac{du}{dx}")),
    (pending(u, x), "partial", ("du/dx", "∂u/∂x", r"\frac{\partial u}{\partial x}")),
    (F.multiply(pending(F.sin(u), x), c), "leibniz", ("d/dx (sin(u)) c",) * 2 + (r"\frac{d}{dx}(\sin(u)) c",)),
    (pending(F.square(u), x, c), "prime", ("d(u^2)", "d(u²)", "d(u^{2})")),
    (pending(u, x, c), "prime", ("du", "du", "du")),
]  # fmt: skip


@pytest.mark.parametrize(("node", "derivative", "forms"), PENDING, ids=[f"{forms[0]} {d}" for _, d, forms in PENDING])
def test_derivatives_still_to_be_taken(node: Node, derivative: Any, forms: tuple[str, ...]) -> None:
    assert tuple(formula(node, notation, derivative) for notation in ("text", "unicode", "latex")) == forms


NAMES = [
    (["x"], "prime", ("f'", "f'", "f'")),
    (["x"] * 4, "prime", ("f^(4)", "f^(4)", "f^{(4)}")),
    ([], "prime", ("f", "f", "f")),
    (["x"], "leibniz", ("df/dx", "df/dx", r"\frac{df}{dx}")),
    (["x", "x"], "leibniz", ("d^2f/dx^2", "d²f/dx²", r"\frac{d^{2} f}{dx^{2}}")),
    (["x", "y"], "partial", ("d^2f/(dy dx)", "∂²f/(∂y ∂x)", r"\frac{\partial^{2} f}{\partial y \, \partial x}")),
    (["x", "y", "y"], "leibniz", ("d^3f/(dy^2 dx)", "d³f/(dy² dx)", r"\frac{d^{3} f}{dy^{2} \, dx}")),
    (["x", "y", "x"], "leibniz", ("d^3f/(dx dy dx)", "d³f/(dx dy dx)", r"\frac{d^{3} f}{dx \, dy \, dx}")),
    (["x"] * 12, "leibniz", ("d^12 f/dx^12", "d¹²f/dx¹²", r"\frac{d^{12} f}{dx^{12}}")),
    (["x"] * 12, "prime", ("f^(12)", "f^(12)", "f^{(12)}")),
    (["rate"], "partial", ("df/drate", "∂f/∂rate", r"\frac{\partial f}{\partial \mathrm{rate}}")),
]  # fmt: skip


@pytest.mark.parametrize(("variables", "derivative", "forms"), NAMES, ids=[forms[0] for *_, forms in NAMES])
def test_names_of_derivatives(variables: list[str], derivative: Any, forms: tuple[str, ...]) -> None:
    names = (derivative_name("f", variables, notation, derivative) for notation in ("text", "unicode", "latex"))
    assert tuple(names) == forms


def test_the_variable_that_comes_first_stands_last_in_mathml() -> None:
    below = derivative_name("f", ["x", "y"], "mathml", "partial").split("<mfrac>")[1]
    assert below.index("<mi>y</mi>") < below.index("<mi>x</mi>")


def test_the_gradient_has_a_name_in_each_notation() -> None:
    names = [gradient_name("f", notation) for notation in ("text", "unicode", "latex")]
    assert names == ["grad f", "∇f", r"\nabla f"]
    assert "<mo>∇</mo><mi>f</mi>" in gradient_name("f", "mathml")


# The author's names.


def test_what_is_shared_keeps_its_authors_name() -> None:
    def loss(w: Any, X: Any, y: Any) -> Any:
        residual = y - X @ w - np.sin(w).sum() * np.cos(w).sum()
        return np.mean(residual**2) + np.max(residual)

    graph = cr.graph(loss, np.ones(2), np.ones((5, 2)), np.ones(5))
    assert formula(graph) == "mean(residual^2) + max(residual) where residual = y - X w - sum(sin(w)) sum(cos(w))"
    assert graph.formula("latex").startswith(r"\operatorname{mean}(\mathrm{residual}^{2}) + ")
    assert graph._repr_latex_().startswith(r"$\mathrm{loss}(w, X, y) = \operatorname{mean}")


def test_e_that_is_a_variable_is_not_eulers_number() -> None:
    def f(e: Any, x: Any) -> Any:
        return e * np.exp(x)

    assert cr.graph(f, 1.0, 1.0).formula() == "e exp(x)"
    assert formula(F.exp(u)) == "e^u"
    assert write(F.exp(F.sin(u)), names={u: "e"}).outputs == ("exp(sin(e))",)


@each
def test_given_nodes_are_written_as_names(notation: str) -> None:
    inner = F.sin(F.add(x, 1.0))
    assert write(F.multiply(2.0, inner), notation, names={inner: "u"}) == write(F.multiply(2.0, u), notation)


# Size and depth.


@each
def test_nested_functions_are_written_in_linear_size(notation: str) -> None:
    def size(n: int) -> int:
        gradient = reverse(parse("sin(" * n + "x" + ")" * n))
        return len(formula(simplify(gradient, for_view=True), notation))

    sizes = [size(n) for n in (40, 80, 160)]
    assert sizes[2] - sizes[1] < 2.2 * (sizes[1] - sizes[0])


@each
def test_doubling_is_written_in_linear_size(notation: str) -> None:
    def size(n: int) -> int:
        node = x
        for _ in range(n):
            node = F.divide(F.add(node, x), node)
        return len(formula(node, notation))

    assert size(200) < 2.2 * size(100)


@each
@pytest.mark.parametrize("depth", [1_000, 20_000])
def test_depth_needs_no_recursion(notation: str, depth: int) -> None:
    node = x
    for i in range(depth):
        node = (F.sin, F.sqrt, F.square, lambda term: F.divide(1.0, term))[i % 4](node)
    assert len(re.findall("sin", formula(node, notation))) == depth // 4


def test_without_sharing_it_is_written_out() -> None:
    shared = parse("ln(x^2 + 3x + 1)").outputs[0]
    written = write(Graph((), (F.multiply(shared, F.sin(shared)),)), share=False)
    assert written.outputs == ("ln(x^2 + 3x + 1) sin(ln(x^2 + 3x + 1))",)
    assert not written.definitions
