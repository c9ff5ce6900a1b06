"""An equation f(x, p) = 0 and the linear systems with its Jacobian in x, which may be differentiated again.

The implicit function theorem gives the change of the solution: J dx = -(df/dp) dp. Its right-hand side is a product
with a derivative and its solution that of a linear system, and both are operations with derivatives; so the derivative
of a solution has derivatives of every order.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from chainrule.calculus.custom import OPAQUE
from chainrule.calculus.jacobians import jacobian
from chainrule.calculus.linearize import linearize
from chainrule.calculus.products import jvp, vjp
from chainrule.calculus.sparse import SparseDerivative, sparse_jacobian
from chainrule.core.derivative import Custom
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.errors import ConvergenceError, MissingExtraError, ShapeError, SingularError

__all__ = ["DENSE", "Equation", "LinearSolve"]

DENSE = 500  # unknowns: up to here the Jacobian is formed and factorised
_PRECISION = 1e-12  # of the iterative solution of a linear system, relative to its right-hand side

Array = Any
LinearSolve = Callable[[Callable[[Array], Array], Array], Array] | Literal["sparse"]


@dataclass(frozen=True, eq=False)
class Equation:
    """f(x, p) = 0 in a vector x, with parameters p, and operations that solve with its Jacobian in x.

    Attributes:
        residual: f, called with x and the parameters; its value has the shape of x.
        name: for messages.
        symmetric: whether the Jacobian is symmetric, as that of a gradient is.
        linear_solve: "sparse" for the factors of a sparse Jacobian, or the user's solver of linear systems, given the
            product with the matrix and the right-hand side.
    """

    residual: Callable[..., Array]
    name: str
    symmetric: bool = False
    linear_solve: LinearSolve | None = None

    def product(self, x: Array, parameters: Sequence[Array], v: Array) -> Array:
        """J v."""
        return jvp(lambda x: self.residual(x, *parameters), (x,), (v,))[1]

    def transposed_product(self, x: Array, parameters: Sequence[Array], w: Array) -> Array:
        """J^T w."""
        return vjp(lambda x: self.residual(x, *parameters), x)[1](w)[0]

    def solved(self, x: Array, parameters: Sequence[Array], b: Array, transposed: bool = False) -> Array:
        """The solution of J y = b, or of J^T y = b: an operation in x, b and the parameters."""
        return self._solution(transposed and not self.symmetric)(x, b, *parameters)

    def _solution(self, transposed: bool) -> Primitive:
        multiply = self.transposed_product if transposed else self.product

        def evaluate(x: Array, b: Array, *parameters: Array) -> Array:
            return self._solve(x, parameters, np.asarray(b), transposed)

        def forward(
            F: Any, tangents: Sequence[Array | None], y: Array, x: Array, b: Array, *parameters: Array
        ) -> Array:
            dx, db, *dp = (
                F.zeros_like(v) if t is None else t for t, v in zip(tangents, (x, b, *parameters), strict=True)
            )
            applied = lambda x, *parameters: multiply(x, parameters, y)  # noqa: E731
            _, change = jvp(applied, (x, *parameters), (dx, *dp))
            return self._solution(transposed)(x, db - change, *parameters)

        def backward(F: Any, g: Array, y: Array, x: Array, b: Array, *parameters: Array) -> Sequence[Array]:
            w = self._solution(not transposed and not self.symmetric)(x, g, *parameters)
            applied = lambda x, *parameters: multiply(x, parameters, y)  # noqa: E731
            dx, *dp = vjp(applied, x, *parameters)[1](-w)
            return dx, w, *dp

        name = f"solution_with_the_jacobian_of_{self.name}"
        return Primitive(name, evaluate, OPAQUE, Custom(forward, backward, "a linear system is solved"), Call(name))

    def _solve(self, x: Array, parameters: Sequence[Array], b: Array, transposed: bool) -> Array:
        """The solution on plain arrays: by the Jacobian itself if it is small, else by products with it."""
        at = lambda x: self.residual(x, *parameters)  # noqa: E731
        if self.linear_solve == "sparse":
            found = self._sparse_jacobian(x, *parameters)
            return self._by_sparse_factors(found.T if transposed else found, b)
        if self.linear_solve is None and x.size <= DENSE:
            matrix = jacobian(at)(x)
            return self._by_factors(matrix.T if transposed else matrix, b)
        _, linear = linearize(at, x)

        def product(v: Array) -> Array:
            return linear.transpose(v)[0] if transposed else linear(v)

        if self.linear_solve is None:
            return self._by_products(product, b)
        y = np.asarray(self.linear_solve(product, b))
        if y.shape != b.shape:
            raise ShapeError(f"linear_solve returned shape {y.shape} for a right-hand side of shape {b.shape}")
        rest = np.linalg.norm(product(y) - b)
        if not rest <= 1e-6 * np.linalg.norm(b):
            raise ConvergenceError(
                f"linear_solve left a residual of {rest:.1e} for a right-hand side of size {np.linalg.norm(b):.1e}\n"
                "  let it run to a smaller tolerance"
            )
        return y.astype(b.dtype)

    @cached_property
    def _sparse_jacobian(self) -> SparseDerivative:
        return sparse_jacobian(self.residual)  # it keeps the pattern and the colours

    def _by_sparse_factors(self, matrix: Any, b: Array) -> Array:
        linalg = importlib.import_module("scipy.sparse.linalg")
        try:
            y = linalg.splu(matrix.tocsc()).solve(b)
        except RuntimeError as error:  # exactly singular
            raise self._singular(0.0) from error
        size = np.abs(matrix).dot(np.abs(y)) + np.abs(b)
        if not np.isfinite(y).all() or not (np.abs(matrix @ y - b) <= 1e-6 * size.max(initial=0.0)).all():
            raise self._singular(0.0)
        return y

    def _by_factors(self, matrix: Array, b: Array) -> Array:
        if not np.isfinite(matrix).all():
            raise SingularError(
                f"the Jacobian of {self.name} is not finite at the solution, so the solution has no derivative there"
            )
        # Scaling rows and columns changes no solution, and a matrix is not singular because its units differ.
        rows = np.abs(matrix).max(axis=1, initial=0.0)
        columns = np.abs(matrix / np.where(rows > 0, rows, 1)[:, None]).max(axis=0, initial=0.0)
        if not (rows > 0).all() or not (columns > 0).all():
            raise self._singular(0.0)
        scaled = matrix / rows[:, None] / columns
        least = 1 / np.linalg.cond(scaled) if matrix.size else 1.0
        if least < 8 * np.finfo(matrix.dtype).eps:
            raise self._singular(least)
        return np.linalg.solve(scaled, b / rows) / columns

    def _singular(self, reciprocal: float) -> SingularError:
        return SingularError(
            f"the Jacobian of {self.name} in the unknowns is singular at the solution (reciprocal condition "
            f"{reciprocal:.0e}): the equation does not determine the solution, which has no derivative\n"
            "  look for an unknown that the equation does not depend on, an equation that follows from the others, or "
            "a double root"
        )

    def _by_products(self, product: Callable[[Array], Array], b: Array) -> Array:
        try:
            sparse = importlib.import_module("scipy.sparse.linalg")
        except ImportError as error:
            raise MissingExtraError(
                f'{b.size} unknowns are more than {DENSE}, and need SciPy: pip install "chainrule[special]", '
                "or give linear_solve"
            ) from error
        if not b.any():
            return np.zeros_like(b)
        operator = sparse.LinearOperator((b.size, b.size), matvec=product, dtype=b.dtype)
        precision = max(_PRECISION, 8 * float(np.finfo(b.dtype).eps))
        solver = sparse.cg if self.symmetric else sparse.gmres
        options = {} if self.symmetric else {"restart": min(b.size, 100)}
        y, _ = solver(operator, b, rtol=precision, atol=0.0, maxiter=b.size, **options)
        rest = np.linalg.norm(product(y) - b) / np.linalg.norm(b)
        if not rest <= 1e3 * precision:
            method = "CG" if self.symmetric else "GMRES"
            raise ConvergenceError(
                f"{method} has not solved the linear system with the Jacobian of {self.name}: a part of "
                f"{rest:.0e} of the right-hand side is left\n"
                "  the Jacobian is singular or ill-conditioned: scale the unknowns, or give linear_solve"
            )
        return y
