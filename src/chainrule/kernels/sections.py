"""Sections of a program from nodes in normal form: which pass each value belongs to, loops, and what has memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, final

from chainrule.core.graph import Node
from chainrule.kernels.items import FOLDS, VIEWS, Items, Total, concrete
from chainrule.kernels.program import (
    Assignment,
    Fold,
    FoldKind,
    Guarded,
    Map,
    Number,
    Operand,
    Product,
    ProductKind,
    Section,
    Stage,
    Value,
    View,
)
from chainrule.kernels.strips import strip_rows
from chainrule.ops import indexing, products, shape
from chainrule.passes.fuse import Group, Step, fuse

__all__ = ["Sections"]
