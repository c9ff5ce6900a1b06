"""NumPy's statistics beyond sums: quantiles, covariances, functions that leave out NaN, weighted counts."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, ShapeError, TraceError
from chainrule.read.arguments import along, array, axes_of, cast, into, refuse_nothing, refuse_option
from chainrule.read.numpy_indexing import take_along_axis

__all__: list[str] = []

F = evaluating


def _between(alpha: float, beta: float) -> Callable[[Any, Any], Any]:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


# By method: where among n sorted components, counted from 0, the quantile q lies; between two of them it is in
# proportion. Source: Hyndman, Fan (1996), Sample quantiles in statistical packages, and NumPy's documentation.
_POSITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "inverted_cdf": lambda n, q: np.ceil(n * q) - 1,
    "averaged_inverted_cdf": lambda n, q: (np.ceil(n * q) + np.floor(n * q) - 1) / 2,
    "closest_observation": lambda n, q: np.rint(n * q) - 1,
    "interpolated_inverted_cdf": _between(0, 1),
    "hazen": _between(0.5, 0.5),
    "weibull": _between(0, 0),
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": _between(1 / 3, 1 / 3),
    "normal_unbiased": _between(3 / 8, 3 / 8),
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "midpoint": lambda n, q: (np.floor((n - 1) * q) + np.ceil((n - 1) * q)) / 2,
    "nearest": lambda n, q: np.rint((n - 1) * q),
}
# Those that take a component as it is, and never lie between two.
_CHOOSING = ("inverted_cdf", "closest_observation", "lower", "higher", "nearest")


def _lines(a: Any, axes: tuple[int, ...]) -> Any:
    """The array with the axes to reduce as one axis behind all others."""
    rest = [i for i in range(a.ndim) if i not in axes]
    a = F.transpose(a, axes=(*rest, *axes)) if (*rest, *axes) != tuple(range(a.ndim)) else a
    return F.reshape(a, shape=(*a.shape[: len(rest)], int(np.prod(a.shape[len(rest) :]))))


def _quantile(skips_nan: bool, scale: float, call: str, of_complex: bool = False) -> Callable[..., Any]:
    def quantile(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = False,
        *,
        weights: Any = None,
        interpolation: Any = None,
    ) -> Any:
        if weights is not None:
            raise refuse_option(call, "weights=", "sort a and its weights, and choose by np.cumsum of the weights")
        a, q = array(a), array(q) / scale
        if np.dtype(a.dtype).kind == "c" and not of_complex:
            raise ArgumentError(f"{call} of complex numbers: they have no order")
        if method not in _POSITIONS:
            raise ArgumentError(f"{call} with method={method!r}: expected one of {', '.join(_POSITIONS)}")
        if not bool(np.all((q >= 0) & (q <= 1))):
            raise ArgumentError(f"{call} of q outside 0 to {scale:g}")
        axes = axes_of(a.ndim, axis)
        x = _lines(a.astype(float) if a.dtype.kind in "biu" else a, axes)
        refuse_nothing(a, axes, call)
        if q.ndim and method not in _CHOOSING:
            x = cast(x, np.result_type(x.dtype, q.dtype))  # NumPy's own promotion: a number leaves float32 as it is
        wanted = F.reshape(q, shape=(q.size,))
        result = (_of_sorted_numbers if skips_nan else _of_sorted)(x, wanted, _POSITIONS[method])
        result = F.reshape(np.moveaxis(result, -1, 0), shape=(*q.shape, *x.shape[:-1]))
        if keepdims:
            result = F.expand_dims(result, axis=tuple(i + q.ndim for i in axes))
        return into(out, result, call)

    return quantile


def _placed(at: Any, last: Any) -> tuple[Any, Any, Any]:
    """Below and above a position the components on both sides, and how far it lies between them."""
    at = np.clip(at, 0, last)
    below = np.floor(at)
    lower = below.astype(np.intp)
    if type(at) is Traced:  # where it moves, also one that lies on a component is on its way to the next
        return lower, np.minimum(lower + 1, last), at - below
    return lower, np.ceil(at).astype(np.intp), at - below


def _of_sorted(x: Any, q: Any, position: Callable[[Any, Any], Any]) -> Any:
    n = x.shape[-1]
    lower, upper, part = _placed(position(n, q), n - 1)
    places = np.unique([*np.ravel(_plain(lower)), *np.ravel(_plain(upper))])
    order = F.argpartition(x, axis=x.ndim - 1, kth=tuple(places.tolist()))
    pattern = along(x.ndim - 1, "#")

    def taken(index: Any) -> Any:
        return take_along_axis(x, F.getitem(order, array(index), pattern=pattern), -1)

    found = _mixed(taken(lower), taken(upper), part, x)
    # One NaN makes the result NaN, as in NumPy.
    return F.where(F.any(F.isnan(x), axis=(x.ndim - 1,), keepdims=True), np.nan, found)


def _of_sorted_numbers(x: Any, q: Any, position: Callable[[Any, Any], Any]) -> Any:
    x = F.sort(x, axis=x.ndim - 1)  # NaN comes last
    count = F.sum(F.logical_not(F.isnan(x)), axis=(x.ndim - 1,), keepdims=True)
    lower, upper, part = _placed(position(count, q), np.maximum(count - 1, 0))
    return _mixed(take_along_axis(x, lower, -1), take_along_axis(x, upper, -1), part, x)


def _mixed(low: Any, high: Any, part: Any, x: Any) -> Any:
    # NumPy's form: from the nearer end, so that it is exact at both.
    mixed = F.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1 - part))
    return F.cast_like(mixed, x)


def _plain(x: Any) -> Any:
    while type(x) is Traced:
        x = x.value
    return x


answers(np.quantile)(_quantile(False, 1.0, "np.quantile"))
answers(np.percentile)(_quantile(False, 100.0, "np.percentile"))
answers(np.nanquantile)(_quantile(True, 1.0, "np.nanquantile"))
answers(np.nanpercentile)(_quantile(True, 100.0, "np.nanpercentile"))


def _median(quantile: Callable[..., Any]) -> Callable[..., Any]:
    def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False) -> Any:
        a = array(a)
        axes = axes_of(a.ndim, axis)
        if any(a.shape[i] == 0 for i in axes):
            return into(
                out, F.sum(a, axis=axes, keepdims=bool(keepdims)) * np.nan, "np.median"
            )  # as np.mean of nothing
        return quantile(a, 0.5, axis, out, keepdims=keepdims)

    return median


answers(np.median)(_median(_quantile(False, 1.0, "np.median", of_complex=True)))
answers(np.nanmedian)(_median(_quantile(True, 1.0, "np.nanmedian", of_complex=True)))


def _with_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction over the components that are numbers, by its own option `where`."""

    def reduced(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, *args: Any, **options: Any) -> Any:
        a = array(a)
        where = F.logical_not(F.isnan(a))
        if options.get("where", True) is not True:
            where = F.logical_and(where, options["where"])
        return function(a, axis, dtype, out, *args, **{**options, "where": where})

    return reduced


