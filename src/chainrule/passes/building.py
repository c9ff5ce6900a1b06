"""The namespace F that rewrite rules build with: every node is shared with an equal one, and simplified as it is made.

A rule that looks at a whole sum or product sees it once, at its outermost node: the sums inside a sum are left for it.
So a sum of a thousand terms is gathered in one go, and time stays linear.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np

from chainrule.core.graph import Graph, Node, lift, topological
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.passes.equal import node_key
from chainrule.passes.rewrites import Rewrite, operation

__all__ = ["Building", "Observer"]

_Form = TypeVar("_Form")
Observer = Callable[[Rewrite, Node, Node], None]

_NESTING = 30  # how many rules may be under way inside each other: deeper is left as it is, and Python's stack is safe
_ROUNDS = 100  # how many rules may follow each other at one node: a bound, not a figure that terms reach
_REPEATABLE = 8  # how many signs of a shared sum or product may be written out again: keeps the result linear
_READ = 100  # nodes: in a longer formula the order of a term's letters is not looked for
_COMMUTATIVE = ("add", "multiply")
_SIZE_NAMES = ("N", "M", "K", "L")
_FAMILIES = {"sum": ("add", "subtract", "negative"), "product": ("multiply", "divide", "negative")}


class Building:
    """Builds nodes by the rules of one table.

    Args:
        table: the rules; at each node the first that applies is taken, and then again.
        graph: what is simplified: how often its nodes are used decides what may be written out again.
        author: the formula that the graph was made from: its sums stay as they are, and its letters give the order.
        naming: whether what a named node becomes has its name.

    Attributes:
        observe: called with each rule, what it was applied to and what it made of it, but for the rules that are
            applied while another one builds its result.
        knows_author: whether there is a formula of an author.
        passed_over: whether a term that is used in several places was left whole for that.
    """

    def __init__(
        self, table: Sequence[Rewrite], graph: Graph, author: Graph | None = None, naming: bool = False
    ) -> None:
        self.plain = _Plain(self)
        self._naming = naming
        self.passed_over = False
        self.observe: Observer | None = None
        self._table = table
        self._graph = graph
        self._rules: dict[Primitive, tuple[list[Rewrite], list[Rewrite]]] = {}
        self._nodes: dict[Any, Node] = {}
        self._known: dict[Node, Node] = {}
        self._first: dict[Any, Node] = {}
        self._forms: dict[Any, Any] = {}
        self._operations: dict[Node, int] = {}
        self._shared: set[Node] = set()
        self._nesting = 0
        self._inside = ""
        written = [] if author is None else topological(author.outputs)
        both = set(graph.inputs).intersection(written)
        named = iter([node for node in written if node in both])
        self._places = {next(named) if node in both else node: i for i, node in enumerate(graph.inputs)}
        self._rows = _rows(written)
        self._taken = {node.name for node in graph.nodes}
        self._sizes = _declared_sizes(graph)
        self._taken.update(node.name for node in self._sizes.values())
        self.knows_author = author is not None
        self._reads_author = False
        self._authored: set[Node] = set()
        if author is not None:
            new: dict[Node, Node] = {}
            self._reads_author = True
            self.sweep(new, author)
            self._reads_author = False
            self._authored.update(new.values())
            self.passed_over = False

    def __getattr__(self, name: str) -> Any:
        make = getattr(self.plain, name)

        def apply(*operands: Any, **parameters: Any) -> Node:
            return self.simplified(make(*operands, **parameters))

        setattr(self, name, apply)
        return apply

    def sweep(self, new: dict[Node, Node], graph: Graph | None = None) -> None:
        """Enter in `new` what becomes of each node of the graph, or of another one, operands first."""
        graph = graph or self._graph
        uses = _uses(graph)
        inside = _insides(graph, uses) if any(rule.whole for rule in self._table) else {}
        for node in graph.nodes:
            made = self._rebuilt(node, [new[operand] for operand in node.operands], inside.get(node, ""))
            new[node] = made
            if uses[node] > 1:
                self._shared.add(made)

    def simplified(self, node: Node) -> Node:
        """What the rules make of a node whose operands are simplified."""
        if node.primitive is None:
            return self.shared(node)
        found = self._found(node)
        if found is not None:
            return found
        if self._nesting >= _NESTING:
            return node
        partial = self._inside and node.primitive.name in _FAMILIES[self._inside]
        inside = self._inside
        self._inside = inside if partial else ""
        self._nesting += 1
        try:
            passed, final = self._rewritten(node, bool(partial))
        finally:
            self._nesting -= 1
            self._inside = inside
        if not partial:
            for known in (*passed, final):
                self._known[known] = final
        return final

    def looks_into(self, node: Node) -> bool:
        """Whether a rule may take a sum or product apart: one that is used elsewhere too only if it has few parts."""
        if node not in self._shared or self._is_short(node):
            return True
        self.passed_over = True
        return False

    def is_shared(self, node: Node) -> bool:
        """Whether a node is used in several places, and so is computed however it is written in one of them."""
        self.passed_over = self.passed_over or node in self._shared
        return node in self._shared

    def _is_short(self, node: Node) -> bool:
        members = _FAMILIES.get(_family(operation(node)), ())
        waiting, count = [node], 0
        while waiting and count <= _REPEATABLE:
            x = waiting.pop()
            if operation(x) in members:
                count += 1
                waiting += x.operands
        return count <= _REPEATABLE

    def operations(self, node: Node) -> int:
        """How many operations a node takes as it is written, with shared terms counted each time."""
        if node.primitive is None:
            return 0
        found = self._operations.get(node)
        if found is None:
            found = self._operations[node] = 1 + sum(self._operations.get(operand, 0) for operand in node.operands)
        return found

    def read(self, form: Callable[[Any, Node], _Form], node: Node) -> _Form:
        """The node in a form, read once."""
        found = self._forms.get((form, node))
        if found is None:
            found = self._forms[form, node] = form(self, node)
        return cast(_Form, found)

    def places(self, letters: Sequence[Node]) -> Mapping[Node, int]:
        """Where each letter stands: in the shortest term of the author that has them all, else among the inputs."""
        if self._reads_author:
            return {}
        if len(letters) > 1:
            for row in self._rows:
                if row.keys() >= set(letters):
                    return row
        return self._places

    def is_authored(self, node: Node) -> bool:
        """Whether the node stands in the formula as its author wrote it: all sums do while that is read."""
        return node in self._authored or (self._reads_author and _family(operation(node)) == "sum")

    def first(self, key: Any, node: Node) -> Node:
        """The node that was first entered with this key."""
        return self._first.setdefault(key, node)

    def size_letters(self, counts: Sequence[int], dtype: Any) -> list[Node]:
        """Constants that are written as letters and multiply to the size of some axes.

        Each size has the letter that it was declared with; without a declaration the product has one, N for the first.
        """
        if not all(count in self._sizes for count in counts):
            counts = [math.prod(counts)]
        for count in counts:
            if count not in self._sizes:
                free = [name for name in _SIZE_NAMES if name not in self._taken] or [f"N{len(self._sizes)}"]
                self._taken.add(free[0])
                self._sizes[count] = Node(None, (), {"value": count}, (), dtype, free[0])
        return [self._sizes[count] for count in counts]

    def shared(self, node: Node) -> Node:
        """The node, or one that is equal and was there before."""
        if node.primitive is not None:
            key = node_key(node.primitive, node.operands, node.parameters)
            found = self._nodes.setdefault(key, node)
            self.operations(found)
            self._name(found, node)
            return found
        if not node.is_constant or node.shape != ():
            return node
        value = node.parameters["value"]
        exact = repr(value) if isinstance(node.dtype, type) else np.asarray(value).tobytes()
        return self._nodes.setdefault((node.dtype, isinstance(node.dtype, type), exact, node.name), node)

    def _rebuilt(self, node: Node, operands: Sequence[Node], inside: str) -> Node:
        """The node with new operands, or what the rules make of it."""
        if node.primitive is None:
            return self.shared(node)
        node = self._with_operands(node, operands)
        self._inside = inside
        try:
            return self.simplified(node)
        finally:
            self._inside = ""

    def _name(self, found: Node, node: Node) -> None:
        """Hand the name on. While a graph is built its nodes are this namespace's own: `_with_operands` copies them."""
        if self._naming and node.name and not found.name and found.primitive is not None:
            found.name = node.name

    def _found(self, node: Node) -> Node | None:
        found = self._known.get(node)
        if found is None and node.primitive is not None and node.primitive.name in _COMMUTATIVE:
            other = self._nodes.get((node.primitive, node.operands[1], node.operands[0]))
            return None if other is None else self._known.get(other)
        return found

    def _rewritten(self, node: Node, partial: bool) -> tuple[list[Node], Node]:
        passed: list[Node] = []
        node = node if partial else self._completed(node)
        for _ in range(_ROUNDS):
            if node.primitive is None or self._known.get(node) is node:
                break
            for rule in self._rules_on(node.primitive)[partial]:
                made = rule.apply(self, node)
                found = None if made is None or made is node else self._alike(made, node)
                if found is not None and found is not node:
                    break
            else:
                break
            found = found if partial else self._completed(found)
            if self.observe is not None and self._nesting == 1:
                self.observe(rule, node, found)
            self._name(found, node)
            passed.append(node)
            node = found
        return passed, node

    def _completed(self, node: Node) -> Node:
        """The node with operands that are simplified, but for those that belong to its own sum or product."""
        name = operation(node)
        members = () if name == "negative" else _FAMILIES.get(_family(name), ())
        done: dict[Node, Node] = {}
        waiting = [node]
        while waiting:
            x = waiting[-1]
            inside = x is node or (operation(x) in members and x not in self._known)
            missing = [operand for operand in x.operands if operand not in done] if inside else []
            if missing:
                waiting += missing
                continue
            waiting.pop()
            done[x] = self._with_operands(x, [done[y] for y in x.operands]) if inside else self.simplified(x)
        return done[node]

    def _with_operands(self, node: Node, operands: Sequence[Node]) -> Node:
        same = all(new is old for new, old in zip(operands, node.operands, strict=True))
        if same and (node.primitive is None or not self._naming):
            return self.shared(node)
        return self.shared(
            Node(node.primitive, tuple(operands), node.parameters, node.shape, node.dtype, node.name, node.site)
        )

    def _alike(self, made: Node, node: Node) -> Node | None:
        """What a rule made, if it has the node's shape and dtype; a weak number is given the dtype."""
        if made.shape != node.shape:
            return None
        if made.dtype is float and node.dtype == np.float64 and not isinstance(node.dtype, type):
            return self._strong(made, node)
        return self.shared(made) if _same_dtype(made, node) else None

    def _strong(self, made: Node, like: Node) -> Node | None:
        """A term of weak numbers with the dtype of another node: its first number takes it. None if it has none."""
        if made.is_input:
            return made
        if made.primitive is None:
            value = np.asarray(made.parameters["value"], like.dtype)[()]
            return self.shared(Node(None, (), {"value": value}, (), like.dtype, made.name))
        # The first weak operand: that of where is not its condition. In 1/2 both are integers.
        weak = [x for x in made.operands if x.dtype is float]
        weak = weak or [x for x in made.operands if x.dtype is int and x.is_constant]
        strong = self._strong(weak[0], like) if weak else None
        if strong is None:
            return None
        place = made.operands.index(weak[0])
        operands = [strong if i == place else x for i, x in enumerate(made.operands)]
        return cast(Node, getattr(self.plain, made.primitive.name)(*operands, **made.parameters))

    def _rules_on(self, primitive: Primitive) -> tuple[list[Rewrite], list[Rewrite]]:
        found = self._rules.get(primitive)
        if found is None:
            rules = [rule for rule in self._table if rule.on(primitive)]
            found = self._rules[primitive] = rules, [rule for rule in rules if not rule.whole]
        return found


