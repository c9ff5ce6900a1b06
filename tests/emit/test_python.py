"""Emitted plain Python: NumPy's values from `math` alone, also at poles and on overflow."""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from emitted import only_imports
from hypothesis import given, settings, strategies as st
from samples import Sample, all_samples, arity

from chainrule.core.graph import Graph, Guard, Node, constant
from chainrule.core.registry import building, primitives
from chainrule.core.shapes import elementwise
from chainrule.emit.code import function_from_source
from chainrule.emit.python import SPELLED, python_source
from chainrule.errors import SourceError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.read.trace import trace

F = building
SCALARS = [s for s in all_samples() if s.active and all(np.shape(x) == () for x in s.operands)]
# Elementwise functions without a form in `math`, each refused by name; the reason stands beside it.
FAMILIES = {
    "chainrule.ops.bessel": "SciPy's",
    "chainrule.ops.beta": "in NumPy, or SciPy's",
    "chainrule.ops.entropy": "in NumPy, or SciPy's",
    "chainrule.ops.error_functions": "in NumPy, or SciPy's: `math` has erf and erfc alone",
    "chainrule.ops.gamma": "in NumPy, or SciPy's",
    "chainrule.ops.gamma_tails": "SciPy's, or a continued fraction",
    "chainrule.ops.hypergeometric": "SciPy's",
}
REFUSED = {
    "abs_complex": "of complex numbers",
    "angle": "of complex numbers",
    "imag": "of complex numbers",
    "cast": "a change of dtype, which a Python number has not",
    "cast_discrete": "a change of dtype, which a Python number has not",
    "round": "to decimals, which NumPy rounds in another way than Python",
    "sinc_derivative": "a series of its own",
    "spreads": "asks for the standard deviation of an array",
}


def number(name: str) -> Node:
    return Node(None, (), {"name": name}, (), np.dtype(np.float64), name)


def run(graph: Graph, *arguments: float) -> Any:
    source = python_source(graph, "emitted")
    only_imports(source, "math")
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    found = namespace["emitted"](*arguments)
    return found if len(graph.outputs) != 1 else (found,)


def close(got: Any, want: Any, tolerance: float) -> None:
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=0)


def unspelled(graph: Graph) -> bool:
    return any(
        node.shape != ()
        or node.dtype not in (np.float64, bool, int, float)
        or (node.primitive is not None and (node.primitive.name not in SPELLED or "decimals" in node.parameters))
        for node in graph.nodes
    )


@pytest.mark.parametrize("sample", SCALARS, ids=str)
def test_every_scalar_primitive_and_its_gradient(sample: Sample) -> None:
    values = sample.values()
    forward, _ = trace(sample.call, values, [f"x{i}" for i in sample.active], sample.primitive.name)
    for graph in (forward, reverse(forward) if forward.outputs[0].dtype == np.float64 else forward):
        if unspelled(graph):
            with pytest.raises(SourceError, match=r"no form in plain Python|has float64 alone|with arrays"):
                run(graph, *map(float, values))
            continue
        got = run(graph, *map(float, values))
        for one, other in zip(got, evaluate(graph, *values), strict=True):
            close(one, other, 1e-13)  # the gradient of a few functions, each within some units in the last place


def test_each_real_elementwise_primitive_is_spelled_or_refused_by_name() -> None:
    refused = set()
    for name, primitive in primitives().items():
        if primitive.shape is elementwise and name not in SPELLED:
            x = number("x")
            count = len(primitive.examples[0].operands) if primitive.examples else 1
            with pytest.raises(SourceError, match=rf"^{name} has no form in plain Python"):
                python_source(Graph((x,), (Node(primitive, (x,) * count, {}, (), np.dtype(np.float64)),)))
            refused.add(name)
    assert refused == {*REFUSED, *(name for name in refused if primitives()[name].module in FAMILIES)}


EXTREMES = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-320, 1e308, -1e308, 710.0, -746.0, 1e18,
            math.inf, -math.inf, math.nan]  # fmt: skip
ELEMENTARY = sorted(
    name
    for name, p in primitives().items()
    if name in SPELLED and p.shape is elementwise and (not p.examples or isinstance(p.evaluate, np.ufunc))
)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_numpy_decides_at_poles_on_overflow_and_outside_the_domain(name: str) -> None:
    primitive = primitives()[name]
    count = arity(primitive)
    inputs = tuple(number(f"x{i}") for i in range(count))
    graph = Graph(inputs, (getattr(F, name)(*inputs),))
    function = function_from_source(python_source(graph, "f"), "f")
    points = itertools.product(EXTREMES, repeat=count)
    for point in points:
        if name.endswith("power") and point in ((-0.0, 0.5), (-math.inf, 0.5)):
            continue  # the square root or the power: versions of NumPy differ
        with np.errstate(all="ignore"):
            want = evaluate(graph, *map(np.float64, point))[0]
        got = function(*point)
        assert isinstance(got, (bool, float, int))
        np.testing.assert_allclose(got, want, rtol=1e-14, atol=5e-324, err_msg=f"{name}{point}")
        # The sign of a zero among equal operands is the machine's choice in NumPy.
        if want == 0 and name not in ("maximum", "minimum", "fmax", "fmin"):
            assert math.copysign(1, got) == math.copysign(1, want), f"{name}{point}"


