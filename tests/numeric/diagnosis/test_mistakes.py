"""Every kind of mistake is named in at least three losses, with a sentence that says where; right ones never are."""

# An edit stands on one line, however long.
# ruff: noqa: E501
from __future__ import annotations

import dataclasses
import inspect
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numeric.diagnosis.corpus import CORPUS, UNSEEN
from numeric.diagnosis.examples import EXAMPLES, LOSSES, with_mistake
from numeric.diagnosis.scoring import checked, edits, score, transforms

import chainrule as cr
from chainrule.numeric.diagnosis import Diagnosis, Mistake, diagnose
from chainrule.numeric.diagnosis.changes import step
from chainrule.numeric.evidence import Evidence, Part

CASES = [pytest.param(kind, *case, id=f"{kind.name}-{case[0]}") for kind in EXAMPLES for case in EXAMPLES[kind]]


def found_in(name: str, right: str, wrong: str, seed: int = 100) -> Diagnosis:
    loss = with_mistake(Mistake.SIGN, name, right, wrong)
    evidence = checked(LOSSES[name], loss.df, loss.make(np.random.default_rng(seed)))
    assert evidence is not None
    diagnosis = diagnose(evidence)
    assert diagnosis is not None
    return diagnosis


def evidence_of(claimed, reference, point=None, bar=1e-12, **rest):
    reference = np.asarray(reference, float)
    point = np.arange(1.0, reference.size + 1).reshape(reference.shape) if point is None else point
    return Evidence([Part("w", point, np.asarray(claimed, float), reference, np.full(reference.shape, bar))], **rest)


class TestEveryKind:
    def test_has_examples_in_three_losses(self):
        assert set(EXAMPLES) == set(Mistake) - {Mistake.UNDECIDED}
        for kind, cases in EXAMPLES.items():
            assert len({name for name, *_ in cases}) >= 3, kind

    @pytest.mark.parametrize(("kind", "name", "right", "wrong"), CASES)
    def test_is_named(self, kind, name, right, wrong):
        diagnosis = found_in(name, right, wrong)
        assert diagnosis.kind is kind, diagnosis
        assert diagnosis.fit <= 1
        assert set(diagnosis.parts) <= set(inspect.signature(LOSSES[name].f).parameters)
        assert str(diagnosis) == diagnosis.text
        assert diagnosis
        loss = with_mistake(kind, name, right, wrong)
        evidence = checked(loss, loss.df, loss.make(np.random.default_rng(101)))
        assert evidence is not None
        elsewhere = diagnosis.misfit(evidence)
        # What was claimed with another shape is not predicted; everything else holds at any other point.
        assert elsewhere is None or elsewhere <= 1


class TestTheSentence:
    @pytest.mark.parametrize(
        ("case", "words"),
        [
            (("least squares", "X @ w - y", "y - X @ w"), ["the sign is flipped"]),
            (("least squares", "2 / len(y)", "2"), ["factor 8:", "1/N is missing, N = 8, the rows of X and the length of y"]),
            (("poisson", "X.T @", "1 / len(y) * X.T @"), ["factor 1/8:", "1/N is too much", "the rows of X"]),
            (("ridge", " + 2 * lam * w", ""), ["is missing: 0.6 w = 2 lam w"]),
            (("regularised logistic", "db = np.mean(e)", "db = np.mean(e) + lam * b"), ["only b", "too much: 0.2 b = lam b"]),
            (("gaussian kernel", "/ s**2\n", "/ s\n"), ["factor 1.7 = s"]),
            (("student", "-(nu + 1)", "-1.37 * (nu + 1)"), ["factor 1.37"]),
            (("square network", "G.T @ E", "H.T @ dG"), ["only C is wrong", "with respect to B is returned for C"]),
            (("tanh network", " * (1 - h**2)", ""), ["inner factor of step h (tanh; networks.py, line", "is missing"]),
            (("sigmoid network", "* h * (1 - h)", "* sigmoid(h) * (1 - sigmoid(h))"), ["sigmoid in step h", "at its output"]),
            (("tanh network", "db = dz.sum(axis=0)", "db = dz"), ["only b", "not summed over axis 0 (of 7)", "(7, 4)", "(4,)"]),
            (("least squares", "X.T @ r", "X[:-1].T @ r[:-1]"), ["the last row is left out", "of 8"]),
            (("softmax cross entropy", "return X.T @ (P - Y)", "return (P - Y).T @ X"), ["transposed", "(4, 3)", "(3, 4)"]),
        ],
    )  # fmt: skip
    def test_says_what_and_where(self, case, words):
        diagnosis = found_in(*case)
        for word in words:
            assert word in diagnosis.text

    def test_a_step_comes_with_the_line_of_the_user(self):
        diagnosis = found_in("tanh network", " * (1 - h**2)", "")
        assert diagnosis.site is not None
        assert diagnosis.site.filename.endswith("networks.py")
        source = Path(diagnosis.site.filename).read_text().splitlines()
        assert source[diagnosis.site.line - 1].strip() == "h = np.tanh(X @ W + b)"

    def test_it_is_a_frozen_record(self):
        diagnosis = found_in("least squares", "X @ w - y", "y - X @ w")
        with pytest.raises(dataclasses.FrozenInstanceError):
            diagnosis.text = ""
        assert diagnosis.parts == ("w",)
        assert diagnosis.region == ""


