"""Source to take away: run without chainrule, it gives what chainrule gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from emitted import only_imports

from chainrule.calculus import source as module
from chainrule.calculus.gradients import grad, value_and_grad
from chainrule.calculus.source import source
from chainrule.emit.layout import Program
from chainrule.errors import ArgumentError, GraphError, NotScalarError, SourceError

X = np.random.default_rng(0).normal(size=(40, 2))
Y = X @ np.array([2.0, -1.0]) + 0.5


def load(text: str) -> Any:
    only_imports(text, "math" if "import math" in text else "np")
    namespace: dict[str, Any] = {}
    exec(text, namespace)
    names = [line[4:].partition("(")[0] for line in text.splitlines() if line.startswith("def ")]
    return namespace[names[-1]]


def loss(w, b):
    y_hat = X @ w + b
    e = Y - y_hat
    L = np.mean(e**2)
    return L


def s21(w, x, b, y):
    y_hat = w * x + b
    e = y - y_hat
    L = e**2
    return L


def test_the_gradient_of_a_loss_reads_like_code_to_commit() -> None:
    text = source(loss, np.ones(2), 0.0, what="both", argnums=("w", "b"))
    assert text == (
        "import numpy as np\n\n\n"
        "def value_and_grad_loss(w, b, *, X, Y):\n"
        '    """The value of loss and its gradient with respect to w, b.\n\n'
        "    Args:\n"
        "        w: float64 array of shape (2,)\n"
        "        b: float64 number\n"
        "        X: float64 array of shape (40, 2), a constant of loss\n"
        "        Y: float64 array of shape (40,), a constant of loss\n\n"
        "    Returns:\n"
        "        the value: float64 number\n"
        "        the derivative by w: float64 array of shape (2,)\n"
        "        the derivative by b: float64 number\n"
        '    """\n'
        "    y_hat = X @ w + b\n"
        "    e = Y - y_hat\n"
        "    L = np.mean(e**2)\n"
        "\n"
        "    grad_y_hat = -2 / Y.size * e\n"
        "    grad_w = X.T @ grad_y_hat\n"
        "    grad_b = np.sum(grad_y_hat)\n"
        "    return L, grad_w, grad_b\n"
    )
    w, b = np.array([0.3, -2.0]), 1.5
    value, by_w, by_b = load(text)(w, b, X=X, Y=Y)
    want, (want_w, want_b) = value_and_grad(loss, argnums=(0, 1))(w, b)
    np.testing.assert_allclose(value, want, rtol=1e-14)
    np.testing.assert_allclose(by_w, want_w, rtol=1e-13)
    np.testing.assert_allclose(by_b, want_b, rtol=1e-13)


@pytest.mark.parametrize("language", ["numpy", "python"])
def test_the_worked_example_by_every_argument(language: Any) -> None:
    gradient = load(source(s21, 1.0, 2.0, 1.0, 7.0, argnums=(0, 1, 2, 3), language=language))
    assert gradient(1.0, 2.0, 1.0, 7.0) == (-16.0, -8.0, -8.0, 8.0)
    assert gradient(0.5, -1.0, 3.0, 0.25) == tuple(grad(s21, argnums=(0, 1, 2, 3))(0.5, -1.0, 3.0, 0.25))
    value = load(source(s21, 1.0, 2.0, 1.0, 7.0, what="value", language=language))
    assert value(1.0, 2.0, 1.0, 7.0) == 16.0


def test_a_formula_needs_no_arguments() -> None:
    gradient = load(source("x^2 exp(x)", language="python"))
    np.testing.assert_allclose(gradient(1.0), 3 * np.e, rtol=1e-15)
    assert gradient(-np.inf) != gradient(-np.inf)  # inf * 0, as NumPy has it
    value, by_x, by_y = load(source("log(-x y)", what="both"))(-2.0, 3.0)
    np.testing.assert_allclose((value, by_x, by_y), (np.log(6.0), -0.5, 1 / 3), rtol=1e-15)
    assert np.isnan(load(source("sqrt(-1 - x^2)", language="python"))(1.0))  # nowhere defined, and no error


def test_containers_become_arguments_by_their_path() -> None:
    def f(params, x):
        return np.sum(params["w"] * x) + params["layers"][0]

    text = source(f, {"w": np.ones(3), "layers": [2.0]}, np.arange(3.0))
    assert "def grad_f(params_w, params_layers_0, x):" in text
    by_w, by_layer = load(text)(np.ones(3), 2.0, np.arange(3.0))
    np.testing.assert_array_equal(by_w, np.arange(3.0))
    assert by_layer == 1.0


def test_integers_that_index_stay_integers() -> None:
    def f(logits, label):
        return -logits[label] + np.log(np.sum(np.exp(logits)))

    gradient = load(source(f, np.arange(3.0), np.array(1)))
    np.testing.assert_allclose(gradient(np.arange(3.0), np.array(1)), grad(f)(np.arange(3.0), 1), rtol=1e-14)


def test_outside_its_branch_it_raises() -> None:
    def huber(r):
        if np.abs(r) < 1:
            return 0.5 * r**2
        return np.abs(r) - 0.5

    for language in ("numpy", "python"):
        inside = load(source(huber, 0.5, language=language))
        assert inside(0.25) == 0.25
        with pytest.raises(ValueError, match=r"grad_huber is valid where abs\(r\) < 1|where np\.abs\(r\) < 1"):
            inside(2.0)
        assert load(source(huber, -3.0, language=language))(-2.0) == -1.0


def test_second_derivatives_are_functions_too() -> None:
    f = grad(lambda x: np.sin(x) * x**3)
    second = load(source(f, 0.7, language="python"))
    np.testing.assert_allclose(second(1.2), grad(f)(1.2), rtol=1e-14)


def test_a_value_of_several_parts() -> None:
    both = load(source(lambda x: (x * 2, {"s": np.sum(x)}), np.ones(3), what="value"))
    doubled, total = both(np.arange(3.0))
    np.testing.assert_array_equal(doubled, [0.0, 2.0, 4.0])
    assert total == 3.0


def test_what_has_no_source_is_refused() -> None:
    with pytest.raises(NotScalarError, match="array of shape"):
        source(lambda x: x * 2, np.ones(3))
    with pytest.raises(NotScalarError):
        source(lambda x: (x, x), 1.0)
    with pytest.raises(SourceError, match="computes with arrays"):
        source(loss, np.ones(2), 0.0, language="python")
    with pytest.raises(ArgumentError, match="language is one of"):
        source(s21, 1.0, 2.0, 1.0, 7.0, language="fortran")  # type: ignore[arg-type]


def test_it_is_compared_with_the_graph_before_it_is_returned(monkeypatch: Any) -> None:
    real = module.numpy_program

    def wrong(*arguments: Any) -> Program:
        program = real(*arguments)
        return Program(program.source.replace("2 * e", "3 * e"), program.name, program.constants)

    monkeypatch.setattr(module, "numpy_program", wrong)
    with pytest.raises(GraphError, match="emitted source of grad_s21"):
        source(s21, 1.0, 2.0, 1.0, 7.0)


def test_speed_is_that_of_code_by_hand() -> None:
    """No operation more than by hand: counted, not timed."""
    text = source(loss, np.ones(2), 0.0, argnums=(0, 1))
    body = text.partition('"""\n    y_hat')[2]
    assert body.count("@") == 2
    assert body.count("np.sum") == 1
    assert "broadcast_to" not in body
