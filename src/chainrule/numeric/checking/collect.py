"""The evidence of a failed check for its diagnosis: the numbers here, at another point, and of other arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.calculus.gradients import grad
from chainrule.errors import NonFiniteError
from chainrule.numeric.checking.claim import ROUNDED, Claim
from chainrule.numeric.checking.exact import Exact, exact_gradients
from chainrule.numeric.checking.findings import Findings
from chainrule.numeric.checking.measure import measure
from chainrule.numeric.checking.monte_carlo import gradient_rounding
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


def misshapen(
    objective: Objective, value: RealArray, gradients: Sequence[RealArray], df: Any, exact: Exact | None
) -> Findings:
    """What can be said of a claimed gradient of another shape than its argument: it fails, beside a reference."""
    claim = Claim(objective, value, gradients, df if callable(df) else None, exact, False)
    if exact is not None:
        right = list(exact.gradients)
        # Exact ones are good to rounding, with what cancels in them.
        bars = claim.exact_trembling(np.arange(objective.flat.size))
    elif objective.flat.size <= FEW:
        measured = _measured(claim)
        if measured is None:
            return Findings([], passed=False)
        right = [measured[0][leaf.start : leaf.stop].reshape(leaf.values.shape) for leaf in objective.leaves]
        bars = measured[1]
    else:
        return Findings([], passed=False)
    # The claim has other components: of each array the one that trembles most.
    trembling = np.split(claim.trembling(np.arange(claim.flat.size)), np.cumsum([g.size for g in gradients])[:-1])
    parts = []
    for leaf, gradient, reference, lost in zip(objective.leaves, gradients, right, trembling, strict=True):
        largest = float(np.abs(reference[np.isfinite(reference)]).max(initial=0.0))
        eps = max(precision(leaf.values, value), float(np.finfo(gradient.dtype).eps))
        # Beside measured ones no more digits are asked of a claim than a difference has.
        lost = lost if exact is not None else np.append(lost, 10 * eps**0.5 * largest)
        tolerance = bars[leaf.start : leaf.stop].reshape(leaf.values.shape) + ROUNDED * eps * largest
        tolerance += float(lost.max(initial=0.0))
        parts.append(Part(leaf.name, leaf.values, gradient, np.asarray(reference, np.float64), tolerance))
    return Findings(parts, resolution=max(float(p.tolerance.max(initial=0.0)) for p in parts), passed=False)


def _measured(claim: Claim) -> tuple[RealArray, RealArray] | None:
    """The gradient by differences as one vector, and its error bars."""
    try:
        slopes = [measure(claim.line(i)) for i in range(claim.objective.flat.size)]
    except NonFiniteError:
        return None
    return np.array([slope.value for slope in slopes]), np.array([slope.error for slope in slopes])


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
    flat = np.concatenate([r.ravel().astype(np.float64) for r in reference])
    lost = gradient_rounding(exact.graph, [x[()] for x in leaves], flat)
    for leaf, x, g, r in zip(objective.leaves, leaves, claimed, reference, strict=True):
        eps = precision(leaf.values, g, r)
        bar = lost[leaf.start : leaf.stop].reshape(r.shape) + ROUNDED * eps * float(np.abs(r).max(initial=0.0))
        parts.append(Part(leaf.name, x, g, np.asarray(r, np.float64), bar))
    return Evidence(parts, objective.by_name(), graph=exact.graph)
