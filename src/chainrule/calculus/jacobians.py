"""All derivatives of a function with respect to an argument: derivative, Jacobian, Hessian."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, get_args

import numpy as np

from chainrule.calculus.arguments import Argnums, Selection, differentiable, function_name
from chainrule.calculus.at_numbers import emitted_at_numbers
from chainrule.calculus.containers import flatten
from chainrule.calculus.eager import Run
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.calculus.mapping import vmap
from chainrule.calculus.products import jvp
from chainrule.core.packed import placed
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.traced import plain_value
from chainrule.errors import ArgumentError, ShapeError
from chainrule.passes.choices import largest, one_sided, tolerance
from chainrule.passes.directions import coinciding

__all__ = ["derivative", "hessian", "jacobian"]

Mode = Literal["auto", "forward", "reverse"]


def derivative(f: Callable[..., Any] | str, order: int = 1) -> Callable[..., Any]:
    """The derivative of a function of one variable, of any order, elementwise over arrays.

    Args:
        f: a function of one real or complex variable that acts on each component by itself, or a formula.
        order: how many times to differentiate, at least 1.

    Returns:
        A function of x whose result has the shape and dtype of x (float64 for integers).

    Raises:
        ShapeError: f does not act component by component.

    >>> import numpy as np, chainrule as cr
    >>> cr.derivative(np.sin)(0.0)
    np.float64(1.0)
    >>> cr.derivative(lambda x: x**3, order=2)(np.array([1.0, 2.0]))
    array([ 6., 12.])
    """
    if type(order) is not int or order < 1:
        raise ArgumentError(f"order is {order!r}: expected a whole number from 1 on")
    function = as_function(f)
    inner = function if order == 1 else derivative(function, order - 1)
    name = function_name(function)

    @wraps(function)
    def differentiated(x: Any) -> Any:
        point = differentiable(np.asarray(x) if isinstance(x, (list, tuple)) else x, "x")
        value, tangent = jvp(inner, (point,), (evaluating.ones_like(point),))
        if np.shape(value) != np.shape(point):
            raise ShapeError(
                f"{name} maps shape {np.shape(point)} to {np.shape(value)}: derivative is for functions that act on "
                "each component by itself\n  use chainrule.jacobian for all derivatives of an array"
            )
        return tangent

    differentiated.__name__ = f"derivative_{name}"
    return emitted_at_numbers(differentiated, f)


def jacobian(f: Callable[..., Any] | str, argnums: Argnums = 0, mode: Mode = "auto") -> Callable[..., Any]:
    """All derivatives of an array-valued function: shape of the value followed by shape of the argument.

    Args:
        f: an ordinary NumPy function; its value is an array or a container of arrays.
        argnums: which arguments to differentiate by, by position or by name; several give a tuple.
        mode: "reverse" carries one cotangent for each component of the value, "forward" one tangent for each
            component of the arguments; "auto" takes what is fewer.

    Raises:
        DegeneracyError: values of a decomposition coincide, and f has a derivative to each side at most.

    Returns:
        A function with f's arguments. For containers the result has the structure of the value, and in each place
        that of the argument.

    >>> import numpy as np, chainrule as cr
    >>> cr.jacobian(lambda x: np.array([2.0, 3.0]) * x**2)(np.array([1.0, 2.0]))
    array([[ 4.,  0.],
           [ 0., 12.]])
    """
    function = as_function(f)
    selection = Selection(function, argnums)
    if mode not in get_args(Mode):
        raise ArgumentError(f"mode is {mode!r}: expected 'auto', 'forward' or 'reverse'")

    @wraps(function)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        run = Run(function, selection, args, kwargs)
        outputs, rebuild = flatten(run.result, "the value")
        plain = [run.plain(output) for _, output in outputs]
        columns = sum(traced.size for traced in run.inputs)
        rows = sum(int(np.prod(np.shape(y))) for y in plain)
        forward = columns < rows if mode == "auto" else mode == "forward"
        blocks = (_forward if forward else _reverse)(run, [output for _, output in outputs], plain)
        return rebuild([run.rebuild(row) for row in blocks])

    matrix.__name__ = f"jacobian_{function_name(function)}"
    return matrix


def _basis(value: Any) -> np.ndarray[Any, Any]:
    """One array for each component of `value`, with 1 there and 0 elsewhere."""
    shape = np.shape(value)
    count = int(np.prod(shape))
    return np.eye(count, dtype=getattr(value, "dtype", np.float64)).reshape(count, *shape)


def _reverse(run: Run, outputs: list[Any], plain: list[Any]) -> list[list[Any]]:
    blocks = []
    for output, value in zip(outputs, plain, strict=True):
        if not run.owns(output) or not np.size(value):
            blocks.append([np.zeros(np.shape(value) + x.shape, x.dtype) for x in run.inputs])
            continue
        rows = vmap(lambda g, output=output: run.pull([(output, g)]))(_basis(value))
        blocks.append(
            [evaluating.reshape(row, shape=np.shape(value) + x.shape) for row, x in zip(rows, run.inputs, strict=True)]
        )
    return blocks


def _forward(run: Run, outputs: list[Any], plain: list[Any]) -> list[list[Any]]:
    columns: list[list[Any]] = []
    for i, x in enumerate(run.inputs):

        def tangents(t: Any, i: int = i) -> list[Any]:
            tangent_of = run.push([t if j == i else None for j in range(len(run.inputs))])
            return [tangent_of(output) for output in outputs]

        found = vmap(tangents)(_basis(x)) if x.size else [np.zeros((0, *np.shape(y))) for y in plain]
        columns.append(
            [
                evaluating.reshape(
                    evaluating.transpose(column, axes=(*range(1, column.ndim), 0)), shape=np.shape(y) + x.shape
                )
                for column, y in zip(found, plain, strict=True)
            ]
        )
    blocks = [[column[row] for column in columns] for row in range(len(outputs))]
    if degenerate := coinciding(run.records):
        _require_linear(run, outputs, blocks, degenerate[0])
    return blocks


def _require_linear(run: Run, outputs: list[Any], blocks: list[list[Any]], degenerate: Record) -> None:
    """Raises `DegeneracyError` where columns are derivatives to one side: values that coincide have two."""
    rng = np.random.default_rng(0)
    tangents = [rng.normal(size=x.shape).astype(x.dtype)[()] for x in run.inputs]
    tangent_of = run.push(tangents)
    for row, output in zip(blocks, outputs, strict=True):
        parts = [np.tensordot(plain_value(b), t, axes=np.ndim(t)) for b, t in zip(row, tangents, strict=True)]
        size = sum(largest(plain_value(block)) for block in row)
        rounding = np.finfo(np.asarray(parts[0]).dtype).eps * max(largest(plain_value(r.value)) for r in run.records)
        apart = largest(sum(parts) - plain_value(tangent_of(output)))
        if not apart <= tolerance(np.asarray(parts[0])) * size + 1e4 * rounding:
            with placed(degenerate):
                raise one_sided(degenerate)


def hessian(f: Callable[..., Any] | str, argnums: Argnums = 0) -> Callable[..., Any]:
    """The second derivatives of a scalar-valued function: the shape of the argument twice. Forward over reverse.

    Args:
        f: an ordinary NumPy function; its value has shape ().
        argnums: which arguments to differentiate by; several give a tuple of tuples of blocks.

    >>> import numpy as np, chainrule as cr
    >>> cr.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    return jacobian(grad(f, argnums), argnums, mode="forward")
