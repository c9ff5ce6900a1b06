"""Products of arrays: NumPy is the oracle for values; a product is linear in each operand, so differences are exact."""

from __future__ import annotations

import string
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from oracles import numbers, reseeded  # noqa: F401

import chainrule as cr
from chainrule.core.graph import constant
from chainrule.core.registry import building, primitives
from chainrule.read.subscripts import read_subscripts
from chainrule.read.trace import trace


def check_linear_in_each(f: Callable[..., Any], *operands: Any) -> None:
    """Value as NumPy's; forward mode against a difference, exact for a linear map; reverse as its transpose."""
    want = f(*operands)
    for i, x in enumerate(operands):

        def in_one(t: Any, i: int = i) -> Any:
            return f(*operands[:i], t, *operands[i + 1 :])

        value, pullback = cr.vjp(in_one, x)
        assert np.shape(value) == np.shape(want)
        np.testing.assert_allclose(value, want, rtol=1e-13, atol=1e-13)
        v, w = numbers(*np.shape(x)), numbers(*np.shape(want))
        _, tangent = cr.jvp(in_one, (x,), (v,))
        np.testing.assert_allclose(tangent, in_one(x + v) - want, rtol=1e-10, atol=1e-11)
        (back,) = pullback(w)
        assert np.shape(back) == np.shape(x)
        np.testing.assert_allclose(np.sum(back * v), np.sum(w * tangent), rtol=1e-10, atol=1e-11)


def names_in(f: Callable[..., Any], *operands: Any) -> list[str]:
    graph, _ = trace(f, operands, ["a", "b", "c"][: len(operands)], "f")
    return [node.primitive.name for node in graph.nodes if node.primitive is not None]


SHAPES = [((), (3,)), ((2, 3), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((4, 2, 3), (3,)),
          ((3,), (4, 3, 2)), ((4, 2, 3), (3, 5)), ((4, 2, 3), (6, 3, 2)), ((0,), (0,)), ((2, 0), (0, 3)),
          ((0, 3), (3,)),
          ((1,), (1,)), ((1, 1), (1, 4))]  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
def test_dot(shapes: Any) -> None:
    check_linear_in_each(np.dot, *(numbers(*shape) for shape in shapes))


def test_dot_as_a_method_with_a_list_and_of_a_plain_number() -> None:
    check_linear_in_each(lambda a: a.dot([1.0, 2.0, 3.0]), numbers(2, 3))
    check_linear_in_each(lambda a: np.dot(2.0, a), numbers(2, 3))
    check_linear_in_each(lambda a: np.dot([[1.0, 2.0]], a), numbers(2))


@pytest.mark.parametrize(
    "shapes",
    [((), (3,)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 3), (4, 3)), ((2, 5, 3), (4, 3)), ((3,), (2, 5, 3)),
     ((2, 3), (4, 5, 3)), ((0,), (0,)), ((2, 0), (3, 0))],
    ids=str,
)  # fmt: skip
def test_inner(shapes: Any) -> None:
    check_linear_in_each(np.inner, *(numbers(*shape) for shape in shapes))


@pytest.mark.parametrize("shapes", [((2,), (3,)), ((2, 2), (3,)), ((), ()), ((0,), (3,)), ((2, 3), (1, 4))], ids=str)
def test_outer(shapes: Any) -> None:
    check_linear_in_each(np.outer, *(numbers(*shape) for shape in shapes))


def test_outer_of_vectors_only() -> None:
    check_linear_in_each(np.linalg.outer, numbers(2), numbers(3))
    with pytest.raises(cr.ShapeError, match=r"\(2, 2\)"):
        cr.vjp(lambda a: np.linalg.outer(a, np.ones(2)), numbers(2, 2))


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 3), (3, 2)), ((), ()), ((0,), (0,))], ids=str)
def test_vdot(shapes: Any) -> None:
    check_linear_in_each(np.vdot, *(numbers(*shape) for shape in shapes))


@pytest.mark.parametrize("shapes", [((3,), (3,)), ((2, 3), (3,)), ((4, 1, 3), (2, 3)), ((2, 0), (2, 0))], ids=str)
def test_vecdot(shapes: Any) -> None:
    a, b = (numbers(*shape) for shape in shapes)
    check_linear_in_each(np.vecdot, a, b)
    check_linear_in_each(np.linalg.vecdot, a, b)
    check_linear_in_each(lambda a, b: np.linalg.vecdot(a, b, axis=0), numbers(3, 2), numbers(3, 2))


