"""Terms of arrays in the form in which textbooks write them: vectors as columns, outer products, inner products.

NumPy's vectors are neither rows nor columns, so one product has several spellings. Here a vector that stands alone is a
column: v A is A^T v, and an outer product is x y^T.
"""

from __future__ import annotations

from functools import reduce

from chainrule.core.graph import Graph, Node, topological
from chainrule.core.registry import building
from chainrule.core.shapes import transposed
from chainrule.passes.componentwise import multiplied_out
from chainrule.passes.rewrites import is_one, number, operation
from chainrule.passes.simplify import simplify

__all__ = ["factor_and_rest", "in_columns", "inner_product", "outer_product", "tidied", "with_ones", "with_operands"]

F = building
_SPREAD = ("expand_like", "broadcast_like", "broadcast_to", "expand_dims")
_PRODUCTS = ("matmul", "transpose", "expand_dims", "multiply", "divide")
_ELEMENTWISE = ("add", "subtract", "multiply", "divide")


def tidied(term: Node, inputs: tuple[Node, ...]) -> Node:
    """The term simplified, or multiplied out where that is shorter, with vectors as columns."""
    found = term
    for _ in range(2):  # what is left of a broadcast is seen after it was simplified
        found = simplify(Graph(inputs, (_rebuilt(found),)), for_view=True).outputs[0]
    found = _scalars_in_front(found, inputs)
    out = multiplied_out(found)
    return in_columns(found if out is None else min(found, out, key=_length))


def _scalars_in_front(term: Node, inputs: tuple[Node, ...]) -> Node:
    """Scalar factors of the operands of products and transposes, and divisors, are one factor of the result."""
    new: dict[Node, Node] = {}
    for node in topological([term]):
        made = with_operands(node, tuple(new[operand] for operand in node.operands))
        if operation(made) in _PRODUCTS and made.ndim:
            made = _taken_out(made, inputs)
        new[node] = made
    return new[term]


def _taken_out(node: Node, inputs: tuple[Node, ...]) -> Node:
    if operation(node) == "divide" and node.operands[1].ndim == 0:
        split = [factor_and_rest(node)]
        found = split[0][1]
    else:
        split = [factor_and_rest(x) if x.ndim else (None, x) for x in node.operands]
        if any(rest is None or rest.shape != x.shape for (_, rest), x in zip(split, node.operands, strict=True)):
            return node
        found = with_operands(node, tuple(rest for _, rest in split if rest is not None))
    factor = reduce(_times, (factor for factor, _ in split))
    if operation(node) == "divide" and len(split) == 2 and split[1][0] is not None:
        factor = F.divide(1.0 if split[0][0] is None else split[0][0], split[1][0])
    if factor is None or found is None:
        return node
    (factor,) = simplify(Graph(inputs, (factor,)), for_view=True).outputs
    return _scaled(factor, found)


def in_columns(term: Node) -> Node:
    """The term with its vectors as columns, and its outer products as such."""
    new: dict[Node, Node] = {}
    for node in topological([term]):
        new[node] = _as_column(with_operands(node, tuple(new[operand] for operand in node.operands)))
    return new[term]


def with_operands(node: Node, operands: tuple[Node, ...]) -> Node:
    """The node with other operands of the same shapes."""
    if operands == node.operands:
        return node
    return Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name, node.site)


def factor_and_rest(term: Node) -> tuple[Node | None, Node | None]:
    """A term of arrays as a scalar times a rest; None for a factor or a rest that is 1."""
    one = _uniform(term)
    if one is not None:
        return (None if is_one(one) else one), None
    name = operation(term)
    if name == "negative":
        factor, rest = factor_and_rest(term.operands[0])
        return _times(Node(None, (), {"value": -1.0}, (), float), factor), rest
    if name == "multiply":
        for a, b in (term.operands, term.operands[::-1]):
            scalar = _uniform(a)
            if scalar is not None and b.shape == term.shape:
                factor, rest = factor_and_rest(b)
                return _times(None if is_one(scalar) else scalar, factor), rest
    if name == "divide" and term.operands[1].ndim == 0:
        factor, rest = factor_and_rest(term.operands[0])
        return F.divide(1.0 if factor is None else factor, term.operands[1]), rest
    return None, term


