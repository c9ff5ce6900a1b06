"""Arithmetic of a formula with values of declared shape: which product a product is, and what does not fit.

A value of one axis is a NumPy vector. In products without a sign it is a column, and its transpose is a row: x^T y is
the inner product, x y^T the outer one, and x y of two columns is refused. +, -, *, / and functions of numbers work
component by component, with NumPy's broadcasting where that leaves one operand as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chainrule.core.graph import Node, constant
from chainrule.core.registry import building
from chainrule.core.shapes import Shape, broadcast_shapes, transposed
from chainrule.errors import ShapeError

__all__ = ["Arithmetic", "MisfitError"]

F = building
Build = Callable[..., Any]


class MisfitError(Exception):
    """Shapes that do not fit; the reader adds the place and raises a `FormulaError`.

    Attributes:
        at_end: the place is that of the closing parenthesis: something is missing there.
    """

    def __init__(self, problem: str, expected: str = "", at_end: bool = False) -> None:
        self.problem, self.expected, self.at_end = problem, expected, at_end
        super().__init__(problem)


class Arithmetic:
    """Builds the operations of one formula.

    Args:
        letters: of each declared size, its letter: messages show shapes with them.
    """

    def __init__(self, letters: Mapping[int, str]) -> None:
        self._letters = letters
        self._rows: set[Node] = set()  # transposes of vectors, and what is computed from them alone
        self._scaled: dict[Node, tuple[Node, Node]] = {}  # products of a number and an array without a sign

    # Component by component.

    def add(self, x: Node, y: Node) -> Node:
        return self._elementwise(F.add, x, y)

    def subtract(self, x: Node, y: Node) -> Node:
        return self._elementwise(F.subtract, x, y)

    def multiply(self, x: Node, y: Node) -> Node:
        return self._elementwise(F.multiply, x, y)

    def divide(self, x: Node, y: Node) -> Node:
        if y in self._rows and x not in self._rows:  # v^T A v/v^T v
            raise MisfitError(
                f"{self.described(x)} divided by a row, as the quotient is read from left to right",
                "parentheses around all that is below the line, as in 1/(v^T v), or no ^T for a quotient by component",
            )
        return self._elementwise(F.divide, x, y)

    def dotted(self, x: Node, y: Node) -> Node:
        """x · y, or x × y: between numbers, or a number and an array."""
        if x.shape and y.shape:
            raise MisfitError(
                f"the product · of {self.described(x)} and {self.described(y)} can be read in several ways",
                "x^T y for the inner product, * or ⊙ for a product by component, no sign for one of matrices",
            )
        return self.multiply(x, y)

    def negative(self, x: Node) -> Node:
        return self.mapped(F.negative, x)

    def mapped(self, build: Build, *operands: Node) -> Node:
        """A function of numbers, applied to each component."""
        if all(not x.shape for x in operands):
            return build(*operands)
        if len(operands) == 2:
            return self._elementwise(build, *operands)
        value = build(*operands)
        if any(x in self._rows for x in operands):
            self._rows.add(value)
        return value

    def power(self, base: Node, exponent: Node) -> Node:
        """x^y; of a square matrix it is refused, as it could be meant by component or as a product of matrices."""
        euler = base.is_constant and base.name == "e"
        for x in (base, exponent):
            if _is_square(x):
                written = "exp(A)" if euler else "A**2, or A^-1 for the inverse, A A for the product"
                raise MisfitError(
                    f"a power with {self.described(x)} can be read in several ways",
                    f"{written}: component by component is **",
                )
        return self.component_power(base, exponent)

    def component_power(self, base: Node, exponent: Node) -> Node:
        """x**y, component by component; a power of e is the exponential function."""
        if base.is_constant and base.name == "e":
            return self.mapped(F.exp, exponent)
        if exponent.primitive is not None and exponent.primitive.name == "negative":
            (size,) = exponent.operands
            if size.is_constant and not size.name:  # x^-1 is a power of a number: its derivative needs no logarithm
                return self._elementwise(F.power, base, constant(-size.parameters["value"]))
        if exponent.is_constant and not exponent.name and exponent.parameters["value"] == 2:
            return self.mapped(F.square, base)  # exact, and its derivative 2 x needs no logarithm
        return self._elementwise(F.power, base, exponent)

    def _elementwise(self, build: Build, x: Node, y: Node) -> Node:
        if not x.shape and not y.shape:
            return build(x, y)
        try:
            shape = broadcast_shapes(x.shape, y.shape)
        except ShapeError:
            shape = ()
        if shape not in (x.shape, y.shape):
            raise MisfitError(f"{self.described(x)} and {self.described(y)} do not fit component by component",
                              "operands of one shape")  # fmt: skip
        value = build(x, y)
        if all(node in self._rows or not node.shape for node in (x, y)):
            self._rows.add(value)
        return value

    # Products without a sign.

    def product(self, x: Node, y: Node) -> Node:
        """x y: of numbers, of a number and an array, or of matrices, columns and rows."""
        if not x.shape or not y.shape:
            value = F.multiply(x, y)
            if x.shape or y.shape:
                array = y if y.shape else x
                if array in self._rows:
                    self._rows.add(value)
                if array is y:
                    self._scaled[value] = (x, y)
            return value
        if x in self._scaled:  # c X w is c (X w): a number stands before the whole product
            number, array = self._scaled[x]
            return self.product(number, self._matrix_product(array, y))
        return self._matrix_product(x, y)

    def closed(self, x: Node) -> None:
        """Parentheses stand around x: products on either side leave it whole."""
        self._scaled.pop(x, None)

    def matmul(self, x: Node, y: Node) -> Node:
        """x @ y, as in NumPy: a vector on the left is a row, one on the right a column."""
        if not x.shape or not y.shape:
            raise MisfitError("@ multiplies matrices and vectors, and this is a number", "* for a factor that is one")
        left = x if x.ndim > 1 or x in self._rows else self.transposed(x)
        self._check_inner(x, y, left.shape[-1], y.shape[-2] if y.ndim > 1 else y.shape[0])
        return F.matmul(left, y)

    def outer(self, x: Node, y: Node) -> Node:
        """x y^T of two vectors."""
        if x.ndim != 1 or y.ndim != 1:
            raise MisfitError(f"an outer product of {self.described(x)} and {self.described(y)}", "two vectors")
        row = y if y in self._rows else self.transposed(y)
        return F.matmul(F.expand_dims(x, axis=(1,)), F.expand_dims(row, axis=(0,)))

    def _matrix_product(self, x: Node, y: Node) -> Node:
        if x.ndim > 2 or y.ndim > 2:
            self._check_inner(x, y, x.shape[-1], y.shape[-2] if y.ndim > 1 else y.shape[0])
            return F.matmul(x, y)
        x_row, y_row = x in self._rows, y in self._rows
        if x.ndim == 1 and not x_row and y.ndim == 1:
            if y_row:
                return self.outer(x, y)
            raise MisfitError(
                f"the product of {self.described(x)} and {self.described(y)} can be read in several ways",
                "x^T y for the inner product, x*y by component, or x y^T for the outer product",
            )
        inner_x = 1 if x.ndim == 1 and not x_row else x.shape[-1]
        inner_y = 1 if y_row else y.shape[0]
        self._check_inner(x, y, inner_x, inner_y)
        if x.ndim == 1 and not x_row:
            return F.matmul(F.expand_dims(x, axis=(1,)), y)
        if y_row:
            return F.matmul(x, F.expand_dims(y, axis=(0,)))
        value = F.matmul(x, y)
        if x_row and y.ndim == 2:
            self._rows.add(value)
        return value

    def _check_inner(self, x: Node, y: Node, inner_x: int, inner_y: int) -> None:
        if inner_x != inner_y:
            raise MisfitError(
                f"{self.described(x)} and {self.described(y)} do not fit as a product: "
                f"the inner sizes {self._size(inner_x)} and {self._size(inner_y)} differ",
                "a transpose ^T where one is missing, or * for a product by component",
            )

    # What stands behind an operand.

    def transposed(self, x: Node) -> Node:
        """x^T; of a vector, the row that it is in a product."""
        if not x.shape:
            raise MisfitError("only an array has a transpose, and a derivative mark is not part of a formula",
                              "a variable whose shape is declared, with shapes=")  # fmt: skip
        if x.ndim > 1:
            return transposed(F, x)
        value: Node = F.transpose(x, axes=(0,))
        if x not in self._rows:
            self._rows.add(value)
        return value

    def inverse(self, x: Node) -> Node:
        """x^-1: of a square matrix its inverse, else the reciprocal of each component."""
        return F.inv(x) if _is_square(x) else self.component_power(x, constant(-1.0))

    def absolute(self, x: Node) -> Node:
        """|x|, component by component; of a square matrix it could be the determinant."""
        if _is_square(x):
            raise MisfitError(f"bars around {self.described(x)} can be read in several ways", "det(A) or abs(A)")
        return self.mapped(F.abs, x)

    def norm(self, x: Node, order: str = "2") -> Node:
        """||x||, the root of the sum of all squares; by its index the sum or the largest of the absolute values."""
        axis = tuple(range(x.ndim))
        if not x.shape:
            return F.abs(x)
        if order not in (("1", "2", "inf") if x.ndim == 1 else ("2", "F")):
            raise MisfitError(f"the norm with index {order} of {self.described(x)} is not known", "||x||, ||x||_1")
        if order in ("2", "F"):
            return F.norm(x, axis=axis, keepdims=False, ord=2)
        return (F.sum if order == "1" else F.max)(F.abs(x), axis=axis, keepdims=False)

    # Words for shapes.

    def described(self, x: Node) -> str:
        """What a value is, with its shape in the letters of its declaration."""
        if not x.shape:
            return "a number"
        sizes = [self._size(n) for n in x.shape]
        if x.ndim == 1:
            return f"a {'row' if x in self._rows else 'vector'} ({sizes[0]})"
        return f"{'a matrix' if x.ndim == 2 else 'an array'} ({', '.join(sizes)})"

    def _size(self, n: int) -> str:
        return self._letters.get(n, str(n))


def _is_square(x: Node) -> bool:
    shape: Shape = x.shape
    return len(shape) > 1 and shape[-1] == shape[-2] != 1
