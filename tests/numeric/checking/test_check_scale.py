"""Checks of very many components: a million in under a hundred evaluations, and the wrong ones located."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from chainrule.errors import ArgumentError
from chainrule.numeric import check

MILLION = 10**6
TENTH = [(12_000, 12_400), (30_000, 30_050), (42_000, 45_000), (70_000, 70_010), (90_000, 91_000)]
RANGES = [(120_000, 124_000), (300_000, 300_500), (420_000, 450_000), (700_000, 700_100), (900_000, 910_000)]


def ten_layers(rows):
    """Ten layers of so many rows of 1000 weights, a loss of them, and its gradient."""
    random = np.random.default_rng(1)
    weights = {f"W{i}": 0.1 * random.normal(size=(rows, 1000)) for i in range(10)}
    targets = {name: random.normal(size=(rows, 1000)) for name in weights}

    def loss(p):
        return sum(np.sum(np.sin(w) * targets[name]) for name, w in p.items())

    def gradient(p):
        return {name: np.cos(w) * targets[name] for name, w in p.items()}

    return weights, loss, gradient


@pytest.fixture(scope="module")
def layers():
    return ten_layers(100)


@pytest.fixture(scope="module")
def small_layers():
    return ten_layers(10)


def sines(size):
    random = np.random.default_rng(2)
    a = random.normal(size=size)
    return random.normal(size=size), lambda w: np.sum(np.sin(w) * a), lambda w: np.cos(w) * a


@pytest.fixture(scope="module")
def million():
    return sines(MILLION)


@pytest.fixture(scope="module")
def flat():
    """A tenth of it, for what is to be tried often."""
    return sines(MILLION // 10)


def untraceable(f):
    """The same through float(), as a compiled library would return it."""

    @functools.wraps(f)
    def value(*args):
        return float(np.asarray(f(*args), float))

    return value


def changed(gradient, change, ranges=TENTH):
    def wrong(w):
        g = gradient(w)
        for start, stop in ranges:
            g[start:stop] = change(g[start:stop], w[start:stop])
        return g

    return wrong


class TestLayers:
    @pytest.mark.parametrize("adapt", [untraceable, lambda f: f], ids=["untraceable", "traced"])
    def test_a_right_gradient_passes(self, small_layers, adapt):
        weights, loss, gradient = small_layers
        result = check(adapt(loss), gradient, weights)
        assert result, str(result)
        assert result.evaluations < 100
        assert result.size == MILLION // 10
        assert all(d.passed for d in result.directions)
        assert "random directions" in str(result)

    def test_the_layer_with_its_sign_flipped_is_named(self, layers):
        weights, loss, gradient = layers

        def wrong(p):
            g = gradient(p)
            g["W3"] = -g["W3"]
            return g

        measured = check(untraceable(loss), wrong, weights)
        exact = check(loss, wrong, weights)
        for result in (measured, exact):
            assert not result
            assert result.evaluations < 100
            assert [(g.label, g.size, g.uncertainty) for g in result.groups] == [("p.W3", 100_000, 0)]
            assert "sign is flipped" in result.diagnosis
            assert "W3" in result.diagnosis
            assert not result.worst.passed
        assert exact.wrong == 100_000

    def test_a_row_and_a_column(self, small_layers):
        weights, loss, gradient = small_layers

        def wrong(p, where):
            g = gradient(p)
            g["W7"][where] *= 2
            return g

        row = check(untraceable(lambda params: loss(params)), lambda params: wrong(params, 3), weights)
        assert [(g.label, g.uncertainty) for g in row.groups] == [("params.W7[3, :]", 0)], str(row)
        for where, label in ((3, "params.W7[3, :]"), ((slice(None), 5), "params.W7[:, 5]")):
            exact = check(lambda params: loss(params), lambda params, w=where: wrong(params, w), weights)
            assert [g.label for g in exact.groups] == [label]
            assert len(str(exact).splitlines()) < 30


class TestRanges:
    @pytest.mark.parametrize(
        "change",
        [lambda g, w: -g, lambda g, w: 2 * g, lambda g, w: 0 * g, lambda g, w: g + 0.5, lambda g, w: g - 3 * w],
        ids=["sign", "factor", "zero", "constant", "regularisation"],
    )
    def test_five_wrong_ranges_are_located(self, flat, change):
        w, f, gradient = flat
        result = check(untraceable(f), changed(gradient, change), w)
        assert not result
        assert result.evaluations < 100
        assert len(result.groups) == 5, str(result)
        for group, (start, stop) in zip(result.groups, TENTH, strict=True):
            low, high = (int(n) for n in group.label.split("[")[1].strip("]").split(":"))
            # Where the two differ, the report says by how much they may.
            assert abs(low - start) <= group.uncertainty + 3, str(result)
            assert abs(high - stop) <= group.uncertainty + 3, str(result)
            assert low < stop
            assert high > start
        exactly = sum(g.uncertainty <= 3 for g in result.groups)
        assert exactly >= 3, str(result)
        assert len(result.components) >= 4

    def test_five_in_a_million(self, million):
        w, f, gradient = million
        result = check(untraceable(f), changed(gradient, lambda g, w: -g, RANGES), w)
        assert result.evaluations < 100
        found = [tuple(int(n) for n in g.label[2:-1].split(":")) for g in result.groups]
        assert len(found) == 5
        assert np.abs(np.array(found) - RANGES).max() <= 3, str(result)
        assert all(not c.passed for c in result.components)

    @pytest.mark.parametrize("size", [MILLION // 10, pytest.param(MILLION, marks=pytest.mark.slow)])
    def test_a_traced_function_names_them_exactly(self, size):
        w, f, gradient = sines(size)
        ranges = RANGES if size == MILLION else TENTH
        result = check(f, changed(gradient, lambda g, w: -g, ranges), w)
        assert [g.label for g in result.groups] == [f"w[{start}:{stop}]" for start, stop in ranges]
        assert result.wrong == sum(stop - start for start, stop in ranges)
        assert result.evaluations < 100

    @pytest.mark.parametrize("adapt", [untraceable, lambda f: f], ids=["untraceable", "traced"])
    def test_one_component_in_a_million(self, flat, adapt):
        w, f, gradient = flat
        result = check(adapt(f), changed(gradient, lambda g, w: g + 1.0, [(77_777, 77_778)]), w)
        assert [group.label.split("[")[1] for group in result.groups] == ["77777]"], str(result)
        assert result.worst.index == (77_777,)
        assert result.evaluations < 100

    @pytest.mark.slow
    def test_a_larger_budget_finds_what_follows_no_rule_more_tightly(self, flat):
        w, f, gradient = flat
        noise = np.random.default_rng(5).normal(size=w.size)
        wrong = lambda w: gradient(w) + np.where((np.arange(w.size) // 100) == 500, noise, 0)
        found = [check(untraceable(f), wrong, w, budget=budget) for budget in (60, 200)]
        assert all(r.evaluations < budget for r, budget in zip(found, (60, 200), strict=True))
        assert all(not r for r in found)
        assert sum(g.uncertainty for g in found[1].groups) <= sum(g.uncertainty for g in found[0].groups)

    def test_budgets(self, flat):
        small = flat[0][:300]
        total = lambda w: float(np.sum(np.sin(w)))
        assert len(check(total, np.cos, small, budget=2000).components) == 300
        assert check(total, np.cos, small).evaluations < 100
        for budget in (0, True, 1.5):
            with pytest.raises(ArgumentError, match="budget must be"):
                check(total, np.cos, small, budget=budget)


class TestOfManyComponents:
    def test_nan_is_found_without_a_search(self, flat):
        w, f, gradient = flat
        result = check(untraceable(f), changed(gradient, lambda g, w: g * math.nan, [(10, 20)]), w)
        assert not result
        assert [g.label.split("[")[1] for g in result.groups] == ["10:20]"]
        assert result.wrong == 10

    def test_float32(self):
        random = np.random.default_rng(6)
        w, a = random.normal(size=5000).astype(np.float32), random.normal(size=5000).astype(np.float32)
        f, gradient = lambda w: np.sum(np.sin(w) * a), lambda w: np.cos(w) * a
        for function in (f, untraceable(f)):
            result = check(function, gradient, w)
            assert result, str(result)
            assert not check(function, lambda w: -gradient(w), w)

    def test_kinks_of_a_rectifier_accuse_nobody(self):
        """At zero any slope between 0 and 1 is right, whichever the library takes."""
        w = np.linspace(-1, 1, 601)
        assert np.count_nonzero(w == 0) == 1
        for slope in (0.0, 0.5, 1.0):
            result = check(lambda w: np.sum(np.maximum(w, 0)), lambda w, s=slope: np.where(w == 0, s, w > 0), w)
            assert result, str(result)
            assert any("maximum" in note for note in result.notes)
        assert not check(lambda w: np.sum(np.maximum(w, 0)), lambda w: np.where(w == 0, 1.5, w > 0), w)

    @pytest.mark.parametrize("noise", [1e-8, 1e-6, 1e-3])
    @pytest.mark.parametrize("seed", range(3))
    def test_noise_does_not_cost_more_than_the_budget(self, noise, seed):
        random = np.random.default_rng(seed)
        a, w, table = random.normal(size=400), random.normal(size=400), random.normal(size=10_007)
        f = lambda w: float(np.sum(np.sin(w) * a) + noise * table[int(abs(w.sum()) * 1e13) % 10_007])
        wrong = np.cos(w) * a * np.where((np.arange(400) > 10) & (np.arange(400) < 90), -1, 1)
        assert check(f, np.cos(w) * a, w).evaluations < 100
        result = check(f, wrong, w)
        assert not result
        assert result.evaluations < 100

    def test_own_gradients(self, flat):
        assert check(flat[1], None, flat[0])


class TestResolutionIsHonest:
    """An error of twice the resolution in one component, whichever, is caught."""

    @pytest.mark.parametrize("size", [5, 400])
    @pytest.mark.parametrize("adapt", [untraceable, lambda f: f], ids=["untraceable", "traced"])
    def test_over_many_seeds(self, size, adapt):
        for seed in range(20 if size == 5 else 8):
            random = np.random.default_rng(seed)
            a, w = random.normal(size=size), random.normal(size=size) * 10.0 ** random.uniform(-2, 2, size)
            f, gradient = lambda w, a=a: np.sum(np.tanh(w * a) + w * w), lambda w, a=a: a / np.cosh(w * a) ** 2 + 2 * w
            right = check(adapt(f), gradient, w)
            assert right, str(right)
            error = np.zeros(size)
            error[random.integers(size)] = 2 * right.resolution * random.choice([-1.0, 1.0])
            wrong = check(adapt(f), lambda w, e=error, g=gradient: g(w) + e, w)
            assert not wrong, f"seed {seed}: {right.resolution}"
