"""Reading formulas: what each notation means, what is refused and where, and that nothing slows the reader down."""

from __future__ import annotations

import contextlib
import inspect
import math
import time
import unicodedata
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.calculus.products import jvp
from chainrule.core.graph import Node
from chainrule.core.verify import verify
from chainrule.errors import ArgumentError, ChainruleError, FormulaError, LimitError
from chainrule.passes.evaluate import evaluate
from chainrule.read.formula import parse
from chainrule.read.formula_function import formula_function

exp, sin, cos, log = math.exp, math.sin, math.cos, math.log


def sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z))


# Each formula with what it means, as a Python function of its variables in order of appearance.
MEANINGS: list[tuple[str, Callable[..., float]]] = [
    ("x^2 exp(x)", lambda x: x**2 * exp(x)),
    ("x**2*exp(x)", lambda x: x**2 * exp(x)),
    ("3x^2 + 5x - 7", lambda x: 3 * x**2 + 5 * x - 7),
    ("-x^2", lambda x: -(x**2)),
    ("--x", lambda x: x),
    ("+x", lambda x: x),
    ("2^-x", lambda x: 2**-x),
    ("2^-x y", lambda x, y: 2**-x * y),
    ("2^-x^2", lambda x: 2 ** -(x**2)),
    ("x^y^z", lambda x, y, z: x ** (y**z)),
    ("x^-1", lambda x: 1 / x),
    ("a*-b*c", lambda a, b, c: a * -b * c),
    ("a - b - c", lambda a, b, c: a - b - c),
    ("a/b/c", lambda a, b, c: a / b / c),
    ("a/b*c", lambda a, b, c: a / b * c),
    ("1/2x", lambda x: 1 / 2 * x),
    ("1/(2x)", lambda x: 1 / (2 * x)),
    ("x(x+1)", lambda x: x * (x + 1)),
    ("(a)(b)", lambda a, b: a * b),
    ("(x+1)2", lambda x: (x + 1) * 2),
    ("2xy", lambda x, y: 2 * x * y),
    ("wx + b", lambda w, x, b: w * x + b),
    ("xe^x", lambda x: x * exp(x)),
    ("sin x cos x", lambda x: sin(x) * cos(x)),
    ("3 sin x", lambda x: 3 * sin(x)),
    ("sin 2x", lambda x: sin(2 * x)),
    ("sin 2 x + 1", lambda x: sin(2 * x) + 1),
    ("sin 2πx", lambda x: sin(2 * math.pi * x)),
    ("sin 2 cos x", lambda x: sin(2) * cos(x)),
    ("sin x y", lambda x, y: sin(x) * y),
    ("sin x e^x", lambda x: sin(x) * exp(x)),
    ("sin x^2", lambda x: sin(x**2)),
    ("sin^2 x", lambda x: sin(x) ** 2),
    ("sin^2(x) y", lambda x, y: sin(x) ** 2 * y),
    ("sin² x", lambda x: sin(x) ** 2),
    ("sin(x)^2", lambda x: sin(x) ** 2),
    ("sin -x", lambda x: sin(-x)),
    ("sin -2x y", lambda x, y: sin(-2 * x) * y),
    ("sin x/2", lambda x: sin(x) / 2),
    ("sin cos x", lambda x: sin(cos(x))),
    ("sin |x| y", lambda x, y: sin(abs(x)) * y),
    ("2 sin 3 (x + 1)", lambda x: 2 * sin(3 * (x + 1))),
    ("e^-z/(1+e^-z)^2", lambda z: exp(-z) / (1 + exp(-z)) ** 2),
    ("|x - 1|", lambda x: abs(x - 1)),
    ("|x| |y|", lambda x, y: abs(x) * abs(y)),
    ("2|x|x", lambda x: 2 * abs(x) * x),
    ("||x| - 1|", lambda x: abs(abs(x) - 1)),
    ("|2 (|x|)|", lambda x: 2 * abs(x)),
    ("√x", lambda x: math.sqrt(x)),
    ("√x² y", lambda x, y: math.sqrt(x**2) * y),
    ("2√(x+1)", lambda x: 2 * math.sqrt(x + 1)),
    ("√2x", lambda x: math.sqrt(2) * x),
    ("x² · y − x⁻¹ × 2 ÷ y", lambda x, y: x**2 * y - 2 / x / y),
    ("σ(z)", sigmoid),
    ("sigmoid(z)", sigmoid),
    ("expit(z)", sigmoid),
    ("(x - μ)/σ", lambda x, m, s: (x - m) / s),
    ("πr²", lambda r: math.pi * r**2),
    ("pi e", lambda: math.pi * math.e),
    ("2e", lambda: 2 * math.e),
    ("2e3x", lambda x: 2000 * x),
    (".5x + 5. + 1e-3", lambda x: 0.5 * x + 5 + 1e-3),
    ("２x＋１", lambda x: 2 * x + 1),
    ("𝑥 + x₁", lambda x, x1: x + x1),
    ("y_hat - y_1 w0", lambda a, b, c: a - b * c),
    ("theta^2", lambda t: t**2),
    ("ln(x) + log(x)", lambda x: 2 * log(x)),
    (
        "log2(x) + log10(x) + log1p(x) + expm1(x)",
        lambda x: math.log2(x) + math.log10(x) + math.log1p(x) + math.expm1(x),
    ),
    ("arcsin(x/9) + acos(x/9) + atan(x)", lambda x: math.asin(x / 9) + math.acos(x / 9) + math.atan(x)),
    ("sinh x + cosh x + tanh x", lambda x: math.sinh(x) + math.cosh(x) + math.tanh(x)),
    ("asinh(x) + arcosh(x+1) + atanh(x/9)", lambda x: math.asinh(x) + math.acosh(x + 1) + math.atanh(x / 9)),
    ("tan x + cot x + sec x + csc x", lambda x: math.tan(x) + 1 / math.tan(x) + 1 / cos(x) + 1 / sin(x)),
    ("sqrt(x) + cbrt(x) + abs(x) + sign(x)", lambda x: math.sqrt(x) + x ** (1 / 3) + abs(x) + 1),
    ("softplus(x) + relu(x) + erf(x)", lambda x: log(1 + exp(x)) + max(x, 0) + math.erf(x)),
    ("max(x, y, 1) + min(x, y) + pow(x, y)", lambda x, y: max(x, y, 1) + min(x, y) + x**y),
    ("maximum(x, 2) + minimum(x, 2)", lambda x: x + 2),
    ("  x\t+\n1 ", lambda x: x + 1),
]