for _name in ("sum", "prod", "mean", "var", "std"):
    answers(getattr(np, f"nan{_name}"))(_with_numbers(getattr(np, _name)))


def _extremum(function: Callable[..., Any], worst: float) -> Callable[..., Any]:
    def extremum(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **options: Any) -> Any:
        a = array(a)
        holes = F.isnan(a)
        axes = axes_of(a.ndim, axis)
        found = function(F.where(holes, worst, a), axis=axes, keepdims=bool(keepdims), **options)
        return into(out, F.where(F.all(holes, axis=axes, keepdims=bool(keepdims)), np.nan, found), function.__name__)

    return extremum


def _position(function: Callable[..., Any], worst: float) -> Callable[..., Any]:
    def position(a: Any, axis: Any = None, out: Any = None, *, keepdims: Any = False) -> Any:
        a = array(a)
        holes = F.isnan(a)
        if bool(np.any(F.all(holes, axis=axes_of(a.ndim, axis), keepdims=False))):
            raise ArgumentError(f"np.nan{function.__name__}: nothing but NaN along the axis")
        return into(out, function(F.where(holes, worst, a), axis=axis, keepdims=keepdims), f"np.nan{function.__name__}")

    return position


answers(np.nanmax)(_extremum(np.max, -np.inf))
answers(np.nanmin)(_extremum(np.min, np.inf))
answers(np.nanargmax)(_position(np.argmax, -np.inf))
answers(np.nanargmin)(_position(np.argmin, np.inf))


