"""The solution of a differential equation, at given times.

Forward mode integrates the sensitivity equations with the solution. Reverse mode integrates the adjoint equation
backward, between one time and the one before; the solution comes along, started anew from its known value at each
time, and is compared with the known value where it ends. In an equation that damps, integrated backward, an error
grows: there the solution is integrated forward once more, and its interpolant is used (Gholami, Keutzer, Biros 2019,
ANODE). Both are equations of the same kind, so they can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.cotangent import Mask
from chainrule.core.derivative import Derivative
from chainrule.core.graph import Graph, Node
from chainrule.core.library import SciPyFunction
from chainrule.core.loop import Body, floating
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule
from chainrule.errors import IntegrationError, ShapeError

FLOW = Rule("derivative of a flow", "y' = f(y, t, k) gives (dy)' = f_y dy + f_k dk")


def _integrated(solve: Any, rate: Any, times: Any, start: Any, dense: bool, rtol: float, atol: float,
                method: str) -> Any:
    """SciPy's solution; raises `ArithmeticError` with the time that it came to."""
    reached = [times[0]]

    def noted(now: float, state: Any) -> Any:
        reached[0] = now
        return rate(np.float64(now), state)

    way = f"the integration from t = {times[0]:g} to {times[-1]:g} failed at t = "
    try:
        found = solve(noted, (times[0], times[-1]), start, method=method, t_eval=times, rtol=rtol, atol=atol,
                          dense_output=dense)
    except ValueError:  # from the linear systems of implicit methods
        raise ArithmeticError(f"{way}{reached[0]:g}, with infinite or undefined values") from None
    if found.status != 0 or not np.all(np.isfinite(found.y)):
        raise ArithmeticError(f"{way}{reached[0]:g}: {found.message}")
    return found


def _returned(solve: Any, rate: Any, times: Any, start: Any, origin: Any, rtol: float, atol: float,
              method: str) -> Any:
    """The adjoint equation from the last time to the first, with the solution, which has to come back to its origin."""
    n = origin.size
    rounding = 50 * float(np.finfo(origin.dtype).eps)  # of the states, and of the times in between
    allowed = 20 * (max(atol, rounding) + max(rtol, rounding) * np.abs(origin))
    room = 100 * (1 + max(np.max(np.abs(start[:n]), initial=0.0), np.max(np.abs(origin), initial=0.0)))

    def bounded(now: Any, z: Any) -> Any:
        if not np.max(np.abs(z[:n]), initial=0.0) <= room:  # it has exploded: no need to see by how much
            raise ArithmeticError
        return rate(now, z)

    if method in ("DOP853", "RK45", "RK23"):  # what the others are for cannot be expected to come back
        try:
            with np.errstate(all="ignore"):
                path = _integrated(solve, bounded, times, start, False, rtol, atol, method).y.T
            if np.all(np.abs(path[-1, :n] - origin) <= allowed):
                return path
        except ArithmeticError:
            pass
    rest = np.zeros_like(start[n:])
    forward = _integrated(solve, lambda now, y: rate(now, np.concatenate([y, rest]))[:n], times[::-1],
                          origin.astype(start.dtype), True, rtol, atol, method)
    back = _integrated(solve, lambda now, a: rate(now, np.concatenate([forward.sol(now), a]))[n:], times, start[n:],
                       False, rtol, atol, method)
    return np.concatenate([forward.y.T[::-1], back.y.T], axis=1)


def _double(x: Any) -> Any:
    """In double precision: a solver cannot reach its tolerance in single."""
    x = np.asarray(x)
    return x.astype(np.result_type(x.dtype, np.float64))[()] if x.dtype.kind in "fc" else x[()]


