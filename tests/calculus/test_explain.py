"""Derivations: the lines that textbooks have, every function, every line verified, wrong lines refused."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings, strategies as st
from samples import samples_of

import chainrule as cr
from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import is_pending
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building, primitives
from chainrule.core.shapes import elementwise
from chainrule.passes.agreement import Verifier
from chainrule.passes.evaluate import evaluate
from chainrule.passes.stepwise import applications, replaced
from chainrule.read.formula import parse


def wholes(text: str, **options: Any) -> list[str]:
    """The lines as they are shown, without their reasons."""
    shown = cr.explain(text, **options).to_text()
    return [match[1] for match in re.finditer(r"^ +(?:\S+ )?= (.*)$", shown, re.MULTILINE)]


# The worked examples of the seed, line by line.


def test_s5_linearity_term_by_term() -> None:
    assert wholes("3x^2 + 5x - 7") == ["(3x^2 + 5x - 7)'", "3(2x) + 5*1 - 0", "6x + 5"]


def test_s8_the_chain_rule_names_both_functions() -> None:
    derivation = cr.explain("(3x + 2)^2", at={"x": 1})
    inner = derivation.steps[0].inner
    assert inner is not None
    assert (inner.function.text(), inner.outer.text(), inner.derivative.text()) == ("3x + 2", "u^2", "2u")
    assert wholes("(3x + 2)^2") == ["((3x + 2)^2)'", "2(3x + 2)*3", "6(3x + 2)"]
    assert derivation.parts[0].value == 30


def test_s9_the_product_rule() -> None:
    lines = wholes("x^2 exp(x)")
    assert lines[:3] == ["(x^2 e^x)'", "(x^2)' e^x + x^2 (e^x)'", "2x e^x + x^2 e^x"]
    assert lines[-1] == "e^x (2x + x^2)"
    assert cr.explain("x^2 exp(x)", at={"x": 1}).parts[0].value == pytest.approx(3 * np.e, rel=1e-15)


def test_s10_the_sigmoid_in_five_steps() -> None:
    lines = wholes("1/(1 + exp(-z))")
    wanted = [
        "(1/(1 + e^(-z)))'",
        "((1 + e^(-z))^(-1))'",
        "(-(1 + e^(-z))^(-2)) (1 + e^(-z))'",
        "(-(1 + e^(-z))^(-2)) (0 + e^(-z) (-1))",
        "e^(-z)/(1 + e^(-z))^2",
        "f (1 - f)",
    ]
    assert [line for line in lines if line in wanted] == wanted
    assert wholes("sigmoid(z)")[-1] == "sigmoid(z) (1 - sigmoid(z))"
    assert cr.explain("1/(1 + exp(-z))").result(np.log(4)) == pytest.approx(0.16, rel=1e-14)  # where s = 0.8


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(e^x - e^-x)/(e^x + e^-x)", "1 - f^2"),
        ("e^(2x + 1)/(1 + e^(2x + 1))", None),
        ("1/(1 + x^2)", None),
        ("sigmoid(x)", None),
    ],
)
def test_a_derivative_in_terms_of_the_function_itself(text: str, wanted: str | None) -> None:
    last = cr.explain(text).steps[-1]
    assert (last.rule.name == "in terms of the function itself") == (wanted is not None)
    assert wanted is None or last.after.text() == wanted


def test_what_the_author_wrote_as_a_quotient_stays_one() -> None:
    assert wholes("1/(1 + x^2)")[-1] == "-2x/(1 + x^2)^2"
    assert wholes("(1 + x^2)^-1")[-1] == "-2x (1 + x^2)^(-2)"


def test_s13_partial_derivatives_with_the_others_held_constant() -> None:
    derivation = cr.explain("x^2 y + 3y^2", wrt=["x", "y"], at={"x": 2, "y": 3})
    assert [part.result.text() for part in derivation.parts] == ["2x y", "x^2 + 6y"]
    assert [part.value for part in derivation.parts] == [12, 22]
    assert "constant rule: d/dx (3y^2) = 0" in str(derivation)


def test_s21_the_loss_of_one_point() -> None:
    def loss(w: float, x: float, b: float, y: float) -> float:
        y_hat = w * x + b
        e = y - y_hat
        return e**2

    derivation = cr.explain(loss, 1.0, 2.0, 1.0, 7.0, wrt=["w", "b"])
    assert [part.value for part in derivation.parts] == [-16, -8]


def test_exp_is_written_in_one_way_where_a_variable_is_named_e() -> None:
    def loss(w: Any, x: Any, b: Any, y: Any) -> Any:
        z = w * x + b
        s = 1 / (1 + np.exp(-z))
        e = y - s
        return e**2

    def product(w: Any, e: Any) -> Any:
        return np.exp(w) * e

    for derivation in (
        cr.explain(loss, 1.0, 2.0, 3.0, 1.0, wrt="w", detail="every"),
        cr.explain(product, 1.0, 2.0, wrt="w", detail="every"),
        cr.explain(lambda w, e: np.sum(np.exp(w) * e), np.ones(2), np.ones(2), wrt="w", detail="every"),
    ):
        for shown, power in ((derivation.to_text(), "e^"), (derivation.to_latex(), "e^{")):
            assert "exp" in shown
            assert not re.search(rf"(?<![a-z]){re.escape(power)}(?!{{?[2T])", shown)


def test_a_formula_that_names_its_argument_needs_no_wrt() -> None:
    derivation = cr.explain("f(t) = A e^(-k t)")
    assert [part.by.name for part in derivation.parts] == ["t"]
    assert derivation.parts[0].result.text() == "-A k e^(-k t)"
    assert [part.by.name for part in cr.explain("f(t) = A e^(-k t)", wrt="k").parts] == ["k"]
    with pytest.raises(cr.ArgumentError, match="several variables"):
        cr.explain("f(x, y) = a x y")


def test_a_factor_1_is_not_carried_through_the_lines_of_a_limit() -> None:
    for text, wrt in (("x^n", "x"), ("e^(n x)", "x"), ("e^(x^2)", "x")):
        assert not any(re.search(r"\)\*1", line) for line in wholes(text, wrt=wrt, method="limit"))
    assert wholes("e^x", method="limit")[-2:] == ["e^x*1", "e^x"]


# Every function.

SCALAR = [
    primitive
    for primitive in primitives().values()
    if primitive.shape is elementwise and not primitive.is_constant and primitive.name not in ("cast", "where")
]


@pytest.mark.parametrize("primitive", SCALAR, ids=lambda p: p.name)
def test_every_scalar_function_is_explained(primitive: Primitive) -> None:
    sample = next(iter(samples_of(primitive)))
    numbers = [float(np.ravel(value)[0]) for value in sample.values()]

    def f(*operands: Any) -> Any:
        return primitive(*operands, **sample.parameters) * operands[0]

    derivation = cr.explain(f, *numbers, wrt="x0")
    assert derivation.steps[0].rule.name == "product rule"
    assert derivation.parts[0].value == pytest.approx(cr.grad(f)(*numbers), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("text", ["x^3", "sin x", "x e^x", "ln x", "1/x", "sigmoid(x)", "|x|", "max(x, 1)", "x^x"])
def test_higher_derivatives(text: str, order: int) -> None:
    derivation = cr.explain(text, order=order)
    f: Any = text
    for _ in range(order):
        f = cr.derivative(f)
    assert derivation.parts[-1].result(0.7) == pytest.approx(float(f(0.7)), rel=1e-12, abs=1e-14)


def test_a_hessian_has_every_pair() -> None:
    derivation = cr.explain("x^2 y + 3y^2", wrt=["x", "y"], order=2)
    assert [part.path for part in derivation.parts[2:]] == [("x", "x"), ("x", "y"), ("y", "x"), ("y", "y")]
    assert [part.result.text() for part in derivation.parts[2:]] == ["2y", "2x", "2x", "6"]


def test_a_constant_is_a_function_of_whatever_is_asked_for() -> None:
    assert cr.explain("7 pi", wrt="x").result.text() == "0"


def test_every_step_is_verified() -> None:
    for step in cr.explain("sin(x)^2 ln(x^2 + 1)/x", detail="every").steps:
        assert step.evidence.digits == 30
        assert step.evidence.points >= 8


def test_levels_of_detail() -> None:
    derivation = cr.explain("x^2 exp(3x)")
    counts = [str(derivation.with_detail(detail)).count("\n") for detail in ("brief", "standard", "every")]
    assert counts == sorted(counts)
    assert len(set(counts)) == 3
    with pytest.raises(cr.ArgumentError, match="brief, standard, every"):
        derivation.with_detail("all")  # type: ignore[arg-type]


# Large functions.


def test_a_nest_of_200_functions_is_written_in_linear_size() -> None:
    def nest(depth: int) -> str:
        text = "x"
        for _ in range(depth):
            text = f"sin({text})"
        return text

    small, large = (len(str(cr.explain(nest(depth)))) for depth in (100, 200))
    assert large < 2.3 * small


def test_a_product_of_100_factors_is_written_in_linear_size() -> None:
    small, large = (len(str(cr.explain(" ".join(f"sin({i}x)" for i in range(1, n + 1))))) for n in (50, 100))
    assert large < 2.3 * small


# Wrong lines.


def mutants(term: Node) -> list[Node]:
    """The term with one sign, constant, exponent or factor changed that makes a difference, outside of its D[...]."""
    pending = [node for node in topological([term]) if is_pending(node)]
    stand_ins = {node: Node(None, (), {"name": f"D{i}"}, (), np.dtype(float), "") for i, node in enumerate(pending)}
    plain = replaced(term, stand_ins, inside=False)
    found: list[Node] = []
    for node in topological([plain]):
        if node.is_constant and not node.name and not node.shape:
            found.append(replaced(plain, {node: constant(node.parameters["value"] + 1.0)}, inside=False))
        elif node.primitive is not None:
            found.append(replaced(plain, {node: building.negative(node)}, inside=False))
            found.append(replaced(plain, {node: building.multiply(2.0, node)}, inside=False))
            if node.primitive.name in ("square", "power"):
                found.append(replaced(plain, {node: building.multiply(node, node.operands[0])}, inside=False))
    back = {stand_in: node for node, stand_in in stand_ins.items()}
    return [replaced(mutant, back, inside=False) for mutant in found if differ(plain, mutant)]


def differ(one: Node, other: Node) -> bool:
    """Whether two terms differ in floats: -0 and 2 0 are 0, and no mistake."""
    inputs = [node for node in topological([one, other]) if node.is_input]
    graph = Graph(tuple(inputs), (one, other))
    with np.errstate(all="ignore"):
        rows = [evaluate(graph, *np.random.default_rng(seed).uniform(0.2, 0.9, len(inputs))) for seed in range(3)]
    return not all(np.isclose(x, y, rtol=1e-12, atol=0) for x, y in rows)


MUTATED = [
    "x^2 exp(3x)", "sin(x^2)/x", "ln(1 + x^2)", "(3x + 2)^4", "sqrt(1 + e^x)", "x^x", "sigmoid(2x) x", "tan(x) cos(x)",
    "atan(x^3)", "1/(1 + e^-x)", "x sin(x) e^x", "2^x + x^2", "erf(x)/x^3", "cosh(x) tanh(2x)", "sin(cos(tan(x)))",
    "(x^2 + 1)^3 (x - 1)^2", "e^(x^2) ln(x)", "sqrt(x)/(1 + sqrt(x))", "asin(x) acos(x)", "x^2.5 - 3x^-2",
]  # fmt: skip


def test_a_mutated_line_is_refused() -> None:
    """Lines about one term, and lines about the whole expression, each with one change; all of them are refused."""
    lines, refused = 0, 0
    for text in MUTATED:
        graph = parse(text)
        start = graph.outputs[0]
        verifier = Verifier(graph)
        done: dict[Node, Node] = {}
        for step in applications(graph.outputs[0], graph.inputs[0]):
            start = start if done else step.before
            done[step.before] = step.after
            for before, after in ((step.before, step.after), (start, replaced(start, done))):
                verifier.equal(before, after)
                for mutant in mutants(after):
                    lines += 1
                    try:
                        verifier.equal(before, mutant)
                    except cr.DerivationError:
                        refused += 1
    assert lines >= 1000
    assert refused == lines


# Errors and forms.


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cr.explain("x y"), "several variables.*x, y"),
        (lambda: cr.explain("x y", wrt="z"), "no variable 'z'.*x, y"),
        (lambda: cr.explain("7"), "no variable to differentiate by"),
        (lambda: cr.explain("x", method="magic"), "expected one of rules, limit"),
        (lambda: cr.explain("x", detail="all"), "expected one of brief"),
        (lambda: cr.explain("x", order=0), "order is 0"),
        (lambda: cr.explain("x", 3.0), "at={...}"),
        (lambda: cr.explain("x", at={"y": 3.0}), "'y', which is no variable; there is x"),
        (lambda: cr.explain("x y", wrt="x", at={"y": 3.0}), "no value for x"),
        (lambda: cr.explain(lambda x: x, 1.0, at={"x": 3.0}), "belong to formulas"),
    ],
)
def test_what_cannot_be_explained(call: Any, message: str) -> None:
    with pytest.raises(cr.ArgumentError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cr.explain("x y", wrt="x", at=3.0), "at gives one value"),
        (lambda: cr.explain("x", at={"x": "1"}), None),
        (lambda: cr.explain("x", at={"x": "one"}), "at gives 'one' for x: expected a finite number"),
        (lambda: cr.explain("x", at={"x": [1, 2]}), "expected a finite number"),
        (lambda: cr.explain("x", at=np.inf), "expected a finite number"),
        (lambda: cr.explain("x", wrt=1), "wrt is 1"),
        (lambda: cr.explain("x", wrt=[]), r"wrt is \[\]"),
        (lambda: cr.explain("x", wrt=["x", "x"]), "x twice"),
        (lambda: cr.explain("x", order=1.5), "order is 1.5"),
        (lambda: cr.explain("x", order=True), "order is True"),
        (lambda: cr.explain("x", variables=3), "variables is 3: expected names"),
        (lambda: cr.explain("x", order=10**9), "derivation_order"),
        (lambda: cr.explain("x y z w", wrt=["x", "y", "z", "w"], order=5), "derivations = 100"),
        (lambda: cr.explain(lambda x: x), "give its arguments"),
        (lambda: cr.explain(lambda x: x, 1j), "x is complex"),
    ],
)
def test_arguments_that_are_of_the_wrong_kind(call: Any, message: str | None) -> None:
    if message is None:
        call()
        return
    with pytest.raises((cr.ArgumentError, cr.LimitError), match=message):
        call()


@pytest.mark.parametrize(
    ("text", "at", "value", "note"),
    [
        ("ln(x)", -1.0, None, "no finite value at x = -1"),
        ("1/x", 0.0, None, "no finite value at x = 0"),
        ("|x|", 0.0, 0.0, "derivative is taken as 0"),
        ("max(x, 1 - x)", 0.5, 0.0, "derivative is taken as 1/2"),
        ("sqrt(x)", 0.0, np.inf, "derivative is infinite"),
        ("x^2", 0.0, 0.0, ""),
    ],
)
def test_what_is_special_at_a_point_is_said(text: str, at: float, value: float | None, note: str) -> None:
    derivation = cr.explain(text, at=at)
    part = derivation.parts[0]
    assert part.value == value
    assert note in part.note
    assert bool(part.note) == bool(note)
    assert (f"note: {part.note}" in str(derivation)) == bool(note)
    assert part.note in derivation.to_markdown()
    assert part.note in derivation.to_html()


def test_the_branch_taken_is_said() -> None:
    def f(x: float) -> float:
        return x**2 if x > 0 else -x

    assert "valid where x > 0 is True" in str(cr.explain(f, 1.0))
    assert "is False" in cr.explain(f, -1.0).to_markdown()


def test_all_forms_say_the_same() -> None:
    derivation = cr.explain("x^2 sin(x)", at={"x": 2})
    assert r"\text{product rule}" in derivation.to_latex()
    assert "**product rule**" in derivation.to_markdown()
    assert json.loads(json.dumps(derivation.to_dict()))["derivatives"][0]["steps"][0]["rule"] == "product rule"
    ElementTree.fromstring(derivation.to_html().replace("<br>", "<br/>"))


ATOMS = st.sampled_from(["x", "x", "x", "2", "3", "0.5", "a", "pi"])
FORMS = [
    "{0} + {1}", "{0} - ({1})", "({0}) ({1})", "({0})/({1})", "({0})^2", "({0})^3", "sin({0})", "cos({0})", "e^({0})",
    "ln({0})", "sqrt({0})", "tanh({0})", "sigmoid({0})", "atan({0})", "|{0}|", "-({0})", "max({0}, {1})", "({0})^({1})",
]  # fmt: skip


@st.composite
def formulas(draw: Any, depth: int = 3) -> str:
    if depth == 0 or draw(st.integers(0, 4)) == 0:
        return str(draw(ATOMS))
    form = draw(st.sampled_from(FORMS))
    return str(form.format(*(draw(formulas(depth=depth - 1)) for _ in range(2))))


def explained(text: str) -> None:
    """No crash and no wrong line: a formula is explained, or refused because it is not defined."""
    try:
        derivation = cr.explain(text, variables="x, a", wrt="x")
    except cr.DerivationError:
        # 0/0 in disguise, beyond all numbers, or at a kink everywhere, as |sin(max(pi, x))|: refused, and not shown
        return
    assert all(step.evidence is not None for step in derivation.steps if not step.simplifies)
    assert str(derivation)


@settings(max_examples=60, deadline=None)
@given(formulas())
def test_random_formulas(text: str) -> None:
    explained(text)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))  # for as many processes
def test_ten_thousand_random_formulas(part: int) -> None:
    @seed(part)
    @settings(max_examples=10_000 // 8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(formulas(depth=4))
    def explained_all(text: str) -> None:
        explained(text)

    explained_all()


@pytest.mark.parametrize("method", ["sum", "mean"])
def test_a_loop_is_explained(method: str) -> None:
    """The gradient is evaluated with a number of Python's that is spread over the rows."""

    def f(r: Any) -> Any:
        return getattr(np, method)(cr.scan(lambda x, t: (r * x * (1 - x) + t, x), 0.1, np.arange(3.0))[1])

    found = cr.explain(f, 3.2)
    np.testing.assert_allclose(found.parts[0].value, cr.grad(f)(3.2), rtol=1e-12)


def test_a_differential_equation_is_explained() -> None:
    found = cr.explain(lambda y: cr.odeint(lambda y, t: -0.5 * y, y, np.array([0.0, 0.1]))[-1], 1.5)
    np.testing.assert_allclose(found.parts[0].value, np.exp(-0.05), rtol=1e-7)


def test_a_solver_computes_with_floats_only() -> None:
    root = cr.custom_root(lambda x, a: x**2 - a)
    with pytest.raises(cr.DerivationError, match="the operation root_of_f computes with floats only"):
        cr.explain(lambda a: root(1.0, a), 3.2)
