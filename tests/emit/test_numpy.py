"""Emitted NumPy source: run in an empty namespace it gives what the graph gives, for every primitive."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from emitted import only_imports
from samples import Sample, all_samples

from chainrule.calculus.recording import record
from chainrule.core.graph import Graph, Guard, Node, constant
from chainrule.core.registry import building
from chainrule.emit.code import function_from_source
from chainrule.emit.literals import array_literal, number_literal, parameter_literal
from chainrule.emit.naming import Names, identifier
from chainrule.emit.numpy import numpy_program, numpy_source
from chainrule.errors import SourceError
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.read.trace import trace

F = building
SAMPLES = [sample for sample in all_samples() if sample.active]


def run(graph: Graph, *arguments: Any) -> Any:
    """The outputs of the emitted source, run with nothing but what it imports."""
    program = numpy_program(graph, "emitted")
    only_imports(program.source, "np")
    namespace: dict[str, Any] = {}
    exec(program.source, namespace)
    with np.errstate(all="ignore"):
        found = namespace["emitted"](*arguments, **program.constants)
    return found if len(graph.outputs) != 1 else (found,)


def identical(got: Any, want: Any) -> None:
    assert np.shape(got) == np.shape(want)
    assert np.asarray(got).dtype == np.asarray(want).dtype
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(np.signbit(np.real(got)), np.signbit(np.real(want)))


def variable(name: str, shape: tuple[int, ...] = (), dtype: Any = np.float64) -> Node:
    return Node(None, (), {"name": name}, shape, np.dtype(dtype), name)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_primitive_and_its_gradient(sample: Sample, dtype: Any) -> None:
    values = [
        np.asarray(x).astype(np.result_type(dtype, np.complex64) if np.iscomplexobj(x) else dtype)[()]
        for x in sample.values()
    ]
    graph, _ = trace(sample.call, values, [f"x{i}" for i in sample.active], sample.primitive.name)
    with np.errstate(all="ignore"):
        identical(run(graph, *values)[0], evaluate(graph, *values)[0])
        out = graph.outputs[0]
        seed = Node(None, (), {"name": "g"}, out.shape, out.dtype, "g")
        w = np.random.default_rng(1).normal(size=out.shape).astype(out.dtype)[()]
        backward = reverse(graph, seed=seed)
        want = evaluate(backward, *values, w)
        got = run(backward, *values, w)
    for one, other in zip(got, want, strict=True):
        identical(one, other)


def test_names_lines_and_layout() -> None:
    X, y = np.arange(80.0).reshape(40, 2), np.arange(40.0)

    def loss(w, b):
        y_hat = X @ w + b
        e = y - y_hat
        L = np.mean(e**2)
        return L

    recorded = record(loss, (np.ones(2), np.float64(1.0)), {}, lambda leaf, place, path: leaf)
    assert numpy_source(recorded.graph, "loss", "The loss.") == (
        "import numpy as np\n\n\n"
        "def loss(w, b, *, X, y):\n"
        '    """The loss."""\n'
        "    y_hat = X @ w + b\n"
        "    e = y - y_hat\n"
        "    L = np.mean(e**2)\n"
        "    return L\n"
    )


def test_what_is_emitted_can_be_traced_and_emitted_again() -> None:
    def f(w, b, x):
        z = w @ x + b
        p = 1 / (1 + np.exp(-z))
        return np.sum(p**3, axis=0) - np.log(p[1:, 0][0])

    values = (np.ones((3, 2)), np.float64(0.5), np.arange(6.0).reshape(2, 3))
    text = numpy_source(record(f, values, {}, lambda leaf, place, path: leaf).graph, "f")
    again = function_from_source(text, "f")
    assert numpy_source(record(again, values, {}, lambda leaf, place, path: leaf).graph, "f") == text
    identical(again(*values), f(*values))


def test_long_lines_are_cut_and_nothing_is_wider_than_88() -> None:
    x = variable("a_long_name_of_an_input")
    total = x
    for i in range(60):
        total = total + F.sin(x * float(i))
    source = numpy_source(Graph((x,), (total,)))
    assert max(map(len, source.splitlines())) <= 88
    identical(run(Graph((x,), (total,)), np.float64(0.3))[0], evaluate(Graph((x,), (total,)), np.float64(0.3))[0])


PRECEDENCE = [
    (lambda a, b, c: a - (b - c), "a - (b - c)"),
    (lambda a, b, c: a + (b + c), "a + (b + c)"),
    (lambda a, b, c: a - b - c, "a - b - c"),
    (lambda a, b, c: -(a * b) + c, "-(a * b) + c"),
    (lambda a, b, c: -a * b + c, "-a * b + c"),
    (lambda a, b, c: a / (b * c), "a / (b * c)"),
    (lambda a, b, c: a / b * c, "a / b * c"),
    (lambda a, b, c: F.square(a + b) * c, "(a + b)**2 * c"),
    (lambda a, b, c: F.square(-a) - b * c, "(-a)**2 - b * c"),
    (lambda a, b, c: -F.square(a) - b * c, "-a**2 - b * c"),
    (lambda a, b, c: a - -2.5 * b * c, "a - -2.5 * b * c"),
    (lambda a, b, c: F.exp(a - b) * c, "np.exp(a - b) * c"),
]


@pytest.mark.parametrize(("build", "text"), PRECEDENCE, ids=[text for _, text in PRECEDENCE])
def test_parentheses_follow_precedence(build: Any, text: str) -> None:
    inputs = tuple(variable(name, (3,)) for name in "abc")
    graph = Graph(inputs, (build(*inputs),))
    assert numpy_source(graph).rstrip().endswith(f"return {text}")
    values = [np.array([0.3, -1.7, 1e-17]), np.array([1.1, 2.3, 1.0]), np.array([-0.4, 0.9, 3.0])]
    identical(run(graph, *values)[0], evaluate(graph, *values)[0])


def test_awkward_names() -> None:
    names = ["lambda", "np", "x y", "layers[0].w", "2nd", "μ", "µ", "x_y", "v1", "None", "ValueError", "f", "", "__"]
    inputs = tuple(variable(name) for name in names)
    total = inputs[0]
    for node in inputs[1:]:
        total = F.sin(total) + node
    graph = Graph(inputs, (total, F.sin(total)))
    values = [np.float64(0.01 * i) for i in range(len(names))]
    for got, want in zip(run(graph, *values), evaluate(graph, *values), strict=True):
        identical(got, want)


def test_names_never_clash() -> None:
    names = Names(["v1", "v3"])
    taken = [names.take(name) for name in ("v1", "v1", "", "", "v3", "x", "x", "x_1")]
    assert len(set(taken)) == len(taken)
    assert taken[0] == "v1"
    assert "v3" in taken
    assert all(name.isidentifier() for name in taken)
    assert identifier("if") == "if_"


@pytest.mark.parametrize(
    "value",
    [
        0.1,
        -0.0,
        1e300,
        float("inf"),
        -float("inf"),
        float("nan"),
        7,
        -3,
        True,
        2 + 3j,
        complex(float("nan"), -0.0),
        10**30,
    ],
    ids=repr,
)
def test_number_literals(value: Any) -> None:
    again = eval(number_literal(value).text, {"np": np})
    assert type(again) is type(value)
    np.testing.assert_array_equal(again, value)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, np.nan, -np.inf]),
        np.array([[1, 2], [3, 4]], dtype=np.int32),
        np.array([0.1, 1e-45], dtype=np.float32),
        np.array([True, False]),
        np.array([], dtype=np.intp),
        np.array([1 + 2j]),
        np.linspace(0, 1, 32).reshape(4, 8),
    ],
    ids=str,
)
def test_array_literals(array: Any) -> None:
    again = eval(array_literal(array), {"np": np})
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)
    assert array_literal(np.zeros(33)) is None


@pytest.mark.parametrize(
    "value",
    [None, (1,), (1, 2), [1, "a"], {"k": (None, ...)}, slice(1, None, 2), np.float32(0.1), np.dtype("f4"), np.float64],
)
def test_parameter_literals(value: Any) -> None:
    again = eval(parameter_literal(value), {"np": np})
    assert again == (np.float32 if value == np.dtype("f4") and not isinstance(value, np.generic) else value)


def test_a_parameter_without_a_literal_is_refused() -> None:
    with pytest.raises(SourceError, match="cannot be written"):
        parameter_literal(object())


def test_small_constants_stand_above_and_large_ones_are_parameters() -> None:
    x = variable("x", (3,))
    big = constant(np.arange(300.0).reshape(100, 3))
    graph = Graph((x,), (F.multiply(F.add(x, constant(np.array([1.0, 2.0, 3.0]))), big), constant(np.ones(2))))
    program = numpy_program(graph)
    assert "c1 = np.array([1.0, 2.0, 3.0])\n" in program.source
    assert list(program.constants) == ["c2"]
    _, ones = run(graph, np.ones(3))
    ones[0] = 5.0
    identical(run(graph, np.ones(3))[1], np.ones(2))


def test_a_guard_raises_outside_its_branch() -> None:
    x = variable("x")
    condition = Node(F.multiply(x, 1.0).primitive, (x, constant(1.0)), {}, (), np.dtype(np.float64))
    graph = Graph((x,), (F.exp(x),), (Guard(condition, True),), "f")
    source = numpy_source(graph, "f")
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    assert namespace["f"](1.0) == np.exp(1.0)
    with pytest.raises(ValueError, match=r"f is valid where x \* 1\.0"):
        namespace["f"](0.0)


def test_integer_guards() -> None:
    x = variable("x")
    n = variable("n", (), np.int64)
    graph = Graph((x, n), (F.exp(x),), (Guard(n, 3), Guard(n, 3)), "f")
    namespace: dict[str, Any] = {}
    exec(numpy_source(graph, "f"), namespace)
    namespace["f"](1.0, 3)
    with pytest.raises(ValueError, match="f is valid where n == 3"):
        namespace["f"](1.0, 4)


def test_python_numbers_are_numpy_numbers_at_a_pole() -> None:
    x = variable("x")
    graph = Graph((x,), (F.divide(1.0, F.multiply(x, x)),))
    assert run(graph, 0.0)[0] == np.inf


def test_python_scalars_stay_weak() -> None:
    x = variable("x", (3,), np.float32)
    graph = Graph((x,), (F.multiply(x, F.divide(1.0, F.size(x, axis=(0,)))),))
    value = np.ones(3, np.float32)
    identical(run(graph, value)[0], evaluate(graph, value)[0])
    empty = variable("x", (0,), np.float32)
    graph = Graph((empty,), (F.multiply(empty, F.divide(1.0, F.size(empty, axis=(0,)))),))
    with np.errstate(divide="ignore"):
        identical(run(graph, value[:0])[0], evaluate(graph, value[:0])[0])


def test_a_shape_is_asked_of_what_is_there_anyway() -> None:
    x = variable("x", (5,))
    graph = Graph((x,), (F.zeros_like(F.exp(F.sin(x))),))
    assert numpy_source(graph).rstrip().endswith("return np.zeros_like(x)")


def test_no_inputs_no_outputs_and_an_input_as_output() -> None:
    x = variable("x", (2,))
    identical(run(Graph((x,), (x,)), np.ones(2))[0], np.ones(2))
    assert run(Graph((x,), ()), np.ones(2)) == ()
    assert run(Graph((), (constant(2.0),))) == (2.0,)


def test_a_graph_of_many_operations_is_written_without_recursion() -> None:
    x = variable("x")
    total = x
    for _ in range(20_000):
        total = F.sin(total)
    source = numpy_source(Graph((x,), (total,)))
    assert source.count("np.sin") == 20_000
