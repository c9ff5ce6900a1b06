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
from chainrule.cli.target import bind, is_target, load_function, running_user_code
from chainrule.cli.terminal import coloured, is_terminal, shows_colours, width, wrapped
from chainrule.read.formula_function import formula_function
from chainrule.views.derivation.derivation import DETAILS

__all__ = ["explain"]

_FORMATS = {
    "text": lambda derivation: derivation.to_text(),
    "unicode": lambda derivation: derivation.to_text("unicode"),
    "latex": lambda derivation: derivation.to_latex(),
    "markdown": lambda derivation: derivation.to_markdown(),
}


@click.command(cls=FormulaCommand)
@click.argument("function")
@click.option("--at", "point", help=HELP)
@click.option("--wrt", help="The variable to differentiate by; several with commas: x,y.")
@click.option("--order", type=click.IntRange(1, 20), default=1, show_default=True, help="How many times.")
@click.option(
    "--method", type=click.Choice(list(METHODS)), default="rules", show_default=True,
    help="By the rules of calculus, from the definition, or along the graph, with the sum over paths.",
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
    order: int,
    method: str,
    detail: str,
    form: str,
    as_json: bool,
) -> None:
    """Show how a derivative is found: each step with its rule, each line verified before it is shown.

    FUNCTION is a formula, mymodule:loss, or path/to/file.py:loss.
    """
    options: dict[str, Any] = {"order": order, "method": method, "detail": detail}
    if wrt is not None:
        names = [name.strip() for name in wrt.split(",")]
        options["wrt"] = names[0] if len(names) == 1 else names
    if is_target(function):
        if point is None:
            raise cr.ArgumentError("a function is followed at a point: give its arguments with --at")
        f = load_function(function)
        args, kwargs = bind(f, read_point(point), function)
        with running_user_code(), np.errstate(all="ignore"):
            derivation = cr.explain(f, *args, **kwargs, **options)
    else:
        if point is not None:
            args, kwargs = bind(formula_function(function), read_point(point), "the formula")
            options["at"] = dict(zip(formula_function(function).variables, args, strict=False)) | kwargs
        derivation = cr.explain(function, **options)
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
