"""The evidence of a failed check: what a diagnosis may ask for, and what cannot be had."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from chainrule.errors import ShapeError
from chainrule.numeric import Mistake, check
from chainrule.numeric.checking.claim import Claim
from chainrule.numeric.checking.collect import evidence_of
from chainrule.numeric.checking.exact import exact_derivative
from chainrule.numeric.checking.objective import Objective, single


def untraceable(f):
    @functools.wraps(f)
    def value(*args):
        return float(np.asarray(f(*args)))

    return value


def evidence(f, df, *args):
    objective = Objective(f, args, 0, None, single)
    value = objective.value()
    exact = exact_derivative(objective, value)
    given = objective.gradients(df)
    claim = Claim(objective, value, given, df, exact, False)
    reference = np.zeros(claim.flat.size) if exact is None else claim.exact_flat()
    return evidence_of(objective, df, claim.parts(reference, np.full(claim.flat.size, 1e-12)), exact)


class TestAnotherArgument:
    A, x = np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([1.0, -2.0])

    def test_its_gradient_is_the_exact_one(self):
        found = evidence(lambda x, A: x @ A @ x, lambda x, A: A @ x, self.x, self.A)
        assert np.array_equal(found.others("A"), np.outer(self.x, self.x))

    @pytest.mark.parametrize("name", ["x", "B"], ids=["differentiated already", "unknown"])
    def test_there_is_none(self, name):
        assert evidence(lambda x, A: x @ A @ x, lambda x, A: A @ x, self.x, self.A).others(name) is None

    def test_there_is_none_where_f_is_not_traced(self):
        found = evidence(untraceable(lambda x, A: x @ A @ x), lambda x, A: A @ x, self.x, self.A)
        assert found.others("A") is None

    def test_there_is_none_of_text(self):
        found = evidence(lambda x, how: np.sum(x**2) if how == "sum" else 0.0 * x[0], lambda x, how: -x, self.x, "sum")
        assert found.others("how") is None


class TestAnotherPoint:
    x = np.array([1.0, -2.0, 3.0])

    def test_lies_close_by_and_has_the_exact_gradient(self):
        found = evidence(lambda x: np.sum(x**3), lambda x: x**2, self.x).elsewhere()
        (part,) = found.parts
        assert (part.point != self.x).all()
        assert (abs(part.point - self.x) <= abs(self.x) / 32).all()
        assert np.allclose(part.reference, 3 * part.point**2, rtol=1e-15)
        assert np.array_equal(part.claimed, part.point**2)
        assert (part.tolerance < 1e-12).all()

    def test_a_symmetric_matrix_stays_symmetric(self):
        S = np.array([[2.0, 1.0], [1.0, 3.0]])
        (part,) = evidence(lambda S: np.sum(S @ S), lambda S: S, S).elsewhere().parts
        assert np.array_equal(part.point, part.point.T)

    def test_there_is_none_where_f_is_not_traced(self):
        assert evidence(untraceable(lambda x: np.sum(x**3)), lambda x: x**2, self.x).elsewhere() is None

    def test_there_is_none_where_the_gradient_fails(self):
        def df(x):
            if not np.array_equal(x, self.x):
                raise ValueError("only here")
            return x**2

        assert evidence(lambda x: np.sum(x**3), df, self.x).elsewhere() is None

    def test_there_is_none_where_the_gradient_is_not_finite(self):
        def df(x):
            return x**2 if np.array_equal(x, self.x) else np.full(3, np.nan)

        assert evidence(lambda x: np.sum(x**3), df, self.x).elsewhere() is None


class TestAnotherShape:
    def test_is_explained_by_what_was_measured_where_f_is_not_traced(self):
        X = np.arange(6.0).reshape(2, 3) / 7
        result = check(untraceable(lambda X: np.sum(np.sin(X))), lambda X: np.cos(X).T, X)
        assert result.mistake.kind is Mistake.TRANSPOSED

    def test_many_components_are_not_measured_for_it(self):
        x = np.linspace(0.1, 2.0, 300)
        calls = []

        def f(x):
            calls.append(1)
            return float(np.asarray(np.sum(np.sin(x))))

        with pytest.raises(ShapeError, match=r"has shape \(299,\), but x has shape \(300,\)"):
            check(f, lambda x: np.cos(x)[1:], x)
        assert len(calls) < 300

    def test_says_so_where_f_ends_beside_the_point(self):
        with pytest.raises(ShapeError, match=r"has shape \(1,\), but x has shape \(2,\)"):
            check(untraceable(lambda x: np.sum(np.sqrt(x))), lambda x: np.ones(1), np.array([0.0, 1.0]))
