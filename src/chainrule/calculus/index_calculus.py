"""The gradient of a scalar function of arrays, derived by index: component by component, by the rules for scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from chainrule.calculus.matrix_calculus import by_differentials, sizes_of
from chainrule.calculus.scalar_calculus import applied
from chainrule.core.derivative import Custom
from chainrule.core.graph import Graph, Node, constant
from chainrule.core.notation import Subscript
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise
from chainrule.errors import LimitError
from chainrule.limits import LIMITS
from chainrule.passes.agreement import Agreement, Verifier
from chainrule.passes.agreement_in_floats import multiplications
from chainrule.passes.index_notation import Components
from chainrule.passes.letters import free_letters
from chainrule.passes.rewrites import VALUE_SAFE, operation
from chainrule.passes.simplify import rewrite, simplify
from chainrule.passes.standard_forms import standard_forms
from chainrule.passes.stepwise import applications, replaced
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Part, Step

__all__ = ["by_index"]

_COMPONENTS = Rule("by components", "(X w)_i = sum_k X_ik w_k")
_KRONECKER = Rule("Kronecker's delta leaves one summand", "sum_k u_k delta_kj = u_j")
_SIMPLIFY = Rule("constant factors in front of the sums", "sum_i c u_i = c sum_i u_i")
_MATRIX_FORM = Rule("in matrix form", "(A^T r)_j = sum_i A_ij r_i")


def by_index(
    graph: Graph, by: Sequence[Node], detail: Detail, point: Mapping[str, Any], sizes: Mapping[int, str] | None = None
) -> Derivation:
    """The gradients of a scalar function of arrays by index.

    Args:
        graph: of one scalar output; made by `prepared`.
        by: inputs of it.
        detail: how much is shown.
        point: values of the inputs by name, or nothing.
        sizes: letters for sizes; without it those that were declared.

    Raises:
        DerivationError: a step could not be verified, or an operation has no form by index.
        LimitError: the arrays are too large to be checked to 30 digits.
    """
    count = multiplications(graph)
    if count > LIMITS.exact_multiplications:
        raise LimitError(
            f"the limit exact_multiplications = {LIMITS.exact_multiplications:,} was hit: this function takes "
            f"{count:,}, and depends on its sizes, so that no smaller arrays can stand for these\n"
            "  method='rules' checks its lines in floats"
        )
    whole = by_differentials(graph, by, detail, point)
    verifier = Verifier(graph, start=point or None)
    parts = tuple(_Work(graph, verifier, whole, part, sizes or sizes_of(graph)).part() for part in whole.parts)
    return Derivation(graph, whole.formula, whole.name, parts, detail, whole.names, point)


_ROUNDS = 3  # sums inside each other that have a delta each


_COMPONENT = Primitive(
    "component", lambda array, *indices: array[indices], elementwise, Custom(reason="it is written only"), Subscript()
)


@dataclass(frozen=True, eq=False)
class _Work:
    """What the steps of one gradient share.

    Attributes:
        graph: the function.
        verifier: of its terms.
        whole: the derivation by differentials.
        gradient: the part of it by the same variable.
        sizes: the letters of sizes.
    """

    graph: Graph
    verifier: Verifier
    whole: Derivation
    gradient: Part
    sizes: Mapping[int, str]
    directions: dict[Any, Node] = field(default_factory=dict)

    def part(self) -> Part:
        """The derivative by one component, step by step."""
        x, output = self.gradient.by, self.graph.outputs[0]
        components = Components(x, [node.name for node in self.graph.inputs], self.sizes)
        for _, form in standard_forms(output):
            output = form
        term = components.of(output)
        letters = free_letters({node.name for node in self.graph.inputs})
        made = list(applications(term, components.variable, letters=letters))
        start = made[0].before

        def expression(node: Node) -> Expression:
            return self._expression(components, node)

        steps = [
            applied(step, expression, self._evidence(components, step.before, step.after), letters) for step in made
        ]
        line = replaced(start, {step.before: step.after for step in made})
        for rule, after in self._forms(components, line):
            steps.append(self._step(components, rule, line, after))
            line = after
        name = self.whole.name
        steps.append(self._matrix_form(components, line))
        return Part(
            self._expression(components, term), components.variable, (components.variable.name,),
            self._expression(components, start), tuple(steps), self.gradient.result, self.gradient.evidence,
            self.gradient.value, name, whole=x,
        )  # fmt: skip

    def _forms(self, components: Components, line: Node) -> Iterator[tuple[Rule, Node]]:
        """The lines after the derivatives are taken: deltas collapsed, factors in front."""
        collapsed = _plain(line)
        for _ in range(_ROUNDS):  # a sum that is left may have another delta
            collapsed = _plain(components.collapsed(collapsed))
        if self._text(components, collapsed) != self._text(components, line):
            yield _KRONECKER, collapsed
        final = _numbers_in_front(_simplified(components.factors_out(_simplified(collapsed))))
        if self._text(components, final) != self._text(components, collapsed):
            yield _SIMPLIFY, final

    def _step(self, components: Components, rule: Rule, before: Node, after: Node) -> Step:
        return Step(
            rule,
            self._expression(components, before),
            self._expression(components, after),
            self._evidence(components, before, after),
            simplifies=True,
        )

    def _matrix_form(self, components: Components, line: Node) -> Step:
        """The last line as a component of the gradient."""
        gradient = self.gradient.result
        evidence = None
        for place, direction in self._places(components):
            entry = building.getitem(gradient.node, pattern=tuple(place[index] for index in components.free))
            before = components.instance(line, place, direction)
            evidence = self.verifier.equal(before, entry if components.free else gradient.node)
        shown = gradient
        if components.free:
            letters = tuple(Node(None, (), {"name": index}, (), int, index) for index in components.free)
            shown = replace(gradient, node=Node(_COMPONENT, (gradient.node, *letters), {}, (), gradient.node.dtype))
        return Step(_MATRIX_FORM, self._expression(components, line), shown, evidence, simplifies=True)

    def _evidence(self, components: Components, before: Node, after: Node) -> Agreement:
        """That two terms are equal for some values of their free indices."""
        found = [
            self.verifier.equal(*(components.instance(term, place, direction) for term in (before, after)))
            for place, direction in self._places(components)
        ]
        return min(found, key=lambda agreement: agreement.digits)

    def _places(self, components: Components) -> Iterator[tuple[Mapping[str, int], Node]]:
        """Values of all indices, and the unit array whose only component is that of the variable."""
        for place in components.places:
            unit = np.zeros(components.x.shape)
            unit[tuple(place[index] for index in components.free)] = 1.0
            yield place, self.directions.setdefault(tuple(place.items()), constant(unit))

    def _expression(self, components: Components, node: Node) -> Expression:
        return Expression(node, self.graph.inputs, "partial", components.names)

    def _text(self, components: Components, node: Node) -> str:
        return self._expression(components, node).text()


def _simplified(term: Node) -> Node:
    return simplify(Graph((), (term,)), for_view=True).outputs[0]


def _plain(term: Node) -> Node:
    """The term without zeros and ones; its numbers stay as they are written."""
    return rewrite(Graph((), (term,)), VALUE_SAFE[1:]).outputs[0]


def _numbers_in_front(term: Node) -> Node:
    """A product with its numbers and sizes as one factor in front: -(2/N) s for -2 s/N."""
    numbers, rest = _split(term)
    if numbers is None or rest is None:
        return term
    front = _simplified(numbers)
    if operation(front) == "negative":
        return building.negative(building.multiply(front.operands[0], rest))
    return building.multiply(front, rest)


def _split(term: Node) -> tuple[Node | None, Node | None]:
    """The numbers of a product, and its other factors; None for neither."""
    if term.is_constant:
        return term, None
    name = operation(term)
    if name == "negative":
        numbers, rest = _split(term.operands[0])
        return building.negative(constant(1.0) if numbers is None else numbers), rest
    if name not in ("multiply", "divide"):
        return None, term
    (number, rest), (other, second) = (_split(operand) for operand in term.operands)
    apply = getattr(building, name)
    if name == "divide" and second is not None:
        return None, term
    joined = number if other is None else apply(constant(1.0) if number is None else number, other)
    if rest is None or second is None:
        return joined, second if rest is None else rest
    return joined, apply(rest, second)
