"""A user's own operation, with its own derivative."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, final

import numpy as np

from chainrule.calculus.containers import is_container
from chainrule.core.derivative import Custom
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.shapes import Array, Shape, ShapeRule
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, GraphError

__all__ = ["OPAQUE", "OwnDerivative", "define_jvp", "define_vjp", "primitive"]

Rule = TypeVar("Rule", bound=Callable[..., Any])


@dataclass(frozen=True)
class _Opaque(ShapeRule):
    """Nothing is known about the axes: the shape shows when it is evaluated, and a batch is a loop."""

    depends_on_values = True

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        raise GraphError("the shape of a user's own operation is known only when it is evaluated")

    def batch(
        self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool], parameters: Mapping[str, Any]
    ) -> Array:
        count = next(x.shape[0] for x, many in zip(operands, batched, strict=True) if many)
        return np.stack(
            [
                apply(*(x[i] if many else x for x, many in zip(operands, batched, strict=True)), **parameters)
                for i in range(count)
            ]
        )


OPAQUE = _Opaque()


@final
class OwnDerivative(Custom):
    """The derivative of an operation of the user's own, with the rules that have been given for it so far."""


def primitive(f: Callable[..., Any]) -> Primitive:
    """Make a function one operation of the graph, to be given its own derivative.

    Args:
        f: called with plain arrays, never with traced values; returns one array. Its positional arguments may be
            differentiated, its keyword arguments are static.

    Returns:
        A callable with f's arguments. Define what is needed with `define_vjp` (for grad) and `define_jvp`.

    >>> import math, chainrule as cr
    >>> @cr.primitive
    ... def gamma_log(x):
    ...     return math.lgamma(x)
    >>> @cr.define_vjp(gamma_log)
    ... def _(g, out, x):
    ...     return g * (math.lgamma(x + 1e-5) - math.lgamma(x - 1e-5)) / 2e-5
    >>> round(float(cr.grad(lambda x: 2 * gamma_log(x))(3.0)), 6)
    1.845569
    """
    if not callable(f):
        raise ArgumentError(f"primitive takes a function, not {f!r:.60}")

    def evaluate(*operands: Any, **parameters: Any) -> Any:
        for key, value in parameters.items():
            if isinstance(value, Traced):
                raise ArgumentError(
                    f"the operation {name} is given a traced value as {key}=, but keyword arguments are static: "
                    "pass it by position"
                )
        out = f(*operands, **parameters)
        if isinstance(out, Traced):
            where = "stands in a container" if any(map(is_container, operands)) else "is not among its arguments"
            raise ArgumentError(
                f"the operation {name} computes with a traced value that {where}: pass it as an argument of its own"
            )
        if out is None or isinstance(out, (tuple, list, dict, str)):
            raise ArgumentError(f"the operation {name} returned {type(out).__name__}: it must return one array")
        return np.asarray(out)[()]

    name = getattr(f, "__name__", "operation")
    return Primitive(name, evaluate, OPAQUE, OwnDerivative(reason="defined by the user"), Call(name))


def define_vjp(operation: Primitive, rule: Callable[..., Any] | None = None) -> Callable[[Rule], Rule] | None:
    """Give an operation its reverse-mode derivative; usable as a decorator.

    Args:
        operation: made by `primitive`.
        rule: `rule(g, out, *operands, **parameters)` with the cotangent g of the result; returns the cotangent of the
            operand, or a tuple with one for each of several operands (None for one without derivative). Written with
            NumPy, so that it can be differentiated again.

    >>> import numpy as np, chainrule as cr
    >>> clip_up = cr.primitive(lambda x: np.minimum(x, 1.0))
    >>> cr.define_vjp(clip_up, lambda g, out, x: g)
    >>> cr.grad(clip_up)(5.0)
    np.float64(1.0)
    """

    def enter(rule: Rule) -> Rule:
        def vjp(F: Any, g: Array, out: Array, *operands: Array, **parameters: Any) -> Sequence[Any]:
            found = rule(g, out, *operands, **parameters)
            terms = found if isinstance(found, tuple) else (found,)
            if len(terms) != len(operands):
                raise ArgumentError(
                    f"the vjp of {operation.name} returned {len(terms)} cotangents for {len(operands)} operands: "
                    "return a tuple with one for each, None where there is no derivative"
                )
            return [term if term is None or hasattr(term, "shape") else np.asarray(term)[()] for term in terms]

        _custom(operation).vjp = vjp
        return rule

    if rule is None:
        return enter
    enter(rule)
    return None


def define_jvp(operation: Primitive, rule: Callable[..., Any] | None = None) -> Callable[[Rule], Rule] | None:
    """Give an operation its forward-mode derivative; usable as a decorator.

    Args:
        operation: made by `primitive`.
        rule: `rule(tangents, out, *operands, **parameters)` with a tuple of tangents, one for each operand; returns
            the tangent of the result.

    >>> import numpy as np, chainrule as cr
    >>> double = cr.primitive(lambda x: 2 * x)
    >>> cr.define_jvp(double, lambda tangents, out, x: 2 * tangents[0])
    >>> cr.jvp(double, (1.0,), (3.0,))
    (np.float64(2.0), np.float64(6.0))
    """

    def enter(rule: Rule) -> Rule:
        def jvp(F: Any, tangents: Sequence[Array | None], out: Array, *operands: Array, **parameters: Any) -> Array:
            given = tuple(F.zeros_like(x) if t is None else t for t, x in zip(tangents, operands, strict=True))
            tangent = rule(given, out, *operands, **parameters)
            return tangent if hasattr(tangent, "shape") else np.asarray(tangent)[()]

        _custom(operation).jvp = jvp
        return rule

    if rule is None:
        return enter
    enter(rule)
    return None


def _custom(operation: Any) -> Custom:
    if not isinstance(operation, Primitive) or not isinstance(operation.shape, _Opaque):
        raise ArgumentError(f"{operation!r:.60} is not an operation made by chainrule.primitive")
    assert isinstance(operation.derivative, Custom)
    return operation.derivative
