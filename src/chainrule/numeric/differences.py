"""Derivatives of any callable by finite differences.

A derivative is estimated from values of the function at a few points a step h apart. A step too large cuts off
too much of the Taylor series (truncation); a step too small drowns in the rounding of the values. `h=None`
balances the two: h = eps**(1/(p+1)) * max(|x|, 1) for a scheme of order p, with eps that of the coarsest dtype
involved. Source: Press, Teukolsky, Vetterling, Flannery, Numerical Recipes, 3rd edition, section 5.7.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from types import EllipsisType
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric.probe import Index, Probe, RealArray, is_scalar, label, precision, quiet, read_point

__all__ = ["SCHEMES", "Scheme", "derivative", "gradient", "jacobian", "partial"]

Numbers: TypeAlias = RealArray | np.floating[Any]

# A fixed h is divided by as it is written; where rounding x + h changes it by more, the quotient would be off as much.
LOST_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Scheme:
    """A difference formula: the sum of weights[i] * f(x + offsets[i] * h), divided by divisor * h.

    Its truncation error falls as h**order.

    >>> SCHEMES["central"]
    Scheme(name='central', offsets=(1, -1), weights=(1, -1), divisor=2, order=2)
    """

    name: str
    offsets: tuple[int, ...]
    weights: tuple[int, ...]
    divisor: int
    order: int


SCHEMES = {
    scheme.name: scheme
    for scheme in (
        Scheme("central", offsets=(1, -1), weights=(1, -1), divisor=2, order=2),
        Scheme("forward", offsets=(1, 0), weights=(1, -1), divisor=1, order=1),
        Scheme("backward", offsets=(0, -1), weights=(1, -1), divisor=1, order=1),
    )
}
"""The schemes by name: what the argument `scheme` accepts."""


def derivative(f: Callable[[Any], Any], x: ArrayLike, h: float | None = None, scheme: str = "central") -> Numbers:
    """The derivative of a function of one real variable, elementwise where x is an array.

    `f` gets an array of the shape of x (a NumPy scalar if x is a number) and returns one of the same shape; element
    i of the result may depend on element i of x only. Returns the dtype and shape of x; integers are promoted to
    float64. A fixed `h` is the textbook quotient as written; `h=None` takes the step from the scale of x and the dtype.

    Raises `ShapeError` if f returns another shape, `NonFiniteError` where a value is NaN or infinite, and
    `ArgumentError` for a bad x, h or scheme, an h lost in the rounding of x, an f that is not elementwise, writes
    into its argument or returns no numbers.

    >>> import numpy as np
    >>> from chainrule.numeric import derivative
    >>> f"{derivative(lambda x: x**2, 3.0, h=1e-7):.10f}"
    '5.9999999902'
    >>> derivative(np.sin, np.array([0.0, np.pi])).round(9)
    array([ 1., -1.])
    """
    rule, values = _scheme(scheme), read_point(x)
    probe = Probe(f, scalar=is_scalar(x))
    centre = probe(values)
    if centre.shape != values.shape:
        raise ShapeError(
            f"{probe.name} returned shape {centre.shape} for x of shape {values.shape}: "
            "derivative needs an elementwise function; use jacobian"
        )
    step = step_for(values, h, rule, precision(values, centre))
    _require_elementwise(probe, values, step * next(k for k in rule.offsets if k), centre)
    return _narrow(quotient(probe, values, ..., step, rule, centre), values, probe)[()]


def partial(
    f: Callable[[Any], Any], index: int | Index, x: ArrayLike, h: float | None = None, scheme: str = "central"
) -> Numbers:
    """The partial derivative of f(x) with respect to the one component x[index].

    `index` is an int for a vector, a tuple with one int an axis otherwise; negative ones count from the end. Returns
    the shape of f(x), in the dtype of x. Raises as `gradient` does, and `ArgumentError` for an index outside x.

    >>> from chainrule.numeric import partial
    >>> f = lambda p: p[0] ** 2 * p[1] + 3 * p[1] ** 2
    >>> f"{partial(f, 0, [2.0, 3.0], h=1e-7):.6f}", f"{partial(f, 1, [2.0, 3.0], h=1e-7):.6f}"
    ('12.000000', '22.000000')
    """
    rule, values = _scheme(scheme), read_point(x)
    place = _index(index, values.shape)
    probe = Probe(f, scalar=is_scalar(x))
    centre = probe(values)
    step = step_for(values[place], h, rule, precision(values, centre))
    return _narrow(quotient(probe, values, place, step, rule, centre), values, probe)[()]


def gradient(f: Callable[[Any], Any], x: ArrayLike, h: float | None = None, scheme: str = "central") -> Numbers:
    """The gradient of a scalar function of an array of any shape, one component at a time.

    Returns the shape and dtype of x; integers are promoted to float64. Takes 2n + 1 evaluations of f for n components.
    Raises `NotScalarError` if f(x) is not a scalar, `NonFiniteError` where a value is NaN or infinite, and
    `ArgumentError` for a bad x, h or scheme, an h lost in the rounding of x, an f that writes into its argument or
    returns no numbers.

    >>> from chainrule.numeric import gradient
    >>> gradient(lambda p: p[0] ** 2 + 3 * p[1], [1, 2]).round(9)
    array([2., 3.])
    """
    return _jacobian(f, x, h, scheme, scalar_output=True)


def jacobian(f: Callable[[Any], Any], x: ArrayLike, h: float | None = None, scheme: str = "central") -> Numbers:
    """All partial derivatives of an array-valued function: entry [i, j] is that of f(x)[i] with respect to x[j].

    Returns the shape of f(x) followed by the shape of x, in the dtype of x. Raises as `gradient` does, and
    `ShapeError` if the shape of f(x) changes from call to call.

    >>> import numpy as np
    >>> from chainrule.numeric import jacobian
    >>> jacobian(lambda p: np.array([p[0] * p[1], p[0] + p[1], p[1] ** 2]), [2.0, 5.0]).round(9)
    array([[ 5.,  2.],
           [ 1.,  1.],
           [ 0., 10.]])
    """
    return _jacobian(f, x, h, scheme, scalar_output=False)


def _jacobian(f: Callable[[Any], Any], x: ArrayLike, h: float | None, scheme: str, scalar_output: bool) -> Numbers:
    rule, values = _scheme(scheme), read_point(x)
    probe = Probe(f, scalar=is_scalar(x))
    centre = probe(values)
    if scalar_output and centre.shape != ():
        raise NotScalarError(f"{probe.name} returned shape {centre.shape}, a gradient needs a scalar: use jacobian")
    steps = step_for(values, h, rule, precision(values, centre))
    out = np.empty(centre.shape + values.shape, values.dtype)
    for index in np.ndindex(values.shape):
        out[(..., *index)] = _narrow(quotient(probe, values, index, steps[index], rule, centre), values, probe)
    return out[()]


def quotient(
    probe: Probe, values: RealArray, index: Index | EllipsisType, step: Any, rule: Scheme, centre: RealArray
) -> RealArray:
    """The difference quotient in the direction of one component, or of all at once where index is `...`.

    `step` has the dtype of `values`, `centre` is f there. Returns the shape of f, in float64 or wider.
    Raises `NonFiniteError` where f is NaN or infinite, naming the place, and `ShapeError` if f changes its shape.
    """
    total: Any = 0.0
    wide = np.result_type(values.dtype, np.float64)
    for offset, weight in zip(rule.offsets, rule.weights, strict=True):
        moved = values.copy()
        moved[index] = values[index] + offset * step
        out = probe(moved) if offset else centre
        if out.shape != centre.shape:
            raise ShapeError(f"{probe.name} returned shape {out.shape} at one point and {centre.shape} at another")
        if not np.isfinite(out).all():
            raise NonFiniteError(_undefined(probe, out, centre, values, moved, index))
        with quiet():
            total = total + weight * out.astype(wide)
    with quiet():
        slope: RealArray = np.asarray(total / (rule.divisor * np.asarray(step, wide)))
    return slope


def step_for(values: Any, h: float | None, rule: Scheme, eps: float) -> Any:
    """The step of each element of `values`, in its dtype: the given h, or from the scale of x and the epsilon eps.

    Raises `ArgumentError` if h is not a positive number, or if x + h cannot be told from x in the dtype of x.
    """
    with quiet():
        if h is None:
            step = representable(values, eps ** (1 / (rule.order + 1)) * np.maximum(np.abs(values), 1))
        else:
            step = np.full_like(values, _positive(h))
        right, left = values + max(rule.offsets) * step, values + min(rule.offsets) * step
        wanted = (max(rule.offsets) - min(rule.offsets)) * step
        lost = ~(np.abs((right - left) - wanted) <= LOST_STEP * wanted) | (wanted == 0)
    if np.any(lost):
        index = tuple(int(i) for i in np.argwhere(lost)[0])
        place = f"{label('x', index)} = {values[index]:g} in {np.asarray(values).dtype}"
        if not np.isfinite(right[index] - left[index]):
            raise ArgumentError(f"the step overflows at {place}: scale x down or use a wider dtype")
        least = float(np.spacing(np.abs(values[index]))) / LOST_STEP
        raise ArgumentError(f"h = {h:g} is lost in the rounding of {place}: leave h out, or take at least {least:.1g}")
    return step


def representable(values: Any, step: Any) -> Any:
    """The step nearest to the given one for which x + h and x - h are exact, in the dtype of x.

    Rounded away from zero: there the grid of floating numbers is at least as coarse as on the other side. Without
    this the error of the step, eps * |x| / h, would be as large as all the others.
    """
    size = np.abs(values)
    return (size + np.asarray(step, size.dtype)) - size


def _positive(h: Any) -> float:
    if isinstance(h, bool | str | bytes) or np.ndim(h) != 0:
        raise ArgumentError(f"h must be a positive number or None, not {h!r}")
    try:
        step = float(h)
    except OverflowError as error:
        raise ArgumentError("h must be positive and finite, not an integer too large for float64") from error
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"h must be a positive number or None, not {h!r}") from error
    if not 0 < step < float("inf"):
        raise ArgumentError(f"h must be positive and finite, not {step}")
    return step


def _scheme(name: Any) -> Scheme:
    if isinstance(name, str) and name in SCHEMES:
        return SCHEMES[name]
    near = get_close_matches(str(name)[:40], SCHEMES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"there is no scheme {str(name)[:40]!r}, only {', '.join(map(repr, SCHEMES))}{hint}")


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


def _require_elementwise(probe: Probe, values: RealArray, shift: Any, centre: RealArray) -> None:
    # Moving every second element, or the first half, must leave the others where they were. A few units of rounding
    # are granted: vectorised mathematics may take another path for the same number beside other neighbours.
    order = np.arange(values.size).reshape(values.shape)
    for moving in (order % 2 == 0, order < values.size // 2) if values.size > 1 else ():
        out = probe(np.where(moving, values + shift, values))
        if out.shape != centre.shape:
            raise ShapeError(f"{probe.name} returned shape {out.shape} at one point and {centre.shape} at another")
        with quiet():
            changed = ~moving & (np.abs(out - centre) > 8 * precision(values, centre) * np.abs(centre))
        if changed.any():
            index = tuple(int(i) for i in np.argwhere(changed)[0])
            raise ArgumentError(
                f"{probe.name} is not elementwise: its result {list(index)} changes when only other elements of x "
                "move; use jacobian"
            )


def _undefined(
    probe: Probe, out: RealArray, centre: RealArray, values: RealArray, moved: RealArray, index: Index | EllipsisType
) -> str:
    if not np.isfinite(centre).all():
        out, moved = centre, values
    bad = tuple(int(i) for i in np.argwhere(~np.isfinite(out))[0])
    what = f"{label(probe.name, () if index is ... else bad)} is {out[bad]}"
    place = bad if index is ... else index
    shift = float(moved[place]) - float(values[place])
    if not shift:
        return f"{what} at x itself: move x into the domain of the function"
    side, other = ("above", "backward") if shift > 0 else ("below", "forward")
    at = f"{label('x', place)} = {values[place]:g}"
    return f"{what} at {abs(shift):.2g} {side} {at}: take a smaller h, or scheme={other!r}"


def _narrow(slope: RealArray, values: RealArray, probe: Probe) -> RealArray:
    with quiet():
        result: RealArray = slope.astype(values.dtype)
    if not np.isfinite(result).all():
        raise NonFiniteError(
            f"the difference quotient of {probe.name} overflows {values.dtype}: scale f down or use a wider dtype"
        )
    return result
