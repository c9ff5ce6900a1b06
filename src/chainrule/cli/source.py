"""chainrule source: stand-alone code of a gradient, to read, to keep, and to run without chainrule."""

from __future__ import annotations

import ast
import os
from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.cli.formula_command import FormulaCommand
from chainrule.cli.output import print_json
from chainrule.cli.point import HELP, read_point
from chainrule.cli.target import bind, bound_target, is_target, named_variables, running_user_code
from chainrule.read.formula_function import formula_function
from chainrule.whole_files import write_whole

__all__ = ["source"]


@click.command(cls=FormulaCommand)
@click.argument("function")
@click.option("--at", "point", help=f"{HELP} The code is for arguments of these shapes; a formula needs none.")
@click.option("--wrt", help="What to differentiate by; several are joined by commas.")
@click.option(
    "--language", type=click.Choice(["numpy", "python"]), default="numpy", show_default=True,
    help="NumPy, or plain Python with math, for functions of numbers.",
)  # fmt: skip
@click.option(
    "--what", type=click.Choice(["gradient", "value", "both"]), default="gradient", show_default=True,
    help="What the code computes.",
)  # fmt: skip
@click.option("-o", "--output", help="Write the code to this file, which is replaced as a whole.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def source(
    function: str,
    point: str | None,
    wrt: str | None,
    language: str,
    what: str,
    output: str | None,
    as_json: bool,
) -> None:
    """Print code of a gradient that runs without chainrule; it was run and compared before it is printed.

    FUNCTION is a formula, mymodule:loss, or path/to/file.py:loss.
    """
    options: dict[str, Any] = {"language": language, "what": what}
    if wrt is not None:
        options["argnums"] = named_variables(wrt)
    if is_target(function):
        f, args, kwargs = bound_target(function, point)
        with running_user_code(), np.errstate(all="ignore"):
            code = cr.source(f, *args, **kwargs, **options)
    else:
        args = []
        if point is not None:
            formula = formula_function(function)
            args, kwargs = bind(formula, read_point(point), "the formula")
            args += [kwargs[name] for name in formula.variables[len(args) :]]
        code = cr.source(function, *args, **options)
    if output is not None:
        _require_not_the_users(output, function)
        write_whole(output, code)
    if as_json:
        print_json({"function": function, "name": _name(code), **_said(language, what, output), "source": code})
    elif output is None:
        click.echo(code, nl=not code.endswith("\n"))


def _said(language: str, what: str, output: str | None) -> dict[str, Any]:
    return {"language": language, "what": what, "file": output}


def _name(code: str) -> str:
    """The function to call: the one that others, such as a helper, stand before."""
    return [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)][-1]


def _require_not_the_users(output: str, function: str) -> None:
    place = function.rpartition(":")[0]
    if place and os.path.exists(place) and os.path.exists(output) and os.path.samefile(place, output):
        raise cr.ArgumentError(f"{output} holds the function itself: choose another file for its gradient")
