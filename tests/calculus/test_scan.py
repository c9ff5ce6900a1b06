"""`scan` against the loop that it stands for, written out in Python, in every derivative and under hostile use."""

from __future__ import annotations

import copy
import gc
import pickle
import subprocess
import sys
import tracemalloc
from collections import namedtuple
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import sympy
from loops import written_out

import chainrule as cr
from chainrule.calculus.containers import flatten
from chainrule.core.loop import Body
from chainrule.core.traced import Trace
from chainrule.core.verify import verify

RNG = np.random.default_rng(5)
STEPS = 40  # more than the loops that are not taken apart
XS = RNG.normal(size=STEPS)
ROWS = RNG.normal(size=(STEPS, 3))
W = 0.4 * RNG.normal(size=(3, 3))
Pair = namedtuple("Pair", "a b")


def close(got: Any, want: Any, tolerance: float = 1e-11) -> None:
    a, b = flatten(got)[0], flatten(want)[0]
    assert [path for path, _ in a] == [path for path, _ in b]
    for (_, x), (_, y) in zip(a, b, strict=True):
        assert np.shape(x) == np.shape(y)
        assert np.asarray(x).dtype == np.asarray(y).dtype
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


def recurrence(p: Any, scan: Any, **options: Any) -> Any:
    last, ys = scan(lambda c, x: (np.sin(p["w"] * c) + x, (c * x, {"s": c**2})), p["c"], p["x"], **options)
    return last + np.sum(ys[0]) + np.sum(ys[1]["s"] * p["x"])


def network(p: Any, scan: Any, **options: Any) -> Any:
    def step(h: Any, x: Any) -> Any:
        new = np.tanh(p["w"] @ h.a + p["bias"] * h.b + x)
        return Pair(new, np.sum(new * x)), {"out": new[:2], "size": np.sum(new**2)}

    last, ys = scan(step, Pair(p["c"], 0.5), p["x"], **options)
    return np.sum(last.a**2) + last.b + np.sum(np.exp(ys["out"])) + np.mean(ys["size"])


def matrices(p: Any, scan: Any, **options: Any) -> Any:
    """Where a row alone decides, and where a large value comes from small carries."""

    def step(c: Any, x: Any) -> Any:
        drive = np.outer(np.exp(-(x**2)), x) @ p["w"]
        return c + 0.1 * drive @ c, np.sum(np.outer(np.outer(c, c), c)) * np.sum(drive)

    last, ys = scan(step, p["c"], p["x"], **options)
    return np.sum(last) + np.sum(ys)


PROGRAMS: list[tuple[Callable[..., Any], Any]] = [
    (recurrence, {"w": 0.7, "c": 0.3, "x": XS}),
    (network, {"w": W, "bias": RNG.normal(size=3), "c": RNG.normal(size=3), "x": ROWS}),
    (matrices, {"w": W, "c": RNG.normal(size=3), "x": ROWS}),
]
each_program = pytest.mark.parametrize(("program", "at"), PROGRAMS, ids=lambda x: getattr(x, "__name__", ""))


@each_program
@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"checkpoint": True}, {"checkpoint": 7, "reverse": True}])
def test_value_and_gradient(program: Any, at: Any, options: Any) -> None:
    meaning = {k: v for k, v in options.items() if k == "reverse"}
    want = cr.value_and_grad(program)(at, written_out, **meaning)
    close(program(at, cr.scan, **options), want[0])
    close(cr.value_and_grad(program)(at, cr.scan, **options), want)


@each_program
@pytest.mark.parametrize("options", [{}, {"checkpoint": 9}])
def test_derivatives_of_derivatives(program: Any, at: Any, options: Any) -> None:
    at = {key: value[:12] if key == "x" else value for key, value in at.items()}
    close(
        cr.jvp(lambda p: program(p, cr.scan, **options), (at,), (at,)),
        cr.jvp(lambda p: program(p, written_out), (at,), (at,)),
    )
    close(
        cr.hvp(lambda p: program(p, cr.scan, **options), (at,), (at,)),
        cr.hvp(lambda p: program(p, written_out), (at,), (at,)),
        1e-9,
    )
    hessians = [
        cr.hessian(lambda c, scan=scan, o=o: program({**at, "c": c}, scan, **o))(at["c"])
        for scan, o in ((cr.scan, options), (written_out, {}))
    ]
    close(*hessians, 1e-9)


