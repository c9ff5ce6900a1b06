"""chainrule check: a gradient written by hand against numerical differences."""

from __future__ import annotations

from functools import partial

import click

import chainrule as cr
from chainrule.cli.output import print_json
from chainrule.cli.point import HELP, read_point
from chainrule.cli.target import bind, load_function, running_user_code

__all__ = ["check"]


@click.command()
@click.argument("function")
@click.option("--gradient", required=True, help="The gradient to check, named like FUNCTION, with the same arguments.")
@click.option("--at", "point", required=True, help=HELP)
@click.option("--wrt", help="Differentiate by this argument; several are joined by commas. Default: the first one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def check(context: click.Context, function: str, gradient: str, point: str, wrt: str | None, as_json: bool) -> None:
    """Compare a gradient with numerical differences, component by component.

    FUNCTION is mymodule:loss or path/to/file.py:loss. The exit status is 1 if the check fails.
    """
    f, df = load_function(function), load_function(gradient)
    args, kwargs = bind(f, read_point(point), function)
    if kwargs:
        # The check takes positional arguments; the ones by name do not change.
        f, df = partial(f, **kwargs), partial(df, **kwargs)
    names = [name.strip() for name in wrt.split(",")] if wrt else []
    argnums: int | str | list[str] = 0 if not names else names[0] if len(names) == 1 else names
    with running_user_code():
        result = cr.check(f, df, *args, argnums=argnums)
    if as_json:
        print_json(
            {
                "function": function,
                "gradient": gradient,
                "passed": result.passed,
                "diagnosis": result.diagnosis,
                "worst": None if result.worst is None else result.worst.label,
                "resolution": result.resolution,
                "evaluations": result.evaluations,
                "components": [
                    {
                        "name": c.label,
                        "analytic": c.analytic,
                        "numeric": c.numeric,
                        "difference": c.difference,
                        "tolerance": c.tolerance,
                        "passed": c.passed,
                    }
                    for c in result.components
                ],
            }
        )
    else:
        click.echo(str(result))
    context.exit(0 if result else 1)
