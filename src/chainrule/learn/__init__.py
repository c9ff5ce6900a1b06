"""Learning from data: reading it, and descending a loss."""

from chainrule.learn.descend import Descent, History, descend
from chainrule.learn.table import Table, read_csv

__all__ = ["Descent", "History", "Table", "descend", "read_csv"]