class TestLoops:
    """A line that runs several times is wrong every time."""

    @staticmethod
    def iterate(x, a):
        for _ in range(3):
            x = np.sin(a * x) + x
        return np.sum(x)

    @pytest.mark.parametrize(
        ("rule", "kind", "words"),
        [
            (lambda a, x: a + 1, Mistake.INNER_FACTOR, "the inner factor of the step (sin; "),
            (lambda a, x: a * np.cos(a * x), Mistake.PATH_MISSING, "is missing"),
            (lambda a, x: -a * np.cos(a * x) + 1, Mistake.STEP_SIGN, "has its sign flipped"),
            (lambda a, x: 2 * a * np.cos(a * x) + 1, Mistake.STEP_FACTOR, "off by the constant factor 2"),
            (lambda a, x: a * np.cos(np.sin(a * x)) + 1, Mistake.AT_OUTPUT, "at its output"),
            (lambda a, x: a * np.cos(a * x) * a * x + 1, Mistake.WRONG_DERIVATIVE, "times its operand"),
        ],
    )
    def test_the_same_mistake_in_every_round(self, rule, kind, words):
        def df(x, a):
            xs = [x]
            for _ in range(2):
                xs.append(np.sin(a * xs[-1]) + xs[-1])
            return np.prod([rule(a, x) * np.ones_like(x) for x in xs], axis=0)

        x = np.array([0.3, -0.8, 1.1, 2.0])
        result = cr.check(self.iterate, df, x, 0.7)
        assert result.mistake.kind is kind, result.diagnosis
        assert words in result.diagnosis
        assert "in all of its 3 rounds" in result.diagnosis


class TestRegions:
    right = np.random.default_rng(3).normal(size=(5, 4))

    @pytest.mark.parametrize(
        ("where", "region"),
        [
            (np.s_[3], "row 3 of w"),
            (np.s_[:, 0], "column 0 of w"),
            (np.s_[1:3], "the rows 1 to 2 of w"),
            (np.s_[2, 1], "w[2, 1]"),
            (np.s_[1:3, 2:4], "w[1:3, 2:4]"),
            ((np.arange(4), np.arange(4)), "the diagonal of w"),
            (np.triu_indices(5, 0, 4), "the triangle on and above the diagonal of w"),
        ],
    )
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (lambda a: -a, "the sign is flipped there"),
            (lambda a: 2 * a, "off by the constant factor 2 there"),
            (lambda a: 0 * a, "zero is claimed"),
        ],
    )
    def test_are_described(self, where, region, change, words):
        claimed = self.right.copy()
        claimed[where] = change(claimed[where])
        diagnosis = diagnose(evidence_of(claimed, self.right))
        assert diagnosis.region == region
        assert diagnosis.text.startswith(f"only {region} ")
        assert words in diagnosis.text

    @pytest.mark.parametrize(("index", "words"), [(0, ", the first component,"), (4, ", the last component,"), (2, "")])
    def test_the_first_and_the_last_component_are_called_so(self, index, words):
        right = self.right[:, 0]
        claimed = right.copy()
        claimed[index] *= -1
        assert (
            diagnose(evidence_of(claimed, right)).text == f"only w[{index}]{words} is wrong: the sign is flipped there"
        )

    def test_components_that_are_listed(self):
        claimed = self.right[:, 0].copy()
        claimed[[0, 2, 4]] *= 2
        text = diagnose(evidence_of(claimed, self.right[:, 0], np.zeros(5))).text
        assert text == "only w[0], w[2] and w[4] are wrong: off by the constant factor 2 there"


