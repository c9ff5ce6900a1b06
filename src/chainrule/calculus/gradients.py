"""Gradients of scalar-valued functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

import numpy as np

from chainrule.calculus.arguments import Argnums, Selection, function_name
from chainrule.calculus.at_numbers import emitted_at_numbers
from chainrule.calculus.containers import map_leaves
from chainrule.calculus.eager import Run
from chainrule.calculus.functions import as_function
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, NotScalarError

__all__ = ["grad", "scalar", "value_and_grad", "value_and_leaves"]


def grad(f: Callable[..., Any] | str, argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a scalar-valued function, as a function of the same arguments.

    Args:
        f: an ordinary NumPy function or a formula; its value has shape ().
        argnums: which arguments to differentiate by, by position or by name; several give a tuple of gradients.
        has_aux: f returns a pair (value, anything), and so does the gradient: (gradient, anything).

    Returns:
        A function with f's arguments. Its result has the shape and dtype of the argument (float64 for integers), or
        is a container of such where the argument is one.

    Raises:
        NotScalarError: f's value is not a scalar.
        TraceError: f does something that cannot be followed; the line is named.
        ArgumentError: an argument is not numeric, or `argnums` names none.

    >>> import numpy as np, chainrule as cr
    >>> cr.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    >>> cr.grad(lambda w, b: w * 3 + b, argnums=("w", "b"))(2.0, 1.0)
    (np.float64(3.0), np.float64(1.0))
    """
    function = as_function(f)
    selection = Selection(function, argnums)

    @wraps(function)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        _, aux, found = _differentiated(function, selection, args, kwargs, has_aux)
        return (found, aux) if has_aux else found

    gradient.__name__ = f"grad_{function_name(function)}"
    return emitted_at_numbers(gradient, f)


def value_and_grad(f: Callable[..., Any] | str, argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The value and the gradient of a scalar-valued function, from one forward and one backward pass.

    Takes and raises what `grad` does; returns the pair (value, gradient), with `has_aux` ((value, aux), gradient).

    >>> import numpy as np, chainrule as cr
    >>> cr.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """
    function = as_function(f)
    selection = Selection(function, argnums)

    @wraps(function)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        value, aux, found = _differentiated(function, selection, args, kwargs, has_aux)
        return ((value, aux), found) if has_aux else (value, found)

    return emitted_at_numbers(value_and_gradient, f)


def value_and_leaves(
    f: Callable[..., Any], look: Callable[[Sequence[Record]], None] | None = None
) -> Callable[..., tuple[Any, list[Any]]]:
    """What `value_and_grad` returns, with the gradient by the first argument as its arrays, in the order of `flatten`.

    `look` is called with the records of each run of the function.

    >>> value_and_leaves(lambda p: p["w"] * p["b"])({"w": 2.0, "b": 3.0})
    (np.float64(6.0), [np.float64(3.0), np.float64(2.0)])
    """
    selection = Selection(f, 0)

    def both(*args: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        value, _, leaves = _differentiated(f, selection, args, kwargs, False, apart=True, look=look)
        return value, leaves

    return both


_ONE = np.float64(1.0)


def _differentiated(
    function: Callable[..., Any],
    selection: Selection,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    has_aux: bool,
    apart: bool = False,
    look: Callable[[Sequence[Record]], None] | None = None,
) -> tuple[Any, Any, Any]:
    """The value, what came with it (None without `has_aux`), and the gradient, or its leaves if it is to be `apart`."""
    run = Run(function, selection, args, kwargs)
    if look is not None:
        look(run.records)
    output, aux = _split(run.result) if has_aux else (run.result, None)
    value = run.plain(output)
    seed: Any = _ONE
    if type(value) is not np.float64:
        value = scalar(value, function_name(function))
        seed = value.dtype.type(1) if isinstance(value, np.generic) else evaluating.ones_like(value)
    leaves = run.pull([(output, seed)])
    found = leaves if apart else run.rebuild(leaves)
    return value, map_leaves(run.plain, aux) if has_aux else None, found


def _split(result: Any) -> tuple[Any, Any]:
    if not isinstance(result, tuple) or len(result) != 2:
        raise ArgumentError("with has_aux=True the function must return a pair (value, aux)")
    return result


def scalar(value: Any, name: str) -> Any:
    """The value if it is a real scalar; else an error that says what to use instead."""
    if isinstance(value, (bool, int, float)):
        value = np.float64(value)
    shape = getattr(value, "shape", None)
    if shape is None:
        raise NotScalarError(
            f"{name} returned {type(value).__name__}: a gradient needs one number"
            + (
                "\n  did you forget to return the loss?"
                if value is None
                else "\n  return one value; for several use chainrule.jacobian"
            )
        )
    if shape != ():
        raise NotScalarError(
            f"{name} returned an array of shape {shape}: a gradient needs one number\n"
            "  reduce it (np.sum, np.mean), or use chainrule.jacobian for all derivatives of an array"
        )
    if value.dtype.kind == "c":
        raise NotScalarError(
            f"{name} returned a complex number: a gradient needs a real one\n"
            "  take np.real, np.abs or |z|^2 of it, or use chainrule.jacobian"
        )
    return value[()] if isinstance(value, np.ndarray) else value
