"""Data to learn from: files read in blocks of rows, data frames and arrays; what is not clean is refused by its place.

>>> import chainrule as cr
>>> source = cr.data.read("examples/diabetes.csv", target="y")
>>> source.names[:3], source.target
(('age', 'sex', 'bmi'), 'y')
>>> [X.shape for X, y in source.blocks(200)]
[(200, 10), (200, 10), (42, 10)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.lazy import lazily

if TYPE_CHECKING:
    from chainrule.learn.data.encoding import Column as Column, Encoding as Encoding
    from chainrule.learn.data.frames import table as table
    from chainrule.learn.data.reading import read as read
    from chainrule.learn.data.source import Source as Source, Table as Table

_HOMES = {
    "encoding": ("Column", "Encoding"),
    "frames": ("table",),
    "reading": ("read",),
    "source": ("Source", "Table"),
}

__all__ = [*sorted(name for names in _HOMES.values() for name in names)]

__getattr__, __dir__ = lazily(__name__, _HOMES, globals())
