"""Pictures of descents: chainrule plot descent, loss-curve, race, learning-rates, sweep, animate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

import chainrule as cr
from chainrule.cli.pictures.command import numbers, picture
from chainrule.cli.point import read_point
from chainrule.read.formula_function import formula_function

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["animate", "descent", "learning_rates", "loss_curve", "race", "sweep"]

START = click.option("--start", required=True, help='Where to begin: "x=1,y=2", a number, JSON, or a JSON file.')
STEPS = click.option("--steps", type=click.IntRange(min=0), default=100, show_default=True, help="How many to make.")
OPTIMIZER = click.option("--optimizer", default="gd", show_default=True, help="Such as momentum or adam.")
RATE = click.option("--learning-rate", "rate", default="auto", show_default=True, help="A number, or auto.")
RUN = (START, RATE, STEPS, OPTIMIZER)


def _run(loss: Any, start: str, rate: str, steps: int, optimizer: str) -> cr.Descent:
    wanted: Any = rate if rate == "auto" else _one(rate)
    begin = read_point(start, "--start")
    if isinstance(loss, str) and not isinstance(begin, dict):
        variables = formula_function(loss).variables
        # The axis then has the name of the variable.
        begin = {variables[0]: begin} if len(variables) == 1 else begin
    return cr.descend(loss, begin, wanted, steps, optimizer=optimizer)


def _one(rate: str) -> float:
    found = numbers(rate, "--learning-rate")
    if len(found) > 1:
        raise cr.DataError(f"--learning-rate has {len(found)} numbers, expected one, or auto")
    return found[0]


@picture("descent", *RUN, says="The path of a descent on its loss.")
def descent(f: Any, start: str, rate: str, steps: int, optimizer: str, dark: bool) -> Figure:
    return cr.plot.descent(_run(f, start, rate, steps, optimizer), dark=dark)


@picture(
    "loss-curve",
    *RUN,
    click.option("--scale", type=click.Choice(["linear", "log"]), help="Of the loss; else the one that fits."),
    says="The loss of a descent by its step.",
)
def loss_curve(f: Any, start: str, rate: str, steps: int, optimizer: str, scale: str | None, dark: bool) -> Figure:
    return cr.plot.loss_curve(_run(f, start, rate, steps, optimizer), scale=scale, dark=dark)


@picture(
    "race",
    START,
    RATE,
    STEPS,
    click.option("--optimizers", default="gd,momentum,adam", show_default=True, help="Up to five, with commas."),
    says="Optimizers raced from one start.",
)
def race(f: Any, start: str, rate: str, steps: int, optimizers: str, dark: bool) -> Figure:
    names = [name.strip() for name in optimizers.split(",")]
    return cr.plot.race({name: _run(f, start, rate, steps, name) for name in names}, dark=dark)


@picture(
    "learning-rates",
    START,
    click.option("--rates", required=True, help="Several with commas, as 0.001,0.01,0.1."),
    STEPS,
    OPTIMIZER,
    says="Learning rates side by side.",
)
def learning_rates(f: Any, start: str, rates: str, steps: int, optimizer: str, dark: bool) -> Figure:
    found = cr.compare_learning_rates(
        f, read_point(start, "--start"), numbers(rates, "--rates"), steps, optimizer=optimizer
    )
    return cr.plot.learning_rates(found, dark=dark)


@picture(
    "sweep",
    START,
    click.option("--rates", help="Several with commas; else around the critical rate."),
    STEPS,
    OPTIMIZER,
    says="The loss by the learning rate.",
)
def sweep(f: Any, start: str, rates: str | None, steps: int, optimizer: str, dark: bool) -> Figure:
    wanted = None if rates is None else numbers(rates, "--rates")
    found = cr.learning_rate_sweep(f, read_point(start, "--start"), wanted, steps, optimizer=optimizer)
    return cr.plot.sweep(found, dark=dark)


@picture("animate", *RUN, says="A descent as an animated GIF.", ending=".gif")
def animate(f: Any, start: str, rate: str, steps: int, optimizer: str, dark: bool, output: str) -> Figure:
    return cr.plot.animate(_run(f, start, rate, steps, optimizer), output, dark=dark)