@each_program
def test_batches(program: Any, at: Any) -> None:
    starts = np.stack([at["c"], at["c"] + 0.1, at["c"] * 0.5])

    def of(start: Any, scan: Any) -> Any:
        return program({**at, "c": start}, scan)

    close(cr.vmap(lambda c: of(c, cr.scan))(starts), np.stack([of(c, written_out) for c in starts]))
    want = np.stack([cr.grad(of)(c, written_out) for c in starts])
    close(cr.vmap(cr.grad(lambda c: of(c, cr.scan)))(starts), want)
    weights = np.array([1.0, -2.0, 0.5])
    close(
        cr.grad(lambda s: np.sum(weights * cr.vmap(lambda c: of(c, cr.scan))(s)))(starts),
        want * weights.reshape(-1, *[1] * (want.ndim - 1)),
    )
    stacks = np.stack([at["x"], at["x"][::-1]])
    close(
        cr.vmap(lambda x: program({**at, "x": x}, cr.scan))(stacks),
        np.stack([program({**at, "x": x}, written_out) for x in stacks]),
    )


def test_a_batch_of_none() -> None:
    many = cr.vmap(lambda w: cr.scan(lambda c, x: (c * w + x, (c, x)), w, XS))(np.zeros(0))
    assert [leaf.shape for _, leaf in flatten(many)[0]] == [(0,), (0, STEPS), (0, STEPS)]


def test_the_jacobian_of_all_ys() -> None:
    def path(c: Any, scan: Any) -> Any:
        return scan(lambda h, x: (np.tanh(W @ h + x), h), c, ROWS[:5])[1]

    for mode in ("forward", "reverse"):
        found = cr.jacobian(lambda c: path(c, cr.scan), mode=mode)(ROWS[0])
        close(found, cr.jacobian(path)(ROWS[0], written_out))


def test_a_recurrence_that_sympy_solves() -> None:
    r, c = sympy.symbols("r c")
    term = c
    for _ in range(4):
        term = r * term * (1 - term)
    at = {r: sympy.Rational(5, 2), c: sympy.Rational(1, 5)}

    def growth(r: Any, c: Any) -> Any:
        return cr.scan(lambda x, _: (r * x * (1 - x), None), c, length=4)[0]

    assert growth(2.5, 0.2) == pytest.approx(float(term.subs(at)), rel=1e-13)
    for order in (1, 2, 3):
        want = float(sympy.diff(term, r, order).subs(at))
        assert cr.derivative(lambda x: growth(x, 0.2), order)(2.5) == pytest.approx(want, rel=1e-10)


def test_a_loop_is_one_record() -> None:
    graph = cr.graph(lambda w: cr.scan(lambda c, x: (c * w + x, None), w, XS)[0], 0.5)
    assert len(graph) == 4  # w, xs, the loop, its last carry
    verify(graph)
    assert str(graph).startswith("f(w) = scan(")
    assert pickle.loads(pickle.dumps(graph))(w=0.7) == copy.deepcopy(graph)(w=0.7) == graph(w=0.7)
    assert "scan" in graph.to_svg()
    assert "scan" in graph.formula("latex")


def test_a_pickled_loop_runs_where_nothing_else_was_imported() -> None:
    graph = cr.graph(lambda w: cr.scan(lambda c, x: (c * w + x, None), w, XS[:3])[0], 0.5)
    code = "import pickle, sys; print(pickle.loads(bytes.fromhex(sys.stdin.read()))(w=0.7))"
    done = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(graph).hex(), capture_output=True, text=True, check=True
    )
    assert float(done.stdout) == graph(w=0.7)


