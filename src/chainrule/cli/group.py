"""The command `chainrule`, its subcommands, and how errors leave it."""

from __future__ import annotations

import importlib
import linecache
import os
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import Any

import click
import numpy as np

import chainrule as cr
from chainrule.cli.output import printable

__all__ = ["main"]

COMMANDS = ("check", "derivative", "descend", "explain", "graph", "plot", "source")
DONE, BAD_INPUT, DEFECT, INTERRUPTED, BROKEN_PIPE = 0, 2, 70, 130, 141

WELCOME = """\
chainrule: the derivative you can see, check and trust. Three examples to run:

  chainrule derivative "x^2*exp(x)" --at 1
      the derivative of a formula, and its value at a point
  chainrule graph "(y - (w*x + b))^2" --at "w=1,x=2,b=1,y=7"
      the forward and the backward pass, step by step
  chainrule descend examples/diabetes.csv --target y
      a linear model fitted to a data file, with a verdict on the descent

chainrule --help lists all commands, chainrule COMMAND --help the options of one."""


class _Commands(click.Group):
    """The group. It loads the command that is asked for and no other, so that an answer does not wait for imports.

    It takes a broken pipe from click, which would turn it into the status of a failed check.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"chainrule.cli.{name}"), name)
        return command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except BrokenPipeError as error:
            raise _ReaderLeftError from error


class _ReaderLeftError(Exception):
    """What reads our output has stopped, as `head` does."""


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(cr.__version__, prog_name="chainrule")
@click.pass_context
def group(context: click.Context) -> None:
    """The derivative you can see, check and trust.

    Exit status: 0 done, 1 a check failed or a descent diverged, 2 the input cannot be used.
    """
    if context.invoked_subcommand is None:
        click.echo(WELCOME)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal or pipe that cannot show a character gets a substitute rather than no answer.
            stream.reconfigure(errors="replace")
    try:
        status = group.main(arguments, prog_name="chainrule", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, _ReaderLeftError):
        # Python would complain once more when it flushes the stream at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = BROKEN_PIPE
    except (KeyboardInterrupt, click.exceptions.Abort):
        status = INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except cr.ChainruleError as error:
        status = _complain(str(error))
    except SystemExit as error:  # click raises its own kind: this is one of the user's
        status = _explain(error)
    except Exception as error:
        status = _explain(error)
    sys.exit(status if isinstance(status, int) else DONE)


def _complain(message: str) -> int:
    click.echo("chainrule: " + "\n".join(printable(line) for line in message.split("\n")), err=True)
    return BAD_INPUT


def _explain(error: Exception | SystemExit) -> int:
    """Say where the user's own code raised; an error that is not theirs is shown whole, as a defect."""
    place = _user_place(error.__traceback__)
    said = "".join(traceback.format_exception_only(error)).strip()
    if isinstance(error, SyntaxError):
        return _complain(f"the code cannot be read\n{said}")
    if place is None:
        traceback.print_exception(error)
        click.echo("chainrule: this is a defect of chainrule; please report it with the lines above", err=True)
        return DEFECT
    filename, line = place
    source = linecache.getline(filename, line).strip()
    return _complain(f"your code raised {said}\n  {filename}, line {line}" + (f"\n    {source}" if source else ""))


def _user_place(trace: TracebackType | None) -> tuple[str, int] | None:
    """The innermost line that belongs to the user: not to chainrule, Python, or a library that chainrule calls."""
    found = None
    while trace is not None:
        filename = trace.tb_frame.f_code.co_filename
        if not filename.startswith(("<", *_NOT_THE_USERS)):
            found = (filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _folder(module_file: str | None, up: int = 1) -> str:
    path = os.path.abspath(module_file or "")
    for _ in range(up):
        path = os.path.dirname(path)
    return path + os.sep


# Installed packages lie within Python's own folder, and one of them may be the user's: only these are left out.
_NOT_THE_USERS = (_folder(__file__, 2), _folder(np.__file__), _folder(click.__file__))
