"""chainrule explain: the derivative of a formula or a function with the rules that lead to it."""

from __future__ import annotations

from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.calculus.explain import METHODS
from chainrule.cli.formula_command import FormulaCommand
from chainrule.cli.output import print_json
from chainrule.cli.point import HELP, read_point
from chainrule.cli.target import bound_target, is_target, named_variables, running_user_code
from chainrule.cli.terminal import coloured, is_terminal, shows_colours, width, wrapped
from chainrule.views.derivation.derivation import DETAILS

__all__ = ["explain"]

_FORMATS = {
    "text": lambda derivation: derivation.to_text(),
    "unicode": lambda derivation: derivation.to_text("unicode"),
    "latex": lambda derivation: derivation.to_latex(),
    "markdown": lambda derivation: derivation.to_markdown(),
    "html": lambda derivation: derivation.to_html(),
}


@click.command(cls=FormulaCommand)
@click.argument("function")
@click.option("--at", "point", help=HELP)
@click.option("--wrt", help="The variable to differentiate by; several with commas: x,y.")
@click.option("--shapes", help='Of a formula with vectors and matrices: "X: N d, y: N, w: d".')
@click.option("--order", type=click.IntRange(1, 20), default=1, show_default=True, help="How many times.")
@click.option(
    "--method", type=click.Choice(list(METHODS)), default="rules", show_default=True,
    help="By the rules of calculus, from the definition, along the graph with the sum over paths, or by index.",
)  # fmt: skip
@click.option(
    "--detail", type=click.Choice(DETAILS), default="standard", show_default=True,
    help="How many of the steps have a line of their own.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice([*_FORMATS, "json"]), default="text", show_default=True,
    help="How it is written.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def explain(
    function: str,
    point: str | None,
    wrt: str | None,
    shapes: str | None,
    order: int,
    method: str,
    detail: str,
    form: str,
    as_json: bool,
) -> None:
    """Show how a derivative is found: each step with its rule, each line verified before it is shown.

    FUNCTION is a formula, several as "(x y, x + y)", mymodule:loss, or path/to/file.py:loss.
    """
    options: dict[str, Any] = {"order": order, "method": method, "detail": detail}
    if wrt is not None:
        options["wrt"] = named_variables(wrt)
    if is_target(function):
        f, args, kwargs = bound_target(function, point)
        with running_user_code(), np.errstate(all="ignore"):
            derivation = cr.explain(f, *args, **kwargs, **options)
    else:
        at = None if point is None else read_point(point)
        derivation = cr.explain(function, at=at, shapes=shapes, **options)
    if as_json or form == "json":
        print_json(derivation.to_dict())
    else:
        click.echo(_for_reader(_FORMATS[form](derivation), derivation, form))


def _for_reader(written: str, derivation: cr.Derivation, form: str) -> str:
    """What a person reads is wrapped and coloured; what a file or a program gets is as it was written."""
    if form not in ("text", "unicode") or not is_terminal():
        return written
    shown = wrapped(written, width())
    return coloured(shown, derivation.rules) if shows_colours() else shown
