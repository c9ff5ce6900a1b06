"""Checks of a gradient against finite differences and the exact derivative, with error bars in place of a tolerance.

Few components are measured one by one, many along random directions. Where f can be traced its exact derivative is
computed as well; it is trusted once the numbers have confirmed it, and then decides to the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.calculus.containers import flatten as take_apart, is_container
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.errors import ArgumentError
from chainrule.numeric.checking.claim import Claim
from chainrule.numeric.checking.collect import evidence_of, misshapen
from chainrule.numeric.checking.directions import compare_along
from chainrule.numeric.checking.exact import exact_derivative
from chainrule.numeric.checking.exactly import compare_exactly
from chainrule.numeric.checking.findings import Findings
from chainrule.numeric.checking.objective import ArgNums, Flatten, Objective, single
from chainrule.numeric.checking.one_by_one import compare_each
from chainrule.numeric.checking.report import GradientCheck
from chainrule.numeric.diagnosis import diagnose
from chainrule.numeric.peers import adapt

__all__ = ["GradientCheck", "check", "compare"]

# Up to so many components each is measured on its own.
EACH = 256
BUDGET = 100


def check(
    f: Callable[..., Any] | str, df: Any, *args: Any, argnums: ArgNums = 0, budget: int | None = None
) -> GradientCheck:
    """Compare a gradient of the scalar function f at `args` with finite differences and with the exact derivative.

    `df` is a function of the same arguments or the gradient itself: an array of the shape of the argument chosen by
    `argnums` (a position or a name; for several, a tuple, and `df` gives as many arrays), or a container where the
    argument is one; with None, chainrule's own gradient is checked. f may be a formula, or a function of PyTorch or
    JAX with their tensors as arguments (there None is that library's gradient). Integer arguments that are
    differentiated are promoted to float64; neither f nor df ever sees the caller's own arrays. The tolerance of each
    component follows from the dtypes, from the measured truncation and noise of f, and from the noise of df.

    Up to 256 components are measured one by one. More are compared with the exact derivative where f can be traced,
    which random directions confirm; else along random directions, and the wrong ones are found by bisection, with
    fewer than `budget` evaluations of f (100 by default). A larger budget finds them more tightly, and allows to
    measure more components one by one, at six evaluations each.

    Raises `ShapeError` if the gradient has another shape than its argument and no known mistake explains it,
    `NotScalarError` if f is not scalar-valued, `NonFiniteError` if f is undefined at the point, and `ArgumentError` if
    f or df is not deterministic, writes into an argument, or an argument cannot be used. NaN in the gradient is a
    failed check, not an error.

    >>> import numpy as np, chainrule as cr
    >>> result = cr.check(lambda w: (w**2).sum(), lambda w: -2 * w, np.array([1.0, -3.0]))
    >>> bool(result), result.worst.exact
    (False, -6.0)
    >>> "sign" in result.diagnosis
    True
    """
    problem = adapt(f, df, args, argnums)
    if problem is not None:
        return compare(problem.f, problem.df, problem.args, problem.argnums, problem.names, budget=budget)
    function = as_function(f) if isinstance(f, str) else f
    return compare(
        function,
        df,
        args,
        argnums,
        exact=grad(function, argnums) if df is None else None,
        flatten=_leaves if any(map(_holds_arrays, args)) else single,
        budget=budget,
    )


def _holds_arrays(value: Any) -> bool:
    """Whether an argument is a container of parameters; a list of numbers is an array."""
    return is_container(value) and not (
        isinstance(value, list) and all(isinstance(v, (int, float, list)) for v in value)
    )


def _leaves(value: Any) -> tuple[list[tuple[str, Any]], Callable[[Sequence[Any]], Any]]:
    leaves, rebuild = take_apart(value, "#")
    return [(path[1:], leaf) for path, leaf in leaves], rebuild  # what follows the argument's own name


def compare(
    f: Callable[..., Any],
    df: Any,
    args: Sequence[Any],
    argnums: ArgNums = 0,
    names: Sequence[str] | None = None,
    exact: Callable[..., Any] | None = None,
    flatten: Flatten = single,
    budget: int | None = None,
) -> GradientCheck:
    """What `check` does, with its parts open: names of the arguments, exact derivatives, containers.

    `names` has one name an argument (by default those of f's signature). Where `df` is None, `exact` stands in for
    it, called with `args`. `flatten` turns an argument, or its gradient, into (leaves, rebuild): pairs of a path
    such as `['W']` and an array, and the function from such arrays back to the container. Raises as `check` does,
    and `ArgumentError` if neither `df` nor `exact` is given.

    >>> import numpy as np
    >>> from chainrule.numeric import compare
    >>> compare(np.sin, None, [1.0], exact=np.cos).passed
    True
    """
    if df is None and exact is None:
        raise ArgumentError("df is missing: give the gradient to check, a function of the arguments or an array")
    wanted: Any = budget
    if wanted is not None and (isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1):
        raise ArgumentError(f"budget must be a number of evaluations, at least 1, not {budget!r}")
    own = df is None
    df = exact if own else df
    objective = Objective(f, args, argnums, names, flatten)
    gradients = objective.gradients(df)
    value = objective.value()
    if not objective.flat.size:
        objective.require_shapes(gradients)
        return GradientCheck(True, None, (), objective.probe.evaluations, "", 0.0)
    function = df if callable(df) else None
    derivative = exact_derivative(objective, value)
    if any(g.shape != leaf.values.shape for g, leaf in zip(gradients, objective.leaves, strict=True)):
        found = misshapen(objective, value, gradients, df, derivative)
        mistake = diagnose(evidence_of(objective, function, found.parts, derivative))
        if mistake is None:
            objective.require_shapes(gradients)
    else:
        claim = Claim(objective, value, gradients, function, derivative, own)
        found = _compared(claim, budget)
        mistake = None
        if not found.passed and found.parts:
            mistake = diagnose(evidence_of(objective, function, found.parts, derivative))
    objective.require_unchanged(value)
    return GradientCheck(
        passed=found.passed,
        worst=max(found.components, key=lambda c: c.ratio, default=None),
        components=tuple(found.components),
        evaluations=objective.probe.evaluations,
        diagnosis="" if mistake is None else mistake.text,
        resolution=found.resolution,
        size=objective.flat.size,
        wrong=found.wrong,
        mistake=mistake,
        groups=tuple(found.groups),
        kinks=tuple(found.kinks),
        directions=tuple(found.directions),
        notes=tuple(found.notes),
    )


def _compared(claim: Claim, budget: int | None) -> Findings:
    count = claim.flat.size
    if count <= EACH if budget is None else 6 * count + 40 <= budget:
        return compare_each(claim)
    exact = claim.exact_flat()
    allowed = BUDGET if budget is None else budget
    if exact is not None and np.isfinite(exact).all():
        return compare_exactly(claim, exact, allowed)
    return compare_along(claim, allowed)