@pytest.mark.parametrize(
    ("shapes", "axes"),
    [(((2, 3, 4), (3, 4, 5)), 2), (((2, 3), (3, 4)), 1), (((2, 3), (3,)), 1), (((2,), (3,)), 0), (((2, 3), (4,)), 0),
     (((2, 3), (3, 2)), ([0, 1], [1, 0])), (((2, 3), (3, 2)), (-1, 0)), (((4, 2, 3), (2, 5, 4)), ((0, 1), (-1, 0))),
     (((2, 3), (2, 3)), 2), (((0, 3), (3, 2)), 1), (((2, 0), (0, 3)), 1), (((3,), (4, 3)), (0, 1)), (((), ()), 0),
     (((2, 3), (4, 3)), (1, 1)), (((2, 3, 4), (4,)), 1)],
    ids=str,
)  # fmt: skip
def test_tensordot(shapes: Any, axes: Any) -> None:
    operands = [numbers(*shape) for shape in shapes]
    check_linear_in_each(lambda a, b: np.tensordot(a, b, axes), *operands)
    check_linear_in_each(lambda a, b: np.linalg.tensordot(a, b, axes=axes), *operands)


@st.composite
def tensordots(draw: Any) -> tuple[Any, Any, Any]:
    common = draw(st.lists(st.integers(1, 3), max_size=2))
    a, b = (draw(st.lists(st.integers(0, 3), max_size=2)) + common for _ in range(2))
    places = [draw(st.permutations(range(len(x)))) for x in (a, b)]
    shapes = [tuple(x[p] for p in order) for x, order in zip((a, b), places, strict=True)]
    axes = tuple(
        [order.index(len(x) - len(common) + k) for k in range(len(common))]
        for x, order in zip((a, b), places, strict=True)
    )
    return shapes[0], shapes[1], axes


@settings(deadline=None, max_examples=60)
@given(tensordots())
def test_tensordot_over_any_axes(case: Any) -> None:
    a, b, axes = case
    check_linear_in_each(lambda x, y: np.tensordot(x, y, axes), numbers(*a), numbers(*b))


@st.composite
def matmuls(draw: Any) -> tuple[Any, Any]:
    m, n, k = (draw(st.integers(0, 3)) for _ in range(3))
    lead = draw(st.lists(st.integers(1, 3), max_size=2))
    leads = [
        tuple(draw(st.sampled_from([1, size])) for size in lead[draw(st.integers(0, len(lead))) :]) for _ in range(2)
    ]
    a = draw(st.sampled_from([(n,), (*leads[0], m, n)]))
    b = draw(st.sampled_from([(n,), (*leads[1], n, k)]))
    return a, b


@settings(deadline=None, max_examples=80)
@given(matmuls())
def test_matmul_of_any_shapes(case: Any) -> None:
    a, b = (numbers(*shape) for shape in case)
    check_linear_in_each(lambda x, y: x @ y, a, b)
    check_linear_in_each(np.linalg.matmul, a, b)


@pytest.mark.parametrize("shapes", [((2, 3), (4, 5)), ((3,), (2,)), ((2, 3), (4,)), ((3,), (2, 2)), ((), (2, 2)),
                                    ((), ()),
                                    ((2, 1, 3), (2, 2)), ((0, 2), (3, 1))], ids=str)  # fmt: skip
def test_kron(shapes: Any) -> None:
    check_linear_in_each(np.kron, *(numbers(*shape) for shape in shapes))


def test_cross() -> None:
    check_linear_in_each(np.cross, numbers(3), numbers(3))
    check_linear_in_each(np.cross, numbers(4, 3), numbers(3))
    check_linear_in_each(lambda a, b: np.cross(a, b, axis=0), numbers(3, 2), numbers(3, 2))
    check_linear_in_each(lambda a, b: np.cross(a, b, axisa=0, axisc=0), numbers(3, 2), numbers(2, 3))
    check_linear_in_each(np.linalg.cross, numbers(2, 3), numbers(2, 3))
    with pytest.raises(cr.ShapeError, match="3 components"):
        cr.vjp(lambda a: np.cross(a, np.ones(2)), numbers(2))