def path_of_flow(solve: Any, f: Any, y0: Any, t: Any, *constants: Any, rtol: float, atol: float, method: str,
                 linear: tuple[int, int] | None, returns: bool) -> Any:
    """The states at the times t. What is `linear`, of the state and of the constants, is integrated at the size 1 that
    the absolute tolerance is meant for. A state that `returns` ends where the last constant says.
    """
    times, start, given, scale = np.asarray(t, np.float64), _double(y0), [_double(x) for x in constants], 1.0
    if len(times) == 1:
        return np.asarray(y0)[None]
    if linear is not None:
        at, first = linear
        scale = max([float(np.max(np.abs(x), initial=0.0)) for x in (start[at:], *given[first:])]) or 1.0
        start = np.concatenate([start[:at], start[at:] / scale])
        given[first:] = [x / scale for x in given[first:]]

    def rate(now: Any, z: Any) -> Any:
        return f(z, now, *given)

    if returns:
        path = _returned(solve, rate, times, start, np.asarray(constants[-1]), rtol, atol, method)
    else:
        path = _integrated(solve, rate, times, start, False, rtol, atol, method).y.T
    if linear is not None:
        path = np.concatenate([path[:, :at], path[:, at:] * scale], axis=1)
    return path.astype(np.asarray(y0).dtype)


SOLVER = SciPyFunction("scipy.integrate.solve_ivp", 1)


def _flow(*operands: Any, system: Body, **settings: Any) -> Any:
    try:
        return path_of_flow(SOLVER, Body.engine.function(system), *operands, **settings)
    except ArithmeticError as error:
        raise IntegrationError(f"{system.graph.name}: {error}\n  look for a pole of the solution there; for a stiff "
                               "equation take method='Radau'") from error


def _wide(dtype: Dtype) -> Dtype:
    """The dtype to integrate in: a solver cannot reach its tolerance in single precision."""
    return np.result_type(dtype, np.float64) if floating(dtype) else np.dtype(dtype)


def _of_start(y0: Dtype, *_: Any, **__: Any) -> Dtype:
    return np.dtype(y0)


