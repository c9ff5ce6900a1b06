"""What multiplies dx in the differential of a vector: the Jacobian matrix J of df = J dx.

A differential is put together from products with matrices, products with fixed components, sums, and scalars such as
a^T dx that are spread over a vector. Each of them is a matrix times what it is applied to. Source: Magnus and
Neudecker, Matrix Differential Calculus (1988), chapter 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from chainrule.core.derivative import Custom
from chainrule.core.graph import Node, constant, topological
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise, transposed
from chainrule.errors import ArgumentError
from chainrule.passes.columns import factor_and_rest, outer_product, tidied, with_operands
from chainrule.passes.differentials import depends_on
from chainrule.passes.rewrites import number, operation
from chainrule.passes.stepwise import replaced

__all__ = ["identity_matrix", "jacobian_matrix", "without_diagonals", "zero_matrix"]

F = building
DIAGONAL = Rule("a product by components as a matrix", "c*u = diag(c) u")
OUTER = Rule("a vector times an inner product as a matrix", "a (b^T u) = (a b^T) u")
ONES = Rule("a number in every component", "c = c 1 with the vector 1 of ones")
_QUOTIENTS = ("divide", "divide_no_nan")
_COPIES = ("broadcast_like", "broadcast_to", "expand_like", "expand_dims", "transpose", "cast_like")
_DIAG = Primitive("diag", np.diag, elementwise, Custom(reason="it stands in a result only"),
                  Call("diag", latex=r"\operatorname{diag}"))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Map:
    """A linear map of u = base dx: to a vector, the sum of c I, diag(d), a b^T and a matrix; to a number, r^T.

    Attributes:
        base: a matrix, or None where u is dx itself.
        n: the number of components of u.
        multiple: c, a number.
        diagonal: d.
        outer: the pairs of a and b.
        matrix: what is none of these.
        row: r.
    """

    base: Node | None
    n: int
    multiple: Node | None = None
    diagonal: Node | None = None
    outer: tuple[tuple[Node, Node], ...] = ()
    matrix: Node | None = None
    row: Node | None = None

    @property
    def alone(self) -> Node | None:
        """c, where the map is c I and nothing else."""
        return None if self.diagonal is not None or self.outer or self.matrix is not None else self.multiple

    def each(self, change: Callable[[Node], Node]) -> _Map:
        """The map with something done to each of its parts, such as a sign; of a b^T, to a."""
        multiple, diagonal, matrix, row = (
            None if part is None else change(part) for part in (self.multiple, self.diagonal, self.matrix, self.row)
        )
        outer = tuple((change(a), b) for a, b in self.outer)
        return _Map(self.base, self.n, multiple, diagonal, outer, matrix, row)

    def plus(self, other: _Map) -> _Map:
        """The sum of two maps of the same u."""
        multiple, diagonal, matrix, row = (
            b if a is None else a if b is None else _plus(a, b)
            for a, b in (
                (self.multiple, other.multiple), (self.diagonal, other.diagonal), (self.matrix, other.matrix),
                (self.row, other.row),
            )
        )  # fmt: skip
        return _Map(self.base, self.n, multiple, diagonal, (*self.outer, *other.outer), matrix, row)


def jacobian_matrix(differential: Node, dx: Node, inputs: tuple[Node, ...]) -> tuple[Node, list[Rule]]:
    """The matrix J with differential = J dx, of vectors; and the rules that were used beside those of sums.

    Args:
        differential: a vector that is linear in dx; or of any shape, for a scalar dx.
        dx: the change of a vector or scalar, as it stands there.
        inputs: all others.

    Raises:
        ArgumentError: an operation in it has no such form; it is named.
    """
    if dx.ndim == 0:
        return tidied(replaced(differential, {dx: constant(1.0)}, inside=False), inputs), []
    moving = depends_on([differential], dx)
    maps = _Maps(inputs)
    for node in topological([differential]):
        if node is dx:
            maps.of[node] = _Map(None, dx.shape[0], multiple=constant(1.0))
        elif node in moving:
            maps.of[node] = maps.applied(node)
    return _as_written(tidied(maps.matrix(maps.of[differential]), inputs)), list(maps.used)


def _as_written(term: Node) -> Node:
    """The term with (a^T x) I for I (a^T x), a named constant is a matrix here; and 1/x^2 for x^(-2)."""
    new: dict[Node, Node] = {}
    for node in topological([term]):
        made = with_operands(node, tuple(new[operand] for operand in node.operands))
        if operation(made) == "multiply" and made.operands[0].ndim > made.operands[1].ndim == 0:
            made = F.multiply(*made.operands[::-1])
        if operation(made) == "multiply" and made.operands[0].ndim == 0 and operation(made.operands[1]) == "multiply":
            factor, (first, rest) = made.operands[0], made.operands[1].operands
            together = number(first) is not None and number(factor) is None  # 4 sum(x^2) I for sum(x^2) (4I)
            made = F.multiply(F.multiply(first, factor), rest) if together else made
        power = number(made.operands[1]) if operation(made) == "power" else None
        if power is not None and power < 0:
            base = made.operands[0]
            made = F.divide(1.0, base if power == -1 else F.power(base, -power))
        new[node] = made
    return new[term]


def without_diagonals(term: Node) -> Node:
    """The term with products by components for those with diag(c), which has the square of its components."""
    new: dict[Node, Node] = {}
    for node in topological([term]):
        made = with_operands(node, tuple(new[operand] for operand in node.operands))
        if operation(made) == "matmul":
            x, y = made.operands
            if x.primitive is _DIAG:
                made = F.multiply(x.operands[0] if y.ndim == 1 else F.expand_dims(x.operands[0], axis=(1,)), y)
            elif y.primitive is _DIAG:
                made = F.multiply(x, y.operands[0])
        new[node] = made
    return new[term]


class _Maps:
    """The map of each node, from those of its operands."""

    def __init__(self, inputs: tuple[Node, ...]) -> None:
        self.inputs = inputs
        self.of: dict[Node, _Map] = {}
        self.used: dict[Rule, None] = {}

    def applied(self, node: Node) -> _Map:
        """The map of a node whose operands have theirs."""
        name = operation(node)
        moving = [operand for operand in node.operands if operand in self.of]
        if node.ndim <= 1 and all(operand.ndim <= 1 for operand in moving):
            if name in ("add", "subtract"):
                return self._sum(node)
            if name == "negative":
                return self.of[moving[0]].each(F.negative)
            if name in ("sum", "mean") and _is_number(node):
                total = self._contracted(self.of[moving[0]], _ones(moving[0].shape))
                size = F.size(moving[0], axis=(0,))
                return total if name == "sum" else total.each(lambda row: F.divide(row, size))
            if name in _COPIES:
                return self._spread(moving[0], node)
            if len(moving) == 1 and (name == "multiply" or (name in _QUOTIENTS and moving[0] is node.operands[0])):
                return self._scaled(moving[0], node)
            if len(moving) == 1 and name == "matmul":
                return self._product(moving[0], node)
            if len(moving) == 1 and name in ("getitem", "scatter") and node.operands[0].ndim == 1:
                return self._selected(moving[0], node, _selection(node))
        raise ArgumentError(
            f"no Jacobian matrix is known for the operation {name} of shapes "
            f"{', '.join(str(operand.shape) for operand in node.operands)}: known are products with matrices and by "
            "components, sums, and what is made of these"
        )

    def matrix(self, found: _Map) -> Node:
        """The matrix of a map of dx, its base included."""
        if found.base is None:
            return self._parts(found)
        if found.alone is not None:  # c A, not c I A
            return _scaled_by(found.alone, found.base)
        made: Node = F.matmul(self._parts(found), found.base)
        return made

    def _parts(self, found: _Map) -> Node:
        """The sum of the parts of a map as a matrix."""
        parts: list[Node] = []
        if found.multiple is not None:
            parts.append(_scaled_by(found.multiple, identity_matrix(found.n)))
        if found.diagonal is not None:
            parts.append(_diagonal(tidied(found.diagonal, self.inputs)))
        for a, b in found.outer:
            product = None
            factors = []
            for vector in (b, a):
                factor, rest = factor_and_rest(tidied(vector, self.inputs))
                factors += [] if factor is None else [factor]
                rest = _ones(vector.shape) if rest is None else rest
                product = rest if product is None else outer_product(rest, product)
            parts.append(reduce(lambda term, factor: _scaled_by(factor, term), factors, product))
        if found.matrix is not None:
            parts.append(found.matrix)
        return reduce(_plus, parts)

    def _sum(self, node: Node) -> _Map:
        found = [self._spread(operand, node) if operand in self.of else None for operand in node.operands]
        if found[1] is not None and operation(node) == "subtract":
            found[1] = found[1].each(F.negative)
        maps = [each for each in found if each is not None]
        if len(maps) == 2 and maps[0].base is not maps[1].base:
            maps = [self._of_dx(each) for each in maps]
        return reduce(_Map.plus, maps)

    def _of_dx(self, found: _Map) -> _Map:
        """The same map as one of dx itself."""
        if found.base is None:
            return found
        n = found.base.shape[1]
        if found.row is not None:
            return _Map(None, n, row=F.matmul(transposed(F, found.base), found.row))
        return _Map(None, n, matrix=self.matrix(found))

    def _spread(self, operand: Node, node: Node) -> _Map:
        """A number as a vector of copies, where the node is a vector."""
        found = self.of[operand]
        if found.row is None or _is_number(node):
            return found
        self.used[ONES] = None
        return _Map(found.base, found.n, outer=((_ones(node.shape), found.row),))

    def _scaled(self, operand: Node, node: Node) -> _Map:
        """A product with, or a quotient by, what is fixed."""
        found = self.of[operand]
        (other,) = (x for x in node.operands if x is not operand)
        quotient = operation(node) in _QUOTIENTS

        def scaled(part: Node) -> Node:
            if quotient:
                return F.divide(1.0 if _is_one(part) else part, other)
            return _product(other, part)

        if _is_number(other):
            return found.each(scaled)
        if found.row is not None:
            self.used[OUTER] = None
            return _Map(found.base, found.n, outer=((scaled(constant(1.0)), found.row),))
        self.used[DIAGONAL] = None
        diagonals = [] if found.multiple is None else [_scaled_by(found.multiple, scaled(constant(1.0)))]
        diagonals += [] if found.diagonal is None else [scaled(found.diagonal)]
        outer = tuple((scaled(a), b) for a, b in found.outer)
        matrix = None if found.matrix is None else F.matmul(_diag(scaled(constant(1.0))), found.matrix)
        return _Map(found.base, found.n, None, reduce(_plus, diagonals) if diagonals else None, outer, matrix)

    def _contracted(self, found: _Map, weights: Node) -> _Map:
        """The number weights^T u of a vector u."""
        if found.row is not None:
            return found
        parts = [] if found.multiple is None else [_scaled_by(found.multiple, weights)]
        parts += [] if found.diagonal is None else [_product(weights, found.diagonal)]
        parts += [_scaled_by(F.matmul(weights, a), b) for a, b in found.outer]
        parts += [] if found.matrix is None else [F.matmul(transposed(F, found.matrix), weights)]
        return _Map(found.base, found.n, row=reduce(_plus, parts))

    def _product(self, operand: Node, node: Node) -> _Map:
        """A product of matrices or vectors, one of them fixed."""
        found = self.of[operand]
        (other,) = (x for x in node.operands if x is not operand)
        if other.ndim == 1:
            return self._contracted(found, other)
        return self._by_matrix(found, other if operand is node.operands[1] else transposed(F, other))

    def _selected(self, operand: Node, node: Node, selection: Node) -> _Map:
        """Some components of a vector, or a vector that has others as its components, elsewhere 0."""
        found = self.of[operand]
        if selection.ndim == 1 or selection.shape[0] == 1:  # a vector of one component is spread like a number
            selection = selection if selection.ndim == 1 else F.getitem(selection, pattern=(0,))
            if operation(node) == "getitem":
                return self._contracted(found, selection)
            return _Map(found.base, found.n, outer=((selection, found.row),) if found.row is not None else ())
        return self._by_matrix(found, selection if operation(node) == "getitem" else transposed(F, selection))

    def _by_matrix(self, found: _Map, matrix: Node) -> _Map:
        """A map followed by the product with a matrix."""
        multiple = constant(1.0) if found.alone is None else found.alone
        if found.alone is None:
            matrix = F.matmul(matrix, self._parts(found))
        base = matrix if found.base is None else F.matmul(matrix, found.base)
        return _Map(base, base.shape[0], multiple=multiple)


def _is_number(node: Node) -> bool:
    return node.shape in ((), (1,))


def identity_matrix(n: int) -> Node:
    """I, as a constant with this name."""
    return Node(None, (), {"value": np.eye(n)}, (n, n), np.dtype(float), "I")


def zero_matrix(shape: tuple[int, ...]) -> Node:
    """0, as a constant with this name."""
    return Node(None, (), {"value": np.zeros(shape)}, shape, np.dtype(float), "0")


def _selection(node: Node) -> Node:
    """The rows of the identity matrix that are read or written: I[1:] for x[1:]."""
    whole, *others = node.operands
    arrays = others if operation(node) == "getitem" else others[1:]
    pattern = tuple(part for part in node.parameters["pattern"] if part is not Ellipsis)  # of a vector it means nothing
    made: Node = F.getitem(identity_matrix(whole.shape[0]), *arrays, pattern=pattern)
    return made


def _ones(shape: tuple[int, ...]) -> Node:
    return Node(None, (), {"value": np.ones(shape)}, shape, np.dtype(float), "1")


def _is_one(term: Node) -> bool:
    return number(term) == 1 or (term.is_constant and term.name == "1")


def _product(a: Node, b: Node) -> Node:
    """The product by components, without factors 1, a sign in front of it."""
    for x, y in ((a, b), (b, a)):
        if operation(x) == "negative":
            return F.negative(_product(x.operands[0], y))
    for x, y in ((a, b), (b, a)):
        if _is_one(x) and x.ndim <= y.ndim:  # a number times the vector 1 stays a vector
            return y
    made: Node = F.multiply(a, b)
    return made


def _diagonal(vector: Node) -> Node:
    """The matrix with a vector on its diagonal, a sign and a factor that is no numeral in front of it."""
    if operation(vector) == "negative":
        return F.negative(_diagonal(vector.operands[0]))
    factor, rest = factor_and_rest(vector)
    if rest is None or factor is None or (number(factor) is not None and not factor.name):
        return _diag(vector)
    return _scaled_by(factor, _diag(rest))


def _diag(vector: Node) -> Node:
    return Node(_DIAG, (vector,), {}, (vector.shape[0],) * 2, vector.dtype)


def _plus(a: Node, b: Node) -> Node:
    made: Node = F.subtract(a, b.operands[0]) if operation(b) == "negative" else F.add(a, b)
    return made


def _scaled_by(factor: Node, term: Node) -> Node:
    if number(factor) == 1:
        return term
    if operation(factor) == "negative":
        return F.negative(_scaled_by(factor.operands[0], term))
    made: Node = F.negative(term) if number(factor) == -1 else F.multiply(factor, term)
    return made
