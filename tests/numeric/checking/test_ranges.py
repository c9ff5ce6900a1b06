"""How ranges of components are written."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from chainrule.numeric.checking.ranges import range_label


@given(st.data())
def test_a_written_range_selects_just_its_components(data):
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    size = int(np.prod(shape))
    start = data.draw(st.integers(0, size - 1))
    stop = data.draw(st.integers(start + 1, size))
    W = np.arange(size).reshape(shape)
    selected = eval(range_label("W", shape, start, stop), {"W": W})
    assert np.array_equal(np.ravel(selected), np.arange(start, stop))
