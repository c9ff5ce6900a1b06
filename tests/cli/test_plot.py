"""chainrule plot: a file with the picture, its text on the screen, and a message for each mistake."""

from __future__ import annotations

import importlib
import json
import sys

import pytest
from PIL import Image

from chainrule.cli import main
from chainrule.cli.pictures import PICTURES

CALLS = {
    "tangent": ["x^2", "--at", "-2,0,2"],
    "secants": ["x^2", "--at", "1", "--steps", "1,0.5"],
    "derivative": ["1/(1+e^-x)", "--second"],
    "gradient-field": ["x^2+y^2", "--from", "-1,-2", "--to", "1,2"],
    "surface": ["x^2+y^2", "--from", "-1", "--to", "1"],
    "graph": ["(y - (w*x + b))^2", "--at", "w=1,x=2,b=1,y=7"],
    "step-size": ["exp(x)", "--at", "1"],
    "descent": ["x^2+10y^2", "--start", "x=2,y=1", "--learning-rate", "0.05", "--steps", "20"],
    "loss-curve": ["x^2", "--start", "3", "--learning-rate", "0.1", "--scale", "log"],
    "race": ["x^2+10y^2", "--start", "x=2,y=1", "--learning-rate", "0.05", "--optimizers", "gd, adam"],
    "learning-rates": ["x^2+10y^2", "--start", '{"x": 2, "y": 1}', "--rates", "0.01,0.05,0.2", "--steps", "20"],
    "sweep": ["x^2", "--start", "3", "--steps", "5"],
    "animate": ["x^2+y^2", "--start", "x=2,y=1", "--steps", "3"],
}


