"""Derivations in a terminal: wrapping loses nothing, colours mean nothing that words do not say."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, strategies as st

import chainrule as cr
from chainrule.cli import explain as explaining, terminal
from chainrule.cli.terminal import coloured, shows_colours, wrapped

Run = Callable[..., Any]
LONG = "sin(x)^2 ln(x^2 + 1)/(x (1 + exp(-x)) sqrt(x + 1))"


def spaceless(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("method", ["rules", "graph"])
@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_wrapping_breaks_lines_and_loses_nothing(columns: int, method: Any) -> None:
    text = str(cr.explain(LONG, method=method, at={"x": 1}))
    shown = wrapped(text, columns)
    assert spaceless(shown) == spaceless(text)
    if columns >= 60:
        assert max(map(len, shown.splitlines())) <= columns
    assert all(line == line.rstrip() for line in shown.splitlines())
    short = [line for line in text.splitlines() if len(line) <= columns]
    assert set(short) <= set(shown.splitlines())


@given(st.text(alphabet="ab+-*()=,; 1", max_size=200), st.integers(1, 60))
def test_wrapping_any_text(text: str, columns: int) -> None:
    assert spaceless(wrapped(text, columns)) == spaceless(text)


def test_a_line_breaks_where_the_fewest_parentheses_are_open() -> None:
    assert wrapped("        = (a + b) (c + d) + (e + f) (g + h + i)", 40).splitlines() == [
        "        = (a + b) (c + d)",
        "          + (e + f) (g + h + i)",
    ]
    assert wrapped(" 1. product rule, (u v)' = u' v + u v', with u = x^2, v = e^x", 50).splitlines() == [
        " 1. product rule, (u v)' = u' v + u v',",
        "      with u = x^2, v = e^x",
    ]


def test_a_terminal_too_narrow_is_left_to_break_lines_itself() -> None:
    line = "        = (a + b) (c + d)"
    assert wrapped(line, 12) == line


def test_a_rule_has_one_colour_wherever_it_is_cited() -> None:
    first = coloured("1. product rule, with", ["product rule", "power rule"])
    again = coloured("7. product rule:\n   product\n      rule", ["product rule"])
    (colour,) = set(re.findall(r"\x1b\[\d+m(?=\x1b\[1m)", first))
    assert re.findall(r"\x1b\[\d+m(?=\x1b\[1m)", again) == [colour, colour]
    assert click.unstyle(first) == "1. product rule, with"
    assert coloured("x", []) == "x"
    assert coloured("a subproduct rule", ["product rule"]) == "a subproduct rule"


def test_many_rules_do_not_look_alike() -> None:
    rules = cr.explain(LONG).rules
    assert len({coloured(rule, [rule]).split(rule)[0] for rule in rules}) >= 3


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_those_who_want_them(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], wanted: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert not shows_colours()  # no terminal
    monkeypatch.setattr(terminal, "is_terminal", lambda: True)
    assert shows_colours() == wanted


def test_a_pipe_gets_the_text_as_it_is(run: Run) -> None:
    assert run("explain", LONG).out == f"{cr.explain(LONG)}\n"
    answer = run("explain", "losses_here:point", "--at", "w=1,x=2,b=1,y=7", "--method", "graph", "--wrt", "w,b")
    assert "dL/dw: 1 path" in answer.out
    assert "  b -> y_hat -> e -> L:  2e (-1) = 8(-1)*1 = -8" in answer.out


def test_how_a_formula_was_read_is_printed_once(run: Run) -> None:
    for command in (["explain", "1/2x + 1/3x"], ["derivative", "1/2x + 1/3x"]):
        out = run(*command).out
        assert out.count("quotients and products without a sign are read from left to right") == 1
    assert (
        json.loads(run("derivative", "1/2x", "--json").out)["notes"]
        == json.loads(run("explain", "1/2x", "--json").out)["notes"]
    )
    assert "read" not in run("derivative", "x/2").out


def test_several_values_arrays_and_pages(run: Run) -> None:
    several = run("explain", "(x^2 y, 5x + sin y)", "--at", "x=1,y=2", "--wrt", "y,x")
    assert several.out.rstrip().endswith("J = [x^2      2x y]\n      [cos(y)   5   ]")
    assert "at x = 1, y = 2: df1/dx = 4" in several.out
    shapes = ("--shapes", "X: N d, y: N, w: d", "--wrt", "w")
    assert "dL/dw = -(2/N) X^T (y - X w)" in run("explain", "mean((y - X w)^2)", *shapes, "--method", "index").out
    assert run("explain", "x^2", "--format", "html").out == f"{cr.explain('x^2').to_html()}\n"
    assert "at has 'z'" in run("explain", "x y", "--wrt", "x", "--at", "z=1").err
    assert "give its arguments with --at" in run("explain", "losses_here:point").err


@pytest.mark.parametrize("colours", [True, False])
def test_a_terminal_gets_it_wrapped(run: Run, monkeypatch: pytest.MonkeyPatch, colours: bool) -> None:
    monkeypatch.setattr(explaining, "is_terminal", lambda: True)
    monkeypatch.setattr(explaining, "shows_colours", lambda: colours)
    monkeypatch.setattr(explaining, "width", lambda: 60)
    monkeypatch.setattr(click, "echo", print)
    assert ("\x1b[" in run("explain", LONG).out) == colours
    shown = click.unstyle(run("explain", LONG).out)
    assert max(map(len, shown.splitlines())) <= 60
    assert spaceless(shown) == spaceless(str(cr.explain(LONG)))
    assert run("explain", LONG, "--format", "latex").out == f"{cr.explain(LONG).to_latex()}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_in_a_real_terminal() -> None:
    import pty

    def shown(**environment: str) -> str:
        ours, theirs = pty.openpty()
        kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "COLUMNS")}
        command = [sys.executable, "-c", "from chainrule.cli import main; main()", "explain", "x^2 exp(x)"]
        with subprocess.Popen(command, stdout=theirs, env={**kept, "TERM": "xterm", **environment}) as process:
            os.close(theirs)
            found = b""
            try:
                while part := os.read(ours, 65536):
                    found += part
            except OSError:  # what Linux says where others say that nothing follows
                pass
        os.close(ours)
        assert process.returncode == 0
        return found.decode().replace("\r\n", "\n")

    plain = f"{cr.explain('x^2 exp(x)')}\n"
    assert "\x1b[" in shown(COLUMNS="120")
    assert click.unstyle(shown(COLUMNS="120")) == plain
    assert shown(COLUMNS="120", NO_COLOR="1") == plain


def test_the_command_can_be_run_as_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["chainrule", "derivative", "x^2", "--at", "3"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(Path(cr.__file__).with_name("__main__.py")), run_name="__main__")
    assert ended.value.code in (0, None)
    assert "2x" in capsys.readouterr().out
