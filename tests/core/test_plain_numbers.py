"""Settings that are one number: what passes becomes Python's, and what does not is named with what was expected."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from chainrule.core.plain_numbers import positive_number, whole_number
from chainrule.errors import ArgumentError


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3)])
def test_a_whole_number_becomes_pythons(value: Any) -> None:
    found = whole_number(value, "steps")
    assert found == 3
    assert type(found) is int


@pytest.mark.parametrize("value", [0, -1, True, np.True_, 2.0, "2", None, math.nan, np.array([1, 2])])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^steps is .*, expected a whole number, 1 or more$"):
        whole_number(value, "steps")


def test_a_range_has_both_its_ends() -> None:
    assert [whole_number(n, "frames", 2, 300) for n in (2, 300)] == [2, 300]
    for value in (1, 301):
        with pytest.raises(ArgumentError, match=f"frames is {value}, expected a whole number from 2 to 300"):
            whole_number(value, "frames", 2, 300)


@pytest.mark.parametrize("value", [0.5, np.float32(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")])
def test_a_positive_number_becomes_pythons(value: Any) -> None:
    found = positive_number(value, "learning_rate")
    assert found == 0.5
    assert type(found) is float


@pytest.mark.parametrize("value", [True, np.False_, "0.1", b"1", None, 1j, [0.1], np.array([0.1]), 10**400])
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^learning_rate is .*, expected a positive number$"):
        positive_number(value, "learning_rate")


@pytest.mark.parametrize("value", [0, -0.1, math.inf, math.nan])
def test_a_number_that_is_not_positive_or_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ArgumentError, match=r"^rates\[1\] is .*, expected a positive finite number such as 0.01$"):
        positive_number(value, "rates[1]", "a positive number such as 0.01")
