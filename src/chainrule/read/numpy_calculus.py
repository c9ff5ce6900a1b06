"""NumPy's functions of sampled curves: gradient, trapezoid, interp, unwrap, and the convolution of signals."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, ShapeError
from chainrule.read.arguments import along, array, axis_of, cast

__all__ = ["convolve"]

F = evaluating


def _part(a: Any, axis: int, start: Any, stop: Any = None) -> Any:
    return F.getitem(a, pattern=along(axis, slice(start, stop)))


def _floating(a: Any) -> Any:
    return a.astype(float) if a.dtype.kind in "biu" else a


@answers(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = _floating(array(f))
    single = axis is not None and np.ndim(axis) == 0
    axes = tuple(range(f.ndim)) if axis is None else tuple(axis_of(f.ndim, i) for i in ((axis,) if single else axis))
    if edge_order not in (1, 2):
        raise ArgumentError(f"np.gradient with edge_order={edge_order!r}: expected 1 or 2")
    spacings = [1.0] * len(axes) if not varargs else list(varargs) * (len(axes) if len(varargs) == 1 else 1)
    if len(spacings) != len(axes):
        raise ArgumentError(f"np.gradient along {len(axes)} axes with {len(varargs)} spacings: expected one for each")
    found = tuple(_slope(f, i, array(h), edge_order) for i, h in zip(axes, spacings, strict=True))
    # NumPy gives a tuple from two axes on, and one array also for a list of one axis.
    return found[0] if len(found) == 1 else found


def _slope(f: Any, axis: int, h: Any, edge_order: int) -> Any:
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ShapeError(
            f"np.gradient along axis {axis} of shape {f.shape}: edge_order={edge_order} needs {edge_order + 1} points"
        )
    if h.ndim > 1 or (h.ndim == 1 and h.shape[0] != n):
        raise ShapeError(
            f"np.gradient along axis {axis} of size {n} with places of shape {h.shape}: one for each point"
        )
    steps = F.broadcast_to(h, shape=(n - 1,)) if h.ndim == 0 else _part(h, 0, 1) - _part(h, 0, None, -1)
    steps = F.reshape(_floating(steps), shape=(n - 1, *[1] * (f.ndim - 1 - axis)))
    slopes = (_part(f, axis, 1) - _part(f, axis, None, -1)) / steps
    if edge_order == 1:
        first, last = _part(slopes, axis, 0, 1), _part(slopes, axis, -1)
    else:
        first, last = _extrapolated(slopes, steps, axis, 0, 1), _extrapolated(slopes, steps, axis, n - 2, n - 3)
    if n == 2:
        return F.cast_like(F.concatenate(first, last, axis=axis), f)
    # The slope of the parabola through three neighbours: the mean of both slopes, the nearer one weighing more.
    before, behind = _part(steps, 0, None, -1), _part(steps, 0, 1)
    middle = (behind * _part(slopes, axis, None, -1) + before * _part(slopes, axis, 1)) / (before + behind)
    return F.cast_like(F.concatenate(first, middle, last, axis=axis), f)


def _extrapolated(slopes: Any, steps: Any, axis: int, end: int, next_: int) -> Any:
    """The slope at the end of the parabola through the three points there."""
    near, far = _part(slopes, axis, end, end + 1), _part(slopes, axis, next_, next_ + 1)
    h, k = _part(steps, 0, end, end + 1), _part(steps, 0, next_, next_ + 1)
    return near + (near - far) * (h / (h + k))


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = array(y)
    i = axis_of(y.ndim, axis)
    if x is None:
        steps = dx
    else:
        x = array(x)
        if x.ndim == 0 or x.shape[0 if x.ndim == 1 else axis_of(x.ndim, axis)] != y.shape[i]:
            raise ShapeError(
                f"np.trapezoid along axis {i} of shape {y.shape} with places of shape {x.shape}: one for each point"
            )
        if x.ndim == 1:
            steps = F.reshape(np.diff(x), shape=(x.size - 1, *[1] * (y.ndim - 1 - i)))
        else:
            steps = np.diff(x, axis=axis)
    heights = (_part(y, i, 1) + _part(y, i, None, -1)) / 2.0
    return F.sum(heights * steps, axis=(i,), keepdims=False)


answers(np.trapezoid)(_trapezoid)
if hasattr(np, "trapz"):  # the name until NumPy 2.4
    answers(np.trapz)(_trapezoid)


@answers(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    x, xp, fp = array(x), array(xp), array(fp)
    if xp.ndim != 1 or fp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ShapeError(
            f"np.interp between places of shape {xp.shape} and values of shape {fp.shape}: two vectors alike"
        )
    if any(np.dtype(part.dtype).kind == "c" for part in (x, xp)):
        raise ArgumentError("np.interp at complex places: a complex number lies between no two others")
    x, xp, fp = (cast(part, np.result_type(part.dtype, float)) for part in (x, xp, fp))  # as NumPy does
    if period is not None:
        x, xp, fp = _one_period(x, xp, fp, period)
        left = right = None
    n = xp.shape[0]
    if n == 1:
        inside = F.broadcast_to(fp[0], shape=x.shape)
    else:
        k = np.clip(F.searchsorted(xp, x, side="right") - 1, 0, n - 2)
        low, high = F.getitem(xp, k, pattern=("#",)), F.getitem(xp, k + 1, pattern=("#",))
        start, end = F.getitem(fp, k, pattern=("#",)), F.getitem(fp, k + 1, pattern=("#",))
        inside = start + (end - start) / (high - low) * (x - low)
    below, above = (fp[0] if left is None else left), (fp[-1] if right is None else right)
    return F.where(F.less(x, xp[0]), below, F.where(F.greater(x, xp[-1]), above, inside))


def _one_period(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Places within one period in rising order, with the last before the first one and the first behind the last."""
    if not bool(period != 0):
        raise ArgumentError("np.interp with period=0: expected another number")
    period = np.abs(period)
    x, xp = x % period, xp % period
    order = F.argsort(xp, axis=0)
    xp, fp = F.getitem(xp, order, pattern=("#",)), F.getitem(fp, order, pattern=("#",))
    xp = F.concatenate(xp[-1:] - period, xp, xp[:1] + period, axis=0)
    return x, xp, F.concatenate(fp[-1:], fp, fp[:1], axis=0)


