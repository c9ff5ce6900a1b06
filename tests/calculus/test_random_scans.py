"""Random steps through `scan`, checkpointed or not, against the loop that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from loops import written_out

import chainrule as cr
from chainrule.calculus.containers import flatten, map_leaves

Array = Any

UNARY: tuple[Callable[[Array], Array], ...] = (
    np.sin, np.tanh, np.cos, np.abs,
    lambda a: np.exp(-a * a), lambda a: a * 0.5, lambda a: np.maximum(a, 0.1), lambda a: np.where(a > 0.2, a, 0.3 * a),
    lambda a: a / (1 + a * a), lambda a: np.sum(a) * 0.1, lambda a: a - np.mean(a), lambda a: np.sqrt(a * a + 1),
    lambda a: np.cumsum(a, axis=-1) if a.ndim else a, lambda a: a[..., ::-1] if a.ndim else a,
    lambda a: a[0] if a.ndim else a, lambda a: np.roll(a, 1) if a.ndim else a,
)  # fmt: skip
BINARY: tuple[Callable[[Array, Array], Array], ...] = (
    lambda a, b: a * b * 0.5, lambda a, b: a + b, lambda a, b: a - b, np.hypot, np.minimum,
    lambda a, b: np.arctan2(a, b * b + 1), lambda a, b: (a @ b) * 0.3 if a.ndim == 2 and b.ndim else a * b,
    lambda a, b: np.outer(a, b) * 0.2 if a.ndim == b.ndim == 1 else a - b,
    lambda a, b: np.einsum("i,i->", a, b) if a.ndim == b.ndim == 1 else a + b,
)  # fmt: skip


def random_loop(seed: int) -> tuple[Callable[..., Any], Any, int]:
    """A loss of the parameters, the first carry and the rows; where to take it; the number of steps."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    sizes: list[tuple[int, ...]] = [(), (n,), (n, n)]
    carried = [sizes[i] for i in rng.integers(0, 3, rng.integers(1, 4))]
    given = [sizes[i] for i in rng.integers(0, 3, rng.integers(0, 3))]
    program = rng.integers(0, 1000, (rng.integers(3, 10), 4))
    wanted = rng.integers(0, 1000, len(carried) + 3)
    steps = int(rng.choice([1, 2, 5, 40]))
    reverse = bool(rng.integers(0, 2))

    def step(p: Any, carry: Any, x: Any) -> Any:
        pool = [*carry, *(x or []), p["a"], p["b"]]
        for unary, operation, i, j in program:
            a, b = pool[i % len(pool)], pool[j % len(pool)]
            made = UNARY[operation % len(UNARY)](a) if unary % 2 else BINARY[operation % len(BINARY)](a, b)
            pool.append(np.tanh(made))
        new = []
        for old, pick in zip(carry, wanted, strict=False):
            value = pool[pick % len(pool)]
            change = value if value.shape == old.shape else np.sum(value) * 0.2
            new.append(old + change if pick % 5 == 0 else 0.6 * old + change)  # a sum over the steps, or not
        return tuple(new), [pool[pick % len(pool)] for pick in wanted[len(carried) :]]

    def loss(at: Any, scan: Any, **options: Any) -> Any:
        p, start, xs = at
        carry, ys = scan(lambda c, x: step(p, c, x), start, xs or None, None if xs else steps, reverse, **options)
        return sum(np.sum(c**2) for c in carry) + sum(np.sum(np.sin(y)) for y in ys)

    parameters = {"a": rng.normal(size=n), "b": rng.normal(size=(n, n))}
    start = tuple(rng.normal(size=size)[()] for size in carried)
    return loss, (parameters, start, [rng.normal(size=(steps, *size)) for size in given]), steps


def close(got: Any, want: Any) -> None:
    for (path, a), (_, b) in zip(flatten(got)[0], flatten(want)[0], strict=True):
        assert np.shape(a) == np.shape(b), path
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-7, err_msg=path)


SEEDS = [*range(12), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(12, 300))]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_loop(seed: int) -> None:
    loss, at, steps = random_loop(seed)
    want = cr.value_and_grad(loss)(at, written_out)
    for options in ({}, {"checkpoint": 3}):
        close(cr.value_and_grad(loss)(at, cr.scan, **options), want)
    if steps > 5:
        return
    close(*(cr.hvp(lambda x, scan=scan: loss(x, scan), (at,), (at,)) for scan in (cr.scan, written_out)))
    points = [at, map_leaves(lambda x: 0.7 * x, at)]
    many = cr.vmap(cr.grad(lambda x: loss(x, cr.scan)))(map_leaves(lambda *x: np.stack(x), *points))
    for i, point in enumerate(points):
        close(map_leaves(lambda x, i=i: x[i], many), cr.grad(loss)(point, written_out))
