"""Loops and flows in mpmath, against what mpmath itself makes of them."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import chainrule as cr
from chainrule.passes import precise_bodies
from chainrule.passes.precise import Precise

TIMES = [0.0, 0.3, 0.8]


def path(k: float) -> object:
    return cr.odeint(lambda y, t: -k * y * np.cos(t), 1.5, TIMES)[-1]


def test_a_flow_to_thirty_digits() -> None:
    graph = cr.graph(path, 0.7)
    value = Precise(graph.inputs, [[0.75]], digits=30).value(graph.outputs[0], 0)
    with mpmath.workdps(40):
        want = mpmath.mpf("1.5") * mpmath.exp(-mpmath.mpf("0.75") * mpmath.sin(mpmath.mpf(0.8)))
        assert abs(mpmath.mpf(value) - want) < mpmath.mpf(10) ** -29


def test_a_stretch_that_is_too_long_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = cr.graph(path, 0.7)
    errors = []
    for halvings in (0, 3):
        monkeypatch.setattr(precise_bodies, "_LEVELS", 4)
        monkeypatch.setattr(precise_bodies, "_HALVINGS", halvings)
        value = Precise(graph.inputs, [[30.0]], digits=20).value(graph.outputs[0], 0)
        errors.append(abs(float(value) / (1.5 * np.exp(-30.0 * np.sin(0.8))) - 1))
    assert errors[1] < 1e-3 * errors[0]


def test_a_loop_to_thirty_digits() -> None:
    def loop(r: float) -> object:
        return cr.scan(lambda x, _: (r * x * (1 - x), None), 0.5, length=6, reverse=True)[0]

    graph = cr.graph(loop, 2.5)
    value = Precise(graph.inputs, [[2.75]], digits=30).value(graph.outputs[0], 0)
    with mpmath.workdps(40):
        want = mpmath.mpf("0.5")
        for _ in range(6):
            want = mpmath.mpf("2.75") * want * (1 - want)
        assert abs(mpmath.mpf(value) - want) < mpmath.mpf(10) ** -29
