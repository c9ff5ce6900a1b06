"""A run that is kept in a folder, in a process of its own, which tests kill.

python kept_run.py FOLDER WHICH [out]: runs it to its end and writes what it reached into `out`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import chainrule as cr

random = np.random.default_rng(8)
X = random.normal(size=(64, 4))
y = np.tanh(X @ random.normal(size=(4, 2))) @ random.normal(size=2)


def loss(p: Any, X: Any, y: Any) -> Any:
    return np.mean((np.tanh(X @ p["W"]) @ p["v"] + p["b"] - y) ** 2)


def whole(p: Any) -> Any:
    return loss(p, X, y)


START = {"W": random.normal(size=(4, 3)), "v": random.normal(size=3).astype(np.float32), "b": 0.0}
BATCHES: dict[str, Any] = {
    "learning_rate": cr.schedules.warmup(20, then=cr.schedules.cosine(0.05, 400)), "steps": 200, "optimizer": "adam",
    "data": (X, y), "batch_size": 7, "seed": 3, "clip": 2.0, "checkpoint_every": 5, "keep_history": 30_000,
    "stop": cr.stopping.loss_change(1e-12, patience=5),
}  # fmt: skip
RUNS: dict[str, tuple[Any, dict[str, Any]]] = {
    "batches": (loss, BATCHES),
    "momentum": (whole, {"learning_rate": 0.01, "steps": 100, "optimizer": "momentum", "checkpoint_every": 10}),
    "lbfgs": (whole, {"steps": 60, "optimizer": "lbfgs", "checkpoint_every": 7}),
    "newton_cg": (whole, {"steps": 20, "optimizer": "newton_cg", "checkpoint_every": 4}),
}


def run(which: str, folder: Any = None, **settings: Any) -> cr.Descent:
    function, known = RUNS[which]
    return cr.descend(function, START, checkpoint=folder, progress=False, **{**known, **settings})


def record(descent: cr.Descent) -> dict[str, Any]:
    """All numbers of a run, as arrays."""
    history = descent.history
    found = {
        "loss": history.loss, "norm": history.gradient_norm, "rate": history.learning_rate,
        "final": np.array([descent.final_loss, descent.gradient_norm]), "steps": np.array(descent.steps),
        "kept": np.array(history.steps), "stopped": np.array(descent.stopped),
    }  # fmt: skip
    for name in START:
        found[name] = descent.parameters[name]
        found[f"path of {name}"] = np.array([iterate[name] for iterate in history.parameters])
    return found


def assert_same(one: Any, two: Any) -> None:
    """Bit for bit."""
    assert set(one) == set(two)
    for name in one:
        assert one[name].dtype == two[name].dtype, name
        assert np.asarray(one[name]).tobytes() == np.asarray(two[name]).tobytes(), name


if __name__ == "__main__":
    print("begun", flush=True)
    np.savez(sys.argv[3], **record(run(sys.argv[2], sys.argv[1])))