@pytest.mark.parametrize(
    "shapes",
    [((2, 3), (3, 4)), ((2, 3), (3, 4), (4, 5)), ((3,), (3, 4), (4, 5), (5,)), ((5, 2), (2, 6), (6, 1), (1, 4)),
     ((3,), (3,)),
     ((2, 3), (3, 4), (4,)), ((2, 0), (0, 3), (3, 1))],
    ids=str,
)  # fmt: skip
def test_multi_dot(shapes: Any) -> None:
    check_linear_in_each(lambda *xs: np.linalg.multi_dot(xs), *(numbers(*shape) for shape in shapes))


def test_multi_dot_multiplies_in_the_cheapest_order() -> None:
    a, b, c = numbers(50, 2), numbers(2, 50), numbers(50, 1)
    graph, _ = trace(lambda a, b, c: np.linalg.multi_dot([a, b, c]), [a, b, c], ["a", "b", "c"], "f")
    assert [node.shape for node in graph.nodes if node.primitive is not None] == [(2, 1), (50, 1)]
    with pytest.raises(cr.ArgumentError, match="two arrays"):
        cr.vjp(lambda a: np.linalg.multi_dot([a]), a)
    with pytest.raises(cr.ShapeError, match=r"\(3,\)"):
        cr.vjp(lambda a: np.linalg.multi_dot([a, np.ones(3), np.ones((3, 2))]), a)


# einsum

WRITTEN = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ji,jk", (3, 2), (3, 4)), ("i,i", (3,), (3,)),
    ("i,j->ij", (2,), (3,)), ("ii", (3, 3)), ("ii->i", (3, 3)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)),
    ("ba", (2, 3)), ("bA", (2, 3)), ("...ij,...jk->...ik", (5, 2, 3), (3, 4)), ("...i,...i", (4, 1, 3), (2, 3)),
    ("i...,i...->...", (3, 2), (3, 4, 2)), ("a...b", (2, 4, 3)), ("...i->i...", (2, 4, 3)), ("...", (2, 3)),
    ("iij->j", (3, 3, 2)),
    ("iij,i->j", (3, 3, 2), (3,)), ("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("ij,kl->k", (2, 3), (4, 5)), ("i,i->i", (1,), (3,)), ("i,i->", (1,), (3,)), ("ij,j->ij", (2, 1), (3,)),
    (",i->i", (), (3,)),
    (" i j , j k -> i k ", (2, 3), (3, 4)), ("ij,j", (0, 3), (3,)), ("ij,j", (2, 0), (0,)),
    ("ii,ii->i", (2, 2), (2, 2)),
    ("bhij,bhjd->bhid", (2, 3, 4, 5), (2, 3, 5, 2)), ("iijj->ij", (2, 2, 3, 3)), ("iijj->", (2, 2, 3, 3)),
    ("i->i", (3,)),
]  # fmt: skip


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_einsum(case: Any) -> None:
    subscripts, *shapes = case
    check_linear_in_each(lambda *xs: np.einsum(subscripts, *xs), *(numbers(*shape) for shape in shapes))


def test_einsum_with_lists_of_labels() -> None:
    a, b = numbers(2, 3), numbers(3, 4)
    check_linear_in_each(lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), a, b)
    check_linear_in_each(lambda a, b: np.einsum(a, [5, 1], b, [1, 2]), a, b)
    check_linear_in_each(lambda a, b: np.einsum(a, [51, 26], b, [26, 0]), a, b)
    check_linear_in_each(lambda a: np.einsum(a, [..., 0], [0, ...]), a)
    check_linear_in_each(lambda a: np.einsum(a, [1, 0], optimize=True), a)