def inner_product(weight: Node, term: Node) -> Node:
    """The sum of the products of all components: c sum(u) for equal weights, else g^T u, tr(G^T U)."""
    factor, rest = factor_and_rest(weight)
    if term.ndim == 0:
        return _scaled(factor, term if rest is None else F.multiply(rest, term))
    if rest is None:
        return _scaled(factor, F.sum(term, axis=tuple(range(term.ndim)), keepdims=False))
    if operation(rest) == "identity_like":
        return _scaled(factor, F.trace(term))
    if term.ndim == 1:
        return _scaled(factor, F.matmul(F.transpose(rest, axes=(0,)), term))
    if term.ndim == 2:
        return _scaled(factor, F.trace(F.matmul(_transposed(rest), term)))
    return _scaled(factor, F.sum(F.multiply(rest, term), axis=tuple(range(term.ndim)), keepdims=False))


def with_ones(term: Node, like: Node) -> Node:
    """A term with each of its summands that has equal components as a number times ones in the shape of `like`."""
    if like.ndim == 0:
        return term
    if operation(term) in ("add", "subtract", "negative") and term.ndim:
        made: Node = getattr(F, operation(term))(*(with_ones(x, like) for x in term.operands))
        return made
    if term.ndim and operation(term) not in _SPREAD:
        return term
    factor, rest = factor_and_rest(term)
    return _scaled(factor, F.ones_like(like)) if rest is None else term


def _uniform(term: Node) -> Node | None:
    """The scalar of which all components of a term are copies; None where they are not."""
    while term.ndim and operation(term) in _SPREAD:
        term = term.operands[0]
    if operation(term) == "ones_like":
        return Node(None, (), {"value": 1.0}, (), float)
    return None if term.ndim else term


def _times(a: Node | None, b: Node | None) -> Node | None:
    if a is None or b is None:
        return b if a is None else a
    if number(a) == -1:
        return b.operands[0] if operation(b) == "negative" else F.negative(b)
    return F.multiply(a, b)


def _scaled(factor: Node | None, term: Node) -> Node:
    if factor is None:
        return term
    if number(factor) == -1:
        return F.negative(term)
    if operation(factor) == "negative":
        (opposite,) = factor.operands
        return term if number(opposite) == -1 else F.negative(_scaled(opposite, term))
    return F.multiply(factor, term)


def _length(term: Node) -> int:
    """How many operations a term takes as it is written, without a factor in front."""
    _, rest = factor_and_rest(term)
    if rest is None:
        return 0
    sizes: dict[Node, int] = {}
    for node in topological([rest]):
        sizes[node] = 1 + sum(sizes[operand] for operand in node.operands)
    return sizes[rest]


def _transposed(term: Node) -> Node:
    """The transpose of a matrix: that of a transpose is the matrix itself, that of x y^T is y x^T."""
    sides = _outer(term)
    if operation(term) == "transpose":
        return term.operands[0]
    if sides is not None:
        return outer_product(sides[1], sides[0])
    if operation(term) == "inv" and operation(term.operands[0]) == "transpose":
        return F.inv(term.operands[0].operands[0])
    return transposed(F, term)


def outer_product(x: Node, y: Node) -> Node:
    """The matrix x y^T of two vectors."""
    row = F.expand_dims(F.transpose(y, axes=(0,)), axis=(0,))
    made: Node = F.matmul(F.expand_dims(x, axis=(1,)), row)
    return made


