"""Products with the derivative: vector-Jacobian, Jacobian-vector and Hessian-vector products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.calculus.arguments import Selection, differentiable
from chainrule.calculus.containers import flatten, leaves_like
from chainrule.calculus.eager import Run
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, ShapeError

__all__ = ["hvp", "jvp", "like_value", "vjp"]


def vjp(f: Callable[..., Any] | str, *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f and its pullback, which carries a cotangent of the value back to all arguments.

    Args:
        f: an ordinary NumPy function; its value is an array or a container of arrays.
        primals: its arguments, all differentiated.

    Returns:
        (value, pullback). The pullback takes a cotangent of the value's structure, shapes and dtypes, and returns a
        tuple with one cotangent for each argument. It may be called any number of times.

    Raises:
        ShapeError: a cotangent does not have the shape of the value.

    >>> import numpy as np, chainrule as cr
    >>> value, pullback = cr.vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))
    """
    function = as_function(f)
    run = Run(function, Selection(function, tuple(range(len(primals)))), primals, {})
    run.keep_inputs()
    parts, rebuild = flatten(run.result)
    outputs = [(path or "the value", output) for path, output in parts]

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        given = leaves_like([path for path, _ in parts], cotangent, "the cotangent")
        pairs = [
            (output, like_value(c, run.plain(output), path)) for (path, output), c in zip(outputs, given, strict=True)
        ]
        return run.rebuild(run.pull(pairs))

    return rebuild([run.plain(output) for _, output in outputs]), pullback


def jvp(f: Callable[..., Any] | str, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f and its change along the tangents: the directional derivative, in forward mode.

    Args:
        f: an ordinary NumPy function; its value is an array or a container of arrays.
        primals: its arguments.
        tangents: one for each primal, of the same structure and shapes.

    Returns:
        (value, tangent of the value).

    Raises:
        ShapeError: a tangent does not have the shape of its primal.

    >>> import numpy as np, chainrule as cr
    >>> cr.jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))
    """
    function = as_function(f)
    if not isinstance(primals, list | tuple) or not isinstance(tangents, list | tuple):
        raise ArgumentError("primals and tangents are tuples with one entry for each argument: jvp(f, (x,), (v,))")
    if len(primals) != len(tangents):
        raise ArgumentError(f"{len(primals)} primals, but {len(tangents)} tangents: give one for each")
    run = Run(function, Selection(function, tuple(range(len(primals)))), tuple(primals), {})
    given = [
        leaf
        for i, (primal, tangent) in enumerate(zip(primals, tangents, strict=True))
        for leaf in leaves_like([path for path, _ in flatten(primal)[0]], tangent, f"tangent {i}")
    ]
    tangent_of = run.push(
        [
            like_value(t, traced.value, path or "a primal")
            for t, traced, path in zip(given, run.inputs, run.paths, strict=True)
        ]
    )
    outputs, rebuild = flatten(run.result, "the value")
    return rebuild([run.plain(o) for _, o in outputs]), rebuild([tangent_of(o) for _, o in outputs])


def hvp(f: Callable[..., Any] | str, primals: Sequence[Any] | Any, v: Sequence[Any] | Any) -> Any:
    """The Hessian of a scalar-valued f times a vector, without forming the Hessian: forward over reverse.

    Args:
        f: an ordinary NumPy function of one or several arguments; its value has shape ().
        primals: the arguments as a tuple, or the only argument.
        v: a vector for each argument, in the same form.

    Returns:
        The product, in the form of `v`. Source: Pearlmutter (1994), Fast exact multiplication by the Hessian.

    >>> import numpy as np, chainrule as cr
    >>> cr.hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    single = not isinstance(primals, tuple)
    points, directions = ((primals,), (v,)) if single else (primals, v)
    gradient = grad(f, argnums=tuple(range(len(points))))
    _, product = jvp(gradient, points, directions)
    return product[0] if single else product


def like_value(given: Any, value: Any, path: str) -> Any:
    """A tangent or cotangent with the shape and dtype of its value."""
    value = np.float64(value) if isinstance(value, (bool, int, float)) else value
    array = differentiable(given, f"the (co)tangent of {path}")
    if array.shape != value.shape:
        raise ShapeError(f"the (co)tangent of {path} has shape {array.shape}, but {path} has shape {value.shape}")
    if value.dtype.kind in "fc" and array.dtype != value.dtype:
        return evaluating.cast_like(array, value)
    return array if type(array) is Traced or not isinstance(array, np.ndarray) else array.copy()