@dataclass(frozen=True)
class _States(ShapeRule):
    """A state for each time; the examples of a batch are integrated one by one, each with its own steps."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        inputs = parameters["system"].graph.inputs
        wanted = [inputs[0].shape, shapes[1], *(node.shape for node in inputs[2:])]
        if list(shapes) != wanted or len(shapes[1]) != 1:
            raise ShapeError(f"a flow of operands of shapes {list(shapes)}, expected {wanted}")
        return (*shapes[1], *shapes[0])

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        count = next(np.shape(x)[0] for x, many in zip(operands, batched, strict=True) if many)
        return F.stack(*(
            apply(*(_row(F, x, i) if many else x for x, many in zip(operands, batched, strict=True)), **parameters)
            for i in range(count)), axis=0)


def _row(F: Any, x: Array, i: int) -> Array:
    return F.getitem(x, pattern=(i,))


class _Flow(Derivative):
    """Both modes are flows of derived equations."""

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array:
        y0, t, *constants = record.values
        by_start, by_time, *by_constants = tangents
        active = tuple(w is not None and floating(k.dtype) for w, k in zip(by_constants, constants, strict=True))
        body = _body_of(record)
        along = [w for w, on in zip(by_constants, active, strict=True) if on]
        start = F.zeros_like(y0) if by_start is None else by_start
        rates = None if by_time is None else _rates(F, body, record)
        if rates is not None:
            start = start - _row(F, rates, 0) * _row(F, by_time, 0)
        n = y0.shape[0]
        both = F.odeint(F.concatenate(y0, _like(F, start, y0), axis=0), t, *constants, *along,
                        **{**record.parameters, "system": Body.engine.sensitivity(body, active),
                           "linear": (n, len(constants)), "returns": False})
        out = F.getitem(both, pattern=(slice(None), slice(n, None)))
        if rates is not None:
            out = out + rates * F.expand_dims(by_time, axis=(1,))
        return _like(F, out, record.value)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | None]:
        y0, t, *_ = record.values
        wanted = [o is not None and floating(x.dtype) for o, x in zip(record.operands, record.values, strict=True)]
        body = _body_of(record)
        back = _Back(F, record, body, tuple(wanted[2:]))
        count = t.shape[0]
        a = _row(F, cotangent, count - 1)
        before = F.zeros_like(a)  # the cotangent just after the first time
        for i in range(count - 1, 0, -1):
            a = before = back.through(i, a)
            a = a + _row(F, cotangent, i - 1)
        by_time = None
        if wanted[1]:
            rates = _rates(F, body, record)
            each = F.sum(rates * cotangent, axis=(1,), keepdims=False)
            first = F.negative(F.sum(_row(F, rates, 0) * before, axis=(0,), keepdims=False))
            by_time = F.concatenate(F.expand_dims(first, axis=(0,)), F.getitem(each, pattern=(slice(1, None),)), axis=0)
            by_time = _like(F, by_time, t)
        return [_like(F, a, y0) if wanted[0] else None, by_time, *back.by_constants()]


class _Back:
    """The adjoint equation, from time to time backward.

    Attributes:
        sums: the cotangents of the constants so far, in one vector.
    """

    def __init__(self, F: Any, record: Record, body: Body, active: tuple[bool, ...]) -> None:
        self.F, self.record, self.body, self.active = F, record, body, active
        self.constants = record.values[2:]
        self.parameters = record.parameters
        self.adjoint = Body.engine.adjoint(body, active)
        n = record.values[0].shape[0]
        self.n = n
        size = self.adjoint.graph.inputs[0].shape[0] - 2 * n
        self.sums: Array = np.zeros(size, np.dtype(record.value.dtype))

    def through(self, i: int, a: Array) -> Array:
        """The cotangent at time i carried to the time before."""
        F, n, y, t = self.F, self.n, self.record.value, self.record.values[1]
        state = F.concatenate(_row(F, y, i), _like(F, a, y), self.sums, axis=0)
        stretch = F.stack(_row(F, t, i), _row(F, t, i - 1), axis=0)
        found = F.odeint(state, stretch, *self.constants, _row(F, y, i - 1),
                         **{**self.parameters, "system": self.adjoint,
                            "linear": (n, len(self.constants) + 1), "returns": True})
        self.sums = F.getitem(found, pattern=(1, slice(2 * n, None)))
        return F.getitem(found, pattern=(1, slice(n, 2 * n)))

    def by_constants(self) -> list[Array | None]:
        F, start = self.F, 0
        found: list[Array | None] = []
        for constant, on in zip(self.constants, self.active, strict=True):
            if not on:
                found.append(None)
                continue
            stop = start + int(np.prod(constant.shape))
            part = F.getitem(self.sums, pattern=(slice(start, stop) if constant.shape else start,))
            part = F.reshape(part, shape=constant.shape) if constant.ndim > 1 else part
            found.append(_like(F, part, constant))
            start = stop
        return found


def _body_of(record: Record) -> Body:
    body: Body = record.parameters["system"]
    return body.at([_wide(x.dtype) for x in record.values])


def _rates(F: Any, body: Body, record: Record) -> Array:
    """f at each time."""
    _, t, *constants = record.values
    flags = [True, True, *[False] * len(constants)]
    ((rates, many),) = Body.engine.applied(F, body, [record.value, t, *constants], flags)
    return _like(F, rates if many else F.broadcast_to(rates, shape=record.value.shape), record.value)


def _like(F: Any, x: Array, like: Array) -> Array:
    return x if x.dtype == like.dtype else F.cast_like(x, like)


def _example_system() -> Body:
    """y' = k exp(-y^2) - t y: what the tests try."""
    real = np.dtype(np.float64)
    y, t, k = (Node(None, (), {"name": name}, shape, real, name)
               for name, shape in (("y", (2,)), ("t", ()), ("k", (2,))))
    bell = building.exp(building.negative(building.square(y)))
    rate = building.subtract(building.multiply(k, bell), building.multiply(t, y))
    return Body(Graph((y, t, k), (rate,), name="rate"), 1, 1)


_SYSTEM = _example_system()

odeint = primitive("odeint", evaluate=_flow, shape=_States(), dtype=_of_start,
                   derivative=_Flow(), rule=FLOW,
                   notation=Call("odeint", unsaid=("rtol", "atol", "method", "linear", "returns")),
                   examples=tuple(example((2,), np.array(times), (2,), system=_SYSTEM, rtol=1e-13, atol=1e-13,
                                          method="DOP853", linear=None, returns=False)
                                  for times in ((0.0, 0.3, 0.8), (0.6, 0.1), (0.2,))))
