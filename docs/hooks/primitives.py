"""Writes the page "Primitives" from the registry when the documentation is built, so that it cannot fall behind."""

from __future__ import annotations

import inspect
import sys
from itertools import count, groupby
from typing import Any

import numpy as np
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

import chainrule.ops  # noqa: F401  enters the primitives
from chainrule.core import derivative as kinds
from chainrule.core.domain import Domain, Interval
from chainrule.core.graph import Node, build
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.views.text import formula_text

INTRODUCTION = """# Primitives

Every operation that chainrule differentiates, in the order of the registry; this page is made from it. A function that
is not here is answered with these, as `np.outer` is with a product, or refused with its name. Among them are a few that
no function calls directly: derivative rules are written with them.

The column "derivative" says which [kind of fact](adding-a-primitive.md#the-kinds-of-derivative) the entry declares; the
rule is what it stands for, with u and v for functions. At a kink, [`strict`](api/graph.md#watching-the-numbers) raises.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    files.append(File.generated(config, "primitives.md", content=page()))
    return files


def page() -> str:
    """The page as Markdown: a table for each family."""
    parts = [INTRODUCTION]
    for module, entries in groupby(primitives().values(), key=lambda primitive: primitive.module):
        about = str(sys.modules[module].__doc__).split("\n\n")[0].replace("\n", " ")
        parts.append(f"## {module.rpartition('.')[2].capitalize()}\n\n{about}\n")
        parts.append(
            "| name | written | derivative | rule | defined for | kinks and poles |\n|---|---|---|---|---|---|"
        )
        parts.append("\n".join(row(primitive) for primitive in entries) + "\n")
    return "\n".join(parts)


def row(primitive: Primitive) -> str:
    rule = f"{primitive.rule.name}: {statement(primitive.rule.statement)}" if primitive.rule else ""
    kinks = prose("; ".join(kink.text for kink in primitive.domain.kinks))
    names = code(primitive.name), code(written(primitive))
    return f"| {' | '.join((*names, prose(kind(primitive)), rule, prose(domain(primitive.domain)), kinks))} |"


def code(text: str) -> str:
    return f"`{text}`"


def prose(text: str) -> str:
    return text.replace("|", "&#124;").replace("*", "&#42;")


def statement(text: str) -> str:
    return code(text) if "=" in text else prose(text)


def written(primitive: Primitive) -> str:
    """The primitive applied to letters, as the printer writes it."""
    if primitive.shape.depends_on_values:  # the printer needs nodes, and these have no shape before they are computed
        return f"{primitive.name}(x)"
    example = primitive.examples[0] if primitive.examples else None
    if example is None:
        operands: tuple[Any, ...] = ((),) * arity(primitive)
    else:
        operands = example.operands
    letters = iter("xyzuvw")
    indices = (f"i{n}" for n in count(1))
    nodes = []
    for operand in operands:
        array = np.empty(operand) if isinstance(operand, tuple) else np.asarray(operand)
        names = letters if array.dtype.kind in "fc" else indices
        nodes.append(Node(None, (), {}, array.shape, array.dtype, next(names)))
    return formula_text(build(primitive, nodes, example.parameters if example else {}), "unicode")


def arity(primitive: Primitive) -> int:
    """How many operands an elementwise primitive has; with parameters it has examples."""
    if isinstance(primitive.evaluate, np.ufunc):
        return primitive.evaluate.nin
    return len(inspect.signature(primitive.evaluate).parameters)


def kind(primitive: Primitive) -> str:
    fact = primitive.derivative
    name = next(c.__name__ for c in type(fact).__mro__ if c.__name__ in kinds.__all__)
    return f"{name}: {fact.reason}" if isinstance(fact, kinds.Custom) else name


def domain(where: Domain) -> str:
    """The intervals where they are not all numbers, and what they do not say."""
    bounded = any(interval != Interval() for interval in where.operands)
    intervals = ", ".join(map(str, where.operands)).replace("inf]", "inf)").replace("inf", "∞") if bounded else ""
    return "; ".join(part for part in (intervals, where.text) if part)
