"""Text in pictures: numbers, breaking of lines, widths."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from chainrule.views.drawing.labels import cells, elided, four_digits, lines_of, printable


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (2 / 3, "0.6667"),
        (-16.0, "-16"),
        (123456.0, "1.235e+05"),
        (1e-20, "1e-20"),
        (3, "3"),
        (True, "True"),
        (10**30, "10000000000000000000000…"),
        (1 + 2j, "1+2j"),
        (float("nan"), "nan"),
        (np.array([1.0, 2.0, 3.0]), "[1, 2, 3]"),
        (np.array([]), "[]"),
        (np.array([1.23456e-5, 1.23456e-5, 1.23456e-5]), "array(3), norm 2.138e-05"),
        (np.arange(5.0), "array(5), norm 5.477"),
        (np.ones((2, 0)), "array(2, 0)"),
        (np.ones((2, 2), bool), "array(2, 2)"),
        (np.full((2, 2), 1e200), "array(2, 2), norm inf"),
    ],
)
def test_numbers_have_four_digits_and_arrays_a_shape_and_a_norm(value, want):
    assert four_digits(value) == want


def test_what_xml_may_not_hold_is_replaced():
    assert printable("a\x00b\n\u202ec\ud800\uffff") == "a�b��c��"
    assert printable("重み ŷ ∂") == "重み ŷ ∂"


@given(st.text(), st.integers(1, 40), st.integers(1, 3))
def test_lines_fit_and_lose_nothing_without_saying_so(text, width, most):
    text = printable(text)
    lines = lines_of(text, width, most)
    assert 1 <= len(lines) <= most
    assert all(cells(line) <= width for line in lines)
    assert " ".join(lines) == text or lines[-1].endswith("…")


@given(st.text(), st.integers(1, 20))
def test_what_fits_is_not_cut(text, width):
    cut = elided(text, width)
    assert (cut == text) == (cells(text) <= width) or cut == text == "…"


def test_the_width_of_a_text_counts_columns():
    assert cells("y_hat") == 5
    assert cells("重み") == 4
    assert cells(unicodedata.normalize("NFD", "ŷ")) == 1
