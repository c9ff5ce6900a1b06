"""Random programs: eager, graph, emitted source, forward mode and differences give one and the same derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_programs import Program, difference, programs

import chainrule as cr
from chainrule.core.verify import verify
from chainrule.passes.evaluate import evaluate
from chainrule.passes.reverse import reverse
from chainrule.read.trace import trace

NAMES = ("a", "b", "c")
SMALL, SWEEP = 200, 2_000


def close(got: Any, want: Any, tolerance: float, program: Program, way: str) -> None:
    np.testing.assert_allclose(got, want, rtol=0, atol=tolerance, err_msg=f"{way}\n{program}")


def resolved(program: Program, direction: tuple[Any, ...]) -> bool:
    """Whether differences know the derivative: said by their own error estimate, before any rule is asked."""
    derivative, error = difference(program, direction)
    return bool(error <= 1e-7 * (1 + abs(derivative)))


def emitted_function(program: Program) -> Any:
    namespace: dict[str, Any] = {}
    exec(cr.source(program, *program.point, argnums=NAMES, what="both"), namespace)
    return next(function for name, function in namespace.items() if name.startswith("value_and_grad"))


def agree(program: Program, direction: tuple[Any, ...]) -> None:
    with np.errstate(all="ignore"):
        value, gradients = cr.value_and_grad(program, argnums=(0, 1, 2))(*program.point)
        graph, _ = trace(program, program.point, NAMES, "program")
        backward = evaluate(verify(reverse(verify(graph))), *program.point)
        emitted_value, *emitted = emitted_function(program)(*program.point)
        compiled = cr.compile(cr.grad(program, argnums=(0, 1, 2)))(*program.point)
        pushed_value, tangent = cr.jvp(program, program.point, direction)
    scale = 1 + max(float(np.max(np.abs(g))) for g in gradients)
    close(
        [evaluate(graph, *program.point)[0], emitted_value, pushed_value],
        [value] * 3,
        1e-12 * (1 + abs(value)),
        program,
        "value",
    )
    for i in range(3):
        for way, found in (("graph", backward), ("emitted source", emitted), ("compiled", compiled)):
            assert np.shape(found[i]) == np.shape(gradients[i])
            close(found[i], gradients[i], 1e-11 * scale, program, f"{way}, by {NAMES[i]}")
    along = sum(np.sum(g * v) for g, v in zip(gradients, direction, strict=True))
    close(tangent, along, 1e-11 * scale, program, "forward mode")
    derivative, _ = difference(program, direction)
    close(along, derivative, 1e-6 * (1 + abs(derivative)), program, "differences")


def sweep(count: int, start: int) -> None:
    tried = unresolved = 0
    for program in programs(count, start):
        rng = np.random.default_rng(program.seed)
        direction = tuple(rng.normal(size=np.shape(x))[()] for x in program.point)
        if resolved(program, direction):
            agree(program, direction)
            tried += 1
        else:
            unresolved += 1
    assert tried >= 0.8 * count, f"differences resolve {tried} of {count} programs only"


@pytest.mark.parametrize("start", range(0, SMALL, 50))
def test_every_way_gives_the_same_derivative(start: int) -> None:
    sweep(50, start)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1_000, 1_000 + SWEEP, 200))
def test_every_way_gives_the_same_derivative_in_a_long_sweep(start: int) -> None:
    sweep(200, start)
