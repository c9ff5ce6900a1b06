"""Solutions of equations as functions of what stands in them: differentiated by the equation, not by the solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from chainrule.calculus.arguments import differentiable, function_name, positive
from chainrule.calculus.containers import flatten, leaves_like
from chainrule.calculus.custom import OPAQUE
from chainrule.calculus.equation import DENSE, Equation, LinearSolve
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.calculus.jacobians import jacobian
from chainrule.calculus.newton import iterate, newton
from chainrule.calculus.products import jvp, vjp
from chainrule.core.derivative import Custom
from chainrule.core.equivalents import stands_for
from chainrule.core.graph import Graph
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, plain_value
from chainrule.errors import (
    ArgumentError,
    ConvergenceError,
    GuardError,
    NonFiniteError,
    ShapeError,
    SingularError,
    TraceError,
)
from chainrule.passes.closure import opened
from chainrule.passes.evaluate import evaluate
from chainrule.read.boundary import naming_the_line
from chainrule.read.trace import trace

__all__ = ["custom_minimum", "custom_root", "fixed_point"]

Solve = Callable[[Callable[[Any], Any], Any], Any]
_ROOT_FINDERS = tuple(
    f"scipy.optimize.{name}"
    for name in ("bisect", "brenth", "brentq", "fsolve", "newton", "ridder", "root", "root_scalar", "toms748")
)
_RESULTS = ("OptimizeResult", "RootResults")  # what SciPy's solvers return, by name: SciPy is optional


@stands_for(*_ROOT_FINDERS)
def custom_root(
    f: Callable[..., Any] | str,
    solve: Solve | None = None,
    *,
    tolerance: float = 1e-6,
    linear_solve: LinearSolve | None = None,
) -> Callable[..., Any]:
    """The root x of f(x, *args) = 0 as a differentiable function of the args, found by any solver.

    Args:
        f: a NumPy function of x and of what the root depends on, or a formula; its value has the structure and shapes
            of x, a number, an array or a container. Traced values that f finds in its closure are differentiated too.
        solve: called as `solve(residual, x0)` with a plain function of x alone; returns the root. It is not traced, so
            it may be SciPy's or anybody's. By default Newton's method.
        tolerance: how far from the root the answer may be, relative to its size: one step of Newton's method from it
            tells. `numpy.inf` checks nothing.
        linear_solve: how linear systems with the Jacobian of f in x are solved. By default by the Jacobian itself up to
            500 unknowns, and beyond by GMRES, which needs SciPy. "sparse" factorises it as a sparse matrix, see
            `sparse_jacobian`. Or a function, called as `linear_solve(product, b)` with the product of a vector with the
            Jacobian or with its transpose; it returns the y of product(y) = b.

    Returns:
        A function `root(x0, *args, **kwargs)`. Forward mode solves with the Jacobian, reverse mode with its transpose,
        once for each derivative; derivatives of every order exist.

    Raises:
        ConvergenceError: the answer of the solver is not a root.
        SingularError: a derivative is asked for where the Jacobian in x is singular.
        ShapeError, ArgumentError: f's value or the answer do not have the form of x.

    Source: the implicit function theorem, as in Blondel et al. (2022), Efficient and modular implicit differentiation.

    >>> import numpy as np, chainrule as cr
    >>> square_root = cr.custom_root(lambda x, a: x**2 - a)
    >>> square_root(1.0, 2.0)
    np.float64(1.4142135623730951)
    >>> bool(np.isclose(cr.grad(lambda a: square_root(1.0, a))(2.0), 0.5 / np.sqrt(2.0)))
    True
    """
    return _Implicit("root", f, solve, tolerance, linear_solve).function()


def fixed_point(
    g: Callable[..., Any] | str,
    solve: Solve | None = None,
    *,
    tolerance: float = 1e-6,
    linear_solve: LinearSolve | None = None,
) -> Callable[..., Any]:
    """The fixed point x = g(x, *args) as a differentiable function of the args.

    Takes and raises what `custom_root` does, with g in place of f: `solve(g, x0)` gets the plain function of x, and by
    default it is repeated until x stays. The derivative does not run through the repetitions, nor does it keep them.

    >>> import numpy as np, chainrule as cr
    >>> kepler = cr.fixed_point(lambda E, M, e: M + e * np.sin(E))
    >>> E = kepler(1.0, 1.0, 0.3)
    >>> bool(np.isclose(cr.grad(kepler, argnums=1)(1.0, 1.0, 0.3), 1 / (1 - 0.3 * np.cos(E))))
    True
    """
    return _Implicit("fixed point", g, solve, tolerance, linear_solve).function()


@stands_for("scipy.optimize.*")
def custom_minimum(
    loss: Callable[..., Any] | str,
    solve: Solve | None = None,
    *,
    tolerance: float = 1e-6,
    linear_solve: LinearSolve | None = None,
) -> Callable[..., Any]:
    """The minimiser x of loss(x, *args) as a differentiable function of the args: the root of the gradient in x.

    Takes and raises what `custom_root` does, with a scalar-valued loss in place of f: `solve(loss, x0)` gets the plain
    function of x, and by default Newton's method finds the root of the gradient, which suits a convex loss. More than
    500 unknowns are solved by conjugate gradients.

    Raises:
        ConvergenceError: the answer is not stationary, or the Hessian there is not positive.

    >>> import numpy as np, chainrule as cr
    >>> X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([0.0, 1.0, 3.0])
    >>> ridge = cr.custom_minimum(lambda w, strength: np.sum((y - X @ w) ** 2) + strength * w @ w)
    >>> cr.jacobian(ridge, argnums=1)(np.zeros(2), 0.1).round(4)
    array([ 0.6935, -0.6872])
    """
    return _Implicit("minimum", loss, solve, tolerance, linear_solve).function()


class _Implicit:
    """What was given, checked."""

    def __init__(self, kind: str, f: Any, solve: Any, tolerance: Any, linear_solve: Any) -> None:
        if solve is not None and not callable(solve):
            raise ArgumentError(f"solve is {solve!r:.60}: expected a function")
        if linear_solve is not None and linear_solve != "sparse" and not callable(linear_solve):
            raise ArgumentError(f"linear_solve is {linear_solve!r:.60}: expected 'sparse' or a function")
        self.kind, self.f, self.solve = kind, as_function(f), solve
        self.tolerance, self.linear_solve = positive(tolerance, "tolerance"), linear_solve
        self.name = function_name(self.f)

    def function(self) -> Callable[..., Any]:
        @wraps(self.f)
        def solution(x0: Any, *args: Any, **kwargs: Any) -> Any:
            return _Call(self, x0, args, kwargs).solution()

        solution.__name__ = solution.__qualname__ = f"{self.kind.replace(' ', '_')}_of_{self.name}"
        return solution


class _Call:
    """One call: the unknowns as a vector, the parameters leaf by leaf, and the solution as an operation on these."""

    def __init__(self, implicit: _Implicit, x0: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.implicit = implicit
        leaves, self._with_unknowns = flatten(x0)
        self.paths = [path for path, _ in leaves]
        starts = [differentiable(leaf, path or "x0") for path, leaf in leaves]
        if any(x.dtype.kind == "c" for x in starts):
            raise ArgumentError("x0 is complex: take the real and the imaginary part of the unknowns apart")
        self.shapes = [x.shape for x in starts]
        self.ends = np.cumsum([0, *(x.size for x in starts)])
        self.start = _vector(starts)
        given, self._with_parameters = flatten((args, kwargs))
        self.leaves = [leaf for _, leaf in given]
        self.moving = [i for i, leaf in enumerate(self.leaves) if _is_parameter(leaf)]
        self.parameters = [differentiable(self.leaves[i], given[i][0]) for i in self.moving]
        self._graph: Graph | None = None
        self._residuals = 0.0  # the largest that an answer has left
        self._equation = Equation(self._residual, implicit.name, implicit.kind == "minimum", implicit.linear_solve)

    def solution(self) -> Any:
        """The answer of the solver in the form of x0: recorded where a parameter is traced."""
        closed = self._closure()
        rule = Custom(self._forward, self._backward, "the implicit function theorem")
        name = f"{self.implicit.kind.replace(' ', '_')}_of_{self.implicit.name}"
        operation = Primitive(name, self._evaluate, OPAQUE, rule, Call(name))
        with naming_the_line():
            return self._container(operation(self.start, *self.parameters, *closed))

    # --- the function and the residual --------------------------------------------------------------------------------

    def _closure(self) -> list[Traced]:
        """The traced values that the function finds in its closure: then it is the graph with these as inputs."""
        values = [plain_value(x) for x in (self.start, *self.parameters)]
        with naming_the_line():
            graph, _ = trace(self._called, values, ["" for _ in values], self.implicit.name)
        graph, closed = opened(graph)
        self._graph = graph if closed else None
        return closed

    def _called(self, x: Any, *parameters: Any) -> Any:
        leaves = list(self.leaves)
        for i, parameter in zip(self.moving, parameters, strict=True):
            leaves[i] = parameter
        args, kwargs = self._with_parameters(leaves)
        value = self.implicit.f(self._container(x), *args, **kwargs)
        if self.implicit.kind == "minimum":
            return value
        return self._packed(value, f"the value of {self.implicit.name}")

    def _value(self, x: Any, *operands: Any) -> Any:
        """The function of the vector of unknowns and of all that the solution depends on."""
        if self._graph is None:
            return self._called(x, *operands)
        try:
            return evaluate(self._graph, x, *operands)[0]
        except GuardError as error:
            raise GuardError(
                f"{error}\n  or pass the values that {self.implicit.name} finds in its closure as arguments"
            ) from None

    def _residual(self, x: Any, *operands: Any) -> Any:
        """What is zero at the solution."""
        if self.implicit.kind == "minimum":
            function = lambda x: self._value(x, *operands)  # noqa: E731
            function.__name__ = self.implicit.name
            return grad(function)(x)
        value = self._value(x, *operands)
        return value - x if self.implicit.kind == "fixed point" else value

    # --- the operation ------------------------------------------------------------------------------------------------

    def _evaluate(self, x0: Any, *operands: Any) -> Any:
        implicit, equation = self.implicit, self._equation
        with np.errstate(all="ignore"):
            if implicit.solve is not None:
                found = implicit.solve(self._target(operands), self._container(x0))
                if type(found).__name__ in _RESULTS:
                    raise ArgumentError(
                        f"solve for {implicit.name} returned SciPy's {type(found).__name__}: let it return its x, or "
                        "its root"
                    )
                x = self._packed(found, f"the answer of solve for {implicit.name}").astype(x0.dtype)
            elif implicit.kind == "fixed point":
                x = iterate(lambda x: self._value(x, *operands), x0, implicit.name)
            else:
                step = lambda x, b: equation.solved(x, operands, b)  # noqa: E731
                x = newton(lambda x: self._residual(x, *operands), step, x0, implicit.name, implicit.kind == "minimum")
            self._check(equation, x0, x, operands)
        return x

    def _target(self, operands: Sequence[Any]) -> Callable[[Any], Any]:
        """What the solver gets: a plain function of the unknowns."""

        def target(x: Any) -> Any:
            value = self._value(self._packed(x, f"the x that solve gives to {self.implicit.name}"), *operands)
            return value if self.implicit.kind == "minimum" else self._container(value)

        return target

    def _check(self, equation: Equation, x0: Any, x: Any, operands: Sequence[Any]) -> None:
        """Raise `ConvergenceError` unless the answer is as near to a root as was asked for."""
        implicit = self.implicit
        residual = self._residual(x, *operands)
        self._residuals = max(self._residuals, float(np.abs(residual).max(initial=0.0)))
        if not np.isfinite(x).all() or not np.isfinite(residual).all():
            what = "x" if not np.isfinite(x).all() else "the residual at x"
            raise NonFiniteError(f"the solver of {implicit.name} returned no {implicit.kind}: {what} is not finite")
        if implicit.tolerance == np.inf or not x.size:
            return
        try:
            step = np.abs(equation.solved(x, operands, residual)).max()
        except SingularError:
            return  # a value may exist, as that of a double root does; its derivative does not, and will say so
        size = max(np.abs(x).max(), np.abs(x - x0).max()) or 1.0
        if not step <= max(implicit.tolerance, 1e3 * np.finfo(x.dtype).eps) * size:
            raise ConvergenceError(
                f"the solver of {implicit.name} returned no {implicit.kind}: a step of Newton's method from its x, "
                f"which is of size {size:.1e}, changes it by {step:.1e}, and max |residual| is "
                f"{np.abs(residual).max():.1e}\n  let the solver run to a smaller tolerance, or allow more: tolerance="
            )
        if implicit.kind == "minimum" and x.size <= DENSE:
            least = np.linalg.eigvalsh(jacobian(lambda x: self._residual(x, *operands))(x)).min()
            if least < 0:
                raise ConvergenceError(
                    f"the solver of {implicit.name} returned no minimum: the gradient is zero, but the Hessian has "
                    f"the eigenvalue {least:.1e}\n  start nearer to the minimum, or give another solver"
                )

    def _forward(self, F: Any, tangents: Sequence[Any], x: Any, x0: Any, *operands: Any) -> Any:
        self._require_unchanged(x, operands)
        moved = [F.zeros_like(p) if t is None else t for t, p in zip(tangents[1:], operands, strict=True)]
        change = evaluating.zeros_like(x)
        if operands:
            _, change = jvp(lambda *operands: self._residual(x, *operands), operands, moved)
        return self._equation.solved(x, operands, -change)

    def _backward(self, F: Any, g: Any, x: Any, x0: Any, *operands: Any) -> Sequence[Any]:
        self._require_unchanged(x, operands)
        adjoint = self._equation.solved(x, operands, -g, transposed=True)
        found = vjp(lambda *operands: self._residual(x, *operands), *operands)[1](adjoint)
        return None, *(part[()] for part in found)

    def _require_unchanged(self, x: Any, operands: Sequence[Any]) -> None:
        """Raise where the answer solves the equation no longer: arrays that it uses have been written into since."""
        with np.errstate(all="ignore"):
            residual = np.abs(self._residual(plain_value(x), *map(plain_value, operands))).max(initial=0.0)
        if not residual <= 4 * self._residuals + np.finfo(np.asarray(plain_value(x)).dtype).tiny:
            raise TraceError(
                f"{self.implicit.name} has changed since its {self.implicit.kind} was found: max |residual| was "
                f"{self._residuals:.1e} and is {residual:.1e}\n"
                "  do not write into arrays that it uses, or pass a copy of them: X.copy()"
            )

    # --- the form of the unknowns -------------------------------------------------------------------------------------

    def _packed(self, value: Any, what: str) -> Any:
        leaves = [differentiable(leaf, what) for leaf in leaves_like(self.paths, value, what)]
        for leaf, shape, path in zip(leaves, self.shapes, self.paths, strict=True):
            if leaf.shape != shape:
                raise ShapeError(
                    f"{what}{' at ' + path if path else ''} has shape {leaf.shape}, but x0 has shape {shape}: "
                    "there must be as many equations as unknowns, in the same form"
                )
            if leaf.dtype.kind == "c":
                raise ArgumentError(f"{what} is complex: take the real and the imaginary part of the equation apart")
        return _vector(leaves)

    def _container(self, x: Any) -> Any:
        parts = zip(self.ends[:-1].tolist(), self.ends[1:].tolist(), self.shapes, strict=True)
        return self._with_unknowns([evaluating.reshape(x[start:end], shape=shape)[()] for start, end, shape in parts])


def _vector(leaves: Sequence[Any]) -> Any:
    flat = [evaluating.reshape(leaf, shape=(-1,)) for leaf in leaves]
    return np.array(flat[0]) if len(flat) == 1 and type(flat[0]) is not Traced else np.concatenate(flat)


def _is_parameter(leaf: Any) -> bool:
    """Whether a leaf of an argument may be differentiated; sizes, names and switches are passed on."""
    return isinstance(leaf, float | complex) or getattr(getattr(leaf, "dtype", None), "kind", "-") in "fc"
