"""Derivatives of any callable by finite differences.

A derivative is estimated from values of the function at a few points a step h apart. A step too large cuts off
too much of the Taylor series (truncation); a step too small drowns in the rounding of the values. A given `h` is
used as it is, with the formula as the textbook writes it; `h=None` lets the function itself say where the two balance.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric.differences.chosen import combine
from chainrule.numeric.differences.complex_step import complex_slopes
from chainrule.numeric.differences.elementwise import elementwise_samples, require_elementwise
from chainrule.numeric.differences.lines import Components, Directions, Elements, Lines
from chainrule.numeric.differences.schemes import COMPLEX, Scheme, formula, read_scheme
from chainrule.numeric.differences.singular import chosen_derivative
from chainrule.numeric.differences.steps import read_step, step_for
from chainrule.numeric.probe import Index, RealArray, is_scalar, quiet, read_point
from chainrule.numeric.samples import Samples, read_vectorized, sampled

__all__ = ["derivative", "directional", "gradient", "jacobian", "narrow", "partial", "read_formula", "slopes"]

Numbers: TypeAlias = RealArray | np.floating[Any]
Formula: TypeAlias = Scheme | None  # None is the complex step

# With a step that is chosen, a formula costs what its points cost, and these gain the most digits for them.
CHOSEN_ACCURACY = {"central": 4, "forward": 2, "backward": 2}


def derivative(
    f: Callable[[Any], Any],
    x: ArrayLike,
    h: float | None = None,
    scheme: str = "central",
    *,
    order: int = 1,
    accuracy: int | None = None,
    vectorized: bool | None = None,
) -> Numbers:
    """The derivative of any order of a function of one real variable, elementwise where x is an array.

    `f` gets an array of the shape of x (a NumPy scalar if x is a number) and returns one of the same shape; element
    i of the result may depend on element i of x only. A function of one number, such as math.gamma, is called for each
    element. Returns the dtype and shape of x; integers are promoted to
    float64.

    `scheme` is "central", "forward", "backward", or "complex" (one value at x + ih, for analytic functions; held
    against differences, and refused where they disagree). `accuracy` is the power of h by which the truncation error
    falls, 1 to 8, even for central. A fixed `h` is the textbook quotient as written, by default of accuracy 2, or 1 on
    one side. `h=None` chooses the step of each element from the scale of x, the dtype, and the measured noise of f,
    by default with accuracy 4, or 2 on one side.

    `vectorized=True` says that f takes a batch of points along a new first axis, and hands it nothing else; False
    never tries. None hands it a batch where that saves many calls, and believes it only if its numbers equal those of
    single calls, of which some are repeated for every batch.

    f is undefined where it is NaN or infinite, or raises an `ArithmeticError` or `ValueError`: with `h=None` the step
    stays inside. At a kink the first derivative is the mean of both sides, as that of a central quotient is.

    Raises `ShapeError` if f returns another shape; `NonFiniteError` where a value is undefined or, with `h=None`,
    where there is no derivative: at a jump, a vertical tangent, a kink for order 2 and more; and `ArgumentError` for a
    bad x, h, scheme, order or accuracy, an h lost in the rounding of x, an f that is not elementwise, writes into its
    argument or returns no numbers. What f raises at x itself passes through.
    Source: B. Fornberg, Math. Comp. 51 (1988), for the formulas; H.-J. M. Shi et al., SIAM J. Sci. Comput. 44(4), 2022,
    for the step.

    >>> import numpy as np
    >>> from chainrule.numeric import derivative
    >>> f"{derivative(lambda x: x**2, 3.0, h=1e-7):.10f}"
    '5.9999999902'
    >>> derivative(np.sin, np.array([0.0, np.pi])).round(9)
    array([ 1., -1.])
    >>> f"{derivative(np.exp, 0.0, order=4, accuracy=8):.6f}"
    '1.000000'
    """
    rule, values = read_formula(scheme, order, accuracy, h), read_point(x)
    samples = elementwise_samples(f, values, is_scalar(x), read_vectorized(vectorized))
    if values.size > 1:
        require_elementwise(samples, h, rule)
    return narrow(slopes(Elements(samples), h, rule).reshape(values.shape), samples)[()]


def partial(
    f: Callable[[Any], Any],
    index: int | Index,
    x: ArrayLike,
    h: float | None = None,
    scheme: str = "central",
    *,
    order: int = 1,
    accuracy: int | None = None,
    vectorized: bool | None = None,
) -> Numbers:
    """The partial derivative of f(x), of any order, with respect to the one component x[index].

    `index` is an int for a vector, a tuple with one int an axis otherwise; negative ones count from the end. Returns
    the shape of f(x), in the dtype of x. The other arguments are those of `derivative`. Raises as `gradient` does, and
    `ArgumentError` for an index outside x.

    >>> from chainrule.numeric import partial
    >>> f = lambda p: p[0] ** 2 * p[1] + 3 * p[1] ** 2
    >>> f"{partial(f, 0, [2.0, 3.0], h=1e-7):.6f}", f"{partial(f, 1, [2.0, 3.0], h=1e-7):.6f}"
    ('12.000000', '22.000000')
    """
    rule, place = read_formula(scheme, order, accuracy, h), _index(index, read_point(x).shape)
    samples = sampled(f, x, vectorized)
    return narrow(slopes(Components(samples, [place]), h, rule)[0], samples)[()]


def gradient(
    f: Callable[[Any], Any],
    x: ArrayLike,
    h: float | None = None,
    scheme: str = "central",
    *,
    accuracy: int | None = None,
    vectorized: bool | None = None,
) -> Numbers:
    """The gradient of a scalar function of an array of any shape, one component at a time.

    Returns the shape and dtype of x; integers are promoted to float64. The other arguments are those of `derivative`.
    With a fixed h it takes 2n + 1 evaluations of f for n components; with `h=None` mostly 6n + 14: each component has
    a step of its own, and the noise of f is measured once.
    Raises `NotScalarError` if f(x) is not a scalar, `NonFiniteError` where a value is undefined or there is no
    derivative, and `ArgumentError` for a bad x, h, scheme or accuracy, an h lost in the rounding of x, an f that writes
    into its argument or returns no numbers.

    >>> from chainrule.numeric import gradient
    >>> gradient(lambda p: p[0] ** 2 + 3 * p[1], [1, 2]).round(9)
    array([2., 3.])
    """
    rule, samples = read_formula(scheme, 1, accuracy, h), sampled(f, x, vectorized)
    if samples.centre.shape != ():
        raise NotScalarError(
            f"{samples.probe.name} returned shape {samples.centre.shape}, a gradient needs a scalar: use jacobian"
        )
    return _jacobian(samples, h, rule)


def jacobian(
    f: Callable[[Any], Any],
    x: ArrayLike,
    h: float | None = None,
    scheme: str = "central",
    *,
    accuracy: int | None = None,
    vectorized: bool | None = None,
) -> Numbers:
    """All partial derivatives of an array-valued function: entry [i, j] is that of f(x)[i] with respect to x[j].

    Returns the shape of f(x) followed by the shape of x, in the dtype of x. The other arguments are those of
    `derivative`. Raises as `gradient` does, and `ShapeError` if the shape of f(x) changes from call to call.

    >>> import numpy as np
    >>> from chainrule.numeric import jacobian
    >>> jacobian(lambda p: np.array([p[0] * p[1], p[0] + p[1], p[1] ** 2]), [2.0, 5.0]).round(9) + 0.0
    array([[ 5.,  2.],
           [ 1.,  1.],
           [ 0., 10.]])
    """
    rule = read_formula(scheme, 1, accuracy, h)
    return _jacobian(sampled(f, x, vectorized), h, rule)


def directional(
    f: Callable[[Any], Any],
    x: ArrayLike,
    v: ArrayLike,
    h: float | None = None,
    scheme: str = "central",
    *,
    order: int = 1,
    accuracy: int | None = None,
    vectorized: bool | None = None,
) -> Numbers:
    """The derivative of t -> f(x + t v) at t = 0, of any order: how f changes along a direction.

    `v` has the shape of x and is not normalised, so that the result is the gradient times v. Returns the shape of
    f(x), in the dtype of x. The other arguments are those of `derivative`; a fixed `h` is a step of t. Raises as
    `gradient` does, and `ShapeError` if v has another shape than x.

    >>> from chainrule.numeric import directional
    >>> f"{directional(lambda p: p[0] ** 2 + 3 * p[1], [1.0, 2.0], [1.0, -1.0]):.9f}"
    '-1.000000000'
    """
    rule, values = read_formula(scheme, order, accuracy, h), read_point(x)
    along = read_point(v, "v")
    if along.shape != values.shape:
        raise ShapeError(f"v has shape {along.shape}, but x has shape {values.shape}: give one number a component")
    samples = sampled(f, x, vectorized)
    if not along.any():
        return np.zeros(samples.centre.shape, values.dtype)[()]
    return narrow(slopes(Directions(samples, [along.astype(values.dtype)]), h, rule)[0], samples)[()]


def slopes(lines: Lines, h: float | None, rule: Formula) -> RealArray:
    """The derivative along each line, of shape (lines, *out), in float64 or wider."""
    with quiet():
        if rule is None:
            return complex_slopes(lines, None if h is None else read_step(h))
        return chosen_derivative(lines, rule).slope if h is None else _fixed_slopes(lines, h, rule)


def _fixed_slopes(lines: Lines, h: float, rule: Scheme) -> RealArray:
    steps = _fixed_steps(lines, h, rule)
    offsets = tuple(k for k in rule.offsets if k)
    everywhere = np.arange(lines.count)
    found = lines.sample(offsets, steps, everywhere)
    lines.require_finite(found, offsets, steps, everywhere, "take a smaller h, or scheme={other}")
    centre = np.broadcast_to(lines.spread(lines.samples.centre), (lines.count, *lines.out))
    if 0 in rule.offsets:
        lines.require_finite(centre[None], (0,), steps, everywhere, "")
    return combine(rule, offsets, found, centre, steps)


def _fixed_steps(lines: Lines, h: float, rule: Scheme) -> RealArray:
    if isinstance(lines, Directions):
        return np.full(lines.count, read_step(h), lines.position.dtype)
    values = lines.samples.values
    # In the shape of x, so that an error names the component.
    place = values if lines.count == values.size else lines.position[0]
    return np.asarray(step_for(place, h, rule, 0.0)).reshape(-1)


def narrow(slope: RealArray, samples: Samples) -> RealArray:
    """The result in the dtype of x: raises `NonFiniteError` where it overflows that."""
    with quiet():
        result: RealArray = slope.astype(samples.values.dtype)
    if not np.isfinite(result).all():
        raise NonFiniteError(
            f"the difference quotient of {samples.probe.name} overflows {samples.values.dtype}: scale f down or use "
            "a wider dtype"
        )
    return result


def _jacobian(samples: Samples, h: float | None, rule: Formula) -> Numbers:
    shape, inner = samples.values.shape, samples.centre.shape
    if not samples.values.size:
        return np.empty(inner + shape, samples.values.dtype)
    found = slopes(Components(samples, list(np.ndindex(shape))), h, rule)
    return narrow(np.moveaxis(found, 0, -1).reshape(inner + shape), samples)[()]


def read_formula(scheme: Any, order: Any, accuracy: Any, h: Any) -> Formula:
    """The formula that the arguments of `derivative` choose, None for the complex step: raises as it does."""
    name = read_scheme(scheme)
    if h is not None:
        read_step(h)
    if name != COMPLEX:
        return formula(name, order, CHOSEN_ACCURACY[name] if accuracy is None and h is None else accuracy)
    if order != 1:
        raise ArgumentError(f"the complex step gives the first derivative only, not order = {order!r}: take 'central'")
    if accuracy is not None:
        raise ArgumentError("the complex step has no truncation error to speak of: leave accuracy out")
    return None


def _index(index: Any, shape: tuple[int, ...]) -> Index:
    given = index if isinstance(index, tuple) else (index,)
    if any(isinstance(i, bool | np.bool_) for i in given):
        raise ArgumentError(f"index must be an int or a tuple of ints, not {index!r}")
    try:
        place = tuple(operator.index(i) for i in given)
    except TypeError as error:
        raise ArgumentError(f"index must be an int or a tuple of ints, not {index!r}") from error
    if len(place) != len(shape):
        raise ArgumentError(f"index {index!r} has {len(place)} of the {len(shape)} axes of x, whose shape is {shape}")
    for i, size in zip(place, shape, strict=True):
        if not -size <= i < size:
            raise ArgumentError(f"index {index!r} is outside x, whose shape is {shape}")
    return tuple(i % size for i, size in zip(place, shape, strict=True))
