"""Learning from data: reading it, and descending a loss."""

from chainrule.learn.data.reading import read_csv
from chainrule.learn.data.source import Table
from chainrule.learn.descend import descend
from chainrule.learn.descent import Descent, History

__all__ = ["Descent", "History", "Table", "descend", "read_csv"]
