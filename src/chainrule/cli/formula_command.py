"""A command whose formula may begin with a minus: `chainrule derivative "-x^2"`."""

from __future__ import annotations

import click

__all__ = ["FormulaCommand"]


class FormulaCommand(click.Command):
    """Takes what begins with one dash as the formula: of all options only `-h` is that short."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        options = [p for p in self.get_params(context) if isinstance(p, click.Option)]
        short = {name for option in options for name in option.opts} | set(context.help_option_names)
        with_value = {name for option in options if not option.is_flag for name in option.opts}
        others: list[str] = []
        formulas: list[str] = []
        pending = iter(arguments)
        for argument in pending:
            if argument == "--":
                formulas += pending
            elif argument[:1] == "-" and argument[1:2] not in ("", "-") and argument not in short:
                formulas.append(argument)
            else:
                others.append(argument)
                if argument in with_value:
                    others += [value for value in (next(pending, None),) if value is not None]
        try:
            return super().parse_args(context, [*others, "--", *formulas] if formulas else others)
        except click.NoSuchOption as error:
            hint = f'{error.format_message()} A formula that begins with two dashes goes after others: -- "--x"'
            raise click.UsageError(hint, context) from error
