"""The command line: what each command prints, its JSON, its exit status, and what it says about unusable input."""

from __future__ import annotations

import importlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest

from chainrule.cli import main
from chainrule.limits import LIMITS

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
DIABETES = str(EXAMPLES / "diabetes.csv")
COMMAND = [sys.executable, "-c", "from chainrule.cli import main; main()"]

USER_MODULE = """
import numpy as np

constant = 3.0

def loss(w, b=1.0, *, scale=1.0):
    print("printed by the user")
    y = scale * np.sum(w**2) * b
    return y

def gradient(w, b=1.0, *, scale=1.0):
    return 2 * scale * w * b

def flipped(w, b=1.0, *, scale=1.0):
    return -2 * scale * w * b

def square(x):
    return x * x

def vector(w):
    return w * 2.0

def raises(w):
    w = w + 1.0
    raise RuntimeError("from my own code")

def breaks(w):
    return np.sum(w) + {}["missing"]
"""


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def record(self) -> Any:
        def refuse(name: str) -> Any:
            raise AssertionError(f"{name} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


Run = Callable[..., Answer]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Call the command in this process."""

    def call(*arguments: str) -> Answer:
        path, modules = list(sys.path), set(sys.modules)
        capfd.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main(arguments)
        finally:
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if getattr(sys.modules[name], "__file__", None) and not name.startswith(("chainrule", "numpy", "rich")):
                    del sys.modules[name]
        out, err = capfd.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Answer(code, out, err)

    return call


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory with the user's module in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "users_losses.py").write_text(USER_MODULE, encoding="utf-8")
    return tmp_path


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


# --- the command itself -----------------------------------------------------------------------------------------------


def test_without_arguments_it_prints_three_examples_that_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import shlex

    answer = run()
    assert answer.status == 0
    examples = [line.strip() for line in answer.out.splitlines() if line.startswith("  chainrule ")]
    assert len(examples) == 3
    monkeypatch.chdir(ROOT)
    for example in examples:
        tried = run(*shlex.split(example)[1:])
        assert (tried.status, tried.err) == (0, ""), example
        assert tried.out


def test_help_lists_every_command(run: Run) -> None:
    answer = run("--help")
    assert answer.status == 0
    for command in ("derivative", "explain", "graph", "source", "check", "descend"):
        assert command in answer.out
        assert run(command, "--help").status == 0


def test_the_version(run: Run) -> None:
    from chainrule import __version__

    assert run("--version").out.strip().endswith(__version__)


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["derivative"], ["derivative", "x", "--no-such"], ["descend", "a"]]
)
def test_wrong_usage_is_bad_input(run: Run, arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.status == 2
    assert "Usage: chainrule" in answer.err
    assert answer.out == ""


# --- derivative -------------------------------------------------------------------------------------------------------


def test_derivative_of_a_formula_at_a_point(run: Run) -> None:
    answer = run("derivative", "x^2*exp(x)", "--at", "1")
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "f = x^2*exp(x)"
    assert lines[1].startswith("f' = ")
    assert lines[2] == "at x = 1:  f = 2.718281828,  f' = 8.154845485"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["x^2*exp(x)", "--at", "1"], 3 * math.e),
        (["x^2*exp(x)", "--at", "1", "--order", "2"], 7 * math.e),
        (["x^2*exp(x)", "--at", "1", "--order", "4"], 21 * math.e),
        (["sin(x)", "--at", "-2"], math.cos(2)),
        (["x^y", "--wrt", "x", "--at", "x=2,y=3"], 12.0),
        (["x^y", "--wrt", "y", "--at", '{"x": 2, "y": 3}'], 8 * math.log(2)),
        (["x^y", "--wrt", "y", "--order", "2", "--at", "y=3, x=2"], 8 * math.log(2) ** 2),
    ],
)
def test_values_of_derivatives(run: Run, arguments: list[str], expected: float) -> None:
    answer = run("derivative", *arguments, "--json")
    assert answer.status == 0
    assert answer.record["derivative_value"] == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("formula", ["x^2*exp(x)", "sin(x)^2/x", "sqrt(x) ln(x)", "1/(1+exp(-x))"])
def test_the_formula_printed_is_that_of_the_derivative(run: Run, formula: str) -> None:
    # Read again, it must have the value of a difference quotient, which knows nothing of how it was found.
    from chainrule.numeric import derivative
    from chainrule.read.formula_function import formula_function

    shown = run("derivative", formula, "--json").record["derivative"]
    for x in (0.7, 1.9):
        value = float(formula_function(shown)(x))
        assert value == pytest.approx(float(derivative(formula_function(formula), x)), rel=1e-7)


def test_the_derivative_is_written_in_the_order_of_the_formula(run: Run) -> None:
    assert run("derivative", "3x^2 + 5x - 7").out.splitlines()[1] == "f' = 6x + 5"
    assert run("derivative", "x^2 exp(x)", "--order", "3").out.splitlines()[1] == "f''' = e^x (x^2 + 6x + 6)"


def test_a_value_whose_derivatives_grow_too_large_is_refused_before_they_are_simplified(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("chainrule.cli.derivative")
    sizes: list[int] = []

    def simplify(graph: Any) -> Any:
        sizes.append(len(graph))
        return simplified(graph)

    simplified = module.simplify
    monkeypatch.setattr(module, "simplify", simplify)
    monkeypatch.setattr(module, "by_rules", lambda graph, x, order: graph)  # what is shown has a limit of its own
    status, _, err = run("derivative", "sin(x)^2 exp(x^2) / (1 + x^2)", "--order", "20", "--at", "1")
    assert status == 2
    assert "the limit derivative_nodes" in err
    assert len(sizes) == 11  # reverse mode comes to 6
    assert max(sizes) <= LIMITS.derivative_nodes


@pytest.mark.parametrize(
    ("formula", "order", "function"),
    [("x^x", 9, lambda x: x**x), ("tan(x)", 16, mpmath.tan), ("sin(x)/x", 9, mpmath.sinc)],
)
def test_values_of_high_derivatives(run: Run, formula: str, order: int, function: Callable[[Any], Any]) -> None:
    with mpmath.workdps(60):
        exact = float(mpmath.diff(function, mpmath.mpf(0.7), order))
    answer = run("derivative", formula, "--order", str(order), "--at", "0.7", "--json")
    assert answer.record["derivative_value"] == pytest.approx(exact, rel=1e-6)  # what cancels in sin(x)/x


def test_a_command_loads_no_other() -> None:
    code = (
        "import sys; from chainrule.cli import main\n"
        "try: main(['derivative', 'x^2'])\n"
        "finally: print([m for m in sys.modules if m in ('chainrule.learn.data.reading', 'chainrule.cli.check')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


def test_without_a_point_only_the_formula_is_printed(run: Run) -> None:
    answer = run("derivative", "x^3", "--order", "2")
    assert answer.status == 0
    assert len(answer.out.splitlines()) == 2
    assert answer.out.splitlines()[1].startswith("f'' = ")


@pytest.mark.parametrize(
    ("formula", "point", "note"), [("abs(x)", "0", "kink"), ("sqrt(x)", "0", "infinite"), ("x+9^9^9", "1", "overflow")]
)
def test_what_is_special_about_a_point_is_named(run: Run, formula: str, point: str, note: str) -> None:
    answer = run("derivative", formula, "--at", point)
    assert answer.status == 0
    assert note in answer.out.splitlines()[-1]
    assert note in run("derivative", formula, "--at", point, "--json").record["note"]


@pytest.mark.parametrize(("formula", "point"), [("log(x)", "-1"), ("0/0+x", "1"), ("sqrt(x)", "-4")])
def test_outside_the_domain_is_bad_input(run: Run, formula: str, point: str) -> None:
    answer = run("derivative", formula, "--at", point)
    assert answer.status == 2
    assert "is not defined at x = " in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    ("formula", "column"),
    [
        ("3x^^2", 4),
        ("x + ", 5),
        ("(x + 1", 1),
        ("__import__('os').system('id')", 1),
        ("x.__class__", 2),
        ("lambda x: x", 1),
        ("x[0]", 2),
        ("x := 1", 3),
        ("foobar(x)", 1),
        ("", 1),
    ],
)
def test_a_formula_that_cannot_be_read_gets_a_caret(run: Run, formula: str, column: int) -> None:
    answer = run("derivative", formula, "--at", "1")
    assert answer.status == 2
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert f"column {column}" in answer.err
    caret = next(line for line in answer.err.splitlines() if line.strip() == "^")
    assert caret.index("^") == 2 + column - 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["x*y", "--at", "x=1,y=2"], "x, y: choose one with --wrt"),
        (["x*y", "--wrt", "z"], "no variable 'z', it has x, y"),
        (["x*y", "--wrt", "x", "--at", "x=1"], "no 'y'"),
        (["x*y", "--wrt", "x", "--at", "1"], "give each by name"),
        (["3", "--at", "1"], "no variable"),
        (["x", "--at", "x=1,x=2"], "given twice"),
        (["x", "--at", "y=1"], "no argument 'y'"),
        (["x", "--at", "nan"], "expected a finite number"),
        (["x", "--at", "one"], "'one' is not a number"),
        (["x", "--at", "x=one"], "'one' is not a number"),
        (["x", "--at", "x=1,2"], "name=number"),
        (["x", "--at", '{"x": "1"}'], "expected one number"),
        (["x", "--at", '{"x": [1, 2]}'], "expected one number"),
        (["x", "--at", '{"x": true}'], "expected one number"),
        (["x", "--order", "0"], "0"),
        (["9" * 5000 + "x", "--at", "1"], "number_length"),
    ],
)
def test_unusable_points_and_options(run: Run, arguments: list[str], said: str) -> None:
    answer = run("derivative", *arguments)
    assert answer.status == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


# --- points and functions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"x": 1', "line 1, column 8: is not JSON"),
        ('{\n  "x": 1,\n  "y" 2\n}', "line 3, column 7: is not JSON"),
        ("", "is not JSON"),
        ('{"x": NaN}', "NaN is not a number"),
        ('{"x": 1, "x": 2}', "the name 'x' stands there twice"),
        ('{"x": [[1, 2], [3]]}', "x is not a rectangular array of numbers"),
        ("[" * 100_000, "nested too deep"),
        (b"\xff\xfe{", "cannot be read"),
        ('{"x": ' + "9" * 5000 + "}", "x"),
    ],
)
def test_a_point_file_that_cannot_be_used(run: Run, here: Path, content: str | bytes, said: str) -> None:
    answer = run("graph", "users_losses:square", "--at", write(here / "point.json", content))
    assert answer.status == 2
    assert said in answer.err
    assert "Traceback" not in answer.err


def test_a_point_file_that_is_not_there(run: Run, here: Path) -> None:
    answer = run("graph", "users_losses:square", "--at", "none.json")
    assert answer.status == 2
    assert "there is no file none.json" in answer.err


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("nowhere:loss", "there is no module 'nowhere'"),
        ("nowhere.py:loss", "there is no file nowhere.py"),
        ("users_losses:los", "did you mean 'loss'?"),
        ("users_losses:nothing_like_it", "it has loss"),
        ("users_losses:constant", "is of type float, expected a function"),
        ("users_losses:", "names no function"),
        (":loss", "names no function"),
        ("..:loss", "is no name of a module"),
        ("ends:f", "ended the program while it was imported"),
        ("broken:f", "the code cannot be read"),
        ("needs:f", "No module named 'not_installed'"),
        ("divides:f", "divides.py, line 2"),
    ],
)
def test_a_function_that_cannot_be_found(run: Run, here: Path, target: str, said: str) -> None:
    write(here / "ends.py", "import sys\nsys.exit(0)\n")
    write(here / "broken.py", "def f(x:\n    return x\n")
    write(here / "needs.py", "import not_installed\n")
    write(here / "divides.py", "x = 0\ny = 1 / x\n")
    answer = run("graph", target, "--at", "1")
    assert answer.status == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            "raises",
            ["RuntimeError: from my own code", "users_losses.py, line 25", 'raise RuntimeError("from my own code")'],
        ),
        ("breaks", ["KeyError: 'missing'", "users_losses.py, line 28"]),
        ("vector", ["gives values of shape (2,)"]),
    ],
)
def test_what_the_users_code_raises_is_told_with_its_line(run: Run, here: Path, function: str, said: list[str]) -> None:
    answer = run("graph", f"users_losses:{function}", "--at", '{"w": [1.0, 2.0]}')
    assert answer.status == 2
    for part in said:
        assert part in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("b=2", "the point has no 'w'"),
        ("w=1,c=2", "no argument 'c', it takes w, b, scale"),
        ("w=1,scal=2", "did you mean 'scale'?"),
    ],
)
def test_a_point_that_does_not_fit_the_function(run: Run, here: Path, point: str, said: str) -> None:
    answer = run("graph", "users_losses:loss", "--at", point)
    assert answer.status == 2
    assert said in answer.err


# --- graph ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_file", [True, False])
def test_graph_of_a_function(run: Run, here: Path, as_file: bool) -> None:
    target = "users_losses.py:loss" if as_file else "users_losses:loss"
    point = write(here / "point.json", '{"w": [1, 2], "b": 3, "scale": 2.0}')
    answer = run("graph", target, "--at", point)
    assert answer.status == 0
    assert "forward pass" in answer.out
    assert "backward pass" in answer.out
    # What the function prints is not part of the answer.
    assert "printed by the user" not in answer.out
    assert "printed by the user" in answer.err
    record = run("graph", target, "--at", point, "--json").record
    assert record["value"] == 30.0
    assert record["gradients"]["w"] == [12.0, 24.0]
    assert record["gradients"]["b"] == 10.0


def test_graph_of_a_formula_has_the_figures_of_the_textbook(run: Run) -> None:
    arguments = ["graph", "(y - (w*x + b))^2", "--at", "w=1,x=2,b=1,y=7"]
    record = run(*arguments, "--json").record
    assert record["value"] == 16.0
    assert (record["gradients"]["w"], record["gradients"]["b"]) == (-16.0, -8.0)
    assert [step["value"] for step in record["steps"]] == [2.0, 3.0, 4.0, 16.0]
    assert "-16" in run(*arguments).out


def test_a_graph_in_elementary_steps(run: Run) -> None:
    target, point = str(EXAMPLES / "losses.py") + ":loss", str(EXAMPLES / "point.json")
    named = run("graph", target, "--at", point, "--json").record
    elementary = run("graph", target, "--at", point, "--elementary", "--json").record
    assert [step["name"] for step in named["steps"]] == ["residual", "L"]
    assert len(elementary["steps"]) > len(named["steps"])
    np.testing.assert_allclose(elementary["gradients"]["w"], named["gradients"]["w"])


# --- check ------------------------------------------------------------------------------------------------------------


def test_a_right_gradient_passes(run: Run) -> None:
    losses = str(EXAMPLES / "losses.py")
    arguments = ["check", f"{losses}:loss", "--gradient", f"{losses}:gradient", "--at", str(EXAMPLES / "point.json")]
    answer = run(*arguments)
    assert (answer.status, answer.err) == (0, "")
    assert "passed" in answer.out
    assert run(*arguments, "--json").record["passed"] is True


def test_a_wrong_gradient_fails_with_the_mistake(run: Run) -> None:
    losses = str(EXAMPLES / "losses.py")
    arguments = ["check", f"{losses}:loss", "--gradient", f"{losses}:wrong_gradient", "--at"]
    answer = run(*arguments, str(EXAMPLES / "point.json"))
    assert answer.status == 1
    assert "FAILED" in answer.out
    assert "constant factor 4" in answer.out
    record = run(*arguments, str(EXAMPLES / "point.json"), "--json").record
    assert record["passed"] is False
    assert record["worst"] == "w[1]"
    assert [component["passed"] for component in record["components"]] == [False, False]


def test_keyword_arguments_and_the_choice_of_arguments(run: Run, here: Path) -> None:
    point = '{"w": [1, 2], "b": 3, "scale": 2.0}'
    common = ["check", "users_losses:loss", "--at", point, "--gradient"]
    assert run(*common, "users_losses:gradient").status == 0
    flipped = run(*common, "users_losses:flipped")
    assert flipped.status == 1
    assert "the sign is flipped" in flipped.out
    assert "w[1]" in flipped.out
    assert run(*common, "users_losses:gradient", "--wrt", "w").status == 0
    unknown = run(*common, "users_losses:gradient", "--wrt", "c")
    assert unknown.status == 2
    assert "'c'" in unknown.err


# --- the process ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent Ctrl-C alone")
def test_an_interrupted_descent_prints_the_run_so_far() -> None:
    # What takes long to import is imported before: an interrupt in the middle of that is another matter.
    ready = (
        # A shell that starts a job in the background has it ignore Ctrl-C.
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "import chainrule as cr, chainrule.cli.descend; from chainrule.cli import main; "
        "cr.models.LinearRegression; print('ready', file=sys.stderr, flush=True); main()"
    )
    endless = ["descend", DIABETES, "--target", "y", "--steps", "1000000000", "--learning-rate", "1e-6", "--json"]
    with subprocess.Popen(
        [sys.executable, "-c", ready, *endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        try:
            out, err = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()  # else leaving the block would wait for ever
            raise
    assert err == ""
    assert process.returncode == 130
    record = json.loads(out)
    assert record["stopped"] == "interrupted"
    assert 0 < record["steps"] < 10**9
    assert record["loss"]["after"] < record["loss"]["before"]


@pytest.mark.skipif(sys.platform == "win32", reason="pipes end otherwise there")
def test_a_broken_pipe_is_quiet() -> None:
    process = subprocess.Popen(
        [*COMMAND, "descend", DIABETES, "--target", "y"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 141
    assert err == b""


def test_an_ascii_terminal_gets_an_answer() -> None:
    process = subprocess.run(
        [*COMMAND, "derivative", "α^2", "--at", "1"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert process.returncode == 0
    assert process.stderr == b""
    assert b"f' = 2" in process.stdout


def test_a_defect_is_not_blamed_on_the_user(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import chainrule.cli.derivative as command

    def defect(text: str) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(command, "formula_text", defect)
    monkeypatch.setattr("chainrule.cli.group._NOT_THE_USERS", (str(ROOT) + os.sep,))
    answer = run("derivative", "x")
    assert answer.status == 70
    assert "defect of chainrule" in answer.err


# --- what users write ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['{"w": [1,2\n', '{"w": [1,2\r\n', "{\n\n", "[", '{"w": "\u2028', ""])
def test_truncated_json_is_named_with_its_line(run: Run, here: Path, text: str) -> None:
    answer = run("derivative", "w^2", "--at", write(here / "point.json", text))
    assert (answer.status, answer.out) == (2, "")
    assert "Traceback" not in answer.err
    assert "point.json, line " in answer.err


def test_a_formula_may_begin_with_a_minus(run: Run) -> None:
    assert run("derivative", "-x^2", "--at", "-1", "--json").record["derivative_value"] == 2
    assert run("derivative", "--at", "x=-1", "-3x", "--json").record["derivative_value"] == -3
    assert run("derivative", "--json", "--", "-x^2").record["derivative"] == "-2x"
    assert run("graph", "-x^2", "--at", "x=3", "--json").record["value"] == -9
    wrong = run("derivative", "--x^2")
    assert wrong.status == 2
    assert '-- "--x"' in wrong.err


def test_a_gradient_may_name_its_parts(run: Run, here: Path) -> None:
    write(
        here / "named.py",
        "def loss(w, b):\n    return w**2 * b\n"
        "def gradient(w, b):\n    return {'b': w**2, 'w': 2 * w * b}\n"
        "def wrong(w, b):\n    return {'b': w**2, 'w': w * b}\n"
        "def part(w, b):\n    return {'b': w**2}\n",
    )
    point = ("--at", "w=3,b=2")
    for wrt in ((), ("--wrt", "w"), ("--wrt", "w,b"), ("--wrt", "b,w")):
        answer = run("check", "named.py:loss", "--gradient", "named.py:gradient", *point, *wrt, "--json")
        assert answer.status == 0, answer.err
        if wrt != ("--wrt", "w"):
            assert {c["name"] for c in answer.record["components"]} == {"w", "b"}
    assert run("check", "named.py:loss", "--gradient", "named.py:wrong", *point).status == 1
    missing = run("check", "named.py:loss", "--gradient", "named.py:part", *point, "--wrt", "w")
    assert missing.status == 2
    assert "no part 'w'" in missing.err


def test_a_gradient_may_be_a_tuple_with_a_part_for_each_argument(run: Run, here: Path) -> None:
    write(
        here / "pairs.py",
        "def loss(w, X):\n    return (X @ w).sum()\n"
        "def gradient(w, X):\n    return X.sum(0), 0 * X + w\n"
        "def wrong(w, X):\n    return X.sum(0), 0 * X - w\n"
        "def of_w(w, X):\n    return tuple(X.sum(0))\n",
    )
    point = ("--at", '{"w": [1, 2], "X": [[1, 2], [3, 4], [5, 6]]}')
    both = run("check", "pairs.py:loss", "--gradient", "pairs.py:gradient", *point, "--json")
    assert (both.status, both.err) == (0, "")
    assert {c["name"][0] for c in both.record["components"]} == {"w", "X"}
    wrong = run("check", "pairs.py:loss", "--gradient", "pairs.py:wrong", *point, "--json")
    assert wrong.status == 1
    assert {c["name"][0] for c in wrong.record["components"] if not c["passed"]} == {"X"}
    # As many numbers as there are arguments are still the components of the first one.
    of_w = run("check", "pairs.py:loss", "--gradient", "pairs.py:of_w", *point, "--json")
    assert of_w.status == 0
    assert {c["name"] for c in of_w.record["components"]} == {"w[0]", "w[1]"}


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        ("one(w)", "wrong.py:one does not take what wrong.py:loss takes: too many positional arguments"),
        ("more(w, b, c)", "missing a required argument: 'c'"),
        ("none(w, b): return None\ndef x(w)", "none (wrong.py, line 3) returned None"),
        ("shape(w, b): return [1.0] * 7\ndef x(w)", "has shape (7,), but w has shape (2,)"),
        ("nothing", "wrong.py has no function 'nothing'"),
    ],
)
def test_gradients_that_cannot_be_checked_are_bad_input(run: Run, here: Path, gradient: str, message: str) -> None:
    define = f"def {gradient}: return w\n" if "(" in gradient else ""
    write(here / "wrong.py", f"def loss(w, b):\n    return (w * w).sum() * b\n{define}")
    name = gradient.partition("(")[0]
    answer = run("check", "wrong.py:loss", "--gradient", f"wrong.py:{name}", "--at", '{"w": [1, 2], "b": 3}')
    assert (answer.status, answer.out) == (2, "")
    assert message in answer.err
    assert "Traceback" not in answer.err
