"""Values to many digits: against float64 for every primitive, against mpmath's own derivatives for D[u]."""

from __future__ import annotations

import math
import subprocess
import sys
import warnings
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from samples import Sample, all_samples

from chainrule.core.graph import Node, constant
from chainrule.core.pending import pending, pending_limit
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building, primitives
from chainrule.core.shapes import elementwise
from chainrule.errors import DerivationError, GraphError
from chainrule.ops import rules
from chainrule.passes.closed_forms import exact
from chainrule.passes.precise import Nesting, Precise
from chainrule.passes.precise_scalars import SCALARS
from chainrule.read.formula import parse

F = building
mp = mpmath.mp.clone()
mp.dps = 80

SAMPLES = [sample for sample in all_samples() if not sample.primitive.shape.depends_on_values]


def variable(name: str, shape: tuple[int, ...] = (), dtype: Any = float) -> Node:
    return Node(None, (), {"name": name}, shape, dtype, name)


def scalar(value: Any) -> Any:
    """A number of any context as one of the context of these tests."""
    return mp.mpf(value)


def test_every_scalar_primitive_is_spelled() -> None:
    scalars = {name for name, primitive in primitives().items() if primitive.shape is elementwise and primitive.module}
    assert set(SCALARS) == scalars


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_primitive_agrees_with_its_floats(sample: Sample) -> None:
    inputs, point, operands = [], [], []
    for i, x in enumerate(sample.operands):
        if np.asarray(x).dtype.kind == "f":
            inputs.append(variable(f"x{i}", np.shape(x), np.asarray(x).dtype))
            point.append(x)
        operands.append(inputs[-1] if np.asarray(x).dtype.kind == "f" else constant(x))
    node = getattr(F, sample.primitive.name)(*operands, **sample.parameters)
    value = Precise(inputs, [point], digits=30).value(node, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = np.asarray(sample.primitive.evaluate(*sample.operands, **sample.parameters))
    number = complex if want.dtype.kind == "c" else float
    got = np.asarray(np.frompyfunc(number, 1, 1)(value)).astype(want.dtype)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("eigh", {"UPLO": "L"}), ("eigh", {"UPLO": "U"}), ("eigvalsh", {"UPLO": "L"}), ("eig", {}), ("eigvals", {}),
     ("svd", {"full_matrices": True}), ("svdvals", {}), ("qr", {"complete": True}), ("pinv", {"rcond": 1e-12}),
     ("expm", {})],
)  # fmt: skip
def test_decompositions_of_complex_matrices_agree_with_their_floats(name: str, parameters: dict[str, Any]) -> None:
    rng = np.random.default_rng(4)
    square = name.startswith("e")
    a = rng.normal(size=(3, 3 if square else 2)) + 1j * rng.normal(size=(3, 3 if square else 2))
    value = Precise([], [[]], digits=30).value(getattr(F, name)(constant(a), **parameters), 0)
    want = primitives()[name].evaluate(a, **parameters)
    np.testing.assert_allclose(np.frompyfunc(complex, 1, 1)(value).astype(complex), want, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_pending_derivative_is_the_one_of_mpmath(order: int) -> None:
    graph = parse("x^2 exp(sin(3x)) + ln(x)/sqrt(x)")
    term = graph.outputs[0]
    for _ in range(order):
        term = pending(term, graph.inputs[0])
    assert Nesting()(term) == order
    value = Precise(graph.inputs, [[1.7]], digits=40, nesting=order).value(term, 0)
    want = mp.diff(lambda x: x**2 * mp.exp(mp.sin(3 * x)) + mp.ln(x) / mp.sqrt(x), mp.mpf(1.7), order)
    assert abs(scalar(value) - want) < 1e-38 * abs(want)


def test_mixed_partial_derivatives() -> None:
    graph = parse("sin(x y^2)")
    x, y = graph.inputs
    mixed = pending(pending(graph.outputs[0], x), y)
    point = (0.7, -1.3)
    value = Precise(graph.inputs, [point], digits=40, nesting=2).value(mixed, 0)
    want = mp.diff(lambda x, y: mp.sin(x * y**2), point, (1, 1))
    assert abs(scalar(value) - want) < 1e-38


def test_the_change_in_a_direction() -> None:
    X, direction = variable("X", (3, 3)), variable("H", (3, 3))
    rng = np.random.default_rng(0)
    a, h = rng.normal(size=(3, 3)) + 3 * np.eye(3), rng.normal(size=(3, 3))
    precise = Precise([X, direction], [[a, h]], digits=30)
    value = precise.value(pending(F.det(X), X, direction), 0)
    want = np.linalg.det(a) * np.trace(np.linalg.solve(a, h))
    np.testing.assert_allclose(float(value), want, rtol=1e-13)
    np.testing.assert_allclose(precise.value(pending(X, X, direction), 0).astype(float), h, rtol=1e-15)


def test_the_limit_of_a_quotient() -> None:
    x, h = variable("x"), variable("h")
    quotient = (F.exp(x + h) - F.exp(x)) / h
    precise = Precise([x], [[0.7]], letters={h: constant(0.0)})
    assert abs(scalar(precise.value(pending_limit(quotient, h), 0)) - mp.exp(mp.mpf(0.7))) < 1e-38
    assert Nesting()(pending_limit(quotient, h)) == 1


def test_a_difference_of_booleans_is_zero() -> None:
    x = variable("x")
    precise = Precise([x], [[1.5]])
    assert precise.value(pending(F.greater(x, 1.0), x), 0) == 0
    assert precise.value(pending(F.floor(x), x), 0) == 0


def test_the_cardinal_sine_at_0() -> None:
    x = variable("x")
    precise = Precise([x], [[0.0]], digits=30)
    term = F.sinc(x)
    for order in range(1, 5):
        entry = precise.value(F.sinc_derivative(x, order=order), 0)
        assert abs(scalar(entry) - mp.diff(lambda t: mp.sincpi(t), 0, order)) < 1e-25
    assert precise.value(term, 0) == 1


def test_what_a_gradient_stops_at_does_not_move() -> None:
    x = variable("x")
    value = Precise([x], [[1.5]]).value(pending(x * F.stop_gradient(F.square(x)), x), 0)
    assert abs(value - 2.25) < 1e-35


def test_a_letter_stands_for_a_term() -> None:
    x, u = variable("x"), variable("u")
    precise = Precise([x], [[0.4]], letters={u: 3 * x})
    inner = scalar(3) * mp.mpf(0.4)
    assert abs(scalar(precise.value(pending(F.sin(u), u), 0)) - mp.cos(inner)) < 1e-38
    assert abs(scalar(precise.value(pending(F.sin(u), x), 0)) - 3 * mp.cos(inner)) < 1e-38


def test_an_input_without_a_value_is_named() -> None:
    x, t = variable("x"), variable("t")
    with pytest.raises(GraphError, match="input t has no value"):
        Precise([x], [[1.0]]).value(x * t, 0)
    assert Precise([x], [[3.0]], free=lambda node, point: 0.5).value(x * t, 0) == 1.5


def test_outside_the_domain_is_nan_and_where_passes_it_by() -> None:
    x = variable("x")
    precise = Precise([x], [[-2.0]])
    outside = [F.log(x), F.sqrt(x), F.power(x, 0.5), F.arccosh(x), 1 / (x + 2)]
    assert all(precise.m.isnan(precise.value(node, 0)) for node in outside)
    assert precise.value(F.where(F.greater(x, 0.0), F.log(x), x), 0) == -2
    vector = variable("v", (2,))
    pair = Precise([vector], [[np.array([-1.0, 1.0])]])
    assert [bool(pair.m.isnan(v)) for v in pair.value(F.log(vector), 0)] == [True, False]
    matrix = constant(np.array([[1.0, 2.0], [2.0, 1.0]]))
    assert all(pair.m.isnan(v) for v in pair.value(F.cholesky(matrix), 0).flat)
    assert all(pair.m.isnan(v) for v in pair.value(F.inv(constant(np.ones((2, 2)))), 0).flat)


def test_numbers_overflow_far_beyond_floats() -> None:
    x = variable("x")
    precise = Precise([x], [[-2000.0]])
    assert 0 < precise.value(F.exp(x), 0) < 1e-300
    huge = F.exp(F.square(x))
    assert precise.value(huge, 0) == math.inf
    assert precise.value(-huge, 0) == -math.inf
    assert precise.value(F.exp(-F.square(x)), 0) == 0
    assert precise.value(1 / (1 + huge), 0) == 0
    assert precise.m.isnan(precise.value(huge - huge, 0))


def test_complex_values_stay_complex() -> None:
    z = variable("z", (), complex)
    precise = Precise([z], [[0.5 + 2j]])
    np.testing.assert_allclose(complex(precise.value(F.exp(z), 0)), np.exp(0.5 + 2j))
    np.testing.assert_allclose(complex(precise.value(z * constant(1j), 0)), 1j * (0.5 + 2j))
    pair = F.stack(z, F.exp(z), axis=0)
    np.testing.assert_allclose(precise.value(pair, 0).astype(complex), [0.5 + 2j, np.exp(0.5 + 2j)])


def test_integers_and_booleans_are_numbers_where_they_are_computed_with() -> None:
    v = variable("v", (2, 3))
    precise = Precise([v], [[np.arange(6.0).reshape(2, 3)]])
    third = precise.value(1 / F.size(v, axis=(1,)), 0)
    assert third * 3 == 1
    count = F.count_nonzero(F.greater(v, 2.0), axis=(1,), keepdims=False)
    assert precise.value(count, 0).tolist() == [0, 3]
    assert precise.value(count / 7, 0)[1] * 7 == 3
    assert precise.value(F.cast_discrete(F.getitem(v, pattern=(0, 1)) + 0.5, dtype="int64"), 0) == 1
    assert precise.value(F.cast_discrete(v + 0.5, dtype="int64"), 0).tolist() == [[0, 1, 2], [3, 4, 5]]
    whole = constant(np.array([1, 2]))
    assert precise.value(F.mean(whole, axis=(0,), keepdims=False), 0) == 1.5
    assert precise.value(F.multiply(whole, whole), 0).tolist() == [1, 4]


def test_a_long_nest_needs_no_recursion() -> None:
    x = variable("x")
    term = x
    for _ in range(3000):
        term = F.sin(term)
    value = Precise([x], [[0.5]], digits=20).value(pending(term, x), 0)
    want, inner = mp.mpf(1), mp.mpf(0.5)
    for _ in range(3000):
        want, inner = want * mp.cos(inner), mp.sin(inner)
    assert abs(scalar(value) - want) < 1e-18 * abs(want)


def test_an_operation_of_the_users_works_if_it_is_arithmetic() -> None:
    def entry(name: str, evaluate: Any) -> Primitive:
        return Primitive(name, evaluate=evaluate, shape=elementwise, derivative=F.sin, rule=rules.SINE)

    x = variable("x")
    cube = Node(entry("cube", lambda x: x * x * x), (x,), {}, (), float)
    floats = Node(entry("floats", lambda x: np.exp(x).item() + "0"), (x,), {}, (), float)
    fails = Node(entry("fails", lambda x: 1 / (x - x)), (x,), {}, (), float)
    precise = Precise([x], [[3.0]])
    assert precise.value(cube, 0) == 27
    assert precise.m.isnan(precise.value(fails, 0))
    named_sin = Node(entry("sin", lambda x: x + math.sin(0.5)), (x,), {}, (), float)
    rounded = Node(entry("rounded", lambda x: np.array([math.exp(x)])), (x,), {}, (1,), float)
    for node in (floats, rounded):
        with pytest.raises(DerivationError, match=r"the operation \w+ computes with floats only"):
            precise.value(node, 0)
    assert abs(precise.value(named_sin, 0) - 3 - math.sin(0.5)) < 1e-15


def test_the_size_is_that_of_the_largest_number_on_the_way() -> None:
    x = variable("x")
    precise = Precise([x], [[2.0]])
    node = (x + 1e6) - 1e6
    assert precise.value(node, 0) == 2
    assert precise.size(node, 0) == 1_000_002
    vector = constant(np.array([-3.0, np.nan]))
    precise.value(vector, 0)
    assert precise.size(vector, 0) == 3


def test_values_in_messages() -> None:
    precise = Precise([], [[]])
    assert precise.text(precise.m.mpf(1) / 3) == "0.33333333"
    assert precise.text(precise.m.mpf(1) / 3, 3) == "0.333"
    assert precise.text(precise.m.mpf(5)) == "5"
    assert precise.text(np.array([precise.m.mpf(5), precise.m.mpf(0.5)], object)) == "[5 0.5]"


EXACT = {
    0.1: mp.mpf(1) / 10,
    0.1 - 1: -mp.mpf(9) / 10,
    0.1 * 3: mp.mpf(3) / 10,
    1 / 3: mp.mpf(1) / 3,
    -0.0123457: mp.mpf("-0.0123457"),
    1e-20: mp.mpf("1e-20"),
    6.02e23: mp.mpf("6.02e23"),
    0.0: mp.mpf(0),
    math.log(2): mp.ln2,
    2 * math.log(2): 2 * mp.ln2,
    math.log(10): mp.ln10,
    1 / math.log(10): 1 / mp.ln10,
    math.log(0.7): mp.log(mp.mpf(7) / 10),
    math.pi / 180: mp.pi / 180,
    180 / math.pi: 180 / mp.pi,
    3 * math.pi / 2: 3 * mp.pi / 2,
    math.pi - 1: mp.pi - 1,
    2 * math.pi - 2: 2 * mp.pi - 2,
    math.e - 1: mp.e - 1,
    math.e / 3 - 2: mp.e / 3 - 2,
    -2 / math.sqrt(math.pi): -2 / mp.sqrt(mp.pi),
    math.e: mp.e,
    -math.sqrt(3) / 2: -mp.sqrt(3) / 2,
    0.7312938471982374: mp.mpf(0.7312938471982374),
    2.0**60 + 2.0**10: mp.mpf(2.0**60 + 2.0**10),
}


@pytest.mark.parametrize(("value", "want"), EXACT.items(), ids=str)
def test_the_number_that_a_float_stands_for(value: float, want: Any) -> None:
    assert abs(exact(mp, value) - want) <= abs(want) * mp.mpf(10) ** -75


def test_most_floats_stand_for_themselves() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=2000) * 10.0 ** rng.integers(-6, 6, 2000)
    found = [exact(mp, value) for value in values.tolist()]
    assert all(abs(number / mp.mpf(value) - 1) < 2.0**-50 for number, value in zip(found, values, strict=True))
    assert sum(number == mp.mpf(value) for number, value in zip(found, values, strict=True)) > 1800


def test_constants_by_name_and_kind() -> None:
    graph = parse("e^x + pi")
    precise = Precise(graph.inputs, [[Fraction(1, 3)]], digits=50)
    assert abs(scalar(precise.value(graph.outputs[0], 0)) - mp.exp(mp.mpf(1) / 3) - mp.pi) < mp.mpf(10) ** -50
    assert precise.m.isinf(precise.value(constant(math.inf), 0))
    assert precise.value(constant(np.float32(0.1)), 0) == float(np.float32(0.1))


def test_constants_off_by_a_rounding() -> None:
    x = variable("x")
    rough = 0.7312938471982374
    term = rough * x + 0.1 * x + math.pi * x + 3.0
    middle = Precise([x], [[1.0]]).value(term, 0)
    values = {float(Precise([x], [[1.0]], rounding=trial).value(term, 0) - middle) for trial in range(1, 9)}
    assert {round(value / 2.0**-52 / rough, 6) for value in values} == {1.0, -1.0}


def test_importing_chainrule_does_not_import_mpmath() -> None:
    code = "import sys, chainrule.passes.precise, chainrule as cr; cr.grad; raise SystemExit('mpmath' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
