"""What is run is written with as few operations as values allow: which operations are left, and equal values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.read
from chainrule.core.graph import Graph, Node, Site, constant
from chainrule.core.registry import building
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.simplify import simplify_to_run

assert chainrule.read  # importing it enters the answers to NumPy's functions
F = building
Build = Callable[..., Node]


def variable(name: str, shape: tuple[int, ...], dtype: Any = float) -> Node:
    return Node(None, (), {"name": name}, shape, np.dtype(dtype), name)


def left(build: Build, *shapes: tuple[int, ...], dtype: Any = float) -> str:
    """The operations that are left of a term, in order; it keeps its values."""
    inputs = tuple(variable(name, shape, dtype) for name, shape in zip("xyz", shapes, strict=False))
    graph = Graph(inputs, (build(*inputs),))
    simpler, _ = simplify_to_run(graph)
    verify(simpler)
    rng = np.random.default_rng(len(shapes))
    values = [rng.normal(size=shape).astype(dtype)[()] for shape in shapes]
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(evaluate(simpler, *values)[0], evaluate(graph, *values)[0], rtol=1e-6)
    return " ".join(node.primitive.name for node in simpler.nodes if node.primitive is not None)


def size(x: Node) -> Node:
    return F.size(x, axis=tuple(range(x.ndim)))


ROW, COLUMN, MATRIX = (3,), (2, 1), (2, 3)

NUMBERS: list[tuple[str, Build, tuple[Any, ...], str]] = [
    ("a size in a product", lambda x: F.multiply(2.0, F.multiply(F.divide(1.0, size(x)), x)), (ROW,),
     "size divide multiply"),
    ("a size under a product", lambda x: F.divide(F.multiply(x, 4.0), size(x)), (ROW,), "size divide multiply"),
    ("two quotients of sizes", lambda x: F.multiply(F.divide(2.0, size(x)), F.multiply(F.divide(3.0, size(x)), x)),
     (ROW,), "size divide divide multiply"),
    ("sizes multiplied", lambda x: F.multiply(size(x), F.multiply(F.divide(3.0, size(x)), x)), (ROW,),
     "size divide multiply multiply"),
    ("a number over a term", lambda x: F.multiply(3.0, F.divide(2.0, F.exp(x))), (ROW,), "exp divide"),
    ("more digits than before", lambda x: F.multiply(3.0, F.multiply(0.1, x)), (ROW,), "multiply multiply"),
    ("more digits in a quotient", lambda x: F.multiply(3.0, F.divide(0.1, F.exp(x))), (ROW,), "exp divide multiply"),
    ("two plain numbers are left", lambda x: F.divide(F.multiply(x, 4.0), 7.0), (ROW,), "multiply divide"),
    ("too large to be safe", lambda x: F.multiply(1e200, F.multiply(1e-200, x)), (ROW,), "multiply multiply"),
    ("what is used twice stays", lambda x: F.add(F.multiply(3.0, y := F.multiply(2.0, x)), F.exp(y)), (ROW,),
     "multiply multiply exp add"),
    ("a quotient of one", lambda x, y: F.multiply(F.divide(1.0, F.exp(y)), x), (ROW, ROW), "exp divide"),
    ("a number that is used twice", lambda x: F.multiply(F.multiply(F.exp(x), h := F.divide(1, 3)), F.multiply(x, h)),
     (ROW,), "exp divide divide multiply"),
    ("a reciprocal", lambda x, y: F.multiply(x, F.reciprocal(F.exp(y))), (ROW, ROW), "exp divide"),
    ("of a number by itself", lambda x: F.multiply(x, F.add(1.0, F.divide(2.0, size(x)))), (ROW,),
     "size divide add multiply"),
    ("a third of a third", lambda x: F.divide(F.divide(x, 3), 3), (ROW,), "divide divide"),
    ("twice", lambda x: F.add(F.exp(x), F.exp(x)), (ROW,), "exp multiply"),
]  # fmt: skip

SIGNS: list[tuple[str, Build, tuple[Any, ...], str]] = [
    ("into a size", lambda x: F.negative(F.multiply(F.divide(2.0, size(x)), x)), (ROW,), "size divide multiply"),
    ("of a difference", lambda x, y: F.negative(F.subtract(x, y)), (ROW, ROW), "subtract"),
    ("of a shared term", lambda x: F.multiply(F.negative(y := F.exp(x)), F.negative(y)), (ROW,), "exp multiply"),
    ("out of a mask", lambda x: F.negative(F.where(F.greater(x, 0.0), F.negative(F.exp(x)), 0.0)), (ROW,),
     "greater exp where"),
    ("out of the other branch", lambda x: F.negative(F.where(F.greater(x, 0.0), 0.0, F.negative(F.exp(x)))), (ROW,),
     "greater exp where"),
    ("not out of two branches", lambda x: F.negative(F.where(F.greater(x, 0.0), F.negative(F.exp(x)), 1.0)), (ROW,),
     "greater exp negative where negative"),
    ("of a sum over rows", lambda x: F.negative(F.sum(F.negative(F.exp(x)), axis=(0,), keepdims=False)), (MATRIX,),
     "exp sum"),
    ("a sum with a product", lambda x, y: F.add(F.multiply(F.negative(x), F.exp(y)), y), (ROW, ROW),
     "exp multiply subtract"),
    ("a negative number", lambda x: F.add(F.multiply(-2.0, F.exp(x)), x), (ROW,), "exp multiply subtract"),
    ("a number in front", lambda x: F.add(-5.0, x), (ROW,), "subtract"),
    ("a number that is positive", lambda x: F.add(5.0, x), (ROW,), "add"),
    ("into a number", lambda x, y: F.multiply(F.multiply(F.negative(x), y), F.multiply(2.0, y)), (ROW, ROW),
     "multiply multiply multiply"),
    ("into a number of sizes", lambda x: F.multiply(F.negative(x), F.negative(F.divide(size(x), 2))), (ROW,),
     "size divide multiply"),
    ("a size takes no sign", lambda x: F.multiply(F.negative(F.exp(x)), size(x)), (ROW,),
     "exp negative size multiply"),
    ("a sign of a size",
     lambda x, y: F.multiply(F.negative(F.exp(x)), F.divide(F.negative(size(x)), size(y))), (ROW, (2,)),
     "size size divide exp multiply"),
    ("times a size and a term", lambda x: F.multiply(F.negative(F.exp(x)), F.multiply(size(x), x)), (ROW,),
     "exp negative size multiply multiply"),
]  # fmt: skip


def masks(x: Node, y: Node) -> Node:
    """The gradient of where(c, u, v), as reverse mode writes it."""
    c = F.greater(x, 0.0)
    one = F.where(c, F.ones_like(x), 0.0)
    other = F.where(F.logical_not(c), F.ones_like(x), 0.0)
    return F.add(F.where(F.logical_not(c), F.multiply(other, y), 0.0), F.where(c, F.multiply(one, F.exp(y)), 0.0))


MASKS: list[tuple[str, Build, tuple[Any, ...], str]] = [
    ("the gradient of where", masks, (ROW, ROW), "greater exp where"),
    ("other conditions stay",
     lambda x, y: F.add(F.where(F.greater(x, 0.0), x, 0.0), F.where(F.greater(y, 0.0), y, 0.0)),
     (ROW, ROW), "greater where greater where add"),
    ("branches that overlap stay",
     lambda x, y: F.add(F.where(c := F.greater(x, 0.0), x, 0.0), F.where(c, y, 1.0)), (ROW, ROW),
     "greater where where add"),
    ("a mask in the numerator",
     lambda x, y: F.where(c := F.greater(x, 0.0), F.divide(F.where(c, x, 0.0), F.exp(y)), 0.0),
     (ROW, ROW), "greater exp divide where"),
    ("a mask in the divisor stays",
     lambda x, y: F.where(c := F.greater(x, 0.0), F.divide(y, F.where(c, x, 0.0)), 0.0), (ROW, ROW),
     "greater where divide where"),
    ("a mask inside a function stays",
     lambda x: F.where(c := F.greater(x, 0.0), F.exp(F.where(c, x, 0.0)), 0.0), (ROW,),
     "greater where exp where"),
    ("in the other branch", lambda x, y: F.where(c := F.greater(x, 0.0), 0.0, F.negative(F.where(c, 0.0, F.exp(y)))),
     (ROW, ROW), "greater exp negative where"),
    ("a saturated quotient", lambda x: F.where(F.unsaturated(y := F.exp(x), F.divide(1.0, y)), y, 0.0), (ROW,),
     "exp isinf where"),
    ("a saturated reciprocal", lambda x: F.where(F.unsaturated(y := F.exp(x), F.reciprocal(y)), y, 0.0), (ROW,),
     "exp isinf where"),
    ("any",
     lambda x: F.where(F.greater(F.sum_like(F.where(F.greater(x, 0.0), F.ones_like(x), 0.0),
                                            F.sum(x, axis=(0,), keepdims=False)), 0.0), x, 0.0), (ROW,),
     "greater any where"),
    ("at most one", lambda x: F.where(F.greater(F.sum(F.where(F.greater(x, 0.0), F.ones_like(x), 0.0), axis=(0,),
                                                      keepdims=False), 1.0), x, 0.0), (ROW,),
     "greater ones_like where sum greater where"),
    ("a sum of something else", lambda x: F.where(F.greater(F.sum(x, axis=(0,), keepdims=False), 0.0), x, 0.0), (ROW,),
     "sum greater where"),
]  # fmt: skip

SHAPES: list[tuple[str, Build, tuple[Any, ...], str]] = [
    ("the size of a sum", lambda x, y: F.divide(y, size(F.sum(F.exp(x), axis=(0,), keepdims=False))), (MATRIX, ROW),
     "exp size divide"),
    ("the size of a sum with its axes", lambda x, y: F.divide(y, size(F.sum(F.exp(x), axis=(0,), keepdims=True))),
     (MATRIX, ROW), "exp size divide"),
    ("a new axis", lambda x, y: F.multiply(F.expand_like(F.exp(x), y, axis=(1,), keepdims=False), y), ((2,), MATRIX),
     "exp expand_dims multiply"),
    ("two spread alike", lambda x, y: F.multiply(F.expand_like(F.sin(x), y, axis=(1,), keepdims=False), F.multiply(
        F.expand_like(F.exp(x), y, axis=(1,), keepdims=False), y)), ((2,), MATRIX),
     "sin expand_dims exp expand_dims multiply multiply"),
    ("two spread alike without a matrix", lambda x, y: F.multiply(
        F.expand_like(F.sin(x), y, axis=(1,), keepdims=False), F.expand_like(F.exp(x), y, axis=(1,), keepdims=False)),
     ((2,), MATRIX), "sin expand_dims exp expand_like multiply"),
    ("a mask as numbers", lambda x: F.multiply(x, F.cast_like(F.greater(x, 0.0), x)), (ROW,),
     "greater cast_like multiply"),
    ("spread for itself", lambda x, y: F.exp(F.expand_like(F.sin(x), y, axis=(1,), keepdims=False)), ((2,), MATRIX),
     "sin exp expand_like"),
    ("a mean of all", lambda x: F.subtract(x, F.mean(x, axis=(0, 1), keepdims=True)), (MATRIX,), "mean subtract"),
    ("a mean by itself", lambda x: F.exp(F.mean(x, axis=(0, 1), keepdims=True)), (MATRIX,), "mean exp"),
    ("a mean of rows", lambda x: F.subtract(x, F.mean(x, axis=(1,), keepdims=True)), (MATRIX,), "mean subtract"),
    ("written whole", lambda x, y: F.scatter(x, F.exp(y), pattern=(Ellipsis, None)), ((2,), COLUMN), "exp squeeze"),
    ("written whole as it is", lambda x, y: F.scatter(x, F.exp(y), pattern=(slice(None),)), ((2,), (2,)), "exp"),
    ("written in part", lambda x, y: F.scatter(x, F.exp(y), pattern=(slice(1, None),)), ((2,), (1,)), "exp scatter"),
    ("written at an index", lambda x, y: F.scatter(x, F.exp(y), constant(np.array([1, 1])), pattern=("#",)),
     ((2,), (2,)), "exp scatter"),
    ("one number in part", lambda x, y: F.scatter(x, F.expand_like(F.sin(F.sum(x, axis=(0,), keepdims=False)), y,
                                                                   axis=(0,), keepdims=False), pattern=(slice(1, 3),)),
     (ROW, (2,)), "sum sin scatter"),
    ("summed to a shape and squeezed", lambda x, y: F.squeeze(F.sum_like(F.exp(x), y), axis=(1,)), (MATRIX, COLUMN),
     "exp sum"),
    ("summed over another axis too", lambda x, y: F.squeeze(F.sum_like(F.exp(x), y), axis=(1,)), (MATRIX, (1, 1)),
     "exp sum_like squeeze"),
    ("squeezed by itself", lambda x: F.squeeze(F.exp(x), axis=(1,)), (COLUMN,), "exp squeeze"),
    ("a sum of a spread term", lambda x, y: F.sum(F.expand_like(F.exp(x), y, axis=(0,), keepdims=False), axis=(0,),
                                                  keepdims=False), ((), ROW), "exp expand_like sum"),
    ("spread twice", lambda x, y: F.multiply(F.exp(y), F.expand_like(
        F.expand_like(F.exp(F.sum(x, axis=(0,), keepdims=False)), x, axis=(0,), keepdims=False), y, axis=(1,),
        keepdims=False)), ((2,), MATRIX), "exp sum exp multiply"),
    ("a transposed product", lambda x, y: F.transpose(F.matmul(F.transpose(x, axes=(1, 0)), y), axes=(1, 0)),
     (MATRIX, (2, 4)), "transpose matmul"),
    ("a product without a transpose", lambda x, y: F.transpose(F.matmul(x, y), axes=(1, 0)), (MATRIX, (3, 4)),
     "matmul transpose"),
    ("a sum without a number", lambda x, y: F.einsum(x, y, subscripts="ij,j->i"), (MATRIX, ROW), "einsum"),
    ("a number alone", lambda x: F.einsum(x, subscripts="->"), ((),), "einsum"),
]  # fmt: skip

EACH = [*NUMBERS, *SIGNS, *MASKS, *SHAPES]


@pytest.mark.parametrize(("build", "shapes", "want"), [row[1:] for row in EACH], ids=[row[0] for row in EACH])
def test_what_is_left(build: Build, shapes: tuple[Any, ...], want: str) -> None:
    assert left(build, *shapes) == want


def test_complex_numbers_keep_their_quotients_and_products() -> None:
    def build(x: Node, y: Node) -> Node:
        return F.add(F.multiply(x, F.divide(1.0, y)), F.multiply(2.0, F.multiply(3.0, F.add(x, x))))

    assert left(build, ROW, ROW, dtype=complex).count("multiply") >= 3


def test_single_precision_stays() -> None:
    inputs = (variable("x", ROW, np.float32),)
    (x,) = inputs
    one = F.cast_like(F.ones_like(F.sum(F.cast(x, dtype="float64"), axis=(0,), keepdims=False)), x)
    graph = Graph(inputs, (F.multiply(one, F.multiply(0.5, x)),))
    simpler, _ = simplify_to_run(graph)
    assert simpler.outputs[0].dtype == np.float32
    assert [node.primitive.name for node in simpler.nodes if node.primitive] == ["multiply"]


def test_counts_need_no_cast_beside_double_precision_only() -> None:
    def share(x: Node) -> Node:
        return F.divide(x, F.cast_like(F.count_nonzero(x, axis=(0,), keepdims=False), x))

    assert left(share, ROW) == "count_nonzero divide"
    assert left(share, ROW, dtype=np.float32) == "count_nonzero cast_like divide"


def test_names_and_parts_are_handed_on() -> None:
    inputs = (variable("x", ROW),)
    y = F.negative(F.negative(F.exp(inputs[0])))
    y.name = "y"
    unused = F.sin(inputs[0])
    simpler, parts = simplify_to_run(Graph(inputs, (F.multiply(y, F.cos(y)),)), [y, unused])
    assert [node.name for node in parts] == ["y"]
    assert parts[0].primitive is not None
    assert parts[0].primitive.name == "exp"
    assert parts[0] in simpler.nodes
    assert y.primitive is not None
    assert y.primitive.name == "negative"  # the graph that was given stays as it is


def test_a_line_of_the_user_stays_one() -> None:
    x = variable("x", ROW)
    twice = F.multiply(2.0, x)
    line = Node(twice.primitive, twice.operands, twice.parameters, twice.shape, twice.dtype, "twice", Site("f.py", 3))
    simpler, _ = simplify_to_run(Graph((x,), (F.multiply(3.0, line),)))
    assert [node.name for node in simpler.nodes if node.primitive] == ["twice", ""]
    unnamed, _ = simplify_to_run(Graph((x,), (F.multiply(3.0, twice),)))
    assert len([node for node in unnamed.nodes if node.primitive]) == 1
