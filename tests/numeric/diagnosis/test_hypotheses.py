"""Hypotheses held against cases that were made by hand: what they predict, how far off they are, what they say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from chainrule.numeric import check
from chainrule.numeric.diagnosis import diagnose
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
        for numbers, said in (((count,), "not averaged over axis 0 (of 3)"), ((), "and 3 times too large")):
            wrong = NotSummed((0,), 3.0, numbers)
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


class TestWhereSeveralExplainIt:
    @pytest.mark.parametrize("power", [1, -1, 2, -2])
    @pytest.mark.parametrize("seed", range(3))
    def test_a_factor_is_no_regularisation(self, power, seed) -> None:
        """The right gradient is proportional to the parameters, and so is whatever it is off by."""
        w = np.random.default_rng(seed).normal(size=5)
        norm = np.linalg.norm(w)
        found = check(lambda w: math.sqrt(float(w @ w)), w / norm * norm**power, w)
        assert found.mistake.kind is Mistake.INNER_FACTOR
        assert f"{'1/' if power > 0 else ''}||w||{'^2' if abs(power) == 2 else ''} is missing" in found.diagnosis

    def test_any_other_factor_is_said_as_one(self) -> None:
        found = check(lambda w: math.sqrt(float(w @ w)), lambda w: 0.73 * w / np.linalg.norm(w), np.array([1.0, 2.0]))
        assert found.diagnosis == "off by the constant factor 0.73" or found.mistake.kind is Mistake.FACTOR

    def test_a_ridge_that_no_argument_names(self) -> None:
        random = np.random.default_rng(4)
        X, y, w, rate = random.normal(size=(20, 3)), random.normal(size=20), random.normal(size=3), 0.3
        gradient = lambda w: 2 / 20 * X.T @ (X @ w - y)
        found = check(lambda w: np.mean((X @ w - y) ** 2) + rate * np.sum(w**2), gradient, w)
        assert found.mistake.kind is Mistake.TERM_MISSING
        assert "0.6 w, which test_hypotheses.py, line" in found.diagnosis

    def test_a_multiple_that_is_no_constant_is_no_regularisation(self) -> None:
        A, x = np.diag([1.0, 2.0, 4.0]), np.array([0.5, -1.0, 2.0])
        for gradient in (lambda x: 2 * A @ x / (x @ x), 2 * A @ x / (x @ x)):
            assert check(lambda x: x @ A @ x / (x @ x), gradient, x).mistake.kind is not Mistake.TERM_MISSING

    def test_a_ridge_on_one_of_two(self) -> None:
        p = {"w": np.array([1.0, -2.0, 0.5]), "b": 0.3}
        loss = lambda p: np.sum((p["w"] + p["b"]) ** 2) + 0.25 * np.sum(p["w"] ** 2)
        gradient = lambda p: {"w": 2 * (p["w"] + p["b"]), "b": 2 * np.sum(p["w"] + p["b"])}
        found = check(loss, gradient, p)
        assert found.diagnosis.startswith(
            "only p.w is wrong: an additive term proportional to the parameters is missing"
        )

    def test_one_number_tells_little(self) -> None:
        f, wrong = lambda x: np.exp(x**2), lambda x: np.exp(x**2)
        assert check(f, wrong(0.7), 0.7).diagnosis.startswith("it may be that the inner factor")
        assert check(f, wrong, 0.7).diagnosis.startswith("the inner factor")
        assert check(f, -2 * 0.7 * np.exp(0.49), 0.7).diagnosis == "the sign is flipped"


def test_the_symbols_of_a_term_are_defined() -> None:
    random = np.random.default_rng(5)
    p, X = {"W": random.normal(size=(3, 2))}, random.normal(size=(11, 3))
    loss = lambda p, X: np.sum((X @ p["W"]) ** 2) + np.sum(p["W"] ** 2) / len(X)
    found = check(loss, lambda p, X: {"W": 2 * X.T @ X @ p["W"]}, p, X)
    assert found.diagnosis.endswith("= 2/N p.W, N = 11, the rows of X (regularisation)")


def test_leaves_of_an_argument_are_no_other_arguments() -> None:
    p, q = {"a": np.array([1.0, 2.0])}, np.array([3.0, 5.0])
    asked = []
    part = Part("p.a", p["a"], np.array([7.0, 9.0]), q, np.full(2, 1e-12))
    diagnose(Evidence([part], {"p": p, "q": q}, others=lambda name: asked.append(name)))
    assert set(asked) == {"q"}
