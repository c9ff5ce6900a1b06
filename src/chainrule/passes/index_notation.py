"""Index notation: a component of an array as a term of the components that it is computed from.

A component X_ik is a scalar node, and so are a sum over an index and Kronecker's delta; what stands between them are
the scalar operations of the graph. So the rules of calculus for scalars, the simplifier and the printers serve here as
they do everywhere. A component of the variable is a function of w_j, with the derivative delta_kj.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from chainrule.core.derivative import Custom, Elementwise
from chainrule.core.graph import Node, constant, topological
from chainrule.core.notation import Call
from chainrule.core.pending import is_pending, pending
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise
from chainrule.errors import DerivationError
from chainrule.passes.rewrites import operation

__all__ = ["Components"]

F = building
_FREE = ("j", "l")
_BOUND = ("i", "k", "m", "n", "p", "q", "r", "s", "t")
_SUM_RULE = Rule("sum rule", "(sum_k u_k)' = sum_k u_k'")
_INDEPENDENT = Rule("components are independent", "dw_k / dw_j = delta_kj: 1 for k = j, else 0")


def _no_value(*operands: Any, **parameters: Any) -> Any:
    raise DerivationError("a component has no value without its array")


class Components:
    """The components of the arrays of one function, by one of its inputs.

    Args:
        x: the input that is differentiated by.
        taken: names that indices must not have.
        sizes: the letters of sizes.
    """

    def __init__(self, x: Node, taken: Sequence[str], sizes: Mapping[int, str]) -> None:
        self.letters = sizes
        self.x = x
        self.free = tuple(name for name in _FREE if name not in taken)[: x.ndim]
        self.names: dict[Node, str] = {}
        self._bound = iter([name for name in _BOUND if name not in taken] + [f"i{n}" for n in range(1, 100)])
        self._entries: dict[Node, tuple[Node, tuple[str, ...]]] = {}
        self._known: dict[Any, Node] = {}
        self._instances: dict[Any, Node] = {}
        self._indices: dict[Node, frozenset[str]] = {}
        self._deltas: dict[Node, tuple[tuple[str, str], ...]] = {}
        self._sizes: dict[str, int] = dict(zip(self.free, x.shape, strict=False))
        self.variable = self._named(f"{x.name}_{''.join(self.free)}" if x.ndim else x.name)
        self._entries[self.variable] = (x, self.free)

    def of(self, node: Node, indices: tuple[str, ...] = ()) -> Node:
        """A component of a node, as a scalar term."""
        key = (node, indices)
        if key not in self._known:
            self._known[key] = self._component(node, indices)
        return self._known[key]

    def entry(self, array: Node, indices: tuple[str, ...]) -> Node:
        """A component of an input."""
        key = ("entry", array, indices)
        if key in self._known:
            return self._known[key]
        name = f"{array.name}_{''.join(indices)}" if indices else array.name
        if array is not self.x:
            made = self._named(name) if array.ndim else array
        elif indices == self.free:
            made = self.variable
        else:
            delta = self.delta(indices)
            moving = Primitive("component", _no_value, elementwise, Elementwise(lambda F, out, x: delta),
                               notation=Call(name), rule=_INDEPENDENT)  # fmt: skip
            made = Node(moving, (self.variable,), {}, (), np.dtype(float), name)
            self.names[made] = name
        self._entries[made] = (array, indices)
        self._known[key] = made
        return made

    def delta(self, indices: tuple[str, ...]) -> Node:
        """Kronecker's delta between these indices and those of the variable, one for each axis."""
        factors = []
        for one, other in zip(indices, self.free, strict=True):
            key = ("delta", one, other)
            if key not in self._known:
                self._known[key] = self._named(f"delta_{one}{other}")
                self._deltas[self._known[key]] = ((one, other),)
            factors.append(self._known[key])
        made = factors[0]
        for factor in factors[1:]:
            made = F.multiply(made, factor)
        return made

    def total(self, index: str, term: Node) -> Node:
        """The sum of a term over an index."""
        return Node(_sum_over(index), (term,), {}, (), term.dtype)

    def collapsed(self, term: Node) -> Node:
        """The term with every sum over an index of a delta left out: it leaves one summand."""
        new: dict[Node, Node] = {}
        for node in topological([term]):
            made = _with(node, tuple(new[operand] for operand in node.operands))
            if _index(made):
                (body,) = made.operands
                made = self._without_delta(made, body)
            new[node] = made
        return new[term]

    def _without_delta(self, total: Node, body: Node) -> Node:
        index = _index(total)
        for delta, ((one, other),) in self._deltas.items():
            if one != index or delta not in topological([body]):
                continue
            if _is_factor(delta, body):
                return self.renamed(body, {one: other}, {delta: constant(1.0)})
            if operation(body) in ("add", "subtract"):  # the sum of one of them has the delta
                parts = [self._without_delta(self.total(index, x), x) for x in body.operands]
                return F.add(*parts) if operation(body) == "add" else F.subtract(*parts)
        return total

    def renamed(self, term: Node, indices: Mapping[str, str], new: Mapping[Node, Node]) -> Node:
        """The term with other indices, and some nodes replaced."""
        done: dict[Node, Node] = dict(new)
        for node in topological([term]):
            if node in done:
                continue
            if node in self._entries:
                array, own = self._entries[node]
                done[node] = self.entry(array, tuple(indices.get(index, index) for index in own))
            else:
                done[node] = _with(node, tuple(done[operand] for operand in node.operands))
        return done[term]

    def factors_out(self, term: Node) -> Node:
        """The term with signs, and factors without the index, in front of each sum."""
        new: dict[Node, Node] = {}
        for node in topological([term]):
            made = _with(node, tuple(new[operand] for operand in node.operands))
            new[node] = self._factors_out(made) if _index(made) else made
        return new[term]

    def _factors_out(self, node: Node) -> Node:
        (body,) = node.operands
        index = _index(node)
        if operation(body) == "negative":
            return F.negative(self._factors_out(self.total(index, body.operands[0])))
        if operation(body) in ("multiply", "divide"):
            for place in (0, 1):
                fixed, rest = body.operands[place], body.operands[1 - place]
                if not self._has(fixed, index) and (operation(body) == "multiply" or place == 1):
                    inner = self._factors_out(self.total(index, rest))
                    return F.multiply(fixed, inner) if operation(body) == "multiply" else F.divide(inner, fixed)
        return node

    def _has(self, term: Node, index: str) -> bool:
        """Whether an index stands in a term."""
        return any(
            index in self._entries.get(node, (node, ()))[1] or any(index in pair for pair in self._deltas.get(node, ()))
            for node in topological([term])
        )

    def instance(self, term: Node, place: Mapping[str, int], direction: Node) -> Node:
        """The term of arrays that a term is for given values of its free indices, with its sums written out."""
        key = (term, direction, tuple((index, place[index]) for index in sorted(self._free_in(term))))
        if key not in self._instances:
            self._instances[key] = self._instance(term, place, direction)
        return self._instances[key]

    def _free_in(self, term: Node) -> frozenset[str]:
        if term not in self._indices:
            if term in self._entries:
                found = frozenset(self._entries[term][1])
            elif term in self._deltas:
                found = frozenset(index for pair in self._deltas[term] for index in pair)
            else:
                found = frozenset().union(*(self._free_in(operand) for operand in term.operands)) - {_index(term)}
            self._indices[term] = found
        return self._indices[term]

    def _instance(self, term: Node, place: Mapping[str, int], direction: Node) -> Node:
        if term in self._entries:
            array, indices = self._entries[term]
            return F.getitem(array, pattern=tuple(place[index] for index in indices)) if indices else array
        if term in self._deltas:
            return constant(float(all(place[a] == place[b] for a, b in self._deltas[term])))
        index = _index(term)
        if index:
            summands = [
                self.instance(term.operands[0], {**place, index: n}, direction) for n in range(self._sizes[index])
            ]
            total = summands[0]
            for summand in summands[1:]:
                total = F.add(total, summand)
            return total
        if is_pending(term):
            return pending(self.instance(term.operands[0], place, direction), self.x, direction)
        return _with(term, tuple(self.instance(operand, place, direction) for operand in term.operands))

    @property
    def places(self) -> list[dict[str, int]]:
        """Values for all indices: all 0, where every delta is 1, and others."""
        rng = np.random.default_rng(0)
        others = {index: int(rng.integers(size)) for index, size in self._sizes.items()}
        return [dict.fromkeys(self._sizes, 0), others]

    def _named(self, name: str) -> Node:
        return Node(None, (), {"name": name}, (), np.dtype(float), name)

    def _index(self, size: int) -> str:
        name = next(self._bound)
        self._sizes[name] = size
        return name

    def _component(self, node: Node, indices: tuple[str, ...]) -> Node:
        if node.primitive is None:
            return self.entry(node, indices) if node.is_input else node
        name = operation(node)
        if name in _COMPONENTS:
            return _COMPONENTS[name](self, node, indices)
        if node.primitive.shape is not elementwise:
            raise DerivationError(f"no derivation by index is known for {name}: use method='rules'")
        operands = tuple(self._broadcast(operand, indices) for operand in node.operands)
        return Node(node.primitive, operands, node.parameters, (), node.dtype, "", node.site)

    def _broadcast(self, operand: Node, indices: tuple[str, ...]) -> Node:
        """The component of an operand that meets a component of the result: its last axes, as NumPy has it."""
        return self.of(operand, indices[len(indices) - operand.ndim :])

    def _sum(self, x: Node, indices: tuple[str, ...], axis: tuple[int, ...]) -> Node:
        own = {a: self._index(x.shape[a]) for a in axis}
        rest = iter(indices)
        term = self.of(x, tuple(own[a] if a in own else next(rest) for a in range(x.ndim)))
        for index in reversed(own.values()):
            term = self.total(index, term)
        return term