def _as_column(node: Node) -> Node:
    name = operation(node)
    if name == "matmul":
        x, y = node.operands
        if x.ndim == 1 and y.ndim == 2:
            return _as_column(F.matmul(_transposed(y), _untransposed(x)))
        if x.ndim == y.ndim == 1:
            return F.matmul(F.transpose(_untransposed(x), axes=(0,)), _untransposed(y))
        if y.ndim == 1:
            return F.matmul(x, _untransposed(y))
    sides = _outer(node)
    if sides is not None:
        return outer_product(*sides)
    if name == "transpose" and node.parameters["axes"] == (1, 0):
        return _transpose_as_column(node)
    return node


def _transpose_as_column(node: Node) -> Node:
    (inner,) = node.operands
    if _outer(inner) is not None:
        return _transposed(inner)
    if operation(inner) == "matmul" and all(x.ndim == 2 for x in inner.operands):
        x, y = inner.operands
        if "transpose" in (operation(x), operation(y)):  # (A^T B)^T is B^T A: no more marks than before
            return F.matmul(_transposed(y), _transposed(x))
    return node


def _untransposed(x: Node) -> Node:
    return x.operands[0] if operation(x) == "transpose" and x.ndim == 1 else x


def _outer(node: Node) -> tuple[Node, Node] | None:
    """The vectors whose outer product a matrix is: a column times a row."""
    if node.ndim != 2 or operation(node) not in ("multiply", "matmul"):
        return None
    column, row = node.operands
    by_component = operation(node) == "multiply"
    if by_component and _spread_vector(column, 1) is None:
        column, row = row, column
    x = _spread_vector(column, 1)
    y = row if by_component and row.ndim == 1 else _spread_vector(row, 0)
    return None if x is None or y is None else (_untransposed(x), _untransposed(y))


def _spread_vector(node: Node, axis: int) -> Node | None:
    """The vector that a matrix of one row or column was made of."""
    spread = operation(node) == "expand_dims" and node.ndim == 2 and node.parameters["axis"] == (axis,)
    return node.operands[0] if spread else None


def _rebuilt(term: Node) -> Node:
    """The term without identity matrices as factors, and with sums over everything as scalars."""
    new: dict[Node, Node] = {}
    for node in topological([term]):
        made = with_operands(node, tuple(new[operand] for operand in node.operands))
        name = operation(made)
        if name == "matmul":
            made = _without_identity(made)
        elif name == "transpose" and made.ndim == 2 and _multiple_of_identity(made.operands[0]):
            made = made.operands[0]
        elif name == "sum_like" and made.ndim == made.operands[0].ndim:
            x = made.operands[0]
            axis = tuple(i for i, n in enumerate(made.shape) if n != x.shape[i])
            made = F.sum(x, axis=axis, keepdims=True) if axis else x
        elif name in _ELEMENTWISE:
            made = _with_scalars(made)
        elif name == "exp" and operation(made.operands[0]) == "log_softmax":
            (inner,) = made.operands
            made = F.softmax(inner.operands[0], **inner.parameters)
        new[node] = made
    return new[term]


def _with_scalars(node: Node) -> Node:
    """A sum over all axes that was kept as an array of one component is a scalar beside an array."""
    operands = tuple(
        F.sum(x.operands[0], axis=x.parameters["axis"], keepdims=False)
        if operation(x) == "sum" and x.ndim and x.parameters["axis"] == tuple(range(x.ndim))
        else x
        for x in node.operands
    )
    if operands == node.operands or all(x.shape != node.shape for x in operands):
        return node
    made: Node = getattr(F, operation(node))(*operands)
    return made


def _without_identity(node: Node) -> Node:
    for one, other in (node.operands, node.operands[::-1]):
        found = _multiple_of_identity(one)
        if found and other.shape == node.shape:
            (factor,) = found
            return other if factor is None else F.multiply(factor, other)
    return node


def _multiple_of_identity(node: Node) -> tuple[Node | None] | None:
    """The factor of a multiple of the identity matrix, in a tuple; None for any other matrix."""
    factor, rest = factor_and_rest(node)
    return (factor,) if rest is not None and operation(rest) == "identity_like" else None
