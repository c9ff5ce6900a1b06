"""What scaling would do to the condition number."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.learn.verdict.case import PRODUCTS, Case

__all__ = ["standardising"]


def standardising(case: Case) -> tuple[str, dict[str, Any]]:
    """An advice, and the numbers behind it; both empty where nothing can be said."""
    return _scaled_parameters(case)


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
        f"Scale the inputs: with each parameter in units of its own curvature the condition number would be {then:.3g}, "
        f"not {now:.3g}."
    )
    return text, {"scaled_condition": then}
