"""Running sums and products along one axis, right also where factors are zero. `axis` is a non-negative int."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.axes import AxisRule, along_axis
from chainrule.core.derivative import Constant, Custom, Linear
from chainrule.core.domain import Domain, Kink
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import Array, Dtype, Shape
from chainrule.errors import ShapeError
from chainrule.ops import rules

_REASON = "each result depends on all components before it, through a recurrence"
_ZEROS = np.array([[2.0, 0.0, 3.0, 0.5], [0.0, 1.5, 0.0, 2.0]])


@dataclass(frozen=True)
class _AlongAxisTogether(AxisRule):
    """Operands of one shape are combined along the axis `axis` (an int)."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        if shapes[0] != shapes[1]:
            raise ShapeError(f"operands of shapes {shapes[0]} and {shapes[1]}: expected the same shape")
        return shapes[0]


def _accumulated(x: Dtype, **_: Any) -> Dtype:
    """NumPy accumulates small integers and booleans in its default integer."""
    dtype = np.dtype(x)
    return np.cumsum(np.zeros(1, dtype)).dtype if dtype.kind in "biu" else dtype


def _flip(F: Any, x: Array, axis: int) -> Array:
    return F.getitem(x, pattern=(*[slice(None)] * axis, slice(None, None, -1)))


def _shift(x: Any, axis: int, by: int) -> Any:
    out = np.zeros_like(x)
    source, target = np.moveaxis(x, axis, 0), np.moveaxis(out, axis, 0)
    if by > 0:
        target[by:] = source[:-by]
    else:
        target[:by] = source[-by:]
    return out


def _products_before(x: Any, axis: int, reverse: bool) -> Any:
    factors = np.moveaxis(x, axis, 0)[:: -1 if reverse else 1]
    out = np.ones_like(factors)
    np.cumprod(factors[:-1], axis=0, out=out[1:])
    return np.moveaxis(out[:: -1 if reverse else 1], 0, axis)


def _prod_others(x: Any, axis: int) -> Any:
    with np.errstate(all="ignore"):
        product = np.prod(x, axis=axis, keepdims=True)
    size = np.abs(product)
    if np.all((size > np.finfo(np.result_type(x, np.float16)).tiny) & (size < np.inf)):
        return product / x
    # A zero, or a product out of range, leaves nothing to divide by: multiply what stands before and behind.
    factors = np.moveaxis(x, axis, 0)
    before, behind = np.ones_like(factors), np.ones_like(factors)
    np.cumprod(factors[:-1], axis=0, out=before[1:])
    np.cumprod(factors[:0:-1], axis=0, out=behind[-2::-1])
    return np.moveaxis(before * behind, 0, axis)


def _recurrence(a: Any, b: Any, axis: int, reverse: bool) -> Any:
    a, b = (np.moveaxis(x, axis, 0)[:: -1 if reverse else 1] for x in (a, b))
    out = np.empty(b.shape, np.result_type(a, b))
    if len(out):
        # s = P cumsum(b / P) with the running product P rounds like the loop does, while P is far from 0 and infinity.
        with np.errstate(all="ignore"):
            running = np.ones(b.shape, out.dtype)
            np.cumprod(a[1:], axis=0, out=running[1:])
            size = np.abs(running)
            margin = float(np.finfo(out.dtype).tiny) ** (1 / 3)
            if np.all((size > margin) & (size < 1 / margin)):
                np.cumsum(b / running, axis=0, out=out)
                out *= running
                safe = bool(np.all(np.isfinite(out)))
            else:
                safe = False
        if not safe:
            out[0] = b[0]
            for i in range(1, len(out)):
                out[i] = a[i] * out[i - 1] + b[i]
    return np.moveaxis(out[:: -1 if reverse else 1], 0, axis)


def _arg_extremum_so_far(x: Any, axis: int, largest: bool) -> Any:
    values = np.moveaxis(x, axis, 0)
    running = (np.maximum if largest else np.minimum).accumulate(values, axis=0)
    first = np.ones(values.shape, bool)
    before, here = running[:-1], values[1:]
    # What is not equal to itself is a NaN: none comes after the first.
    first[1:] = (here > before if largest else here < before) | ((here != here) & (before == before))
    places = np.arange(len(values)).reshape(-1, *[1] * (values.ndim - 1)) * first
    return np.moveaxis(np.maximum.accumulate(places, axis=0), 0, axis)


def _tied_so_far(out: Any, x: Any, axis: int, largest: bool) -> Any:
    values = np.moveaxis(x, axis, 0)
    tied = np.zeros(values.shape, bool)
    tied[1:] = values[1:] == (np.maximum if largest else np.minimum).accumulate(values, axis=0)[:-1]
    return np.moveaxis(tied, 0, axis)


_FIRST = Domain(kinks=(Kink(_tied_so_far, "a component that equals the extremum before it, which is taken"),))


def _back(F: Any, x: Array, g: Array, axis: int, reverse: bool) -> Array:
    """The transpose of the recurrence with factors x: it runs the other way, each factor one place on."""
    return F.recurrence(F.shift(x, axis=axis, by=1 if reverse else -1), g, axis=axis, reverse=not reverse)


def _cumprod_push(F: Any, tangents: Sequence[Array], out: Array, x: Array, axis: int) -> Array:
    before = F.products_before(x, axis=axis, reverse=False)
    return F.recurrence(x, before * tangents[0], axis=axis, reverse=False)


def _cumprod_pull(F: Any, g: Array, out: Array, x: Array, axis: int) -> tuple[Array]:
    return (F.products_before(x, axis=axis, reverse=False) * _back(F, x, g, axis, reverse=False),)


