"""Random programs of NumPy's functions: both modes, the graph and differences give one derivative."""

from __future__ import annotations

import warnings
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy_calls import Call
from numpy_programs import Program, differentiated_calls, programs

import chainrule as cr


@cache
def calls() -> list[Call]:
    return differentiated_calls()


def slope(f: Any, point: tuple[Any, ...], along: list[Any], h: float) -> float:
    row = []
    for k in range(4):
        up, down = (f(*(x + s * h / 2**k * v for x, v in zip(point, along, strict=True))) for s in (1, -1))
        row.append((up - down) / (2 * h / 2**k))
    for level in range(1, 4):
        row = [(4**level * fine - coarse) / (4**level - 1) for coarse, fine in pairwise(row)]
    return float(row[0])


def agree(program: Program) -> bool:
    """Raises where two ways differ; False where there is no derivative, or differences do not resolve it."""
    f, every = program.on(np), tuple(range(len(program.point)))
    rng = np.random.default_rng(program.seed)
    along = [rng.normal(size=np.shape(x)) for x in program.point]
    try:
        gradients = cr.grad(f, argnums=every)(*program.point)
    except cr.errors.DegeneracyError:  # a matrix of rank one was drawn: its vectors have no derivative
        return False
    change = sum(float(np.sum(g * v)) for g, v in zip(gradients, along, strict=True))
    scale = 1 + max(float(np.max(np.abs(g))) for g in gradients)
    _, tangent = cr.jvp(f, program.point, along)
    np.testing.assert_allclose(tangent, change, rtol=0, atol=1e-9 * scale, err_msg=f"forward mode\n{program}")
    passes = cr.graph(f, *program.point).forward_backward()
    for got, want in zip(passes.gradients.values(), gradients, strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-9 * scale, err_msg=f"graph\n{program}")
    coarse, fine = (slope(f, program.point, along, h) for h in (2e-3, 7e-4))
    if abs(coarse - fine) > 1e-7 * scale:
        return False
    np.testing.assert_allclose(change, fine, rtol=0, atol=1e-6 * scale, err_msg=f"differences\n{program}")
    return True


def sweep(count: int, start: int) -> None:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        resolved = sum(agree(program) for program in programs(calls(), count, start))
    assert resolved >= 0.7 * count


def test_every_way_gives_one_derivative() -> None:
    sweep(20, 0)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(1_000, 3_000, 200))
def test_every_way_gives_one_derivative_in_a_long_sweep(start: int) -> None:
    sweep(200, start)
