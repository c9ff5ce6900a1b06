"""The matrix of second derivatives, from values of the function or from its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import ArgumentError, NotScalarError, ShapeError
from chainrule.numeric.differences.functions import narrow, read_formula, slopes
from chainrule.numeric.differences.lines import Components, Directions
from chainrule.numeric.differences.schemes import COMPLEX, Scheme
from chainrule.numeric.differences.singular import chosen_derivative
from chainrule.numeric.differences.steps import read_step, representable
from chainrule.numeric.probe import RealArray, quiet, read_point
from chainrule.numeric.samples import Samples, sampled

__all__ = ["hessian"]


def hessian(
    f: Callable[[Any], Any],
    x: ArrayLike,
    h: float | None = None,
    scheme: str = "central",
    *,
    accuracy: int | None = None,
    gradient: Callable[[Any], Any] | None = None,
    vectorized: bool | None = None,
) -> RealArray | np.floating[Any]:
    """The Hessian of a scalar function of an array of any shape: symmetric, entry [i, j] by x[i] and x[j].

    Returns the shape of x twice, in the dtype of x. The mixed derivatives come from second derivatives along
    diagonals, u'Hu = s^2 H[i, i] + 2 s t H[i, j] + t^2 H[j, j] for u = s e_i + t e_j: with a fixed h and central
    differences of accuracy 2 that takes n^2 + n + 1 evaluations of f, about half of what four corners a pair take.
    With `h=None` each component has a step of its own.
    Where `gradient` is given, a function that returns the gradient in the shape of x, it is differenced in place of f,
    which takes 2n + 1 evaluations of it and gives more digits; the two halves of the matrix are then averaged.

    The other arguments are those of `derivative`; the scheme "complex" needs a `gradient`. Raises `NotScalarError` if
    f(x) is not a scalar, `ShapeError` if the gradient has another shape than x, `NonFiniteError` where a value is
    undefined or there is no second derivative, and `ArgumentError` as `derivative` does.
    Source: M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 1964, equation 25.3.27.

    >>> from chainrule.numeric import hessian
    >>> hessian(lambda p: p[0] ** 2 * p[1] + 3 * p[1] ** 2, [2.0, 3.0]).round(6)
    array([[6., 4.],
           [4., 6.]])
    """
    values = read_point(x)
    if gradient is not None:
        rule = read_formula(scheme, 1, accuracy, h)
        samples = sampled(gradient, x, vectorized, name="the gradient")
        if samples.centre.shape != values.shape:
            raise ShapeError(f"the gradient has shape {samples.centre.shape}, but x has shape {values.shape}")
        lines = Components(samples, list(np.ndindex(values.shape)))
        rows = slopes(lines, h, rule).reshape(values.size, values.size) if values.size else np.zeros((0, 0))
        matrix: RealArray = (rows + rows.T) / 2
    else:
        second = None if scheme == COMPLEX else read_formula(scheme, 2, accuracy, h)
        if second is None:
            raise ArgumentError("the complex step gives first derivatives: give gradient=, or take scheme='central'")
        samples = sampled(f, x, vectorized)
        if samples.centre.shape != ():
            raise NotScalarError(
                f"{samples.probe.name} returned shape {samples.centre.shape}, a Hessian needs a scalar"
            )
        with quiet():
            matrix = _from_values(samples, h, second) if values.size else np.zeros((0, 0))
    return narrow(matrix.reshape(values.shape * 2), samples)[()]


def _from_values(samples: Samples, h: float | None, rule: Scheme) -> RealArray:
    flat, size = samples.values.reshape(-1), samples.values.size
    axes = Components(samples, list(np.ndindex(samples.values.shape)))
    pairs = np.array([(i, j) for i in range(size) for j in range(i)], np.intp).reshape(-1, 2)
    i, j = pairs.T
    both: RealArray = np.zeros(0)
    if h is not None:
        diagonal = slopes(axes, h, rule)
        units: RealArray = np.full(pairs.T.shape, read_step(h))
        if len(pairs):
            both = slopes(_diagonals(samples, pairs, units), 1.0, rule)
    else:
        along = chosen_derivative(axes, rule)
        # The pair moves each of its components by the step that was right for it alone, at first.
        diagonal = along.slope
        units = representable(flat, along.step.astype(flat.dtype)).astype(np.float64)[pairs.T]
        if len(pairs):
            lines = _diagonals(samples, pairs, units)
            both = chosen_derivative(lines, rule, along.noise, np.ones(len(pairs), flat.dtype)).slope
    matrix: RealArray = np.diag(diagonal)
    matrix[i, j] = matrix[j, i] = _mixed(both, diagonal, units, pairs)
    return matrix


def _mixed(both: RealArray, diagonal: RealArray, units: RealArray, pairs: NDArray[np.intp]) -> RealArray:
    """H[i, j] from the second derivatives along s e_i + t e_j, and along the axes; `units` are all s and all t."""
    (i, j), (s, t) = pairs.T, units
    # In this order, in which no square of a step overflows.
    result: RealArray = (both / s / t - diagonal[i] * (s / t) - diagonal[j] * (t / s)) / 2
    return result


def _diagonals(samples: Samples, pairs: NDArray[np.intp], units: RealArray) -> Directions:
    values, directions = samples.values, []
    for (i, j), (s, t) in zip(pairs, units.T, strict=True):
        direction = np.zeros_like(values)
        direction.flat[i], direction.flat[j] = s, t
        directions.append(direction)
    return Directions(samples, directions)