UNARY = ["sin", "cos", "exp", "negative", "square", "expit", "log", "sqrt", "tanh", "abs", "expm1", "arctan"]
BINARY = ["add", "subtract", "multiply", "divide", "power", "maximum", "minimum"]
UNARY, BINARY = [[name for name in names if name in primitives()] for names in (UNARY, BINARY)]


@st.composite
def composites(draw: Any) -> Graph:
    """A random function of two numbers."""
    x, y = number("x"), number("y")
    values: list[Any] = [x, y, draw(st.floats(-3, 3)), draw(st.integers(-4, 4))]
    for _ in range(draw(st.integers(1, 12))):
        operand = st.sampled_from(values)
        if draw(st.booleans()):
            first = draw(operand)
            values.append(getattr(F, draw(st.sampled_from(UNARY)))(first if isinstance(first, Node) else x))
        else:
            first, second = draw(operand), draw(operand)
            if not isinstance(first, Node) and not isinstance(second, Node):
                first = y
            values.append(getattr(F, draw(st.sampled_from(BINARY)))(first, second))
    nodes = [value for value in values if isinstance(value, Node)]
    nodes[-1].name = draw(st.sampled_from(["", "z", "v1", "lambda"]))
    return Graph((x, y), (nodes[-1], nodes[len(nodes) // 2]))


def numpy_as_math() -> Any:
    """A stand-in for `math` that rounds as NumPy and raises as `math`: so only the structure of the code is tested."""

    def like(real: Any, ufunc: Any) -> Any:
        def function(*arguments: float) -> float:
            real(*arguments)
            with np.errstate(all="ignore"):
                return float(ufunc(*map(np.float64, arguments)))

        return function

    names = {"pow": "power", "atan": "arctan"}
    spelled = {n: like(getattr(math, n), getattr(np, names.get(n, n))) for n in
               ("sin", "cos", "exp", "log", "log1p", "sqrt", "tanh", "expm1", "pow", "atan")}  # fmt: skip
    return SimpleNamespace(**{**vars(math), **spelled})


@settings(max_examples=300, deadline=None)
@given(composites(), st.sampled_from(EXTREMES) | st.floats(-4, 4), st.sampled_from(EXTREMES) | st.floats(-4, 4))
def test_random_functions_equal_their_graph_exactly(graph: Graph, x: float, y: float) -> None:
    source = python_source(graph, "f")
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    namespace["math"] = numpy_as_math()
    got = namespace["f"](x, y)
    with np.errstate(all="ignore"):
        want = evaluate(graph, np.float64(x), np.float64(y))
    np.testing.assert_array_equal(got, want, err_msg=source)


def test_where_comparisons_and_logic() -> None:
    x, y = number("x"), number("y")
    low, high = F.less(x, y), F.greater_equal(y, 1.0)
    chosen = F.where(
        F.logical_and(low, F.logical_not(high)), F.where(high, x * 2, -x), F.where(F.logical_or(low, x), y, 0.5)
    )
    graph = Graph((x, y), (chosen, low))
    for point in ((0.0, 2.0), (0.5, 0.7), (3.0, 1.0), (-1.0, math.nan), (0.0, 0.0)):
        assert np.array_equal(run(graph, *point), evaluate(graph, *map(np.float64, point)), equal_nan=True), point


def test_guards_and_many_outputs() -> None:
    x = number("x")
    graph = Graph((x,), (F.exp(x), x), (Guard(F.greater(x, 0.0), True),), "f")
    namespace: dict[str, Any] = {}
    exec(python_source(graph, "f"), namespace)
    assert namespace["f"](1.0) == (math.exp(1.0), 1.0)
    with pytest.raises(ValueError, match=r"f is valid where x > 0\.0"):
        namespace["f"](-1.0)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (Node(None, (), {"name": "x"}, (3,), np.dtype(np.float64), "x"), r"computes with arrays .*x has shape \(3,\)"),
        (Node(None, (), {"name": "x"}, (), np.dtype(np.float32), "x"), "x has dtype float32"),
        (Node(None, (), {"name": "x"}, (), np.dtype(np.complex128), "x"), "x has dtype complex128"),
    ],
)
def test_what_is_no_real_number_is_refused(node: Node, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        python_source(Graph((node,), (F.negative(node),)))


def test_constants_are_python_numbers() -> None:
    x = number("x")
    graph = Graph((x,), (F.add(F.multiply(x, constant(np.float64(-2.5))), constant(np.array(np.inf))),))
    assert run(graph, 3.0)[0] == np.inf
    assert "return x * -2.5 + math.inf" in python_source(graph)


def test_large_integers_are_floats() -> None:
    x = number("x")
    graph = Graph((x,), (F.multiply(x, constant(2**60 + 1)),))
    assert run(graph, 3.0)[0] == 3.0 * float(2**60 + 1)


def test_source_shows_in_tracebacks_and_goes_when_the_function_goes() -> None:
    import gc
    import linecache
    import traceback

    function = function_from_source("def f(x):\n    return x + 'text'\n", "f")
    with pytest.raises(TypeError) as caught:
        function(1)
    assert "return x + 'text'" in "".join(traceback.format_exception(caught.value))
    filename = function.__code__.co_filename
    assert filename in linecache.cache
    del caught, function
    gc.collect()
    function_from_source("def g():\n    pass\n", "g")
    assert filename not in linecache.cache
