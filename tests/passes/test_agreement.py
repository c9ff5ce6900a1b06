"""Lines of derivations: what is right is accepted to 30 digits, what is wrong is refused."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from samples import Sample, all_samples

import chainrule as cr
from chainrule.core.derivative import Elementwise
from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import pending
from chainrule.core.primitive import Primitive
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.shapes import elementwise
from chainrule.errors import DerivationError
from chainrule.passes.agreement import Agreement, Verifier
from chainrule.passes.evaluate import evaluate
from chainrule.passes.forward import forward
from chainrule.passes.reverse import reverse
from chainrule.passes.simplify import simplify
from chainrule.read.formula import parse

F = building
FLOAT = np.dtype(float)


def variable(name: str, shape: tuple[int, ...] = (), dtype: Any = FLOAT) -> Node:
    return Node(None, (), {"name": name}, shape, dtype, name)


x = variable("x")
y = variable("y")


def verifier(term: Node, *inputs: Node, **options: Any) -> Verifier:
    return Verifier(Graph(inputs or (x,), (term,)), **options)


def derivative(term: Node) -> Node:
    """The automatic derivative by x."""
    return forward(Graph((x,), (term,)), [x], [constant(1.0)]).outputs[0]


FUNCTIONS: dict[str, Callable[[Node], Node]] = {
    "x^2 exp(x)": lambda x: x**2 * F.exp(x),
    "sin^2 + cos^2": lambda x: F.square(F.sin(x)) + F.square(F.cos(x)),
    "ln(ln(ln(x - 100)))": lambda x: F.log(F.log(F.log(x - 100))),
    "sqrt(1 - (x - 1000)^2)": lambda x: F.sqrt(1 - F.square(x - 1000)),
    "x^0.1": lambda x: x**0.1,
    "0.3 x^2.7 0.7": lambda x: 0.3 * x**2.7 * 0.7,
    "(x^2 + 1)^(1/3)": lambda x: (x * x + 1) ** (1 / 3),
    "x^x": lambda x: x**x,
    "2^x": lambda x: F.power(2.0, x),
    "5.3^x": lambda x: F.power(5.3, x),
    "e^(e^x)": lambda x: F.exp(F.exp(x)),
    "x^100": lambda x: x**100,
    "arcsin(2x/(1 + x^2))": lambda x: F.arcsin(2 * x / (1 + x * x)),
    "|x| + |x - 1| + |x - 2|": lambda x: F.abs(x) + F.abs(x - 1) + F.abs(x - 2),
    "floor(x) x": lambda x: F.floor(x) * x,
    "relu(x - 20)": lambda x: F.relu(x - 20),
    "where(x > 1, ln(x - 1), x)": lambda x: F.where(F.greater(x, 1.0), F.log(x - 1), x),
    "tanh(20 x) ": lambda x: F.tanh(20 * x),
    "exp(-x^2)": lambda x: F.exp(-x * x),
    "1e8 (x - 0.1)": lambda x: 1e8 * (x - 0.1) ** 3,
    "sin(1e6 x)": lambda x: F.sin(1e6 * x),
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS.keys())
def test_the_automatic_derivative_is_verified(f: Callable[[Node], Node]) -> None:
    term = f(x)
    lines = verifier(term)
    for after in (derivative(term), simplify(Graph((x,), (derivative(term),)), for_view=True).outputs[0]):
        agreement = lines.equal(pending(term, x), after)
        assert agreement.digits == 30
        assert agreement.points >= 8
        assert agreement.worst <= 1e-30
        for wrong in (after + 1e-12, after + 1e-25 * x * (1 + F.square(after)), -after - 1e-20):
            with pytest.raises(DerivationError, match="the terms before and after differ"):
                lines.equal(pending(term, x), wrong)


def partials_of(sample: Sample) -> Iterator[tuple[Node, Node, Node]]:
    """Of an elementwise primitive with numbers for operands: a call of it, an operand, and the derivative by it."""
    count = len(sample.operands)
    inputs = [variable(f"x{i}") for i in range(count)]
    out = getattr(F, sample.primitive.name)(*inputs, **sample.parameters)
    for i in sample.active:
        tangents = [constant(1.0) if i == j else None for j in range(count)]
        record = Record(sample.primitive, [None] * count, inputs, out, sample.parameters)
        found = sample.primitive.derivative.push(F, record, tangents)
        yield out, inputs[i], constant(0.0) if found is None else found


SCALAR: dict[str, Sample] = {}
for _sample in all_samples():
    if isinstance(_sample.primitive.derivative, Elementwise) and _sample.primitive.shape is elementwise:
        SCALAR.setdefault(str(_sample.primitive.name + str(_sample.parameters or "")), _sample)


@pytest.mark.parametrize("sample", SCALAR.values(), ids=SCALAR.keys())
def test_the_entry_of_every_scalar_primitive_is_verified(sample: Sample) -> None:
    for out, operand, partial in partials_of(sample):
        lines = verifier(out, *out.operands)
        agreement = lines.equal(pending(out, operand), partial)
        assert agreement.digits == 30
        assert agreement.points >= 8
        with pytest.raises(DerivationError):
            lines.equal(pending(out, operand), partial + 1e-20)


# Mutations: a sign, a constant, an exponent, a factor.


def mutants(node: Node) -> Iterator[tuple[str, Node]]:
    if node.is_constant:
        value = node.parameters["value"]
        yield "constant", constant(value + 1.0)
        yield "constant", constant(value * 1.5)
        return
    yield "sign", -node
    yield "factor", 2.0 * node
    yield "exponent", F.square(node)
    if node.primitive is None:
        return
    if node.primitive.name == "multiply":
        yield "factor", node.operands[0]
        yield "factor", node.operands[1]
    if node.primitive.name == "power":
        yield "exponent", F.power(node.operands[0], node.operands[1] + 1.0)
        yield "exponent", F.power(node.operands[0], -node.operands[1])
    if node.primitive.name == "square":
        yield "exponent", node.operands[0] * F.square(node.operands[0])
    if node.primitive.name in ("add", "subtract"):
        swapped = F.subtract if node.primitive.name == "add" else F.add
        yield "sign", swapped(*node.operands)


def replaced(root: Node, old: Node, new: Node) -> Node:
    done = {old: new}
    for node in topological([root]):
        if node not in done:
            operands = [done[operand] for operand in node.operands]
            same = all(a is b for a, b in zip(operands, node.operands, strict=True))
            assert node.primitive is None or not same or node not in operands
            done[node] = node if same else getattr(F, node.primitive.name)(*operands, **node.parameters)  # type: ignore[union-attr]
    return done[root]


def random_term(rng: np.random.Generator, depth: int) -> Node:
    if depth == 0:
        return [x, x, constant(float(rng.integers(2, 9))), constant(float(rng.integers(1, 99)) / 10) * x][
            rng.integers(4)
        ]
    inner = random_term(rng, depth - 1)
    unary = (F.sin, F.cos, F.exp, F.tanh, F.arctan, F.expit, F.softplus, F.erf, F.square, F.arcsinh, F.abs, F.sech)
    match int(rng.integers(6)):
        case 0 | 1:
            return unary[rng.integers(len(unary))](inner)
        case 2:
            return inner + random_term(rng, depth - 1)
        case 3:
            return inner * random_term(rng, depth - 1)
        case 4:
            return random_term(rng, depth - 1) / (F.square(inner) + 1.0)
        case _:
            return (F.square(inner) + 0.5) ** (float(rng.integers(-7, 8)) / 2)


def really_differ(before: Node, after: Node, rng: np.random.Generator) -> bool:
    """Whether two terms differ in floats, at points of its own: a mutated line may by chance be right."""
    a, b = evaluate(Graph((x,), (before, after)), rng.normal(size=30) * 3)
    finite = np.isfinite(a) & np.isfinite(b)
    return bool(np.any(finite & (np.abs(a - b) > 1e-7 * np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-3))))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_of_a_thousand_mutated_lines_none_is_accepted() -> None:
    rng = np.random.default_rng(7)
    count = {"sign": 0, "constant": 0, "exponent": 0, "factor": 0}
    lines = 0
    while sum(count.values()) < 1000:
        term = random_term(rng, int(rng.integers(1, 4)))
        if x not in topological([term]):
            continue
        lines += 1
        checked = verifier(term)
        before, after = pending(term, x), derivative(term)
        assert checked.equal(before, after).digits == 30
        nodes = [node for node in topological([after]) if node.shape == () and node.dtype is not bool]
        for node in [nodes[i] for i in rng.permutation(len(nodes))[:8]]:
            for kind, mutant in mutants(node):
                wrong = replaced(after, node, mutant)
                if really_differ(after, wrong, rng):
                    count[kind] += 1
                    with pytest.raises(DerivationError):
                        checked.equal(before, wrong)
    assert min(count.values()) >= 100
    assert lines >= 30


# Figures of an agreement


def test_rounded_constants_cost_digits_and_are_said_to() -> None:
    a, b = 0.7312938471982374, 0.3338475638475231
    lines = verifier(a * x * b)
    agreement = lines.equal(pending(a * x * b, x), constant(a * b))
    assert agreement.digits in (15, 16)
    assert 0 < agreement.worst < 1e-15
    assert str(agreement) == f"equal to {agreement.digits} digits at 8 points"
    with pytest.raises(DerivationError):
        lines.equal(pending(a * x * b, x), constant(a * b * (1 + 1e-14)))
    # A difference of 1e-12 is no rounding of the constants, and no constant is here to be rounded.
    with pytest.raises(DerivationError):
        verifier(x * x).equal(x * x, x * x * (1 + 2.0**-40))


def test_what_vanishes_by_cancellation_is_zero() -> None:
    term = F.square(F.sin(x)) + F.square(F.cos(x))
    agreement = verifier(term).equal(pending(term, x), constant(0.0))
    assert agreement == Agreement(8, 30, 0.0)
    large = (x + 1e30) - 1e30
    assert verifier(large).equal(pending(large, x), constant(1.0)).digits == 30
    with pytest.raises(DerivationError):
        verifier(term).equal(pending(term, x), constant(1e-60))


SMALL = [
    "(x+1)^1000", "e^(-200-x^2)", "1e-200/(1+x^2)", "(x/1000)^200", "e^(-1000x)/(1+x)",
    "e^(-x^2*10000)+0*x", "e^(-e^(x^2+7))",
]  # fmt: skip


@pytest.mark.parametrize("text", SMALL)
def test_what_is_small_is_not_zero(text: str) -> None:
    graph = parse(text)
    (f,), (argument,) = graph.outputs, graph.inputs
    slope = forward(graph, [argument], [constant(1.0)]).outputs[0]
    lines = Verifier(graph)
    for before, right in ((f, f + 0 * argument), (pending(f, argument), slope)):
        assert lines.equal(before, right).digits == 30
        for wrong in (0 * argument, -7 * right, 2 * right, right * (1 + 1e-20 * F.square(argument))):
            with pytest.raises(DerivationError):
                lines.equal(before, wrong)
    for wrong in (0 * argument, -7 * f, f * (1 - f), 2 * f):
        with pytest.raises(DerivationError):
            lines.equal(pending(f, argument), wrong)


@pytest.mark.parametrize("text", ["(x+1)^1000", "(x/1000)^200", "e^(-1000x)/(1+x)", "e^(-x^2*10000)+0*x"])
def test_points_are_where_values_are_moderate(text: str) -> None:
    graph = parse(text)
    for point in Verifier(graph).points:
        assert 1e-8 < abs(float(evaluate(graph, float(point[0]))[0])) < 1e8
    f = graph.outputs[0]
    with pytest.raises(DerivationError):
        Verifier(graph).equal(f, f * (1 - f))


def test_a_number_lost_in_a_sum_is_no_evidence() -> None:
    lost = 1 + F.exp(-2000 - F.square(x))
    lines = verifier(lost)
    for after in (constant(0.0), x * 0):
        with pytest.raises(DerivationError, match="too small to tell from 0"):
            lines.equal(lost - 1, after)
    with pytest.raises(DerivationError, match="too small to tell from 0"):
        lines.equal(F.exp(-2000 - F.square(x)), lost - 1)
    # Its derivative is found where the digits reach.
    near = 1 + F.exp(-200 - F.square(x) / 100)
    lines = verifier(near)
    assert lines.equal(pending(near, x), derivative(near)).digits == 30
    with pytest.raises(DerivationError, match="differ"):
        lines.equal(pending(near, x), constant(0.0))


def test_equality_is_wherever_the_term_before_is_defined() -> None:
    with pytest.raises(
        DerivationError, match=r"the term after is not defined where x = -\d.*, where the term before is"
    ):
        verifier(F.square(x)).equal(F.log(F.square(x)), 2 * F.log(x))
    with pytest.raises(DerivationError, match=r"differ: \d.* and -\d.* where x = -"):
        verifier(F.square(x)).equal(F.sqrt(F.square(x)), x)
    agreement = verifier(F.sin(x)).equal(2 * F.log(x), F.log(F.square(x)))
    assert 0 < agreement.points < 8
    with pytest.raises(DerivationError, match="defined at none of the 8 points"):
        verifier(F.sin(x)).equal(F.log(-1 - x * x), F.log(-1 - x * x))


def test_points_that_rounding_alone_lets_in_are_left_out() -> None:
    with pytest.raises(DerivationError, match="f has real values at no point that was found"):
        verifier(F.arccosh(F.erf(3 * x)))
    some = F.where(F.greater(x, 25.0), F.power(F.tanh(x) - 1, 1.5), x)
    lines = verifier(some, domain={"x": (0, 40)})
    assert all(float(point[0]) < 25 for point in lines.points)
    assert lines.equal(pending(some, x), constant(1.0)).points == 8


def test_the_message_shows_where_the_values_part() -> None:
    lines = verifier(x * y, x, y)
    with pytest.raises(DerivationError, match=r"where x = -?[\d.]+, y = -?[\d.]+$"):
        lines.equal(x * y, x + y)
    with pytest.raises(DerivationError, match=r"differ: (-?\d\.\d+) and (?!\1 )"):
        lines.equal(x / x + F.exp(F.sin(x)), x / x + F.exp(F.sin(x)) + 1e-17)
    with pytest.raises(DerivationError, match=r"differ: 2 and 3$"):
        Verifier(Graph((), (constant(2.0),))).equal(constant(2.0), constant(3.0))


def test_shapes_must_agree() -> None:
    v = variable("v", (3,), np.dtype(float))
    lines = verifier(F.sin(v), v)
    with pytest.raises(DerivationError, match=r"have the shapes \(3,\) and \(1, 3\)"):
        lines.equal(v, F.expand_dims(v, axis=(0,)))
    assert lines.equal(v - v, constant(0.0)).points == 8


def test_a_letter_has_the_value_of_its_term() -> None:
    u = variable("u")
    term = F.arccosh(F.square(x) + 2)
    lines = verifier(term)
    lines.stands_for(u, term.operands[0])
    assert lines.equal(pending(F.arccosh(u), u), 1 / F.sqrt(u * u - 1)).points == 8
    assert lines.equal(pending(term, x), pending(F.arccosh(u), u) * (2 * x)).points == 8


def test_higher_and_mixed_derivatives() -> None:
    term = F.sin(x * y * y)
    lines = verifier(term, x, y)
    by_x = pending(term, x)
    assert lines.equal(pending(by_x, x), -F.sin(x * y * y) * y**4).digits == 30
    mixed = 2 * y * F.cos(x * y * y) - 2 * x * y**3 * F.sin(x * y * y)
    assert lines.equal(pending(by_x, y), mixed).digits == 30
    assert lines.equal(pending(by_x, y), pending(pending(term, y), x)).digits == 30
    third = pending(pending(by_x, x), x)
    assert lines.equal(third, -F.cos(x * y * y) * y**6).digits == 30
    with pytest.raises(DerivationError):
        lines.equal(third, F.cos(x * y * y) * y**6)


ARRAYS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "mean squared error": (lambda w, X, y: np.mean((y - X @ w) ** 2), (np.ones(3), np.ones((4, 3)), np.ones(4))),
    "logistic": (lambda w, X: -np.mean(np.log(cr.special.sigmoid(X @ w))), (np.ones(3), np.ones((4, 3)))),
    "softmax": (lambda w: cr.special.softmax(w * 2)[0], (np.ones(3),)),
    "log det": (lambda S: np.linalg.slogdet(S)[1] + np.log(np.linalg.det(S)), (np.eye(3),)),
    "cholesky": (lambda S: np.sum(np.linalg.cholesky(S)), (np.eye(3),)),
    "inverse": (lambda S: np.trace(np.linalg.inv(S)), (np.eye(3),)),
    "reductions": (lambda w: np.linalg.norm(w) + np.max(w) + np.prod(w) + np.std(w), (np.ones(4),)),
    "logarithms": (lambda w: np.sum(np.log(w)) + np.sqrt(w[0]), (np.ones(6),)),
    "order": (lambda w: np.sort(w)[0] * np.cumsum(w)[1] * np.cumprod(w)[2], (np.ones(3),)),
}


@pytest.mark.parametrize(("f", "arguments"), ARRAYS.values(), ids=ARRAYS.keys())
def test_changes_of_functions_of_arrays(f: Any, arguments: Any) -> None:
    graph = cr.graph(f, *arguments)
    w = graph.inputs[0]
    direction = variable("dw", w.shape, w.dtype)
    tangent = forward(graph, [w], [direction]).outputs[0]
    gradient = F.sum(reverse(graph, [w]).outputs[0] * direction, axis=tuple(range(w.ndim)), keepdims=False)
    lines = Verifier(graph, start=dict(graph.arguments))
    for after in (tangent, gradient):
        assert lines.equal(pending(graph.outputs[0], w, direction), after).digits == 30
        with pytest.raises(DerivationError, match="a random"):
            lines.equal(pending(graph.outputs[0], w, direction), after * (1 + 1e-13))


def test_a_traced_function_is_verified_where_its_guards_hold() -> None:
    graph = cr.graph(lambda x: x**3 if x > 5 else -x, 6.0)
    (argument,) = graph.inputs
    lines = Verifier(graph, start=dict(graph.arguments))
    assert lines.equal(pending(graph.outputs[0], argument), 3 * F.square(argument)).points == 8
    assert all(float(point[0]) > 5 for point in lines.points)


def test_an_operation_in_floats_cannot_be_verified() -> None:
    def entry(x: Any) -> Any:
        return np.float64(math.sin(x))

    rough = Node(Primitive("rough", evaluate=entry, shape=elementwise, derivative=Elementwise(1)), (x,), {}, (), float)
    with pytest.raises(DerivationError, match="rough computes with floats only"):
        verifier(F.sin(x)).equal(rough, F.sin(x))


def test_a_nest_of_200_takes_linear_time() -> None:
    term: Any = x
    terms = []
    for _ in range(200):
        term = F.sin(term)
        terms.append(term)
    lines = verifier(term)
    for outer in reversed(terms[1:]):
        (inner,) = outer.operands
        assert lines.equal(pending(outer, x), F.cos(inner) * pending(inner, x)).digits == 30
    evaluated = sum(len(place.values) for p in lines._evaluations.values() for place in p._places.values())
    assert evaluated < 8 * 200 * 12


def test_zero_before_and_nothing_after_is_no_agreement() -> None:
    nothing, root = parse("0 x"), parse("sqrt(-1 - x^2)")
    verifier = Verifier(nothing)
    verifier.stands_for(root.inputs[0], nothing.inputs[0])
    with pytest.raises(DerivationError, match="not defined"):
        verifier.equal(nothing.outputs[0], root.outputs[0])