def _declared_sizes(graph: Graph) -> dict[int, Node]:
    """The letters of the inputs' declared shapes, by size."""
    sizes: dict[int, Node] = {}
    for node in graph.inputs:
        for letter, count in zip(node.parameters.get("sizes", ()), node.shape, strict=False):
            if letter:
                sizes[count] = Node(None, (), {"value": count}, (), int, letter)
    return sizes


def _rows(nodes: Sequence[Node]) -> list[Mapping[Node, int]]:
    """For each node of a formula that a person reads, the letters in it by their place, shorter ones first."""
    if len(nodes) > _READ:
        return []
    rows: dict[Node, dict[Node, int]] = {}
    for node in nodes:
        parts = (node,) if node.is_input else [letter for operand in node.operands for letter in rows[operand]]
        rows[node] = {letter: i for i, letter in enumerate(dict.fromkeys(parts))}
    return sorted(rows.values(), key=len)


class _Plain:
    """The namespace that builds nodes as they are: shared with equal ones, and no rule applied."""

    def __init__(self, build: Building) -> None:
        self._build = build

    def __getattr__(self, name: str) -> Any:
        primitive = primitives()[name]
        shared = self._build.shared

        def make(*operands: Any, **parameters: Any) -> Node:
            nodes = tuple([shared(lift(operand)) for operand in operands])
            shape, dtype = primitive.infer(nodes, parameters)
            return shared(Node(primitive, nodes, parameters, shape, dtype))

        setattr(self, name, make)
        return make


def _uses(graph: Graph) -> dict[Node, int]:
    uses = dict.fromkeys(graph.nodes, 0)
    for node in graph.nodes:
        for operand in node.operands:
            uses[operand] += 1
    for node in (*graph.outputs, *(guard.node for guard in graph.guards)):
        uses[node] += 1
    return uses


def _insides(graph: Graph, uses: Mapping[Node, int]) -> dict[Node, str]:
    """The sums that are used in a sum only, and the products in a product: "sum" or "product" for each."""
    user = {operand: node for node in graph.nodes for operand in node.operands}
    inside: dict[Node, str] = {}
    for node in reversed(graph.nodes):
        parent = user.get(node)
        if parent is None or uses[node] != 1:
            continue
        name = operation(parent)
        family = inside.get(parent) or ("" if name == "negative" else _family(name))
        if family and operation(node) in _FAMILIES[family]:
            inside[node] = family
    return inside


def _family(name: str) -> str:
    return next((family for family, members in _FAMILIES.items() if name in members), "")


def _same_dtype(x: Node, y: Node) -> bool:
    # A weak dtype promotes otherwise than the numpy.dtype it compares equal to.
    return bool(x.dtype == y.dtype) and isinstance(x.dtype, type) == isinstance(y.dtype, type)
