"""A training run on one page of HTML that holds everything it shows.

>>> import chainrule as cr
>>> table = cr.data.read("examples/diabetes.csv", target="y").table()
>>> model = cr.models.LinearRegression().fit(table.X, table.y)
>>> about = cr.report.training(model, table.X, table.y, names=table.names, data="diabetes.csv")
>>> cr.report.write(about, getfixture("tmp_path") / "report.html")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.lazy import lazily

if TYPE_CHECKING:
    from chainrule.report.of_model import training as training
    from chainrule.report.trained import Training as Training, Weight as Weight
    from chainrule.report.writing import html as html, write as write

_HOMES = {
    "of_model": ("training",),
    "trained": ("Training", "Weight"),
    "writing": ("html", "write"),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)
__getattr__, __dir__ = lazily(__name__, _HOMES, globals())
