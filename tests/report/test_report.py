"""Reports of models: every section says what it should, whatever the data are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pages_of_html import Parsed
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LinearRegression

import chainrule as cr
from chainrule.report.of_model import least_squares

SECTIONS = ["data", "derivation", "check", "loss", "verdict", "weights", "code"]


def diabetes() -> tuple[Any, Any]:
    data = load_diabetes(scaled=False)
    return data.data, data.target


def test_a_linear_model() -> None:
    X, y = diabetes()
    names = [f"column {i}" for i in range(10)]
    model = cr.models.LinearRegression().fit(X, y)
    about = cr.report.training(model, X, y, names=names, target="progress", data="diabetes.csv")
    page = Parsed(cr.report.html(about))
    assert list(page.sections) == SECTIONS
    assert "442 rows, 10 columns to predict progress from" in page.sections["data"]
    assert "column 4 and column 5 say nearly the same (correlation 0.897)" in page.sections["data"]
    assert "matrix product rule" in page.sections["derivation"]
    assert "passed" in page.sections["check"]
    assert about.verdict in page.sections["verdict"]
    exact = LinearRegression().fit(X, y)
    assert f"{exact.coef_[3]:.5g}" in page.sections["weights"]
    assert "import numpy as np" in page.sections["code"]


def test_the_verdict_names_the_columns() -> None:
    X, y = diabetes()
    model = cr.models.LinearRegression(optimizer="gd", learning_rate=0.1, max_iter=100)
    with pytest.warns(UserWarning, match="has made 100 steps"):
        model.fit(X, y)
    assert "w[4]" in str(model.descent_.verdict)
    said = cr.report.training(model, X, y, names=[*"abcd", "left", *"fghij"]).verdict
    assert "w[" not in said
    assert "left" in said


def test_the_exact_weights_are_those_of_scikit_learn() -> None:
    X, y = diabetes()
    for intercept in (True, False):
        exact = LinearRegression(fit_intercept=intercept).fit(X, y)
        found, unique = least_squares(X, y, intercept)
        assert unique
        np.testing.assert_allclose(found, [exact.intercept_, *exact.coef_], rtol=1e-9)


def test_weights_that_are_not_unique_are_said_to_be() -> None:
    X, y = diabetes()
    X = np.column_stack([X[:, :3], 2 * X[:, 0]])
    about = cr.report.training(cr.models.LinearRegression().fit(X, y), X, y)
    assert "not unique" in about.remark
    assert about.weights[1].value == pytest.approx(2 * about.weights[4].value, rel=1e-4)
    assert "not unique" in Parsed(cr.report.html(about)).sections["weights"]


def test_two_classes_and_more() -> None:
    for load, classes in ((load_breast_cancer, 2), (load_wine, 3)):
        data = load()
        labels = np.array(data.target_names)[data.target]
        model = cr.models.LogisticRegression().fit(data.data, labels)
        about = cr.report.training(model, data.data, labels, names=list(data.feature_names))
        assert len(about.weights) == (data.data.shape[1] + 1) * (1 if classes == 2 else classes)
        assert all(weight.exact is None for weight in about.weights)
        page = Parsed(cr.report.html(about))
        assert "cross-entropy" in page.sections["derivation"]
        assert all(name in page.sections["data"] for name in data.target_names)
        assert "rows classified right" in page.sections["weights"]
        assert "passed" in page.sections["check"]


def test_a_network() -> None:
    X, y = diabetes()
    model = cr.models.MLPRegressor((5,), max_iter=300, n_iter_no_change=5, random_state=0).fit(X, y)
    about = cr.report.training(model, X, y)
    page = Parsed(cr.report.html(about))
    assert list(page.sections) == SECTIONS
    assert "passed" in page.sections["check"]
    assert "share of the variance explained" in page.sections["weights"]


def test_a_descent_that_diverged_has_its_verdict_and_its_losses() -> None:
    X, y = diabetes()
    model = cr.models.LinearRegression(optimizer="gd", learning_rate=10.0)
    with pytest.raises(cr.ConvergenceError):
        model.fit(X, y)
    about = cr.report.training(model, X, y)
    page = Parsed(cr.report.html(about))
    assert list(page.sections) == SECTIONS
    assert "Diverging: the loss rose from" in page.sections["verdict"]
    assert f"on a logarithmic scale. It rises in {about.run.steps - 1:,} of" in page.sections["loss"]
    for section in ("derivation", "check", "code"):
        assert about.run.stopped in page.sections[section]
    with pytest.raises(cr.ConvergenceError, match="the descent diverged: the loss is not finite"):
        about.check()


def test_names_from_a_file_are_text() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    hostile = ["<img src=x onerror=alert(1)>", "</section><script>"]
    about = cr.report.training(
        cr.models.LinearRegression().fit(X, X @ [1.0, 2.0]),
        X,
        X @ [1.0, 2.0],
        names=hostile,
        data="<b>",
        target="&amp;",
    )
    page = Parsed(cr.report.html(about))
    assert "script" not in page.tags
    assert all(name in page.sections["weights"] for name in hostile)
    assert "&amp;" in page.sections["data"]


def test_many_columns_are_cut_short_and_counted() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 250))
    about = cr.report.training(cr.models.LinearRegression(alpha=1.0).fit(X, X[:, 0]), X, X[:, 0])
    page = Parsed(cr.report.html(about))
    assert "and 190 more columns" in page.sections["data"]
    assert "and 51 more weights" in page.sections["weights"]
    assert "more components" in page.sections["check"]


def test_large_numbers_and_constant_columns_are_summed_up() -> None:
    X = np.column_stack([1e308 * np.linspace(-1, 1, 9), np.full(9, 7.0), np.arange(9.0)])
    from chainrule.report.data_summary import data_summary

    y = np.arange(9.0)
    about = cr.report.training(cr.models.LinearRegression().fit(X[:, 2:], y), X[:, 2:], y)
    from dataclasses import replace

    text = Parsed(data_summary(replace(about, X=X, names=["a", "b", "c"])).body).text
    assert "1e+308" in text
    assert "Constant, and so without a weight of their own: b." in text
    assert "a and c say nearly the same (correlation 1.000)" in text
    assert "inf" not in text
    assert "nan" not in text


def test_shapes_and_names_that_do_not_fit() -> None:
    X, y = diabetes()
    model = cr.models.LinearRegression().fit(X, y)
    with pytest.raises(cr.ArgumentError, match=r"expected \(N, d\) and \(N,\)"):
        cr.report.training(model, X, y[:5])
    with pytest.raises(cr.ArgumentError, match="2 names are given for 10 columns"):
        cr.report.training(model, X, y, names=["a", "b"])


def test_a_report_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = diabetes()
    about = cr.report.training(cr.models.LinearRegression().fit(X, y), X, y)
    file = tmp_path / "report.html"
    cr.report.write(about, file)
    first = file.read_text(encoding="utf-8")
    assert first == cr.report.html(about)

    def full(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(cr.DataError, match="cannot be written: No space left"):
        cr.report.write(about, file)
    assert file.read_text(encoding="utf-8") == first
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_section_that_has_nothing_to_show_says_why() -> None:
    from dataclasses import replace

    X, y = diabetes()

    def refuse() -> Any:
        raise cr.DerivationError("the reason")

    about = replace(
        cr.report.training(cr.models.LinearRegression().fit(X, y), X, y), explain=refuse, check=refuse, source=refuse
    )
    page = Parsed(cr.report.html(about))
    assert all("the reason" in page.sections[name] for name in ("derivation", "check", "code"))


def test_what_is_no_training_is_told_how_to_become_one(tmp_path: Path) -> None:
    X, y = diabetes()
    for given in (cr.models.LinearRegression().fit(X, y), cr.descend("x^2", 1.0, 0.1, 3)):
        with pytest.raises(cr.ArgumentError, match=r"report\.training\(model, X, y\)"):
            cr.report.write(given, tmp_path / "report.html")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_the_checked_gradient_is_said_to_be_that_of_a_few_rows() -> None:
    X, y = diabetes()
    page = cr.report.html(cr.report.training(cr.models.LinearRegression().fit(X, y), X, y))
    assert "It is the gradient of the loss over the first 6 rows, by the weights of standardised columns" in page


def test_the_derivation_has_no_values_of_a_few_rows() -> None:
    X, y = diabetes()
    model = cr.models.LinearRegression().fit(X, y)
    page = cr.report.html(cr.report.training(model, X, y))
    section = page.split('<section id="derivation"')[1].split("</section>")[0]
    assert "<mfrac>" in section
    # A list of components between brackets would be the gradient over the rows that stand for the data.
    assert "[" not in section