class TestWhatIsNotSaid:
    right = np.random.default_rng(4).normal(size=6)

    @pytest.mark.parametrize(
        "change",
        [
            lambda g: g + 0.1,
            lambda g: g * (1 + 0.1 * np.arange(6)),
            lambda g: g + np.random.default_rng(5).normal(size=6),
            lambda g: np.full(6, np.nan),
            lambda g: np.append(g[:-1], np.inf),
            lambda g: np.ones(7),
        ],
    )
    def test_what_explains_nothing(self, change):
        assert diagnose(evidence_of(change(self.right), self.right)) is None

    def test_right_gradients(self):
        assert diagnose(evidence_of(self.right, self.right)) is None
        assert diagnose(evidence_of(self.right + 0.9e-12, self.right)) is None
        assert diagnose(Evidence([])) is None

    @pytest.mark.parametrize("factor", [3, 1.37])
    def test_any_factor_of_one_component_alone(self, factor):
        assert diagnose(evidence_of([factor * 2.0], [2.0], np.array([0.7]))) is None

    def test_a_factor_within_the_error_bar_of_another(self):
        """20 and 21 cannot be told apart here, so neither is called N."""
        evidence = evidence_of(20.5 * self.right, self.right, bar=0.2, arguments={"X": np.zeros((20, 3))})
        diagnosis = diagnose(evidence)
        assert diagnosis is None or "N" not in diagnosis.text

    def test_what_another_point_refutes(self):
        """f = x^3 at x = 3: the claimed 9 x is right times 1/x there, and nowhere else."""
        x = np.array([3.0])

        def at(x, elsewhere):
            there = lambda: at(np.array([3.1]), False) if elsewhere else None
            return evidence_of(6 * x, 3 * x**2, x, elsewhere=there)

        diagnosis = diagnose(at(x, True))
        assert diagnosis is None
        assert diagnose(evidence_of([6.0], [3.0])).kind is Mistake.FACTOR

    def test_directions_allow_only_what_is_linear(self):
        slopes = np.random.default_rng(6).normal(size=6)
        point = np.ones((100, 10))
        for claimed, kind in ((-slopes, Mistake.SIGN), (2 * slopes, Mistake.FACTOR), (slopes[::-1], None)):
            part = Part("w", point, claimed, slopes, np.full(6, 1e-9), directions=True)
            diagnosis = diagnose(Evidence([part]))
            assert (diagnosis.kind if diagnosis else None) is kind

    def test_a_search_that_ends_at_its_limit_says_so(self, monkeypatch):
        monkeypatch.setattr(step.Budget.__init__, "__defaults__", (10_000, False, 0))
        x = np.array([0.3, 0.9, 1.4])
        graph = cr.graph(lambda x: np.sum(np.sin(np.exp(x)) * x), x)
        diagnosis = diagnose(
            evidence_of([1.0, 2.0, -5.0], cr.grad(lambda x: np.sum(np.sin(np.exp(x)) * x))(x), x, graph=graph)
        )
        assert diagnosis.kind is Mistake.UNDECIDED
        assert not diagnosis
        assert "ended at its limit" in diagnosis.text
        assert diagnosis.misfit(Evidence([])) is None


class TestCorpus:
    def test_holds_fifty_losses_and_five_hundred_mistakes(self):
        assert len(CORPUS) >= 50
        assert len([*edits(), *transforms()]) >= 500

    def test_a_sample_of_it_is_diagnosed(self):
        total = score(islice([*edits(), *transforms()], 0, None, 15))
        assert total.right >= 0.9 * total.total, total.notes
        assert total.wrong <= 0.02 * total.total, total.notes

    @pytest.mark.slow
    def test_losses_that_it_was_not_written_for_are_diagnosed(self):
        total = score(edits(UNSEEN))
        assert total.right >= 0.9 * total.total, total.notes
        assert total.wrong <= 0.02 * total.total, total.notes

    @pytest.mark.slow
    @pytest.mark.parametrize("by_function", [True, False])
    def test_all_of_it_is_diagnosed(self, by_function):
        total = score([*edits(), *transforms()], by_function)
        assert total.total >= 500
        assert total.right >= 0.9 * total.total, total.notes
        assert total.wrong <= 0.02 * total.total, total.notes

    def test_no_right_gradient_is_accused(self):
        for loss in CORPUS:
            assert checked(loss, loss.df, loss.make(np.random.default_rng(0))) is None, loss.name

    @pytest.mark.slow
    @pytest.mark.parametrize("loss", CORPUS, ids=lambda loss: loss.name)
    def test_no_right_gradient_is_accused_at_ten_points(self, loss):
        for seed in range(10):
            assert checked(loss, loss.df, loss.make(np.random.default_rng(seed))) is None
