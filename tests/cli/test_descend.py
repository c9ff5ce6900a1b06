"""chainrule descend: models and losses fitted to files, what is written of a run, and what it refuses."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages_of_html import Parsed
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LinearRegression

from chainrule.learn import batches
from chainrule.learn.data import csv_text
from chainrule.limits import LIMITS

Run = Callable[..., Any]
DIABETES = str(Path(__file__).resolve().parents[2] / "examples" / "diabetes.csv")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def diabetes() -> tuple[list[str], Any, Any]:
    with open(DIABETES, encoding="utf-8") as file:
        header = file.readline().strip().split(",")
        rows = np.loadtxt(file, delimiter=",")
    return header[:-1], rows[:, :-1], rows[:, -1]


def test_a_linear_model_reaches_least_squares_on_the_scale_of_the_file(run: Run) -> None:
    answer = run("descend", DIABETES, "--target", "y", "--json")
    assert (answer.status, answer.err) == (0, "")
    names, X, y = diabetes()
    exact = LinearRegression().fit(X, y)
    record = answer.record
    wanted = dict(zip(("intercept", *names), (exact.intercept_, *exact.coef_), strict=True))
    assert record["weights"] == pytest.approx(wanted, rel=1e-4)
    assert record["exact"] == pytest.approx(wanted, rel=1e-9)
    assert float(record["results"]["mean squared error"]) == pytest.approx(
        np.mean((y - exact.predict(X)) ** 2), rel=1e-5
    )
    assert (record["rows"], record["columns"], record["target"]) == (442, names, "y")


def test_it_prints_the_weights_beside_least_squares_and_the_verdict(run: Run) -> None:
    answer = run("descend", DIABETES, "--target", "y")
    assert (answer.status, answer.err) == (0, "")
    assert "diabetes.csv: 442 rows, 10 columns to predict y from" in answer.out
    assert "least squares" in answer.out
    assert "converged" in answer.out.lower()
    assert not any(line != line.rstrip() for line in answer.out.splitlines())
    assert max(map(len, answer.out.splitlines())) <= 120


def test_a_rate_that_is_given_means_plain_gradient_descent(run: Run) -> None:
    record = run("descend", DIABETES, "--target", "y", "--learning-rate", "0.1", "--steps", "200", "--json").record
    assert record["optimizer"] == "gd()"
    assert (record["steps"], record["learning_rate"]) == (200, 0.1)
    auto = run("descend", DIABETES, "--target", "y", "--optimizer", "gd", "--learning-rate", "auto", "--json").record
    assert auto["loss"]["after"] < auto["loss"]["before"]


def test_a_descent_that_diverges(run: Run) -> None:
    answer = run("descend", DIABETES, "--target", "y", "--learning-rate", "10", "--json")
    assert answer.status == 1
    assert answer.record["stopped"].startswith("diverged")
    text = run("descend", DIABETES, "--target", "y", "--learning-rate", "10")
    assert text.status == 1
    assert "diverge" in text.out


def file_of(data: Any, path: Path, labels: bool) -> str:
    names = [str(name).replace(" ", "_") for name in data.feature_names]
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*names, "kind"])
        for row, code in zip(data.data, data.target, strict=True):
            writer.writerow([*row, data.target_names[code] if labels else code])
    return str(path)


@pytest.mark.parametrize(("load", "labels"), [(load_breast_cancer, True), (load_wine, False)])
def test_logistic_regression_of_texts_and_of_numbers(run: Run, here: Path, load: Any, labels: bool) -> None:
    data = load()
    file = file_of(data, here / "data.csv", labels)
    record = run("descend", file, "--target", "kind", "--model", "logistic", "--json").record
    assert float(record["results"]["rows classified right"].rstrip("%")) > 95
    classes = data.target_names if labels else np.unique(data.target)
    assert record["results"]["classes"] == ", ".join(sorted(map(str, classes)))


def test_a_network_and_its_seed(run: Run) -> None:
    options = ("descend", DIABETES, "--target", "y", "--model", "mlp", "--steps", "3", "--json")
    first, again, other = (run(*options, "--seed", seed).record["loss"] for seed in ("0", "0", "1"))
    assert first == again
    assert first != other


def test_categories_have_a_weight_for_each_level_but_the_first(run: Run, here: Path) -> None:
    rng = np.random.default_rng(0)
    price = {"red": 1.0, "green": 3.0, "blue": -2.0}
    colours = rng.choice(list(price), 60)
    x = rng.normal(size=60)
    lines = [f"{c},{v},{5 + 2 * v + price[c]}" for c, v in zip(colours, x, strict=True)]
    file = write(here / "t.csv", "colour,x,y\n" + "\n".join(lines) + "\n")
    weights = run("descend", file, "--target", "y", "--json").record["weights"]
    wanted = {"intercept": 3.0, "colour=green": 5.0, "colour=red": 3.0, "x": 2.0}
    assert weights == pytest.approx(wanted, rel=1e-4)


# --- a loss of one's own ----------------------------------------------------------------------------------------------


def test_a_loss_of_columns_by_their_names(run: Run) -> None:
    options = ("--loss", "mean((y - a - b*bmi)^2)", "--optimizer", "lbfgs", "--json")
    record = run("descend", DIABETES, "--target", "y", *options).record
    names, X, y = diabetes()
    slope, level = np.polyfit(X[:, names.index("bmi")], y, 1)
    assert record["weights"] == pytest.approx({"a": level, "b": slope}, rel=1e-4)


def test_a_loss_of_the_matrix_of_columns_and_where_it_begins(run: Run, here: Path) -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(50, 2))
    rows = "\n".join(f"{a},{b},{1 + 2 * a - 3 * b}" for a, b in X)
    file = write(here / "t.csv", f"p,q,out\n{rows}\n")
    options = ("--loss", "mean((y - X w - b)^2)", "--start", '{"w": [1, 1], "b": 2}', "--json")
    record = run("descend", file, "--target", "out", *options).record
    assert record["weights"] == pytest.approx({"w[0] (p)": 2.0, "w[1] (q)": -3.0, "b": 1.0}, abs=1e-6)
    assert record["loss"]["before"] == pytest.approx(np.mean((1 + X @ [2, -3] - X @ [1, 1] - 2) ** 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--loss", "mean((y - X w)^2"), "expected"),
        (("--loss", "mean(y^2)"), "no parameter"),
        (("--loss", "(a - 1)^2"), "names neither X nor y nor a column"),
        (("--loss", "mean((y - a)^2)", "--start", "b=1"), "b, which does not occur"),
        (("--loss", "mean((y - a)^2)", "--start", "y=1"), "y, which is a column"),
        (("--loss", "mean((y - a)^2)", "--start", "3"), "must name the parameters"),
        (("--loss", "(y - a)^2"), "returned an array of shape (442,)"),
        (("--loss", "mean((y - a)^2)", "--model", "linear"), "exclude each other"),
        (("--loss", "mean((y - a)^2)", "--penalty", "1"), "--penalty has no meaning here"),
        (("--model", "linear", "--start", "a=1"), "--start has no meaning here"),
        (("--model", "linear", "--batch-size", "5"), "--batch-size is for"),
        (("--model", "forest"), "forest"),
        (("--optimizer", "adamm"), "adamm"),
        (("--learning-rate", "0"), "learning_rate is 0"),
        (("--learning-rate", "-1"), "learning_rate is -1"),
        (("--learning-rate", "nan"), "learning_rate is nan"),
        (("--learning-rate", "fast"), "fast"),
        (("--steps", "-1"), "-1"),
        (("--steps", "2.5"), "2.5"),
        (("--penalty", "-1"), "-1"),
        (("--report", "."), "is a directory"),
        (("--report", "nowhere/report.html"), "there is no folder"),
        (("--report", DIABETES), "holds the data"),
        (("--save", DIABETES), "is a file, expected a folder"),
    ],
)
def test_what_cannot_be_asked_for(run: Run, here: Path, options: tuple[str, ...], said: str) -> None:
    answer = run("descend", DIABETES, "--target", "y", *options)
    assert answer.status == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert [path.name for path in here.iterdir()] == ["losses_here.py"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("a,y\n", "header only"),
        ("a,y\n1,2\n3,x\n4,5\n", "row 3, column 'y': 'x' is not a number"),
        ("a,y\n1,2\n,4\n", "row 3, column 'a': the value is missing"),
        ("a,y\n1,nan\n", "row 2, column 'y': the value is missing"),
        ("a,y\n1,inf\n2,3\n", "row 2, column 'y'"),
        ("a,b\n1,2\n", "there is no column 'y'"),
        ("a,a,y\n1,2,3\n", "is that of column 1 too"),
        ("a,y\n1,2,3\n", "row 2: has 3 cells, expected 2"),
        ('a,y\n"1,2\n', "never closed"),
        ("a,y\n1,2\n".encode("utf-16"), "UTF-16"),
        ("a,y\n\xe9,2\n".encode("latin-1"), "is not UTF-8"),
        (b"a,y\n1,\0\n", "line 2, character 3: is a NUL"),
        (",".join(["c"] * 1_000_000), "the limit data_columns = 10,000 was hit"),
        ("day,y\n2024-01-31,1\n", "column 'day': holds dates or times"),
        ("a,y\n1,yes\n2,no\n", "a linear model predicts numbers"),
        ("PAR1....", "is no whole Parquet file"),
    ],
)
def test_data_that_cannot_be_used(run: Run, here: Path, content: str | bytes, said: str) -> None:
    answer = run("descend", write(here / "t.csv", content), "--target", "y", "--save", "run", "--report", "report.html")
    assert answer.status == 2
    assert said in answer.err
    assert "Traceback" not in answer.err
    assert answer.out == ""
    assert {path.name for path in here.iterdir()} == {"losses_here.py", "t.csv"}


@pytest.mark.parametrize("content", ["a,y\n1e308,1\n-1e308,2\n", "a,y\n1,1e200\n2,3\n", "a,y\n1e-300,1\n2e-300,3\n"])
def test_numbers_whose_squares_overflow_are_fitted(run: Run, here: Path, content: str) -> None:
    answer = run("descend", write(here / "t.csv", content), "--target", "y", "--report", "report.html", "--json")
    assert (answer.status, answer.err) == (0, "")
    record = answer.record
    rows = np.loadtxt(content.splitlines()[1:], delimiter=",")
    fitted = record["weights"]["intercept"] + record["weights"]["a"] * rows[:, 0]
    np.testing.assert_allclose(fitted, rows[:, 1], rtol=1e-6, atol=1e-6 * np.abs(rows[:, 1]).max())
    assert record["weights"] == pytest.approx(record["exact"], rel=1e-6)
    assert "nan" not in (here / "report.html").read_text(encoding="utf-8")


def test_a_linear_model_of_texts(run: Run, here: Path) -> None:
    file = write(here / "t.csv", "a,y\n1,yes\n2,no\n3,yes\n4,no\n")
    answer = run("descend", file, "--target", "y")
    assert answer.status == 2
    assert "--model logistic" in answer.err


def test_one_row_constant_and_duplicate_columns(run: Run, here: Path) -> None:
    one = run("descend", write(here / "t.csv", "a,y\n1,5\n"), "--target", "y", "--json").record
    assert one["weights"]["intercept"] + one["weights"]["a"] == pytest.approx(5.0)
    table = "a,b,c,y\n" + "".join(f"{i},7.1,{2 * i},{3 * i + 2}\n" for i in range(20))
    record = run("descend", write(here / "t.csv", table), "--target", "y", "--json").record
    assert record["weights"]["b"] == 0.0
    # a and c share the slope of 3 between them, whatever each has.
    assert record["weights"]["a"] + 2 * record["weights"]["c"] == pytest.approx(3.0, rel=1e-6)
    assert "not unique" in record["remark"]


def test_a_column_name_cannot_write_to_the_terminal(run: Run, here: Path) -> None:
    table = write(here / "t.csv", "\x1b[31mred,[bold]b[/bold],y\n1,2,3\n2,5,5\n4,4,9\n")
    answer = run("descend", table, "--target", "y")
    assert answer.status == 0
    assert "\x1b" not in answer.out
    assert "\\x1b[31mred" in answer.out
    assert "[bold]b[/bold]" in answer.out


# --- what is written --------------------------------------------------------------------------------------------------


def test_the_run_and_the_report_are_written(run: Run, here: Path) -> None:
    options = ("--learning-rate", "0.1", "--steps", "50", "--save", "run", "--report", "report.html", "--json")
    answer = run("descend", DIABETES, "--target", "y", *options)
    assert answer.status == 0
    record = answer.record
    files = {"run/run.json", "run/history.csv", "run/gradient.py", "report.html"}
    assert {file.replace(os.sep, "/") for file in record["files"]} == files
    saved = json.loads((here / "run" / "run.json").read_text(encoding="utf-8"))
    assert saved["weights"] == record["weights"]
    history = np.genfromtxt(here / "run" / "history.csv", delimiter=",", names=True)
    assert history.shape == (50,)
    assert history["loss"][0] == record["loss"]["before"]
    assert "chainrule" not in (here / "run" / "gradient.py").read_text(encoding="utf-8")
    page = Parsed((here / "report.html").read_text(encoding="utf-8"))
    assert list(page.sections) == ["data", "derivation", "check", "loss", "verdict", "weights", "code"]
    assert record["verdict"] in page.sections["verdict"]


def test_the_report_of_a_loss_of_ones_own(run: Run, here: Path) -> None:
    options = ("--loss", "mean(log(cosh(y/100 - a - b*bmi/10)))", "--steps", "30", "--report", "report.html")
    answer = run("descend", DIABETES, "--target", "y", *options)
    assert (answer.status, answer.err) == (0, "")
    page = Parsed((here / "report.html").read_text(encoding="utf-8"))
    assert "passed" in page.sections["check"]
    assert "tanh" in page.sections["derivation"]


def test_columns_categories_and_missing_values_can_be_chosen(run: Run, here: Path) -> None:
    path = write(here / "rent.csv", "area,zone,note,rent\n50,1,a,600\n80,2,b,900\n,1,a,700\n40,3,b,500\n65,2,a,780\n")
    answer = run("descend", path, "--target", "rent", "--json")
    assert answer.status == 2
    assert "row 4, column 'area'" in answer.err
    answer = run("descend", path, "--target", "rent", "--json", "--missing", "drop", "--columns", "area, zone",
                 "--categorical", "zone")  # fmt: skip
    assert (answer.status, answer.err) == (0, "")
    assert (answer.record["rows"], answer.record["columns"]) == (4, ["area", "zone=2", "zone=3"])
    answer = run("descend", path, "--target", "rent", "--missing", "drop", "--columns", "aera")
    assert answer.status == 2
    assert "did you mean 'area'?" in answer.err


def test_the_methods_that_are_offered_are_methods(run: Run) -> None:
    answer = run("descend", DIABETES, "--target", "y", "--optimizer", "Rule")
    assert answer.status == 2
    assert "'Rule' is not one of 'gd', 'momentum'" in answer.err
    assert "Solver" not in answer.err


def test_a_report_is_a_page(run: Run, here: Path) -> None:
    answer = run("descend", DIABETES, "--target", "y", "--report", "report.pdf")
    assert answer.status == 2
    assert "ends in .html" in answer.err
    assert not (here / "report.pdf").exists()


def test_a_number_of_steps_is_called_as_the_option_is(run: Run) -> None:
    answer = run("descend", DIABETES, "--target", "y", "--steps", "0")
    assert (answer.status, answer.err) == (2, "chainrule: --steps is 0, expected a whole number, 1 or more\n")


def test_a_run_without_results_prints_no_empty_table(run: Run) -> None:
    answer = run("descend", DIABETES, "--target", "y", "--learning-rate", "1e3")
    assert answer.status == 1
    assert "Diverging" in answer.out
    assert "result" not in answer.out


class TestRowsInBlocks:
    """A loss over more rows than a table may have."""

    @pytest.fixture
    def pattern(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        monkeypatch.setattr(csv_text, "LIMITS", dataclasses.replace(LIMITS, data_cells=1000))
        monkeypatch.setattr(batches, "MEMORY", 0)
        header, *rows = Path(DIABETES).read_text("utf-8").splitlines()
        for i in range(2):
            write(here / f"part-{i}.csv", "\n".join([header, *rows[221 * i : 221 * (i + 1)]]) + "\n")
        return "part-*.csv"

    LOSS = ("--target", "y", "--columns", "bmi,bp", "--loss", "sqrt(mean((y - X w - b)^2))", "--optimizer", "lbfgs")

    def test_a_loss_of_one_s_own(self, run: Run, pattern: str, here: Path) -> None:
        answer = run("descend", pattern, *self.LOSS, "--json", "--report", "report.html")
        assert (answer.status, answer.err) == (0, "")
        whole = run("descend", DIABETES, *self.LOSS, "--json").record
        assert answer.record["rows"] == 442
        assert answer.record["weights"] == pytest.approx(whole["weights"], rel=1e-6)
        assert answer.record["remark"] == "What is shown of the data is their first 442 rows."
        assert "442 rows" in (here / "report.html").read_text("utf-8")

    def test_it_names_no_column(self, run: Run, pattern: str) -> None:
        answer = run("descend", pattern, "--target", "y", "--loss", "mean((y - a bmi)^2)")
        assert answer.status == 2
        assert "--loss names bmi: of data that is read in blocks or by a cluster it names X and y only" in answer.err

    def test_a_cluster_is_for_a_loss(self, run: Run) -> None:
        answer = run("descend", DIABETES, "--target", "y", "--cluster", "tcp://127.0.0.1:1")
        assert answer.status == 2
        assert "--cluster has no meaning here" in answer.err
        answer = run("descend", DIABETES, *self.LOSS, "--cluster", "nonsense://x")
        assert answer.status == 2
        assert "no scheduler answers at 'nonsense://x'" in answer.err