@answers(np.unwrap)
def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    p = _floating(array(p))
    i = axis_of(p.ndim, axis)
    half = period / 2
    discont = half if discont is None else discont
    steps = np.diff(p, axis=i)
    wrapped = (steps + half) % period - half
    # A step of half a period upwards stays one upwards.
    wrapped = F.where(F.logical_and(F.equal(wrapped, -half), F.greater(steps, 0.0)), half, wrapped)
    turns = F.where(F.less(F.abs(steps), discont), 0.0, wrapped - steps)
    rest = _part(p, i, 1) + F.cumsum(turns, axis=i)
    return F.concatenate(_part(p, i, None, 1), rest, axis=i)


def _signals(a: Any, v: Any, call: str) -> tuple[Any, Any]:
    a, v = array(a), array(v)
    a, v = (F.reshape(x, shape=(1,)) if x.ndim == 0 else x for x in (a, v))
    if a.ndim != 1 or v.ndim != 1 or not a.size or not v.size:
        raise ShapeError(f"np.{call} of shapes {a.shape} and {v.shape}: expected two vectors that are not empty")
    return a, v


def _cut(whole: Any, n: int, m: int, mode: Any, call: str) -> Any:
    """The part of a full convolution that a mode means."""
    longer, shorter = max(n, m), min(n, m)
    if mode in ("full", 2):
        return whole
    if mode in ("same", 1):
        first = (shorter - 1) // 2
        return F.getitem(whole, pattern=(slice(first, first + longer),))
    if mode in ("valid", 0):
        return F.getitem(whole, pattern=(slice(shorter - 1, longer),))
    raise ArgumentError(f"np.{call} with mode={mode!r}: expected 'full', 'same' or 'valid'")


@answers(np.convolve)
def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    a, v = _signals(a, v, "convolve")
    return _cut(F.convolve(a, v), a.size, v.size, mode, "convolve")


@answers(np.correlate)
def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = _signals(a, v, "correlate")
    back = (slice(None, None, -1),)
    v = np.conj(v) if np.dtype(v.dtype).kind == "c" else v
    n, m = a.size, v.size
    if n >= m:
        return _cut(F.convolve(a, F.getitem(v, pattern=back)), n, m, mode, "correlate")
    # NumPy slides the shorter one, here the first, and reads what comes out backwards: "same" is cut at the other end.
    whole = _cut(F.convolve(F.getitem(a, pattern=back), v), n, m, mode, "correlate")
    return F.getitem(whole, pattern=back)
