"""The evidence of a failed check for its diagnosis: the numbers here, at another point, and of other arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.calculus.gradients import grad
from chainrule.errors import NonFiniteError
from chainrule.numeric.checking.exact import Exact, exact_gradients
from chainrule.numeric.checking.findings import ROUNDED, Claim, Findings
from chainrule.numeric.checking.measure import measure
from chainrule.numeric.checking.objective import Objective
from chainrule.numeric.evidence import Evidence, Part
from chainrule.numeric.probe import RealArray, precision

__all__ = ["evidence_of", "misshapen"]

SEED = 20240301
# How far the other point lies, of the size of each component.
BESIDE = 1 / 64
# Components of an array whose measured gradient is worth having for one hypothesis.
FEW = 256


def evidence_of(
    objective: Objective, df: Callable[..., Any] | None, parts: Sequence[Part], exact: Exact | None
) -> Evidence:
    """What the diagnosis may ask for. `df` is the function that the claimed gradient comes from, if there is one."""
    graph = None if exact is None else exact.graph

    def others(name: str) -> RealArray | None:
        return _other(objective, name)

    def elsewhere() -> Evidence | None:
        if df is None or exact is None or any(part.directions for part in parts):
            return None
        return _elsewhere(objective, df, exact)

    return Evidence(parts, objective.by_name(), others, graph, elsewhere)


def misshapen(objective: Objective, value: RealArray, gradients: Sequence[RealArray], exact: Exact | None) -> Findings:
    """What can be said of a claimed gradient of another shape than its argument: it fails, beside a reference."""
    parts = []
    references = None if exact is None else exact.gradients
    if references is None and objective.flat.size <= FEW:
        references = _measured(objective, value)
    for place, (leaf, gradient) in enumerate(zip(objective.leaves, gradients, strict=True)):
        if references is None:
            return Findings([], passed=False)
        reference, tolerance = np.asarray(references[place], np.float64), np.zeros(leaf.values.shape)
        largest = float(np.abs(reference[np.isfinite(reference)]).max(initial=0.0))
        eps = max(precision(leaf.values, value), float(np.finfo(gradient.dtype).eps))
        # Measured ones are good to the precision of a difference, exact ones to that of rounding.
        tolerance += largest * (ROUNDED * eps if exact is not None else 10 * eps**0.5)
        parts.append(Part(leaf.name, leaf.values, gradient, reference, tolerance))
    return Findings(parts, resolution=max(float(p.tolerance.max(initial=0.0)) for p in parts), passed=False)


def _measured(objective: Objective, value: RealArray) -> list[RealArray] | None:
    claim = Claim(objective, value, [np.zeros(leaf.values.shape) for leaf in objective.leaves], None, None, False)
    try:
        flat = np.array([measure(claim.line(i)).value for i in range(objective.flat.size)])
    except NonFiniteError:
        return None
    return [flat[leaf.start : leaf.stop].reshape(leaf.values.shape) for leaf in objective.leaves]


def _other(objective: Objective, name: str) -> RealArray | None:
    """The exact derivative by an argument that was not chosen."""
    if name not in objective.names or objective.names.index(name) in objective.positions:
        return None
    try:
        found = np.asarray(grad(objective.f, objective.names.index(name))(*objective.arguments()))
    except Exception:
        return None  # it cannot be traced, or is no array: a diagnosis is a help, and never what makes a check fail
    return found if found.dtype.kind == "f" else None


def _elsewhere(objective: Objective, df: Callable[..., Any], exact: Exact) -> Evidence | None:
    """The same at a point close by, with the exact derivative as the reference."""
    random = np.random.default_rng(SEED)
    leaves = []
    for leaf in objective.leaves:
        size = np.abs(leaf.values)
        usual = float(np.sqrt(np.mean(size.astype(np.float64) ** 2))) if size.size else 0.0
        step = BESIDE * np.maximum(size, usual or 1.0) * random.uniform(0.5, 1.0, leaf.values.shape)
        step = step * random.choice([-1.0, 1.0], leaf.values.shape)
        if step.ndim == 2 and np.array_equal(leaf.values, leaf.values.T):
            step = (step + step.T) / 2  # a gradient may rely on the symmetry of its argument
        leaves.append((leaf.values + step).astype(leaf.values.dtype))
    given = [x[()] if leaf.scalar else x.copy() for x, leaf in zip(leaves, objective.leaves, strict=True)]
    try:
        claimed = objective.gradients(df, given)
    except Exception:
        return None  # the gradient is not defined there
    reference = exact_gradients(exact.graph, leaves)
    if reference is None or not all(np.isfinite(g).all() for g in (*claimed, *reference)):
        return None
    parts = []
    for leaf, x, g, r in zip(objective.leaves, leaves, claimed, reference, strict=True):
        eps = precision(leaf.values, g, r)
        bar = np.full(r.shape, ROUNDED * eps * float(np.abs(r).max(initial=0.0)))
        parts.append(Part(leaf.name, x, g, np.asarray(r, np.float64), bar))
    return Evidence(parts, objective.by_name(), graph=exact.graph)
