"""Hypotheses held against cases that were made by hand: what they predict, how far off they are, what they say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.numeric.diagnosis.case import Case
from chainrule.numeric.diagnosis.combined import Each
from chainrule.numeric.diagnosis.factor import Factor
from chainrule.numeric.diagnosis.named import Named
from chainrule.numeric.diagnosis.record import Mistake
from chainrule.numeric.diagnosis.region import Region, Within, regions
from chainrule.numeric.diagnosis.summation import NotSummed, Oversummed, not_summed
from chainrule.numeric.evidence import Evidence, Part

DOUBLED = Factor(2.0, "2")
FLIPPED = Factor(-1.0, "-1")


def part(name: str, claimed: Any, reference: Any, bar: float = 1e-9) -> Part:
    reference = np.asarray(reference, float)
    return Part(name, np.ones(reference.shape), np.asarray(claimed, float), reference, np.full(reference.shape, bar))


def case(*parts: Part) -> Case:
    return Case(Evidence(parts))


class TestWithin:
    """A mistake in the last two of four components of w; b is right."""

    right = np.array([1.0, 2.0, 3.0, 4.0])
    where = np.array([False, False, True, True])
    region = Region("w", where, "w[2:4]", True)
    wrong = Within(DOUBLED, ("w",), (region,))

    def test_predicts_what_is_claimed(self) -> None:
        here = case(part("w", [1, 2, 6, 8], self.right), part("b", 5, 5))
        predicted = self.wrong.predict(here)
        assert predicted is not None
        np.testing.assert_array_equal(predicted[0].values, [1, 2, 6, 8])
        np.testing.assert_array_equal(predicted[0].tolerance, [1e-9, 1e-9, 2e-9, 2e-9])
        assert predicted[1].values == 5
        assert self.wrong.misfit(here) == 0
        assert self.wrong.sentence(here) == "only w[2:4] are wrong: off by the constant factor 2 there"

    def test_a_component_beside_it_that_is_wrong_counts(self) -> None:
        here = case(part("w", [1 + 3e-9, 2, 6, 8], self.right))
        assert self.wrong.misfit(here) == pytest.approx(3, rel=1e-6)

    def test_a_case_of_another_shape_cannot_be_said(self) -> None:
        here = case(part("w", np.ones((2, 2)), np.ones((2, 2))))
        assert self.wrong.predict(here) is None
        assert self.wrong.misfit(here) is None

    def test_without_regions_it_is_whole_parts(self) -> None:
        here = case(part("w", 2 * self.right, self.right), part("b", 5, 5))
        wrong = Within(DOUBLED, ("w",))
        predicted = wrong.predict(here)
        assert predicted is not None
        np.testing.assert_array_equal(predicted[0].values, 2 * self.right)
        assert predicted[1].values == 5
        assert (wrong.misfit(here), wrong.kind, wrong.site, wrong.region) == (0, Mistake.FACTOR, None, "")
        assert wrong.sentence(here) == "only w is wrong: off by the constant factor 2"


def described(where: Any) -> list[str]:
    wrong = np.asarray(where, bool)
    reference = np.ones(wrong.shape)
    return [region.text for region in regions(part("w", np.where(wrong, 7.0, reference), reference))]


class TestRegions:
    def test_one_slice_of_three_axes(self) -> None:
        where = np.zeros((2, 3, 4), bool)
        where[:, 1] = True
        assert described(where)[0] == "w[:, 1, :]"
        where[:, 2] = True
        assert described(where)[0] == "w[:, 1:3, :]"

    def test_one_component(self) -> None:
        assert described([0, 0, 1])[0] == "w[2], the last component,"
        assert described([0, 1, 0])[0] == "w[1]"

    def test_nothing_to_tell_apart(self) -> None:
        assert described(np.zeros(3)) == []
        assert list(regions(part("w", [1.0, 2.0], 1.0))) == []
        assert described([1]) == []


class TestEach:
    both = Each(((("w",), DOUBLED), (("b",), FLIPPED)))

    def test_each_part_has_its_own(self) -> None:
        here = case(part("w", [2, 4], [1, 2]), part("b", -3, 3))
        predicted = self.both.predict(here)
        assert predicted is not None
        np.testing.assert_array_equal(predicted[0].values, [2, 4])
        assert predicted[1].values == -3
        assert (self.both.misfit(here), self.both.kind) == (0, Mistake.SEVERAL)
        assert self.both.sentence(here) == "w: off by the constant factor 2; b: the sign is flipped"

    def test_one_that_cannot_be_said_leaves_all_unsaid(self) -> None:
        here = case(part("w", [[2, 4]], [1, 2]), part("b", -3, 3))
        assert Each(((("w",), NotSummed((0,))), (("b",), FLIPPED))).predict(here) is None


class TestSummation:
    """Rows that should have been summed, and rows that should not have been."""

    rows = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])

    def test_rows_that_were_not_summed(self) -> None:
        here = case(part("w", self.rows, self.rows.sum(axis=0)))
        assert NotSummed((0,)).misfit(here) == 0
        assert NotSummed((0,)).predict(here) is None
        assert NotSummed((1,)).misfit(here) == np.inf  # three sums, where w has two components
        assert NotSummed((2,)).misfit(here) == np.inf
        assert NotSummed((0,)).sentence(here) == (
            "not summed over axis 0 (of 3): its shape is (3, 2), that of w is (2,)"
        )

    def test_rows_that_were_not_averaged(self) -> None:
        here = case(part("w", self.rows, self.rows.mean(axis=0)))
        count = Named(3.0, "N", "the number of rows", True)
        for number, said in ((count, "not averaged over axis 0 (of 3)"), (None, "and 3 times too large")):
            wrong = NotSummed((0,), 3.0, number)
            assert wrong.misfit(here) == pytest.approx(0, abs=1e-6)
            assert said in wrong.sentence(here)
        assert NotSummed((0,)).misfit(here) > 1e6

    def test_nothing_is_proposed_where_the_claim_is_not_larger(self) -> None:
        assert list(not_summed(case(part("w", [1, 2], [1, 2])))) == []

    def test_axes_that_were_summed_too(self) -> None:
        here = case(part("W", self.rows.sum(axis=0), self.rows))
        assert Oversummed((0,)).misfit(here) == 0
        assert Oversummed((0,), kept=True).misfit(here) == np.inf
        assert Oversummed((2,)).predict(here) is None
        assert Oversummed((0,)).sentence(here) == (
            "summed over axis 0 of W too: its shape is (2,), that of W is (3, 2)"
        )

    def test_axes_that_were_summed_and_spread_again(self) -> None:
        wrong = Oversummed((0, 1), spread=True)
        here = case(part("W", np.full((3, 2), 21.0), self.rows))
        assert wrong.misfit(here) == 0
        assert wrong.sentence(here) == "summed over the axes 0 and 1 of W too, and spread over it again"