@pytest.fixture
def plot(tmp_path, monkeypatch, capsys):
    """Run `chainrule plot` in an empty folder: the status, what it printed, what it complained."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main(["plot", *arguments])
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return run


@pytest.mark.parametrize("name", CALLS)
def test_each_picture_is_written_and_told(name, plot, tmp_path):
    file = tmp_path / ("out.gif" if name == "animate" else "out.svg")
    status, out, err = plot(name, *CALLS[name], "-o", file.name)
    assert (status, err) == (0, "")
    told = " ".join(out.split())
    assert told.split()[0] in file.read_text("latin-1")
    assert told.endswith(".")


@pytest.mark.parametrize("name", PICTURES)
def test_each_has_a_help_that_fits_its_line(name, plot):
    assert plot(name, "--help")[0] == 0
    _, out, _ = plot("--help")
    (line,) = (line for line in out.splitlines() if line.split()[:1] == [name])
    assert line.endswith(".")
    assert "..." not in line


@pytest.mark.parametrize("name", PICTURES)
def test_the_registry_names_commands(name):
    file = importlib.import_module(f"chainrule.cli.pictures.{PICTURES[name]}")
    assert getattr(file, name.replace("-", "_")).name == name


def test_the_picture_of_the_seed(plot, tmp_path):
    status, out, _ = plot("tangent", "-x^3+3x", "--at", "-1.2,1,2", "--dark", "-o", "out.png", "--json")
    record = json.loads(out)
    assert status == 0
    assert (record["picture"], record["file"]) == ("tangent", "out.png")
    assert "At x = −1.2 the slope is −1.32: downhill." in record["alt"]
    with Image.open(tmp_path / "out.png") as image:
        assert image.info["Description"] == record["alt"]
        assert image.convert("RGB").getpixel((0, 0)) == (0x14, 0x17, 0x1C)


def test_a_function_of_a_file(plot, tmp_path):
    (tmp_path / "mine.py").write_text("import numpy as np\nprint('loaded')\n\ndef f(x):\n    return np.sin(x)\n")
    status, out, err = plot("tangent", "mine.py:f", "--at", "0", "-o", "out.pdf")
    assert status == 0
    assert "The graph of f(x) with its tangent. At x = 0 the slope is 1: uphill." in " ".join(out.split())
    assert err == "loaded\n"


def test_a_function_that_raises_is_quoted(plot, tmp_path):
    (tmp_path / "mine.py").write_text("def f(x):\n    raise ValueError('not today')\n")
    status, _, err = plot("tangent", "mine.py:f", "--at", "0", "-o", "out.pdf")
    assert status == 2
    assert "it raised ValueError: not today" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tangent", "x^2", "--at", "a", "-o", "o.svg"], "--at: 'a' is not a number"),
        (["tangent", "x^2", "--at", "1,,2", "-o", "o.svg"], "--at: '' is not a number"),
        (["tangent", "x^2", "--at", "nan", "-o", "o.svg"], "expected finite numbers"),
        (["tangent", "x^2", "--at", "1", "-o", "o.gif"], "written as .png, .svg, .pdf"),
        (["tangent", "x^2", "--at", "1", "-o", "none/o.png"], "cannot be written"),
        (["tangent", "x^2", "--at", "1"], "Missing option '-o'"),
        (["tangent", "x^2", "-o", "o.svg"], "Missing option '--at'"),
        (["tangent", "x +", "--at", "1", "-o", "o.svg"], "the formula ends after an operator"),
        (["tangent", "x y", "--at", "1", "-o", "o.svg"], "has the variables x, y"),
        (["tangent", "absent:f", "--at", "1", "-o", "o.svg"], "there is no module 'absent'"),
        (["tangent", "ln(x)", "--at", "-1", "-o", "o.svg"], "has no real value at x = -1"),
        (["secants", "x^2", "--at", "1,2", "-o", "o.svg"], "expected one number"),
        (["derivative", "x^2", "--from", "1", "-o", "o.svg"], "--from is given alone"),
        (["derivative", "x^2", "--to", "1", "-o", "o.svg"], "--to is given alone"),
        (
            ["derivative", "x^2", "--from", "1,2", "--to", "3", "-o", "o.svg"],
            "--from has 2 numbers",
        ),
        (
            ["surface", "x y", "--from", "1,2,3", "--to", "3", "-o", "o.svg"],
            "--from has 3 numbers",
        ),
        (["step-size", "x^2", "--at", "1,2", "-o", "o.svg"], "--at has 2 numbers, expected one"),
        (["surface", "x y", "--from", "1,2,3", "--to", "3", "-o", "o.svg"], "one number, or 2 with a comma"),
        (["nosuch", "x^2", "-o", "o.svg"], "No such command 'nosuch'"),
    ],
)
def test_each_mistake_has_its_message_and_no_file(arguments, said, plot, tmp_path):
    status, out, err = plot(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_without_matplotlib_the_message_is_how_to_install_it(plot, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    status, _, err = plot("tangent", "x^2", "--at", "1", "-o", "o.svg")
    assert status == 2
    assert 'pip install "chainrule[plot]"' in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["descent", "x^2", "--start", "a"], "--start: 'a' is not a number"),
        (["descent", "x^2+y^2", "--start", "x=1,y"], "--start: 'y' is not of the form name=number"),
        (["descent", "x^2", "--start", "1", "--learning-rate", "fast"], "--learning-rate: 'fast' is not a number"),
        (["descent", "x^2", "--start", "1", "--learning-rate", "1,2"], "--learning-rate has 2 numbers, expected one"),
        (["descent", "x^2", "--start", "1", "--learning-rate", "-1"], "learning_rate"),
        (["descent", "x^2", "--start", "1", "--optimizer", "best"], "best"),
        (["race", "x^2", "--start", "1", "--optimizers", "gd,,adam"], "optimizer"),
        (["learning-rates", "x^2", "--start", "1", "--rates", "0"], "rates[0] is 0"),
        (["loss-curve", "x^2 - 1", "--start", "0.5", "--scale", "log"], "a logarithmic scale has no place for it"),
    ],
)
def test_a_descent_that_cannot_be_drawn(plot, tmp_path, arguments, message):
    status, out, err = plot(*arguments, "-o", "out.svg")
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_an_animation_is_a_gif(plot, tmp_path):
    status, _, err = plot("animate", "x^2", "--start", "1", "-o", "out.png")
    assert status == 2
    assert "does not end in .gif" in err
    assert not list(tmp_path.iterdir())
