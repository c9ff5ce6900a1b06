"""`chainrule explain`: what its options say of functions of arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

ARGUMENTS = ("explain", "x^T A x", "--shapes", "A: n n, x: n", "--wrt", "x", "--order")


def test_the_second_order_of_a_function_of_arrays(run: Callable[..., Any]) -> None:
    found = run(*ARGUMENTS, "2")
    assert found.status == 0
    assert "  d^2L/dx^2 = A + A^T\n" in found.out
    derivatives = run(*ARGUMENTS, "2", "--format", "json").record["derivatives"]
    assert [each["derivative"] for each in derivatives] == ["dL/dx", "d^2L/dx^2"]


@pytest.mark.parametrize("form", ["latex", "markdown"])
def test_the_second_order_in_other_forms(run: Callable[..., Any], form: str) -> None:
    assert "\\frac{d^{2} L}{dx^{2}}" in run(*ARGUMENTS, "2", "--format", form).out


def test_a_third_order_is_refused(run: Callable[..., Any]) -> None:
    found = run(*ARGUMENTS, "3")
    assert found.status != 0
    assert "derived once or twice" in found.err