def _with(node: Node, operands: tuple[Node, ...]) -> Node:
    if operands == node.operands:
        return node
    return Node(node.primitive, operands, node.parameters, node.shape, node.dtype, node.name, node.site)


def _index(node: Node) -> str:
    """The index that a node sums over; "" for any other node."""
    index = operation(node).removeprefix("sum_")
    return index if node.primitive is not None and node.primitive is _sum_over(index) else ""


@lru_cache(maxsize=256)
def _sum_over(index: str) -> Primitive:
    def summed(F: Any, tangents: Sequence[Any], out: Node, x: Node, **parameters: Any) -> Node:
        return Node(_sum_over(index), (tangents[0],), {}, (), out.dtype)

    return Primitive(
        f"sum_{index}", _no_value, elementwise, Custom(summed, reason="a sum over an index"),
        notation=Call(f"sum_{index}", latex=rf"\sum_{{{index}}}"), rule=_SUM_RULE,
    )  # fmt: skip


def _is_factor(delta: Node, term: Node) -> bool:
    """Whether each summand of a term has the delta as a factor."""
    if term is delta:
        return True
    name = operation(term)
    if name == "multiply":
        return any(_is_factor(delta, operand) for operand in term.operands)
    if name == "divide":
        return _is_factor(delta, term.operands[0])
    if name in ("add", "subtract"):
        return all(_is_factor(delta, operand) for operand in term.operands)
    return (name == "negative" or bool(_index(term))) and _is_factor(delta, term.operands[0])


