"""chainrule graph: the forward and the backward pass of a function or a formula, step by step."""

from __future__ import annotations

import click

import chainrule as cr
from chainrule.cli.output import print_json
from chainrule.cli.point import HELP, read_point
from chainrule.cli.target import bind, is_target, load_function, running_user_code
from chainrule.read.formula_function import formula_function

__all__ = ["graph"]


@click.command()
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
    with running_user_code():
        passes = cr.graph(f, *args, **kwargs).forward_backward()
        passes = passes.unfold() if elementary else passes
    if as_json:
        print_json(
            {
                "function": function,
                "value": passes.value,
                "gradients": passes.gradients,
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
