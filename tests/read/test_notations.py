"""What formulas mean in LaTeX, Unicode and Python's notation, and with arrays, against NumPy and `math`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import Graph
from chainrule.core.verify import verify
from chainrule.errors import ArgumentError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import simplify
from chainrule.read.formula import Formula, Note, parse
from chainrule.read.formula_function import formula_function
from chainrule.views.echo import echo
from chainrule.views.write import formula

exp, sin, log = math.exp, math.sin, math.log

# Each formula with what it means, as a Python function of its variables in order of appearance.
NUMBERS: list[tuple[str, Callable[..., float]]] = [
    (r"\frac{1}{1+e^{-z}}", lambda z: 1 / (1 + exp(-z))),
    (r"\sigma(z) + \sigma\left(z\right)", lambda z: 2 / (1 + exp(-z))),
    (r"\frac{x-\mu}{\sigma}", lambda x, m, s: (x - m) / s),
    (r"\sqrt{x} + \sqrt[3]{x} + \sqrt[4]{x} + \sqrt[5]{x}", lambda x: x**0.5 + x ** (1 / 3) + x**0.25 + x**0.2),
    (r"\sqrt[n]{x+1}", lambda n, x: (x + 1) ** (1 / n)),
    (r"\left(x+1\right)^2 \left[x\right] \{x\}", lambda x: (x + 1) ** 2 * x * x),
    (r"\bigl( x + 1 \bigr) \cdot \Big|x\Big|", lambda x: (x + 1) * x),
    (r"a \cdot b \times c \div d", lambda a, b, c, d: a * b * c / d),
    (r"\ln x + \log(x) + \log_2 x + \log_{10}(x)", lambda x: 2 * log(x) + math.log2(x) + math.log10(x)),
    (r"\sin^2 x + \sin^{2}(x)", lambda x: 2 * sin(x) ** 2),
    (r"\sin{2x} \, y", lambda x, y: sin(2 * x) * y),
    (r"\sin{x}^2", lambda x: sin(x**2)),
    (r"x_{1} + x_1 - x_{\text{max}} x_{ij}", lambda a, b, c: a + a - b * c),
    (r"\,wx_1", lambda w, x: w * x),
    (r"\hat{y} + \hat y + \bar{x}_1 \tilde{\mathbf{z}}", lambda y, x, z: 2 * y + x * z),
    (r"\mathbf{w} \mathbf{xy} + \vec{v}\mathbf{\beta}", lambda w, x, y, v, b: w * x * y + v * b),
    (r"\text{learning rate} \mathrm{x} \mathit{k\_1}", lambda r, x, k: r * x * k),
    (r"\lvert x - 2 \rvert + \left|x\right| + |x|", lambda x: abs(x - 2) + 2 * x),
    (r"\lVert x \rVert + \|x\|^2 + \left\|x\right\|", lambda x: 2 * x + x**2),
    (r"$\frac12 x^{2}$", lambda x: x * x / 2),
    (r"\[\frac \pi 2 \, \frac{\,1}{2}\]", lambda: math.pi / 4),
    (r"x^\frac{1}{2} + 2^\alpha + x^y", lambda x, a, y: x**0.5 + 2**a + x**y),
    (r"e^{x}\,\exp\left(-x\right)\;\lambda", lambda x, k: k),
    (r"\max\{0, x\} + \min(x, 1) + \operatorname{ReLU}(x)", lambda x: 2 * x + min(x, 1)),
    (r"2.5 \cdot 10^{-3} x + 10^{-20} + 1/2\cdot 10^{2}", lambda x: 0.0025 * x + 50),
    (r"\varepsilon \Delta \theta_0", lambda e, d, t: e * d * t),
    (r"\tan x + \arctan x + \cosh x", lambda x: math.tan(x) + math.atan(x) + math.cosh(x)),
    ("x² · eˣ", lambda x: x**2 * exp(x)),
    ("³√x + ²√x + 2*⁴√(x + 1)", lambda x: x ** (1 / 3) + x**0.5 + 2 * (x + 1) ** 0.25),
    ("x²√x", lambda x: x**2.5),
    ("x³ √x", lambda x: x**3.5),
    ("2 ³√x", lambda x: 2 * x ** (1 / 3)),
    ("(x)³√x", lambda x: x**3.5),
    ("√x + ∛x + ∜x", lambda x: x**0.5 + x ** (1 / 3) + x**0.25),
    ("σ(z) π", lambda z: math.pi / (1 + exp(-z))),
    ("xⁿ⁺¹ + e⁻ᶻ + x⁽ⁿ⁾", lambda x, n, z: x ** (n + 1) + exp(-z) + x**n),
    ("½x − ¾ ÷ ⅔", lambda x: x / 2 - 9 / 8),
    ("x₁ + 2∙y × z ∕ z", lambda x, y, z: x + 2 * y),
    ("‖x‖² + ∣x∣", lambda x: x**2 + x),
    ("x**2*np.exp(x)", lambda x: x**2 * exp(x)),
    ("math.sin(x) + numpy.log(x) - np.pi*np.e", lambda x: sin(x) + log(x) - math.pi * math.e),
    ("np.square(x) + np.maximum(x, 1) + np.reciprocal(x)", lambda x: x * x + max(x, 1) + 1 / x),
    ("scipy.special.expit(x) + np.abs(x)", lambda x: 1 / (1 + exp(-x)) + x),
]


@pytest.mark.parametrize(("text", "meaning"), NUMBERS, ids=[text for text, _ in NUMBERS])
def test_numbers(text: str, meaning: Callable[..., float]) -> None:
    graph = verify(parse(text))
    for start in (0.3, 0.7, 1.9):
        values = [start + 0.4 * i for i in range(len(graph.inputs))]
        assert evaluate(graph, *values)[0] == pytest.approx(meaning(*values), rel=1e-13)


SHAPES = "X: N d, y: N, w: d, v: d, S: d d, A: d d, W: d k, b: k, c:, T: 2 3 3, u: 3, R: 1 d, C: N 1"


def softmax(x: Any) -> Any:
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


# Each formula with what it means, from the values by name.
ARRAYS: list[tuple[str, Callable[..., Any]]] = [
    ("mean((y - X w)^2)", lambda X, y, w, **_: np.mean((y - X @ w) ** 2)),
    ("1/N sum((y - X w)^2) + 0 d", lambda X, y, w, **_: np.mean((y - X @ w) ** 2)),
    ("X^T y + X' y + Xᵀ y + X⊤ y + X.T @ y + transpose(X) y", lambda X, y, **_: 6 * X.T @ y),
    ("||y||^2 + ‖y‖² + ||y||_2^2 + np.linalg.norm(y)**2 + norm(y)^2", lambda y, **_: 5 * y @ y),
    ("||w||_1 + ||w||_inf + ||X||_F", lambda w, X, **_: np.abs(w).sum() + np.abs(w).max() + np.sqrt((X**2).sum())),
    ("|w| + ||w|| |w|", lambda w, **_: np.abs(w) * (1 + np.sqrt(w @ w))),
    ("log det S + log|det S| + ln(det(S))", lambda S, **_: 3 * np.linalg.slogdet(S)[1]),
    ("det S + det(A)", lambda S, A, **_: np.linalg.det(S) + np.linalg.det(A)),
    ("S^-1 w + inv(S) w + S⁻¹w + np.linalg.inv(S) @ w + solve(S, w)", lambda S, w, **_: 5 * np.linalg.solve(S, w)),
    ("S^-T w + S^(-T) w + S⁻ᵀ w + (S^-1)' w", lambda S, w, **_: 4 * np.linalg.solve(S.T, w)),
    ("tr(S A) + np.trace(S @ A) + tr S", lambda S, A, **_: 2 * np.trace(S @ A) + np.trace(S)),
    ("softmax(W^T w + b)", lambda W, w, b, **_: softmax(W.T @ w + b)),
    ("softmax(X W + b)", lambda X, W, b, **_: softmax(X @ W + b)),
    ("sigmoid(X w)", lambda X, w, **_: 1 / (1 + np.exp(-(X @ w)))),
    ("w^T v + dot(w, v) + w.dot(v) + w @ v + w' v", lambda w, v, **_: 5 * w @ v),
    ("w v^T + outer(w, v)", lambda w, v, **_: 2 * np.outer(w, v)),
    ("w^T S v + (w^T S) v", lambda w, S, v, **_: 2 * w @ S @ v),
    ("(w - v)^T S^-1 (w - v)", lambda w, v, S, **_: (w - v) @ np.linalg.solve(S, w - v)),
    ("-c X^T y", lambda c, X, y, **_: -c * X.T @ y),
    ("c X w + X (c w) + (c X) w", lambda c, X, w, **_: 3 * c * X @ w),
    ("w*v + w .* v + w ⊙ v + w∘v", lambda w, v, **_: 4 * w * v),
    ("w/v + w ./ v + 1/v", lambda w, v, **_: 2 * w / v + 1 / v),
    ("w**2 + w.^2 + w² + v^-1", lambda w, v, **_: 3 * w**2 + 1 / v),
    ("S**2 + abs(S) + exp(S)", lambda S, **_: S**2 + np.abs(S) + np.exp(S)),
    ("e^w + 2^w", lambda w, **_: np.exp(w) + 2**w),
    ("max(w, 0) + max(w) + min(w, v)", lambda w, v, **_: np.maximum(w, 0) + np.max(w) + np.minimum(w, v)),
    ("sum(X, axis=0) + X.sum(axis=0) + sum(X, axis=-2)", lambda X, **_: 3 * X.sum(axis=0)),
    ("X - mean(X, axis=1, keepdims=True)", lambda X, **_: X - X.mean(axis=1, keepdims=True)),
    ("sum(X, axis=(0, 1)) + X.mean() + var(w, ddof=1) + std(w)",
     lambda X, w, **_: X.sum() + X.mean() + w.var(ddof=1) + w.std()),
    ("logsumexp(w) + prod(w)", lambda w, **_: np.log(np.exp(w).sum()) + np.prod(w)),
    ("log_softmax(w)", lambda w, **_: np.log(softmax(w))),
    ("chol(S S^T + 9 inv(A) A)", lambda S, A, **_: np.linalg.cholesky(S @ S.T + 9 * np.eye(len(S)))),
    ("T u + T^T u", lambda T, u, **_: T @ u + np.swapaxes(T, 1, 2) @ u),
    ("w R", lambda w, R, **_: np.outer(w, R)),
    ("C w^T", lambda w, C, **_: np.outer(C, w)),
    ("X w^T'", lambda X, w, **_: X @ w),
    ("exp(w^T) v + 2 w^T v", lambda w, v, **_: np.exp(w) @ v + 2 * w @ v),
    (r"\frac{1}{N}\|\mathbf{y} - X w\|_2^2", lambda X, y, w, **_: np.mean((y - X @ w) ** 2)),
    (r"X^{\top}(y - X w) + X^\mathsf{T} y - X^T y", lambda X, y, w, **_: X.T @ (y - X @ w)),
    (r"\log\det S + \operatorname{tr}\left(S^{-1} A\right)",
     lambda S, A, **_: np.linalg.slogdet(S)[1] + np.trace(np.linalg.solve(S, A))),
    (r"w \odot v + \operatorname{softmax}(w)", lambda w, v, **_: w * v + softmax(w)),
    (r"\operatorname{sum}(X, \mathrm{axis} = 0)", lambda X, **_: X.sum(axis=0)),
]  # fmt: skip


def values(graph: Graph) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    made = {node.name: rng.uniform(0.2, 1.5, node.shape) for node in graph.inputs}
    return {name: x + 2 * np.eye(len(x)) if name in ("S", "A") else x for name, x in made.items()}


@pytest.mark.parametrize(("text", "meaning"), ARRAYS, ids=[text for text, _ in ARRAYS])
def test_arrays(text: str, meaning: Callable[..., Any]) -> None:
    graph = verify(parse(text, shapes=SHAPES))
    at = values(graph)
    np.testing.assert_allclose(evaluate(graph, *at.values())[0], meaning(**at), rtol=1e-9)


def rows(graph: Graph) -> list[Any]:
    place = {node: i for i, node in enumerate(graph.nodes)}
    return [
        (node.primitive, [place[x] for x in node.operands], {k: v for k, v in node.parameters.items() if k != "sizes"})
        for node in graph.nodes
    ]  # fmt: skip


def test_a_formula_is_the_graph_that_a_function_is_traced_to() -> None:
    def loss(X: Any, y: Any, w: Any) -> Any:
        return np.mean((y - X @ w) ** 2)

    for text in ("mean((y - X w)^2)", "np.mean((y - X @ w)**2)", r"\operatorname{mean}((y - X w)^2)"):
        read = parse(text, shapes="X: N d, y: N, w: d")
        traced = cr.graph(loss, np.ones((5, 7)), np.ones(5), np.ones(7))
        assert sorted(map(str, rows(read))) == sorted(map(str, rows(traced)))


def test_sizes_are_letters() -> None:
    read = parse("mean((y - X w)^2)", shapes="X: n p, y: n, w: p")
    assert read.sizes == {"n": 5, "p": 7}
    assert [node.parameters["sizes"] for node in read.inputs] == [("n", "p"), ("n",), ("p",)]
    assert "2/n" in formula(simplify(reverse(read), for_view=True))
    assert formula(simplify(reverse(parse("mean(X^2)", shapes="X: n p")), for_view=True)) == "(2/(n p)) X"
    assert formula(parse("sum(w)/p + n", shapes={"w": ("p",), "y": "n"})) == "sum(w)/p + n"
    assert parse("X w", shapes="X: 5 d, w: d").sizes == {"d": 7}  # a size that is given is no letter's
    assert parse("X", shapes={"X": (20, 2)}).inputs[0].shape == (20, 2)
    assert parse("X", shapes="X: (N, 2,); c: ()").inputs[0].shape == (5, 2)
    assert parse("X", shapes={"X": 3}).inputs[0].shape == (3,)
    assert parse("c", shapes="c:").inputs[0].shape == ()
    with pytest.raises(ArgumentError, match="give the size another letter"):
        parse("X", "d", shapes="X: N d")
    with pytest.raises(ArgumentError, match="used as a size"):
        parse("X", shapes="X: N d, d: N")


def test_the_order_of_the_inputs() -> None:
    read = parse("a w + b", "b", shapes="X: N d, w: d")
    assert [node.name for node in read.inputs] == ["b", "X", "w", "a"]


def test_functions_of_arrays() -> None:
    f = formula_function("mean((y - X w)^2)", shapes="X: N d, y: N, w: d")
    rng = np.random.default_rng(1)
    X, y, w = rng.normal(size=(20, 3)), rng.normal(size=20), rng.normal(size=3)
    np.testing.assert_allclose(f(X, y, w), np.mean((y - X @ w) ** 2))
    np.testing.assert_allclose(cr.grad(f, argnums=2)(X, y, w), -2 / 20 * X.T @ (y - X @ w))
    with pytest.raises(ArgumentError, match="N is 20 in X and 3 in y"):
        f(X, y[:3], w)
    with pytest.raises(ArgumentError, match="declared as N d"):
        f(X[0], y, w)
    with pytest.raises(ArgumentError, match="declared as 3 N"):
        formula_function("sum(X)", shapes={"X": "3 N"})(np.ones((2, 4)))
    assert formula_function("sum(x)/N", shapes="x: N")(np.arange(4.0)) == 1.5


@pytest.mark.parametrize(
    ("text", "variables", "names"),
    [("θ x", "theta", ["theta", "x"]), ("theta", "θ", ["θ"]), ("x_1 + x₁ + x1", "x1", ["x1"]), (r"x_{1}", "x1", ["x1"]),
     (r"\hat{y} + ŷ", "y_hat", ["y_hat"]), (r"\hat{y}", "ŷ", ["ŷ"]), (r"\lambda", None, ["λ"]),
     ("lambda x", "λ x", ["λ", "x"]),
     (r"\theta", None, ["theta"]), (r"\text{rate}", "rate", ["rate"]), ("σ(z)", "σ z", ["σ", "z"]),
     ("x^T", None, ["x", "T"]),
     (r"\beta_{\alpha}", None, ["beta_alpha"])],
)  # fmt: skip
def test_spellings_of_a_name(text: str, variables: str | None, names: list[str]) -> None:
    assert [node.name for node in parse(text, variables).inputs] == names


def test_a_declared_t_is_a_variable() -> None:
    graph = parse("w^T", "T", shapes="w: d")
    assert evaluate(graph, 2.0, np.arange(7.0))[0][3] == 9


@pytest.mark.parametrize(
    ("text", "understood", "notes"),
    [("1/2x", "(1/2) x", [Note.QUOTIENT_AND_FACTOR]), ("sin x^2", "sin(x^2)", [Note.POWER_IN_ARGUMENT]),
     ("sin 2x y", "sin(2x) y", [Note.ONE_FACTOR]), ("wx + b", "w x + b", [Note.LETTERS]),
     ("a(x+1)", "a (x + 1)", [Note.CALLED_LETTER]), ("sin(x)^2/2", "sin(x)^2/2", []),
     ("sin^2 x", "sin(x)^2", [Note.POWER_OF_FUNCTION]), ("sin^-1 x", "arcsin(x)", [Note.INVERSE]),
     ("tan⁻¹(x)", "arctan(x)", [Note.INVERSE]), (r"\cosh^{-1} x", "arcosh(x)", [Note.INVERSE]),
     ("e^2x", "e^2 x", [Note.EXPONENT]), ("2^-3x", "2^(-3) x", [Note.EXPONENT]), ("e^2 x", "e^2 x", []),
     ("x^1/2", "x^1/2", [Note.EXPONENT]), ("x^2/2", "x^2/2", []), ("x^2y", "x^2 y", []),
     ("√2x", "sqrt(2) x", [Note.ROOT]), ("√2 x", "sqrt(2) x", []), ("2e3x", "2000x", [Note.POWER_OF_TEN]),
     ("2x2", "2x2", [Note.NAME_WITH_DIGITS]), ("0^x", "0^x", [Note.ZERO_BASE]), ("0^2 x", "0^2 x", []),
     ("f(x) = x^2", "x^2", [Note.RIGHT_SIDE]), ("y=3x", "3x", [Note.RIGHT_SIDE]),
     ("(1/2) x", "(1/2) x", []),
     (r"\frac{1}{2} x", "(1/2) x", [])],
)  # fmt: skip
def test_how_a_formula_was_understood(text: str, understood: str, notes: list[Note]) -> None:
    read = parse(text)
    assert isinstance(read, Formula)
    assert list(read.notes) == notes
    assert echo(read).split("\n") == [understood, *(f"  {note}" for note in notes)]


def test_formulas_are_copied_with_what_they_know() -> None:
    import pickle

    read = pickle.loads(pickle.dumps(parse("sum(1/2x)/N", shapes="x: N")))
    assert (dict(read.sizes), read.notes) == ({"N": 5}, (Note.QUOTIENT_AND_FACTOR,))
    assert formula(read) == "sum((1/2) x)/N"


@pytest.mark.parametrize(
    ("text", "same"),
    [("log_2(x)", "log2(x)"), ("log_2 x", "log2(x)"), (r"\log_{10} x", "log10(x)"), ("log_3 x", "ln(x)/ln(3)"),
     (r"\log_{12}(x + 1)", "ln(x + 1)/ln(12)"), ("log_b(x)", "ln(x)/ln(b)"), (r"\log_b x", "ln(x)/ln(b)"),
     ("log_e x", "ln(x)"), ("lg x", "log10(x)"), ("x 2^x", "x*2^x"), ("x^2 2^x", "x^2*2^x"),
     ("ax^2+bx+c", "a x^2 + b x + c"),
     ("coth x", "cosh(x)/sinh(x)"), (r"\coth x", "cosh(x)/sinh(x)"), ("csch x", "1/sinh(x)"), ("cosec x", "1/sin(x)"),
     ("ctg x", "cos(x)/sin(x)"), ("arctg x", "arctan(x)"), ("arccot x", "pi/2 - arctan(x)"), ("asec x", "arccos(1/x)"),
     ("arccsc(x)", "arcsin(1/x)"), ("cot^-1 x", "pi/2 - arctan(x)"), ("|x||y|", "|x|*|y|"), ("2|x|y", "2*|x|*y"),
     (r"\sigma(z) = \frac{1}{1+e^{-z}}", "1/(1 + e^-z)"), ("y = $x^2$", "x^2"), ("L(w, b) = (w - b)^2", "(w - b)^2"),
     ("d/2", "d/2"), ("c d/a", "c d/a")],
)  # fmt: skip
def test_what_people_type_is_read(text: str, same: str) -> None:
    assert formula(parse(text)) == formula(parse(same))


def test_the_arguments_before_a_formula_are_declared() -> None:
    assert [node.name for node in parse("f(t, rate) = e^(-rate t)").inputs] == ["t", "rate"]
    assert [node.name for node in parse("f(x) = a x^2").inputs] == ["x", "a"]
    assert parse("f(x) = a x^2").name == "a x^2"
    assert [node.name for node in parse("f(x) = a x", "a, x").inputs] == ["a", "x"]
    assert [node.name for node in parse("d/dx", "d, dx").inputs] == ["d", "dx"]


def test_two_spellings_of_a_name_are_one_variable() -> None:
    assert [node.name for node in parse("x₁ + x_1^2 + θ theta + ŷ y_hat").inputs] == ["x1", "θ", "ŷ"]
    assert [node.name for node in parse("log_b(x) + b").inputs] == ["b", "x"]
