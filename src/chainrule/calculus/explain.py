"""Derivations for users: `explain`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from chainrule.calculus.both_passes import derivation_by_paths
from chainrule.calculus.index_calculus import by_index
from chainrule.calculus.matrix_calculus import by_differentials, prepared
from chainrule.calculus.subject import function_and_point, variables_of
from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import pending
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError, DerivationError
from chainrule.limits import LIMITS
from chainrule.passes.agreement import Verifier
from chainrule.passes.by_rules import simplifying
from chainrule.passes.evaluate import evaluate, values_of
from chainrule.passes.first_principles import definition, from_definition, one_sided_limits
from chainrule.passes.reverse import reverse
from chainrule.passes.stepwise import Application, Chain, applications, in_letters, replaced
from chainrule.read.formula import parse
from chainrule.read.shapes import ShapesLike
from chainrule.views.derivation.derivation import DETAILS, Derivation
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Inner, Part, Step
from chainrule.views.tree import DerivativeNotation

__all__ = ["METHODS", "explain"]

Method = Literal["rules", "limit", "graph", "index"]
_QUOTIENTS = Rule("write as a quotient", "u^(-n) = 1 / u^n")
_TOGETHER = Rule("put together", "")
_ITSELF = Rule("in terms of the function itself", "")
_LARGE = 40  # operations: from here on a line is about one term, since the whole is too long to be repeated
_SHORT = 5  # nodes: such a derivative needs no shorter form
_NAMED = 6  # of so many operations a part of a large function gets a name


def explain(
    f: Callable[..., Any] | str,
    *args: Any,
    wrt: str | Sequence[str] | None = None,
    variables: Sequence[str] | str | None = None,
    shapes: ShapesLike | None = None,
    order: int = 1,
    method: Method = "rules",
    detail: Detail = "standard",
    at: Mapping[str, Any] | None = None,
) -> Derivation:
    """The derivative of f with the rules that lead to it, each named and each line verified.

    Each step is checked at several points to 30 digits, the derivatives in it by differences in more digits; the result
    is checked against the backward pass. A step that fails is never shown: it raises.

    The gradient of a function of arrays is derived by differentials: from dL, one rule at a time, to dL = g^T dw.

    Args:
        f: a formula, or an ordinary NumPy function, with one number as its value.
        args: of a function, the numbers at which it is followed; the values of its derivatives there are shown.
        wrt: the variable to differentiate by, or several. A function of one variable needs none.
        variables: of a formula, names that are variables whatever they look like, in the order of the arguments.
        shapes: of a formula, shapes of its variables, such as "X: N d, y: N, w: d".
        order: 1 for the derivative, 2 for the derivatives of the derivatives, and so on.
        method: "rules" for the rules of calculus, "limit" for the limit of the difference quotient, "graph" for the
            forward and the backward pass, with the sum over the paths; it takes all variables where `wrt` names none.
            "index" for functions of arrays, component by component.
        detail: "brief", "standard", or "every" for each single step.
        at: values of a formula's variables, at which its derivatives are shown.

    Returns:
        A `Derivation`; it prints as text.

    Raises:
        ArgumentError: there are several variables and `wrt` does not say which: they are listed. Or the method knows
            no step for a part of f, which is named.
        FormulaError: the formula cannot be read; the place is marked.
        DerivationError: a step could not be verified.

    >>> import chainrule as cr
    >>> print(cr.explain("x^2 exp(x)", at={"x": 1}))
    f(x) = x^2 e^x
    <BLANKLINE>
      f'(x) = (x^2 e^x)'
    1. product rule, (u v)' = u' v + u v', with u = x^2, v = e^x
            = (x^2)' e^x + x^2 (e^x)'
    2. power rule: (x^2)' = 2x
       derivative of the exponential: (e^x)' = e^x
            = 2x e^x + x^2 e^x
    3. simplify: factor out
            = e^x (2x + x^2)
      f'(1) = 8.15485
      checked: each step holds to 30 digits at 8 points or more, and the result is that of the backward pass
    """
    if detail not in DETAILS:
        raise ArgumentError(f"detail is {detail!r}: expected one of {', '.join(DETAILS)}")
    if method not in (*METHODS, *OF_ARRAYS):
        raise ArgumentError(f"method is {method!r}: expected one of {', '.join(dict.fromkeys([*METHODS, *OF_ARRAYS]))}")
    if not isinstance(order, int) or order < 1:  # type: ignore[redundant-expr]
        raise ArgumentError(f"order is {order!r}: expected 1 for the derivative, 2 for its derivative, and so on")
    LIMITS.check("derivation_order", order)
    if isinstance(f, str) and variables is None and shapes is None and wrt is not None and not parse(f).inputs:
        variables = wrt  # a constant is a function of whatever is asked for
    graph, point = function_and_point(f, args, variables, shapes, at)
    by = list(graph.inputs) if method == "graph" and wrt is None and graph.inputs else variables_of(graph, wrt)
    if any(node.shape for node in graph.nodes):
        return _of_arrays(graph, by, method, order, detail, point)
    if method == "index":
        raise ArgumentError(f"method {method!r} is for functions of arrays: declare shapes, or use 'rules'")
    verifier = Verifier(graph, start=point or None)
    if method == "graph":
        return _by_graph(graph, by, point, detail, order, verifier)
    LIMITS.check("derivations", sum(len(by) ** k for k in range(1, order + 1)))
    work = _Work(graph, verifier, _names(graph), point, method)
    parts: list[Part] = []
    terms: list[tuple[Node, tuple[str, ...]]] = [(graph.outputs[0], ())]
    for _ in range(order):
        derived = []
        for (term, path), x in itertools.product(terms, by):
            parts.append(work.part(term, x, (*path, x.name)))
            derived.append((parts[-1].result.node, (*path, x.name)))
        terms = derived
    formula = replace(work.expression(graph.outputs[0]), guards=graph.guards)
    return Derivation(graph, formula, "f", tuple(parts), detail, work.names, point)


def _by_graph(
    graph: Graph, by: Sequence[Node], point: Mapping[str, Any], detail: Detail, order: int, verifier: Verifier
) -> Derivation:
    if order > 1:
        raise ArgumentError(f'order is {order}: method="graph" takes first derivatives, method="rules" takes any')

    # Of a large function the steps are many, and none is looked at twice for a shorter form.
    rules: Method = "rules" if len(graph) <= _LARGE else "graph"

    def derive(step: Graph, source: Node, values: Mapping[str, Any]) -> Part:
        return _Work(step, verifier, {}, values, rules).part(step.outputs[0], source, (source.name,))

    return derivation_by_paths(graph, by, point, detail, verifier, derive)


def _of_arrays(
    graph: Graph, by: Sequence[Node], method: Method, order: int, detail: Detail, point: Mapping[str, Any]
) -> Derivation:
    if graph.outputs[0].shape:
        raise ArgumentError(f"the value has the shape {graph.outputs[0].shape}: expected one number, such as a loss")
    if order != 1 or method not in OF_ARRAYS:
        raise ArgumentError(f"a function of arrays is derived once, by method= {' or '.join(map(repr, OF_ARRAYS))}")
    return OF_ARRAYS[method](prepared(graph), by, detail, point)


def _names(graph: Graph) -> dict[Node, str]:
    """Names for the parts of a large function; none for a small one."""
    nodes = [node for node in topological(graph.outputs) if node.primitive is not None]
    if len(nodes) <= _LARGE:
        return {}
    taken = {node.name for node in graph.nodes}
    free = (name for i in itertools.count(1) if (name := f"u{i}") not in taken)
    names: dict[Node, str] = {}
    size: dict[Node, int] = {}
    for node in nodes:
        size[node] = 1 + sum(size.get(operand, 0) for operand in node.operands)
        if size[node] >= _NAMED and node is not graph.outputs[0]:
            names[node] = next(free)
            size[node] = 0
    return names


@dataclass(frozen=True, eq=False)
class _Work:
    """What all derivatives of one function share."""

    graph: Graph
    verifier: Verifier
    names: Mapping[Node, str]
    point: Mapping[str, Any]
    method: Method

    @property
    def notation(self) -> DerivativeNotation:
        return "partial" if len(self.graph.inputs) > 1 else "prime"

    def expression(self, node: Node, inputs: tuple[Node, ...] | None = None) -> Expression:
        return Expression(node, self.graph.inputs if inputs is None else inputs, self.notation, self.names)

    def part(self, term: Node, x: Node, path: tuple[str, ...]) -> Part:
        """The derivative of a term by x, its steps verified."""
        LIMITS.check("derivation_nodes", len(topological([term])))
        steps: list[Step] = []
        new: dict[Node, Node] = {}
        start, made = METHODS[self.method](term, x, self.verifier)
        for application in made:
            new[application.before] = application.after
            steps.append(self._step(application))
        raw = replaced(start, new)
        result = self._simplified(raw, steps)
        itself = self._by_itself(term, x, result)
        if itself is not None:
            steps.append(itself)
            result = itself.after.node
        backward = reverse(Graph(self.graph.inputs, (term,), self.graph.guards), [x]).outputs[0]
        evidence = self.verifier.equal(result, backward)
        self.verifier.equal(pending(term, x), result)
        value, note = self._value(term, backward)
        if note and self.method == "limit":
            value, note = self._limit_at_point(term, x, note)
        return Part(
            self.expression(term), x, path, self.expression(start), tuple(steps),
            self.expression(result) if itself is None else itself.after, evidence, value,
            note=note,
        )  # fmt: skip

    def _step(self, made: Application) -> Step:
        evidence = self.verifier.equal(made.before, made.after)
        sides = in_letters(made)
        return Step(
            made.rule,
            self.expression(made.before),
            self.expression(made.after),
            evidence,
            tuple((letter, self.expression(node)) for letter, node in made.letters),
            None if sides is None else (Expression(sides[0], ()), Expression(sides[1], ())),
            None if made.chain is None else self._inner(made.chain),
            made.depth,
            made.elementary,
        )

    def _inner(self, chain: Chain) -> Inner:
        taken = pending(chain.outer, chain.letter)
        self.verifier.stands_for(chain.letter, chain.inner)
        self.verifier.equal(taken, chain.derivative)
        letter, outer, derivative = (
            Expression(node, (chain.letter,)) for node in (chain.letter, chain.outer, chain.derivative)
        )
        return Inner(
            letter, self.expression(chain.inner), outer, Expression(taken, (chain.letter,), "leibniz"), derivative
        )

    def _simplified(self, raw: Node, steps: list[Step]) -> Node:
        before = self.expression(raw)
        if self.names:
            # A large function keeps its named parts, which a rule of simplification would take apart.
            steps.append(Step(_TOGETHER, self.expression(steps[0].before.node), before, None, simplifies=True))
            return raw
        whole, rewritings = simplifying(Graph(self.graph.inputs, (raw,)), self.graph)
        shown = self._rewritten(before, whole, _QUOTIENTS, (raw, whole), steps)
        for rewriting in rewritings:
            rule = Rule(rewriting.rule.name, rewriting.rule.statement)
            whole = rewriting.after
            shown = self._rewritten(shown, whole, rule, (rewriting.part, rewriting.becomes), steps)
        return whole

    def _rewritten(
        self, shown: Expression, whole: Node, rule: Rule, part: tuple[Node, Node], steps: list[Step]
    ) -> Expression:
        """The whole expression after a rewriting, with a step for it if it is seen."""
        after = self.expression(whole)
        evidence = self.verifier.equal(*part)
        if after.text() == shown.text():
            return shown
        written = self.expression(part[0]), self.expression(part[1])
        steps.append(Step(rule, shown, after, evidence, elementary=True, simplifies=True, part=written))
        return after

    def _by_itself(self, term: Node, x: Node, result: Node) -> Step | None:
        """The derivative in terms of the function, as in s' = s (1 - s), where it is shorter so."""
        nodes = topological([result])
        taken = any(node.name == "f" for node in self.graph.inputs)
        if self.names or taken or self.method != "rules" or term in nodes or len(nodes) <= _SHORT:
            return None
        F = building
        square = F.square(term)
        for form in (F.multiply(term, F.subtract(1.0, term)), F.subtract(1.0, square), F.add(1.0, square), term):
            try:
                evidence = self.verifier.equal(result, form)
            except DerivationError:
                continue
            written = Expression(form, self.graph.inputs, self.notation, {term: "f"})
            return Step(_ITSELF, self.expression(result), written, evidence, simplifies=True)
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


def _by_rules(term: Node, x: Node, verifier: Verifier) -> tuple[Node, Iterator[Application]]:
    made = applications(term, x)
    first = next(made)
    return first.before, itertools.chain([first], made)


def _by_limit(term: Node, x: Node, verifier: Verifier) -> tuple[Node, Iterator[Application]]:
    start, h = definition(term, x)
    verifier.stands_for(h, constant(0.0))
    return start, from_definition(term, x, start, h)


METHODS: dict[Method, Callable[[Node, Node, Verifier], tuple[Node, Iterator[Application]]]] = {
    "rules": _by_rules,
    "limit": _by_limit,
    "graph": _by_rules,  # what it takes by rules are the local derivatives
}

OF_ARRAYS: dict[Method, Callable[[Graph, Sequence[Node], Detail, Mapping[str, Any]], Derivation]] = {
    "rules": by_differentials,
    "index": by_index,
}