@st.composite
def einsums(draw: Any) -> tuple[str, list[tuple[int, ...]]]:
    sizes = {label: draw(st.integers(0 if label == "d" else 1, 3)) for label in "abcd"}
    dots = [draw(st.integers(1, 3)) for _ in range(draw(st.integers(0, 2)))]
    terms, shapes = [], []
    for _ in range(draw(st.integers(1, 3))):
        labels = draw(st.lists(st.sampled_from("abcd"), max_size=3))
        shape = [sizes[label] for label in labels]
        once = [k for k, label in enumerate(labels) if labels.count(label) == 1 and sizes[label] != 0]
        for k in once:
            shape[k] = draw(st.sampled_from([shape[k], shape[k], 1]))
        if dots:
            k = draw(st.integers(0, len(labels)))
            covered = dots[draw(st.integers(0, len(dots))) :]
            labels.insert(k, "...")
            shape[k:k] = [draw(st.sampled_from([n, 1])) for n in covered]
        terms.append("".join(labels))
        shapes.append(tuple(shape))
    text = ",".join(terms)
    if draw(st.booleans()):
        found = sorted(set(text) & set("abcd"))
        result = list(draw(st.permutations(found)))[: draw(st.integers(0, len(found)))]
        if dots:
            result.insert(draw(st.integers(0, len(result))), "...")
        text += "->" + "".join(result)
    return text, shapes


@settings(deadline=None, max_examples=300)
@given(einsums())
def test_any_einsum(case: Any) -> None:
    subscripts, shapes = case
    check_linear_in_each(lambda *xs: np.einsum(subscripts, *xs), *(numbers(*shape) for shape in shapes))


@settings(deadline=None, max_examples=40)
@given(einsums())
def test_any_einsum_has_a_second_derivative_and_a_batch(case: Any) -> None:
    subscripts, shapes = case
    operands = [numbers(*shape) for shape in shapes]

    def energy(*xs: Any) -> Any:
        return np.sum(np.einsum(subscripts, *xs) ** 2)

    x, v = operands[0], numbers(*shapes[0])
    product = cr.hvp(energy, tuple(operands), (v, *(np.zeros(shape) for shape in shapes[1:])))[0]
    gradient = cr.grad(energy)
    want = (gradient(x + v, *operands[1:]) - gradient(x - v, *operands[1:])) / 2  # exact: the gradient is linear in x
    np.testing.assert_allclose(product, want, rtol=1e-9, atol=1e-9)
    many = [np.stack([y, -2 * y]) for y in operands]
    got = cr.vmap(lambda *xs: np.einsum(subscripts, *xs))(*many)
    want = np.stack([np.einsum(subscripts, *(y[k] for y in many)) for k in range(2)])
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("subscripts", "shapes", "message"),
    [("ij,jk->ik", [(2, 3), (4, 2)], r"\(2, 3\) and \(4, 2\).*size 3 .* 4"), ("ij->i", [(2, 3), (3,)], "1 terms for 2"),
     ("ijk->i", [(2, 3)], r"3 axes of an operand of shape \(2, 3\)"), ("ij->ii", [(2, 3)], "i twice"),
     ("i->k", [(2,)], "label k"),
     ("i1->i", [(2, 2)], "'1' is not a label"), ("...i...", [(2, 2)], "more than one ellipsis"),
     ("...i->i", [(2, 3)], "ellipsis"),
     ("ii->i", [(1, 3)], "diagonal have the sizes 1 and 3"), ("i->i", [(2, 3)], "1 axes")],
)  # fmt: skip
def test_wrong_subscripts_are_named(subscripts: str, shapes: Any, message: str) -> None:
    operands = [np.ones(shape) for shape in shapes]
    with pytest.raises(ValueError, match=r".*"):
        np.einsum(subscripts, *operands)
    with pytest.raises((cr.ShapeError, cr.ArgumentError), match=message):
        cr.vjp(lambda x: np.einsum(subscripts, x, *operands[1:]), operands[0])


def test_what_einsum_cannot_take() -> None:
    x = np.ones((2, 2))
    with pytest.raises(cr.ArgumentError, match="dtype="):
        cr.vjp(lambda x: np.einsum("ij->i", x, dtype=np.float32), x)
    with pytest.raises(cr.ArgumentError, match="out="):
        cr.vjp(lambda x: np.dot(x, x, np.ones((2, 2))), x)
    with pytest.raises(cr.ArgumentError, match="99 is not a label"):
        cr.vjp(lambda x: np.einsum(x, [99, 1]), x)
    with pytest.raises(cr.ArgumentError, match="52 axes"):
        cr.vjp(lambda x: np.einsum("...", x), np.ones((1,) * 60))
    with pytest.raises(cr.ArgumentError, match="needs subscripts"):
        read_subscripts([], np.shape)


