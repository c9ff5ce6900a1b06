"""What the commands of all pictures share: the file, the colours of the page, and the text that is printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

import chainrule as cr
from chainrule.cli.formula_command import FormulaCommand
from chainrule.cli.output import print_json, print_text, printable
from chainrule.cli.target import is_target, load_function, running_user_code
from chainrule.plot.save import format_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["AT", "BETWEEN", "between", "numbers", "picture"]

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

AT = click.option("--at", required=True, help="Where: a number, or several with commas, as -2,0,2.")
BETWEEN: tuple[Option, ...] = (
    click.option("--from", "start", help="Where the picture begins, with --to; else an interval is chosen."),
    click.option("--to", "stop", help="Where it ends."),
)


def picture(
    name: str, *options: Option, says: str, ending: str = ""
) -> Callable[[Callable[..., Figure]], click.Command]:
    """Make a command of a function that draws: it is called with the function, the options, and `dark`.

    One with an `ending` of its own gets the `output` too, and writes the file itself.
    """

    def command(draw: Callable[..., Figure]) -> click.Command:
        def run(function: str, output: str, dark: bool, as_json: bool, **given: Any) -> None:
            # What is wrong with the name of the file is said before anything is computed.
            if not ending:
                format_of(output)
            f = load_function(function) if is_target(function) else function
            with running_user_code():
                figure = draw(f, dark=dark, **given, **({"output": output} if ending else {}))
            if not ending:
                cr.plot.save(figure, output)
            said = cr.plot.alt(figure)
            if as_json:
                print_json({"picture": name, "function": function, "file": output, "alt": said})
            else:
                print_text(printable(said))

        decorators: list[Option] = [
            click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
            click.option("--dark", is_flag=True, help="For a dark page."),
            click.option("-o", "--output", required=True, help=f"The file to write: {ending or '.png, .svg or .pdf'}."),
            *reversed(options),
            click.argument("function"),
        ]
        decorated: Callable[..., Any] = run
        for decorate in decorators:
            decorated = decorate(decorated)
        return click.command(name, cls=FormulaCommand, help=says)(decorated)

    return command


def numbers(text: str, option: str) -> list[float]:
    """The numbers in the value of an option; raises `DataError` that names the part that is none."""
    found = []
    for part in text.split(","):
        try:
            # The sign that formulas print is a minus too.
            found.append(float(part.replace("−", "-")))
        except ValueError:
            raise cr.DataError(
                f"{option}: {part.strip()!r} is not a number; put commas between several, as -2,0,2"
            ) from None
    return found


def between(start: str | None, stop: str | None, axes: int = 1) -> Any:
    """The interval that --from and --to name, or None; in the plane each is one number for both axes, or two."""
    if start is None and stop is None:
        return None
    if start is None or stop is None:
        raise cr.ArgumentError(f"{'--to' if start is None else '--from'} is given alone: give both --from and --to")
    begins, ends = numbers(start, "--from"), numbers(stop, "--to")
    for option, found in (("--from", begins), ("--to", ends)):
        if len(found) not in {1, axes}:
            wanted = "one number" if axes == 1 else f"one number, or {axes} with a comma"
            raise cr.DataError(f"{option} has {len(found)} numbers, expected {wanted}")
    if axes == 1:
        return begins[0], ends[0]
    pairs = zip(begins * (axes // len(begins)), ends * (axes // len(ends)), strict=True)
    return tuple(pairs)
