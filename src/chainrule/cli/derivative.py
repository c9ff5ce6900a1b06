"""chainrule derivative: the derivative of a formula, as a formula and at a point."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.cli.formula_command import FormulaCommand
from chainrule.cli.output import number, print_json
from chainrule.cli.point import HELP, read_point
from chainrule.cli.singularity import singularity
from chainrule.cli.target import bind
from chainrule.core.graph import Graph, Node, constant
from chainrule.limits import LIMITS
from chainrule.passes.by_rules import by_rules
from chainrule.passes.evaluate import evaluate
from chainrule.passes.forward import forward
from chainrule.passes.simplify import simplify
from chainrule.read.formula_function import formula_function
from chainrule.views.echo import echo
from chainrule.views.text import formula_text

__all__ = ["derivative"]

DIGITS = 10


@click.command(cls=FormulaCommand)
@click.argument("formula")
@click.option("--at", "point", help=HELP)
@click.option("--wrt", help="The variable to differentiate by, where the formula has several.")
@click.option("--order", type=click.IntRange(1, 20), default=1, show_default=True, help="How many times.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def derivative(formula: str, point: str | None, wrt: str | None, order: int, as_json: bool) -> None:
    """Print the derivative of a formula, and its value at a point.

    A formula has numbers, names, + - * / ^, parentheses and functions: "3x^2 + exp(-x)".
    """
    function = formula_function(formula)
    variables = list(function.variables)
    name = _variable(variables, wrt)
    (variable,) = (node for node in function.graph.inputs if node.name == name)
    shown = formula_text(by_rules(function.graph, variable, order))
    symbol = _symbol(variables, name, order)
    notes = function.graph.notes
    record: dict[str, Any] = {"formula": formula, "wrt": name, "order": order, "derivative": shown}
    record |= {"notes": list(notes)}
    lines = [f"f = {function.text.strip()}"]
    lines += [f"read as {echo(function.graph)}"] * bool(notes) + [f"{symbol} = {shown}"]
    if point is not None:
        args, kwargs = bind(function, read_point(point), "the formula")
        values = dict(zip(variables, args, strict=False)) | kwargs
        at = {key: _finite(value, key) for key, value in values.items()}
        inputs = [at[key] for key in variables]
        *_, before, last = _derivatives(function.graph, variable, order)
        with np.errstate(all="ignore"):
            value, slope = function(**at), evaluate(last, *inputs)[0]
        gradient = cr.grad(lambda *x: evaluate(before, *x)[0], argnums=variables.index(name))
        note = singularity(gradient, *inputs)
        for what, result in (("f", value), (symbol, slope)):
            if np.isnan(result):
                raise cr.NonFiniteError(f"{what} is not defined at {_place(at)}{': ' if note else ''}{note}")
        if not note and not np.isfinite([value, slope]).all():
            note = "inf stands for a pole, or for a number beyond 1.8e308 (overflow)"
        lines.append(f"at {_place(at)}:  f = {number(value, DIGITS)},  {symbol} = {number(slope, DIGITS)}")
        record |= {"at": at, "value": value, "derivative_value": slope, "note": note}
        if note:
            lines.append(f"note: {note}")
    if as_json:
        print_json(record)
    else:
        click.echo("\n".join(lines))


def _variable(variables: list[str], wrt: str | None) -> str:
    if wrt is None:
        if len(variables) == 1:
            return variables[0]
        if not variables:
            raise cr.ArgumentError("the formula has no variable to differentiate by")
        raise cr.ArgumentError(f"the formula has the variables {', '.join(variables)}: choose one with --wrt")
    if wrt not in variables:
        near = get_close_matches(wrt, variables, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise cr.ArgumentError(f"the formula has no variable {wrt!r}, it has {', '.join(variables) or 'none'}{hint}")
    return wrt


def _symbol(variables: list[str], name: str, order: int) -> str:
    if len(variables) == 1:
        return "f" + "'" * order if order <= 3 else f"f^({order})"
    power = f"^{order}" if order > 1 else ""
    return f"d{power}f/d{name}{power}"


def _derivatives(graph: Graph, variable: Node, order: int) -> list[Graph]:
    """The graphs of the formula and of its derivatives; raises `LimitError` where one of them grows too large.

    Each is simplified, and they are taken in forward mode: of one variable again and again, those of reverse mode
    double in size with each order.
    """
    graphs = [graph]
    for _ in range(order):
        tangent = forward(graph, [variable], [constant(1.0)])
        graph = Graph(graph.inputs, tangent.outputs, graph.guards, tangent.name)
        LIMITS.check("derivative_nodes", len(graph))  # before the longer part of the work
        graph = simplify(graph)
        graphs.append(graph)
    return graphs


def _place(at: dict[str, Any]) -> str:
    return ", ".join(f"{key} = {number(value, DIGITS)}" for key, value in at.items())


def _finite(value: Any, name: str) -> np.float64:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise cr.DataError(f"--at: {name} is {number(value)}, expected one number")
    try:
        point = np.float64(value)
    except OverflowError:
        point = np.float64(np.inf)
    if not np.isfinite(point):
        raise cr.DataError(f"--at: {name} is {point}, expected a finite number")
    return point
