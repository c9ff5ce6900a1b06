"""How wrong components are summed up: rows, columns, boxes and ranges."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.numeric.checking.patterns import patterns


@pytest.mark.parametrize(
    ("where", "labels"),
    [
        ((1,), ["W[1, :]"]),
        ((slice(None), 2), ["W[:, 2]"]),
        ((slice(1, 3),), ["W[1:3, :]"]),
        ((slice(1, 3), slice(0, 2)), ["W[1:3, 0:2]"]),
        ((2, 3), ["W[2, 3]"]),
        (([0, 3],), ["W[0, :]", "W[3, :]"]),
        ((slice(None), [0, 2, 3]), ["W[:, 0]", "W[:, 2:4]"]),
        (([0, 1, 3], [1, 2, 0]), ["W[0, 1]", "W[1, 2]", "W[3, 0]"]),
        ((...,), ["W"]),
    ],
)
def test_of_a_matrix(where, labels):
    wrong = np.zeros((4, 5), bool)
    wrong[where] = True
    found = patterns("W", wrong, np.zeros_like(wrong))
    assert [label for label, _ in found] == labels
    assert np.array_equal(np.any([inside for _, inside in found], axis=0), wrong)


def test_silent_components_do_not_break_a_row():
    wrong, silent = np.zeros((3, 6), bool), np.zeros((3, 6), bool)
    wrong[1], wrong[1, 2], silent[1, 2], silent[2, 4] = True, False, True, True
    assert [label for label, _ in patterns("W", wrong, silent)] == ["W[1, :]"]


def test_scattered_components_are_counted():
    wrong = np.arange(1000) % 3 == 0
    ((label, inside),) = patterns("w", wrong, np.zeros(1000, bool))
    assert label == "334 components of w in many places"
    assert inside is wrong


def test_a_number():
    assert patterns("x", np.array(True), np.array(False))[0][0] == "x"
    assert patterns("x", np.array(False), np.array(False)) == []
