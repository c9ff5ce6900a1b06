"""Learning from data: reading it, and descending a loss."""

from chainrule.learn.descend import descend
from chainrule.learn.descent import Descent, History
from chainrule.learn.table import Table, read_csv

__all__ = ["Descent", "History", "Table", "descend", "read_csv"]
