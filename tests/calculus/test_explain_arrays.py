"""Every operation of arrays is derived: there is never a "don't know", whatever it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from samples import Sample, samples_of

import chainrule as cr
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise


def of_arrays(primitive: Primitive) -> Iterator[Sample]:
    """The samples of an operation that have something to differentiate, and whose value is an array with numbers."""
    for sample in samples_of(primitive):
        sizes = [np.size(x) for x in sample.operands]
        shaped = any(np.ndim(x) for x in sample.values())
        if sample.active and shaped and 0 not in sizes and np.size(sample.call(*sample.values())):
            yield sample


def weighted(sample: Sample) -> tuple[Any, list[np.ndarray[Any, Any]]]:
    """A number that an operation makes of one of its operands, for each of these."""

    def of(i: int) -> Any:
        def number(x: Any) -> Any:
            values = sample.values()
            values[i] = x
            made = sample.call(*values)
            made = made.real if np.asarray(cr.value(made)).dtype.kind == "c" else made
            return np.sum(np.random.default_rng(0).normal(size=made.shape) * made)

        return number

    return [of(i) for i in range(len(sample.active))], sample.values()


def explained(sample: Sample) -> None:
    for f, x in zip(*weighted(sample), strict=True):
        if np.asarray(x).dtype.kind == "c":
            with pytest.raises(cr.ArgumentError, match="derivations are of functions of real numbers"):
                cr.explain(f, x)
            continue
        derivation = cr.explain(f, x)
        assert "checked: each step holds" in derivation.to_text()
        if np.ndim(x):
            found = [part.value for part in derivation.parts]  # one, or one for each entry
            found = found[0] if len(found) == 1 and np.ndim(found[0]) else np.reshape(found, np.shape(x))
            np.testing.assert_allclose(found, cr.grad(f)(x), rtol=1e-7, atol=1e-9)


LONG = ("convolve", "expm_change", "logm", "logm_change", "sqrtm_change")  # seconds each in thirty digits
STRUCTURAL = [
    p for p in primitives().values() if p.shape is not elementwise and p.name not in LONG and any(of_arrays(p))
]


@pytest.mark.parametrize("primitive", STRUCTURAL, ids=lambda p: p.name)
def test_every_operation_of_arrays_is_explained(primitive: Primitive) -> None:
    explained(min(of_arrays(primitive), key=lambda sample: sum(map(np.size, sample.operands))))


@pytest.mark.slow
@pytest.mark.parametrize("primitive", list(primitives().values()), ids=lambda p: p.name)
def test_every_example_of_every_operation_is_explained(primitive: Primitive) -> None:
    for sample in of_arrays(primitive):
        explained(sample)


def test_vectors_whose_phase_is_open_follow_the_point() -> None:
    # A pair of complex vectors of a real matrix, which is itself computed, so that floats do not have it exactly.
    A, c = np.array([[1.0, 2.0], [-2.0, 1.5]]), np.arange(1.0, 5.0).reshape(2, 2)
    vectors = cr.explain(lambda x: np.sum(c * np.abs(np.linalg.eig(x @ x + x)[1]) ** 2), A)
    assert "to 30 digits" in vectors.to_text()
    H = np.array([[1.0, 2.0j], [-2.0j, 1.5]])
    hermitian = cr.explain(lambda t: np.sum(c * np.abs(np.linalg.eigh(H * t + np.diag([1.0, 2.0]))[1]) ** 2), 0.7)
    assert "to 30 digits" in hermitian.to_text()


def test_a_flow_is_linear_in_its_tangents_only() -> None:
    def rate(y: Any, t: Any, k: Any) -> Any:
        return np.stack([y[1], -k * np.sin(y[0])])

    derivation = cr.explain(lambda y: cr.odeint(rate, y, np.array([0.0, 0.3]), 2.0)[1, 0], np.array([0.4, 0.1]))
    assert "checked: each step holds" in derivation.to_text()


# NumPy functions whose derivation ended in an error of Python.

A = np.array([[2.0, 0.5], [0.3, 1.5]])


@pytest.mark.parametrize(
    "f",
    [
        lambda A: np.sum(np.linalg.solve(A, np.ones(2))),
        lambda A: np.linalg.norm(A, "nuc"),
        lambda A: np.sum(np.sort(A) * np.arange(2.0)),
        lambda A: np.sum(np.interp(A, [0, 1, 3], [0, 1, 9.0])),
        lambda A: np.sum(np.where(A > 1, 1.0, 0.0) * A),
        lambda A: np.sum(np.linalg.inv(A)),
    ],
)
def test_numpy_functions(f: Any) -> None:
    np.testing.assert_allclose(cr.explain(f, A).parts[0].value, cr.grad(f)(A), rtol=1e-12)


def test_an_operand_by_which_the_derivative_is_zero() -> None:
    over_gaps = primitives()["over_gaps"]
    values, weights = np.array([1.0, 2.0, 4.0]), np.ones((3, 3))
    derivation = cr.explain(lambda x: np.sum(over_gaps(np.eye(3), values, x, of="eigenvalues")), weights)
    np.testing.assert_array_equal(derivation.parts[0].value, np.zeros((3, 3)))


# Loops and flows: the step is said, and how it is computed is not.


def test_the_step_of_a_loop_is_written_with_its_derivatives() -> None:
    def step(c: Any, x: Any) -> Any:
        return c * np.sin(x) + c**2, None

    text = cr.explain(lambda w: cr.scan(step, w, np.array([0.1, 0.2, 0.3]))[0], 0.5).to_text()
    assert "L(w) = scan(w, c1, body=step)[0]" in text
    assert "derivative of a loop" in text
    assert "with step(carry, x) = carry sin(x) + carry^2, step_carry = sin(x) + 2 carry, step_x = carry cos(x)" in text
    assert "length=" not in text

    def rotation(c: Any, x: Any) -> Any:
        return {"p": c["p"] + x * c["q"], "q": c["q"] - x * c["p"]}, c["p"]

    text = cr.explain(lambda w: np.sum(cr.scan(rotation, {"p": w, "q": 1.0}, np.array([0.1, 0.2]))[1]), 0.5).to_text()
    assert "checked: each step holds" in text
    rows = lambda A: cr.scan(lambda c, x: (np.tanh(A @ c) + x, None), np.ones(2), np.ones((2, 2)))[0][0]
    assert "tanh(" in cr.explain(rows, np.eye(2)).to_text()


def test_a_flow_is_compared_to_fewer_digits_at_fewer_points() -> None:
    def decay(y: Any, t: Any, rate: Any) -> Any:
        return -rate * y

    derivation = cr.explain(lambda r: cr.odeint(decay, 1.0, np.array([0.0, 0.5]), r)[1], 0.5)
    assert "each step holds to 8 digits at 1 point or more" in derivation.to_text()
    np.testing.assert_allclose(derivation.parts[0].value, -0.5 * np.exp(-0.25), rtol=1e-7)
    assert "rtol" not in derivation.to_text()
    assert "decay(y, t, k0) = " in derivation.to_text()


# Ones and zeros.


def test_ones_are_written_with_their_shape() -> None:
    (part,) = cr.explain("sum(inv(A)) + 3 sum(A)", wrt="A", shapes="A: n n").parts
    assert part.result.text() == "3 ones(n, n) - (A^(-1))^T ones(n, n) (A^(-1))^T"
    assert "ones(2, 2)" in cr.explain(lambda A: np.sum(np.linalg.inv(A)), A).to_text()
    assert cr.explain(lambda w: np.sum(w), np.zeros(4)).parts[0].result.text("latex") == r"\operatorname{ones}(4)"


def test_arrays_without_a_name_have_one_and_stand_in_the_table() -> None:
    X, y = np.array([[1.0, 2.0], [0.5, -1.0], [2.0, 0.3]]), np.array([1.0, 0.0, 2.0])
    derivation = cr.explain(lambda w: np.sum((1 - y) * np.exp(-X @ w)), np.array([0.1, 0.2]))
    text = derivation.to_text()
    assert "c1" in text
    assert "c2" in text
    assert text.count("constant\n") == 2
    assert "array(" not in text


def test_what_is_written_over_has_no_derivative() -> None:
    def f(x: Any) -> Any:
        out = np.copy(x)
        out[...] = 2.0
        return np.sum(np.array([1.0, 3.0]) * out)

    assert not np.any(cr.explain(f, np.array([1.0, 2.0])).parts[0].value)


def test_arrays_over_and_under_a_power_are_no_numbers() -> None:
    c, x = np.array([1.0, 2.0]), np.array([0.5, 1.5])
    for f in (lambda x: np.sum(c / x), lambda x: np.sum(x**c), lambda x: np.sum(c / x**2)):
        np.testing.assert_allclose(cr.explain(f, x).parts[0].value, cr.grad(f)(x), rtol=1e-12)
