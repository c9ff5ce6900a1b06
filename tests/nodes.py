"""Inputs of graphs that tests of printers are made of."""

from __future__ import annotations

import numpy as np

from chainrule.core.graph import Node


def input_node(name: str, shape: tuple[int, ...] = ()) -> Node:
    return Node(None, (), {"name": name}, shape, np.dtype(float), name)


def array(name: str, *shape: int) -> Node:
    return input_node(name, shape)
