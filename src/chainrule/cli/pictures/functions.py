"""Pictures of functions: chainrule plot tangent, secants, derivative, gradient-field, surface, graph, step-size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import chainrule as cr
from chainrule.cli.pictures.command import AT, BETWEEN, between, numbers, picture
from chainrule.cli.point import HELP, read_point
from chainrule.cli.target import bind
from chainrule.read.formula_function import formula_function

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["derivative", "gradient_field", "graph", "secants", "step_size", "surface", "tangent"]


@picture("tangent", AT, *BETWEEN, says="A function with tangents and their slopes.")
def tangent(f: Any, at: str, start: str | None, stop: str | None, dark: bool) -> Figure:
    return cr.plot.tangent(f, numbers(at, "--at"), between=between(start, stop), dark=dark)


@picture(
    "secants",
    click.option("--at", required=True, help="The point that all secants go through."),
    click.option("--steps", default="2,1,0.5,0.1", show_default=True, help="How far the other point of each is."),
    *BETWEEN,
    says="Secants that approach a tangent.",
)
def secants(f: Any, at: str, steps: str, start: str | None, stop: str | None, dark: bool) -> Figure:
    point: Any = numbers(at, "--at")
    return cr.plot.secants(f, point, steps=numbers(steps, "--steps"), between=between(start, stop), dark=dark)


@picture(
    "derivative",
    click.option("--second", is_flag=True, help="The second derivative too."),
    *BETWEEN,
    says="A function beside its derivative.",
)
def derivative(f: Any, second: bool, start: str | None, stop: str | None, dark: bool) -> Figure:
    return cr.plot.derivative(f, second=second, between=between(start, stop), dark=dark)


@picture("gradient-field", *BETWEEN, says="Contours with the negative gradients.")
def gradient_field(f: Any, start: str | None, stop: str | None, dark: bool) -> Figure:
    return cr.plot.gradient_field(f, between=between(start, stop, 2), dark=dark)


@picture("surface", *BETWEEN, says="A function of two variables in space.")
def surface(f: Any, start: str | None, stop: str | None, dark: bool) -> Figure:
    return cr.plot.surface(f, between=between(start, stop, 2), dark=dark)


@picture(
    "graph",
    click.option("--at", "point", help=f"{HELP} A formula is drawn without numbers if it is not given."),
    click.option("--elementary", is_flag=True, help="One box for each operation."),
    click.option("--direction", type=click.Choice(["down", "right"]), help="Where the arrows go."),
    says="The graph of both passes.",
)
def graph(f: Any, point: str | None, elementary: bool, direction: Any, dark: bool) -> Figure:
    function = formula_function(f) if isinstance(f, str) else f
    args, kwargs = bind(function, read_point(point), "the function") if point is not None else ([], {})
    if point is not None:
        # A graph takes arguments by name too, which the picture of a function does not.
        function = cr.graph(function, *args, **kwargs)
    return cr.plot.graph(function, elementary=elementary, direction=direction, dark=dark)


@picture(
    "step-size",
    click.option("--at", required=True, help="The point, a number."),
    click.option("--scheme", default="central", show_default=True, help="central, forward or backward."),
    click.option("--order", type=int, default=1, show_default=True, help="Of the derivative."),
    says="The error of a difference by its step.",
)
def step_size(f: Any, at: str, scheme: str, order: int, dark: bool) -> Figure:
    function = formula_function(f) if isinstance(f, str) else f
    found = numbers(at, "--at")
    if len(found) > 1:
        raise cr.DataError(f"--at has {len(found)} numbers, expected one")
    return cr.plot.step_size(function, found[0], scheme, order=order, dark=dark)
