"""Bad formulas: each is refused within 100 ms by a message of its own with the place marked, and none crashes."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from chainrule.core.verify import verify
from chainrule.errors import ArgumentError, ChainruleError, FormulaError, LimitError
from chainrule.read.formula import parse
from chainrule.views.echo import echo

SHAPES = "X: N d, y: N, r: N, w: d, v: d, S: d d, A: d d, W: d k, c:, B: 3 3, T3: 2 3 4"

# What is refused, where, and what the message says.
BAD = [
    ("", 0, "empty"), ("x +", 3, "ends after an operator"), ("(x", 0, "not closed"), ("x)", 1, "never opened"),
    ("((x)", 0, "not closed"), ("|x", 0, "bar is not closed"), ("(|x)", 3, "bar was opened"), ("()", 1, "nothing"),
    ("*", 0, "missing"), ("-", 1, "ends after"), ("^", 0, "missing"), ("/", 0, "missing"), ("√", 1, "ends after"),
    ("x + * y", 4, "missing"), ("!", 0, "missing"), ("x!", 1, "factorial"), (",", 0, "missing"), ("a, b", 1, "comma"),
    ("foo(x)", 0, "foo is not known"), ("sinx", 0, "did you mean sin x"), ("sqr(x)", 0, "did you mean sqrt"),
    ("__import__('os')", 0, "not known"), ("__import__('os').system('id')", 0, "not known"),
    ("x.__class__", 1, "not read"), ("x.__class__.__bases__", 1, "not read"), ("().__class__", 1, "nothing"),
    ("np.__loader__", 2, "not read"), ("np.load(x)", 3, "load is not known"), ("os.system(x)", 2, "not read"),
    ("math.factorial(5)", 5, "factorial is not known"), ("np.random.rand(3)", 3, "random is not known"),
    ("lambda x", 0, "Python's language"), ("exec(x)", 0, "exec is not known"), ("open(x)", 0, "open is not known"),
    ("x if x else y", 2, "Python's language"), ("a := 1", 2, "one expression"), ("x = 2", 2, "an equation"),
    ("f'{x}'", 1, "derivative mark"), ('"x"', 0, "quotes"), ("x; y", 1, "one expression"), ("x[0]", 1, "index"),
    ("{x}", 0, "parentheses"), ("x < y", 2, "comparisons"), ("x % 2", 2, "remainders"), ("x & y", 2, "not read"),
    ("1e400", 0, "too large"), ("9" * 350, 0, "too large"), ("1.2.3", 3, "second decimal"), ("1_000", 1, "grouped"),
    ("nan", 0, "nan is not known"), ("inf", 0, "inf is not known"), ("x + NaN", 4, "not known"), ("2 3", 2, "operator"),
    ("х + 1", 0, "Latin x"), ("αа", 1, "Latin a"), ("xο", 1, "Latin o"), ("日本", 0, "not read"),
    ("x\u200by", 1, "invisible"), ("x\u202ey", 1, "invisible"), ("a\0b", 1, "invisible"), ("\ud800", 0, "invisible"),
    ("😀", 0, "not read"), ("①", 0, "not read"), ("2½", 1, "added or multiplied"), ("x⁻", 1, "missing"),
    ("⁽x", 0, "missing"), ("x⁽", 1, "ends"), ("exp⁻¹ x", 3, "several ways"), ("sin^x x", 4, "several ways"),
    ("max(x)", 5, "two numbers"), ("max x", 4, "several"), ("sin(x, y)", 8, "takes 1 argument"),
    ("axis=0", 0, "option"), ("sin(x, axis=0)", 7, "no option axis"), ("sum(x)", 0, "declared"),
    ("tr(x)", 0, "square matrix"), ("x'", 1, "only an array"), ("x.T", 1, "only an array"),
    ("rate t", 0, 'variables="rate, ..." or before the formula: f(rate, ...)'), ("rate*t", 0, "rate is not known"),
    ("log_0(x)", 0, "no logarithm to the base 0"), ("log_1 x", 0, "base 1"), ("d/dx x^2", 0, "sign of a derivative"),
    ("2 + d/dx(x^2)", 4, "sign of a derivative"), ("d(x^2)/dx", 0, "sign of a derivative"), ("dy/dx", 0, "sign of a"),
    ("d^2/dx^2 sin x", 0, "sign of a derivative"), ("d²y/dx²", 0, "sign of a"), ("∂f/∂x", 0, "sign of a derivative"),
    ("x^2 dx", 4, "differential"), ("2x dx", 3, "d*x for the product"), ("x/dt", 2, "differential"),
    ("∫ x^2 dx", 0, "an integral"), ("∂x", 0, "a derivative is not"), ("∑ x", 0, "sum over an index"),
    ("lim x", 0, "a limit is not"), ("lim(h -> 0) x", 0, "a limit is not"), ("x → 0", 2, "a limit is not"),
    ("int x", 0, "an integral"), ("diff(x^2)", 0, "explain takes it"), ("root(3, x)", 0, "x^(1/n)"),
    ("x mod 2", 2, "remainders"), ("5% x", 1, "5% is 0.05"), ("50%", 2, "5% is 0.05"), ("€5 x", 0, "unit of money"),
    ("$5 x", 0, "single $"), ("x + 5$", 5, "unit of money"), ("90°", 2, "radians"), ("∞", 0, "infinity"),
    ("x ± 1", 2, "two formulas"), ("x ≤ 2", 2, "comparisons"), ("1 + x + …", 8, "every term"),
    ("3,5", 1, "expected 3.5"), ("x + 3,5", 5, "expected 3.5"), ("1,000 x", 1, "1.000 or 1000"),
    ("1.000,5", 5, "expected 1000.5"), ("y' = 2x", 1, "the derivative of y"), ("f'(x) = 2x", 1, "the derivative of f"),
    ("y = y + x", 2, "an equation"), ("x^2 + y^2 = 1", 10, "one side"), ("f(x) = g(x) = x", 12, "one side"),
    ("f(x) == x^2", 5, "one side"), ("f(2) = 4", 5, "one side"), ("x 2", 2, "an operator"), ("2 3^x", 2, "an operator"),
    ("xsinx", 0, "did you mean x sin x"), ("sinxcosx", 0, "did you mean sin x cos x"), ("sin2x", 0, "mean sin 2x"),
    ("2pir", 1, "did you mean pi r"), ("coshx", 0, "did you mean cosh x"), ("x//2", 2, "operand is missing"),
    ("x @ y", 2, "matrices and vectors"), ("x.sum", 1, "not read"), ("x.sum()", 1, "declared"),
]  # fmt: skip
BAD_ARRAYS = [
    ("X X", 2, "inner sizes d and N differ"), ("X y", 2, "a matrix (N, d) and a vector (N)"), ("X + y", 2, "component"),
    ("y - w", 2, "a vector (N) and a vector (d)"), ("w v", 2, "x^T y for the inner"), ("w·v", 1, "several ways"),
    ("w × v", 2, "several ways"), ("w X", 2, "the inner sizes 1 and N"), ("S w^T", 2, "a row (d)"),
    ("w^T w / w^T w", 6, "parentheses around all that is below"), ("v/v^T", 1, "divided by a row"),
    ("S^2", 1, "several"), ("e^S", 1, "exp(A)"), ("|S|", 2, "det(A) or abs(A)"), ("c^T", 1, "only an array"),
    ("det X", 0, "square matrix"), ("tr(y)", 0, "square matrix"), ("inv(c)", 0, "square matrix"),
    ("solve(S, y)", 0, "right-hand side"), ("sum(X, axis=2)", 0, "0 to 1"), ("sum(X, axis=(0, 0))", 0, "does not fit"),
    ("sum(X, axis=)", 11, "one side"), ("sum(X, axis=0 + 1)", 14, "one value"), ("sum(X, axis=(0,,1))", 7, "no value"),
    ("sum(X, ddof=1)", 7, "no option"), ("c @ w", 2, "number"), ("X @ y", 2, "inner sizes"),
    ("outer(X, w)", 0, "two vectors"), ("||X||_1", 3, "not known"), ("||w||_3", 3, "not known"),
    ("softmax(c)", 0, "declared"), ("max(w, y)", 0, "component"), ("dot(w, y)", 0, "inner"),
    ("B + X", 2, "a matrix (3, 3)"), ("T3 w", 3, "do not fit"), ("mean(T3, axis=7)", 0, "0 to 2"),
    ("1^T w", 1, "array"), (r"\|X\|_1", 3, "not known"), (r"S^{2}", 1, "several ways"), (r"w^\top X", 7, "a row (d)"),
]  # fmt: skip
BAD_LATEX = [
    ("\\", 0, "begins no command"), (r"\foo", 0, "not read"), (r"\frca{1}{2}", 0, r"did you mean \frac"),
    (r"\frac{1}", 8, "argument is missing"), (r"\frac{1}{2", 8, "not closed"), (r"\frac", 5, "argument is missing"),
    (r"x}\,", 1, "never opened"), (r"\left(x", 0, "not closed"), (r"{x)\,", 2, "opened with {"),
    (r"\left.x\right|", 5, "parenthesis or a bar"), (r"\sqrt[\pi]{x}", 5, "degree"), (r"\frac\sqrt{x}{2}", 5, "braces"),
    (r"\alpha^10", 8, "one digit"), (r"\alpha^-x", 7, "sign alone"), (r"x_{}\,", 2, "index"), (r"(\pi)_1", 5, "a name"),
    (r"\log_1 x", 0, "no logarithm to the base 1"), (r"\log_{a+b} x", 9, "base of a logarithm"),
    (r"\hat{x+1}", 6, "a name"), (r"\hat", 4, "a name"),
    (r"\text{a-b}", 7, "a name"), (r"\sum_i x_i", 0, "index"), (r"\int x", 0, "integral"),
    (r"\frac{d}{dx} x^2", 0, "sign of a derivative"), (r"\frac{\partial f}{\partial x}", 0, "sign of a derivative"),
    (r"lim_{x} x", 0, "a limit is not"), (r"\lim_{x \to 0} x", 0, "a limit"), (r"$5 x", 0, "single $"),
    (r"\begin{matrix}", 0, "matrix"), (r"\partial x", 0, "derivative"),
    (r"\href{javascript:alert(1)}{x}", 0, "not read"), (r"\includegraphics{x}", 0, "not read"),
    (r"\infty", 0, "infinity"), (r"\def\x{\x\x}\x", 0, "not read"), (r"\edef\a{\a\a}\a", 0, "not read"),
    (r"\input{/etc/passwd}", 0, "not read"), (r"\write18{id}", 0, "not read"), (r"\csname x\endcsname", 0, "not read"),
    (r"\url{x}", 0, "not read"), (r"\text{<script>}", 6, "letters"), (r"\class{x}{y}", 0, "not read"),
    (r"\frac{}{2}", 6, "nothing"), (r"x^{}", 3, "nothing"), (r"\pm x", 0, "two formulas"),
    (r"\sin^{-2} x", 6, "several ways"), (r"\lvert x", 0, "bar is not closed"), (r"x\rvert", 1, "never opened"),
]  # fmt: skip
HUGE = [
    "(" * 100_000, r"\frac{" * 3_000, "{" * 19_000 + r"\pi", r"\sqrt" * 3_900, r"\left(" * 3_000, "x^{" * 6_000,
    "10^10^10" * 2_000, r"\alpha " * 2_800 * 2, "X^T" * 6_000, "x'" * 9_900, "||" * 9_000, "‖" * 19_000, "x.T" * 6_000,
    "np." * 6_000, "axis=(" * 3_000, r"\hat{" * 3_900, r"\mathbf{" * 2_400, "½" * 19_000, "x" + "ˣ" * 18_000,
    "x" + "⁻" * 18_000, r"\text{" + "a " * 9_000 + "}", "x_{" * 6_000, "$" * 19_000, r"\,x" * 6_600,
    r"\," + "x_1" * 6_000, r"\," + "{x}" * 6_000, r"\bigl|x" * 2_500, "sum(x, axis=0, " * 1_300,
]  # fmt: skip


def message(text: str, shapes: str | None = None, notation: Any = None) -> FormulaError:
    with pytest.raises(FormulaError) as caught:
        parse(text, shapes=shapes, notation=notation)
    shown, caret = str(caught.value).split("\n")[1:3]
    assert caret.strip() == "^"
    assert caret.index("^") <= len(shown)
    str(caught.value).encode()
    return caught.value


@pytest.mark.parametrize(("text", "position", "says"), BAD, ids=[ascii(text)[:40] for text, *_ in BAD])
def test_bad_formulas(text: str, position: int, says: str) -> None:
    error = message(text)
    assert (error.position, says) == (position, says if says in str(error) else str(error))


@pytest.mark.parametrize(("text", "position", "says"), BAD_ARRAYS, ids=[text for text, *_ in BAD_ARRAYS])
def test_shapes_that_do_not_fit(text: str, position: int, says: str) -> None:
    error = message(text, SHAPES)
    assert (error.position, says) == (position, says if says in str(error) else str(error))


@pytest.mark.parametrize(("text", "position", "says"), BAD_LATEX, ids=[text for text, *_ in BAD_LATEX])
def test_bad_latex(text: str, position: int, says: str) -> None:
    error = message(text, notation="latex")
    assert (error.position, says) == (position, says if says in str(error) else str(error))


def quickest(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(3):
        start = time.process_time()
        with contextlib.suppress(ChainruleError):
            work()
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.no_cover  # measuring coverage takes time of its own
def test_each_message_within_100_ms() -> None:
    cases = [(text, None) for text, *_ in (*BAD, *BAD_LATEX)] + [(text, SHAPES) for text, *_ in BAD_ARRAYS]
    slow = {text: took for text, shapes in cases if (took := quickest(lambda: parse(text, shapes=shapes))) > 0.1}  # noqa: B023
    assert not slow


@pytest.mark.parametrize("text", HUGE, ids=[ascii(text)[:30] for text in HUGE])
def test_huge_input_is_refused_or_read_in_time(text: str) -> None:
    for shapes in (None, "x: N, X: N d"):
        assert quickest(lambda: parse(text, shapes=shapes)) < 1  # noqa: B023


@pytest.mark.no_cover
@pytest.mark.parametrize("text", HUGE, ids=[ascii(text)[:30] for text in HUGE])
def test_time_is_linear(text: str) -> None:
    def linear() -> bool:
        half, whole = (quickest(lambda: parse(part)) for part in (text[: len(text) // 2], text))  # noqa: B023
        return whole < max(2.5 * half, 0.02)

    assert any(linear() for _ in range(5))  # a busy machine slows one measurement, not all five


def test_reading_runs_nothing() -> None:
    seen: list[str] = []
    for text, *_ in (*BAD, *BAD_LATEX):  # whatever is loaded once is loaded now
        with contextlib.suppress(ChainruleError):
            parse(text)
    watching = True
    sys.addaudithook(lambda event, _: seen.append(event) if watching else None)
    for text, *_ in (*BAD, *BAD_LATEX):
        with contextlib.suppress(ChainruleError):
            parse(text)
    watching = False
    assert not {event for event in seen if event.split(".")[0] in ("exec", "import", "open", "os", "subprocess")}


@pytest.mark.parametrize(
    "shapes",
    ["X N d", "X: N d,, y: N", "X: N-1", "X: N, X: N", "N: N", {"X": "N!"}, {"X": 2.5}, {"X": (True,)}, {3: "N"}, 7,
     "X: (N", {"2x": "N"}],
)  # fmt: skip
def test_shapes_that_cannot_be_declared(shapes: Any) -> None:
    with pytest.raises(ArgumentError):
        parse("X", shapes=shapes)


def test_an_unknown_notation_is_refused() -> None:
    with pytest.raises(ArgumentError, match="text or latex"):
        parse("x", notation="braille")  # type: ignore[arg-type]


# Random formulas: pieces of all notations in any order are read or refused, and what is read is a legal graph.

PIECES = [
    "x", "y", "X", "w", "S", "c", "N", "T", "e", "pi", "2", "0.5", "3e2", "+", "-", "*", "/", "^", "**", " ", "(", ")",
    "|", "||", ",", "'", ".T", "@", "·", "⊙", "½", "²", "⁻¹", "ˣ", "ᵀ", "√", "‖", "sin", "ln ", "σ", "sum", "mean(",
    "det ", "inv(", "softmax(", "max(", "axis=0", "_2", ".sum()", "np.", "math.", "norm", "dot(", "^T", "^-1", "!", ".",
    r"\frac", "{", "}", r"\sqrt", "[3]", r"\left", r"\right", r"\sigma", r"\alpha", r"\hat", r"\mathbf", r"\text", "_",
    r"\cdot", r"\top", r"\|", r"\log", r"\,", "$", "\\", r"\sum", "^{", "_{1}", r"\operatorname{tr}", "\0", "Ж",
]  # fmt: skip
SOUP = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=25)
EXPRESSION = st.recursive(
    st.sampled_from(["x", "y", "X", "w", "S", "c", "2", "N"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" ", "+", "-", "*", "/", "^", " @ ", "·", ".*", ","]), inner).map("".join),
        st.tuples(st.sampled_from(["(", "-", "sin ", "|", "||", "sum(", "log det ", "√", r"\frac{1}{", r"\hat{"]),
                  inner, st.sampled_from([")", "", "|", "||", "}", "^T", "'", "²", "^-1", ".T", "_2"])).map("".join),
    ),
    max_leaves=12,
)  # fmt: skip
SHAPELESS = st.none() | st.just("x: N, y: N, X: N d, w: d, S: d d, c:")


def read_or_refuse(text: str, shapes: str | None) -> None:
    try:
        graph = verify(parse(text, shapes=shapes))
    except (FormulaError, LimitError) as error:
        str(error).encode()
        return
    for notation in ("text", "latex"):
        echo(graph, notation)


@settings(deadline=None, max_examples=300)
@given(SOUP | EXPRESSION, SHAPELESS)
def test_random_formulas_never_crash(text: str, shapes: str | None) -> None:
    read_or_refuse(text, shapes)


@pytest.mark.slow
@settings(deadline=None, max_examples=10_000, suppress_health_check=list(HealthCheck))
@given(SOUP | EXPRESSION, SHAPELESS)
def test_ten_thousand_random_formulas_never_crash(text: str, shapes: str | None) -> None:
    read_or_refuse(text, shapes)
