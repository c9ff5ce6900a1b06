"""The logistic family, softmax and its relatives, in NumPy alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.axes import along_axis, reduction
from chainrule.core.derivative import Constant, Custom, Elementwise, Reduction
from chainrule.core.domain import Domain, Interval, Kink
from chainrule.core.labels import Labels
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Shape, ShapeRule, elementwise, join_floating
from chainrule.ops import rules


@dataclass(frozen=True)
class _ClassAxis(ShapeRule):
    """A new last axis, of size `classes`."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        return (*shapes[0], parameters["classes"])

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        return apply(*operands, **parameters)

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        axes = tuple(range(len(shapes[0])))
        return Labels((axes,), (*axes, None))


# The functions below stand alone, with their tables: their source is printed into code that is taken away.


def _expit(x: Any) -> Any:
    if np.iscomplexobj(x):
        return 1 / (1 + np.exp(-x))
    e = np.exp(np.copysign(x, -1.0))  # of -|x|, which never overflows: from 0 on it is 1 / (1 + e), below e / (1 + e)
    return np.maximum(e, np.greater_equal(x, 0)) / (1 + e)


def _log_expit(x: Any) -> Any:
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


def _softplus(x: Any) -> Any:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def _relu(x: Any) -> Any:
    return np.maximum(x, 0.0)


def _logit(x: Any) -> Any:
    x = np.asarray(x) * 1.0
    middle = np.abs(x - 0.5) < 0.25  # there the two logarithms cancel, and 2 x - 1 is exact
    outer = np.where(middle, 0.5, x)
    return np.where(middle, 2 * np.arctanh(np.where(middle, 2 * x - 1, 0.0)), np.log(outer) - np.log1p(-outer))[()]


def _softmax(x: Any, axis: tuple[int, ...]) -> Any:
    x = np.asarray(x) * 1.0
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=axis, keepdims=True)


def _log_softmax(x: Any, axis: tuple[int, ...]) -> Any:
    x = np.asarray(x) * 1.0
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = x == largest
    count = np.maximum(np.sum(top, axis=axis, keepdims=True, dtype=x.dtype), 1)
    rest = np.sum(np.where(top, 0.0, np.exp(x - largest)), axis=axis, keepdims=True)
    return (x - largest) - np.log(count) - np.log1p(rest / count)


