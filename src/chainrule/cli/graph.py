"""chainrule graph: the forward and the backward pass of a function or a formula, step by step."""

from __future__ import annotations

import click
import numpy as np

import chainrule as cr
from chainrule.cli.formula_command import FormulaCommand
from chainrule.cli.output import print_json
from chainrule.cli.point import HELP, read_point
from chainrule.cli.singularity import singularity
from chainrule.cli.target import bind, is_target, load_function, running_user_code
from chainrule.passes.evaluate import evaluate
from chainrule.read.formula_function import formula_function

__all__ = ["graph"]


@click.command(cls=FormulaCommand)
@click.argument("function")
@click.option("--at", "point", required=True, help=HELP)
@click.option("--elementary", is_flag=True, help="One step for each operation, not for each name in the function.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def graph(function: str, point: str, elementary: bool, as_json: bool) -> None:
    """Show each step of both passes: its value, its local derivatives and the gradient that reaches it.

    FUNCTION is mymodule:loss, path/to/file.py:loss, or a formula; its value is one number.
    """
    f = load_function(function) if is_target(function) else formula_function(function)
    args, kwargs = bind(f, read_point(point), function)
    with running_user_code(), np.errstate(all="ignore"):
        traced = cr.graph(f, *args, **kwargs)
        passes = traced.forward_backward()
        passes = passes.unfold() if elementary else passes
    if not passes.gradients:
        raise cr.ArgumentError(f"{function} is given no number that it could be differentiated by")
    # The graph stands for the function, which would print what it prints once more.
    gradient = cr.grad(lambda *inputs: evaluate(traced, *inputs)[0], argnums=tuple(range(len(traced.inputs))))
    note = singularity(gradient, *(value for _, value in traced.arguments))
    _require_defined(passes, note)
    if as_json:
        print_json(
            {
                "function": function,
                "value": passes.value,
                "gradients": passes.gradients,
                "note": note,
                "steps": [
                    {
                        "name": step.name,
                        "expression": step.expression,
                        "value": step.value,
                        "gradient": step.gradient,
                        "local_derivatives": {local.source: local.expression for local in step.locals},
                    }
                    for step in passes.steps
                ],
            }
        )
    else:
        click.echo(str(passes))
        if note:
            click.echo(f"\nnote: {note}")


def _require_defined(passes: cr.Passes, note: str) -> None:
    """Raise `NonFiniteError` where the value or a gradient is NaN: such a table would be numbers without a meaning."""
    reason = f": {note}" if note else ""
    if np.isnan(passes.value):
        raise cr.NonFiniteError(f"the value is not defined here{reason}")
    for name, gradient in passes.gradients.items():
        if np.isnan(gradient).any():
            raise cr.NonFiniteError(f"the gradient by {name} is not defined here{reason}")
