"""The command `chainrule`: the library without writing Python."""

from chainrule.cli.group import main

__all__ = ["main"]
