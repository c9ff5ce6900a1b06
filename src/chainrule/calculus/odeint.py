"""Solutions of ordinary differential equations, with their derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.calculus.arguments import differentiable, function_name, positive
from chainrule.calculus.closed import Closed, body_of, closed, is_operand, number_or_array
from chainrule.calculus.containers import Rebuild, flatten
from chainrule.core.equivalents import stands_for
from chainrule.core.loop import Part, unpacked
from chainrule.core.registry import evaluating
from chainrule.core.traced import plain_value
from chainrule.errors import ArgumentError, GuardError, ShapeError, TraceError

__all__ = ["odeint"]

F = evaluating
_METHODS = ("DOP853", "RK45", "RK23", "Radau", "BDF", "LSODA")


@stands_for("scipy.integrate.odeint", "scipy.integrate.solve_ivp")
def odeint(
    f: Callable[..., Any],
    y0: Any,
    t: Any,
    *args: Any,
    rtol: float = 1e-8,
    atol: float = 1e-8,
    method: str = "DOP853",
) -> Any:
    """The solution of y' = f(y, t, *args) with y(t[0]) = y0, at the times t.

    It is differentiable by y0, t, args and what f finds around it, and takes the place of `scipy.integrate.odeint`,
    which cannot be traced. SciPy integrates, with steps that follow the tolerance. A gradient integrates the adjoint
    equation backward from time to time, so its memory does not grow with the number of steps; forward mode integrates
    the sensitivity equations. Both can be differentiated again.

    A derivative is that of the exact solution, and its error about the tolerance times what the equation amplifies it
    by. (The errors of a solver change with its arguments: a gradient check needs a tolerance below what it is to
    resolve.) The solution comes along backward, and is compared at each time with what it had been. Where it has
    drifted away, as in equations that damp, it is integrated forward again, and the adjoint equation uses its
    interpolant.

    Args:
        f: `f(y, t, *args)` returns y' in the form of y. Written with NumPy; a branch on a value is to be written with
            `np.where`. It is called a few times when it is traced, and then runs as emitted code.
        y0: the start: an array or a container of arrays; integers become float64.
        t: the times, of shape (T,), all increasing or all decreasing, of which the first is where y is y0.
        args: further arguments of f: arrays and containers of arrays are differentiated, other values are passed on.
        rtol: relative tolerance of a step: its error is at most about `atol + rtol * |y|`.
        atol: absolute tolerance of a step.
        method: of `scipy.integrate.solve_ivp`: "DOP853", "RK45", "RK23" for equations that are not stiff, "Radau",
            "BDF", "LSODA" for those that are.

    Returns:
        y at each time: in the form of y0, each array with a first axis of length T.

    Raises:
        IntegrationError: a solution, or a derivative, could not be integrated to the tolerance; t is named.
        ArgumentError: t does not go one way, or f gives another structure than y.
        ShapeError: f gives an array of another shape than y; t is no vector.
        MissingExtraError: SciPy is not installed.
        TraceError: f does something that cannot be followed, or computes something else each time it is called.

    Source: Hairer, Nørsett, Wanner (1993), Solving ordinary differential equations I, for DOP853; Chen, Rubanova,
    Bettencourt, Duvenaud (2018), Neural ordinary differential equations; Gholami, Keutzer, Biros (2019), ANODE.

    >>> import numpy as np, chainrule as cr
    >>> def decay(y, t, rate):
    ...     return -rate * y
    >>> cr.odeint(decay, 1.0, np.array([0.0, 1.0, 2.0]), 0.5).round(6)
    array([1.      , 0.606531, 0.367879])
    >>> cr.grad(lambda rate: cr.odeint(decay, 1.0, np.array([0.0, 2.0]), rate)[-1])(0.5).round(6)
    np.float64(-0.735759)
    """
    if not callable(f):
        raise ArgumentError(f"odeint takes a function of y and t, not {f!r:.60}")
    if method not in _METHODS:
        raise ArgumentError(f"method is {method!r}: expected one of {', '.join(_METHODS)}")
    allowed = positive(rtol, "rtol"), positive(atol, "atol")
    times = _times(t)
    state = _State(f, y0, args)
    found = state.traced(times)
    vector = state.vector()
    system = body_of(found, 1, 1)
    try:
        path = F.odeint(
            vector, times, *state.leaves, *found.around,
            system=system, rtol=allowed[0], atol=allowed[1], method=method, linear=None, returns=False,
        )  # fmt: skip
    except GuardError as error:
        raise GuardError(
            f"{function_name(f)} branches on a value, and not everywhere as at the first time: {error}\n"
            "  write the branch with np.where, or integrate up to where it changes and go on from there"
        ) from None
    return state.unpacked(path, times.shape[0])


def _times(t: Any) -> Any:
    times = differentiable(np.asarray(t) if isinstance(t, (list, tuple)) else t, "t")
    if len(times.shape) != 1 or not times.shape[0]:
        raise ShapeError(f"t has shape {times.shape}: expected a vector of times, of which the first is the start")
    plain = plain_value(times)
    steps = np.diff(plain)
    if not np.all(np.isfinite(plain)) or plain.dtype.kind == "c":
        raise ArgumentError("t holds a value that is no finite real number")
    if not (np.all(steps > 0) or np.all(steps < 0)):
        wrong = int(np.argmax(steps * (steps[0] or 1.0) <= 0))
        raise ArgumentError(
            f"the times go from t[{wrong}] = {plain[wrong]:g} to t[{wrong + 1}] = {plain[wrong + 1]:g}: "
            "they have to increase, or decrease, all along"
        )
    return times


class _State:
    """The state as a vector, and the function of it."""

    def __init__(self, f: Callable[..., Any], y0: Any, args: Sequence[Any]) -> None:
        self.f = f
        started, self._y_of = flatten(y0, "y0")
        self._start = [differentiable(leaf, path) for path, leaf in started]
        self._paths = [path for path, _ in started]
        parts = flatten(tuple(args), "")[0]
        self._parts = [leaf for _, leaf in parts]
        self._args_of: Rebuild = flatten(tuple(args), "")[1]
        self._places = [i for i, leaf in enumerate(self._parts) if is_operand(leaf)]
        self.leaves = [number_or_array(self._parts[i], f"an argument of {function_name(f)}") for i in self._places]
        kind = np.result_type(*(x.dtype for x in self._start)) if self._start else np.dtype(np.float64)
        self._layout: list[Part] = []
        start = 0
        for x in self._start:
            stop = start + int(np.prod(x.shape))
            self._layout.append(Part(start, stop, tuple(x.shape), kind))
            start = stop
        self._kind = kind

    def vector(self) -> Any:
        return self._packed(self._start)

    def _packed(self, leaves: Sequence[Any]) -> Any:
        if not leaves:
            return np.zeros(0)
        # A number becomes a component, and not an array of one: what comes back of it is a number again.
        flat = [F.reshape(x, shape=(int(np.prod(x.shape)),)) if x.shape else F.stack(x, axis=0) for x in leaves]
        whole = flat[0] if len(flat) == 1 else F.concatenate(*flat, axis=0)
        return whole if whole.dtype == self._kind else F.cast(whole, dtype=self._kind.name)

    def unpacked(self, path: Any, count: int) -> Any:
        """The states of all times in the form of y0."""
        columns = [
            F.reshape(F.getitem(path, pattern=(slice(None), slice(part.start, part.stop))), shape=(count, *part.shape))
            for part in self._layout
        ]
        own = [x.copy() if isinstance(x, np.ndarray) else x for x in columns]
        return self._y_of(own)

    def traced(self, times: Any) -> Closed:
        """f as a graph of the vector, t and the arrays among the arguments, verified by a second one."""
        example = plain_value(self.vector())
        plain = plain_value(times)
        arrays = [plain_value(x) for x in self.leaves]
        found = self._called([example, plain[0], *arrays])
        again = self._called([example, plain[-1], *arrays])
        branches = [[guard.outcome for guard in each.graph.guards] for each in (found, again)]
        name = function_name(self.f)
        if found.opaque:
            nodes = found.graph.nodes
            opaque = sorted({node.primitive.name for node in nodes if node.primitive and node.primitive.opaque})
            what = f"{', '.join(opaque)}, which has no graph" if opaque else "cr.value"
            raise TraceError(
                f"{name} uses {what}: its equation cannot be differentiated\n  write it with NumPy's functions"
            )
        if branches[0] == branches[1] and again.key != found.key:
            raise TraceError(
                f"{name} computes something else each time it is called (random numbers, a counter): an equation has "
                "one right-hand side\n  compute what changes before, and pass it as an argument"
            )
        return found

    def _called(self, examples: Sequence[Any]) -> Closed:
        def rate(y: Any, t: Any, *arrays: Any) -> Any:
            given = list(self._parts)
            for i, array in zip(self._places, arrays, strict=True):
                given[i] = array
            return self.f(self._y_of(unpacked(F, y, self._layout)), t, *self._args_of(given))

        def leaves_of(result: Any) -> list[Any]:
            found = dict(flatten(result, "y0")[0])
            name = function_name(self.f)
            if found.keys() != set(self._paths):
                raise ArgumentError(
                    f"{name} returned {_named(found)}, and y is {_named(self._paths)}: "
                    "the derivative of y has the form of y"
                )
            rates = [number_or_array(found[path], "the derivative of y") for path in self._paths]
            for path, rate_of, part in zip(self._paths, rates, self._layout, strict=True):
                if rate_of.shape != part.shape:
                    raise ShapeError(
                        f"{name} gives a derivative of shape {rate_of.shape} for {path}, which has shape {part.shape}"
                    )
                if rate_of.dtype.kind == "c" and self._kind.kind != "c":
                    raise ArgumentError(
                        f"{name} gives a complex derivative for {path}, which is real: its imaginary part would be "
                        f"lost\n  start with a complex {path}: y0 + 0j"
                    )
            return [self._packed(rates)]

        names = ["y", "t", *(f"k{i}" for i in range(len(self.leaves)))]
        return closed(rate, examples, names, leaves_of, function_name(self.f), self.f)


def _named(paths: Any) -> str:
    return ", ".join(path.removeprefix("y0").removeprefix(".") or "an array" for path in paths) or "nothing"
