"""What probability distributions share: SciPy's arguments, location and scale, the support, and checks.

A distribution is written for its standard form, with the primitives; the derivatives follow. Outside the support the
density is 0: its logarithm is minus infinity there, by a branch, so the derivative is 0 and never NaN.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import plain_value
from chainrule.errors import ArgumentError
from chainrule.read.special_arguments import real

__all__ = [
    "Continuous", "Density", "Discrete", "Distribution", "Invertible", "Mass", "log1p_of_square", "log_of_rest",
    "of_tail",
]  # fmt: skip

F = evaluating
_INFINITY = math.inf
_LOG_2 = math.log(2.0)
_SILENT = np.errstate(all="ignore")  # the infinities at the ends of a support are values, as in SciPy


class Distribution(ABC):
    """A distribution with the parameters that SciPy gives it, by position or by name."""

    name: ClassVar[str]
    shapes: ClassVar[tuple[str, ...]] = ()
    placed: ClassVar[tuple[str, ...]] = ("loc", "scale")

    @property
    def __stands_for__(self) -> str:
        return f"scipy.stats.{self.name}"

    def __repr__(self) -> str:
        return f"<distribution {self.name}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        known = ", ".join(sorted(part for part in dir(type(self)) if _is_method(type(self), part)))
        raise AttributeError(
            f"{self.name} has no {name} here: it has {known}\n"
            f"  scipy.stats.{self.name} has more, for plain numbers; cr.value(x) takes a traced one as a constant"
        )

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise ArgumentError(f"{self.name} is not called: its parameters are given to its functions, after x")

    def _bound(self, given: Sequence[Any], options: Mapping[str, Any]) -> list[Array]:
        """The parameters in their order, checked: the shapes, then location and scale where they are not 0 and 1."""
        names = (*self.shapes, *self.placed)
        if len(given) > len(names):
            raise ArgumentError(f"{self.name} has the parameters {', '.join(names)}, and {len(given)} were given")
        bound = dict(zip(names, given, strict=False))
        for key, value in options.items():
            if key not in names:
                raise ArgumentError(f"{self.name} has no parameter {key}: they are {', '.join(names)}")
            if key in bound:
                raise ArgumentError(f"{self.name}: {key} is given twice")
            bound[key] = value
        missing = [name for name in self.shapes if name not in bound]
        if missing:
            raise ArgumentError(f"{self.name} needs {' and '.join(missing)}: its parameters are {', '.join(names)}")
        values = [real(bound[name]) if name in bound else None for name in names]
        for name, value in zip(names, values, strict=True):
            if value is not None and name != "loc":
                self._check(name, plain_value(value))
        return values

    def _check(self, name: str, value: Any) -> None:
        """Raise for a parameter outside its range: positive numbers, unless a distribution says otherwise."""
        self._require(name, value, ~(value <= 0), "is positive")

    def _require(self, name: str, value: Any, holds: Any, what: str) -> None:
        if not np.all(holds):
            wrong = np.ravel(value)[np.flatnonzero(~np.ravel(holds))[0]]
            raise ArgumentError(f"{self.name}: the parameter {name} {what}, not {wrong}")


class Density(Distribution):
    """A distribution with a density; location and scale move and stretch its standard form."""

    support: ClassVar[tuple[float, float]] = (-_INFINITY, _INFINITY)
    inner: ClassVar[float] = 0.5  # a point inside the support, which stands in for one outside

    @_SILENT
    def logpdf(self, x: Array, *parameters: Array, **options: Array) -> Array:
        """The logarithm of the density; minus infinity outside the support, with derivative 0."""
        return self._log_density(*self._standard(x, parameters, options))

    @_SILENT
    def pdf(self, x: Array, *parameters: Array, **options: Array) -> Array:
        """The density."""
        z, shapes, scale = self._standard(x, parameters, options)
        at = self._vanishing(z, *shapes)
        if not np.any(plain_value(at)):
            return F.exp(self._log_density(z, shapes, scale))
        value = self._power(_chosen(at, z, self.inner), *(_chosen(at, shape, 2.0) for shape in shapes))
        if scale is not None:
            value = value / scale
        return _chosen(at, value, F.exp(self._log_density(_chosen(at, self.inner, z), shapes, scale)))

    def _log_density(self, z: Array, shapes: Sequence[Array], scale: Array | None) -> Array:
        below, above, inside = self._sides(z, shapes)
        value = self._logpdf(inside, *shapes)
        if scale is not None:
            value = value - F.log(scale)
        return _chosen(below, -_INFINITY, _chosen(above, -_INFINITY, value))

    def _vanishing(self, z: Array, *shapes: Array) -> Array:
        """Where the density is 0 at an end of its support as a power is, which its logarithm says nothing of."""
        return False

    def _power(self, z: Array, *shapes: Array) -> Array:
        """The density there, by that power."""
        raise AssertionError("asked for where the density vanishes nowhere")

    @abstractmethod
    def _logpdf(self, z: Array, *shapes: Array) -> Array: ...

    def _standard(self, x: Array, given: Sequence[Any], options: Mapping[str, Any]) -> tuple[Array, list[Array], Array]:
        *shapes, loc, scale = self._bound(given, options)
        z = real(x)
        if loc is not None:
            z = z - loc
        return z if scale is None else z / scale, shapes, scale

    def _sides(self, z: Array, shapes: Sequence[Array]) -> tuple[Array, Array, Array]:
        """Where z is below the support and where above it; and z, where it is outside a point inside."""
        low, high = self._ends(*shapes)
        below = _beyond(z, low, -_INFINITY, F.less)
        above = _beyond(z, high, _INFINITY, F.greater)
        return below, above, _chosen(below, self._inside(low), _chosen(above, self._inside(high), z))

    def _ends(self, *shapes: Array) -> tuple[Array, Array]:
        """The ends of the support, which may depend on the shapes."""
        return self.support

    def _inside(self, end: Array) -> Array:
        """A point inside, for one beyond this end."""
        return self.inner


class Continuous(Density):
    """A distribution whose distribution function has a form of its own."""

    @_SILENT
    def cdf(self, x: Array, *parameters: Array, **options: Array) -> Array:
        """The distribution function: the probability of a value of at most x."""
        return self._of_sides(self._cdf, 0.0, 1.0, x, parameters, options)

    @_SILENT
    def sf(self, x: Array, *parameters: Array, **options: Array) -> Array:
        """The survival function 1 - cdf(x), with all its digits where it is small."""
        return self._of_sides(self._sf, 1.0, 0.0, x, parameters, options)

    @_SILENT
    def logcdf(self, x: Array, *parameters: Array, **options: Array) -> Array:
        """The logarithm of the distribution function."""
        return self._of_sides(self._logcdf, -_INFINITY, 0.0, x, parameters, options)

    @_SILENT
    def logsf(self, x: Array, *parameters: Array, **options: Array) -> Array:
        """The logarithm of the survival function."""
        return self._of_sides(self._logsf, 0.0, -_INFINITY, x, parameters, options)

    def _of_sides(
        self, function: Any, low: float, high: float, x: Array, given: Sequence[Any], options: Mapping[str, Any]
    ) -> Array:
        z, shapes, _ = self._standard(x, given, options)
        below, above, inside = self._sides(z, shapes)
        return _chosen(below, low, _chosen(above, high, function(inside, *shapes)))

    @abstractmethod
    def _cdf(self, z: Array, *shapes: Array) -> Array: ...

    @abstractmethod
    def _sf(self, z: Array, *shapes: Array) -> Array: ...

    def _logcdf(self, z: Array, *shapes: Array) -> Array:
        return _logarithm(self._cdf(z, *shapes), self._sf(z, *shapes))

    def _logsf(self, z: Array, *shapes: Array) -> Array:
        return _logarithm(self._sf(z, *shapes), self._cdf(z, *shapes))


class Invertible(Continuous):
    """A distribution whose quantiles have a form of their own."""

    @_SILENT
    def ppf(self, q: Array, *parameters: Array, **options: Array) -> Array:
        """The quantile: the x of cdf(x) = q."""
        *shapes, loc, scale = self._bound(parameters, options)
        q = real(q)
        outside = plain_value(q)[(plain_value(q) < 0) | (plain_value(q) > 1)]
        if np.size(outside):
            raise ArgumentError(f"{self.name}: a probability lies between 0 and 1, not {np.ravel(outside)[0]}")
        x = self._ppf(q, *shapes)
        if scale is not None:
            x = x * scale
        return x if loc is None else x + loc

    @abstractmethod
    def _ppf(self, q: Array, *shapes: Array) -> Array: ...


class Mass(Distribution):
    """A distribution on whole numbers from `first` on; `loc` moves it.

    A count has no derivative: it is a constant, and so is `loc`. For that of the formula between whole numbers, write
    the formula: xlogy(k, mu) - gammaln(k + 1) - mu.
    """

    placed: ClassVar[tuple[str, ...]] = ("loc",)
    first: ClassVar[float] = 0.0
    inner: ClassVar[float] = 0.5  # a parameter that stands in for one at the end of its range

    @_SILENT
    def logpmf(self, k: Array, *parameters: Array, **options: Array) -> Array:
        """The logarithm of the probability of k; minus infinity where k is no value, with derivative 0."""
        return self._log_probability(*self._counted(k, parameters, options))

    def _log_probability(self, k: Array, shapes: Sequence[Array]) -> Array:
        held = self._held(k, shapes)
        return _chosen(held, self._logpmf(_chosen(held, k, self.first), *shapes), -_INFINITY)

    @_SILENT
    def pmf(self, k: Array, *parameters: Array, **options: Array) -> Array:
        """The probability of k."""
        k, shapes = self._counted(k, parameters, options)
        at = self._vanishing(k, *shapes)
        if not np.any(plain_value(at)):
            return F.exp(self._log_probability(k, shapes))
        at = F.logical_and(at, self._held(k, shapes))
        value = self._power(_chosen(at, k, self.first), *shapes)
        apart = [_chosen(at, self.inner, shape) for shape in shapes]
        return _chosen(at, value, F.exp(self._log_probability(_chosen(at, self.first, k), apart)))

    def _vanishing(self, k: Array, *shapes: Array) -> Array:
        """Where the probability is 0 as a power of a parameter is, which its logarithm says nothing of."""
        return False

    def _power(self, k: Array, *shapes: Array) -> Array:
        """The probability there, by that power."""
        raise AssertionError("asked for where the probability vanishes nowhere")

    def _counted(self, k: Array, given: Sequence[Any], options: Mapping[str, Any]) -> tuple[Array, list[Array]]:
        *shapes, loc = self._bound(given, options)
        # Between two whole numbers there is no probability: a count is a constant, as what floor makes of it is.
        return F.stop_gradient(real(k) if loc is None else real(k) - loc), shapes

    def _held(self, k: Array, shapes: Sequence[Array]) -> Array:
        return F.logical_and(F.equal(k, F.floor(k)), self._holds(k, *shapes))

    def _holds(self, k: Array, *shapes: Array) -> Array:
        last = self._last(*shapes)
        held = F.greater_equal(k, self.first)
        return held if last is None else F.logical_and(held, F.less_equal(k, last))

    def _last(self, *shapes: Array) -> Array | None:
        """The largest value, if there is one."""
        return None

    @abstractmethod
    def _logpmf(self, k: Array, *shapes: Array) -> Array: ...


class Discrete(Mass):
    """A distribution on whole numbers whose distribution function has a form of its own."""

    @_SILENT
    def cdf(self, k: Array, *parameters: Array, **options: Array) -> Array:
        """The probability of a value of at most k."""
        k, shapes = self._counted(k, parameters, options)
        return self._between(F.floor(k), 0.0, 1.0, self._cdf, shapes)

    @_SILENT
    def sf(self, k: Array, *parameters: Array, **options: Array) -> Array:
        """The probability of a value greater than k, with all its digits where it is small."""
        k, shapes = self._counted(k, parameters, options)
        return self._between(F.floor(k), 1.0, 0.0, self._sf, shapes)

    @_SILENT
    def logcdf(self, k: Array, *parameters: Array, **options: Array) -> Array:
        """The logarithm of the probability of a value of at most k."""
        k, shapes = self._counted(k, parameters, options)
        return self._between(F.floor(k), -_INFINITY, 0.0, self._logcdf, shapes)

    @_SILENT
    def logsf(self, k: Array, *parameters: Array, **options: Array) -> Array:
        """The logarithm of the probability of a value greater than k."""
        k, shapes = self._counted(k, parameters, options)
        return self._between(F.floor(k), 0.0, -_INFINITY, self._logsf, shapes)

    def _between(self, k: Array, below: float, above: float, function: Any, shapes: Sequence[Array]) -> Array:
        last = self._last(*shapes)
        beyond = None if last is None else F.greater_equal(k, last)
        negative = F.less(k, self.first)
        inside = _chosen(negative, self.first, _chosen(beyond, self.first, k))
        return _chosen(negative, below, _chosen(beyond, above, function(inside, *shapes)))

    @abstractmethod
    def _cdf(self, k: Array, *shapes: Array) -> Array: ...

    @abstractmethod
    def _sf(self, k: Array, *shapes: Array) -> Array: ...

    def _logcdf(self, k: Array, *shapes: Array) -> Array:
        return _logarithm(self._cdf(k, *shapes), self._sf(k, *shapes))

    def _logsf(self, k: Array, *shapes: Array) -> Array:
        return _logarithm(self._sf(k, *shapes), self._cdf(k, *shapes))


def _beyond(z: Array, end: Array, infinity: float, compare: Any) -> Array | None:
    """Where z is beyond an end of the support. Infinity is, where all numbers are inside: its density is 0."""
    if not isinstance(end, float) or end != infinity:
        return compare(z, end)
    return F.equal(z, infinity) if np.any(plain_value(z) == infinity) else None


def _is_method(owner: type, name: str) -> bool:
    return not name.startswith("_") and callable(getattr(owner, name))


def _chosen(condition: Array | None, x: Any, y: Any) -> Array:
    if condition is None:
        return y
    out = F.where(condition, x, y)
    return out[()] if isinstance(out, np.ndarray) else out  # a number where NumPy gives an array without axes


def _logarithm(probability: Array, other: Array) -> Array:
    """The logarithm of a probability, by that of its complement where it is near 1."""
    small = F.less(probability, 0.5)
    return _chosen(small, F.log(_chosen(small, probability, 0.5)), F.log1p(-_chosen(small, 0.5, other)))


def log_of_rest(y: Array) -> Array:
    """The logarithm of 1 - exp(-y) for y > 0, in each case by the form that keeps its digits."""
    near = F.less(y, _LOG_2)
    by_difference = F.log(-F.expm1(-F.where(near, y, _LOG_2)))
    return F.where(near, by_difference, F.log1p(-F.exp(-F.where(near, _LOG_2, y))))


_FAR = 1e8  # the square of such a number leaves nothing of a 1


def log1p_of_square(z: Array, df: Array) -> Array:
    """The logarithm of 1 + z^2 / df, also where z^2 is beyond the range of numbers."""
    far = F.greater(F.abs(z), _FAR * F.sqrt(df))
    near = F.log1p(F.square(F.where(far, 1.0, z)) / df)
    return _chosen(far, 2.0 * F.log(F.abs(F.where(far, z, 1.0))) - F.log(df), near)


def of_tail(z: Array, start: Array, tail: Any, otherwise: Any) -> Array:
    """One function of z beyond a start, another one below it."""
    far = F.greater(z, start)
    if not np.any(plain_value(far)):
        return otherwise(z)
    return _chosen(far, tail(F.where(far, z, 2.0 * start)), otherwise(F.where(far, 0.0, z)))
