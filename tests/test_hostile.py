"""Hostile inputs and faults that cross several parts: an error that names the place, exit status 2, no traceback.

What concerns one part alone stands with it: the formula reader's refusals and limits in read/test_formula.py, data
files in learn/test_table.py, rates and interrupts in learn/test_descend.py, points and modules in test_cli.py.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Call the command in this process, in an empty directory."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with monkeypatch.context() as context:
            context.setattr(sys, "path", list(sys.path))
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, out, err

    return call


def refused(answer: tuple[int, str, str], *said: str) -> None:
    status, out, err = answer
    assert status == 2, err
    assert out == ""
    assert "Traceback" not in err
    for part in said:
        assert part in err


# --- rows 1 and 5: formulas that would run something ------------------------------------------------------------------

WATCHED = r"""
import sys
from chainrule.read.formula_function import formula_function
from chainrule.errors import ChainruleError

formula_function("x^2 + sin(x)")(1.0)  # whatever is loaded once is loaded now
seen = []
watching = False
sys.addaudithook(lambda event, arguments: watching and seen.append((event, str(arguments)[:60])))
FORMULAS = [
    "__import__('os').system('id')", "x.__class__", "x.__class__.__base__.__subclasses__()", "exec(x)", "eval(x)",
    "open(x)", "f'{x}'", "lambda: 1", "a[0]", "a := 1", "import os", "os.system(x)", "print(x)", "`id`", "$(id)",
    "{{7*7}}", "%s", "x; y", "#", "@x", "\\u0041", "\\N{DIGIT ONE}", "'%c'%x", "np.sin(x)", "chainrule", "9**9**9",
    "x" * 1_000_000, "(" * 100_000, "a\0b", "\ud800", "\u202ex", "x + y",
]
watching = True
for text in FORMULAS:
    try:
        formula_function(text)
    except ChainruleError as error:
        str(error)
watching = False
loud = [event for event in seen if event[0] in
        ("exec", "compile", "import", "open", "os.system", "os.exec", "subprocess.Popen", "socket.connect")]
assert not loud, loud
print("quiet")
"""


def test_reading_hostile_formulas_runs_imports_and_opens_nothing() -> None:
    # A process of its own: an audit hook stays for good.
    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout, done.returncode) == ("quiet\n", 0), done.stderr


# --- rows 2, 3, 4: large numbers, deep nesting, derivatives that grow -------------------------------------------------

PRODUCT = "*".join(f"sin({i}x)" for i in range(1, 21))


@pytest.mark.parametrize("formula", ["9**9**9 + x", "((9^9)^9999)^9999 + x"])
def test_towers_of_powers_come_with_a_note(run: Run, formula: str) -> None:
    status, out, _ = run("derivative", formula, "--at", "1")
    assert status == 0
    assert "f = inf" in out
    assert "overflow" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        (("(" * 100_000,), "formula_"),
        (("sin(" * 1_000 + "x" + ")" * 1_000,), "formula_depth"),
        (("x" * 100_000,), "formula_length"),
        ((PRODUCT, "--order", "20"), "shown_derivative_nodes"),
    ],
    ids=["parentheses", "sin of sin", "letters", "derivative"],
)
def test_what_grows_beyond_a_limit_names_it(run: Run, arguments: tuple[str, ...], limit: str) -> None:
    refused(run("derivative", *arguments, "--at", "1"), f"the limit {limit}")


def test_a_deep_formula_within_the_limit_is_differentiated(run: Run) -> None:
    status, out, _ = run("derivative", "sin(" * 450 + "x" + ")" * 450, "--at", "1")
    assert status == 0
    x = slope = 1.0
    for _ in range(450):
        slope *= np.cos(x)
        x = np.sin(x)
    assert f"f' = {slope:.10g}" in out


def test_the_power_of_a_thousand(run: Run) -> None:
    status, out, _ = run("derivative", "(x+1)^1000", "--at", "0")
    assert status == 0
    assert "f' = 1000(x + 1)^999" in out
    assert "f = 1,  f' = 1000" in out


def test_the_sixth_derivative_of_a_product_of_twenty_factors_stays_one_shared_graph(run: Run) -> None:
    product = "*".join(f"(x+{i})" for i in range(1, 21))
    status, out, _ = run("derivative", product, "--order", "6", "--at", "1", "--json")
    assert status == 0
    exact = np.polynomial.Polynomial.fromroots(range(-20, 0)).deriv(6)(1.0)
    assert f'"derivative_value": {exact:.10g}'[:30] in out


@pytest.mark.no_cover  # measuring coverage takes time of its own
def test_time_grows_with_the_size_of_the_formula() -> None:
    """Twice the input, at most 2.5 times the CPU time, through reading and differentiating."""

    def seconds(terms: int) -> float:
        formula = "+".join(f"sin({i}x)" for i in range(terms))
        times = []
        for _ in range(4):
            start = time.process_time()
            cr.grad(formula)(0.5)
            times.append(time.process_time() - start)
        return min(times)

    assert any(seconds(1_000) < max(2.5 * seconds(500), 0.05) for _ in range(5))  # a busy machine slows some


# --- row 6: where a function has no value or no derivative ------------------------------------------------------------


@pytest.mark.parametrize("command", ["derivative", "graph"])
@pytest.mark.parametrize(
    ("formula", "point", "note"),
    [
        ("|x|", "0", "|x| at 0"),
        ("x^x", "0", "x^y at x = y = 0"),
        ("sqrt(x)", "0", "sqrt(x) at 0"),
        ("1/x", "0", "divide gave inf"),
        ("log(x)", "0", "log gave -inf"),
        ("exp(x)", "1000", "exp gave inf"),
        ("tan(x)", "1.5707963267948966", "a pole"),
    ],
)
def test_what_is_special_about_a_point_is_named(run: Run, command: str, formula: str, point: str, note: str) -> None:
    status, out, _ = run(command, formula, "--at", point)
    assert status == 0
    assert note in out.splitlines()[-1]


@pytest.mark.parametrize("command", ["derivative", "graph"])
@pytest.mark.parametrize(("formula", "point"), [("log(x)", "-1"), ("0/0 + x", "1"), ("sqrt(x)", "-4"), ("x/x", "0")])
def test_outside_the_domain_no_nan_is_shown(run: Run, command: str, formula: str, point: str) -> None:
    refused(run(command, formula, "--at", point), "not defined")


# --- rows 7 and 8: odd values and odd functions -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "x",
    [np.zeros(2, [("a", float)]), np.array(["2020-01-01"], "M8[D]"), np.array([1, None], object), b"1", {1, 2}],
    ids=["structured", "dates", "objects", "bytes", "a set"],
)
def test_values_that_are_no_numbers_are_refused(x: Any) -> None:
    for ask in (lambda: cr.grad(np.sum)(x), lambda: cr.check(np.sum, np.ones_like, x)):
        with pytest.raises(cr.ChainruleError):
            ask()


def test_integers_are_promoted() -> None:
    assert cr.grad(lambda x: x * x)(10**30) == 2e30
    assert cr.grad(lambda w: np.sum(w**2))(np.array([1, 2], np.int8)).tolist() == [2.0, 4.0]


USER_MODULE = """
import numpy as np

