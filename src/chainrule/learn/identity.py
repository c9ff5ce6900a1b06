"""What a run is known by: enough of its settings to tell that a checkpoint is that of another run."""

from __future__ import annotations

import dataclasses
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.learn.batches import Data
from chainrule.learn.optimizers.solver import Solver

if TYPE_CHECKING:
    from chainrule.learn.loop import Run

__all__ = ["described", "identity"]

SAMPLE = 1000  # rows of the data that are looked at


def identity(run: Run) -> dict[str, str]:
    """The settings of a run in words, by name.

    How many steps are asked for is none of them: a run that has made its steps can be asked for more. A function is
    known by its name, data by its shapes and its first rows, the start by its numbers.
    """
    problem, settings = run.problem, run.settings
    leaves = zip(problem.paths, problem.start, strict=True)
    found = {
        "loss": described(problem.name),
        "gradient": described(problem.gradient),
        "start": ", ".join(f"{path} {_array(np.asarray(leaf))}" for path, leaf in leaves),
        "optimizer": described(run.optimizer),
        "learning_rate": described(settings.learning_rate),
        "clip": described(settings.clip),
        "stop": described(settings.stops),
        "data": "None" if problem.data is None else _data(problem.data),
        "batch_size": "None" if problem.batches is None else str(problem.batches.size),
        "keep_history": str(settings.keep_history),
    }
    if problem.batches is not None:
        found |= {"shuffle": str(problem.batches.shuffle), "seed": str(problem.batches.seed)}
    if isinstance(run.optimizer, Solver):
        # Its legs end at each checkpoint.
        found["checkpoint_every"] = str(settings.every)
    return found


def described(value: Any) -> str:
    """A setting in words that are the same in every process.

    >>> import chainrule as cr
    >>> described(cr.stopping.validation(len))
    'validation(loss=len, patience=10, every=1, least=0.0)'
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = (f"{field.name}={described(getattr(value, field.name))}" for field in dataclasses.fields(value))
        return f"{type(value).__name__}({', '.join(fields)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(described, value))})"
    if callable(value):
        return str(getattr(value, "__qualname__", type(value).__qualname__))
    return value if isinstance(value, str) else repr(value)


def _data(data: Data) -> str:
    block = next(data.blocks())
    head = block.take(slice(0, SAMPLE))
    return f"{data.rows} rows, " + ", ".join(f"{label} {_array(array)}" for label, array in head.labelled())


def _array(array: np.ndarray[Any, Any]) -> str:
    """Shape, dtype and a checksum of an array."""
    return f"{array.shape} {array.dtype} {zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"
