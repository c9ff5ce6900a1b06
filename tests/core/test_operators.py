"""Python's operators between traced values and what is not a number."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr


class Symbol:
    """Answers every operator itself, as the values of other libraries do."""

    def _said(self, other: Any) -> str:
        return type(other).__name__

    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = __rfloordiv__ = __rmod__ = _said
    __rdivmod__ = __rand__ = __ror__ = __rxor__ = __gt__ = __ge__ = __lt__ = __le__ = _said


class OptedOut(Symbol):
    """Looks like an array of numbers, but wants nothing of NumPy's functions."""

    __array_ufunc__ = None

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("it was taken for an array")


class Unwilling:
    def __radd__(self, other: Any) -> Any:
        return NotImplemented


OPERATORS = [
    *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul, operator.floordiv),
    *(operator.mod, divmod, operator.and_, operator.or_, operator.xor),
    *(operator.lt, operator.le, operator.gt, operator.ge),
]


def with_traced(f: Callable[[Any], Any]) -> Any:
    found = []

    def loss(x: Any) -> Any:
        found.append(f(x))
        return np.sum(x)

    cr.grad(loss)(np.array([1.0, 2.0]))
    return found[0]


@pytest.mark.parametrize("other", [Symbol(), OptedOut()], ids=["symbol", "opted out"])
@pytest.mark.parametrize("operation", OPERATORS, ids=lambda f: f.__name__)
def test_the_other_operand_gets_its_chance(operation: Callable[[Any, Any], Any], other: Any) -> None:
    assert with_traced(lambda x: operation(x, other)) == "Traced"


@pytest.mark.parametrize("operation", OPERATORS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", [object(), None, {}, Unwilling()], ids=lambda x: type(x).__name__)
def test_an_operand_that_is_no_number_is_named_with_the_line(operation: Callable[[Any, Any], Any], other: Any) -> None:
    for f in (lambda x: operation(x, other), lambda x: operation(other, x)):
        with pytest.raises(cr.OperandError, match="not numeric") as caught:
            with_traced(f)
        assert "test_operators.py, line" in str(caught.value)
        assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("operation", OPERATORS, ids=lambda f: f.__name__)
def test_text_is_no_operand(operation: Callable[[Any, Any], Any]) -> None:
    with pytest.raises(cr.OperandError, match="not numeric: 'text'"):
        with_traced(lambda x: operation(x, "text"))


def test_equality_with_what_is_no_number_is_that_of_identity() -> None:
    for other in (None, "text", object(), OptedOut()):
        assert with_traced(lambda x, other=other: x == other) is False
        assert with_traced(lambda x, other=other: other != x) is True


def test_lists_of_numbers_are_operands_still() -> None:
    np.testing.assert_array_equal(with_traced(lambda x: cr.value([3.0, 4.0] - x)), [2.0, 2.0])
