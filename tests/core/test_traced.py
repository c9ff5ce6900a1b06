"""What a traced value does where an array would: comparing, iterating, copying, and refusing to leave the trace."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.graph import site_of
from chainrule.errors import TraceError

X = np.array([1.0, 2.0, 3.0])


LEAVING: list[tuple[Callable[[Any], Any], str, str]] = [
    (complex, r"complex\(x\)", r"use x \+ 0j"),
    (int, r"int\(x\)", r"use np\.floor\(x\) or np\.trunc\(x\)"),
    (float, r"float\(x\), a math", r"np\.sin for math\.sin"),
    (round, r"round\(x\)", r"use np\.round\(x\)"),
    (lambda x: round(x, 2), r"round\(x\)", r"use np\.round\(x\)"),
    (lambda x: x.item(), r"x\.item\(\)", r"index instead: x\[0\]"),
    (lambda x: x.tolist(), r"x\.tolist\(\)", "keep it an array"),
    (range, r"an index or range\(\) made of a floating number", "pass it as an integer"),
]


@pytest.mark.parametrize(("leave", "what", "instead"), LEAVING)
def test_leaving_the_trace_is_refused_with_the_line_and_a_way_out(
    leave: Callable[[Any], Any], what: str, instead: str
) -> None:
    message = rf"(?s){what}.* takes a traced value out.*in test_traced\.py, line \d+.*{instead}.*chainrule\.value"
    with pytest.raises(TraceError, match=message):
        cr.grad(lambda x: leave(x) * x)(2.0)


def test_not_equal_selects() -> None:
    gradient = cr.grad(lambda x: np.sum(np.where(x != 2.0, x**2, 5 * x)))(X)
    np.testing.assert_array_equal(gradient, [2.0, 5.0, 6.0])


def test_iterating_and_measuring() -> None:
    np.testing.assert_array_equal(cr.grad(lambda x: sum(row**2 for row in x))(X), 2 * X)
    np.testing.assert_array_equal(cr.grad(lambda x: np.sum(x) / len(x))(X), np.full(3, 1 / 3))
    for number, message in ((iter, "iteration over a 0-d array"), (len, r"has no len\(\)|unsized object")):
        with pytest.raises(TypeError, match=message):
            cr.grad(lambda x, number=number: number(x))(2.0)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy([x])[0]])
def test_a_write_to_a_copy_does_not_reach_the_original(copied: Callable[[Any], Any]) -> None:
    def f(x: Any) -> Any:
        original = 2 * x
        other = copied(original)
        other[0] = 0.0
        return np.sum(original**2) + np.sum(other)

    np.testing.assert_array_equal(cr.grad(f)(X), 8 * X + [0.0, 2.0, 2.0])


def test_unknown_attributes_say_where_the_array_is() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'ctypes'; the array behind it is chainrule\.value\(x\)"):
        cr.grad(lambda x: x.ctypes)(1.0)


def test_the_place_of_an_instruction_without_a_line_is_that_of_its_function() -> None:
    code = test_not_equal_selects.__code__
    assert site_of(code, 10**6).line == code.co_firstlineno
    assert str(site_of(code, 10**6)) == f"test_traced.py, line {code.co_firstlineno}"


def test_array_methods_that_write_or_choose() -> None:
    """Each as NumPy's on the values; a write in place is recorded."""
    x = np.array([3.0, 1.0, 2.0, 5.0])

    def f(x: Any) -> Any:
        y = x**2
        y.partition(1)
        z = x * 1.0
        z.put([0, 2], x[1:3] ** 2)
        assert (x.nbytes, x.itemsize) == (32, 8)
        return [y, z, x.compress([True, False, True], axis=0)]

    value, pullback = cr.vjp(f, x)
    for got, want in zip(value, f(x), strict=True):
        np.testing.assert_array_equal(got, want)
    back = pullback([np.array([1.0, 0, 0, 0]), np.array([0, 0, 1.0, 0]), np.array([0, 1.0])])[0]
    # The smallest square is that of x[1]; z[2] is the square of x[2]; the last of those chosen is x[2].
    np.testing.assert_array_equal(back, [0, 2, 2 * 2 + 1, 0])
