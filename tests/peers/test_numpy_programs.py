"""Random programs of NumPy's functions: autograd and JAX give the same gradients, where they have the functions."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from numpy_programs import calls_with, differentiated_calls, programs

import chainrule as cr

COUNT = 500
# What autograd gets wrong without a word: it takes these for constants, or sums over the wrong axes.
WRONG_IN_AUTOGRAD = {"numpy.cross", "numpy.diag", "numpy.full_like", "numpy.where"}


def sweep(gradient: Any, module: Any, least: int, wrong: set[str]) -> None:
    """Gradients of as many programs as COUNT, of the calls that the peer has too.

    Args:
        gradient: the peer's `grad(f, argnums)`.
        module: its namespace with NumPy's names.
        least: how many calls it has, or the sweep would say little.
        wrong: the functions of which differences of NumPy's values belie the peer's gradient: these it may miss.
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calls, belied = calls_with(differentiated_calls(), gradient, module)
        assert len(calls) >= least
        assert {call.function for call in belied} <= wrong
        lost = 0
        for program in programs(calls, COUNT):
            every = tuple(range(len(program.point)))
            got = cr.grad(program.on(np), argnums=every)(*program.point)
            scale = 1 + max(float(np.max(np.abs(g))) for g in got)
            want = gradient(program.on(module), every)(*program.point)
            if any(np.any(np.isnan(theirs) & np.isfinite(mine)) for mine, theirs in zip(got, want, strict=True)):
                lost += 1  # the deviation of one number: theirs is NaN, ours 0, as the guide says
                continue
            for mine, theirs in zip(got, want, strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-8 * scale, err_msg=str(program))
        assert lost <= COUNT // 50


def test_autograd_agrees() -> None:
    autograd = pytest.importorskip("autograd", reason="autograd is not installed; `make test-peers` tries to")
    import autograd.numpy as anp

    sweep(autograd.grad, anp, 150, WRONG_IN_AUTOGRAD)


def test_jax_agrees() -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed; `make test-peers` tries to")
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        sweep(jax.grad, jax.numpy, 250, set())
    finally:
        jax.config.update("jax_enable_x64", before)
