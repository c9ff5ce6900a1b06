"""Derivations for users: `explain`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from chainrule.calculus.at_small_sizes import at_small_sizes
from chainrule.calculus.both_passes import derivation_by_paths
from chainrule.calculus.index_calculus import by_index
from chainrule.calculus.matrix_calculus import by_differentials, prepared
from chainrule.calculus.scalar_calculus import Scalars
from chainrule.calculus.second_differentials import by_second_differentials
from chainrule.calculus.subject import Subject, subject_of, variables_of
from chainrule.core.graph import Graph, Node
from chainrule.errors import ArgumentError
from chainrule.limits import LIMITS
from chainrule.passes.agreement_in_floats import verifier_of
from chainrule.read.shapes import ShapesLike
from chainrule.views.derivation.derivation import DETAILS, Derivation
from chainrule.views.derivation.record import Detail, Part

__all__ = ["METHODS", "explain"]

Method = Literal["rules", "limit", "graph", "index"]
METHODS: tuple[Method, ...] = ("rules", "limit", "graph", "index")
_LARGE = 40  # operations of a function: of so many steps none is looked at twice for a shorter form


def explain(
    f: Callable[..., Any] | str | Sequence[str],
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

    The gradient of a function of arrays is derived by differentials: from dL, one rule at a time, to dL = g^T dw. Of
    several values, or of a vector, all derivatives are taken: they are the entries of the Jacobian matrix. With order=2
    the gradient by a vector is derived again: dg = H dw has the Hessian matrix H.

    Args:
        f: a formula, several in a list or as "(x y, x + y)", or an ordinary NumPy function. Its value is a number, a
            vector, or several numbers.
        args: of a function, the numbers or arrays at which it is followed; the values of its derivatives there are
            shown.
        wrt: the variable to differentiate by, or several. A function of one variable needs none, nor does a formula
            that names it: f(t) = A e^(-k t). One of several values takes all.
        variables: of a formula, names that are variables whatever they look like, in the order of the arguments.
        shapes: of a formula, shapes of its variables, such as "X: N d, y: N, w: d".
        order: 1 for the derivative, 2 for the derivatives of the derivatives, and so on; 1 or 2 for functions of
            arrays.
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
    for value, known, what in ((detail, DETAILS, "detail"), (method, METHODS, "method")):
        if value not in known:
            raise ArgumentError(f"{what} is {value!r}: expected one of {', '.join(known)}")
    if not isinstance(order, int) or isinstance(order, bool) or order < 1:  # type: ignore[redundant-expr]
        raise ArgumentError(f"order is {order!r}: expected 1 for the derivative, 2 for its derivative, and so on")
    LIMITS.check("derivation_order", order)
    subject = subject_of(f, args, variables, shapes, at, wrt)
    if wrt is None and len(subject.arguments) == 1:
        wrt = subject.arguments[0]
    everything = subject.several or (method == "graph" and subject.graph.inputs)
    by = list(subject.graph.inputs) if wrt is None and everything else variables_of(subject.graph, wrt)
    if method != "index":
        subject, by = subject.in_numbers(by)
    made = _OF_ARRAYS if any(node.shape for node in subject.graph.nodes) else _OF_NUMBERS
    if method not in made:
        kind, other = ("arrays", "numbers") if made is _OF_ARRAYS else ("numbers", "arrays: declare shapes")
        raise ArgumentError(
            f"this is a function of {kind}, and method {method!r} is for functions of {other}; "
            f"here method is one of {', '.join(map(repr, made))}"
        )
    return replace(made[method](subject, by, order, detail), notes=subject.notes, order=order)


def _by_rules(subject: Subject, by: Sequence[Node], order: int, detail: Detail) -> Derivation:
    return _of_numbers(subject, by, order, detail, "rules")


def _by_limit(subject: Subject, by: Sequence[Node], order: int, detail: Detail) -> Derivation:
    return _of_numbers(subject, by, order, detail, "limit")


def _of_numbers(
    subject: Subject, by: Sequence[Node], order: int, detail: Detail, method: Literal["rules", "limit"]
) -> Derivation:
    graph = subject.graph
    LIMITS.check("derivations", len(graph.outputs) * sum(len(by) ** k for k in range(1, order + 1)))
    called = subject.called
    work = Scalars(graph, subject.point, method, called)
    outputs = list(zip(graph.outputs, called, strict=True))
    written = {output: work.expression(output) for output in graph.outputs}
    names = dict(work.names)
    parts = tuple(part for output, name in outputs for part in work.derivatives(output, name, by, order))
    components = tuple((name, written[output]) for output, name in outputs) if subject.several else ()
    first = written[graph.outputs[0]]
    return Derivation(graph, first, subject.name, parts, detail, names, subject.point, components)


def _by_graph(subject: Subject, by: Sequence[Node], order: int, detail: Detail) -> Derivation:
    if subject.several:
        raise ArgumentError(
            f'the function has {len(subject.graph.outputs)} values, and method="graph" follows the backward pass from '
            'one number; method="rules" takes all'
        )
    if order > 1:
        raise ArgumentError(f'order is {order}: method="graph" takes first derivatives, method="rules" takes any')
    graph = subject.graph
    for node in graph.nodes:
        if np.dtype(node.dtype).kind == "c":
            step = node.name or (node.primitive.name if node.primitive else "a constant")
            raise ArgumentError(
                f"a step of the function is complex ({step}), and method 'graph' follows real numbers; "
                "method 'rules' takes it"
            )

    def derive(step: Graph, source: Node, values: Mapping[str, Any]) -> Part:
        short = len(graph) <= _LARGE
        work = Scalars(step, values, "rules" if short else "graph", (step.name,), False, verifier)
        return work.part(step.outputs[0], source, (source.name,), step.name)

    verifier = verifier_of(graph, subject.point)
    return derivation_by_paths(graph, by, subject.point, detail, verifier, derive)


def _by_differentials(subject: Subject, by: Sequence[Node], order: int, detail: Detail) -> Derivation:
    if order > 2:
        raise ArgumentError(
            f"order is {order}: a function of arrays is derived once or twice\n"
            "  cr.jacobian(cr.hessian(f)) computes the third derivatives of any function"
        )
    method = by_differentials if order == 1 else by_second_differentials
    return at_small_sizes(method, _prepared(subject), by, detail, subject.point)


def _by_index(subject: Subject, by: Sequence[Node], order: int, detail: Detail) -> Derivation:
    if order > 1:
        raise ArgumentError(
            f"order is {order}: method 'index' takes first derivatives, method 'rules' takes second ones"
        )
    graph = _prepared(subject)
    if subject.several:
        raise ArgumentError(
            f"the value has the shape {graph.outputs[0].shape}, and method 'index' is for one number, such as a loss; "
            "method 'rules' takes a vector"
        )
    return at_small_sizes(by_index, graph, by, detail, subject.point, lettered=True)


def _prepared(subject: Subject) -> Graph:
    if len(subject.graph.outputs) > 1:
        shapes = ", ".join(str(output.shape) for output in subject.graph.outputs)
        raise ArgumentError(f"the values have the shapes {shapes}: expected one number, such as a loss, or one vector")
    return prepared(subject.graph)


_Made = Callable[[Subject, Sequence[Node], int, Detail], Derivation]
_OF_NUMBERS: dict[Method, _Made] = {"rules": _by_rules, "limit": _by_limit, "graph": _by_graph}
_OF_ARRAYS: dict[Method, _Made] = {"rules": _by_differentials, "index": _by_index}