def _running(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    def running(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        return function(F.where(F.isnan(a), neutral, a), axis, dtype, out)

    return running


answers(np.nancumsum)(_running(np.cumsum, 0.0))
answers(np.nancumprod)(_running(np.cumprod, 1.0))


def _variables(x: Any, rowvar: bool, call: str) -> Any:
    x = array(x)
    if x.ndim > 2:
        raise ShapeError(f"{call} of shape {x.shape}: expected a vector or a matrix")
    if x.ndim < 2:
        return F.reshape(x, shape=(1, x.size))
    return x if rowvar or x.shape[0] == 1 else F.transpose(x, axes=(1, 0))


@answers(np.cov)
def _cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    x = _variables(m, rowvar, "np.cov")
    if y is not None:
        x = np.concatenate([x, _variables(y, rowvar, "np.cov")])
    x = cast(x, np.result_type(x.dtype, float) if dtype is None else np.dtype(dtype))
    ddof = (0 if bias else 1) if ddof is None else operator.index(ddof)
    count = x.shape[1]
    weights = None
    for given in (fweights, aweights):
        if given is not None:
            if np.shape(given) != (count,):
                raise ShapeError(f"np.cov: weights of shape {np.shape(given)} for {count} observations")
            weights = array(given) if weights is None else weights * given
    total: Any = count if weights is None else np.sum(weights)
    mean = (
        F.mean(x, axis=(1,), keepdims=True) if weights is None else np.sum(x * weights, axis=1, keepdims=True) / total
    )
    if weights is None or not ddof or aweights is None:
        divisor = total - ddof
    else:
        divisor = total - ddof * np.sum(weights * aweights) / total
    deviation = x - mean
    weighted = deviation if weights is None else deviation * weights
    other = np.conj(weighted) if weighted.dtype.kind == "c" else weighted
    return np.squeeze(F.matmul(deviation, F.transpose(other, axes=(1, 0))) / divisor)


@answers(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, *_: Any, dtype: Any = None, **__: Any) -> Any:
    c = _cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    deviation = F.sqrt(np.real(np.diagonal(c)))
    return c / F.expand_dims(deviation, axis=(1,)) / deviation


@answers(np.bincount)
def _bincount(x: Any, /, weights: Any = None, minlength: Any = 0) -> Any:
    places = _plain(x)
    counts = np.bincount(places, minlength=minlength)
    if weights is None:
        return counts
    weights = array(weights)
    if weights.shape != np.shape(places):
        raise ShapeError(f"np.bincount: weights of shape {weights.shape} for indices of shape {np.shape(places)}")
    if np.dtype(weights.dtype).kind == "c":
        raise ArgumentError("np.bincount takes real weights: add up np.real and np.imag of them by themselves")
    return F.scatter(np.zeros(counts.shape), cast(weights, np.dtype(float)), places, pattern=("#",))


@answers(np.histogram)
def _histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    if any(type(part) is Traced for part in (a, bins)):
        raise TraceError(
            "np.histogram counts: its numbers jump where a component crosses an edge, and are constant between\n"
            "  count chainrule.value(x), or smooth it: a sum of a kernel over x - centre is differentiable, and so are "
            "the weights= of a histogram of plain numbers"
        )
    a, weights = np.ravel(a), F.reshape(array(weights), shape=(-1,))
    if weights.shape != a.shape:
        raise ShapeError(f"np.histogram: weights of shape {weights.shape} for an array of shape {a.shape}")
    edges = np.histogram_bin_edges(a, bins, range)
    count = len(edges) - 1
    inside = (a >= edges[0]) & (a <= edges[-1])
    places = np.minimum(np.searchsorted(edges, a, side="right") - 1, count - 1)
    added = F.scatter(np.zeros(count), F.getitem(weights, np.flatnonzero(inside), pattern=("#",)), places[inside],
                      pattern=("#",))  # fmt: skip
    return (added / np.diff(edges) / np.sum(added) if density else added), edges
