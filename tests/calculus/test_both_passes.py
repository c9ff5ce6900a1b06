"""Derivations along the graph: both passes, each path, and their sum, which is the derivative by the rules."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from samples import samples_of

import chainrule as cr
from chainrule.calculus.both_passes import derivation_by_paths
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building, primitives
from chainrule.core.shapes import elementwise
from chainrule.passes.agreement import Verifier
from chainrule.read.formula import parse
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Part


def along(f: Any, *args: Any, **options: Any) -> Derivation:
    return cr.explain(f, *args, method="graph", **options)


def loss(w: float, x: float, b: float, y: float) -> float:
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def ridge(w: float, x: float, b: float, y: float) -> float:
    y_hat = w * x + b
    e = y - y_hat
    L = e**2 + w**2
    return L


POINT = (1.0, 2.0, 1.0, 7.0)


CHECKED = (
    "checked: each step holds to 30 digits at 8 points or more, and the sums over paths are what reverse mode gives"
)

# The worked example of the seed.


def test_s21_both_passes_with_each_local_derivative() -> None:
    derivation = along(loss, *POINT, wrt=["w", "b"])
    passes = derivation.passes
    assert passes is not None
    assert [(step.name.text(), step.expression.text(), step.value) for step in passes.forward] == [
        ("y_hat", "w x + b", 3),
        ("e", "y - y_hat", 4),
        ("L", "e^2", 16),
    ]
    assert {local.part.start.text(): local.value for local in passes.locals} == {
        "d/dw (w x + b)": 2,
        "d/db (w x + b)": 1,
        "d/dy_hat (y - y_hat)": -1,
        "(e^2)'": 8,
    }
    assert [(g.step.before.text(), g.value) for g in passes.backward] == [
        ("dL/dL", 1),
        ("dL/de", 8),
        ("dL/dy_hat", -8),
        ("dL/db", -8),
        ("dL/dw", -16),
    ]
    assert [part.value for part in derivation.parts] == [-16, -8]
    assert [str(part.result) for part in derivation.parts] == ["-2e x", "-2e"]


def test_s21_the_sum_over_two_paths() -> None:
    derivation = along(ridge, *POINT, wrt="w")
    assert str(derivation).splitlines() == [
        "L(w, x, b, y) at w = 1, x = 2, b = 1, y = 7",
        "",
        "forward pass",
        "  y_hat = w x + b = 3",
        "  e     = y - y_hat = 4",
        "  L     = e^2 + w^2 = 17",
        "",
        "local derivatives",
        "  d/dw (w x + b)       = x = 2    sum rule, constant factor rule",
        "  d/dy_hat (y - y_hat) = -1       difference rule",
        "  d/de (e^2 + w^2)     = 2e = 8   sum rule, power rule",
        "  d/dw (e^2 + w^2)     = 2w = 2   sum rule, power rule",
        "",
        "backward pass",
        "  dL/dL     = 1",
        "  dL/de     = (dL/dL) (2e) = 1*8 = 8",
        "  dL/dy_hat = (dL/de) (-1) = 8(-1) = -8",
        "  dL/dw     = (dL/dy_hat) x + (dL/dL) (2w) = -8*2 + 1*2 = -14",
        "",
        "dL/dw: 2 paths",
        "  w -> y_hat -> e -> L:  2e (-1) x = 8(-1)*2 = -16",
        "  w -> L:                2w = 2",
        "  dL/dw                = 2e (-1) x + 2w = -16 + 2 = -14   sum over paths",
        "  dL/dw                = 2w - 2e x                        simplify",
        "",
        CHECKED,
    ]


def test_a_formula_in_elementary_steps() -> None:
    derivation = along("(y - (w x + b))^2", at={"w": 1, "x": 2, "b": 1, "y": 7})
    passes = derivation.passes
    assert passes is not None
    assert [step.value for step in passes.forward] == [2, 3, 4, 16]
    assert {part.by.name: part.value for part in derivation.parts} == {"y": 8, "w": -16, "x": -8, "b": -8}
    assert {part.by.name: part.result.text() for part in derivation.parts}["w"] == "-2x (y - (w x + b))"


# What it says is the derivative.

FORMULAS = [
    "x^2 exp(x)", "1/(1 + exp(-x))", "sin(x)^2 ln(x^2 + 1)/x", "x^x", "max(x, 1) x", "|x| x", "sigmoid(x) tanh(x)",
    "x y + sin(x y)", "x", "x^3 + x^3", "sqrt(x^2 + y^2)", "e^(-(x - y)^2/2)", "(x + y)/(x - y)",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_the_sum_over_paths_is_the_derivative_by_rules(text: str) -> None:
    names = [node.name for node in parse(text).inputs]
    by_rules = cr.explain(text, wrt=names)
    verifier = Verifier(by_rules.function)
    derivation = along(text)
    for part, other in zip(derivation.parts, by_rules.parts, strict=True):
        own = {node.name: node for node in by_rules.function.inputs}
        for mine in derivation.function.inputs:
            verifier.stands_for(mine, own[mine.name])
        verifier.equal(other.result.node, part.result.node)


@pytest.mark.parametrize("text", FORMULAS)
def test_the_numbers_are_those_of_the_gradient(text: str) -> None:
    names = [node.name for node in parse(text).inputs]
    at = dict(zip(names, (0.7, 1.9), strict=False))
    derivation = along(text, at=at)
    for part in derivation.parts:
        assert part.value == pytest.approx(cr.grad(text, argnums=part.by.name)(*at.values()), rel=1e-12)
        assert part.result(*at.values()) == pytest.approx(part.value, rel=1e-12)
    assert derivation.passes is not None
    for paths in derivation.passes.paths:
        assert sum(path.value for path in paths.listed) == pytest.approx(paths.part.value, rel=1e-12, abs=1e-14)
        assert len(paths.listed) == paths.count


SCALAR = [
    primitive
    for primitive in primitives().values()
    if primitive.shape is elementwise and not primitive.is_constant and primitive.name not in ("cast", "where")
]


@pytest.mark.parametrize("primitive", SCALAR, ids=lambda p: p.name)
def test_every_scalar_function_has_its_local_derivative(primitive: Primitive) -> None:
    sample = next(iter(samples_of(primitive)))
    numbers = [float(np.ravel(value)[0]) for value in sample.values()]

    def f(*operands: Any) -> Any:
        return primitive(*operands, **sample.parameters) * operands[0]

    derivation = along(f, *numbers, wrt="x0")
    assert derivation.parts[0].value == pytest.approx(cr.grad(f)(*numbers), rel=1e-9, abs=1e-12)
    assert all(step.evidence.digits >= 20 for step in derivation.steps if step.evidence is not None)


TERMS = st.recursive(
    st.sampled_from(["x", "y", "2", "x y"]),
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["({}) + ({})", "({}) ({})", "({}) - ({})"]), inner, inner).map(
            lambda t: t[0].format(*t[1:])
        ),
        st.tuples(st.sampled_from(["sin({})", "exp(-({})^2)", "tanh({})", "({})^2"]), inner).map(
            lambda t: t[0].format(t[1])
        ),
    ),
    max_leaves=6,
)


@given(TERMS, st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_any_formula(text: str, x: float, y: float) -> None:
    derivation = along(text, variables="x, y", at={"x": x, "y": y})
    at = {name: value for name, value in {"x": x, "y": y}.items() if name in text.replace("exp", "")}
    for part in derivation.parts:
        name = part.by.name
        wanted = cr.grad(text, argnums=name)(**at) if name in at else 0.0
        assert part.value == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    for form in (derivation.to_text("unicode"), derivation.to_latex(), derivation.to_markdown()):
        assert form
    json.dumps(derivation.to_dict())


def wrong(good: Part, mutant: Node) -> Part:
    return Part(
        good.of, good.by, good.path, good.start, good.steps, Expression(mutant, good.result.inputs), None, good.value
    )


@pytest.mark.parametrize("factor", [-1.0, 2.0])
def test_a_wrong_local_derivative_is_refused(factor: float) -> None:
    graph = parse("x^2 sin(x)")
    (x,) = graph.inputs

    def derive(step: Graph, source: Node, values: Any) -> Part:
        good = cr.explain("z^2").parts[0]
        return wrong(good, building.multiply(constant(factor), step.outputs[0]))

    with pytest.raises(cr.DerivationError, match="differ"):
        derivation_by_paths(graph, [x], {}, "standard", Verifier(graph), derive)


# How it is written.


@pytest.mark.parametrize("detail", ["brief", "standard", "every"])
def test_every_form(detail: Any) -> None:
    derivation = along(ridge, *POINT, wrt=["w", "b"], detail=detail)
    assert "→" in derivation.to_text("unicode")
    latex = derivation.to_latex()
    assert latex.count(r"\begin{aligned}") == latex.count(r"\end{aligned}") == 4 + (detail != "brief")
    assert r"w \to \hat{y} \to e \to L" in latex
    assert ("sum rule" in latex) == (detail != "brief")
    page = ElementTree.fromstring(derivation.to_html())
    assert len(page.findall("ul")) == 4 + (detail != "brief")
    assert "$w \\to L$: $2 w = 2$" in derivation.to_markdown()


def test_every_application_has_a_line_in_every_detail() -> None:
    lines = str(along(ridge, *POINT, wrt="w", detail="every")).splitlines()
    assert "  d/dw (e^2)           = 0                           constant rule" in lines
    assert "  d/dw (w^2)           = 2w                          power rule" in lines


def test_as_data() -> None:
    data = json.loads(json.dumps(along(ridge, *POINT, wrt="w").to_dict()))
    assert data["forward"][1] == {
        "name": "e",
        "expression": {"text": "y - y_hat", "latex": r"y - \hat{y}"},
        "value": 4,
    }
    assert [path["value"] for path in data["paths"][0]["listed"]] == [-16, 2]
    assert data["paths"][0]["listed"][0]["nodes"] == ["w", "y_hat", "e", "L"]
    assert data["backward"][-1]["value"] == -14
    assert data["derivatives"][0]["result"]["text"] == "2w - 2e x"
    assert [step["rule"] for step in data["derivatives"][0]["steps"]] == ["sum over paths", "simplify"]
    assert all(gradient["evidence"]["digits"] == 30 for gradient in data["backward"])


def test_the_steps_are_in_order_with_their_evidence() -> None:
    derivation = along(ridge, *POINT, wrt="w")
    names = [step.rule.name for step in derivation.steps]
    assert names[:2] == ["sum rule", "constant factor rule"]
    assert names[-2:] == ["sum over paths", "simplify"]
    assert "chain rule" in names
    assert all(step.evidence.digits == 30 for step in derivation.steps)


def test_a_step_in_terms_of_itself() -> None:
    def f(z: float) -> float:
        s = 1 / (1 + np.exp(-z))
        return s * z

    assert "d/dz (1/(1 + e^(-z))) = s (1 - s)" in str(along(f, 0.3))


def test_branches_and_values_that_are_no_numbers() -> None:
    def f(x: Any) -> Any:
        return np.where(x > 0, x**2, -x) * x

    shown = str(along(f, 0.5))
    assert "v1 = x > 0 = True" in shown
    assert "3 paths" in shown
    assert "-0" not in shown.replace("-0.", "")


def test_an_input_that_does_not_matter() -> None:
    assert "df/dy: no path leads there" in str(along("x^2", variables="x, y", at={"x": 1, "y": 2}))
    assert "df/dx: no path leads there" in str(along("3", variables="x"))


# Large graphs.


def doubled(x: float) -> float:
    for _ in range(25):
        x = x * 0.5 + np.sin(x) * x
    return x


def fanned(x: float) -> float:
    for _ in range(25):
        a = np.sin(x)
        x = a * x + a
    return x


def test_many_paths_are_counted_not_listed() -> None:
    derivation = along(fanned, 0.3)
    text = str(derivation)
    assert f"{2**25:,} paths, too many to list" in text
    assert len(text) < 40_000
    assert derivation.parts[0].value == pytest.approx(cr.grad(fanned)(0.3), rel=1e-12)
    assert len(json.dumps(derivation.to_dict())) < 400_000
    assert len(str(derivation.result)) < 20_000


def test_a_long_chain_is_written_in_linear_size() -> None:
    def chain(n: int) -> Any:
        def f(x: float) -> float:
            for _ in range(n):
                x = np.sin(x) * 2
            return x

        return f

    short, long = (str(along(chain(n), 0.3)) for n in (45, 90))
    assert len(long) < 2.5 * len(short)
    assert re.search(r"1 path$", long, re.MULTILINE)


def test_one_path_where_each_step_uses_the_one_before_twice() -> None:
    assert "dx_26/dx: 1 path" in str(along(doubled, 0.3)).replace("x_25", "x_26")


def test_what_it_refuses() -> None:
    with pytest.raises(cr.ArgumentError, match="first derivatives"):
        along("x^2", order=2)
    with pytest.raises(cr.ArgumentError, match="no variable"):
        along("3")
    with pytest.raises(cr.ArgumentError, match="no variable 'z'"):
        along("x^2", wrt="z")
    with pytest.raises(cr.ArgumentError, match="arrays"):
        along(np.sum, np.ones(3))


def test_complex_steps_are_refused_with_the_method_that_takes_them() -> None:
    with pytest.raises(cr.ArgumentError, match=r"is complex.*method 'rules' takes it"):
        cr.explain(lambda x: (x * 1j) ** 2, 1.5, method="graph")