def _before_push(F: Any, tangents: Sequence[Array], out: Array, x: Array, axis: int, reverse: bool) -> Array:
    running = F.recurrence(x, out * tangents[0], axis=axis, reverse=reverse)
    return F.shift(running, axis=axis, by=-1 if reverse else 1)


def _before_pull(F: Any, g: Array, out: Array, x: Array, axis: int, reverse: bool) -> tuple[Array]:
    return (out * _back(F, x, F.shift(g, axis=axis, by=1 if reverse else -1), axis, reverse),)


def _others_push(F: Any, tangents: Sequence[Array], out: Array, x: Array, axis: int) -> Array:
    total = None
    for reverse in (False, True):  # (before behind)' = before' behind + behind' before
        before = F.products_before(x, axis=axis, reverse=reverse)
        behind = F.products_before(x, axis=axis, reverse=not reverse)
        term = _before_push(F, tangents, before, x, axis, reverse) * behind
        total = term if total is None else total + term
    return total


def _recurrence_push(F: Any, tangents: Sequence[Array | None], out: Array, a: Array, b: Array, axis: int,
                     reverse: bool) -> Array:
    da, db = tangents
    change = db
    if da is not None:
        product = da * F.shift(out, axis=axis, by=-1 if reverse else 1)
        change = product if db is None else product + db
    return F.recurrence(a, change, axis=axis, reverse=reverse)


def _recurrence_pull(F: Any, g: Array, out: Array, a: Array, b: Array, axis: int, reverse: bool) -> tuple[Array, Array]:
    back = _back(F, a, g, axis, reverse)
    return back * F.shift(out, axis=axis, by=-1 if reverse else 1), back


cumsum = primitive("cumsum", evaluate=np.cumsum, shape=along_axis, dtype=_accumulated,
                   derivative=Linear(lambda F, g, out, x, axis: _flip(F, F.cumsum(_flip(F, g, axis), axis=axis), axis)),
                   rule=rules.LINEAR_MAP,
                   examples=(example((3,), axis=0), example((2, 3), axis=1), example((2, 3, 2), axis=1),
                             example((0,), axis=0), example((1, 2), axis=0)))

shift = primitive("shift", evaluate=_shift, shape=along_axis,
                  derivative=Linear(lambda F, g, out, x, axis, by: F.shift(g, axis=axis, by=-by)),
                  rule=rules.LINEAR_MAP,
                  examples=(example((3,), axis=0, by=1), example((2, 3), axis=1, by=-2), example((1, 2), axis=0, by=1),
                            example((0,), axis=0, by=-1)))

# s_i = a_i s_(i-1) + b_i, with nothing before the first; what running products are differentiated with.
recurrence = primitive("recurrence", evaluate=_recurrence, shape=_AlongAxisTogether(),
                       derivative=Custom(_recurrence_push, _recurrence_pull,
                                         reason="linear in b, but not in a, where its own results are the factors"),
                       rule=rules.PRODUCT_OF_ALL,
                       examples=(example((4,), (4,), axis=0, reverse=False),
                                 example((2, 3), (2, 3), axis=1, reverse=True),
                                 example(_ZEROS, (2, 4), axis=1, reverse=False),
                                 example((0, 2), (0, 2), axis=0, reverse=False),
                                 example((1,), (1,), axis=0, reverse=True)))

cumprod = primitive("cumprod", evaluate=np.cumprod, shape=along_axis, dtype=_accumulated,
                    derivative=Custom(_cumprod_push, _cumprod_pull, reason=_REASON),
                    rule=rules.PRODUCT_OF_ALL,
                    examples=(example((4,), axis=0), example((2, 3), axis=1), example((2, 3, 2), axis=1),
                              example(_ZEROS, axis=1), example(_ZEROS, axis=0), example((0,), axis=0),
                              example((1, 2), axis=0)))

products_before = primitive("products_before", evaluate=_products_before, shape=along_axis,
                            derivative=Custom(_before_push, _before_pull, reason=_REASON),
                            rule=rules.PRODUCT_OF_ALL,
                            examples=(example((4,), axis=0, reverse=False), example((2, 3), axis=1, reverse=True),
                                      example(_ZEROS, axis=1, reverse=False), example(_ZEROS, axis=1, reverse=True),
                                      example((0,), axis=0, reverse=True), example((1, 2), axis=0, reverse=False)))

prod_others = primitive("prod_others", evaluate=_prod_others, shape=along_axis,
                        derivative=Custom(_others_push,
                                          lambda F, g, out, x, axis: (_others_push(F, (g,), out, x, axis),),
                                          reason="each result depends on all others' components, symmetrically"),
                        rule=rules.PRODUCT_OF_ALL,
                        examples=(example((4,), axis=0), example((2, 3), axis=1), example(_ZEROS, axis=1),
                                  example(_ZEROS, axis=0), example((0, 2), axis=0), example((1,), axis=0)))

# Where the largest of the components up to each stands, or the smallest; of equal ones the first.
arg_extremum_so_far = primitive("arg_extremum_so_far", evaluate=_arg_extremum_so_far, shape=along_axis,
                                dtype=lambda x, **_: np.dtype(np.intp),
                                derivative=Constant(), rule=rules.STEP,
                                domain=_FIRST,
                                examples=(example((5,), axis=0, largest=True), example((2, 4), axis=1, largest=False),
                                          example((0, 2), axis=0, largest=True),
                                          example(np.array([1.0, 3.0, 3.0, 2.0, 4.0]), axis=0, largest=True)))
