"""A function of arrays derived by differentials: dL = g^T dw and so dL/dw = g; of a vector df = J dw and df/dw = J."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import is_pending, pending
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError
from chainrule.limits import LIMITS
from chainrule.passes.agreement import Agreement, Verifier
from chainrule.passes.agreement_in_floats import FloatVerifier, verifier_of
from chainrule.passes.columns import inner_product, with_ones
from chainrule.passes.differentials import change_of, differentials, rule_in_letters
from chainrule.passes.evaluate import evaluate
from chainrule.passes.identities import Identity, sides
from chainrule.passes.jacobian_matrix import identity_matrix, jacobian_matrix, without_diagonals, zero_matrix
from chainrule.passes.letters import free_letters, free_name, in_other_letters
from chainrule.passes.loop_in_letters import step_in_letters
from chainrule.passes.named_steps import named_steps, with_size_letters
from chainrule.passes.reverse import reverse
from chainrule.passes.sealed import Seals
from chainrule.passes.simplify import rewrite
from chainrule.passes.special_cases import special_cases
from chainrule.passes.standard_forms import standard_forms
from chainrule.passes.stepwise import Application, replaced
from chainrule.passes.transposition import ELEMENTARY, gradient_moves
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.differential import Differential, SupposedForm
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Part, Step

__all__ = ["Gradient", "by_differentials", "prepared", "sizes_of"]

_CONSTANT = Rule("a constant or the variable itself", "dc = 0")
_AS_MATRIX = Rule("as a matrix times the change of the variable", "")
_SUPPOSED = {
    "symmetric": "for symmetric {}",
    "sums to 1": "where the components of {} sum to 1",
    "rows sum to 1": "where the rows of {} sum to 1",
}


def by_differentials(
    graph: Graph,
    by: Sequence[Node],
    detail: Detail,
    point: Mapping[str, Any],
    gradient: Gradient | None = None,
) -> Derivation:
    """The gradients of a scalar function of arrays, or the Jacobian matrices of a vector, by matrix rules.

    Args:
        graph: of one output, a scalar or a vector; made by `prepared`.
        by: inputs of it.
        detail: how much is shown.
        point: values of the inputs by name, or nothing.
        gradient: what the graph is, where it is the gradient of another.

    Raises:
        ArgumentError: of a vector, a variable is a matrix, or no matrix form of a part is known.
        DerivationError: a step could not be verified.
    """
    output = graph.outputs[0]
    for x in by if output.ndim else ():
        if x.ndim > 1 or (output.ndim > 1 and x.ndim):
            raise ArgumentError(
                f"the derivative of a value of shape {output.shape} by {x.name} of shape {x.shape} is no matrix\n"
                "  take a number of it, such as v^T f or sum(f), whose gradient is derived"
            )
    verifier = verifier_of(graph, point, max(x.shape[0] if x.ndim and output.ndim else 1 for x in by))
    standard = _standard(output)
    steps = {x: tuple(differentials(standard, change_of(x))) for x in by}
    name = _function_name(graph) if gradient is None else gradient.name
    names = _names(graph, standard, [_line(found) for found in steps.values() if found], name, gradient)
    work = (_Jacobians if output.ndim else _Gradients)(graph, verifier, name, point, names, gradient)
    parts = tuple(work.part(x, found) for x, found in steps.items())
    return Derivation(graph, work.expression(output), name, parts, detail, names, point)


def prepared(graph: Graph) -> Graph:
    """The graph with equal parts shared, and with sizes that have a letter written so."""
    return with_size_letters(rewrite(graph, ()))


def _standard(term: Node) -> Node:
    forms = list(standard_forms(term))
    return forms[-1][1] if forms else term


def _function_name(graph: Graph) -> str:
    names = {node.name for node in graph.inputs}
    return free_name(("L", "f", "F", "loss")[graph.outputs[0].ndim > 0 :], names)


def sizes_of(graph: Graph) -> dict[int, str]:
    """The letters of the declared sizes."""
    sizes: dict[int, str] = {}
    for node in graph.inputs:
        for letter, count in zip(node.parameters.get("sizes", ()), node.shape, strict=False):
            if letter:
                sizes[count] = letter
    return sizes


def _letters(terms: Sequence[Node]) -> dict[int, str]:
    """The letters that sizes have got in some terms."""
    named = [node for node in topological(terms) if node.is_constant and node.name and not node.ndim]
    return {node.parameters["value"]: node.name for node in named if isinstance(node.parameters["value"], int)}


def _names(
    graph: Graph, output: Node, lines: Sequence[Node], function: str, gradient: Gradient | None
) -> dict[Node, str]:
    """Names of the forward steps that stand in the differentials."""
    taken = [function, *sizes_of(graph).values(), *(node.name for node in graph.inputs)]
    names: dict[Node, str] = {} if gradient is None else dict(gradient.names)
    for line in lines:
        found = named_steps(output, line, [*taken, *names.values()], gradient is not None)
        names |= {node: name for node, name in found.items() if node not in names}
    order = {node: i for i, node in enumerate(topological(list(names)))}
    return dict(sorted(names.items(), key=lambda item: order[item[0]]))


def _line(steps: Sequence[Application]) -> Node:
    """The differential with all steps applied."""
    return replaced(steps[0].before, {step.before: step.after for step in steps})


def _with_letters(side: Node, letters: Mapping[str, str]) -> Node:
    """One side of a statement in other letters."""
    new = {
        node: Node(
            None, (), {**node.parameters, "name": letters[node.name]}, node.shape, node.dtype, letters[node.name]
        )
        for node in topological([side])
        if node.is_input and node.name in letters
    }
    return replaced(side, new, inside=False)


@dataclass(frozen=True, eq=False)
class Gradient:
    """That a graph is the gradient of another.

    Attributes:
        name: what it is called.
        names: the names of steps that were given before.
        backward: the gradient that the backward pass of the other gives, with the same inputs.
    """

    name: str
    names: Mapping[Node, str]
    backward: Node


@dataclass(frozen=True, eq=False)
class _Work(ABC):
    """What the derivatives of one function share."""

    graph: Graph
    verifier: Verifier | FloatVerifier
    function: str
    point: Mapping[str, Any]
    names: Mapping[Node, str]
    gradient: Gradient | None

    @cached_property
    def letters(self) -> dict[str, str]:
        """Other letters for those of the rules that the formula has itself."""
        used = {node.name for node in self.graph.inputs} | {self.function, *self.names.values()}
        return free_letters(used | {node.name for node in self.graph.nodes if node.is_constant})

    @property
    def backward(self) -> Node:
        """What the backward pass starts at: the function, as it was given."""
        return self.graph.outputs[0] if self.gradient is None else self.gradient.backward

    def expression(self, node: Node) -> Expression:
        return Expression(node, self.graph.inputs, "leibniz", self.names)

    def part(self, x: Node, steps: Sequence[Application]) -> Part:
        """The gradient by x: the steps of the differential, then the moves, each verified."""
        LIMITS.check("derivation_nodes", len(self.graph))
        output = self.graph.outputs[0]
        direction = (steps[0].before if steps else change_of(x)).operands[2]
        start = pending(output, x, direction)
        if not steps:
            slope = self._without_steps(x)
            step = self._step(_CONSTANT, start, self._applied_to(slope, direction), simplifies=True)
            return self._part(x, start, [step], slope)
        shown: list[Step] = []
        first = steps[0].before
        forms = list(standard_forms(output))
        before = start if forms else first
        start = before
        for rule, form in forms:
            after = first if form is forms[-1][1] else pending(form, x, direction)
            shown.append(self._step(rule, before, after, simplifies=True))
            before = after
        applied = [self._applied(step) for step in steps]
        shown += [step for step in applied if step.before.text() != step.after.text()]  # not d(x[0]) = dx[0]
        line = _line(steps)
        if any(is_pending(node) for node in topological([line])):
            moved, gradient = self._moved(line)
        else:  # all rules have left 0
            gradient = self._without_steps(x)
            moved = [self._step(_CONSTANT, line, self._applied_to(gradient, direction), simplifies=True)]
        return self._part(x, start, [*shown, *moved], gradient)

    def _applied(self, made: Application) -> Step:
        both = rule_in_letters(made)
        return self._step(
            made.rule, made.before, made.after, elementary=made.elementary, statement=both,
            letters=made.letters or step_in_letters(made.before.operands[0]),
            depth=made.depth,
        )  # fmt: skip

    @abstractmethod
    def _without_steps(self, x: Node) -> Node:
        """The derivative where nothing is to be done: the function is the variable itself, or constant."""

    @abstractmethod
    def _moved(self, line: Node) -> tuple[list[Step], Node]:
        """The steps from the differential to the derivative, and the derivative."""

    @abstractmethod
    def _applied_to(self, derivative: Node, direction: Node) -> Node:
        """The differential that a derivative stands for."""

    @abstractmethod
    def _checked(self, derivative: Node, x: Node) -> Agreement:
        """That the derivative is the one that the backward pass gives."""

    def _step(
        self,
        rule: Rule,
        before: Node,
        after: Node,
        statement: tuple[Node, Node] | None = None,
        letters: Sequence[tuple[str, Node]] = (),
        **options: Any,
    ) -> Step:
        evidence = self.verifier.equal(before, after)
        if self.letters:
            stated, supposed = (in_other_letters(text, self.letters) for text in (rule.statement, rule.condition))
            rule = Rule(rule.name, stated, condition=supposed)
            letters = [(self.letters.get(letter, letter), node) for letter, node in letters]
        both = None
        if statement is not None:
            names = {**{x: x.name for x in self.graph.inputs}, **self.names}
            left, right = (Expression(_with_letters(side, self.letters), (), names=names) for side in statement)
            both = left, right
        substitution = tuple((letter, self.expression(node)) for letter, node in letters)
        return Step(rule, self.expression(before), self.expression(after), evidence, substitution, both, **options)

    def _part(self, x: Node, start: Node, steps: Sequence[Step], gradient: Node) -> Part:
        output = self.graph.outputs[0]
        evidence = self._checked(gradient, x)
        direction = start.operands[2]
        self.verifier.equal(start, self._applied_to(gradient, direction))
        sizes = sizes_of(self.graph) or _letters([step.after.node for step in steps])
        named = "" if self.gradient is None else self.function
        differential = Differential(direction, sizes, tuple(self._forms(gradient)), named)
        return Part(
            self.expression(output), x, (x.name,), self.expression(start), tuple(steps), self.expression(gradient),
            evidence, self._value(gradient), self.function, differential, instead=self.verifier.instead,
        )  # fmt: skip

    def _forms(self, gradient: Node) -> Iterator[SupposedForm]:
        for case in special_cases(gradient, self.graph.inputs):
            evidence = self.verifier.equal(*case.both(gradient))
            words = _SUPPOSED[case.supposed].format(case.input.name)
            yield SupposedForm(words, self.expression(case.term), evidence)

    def _value(self, gradient: Node) -> Any:
        if not self.point:
            return None
        values = [np.asarray(self.point[node.name], float) for node in self.graph.inputs]
        with np.errstate(all="ignore"):
            return evaluate(Graph(self.graph.inputs, (without_diagonals(gradient),)), *values)[0]


class _Gradients(_Work):
    """Of a scalar: dL = g^T dw."""

    def _without_steps(self, x: Node) -> Node:
        if not x.ndim:
            return constant(float(self.graph.outputs[0] is x))
        return building.zeros_like(x)

    def _moved(self, line: Node) -> tuple[list[Step], Node]:
        """The moves that are seen in what is written, and the gradient."""
        letters = {
            node: Node(None, (), {"name": name}, node.shape, node.dtype, name) for node, name in self.names.items()
        }
        back = {letter: node for node, letter in letters.items()}
        shown: list[Step] = []
        gradient = None
        (dx,) = [node for node in topological([line]) if is_pending(node)]
        if line is dx:
            return [], constant(1.0)
        written = self.expression(line).text()
        for move in gradient_moves(replaced(line, letters, inside=False), dx, (*self.graph.inputs, *back)):
            after = replaced(move.after, back)
            text = self.expression(after).text()
            if text != written:
                both = sides(move.rule) if isinstance(move.rule, Identity) else None
                elementary = move.rule in ELEMENTARY
                shown.append(self._step(move.rule, line, after, simplifies=True, elementary=elementary, statement=both))
                written, line = text, after
            gradient = move.gradient
        assert gradient is not None  # the last move leaves dx only
        x = dx.operands[0]  # a part that was picked is put where it belongs in an array like dx: like x
        gradient = replaced(replaced(gradient, {dx: x}, inside=False), back)
        return shown, with_ones(gradient, x)

    def _applied_to(self, derivative: Node, direction: Node) -> Node:
        return inner_product(derivative, direction)

    def _checked(self, derivative: Node, x: Node) -> Agreement:
        backward = reverse(Graph(self.graph.inputs, (self.backward,), self.graph.guards), [x]).outputs[0]
        return self.verifier.equal(derivative, backward)


class _Jacobians(_Work):
    """Of a vector: df = J dw. In its lines the vector itself is written by its name."""

    def expression(self, node: Node) -> Expression:
        output = self.graph.outputs[0]
        itself = node is output or (is_pending(node) and node.operands[0] is output)
        names = self.names if itself or output.primitive is None else {**self.names, output: self.function}
        return Expression(node, self.graph.inputs, "leibniz", names)

    @property
    def _way_out(self) -> str:
        if self.gradient is None:
            return "take a number of it, such as v^T f, whose gradient is derived"
        return "cr.hessian(f) computes the second derivatives of any function"

    def _without_steps(self, x: Node) -> Node:
        output = self.graph.outputs[0]
        return identity_matrix(x.shape[0]) if output is x else zero_matrix((*output.shape, *x.shape))

    def _moved(self, line: Node) -> tuple[list[Step], Node]:
        seals = Seals(self.graph.inputs)
        for node in (*self.names, self.graph.outputs[0]):
            seals.add(node)
        (dx,) = [node for node in topological([line]) if is_pending(node)]
        complex_step = any(np.dtype(node.dtype).kind == "c" for node in topological([line]))
        if complex_step:
            raise ArgumentError(f"a Jacobian matrix is derived of steps with real numbers only\n  {self._way_out}")
        try:
            found, used = jacobian_matrix(seals.closed(line), dx, self.graph.inputs)
        except ArgumentError as error:
            raise ArgumentError(f"{error}\n  {self._way_out}") from error
        jacobian = seals.opened(found)
        after = self._applied_to(jacobian, dx)
        if self.expression(after).text() == self.expression(line).text():
            return [], jacobian
        rule = _AS_MATRIX
        if used:
            rule = Rule(", ".join(rule.name for rule in used), "; ".join(rule.statement for rule in used))
        return [self._step(rule, line, after, simplifies=True, stated=bool(used))], jacobian

    def _applied_to(self, derivative: Node, direction: Node) -> Node:
        if direction.ndim == 0:
            return building.multiply(derivative, direction)
        return building.matmul(derivative, direction)

    def _checked(self, derivative: Node, x: Node) -> Agreement:
        """Any combination of the rows, w^T J, is the gradient of w^T f."""
        output = self.backward
        weights = Node(None, (), {"name": "w"}, output.shape, output.dtype, "")
        total = building.sum(building.multiply(weights, output), axis=tuple(range(output.ndim)), keepdims=False)
        backward = reverse(Graph((*self.graph.inputs, weights), (total,), self.graph.guards), [x]).outputs[0]
        if x.ndim:
            return self.verifier.equal(building.matmul(weights, derivative), backward)
        product = building.multiply(weights, derivative)
        return self.verifier.equal(building.sum(product, axis=tuple(range(product.ndim)), keepdims=False), backward)