def test_nests() -> None:
    def loops(w: Any, scan: Any) -> Any:
        def outer(c: Any, x: Any) -> Any:
            inner, _ = scan(lambda d, y: (np.sin(d * w + y), None), c, x)
            slope = cr.grad(lambda z: scan(lambda d, y: (np.sin(d * w + y * z), d), z * c, x)[0])(c)
            return inner * slope, inner**2

        last, ys = scan(outer, w, ROWS[:4])
        return last + np.sum(ys)

    for derivative in (cr.value_and_grad, lambda f: cr.grad(cr.grad(f))):
        close(derivative(lambda w: loops(w, cr.scan))(0.7), derivative(loops)(0.7, written_out))


def test_maps_inside() -> None:
    def loop(w: Any, scan: Any) -> Any:
        return np.sum(scan(lambda c, x: (cr.vmap(lambda a: np.sin(a * w))(c) + x, None), np.ones(3) * w, XS[:6])[0])

    close(cr.value_and_grad(loop)(0.5, cr.scan), cr.value_and_grad(loop)(0.5, written_out))


# Carries of other types


def test_counters_and_flags() -> None:
    def loop(w: Any, scan: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            return {"i": c["i"] + 1, "v": c["v"] * w + c["i"] * x, "b": c["b"] | (x > 1.5)}, c["i"]

        init = {"i": np.int64(0), "v": w, "b": np.bool_(False)}
        return scan(step, init, XS)

    close(loop(0.9, cr.scan), loop(0.9, written_out))
    close(*(cr.grad(lambda w, scan=scan: loop(w, scan)[0]["v"])(0.9) for scan in (cr.scan, written_out)))
    close(*(cr.jvp(lambda w, scan=scan: loop(w, scan)[0]["v"], (0.9,), (1.0,)) for scan in (cr.scan, written_out)))
    stack = np.array([0.5, 0.9])
    close(cr.vmap(lambda w: loop(w, cr.scan)[0]["v"])(stack), np.array([loop(w, written_out)[0]["v"] for w in stack]))


def test_a_zero_is_taken_for_what_it_becomes() -> None:
    last, path = cr.scan(lambda c, x: (c + x, c), 0, XS)
    assert last.dtype == path.dtype == np.float64
    assert last == pytest.approx(np.sum(XS))
    assert cr.scan(lambda c, x: (c + x, None), 0, np.arange(5))[0].dtype == np.int64


def test_an_integer_that_float64_cannot_hold_is_refused() -> None:
    for step in (lambda c, _: ((c[0] * 2 + 1, c[1]), None), lambda c, _: ((c[0], c[1]), c[0] + 2**53)):
        with pytest.raises(cr.ArgumentError, match="beyond 2\\^53"):
            cr.scan(step, (1, 0.5), length=60)
    assert cr.scan(lambda c, _: (c * 2 + 1, None), 1, length=61)[0] == 2**62 - 1


def test_complex_and_float32() -> None:
    def loop(z: Any, scan: Any) -> Any:
        last, path = scan(lambda c, x: ((c[0] * z + c[1] * x, c[1] * 0.9), c[0]), (z, 0.5), XS[:6])
        return np.abs(last[0]) ** 2 + np.real(np.sum(path**2))

    close(*(cr.value_and_grad(loop)(0.6 + 0.3j, scan) for scan in (cr.scan, written_out)))
    close(*(cr.value_and_grad(lambda r, scan=scan: loop(r * 1j, scan))(0.7) for scan in (cr.scan, written_out)))

    single = {"w": np.float32(0.7), "c": np.float32(0.3), "x": XS.astype(np.float32)}
    close(*(cr.value_and_grad(recurrence)(single, scan) for scan in (cr.scan, written_out)), 2e-5)


# What cannot be one operation, and is unrolled


def branching(w: Any, scan: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        if x > 1.0:  # the first rows say nothing of this one
            return c * w, c
        return c * 0.5 + w, c

    return scan(step, w, np.array([0.0, 0.5, 2.0, 0.1, 3.0]))[0]


@pytest.mark.parametrize("derivative", [lambda f: f, cr.value_and_grad, lambda f: cr.grad(cr.grad(f))])
def test_steps_that_branch_otherwise(derivative: Any) -> None:
    said = r"5 steps are recorded one by one\n  write the branch with np\.where"
    with pytest.warns(UserWarning, match=said) as caught:
        found = derivative(branching)(0.7, cr.scan)
    assert caught[0].filename == __file__
    close(found, derivative(branching)(0.7, written_out))


def test_a_branch_on_the_carry_is_a_guard() -> None:
    def loop(w: Any) -> Any:
        return cr.scan(lambda c, x: (np.sin(c) * w if c > 0 else c * w, None), w, XS)[0]

    graph = cr.graph(loop, 0.5)
    assert graph(w=0.6) == loop(0.6)
    with pytest.raises(cr.GuardError, match="valid where carry > 0"):
        graph(w=-0.5)
    ws = np.array([0.5, 0.6])
    close(cr.vmap(loop)(ws), np.array([loop(w) for w in ws]))
    with pytest.raises(cr.GuardError):
        cr.vmap(loop)(np.array([0.5, -0.6]))
    slope = cr.compile(cr.grad(loop))
    with pytest.warns(UserWarning, match="different branches"):
        found = [(slope(w), cr.grad(loop)(w)) for w in (0.5, -0.5, 0.6, -0.6)]
    assert all(got == pytest.approx(want, rel=1e-13) for got, want in found)
    assert "NumPy" in slope.plan()


def test_a_branch_of_an_index_and_of_a_refusal_in_a_batch() -> None:
    table = np.array([1.0, 2.0, 3.0])

    def loop(w: Any, start: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            if c < 0:
                return c, x
            return c * table[int(cr.value(1))] * w, x * range(3)[x]

        return cr.scan(step, start, np.array([1, 1, 1]))

    starts = np.array([1.0, 2.0])
    close(cr.vmap(lambda s: loop(0.5, s)[0])(starts), np.array([loop(0.5, s)[0] for s in starts]))


def test_operations_of_ones_own_and_plain_values_unroll() -> None:
    double = cr.primitive(lambda x: 2 * x)
    cr.define_vjp(double, lambda g, out, x: 2 * g)

    def loop(w: Any, scan: Any) -> Any:
        return scan(lambda c, x: (double(c) * w + (x if cr.value(c) > 0.4 else 0.0), None), w, XS[:6])[0]

    close(*(cr.value_and_grad(loop)(0.3, scan) for scan in (cr.scan, written_out)))
    detached = [
        cr.value_and_grad(lambda w, scan=scan: scan(lambda c, x: (c * w + cr.value(c), None), w, XS[:6])[0])(0.3)
        for scan in (cr.scan, written_out)
    ]
    close(*detached)


def test_no_step_at_all() -> None:
    def loop(w: Any) -> Any:
        return cr.scan(lambda c, x: (c * x, {"a": c, "b": np.stack([x, w])}), w * 2, np.zeros(0))

    for checkpoint in (False, True):
        last, ys = cr.scan(lambda c, x: (c * x, {"a": c}), 1.5, np.zeros(0), checkpoint=checkpoint)
        assert (last, ys["a"].shape) == (1.5, (0,))
    assert cr.grad(lambda w: loop(w)[0])(3.0) == 2.0
    assert cr.grad(lambda w: np.sum(loop(w)[1]["b"]))(3.0) == 0.0
    with cr.watch_numbers():
        close(loop(3.0), (np.float64(6.0), {"a": np.zeros(0), "b": np.zeros((0, 2))}))


def test_nothing_carried_and_nothing_collected() -> None:
    assert cr.scan(lambda c, x: (c, x * 2), None, np.arange(3.0))[0] is None
    close(cr.grad(lambda w: np.sum(cr.scan(lambda c, x: (c, x * w), None, XS)[1]))(2.0), np.sum(XS))
    assert cr.scan(lambda c, x: (None, None), None, length=3) == (None, None)


# Mistakes


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: cr.scan(lambda c, x: (np.stack([c, c]), x), 0.0, XS), cr.ShapeError, r"shape \(\) .* \(2,\)"),
        (
            lambda: cr.scan(lambda c, x: ({"a": [c["a"][0], x]}, x), {"a": [0.0, np.float32(1)]}, XS),
            cr.ArgumentError,
            r"the carry a\[1\] has dtype float32 .* float64",
        ),
        (lambda: cr.scan(lambda c, x: c + x, 0.0, XS), cr.ArgumentError, "f returned one array: a step of scan"),
        (lambda: cr.scan(lambda c, x: None, 0.0, XS), cr.ArgumentError, "returned NoneType: a step of scan returns"),
        (lambda: cr.scan(lambda c, x: (c, x, x), 0.0, XS), cr.ArgumentError, "returned 3 values"),
        (lambda: cr.scan(lambda c, x: ({"b": c["a"]}, x), {"a": 0.0}, XS), cr.ArgumentError, "parts a, .* with b"),
        (lambda: cr.scan(lambda c, x: (None, x), 0.0, XS), cr.ArgumentError, "parts the carry, .* with none"),
        (lambda: cr.scan(lambda c, x: (c, "y"), 0.0, XS), cr.ArgumentError, "'y' of type str"),
        (lambda: cr.scan(lambda c, x: (c, x), "init", XS), cr.ArgumentError, "init is 'init'"),
        (lambda: cr.scan(lambda c, x: (c, x), np.array(["a"]), XS), cr.ArgumentError, "dtype <U1"),
        (lambda: cr.scan(lambda c, x: (c, x), np.ma.array([1.0]), XS), cr.ArgumentError, "masked"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, {"a": XS, "b": XS[:3]}), cr.ShapeError, "40 by xs.a, 3 by xs.b"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, XS, length=3), cr.ShapeError, "40 by xs, 3 by length"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, 3.0), cr.ShapeError, "xs is a number"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, [1.0, 2.0]), cr.ShapeError, r"xs\[0\] is a number"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0), cr.ArgumentError, "neither xs nor length"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, length=-1), cr.ArgumentError, "length is -1"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, length=2.5), cr.ArgumentError, "length is 2.5"),
        (lambda: cr.scan(lambda c, x: (c, x), 0.0, XS, checkpoint=0), cr.ArgumentError, "checkpoint is 0"),
        (lambda: cr.scan(None, 0.0, XS), cr.ArgumentError, "takes a function"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_named(call: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_what_changes_from_call_to_call_is_refused() -> None:
    rng, calls = np.random.default_rng(0), [0]

    def counting(c: Any, x: Any) -> Any:
        calls[0] += 1
        return c + calls[0], None

    for step in (lambda c, x: (c + rng.normal(), None), counting):
        with pytest.raises(cr.TraceError, match="something else each time"):
            cr.scan(step, 0.0, XS)


def test_a_step_may_write_into_its_carry() -> None:
    def loop(w: Any, scan: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            c[0] = c[0] * w + x
            return c, c[0]

        return np.sum(scan(step, np.array([1.0, 2.0]) * w, XS[:4])[1])

    close(*(cr.value_and_grad(loop)(0.5, scan) for scan in (cr.scan, written_out)))


def test_what_leaves_a_step_otherwise_is_refused() -> None:
    kept: list[Any] = []
    buffer = np.zeros(3)

    def collecting(c: Any, x: Any) -> Any:
        kept.append(c)
        return c, None

    def writing(c: Any, x: Any) -> Any:
        buffer[0] = c
        return c, None

    cr.scan(collecting, 0.0, XS)
    with pytest.raises(cr.errors.LeakedTraceError):
        kept[0] + 1
    with pytest.raises(cr.TraceError, match=r"test_scan\.py"):
        cr.scan(writing, 0.0, XS)


def test_an_error_names_its_step_and_its_line() -> None:
    def loop(w: Any, steps: int) -> Any:
        def inner(a: Any, x: Any) -> Any:
            return a, np.linalg.inv(a * w - x * np.eye(2))

        return np.sum(cr.scan(inner, np.eye(2) * 57, np.arange(float(steps)))[1])

    with pytest.raises(np.linalg.LinAlgError) as caught:
        cr.grad(lambda w: loop(w, 100))(1.0)
    assert "in step 57 of inner, test_scan.py" in caught.value.__notes__[0]
    assert "np.linalg.inv(a * w" in caught.value.__notes__[0]


def test_an_interrupt_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def loop(w: Any) -> Any:
        return cr.scan(lambda c, x: (c * w + x, None), w, XS)[0]

    want = cr.grad(loop)(0.5)

    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(type(Body.engine), "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cr.grad(loop)(0.5)
    assert cr.grad(loop)(0.5) == want


def test_watching_looks_into_every_step() -> None:
    def loop(w: Any) -> Any:
        def step(c: Any, x: Any) -> Any:
            y = np.log(c)
            return c - w, y

        return np.sum(cr.scan(step, 5.5 * w, length=8)[1])

    with cr.watch_numbers(), np.errstate(invalid="ignore"), pytest.raises(cr.NonFiniteError) as caught:
        cr.grad(loop)(1.0)
    assert "y = np.log(c) (number 7 of 8 times that it ran)" in str(caught.value)
    with cr.strict(), pytest.raises(cr.KinkError, match="abs has a kink"):
        cr.grad(lambda w: cr.scan(lambda c, x: (np.abs(c * x), None), w, np.array([1.0, 0.0]))[0])(1.0)


def test_the_gradient_is_checked_and_written_as_source() -> None:
    def loop(w: Any) -> Any:
        return cr.scan(lambda c, x: (np.tanh(c * w) + x, None), w, XS)[0]

    assert cr.check(loop, cr.grad(loop), 0.7)
    namespace: dict[str, Any] = {}
    exec(cr.source(loop, 0.7, what="both"), namespace)
    close(namespace["value_and_grad_loop"](0.7, XS=XS), cr.value_and_grad(loop)(0.7))
    with pytest.raises(cr.SourceError, match="arrays"):
        cr.source(loop, 0.7, language="python")


# What it costs


def records_of(f: Callable[[Any], Any], at: Any) -> int:
    recording = Trace()
    f(recording.input(np.float64(at)))
    return len(recording.close())


def test_the_tape_around_does_not_grow() -> None:
    lengths = [records_of(lambda w, n=n: cr.scan(lambda c, x: (c * w, c), w, length=n)[1], 0.5) for n in (2, 50, 500)]
    assert lengths[0] == lengths[1] == lengths[2] <= 4


def peak(f: Callable[[], Any]) -> int:
    gc.collect()
    tracemalloc.start()
    f()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("checkpoint", [False, True])
def test_memory(checkpoint: bool) -> None:
    """Linear in the number of steps; of its square root where carries are computed again."""
    width = 200
    start = RNG.normal(size=width)

    def loss(w: Any, steps: int) -> Any:
        last, _ = cr.scan(lambda c, _: (np.sin(c * w), None), start, length=steps, checkpoint=checkpoint)
        return np.sum(last)

    counts = (400, 800, 1600)
    for steps in counts:
        cr.grad(loss)(1.1, steps)
    used = [peak(lambda n=n: cr.grad(loss)(1.1, n)) for n in counts]
    carry = 8 * width
    slopes = [(b - a) / (m - n) / carry for (n, a), (m, b) in pairwise(zip(counts, used, strict=True))]
    if checkpoint:
        assert all(slope < 0.7 for slope in slopes)  # a few carries for each of sqrt(n), and nothing for each step
        assert used[-1] < 1600 * carry
    else:
        assert slopes[1] == pytest.approx(slopes[0], rel=0.2)
        assert 1 < slopes[0] < 8
