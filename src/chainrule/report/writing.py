"""The report as HTML: its sections in their order, as text or as a file."""

from __future__ import annotations

import os
from collections.abc import Callable

from chainrule.errors import ArgumentError
from chainrule.report.code import gradient_code
from chainrule.report.data_summary import data_summary
from chainrule.report.derivation import derivation
from chainrule.report.gradient_check import gradient_check
from chainrule.report.loss_curve import loss_curve
from chainrule.report.page import Section, page
from chainrule.report.trained import Training
from chainrule.report.verdict import verdict
from chainrule.report.weights import weights
from chainrule.whole_files import write_whole

__all__ = ["html", "write"]

SECTIONS: tuple[Callable[[Training], Section], ...] = (
    data_summary, derivation, gradient_check, loss_curve, verdict, weights, gradient_code,
)  # fmt: skip


def html(training: Training) -> str:
    """The report as the text of a page, which needs no other file, no network and no script.

    Raises:
        ArgumentError: `training` is not what `report.training` returned.
        MissingExtraError: Matplotlib, which draws the loss curve, is not installed.

    >>> import chainrule as cr
    >>> table = cr.data.read("examples/diabetes.csv", target="y").table()
    >>> model = cr.models.LinearRegression().fit(table.X, table.y)
    >>> cr.report.html(cr.report.training(model, table.X, table.y)).count("<section ")
    7
    """
    if not isinstance(training, Training):
        raise ArgumentError(
            f"expected what chainrule.report.training returned, not a {type(training).__name__}: of a model, "
            "report.training(model, X, y) makes it; of a loss of your own, the command chainrule descend --report"
        )
    title = f"{training.target} from {training.data}"
    return page(title, training.verdict, [section(training) for section in SECTIONS])


def write(training: Training, path: str | os.PathLike[str]) -> None:
    """Write the report to a file, whole or not at all.

    Raises:
        DataError: the file cannot be written.
        MissingExtraError: as for `html`.

    >>> import chainrule as cr
    >>> table = cr.data.read("examples/diabetes.csv", target="y").table()
    >>> model = cr.models.LinearRegression().fit(table.X, table.y)
    >>> cr.report.write(cr.report.training(model, table.X, table.y), getfixture("tmp_path") / "report.html")
    """
    write_whole(path, html(training))
