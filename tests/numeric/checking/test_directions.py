"""A gradient of many components of an f that ends close by: the search says where it stopped, and never crashes."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.numeric import check

SIZE = 400


def test_not_a_number_is_found_without_a_measurement():
    def claimed(w):
        g = 2 * w
        g[[17, 18]] = np.nan, np.inf
        return g

    result = check(lambda w: float(np.asarray((w**2).sum())), claimed, np.linspace(1.0, 2.0, SIZE))
    assert not result
    assert result.wrong == 2
    assert [g.label for g in result.groups] == ["w[17:19]"]
    assert result.resolution == np.inf


@pytest.mark.parametrize("raises", [True, False], ids=["raises", "NaN"])
def test_where_f_is_undefined_along_a_single_component_its_group_is_said_and_the_search_ends(raises):
    point = np.linspace(1.0, 2.0, SIZE)

    def f(w):
        if np.count_nonzero(w != point) == 1:
            if raises:
                raise ValueError("outside")
            return np.nan
        return float(np.asarray(np.sum(w**2)))

    def claimed(w):
        g = 2 * w
        g[7] = 1e3
        return g

    result = check(f, claimed, point)
    assert not result
    assert any("the search for the wrong components ended where" in note for note in result.notes)
    (group,) = result.groups
    start, stop = (int(n) for n in group.label[2:-1].split(":"))
    assert start <= 7 < stop
    assert stop - start <= group.uncertainty + 1
    assert group.worst is None
