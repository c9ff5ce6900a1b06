"""The examples do what they are for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pages_of_html import Parsed

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the main job prints, started from another directory."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "first_run.py")],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="ascii",
        # Plain text, whatever the terminal can show.
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_it_finds_the_mistake_and_passes_the_right_gradient(first_run: str) -> None:
    assert "FAILED: 11 of 11 components are wrong" in first_run
    assert "off by the constant factor 442" in first_run
    assert "442 is the number of patients" in first_run
    assert "passed: 11 components agree" in first_run


def test_it_ends_with_a_report_and_says_where_it_lies(first_run: str) -> None:
    path = Path(first_run.rstrip().splitlines()[-1].strip())
    sections = Parsed(path.read_text(encoding="utf-8")).sections
    assert list(sections) == ["data", "derivation", "check", "loss", "verdict", "weights", "code"]
    assert "442 rows" in sections["data"]


def test_it_prints_the_weights_and_the_loss_before_and_after(first_run: str) -> None:
    # The optimum from the normal equations of the file itself, read without chainrule.
    table = np.genfromtxt(EXAMPLES / "diabetes.csv", delimiter=",", names=True)
    assert table.dtype.names is not None
    names, y = table.dtype.names[:-1], table["y"]
    Z = np.column_stack([np.ones(len(y)), *((table[n] - table[n].mean()) / table[n].std() for n in names)])
    best = np.linalg.solve(Z.T @ Z, Z.T @ y)
    for name, weight in zip(("intercept", *names), best, strict=True):
        assert re.search(rf"^   {name} +-?[0-9.]+ +{weight:.4f}$", first_run, re.MULTILINE)
    assert re.search(rf"^   loss before +{np.mean(y**2):.4f}$", first_run, re.MULTILINE)
    after = re.search(rf"^   loss after +([0-9.]+) +{np.mean((y - Z @ best) ** 2):.4f}$", first_run, re.MULTILINE)
    assert after is not None
    w = np.zeros(11)
    for _ in range(500):
        w = w + 0.1 * 2 / len(y) * Z.T @ (y - Z @ w)
    assert float(after[1]) == pytest.approx(np.mean((y - Z @ w) ** 2), abs=1e-4)


def test_it_fits_on_a_screen(first_run: str) -> None:
    lines = first_run.splitlines()
    assert len(lines) <= 65
    assert max(map(len, lines)) <= 105
    assert not any(line != line.rstrip() for line in lines)


def run(name: str) -> str:
    """What an example prints; it may neither fail nor warn."""
    command = [sys.executable, "-W", "error", str(EXAMPLES / name)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


def test_bratu_is_solved_with_1e5_unknowns() -> None:
    printed = run("bratu.py")
    assert "100,000 x 100,000: 299,998 entries from 3 products" in printed
    assert "99,856 x 99,856: 498,016 entries from 5 products" in printed
    # The middle of the solution in closed form: 2 log cosh(a / 4), a the smaller root of a = sqrt(6) cosh(a / 4).
    a = 1.0
    for _ in range(200):
        a = np.sqrt(6) * np.cosh(a / 4)
    middle = re.search(r"u in the middle ([0-9.]+), largest distance from the solution ([0-9.e-]+)", printed)
    assert middle is not None
    assert float(middle[1]) == pytest.approx(2 * np.log(np.cosh(a / 4)), abs=1e-6)
    assert float(middle[2]) < 1e-8
    slopes = re.search(r"du/dc ([0-9.]+), of the closed form ([0-9.]+)", printed)
    assert slopes is not None
    assert float(slopes[1]) == pytest.approx(float(slopes[2]), abs=2e-6)


def test_regularisation_is_tuned_through_the_optimum() -> None:
    printed = run("regularisation.py")
    assert printed.count("gradient check passed") == 2
    rows = re.findall(r"error ([0-9.]+)", printed)
    one, grid, without, each = map(float, rows)
    assert one <= grid + 1e-6 < without
    assert each < one
    strengths = [float(r) for r in re.findall(r"r = +(-?[0-9.]+)", printed)]
    assert strengths[0] == pytest.approx(strengths[1], abs=0.05)  # the grid's distance


def test_the_pendulum_is_fitted_both_ways() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "pendulum.py")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="ascii",
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    rows = [line.split() for line in done.stdout.splitlines()[1:5]]
    assert [row[0] for row in rows] == ["length", "damping", "angle", "speed"]
    for true, solver, steps, error in (map(float, row[1:]) for row in rows):
        assert solver == pytest.approx(steps, abs=2e-4)
        assert abs(solver - true) < 3 * error
    slopes = re.findall(r"-?[0-9]+\.[0-9]{8}", done.stdout)
    assert len(slopes) == 2
    assert float(slopes[0]) == pytest.approx(float(slopes[1]), rel=1e-5)


def told_of_pictures(script: str, folder: Path) -> dict[str, str]:
    """Run an example that draws into a folder; what it says of each picture."""
    pytest.importorskip("matplotlib")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / script), str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        timeout=240,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return dict(line.split(": ", 1) for line in done.stdout.splitlines())


@pytest.mark.slow
def test_every_picture_of_learning_is_drawn_and_told(tmp_path: Path) -> None:
    told = told_of_pictures("learning.py", tmp_path)
    files = {file.name for file in tmp_path.iterdir()}
    assert files == {f"{name}.{page}.svg" for name in told for page in ("light", "dark")} | {
        "descent.light.gif",
        "descent.dark.gif",
    }
    assert max(file.stat().st_size for file in tmp_path.glob("*.gif")) < 1_500_000
    assert "336.6350 at the start, 4.0808 before the last step and 4.0799 at the parameters" in told["loss_curve"]
    assert "The learned line is y = 0.6962 + 3.1745 x. The true line is y = 2.0000 + 3.0000 x." in told["fit"]
    for figure in ("262.7190 before the last step", "4.0808 before", "3.3428 before", "of which 0.01 came lowest"):
        assert figure in told["learning_rates"]
    assert "The critical rate is 0.03165." in told["sweep"]
    assert "Minimum at (2.43, 2.908) with a loss of 3.2263." in told["descent"]


def test_every_picture_is_drawn_and_told(tmp_path: Path) -> None:
    told = told_of_pictures("pictures.py", tmp_path / "new" / "folder")
    files = {file.name for file in (tmp_path / "new" / "folder").iterdir()}
    assert files == {f"{name}.{page}.svg" for name in told for page in ("light", "dark")}
    assert "The slope is 60 for h = −0.5" in told["average_speed"]
    assert "The slope is 4 for h = 2, 3 for h = 1" in told["secants"]
    assert "slope is −1.32: downhill. At x = 1 the slope is 0: a peak." in told["tangents_of_a_cubic"]
    assert "slope is −4: downhill. At x = 0 the slope is 0: a valley." in told["tangents_of_a_parabola"]
    assert "f(0) = 0.5. The greatest slope is 0.25, at x = 0." in told["sigmoid"]
    assert "The minimum is 0, at (0, 0). Every arrow points to it." in told["gradient_field"]
    assert "degrees off the direction to it" in told["gradient_field_of_a_valley"]
