"""MathML: well-formed for every operation, the elements that browsers know, and the right signs for a screen reader."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, strategies as st
from nodes import array, input_node
from samples import Sample, all_samples

import chainrule.read
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.pending import pending
from chainrule.core.registry import building
from chainrule.read.formula import parse
from chainrule.read.trace import trace
from chainrule.views.write import derivative_name, formula, write

F = building
assert chainrule.read  # importing it enters the answers to NumPy's functions
NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"
SAMPLES = [sample for sample in all_samples() if sample.active]
# How many children an element has; None for any number. An element that is not here is not of presentation MathML Core.
CHILDREN = {
    "math": None, "mrow": None, "mi": 0, "mn": 0, "mo": 0, "mtext": 0, "mspace": 0, "mfrac": 2, "msup": 2, "msub": 2,
    "msqrt": None, "mroot": 2, "mover": 2, "mtable": None, "mtr": None, "mtd": None,
}  # fmt: skip


def tree(mathml: str) -> ElementTree.Element:
    root = ElementTree.fromstring(mathml)
    for element in root.iter():
        count = CHILDREN[element.tag.removeprefix(NAMESPACE)]
        assert count is None or len(element) == count
        assert count == 0 or not (element.text or "").strip()
    return root


def spoken(graph: Graph | Node) -> str:
    """The formula without its elements: what stands in it in the order in which it is read out."""
    said = "".join(tree(formula(graph, "mathml")).itertext())
    return said.replace("\u2062", "*").replace("\u2061", "@").replace("\u00a0", " ")


SPOKEN = [
    ("2 x y", "2*x*y"),
    ("x*2", "x·2"),
    ("sin(x) cos(x/2)", "sin@(x)*cos@(x2)"),
    ("sin(x)^2", "sin2@(x)"),
    ("x - (-y)", "x−(−y)"),
    ("|x|", "|x|"),
    ("sigmoid(alpha)", "σ@(α)"),
    ("log10(x)", "log10@(x)"),
    ("max(x, 1)", "max@(x,1)"),
    ("1.5e-7", "1.5·10−7"),
]


@pytest.mark.parametrize(("text", "said"), SPOKEN, ids=[form[0] for form in SPOKEN])
def test_the_order_of_reading(text: str, said: str) -> None:
    assert spoken(parse(text)) == said


ELEMENTS = [
    (parse("a/b"), "<mfrac><mi>a</mi><mi>b</mi></mfrac>"),
    (parse("x^2"), "<msup><mi>x</mi><mn>2</mn></msup>"),
    (parse("e^x"), "<msup><mi>e</mi><mi>x</mi></msup>"),
    (parse("sqrt(x)"), "<msqrt><mi>x</mi></msqrt>"),
    (parse("cbrt(x)"), "<mroot><mi>x</mi><mn>3</mn></mroot>"),
    (parse("x_1"), "<msub><mi>x</mi><mn>1</mn></msub>"),
    (parse("y_hat"), '<mover accent="true"><mi>y</mi><mo stretchy="false">^</mo></mover>'),
    (F.getitem(array("y", 5), pattern=(-1,)), "<msub><mi>y</mi><mtext>-1</mtext></msub>"),
    (F.transpose(array("X", 2, 2), axes=(1, 0)), "<msup><mi>X</mi><mi>T</mi></msup>"),
    (constant(np.inf), "<mi>∞</mi>"),
    (constant(np.array([1.0, 2.0])), "<mtr><mtd><mn>1</mn></mtd></mtr><mtr><mtd><mn>2</mn></mtd></mtr>"),
    (parse("log2(x)"), "<msub><mi>log</mi><mn>2</mn></msub>"),
    (F.less_equal(input_node("x"), 1.0), "<mi>x</mi><mo>≤</mo><mn>1</mn>"),
    (
        pending(input_node("u"), input_node("x")),
        '<mrow><mi>u</mi><mo form="postfix" lspace="0" rspace="0">′</mo></mrow>',
    ),
    (pending(parse("x/y").outputs[0], input_node("x")), '<mo form="postfix" scriptlevel="+0">′</mo></msup>'),
    (F.norm(array("y", 5), axis=(0,), keepdims=False), ">‖</mo><mi>y</mi><mo"),
]  # fmt: skip


@pytest.mark.parametrize(("graph", "part"), ELEMENTS, ids=[part for _, part in ELEMENTS])
def test_elements(graph: Graph | Node, part: str) -> None:
    mathml = formula(graph, "mathml")
    tree(mathml)
    assert part in mathml


def test_parentheses_grow_only_around_what_is_tall() -> None:
    assert 'stretchy="false">(' in formula(parse("sin(x)"), "mathml")
    assert "stretchy" not in formula(parse("sin(x/2)"), "mathml")


@given(st.text(min_size=1, max_size=8))
def test_names_are_escaped(name: str) -> None:
    node = input_node(name)
    said = "".join(tree(formula(node, "mathml")).itertext())
    if name.isascii() and name.isprintable() and "_" not in name and not re.search("[a-z]", name):
        assert said == name


def test_several_outputs_and_what_they_share() -> None:
    shared = parse("ln(x^2 + 3x + 1)").outputs[0]
    assert spoken(Graph((), (shared, F.sin(shared)))) == "(v1,sin@(v1))where v1=ln@(x2+3*x+1)"
    written = write(F.multiply(shared, F.sin(shared)), "mathml")
    assert written.definitions[0][0] == "<msub><mi>v</mi><mn>1</mn></msub>"


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_operation_is_well_formed(sample: Sample) -> None:
    graph, _ = trace(sample.call, sample.values(), [f"x{i}" for i in sample.active], sample.primitive.name)
    mathml = formula(graph, "mathml")
    tree(mathml)
    assert "\\" not in mathml  # the name that it has in LaTeX


def test_names_of_derivatives() -> None:
    def name(order: int, derivative: str) -> str:
        return derivative_name("f", ["x"] * order, "mathml", derivative)  # type: ignore[arg-type]

    assert name(2, "prime") == '<mrow><mi>f</mi><mo form="postfix" lspace="0" rspace="0">″</mo></mrow>'
    assert "<mn>4</mn>" in name(4, "prime")
    for derivative in ("prime", "leibniz", "partial"):
        tree(name(3, derivative))
