"""A derivation by the graph: forward pass, local derivatives, backward pass, and the sum over the paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import pending
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.limits import LIMITS
from chainrule.passes.agreement import Verifier
from chainrule.passes.agreement_in_floats import FloatVerifier
from chainrule.passes.by_rules import simplified
from chainrule.passes.evaluate import evaluate
from chainrule.passes.paths import path_counts, paths
from chainrule.passes.reverse import pull, records_of
from chainrule.passes.steps import StepGraph, steps_of
from chainrule.passes.stepwise import replaced
from chainrule.views.derivation.both_passes import BothPasses, Computed, Gradient, Local, Path, Paths
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Part, Step
from chainrule.views.derivation.words import number
from chainrule.views.passes_table import is_float

__all__ = ["Derive", "derivation_by_paths"]

# The derivative of a step by one of its sources, with the values of all its sources, where there are any.
Derive = Callable[[Graph, Node, Mapping[str, Any]], Part]

_BACKWARD = Rule("chain rule", "the sum, over what uses it, of the gradient there times the local derivative")
_OUTPUT = Rule("the output by itself", "")
_PATHS = Rule("sum over paths", "the sum, over the paths, of the product of the local derivatives along each")
_SIMPLIFY = Rule("simplify", "")
_LISTED = 32  # paths from one input: more are counted only
_LARGE = 40  # steps: from here on gradients within are compared with the reverse pass, not each with differences


def derivation_by_paths(
    graph: Graph,
    by: Sequence[Node],
    point: Mapping[str, Any],
    detail: Detail,
    verifier: Verifier | FloatVerifier,
    derive: Derive,
) -> Derivation:
    """The derivatives of a graph's output as the sums over its paths.

    Args:
        graph: a graph of scalars with one output.
        by: the inputs to differentiate by.
        point: the values of all inputs by name, or none.
        detail: how much of it is shown.
        verifier: of this graph.
        derive: takes a local derivative.
    """
    LIMITS.check("derivation_nodes", len(topological(graph.outputs)))
    return _BothPasses(graph, tuple(by), point, verifier, derive).derivation(detail)


@dataclass(frozen=True, eq=False)
class _BothPasses:
    graph: Graph
    by: tuple[Node, ...]
    point: Mapping[str, Any]
    verifier: Verifier | FloatVerifier
    derive: Derive

    def derivation(self, detail: Detail) -> Derivation:
        forward = tuple(self._computed(step) for step in self.steps)
        backward = tuple(self._gradient(node) for node in reversed(self.users))
        found = tuple(self._paths(x) for x in self.by)
        passes = BothPasses(forward, tuple(self.locals.values()), backward, found)
        parts = tuple(paths.part for paths in found)
        within = {node: name for node, name in self.names.items() if not node.is_input and node is not self.output}
        formula = Expression(self.output, self.graph.inputs, "leibniz", whole=False)
        return Derivation(
            self.graph, formula, self.names[self.output], parts, detail, within, self.point, passes=passes,
        )  # fmt: skip

    @property
    def output(self) -> Node:
        return self.graph.outputs[0]

    @cached_property
    def steps(self) -> list[StepGraph]:
        named = self.graph if self.graph.name.isidentifier() else replace(self.graph, name="f")
        return steps_of(named, self.output)

    @cached_property
    def names(self) -> dict[Node, str]:
        named = {node: node.name for node in self.graph.inputs} | {step.node: step.name for step in self.steps}
        return {self.output: "f"} | named

    @cached_property
    def users(self) -> dict[Node, list[Node]]:
        """The nodes between the inputs and the output, each with the steps that use it."""
        users: dict[Node, list[Node]] = {node: [] for node in self.by if is_float(node)}
        for step in self.steps:
            moving = [source for source in step.sources if source in users]
            if moving and is_float(step.node):
                for source in moving:
                    users[source].append(step.node)
                users[step.node] = []
        counts = path_counts(users, self.output)
        return {
            node: [user for user in used if counts[user]]
            for node, used in users.items()
            if counts[node] or node in self.by
        }

    @cached_property
    def locals(self) -> dict[tuple[Node, Node], Local]:
        """The local derivative of each step by each of its sources."""
        locals = {}
        for step in self.steps:
            for letter, source in zip(step.graph.inputs, step.sources, strict=True):
                self.verifier.stands_for(letter, source)
            for letter, source in zip(step.graph.inputs, step.sources, strict=True):
                if step.node in self.users.get(source, ()):
                    locals[step.node, source] = self._local(step, letter)
        return locals

    def _local(self, step: StepGraph, letter: Node) -> Local:
        at = {self.names[source]: self.values[source] for source in step.sources} if self.point else {}
        part = self.derive(step.graph, letter, at)
        own: dict[Node, Node] = dict(zip(step.graph.inputs, step.sources, strict=True))
        own[step.graph.outputs[0]] = step.node
        result = self._expression(replaced(part.result.node, own, inside=False))
        return Local(part, result, part.value)

    def _expression(self, node: Node, without: Node | None = None) -> Expression:
        names = {other: name for other, name in self.names.items() if other is not without and not other.is_input}
        return Expression(node, self.graph.inputs, "leibniz", names)

    @cached_property
    def values(self) -> dict[Node, Any]:
        if not self.point:
            return {}
        nodes = list(self.names)
        given = [np.float64(self.point[node.name]) for node in self.graph.inputs]
        with np.errstate(all="ignore"):
            return dict(zip(nodes, evaluate(Graph(self.graph.inputs, tuple(nodes)), *given), strict=True))

    def _computed(self, step: StepGraph) -> Computed:
        name = Expression(Node(None, (), {"name": step.name}, (), float, step.name), ())
        return Computed(name, self._expression(step.node, without=step.node), self.values.get(step.node))

    @cached_property
    def symbols(self) -> dict[Node, Expression]:
        """The derivative of the output by each node, to be taken: of the output as a function of this node alone."""
        symbols = {}
        for node in self.users:
            if node.is_input:
                letter, function = node, self.output
            else:
                letter = Node(None, (), {"name": self.names[node]}, (), node.dtype, self.names[node])
                self.verifier.stands_for(letter, node)
                function = replaced(self.output, {node: letter}, inside=False) if self._by_differences else self.output
            symbols[node] = Expression(
                pending(function, letter), self.graph.inputs, "leibniz", {function: self.names[self.output]}
            )
        return symbols

    @cached_property
    def _by_differences(self) -> bool:
        return len(self.users) <= _LARGE

    @cached_property
    def gradients(self) -> dict[Node, Node]:
        """The derivative of the output by each node, from the local derivatives."""
        gradients: dict[Node, Node] = {}
        for node in reversed(self.users):
            products = [
                building.multiply(gradients[user], self.locals[user, node].result.node) for user in self.users[node]
            ]
            gradients[node] = constant(1.0) if node is self.output else _sum(products)
        return gradients

    @cached_property
    def cotangents(self) -> dict[Node, Node]:
        """The same from the reverse pass."""
        records = records_of(self.graph, self.by)
        nodes = {record: node for node, record in records.items()}
        found: dict[Node, Node] = {}
        if self.output in records:
            seeds = {records[self.output]: building.ones_like(self.output)}
            pull(list(records.values()), seeds, building, lambda record, g, *_: found.update({nodes[record]: g}))
        return found

    @cached_property
    def numbers(self) -> dict[Node, Any]:
        """The gradient at each node, at the point given."""
        numbers: dict[Node, Any] = {}
        with np.errstate(all="ignore"):
            for node in reversed(self.users) if self.point else ():
                products = [numbers[user] * self.locals[user, node].value for user in self.users[node]]
                numbers[node] = np.float64(1.0) if node is self.output else sum(products, np.float64(0.0))
        return numbers

    def _gradient(self, node: Node) -> Gradient:
        symbol = self.symbols[node]
        users = self.users[node]
        locals = [self.locals[user, node] for user in users]
        products = [
            building.multiply(self.symbols[user].node, local.result.node)
            for user, local in zip(users, locals, strict=True)
        ]
        after = constant(1.0) if node is self.output else _sum(products)
        names = {name: text for user in users for name, text in self.symbols[user].names.items()}
        expression = self._expression(after)
        expression = replace(expression, names={**expression.names, **names})
        if self._by_differences:
            evidence = self.verifier.equal(symbol.node, after)
        else:
            evidence = self.verifier.equal(self.cotangents.get(node, constant(0.0)), self.gradients[node])
        rule = _OUTPUT if node is self.output else _BACKWARD
        if not self.point:
            return Gradient(Step(rule, symbol, expression, evidence), None, None)
        factors = [[self.numbers[user], local.value] for user, local in zip(users, locals, strict=True)]
        shown = None if node is self.output else _numeral(_sum([_product(pair) for pair in factors]))
        return Gradient(Step(rule, symbol, expression, evidence), shown, self.numbers[node])

    def _paths(self, x: Node) -> Paths:
        count = path_counts(self.users, self.output)[x]
        listed = tuple(map(self._path, paths(self.users, x, self.output))) if count <= _LISTED else ()
        symbol = self.symbols[x]
        start = replace(symbol, names={**self._expression(self.output).names, **symbol.names}, whole=False)
        total = _sum([path.product.node for path in listed]) if count <= _LISTED else self.gradients[x]
        # With too many paths the gradients that they share are written once.
        expression = replace(self._expression(total), whole=count <= _LISTED)
        steps = [Step(_PATHS, start, expression, self.verifier.equal(start.node, total))]
        simpler = self._simplified(expression)
        if simpler.text() != expression.text():
            equal = self.verifier.equal(total, simpler.node)
            steps.append(Step(_SIMPLIFY, expression, simpler, equal, elementary=True, simplifies=True))
            expression = simpler
        evidence = self.verifier.equal(expression.node, self.cotangents.get(x, constant(0.0)))
        part = Part(
            self._expression(self.output, without=self.output), x, (x.name,), start, tuple(steps), expression, evidence,
            self.numbers.get(x), self.names[self.output], instead=self.verifier.instead,
        )  # fmt: skip
        shown = _numeral(_sum([_rounded(path.value) for path in listed])) if self.point and listed else None
        return Paths(part, count, listed, shown)

    def _path(self, nodes: tuple[Node, ...]) -> Path:
        along = [self.locals[user, source] for source, user in pairwise(nodes)][::-1]
        names = tuple(Expression(Node(None, (), {}, (), float, self.names[node]), ()) for node in nodes)
        factors = [local.result.node for local in along if not _is_one(local.result.node)]
        product = self._expression(reduce(building.multiply, factors or [constant(1.0)]))
        if not self.point:
            return Path(names, product, None, None)
        values = [local.value for local in along]
        return Path(names, product, _numeral(_product(values)), np.prod(values, dtype=float))

    def _simplified(self, expression: Expression) -> Expression:
        """The sum simplified: in the names of the steps, where their author gave them one or it is large without."""
        if not any(step.node.name for step in self.steps) and len(topological([self.output])) <= _LARGE:
            (shorter,) = simplified(Graph(self.graph.inputs, (expression.node,)), self.graph).outputs
            return Expression(shorter, self.graph.inputs, "leibniz")
        letters = {
            node: Node(None, (), {"name": name}, (), node.dtype, name) for node, name in expression.names.items()
        }
        inside = replaced(expression.node, letters, inside=False)
        (shorter,) = simplified(Graph((*letters.values(), *self.graph.inputs), (inside,)), self.graph).outputs
        back = {letter: node for node, letter in letters.items()}
        return replace(expression, node=replaced(shorter, back, inside=False))


def _is_one(node: Node) -> bool:
    return bool(node.is_constant and not node.shape and node.parameters["value"] == 1)


def _sum(terms: Sequence[Node]) -> Node:
    return reduce(building.add, terms) if terms else constant(0.0)


def _product(values: Sequence[Any]) -> Node:
    return reduce(building.multiply, map(_rounded, values)) if values else constant(1.0)


def _rounded(value: Any) -> Node:
    """A number of a table: six digits of it, and no minus before 0."""
    return constant(float(number(value)) + 0.0)


def _numeral(node: Node) -> Expression:
    return Expression(node, ())
