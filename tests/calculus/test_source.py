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


W, B2 = np.array([[0.3, -1.0], [0.5, 0.2], [-0.7, 0.4]]), np.array([0.1, -0.2])
T = np.eye(3)[[0, 1, 2, 1]]
S = np.array([[0.4, -0.3, 1.2], [2.0, 0.0, -1.0], [0.7, 0.7, 0.1], [1.0, -2.0, 3.0]])


def cross_entropy(W):
    scores = S @ W @ W.T
    top = np.max(scores, axis=1, keepdims=True)
    log_sum = top + np.log(np.sum(np.exp(scores - top), axis=1, keepdims=True))
    return -np.mean(np.sum(T * (scores - log_sum), axis=1))


def attention(Q):
    s = Q @ Q.T / np.sqrt(Q.shape[1])
    p = np.exp(s - np.max(s, axis=-1)[..., None])
    return np.sum((p / np.sum(p, axis=-1, keepdims=True) @ Q) ** 2)


def huber(w):
    r = w - 0.3
    small = np.abs(r) <= 1
    return np.sum(np.where(small, 0.5 * r**2, np.abs(r) - 0.5))


def network(W):
    hidden = np.tanh(S @ W + B2)
    return np.mean((np.sum(np.maximum(hidden, 0.1), axis=1) - 1) ** 2) / 3


def guarded_logarithm(x):
    safe = np.where(x > 0, x, 1.0)
    return np.sum(np.where(x > 0, np.log(safe), 0.0)) + np.std(x) / np.mean(x**2)


FUNCTIONS = [
    cross_entropy,
    attention,
    huber,
    network,
    guarded_logarithm,
    lambda x: np.sum(1 / (1 + np.exp(-x))),
    lambda x: np.sum(x**3 + x**-2 - 2.0**x) - np.sum(-x),
    lambda x: -np.sum(-np.exp(-x) * x) + np.mean((x - 1) / 3),
    lambda x: np.var(x) + np.linalg.norm(x - 1),
    lambda x: np.sum(np.outer(x, x) ** 2) + np.einsum("ij,ij->", x, x),
    lambda x: np.sum(np.sort(np.cumsum(x))) + np.sum(x[::2] * x[1:2]),
    lambda x: np.max(x) - np.min(x) + np.sum(np.concatenate([x, 2 * x])),
    lambda x: np.sum((x - np.max(x)) ** 2) + np.prod(x),
    lambda x: np.sum(x),
    lambda x: 3.0,
]


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_emitted_is_the_gradient(f: Any, dtype: Any) -> None:
    x = W.astype(dtype)
    value, gradient = value_and_grad(f)(x)
    close = {"rtol": 1e-11, "atol": 1e-12} if dtype is np.float64 else {"rtol": 2e-4, "atol": 1e-5}
    for what, wanted in (("both", [value, gradient]), ("gradient", [gradient])):
        text = source(f, x, what=what)  # type: ignore[arg-type]
        function = load(text)
        assert max(map(len, text.splitlines())) <= 120
        given = {
            name: globals()[name]
            for name in function.__kwdefaults__
            or function.__code__.co_varnames[1:][: function.__code__.co_kwonlyargcount]
        }
        found = function(x, **given)
        for got, want in zip(found if what == "both" else [found], wanted, strict=True):
            np.testing.assert_allclose(got, want, **close)
            assert np.asarray(got).dtype == np.asarray(want).dtype


def test_nan_and_infinity_are_those_of_the_gradient() -> None:
    for f in (cross_entropy, huber, lambda x: np.sum(1 / (1 + np.exp(-x))), lambda x: np.sum(np.log(np.exp(x)))):
        run = load(source(f, W))
        for bad in (np.nan, np.inf, -np.inf, 1000.0, -1000.0, 0.0):
            x = W.copy()
            x[1, 0] = bad
            with np.errstate(all="ignore"):
                np.testing.assert_allclose(run(x), grad(f)(x), rtol=1e-10, atol=1e-12)


def test_a_person_would_write_it_so() -> None:
    assert "    return np.where(small, r, np.sign(r))\n" in source(huber, W)
    text = source(lambda x: np.max(x) + np.log(np.sum(np.exp(x - np.max(x)))), np.ones(4))
    assert text.endswith("    v1 = np.exp(x - np.max(x))\n    return v1 / np.sum(v1)\n")
    assert source(lambda x: np.sum(x / 2), np.ones(4)).endswith("    return np.full_like(x, 1 / 2)\n")
    assert source(lambda x: np.sum(np.exp(x / 2)), np.ones(4)).endswith("    return np.exp(x / 2) / 2\n")
    assert source(lambda x: np.sum(x), np.ones(4)).endswith("    return np.ones_like(x)\n")