state = []

def square(w):
    return np.sum(w * w)

def gradient(w):
    return 2 * w

def nothing(w):
    w + 1

def exits(w):
    raise SystemExit(3)

def raises(w):
    return 1 / 0

def text(w):
    return "a"

def remembers(w):
    state.append(1)
    return np.sum(w) * len(state)

def empty(w):
    return np.mean(w[:0])

def writes(w):
    w[0] = 0.0
    return np.sum(w * w)

def model(w, X, y):
    return np.mean((y - X @ w) ** 2)

def model_gradient(w, X, y):
    return -2 / len(y) * X.T @ (y - X @ w)
"""


@pytest.fixture
def losses(tmp_path: Path) -> str:
    path = tmp_path / "hostile_losses.py"
    path.write_text(USER_MODULE, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("nothing", "nothing returns no number"),
        ("exits", "hostile_losses.py, line 16"),
        ("raises", "ZeroDivisionError"),
        ("text", "text returns"),
    ],
)
def test_functions_that_give_no_number(run: Run, losses: str, function: str, said: str) -> None:
    refused(run("graph", f"{losses}:{function}", "--at", '{"w": [1.0, 2.0]}'), said)


def test_the_mean_of_nothing_is_not_a_number_in_silence(run: Run, losses: str) -> None:
    with pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        refused(run("graph", f"{losses}:empty", "--at", '{"w": [1.0]}'), "not defined", "mean gave nan")


@pytest.mark.parametrize("function", ["remembers", "writes"])
def test_a_check_says_that_a_function_is_no_function(run: Run, losses: str, function: str) -> None:
    answer = run("check", f"{losses}:{function}", "--gradient", f"{losses}:gradient", "--at", '{"w": [1.0, 2.0]}')
    refused(answer, function if function == "remembers" else "w")


# --- wrong input on the command line ----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["graph", "check"])
@pytest.mark.parametrize(
    ("point", "said"),
    [
        ('{"w": [1, 2, 3], "X": [[1, 2], [3, 4]], "y": [1, 2]}', "size 3 is different from 2"),
        ('{"w": [1, 2], "X": [[1, 2], [3, null]], "y": [1, 2]}', "X has a null among its numbers"),
        ('{"w": [1, 2], "X": [[1, 2], [3]], "y": [1, 2]}', "X is not a rectangular array"),
        ('{"w": [1, 2], "X": [[1, 2], [3, NaN]], "y": [1, 2]}', "NaN is not a number"),
        ('{"w": [1, 2], "X": [[1, 2], [3, 1e999]], "y": [1, 2]}', "1e999 is beyond the largest number"),
        ('{"w": [1, 2], "X": [[1, 2], [3, 4]]}', "no 'y'"),
        ('{"w": [1, 2], "X": [[1, 2', "is not JSON"),
        ("nan", "give each by name"),
        ("folder", "folder is a directory"),
        ("folder.json", "folder.json is a directory"),
    ],
)
def test_points_that_cannot_be_used(run: Run, losses: str, command: str, point: str, said: str) -> None:
    for name in ("folder", "folder.json"):
        Path(name).mkdir()
    gradient = ["--gradient", f"{losses}:model_gradient"] if command == "check" else []
    said = "expected a finite number" if point == "nan" else said
    refused(run(command, f"{losses}:model", *gradient, "--at", point), said)


def test_a_truth_value_is_nothing_to_differentiate_by(run: Run) -> None:
    refused(run("graph", "x^2", "--at", '{"x": true}'), "no number that it could be differentiated by")


def test_directories_in_place_of_files(run: Run) -> None:
    Path("folder.py").mkdir()
    Path("folder.csv").mkdir()
    refused(run("graph", "folder.py:loss", "--at", "1"), "folder.py is a directory")
    refused(run("descend", "folder.csv", "--target", "y"), "folder.csv")
    refused(run("descend", "none.csv", "--target", "y"), "none.csv")


@pytest.mark.parametrize("command", ["derivative", "graph"])
def test_an_error_in_the_middle_of_a_formula_has_its_caret(run: Run, command: str) -> None:
    answer = run(command, "x^2 + $ y", "--at", "1")
    refused(answer, "'$'", "column 7")
    assert "\n        ^" in answer[2]
