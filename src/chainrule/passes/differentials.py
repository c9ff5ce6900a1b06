"""The differential of a term with arrays, one rule at a time: forward mode over d(u), until only dx is left.

A step replaces d(u) by what the rule of its operation makes of it, in which d of the operands may stand. It is the
derivative that the engine runs (`push`), in the layout of textbooks where the rule has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chainrule.core.derivative import Constant, Elementwise
from chainrule.core.graph import Node, constant, topological
from chainrule.core.pending import is_pending, pending
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise
from chainrule.passes.stepwise import Application

__all__ = ["change_of", "depends_on", "differentials", "rule_in_letters"]


def depends_on(outputs: Sequence[Node], x: Node) -> set[Node]:
    """The nodes below the outputs whose values change with x."""
    found: set[Node] = set()
    for node in topological(outputs):
        fixed = node.primitive is None or isinstance(node.primitive.derivative, Constant)
        if node is x or (not fixed and any(operand in found for operand in node.operands)):
            found.add(node)
    return found


def change_of(x: Node) -> Node:
    """dx, the change of an input, as the differential of the input itself."""
    name = f"d{x.name}"
    return pending(x, x, Node(None, (), {**x.parameters, "name": name}, x.shape, x.dtype, name))


def differentials(term: Node, dx: Node) -> Iterator[Application]:
    """The steps that take the differential of a term, outermost first.

    Args:
        term: of any shape.
        dx: `change_of` an input x, of any shape.

    >>> from chainrule.read.formula import parse
    >>> from chainrule.views.text import formula_text
    >>> graph = parse("sum((y - X w)^2)", shapes="X: N d, y: N, w: d")
    >>> w = graph.inputs[2]
    >>> for step in differentials(graph.outputs[0], change_of(w)):
    ...     print(f"{step.rule.name}: {formula_text(step.before)} = {formula_text(step.after)}")
    linear map: d(sum((y - X w)^2)) = sum(d((y - X w)^2))
    power rule: d((y - X w)^2) = 2(y - X w)*d(y - X w)
    difference rule: d(y - X w) = -d(X w)
    matrix product rule: d(X w) = X dw
    """
    x, _, direction = dx.operands
    active = depends_on([term], x)
    seen = set(topological([term]))
    known: dict[Node, Node] = {x: dx}

    def d(u: Node) -> Node:
        if u not in known:
            if u not in seen:  # a rule has made it: a quotient written as a power
                seen.update(topological([u]))
                active.update(depends_on([u], x))
            known[u] = pending(u, x, direction) if u in active else building.zeros_like(u)
        return known[u]

    done: set[Node] = set()
    waiting = [(d(term), 0)] if term in active and term is not x else []
    while waiting:
        before, depth = waiting.pop()
        if before in done:
            continue
        done.add(before)
        u = before.operands[0]
        rule = _rule(u, [operand in active for operand in u.operands])
        after = _pushed(u, rule, d, [operand in active for operand in u.operands])
        letters = tuple(zip(rule.letters, u.operands, strict=True)) if _fits(u, rule) else ()
        yield Application(rule, before, after, letters, None, depth)
        inside = [node for node in topological([after]) if is_pending(node) and node not in done and node is not dx]
        own = [node for node in inside if not _is_inside(node, inside)]
        waiting.extend((node, depth + 1) for node in reversed(own))


def rule_in_letters(made: Application) -> tuple[Node, Node] | None:
    """Both sides of the rule of a step in letters: d(u^2) and 2 u du. None where the letters are not its operands."""
    u, x = made.before.operands[:2]
    if not made.letters or u.primitive is None:
        return None
    names = [Node(None, (), {"name": name}, (), x.dtype, name) for name, _ in made.letters]
    out = Node(u.primitive, tuple(names), u.parameters, (), u.dtype)
    moving = [operand in depends_on([u], x) for operand in u.operands]

    def d(letter: Node) -> Node:
        return pending(letter, names[0], names[0])

    return d(out), _pushed(out, made.rule, d, moving)


def _is_inside(node: Node, others: Sequence[Node]) -> bool:
    return any(other is not node and node in topological([other]) for other in others)


def _rule(u: Node, active: Sequence[bool]) -> Rule:
    assert u.primitive is not None
    return (u.primitive.rule or Rule(f"derivative of {u.primitive.name}", "as its author defined it")).of(active)


def _fits(u: Node, rule: Rule) -> bool:
    return u.primitive is not None and u.primitive.shape is elementwise and len(rule.letters) == len(u.operands)


def _pushed(u: Node, rule: Rule, d: Any, active: Sequence[bool]) -> Node:
    """d(u) by the rule of its operation."""
    primitive = u.primitive
    assert primitive is not None
    derivative = primitive.derivative
    if rule.layout is not None and (all(active) or rule is not primitive.rule):
        return _of_shape(rule.layout(building, d, u, *u.operands), u)
    moving = [i for i, moves in enumerate(active) if moves]
    if isinstance(derivative, Elementwise) and len(moving) == 1:
        operand = u.operands[moving[0]]
        own = rule.partial if len(rule.letters) == len(u.operands) else None
        partial = own or derivative.partials[moving[0]]
        if callable(partial):
            values = u.operands if own else [_value(x) for x in u.operands]
            return _of_shape(building.multiply(partial(building, u, *values, **u.parameters), d(operand)), u)
    values = [_value(operand) for operand in u.operands]
    tangents = [d(operand) if moves else None for operand, moves in zip(u.operands, active, strict=True)]
    pushed = derivative.push(building, Record(primitive, [None] * len(values), values, u, u.parameters), tangents)
    return building.zeros_like(u) if pushed is None else pushed


def _of_shape(made: Any, u: Node) -> Node:
    node: Node = made if isinstance(made, Node) else constant(made)
    return node if node.shape == u.shape else building.broadcast_like(node, u)


def _value(node: Node) -> Any:
    """A number is given to a rule as a number: rules ask for its type."""
    unnamed = node.is_constant and isinstance(node.dtype, type) and not node.name
    return node.parameters["value"] if unnamed else node
