"""What `source` shows is what runs: for formulas at numbers, and for compiled functions of numbers."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.calculus import at_numbers
from chainrule.calculus.compiled import Compiled, compile
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad, value_and_grad
from chainrule.calculus.jacobians import derivative
from chainrule.calculus.source import source
from chainrule.errors import KinkError
from chainrule.kernels.machine import available
from chainrule.passes.guards import strict

FORMULAS = ["x^2 exp(x) + sigmoid(3x + 2)", "3x^4 - 2x^3 + x^2 - 5x + 7", "sin(exp(cos(x^2 + 1)))", "ln(x)/x"]


def operations(text: str) -> Counter[str]:
    """What a module computes with, and how often; lines may stand in another order."""
    (*_, function) = ast.parse(text).body
    found = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
    signs = [node.op for node in ast.walk(function) if isinstance(node, (ast.BinOp, ast.UnaryOp))]
    return Counter([*map(ast.unparse, found), *(type(sign).__name__ for sign in signs)])


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Compiled]:
    """The compiled functions that derivatives of formulas make."""
    found: list[Compiled] = []

    def note(function: Callable[..., Any], **how: Any) -> Compiled:
        found.append(Compiled(function, **how))
        return found[-1]

    monkeypatch.setattr(at_numbers, "Compiled", note)
    return found


@pytest.mark.parametrize("text", FORMULAS)
def test_the_gradient_of_a_formula_runs_what_source_shows(text: str, made: list[Compiled]) -> None:
    gradient = grad(text)
    want = grad(as_function(text))
    for x in (0.7, np.float64(1.3), 2.5):
        np.testing.assert_allclose(gradient(x), want(x), rtol=1e-14)
        assert type(gradient(x)) is np.float64
    (compiled,) = made
    assert "plain Python" in compiled.plan()
    assert operations(compiled.source(0.7)) == operations(source(text, 0.7, language="python"))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_compiled_gradient_runs_what_source_shows(text: str) -> None:
    f = as_function(text)
    assert operations(compile(grad(f)).source(0.7)) == operations(source(f, 0.7, language="python"))


def test_derivatives_of_any_order_and_values_with_gradients(made: list[Compiled]) -> None:
    np.testing.assert_allclose(derivative("x^5", order=3)(2.0), 240.0, rtol=1e-14)
    value, slope = value_and_grad("x^3")(2.0)
    assert (value, slope) == (8.0, 12.0)
    assert [compiled.plan().endswith("plain Python") for compiled in made] == [True, True]


def test_a_formula_is_traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = derivative("x^2 exp(x)")
    slope(1.0)
    monkeypatch.setattr("chainrule.core.traced.apply", None)
    np.testing.assert_allclose(slope(2.0), 8 * np.exp(2.0), rtol=1e-14)


def test_anything_but_floats_goes_to_the_function_itself(made: list[Compiled]) -> None:
    slope = derivative("x^2")
    assert slope(3) == 6.0
    np.testing.assert_array_equal(slope(np.array([1.0, 2.0])), [2.0, 4.0])
    assert slope(x=2.0) == 4.0
    assert grad(derivative("x^3"))(2.0) == 12.0
    assert slope(np.float32(3)).dtype == np.float32
    assert "not called yet" in made[0].plan()


def test_what_watches_a_derivative_still_does() -> None:
    slope = derivative("|x|")
    assert slope(0.0) == 0.0
    with strict(), pytest.raises(KinkError):
        slope(0.0)


def test_functions_are_left_as_they_are() -> None:
    def f(x: float) -> float:
        return x

    assert at_numbers.emitted_at_numbers(f, f) is f


def test_arrays_go_to_emitted_code_when_there_were_many(made: list[Compiled]) -> None:
    slope = derivative("x^2 exp(x/2)")
    x = np.linspace(-1, 1, 7)
    want = derivative(as_function("x^2 exp(x/2)"))(x)
    for _ in range(at_numbers.OFTEN):
        np.testing.assert_allclose(slope(x), want, rtol=1e-14)
    assert "NumPy" not in made[0].plan()
    for _ in range(3):
        np.testing.assert_allclose(slope(x), want, rtol=1e-14)
    assert "float64 (7,) -> NumPy" in made[0].plan()
    np.testing.assert_allclose(slope(x[:3]), want[:3], rtol=1e-14)
    assert made[0].plan().count("->") == 1


def test_emitted_code_warns_and_is_watched_as_the_function_is() -> None:
    slope = derivative("ln(x)")
    x = np.array([1.0, 0.0])
    for _ in range(at_numbers.OFTEN + 5):
        slope(x + 1)
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        slope(x)
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        slope(x)
    with strict(), np.errstate(divide="ignore"), pytest.raises(KinkError):
        slope(x)


def test_floats_are_taken_by_a_kernel_when_there_were_many(made: list[Compiled]) -> None:
    text = FORMULAS[0]
    slope, want = grad(text), grad(as_function(text))
    for x in np.linspace(-3, 3, 400).tolist():
        np.testing.assert_allclose(slope(x), want(x), rtol=1e-13)
        assert type(slope(x)) is np.float64
    assert "now that it is called often a kernel" in made[0].plan() or available()
    with strict():
        np.testing.assert_allclose(slope(1.0), want(1.0), rtol=1e-13)
