"""Sample points: inside every domain, on both sides of every branch, the same ones each time."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import chainrule as cr
from chainrule.core.domain import Interval
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.registry import building
from chainrule.errors import ArgumentError, DerivationError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.sample_points import sample_points

F = building


def scalar(f: Callable[..., Node], *names: str, dtype: Any = float) -> Graph:
    """The graph of a function of scalars, written with F."""
    inputs = tuple(Node(None, (), {"name": name}, (), dtype, name) for name in names or ("x",))
    return Graph(inputs, (f(*inputs),))


def column(points: list[list[Any]], i: int = 0) -> list[float]:
    return [float(point[i]) for point in points]


NARROW = {
    "arccosh(x^2 + 2)": lambda x: F.arccosh(x * x + 2),
    "log(log(x))": lambda x: F.log(F.log(x)),
    "log(log(log(x - 100)))": lambda x: F.log(F.log(F.log(x - 100))),
    "sqrt(1 - x^2)": lambda x: F.sqrt(1 - x * x),
    "arcsin(3x - 1)": lambda x: F.arcsin(3 * x - 1),
    "sqrt(1 - (x - 1000)^2)": lambda x: F.sqrt(1 - F.square(x - 1000)),
    "log(1e-4 - (x - 543.21)^2)": lambda x: F.log(1e-4 - F.square(x / 2 - 271.605)),
    "log(-x - 1e5)": lambda x: F.log(-x - 1e5),
    "sqrt(x - 5) + sqrt(6 - x)": lambda x: F.sqrt(x - 5) + F.sqrt(6 - x),
    "sqrt(sin(x) - 0.99)": lambda x: F.sqrt(F.sin(x) - 0.99),
    "x^x": lambda x: x**x,
}


@pytest.mark.parametrize("f", NARROW.values(), ids=NARROW.keys())
def test_narrow_domains_are_found(f: Any) -> None:
    graph = scalar(f)
    points = sample_points(graph)
    assert len(points) >= 8
    assert len(set(column(points))) == len(points)
    for x in column(points):
        assert np.isfinite(evaluate(graph, np.float64(x))[0])


def test_two_inputs_bound_to_each_other() -> None:
    graph = scalar(lambda x, y: F.log(1e-3 - F.square(x - y)) + F.sqrt(x + y - 77), "x", "y")
    points = sample_points(graph)
    assert len(points) >= 8
    assert all(abs(float(x) - float(y)) < 0.04 and float(x) + float(y) > 77 for x, y in points)


def test_points_are_many_of_both_signs_and_of_several_scales() -> None:
    x = np.array(column(sample_points(scalar(F.sin))))
    assert len(x) == 8
    assert 2 <= np.count_nonzero(x < 0) <= 6
    assert np.ptp(np.log10(np.abs(x))) > 0.5
    assert len(sample_points(scalar(F.sin), count=20)) == 20


def test_no_float_is_a_point() -> None:
    for (x,) in sample_points(scalar(F.sin)):
        assert isinstance(x, Fraction)
        assert Fraction(float(x)) != x
        assert abs(Fraction(float(x)) / x - 1) < 2.0**-52


def test_the_same_graph_has_the_same_points() -> None:
    assert sample_points(scalar(F.exp)) == sample_points(scalar(F.exp))


SIDES = {
    "|x|": (F.abs, 0.0),
    "|x - 20|": (lambda x: F.abs(x - 20), 20.0),
    "relu(x + 300)": (lambda x: F.relu(x + 300), -300.0),
    "max(x, 2)": (lambda x: F.maximum(x, 2.0), 2.0),
    "where(x > 1, sqrt(x - 1), 0)": (lambda x: F.where(F.greater(x, 1.0), F.sqrt(x - 1), 0.0), 1.0),
    "sign(x)": (F.sign, 0.0),
    "clip(x, -50, 50)": (lambda x: F.clip(x, -50.0, 50.0), -50.0),
    "log|x|": (lambda x: F.log(F.abs(x)), 0.0),
    "step(x)": (lambda x: F.heaviside(x, 0.5), 0.0),
}


@pytest.mark.parametrize(("f", "kink"), SIDES.values(), ids=SIDES.keys())
def test_four_points_on_each_side_of_a_kink(f: Any, kink: float) -> None:
    x = np.array(column(sample_points(scalar(f))))
    assert np.count_nonzero(x < kink) >= 4
    assert np.count_nonzero(x > kink) >= 4


def test_a_side_that_does_not_exist_is_not_waited_for() -> None:
    x = column(sample_points(scalar(lambda x: F.abs(F.sqrt(x)))))
    assert len(x) == 8
    assert min(x) > 0


def test_a_staircase_has_some_steps_covered() -> None:
    x = np.floor(column(sample_points(scalar(F.floor))))
    assert sorted(np.unique(x, return_counts=True)[1])[-4:] >= [4, 4, 4, 4]


def test_where_all_points_are_kinks_these_are_taken() -> None:
    assert len(sample_points(scalar(lambda x: F.maximum(x, x)))) >= 8


@pytest.mark.parametrize(
    ("interval", "low", "high"),
    [((0, math.inf), 0, math.inf), (Interval(high=-7.0), -math.inf, -7), ((3, 3.5), 3, 3.5), ((-1e9, 1e9), -1e9, 1e9)],
)
def test_a_declared_domain_is_kept(interval: Any, low: float, high: float) -> None:
    x = column(sample_points(scalar(lambda x: F.sin(x) + F.abs(x)), {"x": interval}))
    assert len(x) >= 8
    assert all(low < value < high for value in x)
    v = Node(None, (), {"name": "v"}, (3,), np.dtype(float), "v")
    for (vector,) in sample_points(Graph((v,), (F.sin(v),)), {"v": interval}):
        assert all(low < float(value) < high for value in vector)


def test_a_declared_domain_holds_in_the_search() -> None:
    x = column(sample_points(scalar(lambda x: F.log(1e-4 - F.square(x * x - 3))), {"x": (1, 2)}))
    assert all(1 < value < 2 for value in x)


def test_a_domain_that_cannot_be() -> None:
    with pytest.raises(ArgumentError, match="the domain of x, from 2 to 1, is empty"):
        sample_points(scalar(F.sin), {"x": (2, 1)})
    with pytest.raises(ArgumentError, match="names 'y', which is no input; inputs are x"):
        sample_points(scalar(F.sin), {"y": (1, 2)})


def test_defined_nowhere() -> None:
    with pytest.raises(DerivationError, match=r"f is defined at none of [\d,]+ points tried, with x in \(-inf, inf\)"):
        sample_points(scalar(lambda x: F.log(-1 - x * x)))
    with pytest.raises(DerivationError, match=r"x in \(2, 3\) and y in \(-inf, inf\)"):
        sample_points(scalar(lambda x, y: F.log(1 - x) * y, "x", "y"), {"x": (2, 3)})
    v = Node(None, (), {"name": "v"}, (3,), np.dtype(float), "v")
    with pytest.raises(DerivationError, match="v in"):
        sample_points(Graph((v,), (F.log(-1 - v * v),)))


def test_no_inputs() -> None:
    assert sample_points(Graph((), (constant(3.0),))) == [[]]


def test_guards_hold_at_every_point() -> None:
    def pieces(x: Any) -> Any:
        return x**2 if x > 30 else x

    for at in (31.0, 2.0):
        graph = cr.graph(pieces, at)
        for x in column(sample_points(graph, start=dict(graph.arguments))):
            assert (x > 30) == (at > 30)


def test_a_guard_that_leaves_one_point() -> None:
    graph = cr.graph(lambda x: x**2 if x == 3.25 else x, 3.25)
    assert set(column(sample_points(graph, start={"x": 3.25}))) == {3.25}
    with pytest.raises(DerivationError):
        sample_points(graph, {"x": (4, 5)}, {"x": 3.25})


def test_arrays_are_drawn_from_the_domain_of_what_takes_them() -> None:
    S = Node(None, (), {"name": "S"}, (3, 3), np.dtype(float), "S")
    for (matrix,) in sample_points(Graph((S,), (F.cholesky(S),))):
        assert np.all(np.linalg.eigvalsh(matrix.astype(float)) > 0)
    v = Node(None, (), {"name": "v"}, (6,), np.dtype(float), "v")
    for f in (F.log, F.logit, F.arccosh):
        points = sample_points(Graph((v,), (f(v),)))
        assert len(points) == 8
        assert all(np.isfinite(evaluate(Graph((v,), (f(v),)), point[0].astype(float))[0]).all() for point in points)


def test_singular_matrices_are_passed_by() -> None:
    x = Node(None, (), {"name": "x"}, (), float, "x")
    rows = F.stack(F.stack(F.maximum(x, 0.0), 0.0 * x, axis=0), F.stack(0.0 * x, 1 + 0 * x, axis=0), axis=0)
    points = sample_points(Graph((x,), (F.trace(F.inv(rows)) + F.abs(x),)))
    assert len(points) >= 8
    assert min(column(points)) > 0


def test_a_square_matrix_without_a_domain_of_its_own() -> None:
    S = Node(None, (), {"name": "S"}, (3, 3), np.dtype(float), "S")
    eigenvalues = [np.linalg.eigvalsh(point[0].astype(float)) for point in sample_points(Graph((S,), (F.trace(S),)))]
    assert any((values > 0).all() for values in eigenvalues)
    assert any((values < 0).any() for values in eigenvalues)


def test_operations_with_kinks_of_every_kind() -> None:
    wheels = column(sample_points(scalar(lambda x: F.remainder(x, 2.0) + F.abs(constant(-3.0)))))
    assert min(wheels) < 0 < max(wheels)
    assert len(sample_points(scalar(lambda z: F.angle(z) + F.abs_complex(z), "z", dtype=complex))) == 8


def test_integers_and_complex_numbers() -> None:
    (n,) = sample_points(scalar(lambda n: F.square(n), "n", dtype=np.dtype(int)))[0]
    assert isinstance(n, np.integer)
    (z,) = sample_points(scalar(F.exp, "z", dtype=complex))[0]
    assert abs(z.imag) > 0
    k = Node(None, (), {"name": "k"}, (4,), np.dtype(int), "k")
    assert sample_points(Graph((k,), (F.square(k),)))[0][0].dtype == int
