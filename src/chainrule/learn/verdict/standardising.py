"""What scaling would do to the condition number."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.learn.batches import Block, InMemory
from chainrule.learn.hessian import Hessian
from chainrule.learn.lanczos import whole
from chainrule.learn.verdict.case import ALL, PRODUCTS, Case

__all__ = ["standardising"]


def standardising(case: Case) -> tuple[str, dict[str, Any]]:
    """An advice, and the numbers behind it; both empty where nothing can be said."""
    return _standardised_data(case) or _scaled_parameters(case)


def _standardised_data(case: Case) -> tuple[str, dict[str, Any]] | None:
    """The condition at the start, of the loss on inputs with mean 0 and standard deviation 1; None without inputs."""
    problem, model = case.run.problem, case.model
    if model is None or not isinstance(problem.data, InMemory) or len(problem.data.block.by_position) < 2:
        return None
    inputs, *others = problem.data.block.by_position
    size = model.hessian.coordinates.size
    if inputs.ndim != 2 or inputs.dtype.kind != "f" or size > min(PRODUCTS, ALL - model.hessian.products):
        return None
    mean, spread = inputs.mean(axis=0), inputs.std(axis=0)
    varying = spread > 1e-12 * np.abs(mean)
    scaled = np.where(varying, (inputs - mean) / np.where(varying, spread, 1.0), inputs)
    block = Block((scaled, *others), problem.data.block.by_name, problem.data.block.rows)
    try:
        hessian = Hessian(problem.loss_on(block), problem.rebuild(problem.start))
        found = whole(hessian, size, hessian.gradient)
    except ChainruleError:  # it has no second derivative there: nothing can be said
        return None
    values = model.ends.values
    now, then = (float(known[-1] / known[known > 1e-9 * known[-1]].min()) for known in (values, found.values))
    if not then < now / 2:
        return None
    text = (
        f"Standardise the inputs: with mean 0 and deviation 1 the condition number would be {then:.3g}, not {now:.3g}."
    )
    return text, {"standardised_condition": then}


def _scaled_parameters(case: Case) -> tuple[str, dict[str, Any]]:
    """The condition of the Hessian with its diagonal scaled to ones, which is what units of the inputs can change."""
    model = case.model
    if model is None or model.hessian.coordinates.size > PRODUCTS or len(model.ends.values) < 2:
        return "", {}
    vectors, values = model.ends.mixing, model.ends.values
    matrix = (vectors * values) @ vectors.T
    diagonal = np.diag(matrix)
    if not (diagonal > model.negligible).all():
        return "", {}
    scaled = np.linalg.eigvalsh(matrix / np.sqrt(np.outer(diagonal, diagonal)))
    if not scaled[0] > 0:
        return "", {}
    now, then = float(values[-1] / values[0]), float(scaled[-1] / scaled[0])
    if not then < now / 2:
        return "", {}
    text = (
        "Scale the inputs: with each parameter in units of its own curvature the condition number would be "
        f"{then:.3g}, not {now:.3g}."
    )
    return text, {"scaled_condition": then}
