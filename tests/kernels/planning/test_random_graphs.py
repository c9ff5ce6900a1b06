"""Random graphs: their programs compute what they do, whatever the shapes, with and without rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from planned import assert_planned

import chainrule as cr

UNARY: tuple[Callable[[Any], Any], ...] = (
    np.sin,
    np.tanh,
    np.abs,
    np.negative,
    np.square,
    np.floor,
    lambda x: np.exp(-np.abs(x)),
    lambda x: np.where(x > 0, x, 0.5 * x),
    lambda x: (x > 0.3) * x,
    lambda x: np.clip(x, -0.5, 1.5),
    lambda x: x.astype(np.float32).astype(np.float64),
)
BINARY: tuple[Callable[[Any, Any], Any], ...] = (
    np.add,
    np.subtract,
    np.multiply,
    np.maximum,
    np.logaddexp,
    lambda x, y: x / (1 + y * y),
    lambda x, y: np.where(x > y, x, y + 1),
    np.matmul,
    lambda x, y: x @ y.T,
    lambda x, y: np.concatenate([x, y], axis=-1),
    lambda x, y: np.stack([x, y], axis=-1),
    lambda x, y: np.einsum("...i,...i->...", x, y),
    np.outer,
)
FOLDS: tuple[Callable[..., Any], ...] = (np.sum, np.mean, np.max, np.min, np.prod, np.var, np.std)
MOVES: tuple[Callable[[Any], Any], ...] = (
    np.transpose,
    np.ravel,
    lambda x: x[..., None],
    lambda x: x[..., ::-1],
    lambda x: x[..., :2],
    lambda x: np.squeeze(x),
    lambda x: np.broadcast_to(x, (2, *x.shape)),
    lambda x: np.diff(x, axis=-1),
    lambda x: cr.special.softmax(x, axis=-1),
    lambda x: cr.special.log_softmax(x, axis=-1),
    lambda x: cr.special.logsumexp(x, axis=-1),
    lambda x: np.linalg.norm(x, axis=-1),
    lambda x: np.count_nonzero(x > 0, axis=-1) * 1.0,
)

Line = tuple[str, int, int, int, bool]


@st.composite
def programs(draw: st.DrawFn) -> list[Line]:
    kinds = st.sampled_from(["unary", "binary", "binary", "fold", "move"])
    line = st.tuples(kinds, st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.booleans())
    return draw(st.lists(line, min_size=1, max_size=8))


def run(lines: list[Line], *values: Any) -> Any:
    """The last value; a line that does not fit the shapes is left out."""
    known = list(values)
    for kind, which, one, other, keep in lines:
        x, y = known[-1 - one % len(known)], known[-1 - other % len(known)]
        try:
            if kind == "unary":
                known.append(UNARY[which % len(UNARY)](x))
            elif kind == "binary":
                known.append(BINARY[which % len(BINARY)](x, y))
            elif kind == "move":
                known.append(MOVES[which % len(MOVES)](x))
            else:
                axis = other % (x.ndim + 1) - 1 if x.ndim else None
                fold = FOLDS[which % len(FOLDS)]
                known.append(fold(x, axis=None if axis == -1 else axis, keepdims=keep))
        except (ValueError, TypeError, IndexError, cr.errors.ChainruleError):
            continue
        if known[-1].size > 2000:
            known.pop()
    return known[-1]


def numbers(rng: np.random.Generator, shape: Any, special: bool) -> Any:
    """Numbers, with zeros, infinities and NaN among them where that is asked for."""
    values = rng.normal(size=shape)
    which = rng.uniform(size=shape)
    odd = np.select([which < 0.04, which < 0.08, which < 0.12, which < 0.2], [np.nan, np.inf, -np.inf, 0.0], values)
    return odd if special else values


SIZES = st.sampled_from([0, 1, 2, 3, 3, 4])


@settings(max_examples=150, deadline=None)
@given(programs(), st.lists(SIZES, max_size=3), st.integers(0, 3), st.integers(0, 2**31), st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_arrays_of_any_shape(lines: list[Line], shape: list[int], fewer: int, seed: int, by_rows: bool) -> None:
    rng = np.random.default_rng(seed)
    x = numbers(rng, shape, seed % 4 == 0)
    y = numbers(rng, shape[fewer:], seed % 4 == 0)
    with np.errstate(all="ignore"):
        assert_planned(lambda x, y: run(lines, x, y), x, y, by_rows=by_rows, rtol=1e-8)


@settings(max_examples=150, deadline=None)
@given(programs(), st.integers(1, 4), st.integers(2, 7), st.integers(0, 2**31), st.booleans())
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_losses_over_rows(lines: list[Line], d: int, rows: int, seed: int, with_gradient: bool) -> None:
    rng = np.random.default_rng(seed)

    def loss(W: Any, X: Any, y: Any) -> Any:
        each = cr.vmap(lambda x, t: np.sum(run(lines, W, x, t, x @ W)), in_axes=(0, 0))
        return np.mean(each(X, y))

    f = cr.value_and_grad(loss) if with_gradient else loss
    arrays = [numbers(rng, shape, seed % 4 == 0) for shape in ((d, 3), (rows, d), rows)]
    with np.errstate(all="ignore"):
        assert_planned(f, *arrays, rtol=1e-7)
