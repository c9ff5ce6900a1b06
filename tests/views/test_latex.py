"""LaTeX: pinned forms, marks that balance, and every operation read by an independent reader of TeX."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from nodes import array, input_node
from samples import Sample, all_samples

import chainrule.read
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.registry import building
from chainrule.read.formula import parse
from chainrule.read.trace import trace
from chainrule.views.write import formula

F = building
assert chainrule.read  # importing it enters the answers to NumPy's functions
TEX: Any = MathTextParser("path")
SAMPLES = [sample for sample in all_samples() if sample.active]

FORMS = [
    ("x^2 exp(x)", r"x^{2} e^{x}"),
    ("3x^2 + 5x - 7", r"3 x^{2} + 5 x - 7"),
    ("a/b", r"\frac{a}{b}"),
    ("(a/b) c", r"\frac{a}{b} c"),
    ("(a/b)^2", r"\left(\frac{a}{b}\right)^{2}"),
    ("-(a/b)", r"-\frac{a}{b}"),
    ("(-a)/b", r"\frac{-a}{b}"),
    ("a/b/c", r"\frac{\frac{a}{b}}{c}"),
    ("2 (1/3)", r"2 \cdot \frac{1}{3}"),
    ("x (1/3)", r"x \frac{1}{3}"),
    ("x*2", r"x \cdot 2"),
    ("2*3", r"2 \cdot 3"),
    ("x (-1)", r"x (-1)"),
    ("(x+1) (x/2 + 1)", r"(x + 1) \left(\frac{x}{2} + 1\right)"),
    ("sqrt(x)", r"\sqrt{x}"),
    ("cbrt(1 + sqrt(x))", r"\sqrt[3]{1 + \sqrt{x}}"),
    ("sqrt(x)^2", r"\sqrt{x}^{2}"),
    ("|x|", r"\left|x\right|"),
    ("||x||", r"\operatorname{abs}(\left|x\right|)"),
    ("sin(x)^2", r"\sin^{2}(x)"),
    ("sin(x/2)^2", r"\sin^{2}\left(\frac{x}{2}\right)"),
    ("sin(x)^(-1)", r"\sin(x)^{-1}"),
    ("sigmoid(z)^2", r"\sigma(z)^{2}"),
    ("ln(x) log2(x) log10(x)", r"\ln(x) \log_2(x) \log_{10}(x)"),
    ("max(x, y)", r"\max(x, y)"),
    ("softplus(x)", r"\operatorname{softplus}(x)"),
    ("(x^y)^z", r"(x^{y})^{z}"),
    ("x^y^z", r"x^{y^{z}}"),
    ("e^-x", r"e^{-x}"),
    ("exp(-(x - mu)^2/(2 sigma^2))", r"\exp\left(-\frac{(x - \mu)^{2}}{2 \sigma^{2}}\right)"),
    ("2 pi", r"2 \pi"),
    ("1e-20 x", r"10^{-20} x"),
    ("x*1.5e-7", r"x (1.5 \cdot 10^{-7})"),
    ("(1e20)^2", r"(10^{20})^{2}"),
    ("alpha x1", r"\alpha x_{1}"),
    ("y_hat (1 - y_hat)", r"\hat{y} (1 - \hat{y})"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "latex"), FORMS, ids=[form[0] for form in FORMS])
def test_forms(text: str, latex: str) -> None:
    assert formula(parse(text), "latex") == latex
    TEX.parse(f"${latex}$")


NAMES = [
    ("x", "x"), ("x1", "x_{1}"), ("x_1", "x_{1}"), ("x_i_j", "x_{i, j}"), ("theta_0", r"\theta_{0}"),
    ("beta2", r"\beta_{2}"),
    ("θ", r"\theta"), ("Sigma", r"\Sigma"), ("x_new", r"x_{\mathrm{new}}"), ("x_mu", r"x_{\mu}"), ("y_hat", r"\hat{y}"),
    ("x_bar_2", r"\bar{x}_{2}"), ("rate", r"\mathrm{rate}"), ("rate2", r"\mathrm{rate}_{2}"), ("é", r"\text{é}"),
    ("learning_rate", r"\mathrm{learning\_rate}"), ("_x", r"\mathrm{\_x}"), ("p['w#1']", r"\text{p['w\#1']}"),
    ("a\n^\\{", r"\text{a \textasciicircum{}\textbackslash{}\{}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "latex"), NAMES, ids=[repr(name[0]) for name in NAMES])
def test_names(name: str, latex: str) -> None:
    assert formula(input_node(name), "latex") == latex


def test_names_that_differ_look_different() -> None:
    x0 = F.getitem(input_node("x", (3,)), pattern=(0,))
    assert formula(F.add(input_node("x1"), input_node("x_1")), "latex") == r"x_{1} + \mathrm{x\_1}"
    assert formula(F.add(input_node("alpha"), input_node("α")), "latex") == r"\alpha + \text{α}"
    assert formula(F.add(x0, input_node("x0")), "latex") == r"x_{0} + \mathrm{x0}"
    assert formula(F.add(input_node("x0"), x0), "latex") == "x_{0} + x[0]"


X, w, y, c = array("X", 5, 2), array("w", 2), array("y", 5), input_node("c")
ARRAYS: list[tuple[Node, str]] = [
    (F.matmul(X, w), "X w"),
    (F.multiply(F.divide(2.0, c), F.matmul(F.transpose(X, axes=(1, 0)), F.subtract(y, F.matmul(X, w)))),
     r"\frac{2}{c} X^{T} (y - X w)"),
    (F.square(F.transpose(X, axes=(1, 0))), "(X^{T})^{2}"),
    (F.multiply(y, F.matmul(X, w)), r"y \odot (X w)"),
    (F.multiply(input_node("rate"), F.multiply(2.0, c)), r"\mathrm{rate} \cdot (2 c)"),
    (F.multiply(c, input_node("rate")), r"c \, \mathrm{rate}"),
    (F.multiply(input_node("rate"), F.add(c, 1.0)), r"\mathrm{rate} \cdot (c + 1)"),
    (F.norm(y, axis=(0,), keepdims=False), r"\left\|y\right\|"),
    (F.sum(X, axis=(0,), keepdims=False), r"\operatorname{sum}(X, \mathrm{axis} = 0)"),
    (F.getitem(X, pattern=(0, slice(None, None, 2))), "X_{0, ::2}"),
    (F.getitem(F.add(y, y), pattern=(..., 0)), r"(y + y)_{..., 0}"),
    (F.getitem(F.getitem(X, pattern=(0,)), pattern=(1,)), "X_{0}[1]"),
    (F.getitem(array("y1", 5), pattern=(0,)), "y_{1}[0]"),
    (F.square(F.getitem(y, pattern=(0,))), "y_{0}^{2}"),
    (F.getitem(y, input_node("i"), pattern=("#",)), r"y_{i}"),
    (F.less_equal(c, 1.0), r"c \leq 1"),
    (F.logical_not(F.less(c, 1.0)), r"\lnot (c < 1)"),
    (constant(-2.0), "-2"),
    (F.multiply(constant(-2.5e-7), c), r"-2.5 \cdot 10^{-7} c"),
    (constant(np.inf), r"\infty"),
    (constant(-np.inf), r"-\infty"),
    (constant(np.nan), r"\mathrm{NaN}"),
    (constant(True), r"\mathrm{True}"),
    (constant(2j), r"\mathrm{2j}"),
    (constant(np.array([[1.0, 2.0], [3.0, -4.0]])), r"\begin{pmatrix}1 & 2 \\ 3 & -4\end{pmatrix}"),
    (constant(np.ones(2)), r"\begin{pmatrix}1 \\ 1\end{pmatrix}"),
    (F.matmul(constant(np.ones((5, 2))), w), r"\text{array(5, 2)} w"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "latex"), ARRAYS, ids=[latex for _, latex in ARRAYS])
def test_arrays(node: Node, latex: str) -> None:
    assert formula(node, "latex") == latex


def test_several_outputs_and_what_they_share() -> None:
    shared = parse("ln(x^2 + 3x + 1)").outputs[0]
    graph = Graph((), (shared, F.sin(shared)))
    assert (
        formula(graph, "latex") == r"\left(v_{1}, \sin(v_{1})\right) \quad \text{where } v_{1} = \ln(x^{2} + 3 x + 1)"
    )


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_operation_is_read_by_tex(sample: Sample) -> None:
    graph, _ = trace(sample.call, sample.values(), [f"x{i}" for i in sample.active], sample.primitive.name)
    latex = formula(graph, "latex")
    if "pmatrix" not in latex:  # Matplotlib's reader knows no environments
        TEX.parse(f"${latex}$".replace(r"\bmod", "-"))
    assert latex.count("{") - latex.count(r"\{") == latex.count("}") - latex.count(r"\}")
