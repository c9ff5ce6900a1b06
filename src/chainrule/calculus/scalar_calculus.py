"""Derivatives of functions of numbers, by the rules of calculus or from the definition, each step verified."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import pending
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError, DerivationError
from chainrule.limits import LIMITS
from chainrule.passes.agreement import Agreement, Verifier
from chainrule.passes.agreement_in_floats import FloatVerifier, verifier_of
from chainrule.passes.by_rules import simplified, simplifying
from chainrule.passes.evaluate import evaluate, values_of
from chainrule.passes.first_principles import definition, from_definition, one_sided_limits
from chainrule.passes.letters import free_letters, in_other_letters
from chainrule.passes.named_steps import named_numbers
from chainrule.passes.reverse import reverse
from chainrule.passes.sealed import Seals
from chainrule.passes.stepwise import KNOWN, Application, Chain, applications, in_letters, replaced
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Inner, Part, Step
from chainrule.views.tree import DerivativeNotation

__all__ = ["ScalarMethod", "Scalars", "applied"]

ScalarMethod = Literal["rules", "limit", "graph"]
_QUOTIENTS = Rule("write as a quotient", "u^(-n) = 1 / u^n")
_TOGETHER = Rule("put together", "")
_SHORT = 5  # nodes: such a derivative needs no shorter form


def applied(
    made: Application,
    expression: Callable[[Node], Expression],
    evidence: Agreement,
    letters: Mapping[str, str],
    inner: Inner | None = None,
) -> Step:
    """The step that a rule of calculus makes.

    Args:
        made: the rule applied to a term.
        expression: how terms are written.
        evidence: that both sides are equal.
        letters: other letters for those of rules.
        inner: how the chain rule was used.
    """
    sides = in_letters(made)
    rule = made.rule
    whole = expression(made.before)
    if letters:
        statement, condition = (in_other_letters(text, letters) for text in (rule.statement, rule.condition))
        rule = replace(rule, statement=statement, condition=condition)
    return Step(
        rule,
        whole,
        expression(made.after),
        evidence,
        tuple((letter, expression(node)) for letter, node in made.letters),
        None if sides is None else (_beside(sides[0], whole), _beside(sides[1], whole)),
        inner,
        made.depth,
        made.elementary,
    )


def _beside(node: Node, line: Expression, inputs: tuple[Node, ...] = (), **options: Any) -> Expression:
    """What is written beside a line: where that has a variable named e, e^u is exp(u) here too."""
    return Expression(node, inputs, names={**{x: x.name for x in line.inputs}, **line.names}, **options)


class Scalars:
    """What all derivatives of one function of numbers share.

    Args:
        graph: of numbers only; it may have several outputs.
        point: values of its inputs by name, or none.
        method: by rules, from the definition, or "graph" for a step of a long graph: by rules, and no shorter form is
            looked for.
        called: what each output is called.
        named: whether steps are written as the names that their author gave them.

    Attributes:
        names: the parts of the function that are written as a name.
        large: whether it is too long to be repeated in each line.
    """

    def __init__(
        self,
        graph: Graph,
        point: Mapping[str, Any],
        method: ScalarMethod = "rules",
        called: Sequence[str] = ("f",),
        named: bool = True,
        verifier: Verifier | FloatVerifier | None = None,
    ) -> None:
        self.graph = graph
        self.point = point
        self.method = method
        self.verifier = verifier_of(graph, point) if verifier is None else verifier
        if method == "limit" and isinstance(self.verifier, FloatVerifier):
            raise ArgumentError(
                f"no derivation from the definition is known, as {self.verifier.why}\n"
                '  method="rules" takes the rule that was given for it'
            )
        taken = [*called, *(node.name for node in graph.inputs)]
        self.names: dict[Node, str] = {}
        self.large = False
        if named:
            self.names, self.large = named_numbers(graph.outputs, taken)
        known = {node.name for node in topological(graph.outputs) if node.primitive is None}
        # From the definition the steps are made with letters of their own.
        self.letters = {} if method == "limit" else free_letters({*taken, *known, *self.names.values()})
        self.seals = Seals(graph.inputs)
        self.known: dict[Node, dict[Node, Node]] = {}  # by the variable: derivatives that were taken before

    @property
    def notation(self) -> DerivativeNotation:
        return "partial" if len(self.graph.inputs) > 1 else "prime"

    def expression(self, node: Node) -> Expression:
        return Expression(node, self.graph.inputs, self.notation, dict(self.names), whole=not self.large)

    def derivatives(self, output: Node, name: str, by: Sequence[Node], order: int) -> Iterator[Part]:
        """The derivatives of one output by some inputs, then the derivatives of these, and so on."""
        terms: list[tuple[Node, tuple[str, ...]]] = [(output, ())]
        for _ in range(order):
            derived = []
            for (term, path), x in itertools.product(terms, by):
                part = self.part(term, x, (*path, x.name), name)
                derived.append((part.result.node, part.path))
                yield part
            terms = derived

    def part(self, term: Node, x: Node, path: tuple[str, ...], name: str) -> Part:
        """The derivative of a term by x, its steps verified."""
        LIMITS.check("derivation_nodes", len(topological([term])))
        known = self.known.setdefault(x, {})
        of = self.expression(term)
        if self.method == "limit":
            start, made = self._by_limit(term, x)
        else:
            made = applications(term, x, self.names, self.letters, known)
            first = next(made)
            start, made = first.before, itertools.chain([first], made)
        steps: list[Step] = []
        new: dict[Node, Node] = {}
        self._apply(made, steps, new)
        begun = self.expression(start)
        result = self._simplified(replaced(start, new), steps)
        itself = self._by_itself(term, result, name, self.graph.outputs) if self.method == "rules" else None
        if itself is not None:
            steps.append(itself)
            result = itself.after.node
            self.names[term] = name  # from here on, as the derivative is written in terms of it
            known[term] = result
        known |= {
            node: replaced(before, new)
            for before in new
            if (node := before.operands[0]) in self.names and node is not term and not self.large
        }
        backward = reverse(Graph(self.graph.inputs, (term,), self.graph.guards), [x]).outputs[0]
        evidence = self.verifier.equal(result, backward)
        self.verifier.equal(pending(term, x), result)
        value, note = self._value(term, backward)
        if note and self.method == "limit":
            value, note = self._limit_at_point(term, x, note)
        return Part(
            of, x, path, begun, tuple(steps), self.expression(result), evidence, value, name, note=note,
            by_term=self.large, instead=self.verifier.instead,
        )  # fmt: skip

    def _by_limit(self, term: Node, x: Node) -> tuple[Node, Iterator[Application]]:
        start, h = definition(term, x)
        self.verifier.stands_for(h, constant(0.0))
        return start, from_definition(term, x, start, h)

    def _apply(self, made: Iterator[Application], steps: list[Step], new: dict[Node, Node]) -> None:
        """Verify each application; a step of the author's whose derivative is taken gets it in terms of itself."""
        opened: list[Application] = []

        def close(depth: int) -> None:
            while opened and opened[-1].depth >= depth:
                before = opened.pop().before
                node = before.operands[0]
                result = self._in_names(replaced(before, new))
                itself = self._by_itself(node, result, self.names[node], ())
                if itself is not None:
                    steps.append(replace(itself, before=self.expression(before), simplifies=False))
                    new[before] = itself.after.node

        for application in made:
            close(application.depth)
            new[application.before] = application.after
            steps.append(self._step(application))
            inner = application.before.operands[0]
            if inner in self.names and application.rule is not KNOWN and self.method == "rules" and not self.large:
                opened.append(application)
        close(0)

    def _in_names(self, term: Node) -> Node:
        """A term simplified, its steps written as their names."""
        (shorter,) = simplified(Graph(self.graph.inputs, (self._sealed(term),)), self.graph).outputs
        return self.seals.opened(shorter)

    def _sealed(self, term: Node) -> Node:
        for node in self.names:
            self.seals.add(node)
        return self.seals.closed(term)

    def _step(self, made: Application) -> Step:
        inner = None if made.chain is None else self._inner(made.chain)
        evidence = self.verifier.equal(made.before, made.after)
        return applied(made, self.expression, evidence, self.letters, inner)

    def _inner(self, chain: Chain) -> Inner:
        taken = pending(chain.outer, chain.letter)
        self.verifier.stands_for(chain.letter, chain.inner)
        self.verifier.equal(taken, chain.derivative)
        line, by = self.expression(chain.inner), (chain.letter,)
        letter, outer, derivative = (_beside(node, line, by) for node in (chain.letter, chain.outer, chain.derivative))
        return Inner(letter, line, outer, _beside(taken, line, by, derivative="leibniz"), derivative)

    def _simplified(self, raw: Node, steps: list[Step]) -> Node:
        before = self.expression(raw)
        if self.large:
            # A large function keeps its named parts, which a rule of simplification would take apart.
            steps.append(Step(_TOGETHER, self.expression(steps[0].before.node), before, None, simplifies=True))
            return raw
        inside = self._sealed(raw)
        whole, rewritings = simplifying(Graph(self.graph.inputs, (inside,)), self.graph)
        shown = self._rewritten(before, whole, _QUOTIENTS, (inside, whole), steps)
        for rewriting in rewritings:
            rule = Rule(rewriting.rule.name, rewriting.rule.statement)
            whole = rewriting.after
            shown = self._rewritten(shown, whole, rule, (rewriting.part, rewriting.becomes), steps)
        return self.seals.opened(whole)

    def _rewritten(
        self, shown: Expression, whole: Node, rule: Rule, part: tuple[Node, Node], steps: list[Step]
    ) -> Expression:
        """The whole expression after a rewriting, with a step for it if it is seen."""
        after = self.expression(self.seals.opened(whole))
        part = self.seals.opened(part[0]), self.seals.opened(part[1])
        evidence = self.verifier.equal(*part)
        if after.text() == shown.text():
            return shown
        written = self.expression(part[0]), self.expression(part[1])
        steps.append(Step(rule, shown, after, evidence, elementary=True, simplifies=True, part=written))
        return after

    def _by_itself(self, term: Node, result: Node, name: str, outputs: Sequence[Node]) -> Step | None:
        """The derivative in terms of the function, as in s' = s (1 - s), where it is shorter so."""
        shown = self.expression(result)
        nodes = topological([self._sealed(result)])
        if self.large or term in topological([result]) or len(nodes) <= _SHORT or (outputs and term not in outputs):
            return None
        F = building
        square = F.square(term)
        for form in (F.multiply(term, F.subtract(1.0, term)), F.subtract(1.0, square), F.add(1.0, square), term):
            try:
                evidence = self.verifier.equal(result, form)
            except DerivationError:
                continue
            of = "the function" if outputs else name
            written = Expression(form, self.graph.inputs, self.notation, self.names | {term: name})
            return Step(Rule(f"in terms of {of} itself", ""), shown, written, evidence, simplifies=True)
        return None

    def _value(self, term: Node, backward: Node) -> tuple[Any, str]:
        """The value that the engine gives at the point, and what is special there: a kink, no value at all."""
        if not self.point:
            return None, ""
        given = [np.float64(self.point[node.name]) for node in self.graph.inputs]
        place = ", ".join(f"{name} = {value:.6g}" for name, value in self.point.items())
        with np.errstate(all="ignore"):
            values = values_of(Graph(self.graph.inputs, (term,)), given)
            if not np.isfinite(values[term]):
                return None, f"the function has no finite value at {place}"
            slope = evaluate(Graph(self.graph.inputs, (backward,)), *given)[0]
            note = next((text for node, value in values.items() if (text := _kink(node, value, values))), "")
        return (None, note or f"the derivative is not defined at {place}") if np.isnan(slope) else (slope, note)

    def _limit_at_point(self, term: Node, x: Node, note: str) -> tuple[Any, str]:
        """The limit of the difference quotient at a point that is special, or why there is none."""
        left, right = one_sided_limits(term, x, self.graph.inputs, self.point)
        if left == right or math.isclose(left, right, rel_tol=1e-9):
            return left, note if math.isinf(left) else ""
        if math.isnan(left) and math.isnan(right):
            return None, note
        sides = ("undefined" if math.isnan(side) else f"{side:.6g}" for side in (left, right))
        return None, "the limit does not exist: from the left it is {}, from the right {}".format(*sides)


def _kink(node: Node, value: Any, values: Mapping[Node, Any]) -> str:
    """What a node's operation says of the point where it has no single derivative; "" elsewhere."""
    if node.primitive is None:
        return ""
    operands = [values[operand] for operand in node.operands]
    kinks = node.primitive.domain.kinks
    return next((kink.text for kink in kinks if np.any(kink.where(value, *operands, **node.parameters))), "")