def _matmul(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    x, y = node.operands
    if max(x.ndim, y.ndim) > 2:
        raise DerivationError("no derivation by index is known for stacks of matrices: use method='rules'")
    k = components._index(x.shape[-1])
    left = (*indices[: x.ndim - 1], k)
    right = (k, *indices[len(indices) - (y.ndim - 1) :])
    return components.total(k, F.multiply(components.of(x, left), components.of(y, right)))


def _mean(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    (x,) = node.operands
    total = _reduced(components, node, indices)
    for a in node.parameters["axis"]:
        count = x.shape[a]
        letter = Node(None, (), {"value": count}, (), int, components.letters.get(count, ""))
        total = F.multiply(F.divide(1.0, letter), total)
    return total


def _reduced(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    (x,) = node.operands
    axis = node.parameters["axis"]
    if node.parameters["keepdims"]:
        indices = tuple(index for a, index in enumerate(indices) if a not in axis)
    return components._sum(x, indices, axis)


def _softmax(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    return F.divide(F.exp(components.of(node.operands[0], indices)), _normaliser(components, node, indices))


def _log_softmax(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    return F.subtract(components.of(node.operands[0], indices), F.log(_normaliser(components, node, indices)))


def _normaliser(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    (x,) = node.operands
    others = tuple(index for a, index in enumerate(indices) if a not in node.parameters["axis"])
    return components._sum(F.exp(x), others, node.parameters["axis"])


def _logsumexp(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    return F.log(components._sum(F.exp(node.operands[0]), indices, node.parameters["axis"]))


def _transpose(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    axes = node.parameters["axes"]
    return components.of(node.operands[0], tuple(indices[axes.index(a)] for a in range(len(axes))))


def _trace(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    (x,) = node.operands
    i = components._index(x.shape[0])
    return components.total(i, components.of(x, (i, i)))


def _expand_dims(components: Components, node: Node, indices: tuple[str, ...]) -> Node:
    axis = node.parameters["axis"]
    return components.of(node.operands[0], tuple(index for a, index in enumerate(indices) if a not in axis))


_COMPONENTS: Mapping[str, Callable[[Components, Node, tuple[str, ...]], Node]] = {
    "matmul": _matmul, "sum": _reduced, "mean": _mean, "softmax": _softmax, "log_softmax": _log_softmax,
    "logsumexp": _logsumexp, "transpose": _transpose, "trace": _trace, "expand_dims": _expand_dims,
}  # fmt: skip