def test_a_batch_needs_a_free_letter() -> None:
    subscripts = f"{string.ascii_letters[:26]}->{string.ascii_letters[:26]}"
    shape = primitives()["einsum"].shape
    with pytest.raises(cr.ArgumentError, match="52 letters"):
        shape.batch(building, None, (), (), {"subscripts": f"{string.ascii_letters}->"})
    assert shape.infer([(1,) * 26], {"subscripts": subscripts}) == (1,) * 26


def test_inferring_names_both_shapes() -> None:
    a, b = constant(np.ones((2, 3))), constant(np.ones((4, 2)))
    with pytest.raises(cr.ShapeError, match=r"\(2, 3\) and \(4, 2\): the inner sizes 3 and 4"):
        building.matmul(a, b)
    with pytest.raises(cr.ShapeError, match="scalar"):
        building.matmul(a, 2.0)
    for subscripts, message in (("ij,jk->ik", "sizes 3 and 4"), ("ij->i", "1 terms for 2"), ("ij,jkl->i", "3 axes"),
                                ("ij,kl->m", "label m")):  # fmt: skip
        with pytest.raises(cr.ShapeError, match=message):
            building.einsum(a, b, subscripts=subscripts)


def test_products_with_the_sizes_wrong_are_named() -> None:
    a, b = np.ones((2, 3)), np.ones((4, 2))
    for f in (np.dot, np.inner, lambda a, b: np.tensordot(a, b, 1), np.linalg.vecdot):
        with pytest.raises(cr.ShapeError, match=r"\(2, 3\) and \(4, 2\)"):
            cr.vjp(f, a, b)
    with pytest.raises(cr.ShapeError, match="3 axes"):
        cr.vjp(lambda a: np.tensordot(a, a, 3), a)
    with pytest.raises(cr.ShapeError, match="paired"):
        cr.vjp(lambda a: np.tensordot(a, a, ([0, 1], [0])), a)


def test_products_stay_what_they_are_called() -> None:
    m, v = numbers(3, 3), numbers(3)
    assert names_in(np.dot, m, v) == ["matmul"]
    assert names_in(np.inner, v, v) == ["matmul"]
    assert names_in(lambda a, b: np.tensordot(a, b, 1), m, v) == ["matmul"]
    assert names_in(lambda a: np.einsum("ij->j", a), m) == ["sum"]
    assert names_in(lambda a: np.einsum("ij->ji", a), m) == ["transpose"]


def test_the_gradient_of_the_squared_error_is_that_of_the_textbook() -> None:
    X, w, y = numbers(6, 3), numbers(3), numbers(6)
    got = cr.grad(lambda w: np.sum((y - X @ w) ** 2))(w)
    np.testing.assert_allclose(got, -2 * X.T @ (y - X @ w), rtol=1e-13)


def test_complex_operands_are_transposed_and_not_conjugated() -> None:
    a, b = numbers(2, 3) + 1j * numbers(2, 3), numbers(3, 2) + 1j * numbers(3, 2)
    w = numbers(2, 2) + 1j * numbers(2, 2)
    for f in (np.matmul, lambda a, b: np.einsum("ij,jk->ik", a, b)):
        to_a, to_b = cr.vjp(f, a, b)[1](w)
        np.testing.assert_allclose(to_a, w @ b.T, rtol=1e-13)
        np.testing.assert_allclose(to_b, a.T @ w, rtol=1e-13)
    # A real operand gets a real cotangent.
    assert cr.vjp(lambda a: a @ b, a.real)[1](w)[0].dtype == np.float64
    v = numbers(3) + 1j * numbers(3)
    np.testing.assert_allclose(cr.vjp(np.vdot, v, v)[0], np.vdot(v, v), rtol=1e-14)


def test_float32_stays() -> None:
    a, b = numbers(2, 3).astype(np.float32), numbers(3, 3).astype(np.float32)
    for f in (np.dot, lambda a, b: np.einsum("ij,kj->ik", a, b), lambda a, b: np.kron(a, b), np.outer):
        value, pullback = cr.vjp(f, a, b)
        assert value.dtype == np.float32
        assert all(g.dtype == np.float32 for g in pullback(np.ones_like(value)))
