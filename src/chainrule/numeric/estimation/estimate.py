"""The derivative of any callable of one variable, with an error bar and a verdict: `estimate`."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import ArgumentError, ShapeError
from chainrule.numeric.estimation.ladder import Ladder
from chainrule.numeric.estimation.slope import Slope, differentiate_line
from chainrule.numeric.probe import Probe, RealArray, is_scalar, precision, read_point
from chainrule.numeric.status import Side, Status

__all__ = ["Estimate", "estimate"]

HIGHEST_ORDER = 12
# The first distance, as a part of x.
FIRST = 0.125
# Arguments nearer than so many units in the last place of x tell more of x than of f.
GRID = 16


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A numerical derivative and what it is worth.

    `value` lies within `error` of the derivative in more than 95 of 100 cases, if there is one: `status` says so. At a
    kink value and error span the slopes from both sides, which are `left` and `right`; one of these is the derivative
    on the side where f is defined if on `side` it is not, and both are infinite at a vertical tangent. `step` is the
    largest distance from x that went into the value, `evaluations` the number of calls of f. `cause` is what f raised,
    if it did. For an array x all but `evaluations` and `cause` are arrays of its shape.

    >>> import math
    >>> from chainrule.numeric import estimate
    >>> found = estimate(abs, 0.0)
    >>> str(found.status), round(found.left, 9), round(found.right, 9)
    ('kink', -1.0, 1.0)
    >>> abs(estimate(math.exp, 1.0).value - math.e) < 1e-13
    True
    """

    value: Any
    error: Any
    step: Any
    evaluations: int
    status: Any
    left: Any = math.nan
    right: Any = math.nan
    side: Any = None
    cause: str = ""

    def __str__(self) -> str:
        if np.ndim(self.value) == 0:
            return f"{_read(self)} ({_remark(self)}, {self.evaluations} evaluations)"
        rows = [_at(self, index) for index in np.ndindex(np.shape(self.value))]
        texts = (f"{_read(row)} ({_remark(row)})" for row in rows)
        return "\n".join([*texts, f"({self.evaluations} evaluations)"])


def estimate(f: Callable[[Any], Any], x: ArrayLike, order: int = 1) -> Estimate:
    """The derivative of given order of a function of one real variable, with its error and a verdict.

    `f` is any callable that takes a number and returns one; for an array x it is called with one element at a time, and
    the results have the shape of x. Integers are promoted to float64; the precision is that of the coarser of x and
    f(x). A smooth function takes at most 29 evaluations an element, one that is flat or rough at x about a hundred. A
    value that is NaN or infinite, or an `ArithmeticError` or `ValueError` of f, means that f is undefined there.

    Raises `ArgumentError` for a bad x or order (1 to 12), an f that writes into its argument or returns no number,
    `ShapeError` if f returns an array of more than one number, `NonFiniteError` for a NaN or infinite x; what else f
    raises passes through.

    Richardson extrapolation as a regression: polynomials are fitted to samples at geometric distances, in windows of
    all sizes and to all degrees; noise is read from the residuals. Sources: L. F. Richardson, Phil. Trans. A 210
    (1911) 307; C. J. F. Ridders, Adv. Eng. Softw. 4 (1982) 75; J. N. Lyness, C. B. Moler, Numer. Math. 8 (1966) 458;
    J. J. Moré, S. M. Wild, SIAM J. Sci. Comput. 33 (2011) 1292.

    >>> from chainrule.numeric import estimate
    >>> found = estimate(lambda x: x**2, 1.5)
    >>> abs(found.value - 3) <= found.error < 1e-12
    True
    >>> print(found.status)
    converged
    """
    values = read_point(x)
    degree = _order(order)
    probe = Probe(f, scalar=is_scalar(x) or values.ndim > 0)
    if values.ndim == 0:
        one = differentiate_line(_ladder(probe, values), degree)
        return Estimate(**{field.name: getattr(one, field.name) for field in fields(Estimate)})
    found = [differentiate_line(_ladder(probe, np.asarray(element)), degree) for element in values.flat]
    return _stacked(found, values.shape)


def _order(order: Any) -> int:
    try:
        degree = operator.index(order)
    except TypeError as error:
        raise ArgumentError(f"order must be an int from 1 to {HIGHEST_ORDER}, not {order!r}") from error
    if isinstance(order, bool | np.bool_) or not 1 <= degree <= HIGHEST_ORDER:
        raise ArgumentError(f"order must be an int from 1 to {HIGHEST_ORDER}, not {order!r}")
    return degree


def _ladder(probe: Probe, values: RealArray) -> Ladder:
    kind = values.dtype.type
    size = np.abs(values)
    coarsest = precision(values)

    def phi(t: float) -> float:
        nonlocal coarsest
        out = probe(np.asarray(values + kind(t)))
        if out.size != 1:
            raise ShapeError(
                f"{probe.name} returned shape {out.shape} for a number: estimate needs a function of one number; "
                "use jacobian"
            )
        coarsest = max(coarsest, precision(out))
        return float(out.reshape(()))

    def spacing(t: float) -> float:
        return float(np.spacing(size + kind(t)))

    position = float(size)
    ladder = Ladder(
        phi,
        start=position * FIRST or FIRST,
        least=GRID * spacing(0.0) if position else 0.0,
        furthest=float(np.finfo(values.dtype).max) / 8,
        spacing=spacing,
    )
    # Known only now: what f computes in, unless it hides it.
    ladder.eps = max(ladder.eps, coarsest)
    return ladder


def _stacked(found: list[Slope], shape: tuple[int, ...]) -> Estimate:
    def numbers(name: str) -> NDArray[np.float64]:
        return np.array([getattr(one, name) for one in found], float).reshape(shape)

    def objects(name: str) -> NDArray[np.object_]:
        out = np.empty(len(found), object)
        out[:] = [getattr(one, name) for one in found]
        return out.reshape(shape)

    return Estimate(
        numbers("value"),
        numbers("error"),
        numbers("step"),
        sum(one.evaluations for one in found),
        objects("status"),
        numbers("left"),
        numbers("right"),
        objects("side"),
        next((one.cause for one in found if one.cause), ""),
    )


def _at(found: Estimate, index: tuple[int, ...]) -> Estimate:
    columns = {
        name: getattr(found, name)[index] for name in ("value", "error", "step", "status", "left", "right", "side")
    }
    return Estimate(evaluations=found.evaluations, cause=found.cause, **columns)


def _read(found: Estimate) -> str:
    """The value to the digits that its error leaves, and the error: `3.00000000000 ± 2e-13`."""
    value, error = float(found.value), float(found.error)
    if not math.isfinite(value) or not math.isfinite(error):
        return f"{value:.6g} ± inf" if math.isfinite(value) else f"{value}"
    if error == 0 or value == 0:
        return f"{value:.17g} ± {error:.0g}"
    # To the first digit of the error; a float has no more than 17.
    exponent = math.floor(math.log10(error))
    digits = min(max(-exponent, 0), 17)
    size = math.floor(math.log10(abs(value))) if value else exponent
    if -5 < size < 16 and digits < 17:
        return f"{value:.{digits}f} ± {error:.0e}"
    return f"{value:.{min(max(size - exponent, 0), 16)}e} ± {error:.0e}"


def _remark(found: Estimate) -> str:
    status: Status = found.status
    side: Side | None = found.side
    if status is Status.UNDEFINED:
        text = f"undefined {side}"
        return text + (f": {found.cause}" if found.cause else "")
    if status is Status.KINK:
        return f"kink: {found.left:.6g} from the left, {found.right:.6g} from the right"
    return str(status)
