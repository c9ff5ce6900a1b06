"""The rules of a step against those of torch.optim, over fifty random steps of real and of float32 parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chainrule as cr

torch = pytest.importorskip("torch", reason="PyTorch is not installed; `make test-peers` tries to")

SGD, RMS = torch.optim.SGD, torch.optim.RMSprop
PAIRS: list[tuple[Any, Any]] = [
    (cr.optimizers.gd(), lambda p: SGD(p, lr=0.03)),
    (cr.optimizers.momentum(), lambda p: SGD(p, lr=0.03, momentum=0.9)),
    (cr.optimizers.nesterov(0.8), lambda p: SGD(p, lr=0.03, momentum=0.8, nesterov=True)),
    (cr.optimizers.adagrad(), lambda p: torch.optim.Adagrad(p, lr=0.03)),
    (cr.optimizers.rmsprop(), lambda p: RMS(p, lr=0.03)),
    (cr.optimizers.rmsprop(rho=0.9), lambda p: RMS(p, lr=0.03, alpha=0.9)),
    (cr.optimizers.adam(), lambda p: torch.optim.Adam(p, lr=0.03)),
    (cr.optimizers.adam(beta1=0.8, beta2=0.9, epsilon=1e-3), lambda p: torch.optim.Adam(p, 0.03, (0.8, 0.9), 1e-3)),
    (cr.optimizers.adamw(), lambda p: torch.optim.AdamW(p, lr=0.03)),
    (cr.optimizers.adamw(weight_decay=0.1), lambda p: torch.optim.AdamW(p, lr=0.03, weight_decay=0.1)),
]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize(("optimizer", "theirs"), PAIRS, ids=lambda value: getattr(value, "name", ""))
def test_fifty_random_steps_are_those_of_torch(optimizer: Any, theirs: Any, dtype: Any, tolerance: float) -> None:
    random = np.random.default_rng(1)
    start = random.normal(size=6).astype(dtype)
    slopes = (random.normal(size=(50, 6)) * 10.0 ** random.integers(-3, 3, size=(50, 6))).astype(dtype)

    tensor = torch.tensor(start, requires_grad=True)
    rule = theirs([tensor])
    expected = [start]
    for slope in slopes:
        tensor.grad = torch.tensor(slope)
        rule.step()
        expected.append(tensor.detach().numpy().copy())

    at = iter([*slopes, np.zeros_like(start)])
    run = cr.descend(lambda w: np.sum(w), start, 0.03, 50, optimizer=optimizer, gradient=lambda w: next(at))
    np.testing.assert_allclose(run.history.parameters, expected, rtol=tolerance, atol=tolerance)
