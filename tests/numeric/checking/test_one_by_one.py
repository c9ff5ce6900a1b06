"""What a check says of components that it has measured one by one: which of them are too small to be told from zero."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from chainrule.numeric import check


def weighted(sizes, traced):
    """A linear function in float32 with these slopes."""
    slopes = np.array(sizes, np.float32)

    def f(w):
        return np.sum(slopes * (w if traced else np.array([float(x) for x in w], np.float32)))

    return f, slopes


def below(result):
    return [note for note in result.notes if "zero would have passed too" in note]


class TestBelowTheTolerance:
    @pytest.mark.parametrize("traced", [True, False])
    def test_a_wrong_component_beside_one_a_trillion_times_larger_does_not_pass_in_silence(self, traced):
        f, slopes = weighted([1e12, 1.0], traced)
        result = check(f, slopes * np.array([1, 1.01], np.float32), np.ones(2, np.float32))
        assert result
        assert below(result) == ["w[1] is smaller than the tolerance there, so that zero would have passed too"]
        assert result.components[1].tolerance > 1.01

    @settings(deadline=None, max_examples=40)
    @given(exponents=st.lists(st.integers(-6, 14), min_size=2, max_size=4), traced=st.booleans(), at=st.integers(0, 3))
    def test_it_is_said_where_zero_passes_and_only_there(self, exponents, traced, at):
        at %= len(exponents)
        f, slopes = weighted([10.0**e for e in exponents], traced)
        claim = slopes.copy()
        claim[at] *= np.float32(1.01)
        result = check(f, claim, np.ones(len(claim), np.float32))
        claim[at] = 0
        of_zero = check(f, claim, np.ones(len(claim), np.float32))
        places = {"w": np.arange(len(claim))}
        said = any(at in np.ravel(eval(note.split()[0], {}, places)) for note in below(result))
        assert said == (result.components[at].passed and of_zero.components[at].passed)

    def test_what_agrees_with_the_exact_derivative_to_its_digits_is_no_matter(self):
        f, slopes = weighted([1e12, 1.0], True)
        assert not below(check(f, slopes, np.ones(2, np.float32)))

    def test_what_rounding_leaves_at_a_minimum_is_no_matter(self):
        rng = np.random.default_rng(0)
        X, y = rng.normal(size=(20, 4)), rng.normal(size=20)
        w = np.linalg.lstsq(X, y, rcond=None)[0]
        result = check(lambda w: np.sum((X @ w - y) ** 2), lambda w: 2 * (X.T @ X @ w - X.T @ y), w)
        assert result
        assert not below(result)
