"""The exact derivative of the function under test: where there is one, and where the differences speak alone."""

from __future__ import annotations

import numpy as np
import pytest

import chainrule as cr
from chainrule.numeric.checking.exact import exact_derivative, exact_gradients
from chainrule.numeric.checking.objective import Objective, single


def exact(f, *args, argnums=0):
    objective = Objective(f, args, argnums, None, single)
    return exact_derivative(objective, objective.value())


def test_it_is_that_of_grad_leaf_by_leaf():
    A, x = np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([1.0, -2.0])
    found = exact(lambda A, x: x @ A @ x, A, x, argnums=(0, 1))
    assert np.array_equal(found.gradients[0], np.outer(x, x))
    assert np.array_equal(found.gradients[1], (A + A.T) @ x)


def test_f_that_computes_another_value_when_traced_is_not_believed():
    def f(x):
        return x**2 if isinstance(x, np.ndarray | np.generic | float) else x**3

    assert exact(f, 2.0) is None


@pytest.mark.parametrize(
    "f",
    [lambda x: float(np.asarray(x)) ** 2, lambda x: x**2 if isinstance(x, float) else "text"],
    ids=["leaves the trace", "returns no number"],
)
def test_f_that_cannot_be_traced_has_none(f):
    assert exact(f, 2.0) is None


def test_a_rule_that_fails_leaves_the_differences_alone():
    square = cr.primitive(lambda x: x**2)

    def fails(g, out, x):
        raise ZeroDivisionError

    cr.define_vjp(square, fails)
    assert exact(lambda x: square(x), 3.0) is None


def test_a_rule_of_another_shape_leaves_the_differences_alone():
    total = cr.primitive(lambda x: np.sum(x**2))
    cr.define_vjp(total, lambda g, out, x: np.ones(5))
    assert exact(lambda x: total(x), np.ones(3)) is None


def test_of_what_f_does_not_depend_on_it_is_zero():
    found = exact(lambda x: np.sum(np.ones_like(x)), np.ones(3))
    assert np.array_equal(found.gradients[0], np.zeros(3))


def test_at_other_leaves_the_same_branch_is_differentiated():
    found = exact(lambda x: np.sum(x**3), np.array([1.0, 2.0]))
    (gradient,) = exact_gradients(found.graph, [np.array([3.0, -1.0])])
    assert np.array_equal(gradient, [27.0, 3.0])


def test_at_leaves_that_take_another_branch_there_is_none():
    found = exact(lambda x: x**2 if x > 0 else x, 2.0)
    assert exact_gradients(found.graph, [np.array(-2.0)]) is None


def test_the_kinks_that_f_depends_on_are_named_with_their_count():
    found = exact(lambda x: np.sum(np.maximum(x, 0.0)), np.array([0.0, 0.0, 1.0]))
    (kink,) = found.kinks
    assert "(2 times)" in kink
    assert not exact(lambda x: np.sum(x) + 0.0 * np.sum(np.maximum(x, 0.0)), np.zeros(2)).kinks


def test_operations_of_the_user_are_named():
    cube = cr.primitive(lambda x: x**3)
    cr.define_vjp(cube, lambda g, out, x: g * 3 * x**2)
    assert len(exact(lambda x: cube(x), 2.0).custom) == 1
    assert exact(lambda x: x**3, 2.0).custom == ()
