"""chainrule check: a gradient written by hand against numerical differences."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.calculus.recording import parameter_names
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
    _require_same_arguments(df, gradient, function, args, kwargs)
    if kwargs:
        # The check takes positional arguments; the ones by name do not change.
        f, df = partial(f, **kwargs), partial(df, **kwargs)
    names = [name.strip() for name in wrt.split(",")] if wrt else []
    with running_user_code():
        names = names or _names_in_gradient(f, df, args)
        argnums: int | str | list[str] = 0 if not names else names[0] if len(names) == 1 else names
        result = cr.check(f, _in_order(df, names, f, args), *args, argnums=argnums)
    if as_json:
        print_json({"function": function, "gradient": gradient, **result.to_dict()})
    else:
        click.echo(str(result))
    context.exit(0 if result else 1)


def _require_same_arguments(
    df: Callable[..., Any], gradient: str, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    try:
        signature = inspect.signature(df)
    except (TypeError, ValueError):
        return  # a compiled function may not tell
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        raise cr.ArgumentError(
            f"{gradient} does not take what {function} takes: {error}; give it the same arguments, in the same order"
        ) from error


def _by_name(found: Any, f: Callable[..., Any], args: Sequence[Any]) -> bool:
    """Whether a gradient is a dictionary by the names of f's arguments, and not that of one that is a dictionary."""
    names = parameter_names(f, len(args))
    return isinstance(found, dict) and bool(found) and set(found) <= set(names) and not isinstance(args[0], dict)


def _names_in_gradient(f: Callable[..., Any], df: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """The arguments that the gradient has parts for, in the order of f; none if it is one array.

    A dictionary names them; a tuple has a part for each argument, in the shape of that argument.
    """
    found = df(*copy.deepcopy(args))
    names = parameter_names(f, len(args))
    if _by_name(found, f, args):
        return [name for name in names if name in found]
    if isinstance(found, tuple) and len(found) == len(args) > 1:
        fits = all(np.shape(part) == np.shape(arg) for part, arg in zip(found, args, strict=True))
        return names if fits else []
    return []


def _in_order(
    df: Callable[..., Any], names: Sequence[str], f: Callable[..., Any], args: Sequence[Any]
) -> Callable[..., Any]:
    """The gradient as `cr.check` takes it: an array, or a tuple of them in the order of the names."""

    @functools.wraps(df)
    def ordered(*given: Any) -> Any:
        found = df(*given)
        if not names or not _by_name(found, f, args):
            return found
        for name in names:
            if name not in found:
                raise cr.ArgumentError(f"the gradient has no part {name!r}, it has {', '.join(found)}")
        parts = tuple(found[name] for name in names)
        return parts if len(parts) > 1 else parts[0]

    return ordered