def _logsumexp(x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    x = np.asarray(x) * 1.0
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = x == largest  # by log1p of the others, so that a small rest beside the largest is not lost
    below = np.minimum(x - np.where(np.isfinite(largest), largest, 0.0), 0.0)
    count = np.maximum(np.sum(top, axis=axis, keepdims=True, dtype=x.dtype), 1)
    rest = np.sum(np.where(top, 0.0, np.exp(below)), axis=axis, keepdims=True)
    out = largest + np.log(count) + np.log1p(rest / count)
    return out if keepdims else np.squeeze(out, axis=axis)[()]


def _one_hot(x: Any, classes: int) -> Any:
    return np.equal(np.asarray(x)[..., None], np.arange(classes)).astype(np.float64)


def _centred(F: Any, weights: Array, t: Array, axis: tuple[int, ...]) -> Array:
    return t - F.sum(weights * t, axis=axis, keepdims=True)


def _spread(F: Any, weights: Array, g: Array, axis: tuple[int, ...]) -> Array:
    return g - weights * F.sum(g, axis=axis, keepdims=True)


def _softmax_by_folds(F: Any, x: Array, axis: tuple[int, ...]) -> Array:
    e = F.exp(x - F.max(x, axis=axis, keepdims=True))
    return e / F.sum(e, axis=axis, keepdims=True)


def _log_softmax_by_folds(F: Any, x: Array, axis: tuple[int, ...]) -> Array:
    largest = F.max(x, axis=axis, keepdims=True)
    return (x - largest) - _beside_largest(F, x, largest, x - largest, axis)


def _logsumexp_by_folds(F: Any, x: Array, axis: tuple[int, ...], keepdims: bool) -> Array:
    largest = F.max(x, axis=axis, keepdims=True)
    below = F.minimum(x - F.where(F.isfinite(largest), largest, 0.0), 0.0)
    out = largest + _beside_largest(F, x, largest, below, axis)
    return out if keepdims else F.squeeze(out, axis=axis)


def _beside_largest(F: Any, x: Array, largest: Array, below: Array, axis: tuple[int, ...]) -> Array:
    top = F.equal(x, largest)
    count = F.count_nonzero(top, axis=axis, keepdims=True)
    rest = F.sum(F.where(top, 0.0, F.exp(below)), axis=axis, keepdims=True)
    return F.log1p(F.cast_like(F.maximum(count, 1) - 1, x) + rest)


def _floating(x: Any, **_: Any) -> Any:
    return join_floating(x)


_ALONG = (example((3,), axis=(0,)), example((2, 3), axis=(1,)), example((2, 3), axis=(0, 1)),
          example((2, 1), axis=(1,)), example((0, 3), axis=(1,)))

expit = primitive("expit", evaluate=_expit, shape=elementwise, dtype=_floating,
                  # s(-x) and not 1 - s(x), which has lost all digits by x = 37
                  derivative=Elementwise(lambda F, out, x: out * F.expit(-x)),
                  notation=Call("sigmoid", latex=r"\sigma"), rule=rules.LOGISTIC)

log_expit = primitive("log_expit", evaluate=_log_expit, shape=elementwise, dtype=_floating,
                      derivative=Elementwise(lambda F, out, x: F.expit(-x)),
                      notation=Call("log_sigmoid", latex=r"\ln\sigma"), rule=rules.LOG_LOGISTIC)

softplus = primitive("softplus", evaluate=_softplus, shape=elementwise, dtype=_floating,
                     derivative=Elementwise(lambda F, out, x: F.expit(x)),
                     notation=Call("softplus", latex=r"\operatorname{softplus}"), rule=rules.SOFTPLUS)

logit = primitive("logit", evaluate=_logit, shape=elementwise, dtype=_floating,
                  derivative=Elementwise(lambda F, out, x: 1 / (x * (1 - x))),
                  notation=Call("logit", latex=r"\operatorname{logit}"), rule=rules.LOG_ODDS,
                  domain=Domain((Interval(0.0, 1.0),), kinks=(
                      Kink(lambda out, x: (x == 0) | (x == 1), "logit(x) at 0 and 1, a pole"),)))

relu = primitive("relu", evaluate=_relu, shape=elementwise, dtype=_floating,
                 derivative=Elementwise(lambda F, out, x: F.heaviside(x, 0.0)),
                 notation=Call("relu", latex=r"\operatorname{ReLU}"), rule=rules.RECTIFIER,
                 domain=Domain(kinks=(
                     Kink(lambda out, x: x == 0, "relu(x) at 0, where the derivative is taken as 0"),)))

softmax = primitive("softmax", evaluate=_softmax, by_folds=_softmax_by_folds, shape=along_axis, dtype=_floating,
                    derivative=Custom(lambda F, t, out, x, axis: out * _centred(F, out, t[0], axis),
                                      lambda F, g, out, x, axis: (out * _centred(F, out, g, axis),),
                                      reason="components depend on each other, by the matrix diag(s) - s s^T"),
                    rule=rules.SOFTMAX, examples=_ALONG)

log_softmax = primitive("log_softmax", evaluate=_log_softmax, by_folds=_log_softmax_by_folds, shape=along_axis,
                        dtype=_floating,
                        derivative=Custom(lambda F, t, out, x, axis: _centred(F, F.exp(out), t[0], axis),
                                          lambda F, g, out, x, axis: (_spread(F, F.exp(out), g, axis),),
                                          reason="components depend on each other, by the matrix I - 1 s^T"),
                        rule=rules.LOG_SOFTMAX, examples=_ALONG)

logsumexp = primitive("logsumexp", evaluate=_logsumexp, by_folds=_logsumexp_by_folds, shape=reduction, dtype=_floating,
                      derivative=Reduction(lambda F, out, x, axis, keepdims: F.softmax(x, axis=axis)),
                      rule=rules.LOG_SUM_EXP,
                      examples=(*(example(*e.operands, **e.parameters, keepdims=False) for e in _ALONG),
                                *(example(*e.operands, **e.parameters, keepdims=True) for e in _ALONG),
                                example((), axis=(), keepdims=False)))

one_hot = primitive("one_hot", evaluate=_one_hot, shape=_ClassAxis(), dtype=lambda x, classes: np.dtype(np.float64),
                    derivative=Constant(), rule=rules.STEP,
                    examples=(example(np.array([0, 2, 1]), classes=3), example(np.array(1), classes=2),
                              example(np.array([[0], [1]]), classes=4)))