@pytest.mark.parametrize(("text", "meaning"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_meaning(text: str, meaning: Callable[..., float]) -> None:
    graph = verify(parse(text))
    for start in (0.3, 0.7, 1.9):
        values = [start + 0.4 * i for i in range(len(graph.inputs))]
        assert evaluate(graph, *values)[0] == pytest.approx(meaning(*values), rel=1e-13)


def test_declared_names_win() -> None:
    assert names("x(x+1)", ["x"]) == ["x"]
    assert names("rate x", ["rate"]) == ["rate", "x"]
    assert names("sin x", ["sin"]) == ["sin", "x"]
    assert names("e + π", "e") == ["e"]
    assert names("wx", ["wx"]) == ["wx"]
    assert names("xyzw", "w x y z") == ["w", "x", "y", "z"]
    assert names("x", "y, x") == ["y", "x"]
    assert names("b a + a") == ["b", "a"]


def names(text: str, variables: Any = None) -> list[str]:
    return [node.name for node in parse(text, variables).inputs]


@pytest.mark.parametrize("variables", [["x", "x"], ["2x"], ["x y"], [""], [3], ["x+y"], ["a" * 500]])
def test_what_cannot_be_declared(variables: list[Any]) -> None:
    with pytest.raises(ArgumentError):
        parse("x", variables)


# What is refused, with the place of the caret.
REFUSED = [
    ("", 0), ("   ", 0), ("x +", 3), ("* x", 0), ("x + * y", 4), ("(x", 0), ("x)", 1), ("()", 1), ("sin()", 4),
    ("((x)", 0), ("|x", 0), ("|x(1", 2), ("(x|)", 3), ("(|x)", 3), ("x!", 1), ("sin", 3), ("sin * x", 4),
    ("exp^-1 x", 4), ("sin^x x", 4), ("sin^ ", 5), ("2 3", 2), ("x 2", 2), ("x²3", 2), ("1.1.1", 3), ("1..2", 2),
    (".", 0), ("x.", 1),
    ("1_000", 1), ("1e400", 0), ("9" * 350, 0), ("a,b", 1), ("(a,b)", 2), ("sin(x,y)", 7), ("max(x)", 5), ("max x", 4),
    ("max(x,)", 6), ("x = 2", 2), ("foo(x)", 0), ("x + sinx", 4), ("lnx", 0), ("loss + 1", 0), ("factorial(5)", 0),
    ("theta(x)", 0), ("inf", 0), ("x + nan", 4), ("lambda x", 0), ("x if x else y", 2),
    ("__import__('os').system('id')", 0),
    ("__import__(x)", 0), ("x.__class__", 1), ("a[0]", 1), ("a := 1", 2), ("lambda: 1", 6), ("f'{x}'", 1), ("x; y", 1),
    ("x{y}", 1), ("x < y", 2), ("x % 2", 2), ('"x"', 0), ("x'", 1), ("x @ y", 2), ("x & y", 2),
    ("a\0b", 1), ("\ud800", 0), ("x + \u202ey", 4), ("x\u200by", 1), ("x\u0302", 1), ("\x1b[31m", 0), ("х + 1", 0),
    ("x + а", 4), ("ο", 0), ("日", 0), ("2₁", 1), ("①", 0), ("x⁻", 1), ("😀", 0), ("x^", 2),
    ("^2", 0), ("-", 1), ("x -- ", 5), ("x ** ** 2", 5), ("/", 0), ("f(x) + unknown_function(x)", 7), ("√", 1),
    ("√)", 1),
]  # fmt: skip


@pytest.mark.parametrize(("text", "position"), REFUSED, ids=[ascii(text)[:40] for text, _ in REFUSED])
def test_refused_with_the_caret_under_the_place(text: str, position: int) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    error = caught.value
    assert error.position == position
    message = str(error)
    message.encode()  # a lone surrogate in a message could not be printed
    shown, caret = message.split("\n")[1:3]
    assert caret.strip() == "^"
    if position < len(text):
        under = shown[caret.index("^")]
        assert under in (
            text[position],
            unicodedata.normalize("NFKC", text[position]),
            "\N{REPLACEMENT CHARACTER}",
            " ",
        )
    assert not set(message) & set("\0\u202e\u200b\x1b")


@pytest.mark.parametrize(
    ("text", "hint"),
    [("sinx", "sin x"), ("expx", "exp x"), ("cosn(x)", "cos"), ("sqr(x)", "sqrt"), ("arcsn(x)", "arcsin"),
     ("abc", "a b c"), ("х", "Latin x"), ("1,5", "decimal point"), ("ln^-1 x", "inverse"), ("loss", "variables=")],
)  # fmt: skip
def test_the_message_offers_a_way_out(text: str, hint: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert hint in str(caught.value)


HUGE = {
    "opened": "(" * 100_000, "minus": "-" * 100_000, "plus zero": "x" + "+0" * 200_000, "sin(": "sin(" * 5_000,
    "a megabyte": "x" * 1_000_000, "spaces": " " * 40_000, "opened to the length": "(" * 19_000,
    "minus to the length": "-" * 19_000, "powers": "x^" * 9_000 + "x", "bars": "|" * 19_000, "sin": "sin " * 4_900,
    "max": "max(" * 4_900, "tokens": "x+" * 9_999 + "x", "digits": "9" * 5_000, "exponent": "x^" + "9" * 5_000,
    "superscript": "x" + "⁹" * 5_000, "alternating": "(|" * 9_000, "root": "√" * 19_000,
    "commas": "x," * 9_000,
}  # fmt: skip


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_too_large_is_a_limit_that_is_named(text: str) -> None:
    def refused() -> None:
        with pytest.raises(LimitError, match=r"the limit (formula|number)_"):
            parse(text)

    assert fastest(refused) < 1


def fastest(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


# A half and its whole must do the same work, so both or neither exceed a limit.
SLOW = {"points": "1.1" * 3_300, "groups": "(x|" * 150, "sum": "x+" * 4_900 + "x", "product": "x " * 4_900 + "x",
        "word": "_x" * 9_000, "letters": "wxy" * 6_000, "commas": "x," * 4_900,
        "foreign": "Ж" * 19_000, "e": "1e" * 9_000}  # fmt: skip


@pytest.mark.no_cover  # measuring coverage takes time of its own
@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_time_is_linear(text: str) -> None:
    def work(part: str) -> None:
        with contextlib.suppress(ChainruleError):
            parse(part)

    def linear() -> bool:
        half, whole = fastest(lambda: work(text[: len(text) // 2])), fastest(lambda: work(text))
        return whole < min(max(2.5 * half, 0.02), 1)  # the floor: below it the clock is too coarse

    assert any(linear() for _ in range(5))  # a busy machine slows one measurement, not all five


@pytest.mark.parametrize("text", ["9**9**9", "((9^9)^9999)^9999", "9^9^9^9^9"])
def test_towers_of_powers_are_floats(text: str) -> None:
    with np.errstate(over="ignore"):
        assert evaluate(parse(text))[0] == math.inf


def test_constants_stay_nodes() -> None:
    graph = parse("2*3 + 4")
    assert [node.parameters["value"] for node in graph.nodes if node.is_constant] == [2.0, 3.0, 4.0]
    assert all(node.shape == () for node in graph.nodes)
    (x,) = parse("x").inputs
    assert isinstance(x, Node)
    assert x.dtype == np.float64


# Random formulas, written with all parentheses by their own means, against their value by their own means.

Meaning = Callable[[dict[str, float]], float]


def leaf() -> st.SearchStrategy[tuple[str, Meaning]]:
    variable = st.sampled_from("xyz").map(lambda name: (name, lambda at: at[name]))
    number = st.integers(0, 9).map(lambda n: (str(n), lambda at: float(n)))
    return variable | number


def grown(inner: st.SearchStrategy[tuple[str, Meaning]]) -> st.SearchStrategy[tuple[str, Meaning]]:
    def infix(sign: str, f: Callable[[float, float], float]) -> st.SearchStrategy[tuple[str, Meaning]]:
        return st.tuples(inner, inner).map(
            lambda pair: (f"({pair[0][0]}){sign}({pair[1][0]})", lambda at: f(pair[0][1](at), pair[1][1](at)))
        )

    def prefix(sign: str, f: Callable[[float], float]) -> st.SearchStrategy[tuple[str, Meaning]]:
        return inner.map(lambda x: (f"{sign}({x[0]})", lambda at: f(x[1](at))))

    return st.one_of(
        infix("+", lambda a, b: a + b), infix("-", lambda a, b: a - b), infix("*", lambda a, b: a * b),
        infix("", lambda a, b: a * b), prefix("-", lambda a: -a), prefix("sin", math.sin), prefix("tanh", math.tanh),
        inner.map(lambda x: (f"({x[0]})^2", lambda at: x[1](at) ** 2)),
        inner.map(lambda x: (f"|({x[0]})|", lambda at: abs(x[1](at)))),
    )  # fmt: skip


@given(st.recursive(leaf(), grown, max_leaves=12))
def test_random_formulas_mean_what_they_say(case: tuple[str, Meaning]) -> None:
    text, meaning = case
    at = {"x": 0.7, "y": -1.3, "z": 2.1}
    graph = parse(text, ["x", "y", "z"])
    assert evaluate(graph, *at.values())[0] == pytest.approx(meaning(at), rel=1e-9, abs=1e-9)


@given(st.text(alphabet="xyes0123456789.+-*/^()|,! √²⁻πσ_sincoaxlg\0\u202eхЖ２", max_size=40) | st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        verify(parse(text))
    except (FormulaError, LimitError) as error:
        str(error).encode()


# The function of a formula.


def test_a_formula_is_a_function() -> None:
    f = formula_function("x^2 exp(k x)")
    assert f.variables == ("x", "k")
    assert f.text == f.__name__ == "x^2 exp(k x)"
    assert str(inspect.signature(f)) == "(x, k)"
    assert f(3.0, 0.0) == f(3, k=0) == f(k=0.0, x=3.0) == 9.0
    np.testing.assert_array_equal(f(np.arange(3), [0, 0, 0]), [0, 1, 4])
    assert f(np.float32(2), np.float32(0)).dtype == np.float32
    assert formula_function("x + y", "y x")(1, 10) == 11
    assert str(inspect.signature(formula_function("x", "y x"))) == "(y, x)"
    assert formula_function("2pi")() == 2 * math.pi
    assert formula_function("2^-n")(1) == 0.5
    assert formula_function("x", "x, y")(4.0, 5.0) == 4.0
    assert repr(f) == "<formula x^2 exp(k x) of x, k>"


def test_a_formula_is_traced() -> None:
    value, tangent = jvp(formula_function("x^3 + y"), (2.0, 1.0), (1.0, 0.0))
    assert (value, tangent) == (9.0, 12.0)


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [((), {}, "no value is given for x, y"), ((1,), {}, "for y"), ((1, 2, 3), {}, "not 3 values"),
     ((1,), {"x": 2}, "x is given twice"), ((1, 2), {"z": 2}, "no variable 'z'"), ((10**400, 1), {}, "too large")],
)  # fmt: skip
def test_a_wrong_call_is_explained(args: tuple[Any, ...], kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        formula_function("x + y")(*args, **kwargs)
